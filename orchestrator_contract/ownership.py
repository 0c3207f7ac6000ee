"""What the run may change: what it created, was given, or has just shown to be absent."""

from __future__ import annotations

import re
from threading import Lock
from urllib.parse import unquote

from orchestrator_contract.exchange import Call
from orchestrator_contract.verdict import Unverifiable

_PLAIN = re.compile(r"(?!\.+\Z)[A-Za-z0-9._~-]{1,200}\Z")


class NotOwned(Unverifiable):
    """A request would have changed something that is not the run's; it was not sent, and what wanted it is not verified."""


def is_plain(sid: str) -> bool:
    """Whether *sid* is one path segment that means itself: nothing to decode, to cut off or to climb by."""
    return _PLAIN.match(sid) is not None


class Ownership:
    """The set of path segments that mutating requests may name, as they stand in the URL."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._allowed: set[str] = set()
        self._touched: set[str] = set()
        self._doubtful: set[str] = set()
        self._conversations: set[str] = set()

    def allow(self, *segments: str) -> None:
        """Take these ids, or raw path segments, for the run's own."""
        with self._lock:
            self._allowed.update(segments)

    def allow_conversation(self, sid: str) -> None:
        """Take this conversation, which the profile gives, for one that may be deleted."""
        with self._lock:
            self._conversations.add(sid)

    def touch(self, segment: str, *, clear: bool) -> None:
        """Note that a delete of *segment* may have been carried out; not *clear*: its answer does not say."""
        with self._lock:
            self._touched.add(unquote(segment))
            if not clear:
                self._doubtful.add(unquote(segment))

    def untouched(self, segment: str) -> bool:
        """Whether no delete of *segment* was accepted, or left without a clear answer."""
        return segment not in self._touched

    def doubtful(self, segment: str) -> bool:
        """Whether a delete of *segment* was answered 5xx or not at all: it may be running, so another is maybe the second."""
        return segment in self._doubtful

    def owns(self, segment: str) -> bool:
        """Whether *segment* may be changed."""
        return segment in self._allowed

    def check(self, method: str, url: str, call: Call) -> None:
        """Let the request pass if it names something of the run's, or creates something.

        Raises:
            NotOwned: it does neither.
        """
        # urlsplit would drop control characters and cut at "#": the guard must see what is sent.
        path = "/" + url.partition("://")[2].partition("/")[2]
        if call.operation == "delete-conversation":
            _, found, segment = path.partition("/v2/Conversations/")
            if method != "DELETE" or not found or segment not in self._conversations:
                raise NotOwned(f"{method} on the conversation {segment[:80]!r}, which the profile does not give")
            return
        _, found, segment = path.partition("/Configurations/")
        if not found:
            if method == "POST" and path.endswith("/Configurations") and call.operation == "create":
                return
            raise NotOwned(f"{method} {url[:200]!r} names no configuration")
        if not (self.owns(segment) or self.owns(unquote(segment))):
            raise NotOwned(f"{method} on {segment[:80]!r}, which this run neither created nor was given")
