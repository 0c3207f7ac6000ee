"""Defects of the DELETED section: a deleted configuration is fetched, listed or deleted again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    HOUR,
    SECOND_ACCOUNT,
    SECOND_ACCOUNT_AND_REGION,
    SECOND_REGION,
    Scoped,
    StaleReplica,
    deleted,
    failing,
)
from orchestrator_contract.mock.errors import conflict
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import read_query
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import DAY, Configuration, Operation

_FETCH = ("DELETED-FETCH",)
_LIST = ("DELETED-LIST",)
_DELETE = ("DELETED-DELETE",)
_FETCH_AND_LIST = (*_FETCH, *_LIST)
_ALL = (*_FETCH, *_LIST, *_DELETE)
_DIGIT = "data: last letter of the SID"


def _ends_in_digit(configuration: Configuration) -> bool:
    return configuration.id[-1].isdigit()


# -- a COMPLETED delete that deletes nothing --------------------------------------------------


@defect(
    "completed-kept",
    "A COMPLETED delete deletes nothing {}",
    case("", "at all", breaches=_ALL),
    case(
        "1-in-6",
        "one time in six",
        breaches=_ALL,
        shows="1 in 6",
        keeps=lambda behaviour, request, found: not failing(found) and behaviour.once_in(6, "kept"),
    ),
    case("second-region", "in the second region", **SECOND_REGION),
    case(
        "second-account-and-region",
        "for the second account in the second region",
        **SECOND_ACCOUNT_AND_REGION,
    ),
    case(
        "empty-description",
        "if the description is empty",
        shows="data: an empty description",
        keeps=lambda behaviour, request, found: found.members.get("description") == "",
    ),
    case(
        "bridge",
        "if there is a conversationsV1Bridge",
        shows="data: a bridge",
        keeps=lambda behaviour, request, found: bool(found.members.get("conversationsV1Bridge")),
    ),
    case(
        "intelligence",
        "if there are five intelligenceConfigurationIds",
        shows="data: intelligence configurations",
        keeps=lambda behaviour, request, found: (
            len(found.members.get("intelligenceConfigurationIds", ())) == 5
        ),
    ),
    case(
        "channels",
        "if channelSettings are not empty",
        shows="data: channelSettings that hold something",
        keeps=lambda behaviour, request, found: bool(found.members.get("channelSettings")),
    ),
    case(
        "day-old",
        "if the configuration is a day old",
        breaches=_FETCH,
        shows="time: a day after the create",
        keeps=lambda behaviour, request, found: behaviour.now() > found.created_at + 20 * HOUR,
    ),
    case(
        "after-500",
        "if the SID met a 500",
        breaches=_FETCH,
        shows="data: a SID that met a 500",
        keeps=lambda behaviour, request, found: ("500", request.sid) in behaviour.memory,
    ),
    case(
        "after-404",
        "if the key met a 404 on another SID",
        breaches=_FETCH,
        shows="data: a key that met a 404",
        keeps=lambda behaviour, request, found: ("404", request.key) in behaviour.memory,
    ),
    case(
        "after-failure",
        "if a delete failed before",
        breaches=_FETCH,
        shows="data: a second delete after FAILED",
        keeps=lambda behaviour, request, found: behaviour.after_failure,
    ),
    breaches=_FETCH_AND_LIST,
)
class _Kept(Scoped):
    keeps: Callable[[Behaviour, Request, Configuration], bool] = staticmethod(
        lambda behaviour, request, found: True
    )
    after_failure = False

    def fault_response(self, request: Request, fault: str) -> Response:
        self.memory[fault, request.sid] = True
        return super().fault_response(request, fault)

    def not_found(self, request: Request) -> Response:
        if request.key:
            self.memory["404", request.key] = True
        return super().not_found(request)

    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        self.after_failure = failing(configuration)
        operation = super().begin_delete(request, configuration, fails=fails)
        if self.in_scope(configuration) and self.keeps(self, request, configuration):
            configuration.deleted_at = None
        return operation


# -- a deleted configuration that comes back --------------------------------------------------


@defect(
    "deleted-late",
    "A configuration is deleted half a second after COMPLETED",
    breaches=_FETCH,
    shows="time: 0.5 s",
)
class _Late(Behaviour):
    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        return super().is_deleted(configuration, now - 0.5)


@defect(
    "deleted-returns",
    "A deleted configuration exists again {}",
    case("600-ms", "after 0.6 s", shows="time: 0.6 s after the end", after=0.6),
    case(
        "600-ms-1-in-4",
        "after 0.6 s, one in four",
        shows="time: 0.6 s after the end, 1 in 4",
        after=0.6,
        every=4,
    ),
    case("1-day", "after a day", shows="time: 24 h", after=DAY),
    breaches=_FETCH,
)
class _Returns(Behaviour):
    after: float
    every = 1

    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        deleted_at = configuration.deleted_at
        late = deleted_at is not None and now >= deleted_at + self.after
        back = late and configuration.number % self.every == 0
        return super().is_deleted(configuration, now) and not back


@defect(
    "create-restores-namesake",
    "A create restores the deleted configurations of the same displayName",
    breaches=_FETCH,
    shows="data: a second configuration of the name",
)
class _CreateRestores(Behaviour):
    def create(self, request: Request) -> Response:
        response = super().create(request)
        *others, newest = self.partition(request).configurations.values()
        name = newest.members.get("displayName")
        for one in others:
            if self.is_deleted(one, self.now()) and one.members.get("displayName") == name:
                one.deleted_at = None
        return response


@defect(
    "other-call-replay-restores",
    "The replay of {} restores its deleted configuration",
    case("create", "a create", shows="data: a create's key after the delete"),
    case("update", "an update", shows="data: an update's key after the delete", route="update"),
    breaches=("DELETED-FETCH", "EFFECT-NO-RESTORE"),
)
class _ReplayRestores(Behaviour):
    route = "create"

    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        if request.route == self.route:
            found = self.locate(request, response.document["related"]["configurationId"])
            if found is not None and self.is_deleted(found, self.now()):
                found.deleted_at = None
        return super().replay(request, entry, response)


@defect(
    "update-restores-later",
    "A refused update of a deleted configuration restores it after 0.5 s",
    breaches=("DELETED-FETCH", "EFFECT-NO-RESTORE"),
    shows="time: 0.5 s after a late update",
)
class _UpdateRestoresLater(Behaviour):
    def update(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        if found is not None and self.is_deleted(found, self.now()):
            self.memory["due", found.id] = self.now() + 0.5
        return super().update(request)

    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        due = self.memory.get(("due", configuration.id), now + 1)
        return super().is_deleted(configuration, now) and bool(now < due)


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
        shows="1 in 3",
        shown=lambda behaviour, found, now: behaviour.once_in(3, "deleted"),
    ),
    case(
        "400-ms",
        "for 0.4 s",
        shows="time: 0.4 s after the end",
        shown=lambda behaviour, found, now: now < (found.deleted_at or 0) + 0.4,
    ),
    case(
        "digit",
        "if its SID ends in a digit",
        shows=_DIGIT,
        shown=lambda behaviour, found, now: _ends_in_digit(found),
    ),
    case(
        "long-name",
        "if its displayName has 32 characters",
        shows="data: the longest name",
        shown=lambda behaviour, found, now: len(found.members["displayName"]) == 32,
    ),
    case(
        "updated",
        "if it was updated",
        shows="data: an updated configuration",
        shown=lambda behaviour, found, now: found.version > 1,
    ),
    case(
        "new-connection",
        "for 0.25 s on a new connection",
        shows="data: a new connection",
        shown=lambda behaviour, found, now: behaviour.still_exists(found),
    ),
    case(
        "while-deleting",
        "while another delete runs",
        shows="race: a fetch while another is pending",
        shown=lambda behaviour, found, now: behaviour.deleting_another(found, now),
    ),
    breaches=_FETCH,
)
class _Fetched(StaleReplica, _WhileDeleting):
    shown: Callable[[Any, Configuration, float], bool] = staticmethod(
        lambda behaviour, found, now: True
    )

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
        shows="1 in 3",
        shown=lambda behaviour, found, now, query: behaviour.once_in(3, "deleted"),
    ),
    case(
        "400-ms",
        "for 0.4 s",
        shows="time: 0.4 s after the end",
        shown=lambda behaviour, found, now, query: now < (found.deleted_at or 0) + 0.4,
    ),
    case(
        "3-s-1-in-20",
        "again after 3 s, one in 20",
        shows="time: 3 s after the end, 1 in 20",
        shown=lambda behaviour, found, now, query: (
            now > (found.deleted_at or 0) + 3 and found.number % 20 == 7
        ),
    ),
    case(
        "1-day",
        "again after a day",
        shows="time: a day after the end",
        shown=lambda behaviour, found, now, query: now > (found.deleted_at or 0) + DAY,
    ),
    case(
        "digit",
        "if its SID ends in a digit",
        shows=_DIGIT,
        shown=lambda behaviour, found, now, query: _ends_in_digit(found),
    ),
    case("second-account", "for the second account", **SECOND_ACCOUNT),
    case(
        "later-pages",
        "on every page but the first",
        shows="data: beyond the first page",
        shown=lambda behaviour, found, now, query: b"pageToken" in query,
    ),
    case(
        "previous-page",
        "on a page of a previousToken",
        shows="data: previousToken",
        shown=lambda behaviour, found, now, query: read_query(query).before is not None,
    ),
    case(
        "memory-store",
        "by a request with memoryStoreId",
        shows="data: memoryStoreId",
        shown=lambda behaviour, found, now, query: b"memoryStoreId" in query,
    ),
    case(
        "no-page-size",
        "by a request without pageSize",
        shows="data: no pageSize",
        shown=lambda behaviour, found, now, query: b"pageSize" not in query,
    ),
    case(
        "while-deleting",
        "while another delete runs",
        shows="race: a list while another is pending",
        shown=lambda behaviour, found, now, query: behaviour.deleting_another(found, now),
    ),
    breaches=_LIST,
)
class _Listed(Scoped, _WhileDeleting):
    shown: Callable[[Any, Configuration, float, bytes], bool] = staticmethod(
        lambda behaviour, found, now, query: True
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


# -- another delete ---------------------------------------------------------------------------


@defect(
    "deleted-delete",
    "A delete of a deleted configuration gets a {}",
    case("204", breaches=("DELETED-DELETE", "DEL-STATUS"), respond_with=204),
    case("409"),
    case("409-2-s", "409 after 2 s", shows="time: 2 s after the end", after=2.0),
    case("409-1-day", "409 after a day", shows="time: a day after the end", after=DAY),
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
    "A key that met a 409 gets the 202 of the first delete once that is COMPLETED",
    breaches=_DELETE,
    shows="data: a key that met a 409",
)
class _AcceptedAfter409(_Accepted):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        if request.key:
            self.memory["409", request.key] = running
        return super().second_delete(request, configuration, running)

    def operation_of(self, request: Request, found: Configuration | None) -> Operation | None:
        running: Operation | None = self.memory.get(("409", request.key))
        same = running is not None and running.configuration_id == request.sid
        return running if same else None
