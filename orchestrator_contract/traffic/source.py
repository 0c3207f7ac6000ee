"""The entries of a HAR file one at a time, in memory that does not grow with the file."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ijson  # type: ignore[import-untyped]  # it ships no types

_BLOCK = 256 * 1024
#: A JSON string without a quote in this many bytes is a body that no judge reads; the rest of it is dropped.
_LONG = 6 * 1024 * 1024


#: The file breaks off, or is no JSON from some byte on.
Damaged: type[Exception] = ijson.JSONError


class NotHar(Exception):
    """The file can't be read or has no `log.entries`; the message says which."""


class Bounded:
    """A reader of JSON text that mends its UTF-8 and cuts overlong strings, so that a parser stays small."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._held = b""
        self._run = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self, size: int = -1) -> bytes:
        """The next piece of about *size* bytes; empty at the end only."""
        if size == 0:
            return b""
        while True:
            raw = self._file.read(_BLOCK)
            block = self._held + self._decoder.decode(raw, final=not raw).encode()
            self._held = b""
            if raw:
                # An escape must not be cut in two: \uXXXX is the longest.
                at = block.rfind(b"\\", len(block) - 6)
                while at > 0 and block[at - 1:at] == b"\\":
                    at -= 1
                if at >= 0:
                    block, self._held = block[:at], block[at:]
            quiet = b'"' not in block.replace(b"\\\\", b"").replace(b'\\"', b"")
            self._run = self._run + len(block) if quiet else 0
            if self._run > _LONG and raw:
                continue
            if block or not raw:
                return block


def entries(path: Path) -> Iterator[dict[str, Any] | Any]:
    """Each element of `log.entries`, whatever it is.

    Raises:
        NotHar: the file can't be read, or there are no entries in it.
        Damaged: it breaks off, or is no JSON from here on; what came before was read.
    """
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
        for prefix, event, _ in ijson.parse(source, buf_size=_BLOCK):
            if (prefix, event) == ("log.entries", "start_array"):
                return
    except Damaged as error:
        raise NotHar(f"{path}: is no HAR: {_first_line(error)}") from None
    finally:
        source.close()
    raise NotHar(f"{path}: is no HAR: there is no log.entries in it")


def _first_line(error: Exception) -> str:
    """A parser's message without the piece of the file that it quotes: that may hold a secret."""
    text = error.args[0] if error.args else ""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return next(iter(text.splitlines()), "") or "not JSON"
