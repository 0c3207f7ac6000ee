"""Text reduced to what it spells, however it is written, and how a secret looks in it.

What a text spells is in lower case and of visible ASCII alone: letters beyond it, controls and marks between the
others say nothing, and escapes of JSON, of URLs and character references, several times over, are undone.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from urllib.parse import quote, quote_plus

_ESCAPE = re.compile(
    # However often it was escaped again: a run of backslashes counts as one.
    rb"\\+(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([0-3][0-7]{2})|([nrtbfvae0])|([\"'/])|)"
    rb"|%([0-9a-f]{2})|&#x0{0,8}([0-9a-f]{1,6});|&#0{0,8}([0-9]{1,7});|&(quot|amp|lt|gt|apos|shy|zwj|zwnj);"
)
_NAMED = {b"quot": b'"', b"amp": b"&", b"lt": b"<", b"gt": b">", b"apos": b"'"}
_SILENT = re.compile("[^\x20-\x7e]+")
_CONTROLS = bytes([*range(0x20), 0x7F])
#: Letter case aside, base64 has two alphabets: both are read as one.
_FOLD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ-_", b"abcdefghijklmnopqrstuvwxyz+/")
#: How often escapes of escapes are undone.
_ROUNDS = 3
#: Of a secret turned round, or of a part of longer base64, what is shorter stands in any text by chance.
SURE = 8

#: A form of more characters that are all of a token's is found by so many of them.
_LONG, _BEGINNING = 128, 64
#: The characters of a token as `folded` leaves them, and what follows its beginning.
_TOKEN, _REST = re.compile(rb"[a-z0-9+/=.~%]+"), rb"[a-z0-9+/=.~%]*+"

#: Where an edit of a text begins and ends, and how many characters take its place.
_Edit = tuple[int, int, int]


def folded(text: str) -> bytes:
    """What *text* spells with its escapes left as they are."""
    return text.encode("ascii", "ignore").translate(_FOLD, _CONTROLS)


def reduced(text: str) -> bytes:
    """What *text* spells."""
    return [view for view, _ in _views(text)][-1]


def spans(text: str, find: Callable[[bytes], Iterator[re.Match[bytes]]]) -> list[tuple[int, int]]:
    """Where in *text* that stands which *find* finds in what it spells, in order and apart from each other."""
    found: list[tuple[int, int]] = []
    for view, steps in _views(text):
        hits = [match.span() for match in find(view)]
        for edits in reversed(steps) if hits else ():
            hits = _back(hits, edits())
        found += hits
    whole: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if whole and start < whole[-1][1]:
            whole[-1] = whole[-1][0], max(whole[-1][1], end)
        else:
            whole.append((start, end))
    return whole


def _views(text: str) -> Iterator[tuple[bytes, list[Callable[[], Iterator[_Edit]]]]]:
    """What *text* spells after each round of undoing escapes, and the edits that led there."""
    view = folded(text)
    steps: list[Callable[[], Iterator[_Edit]]] = [partial(_silences, text)]
    yield view, steps
    for _ in range(_ROUNDS):
        plain = _undone(view)
        if plain == view:
            return
        steps = [*steps, partial(_escapes, view)]
        view = plain
        yield view, steps


def _silences(text: str) -> Iterator[_Edit]:
    return ((match.start(), match.end(), 0) for match in _SILENT.finditer(text))


def _escapes(view: bytes) -> Iterator[_Edit]:
    return ((match.start(), match.end(), len(_char(match))) for match in _ESCAPE.finditer(view))


def _undone(view: bytes) -> bytes:
    """*view* with every escape undone, once; in one buffer, as a text may be nothing but escapes."""
    if not any(sign in view for sign in (b"\\", b"%", b"&")):
        return view
    plain, end = bytearray(), 0
    known: dict[bytes, bytes] = {}
    for escape in _ESCAPE.finditer(view):
        start, after = escape.span()
        said = view[start:after]
        char = known.get(said)
        if char is None:
            char = known[said] = _char(escape)
        plain += view[end:start]
        plain += char
        end = after
    plain += view[end:]
    return bytes(plain)


def _char(escape: re.Match[bytes]) -> bytes:
    """The one character that an escape stands for; none where that says nothing."""
    which = escape.lastindex
    if which is None:
        return b"\\"
    said = escape[which]
    if which == 4:
        return b""
    if which in (5, 9):
        return _NAMED.get(said, b"") if which == 9 else said
    code = int(said, {3: 8, 8: 10}.get(which, 16))
    return bytes([code]).translate(_FOLD) if 0x20 <= code < 0x7F else b""


def _back(hits: list[tuple[int, int]], edits: Iterator[_Edit]) -> list[tuple[int, int]]:
    """Where the *hits* in an edited text were before its *edits*."""
    none: _Edit = (1 << 62, 1 << 62, 0)
    start, end, length = next(edits, none)
    longer = 0
    points = []
    for position in chain.from_iterable((first, last - 1) for first, last in hits):
        while start - longer + length <= position:
            longer += end - start - length
            start, end, length = next(edits, none)
        inside = start - longer <= position
        points.append((start, end) if inside else (position + longer, position + longer + 1))
    return [(first[0], last[1]) for first, last in zip(points[::2], points[1::2], strict=True)]


# -------------------------------------------------------------------- how a secret looks


def encodings(secret: str, *, twice: bool = True) -> set[str]:
    """*secret* in base64 and hexadecimal, alone or inside of something longer, in base64 of base64 if *twice*, and turned round."""
    forms: set[str] = {secret[::-1]}
    for text in {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)}:
        raw = text.encode("utf-8", "surrogatepass")
        inner = set(_inside(raw))
        forms |= {raw.hex(), *inner}
        if twice:
            forms |= {form for one in inner for form in _inside(one.encode())}
    return {form for form in forms if len(form) >= SURE}


def _inside(raw: bytes) -> Iterator[str]:
    """What base64 of anything that holds *raw* holds, by where in a group of three bytes it begins."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode()
        yield encoded[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]


def any_of(forms: Iterable[bytes]) -> re.Pattern[bytes] | None:
    """A pattern of *forms*, the longer of two that begin alike first; none of none.

    What they begin with alike is looked at once: the time for a text does not grow with the number of forms.
    A token is found by its beginning, and ends where no character of a token follows: to compile a pattern
    of some thousand characters for each new token takes longer than the requests that it is for.
    """
    tokens: set[bytes] = set()
    others: set[bytes] = set()
    for form in forms:
        is_token = len(form) > _LONG and _TOKEN.fullmatch(form)
        (tokens if is_token else others).add(form[:_BEGINNING] if is_token else form)
    trees = [_branches(sorted(tokens), 0) + _REST] if tokens else []
    trees += [_branches(sorted(others), 0)] if others else []
    return re.compile(b"|".join(trees)) if trees else None


def _branches(forms: list[bytes], depth: int) -> bytes:
    if len(forms) < 2:
        return re.escape(forms[0][depth:]) if forms else b""
    # In one go: a token and its base64 are longer than what may be nested.
    pairs = enumerate(zip(forms[0], forms[-1], strict=False))
    shared = next((place for place, (one, other) in pairs if one != other), len(forms[0]))
    ended, rest = (forms[0], forms[1:]) if len(forms[0]) == shared else (None, forms)
    groups: dict[int, list[bytes]] = {}
    for form in rest:
        groups.setdefault(form[shared], []).append(form)
    parts = [_branches(group, shared) for group in groups.values()]
    branches = b"(?:" + b"|".join(parts) + (b")?" if ended is not None else b")")
    return re.escape(forms[0][depth:shared]) + branches
