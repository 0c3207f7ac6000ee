"""The journal of a run: its creates and deletes, on disk before they happen."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from orchestrator_contract import files
from orchestrator_contract.guard import is_plain
from orchestrator_contract.profile import Account, Profile
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope

#: What the names of a run's configurations begin with.
PREFIX = "oc-"
#: More accounts or regions than any profile has.
_PLACES = 10_000
#: A journal has three lines for each configuration of a run.
_MAX_BYTES = 64 * 1024 * 1024


class JournalError(Exception):
    """The file is no journal of this suite; the message names the line and the reason."""


def journal_path(folder: Path, run_id: str) -> Path:
    """The file of a run's journal in the report's *folder*."""
    return folder / f"journal-{run_id}.jsonl"


def account_label(account: Account) -> str:
    """A digest of the user name: enough to tell accounts apart, too little to learn the name."""
    return hashlib.sha256(account.identity.encode()).hexdigest()[:12]


def account_labels(profile: Profile) -> list[str]:
    """The label of each account; joined with those of its other credentials by region."""
    labels = []
    for number, account in enumerate(profile.accounts):
        there = [profile.account(Scope(number, region)) for region in profile.region_accounts]
        found = [account_label(one) for one in (account, *there) if one is not None]
        labels.append("+".join(dict.fromkeys(found)))
    return labels


def header(profile: Profile, run: str) -> dict[str, Any]:
    """The journal's first line: the base URLs and accounts that its numbers stand for."""
    return {
        "journal": "orchestrator-contract",
        "run": run,
        "bases": list(profile.bases),
        "accounts": account_labels(profile),
    }


def entry_of(
    name: str, state: str, scope: Scope = DEFAULT_SCOPE, sid: str | None = None
) -> dict[str, Any]:
    """A line of the journal, on what became of *name*."""
    known = {} if sid is None else {"sid": sid}
    return {"name": name, **known, "state": state, "account": scope.account, "region": scope.region}


class Journal:
    """An append-only file of JSON lines, flushed to disk at each write."""

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self.path = path
        self._header = header
        self._lock = Lock()

    def write(self, entries: list[dict[str, Any]]) -> None:
        """Append *entries* and wait for the disk."""
        with self._lock:
            lines = list(entries)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                lines.insert(0, self._header)
            with self.path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(line, ensure_ascii=True) + "\n" for line in lines)
                file.flush()
                os.fsync(file.fileno())

    def discard(self) -> None:
        """Remove the file, once nothing is left to clean up."""
        with self._lock:
            self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Past:
    """A journal as read back."""

    run: str
    bases: tuple[str, ...]
    #: What the run may have left behind; without an id where it never became known.
    leftovers: tuple[Configuration, ...]
    #: `account_labels` of each account that the run used; empty in journals without them.
    accounts: tuple[str, ...] = ()


def read(path: Path) -> Past:
    """Read a journal, without a last line that a crash cut short; raises a JournalError."""
    try:
        return _past(_entries(files.read_text(path, _MAX_BYTES)))
    except (KeyError, TypeError) as error:
        raise JournalError(f"{path}: an entry lacks {error}") from None
    except (files.Unreadable, JournalError) as error:
        raise JournalError(f"{path}: {error}") from None


def _entries(text: str) -> list[dict[str, Any]]:
    lines = text.removesuffix("\n").split("\n")
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            if number == len(lines):
                break
            raise JournalError(f"line {number} is not JSON") from None
        if not isinstance(entry, dict):
            raise JournalError(f"line {number} is no journal entry")
        entries.append(entry)
    return entries


def _past(entries: list[dict[str, Any]]) -> Past:
    if not entries or entries[0].get("journal") != "orchestrator-contract":
        raise JournalError("is no journal of this suite (its first line doesn't say so)")
    head = entries[0]
    state: dict[str, Configuration] = {}
    for number, entry in enumerate(entries[1:], 2):
        if entry["state"] == "given":
            continue  # the profile gave it: only what the run created is cleaned up
        name, sid, places = entry["name"], entry.get("sid"), (entry["account"], entry["region"])
        if entry["state"] == "deleted":
            state.pop(name, None)
        elif not _is_own(name, sid, places):
            raise JournalError(f"line {number} names nothing that a run creates")
        else:
            state[name] = Configuration(sid or "", name, Scope(*places))
    bases, accounts = tuple(head["bases"]), tuple(head.get("accounts", ()))
    if not all(isinstance(one, str) for one in (*bases, *accounts)):
        raise JournalError("its first line names no addresses and accounts")
    return Past(str(head["run"]), bases, tuple(state.values()), accounts)


def _is_own(name: Any, sid: Any, places: tuple[Any, Any]) -> bool:
    """True if a run can have written this: somebody may have edited the file."""
    named = isinstance(name, str) and name.startswith(PREFIX)
    placed = all(type(one) is int and 0 <= one < _PLACES for one in places)
    known = sid is None or (isinstance(sid, str) and is_plain(sid))
    return named and placed and known
