"""Keys of earlier runs (--ttl-ledger): sent again, and replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.key_age_file import ENOUGH, KeyAgeFile, Planted
from orchestrator_contract.steps.step import Step, Uses

#: Keys that a run plants.
_PLANTED = 3


@dataclass(frozen=True, slots=True)
class AgedUse:
    """A key of an earlier run that was sent again."""

    planted: Planted
    again: Exchange
    #: Its age in seconds when the request was sent, and when the response had come.
    least_s: float
    most_s: float


class AgedKeys(Step):
    """The keys in one file."""

    _deletes = Uses(Deletes)

    def open(self, path: Path) -> AgedKeys:
        """Read the keys in the file at *path*.

        Raises:
            KeyAgeFileError: it is damaged, or another target's or account's.
        """
        self._file = KeyAgeFile(path, self._endpoint.profile)
        return self

    def use(self) -> list[AgedUse]:
        """Send those that are due again.

        Raises:
            Inconclusive: a configuration has the SID of one again.
        """
        return [self._use(planted) for planted in self._file.due(datetime.now(UTC))]

    def _use(self, planted: Planted) -> AgedUse:
        configuration = Configuration(planted.sid)
        self._endpoint.absent.confirm(configuration)
        least_s = planted.age(datetime.now(UTC))
        again = self._endpoint.client.delete(configuration, key=planted.key)
        return AgedUse(planted, again, least_s, planted.age(datetime.now(UTC)))

    def plant(self, used: Sequence[AgedUse]) -> None:
        """Take *used* keys out of the file, and add new ones while few are left.

        Raises:
            Inconclusive: nothing could be deleted, or the file can't be written.
        """
        few = len(self._file.keys) - len(used) < ENOUGH
        new = self._deletes.completed(_PLANTED) if few else []
        self._file.replace([use.planted for use in used], [one.accepted for one in new])
