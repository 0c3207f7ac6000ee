"""No page of a list holds a deleted or another account's configuration."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.resources.operation import Operation, word_of
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules import deletion
from orchestrator_contract.scope import ResourceKey, Scope

#: How many of the newest deletions, and of the newest page tokens, are remembered.
_MOST = 2000


class DeletedListRule:
    """Looks for deleted configurations in each page; safe for threads.

    It observes every exchange, and every poll. Memory is bounded.
    """

    def __init__(self, findings: Findings, owner: Callable[[str, Any], int | None]) -> None:
        """Record in *findings*; *owner* gives a listed SID's account, if known."""
        self._findings = findings
        self._owner = owner
        self._lock = Lock()
        #: When the end of each deletion had been read, in monotonic seconds, and what shows it.
        self._ends: OrderedDict[ResourceKey, tuple[float, list[Exchange]]] = OrderedDict()
        #: When the first page of the walk was sent that a page token belongs to.
        self._walks: OrderedDict[tuple[Scope, str], float] = OrderedDict()

    def polled(self, operation: Operation, poll: Exchange) -> None:
        """Note a *poll*: an operation that is COMPLETED has deleted for good."""
        accepted = operation.accepted
        if (
            accepted.call.operation != "delete"
            or poll.status != 200
            or word_of(poll) != "COMPLETED"
            or not operation.sid
        ):
            return
        if poll.related_sid not in (None, operation.sid):
            return  # it is about another one, which is a breach by itself
        with self._lock:
            self._ends.setdefault(
                operation.resource_key, (poll.sent + poll.elapsed, [accepted, poll])
            )
            if len(self._ends) > _MOST:
                self._ends.popitem(last=False)

    def __call__(self, page: Exchange) -> None:
        """Look at *page*, if it is one of a list."""
        items = (
            page.object.get("configurations")
            if page.call.operation == "list" and page.status == 200
            else None
        )
        if page.account is None or not isinstance(items, list):
            return
        asked = self._asked(page)
        for item in items:
            sid = item.get("id") if isinstance(item, dict) else None
            if not isinstance(sid, str):
                continue
            with self._lock:
                ended, steps = self._ends.get((page.scope, sid), (asked, []))
                if ended < asked:
                    # Once each: a list that holds it goes on holding it.
                    del self._ends[page.scope, sid]
            if ended < asked:
                deletion.not_listed(self._findings, steps, sid, page)
            owner = self._owner(sid, item.get("displayName"))
            if owner not in (None, page.account):
                self._findings.check(
                    "AUTH-READ-OTHER-ACCOUNT",
                    False,
                    expected=f"nothing of another account in the list, as {sid} is",
                    seen="it is listed",
                    exchanges=[page],
                )

    def _asked(self, page: Exchange) -> float:
        """When the list of *page* was requested; a walk may show its beginning."""
        token = parse_qs(urlsplit(page.url).query).get("pageToken", [""])[0]
        meta = page.object.get("meta")
        meta = meta if isinstance(meta, dict) else {}
        with self._lock:
            # A token that is not known may be of any age.
            asked = self._walks.get((page.scope, token), float("-inf")) if token else page.sent
            for one in (meta.get("nextToken"), meta.get("previousToken")):
                if isinstance(one, str) and one:
                    self._walks[page.scope, one] = asked
            while len(self._walks) > _MOST:
                self._walks.popitem(last=False)
        return asked
