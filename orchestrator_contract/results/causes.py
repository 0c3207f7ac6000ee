"""Breaches grouped by the exchanges that they rest on, the most direct one first.

One mistake of an endpoint breaches several requirements: a DELETE that returns 200 has no
documented status, is not accepted, and does not replay a 202. Grouping changes no verdict, only
the order in which a reader sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from enum import IntEnum

from orchestrator_contract.contract.catalogue import Requirement
from orchestrator_contract.contract.response_schemas import DELETE_STATUSES, decided_by
from orchestrator_contract.results.requirement import BREACHES, RequirementResult


class Stage(IntEnum):
    """Directness with which a requirement is about one exchange."""

    #: The response as an HTTP message.
    MESSAGE = 0
    STATUS = 1
    SHAPE = 2
    #: What a single response says.
    CONTENT = 3
    #: What several exchanges say together.
    SEQUENCE = 4


_MESSAGE = frozenset({"HTTP-COMPLETE", "HTTP-CONTENT-ENCODING"})
_STATUS = frozenset(
    {
        *("DEL-STATUS", "DEL-ACCEPTED", "SID-UNKNOWN", "SID-MALFORMED", "SID-METHOD-NOT-ALLOWED"),
        *("ERR-409-STATUS", "ERR-429-STATUS", "ERR-500-STATUS", "ERR-503-STATUS"),
        "AUTH-REFUSED-4XX",
    }
)
_SHAPE = frozenset({"HTTP-JSON", "HTTP-CONTENT-TYPE"})
#: What every later request relies on: a body that can be read, and the operation that a 202 names.
_RELIED_ON = frozenset(
    {
        "HTTP-JSON",
        *("DEL-202-OPERATION-NAMED", "DEL-202-LINKS-AGREE", "DEL-202-OWN-OPERATION"),
        "DEL-202-STATUS-URL-ORIGIN",
    }
)
#: Requirements that one mistake in replays breaches, in whichever state the operation is.
_REPLAYS = frozenset({"KEY-REPLAY", "KEY-REPLAY-ENDED", "KEY-REPLAY-FAILED", "KEY-TTL-MIN"})
#: Those that one mistake in recognizing a key's request breaches.
_REUSES = frozenset({"KEY-REUSE-OTHER-SID", "KEY-REUSE-OTHER-CALL"})
_Touches = Callable[["Stage", tuple[str, ...]], bool]
#: Shares of breaches that have an exchange in common: one cause leads to most of the others',
#: or to some of them while those accompany most of its own.
_MOST, _SOME = 0.5, 0.2


def grouped(
    rows: Iterable[RequirementResult], new: Collection[str] = ()
) -> list[list[RequirementResult]]:
    """Group the breached *rows* by cause, the most severe and most direct first.

    *new* names requirements that an earlier run did not breach; they lead those that it did.
    """
    ordered = sorted(
        (row for row in rows if row.verdict in BREACHES),
        key=lambda row: (
            BREACHES.index(row.verdict),
            row.requirement.id not in new,
            *directness(row),
        ),
    )
    return [group.rows for group in _merged([_Group(row) for row in ordered])]


def directness(row: RequirementResult) -> tuple[int, int]:
    """Return a sort key: rows that are more directly about an exchange come first.

    Among equals the catalogue's order leads from single responses to races.
    """
    steps = _fewest(row)
    return stage(row.requirement, steps), steps


def stage(requirement: Requirement, steps: int) -> Stage:
    """Return the stage of a requirement, from the fewest *steps* of its breaches."""
    if steps != 1:
        return Stage.SEQUENCE
    if requirement.id in _MESSAGE:
        return Stage.MESSAGE
    if requirement.id in _STATUS:
        return Stage.STATUS
    if requirement.id in _SHAPE | decided_by("body") | decided_by("headers"):
        return Stage.SHAPE
    return Stage.CONTENT


class _Group:
    """Rows of one cause so far, in order, and the exchanges that their breaches rest on."""

    def __init__(self, row: RequirementResult) -> None:
        self.rows: list[RequirementResult] = []
        self.trails: list[tuple[Stage, tuple[str, ...]]] = []
        #: Exchanges that a breach is about: its last one.
        self._about: set[str] = set()
        #: Those of them that are wrong in themselves.
        self._single: set[str] = set()
        #: Those that spoil what relies on them, and all exchanges of breaches that rest on several.
        self._relied_on: set[str] = set()
        self._add(row)

    def _add(self, row: RequirementResult) -> None:
        self.rows.append(row)
        found = stage(row.requirement, _fewest(row))
        spoils = found <= Stage.STATUS or row.requirement.id in _RELIED_ON
        for trail in row.record.trails:
            self.trails.append((found, trail))
            self._about.add(trail[-1])
            if row.requirement.id in _REPLAYS:
                self._relied_on.add(trail[-1])  # the original response may be right
            elif found is Stage.SEQUENCE:
                self._relied_on.update(trail)
            else:
                self._single.add(trail[-1])
                self._relied_on.update(trail[-1:] if spoils else ())

    def take(self, other: _Group) -> None:
        """Merge *other*, which is less direct, into this group."""
        for row in other.rows:
            self._add(row)

    def explains(self, other: _Group) -> bool:
        """Return true if this group is the cause of most breaches of *other*."""
        share = self._share(other, self._leads_to)
        if share >= _MOST or self._is_like(other):
            return True
        if share >= _SOME and other._share(self, other._leads_to) >= _MOST:
            return True
        return (
            self._share(other, self._is_about) >= _MOST
            and other._share(self, other._is_about) >= _MOST
        )

    def _is_like(self, other: _Group) -> bool:
        """Return true if both are about replays, reuses, no response, or one wrong status."""
        first, lead = self.rows[0], other.rows[0].requirement.id
        names = {row.requirement.id for row in self.rows}
        if any(lead in kind and names & kind for kind in (_REPLAYS, _REUSES)):
            return True
        if first.requirement.id == "HTTP-COMPLETE":
            return _last_statuses(first) == {None} == _last_statuses(other.rows[0])
        wrong = _last_statuses(first) - DELETE_STATUSES
        return first.requirement.id == "DEL-STATUS" and (
            set() < _last_statuses(other.rows[0]) <= wrong
        )

    def _share(self, other: _Group, touches: _Touches) -> float:
        hits = sum(touches(found, trail) for found, trail in other.trails)
        return hits / len(other.trails) if other.trails else 0.0

    def _leads_to(self, found: Stage, trail: tuple[str, ...]) -> bool:
        if found is Stage.SEQUENCE:
            return not self._relied_on.isdisjoint(trail)
        return trail[-1] in self._single

    def _is_about(self, _: Stage, trail: tuple[str, ...]) -> bool:
        return trail[-1] in self._about


def _merged(groups: list[_Group]) -> list[_Group]:
    """Merge each group into the first that explains it, until none does."""
    while True:
        kept: list[_Group] = []
        for later in groups:
            cause = next((one for one in kept if one.explains(later)), None)
            if cause is None:
                kept.append(later)
            else:
                cause.take(later)
        if len(kept) == len(groups):
            return kept
        groups = kept


def _last_statuses(row: RequirementResult) -> set[int | str | None]:
    """Return the statuses of the DELETEs, and other methods, that its breaches end with."""
    last = [breach.steps[-1] for breach in row.record.shown if breach.steps]
    return {one.status if "-X DELETE" in one.request else "another method" for one in last}


def _fewest(row: RequirementResult) -> int:
    return min(map(len, row.record.trails), default=0)
