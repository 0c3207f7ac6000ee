"""Keys of earlier runs in the file of --ttl-ledger: sent again, and replaced by new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.key_age_file import ENOUGH, KeyAgeFile, Planted

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


class AgedKeys:
    """The keys in one file."""

    def __init__(self, endpoint: Endpoint, deletes: Deletes, path: Path) -> None:
        self._endpoint = endpoint
        self._deletes = deletes
        self._file = KeyAgeFile(path, endpoint.profile)

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
        """Take the keys that were *used* out of the file, and put new ones in while there are few.

        Raises:
            Inconclusive: nothing could be deleted, or the file can't be written.
        """
        few = len(self._file.keys) - len(used) < ENOUGH
        new = self._deletes.completed(_PLANTED) if few else []
        self._file.replace([use.planted for use in used], [one.accepted for one in new])
