"""The guard: resources that a run may change."""

from __future__ import annotations

import posixpath
import re
from threading import Lock
from urllib.parse import unquote

from orchestrator_contract.exceptions import NotOwned
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.scope import DEFAULT_SCOPE, ResourceKey, Scope

_PLAIN = re.compile(r"(?!\.+\Z)[A-Za-z0-9._~-]{1,200}\Z")


def is_plain(sid: str) -> bool:
    """True if *sid* is one plain path segment, without escapes or dots."""
    return _PLAIN.match(sid) is not None


class Ownership:
    """Path segments that mutating requests may name, by scope."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._allowed: dict[str, set[Scope]] = {}
        self._lent: dict[str, set[Scope]] = {}
        #: Targets of deletes; None where one may have deleted that id in any scope.
        self._touched: set[tuple[Scope | None, str]] = set()
        self._doubtful: set[tuple[Scope | None, str]] = set()
        self._conversations: set[str] = set()

    def allow(self, *segments: str, scope: Scope = DEFAULT_SCOPE) -> None:
        """Take these ids, or raw path segments, for the run's own in *scope*."""
        with self._lock:
            for segment in segments:
                self._allowed.setdefault(segment, set()).add(scope)

    def lend(self, segment: str, scope: Scope) -> None:
        """Let requests in *scope* name another scope's SID, absent in it."""
        with self._lock:
            self._lent.setdefault(segment, set()).add(scope)

    def allow_conversation(self, sid: str) -> None:
        """Allow the delete of a conversation that the profile gives."""
        with self._lock:
            self._conversations.add(sid)

    def touch(self, segment: str, account: int | None, region: int, *, clear: bool) -> None:
        """Note that a delete of *segment* may have been carried out; *clear*: it says so.

        One without credentials, or in a scope where the run has no such id, counts in every scope:
        regions may share what they have.
        """
        with self._lock:
            scope = None if account is None else Scope(account, region)
            own = {*self._allowed.get(segment, ()), *self._allowed.get(unquote(segment), ())}
            what = scope if scope in own else None, unquote(segment)
            self._touched.add(what)
            if not clear:
                self._doubtful.add(what)

    def note(self, exchange: Exchange) -> None:
        """Note a delete that may have been carried out."""
        _, named, segment = exchange.url.partition("/Configurations/")
        resent = exchange.response is not None and exchange.response.resent
        carried_out = exchange.status is None or not 300 <= exchange.status < 500
        if exchange.method == "DELETE" and named and (carried_out or resent):
            clear = (exchange.status or 500) < 300 and not resent
            self.touch(segment, exchange.account, exchange.region, clear=clear)

    def untouched(self, resource_key: ResourceKey) -> bool:
        """True if no delete of it was accepted or left without a clear response."""
        return self._touched.isdisjoint((resource_key, (None, resource_key[1])))

    def doubtful(self, resource_key: ResourceKey) -> bool:
        """True if a delete of it got a 5xx or no response and may be running."""
        return not self._doubtful.isdisjoint((resource_key, (None, resource_key[1])))

    def owns(self, segment: str, scope: Scope = DEFAULT_SCOPE) -> bool:
        """True if *segment* may be changed in *scope*."""
        return scope in self._allowed.get(segment, ()) or scope in self._lent.get(segment, ())

    def check(self, method: str, url: str, call: Call, account: int | None, region: int) -> None:
        """Raise NotOwned unless a request creates, or names a resource of the run's own.

        Without an *account* the resource may be the run's by any account of the *region*.
        """
        # urlsplit would drop control characters and cut at "#": the guard must see what is sent.
        path = "/" + url.partition("://")[2].partition("/")[2]
        if call.operation == "delete-conversation":
            segment = path.partition("/v2/Conversations/")[2]
            if method == "DELETE" and segment in self._conversations:
                return
            raise NotOwned(
                f"{method} on the conversation {segment[:80]!r}, which the profile does not give"
            )
        _, found, segment = path.partition("/Configurations/")
        own = [segment, unquote(segment), _last_of_configurations(path)]
        if not found and not own[-1]:
            if method == "POST" and path.endswith("/Configurations") and call.operation == "create":
                return
            raise NotOwned(f"{method} {url[:200]!r} names no configuration")
        if not any(self._may(one, account, region) for one in own):
            raise NotOwned(
                f"{method} on {segment[:80]!r}, which this run neither created nor was given"
            )

    def _may(self, segment: str, account: int | None, region: int) -> bool:
        if account is not None:
            return self.owns(segment, Scope(account, region))
        return any(scope.region == region for scope in self._allowed.get(segment, ()))


def _last_of_configurations(path: str) -> str:
    """The SID at the end of *path*, if what precedes it is a spelling of the collection."""
    head, _, segment = path.removesuffix("/").rpartition("/")
    read = posixpath.normpath(unquote(head)).lower()
    return segment if read.endswith("/controlplane/configurations") else ""
