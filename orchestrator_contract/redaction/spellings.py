"""Text reduced to its spelling, and a secret's forms in it.

What a text spells is in lower case and of visible ASCII alone: letters beyond it, controls and
marks between the others say nothing, and escapes of JSON, of URLs and character references, several
times over, are undone.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from urllib.parse import quote, quote_plus

_ESCAPE = re.compile(
    # A run of backslashes counts as one: an escape may have been escaped again.
    rb"\\+(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([0-3][0-7]{2})|([nrtbfvae0])|([\"'/])|)"
    rb"|%([0-9a-f]{2})|&#x0{0,8}([0-9a-f]{1,6});|&#0{0,8}([0-9]{1,7});"
    rb"|&(quot|amp|lt|gt|apos|shy|zwj|zwnj);"
)
_NAMED = {b"quot": b'"', b"amp": b"&", b"lt": b"<", b"gt": b">", b"apos": b"'"}
_SILENT = re.compile("[^\x20-\x7e]+")
_CONTROLS = bytes([*range(0x20), 0x7F])
#: Base64 has two alphabets: both are read as one, in any letter case.
_FOLD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ-_", b"abcdefghijklmnopqrstuvwxyz+/")
#: Number of times that escapes of escapes are undone.
_ROUNDS = 3
#: Reversed secrets and parts of base64 that are shorter stand in any text by chance.
SURE = 8

#: Forms of more characters, if all are a token's, are found by this many of them.
_LONG, _BEGINNING = 128, 64
#: The characters of a token as `folded` leaves them, and what follows its beginning.
_TOKEN, _REST = re.compile(rb"[a-z0-9+/=.~%]+"), rb"[a-z0-9+/=.~%]*+"

#: Begin and end of an edit of a text, and the number of characters that take its place.
_Edit = tuple[int, int, int]


def folded(text: str) -> bytes:
    """The spelling of *text*, with escapes left as they are."""
    return text.encode("ascii", "ignore").translate(_FOLD, _CONTROLS)


def reduced(text: str) -> bytes:
    """The spelling of *text*."""
    return [*_views(text)][-1]


def spans(text: str, find: Callable[[bytes], Iterator[re.Match[bytes]]]) -> list[tuple[int, int]]:
    """Places in *text* whose spelling *find* finds, in order, disjoint."""
    views = [*_views(text)]
    found: list[tuple[int, int]] = []
    for number, view in enumerate(views):
        hits = [match.span() for match in find(view)]
        if hits:
            for before in reversed(views[:number]):
                hits = _back(hits, _escapes(before))
            found += _back(hits, _silences(text))
    whole: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if whole and start < whole[-1][1]:
            whole[-1] = whole[-1][0], max(whole[-1][1], end)
        else:
            whole.append((start, end))
    return whole


def _views(text: str) -> Iterator[bytes]:
    """The spelling of *text*, with escapes left, and after each round of unescaping."""
    view = folded(text)
    yield view
    for _ in range(_ROUNDS):
        before, view = view, _undone(view)
        if view == before:
            return
        yield view


def _silences(text: str) -> Iterator[_Edit]:
    return ((match.start(), match.end(), 0) for match in _SILENT.finditer(text))


def _escapes(view: bytes) -> Iterator[_Edit]:
    return ((match.start(), match.end(), len(_char(match))) for match in _ESCAPE.finditer(view))


def _undone(view: bytes) -> bytes:
    """*view* with every escape undone once, in one buffer, as it may consist of escapes."""
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
    """The one character of an escape, or nothing."""
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
    """Map *hits* in an edited text to their places before its *edits*."""
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


# -------------------------------------------------------------------- forms of a secret


def encodings(secret: str, *, twice: bool = True) -> set[str]:
    """*secret* in hexadecimal, base64 and, with *twice*, base64 of that; and reversed."""
    forms: set[str] = {secret[::-1]}
    for text in {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)}:
        raw = text.encode("utf-8", "surrogatepass")
        inner = set(_inside(raw))
        forms |= {raw.hex(), *inner}
        if twice:
            forms |= {form for one in inner for form in _inside(one.encode())}
    return {form for form in forms if len(form) >= SURE}


def _inside(raw: bytes) -> Iterator[str]:
    """Parts of any base64 that holds *raw*, by offset in a group of three."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode()
        yield encoded[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]


def any_of(forms: Iterable[bytes]) -> re.Pattern[bytes] | None:
    """A pattern of *forms*, longer ones first; None for none.

    Common beginnings are looked at once, so that the time for a text does not grow with the number
    of forms. A token is found by its beginning, and ends where no character of a token follows:
    compiling thousands of characters for each takes longer than the requests that it is for.
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
