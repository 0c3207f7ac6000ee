"""`--ttl-ledger FILE`: keys of one run that a later run judges.

The file belongs to one target and one account, holds no secret, and is replaced as a whole at each
write.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator_contract import files
from orchestrator_contract.contract import schemas
from orchestrator_contract.contract.instants import parse_instant
from orchestrator_contract.contract.limits import KEY_LIVES_S
from orchestrator_contract.coordination.journal import account_label
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.guard import is_plain
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.profile import Profile

#: Keys in the file at which no more are planted.
ENOUGH = 24
_MAGIC = "orchestrator-contract"


class KeyAgeFileError(Inconclusive):
    """The file can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A key whose delete was followed, with the parts that replay repeats."""

    key: str
    sid: str
    #: When the response had come, RFC 3339 in UTC.
    at: str
    #: The parts that identify the response: status, links, related.
    original: dict[str, Any]

    def age(self, now: datetime) -> float:
        """Seconds since its first use."""
        instant = parse_instant(self.at)
        return (now - instant[0]).total_seconds() if instant else 0.0


class KeyAgeFile:
    """The file, read and checked."""

    def __init__(self, path: Path, profile: Profile) -> None:
        """Read the file, if there is one.

        Raises:
            KeyAgeFileError: it is damaged, or another target's or account's.
        """
        self.path = path
        account = account_label(profile.accounts[0]) if profile.accounts else "none"
        self._head = {"ttl_ledger": _MAGIC, "base_url": profile.base_url, "account": account}
        self.keys = self._read()

    def _read(self) -> list[Planted]:
        try:
            raw = json.loads(files.read_text(self.path))
        except files.Missing:
            return []
        except files.Unreadable as error:
            raise KeyAgeFileError(f"--ttl-ledger: {self.path}: {error}") from None
        except (ValueError, RecursionError):
            raise KeyAgeFileError(f"--ttl-ledger: {self.path}: is damaged: no JSON") from None
        if not isinstance(raw, dict) or raw.get("ttl_ledger") != _MAGIC:
            raise KeyAgeFileError(f"--ttl-ledger: {self.path}: is no ledger of this suite")
        for member, what in (("base_url", "target"), ("account", "account")):
            if raw.get(member) != self._head[member]:
                raise KeyAgeFileError(
                    f"--ttl-ledger: {self.path}: belongs to another {what} "
                    f"({str(raw.get(member))[:80]})"
                )
        try:
            keys = [
                Planted(str(e["key"]), str(e["sid"]), str(e["at"]), dict(e["original"]))
                for e in raw["keys"]
            ]
        except (KeyError, TypeError, ValueError):
            raise KeyAgeFileError(
                f"--ttl-ledger: {self.path}: is damaged: an entry lacks a member"
            ) from None
        if not all(
            is_plain(one.sid)
            and schemas.matches("idempotency-key.json", one.key)
            and "status" in one.original
            for one in keys
        ):
            raise KeyAgeFileError(
                f"--ttl-ledger: {self.path}: is damaged: an entry has a member that no run writes"
            )
        if any(parse_instant(planted.at) is None for planted in keys):
            raise KeyAgeFileError(f"--ttl-ledger: {self.path}: is damaged: a time is no instant")
        return keys

    def due(self, now: datetime) -> list[Planted]:
        """Keys to judge: all expired ones, and the oldest of the younger ones.

        The other young keys stay for a later run, or runs every few hours would never see one
        expire.
        """
        aged = sorted(self.keys, key=lambda planted: planted.age(now), reverse=True)
        old = [planted for planted in aged if planted.age(now) > KEY_LIVES_S]
        return old + [planted for planted in aged if 0 < planted.age(now) <= KEY_LIVES_S][:1]

    def replace(self, judged: Iterable[Planted], fresh: Iterable[Exchange]) -> None:
        """Replace judged keys by new deletes, and wait for the disk.

        Raises:
            KeyAgeFileError: the file can't be written; what was in it is judged another time.
        """
        gone = set(map(id, judged))
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.keys = [planted for planted in self.keys if id(planted) not in gone]
        self.keys += [Planted(str(e.key), e.call.subject, now, dict(e.documented)) for e in fresh]
        try:
            self._write()
        except OSError as error:
            raise KeyAgeFileError(
                f"--ttl-ledger: {self.path}: can't be written: {error.strerror}"
            ) from None

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(self.path.name + ".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(
                self._head | {"keys": [asdict(planted) for planted in self.keys]}, file, indent=1
            )
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)
