"""`--traffic FILE.har`: a recording is judged like a run; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from orchestrator_contract.contract import catalogue
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.har.entry_count import EntryCount
from orchestrator_contract.har.entry_request import Unreadable
from orchestrator_contract.har.har_entry import (
    EntryReader,
    NoResponse,
    NotFromNetwork,
    UnreadableCall,
)
from orchestrator_contract.har.history import History
from orchestrator_contract.har.ordered import ordered
from orchestrator_contract.har.reader import Damaged, entries
from orchestrator_contract.har.recorded import Recorded
from orchestrator_contract.har.recorded_findings import RecordedFindings
from orchestrator_contract.profile import Profile
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.results.baseline import Baseline
from orchestrator_contract.results.verdict import Policy, Result, conclude
from orchestrator_contract.results.waivers import Waivers
from orchestrator_contract.rules import control_plane
from orchestrator_contract.rules.idempotency import MISMATCH
from orchestrator_contract.rules.responses import Judge

_ACCEPTED_CALLS = frozenset({"create", "update", "patch"})


class _Target(Profile):
    """A recording as a target: it lacks no capability, and leaves open what it does not show."""

    __slots__ = ()

    def lacks(self, needs: tuple[str, ...]) -> tuple[str, ...]:
        """Nothing: needs are needs of a live run."""
        return ()


class RecordingJudge:
    """One recording on its way to a result."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.findings = RecordedFindings(catalogue.load(), Redactor())
        self.count = EntryCount()
        self._judge = Judge(self.findings)
        self._history = History(self.findings)
        self._reader = EntryReader()
        self._damage = ""

    def judge(self, waivers: Waivers) -> None:
        """Judge the whole file.

        Raises:
            NotHar: it can't be read, or is no HAR.
        """
        self.findings.excused = waivers.excuses
        for seen in ordered(self._read()):
            with self.findings.limited_to(seen):
                self._judge_one(seen)
        self.findings.unverified(self._unchecked(), "the recording shows none")

    def _judge_one(self, seen: Recorded) -> None:
        exchange = seen.exchange
        if self._history.keys.may_refuse(seen):
            exchange.call = replace(exchange.call, allow=exchange.call.allow | MISMATCH)
        self._judge.judge(exchange)
        self.findings.count_request(exchange)
        if exchange.call.operation in _ACCEPTED_CALLS and exchange.succeeded:
            control_plane.accepted(self.findings, exchange)
        self._history.add(seen)

    def _read(self) -> Iterator[Recorded]:
        try:
            for number, entry in enumerate(entries(self.path)):
                self.count.entries += 1
                seen = self._entry(number, entry)
                if seen is not None:
                    self.count.call(seen)
                    yield seen
        except Damaged:
            read = self.count.entries
            self._damage = (
                f"the recording is damaged after entry {read - 1}: the rest was not read"
                if read
                else "the recording is damaged in its first entry: nothing was read"
            )

    def _entry(self, number: int, entry: object) -> Recorded | None:
        try:
            return self._reader.read(number, entry)
        except Unreadable as error:
            self.count.unread(number, str(error), call=isinstance(error, UnreadableCall))
        except NotFromNetwork as error:
            self.count.not_from_network(str(error))
        except NoResponse:
            self.count.no_response()
        return None

    def _unchecked(self) -> list[str]:
        known = self.findings.records
        return [
            name
            for name in self.findings.catalogue.requirements
            if name not in known or not known[name].checks
        ]

    def _notes(self) -> list[str]:
        forgot = self._history.forgot
        return [
            *self.count.notes(),
            *([self._damage] if self._damage else []),
            *(
                [
                    f"{forgot} keys and operations were forgotten to bound memory:"
                    " later entries were not compared with them"
                ]
                if forgot
                else []
            ),
        ]

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
        for record in self.findings.records.values():
            record.tests = [f"--traffic {self.path.name}"] if record.checks else []
        made = conclude(
            self.findings,
            _Target(name=f"recording {self.path.name}", base_url=self._reader.origin or "none"),
            wanted,
            policy=policy,
            seed=seed,
            effort=effort,
            started=started,
            finished=datetime.now(UTC),
            unusable=self._nothing_judged(wanted),
            notes=self._notes(),
            waivers=waivers,
            baseline=baseline,
        )
        made.recording = str(self.path)
        return made

    def _nothing_judged(self, wanted: frozenset[str]) -> EndpointUnusable | None:
        """Why no requirement of those *wanted* could be judged; None where one was."""
        if wanted.difference(self._unchecked()):
            return None
        return EndpointUnusable(f"nothing could be judged: {self.count.summary()}")
