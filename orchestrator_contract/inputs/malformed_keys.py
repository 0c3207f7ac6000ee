"""Malformed idempotency keys, near a well-formed one."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from random import Random
from uuid import UUID

from orchestrator_contract.inputs.sampling import drawn


@dataclass(frozen=True, slots=True)
class BadKey:
    """A value of Idempotency-Key that does not match the pattern."""

    #: As sent, bytes as latin-1 text.
    value: str
    why: str


#: Malformed keys that are written down; more of them are generated.
WRITTEN_KEYS = 39


def bad_keys(key: str, random: Random, number: int) -> list[BadKey]:
    """*number* malformed keys near the well-formed *key*: the most telling written ones first, then others, then generated ones."""
    bare = key.replace("-", "")
    arabic = (
        "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in key).encode().decode("latin-1")
    )
    wide = (
        "".join(chr(0xFF10 + int(c)) if c.isdigit() else c for c in key).encode().decode("latin-1")
    )
    dashes = key.replace("-", chr(0x2010)).encode().decode("latin-1")
    telling = [
        BadKey("{" + key + "}", "braces"),
        BadKey(f"urn:uuid:{key}", "urn:uuid: before it"),
        BadKey(bare, "no hyphens"),
        BadKey(f'"{key}"', "quotes"),
        BadKey(key[:-1], "35 characters"),
        BadKey(key + "0", "37 characters"),
        BadKey(key + "-0000", "a sixth group"),
        BadKey("g" + key[1:], "a letter that is no hexadecimal digit"),
        BadKey(arabic, "Arabic-Indic digits"),
        BadKey(wide, "fullwidth digits"),
        BadKey("", "empty"),
        BadKey(key.replace("-", "_"), "underscores for hyphens"),
        BadKey(key.replace("-", " "), "spaces for hyphens"),
        BadKey(f"{key},", "a comma after it"),
        BadKey(f"{key};a=1", "a parameter after it"),
        BadKey("0" * 5000, "5,000 characters"),
        BadKey("\xff\xfe\xe9", "bytes that are no UTF-8"),
        BadKey(f"'{key}'", "single quotes"),
        BadKey(key.replace("-", "."), "dots for hyphens"),
        BadKey(dashes, "Unicode hyphens"),
        BadKey(f"{key[:20]} {key[20:]}", "a space in it"),
        BadKey(f"{key[:20]}\t{key[20:]}", "a tab in it"),
        BadKey(
            f"{bare[:4]}-{bare[4:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:]}",
            "hyphens in other places",
        ),
        BadKey(bare * 10, "320 characters"),
    ]
    others = [
        BadKey(f"({key})", "parentheses"),
        BadKey("null", "the word null"),
        BadKey("1", "a digit"),
        BadKey(f"0x{bare}", "a hexadecimal number"),
        BadKey(bare[:8] + "-" + bare[8:], "one hyphen"),
        BadKey(key.replace("-", "%2D"), "hyphens percent-encoded"),
        BadKey(f"{key}\xc2\xa0", "a no-break space after it"),
        BadKey(b64encode(UUID(key).bytes).decode(), "base 64"),
        BadKey(f"<{key}>", "angle brackets"),
        BadKey(f"[{key}]", "brackets"),
        BadKey(f"uuid:{key}", "uuid: before it"),
        BadKey(f"{key}/1", "a slash and a digit after it"),
        BadKey(f"{key}#1", "a hash and a digit after it"),
        BadKey(f'{{"key": "{key}"}}', "a JSON object"),
        BadKey(f"+{key}", "a plus before it"),
    ]
    assert len(telling) + len(others) == WRITTEN_KEYS
    generated = []
    for _ in range(number - WRITTEN_KEYS):
        place = random.randrange(len(key))
        kind = random.randrange(4)
        if kind == 0:
            value = key[:place] + random.choice("ghijklmnopqrstuvwxyzGXYZ.:/%") + key[place + 1 :]
        elif kind == 1:
            value = key[:place] + key[place + 1 :]
        elif kind == 2:
            value = key[:place] + random.choice("0f-") + key[place:]
        else:
            size = random.choice((1, 8, 32, 36, 64, 255, 1024))
            value = "".join(chr(random.randrange(33, 127)) for _ in range(size))
        generated.append(BadKey(value, f"generated: {value[:45]!r}"))
    return [*drawn(telling, others, random, number), *generated]
