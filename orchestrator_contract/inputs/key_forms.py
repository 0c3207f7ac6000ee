"""Well-formed idempotency keys of many forms: any UUID version and variant, nil, max, any letter case."""

from __future__ import annotations

from collections.abc import Callable

#: The UUIDs that are not random: all zeros, all ones (R3).
NIL, MAX = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
#: Places of a key that a server may leave out of account, by what stands there.
PLACES = {
    "last digit": 35,
    "first digit": 0,
    "digit 8": 7,
    "version": 14,
    "variant": 19,
    "tail": 24,
}
#: Versions that few programs use, or that no RFC defines.
_UNCOMMON_VERSIONS = (2, 6, 3, 0, *range(9, 16))
#: First digits of the variants that are not RFC 9562's.
_UNCOMMON_VARIANTS = (0xC, 0xD, 0xE, 0xF, *range(8))
#: Turns hexadecimal digits into decimal ones.
_DECIMAL = str.maketrans("abcdef", "012345")

#: Gives a new key: a UUID of a version and, if given, of a variant.
NewKey = Callable[..., str]


def common_forms(new: NewKey) -> list[str]:
    """Keys that the pattern accepts, of every common form, and some that differ in one place."""
    alike = new()
    near = [
        other_digit(alike, PLACES[place]) for place in PLACES if place not in ("digit 8", "tail")
    ]
    half = new()[:18] + alike[18:]
    return [
        new().upper(),
        NIL,
        MAX,
        mixed_case(new()),
        new(7),
        alike,
        *near,
        half,
        new().translate(_DECIMAL),
        new(1),
        new(8),
    ]


def uncommon_forms(new: NewKey, number: int) -> list[str]:
    """*number* keys of uncommon versions and variants; plain ones once those are used up."""
    forms = [new(version) for version in _UNCOMMON_VERSIONS]
    forms += [new(4, variant) for variant in _UNCOMMON_VARIANTS]
    return [*forms, *(new() for _ in range(number - len(forms)))][:number]


def mixed_case(key: str) -> str:
    """*key* with every other character in capitals."""
    return "".join(c.upper() if place % 2 else c for place, c in enumerate(key))


def other_digit(key: str, place: int) -> str:
    """*key* with another hexadecimal digit in one place, of which the highest bit is the other."""
    return f"{key[:place]}{int(key[place], 16) ^ 8:x}{key[place + 1 :]}"
