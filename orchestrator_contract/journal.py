"""The journal: what a run is about to create, has created and has deleted, on disk before it happens."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any


class JournalError(Exception):
    """The file is no journal of this suite; the message says which line and why."""


class Journal:
    """An append-only file of JSON lines, flushed to disk at each write."""

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self.path = path
        self._header = header
        self._lock = Lock()
        self._open = False

    def write(self, entries: list[dict[str, Any]]) -> None:
        """Append *entries* and wait for the disk."""
        with self._lock:
            lines = list(entries)
            if not self._open:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                if not self.path.exists():
                    lines.insert(0, self._header)
                self._open = True
            with self.path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(line, ensure_ascii=True) + "\n" for line in lines)
                file.flush()
                os.fsync(file.fileno())

    def discard(self) -> None:
        """Remove the file: nothing is left to clean up."""
        with self._lock:
            self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that a run may have left behind."""

    name: str
    #: None: the create was announced, and its id never became known.
    sid: str | None
    account: int
    region: int


@dataclass(frozen=True, slots=True)
class Past:
    """A journal as read back."""

    run: str
    bases: tuple[str, ...]
    leftovers: tuple[Leftover, ...]
    #: A label for each account that the run used (cleanup.account_label); empty in journals without them.
    accounts: tuple[str, ...] = ()


def read(path: Path) -> Past:
    """Read a journal back; a last line cut short by a crash is tolerated.

    Raises:
        JournalError: the file can't be read or is none of this suite's.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise JournalError(f"{path}: can't be read: {error}") from None
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
        except ValueError:
            if number == len(lines):
                break
            raise JournalError(f"{path}: line {number} is not JSON") from None
        if not isinstance(entry, dict):
            raise JournalError(f"{path}: line {number} is no journal entry")
        entries.append(entry)
    if not entries or entries[0].get("journal") != "orchestrator-contract":
        raise JournalError(f"{path}: is no journal of this suite (its first line doesn't say so)")
    state: dict[str, Leftover] = {}
    try:
        for entry in entries[1:]:
            name = str(entry["name"])
            if entry["state"] == "given":
                continue  # not the run's own: whether it was deleted is for its giver to see
            if entry["state"] == "deleted":
                state.pop(name, None)
            else:
                state[name] = Leftover(name, entry.get("sid"), int(entry["account"]), int(entry["region"]))
        return Past(str(entries[0]["run"]), tuple(entries[0]["bases"]), tuple(state.values()), tuple(entries[0].get("accounts", ())))
    except (KeyError, TypeError, ValueError) as error:
        raise JournalError(f"{path}: an entry lacks {error}") from None
