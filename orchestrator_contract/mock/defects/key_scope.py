"""Defects of the KEY section: a key counts beyond its account or region."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import HOUR, failed
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect

_ACCOUNT = ("KEY-SCOPE-ACCOUNT",)
_REGION = ("KEY-SCOPE-REGION",)

Scope = Callable[[Request, str], Hashable]


def _no_account(request: Request, key: str) -> Hashable:
    return request.region, key


def _no_region(request: Request, key: str) -> Hashable:
    return request.account, key


def _if(applies: Callable[[Request, str], bool], scope: Scope) -> Scope:
    """*scope* where it *applies*, else account and region."""
    return lambda request, key: (
        scope(request, key) if applies(request, key) else (request.account, request.region, key)
    )


@defect(
    "key-scope",
    "{}",
    case(
        "all-accounts",
        "A key of one account is a mismatch on another",
        breaches=_ACCOUNT,
        of=_no_account,
    ),
    case(
        "all-accounts-replays",
        "A key of one account replays its response to another",
        breaches=_ACCOUNT,
        of=_no_account,
        replays=True,
    ),
    case(
        "all-accounts-upper-case",
        "A key in upper case of one account is a mismatch on another",
        breaches=_ACCOUNT,
        shows="data: a key in upper case",
        of=_if(lambda request, key: key != key.lower(), _no_account),
    ),
    case("all-regions", "A key of one region is a mismatch in another", of=_no_region),
    case(
        "all-regions-replays",
        "A key of one region replays its response in another",
        of=_no_region,
        replays=True,
    ),
    case(
        "all-regions-same-sid",
        "A key of one region replays its response in another for the same SID",
        "data: the same SID in another region",
        of=lambda request, key: (request.account, key, request.path),
    ),
    case(
        "all-regions-second-account",
        "A key of the second account in one region is a mismatch in another",
        "data: another account",
        of=_if(lambda request, key: request.account == 2, _no_region),
    ),
    case(
        "all-regions-version-1",
        "A version 1 key of one region is a mismatch in another",
        "data: a version 1 key",
        of=_if(lambda request, key: key[14] == "1", _no_region),
    ),
    breaches=_REGION,
)
class _KeyScope(Behaviour):
    of: Scope
    replays = False

    def key_scope(self, request: Request, key: str) -> Hashable:
        return self.of(request, key)

    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        if entry.response is None or not self.replays:
            return super().mismatch(request, entry)
        sid = entry.response.document["related"].get("configurationId")
        own = sid in self.partition(request).configurations
        return super().mismatch(request, entry) if own else entry.response.copy()


@defect(
    "key-scope-back",
    "A key that the second {} used is a mismatch in the first",
    case(
        "account",
        breaches=_ACCOUNT,
        shows="data: another account, first",
        of=lambda request: (2, request.region, request.key),
    ),
    case(
        "region",
        breaches=_REGION,
        shows="data: another region, first",
        of=lambda request: (request.account, 1, request.key),
    ),
)
class _KeyScopeBack(Behaviour):
    of: Callable[[Request], Hashable]

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        return super().look_up(request, scope) or self.entries.get(self.of(request))


@defect(
    "key-scope-failed",
    "A key whose delete has FAILED is a mismatch in another {}",
    case(
        "account",
        breaches=_ACCOUNT,
        of=lambda request: (3 - request.account, request.region, request.key),
    ),
    case(
        "region",
        breaches=_REGION,
        of=lambda request: (request.account, 1 - request.region, request.key),
    ),
    shows="data: a FAILED delete, in another scope",
)
class _KeyScopeFailed(Behaviour):
    of: Callable[[Request], tuple[int, int, str]]

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        elsewhere = self.of(request)
        other = super().look_up(request, elsewhere)
        if found is not None or other is None or other.response is None:
            return found
        sid = other.response.document["related"].get("configurationId")
        configuration = self.world.partition(*elsewhere[:2]).configurations.get(sid)
        return other if failed(configuration, self.now()) else None


@defect(
    "key-scope-all-regions-1-hour",
    "An hour after its first use a key of one region counts in the other",
    breaches=_REGION,
    shows="time: 1 h, in another region",
)
class _AllRegionsLater(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        other = super().look_up(request, (request.account, 1 - request.region, request.key))
        old = other is not None and self.now() - other.first_used > HOUR
        return other if found is None and old else found


@defect(
    "key-404-all-regions",
    "A 404 is stored for its key and SID in all regions",
    breaches=_REGION,
    shows="data: a key that met a 404 in another region",
)
class _StoredInAllRegions(Behaviour):
    def not_found(self, request: Request) -> Response:
        if request.route == "delete" and request.key is not None:
            self.memory[request.account, request.key, request.sid] = True
        return super().not_found(request)

    def delete(self, request: Request) -> Response:
        missed = (request.account, request.key, request.sid) in self.memory
        return self.not_found(request) if missed else super().delete(request)
