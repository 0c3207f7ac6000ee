"""Defects of the AUTH section: a delete of another account's configuration."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    HOUR,
    SharedResponse,
    StaleReplica,
    delete_silently,
    deleted,
    failed,
    with_members,
)
from orchestrator_contract.mock.errors import Problem, conflict
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import Configuration

_OTHER_ACCOUNT = ("AUTH-OTHER-ACCOUNT",)


@defect(
    "other-account-deletes",
    "A delete of another account's configuration is accepted {}",
    case("", "and carried out", "always"),
    case(
        "other-region",
        "by way of another region",
        "data: another account in another region",
        other_region=True,
    ),
    case(
        "updated",
        "if it was updated",
        "data: another account, after an update",
        exposed=lambda mock, found: found.version > 1,
    ),
    case(
        "failed",
        "if a delete failed before",
        "data: another account, after FAILED",
        exposed=lambda mock, found: failed(found, mock.now()),
    ),
    case(
        "new-connection",
        "on a new connection",
        "data: another account on a new connection",
        exposed=lambda mock, found: mock.stale,
    ),
    breaches=_OTHER_ACCOUNT,
)
class _OtherAccountDeletes(StaleReplica):
    other_region = False
    exposed: Callable[[Any, Configuration], bool] = staticmethod(lambda mock, found: True)

    def locate(self, request: Request, sid: str | None) -> Configuration | None:
        found = super().locate(request, sid)
        if found is not None or request.route != "delete":
            return found
        other = self.world.find(sid)
        if other is None or other.account == request.account:
            return None
        reachable = (other.region != request.region) is self.other_region
        return other if reachable and self.exposed(self, other) else None


def _in_other_account(request: Request, found: Configuration) -> bool:
    return found.account != request.account


def _in_same_region(request: Request, found: Configuration) -> bool:
    return found.account != request.account and found.region == request.region


def _in_other_partition(request: Request, found: Configuration) -> bool:
    return (found.account, found.region) != (request.account, request.region)


class _OtherAccount(Behaviour):
    """Base of defects of a delete whose SID belongs to another account."""

    place: Callable[[Request, Configuration], bool] = staticmethod(_in_other_account)

    def foreign(self, request: Request) -> Configuration | None:
        """The configuration of another account that a DELETE names, deleted or not."""
        found = self.world.find(request.sid) if request.route == "delete" else None
        return found if found is not None and self.place(request, found) else None


@defect(
    "other-account-404-deletes",
    "A delete of another account's configuration gets a 404 and deletes {}",
    case("", "at once", place=_in_same_region),
    case("700-ms", "after 0.7 s", "time: 0.7 s later", place=_in_same_region, after=0.7),
    case("60-hours", "after 60 hours", "time: 60 h later", after=60 * HOUR),
    breaches=_OTHER_ACCOUNT,
)
class _OtherAccount404Deletes(_OtherAccount):
    after = 0.0

    def not_found(self, request: Request) -> Response:
        delete_silently(self, self.foreign(request), self.after)
        return super().not_found(request)


@defect(
    "other-account-concurrent",
    "Concurrent deletes of one SID with one key get one response in all accounts",
    breaches=_OTHER_ACCOUNT,
    shows="race: two accounts within 10 ms",
)
class _OtherAccountConcurrent(SharedResponse):
    def group(self, request: Request) -> Hashable:
        return request.region, request.path, request.key


class _OtherAccountResponse(_OtherAccount):
    """Base of defects of the response to a delete of another account's configuration."""

    #: None: deleted or not
    deleted: bool | None = None
    to: Callable[[Behaviour, Request, Configuration, Response], Response]

    def not_found(self, request: Request) -> Response:
        found, response = self.foreign(request), super().not_found(request)
        if found is None or self.deleted not in (None, self.is_deleted(found, self.now())):
            return response
        return self.to(self, request, found, response)


def _accepted(mock: Behaviour, request: Request, found: Configuration, _: object) -> Response:
    operation = mock.start_operation(request, "delete", found.id, 0.1)
    return mock.accepted(request, operation)


def _conflict_with_running(
    mock: Behaviour, request: Request, found: Configuration, response: Response
) -> Response:
    running = mock.pending_deletion(found)
    return response if running is None else mock.refuse(request, conflict(running.id))


def _refusal(problem: Callable[[Configuration], Problem]) -> Callable[..., Response]:
    return lambda mock, request, found, _: mock.refuse(request, problem(found))


def _message(text: str) -> Callable[..., Response]:
    return lambda mock, request, found, response: with_members(
        response, message=text.format(**found.members)
    )


def _callback(
    mock: Behaviour, request: Request, found: Configuration, response: Response
) -> Response:
    callbacks = found.members.get("statusCallbacks")
    return (
        with_members(response, params={"callback": callbacks[0]["url"]}) if callbacks else response
    )


_NOT_YOURS = _refusal(
    lambda found: Problem(403, 20403, f"{found.members['displayName']} is not yours")
)
_410 = _refusal(lambda found: deleted())


_DELETED_SHOWS = "data: another account and a deleted SID"
defect(
    "other-account-response",
    "A delete of another account's configuration gets {}",
    case("202", "a 202", "always", place=_in_same_region, deleted=False, to=_accepted),
    case("202-deleted", "a 202 if it is deleted", _DELETED_SHOWS, deleted=True, to=_accepted),
    case(
        "403-name",
        "a 403 with its displayName",
        "always",
        place=_in_same_region,
        deleted=False,
        to=_NOT_YOURS,
    ),
    case(
        "404-description", "a 404 with its description", to=_message("No access to: {description}")
    ),
    case(
        "404-callback",
        "a 404 with the URL of its statusCallbacks",
        "data: another account, statusCallbacks",
        to=_callback,
    ),
    case(
        "404-deleted-name",
        "a 404 with its displayName if it is deleted",
        _DELETED_SHOWS,
        deleted=True,
        to=_message("{displayName} was deleted"),
    ),
    case(
        "404-deleted-message",
        "a 404 that says so if it is deleted",
        _DELETED_SHOWS,
        deleted=True,
        to=_message("The requested configuration has already been deleted"),
    ),
    case("409", "a 409", place=_in_other_partition, to=_refusal(lambda found: conflict(None))),
    case(
        "409-pending",
        "a 409 with the operation of its running delete",
        "data: another account while a delete runs",
        place=_in_other_partition,
        to=_conflict_with_running,
    ),
    case("410", "a 410", deleted=False, to=_410),
    case("410-deleted", "a 410 if it is deleted", _DELETED_SHOWS, deleted=True, to=_410),
    breaches=_OTHER_ACCOUNT,
    shows="data: another account",
)(_OtherAccountResponse)
