"""Texts near a given one, by kind of change.

A lone surrogate U+DC80 to U+DCFF stands for a byte that is no UTF-8 (PEP 383).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from string import ascii_letters, digits, punctuation
from unicodedata import ucd_3_2_0
from urllib.parse import quote

import hypothesis.strategies as st

#: Pairs that other notations put around a value.
_PAIRS = ("{}", "()", "[]", "<>", '""', "''", "``", "  ", "**", "%%", "__", "--", "::")
_SEPARATORS = "_. :/+~|\t\u2010\u2011\u2013\u2014\u2212\ufe63\uff0d\xad\u200b\xa0"
#: Characters that look like others and do not become them in any normal form.
_HOMOGLYPHS = {"a": "\u0430", "c": "\u0441", "e": "\u0435", "o": "\u043e", "i": "\u0456"}
#: Characters that become this one in another case, and those that readers of base 32 confuse.
_FOLDED = {"i": "\u0131", "s": "\u017f", "k": "\u212a"}
_CONFUSED = {"i": "l1", "l": "1i", "1": "li", "o": "0", "0": "o", "u": "v", "v": "u"}
_CONFUSED |= {"s": "5", "5": "s", "2": "z", "z": "2", "b": "8", "8": "b"}
#: White space of Unicode and of Latin-1, and characters that some readers drop.
_INVISIBLE = "\x85\xa0\xad\u1680\u2003\u200b\u200d\u2028\u2060\u3000\ufe0f\ufeff\udc85\udca0"
_PRIVATE = ((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))
_PLANES = ((0xA0, 0xD7FF), (0xF900, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0xEFFFF))
#: Length past which a text repeats itself, and the usual limit of a name.
_MIXED, _USUAL_LIMIT = 32, 256
#: Bounds between which lengths are generated.
_LENGTHS = (1, 64, 128, _USUAL_LIMIT, 8192)
Change = Callable[[st.DrawFn, str], str]


def _look_alikes() -> tuple[dict[str, str], dict[str, str]]:
    """Other characters by the ASCII one that normal forms make of them, and those with accents.

    By Unicode 3.2, which every Python knows: inputs must not depend on its version.
    """
    alike, accented = dict(_HOMOGLYPHS), dict[str, str]()
    for code in (*range(0x80, 0x3400), *range(0xFB00, 0x10000), *range(0x1D400, 0x1D800)):
        one = chr(code)
        digit = ucd_3_2_0.digit(one, None)
        plain = str(digit) if digit is not None else ucd_3_2_0.normalize("NFKD", one)
        found = accented if len(plain) > 1 and ucd_3_2_0.combining(plain[1]) else alike
        if plain[0].isascii() and plain[0].isprintable() and (len(plain) == 1 or found is accented):
            found[plain[0]] = found.get(plain[0], "") + one
    return alike, accented


_ALIKE, _ACCENTED = _look_alikes()


def _any_of(*ranges: tuple[int, int]) -> st.SearchStrategy[str]:
    return st.one_of([st.integers(*one).map(chr) for one in ranges])


#: Characters by classes that readers treat in their own way.
_CLASSES = {
    "punctuation": st.sampled_from(punctuation),
    "alphanumeric": st.sampled_from(digits + ascii_letters),
    "control": _any_of((0, 0x20), (0x7F, 0x7F)),
    "invisible": st.sampled_from(_INVISIBLE),
    "private use": _any_of(*_PRIVATE),
    "any plane": _any_of(*_PLANES),
    "stray byte": _any_of((0xDC80, 0xDCBF)),
    "leading byte": _any_of((0xDCC0, 0xDCFF)),
}
_characters = st.one_of([*_CLASSES.values()])


def length(draw: st.DrawFn, most: int) -> int:
    """A length up to *most*: mostly of those at which names are limited, else of any magnitude."""
    if draw(st.integers(0, 7)):
        return draw(st.integers(1, min(most, _USUAL_LIMIT)))
    magnitude = draw(st.integers(0, most.bit_length() - 1))
    return min(most, draw(st.integers(2**magnitude, 2 ** (magnitude + 1) - 1)))


def _text(draw: st.DrawFn, characters: st.SearchStrategy[str], most: int) -> str:
    """Some *characters*, repeated to a length up to *most*."""
    size = length(draw, most)
    some = "".join(draw(characters) for _ in range(min(size, _MIXED)))
    return (some * (size // len(some) + 1))[:size]


@st.composite
def unrelated(draw: st.DrawFn, most: int) -> str:
    """A text of up to *most* characters."""
    return _text(draw, _characters, most)


@st.composite
def _changed(draw: st.DrawFn, text: str, most: int, changes: list[Change]) -> str:
    """*text* after one of *changes*; after two where there are several."""
    for _ in range(min(2, len(changes))):
        text = draw(st.sampled_from(changes))(draw, text)[:most] if text else text
    return text


def near(text: str, most: int) -> dict[str, st.SearchStrategy[str]]:
    """Texts near *text* by kind, of at most *most* characters, and unrelated ones."""
    kinds = {name: _changed(text, most, [change]) for name, change in _CHANGES.items()}
    several = _changed(text, most, [*_CHANGES.values()])
    return {**kinds, "several changes": several, "unrelated": unrelated(most)}


# ------------------------------------------------------------------ changes


def _replaced(others: dict[str, str], draw: st.DrawFn, text: str) -> str:
    """*text* with a character replaced by one of *others*, letters and digits as often."""
    places = [place for place, one in enumerate(text) if one in others]
    letters = [place for place in places if text[place].isalpha()]
    if not places:
        return text
    only_letters = draw(st.booleans())
    place = draw(st.sampled_from(letters if only_letters and letters else places))
    return _put(text, place, place + 1, draw(st.sampled_from(others[text[place]])))


def _put_in(characters: st.SearchStrategy[str], draw: st.DrawFn, text: str) -> str:
    """*text* with another character, or several, at an end, inside, or in place of one."""
    new = draw(characters) if draw(st.booleans()) else _text(draw, characters, _USUAL_LIMIT)
    place = _place(draw, text)
    start = draw(st.sampled_from((0, len(text), place, place)))
    return _put(text, start, start + draw(st.integers(0, 1)), new)


def _deleted(draw: st.DrawFn, text: str) -> str:
    place = _place(draw, text)
    return _put(text, place, place + draw(st.integers(1, 4)), "")


def _cut(draw: st.DrawFn, text: str) -> str:
    """*text* without its end, mostly the last few characters."""
    return text[: -draw(st.integers(1, 4) | st.integers(1, len(text)))]


def _swapped(draw: st.DrawFn, text: str) -> str:
    place = _place(draw, text)
    return _put(text, place, place + 2, text[place : place + 2][::-1])


def _separated(draw: st.DrawFn, text: str) -> str:
    """*text* with its separators doubled, left out, or moved."""
    own = _separator(text)
    number = draw(st.integers(1, max(1, text.count(own))))
    match draw(st.integers(0, 2)):
        case 0:
            return text.replace(own, own * 2, number)
        case 1:
            return text.replace(own, "", draw(st.sampled_from((number, -1))))
    plain, size = text.replace(own, ""), draw(st.integers(1, 9))
    return own.join(plain[start : start + size] for start in range(0, len(plain), size))


def _other_separator(draw: st.DrawFn, text: str) -> str:
    """*text* with one of its separators replaced, or all."""
    number = draw(st.sampled_from((1, -1)))
    return text.replace(_separator(text), draw(st.sampled_from(_SEPARATORS)), number)


def _surrounded(draw: st.DrawFn, text: str) -> str:
    pair = draw(st.sampled_from(_PAIRS))
    return f"{pair[0]}{text}{pair[1]}"


def _recased(draw: st.DrawFn, text: str) -> str:
    start, end = sorted((_place(draw, text), _place(draw, text)))
    return _put(text, start, end + 1, text[start : end + 1].swapcase())


def _percent_encoded(draw: st.DrawFn, text: str) -> str:
    place = _place(draw, text)
    encoded = quote(text[place].encode("utf-8", "surrogateescape"), safe="")
    return _put(text, place, place + 1, encoded if "%" in encoded else f"%{ord(text[place]):02X}")


def _sized(least: int, most: int, draw: st.DrawFn, text: str) -> str:
    """*text* cut or repeated to a length."""
    size = draw(st.integers(least, most))
    return (text * (size // len(text) + 1))[:size]


_CHANGES: dict[str, Change] = {
    "look-alike": partial(_replaced, _ALIKE),
    "accented": partial(_replaced, _ACCENTED),
    "other case": partial(_replaced, _FOLDED),
    "confused": partial(_replaced, _CONFUSED),
    "deleted": _deleted,
    "cut": _cut,
    "swapped": _swapped,
    "separators": _separated,
    "other separator": _other_separator,
    "surrounded": _surrounded,
    "recased": _recased,
    "percent-encoded": _percent_encoded,
    **{f"up to {most}": partial(_sized, least, most) for least, most in pairwise(_LENGTHS)},
    **{name: partial(_put_in, characters) for name, characters in _CLASSES.items()},
}


def _separator(text: str) -> str:
    return next((one for one in text if one in "-_"), "-")


def _place(draw: st.DrawFn, text: str) -> int:
    return draw(st.integers(0, len(text) - 1))


def _put(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]
