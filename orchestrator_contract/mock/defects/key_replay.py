"""Defects against KEY-REPLAY and KEY-ONE-OPERATION."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.bodies import OPERATIONS
from orchestrator_contract.mock.defects.bases import _AfterRefusal, _Elsewhere, _Remembers, cornered
from orchestrator_contract.mock.errors import (
    conflict,
    unknown_configuration,
)
from orchestrator_contract.mock.idempotency import HEADER, Entry, Perform
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.response_changes import member, without
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import Configuration, Operation, World, new_id


@defect(
    "retried-429-forgotten",
    "The answer to the retry of a 429 is not stored",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: a key that met a 429",
)
class _RetryForgotten(_AfterRefusal):
    def storable(self, request: Request, response: Response) -> bool:
        return request.key not in self.refused and super().storable(request, response)


@defect(
    "key-forgotten-once-updated",
    "The key of a configuration that was ever updated is forgotten",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: after an update",
)
class _ForgottenUpdated(Behaviour):
    def storable(self, request: Request, response: Response) -> bool:
        found = self.locate(request, request.sid)
        updated = request.route == "delete" and found is not None and found.version > 1
        return not updated and super().storable(request, response)


_REPLAY = ("KEY-REPLAY-ENDED", "KEY-REPLAY")


@defect(
    "key-forgotten-second-region",
    "In the second region keys end with their operation",
    breaches=("KEY-REPLAY-ENDED", "KEY-TTL-MIN"),
    shows="data: another region",
)
class _ForgottenAway(_Elsewhere):
    account, region = 0, 1

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        ended = (
            found is not None and self.now() > found.first_used + self.settings.operation_seconds
        )
        return None if ended and self.away(request) else found


@defect(
    "key-mismatch-forgets",
    "A refused reuse on another SID makes the key forget its first request",
    breaches=_REPLAY,
    shows="data: a key that was tried on another SID",
)
class _MismatchForgets(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        self.entries.pop(self.key_scope(request, request.key or ""), None)
        return super().mismatch(request, entry)


@defect(
    "key-scope-overwritten",
    "A key used by a second account is lost to the first",
    breaches=_REPLAY,
    shows="data: a key that two accounts used",
)
class _Overwritten(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        if found is None and request.account == 2:
            self.entries.pop((1, request.region, request.key), None)
        return found


@defect(
    "key-lost-to-bad-credentials",
    "A request with a wrong password makes the key it carries forgotten",
    breaches=_REPLAY,
    shows="data: a used key with bad credentials",
)
class _LostToStrangers(Behaviour):
    def unauthenticated(self, request: Request) -> Response:
        for key in (line.decode("latin-1") for line in request.lines(b"idempotency-key")):
            self.entries.pop((1, request.region, key), None)
        return super().unauthenticated(request)


@defect(
    "keys-newest-hundred",
    "Only the 100 newest keys are kept",
    breaches=("KEY-REPLAY-ENDED",),
    shows="data: after 100 other keys",
)
class _Hundred(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        while len(self.entries) > 100:
            del self.entries[next(iter(self.entries))]
        return super().look_up(request, scope)


@defect(
    "key-ignored-corner",
    "For the second account in the second region keys end with their operation",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: another account in another region",
)
class _DeafInTheCorner(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        return (
            None
            if found is not None
            and cornered(request)
            and self.now() > found.first_used + self.settings.operation_seconds
            else found
        )


@defect(
    "key-of-one-accept",
    "A key counts for requests with one Accept header only",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
    shows="data: another Accept header",
)
class _OneAccept(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return super().key_scope(request, key), request.header(b"accept")


@defect(
    "key-lost-with-client",
    "A delete whose client has left is carried out, and its key is not stored",
    breaches=("KEY-REPLAY",),
    shows="data: a client that leaves before its answer",
)
class _LostWithClient(Behaviour):
    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if request.route == "delete":
            await asyncio.sleep(0.01)

    def delivered(self, request: Request, response: Response, *, reached: bool) -> None:
        super().delivered(request, response, reached=reached)
        if not reached and request.key is not None:
            self.entries.pop(self.key_scope(request, request.key), None)


@defect(
    "key-errored-forgotten",
    "A key that met 404, 409, 500 or 503 and is accepted later is not remembered",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: a key that met an error",
)
class _ErroredForgotten(_Remembers):
    def storable(self, request: Request, response: Response) -> bool:
        if request.route == "delete" and response.status in (404, 409, 500, 503):
            self.met[request.key or ""] = response.status
        return request.key not in self.met and super().storable(request, response)


@defect(
    "key-429-drops-answer",
    "A used key that meets a 429 loses its stored answer",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: a used key that meets a 429",
)
class _ThrottledDrops(Behaviour):
    async def once(self, request: Request, perform: Perform) -> Response:
        key = self.read_key(request)
        if (
            key is not None
            and request.route == "delete"
            and self.requested_fault(request, None) == "429"
        ):
            self.entries.pop(self.key_scope(request, key), None)
            return self.fault_response(request, "429")
        return await super().once(request, perform)


@defect(
    "key-late-update-drops",
    "An update of what is gone is refused and drops the key that deleted it",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: a key after a late update",
)
class _LateUpdateDrops(Behaviour):
    def update(self, request: Request) -> Response:
        response = super().update(request)
        if response.status == 404:
            for scope, entry in list(self.entries.items()):
                stored = entry.response
                if (
                    stored is not None
                    and (stored.document.get("related") or {}).get("configurationId") == request.sid
                ):
                    del self.entries[scope]
        return response


@defect(
    "key-replay-of-latest",
    "A replay shows the latest operation of its SID",
    breaches=("KEY-REPLAY-FAILED", "KEY-ONE-OPERATION"),
    shows="data: a delete after a FAILED one",
)
class _Latest(Behaviour):
    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        found = self.locate(request, request.sid)
        if request.route == "delete" and found is not None and found.deletion is not None:
            return self.accepted(request, found.deletion)
        return super().replay(request, entry, response)


@defect(
    "key-409-replaces-answer",
    "A delete refused while another is pending puts its 409 in place of the other's stored answer",
    breaches=("KEY-REPLAY",),
    shows="data: a used key whose SID meets a 409",
)
class _ConflictReplaces(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        refusal = super().second_delete(request, configuration, running)
        for entry in self.entries.values() if request.key is not None else ():
            stored = entry.response
            if stored is not None and stored.get("operation-id") == running.id:
                entry.response = refusal.copy()
        return refusal


@defect(
    "replay-third-at-once",
    "Of replays that overlap the third is told that nothing is there",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="race: within 20 ms",
)
class _ThirdReplay(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._under_way = 0

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route != "delete" or not request.replayed:
            return response
        self._under_way += 1
        third = self._under_way > 2
        await asyncio.sleep(0.02)
        self._under_way -= 1
        return self.refuse(request, unknown_configuration()) if third else response


@defect(
    "key-header-lower-case",
    "A key whose header name is written in lower case counts as none",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
    shows="data: header names in lower case",
)
class _OneSpelling(Behaviour):
    def read_key(self, request: Request) -> str | None:
        return None if HEADER in request.written else super().read_key(request)


@defect(
    "key-v2-ignored",
    "A version 2 key counts as none",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
    shows="data: a version 2 key",
)
class _VersionTwoIgnored(Behaviour):
    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if key is not None and key[14] == "2" else key


@defect(
    "key-rare-variant-ignored",
    "A key of a variant that is Microsoft's or reserved counts as none",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
    shows="data: a key of a rare variant",
)
class _RareVariantIgnored(Behaviour):
    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if key is not None and key[19] in "cdefCDEF" else key


@defect(
    "key-per-user-agent",
    "A key of one User-Agent is a mismatch for another",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
    shows="data: another User-Agent",
)
class _PerUserAgent(Behaviour):
    def fingerprint(self, request: Request) -> Hashable:
        return super().fingerprint(request), request.header(b"user-agent")


@defect(
    "key-per-accept-encoding",
    "A key sent with one Accept-Encoding is a mismatch with another",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
    shows="data: another Accept-Encoding",
)
class _PerCoding(Behaviour):
    def fingerprint(self, request: Request) -> Hashable:
        return super().fingerprint(request), request.header(b"accept-encoding")


@defect(
    "key-mismatch-forgets-and-accepts",
    "A refused reuse makes a key new: the next reuse is accepted and takes it over",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: a key that was tried on two other SIDs",
)
class _MismatchOpens(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        scope = self.key_scope(request, request.key or "")
        if self.entries.get(scope) is entry:
            del self.entries[scope]
        return super().mismatch(request, entry)


@defect(
    "key-per-connection",
    "Each connection has keys of its own",
    breaches=("KEY-REPLAY",),
    shows="data: another connection",
)
class _PerConnection(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.connection, super().key_scope(request, key)


@defect(
    "key-nil-ignored",
    "The nil UUID counts as no key",
    breaches=("KEY-REPLAY", "KEY-FORMAT-ACCEPTED"),
    shows="data: the nil UUID",
)
class _NilIgnored(Behaviour):
    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if key is not None and key.strip("0-") == "" else key


@defect(
    "key-capitals-ignored",
    "Keys with capital letters count as no key",
    breaches=("KEY-REPLAY", "KEY-FORMAT-ACCEPTED"),
    shows="data: capitals",
)
class _CapitalsIgnored(Behaviour):
    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if key is not None and key != key.lower() else key


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
