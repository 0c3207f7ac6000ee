"""Puts every call of a client before every rule, and counts what went wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from orchestrator_contract.mock.clients.calls import Call
from orchestrator_contract.mock.clients.history import History
from orchestrator_contract.mock.clients.rules import RULES, Limits, Rule

#: Examples kept for one rule; further ones are counted.
EXAMPLES = 10


@dataclass(slots=True)
class Finding:
    """Everything that one rule found."""

    rule: Rule
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
        self._findings = {one.id: Finding(one) for one in self.rules}
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
                finding = Finding(
                    one, self._findings[one.id].count, list(self._findings[one.id].examples)
                )
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
