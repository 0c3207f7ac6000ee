"""`--traffic FILE.har`: a recording judged like a run; nothing is sent."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from orchestrator_contract.contract import catalogue
from orchestrator_contract.har.har_entry import BadEntry, Reader, Recorded, Skipped
from orchestrator_contract.har.history import History
from orchestrator_contract.har.reader import Damaged, entries
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.profile import Profile
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.results.baseline import Baseline
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.results.verdict import Policy, Result, conclude
from orchestrator_contract.results.waivers import Waivers
from orchestrator_contract.rules.idempotency import MISMATCH
from orchestrator_contract.rules.responses import Judge

#: Entries that are read ahead to put requests into the order in which they started.
_AHEAD = 256
_SHOWN = 20


class _Recording(Profile):
    """A recording as a target: it lacks no capability, and what it doesn't show stays unverified by itself."""

    __slots__ = ()

    def lacks(self, needs: tuple[str, ...]) -> tuple[str, ...]:
        """Nothing: needs are needs of a live run."""
        return ()


class _Judge(Judge):
    """Judges only what a recording shows: no framing and coding, and bodies where it has them."""

    body = True

    def _http(self, exchange: Exchange) -> bool:
        return True

    def _content(self, exchange: Exchange) -> bool:
        if self.body:
            return super()._content(exchange)
        slot = (exchange.call.operation, exchange.status or 0, "headers")
        return self._schemas(exchange, slot, dict(exchange.headers))


class Traffic:
    """One recording on its way to a result."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.findings = Findings(catalogue.load(), Redactor())
        self._judge = _Judge(self.findings)
        self._history = History(self.findings)
        self._reader = Reader()
        self.notes: list[str] = []
        self._bad = 0
        self._seen = 0
        self._skipped: dict[str, int] = {}

    def judge(self, waivers: Waivers) -> None:
        """Judge the whole file.

        Raises:
            NotHar: it can't be read or is none.
        """
        self.findings.excused = waivers.excuses
        for seen in self._ordered():
            self._judge.body = seen.body
            if self._history.keys.may_refuse(seen):
                call = seen.exchange.call
                seen.exchange.call = replace(call, allow=call.allow | MISMATCH)
            self._judge.judge(seen.exchange)
            self.findings.count_request(seen.exchange)
            status, operation = seen.exchange.status or 0, seen.exchange.call.operation
            if operation in ("create", "update", "patch") and 200 <= status < 300:
                self.findings.check(
                    "CTRL-ACCEPTED",
                    status == 202,
                    expected="202",
                    seen=str(status),
                    exchanges=[seen.exchange],
                )
            self._history.add(seen)
        self._close()

    def _ordered(self) -> Iterator[Recorded]:
        """Recorded calls by start; HAR entries may stand in the order in which they ended."""
        waiting: list[tuple[float, int, Recorded]] = []
        number = count()
        for seen in self._read():
            heapq.heappush(waiting, (seen.start, next(number), seen))
            if len(waiting) > _AHEAD:
                yield heapq.heappop(waiting)[2]
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _read(self) -> Iterator[Recorded]:
        index = -1
        try:
            for index, entry in enumerate(entries(self.path)):
                try:
                    seen = self._reader.read(index, entry)
                except BadEntry as bad:
                    self._complain(f"entry {index} can't be judged: {bad}")
                except Skipped as skipped:
                    self._skipped[str(skipped)] = self._skipped.get(str(skipped), 0) + 1
                else:
                    if seen is not None:
                        self._seen += 1
                        yield seen
        except Damaged:
            self.notes.append(
                f"the recording is damaged after entry {index}: what follows was not read"
                if index >= 0
                else "the recording is damaged before its first entry ends: nothing was read"
            )

    def _complain(self, text: str) -> None:
        self._bad += 1
        if self._bad <= _SHOWN:
            self.notes.append(text)

    def _close(self) -> None:
        if self._bad > _SHOWN:
            self.notes.append(f"{self._bad - _SHOWN} more entries can't be judged")
        self.notes += [
            f"{number} entries were not judged: {why}" for why, number in self._skipped.items()
        ]
        if self._history.forgot:
            self.notes.append(
                f"{self._history.forgot} keys and operations were forgotten to bound memory: later entries were not compared with them"
            )
        if not self._seen:
            self.notes.append("the recording holds no call to the control plane")
        known = self.findings.records
        unseen = [
            name
            for name in self.findings.catalogue.requirements
            if name not in known or not known[name].checks
        ]
        self.findings.unverified(unseen, "the recording shows none")

    def result(
        self,
        wanted: frozenset[str],
        policy: Policy,
        effort: str,
        seed: int,
        started: datetime,
        waivers: Waivers,
        baseline: Baseline | None = None,
    ) -> Result:
        """The result that the reports are drawn from."""
        profile = _Recording(
            name=f"recording {self.path.name}", base_url=self._reader.origin or "none"
        )
        for record in self.findings.records.values():
            record.tests = [f"--traffic {self.path.name}"] if record.checks else []
        return conclude(
            self.findings,
            profile,
            wanted,
            policy=policy,
            seed=seed,
            effort=effort,
            started=started,
            finished=datetime.now(UTC),
            notes=self.notes,
            waivers=waivers,
            baseline=baseline,
        )
