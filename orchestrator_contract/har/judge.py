"""`--traffic FILE.har`: a recording is judged like a run; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from orchestrator_contract.contract import catalogue
from orchestrator_contract.contract.response_schemas import decided_by
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.har.entry import EntryReader
from orchestrator_contract.har.history import History
from orchestrator_contract.har.reader import Damaged, entries
from orchestrator_contract.har.recorded import Recorded
from orchestrator_contract.har.times import ordered
from orchestrator_contract.profile import Profile
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.results.baseline import Baseline
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.results.verdict import Policy, Result, conclude
from orchestrator_contract.results.waivers import Waivers
from orchestrator_contract.rules import control_plane
from orchestrator_contract.rules.idempotency import MISMATCH
from orchestrator_contract.rules.responses import Judge

_ACCEPTED_CALLS = frozenset({"create", "update", "patch"})
#: A recording has neither framing nor coding.
_OF_WIRE = frozenset({"HTTP-COMPLETE", "HTTP-CONTENT-ENCODING"})
#: Decided by the body, beside what the schemas of bodies decide.
_OF_BODY = frozenset(
    {"HTTP-JSON", "HTTP-CONTENT-TYPE", "CTRL-PAGINATION"}
    | {"ERR-STATUS-MATCHES", "ERR-CODE-MATCHES", "ERR-MORE-INFO", "OBS-ERROR-SHAPE"}
    | {"DEL-202-RELATED", "OBS-STATUS-URL", "OBS-SID-PREFIX"}
)
#: Decided by a header, beside what the schemas of headers decide.
_OF_HEADERS = frozenset({"HTTP-CONTENT-TYPE", "OBS-STATUS-URL"})
#: Compares the links of a 202: takes two.
_OF_LINKS = frozenset({"DEL-202-LINKS-AGREE"})


class _Target(Profile):
    """A recording as a target: no capability is lacking, the rest stays open."""

    __slots__ = ()

    def lacks(self, needs: tuple[str, ...]) -> tuple[str, ...]:
        """Nothing: needs are needs of a live run."""
        return ()


class RecordingJudge:
    """One recording on its way to a result."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.findings = Findings(catalogue.load(), Redactor())
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
            self.findings.unseen = _unseen(seen)
            self._judge_one(seen)
        self.findings.unseen = frozenset()
        self.findings.unverified(self._unchecked(), "the recording shows none")

    def _judge_one(self, seen: Recorded) -> None:
        exchange = seen.exchange
        if self._history.keys.may_refuse(seen):
            exchange.call = replace(exchange.call, allow=exchange.call.allow | MISMATCH)
        self._judge.judge(exchange, whole=seen.whole)
        self.findings.count_request(exchange)
        if exchange.call.operation in _ACCEPTED_CALLS and exchange.succeeded:
            control_plane.accepted(self.findings, exchange)
        self._history.add(seen)

    def _read(self) -> Iterator[Recorded]:
        try:
            for number, entry in enumerate(entries(self.path)):
                seen = self._reader.read(number, entry)
                if seen is not None:
                    yield seen
        except Damaged:
            read = self._reader.count.entries
            said = (
                f"after entry {read - 1}: the rest was not"
                if read
                else "in its first entry: nothing was"
            )
            self._damage = f"the recording is damaged {said} read"

    def _unchecked(self) -> list[str]:
        known = self.findings.records
        return [
            name
            for name in self.findings.catalogue.requirements
            if name not in known or not known[name].checks
        ]

    def _notes(self) -> list[str]:
        forgot = self._history.forgot
        forgotten = (
            f"{forgot} keys and operations were forgotten to bound memory:"
            " later entries were not compared with them"
        )
        notes = [*self._reader.count.notes(), self._damage, forgotten if forgot else ""]
        return list(filter(None, notes))

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
        return conclude(
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
            recording=str(self.path),
        )

    def _nothing_judged(self, wanted: frozenset[str]) -> EndpointUnusable | None:
        """Why no *wanted* requirement could be judged; None if one was."""
        if wanted.difference(self._unchecked()):
            return None
        return EndpointUnusable(f"nothing could be judged: {self._reader.count.summary()}")


def _unseen(seen: Recorded) -> frozenset[str]:
    """The parts of an exchange that were not recorded."""
    unseen = _OF_WIRE
    if not seen.body:
        unseen |= _OF_BODY | decided_by("body")
    if not seen.headers:
        unseen |= _OF_HEADERS | decided_by("headers")
    links = (
        seen.exchange.object.get("statusUrl"),
        seen.exchange.headers.get("location"),
        seen.exchange.headers.get("operation-id"),
    )
    if not seen.whole and sum(map(bool, links)) < 2:
        unseen |= _OF_LINKS
    return unseen
