"""Defects of the KEY section: a key is ignored, not stored or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    SECOND_ACCOUNT_AND_REGION,
    SECOND_REGION,
    Scoped,
    failed,
)
from orchestrator_contract.mock.idempotency import HEADER, Entry, Perform
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import Configuration, Operation

_REPLAY = ("KEY-REPLAY",)
_ENDED = ("KEY-REPLAY-ENDED",)
_BOTH = ("KEY-REPLAY", "KEY-REPLAY-ENDED")
_ENDED_FIRST = ("KEY-REPLAY-ENDED", "KEY-REPLAY")


@defect(
    "key-ignored",
    "A key{} is ignored",
    case("", ", whatever it is,", breaches=_REPLAY, ignores=lambda request, key: True),
    case(
        "upper-case",
        " in upper case",
        breaches=("KEY-REPLAY", "KEY-FORMAT-ACCEPTED"),
        shows="data: upper case",
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
        "data: a version 2 key",
        ignores=lambda request, key: key[14] == "2",
    ),
    case(
        "rare-variant",
        " of the Microsoft or the reserved variant",
        "data: a key of a rare variant",
        ignores=lambda request, key: key[19] in "cdefCDEF",
    ),
    case(
        "header-lower-case",
        " whose header name is in lower case",
        "data: header names in lower case",
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
    case("after-error", "404, 409, 500 or 503", "data: a key that met an error"),
    case("after-429", "429", "data: a key that met a 429", statuses=(429,)),
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
        "data: another Accept header",
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
    case("user-agent", "User-Agent", "data: another User-Agent", header=b"user-agent"),
    case(
        "accept-encoding",
        "Accept-Encoding",
        "data: another Accept-Encoding",
        header=b"accept-encoding",
    ),
    case(
        "content-length",
        "Content-Length, 0 or none",
        "data: Content-Length: 0",
        header=b"content-length",
    ),
    breaches=_BOTH,
)
class _Mismatch(Behaviour):
    header: bytes

    def fingerprint(self, request: Request) -> Hashable:
        return super().fingerprint(request), request.header(self.header)


def _forget(mock: Behaviour, account: int, region: int, key: str | None) -> None:
    mock.entries.pop((account, region, key), None)


@defect(
    "key-lost-after-mismatch",
    "A key is lost after a mismatch",
    breaches=_ENDED_FIRST,
    shows="data: a key used on another SID",
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
    shows="data: a used key with wrong credentials",
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
    shows="data: a client that disconnects before the response",
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


def _has_few_capitals(request: Request, key: str) -> bool:
    capitals = sum(one.isupper() for one in key)
    return 1 <= capitals <= 2 and any(one.islower() for one in key)


@defect(
    "key-unknown",
    "A key {} is unknown",
    case(
        "mixed-case",
        "with one or two letters in upper case",
        "data: a key in mixed case",
        applies=_has_few_capitals,
    ),
    case(
        "digit-and-letter",
        "whose last group begins with 8 or 9, on a SID that ends in a letter,",
        "data: the first digit of the last group, and the last character of the SID",
        applies=lambda request, key: (
            key.rpartition("-")[2][:1] in ("8", "9") and (request.sid or "")[-1:].isalpha()
        ),
    ),
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED", "KEY-ONE-OPERATION"),
)
class _Unknown(Behaviour):
    applies: Callable[[Request, str], bool]

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        lost = self.applies(request, request.key or "")
        return None if lost else super().look_up(request, scope)


@defect(
    "key-unknown-failed-updated",
    "The key of a failed delete is unknown after an update",
    breaches=("KEY-REPLAY-FAILED", "KEY-ONE-OPERATION"),
    shows="data: a delete that FAILED, an update, the first key",
)
class _UnknownAfterUpdate(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = self.locate(request, request.sid) if request.route == "delete" else None
        last = found.deletion if found is not None else None
        updated = last is not None and found is not None and found.updated_at > last.created_at
        lost = updated and failed(found, self.now())
        return None if lost else super().look_up(request, scope)
