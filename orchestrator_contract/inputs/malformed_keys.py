"""Malformed idempotency keys, near a well-formed one."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from random import Random
from uuid import UUID

from orchestrator_contract.contract import schemas
from orchestrator_contract.inputs.sampling import drawn


@dataclass(frozen=True, slots=True)
class MalformedKey:
    """A value of Idempotency-Key that does not match the pattern."""

    #: As sent, bytes as latin-1 text.
    value: str
    why: str


#: Malformed keys that are written down; more of them are generated.
WRITTEN_KEYS = 39


def malformed_keys(key: str, random: Random, number: int) -> list[MalformedKey]:
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
        MalformedKey("{" + key + "}", "braces"),
        MalformedKey(f"urn:uuid:{key}", "urn:uuid: before it"),
        MalformedKey(bare, "no hyphens"),
        MalformedKey(f'"{key}"', "quotes"),
        MalformedKey(key[:-1], "35 characters"),
        MalformedKey(key + "0", "37 characters"),
        MalformedKey(key + "-0000", "a sixth group"),
        MalformedKey("g" + key[1:], "a letter that is no hexadecimal digit"),
        MalformedKey(arabic, "Arabic-Indic digits"),
        MalformedKey(wide, "fullwidth digits"),
        MalformedKey("", "empty"),
        MalformedKey(key.replace("-", "_"), "underscores for hyphens"),
        MalformedKey(key.replace("-", " "), "spaces for hyphens"),
        MalformedKey(f"{key},", "a comma after it"),
        MalformedKey(f"{key};a=1", "a parameter after it"),
        MalformedKey("0" * 5000, "5,000 characters"),
        MalformedKey("\xff\xfe\xe9", "bytes that are no UTF-8"),
        MalformedKey(f"'{key}'", "single quotes"),
        MalformedKey(key.replace("-", "."), "dots for hyphens"),
        MalformedKey(dashes, "Unicode hyphens"),
        MalformedKey(f"{key[:20]} {key[20:]}", "a space in it"),
        MalformedKey(f"{key[:20]}\t{key[20:]}", "a tab in it"),
        MalformedKey(
            f"{bare[:4]}-{bare[4:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:]}",
            "hyphens in other places",
        ),
        MalformedKey(bare * 10, "320 characters"),
    ]
    others = [
        MalformedKey(f"({key})", "parentheses"),
        MalformedKey("null", "the word null"),
        MalformedKey("1", "a digit"),
        MalformedKey(f"0x{bare}", "a hexadecimal number"),
        MalformedKey(bare[:8] + "-" + bare[8:], "one hyphen"),
        MalformedKey(key.replace("-", "%2D"), "hyphens percent-encoded"),
        MalformedKey(f"{key}\xc2\xa0", "a no-break space after it"),
        MalformedKey(b64encode(UUID(key).bytes).decode(), "base 64"),
        MalformedKey(f"<{key}>", "angle brackets"),
        MalformedKey(f"[{key}]", "brackets"),
        MalformedKey(f"uuid:{key}", "uuid: before it"),
        MalformedKey(f"{key}/1", "a slash and a digit after it"),
        MalformedKey(f"{key}#1", "a hash and a digit after it"),
        MalformedKey(f'{{"key": "{key}"}}', "a JSON object"),
        MalformedKey(f"+{key}", "a plus before it"),
    ]
    assert len(telling) + len(others) == WRITTEN_KEYS
    generated = []
    for _ in range(number - WRITTEN_KEYS):
        scope = random.randrange(len(key))
        kind = random.randrange(4)
        if kind == 0:
            value = key[:scope] + random.choice("ghijklmnopqrstuvwxyzGXYZ.:/%") + key[scope + 1 :]
        elif kind == 1:
            value = key[:scope] + key[scope + 1 :]
        elif kind == 2:
            value = key[:scope] + random.choice("0f-") + key[scope:]
        else:
            size = random.choice((1, 8, 32, 36, 64, 255, 1024))
            value = "".join(chr(random.randrange(33, 127)) for _ in range(size))
        generated.append(MalformedKey(value, f"generated: {value[:45]!r}"))
    return [*drawn(telling, others, random, number), *generated]


def schema_instances() -> list[MalformedKey]:
    """The invalid instances of the key's schema, without those that no header field can carry.

    Whitespace around a field value is no part of it (R1 5.5).
    """
    listed = schemas.documents()["idempotency-key.json"]["x-invalid"]
    return [
        MalformedKey(value.encode().decode("latin-1"), one["why"])
        for one in listed
        if isinstance(value := one["instance"], str) and value == value.strip()
    ]
