"""Malformed idempotency keys, near a well-formed one."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from orchestrator_contract.contract import schemas
from orchestrator_contract.inputs.malformed_sids import TRIMMED


@dataclass(frozen=True, slots=True)
class MalformedKey:
    """A value of Idempotency-Key that does not match the pattern."""

    #: As sent, bytes as latin-1 text.
    value: str
    why: str


def malformed_keys(key: str, random: Random, number: int) -> list[MalformedKey]:
    """Malformed keys near *key*, *number* of them or all; fuzzing/keys.py generates others."""
    written = [*_of_schema_kinds(key), *_of_other_kinds(key), *_normalised(key)]
    return random.sample(written, number) if number < len(written) else written


def malformed_keys_of_every_kind(key: str) -> list[MalformedKey]:
    """Invalid instances of the key's schema, then other kinds near *key*."""
    return [*schema_instances(), *_of_other_kinds(key)]


def schema_instances() -> list[MalformedKey]:
    """Invalid instances of the key's schema that a header can carry.

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
    return [
        MalformedKey(f"urn:uuid:{key}", "urn:uuid: before it"),
        MalformedKey(key.replace("-", ""), "no hyphens"),
        MalformedKey("g" + key[1:], "a letter that is no hexadecimal digit"),
        MalformedKey(_on_the_wire(arabic), "Arabic-Indic digits"),
        MalformedKey("", "empty"),
        MalformedKey(key.replace("-", "_"), "underscores for hyphens"),
    ]


def _of_other_kinds(key: str) -> list[MalformedKey]:
    bare = key.replace("-", "")
    moved = f"{bare[:4]}-{bare[4:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:]}"
    return [
        MalformedKey(f'"{key}"', "quotes"),
        MalformedKey(moved, "hyphens in other places"),
        MalformedKey(f"{key},", "a comma after it"),
        MalformedKey(f"{key[:20]} {key[20:]}", "a space in it"),
        MalformedKey(f"{key[:9]} {key[10:]}", "a group that begins with a space"),
        MalformedKey(f"0x{key[2:]}", "a group that begins with 0x"),
        MalformedKey(f"+{key[1:]}", "a group that begins with a plus"),
        MalformedKey(f"{key[:30]}_{key[31:]}", "an underscore in a group"),
        MalformedKey(key.replace("-", "") * 10, "320 characters"),
    ]


def _normalised(key: str) -> list[MalformedKey]:
    """Keys that lenient readers turn into *key*."""
    return [
        MalformedKey(f"'{key}'", "single quotes"),
        MalformedKey(key.replace("-", "."), "dots for hyphens"),
        MalformedKey(_on_the_wire(key.replace("-", chr(0x2010))), "Unicode hyphens"),
        MalformedKey(f"{key}\xa0", "a Latin-1 no-break space after it"),
        # A header's value has no controls of ASCII, and no space at its ends (R1 5.5).
        *(
            MalformedKey(key + _on_the_wire(one), f"{name} after it")
            for one, name in TRIMMED.items()
            if not one.isascii()
        ),
    ]


def _on_the_wire(text: str) -> str:
    """*text* in UTF-8, each byte as a character."""
    return text.encode().decode("latin-1")
