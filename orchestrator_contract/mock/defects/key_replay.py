"""Defects of the KEY section: a key's second use gets another response or a second operation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.bodies import OPERATIONS
from orchestrator_contract.mock.defects.bases import (
    SECOND_ACCOUNT_AND_REGION,
    SECOND_REGION,
    Scoped,
    failed,
)
from orchestrator_contract.mock.errors import conflict, unknown_configuration
from orchestrator_contract.mock.idempotency import HEADER, Entry, Perform
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.response_changes import Change, header, member, with_status, without
from orchestrator_contract.mock.state import Configuration, Operation, new_id

_REPLAY = ("KEY-REPLAY",)
_ENDED = ("KEY-REPLAY-ENDED",)
_BOTH = ("KEY-REPLAY", "KEY-REPLAY-ENDED")
_ENDED_FIRST = ("KEY-REPLAY-ENDED", "KEY-REPLAY")
_REPLAY_STATUS = ("KEY-REPLAY", "DEL-STATUS")
_OPERATION = ("KEY-ONE-OPERATION", "KEY-REPLAY")
_FAILED_DATA = "data: failed operations"


# -- a changed replay -------------------------------------------------------------------------


def _always(behaviour: Behaviour, request: Request, entry: Entry) -> bool:
    return True


def _if_ended(behaviour: Behaviour, request: Request, entry: Entry) -> bool:
    found = behaviour.locate(request, request.sid)
    deletion = found.deletion if found is not None else None
    return deletion is not None and deletion.state(behaviour.now()).terminal


def _if_failed(behaviour: Behaviour, request: Request, entry: Entry) -> bool:
    return failed(behaviour.locate(request, request.sid), behaviour.now())


def _if_pending(behaviour: Behaviour, request: Request, entry: Entry) -> bool:
    found = behaviour.locate(request, request.sid)
    return found is not None and behaviour.pending_deletion(found) is not None


class _Replay(Behaviour):
    """Base of defects that change each *every*-th replay of a delete to which they apply."""

    applies: Callable[[Behaviour, Request, Entry], bool] = staticmethod(_always)
    to: Callable[[Behaviour, Request, Response], Response]
    every = 1

    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        original = super().replay(request, entry, response)
        applies = request.route == "delete" and self.applies(self, request, entry)
        if applies and self.once_in(self.every, "replay"):
            return self.to(self, request, original)
        return original


def _changed(*changes: Change) -> Callable[[Behaviour, Request, Response], Response]:
    def to(behaviour: Behaviour, request: Request, response: Response) -> Response:
        for change in changes:
            change(request, response)
        return response

    return to


def _404(behaviour: Behaviour, request: Request, response: Response) -> Response:
    return behaviour.refuse(request, unknown_configuration())


def _409(behaviour: Behaviour, request: Request, response: Response) -> Response:
    return behaviour.refuse(request, conflict(None))


defect(
    "replay-status",
    "A replay{}",
    case("200", " gets a 200", breaches=_REPLAY_STATUS, to=_changed(with_status(200))),
    case("204", " gets a 204", breaches=_REPLAY_STATUS, to=lambda *_: Response(204)),
    case("304", " gets a 304", breaches=_REPLAY_STATUS, to=lambda *_: Response(304)),
    case("404", " gets a 404", to=_404),
    case("409", " gets a 409", to=_409),
    case(
        "404-ended",
        " after the end of the operation gets a 404",
        breaches=_ENDED,
        shows="time: after the end",
        applies=_if_ended,
        to=_404,
    ),
    case(
        "409-pending",
        " while the operation is PENDING gets a 409",
        shows="time: while pending",
        applies=_if_pending,
        to=_409,
    ),
    case(
        "409-failed",
        " after a FAILED operation gets a 409",
        breaches=("KEY-REPLAY-FAILED",),
        shows=_FAILED_DATA,
        applies=_if_failed,
        to=_409,
    ),
    case(
        "404-second",
        " gets a 404 from the second one on",
        shows="data: the second replay",
        applies=lambda behaviour, request, entry: entry.replays > 1,
        to=_404,
    ),
    case(
        "409-third",
        " gets a 409 if it is the third one",
        shows="data: the third replay",
        applies=lambda behaviour, request, entry: entry.replays == 3,
        to=_409,
    ),
    case(
        "409-other-connection",
        " on another connection gets a 409",
        shows="data: another connection",
        applies=lambda behaviour, request, entry: request.connection != entry.connection,
        to=_409,
    ),
    breaches=_REPLAY,
)(_Replay)


def _other_operation(request: Request, response: Response) -> None:
    identity = new_id("conv_operation")
    url = f"{request.origin}{OPERATIONS}{identity}"
    response.set("operation-id", identity)
    response.set("location", url)
    member("statusUrl", url)(request, response)


_OTHER_URL = _changed(member("statusUrl", lambda url: url + "?replay=1"))
_NO_OPERATION_ID = (header("operation-id", None), header("location", None))


def _with_operation_status(behaviour: Behaviour, request: Request, response: Response) -> Response:
    identity = response.get("operation-id") or ""
    operation = behaviour.partition(request).operations.get(identity)
    if operation is not None:
        status = operation.state(behaviour.now())
        response.document = {**response.document, "status": status}
    return response


defect(
    "replay-changes",
    "A replay {}",
    case("operation", "names another operation", to=_changed(_other_operation)),
    case("status-url", "has another statusUrl", to=_OTHER_URL),
    case("status-url-1-in-3", "has another statusUrl", to=_OTHER_URL, every=3),
    case("no-related", "has no related", to=_changed(without("related"))),
    case("no-operation-id", "has no Operation-Id and Location", to=_changed(*_NO_OPERATION_ID)),
    case(
        "no-headers",
        "has no Operation-Id, Location and Retry-After",
        breaches=("KEY-REPLAY", "DEL-202-HEADERS"),
        to=_changed(*_NO_OPERATION_ID, header("retry-after", None)),
    ),
    case(
        "empty",
        "is an empty object",
        to=_changed(lambda request, response: setattr(response, "document", {})),
    ),
    case(
        "status-member",
        "has the status of its operation",
        breaches=_BOTH,
        to=_with_operation_status,
    ),
    breaches=_REPLAY,
)(_Replay)


@defect(
    "replay-no-extra-member",
    "A replay lacks an undocumented member of the original body",
    case("", to=_changed(without("acceptedBy"))),
    breaches=("KEY-REPLAY-BODY",),
)
class _NoExtraMember(_Replay):
    def accepted_document(self, request: Request, operation: Operation) -> object:
        return {**super().accepted_document(request, operation), "acceptedBy": new_id("agent")}


@defect(
    "replay-last-response",
    "A replay gets the response to the last accepted delete",
    case("", to=lambda behaviour, request, response: behaviour.last.copy()),
    breaches=_REPLAY,
    shows="data: another delete in between",
)
class _LastResponse(_Replay):
    last: Response

    def storable(self, request: Request, response: Response) -> bool:
        if response.status == 202 and request.route == "delete":
            self.last = response.copy()
        return super().storable(request, response)


@defect(
    "replay-latest-operation",
    "A replay names the latest operation of its SID",
    breaches=("KEY-REPLAY-FAILED", "KEY-ONE-OPERATION"),
    shows="data: a delete after a FAILED one",
)
class _LatestOperation(Behaviour):
    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        found = self.locate(request, request.sid)
        if request.route == "delete" and found is not None and found.deletion is not None:
            return self.accepted(request, found.deletion)
        return super().replay(request, entry, response)


@defect(
    "replay-404-third-concurrent",
    "The third of concurrent replays gets a 404",
    breaches=_ENDED_FIRST,
    shows="race: within 20 ms",
)
class _ThirdConcurrent(Behaviour):
    replays = 0

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route != "delete" or not request.replayed:
            return response
        self.replays += 1
        third = self.replays > 2
        await asyncio.sleep(0.02)
        self.replays -= 1
        return self.refuse(request, unknown_configuration()) if third else response


# -- a second operation -----------------------------------------------------------------------


def _start(behaviour: Behaviour, request: Request, response: Response) -> Response:
    found = behaviour.locate(request, request.sid)
    if found is None:
        return response
    return behaviour.accepted(request, behaviour.begin_delete(request, found))


def _restore(behaviour: Behaviour, request: Request, response: Response) -> Response:
    found = behaviour.locate(request, request.sid)
    if found is not None:
        found.deleted_at = None
    return response


defect(
    "replay-starts-operation",
    "A replay starts a second operation{}",
    case("", ", always", to=_start),
    case("1-in-4", ", one time in four", to=_start, every=4),
    case(
        "failed",
        " after a FAILED one",
        breaches=("KEY-REPLAY-FAILED", "KEY-ONE-OPERATION"),
        shows=_FAILED_DATA,
        applies=_if_failed,
        to=_start,
    ),
    breaches=_OPERATION,
)(_Replay)
defect(
    "delete-replay-restores",
    "A replay after the end restores the configuration",
    case("", applies=_if_ended, to=_restore),
    breaches=("KEY-REPLAY", "KEY-ONE-OPERATION", "DELETED-FETCH"),
)(_Replay)


# -- a key that is ignored, not stored or lost ------------------------------------------------


@defect(
    "key-ignored",
    "A key{} is ignored",
    case("", ", whatever it is,", breaches=_REPLAY, ignores=lambda request, key: True),
    case(
        "upper-case",
        " in upper case",
        breaches=("KEY-REPLAY", "KEY-FORMAT-ACCEPTED"),
        shows="data: capitals",
        ignores=lambda request, key: key != key.lower(),
    ),
    case(
        "nil",
        " that is the nil UUID",
        breaches=("KEY-REPLAY", "KEY-FORMAT-ACCEPTED"),
        shows="data: the nil UUID",
        ignores=lambda request, key: key.strip("0-") == "",
    ),
    case(
        "version-2",
        " of version 2",
        shows="data: a version 2 key",
        ignores=lambda request, key: key[14] == "2",
    ),
    case(
        "rare-variant",
        " of the Microsoft or the reserved variant",
        shows="data: a key of a rare variant",
        ignores=lambda request, key: key[19] in "cdefCDEF",
    ),
    case(
        "header-lower-case",
        " whose header name is in lower case",
        shows="data: header names in lower case",
        ignores=lambda request, key: HEADER in request.written,
    ),
    breaches=_BOTH,
)
class _Ignored(Behaviour):
    ignores: Callable[[Request, str], bool]

    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if key is not None and self.ignores(request, key) else key


@defect(
    "key-not-stored",
    "The 202 is not stored for a key that met a {}",
    case("after-error", "404, 409, 500 or 503", shows="data: a key that met an error"),
    case("after-429", "429", shows="data: a key that met a 429", statuses=(429,)),
    breaches=_ENDED_FIRST,
)
class _NotStored(Behaviour):
    statuses: tuple[int, ...] = (404, 409, 500, 503)

    def storable(self, request: Request, response: Response) -> bool:
        if request.route == "delete" and response.status in self.statuses:
            self.memory["error", request.key] = True
        return ("error", request.key) not in self.memory and super().storable(request, response)


@defect(
    "key-not-stored-updated",
    "The 202 is not stored for a configuration that was updated",
    breaches=_ENDED_FIRST,
    shows="data: after an update",
)
class _NotStoredUpdated(Behaviour):
    def storable(self, request: Request, response: Response) -> bool:
        found = self.locate(request, request.sid) if request.route == "delete" else None
        updated = found is not None and found.version > 1
        return not updated and super().storable(request, response)


@defect(
    "key-ends-with-operation",
    "A key is lost at the end of its operation {}",
    case(
        "second-region",
        "in the second region",
        breaches=("KEY-REPLAY-ENDED", "KEY-TTL-MIN"),
        **SECOND_REGION,
    ),
    case(
        "second-account-and-region",
        "for the second account in the second region",
        **SECOND_ACCOUNT_AND_REGION,
    ),
    breaches=_ENDED_FIRST,
)
class _EndsWithOperation(Scoped):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        if found is None or not self.in_scope(request):
            return found
        return None if self.now() > found.first_used + self.settings.operation_seconds else found


@defect(
    "keys-evicted",
    "A key is lost after {} newer ones",
    case("20", breaches=_BOTH, shows="data: 20 newer keys", limit=20),
    case("100", breaches=_ENDED, shows="data: after 100 other keys", limit=100),
)
class _Evicted(Behaviour):
    limit: int

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        while len(self.entries) > self.limit:
            del self.entries[next(iter(self.entries))]
        return super().look_up(request, scope)


@defect(
    "key-per",
    "A key is unknown {}",
    case(
        "connection",
        "on another connection",
        breaches=_REPLAY,
        shows="data: another connection",
        part=lambda request: request.connection,
    ),
    case(
        "accept",
        "with another Accept",
        shows="data: another Accept header",
        part=lambda request: request.header(b"accept"),
    ),
    breaches=_BOTH,
)
class _Per(Behaviour):
    part: Callable[[Request], Hashable]

    def key_scope(self, request: Request, key: str) -> Hashable:
        return super().key_scope(request, key), self.part(request)


@defect(
    "key-mismatch",
    "A retry with another {} is a mismatch",
    case("user-agent", "User-Agent", shows="data: another User-Agent", header=b"user-agent"),
    case(
        "accept-encoding",
        "Accept-Encoding",
        shows="data: another Accept-Encoding",
        header=b"accept-encoding",
    ),
    breaches=_BOTH,
)
class _Mismatch(Behaviour):
    header: bytes

    def fingerprint(self, request: Request) -> Hashable:
        return super().fingerprint(request), request.header(self.header)


def _forget(behaviour: Behaviour, account: int, region: int, key: str | None) -> None:
    behaviour.entries.pop((account, region, key), None)


@defect(
    "key-lost-after-mismatch",
    "A key is lost after a mismatch",
    breaches=_ENDED_FIRST,
    shows="data: a key that was tried on another SID",
)
class _LostAfterMismatch(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        _forget(self, request.account, request.region, request.key)
        return super().mismatch(request, entry)


@defect(
    "key-lost-after-other-account",
    "A key is lost to the first account after the second one used it",
    breaches=_ENDED_FIRST,
    shows="data: a key that two accounts used",
)
class _LostAfterOtherAccount(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        if found is None and request.account == 2:
            _forget(self, 1, request.region, request.key)
        return found


@defect(
    "key-lost-after-401",
    "A key is lost after a request with it got a 401",
    breaches=_ENDED_FIRST,
    shows="data: a used key with bad credentials",
)
class _LostAfter401(Behaviour):
    def unauthenticated(self, request: Request) -> Response:
        for key in request.lines(HEADER):
            _forget(self, 1, request.region, key.decode("latin-1"))
        return super().unauthenticated(request)


@defect(
    "key-lost-after-429",
    "A key is lost after a request with it got a 429",
    breaches=_ENDED_FIRST,
    shows="data: a used key that meets a 429",
)
class _LostAfter429(Behaviour):
    async def once(self, request: Request, perform: Perform) -> Response:
        key = self.read_key(request)
        fault = self.requested_fault(request, None) if request.route == "delete" else None
        if key is not None and fault == "429":
            self.entries.pop(self.key_scope(request, key), None)
            return self.fault_response(request, "429")
        return await super().once(request, perform)


@defect(
    "key-lost-after-update",
    "A key is lost after an update of its deleted configuration got a 404",
    breaches=_ENDED_FIRST,
    shows="data: a key after a late update",
)
class _LostAfterUpdate(Behaviour):
    def update(self, request: Request) -> Response:
        response = super().update(request)
        for scope, entry in list(self.entries.items()) if response.status == 404 else ():
            related: Any = entry.response.document.get("related") if entry.response else None
            if related and related.get("configurationId") == request.sid:
                del self.entries[scope]
        return response


@defect(
    "key-lost-undelivered",
    "A key is lost if the client disconnects before the response",
    breaches=_REPLAY,
    shows="data: a client that leaves before its answer",
)
class _LostUndelivered(Behaviour):
    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if request.route == "delete":
            await asyncio.sleep(0.01)

    def delivered(self, request: Request, response: Response, *, reached: bool) -> None:
        super().delivered(request, response, reached=reached)
        if not reached and request.key is not None:
            self.entries.pop(self.key_scope(request, request.key), None)


@defect(
    "key-409-replaces-response",
    "The 409 to a second delete replaces the stored response of the first",
    breaches=_REPLAY,
    shows="data: a used key whose SID meets a 409",
)
class _ReplacedBy409(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        refusal = super().second_delete(request, configuration, running)
        for entry in self.entries.values() if request.key is not None else ():
            if entry.response is not None and entry.response.get("operation-id") == running.id:
                entry.response = refusal.copy()
        return refusal
