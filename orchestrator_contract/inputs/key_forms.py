"""Well-formed keys of every form that an implementation may tell apart."""

from __future__ import annotations

from collections.abc import Callable
from uuid import NAMESPACE_OID, UUID, uuid5

from orchestrator_contract.inputs.identifiers import Identifiers

#: The forms in the order in which a batch uses them. In one batch "alike" and its near-equals come
#: together.
FORMS = (
    "v4 or v8",
    "v4 upper",
    "alike",
    "other half",
    "other tail",
    "other version",
    "other head",
    "other variant",
    "nil",
    "max",
    "mixed",
    "none",
    "v7",
    "none",
    "v1 or digits",
    "rare version",
    "none",
)
#: Versions that no RFC or few programs use, one a batch.
_RARE_VERSIONS = (6, 0, 15, 12, 9, 10, 2, 3, 13)
_LOW_HALF = 2**62 - 1
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
#: Turns the letters among hexadecimal digits into decimal digits.
_DECIMAL = str.maketrans("abcdef", "012345")


def key_of_form(form: str, identifiers: Identifiers, batch: int, run_id: str) -> str | None:
    """A key of *form*; None for "none".

    The nil and max UUIDs exist once, so only the first two batches use them, neither both.

    The keys of the "other" forms differ from their batch's "alike" key in that part only.
    """
    new = UUID(identifiers.key()).int
    if form == "none":
        return None
    number = _number(form, new, batch, run_id)
    text = str(UUID(int=number)) if number is not None else identifiers.key()
    match form:
        case "v4 upper":
            return text.upper()
        case "mixed":
            return "".join(c.upper() if n % 2 else c for n, c in enumerate(text))
    return text


def _number(form: str, new: int, batch: int, run_id: str) -> int | None:
    seed = uuid5(NAMESPACE_OID, f"{run_id}/{batch}").int
    alike = _versioned(seed, 4)
    digits = int(f"{new % 10**30:032d}", 16)
    return {
        "nil": None if batch > 1 else 0,
        "max": None if batch > 1 else 2**128 - 1,
        "alike": alike,
        "other tail": alike ^ 1,
        "other head": alike ^ 1 << 127,
        "other variant": alike ^ 1 << 63,
        "other version": _versioned(seed, 3),
        "other half": _versioned(seed & _LOW_HALF | new >> 62 << 62, 5),
        "v4 or v8": _versioned(new, 8 if batch % 2 else 4),
        "v1 or digits": _versioned(new, 1) if batch % 4 < 2 else digits,
        "rare version": _versioned(new, _RARE_VERSIONS[batch % len(_RARE_VERSIONS)]),
        "v7": _versioned(new, 7),
    }.get(form)


def _versioned(number: int, version: int) -> int:
    """A UUID of 128 bits with *version* and the variant of RFC 9562."""
    return number & ~(0xF << 76 | 0x3 << 62) | version << 76 | 0x2 << 62


# ------------------------------------------------------------------ forms of new keys


def plain_forms(new: Callable[..., str]) -> list[str]:
    """New keys of common forms: capitals, digits only, versions in use."""
    return [new().upper(), new(7), new().translate(_DECIMAL), new(1)]


def uncommon_forms(new: Callable[..., str], number: int) -> list[str]:
    """*number* new keys of uncommon versions and variants, then common ones."""
    forms = [new(version) for version in _UNCOMMON_VERSIONS]
    forms += [new(4, variant) for variant in _UNCOMMON_VARIANTS]
    return [*forms, *(new() for _ in range(number - len(forms)))][:number]


def other_digit(key: str, place: int) -> str:
    """*key* with the highest bit of one hexadecimal digit flipped."""
    return f"{key[:place]}{int(key[place], 16) ^ 8:x}{key[place + 1 :]}"
