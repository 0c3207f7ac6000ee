"""Defects of the AUTH section: reads without credentials or of another account."""

from __future__ import annotations

import string
from collections.abc import Callable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import CachedReads, page_token
from orchestrator_contract.mock.errors import Refused
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import Page, PageQuery, read_query
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import Configuration, State

_READ = ("AUTH-READ",)
_READ_OTHER_ACCOUNT = ("AUTH-READ-OTHER-ACCOUNT",)


def _owner_of_operation(mock: Behaviour, request: Request) -> int | None:
    partitions = mock.world.partitions.items()
    owners = (account for (account, _), one in partitions if request.sid in one.operations)
    return next(owners, None)


def _owner_of_operation_in(mock: Behaviour, request: Request, state: State) -> int | None:
    for (account, _), partition in mock.world.partitions.items():
        operation = partition.operations.get(request.sid or "")
        if operation is not None and operation.state(mock.now()) is state:
            return account
    return None


def _owner_of_configuration(mock: Behaviour, request: Request) -> int | None:
    found = mock.world.find(request.sid)
    return found.account if found is not None else None


@defect(
    "auth-read-missing",
    "{} without credentials",
    case("fetch", "A configuration can be fetched", owner=_owner_of_configuration),
    case("list", "Configurations can be listed", route="list", owner=lambda mock, request: 1),
    case(
        "operation",
        "An operation can be fetched",
        breaches=_READ_OTHER_ACCOUNT,
        route="operation",
        owner=_owner_of_operation,
    ),
    breaches=_READ,
)
class _ReadMissing(Behaviour):
    owner: Callable[[Behaviour, Request], int | None]
    route = "fetch"

    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        return (
            self.owner(self, request)
            if account is None and request.route == self.route
            else account
        )


@defect(
    "auth-read-page-token",
    "Configurations can be listed with a page token and without credentials",
    breaches=_READ,
    shows="data: a page token",
)
class _ReadPageToken(Behaviour):
    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        token = request.method == "GET" and b"pageToken=" in request.query
        return 1 if account is None and token else account


defect(
    "auth-read-cached",
    "For 0.3 s the response to {} is given without credentials too",
    case("fetch", "a fetch", "time: within 0.3 s of a fetch"),
    case("list", "a list", "time: within 0.3 s of a list", cached="list"),
    breaches=_READ,
)(CachedReads)


@defect(
    "other-account-reads",
    "Another account can {}",
    case("fetch", "fetch a configuration", owner=_owner_of_configuration),
    case("operation", "fetch an operation", owner=_owner_of_operation),
    case(
        "running-operation",
        "fetch an operation that is PENDING",
        owner=lambda mock, request: _owner_of_operation_in(mock, request, State.PENDING),
    ),
    case(
        "failed-operation",
        "fetch an operation that FAILED",
        owner=lambda mock, request: _owner_of_operation_in(mock, request, State.FAILED),
    ),
    breaches=_READ_OTHER_ACCOUNT,
    shows="data: another account",
)
class _OtherAccountReads(Behaviour):
    owner: Callable[[Behaviour, Request], int | None]

    def fetch(self, request: Request) -> Response:
        request.account = self.owner(self, request) or request.account
        return super().fetch(request)

    def poll(self, request: Request) -> Response:
        request.account = self.owner(self, request) or request.account
        return super().poll(request)


@defect(
    "other-account-lists",
    "The list holds the configurations of all accounts",
    breaches=_READ_OTHER_ACCOUNT,
    shows="data: another account",
)
class _OtherAccountLists(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        listed = [one for one in self.world.every_configuration() if self.listed(one, self.now())]
        return super().cut_page(sorted(listed, key=lambda one: one.number), query)


@defect(
    "other-account-lists-token",
    "A page token without its last character shows the configurations of another account",
    breaches=_READ_OTHER_ACCOUNT,
    shows="data: another account, a truncated page token",
)
class _OtherAccountListsToken(Behaviour):
    def list_page(self, request: Request) -> Response:
        try:
            return super().list_page(request)
        except Refused:
            if not _is_truncated(page_token(request)):
                raise
        others = (n for n in self.settings.accounts.values() if n[0] != request.account)
        request.account, request.query = next(others, (request.account, ""))[0], b""
        return super().list_page(request)


def _is_truncated(token: str) -> bool:
    """True if *token* is valid with one more character."""
    for character in string.ascii_letters + string.digits + "-_":
        try:
            read_query(f"pageToken={token}{character}".encode("ascii", "replace"))
        except Refused:
            continue
        return True
    return False
