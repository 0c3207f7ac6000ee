"""Defects of the KEY section: a replay is changed or starts a second operation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.bodies import OPERATIONS
from orchestrator_contract.mock.defects.bases import failed
from orchestrator_contract.mock.errors import conflict, unknown_configuration
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.response_changes import Change, header, member, with_status, without
from orchestrator_contract.mock.state import Operation, new_id

_REPLAY = ("KEY-REPLAY",)
_ENDED = ("KEY-REPLAY-ENDED",)
_BOTH = ("KEY-REPLAY", "KEY-REPLAY-ENDED")
_ENDED_FIRST = ("KEY-REPLAY-ENDED", "KEY-REPLAY")
_REPLAY_STATUS = ("KEY-REPLAY", "DEL-STATUS")
_OPERATION = ("KEY-ONE-OPERATION", "KEY-REPLAY")
_FAILED_DATA = "data: failed operations"


# -- a changed replay -------------------------------------------------------------------------


def _always(mock: Behaviour, request: Request, entry: Entry) -> bool:
    return True


def _if_ended(mock: Behaviour, request: Request, entry: Entry) -> bool:
    found = mock.locate(request, request.sid)
    deletion = found.deletion if found is not None else None
    return deletion is not None and deletion.state(mock.now()).terminal


def _if_failed(mock: Behaviour, request: Request, entry: Entry) -> bool:
    return failed(mock.locate(request, request.sid), mock.now())


def _if_pending(mock: Behaviour, request: Request, entry: Entry) -> bool:
    found = mock.locate(request, request.sid)
    return found is not None and mock.pending_deletion(found) is not None


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
    def to(mock: Behaviour, request: Request, response: Response) -> Response:
        for change in changes:
            change(request, response)
        return response

    return to


def _404(mock: Behaviour, request: Request, response: Response) -> Response:
    return mock.refuse(request, unknown_configuration())


def _409(mock: Behaviour, request: Request, response: Response) -> Response:
    return mock.refuse(request, conflict(None))


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
        "time: while pending",
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
        "data: the second replay",
        applies=lambda mock, request, entry: entry.replays > 1,
        to=_404,
    ),
    case(
        "409-third",
        " gets a 409 if it is the third one",
        "data: the third replay",
        applies=lambda mock, request, entry: entry.replays == 3,
        to=_409,
    ),
    case(
        "409-other-connection",
        " on another connection gets a 409",
        "data: another connection",
        applies=lambda mock, request, entry: request.connection != entry.connection,
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


def _with_operation_status(mock: Behaviour, request: Request, response: Response) -> Response:
    identity = response.get("operation-id") or ""
    operation = mock.partition(request).operations.get(identity)
    if operation is not None:
        status = operation.state(mock.now())
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
    case("", to=lambda mock, request, response: mock.last.copy()),
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


def _start(mock: Behaviour, request: Request, response: Response) -> Response:
    found = mock.locate(request, request.sid)
    if found is None:
        return response
    return mock.accepted(request, mock.begin_delete(request, found))


def _restore(mock: Behaviour, request: Request, response: Response) -> Response:
    found = mock.locate(request, request.sid)
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
