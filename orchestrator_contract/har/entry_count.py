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
        self._calls = 0
        self._judged = 0
        self._without_body = 0
        self._without_headers = 0
        self._no_response = 0
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
        """Count a call that the endpoint did not answer."""
        self._calls += 1
        self._elsewhere[source] += 1

    def no_response(self) -> None:
        """Count a call without a response."""
        self._calls += 1
        self._no_response += 1

    def unread(self, number: int, reason: str, *, call: bool) -> None:
        """Count an entry that can't be read, and the *call* that it is known to be."""
        self._calls += call
        self._unread[reason] += 1
        named = self._named.setdefault(reason, [])
        if len(named) < _NAMED:
            named.append(number)

    def summary(self) -> str:
        """How many entries were calls, and what could not be read."""
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
        """The summary, and what was left out of the judging."""
        made = [self.summary()]
        elsewhere = self._elsewhere.total()
        if elsewhere:
            sources = ", ".join(f"{count} from {name}" for name, count in self._elsewhere.items())
            made.append(
                f"{_number(elsewhere, 'response')} did not come from the network: {sources}"
            )
        if self._no_response:
            made.append(f"{_number(self._no_response, 'call')} without a response")
        if self._without_body:
            made.append(
                f"{_number(self._without_body, 'response')} judged by status and headers only:"
                " the body was not recorded, or can't be read"
            )
        if self._without_headers:
            made.append(
                f"{_number(self._without_headers, 'response')} judged without headers:"
                " they were not recorded, or can't be read"
            )
        return made


def _number(count: int, noun: str) -> str:
    return f"{count} {noun if count == 1 else noun + 's'}"
