"""Texts near a given one, with changed characters, separators, cases and lengths.

A lone surrogate U+DC80 to U+DCFF stands for a byte that is no UTF-8 (PEP 383).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from unicodedata import ucd_3_2_0
from urllib.parse import quote

import hypothesis.strategies as st

#: Pairs that other notations put around a value.
_PAIRS = ("{}", "()", "[]", "<>", '""', "''", "``", "  ", "**", "%%", "__", "--", "::")
_SEPARATORS = "_. :/+~|\t\u2010\u2011\u2013\u2014\u2212\ufe63\uff0d\xad\u200b\xa0"
#: Characters that look like others and do not become them in any normal form.
_HOMOGLYPHS = {"a": "\u0430", "c": "\u0441", "e": "\u0435", "o": "\u043e", "i": "\u0456"}
#: Characters that are this one in another case, or to readers of base 32.
_CONFUSED = {"i": "\u0131l1", "s": "\u017f5", "k": "\u212a", "u": "v", "v": "u"}
_CONFUSED |= {"0": "o", "o": "0", "1": "li", "l": "1i", "5": "s", "2": "z", "z": "2", "8": "b"}
_PLANES = ((0xA0, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x10FFFF))
#: Length past which a text is of one character only, the usual limit of a name, and the longest.
_MIXED, _USUAL_LIMIT, _LONGEST = 64, 256, 8192


@cache
def look_alikes() -> dict[str, str]:
    """Look-alikes of ASCII characters, by the character that they resemble.

    By Unicode 3.2, which every Python knows: inputs must not depend on its version.
    """
    found: dict[str, str] = dict(_HOMOGLYPHS)
    for code in (*range(0x80, 0x3400), *range(0xFB00, 0x10000), *range(0x1D400, 0x1D800)):
        one = chr(code)
        plain = ucd_3_2_0.normalize("NFKC", one).lower()
        digit = ucd_3_2_0.digit(one, None)
        plain = str(digit) if digit is not None else plain
        if len(plain) == 1 and plain.isascii() and plain.isprintable():
            found[plain] = found.get(plain, "") + one
    return found


@cache
def characters(near: str = "") -> st.SearchStrategy[str]:
    """One character: a look-alike of *near*, of ASCII, of any plane, or a byte that is no UTF-8."""
    alike = look_alikes().get(near.lower(), "")
    kinds: list[st.SearchStrategy[str]] = [
        st.integers(0x21, 0x7E).map(chr),
        st.integers(0, 0x20).map(chr),
        st.sampled_from("0123456789abcdefABCDEF"),
        st.one_of([st.integers(low, high).map(chr) for low, high in _PLANES]),
        st.integers(0xDC80, 0xDCFF).map(chr),
    ]
    return st.one_of(*([st.sampled_from(alike)] * 2 if alike else []), *kinds)


def length(draw: st.DrawFn, most: int) -> int:
    """A length up to *most*: of any magnitude, or any of those at which names are limited."""
    if draw(st.booleans()):
        return draw(st.integers(1, min(most, _USUAL_LIMIT)))
    magnitude = draw(st.integers(0, most.bit_length() - 1))
    return min(most, draw(st.integers(2**magnitude, 2 ** (magnitude + 1) - 1)))


def unrelated(draw: st.DrawFn, most: int) -> str:
    """A text of up to *most* characters, all alike where it is long."""
    size = length(draw, most)
    if size > _MIXED:
        return draw(characters()) * size
    return "".join(draw(characters()) for _ in range(size))


def near(draw: st.DrawFn, text: str, most: int) -> str:
    """*text* after one change, seldom two, at most *most* characters."""
    for _ in range(2 if draw(st.integers(0, 3)) == 3 else 1):
        text = draw(st.sampled_from(_CHANGES))(draw, text)[:most] if text else text
    return text


# ------------------------------------------------------------------ changes


def _other_character(draw: st.DrawFn, text: str) -> str:
    place = _place(draw, text)
    return _put(text, place, place + 1, draw(characters(text[place])))


def _inserted(draw: st.DrawFn, text: str) -> str:
    place = draw(st.integers(0, len(text)))
    return _put(text, place, place, draw(characters()) * length(draw, 8))


def _deleted(draw: st.DrawFn, text: str) -> str:
    place = _place(draw, text)
    return _put(text, place, place + draw(st.integers(1, 4)), "")


def _swapped(draw: st.DrawFn, text: str) -> str:
    """*text* with two neighbours swapped, as often a separator and another as any two."""
    beside = [place for place in range(len(text) - 1) if "-" in text[place : place + 2]]
    separator = draw(st.booleans()) and bool(beside)
    place = draw(st.sampled_from(beside)) if separator else _place(draw, text)
    return _put(text, place, place + 2, text[place : place + 2][::-1])


def _percent_encoded(draw: st.DrawFn, text: str) -> str:
    place = _place(draw, text)
    encoded = quote(text[place].encode("utf-8", "surrogateescape"), safe="")
    return _put(text, place, place + 1, encoded if "%" in encoded else f"%{ord(text[place]):02X}")


def _recased(draw: st.DrawFn, text: str) -> str:
    start, end = sorted((_place(draw, text), _place(draw, text)))
    return _put(text, start, end + 1, text[start : end + 1].swapcase())


def _confused(draw: st.DrawFn, text: str) -> str:
    """*text* with another character that some readers take for its own."""
    places = [place for place, one in enumerate(text) if one in _CONFUSED]
    if not places:
        return _other_character(draw, text)
    place = draw(st.sampled_from(places))
    return _put(text, place, place + 1, draw(st.sampled_from(_CONFUSED[text[place]])))


def _surrounded(draw: st.DrawFn, text: str) -> str:
    pair = draw(st.sampled_from(_PAIRS))
    return f"{pair[0]}{text}{pair[1]}"


def _separated(draw: st.DrawFn, text: str) -> str:
    """*text* with its separators replaced, doubled, left out, or moved."""
    own = next((one for one in text if one in "-_"), "-")
    number = draw(st.integers(1, max(1, text.count(own))))
    match draw(st.integers(0, 3)):
        case 0:
            return text.replace(own, draw(st.sampled_from(_SEPARATORS)), number)
        case 1:
            return text.replace(own, own * 2, number)
        case 2:
            return text.replace(own, "", number)
    plain, size = text.replace(own, ""), draw(st.integers(1, 9))
    return own.join(plain[start : start + size] for start in range(0, len(plain), size))


def _resized(draw: st.DrawFn, text: str) -> str:
    """*text* cut anywhere, at its end above all, or repeated to a length of any magnitude."""
    if draw(st.booleans()):
        return text[: -length(draw, len(text))]
    size = length(draw, _LONGEST)
    return (text * (size // len(text) + 1))[:size]


def _added(draw: st.DrawFn, text: str) -> str:
    more = draw(characters()) * length(draw, 8)
    return text + more if draw(st.booleans()) else more + text


_CHANGES: tuple[Callable[[st.DrawFn, str], str], ...] = (
    _other_character,
    _other_character,
    _added,
    _inserted,
    _deleted,
    _swapped,
    _separated,
    _surrounded,
    _recased,
    _confused,
    _confused,
    _resized,
    _percent_encoded,
)


def _place(draw: st.DrawFn, text: str) -> int:
    return draw(st.integers(0, len(text) - 1))


def _put(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]
