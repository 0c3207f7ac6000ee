"""One breach as it is kept, carried between processes and drawn: what was expected, what was seen, the exchanges that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from orchestrator_contract.redaction.visible import visible

#: Characters of a text about a breach that are kept.
LONG = 600


@dataclass(frozen=True, slots=True)
class Evidence:
    """One exchange as a report shows it, free of secrets."""

    #: A shell line that repeats it.
    request: str
    #: The HTTP status; None when there was no complete answer, and then the body says why.
    status: int | None
    headers: Mapping[str, str]
    body: str
    #: Where else it is to be found, as "entry 3" of a recording; empty for what the run itself has sent.
    note: str = ""


@dataclass(frozen=True, slots=True)
class Breach:
    """One check that did not hold; its texts hold no secret, and nothing that a terminal acts on."""

    #: A JSON path or header name; empty where it is the answer as a whole.
    where: str
    expected: str
    seen: str
    #: The exchanges that show it, in order; none where no single request does.
    steps: tuple[Evidence, ...] = ()
    #: The shortest history that shows it, where one was looked for.
    story: tuple[str, ...] = ()

    @classmethod
    def told(cls, problem: str) -> Breach:
        """The breach of which another process told in the one line that `problem` gives; it shows no exchange."""
        where, _, rest = f": {problem}".partition(": expected ")
        expected, _, seen = rest.rpartition("; saw ")
        return cls(where.removeprefix(": "), expected, seen)

    @property
    def problem(self) -> str:
        """The breach in one line: what a waiver's pattern is held against, and a test's failure says."""
        return visible(
            f"{self.where}{': ' if self.where else ''}expected {self.expected}; saw {self.seen}",
            LONG,
        )

    @property
    def weight(self) -> int:
        """Pieces of evidence that it takes in a report."""
        return len(self.steps) or 1

    def as_json(self, rerun: str) -> list[dict[str, Any]]:
        """As conformance.json lists it (interfaces.md): a piece for each step, the problem with the last one.

        *rerun* stands where no single request shows the breach.
        """
        text = self.problem
        if self.story:
            lines = (f"{number}. {line}" for number, line in enumerate(self.story, 1))
            text = "\n".join((text, "shortest history that shows it:", *lines))
        many = len(self.steps) > 1
        pieces = []
        for number, step in enumerate(self.steps or (Evidence(rerun, None, {}, ""),), 1):
            said = (
                step.note,
                f"step {number} of {len(self.steps)}" if many else "",
                text if number == self.weight else "",
            )
            pieces.append(
                {
                    "request": step.request,
                    "status": step.status,
                    "headers": dict(step.headers),
                    "body": step.body,
                    "problem": ": ".join(filter(None, said)),
                }
            )
        return pieces

    def dump(self) -> dict[str, Any]:
        """The breach as plain data, for another process to `load`."""
        return {
            "where": self.where,
            "expected": self.expected,
            "seen": self.seen,
            "steps": [asdict(step) for step in self.steps],
            "story": list(self.story),
        }

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Breach:
        """What another process dumped."""
        steps = tuple(Evidence(**step) for step in dumped["steps"])
        return cls(**{**dumped, "steps": steps, "story": tuple(dumped["story"])})
