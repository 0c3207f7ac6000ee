"""Which configuration a create has made, so that nobody else's is taken for it and deleted."""

from __future__ import annotations

from threading import Lock
from typing import Any
from urllib.parse import quote

from orchestrator_contract.client.calls import Client
from orchestrator_contract.follow.operation import Operation
from orchestrator_contract.listing import Listing
from orchestrator_contract.verdict import Unverifiable

#: Longest id that is taken for one, in characters.
_MAX_SID = 200


class Identity:
    """Tells what this process of the run has made from what was there."""

    def __init__(self, client: Client, listing: Listing) -> None:
        self._client = client
        self._listing = listing
        self._lock = Lock()
        #: Ids that creates have named, and those that were listed before the first create.
        self._named: set[str] = set()
        self._before: dict[tuple[int, int], set[str] | None] = {}

    def look_before(self, account: int, region: int) -> None:
        """Remember what is there before the first create."""
        if (account, region) not in self._before:
            try:
                self._before[account, region] = self._listing.sids(account=account, region=region)
            except Unverifiable:
                self._before[account, region] = None

    def listed(self, name: str, account: int, region: int) -> str | None:
        """The id that is listed under the displayName *name*."""
        return self._listing.find(
            lambda item: item.get("displayName") == name, account=account, region=region
        )

    def is_new(self, sid: str, name: str, account: int, region: int) -> bool:
        """Whether *sid* can be what the create just made: not there before, not named twice.

        What a create names will be deleted, so an endpoint that names somebody else's configuration
        must not be believed. Where the list before the first create can't be read, a fetch has to show the name.
        """
        with self._lock:
            if sid in self._named:
                return False
            self._named.add(sid)
        before = self._before.get((account, region))
        if before is not None:
            return sid not in before
        return self._client.fetch(sid, account=account, region=region).object.get("displayName") == name


def named_by(operation: Operation) -> str | None:
    """The id that the 202 of a create names, or else its newest poll that names one; None without one fit for a path."""
    for exchange in (operation.accepted, *reversed(operation.polls)):
        sid = _sid_in(exchange.object.get("related"))
        if sid is not None and 0 < len(sid) <= _MAX_SID and quote(sid, safe="-._~") == sid:
            return sid
    return None


def named_at_end(operation: Operation) -> str | None:
    """The id that an ended create names, or else its 202."""
    return _sid_in(operation.object.get("related") or operation.accepted.object.get("related"))


def _sid_in(related: Any) -> str | None:
    sid = related.get("configurationId") if isinstance(related, dict) else None
    return sid if isinstance(sid, str) else None
