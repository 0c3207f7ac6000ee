"""Defects of the DELETED section: a deleted configuration is fetched, listed or deleted again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import SECOND_ACCOUNT, Scoped, StaleReplica, deleted
from orchestrator_contract.mock.errors import conflict
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import read_query
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import DAY, Configuration, Operation

_FETCH = ("DELETED-FETCH",)
_LIST = ("DELETED-LIST",)
_DELETE = ("DELETED-DELETE",)
_DIGIT = "data: last character of the SID"


def _ends_in_digit(configuration: Configuration) -> bool:
    return configuration.id[-1].isdigit()


# -- fetch ------------------------------------------------------------------------------------


class _WhileDeleting(Behaviour):
    """Base of defects that show while another delete of the account runs."""

    def deleting_another(self, configuration: Configuration, now: float) -> bool:
        """True if *configuration* was deleted 0.5 s ago or earlier and another delete runs."""
        if configuration.deleted_at is None or now <= configuration.deleted_at + 0.5:
            return False
        operations = self.world.partition(configuration.account, configuration.region).operations
        return any(
            one.kind == "delete" and not one.state(now).terminal for one in operations.values()
        )


@defect(
    "deleted-fetched",
    "A deleted configuration can be fetched {}",
    case("", "at any time"),
    case(
        "1-in-3",
        "one time in three",
        "1 in 3",
        shown=lambda mock, found, now: mock.once_in(3, "deleted"),
    ),
    case(
        "400-ms",
        "for 0.4 s",
        "time: 0.4 s after the end",
        shown=lambda mock, found, now: now < (found.deleted_at or 0) + 0.4,
    ),
    case(
        "digit",
        "if its SID ends in a digit",
        _DIGIT,
        shown=lambda mock, found, now: _ends_in_digit(found),
    ),
    case(
        "long-name",
        "if its displayName has 32 characters",
        "data: the longest name",
        shown=lambda mock, found, now: len(found.members["displayName"]) == 32,
    ),
    case(
        "updated",
        "if it was updated",
        "data: an updated configuration",
        shown=lambda mock, found, now: found.version > 1,
    ),
    case(
        "new-connection",
        "for 0.25 s on a new connection",
        "data: a new connection",
        shown=lambda mock, found, now: mock.still_exists(found),
    ),
    case(
        "while-deleting",
        "while another delete runs",
        "race: a fetch while another is pending",
        shown=lambda mock, found, now: mock.deleting_another(found, now),
    ),
    breaches=_FETCH,
)
class _Fetched(StaleReplica, _WhileDeleting):
    shown: Callable[[Any, Configuration, float], bool] = staticmethod(lambda mock, found, now: True)

    def fetchable(self, configuration: Configuration, now: float) -> bool:
        if self.is_deleted(configuration, now) and self.shown(self, configuration, now):
            return True
        return super().fetchable(configuration, now)


@defect(
    "deleted-fetched-concurrently",
    "Of concurrent fetches of a deleted configuration all but the first one show it",
    breaches=_FETCH,
    shows="race: fetches of one SID",
)
class _FetchedConcurrently(Behaviour):
    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        missed = request.route == "fetch" and response.status == 404
        found = self.locate(request, request.sid) if missed else None
        if found is None:
            return response
        fetches = ("fetches", found.id)
        self.memory[fetches] = self.memory.get(fetches, 0) + 1
        alone = self.memory[fetches] == 1
        await asyncio.sleep(0.02)
        self.memory[fetches] -= 1
        return response if alone else Response.of(200, self.configuration_document(found))


@defect(
    "deleted-fetch",
    "A fetch of a deleted configuration gets {}",
    case("410", "a 410"),
    case("200-empty", "a 200 with an empty object", empty=True),
    breaches=_FETCH,
)
class _FetchStatus(Behaviour):
    empty = False

    def fetch(self, request: Request) -> Response:
        response = super().fetch(request)
        if response.status != 404 or self.locate(request, request.sid) is None:
            return response
        return Response.of(200, {}) if self.empty else self.refuse(request, deleted())


# -- list -------------------------------------------------------------------------------------


@defect(
    "deleted-listed",
    "A deleted configuration is listed {}",
    case("", "at any time"),
    case(
        "1-in-3",
        "one time in three",
        "1 in 3",
        shown=lambda mock, found, now, query: mock.once_in(3, "deleted"),
    ),
    case(
        "400-ms",
        "for 0.4 s",
        "time: 0.4 s after the end",
        shown=lambda mock, found, now, query: now < (found.deleted_at or 0) + 0.4,
    ),
    case(
        "3-s-1-in-20",
        "again after 3 s, one in 20",
        "time: 3 s after the end, 1 in 20",
        shown=lambda mock, found, now, query: (
            now > (found.deleted_at or 0) + 3 and found.number % 20 == 7
        ),
    ),
    case(
        "1-day",
        "again after a day",
        "time: a day after the end",
        shown=lambda mock, found, now, query: now > (found.deleted_at or 0) + DAY,
    ),
    case(
        "digit",
        "if its SID ends in a digit",
        _DIGIT,
        shown=lambda mock, found, now, query: _ends_in_digit(found),
    ),
    case("second-account", "for the second account", **SECOND_ACCOUNT),
    case(
        "later-pages",
        "on every page but the first",
        "data: beyond the first page",
        shown=lambda mock, found, now, query: b"pageToken" in query,
    ),
    case(
        "previous-page",
        "on a page of a previousToken",
        "data: previousToken",
        shown=lambda mock, found, now, query: read_query(query).before is not None,
    ),
    case(
        "memory-store",
        "by a request with memoryStoreId",
        "data: memoryStoreId",
        shown=lambda mock, found, now, query: b"memoryStoreId" in query,
    ),
    case(
        "no-page-size",
        "by a request without pageSize",
        "data: no pageSize",
        shown=lambda mock, found, now, query: b"pageSize" not in query,
    ),
    case(
        "while-deleting",
        "while another delete runs",
        "race: a list while another is pending",
        shown=lambda mock, found, now, query: mock.deleting_another(found, now),
    ),
    case(
        "second-account-while-deleting",
        "for the second account while another delete runs",
        shown=lambda mock, found, now, query: mock.deleting_another(found, now),
        **SECOND_ACCOUNT,
    ),
    breaches=_LIST,
)
class _Listed(Scoped, _WhileDeleting):
    shown: Callable[[Any, Configuration, float, bytes], bool] = staticmethod(
        lambda mock, found, now, query: True
    )
    query = b""

    def list_page(self, request: Request) -> Response:
        self.query = request.query
        return super().list_page(request)

    def listed(self, configuration: Configuration, now: float) -> bool:
        deleted = self.in_scope(configuration) and self.is_deleted(configuration, now)
        if deleted and self.shown(self, configuration, now, self.query):
            return True
        return super().listed(configuration, now)


@defect(
    "deleted-listed-other-account",
    "A deleted configuration is listed if another account tried to update it",
    breaches=_LIST,
    shows="data: another account's update before the own delete",
)
class _ListedAfterOtherAccount(Behaviour):
    def not_found(self, request: Request) -> Response:
        found = self.world.find(request.sid, request.region)
        if request.route == "update" and found is not None and found.account != request.account:
            self.memory["updated", found.id] = True
        return super().not_found(request)

    def listed(self, configuration: Configuration, now: float) -> bool:
        kept = ("updated", configuration.id) in self.memory and now >= configuration.visible_from
        return kept or super().listed(configuration, now)


# -- another delete ---------------------------------------------------------------------------


@defect(
    "deleted-delete",
    "A delete of a deleted configuration gets a {}",
    case("204", breaches=("DELETED-DELETE", "DEL-STATUS"), respond_with=204),
    case("409"),
    case("409-2-s", "409 after 2 s", "time: 2 s after the end", after=2.0),
    case("409-1-day", "409 after a day", "time: a day after the end", after=DAY),
    case("410", breaches=("DELETED-DELETE", "DEL-STATUS"), respond_with=410),
    breaches=_DELETE,
)
class _DeleteStatus(Behaviour):
    respond_with = 409
    after = float("-inf")

    def not_found(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        deleted_at = found.deleted_at if found is not None else None
        late = deleted_at is not None and self.now() > deleted_at + self.after
        if request.route != "delete" or not late:
            return super().not_found(request)
        if self.respond_with == 204:
            return Response(204)
        return self.refuse(request, deleted() if self.respond_with == 410 else conflict(None))


@defect(
    "deleted-delete-202",
    "A delete of a deleted configuration is accepted {}",
    case("", "at any time"),
    case("1-in-5", "one time in five", every=5),
    case("second-account", "for the second account", **SECOND_ACCOUNT),
    breaches=_DELETE,
)
class _Delete202(Scoped):
    every = 1

    def target_of_delete(self, request: Request) -> Configuration | None:
        found = self.locate(request, request.sid)
        if found is None or not self.is_deleted(found, self.now()):
            return found
        return found if self.in_scope(request) and self.once_in(self.every, "again") else None


class _Accepted(StaleReplica):
    """Base of defects that accept some deletes of a deleted configuration, without an effect."""

    def operation_of(self, request: Request, found: Configuration | None) -> Operation | None:
        """The operation of the 202; None for a 404."""
        return None

    def not_found(self, request: Request) -> Response:
        if request.route == "delete":
            operation = self.operation_of(request, self.locate(request, request.sid))
            if operation is not None:
                return self.accepted(request, operation)
        return super().not_found(request)


@defect(
    "deleted-delete-202-new-connection",
    "A delete of a deleted configuration is accepted for 0.25 s on a new connection",
    breaches=_DELETE,
    shows="data: a new connection",
)
class _AcceptedOnNewConnection(_Accepted):
    def operation_of(self, request: Request, found: Configuration | None) -> Operation | None:
        if found is None or not self.still_exists(found):
            return None
        return self.start_operation(request, "delete", found.id, self.settings.operation_seconds)


@defect(
    "deleted-delete-202-same-key",
    "A delete of a deleted configuration gets a 404 and, with the same key again, a 202",
    breaches=_DELETE,
    shows="data: a key that met a 404",
)
class _AcceptedWithSameKey(_Accepted):
    def operation_of(self, request: Request, found: Configuration | None) -> Operation | None:
        if found is None or request.key is None:
            return None
        if ("404", request.key) in self.memory:
            return self.start_operation(request, "delete", found.id, 0.1)
        self.memory["404", request.key] = True
        return None


@defect(
    "deleted-delete-202-after-409",
    "A key that met a 409 gets a 202 with {} once the first delete is COMPLETED",
    case("", "the operation of the first delete", "data: a key that met a 409"),
    case(
        "own-operation",
        "its own operation",
        "data: a key that met a 409",
        own=True,
    ),
    breaches=_DELETE,
)
class _AcceptedAfter409(_Accepted):
    own = False

    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        if request.key:
            self.memory["409", request.key] = running
        return super().second_delete(request, configuration, running)

    def operation_of(self, request: Request, found: Configuration | None) -> Operation | None:
        running: Operation | None = self.memory.get(("409", request.key))
        if running is None or running.configuration_id != request.sid:
            return None
        return self.start_operation(request, "delete", request.sid, 0) if self.own else running


@defect(
    "key-accepted-after-expiry",
    "An expired key for its deleted configuration is accepted again, and COMPLETES",
    breaches=("DELETED-DELETE",),
    shows="time: 25 h, on the same SID",
)
class _AcceptedAfterExpiry(Behaviour):
    _renewed: Request | None = None

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        entry = self.entries.get(scope)
        if entry is not None and self.expired(entry, self.now()):
            same = entry.fingerprint == self.fingerprint(request)
            self._renewed = request if same else self._renewed
        return super().look_up(request, scope)

    def not_found(self, request: Request) -> Response:
        if request is not self._renewed or request.sid is None:
            return super().not_found(request)
        return self.accepted(request, self.start_operation(request, "delete", request.sid, 0.1))
