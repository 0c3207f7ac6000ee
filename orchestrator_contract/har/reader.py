"""Reads the entries of a HAR file one at a time, in memory that does not grow with the file."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ijson  # type: ignore[import-untyped]  # it ships no types

_BLOCK = 256 * 1024
#: A JSON string of more bytes is a body that is not judged; the rest of it is dropped.
_LONG = 6 * 1024 * 1024
#: Nesting of arrays and objects: each level costs memory at every value. Browsers nest some dozens.
_MAX_DEPTH = 500
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*("?)', re.DOTALL)
_REST = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*("?)', re.DOTALL)
_NO_BRACKET = bytes(byte for byte in range(256) if byte not in b"[]{}")
#: Each escape; the group is half of a surrogate pair, which no parser, file or terminal can take.
_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_FIRST_HALF = re.compile(rb"(?<!\\)\\u[dD][89abAB][0-9a-fA-F]{2}\Z")

#: The file ends early, or is no JSON from some byte on.
Damaged: type[Exception] = ijson.JSONError


class NotHar(Exception):
    """The file can't be read, or has no `log.entries`; the message says which."""


class Bounded:
    """Reads JSON text for a parser: mends its UTF-8, cuts overlong strings, bounds its depth."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._held = b""
        self._run = 0
        self._depth = 0
        self._inside = False

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self, size: int = -1) -> bytes:
        """Read the next piece of about *size* bytes; empty at the end only.

        Raises:
            Damaged: it nests too deeply.
        """
        if size == 0:
            return b""
        while True:
            raw = self._file.read(_BLOCK)
            block = self._held + self._decoder.decode(raw, final=not raw).encode()
            self._held = b""
            if raw:
                # An escape must not be cut in two: \uXXXX is the longest.
                at = block.rfind(b"\\", len(block) - 6)
                while at > 0 and block[at - 1 : at] == b"\\":
                    at -= 1
                if at >= 0:
                    block, self._held = block[:at], block[at:]
                if half := _FIRST_HALF.search(block, max(len(block) - 7, 0)):
                    block, self._held = block[: half.start()], half[0] + self._held
            if _HALF.search(block):
                block = _ESCAPES.sub(lambda match: rb"\ufffd" if match[1] else match[0], block)
            quiet = b'"' not in block.replace(b"\\\\", b"").replace(b'\\"', b"")
            self._run = self._run + len(block) if quiet else 0
            if self._run > _LONG and raw:
                continue
            if block or not raw:
                self._descend(block)
                return block

    def _descend(self, block: bytes) -> None:
        """Follow the brackets of *block* that stand in no string."""
        start = 0
        if self._inside:
            rest = _REST.match(block)
            start = rest.end() if rest and rest[1] else len(block)
            self._inside = not (rest and rest[1])
        strings = list(_STRING.finditer(block, start))
        self._inside = self._inside or bool(strings and not strings[-1][1])
        for bracket in _STRING.sub(b"", block[start:]).translate(None, _NO_BRACKET):
            self._depth += 1 if bracket in b"[{" else -1
            if self._depth > _MAX_DEPTH:
                raise Damaged(f"nested deeper than {_MAX_DEPTH}")


def entries(path: Path) -> Iterator[dict[str, Any] | Any]:
    """Give each element of `log.entries`, of any type.

    Raises:
        NotHar: the file can't be read, or there are no entries in it.
        Damaged: it ends early, or is no JSON from here on; what came before was read.
    """
    if (
        path.is_fifo() or path.is_char_device()
    ):  # it may never begin, or never end, and it is read twice
        raise NotHar(f"{path}: is no regular file")
    try:
        _check(path)
        source = Bounded(path)
    except OSError as error:
        raise NotHar(f"{path}: can't be read: {error.strerror}") from None
    try:
        yield from ijson.items(source, "log.entries.item", use_float=True, buf_size=_BLOCK)
    finally:
        source.close()


def _check(path: Path) -> None:
    source = Bounded(path)
    try:
        for prefix, event, _ in ijson.parse(source, use_float=True, buf_size=_BLOCK):
            if (prefix, event) == ("log.entries", "start_array"):
                return
    except Damaged as error:
        raise NotHar(f"{path}: is no HAR: {_first_line(error)}") from None
    finally:
        source.close()
    raise NotHar(f"{path}: is no HAR: there is no log.entries in it")


def _first_line(error: Exception) -> str:
    """A parser's message without the text that it quotes, which may hold a secret."""
    text = error.args[0] if error.args else ""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return next(iter(text.splitlines()), "") or "not JSON"
