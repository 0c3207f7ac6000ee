"""Defects against KEY-SCOPE."""

from __future__ import annotations

from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import CORNER, HOUR
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import World


@defect(
    "key-over-regions-second-account",
    "A key of the second account counts in both regions",
    breaches=("KEY-SCOPE-REGION",),
    shows="data: another account",
)
class _OneForBothRegions(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return (
            (request.account, key)
            if request.account == CORNER[0]
            else super().key_scope(request, key)
        )


@defect(
    "key-back-over-accounts",
    "A key that the second account used is a mismatch on the first",
    breaches=("KEY-SCOPE-ACCOUNT",),
    shows="data: another account, first",
)
class _BackOverAccounts(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        return (
            found
            if found or request.account == CORNER[0]
            else self.entries.get((CORNER[0], request.region, request.key))
        )


@defect(
    "key-back-over-regions",
    "A key that was used in the second region is a mismatch in the first",
    breaches=("KEY-SCOPE-REGION",),
    shows="data: another region, first",
)
class _BackOverRegions(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        return (
            found
            if found or request.region == CORNER[1]
            else self.entries.get((request.account, CORNER[1], request.key))
        )


@defect(
    "key-over-regions-an-hour-later",
    "From an hour after its first use a key counts in the other region too",
    breaches=("KEY-SCOPE-REGION",),
    shows="time: 1 h, in another region",
)
class _OverRegionsLater(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        away = super().look_up(request, (request.account, 1 - request.region, request.key))
        return (
            away
            if found is None and away is not None and self.now() - away.first_used > HOUR
            else found
        )


@defect(
    "key-404-over-regions",
    "A 404 is stored for its key and SID whatever the region",
    breaches=("KEY-SCOPE-REGION",),
    shows="data: a key that met a 404 in another region",
)
class _NotFoundOverRegions(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.missed: set[tuple[int, str | None, str | None]] = set()

    def not_found(self, request: Request) -> Response:
        if request.route == "delete" and request.key is not None:
            self.missed.add((request.account, request.key, request.sid))
        return super().not_found(request)

    def delete(self, request: Request) -> Response:
        missed = (request.account, request.key, request.sid) in self.missed
        return self.not_found(request) if missed else super().delete(request)


@defect(
    "key-over-accounts-capitals",
    "A key in capitals that one account used is a mismatch on another",
    breaches=("KEY-SCOPE-ACCOUNT",),
    shows="data: a key in capitals",
)
class _CapitalsOverAccounts(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return (request.region, key) if key != key.lower() else super().key_scope(request, key)


@defect(
    "key-over-regions-v1",
    "A version 1 key used in one region is a mismatch in another",
    breaches=("KEY-SCOPE-REGION",),
    shows="data: a version 1 key",
)
class _VersionOneOverRegions(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return (request.account, key) if key[14] == "1" else super().key_scope(request, key)


@defect(
    "key-over-accounts",
    "A key used on one account is a mismatch on another",
    breaches=("KEY-SCOPE-ACCOUNT",),
)
class _OverAccounts(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.region, key


@defect(
    "key-over-accounts-replays",
    "A key used on one account shows its answer to another",
    breaches=("KEY-SCOPE-ACCOUNT",),
)
class _OverAccountsReplays(_OverAccounts):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        stored = entry.response
        path = stored.document["related"].get("configurationId") if stored is not None else None
        foreign = path not in self.partition(request).configurations
        return stored.copy() if stored is not None and foreign else super().mismatch(request, entry)


@defect(
    "key-over-regions",
    "A key used in one region is a mismatch in another",
    breaches=("KEY-SCOPE-REGION",),
)
class _OverRegions(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, key


@defect(
    "key-over-regions-replays",
    "A key used in one region shows its answer in another",
    breaches=("KEY-SCOPE-REGION",),
)
class _OverRegionsReplays(_OverRegions):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        stored = entry.response
        path = stored.document["related"].get("configurationId") if stored is not None else None
        foreign = path not in self.partition(request).configurations
        return stored.copy() if stored is not None and foreign else super().mismatch(request, entry)


@defect(
    "key-over-regions-same-sid",
    "A key and SID of one region show their answer in another",
    breaches=("KEY-SCOPE-REGION",),
    shows="data: the same SID in another region",
)
class _OverRegionsSameSid(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, key, request.path
