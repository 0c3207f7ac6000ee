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


#: Values longer than any that stands for a key that a server may keep.
_VERY_LONG = 2000


def malformed_keys(key: str, random: Random, number: int) -> list[MalformedKey]:
    """*number* malformed keys near *key*: the most telling first, generated ones last."""
    telling, others = [*_of_schema_kinds(key), *_of_other_kinds(key)], _less_telling(key)
    generated = [_generated(key, random) for _ in range(number - len(telling) - len(others))]
    return [*drawn(telling, others, random, number), *generated]


def malformed_keys_of_every_kind(key: str) -> list[MalformedKey]:
    """The invalid instances of the key's schema, then other kinds near *key*; none is very long."""
    others = [one for one in _of_other_kinds(key) if len(one.value) < _VERY_LONG]
    return [*schema_instances(), *others]


def schema_instances() -> list[MalformedKey]:
    """The invalid instances of the key's schema, without those that no header field can carry.

    Whitespace around a field value is no part of it (R1 5.5).
    """
    listed = schemas.documents()["idempotency-key.json"]["x-invalid"]
    return [
        MalformedKey(_on_the_wire(value), one["why"])
        for one in listed
        if isinstance(value := one["instance"], str) and value == value.strip()
    ]


def _of_schema_kinds(key: str) -> list[MalformedKey]:
    """Keys near *key* of the kinds that the schema's instances show."""
    arabic = "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in key)
    wide = "".join(chr(0xFF10 + int(c)) if c.isdigit() else c for c in key)
    return [
        MalformedKey("{" + key + "}", "braces"),
        MalformedKey(f"urn:uuid:{key}", "urn:uuid: before it"),
        MalformedKey(key.replace("-", ""), "no hyphens"),
        MalformedKey(key[:-1], "35 characters"),
        MalformedKey(key + "0", "37 characters"),
        MalformedKey("g" + key[1:], "a letter that is no hexadecimal digit"),
        MalformedKey(_on_the_wire(arabic), "Arabic-Indic digits"),
        MalformedKey(_on_the_wire(wide), "fullwidth digits"),
        MalformedKey("", "empty"),
        MalformedKey(key.replace("-", "_"), "underscores for hyphens"),
    ]


def _of_other_kinds(key: str) -> list[MalformedKey]:
    bare = key.replace("-", "")
    moved = f"{bare[:4]}-{bare[4:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:]}"
    return [
        MalformedKey(f'"{key}"', "quotes"),
        MalformedKey(key + "-0000", "a sixth group"),
        MalformedKey(key.replace("-", " "), "spaces for hyphens"),
        MalformedKey(f"{key},", "a comma after it"),
        MalformedKey(f"{key};a=1", "a parameter after it"),
        MalformedKey("0" * 5000, "5,000 characters"),
        MalformedKey("\xff\xfe\xe9", "bytes that are no UTF-8"),
        MalformedKey(f"'{key}'", "single quotes"),
        MalformedKey(key.replace("-", "."), "dots for hyphens"),
        MalformedKey(_on_the_wire(key.replace("-", chr(0x2010))), "Unicode hyphens"),
        MalformedKey(f"{key[:20]} {key[20:]}", "a space in it"),
        MalformedKey(f"{key[:20]}\t{key[20:]}", "a tab in it"),
        MalformedKey(moved, "hyphens in other places"),
        MalformedKey(bare * 10, "320 characters"),
    ]


def _less_telling(key: str) -> list[MalformedKey]:
    bare = key.replace("-", "")
    return [
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


def _generated(key: str, random: Random) -> MalformedKey:
    place, kind = random.randrange(len(key)), random.randrange(4)
    if kind == 0:
        value = key[:place] + random.choice("ghijklmnopqrstuvwxyzGXYZ.:/%") + key[place + 1 :]
    elif kind == 1:
        value = key[:place] + key[place + 1 :]
    elif kind == 2:
        value = key[:place] + random.choice("0f-") + key[place:]
    else:
        size = random.choice((1, 8, 32, 36, 64, 255, 1024))
        value = "".join(chr(random.randrange(33, 127)) for _ in range(size))
    return MalformedKey(value, f"generated: {value[:45]!r}")


def _on_the_wire(text: str) -> str:
    """*text* in UTF-8, each byte as a character."""
    return text.encode().decode("latin-1")
