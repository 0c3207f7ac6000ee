"""The findings of a run: checks and breaches by requirement, and observations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import blake2b
from threading import local
from typing import Any

from orchestrator_contract.contract.catalogue import Catalogue
from orchestrator_contract.contract.response_schemas import SCHEMAS
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.results.counts import Counts
from orchestrator_contract.results.evidence import LONG, Breach, Evidence
from orchestrator_contract.results.requirement import RequirementFindings

#: Pieces of evidence kept for one requirement; the last breach that is kept may exceed it.
MAX_EVIDENCE = 12
_MAX_STEPS = 6
#: Breaches of one test that are kept with their exchange, for the message of its failure.
_MAX_OF_TEST = 40
#: The test that has ended, and whose findings are recorded; threads of `Parallel` inherit it.
_ATTRIBUTED: ContextVar[str] = ContextVar("attributed", default="")
#: Calls of which the profile may tolerate statuses.
DELETES = frozenset({"delete", "delete-conversation"})


@dataclass(frozen=True, slots=True)
class Found:
    """A breach of a test, with the exchange that shows it if that was kept."""

    requirement: str
    breach: Breach
    #: Number of exchanges that it rests on.
    steps: int


@dataclass(frozen=True, slots=True)
class Held:
    """A breach that does not count yet."""

    requirement: str
    breach: Breach
    exchanges: tuple[Exchange, ...]


class Findings(Counts):
    """All findings of a run, in bounded memory and free of secrets.

    Safe for threads, mergeable over processes.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        redactor: Redactor,
        excused: Callable[[str, str], bool] = lambda _requirement, _problem: True,
        tolerated: Collection[int] = (),
    ) -> None:
        """Make an empty record; *tolerated* are undocumented statuses of the profile's policy."""
        super().__init__(catalogue, redactor)
        self.records: dict[str, RequirementFindings] = {}
        #: True if a waiver covers the problem; others are kept up to twice `MAX_EVIDENCE`.
        self.excused = excused
        self._tolerated = tolerated
        self.test = ""
        self._thread = local()
        #: Checks of each requirement of the current test before it began.
        self._checks_before: dict[str, int] = {}
        self._inconclusive: set[str] = set()
        #: The breaches of the current test, each problem once.
        self._of_test: dict[tuple[str, str], Found] = {}
        #: Faults that may pass, the first of each requirement.
        self._lone: dict[str, Held] = {}

    def check(
        self,
        requirement: str,
        ok: bool,  # reads as a sentence: check("ID", status == 404, …)
        *,
        expected: str = "",
        seen: str | None = None,
        exchanges: Sequence[Exchange] = (),
        where: str = "",
        call: Call | None = None,
        tolerable: bool = False,
    ) -> bool:
        """Record one check of *requirement*, and a breach if it is not *ok*; return *ok*.

        *exchanges* are the steps that show it, in order; the outcome of the last is what was *seen*
        if nothing else is given. *where* is a JSON path or header name. The requirement that is
        judged is the one that stands in its place for such calls as *call*. A *tolerable* breach
        rests on a status: one that the profile tolerates leaves the requirement open.
        """
        judged = self.catalogue.on(call.asynchronous, requirement) if call else requirement
        if not self.unseen.isdisjoint({requirement, judged}):
            return True
        if tolerable and not ok and self.tolerates(exchanges[-1]):
            self.unverified(
                [judged], f"answered {exchanges[-1].status}, which the profile tolerates"
            )
            return True
        if call and judged != requirement:
            where = f"{call.asynchronous}, by {requirement}{', ' if where else ''}{where}"
        with self._lock:
            record = self._record(judged)
            record.checks += 1
            record.add_test(self.current_test)
            if not ok:
                if seen is None:
                    seen = exchanges[-1].outcome() if exchanges else ""
                where, expected, seen = map(self._shown, (where, expected, seen))
                breach = Breach(where, expected, seen, test=self.current_test)
                held: list[Held] | None = getattr(self._thread, "held", None)
                if held is None or not self.catalogue[judged].level.gates:
                    self._breach(judged, breach, exchanges)
                else:
                    held.append(Held(judged, breach, tuple(exchanges)))
        return ok

    def passing(
        self, requirement: str, *, expected: str, seen: str, exchanges: Sequence[Exchange]
    ) -> bool:
        """Record a fault that networks cause now and then.

        One in a whole run is no breach; a second one makes both of them breaches.
        """
        with self._lock:
            record = self._record(requirement)
            record.checks += 1
            record.add_test(self.current_test)
            breach = Breach("", self._shown(expected), self._shown(seen), test=self.current_test)
            self._add_lone(Held(requirement, breach, tuple(exchanges)))
        return False

    def _add_lone(self, held: Held) -> None:
        first = self._lone.pop(held.requirement, None)
        if first is None and not self._record(held.requirement).breaches:
            self._lone[held.requirement] = held
            return
        for one in filter(None, (first, held)):
            self.keep(one)

    def status(
        self,
        requirement: str,
        steps: Sequence[Exchange],
        *allowed: int,
        expected: str = "",
        seen: str | None = None,
        call: Call | None = None,
    ) -> bool:
        """Check that the last of *steps* has one of the *allowed* statuses."""
        return self.check(
            requirement,
            steps[-1].status in allowed,
            expected=expected or " or ".join(map(str, sorted(allowed))),
            seen=seen,
            exchanges=steps,
            call=call,
            tolerable=True,
        )

    def tolerates(self, exchange: Exchange) -> bool:
        """Return true if the profile tolerates the undocumented status of a DELETE."""
        call, status = exchange.call.operation, exchange.status
        return call in DELETES and status in self._tolerated and status not in SCHEMAS[call]

    @contextmanager
    def held(self) -> Iterator[list[Held]]:
        """Keep this thread's findings uncounted until a generated input is sent again."""
        held: list[Held] = []
        self._thread.held = held
        try:
            yield held
        finally:
            self._thread.held = None

    def keep(self, held: Held) -> None:
        """Count a breach that was held."""
        with self._lock:
            self._breach(held.requirement, held.breach, held.exchanges)

    def _breach(self, requirement: str, breach: Breach, exchanges: Sequence[Exchange]) -> None:
        record, problem = self._record(requirement), breach.problem
        record.breaches += 1
        full = self._full(len(record.problems), requirement, problem)
        if problem not in record.problems and not full:
            record.problems.append(problem)
        record.add_trail(tuple(map(_fingerprint, exchanges)))
        if self._room(requirement, breach):
            steps = self.evidence(*exchanges[-_MAX_STEPS:]) or breach.steps
            record.shown.append(replace(breach, steps=steps))
        key = (requirement, problem)
        if self.test and key not in self._of_test:
            shown = exchanges[-1:] if len(self._of_test) < _MAX_OF_TEST else ()
            breach = replace(breach, steps=self.evidence(*shown))
            self._of_test[key] = Found(requirement, breach, len(exchanges))

    def _room(self, requirement: str, breach: Breach) -> bool:
        """Return true if *breach* is kept with its evidence, which is then kept whole."""
        kept = sum(one.weight for one in self._record(requirement).shown)
        return not self._full(kept, requirement, breach.problem)

    def _full(self, number: int, requirement: str, problem: str) -> bool:
        return number >= MAX_EVIDENCE and (
            self.excused(requirement, problem) or number >= 2 * MAX_EVIDENCE
        )

    def _record(self, requirement: str) -> RequirementFindings:
        if requirement not in self.catalogue.requirements:
            raise KeyError(f"no requirement {requirement} in the catalogue")
        return self.records.setdefault(requirement, RequirementFindings())

    def _shown(self, text: str) -> str:
        return visible(self._redactor.text(text), LONG)

    def evidence(self, *exchanges: Exchange) -> tuple[Evidence, ...]:
        """Return exchanges as a report shows them, free of secrets."""
        clean = self._redactor.text
        return tuple(
            Evidence(
                request=clean(one.curl()),
                status=one.status,
                headers={name: clean(value) for name, value in one.shown_headers().items()},
                body=clean(one.text if one.response else f"({one.fault_text})"),
                note=one.note,
            )
            for one in exchanges
        )

    def story(self, requirement: str, lines: Sequence[str]) -> None:
        """Add a shrunk scenario to the newest breach kept, unless it has one."""
        with self._lock:
            shown = self._record(requirement).shown
            if shown and not shown[-1].story:
                shown[-1] = replace(shown[-1], story=tuple(map(self._redactor.text, lines)))

    def unverified(self, requirements: Iterable[str], reason: str) -> None:
        """Record why the current test could not check these, or not wholly.

        A requirement is unverified if nothing else checks it, or if the test is essential to it.
        """
        reason = self._shown(reason)
        with self._lock:
            for requirement in requirements:
                record = self._record(requirement)
                if reason not in record.unverified:
                    record.unverified.append(reason)
                if test := self.current_test:
                    record.inconclusive.setdefault(function_of(test), reason)
                    self._inconclusive.add(requirement)
                    record.add_test(test)

    def cut_short(self, requirements: Iterable[str], reason: str) -> None:
        """Record that a test of these did not end, or that its findings are lost.

        Checks do not make up for it: the missing ones may have been breaches.
        """
        self.unverified(requirements, reason)
        with self._lock:
            for requirement in requirements:
                record = self._record(requirement)
                record.cut_short = record.cut_short or reason

    def begin(self, test: str, requirements: Iterable[str]) -> None:
        """Assign the findings that follow to *test*."""
        with self._lock:
            self.test = test
            self._of_test, self._checks_before, self._inconclusive = {}, {}, set()
            for requirement in requirements:
                record = self._record(requirement)
                self._checks_before[requirement] = record.checks
                record.add_test(test)

    @property
    def requirements(self) -> list[str]:
        """The requirements of the current test."""
        return [*self._checks_before]

    def end(self) -> list[Found]:
        """Return the breaches recorded since `begin`, each problem once."""
        with self._lock:
            self._conclude()
            found, self._of_test, self.test = self._of_test, {}, ""
            return list(found.values())

    @contextmanager
    def attributed_to(self, test: str) -> Iterator[None]:
        """Attribute what is recorded here to *test*, which has ended."""
        token = _ATTRIBUTED.set(test)
        try:
            yield
        finally:
            _ATTRIBUTED.reset(token)

    @property
    def current_test(self) -> str:
        """The test that this thread's findings belong to; empty outside of tests."""
        return _ATTRIBUTED.get() or self.test

    def _conclude(self) -> None:
        """Name the current test in the requirements that it checked to the end."""
        look = function_of(self.test)
        for requirement, before in self._checks_before.items():
            record = self._record(requirement)
            if record.checks > before and requirement not in self._inconclusive:
                record.concluded += [look] if look not in record.concluded else []
        self._checks_before = {}

    def adopt(self, requirement: str, breach: Breach) -> None:
        """Count a breach that only the report of another process's test tells of."""
        with self._lock:
            record = self._record(requirement)
            record.checks += 1
            self._breach(requirement, breach, ())
            record.add_test(breach.test)

    def dump(self) -> dict[str, Any]:
        """Return the findings as plain data, for another process to merge."""
        with self._lock:
            lone = {
                name: asdict(replace(held.breach, steps=self.evidence(*held.exchanges)))
                for name, held in self._lone.items()
            }
            records = {name: asdict(record) for name, record in self.records.items()}
            return {"lone": lone, "records": records, **super().dump()}

    def merge(self, other: dict[str, Any]) -> None:
        """Add what another process dumped."""
        super().merge(other)
        with self._lock:
            for name, dumped in other["records"].items():
                self._record(name).merge(dumped, partial(self._room, name))
            for name, breach in other["lone"].items():
                self._add_lone(Held(name, Breach.load(breach), ()))


def function_of(nodeid: str) -> str:
    """Return the name of a test's function, without its file and its parameters."""
    return nodeid.partition("[")[0].rpartition("::")[2]


def _fingerprint(exchange: Exchange) -> str:
    """Return a short name of the exchange that is unique over the processes of a run."""
    what = f"{exchange.at.isoformat()} {exchange.method} {exchange.url} {exchange.key}"
    return blake2b(what.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
