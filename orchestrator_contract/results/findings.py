"""The findings of a run: checks and breaches by requirement, and observations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from threading import RLock, local
from typing import Any, Protocol

from orchestrator_contract.contract.catalogue import Catalogue
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.results.evidence import LONG, Breach, Evidence
from orchestrator_contract.results.requirement_findings import RequirementFindings

#: Pieces of evidence kept for one requirement; the last breach that is kept may exceed it.
MAX_EVIDENCE = 12
_MAX_STEPS = 6
_MAX_SEEN = 40
#: Breaches of one test that are kept for the message of its failure.
_MAX_OF_TEST = 40
#: The test that has ended, and whose findings are recorded; threads of `Parallel` inherit it.
_ATTRIBUTED: ContextVar[str] = ContextVar("attributed", default="")


class Check(Protocol):
    """The signature of `Findings.check`."""

    def __call__(
        self,
        requirement: str,
        ok: bool,
        *,
        expected: str = "",
        seen: str = "",
        exchanges: Sequence[Exchange] = (),
        where: str = "",
    ) -> bool:
        """Record one check."""


@dataclass(frozen=True, slots=True)
class Found:
    """A breach of the current test, with the exchange that shows it."""

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


class Findings:
    """All findings of a run; safe for threads, mergeable over processes."""

    def __init__(
        self,
        catalogue: Catalogue,
        redactor: Redactor,
        excused: Callable[[str, str], bool] = lambda _requirement, _problem: True,
    ) -> None:
        self.catalogue = catalogue
        self._redactor = redactor
        self._lock = RLock()
        self.records: dict[str, RequirementFindings] = {}
        self.observations: dict[str, Counter[str]] = {}
        self.statuses: dict[int, list[int]] = {}
        self.requests = 0
        self.test = ""
        self._thread = local()
        #: Checks of each requirement of the current test before it began.
        self._checks_before: dict[str, int] = {}
        self._inconclusive: set[str] = set()
        #: The requirement of the newest breach.
        self.last_breached = ""
        self._breaches = 0
        self._fresh: list[tuple[str, str]] = []
        #: The breaches of the current or the last test, each problem once.
        self._of_test: dict[tuple[str, str], Found] = {}
        #: True if a waiver covers the problem; others are kept up to twice `MAX_EVIDENCE`.
        self.excused = excused

    def _record(self, requirement: str) -> RequirementFindings:
        if requirement not in self.catalogue.requirements:
            raise KeyError(f"no requirement {requirement} in the catalogue")
        return self.records.setdefault(requirement, RequirementFindings())

    def check(
        self,
        requirement: str,
        ok: bool,  # reads as a sentence: check("ID", status == 404, …)
        *,
        expected: str = "",
        seen: str = "",
        exchanges: Sequence[Exchange] = (),
        where: str = "",
    ) -> bool:
        """Record one check of *requirement*, and a breach if it is not *ok*; return *ok*.

        *exchanges* are the steps that show it, in order; *where* is a JSON path or header name.
        """
        with self._lock:
            record = self._record(requirement)
            record.checks += 1
            record.add_test(self._current_test)
            if not ok:
                breach = Breach(
                    self._shown(where),
                    self._shown(expected),
                    self._shown(seen),
                    test=self._current_test,
                )
                held: list[Held] | None = getattr(self._thread, "held", None)
                if held is None or not self.catalogue[requirement].level.gates:
                    self._breach(requirement, record, breach, exchanges)
                else:
                    held.append(Held(requirement, breach, tuple(exchanges)))
        return ok

    @contextmanager
    def held(self) -> Iterator[list[Held]]:
        """Hold what this thread finds instead of counting it: generated inputs are sent twice before they count."""
        held: list[Held] = []
        self._thread.held = held
        try:
            yield held
        finally:
            self._thread.held = None

    def keep(self, held: Held) -> None:
        """Count a breach that was held."""
        with self._lock:
            self._breach(
                held.requirement, self._record(held.requirement), held.breach, held.exchanges
            )

    def on(self, call: Call) -> Check:
        """Return `check` under the requirements that judge such calls as *call*."""

        def check(
            requirement: str,
            ok: bool,
            *,
            expected: str = "",
            seen: str = "",
            exchanges: Sequence[Exchange] = (),
            where: str = "",
        ) -> bool:
            found = self.catalogue.on(call.asynchronous, requirement)
            if found != requirement:
                where = f"{call.asynchronous}, by {requirement}{', ' if where else ''}{where}"
            return self.check(
                found, ok, expected=expected, seen=seen, exchanges=exchanges, where=where
            )

        return check

    def _shown(self, text: str) -> str:
        return visible(self._redactor.text(text), LONG)

    def _breach(
        self,
        requirement: str,
        record: RequirementFindings,
        breach: Breach,
        exchanges: Sequence[Exchange],
    ) -> None:
        problem = breach.problem
        record.breaches += 1
        if self.catalogue[requirement].level.gates:
            self._breaches += 1
            self.last_breached = requirement
        self._fresh.append((requirement, problem))
        if problem not in record.problems and not self._full(
            len(record.problems), requirement, problem
        ):
            record.problems.append(problem)
        record.add_trail(tuple(map(_fingerprint, exchanges)))
        self._keep_for_test(requirement, breach, exchanges)
        if self._room(requirement, record, breach):
            steps = tuple(map(self.evidence, list(exchanges)[-_MAX_STEPS:]))
            record.shown.append(replace(breach, steps=steps))

    def _keep_for_test(
        self, requirement: str, breach: Breach, exchanges: Sequence[Exchange]
    ) -> None:
        key = (requirement, breach.problem)
        if self.test and key not in self._of_test and len(self._of_test) < _MAX_OF_TEST:
            shown = replace(breach, steps=tuple(map(self.evidence, list(exchanges)[-1:])))
            self._of_test[key] = Found(requirement, shown, len(exchanges))

    def _room(self, requirement: str, record: RequirementFindings, breach: Breach) -> bool:
        """Return true if *breach* is kept with its evidence, which is then kept whole."""
        return not self._full(sum(one.weight for one in record.shown), requirement, breach.problem)

    def _full(self, number: int, requirement: str, problem: str) -> bool:
        return number >= MAX_EVIDENCE and (
            self.excused(requirement, problem) or number >= 2 * MAX_EVIDENCE
        )

    def breach_count(self) -> int:
        """Return the number of breaches of documented and derived requirements so far."""
        return self._breaches

    def story(self, requirement: str, lines: Sequence[str]) -> None:
        """Add a shrunk scenario to the newest breach kept, unless it has one."""
        with self._lock:
            shown = self._record(requirement).shown
            if shown and not shown[-1].story:
                shown[-1] = replace(shown[-1], story=tuple(map(self._redactor.text, lines)))

    def evidence(self, exchange: Exchange) -> Evidence:
        """Return an exchange as a report shows it, free of secrets."""
        clean = self._redactor.text
        return Evidence(
            request=clean(exchange.curl()),
            status=exchange.status,
            headers={name: clean(value) for name, value in exchange.shown_headers().items()},
            body=clean(exchange.text) if exchange.response else clean(f"({exchange.fault_text})"),
            note=exchange.note,
        )

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
                if test := self._current_test:
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

    def observe(self, observation: str, what: str, count: int = 1) -> None:
        """Count an observation of something that the sources leave open."""
        if observation not in self.catalogue.observations:
            raise KeyError(f"no observation {observation} in the catalogue")
        with self._lock:
            seen = self.observations.setdefault(observation, Counter())
            what = visible(self._redactor.text(what), 200)
            if what in seen or len(seen) < _MAX_SEEN:
                seen[what] += count

    def tally(self, status: int, *, valid: bool | None) -> None:
        """Count one response to a DELETE; *valid* is None if its content was not judged."""
        with self._lock:
            counts = self.statuses.setdefault(status, [0, 0, 0])
            counts[0] += 1
            counts[1] += valid is not None
            counts[2] += bool(valid)

    def count_request(self, _exchange: Exchange) -> None:
        """Count one request."""
        with self._lock:
            self.requests += 1

    def begin(self, test: str, requirements: Iterable[str]) -> None:
        """Assign the findings that follow to *test*."""
        with self._lock:
            self.test = test
            self._fresh, self._of_test = [], {}
            self._checks_before, self._inconclusive = {}, set()
            for requirement in requirements:
                record = self._record(requirement)
                self._checks_before[requirement] = record.checks
                record.add_test(test)

    @property
    def requirements(self) -> list[str]:
        """The requirements of the current test."""
        return [*self._checks_before]

    def end(self) -> list[tuple[str, str]]:
        """Return the breaches recorded since `begin`: requirement and problem."""
        with self._lock:
            self._conclude()
            fresh, self._fresh, self.test = self._fresh, [], ""
            return fresh

    def found(self, requirement: str, problem: str) -> Found:
        """Return a breach that `end` named, with its exchange if that was kept."""
        kept = self._of_test.get((requirement, problem))
        return kept or Found(requirement, Breach.parse(problem), 0)

    @contextmanager
    def attributed_to(self, test: str) -> Iterator[None]:
        """Attribute what is recorded here to *test*, which has ended."""
        token = _ATTRIBUTED.set(test)
        try:
            yield
        finally:
            _ATTRIBUTED.reset(token)

    @property
    def _current_test(self) -> str:
        return _ATTRIBUTED.get() or self.test

    def _conclude(self) -> None:
        """Name the current test in the requirements that it checked to the end."""
        look = function_of(self.test)
        for requirement, before in self._checks_before.items():
            record = self._record(requirement)
            if record.checks > before and requirement not in self._inconclusive:
                record.concluded += [look] if look not in record.concluded else []
        self._checks_before = {}

    def adopt(self, test: str, requirement: str, problem: str) -> None:
        """Count a breach that only the report of another process's test tells of."""
        with self._lock:
            record = self._record(requirement)
            record.checks += 1
            self._breach(requirement, record, replace(Breach.parse(problem), test=test), ())
            record.add_test(test)

    def dump(self) -> dict[str, Any]:
        """Return the findings as plain data, for another process to merge."""
        with self._lock:
            return {
                "records": {name: record.dump() for name, record in self.records.items()},
                "observations": {name: dict(seen) for name, seen in self.observations.items()},
                "statuses": {str(status): counts for status, counts in self.statuses.items()},
                "requests": self.requests,
            }

    def merge(self, other: dict[str, Any]) -> None:
        """Add what another process dumped."""
        with self._lock:
            for name, dumped in other["records"].items():
                record = self._record(name)
                record.merge(dumped, partial(self._room, name, record))
            for name, seen in other["observations"].items():
                for what, count in seen.items():
                    self.observe(name, what, count)
            for status, added in other["statuses"].items():
                counts = self.statuses.setdefault(int(status), [0, 0, 0])
                counts[:] = map(sum, zip(counts, added, strict=True))
            self.requests += other["requests"]


def _fingerprint(exchange: Exchange) -> str:
    """Return a short name of the exchange that is unique over the processes of a run."""
    what = f"{exchange.at.isoformat()} {exchange.method} {exchange.url} {exchange.key}"
    return blake2b(what.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def function_of(nodeid: str) -> str:
    """Return the name of a test's function, without its file and its parameters."""
    return nodeid.partition("[")[0].rpartition("::")[2]
