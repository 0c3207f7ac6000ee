"""Files that a user names: read as bounded text, or refused with a reason."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

#: Bytes of the largest file that is read; a profile has a few thousand.
MAX_BYTES = 4 * 1024 * 1024
#: Past this size some calls of the system raise.
_HUGE = 10**18


class Unreadable(Exception):
    """The file can't be used; the message says why, and does not name it."""


class Missing(Unreadable):
    """There is no such file."""


def read_text(path: Path, limit: int = MAX_BYTES) -> str:
    """The text of a regular file of *limit* bytes at most: a device or a pipe may have no end.

    Raises:
        Missing: there is none.
        Unreadable: it is no such file, or no text.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unreadable("is no regular file")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError as error:
        raise Missing(f"can't be read: {error.strerror}") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise Unreadable(f"can't be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > limit:
        raise Unreadable(f"is larger than {limit // 1024 // 1024} MB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("is not UTF-8 text") from None


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file; raises Unreadable, also for a malformed number."""
    try:
        raw = tomllib.loads(read_text(path))
        for key, value in leaves(raw):
            _check_number(key, value)
    except RecursionError:
        raise Unreadable("is not TOML: nested too deeply") from None
    except ValueError as error:  # also what int() says of thousands of digits
        raise Unreadable(f"is not TOML: {error}") from None
    return raw


def leaves(node: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Every value below *node* that is no table and no list, by its key."""
    if isinstance(node, (dict, list)):
        for name, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(value, f"{key}.{name}" if key else str(name))
    else:
        yield key, node


def _check_number(key: str, value: object) -> None:
    """Refuse NaN, infinity and huge numbers, which the schemas can't exclude."""
    if isinstance(value, float) and not isfinite(value):
        raise Unreadable(f"{key}: expected a number, found {value}")
    if isinstance(value, (int, float)) and abs(value) > _HUGE:
        raise Unreadable(f"{key}: expected a number below 10^18, found a larger one")
