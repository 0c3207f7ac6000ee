"""Counts what a recording holds, for the notes of its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from orchestrator_contract.har.recorded import Recorded

#: Entries that are named for each reason.
_NAMED = 10


class EntryCount:
    """Counts entries by what could be made of them."""

    def __init__(self) -> None:
        self.entries = 0
        self._judged = 0
        self._without_body = self._without_headers = self._no_response = 0
        self._elsewhere: Counter[str] = Counter()
        #: Reason -> the numbers of the entries that can't be read for it.
        self._unread: dict[str, list[int]] = {}
        self._unread_calls = 0

    def call(self, seen: Recorded) -> None:
        """Count a call that is judged."""
        self._judged += 1
        self._without_body += not seen.body and not seen.answers_condition
        self._without_headers += not seen.headers

    def not_from_network(self, source: str) -> None:
        """Count a call that the endpoint did not answer, but *source*."""
        self._elsewhere[source] += 1

    def no_response(self) -> None:
        """Count a call without a response."""
        self._no_response += 1

    def unread(self, number: int, reason: str, *, call: bool) -> None:
        """Count an unreadable entry, and its *call* where known."""
        self._unread_calls += call
        self._unread.setdefault(reason, []).append(number)

    def summary(self) -> str:
        """A sentence: how many entries were calls, and which could not be read."""
        not_judged = self._elsewhere.total() + self._no_response + self._unread_calls
        calls = self._judged + not_judged
        noun = "entry" if calls == self.entries == 1 else "entries"
        verb = "was a call" if calls == 1 else "were calls"
        said = f"{calls} of {self.entries} {noun} {verb} to the control plane"
        if not_judged:
            said += f" ({self._judged} judged)"
        if not self._unread:
            return said
        unread = sum(map(len, self._unread.values()))
        return f"{said}; {unread} could not be read: {'; '.join(self._reasons())}"

    def _reasons(self) -> Iterator[str]:
        for reason, numbers in self._unread.items():
            named = ", ".join(map(str, numbers[:_NAMED])) + (", …" if numbers[_NAMED:] else "")
            noun = "entry" if len(numbers) == 1 else "entries"
            yield f"{len(numbers)} × {reason} ({noun} {named})"

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
