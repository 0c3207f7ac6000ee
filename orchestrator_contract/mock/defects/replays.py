"""Keys that are recognised but answered wrongly, or not recognised where they have to be."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.bodies import OPERATIONS
from orchestrator_contract.mock.errors import conflict, unknown_configuration
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.response_changes import member, without
from orchestrator_contract.mock.state import Configuration, Operation, new_id


class _Replay(Behaviour):
    """Base of defects that spoil a replay of a delete."""

    every = 1

    def applies(self, request: Request, entry: Entry) -> bool:
        """Whether this replay is spoilt."""
        return self.once_in(self.every, "replay")

    def spoil(self, request: Request, response: Response) -> Response:
        """What comes instead of *response*."""
        return response

    def deleted(self, request: Request) -> Configuration | None:
        """The configuration that the request names."""
        return self.locate(request, request.sid)

    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        answer = super().replay(request, entry, response)
        if request.route == "delete" and self.applies(request, entry):
            return self.spoil(request, answer)
        return answer


class _NotFound(_Replay):
    """Base of defects where a replay is answered 404."""

    def spoil(self, request: Request, response: Response) -> Response:
        return self.refuse(request, unknown_configuration())


class _Conflict(_Replay):
    """Base of defects where a replay is answered 409."""

    def spoil(self, request: Request, response: Response) -> Response:
        return self.refuse(request, conflict(None))


class _AfterEnd:
    """Mixin: only after the operation has ended."""

    state: State | None = None

    def applies(self: Behaviour, request: Request, entry: Entry) -> bool:  # type: ignore[misc]  # used beside one
        found = self.locate(request, request.sid)
        if found is None or found.deletion is None:
            return False
        reached = found.deletion.state(self.now())
        wanted = getattr(self, "state", None)
        return reached is wanted if wanted is not None else reached.terminal


@defect("replay-404", "A replay answers 404", breaches=("KEY-REPLAY",))
class _Replay404(_NotFound):
    pass


@defect("replay-409", "A replay answers 409", breaches=("KEY-REPLAY",))
class _Replay409(_Conflict):
    pass


@defect("replay-200", "A replay answers 200", breaches=("KEY-REPLAY", "DEL-STATUS"))
class _Replay200(_Replay):
    def spoil(self, request: Request, response: Response) -> Response:
        response.status = 200
        return response


@defect("replay-204", "A replay answers 204", breaches=("KEY-REPLAY", "DEL-STATUS"))
class _Replay204(_Replay):
    def spoil(self, request: Request, response: Response) -> Response:
        return Response(204)


@defect("replay-304", "A replay answers 304", breaches=("KEY-REPLAY", "DEL-STATUS"))
class _Replay304(_Replay):
    def spoil(self, request: Request, response: Response) -> Response:
        return Response(304)


@defect("replay-other-id", "A replay names another operation", breaches=("KEY-REPLAY",))
class _ReplayOtherId(_Replay):
    def spoil(self, request: Request, response: Response) -> Response:
        identity = new_id("conv_operation")
        url = f"{request.origin}{OPERATIONS}{identity}"
        response.set("operation-id", identity)
        response.set("location", url)
        member("statusUrl", url)(request, response)
        return response


@defect("replay-other-url", "A replay has another statusUrl", breaches=("KEY-REPLAY",))
class _ReplayOtherUrl(_Replay):
    def spoil(self, request: Request, response: Response) -> Response:
        member("statusUrl", response.document["statusUrl"] + "?replay=1")(request, response)
        return response


@defect(
    "replay-other-url-sometimes",
    "Each third replay has another statusUrl",
    breaches=("KEY-REPLAY",),
    shows="1 in 3",
)
class _ReplayOtherUrlSometimes(_ReplayOtherUrl):
    every = 3


@defect("replay-no-related", "A replay lacks related", breaches=("KEY-REPLAY",))
class _ReplayNoRelated(_Replay):
    def spoil(self, request: Request, response: Response) -> Response:
        without("related")(request, response)
        return response


@defect(
    "replay-no-headers", "A replay lacks every header", breaches=("KEY-REPLAY", "DEL-202-HEADERS")
)
class _ReplayNoHeaders(_Replay):
    def spoil(self, request: Request, response: Response) -> Response:
        for name in ("operation-id", "location", "retry-after"):
            response.set(name, None)
        return response


@defect(
    "replay-no-operation-id", "A replay lacks Operation-Id and Location", breaches=("KEY-REPLAY",)
)
class _ReplayNoId(_Replay):
    def spoil(self, request: Request, response: Response) -> Response:
        response.set("operation-id", None)
        response.set("location", None)
        return response


@defect("replay-empty", "A replay is a 202 with an empty object", breaches=("KEY-REPLAY",))
class _ReplayEmpty(_Replay):
    def spoil(self, request: Request, response: Response) -> Response:
        response.document = {}
        return response


@defect(
    "replay-not-whole",
    "A replay lacks what the original said beyond the contract",
    breaches=("KEY-REPLAY-BODY",),
)
class _ReplayNotWhole(_Replay):
    def accepted_document(self, request: Request, operation: Operation) -> object:
        return {**super().accepted_document(request, operation), "acceptedBy": new_id("agent")}

    def spoil(self, request: Request, response: Response) -> Response:
        without("acceptedBy")(request, response)
        return response


@defect(
    "replay-while-pending-only",
    "Once the operation has ended a replay is 404",
    breaches=("KEY-REPLAY-ENDED",),
    shows="time: after the end",
)
class _WhilePendingOnly(_AfterEnd, _NotFound):
    pass


@defect(
    "replay-after-end-only",
    "While the operation is pending a replay is 409",
    breaches=("KEY-REPLAY",),
    shows="time: while pending",
)
class _AfterEndOnly(_Conflict):
    def applies(self, request: Request, entry: Entry) -> bool:
        found = self.deleted(request)
        return found is not None and self.pending_deletion(found) is not None


@defect(
    "replay-after-failure",
    "After a FAILED operation a replay is 409",
    breaches=("KEY-REPLAY-FAILED",),
    shows="data: failed operations",
)
class _AfterFailure(_AfterEnd, _Conflict):
    state = State.FAILED


@defect(
    "replay-retries-failure",
    "After a FAILED operation the same key starts another one",
    breaches=("KEY-REPLAY-FAILED", "KEY-ONE-OPERATION"),
    shows="data: failed operations",
)
class _RetriesFailure(_AfterEnd, _Replay):
    state = State.FAILED

    def spoil(self, request: Request, response: Response) -> Response:
        found = self.deleted(request)
        return (
            response if found is None else self.accepted(request, self.begin_delete(request, found))
        )


@defect(
    "replay-third",
    "The third replay is 409",
    breaches=("KEY-REPLAY",),
    shows="data: the third replay",
)
class _Third(_Conflict):
    def applies(self, request: Request, entry: Entry) -> bool:
        return entry.replays == 3


@defect(
    "replay-once-only",
    "Only the first replay is recognised",
    breaches=("KEY-REPLAY",),
    shows="data: the second replay",
)
class _OnceOnly(_NotFound):
    def applies(self, request: Request, entry: Entry) -> bool:
        return entry.replays > 1


@defect(
    "replay-same-connection-only",
    "On another connection the key is unknown",
    breaches=("KEY-REPLAY",),
    shows="data: another connection",
)
class _SameConnection(_Conflict):
    def applies(self, request: Request, entry: Entry) -> bool:
        return request.connection != entry.connection


@defect(
    "replay-starts-again",
    "A replay starts a second operation",
    breaches=("KEY-ONE-OPERATION", "KEY-REPLAY"),
)
class _StartsAgain(_Replay):
    def spoil(self, request: Request, response: Response) -> Response:
        found = self.deleted(request)
        return (
            response if found is None else self.accepted(request, self.begin_delete(request, found))
        )


@defect(
    "replay-starts-again-sometimes",
    "Each fourth replay starts a second operation",
    breaches=("KEY-ONE-OPERATION", "KEY-REPLAY"),
    shows="1 in 4",
)
class _StartsAgainSometimes(_StartsAgain):
    every = 4


@defect(
    "replay-hides-start",
    "The original answer comes, and unseen the deletion starts over",
    breaches=("KEY-REPLAY", "KEY-ONE-OPERATION", "DELETED-FETCH"),
)
class _HiddenStart(_AfterEnd, _Replay):
    def spoil(self, request: Request, response: Response) -> Response:
        found = self.deleted(request)
        if found is not None:
            found.deleted_at = None
        return response


@defect(
    "replay-of-last",
    "A replay gets the answer of the account's latest delete",
    breaches=("KEY-REPLAY",),
    shows="data: another delete in between",
)
class _OfLast(_Replay):
    last: Response | None = None

    def storable(self, request: Request, response: Response) -> bool:
        if response.status == 202 and request.route == "delete":
            self.last = response.copy()
        return super().storable(request, response)

    def spoil(self, request: Request, response: Response) -> Response:
        return self.last.copy() if self.last is not None else response


@defect(
    "replay-tells-status",
    "A replay tells the present status of its operation beside the rest",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
)
class _TellsStatus(_Replay):
    def spoil(self, request: Request, response: Response) -> Response:
        operation = self.partition(request).operations.get(response.get("operation-id") or "")
        if operation is not None:
            member("status", operation.state(self.now()))(request, response)
        return response


@defect("key-ignored", "Keys are ignored", breaches=("KEY-REPLAY",))
class _Ignored(Behaviour):
    def read_key(self, request: Request) -> str | None:
        super().read_key(request)
        return None


@defect(
    "key-forgotten-soon",
    "A key is forgotten when 20 newer ones came",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
    shows="data: 20 newer keys",
)
class _ForgottenSoon(Behaviour):
    def storable(self, request: Request, response: Response) -> bool:
        if len(self.entries) > 20:
            del self.entries[next(iter(self.entries))]
        return super().storable(request, response)


@defect(
    "key-429-stored", "A 429 is stored and answers the retry", breaches=("ERR-429-RETRY-PROCESSED",)
)
class _Stores429(Behaviour):
    def storable(self, request: Request, response: Response) -> bool:
        return response.status == 429 or super().storable(request, response)


@defect(
    "key-429-stored-briefly",
    "For two seconds a 429 answers the retry",
    breaches=("ERR-429-RETRY-PROCESSED",),
    shows="time: 2 s",
)
class _Stores429Briefly(Behaviour):
    def storable(self, request: Request, response: Response) -> bool:
        return response.status == 429 or super().storable(request, response)

    def key_ttl(self, entry: Entry) -> float:
        refused = entry.response is not None and entry.response.status == 429
        return 2.0 if refused else super().key_ttl(entry)


@defect("key-create-not-replayed", "A create under a key is made again", breaches=("CTRL-KEY",))
class _CreateAgain(Behaviour):
    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if request.route == "create" else key


@defect("key-update-not-replayed", "An update under a key is made again", breaches=("CTRL-KEY",))
class _UpdateAgain(Behaviour):
    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if request.route == "update" else key
