"""A breach as it is stored, sent between processes and shown in reports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from orchestrator_contract.redaction.visible import visible

#: Characters of a text about a breach that are kept.
LONG = 600
#: Characters of a response's body that are shown beside its status, and in a single line.
_BEGINNING = 100
_BRIEF = 40


@dataclass(frozen=True, slots=True)
class Evidence:
    """One exchange as a report shows it, free of secrets."""

    #: A shell line that repeats it.
    request: str
    #: The HTTP status; None if there was no complete response, and then the body says why.
    status: int | None
    headers: Mapping[str, str]
    body: str
    #: Its place in a recording, as "entry 3"; empty for what the run sent.
    note: str = ""

    def response(self, limit: int = _BEGINNING) -> str:
        """Return the status and up to *limit* characters of the body, in one line."""
        if self.status is None:
            return f"no response {self.body}".rstrip()
        body = " ".join(self.body[: 4 * limit].split())
        shown = body[:limit] + ("…" if len(body) > limit else "")
        quoted = shown if body.startswith(("{", "[")) or not body else f'"{shown}"'
        return visible(f"{self.status} {quoted}".rstrip())


@dataclass(frozen=True, slots=True)
class Breach:
    """A failed check; its texts hold no secret and are safe to show."""

    #: A JSON path or header name; empty if it is about the response as a whole.
    where: str
    expected: str
    seen: str
    #: The exchanges that show it, in order; empty if no single request does.
    steps: tuple[Evidence, ...] = ()
    #: The shortest history that shows it, where one was looked for.
    story: tuple[str, ...] = ()
    #: The test that found it; empty outside of tests.
    test: str = ""

    @property
    def problem(self) -> str:
        """The breach in one line, which a waiver's pattern is searched in."""
        return visible(
            f"{self.where}{': ' if self.where else ''}expected {self.expected}; saw {self.seen}",
            LONG,
        )

    @property
    def observed(self) -> str:
        """The seen part, with the status and the beginning of the response's body."""
        return self._observed(_BEGINNING)

    @property
    def summary(self) -> str:
        """The breach in one line, for people."""
        where = f"{self.where}: " if self.where else ""
        return visible(f"expected {where}{self.expected}; seen {self._observed(_BRIEF)}", LONG)

    def _observed(self, limit: int) -> str:
        if not self.steps:
            return self.seen
        last = self.steps[-1]
        response, status = last.response(limit), str(last.status)
        if last.status is None:
            told = self.seen.startswith("no response")
            return self.seen if told else f"no response: {self.seen}" if self.seen else response
        if self.seen in ("", status):
            return response
        if re.match(rf"{status}\b", self.seen):
            body = response.removeprefix(status).strip()
            return f"{self.seen}: {body}" if body else self.seen
        return f"{response}: {self.seen}"

    @property
    def weight(self) -> int:
        """Number of pieces of evidence that it takes in a report."""
        return len(self.steps) or 1

    def as_json(self, rerun: str) -> list[dict[str, Any]]:
        """Return the evidence of conformance.json: one piece for each step.

        The problem stands with the last one; *rerun* stands in for a request if none shows it.
        """
        steps = self.steps or (Evidence(rerun, None, {}, ""),)
        lines = [f"{number}. {line}" for number, line in enumerate(self.story, 1)]
        head = ["shortest history that shows it:"] if self.story else []
        pieces = []
        for number, step in enumerate(steps, 1):
            count = f"step {number} of {len(steps)}" if len(steps) > 1 else ""
            problem = "\n".join((self.problem, *head, *lines)) if number == len(steps) else ""
            piece = asdict(step) | {"headers": dict(step.headers)}
            piece["problem"] = ": ".join(filter(None, (piece.pop("note"), count, problem)))
            pieces.append(piece)
        return pieces

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Breach:
        """Return the breach that another process has as plain data."""
        steps = tuple(Evidence(**step) for step in dumped["steps"])
        return cls(**{**dumped, "steps": steps, "story": tuple(dumped["story"])})
