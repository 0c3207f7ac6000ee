"""Puts every call of a client before every rule, and counts what went wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.clients.calls import Call
from orchestrator_contract.mock.clients.history import History
from orchestrator_contract.mock.clients.rules import RULES, Limits
from orchestrator_contract.mock.messages import Request, Response

REPORT = b"/__client_report"
#: Examples kept for one rule; further ones are counted.
EXAMPLES = 10


@dataclass(slots=True)
class Finding:
    """Everything that one rule found."""

    count: int = 0
    examples: list[dict[str, str]] = field(default_factory=list)

    def add(self, request: str, problem: str) -> None:
        """One more."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append({"request": request, "problem": problem})


class ClientJudge:
    """Judges all that comes in; safe for threads."""

    def __init__(
        self, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self.history = History()
        self.rules = [made(self.history, limits or Limits()) for made in RULES]
        self._findings = {one.id: Finding() for one in self.rules}
        self._lock = Lock()
        self.requests = 0
        self.deletes = 0

    def arrived(self, call: Call) -> None:
        """A request came in."""
        with self._lock:
            self.requests += 1
            self.deletes += call.kind == "delete"
            for one in self.rules:
                for problem in one.arrive(call):
                    self._findings[one.id].add(call.name, problem)

    def answered(self, call: Call) -> None:
        """Its answer went out; the call knows it."""
        with self._lock:
            for one in self.rules:
                one.answer(call)
            self.history.answered(call)

    def found(self, rule: str, request: str, problem: str) -> None:
        """Add a finding from elsewhere, as from the foreign origin's listener."""
        with self._lock:
            self._findings[rule].add(request, problem)

    def report(self) -> dict[str, Any]:
        """The findings so far as plain JSON data; what is left undone counts as of now."""
        with self._lock:
            rows = []
            for one in self.rules:
                found = self._findings[one.id]
                finding = Finding(found.count, list(found.examples))
                for request, problem in one.close():
                    finding.add(request, problem)
                if finding.count:
                    rows.append(
                        {
                            "rule": one.id,
                            "title": one.title,
                            "source": one.source,
                            "count": finding.count,
                            "examples": finding.examples,
                        }
                    )
            return {
                "verdict": "faulty" if rows else "clean" if self.requests else "nothing seen",
                "requests": self.requests,
                "deletes": self.deletes,
                "findings": rows,
                "rules": [one.id for one in self.rules],
            }


def watching(judge: ClientJudge) -> type[Behaviour]:
    """A behaviour that shows every call to *judge*, serves its report and changes nothing."""

    class Watching(Behaviour):
        """Shows each call to the judge."""

        async def handle(self, request: Request) -> Response:
            """Announce the call, and remember it until its response has gone out."""
            if request.path == REPORT:
                return Response.of(200, judge.report())
            secrets = tuple(password.encode() for _, password in self.settings.accounts.values())
            call = Call.of(request, judge.clock(), self.now(), secrets)
            if request.path.startswith(b"/__"):
                return await super().handle(request)
            judge.arrived(call)
            response = await super().handle(request)
            self._calls[id(request)] = call
            return response

        def delivered(self, request: Request, response: Response, *, reached: bool) -> None:
            """Give the judge the response that the client got."""
            super().delivered(request, response, reached=reached)
            call = self._calls.pop(id(request), None)
            if call is not None:
                call.answer(response, judge.clock(), reached=reached)
                judge.answered(call)

        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]  # world and settings, as every behaviour
            self._calls: dict[int, Call] = {}

    return Watching


def summary(report: dict[str, Any]) -> str:
    """The report as text for people."""
    lines = [
        f"client: {report['verdict']} ({report['requests']} requests, {report['deletes']}"
        " deletes judged)"
    ]
    for row in report["findings"]:
        times = "once" if row["count"] == 1 else f"{row['count']} times"
        lines.append(f"  {row['rule']} {times}: {row['title']} [{row['source']}]")
        lines += [f"      {one['request']}: {one['problem']}" for one in row["examples"][:3]]
    met = len(report["rules"]) - len(report["findings"])
    lines.append(f"  {met} of {len(report['rules'])} rules without a finding")
    return "\n".join(lines)
