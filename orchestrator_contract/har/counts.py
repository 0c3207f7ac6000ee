"""Counts what a recording holds, for the notes of its report."""

from __future__ import annotations

from collections import Counter

from orchestrator_contract.har.recorded import Recorded

#: Entries that are named for each reason.
_NAMED = 10


class EntryCount:
    """Counts entries by what could be made of them."""

    def __init__(self) -> None:
        self.entries = 0
        self._calls = self._judged = 0
        self._without_body = self._without_headers = self._no_response = 0
        self._elsewhere: Counter[str] = Counter()
        self._unread: Counter[str] = Counter()
        #: The first entries of each reason.
        self._named: dict[str, list[int]] = {}

    def call(self, seen: Recorded) -> None:
        """Count a call that is judged."""
        self._calls += 1
        self._judged += 1
        self._without_body += not seen.body and not seen.answers_condition
        self._without_headers += not seen.headers

    def not_from_network(self, source: str) -> None:
        """Count a call that the endpoint did not answer, but *source*."""
        self._calls += 1
        self._elsewhere[source] += 1

    def no_response(self) -> None:
        """Count a call without a response."""
        self._calls += 1
        self._no_response += 1

    def unread(self, number: int, reason: str, *, call: bool) -> None:
        """Count an unreadable entry, and its *call* where known."""
        self._calls += call
        self._unread[reason] += 1
        named = self._named.setdefault(reason, [])
        if len(named) < _NAMED:
            named.append(number)

    def summary(self) -> str:
        """A sentence: how many entries were calls, and which could not be read."""
        noun = "entry" if self._calls == self.entries == 1 else "entries"
        verb = "was a call" if self._calls == 1 else "were calls"
        said = f"{self._calls} of {self.entries} {noun} {verb} to the control plane"
        if self._judged < self._calls:
            said += f" ({self._judged} judged)"
        unread = self._unread.total()
        if not unread:
            return said
        return f"{said}; {unread} could not be read: {'; '.join(map(self._reason, self._unread))}"

    def _reason(self, reason: str) -> str:
        count, numbers = self._unread[reason], self._named[reason]
        named = ", ".join(map(str, numbers)) + (", …" if count > len(numbers) else "")
        return f"{count} × {reason} ({'entry' if count == 1 else 'entries'} {named})"

    def notes(self) -> list[str]:
        """The summary, and a note on entries that were left out."""
        sources = ", ".join(f"{count} from {name}" for name, count in self._elsewhere.items())
        unknown = "not recorded, or can't be read"
        counted = (
            (self._elsewhere.total(), "response", f" did not come from the network: {sources}"),
            (self._no_response, "call", " without a response"),
            (
                self._without_body,
                "response",
                f" judged by status and headers only: the body was {unknown}",
            ),
            (
                self._without_headers,
                "response",
                f" judged without headers: they were {unknown}",
            ),
        )
        return [
            self.summary(),
            *(f"{n} {noun}{'s' * (n != 1)}{said}" for n, noun, said in counted if n),
        ]
