"""Conformant choices where the contract is silent or contradicts itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import (
    Problem,
    Refused,
    conflict,
    key_in_use,
    key_mismatch,
    malformed_key,
    unauthenticated,
    unavailable,
    unknown_configuration,
)
from orchestrator_contract.mock.idempotency import HEADER, PATTERN, Entry, Perform
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import Class, variant
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import Configuration, Operation, State, World

WELL_FORMED = re.compile(r"[a-z_]+_[0-7][0-9a-z]{25}")


@variant("running-first", "Operations are PENDING, then RUNNING, then end")
class _Running(Behaviour):
    def start_operation(self, request: Request, kind: str, sid: str, seconds: float) -> Operation:
        operation = super().start_operation(request, kind, sid, seconds)
        operation.running_from = operation.created_at + seconds / 3
        return operation


@variant("running-at-once", "Operations are RUNNING from the first poll on")
class _RunningAtOnce(Behaviour):
    def start_operation(self, request: Request, kind: str, sid: str, seconds: float) -> Operation:
        operation = super().start_operation(request, kind, sid, seconds)
        operation.running_from = operation.created_at
        return operation


@variant("instant", "Deletes have ended when their 202 arrives")
class _Instant(Behaviour):
    def operation_seconds(self, request: Request) -> float:
        return 0.0


@variant("unhurried", "Deletes take three seconds")
class _Unhurried(Behaviour):
    def operation_seconds(self, request: Request) -> float:
        return 3.0


@variant("uneven", "Deletes take between nothing and 1.2 seconds")
class _Uneven(Behaviour):
    def operation_seconds(self, request: Request) -> float:
        return self.tick("uneven") % 4 * 0.4


# -- a second delete while the first is pending ---------------------------------------------


@variant("second-404", "A second delete while the first is pending answers 404")
class _Second404(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        return self.not_found(request)


@variant(
    "second-same", "A second delete while the first is pending is accepted with the same operation"
)
class _SecondSame(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        return self.accepted(request, running)


@variant(
    "second-fails", "A second delete while the first is pending gets an operation that ends FAILED"
)
class _SecondFails(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        operation = self.start_operation(
            request, "delete", configuration.id, self.settings.operation_seconds
        )
        self.fail(operation)
        operation.ends_at = max(operation.ends_at, running.ends_at)
        return self.accepted(request, operation)


@variant(
    "second-completes",
    "A second delete while the first is pending gets an operation that COMPLETES with the first",
    warns=("CONC-ONE-COMPLETED",),
)
class _SecondCompletes(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        remaining = running.ends_at - self.now()
        operation = self.start_operation(request, "delete", configuration.id, max(remaining, 0.0))
        if running.outcome is State.FAILED:  # nothing is deleted, so nothing COMPLETES
            self.fail(operation)
        return self.accepted(request, operation)


@variant(
    "second-wins", "A second delete takes over from a pending one, whose operation ends FAILED"
)
class _SecondWins(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        remaining = running.ends_at - self.now()
        operation = self.start_operation(request, "delete", configuration.id, max(remaining, 0.0))
        if running.outcome is State.FAILED:
            self.fail(operation)
        else:
            configuration.deletion = operation
            self.fail(running)
        return self.accepted(request, operation)


@variant("second-409-configuration", "X-Conflicting-Resource-Id of a 409 is the SID")
class _SecondSid(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        return self.refuse(request, conflict(configuration.id))


# -- a key reused on another request, and malformed keys -------------------------------------


def _mismatch(name: str, text: str, status: int) -> None:
    """Registers a variant that answers a key mismatch with *status*."""

    class Mismatch(Behaviour):
        def mismatch(self, request: Request, entry: Entry) -> Response | None:
            problem = key_mismatch()
            return self.refuse(request, Problem(status, problem.code, problem.message))

    variant(name, text)(Mismatch)


_mismatch("mismatch-400", "A key mismatch answers 400", 400)
_mismatch("mismatch-409", "A key mismatch answers 409", 409)
_mismatch("mismatch-412", "A key mismatch answers 412", 412)


@variant(
    "mismatch-new",
    "A key used with another request counts as a new one; the first request keeps its own",
)
class _MismatchNew(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return super().key_scope(request, key), self.fingerprint(request)


def _stores(name: str, text: str, *statuses: int) -> None:
    """Registers a variant that stores *statuses* under their key."""

    class Stores(Behaviour):
        def storable(self, request: Request, response: Response) -> bool:
            return response.status in statuses or super().storable(request, response)

    variant(name, text)(Stores)


for _status in (404, 409, 500, 503):
    _stores(f"stores-{_status}", f"A {_status} is stored and replayed to its key", _status)
_stores(
    "stores-errors",
    "Every error but 429 is stored and replayed to its key",
    400,
    404,
    409,
    500,
    503,
)


@variant("malformed-ignored", "A malformed key counts as no key")
class _MalformedIgnored(Behaviour):
    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        return lines[0].decode() if len(lines) == 1 and PATTERN.fullmatch(lines[0]) else None


@variant("malformed-422", "A malformed key answers 422")
class _Malformed422(Behaviour):
    def refuse(self, request: Request, problem: Problem) -> Response:
        if problem.code == malformed_key().code:
            problem = Problem(422, problem.code, problem.message)
        return super().refuse(request, problem)


@variant("key-case-blind", "Keys that differ in case only are one key")
class _CaseBlind(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return super().key_scope(request, key.lower())


@variant("key-concurrent-409", "While the first use of a key is handled a second one answers 409")
class _Concurrent409(Behaviour):
    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if request.key is not None:
            await asyncio.sleep(0.01)

    async def in_flight(self, request: Request, entry: Entry) -> Response | None:
        return self.refuse(request, key_in_use())


@variant("key-concurrent-425", "While the first use of a key is handled a second one answers 425")
class _Concurrent425(_Concurrent409):
    async def in_flight(self, request: Request, entry: Entry) -> Response | None:
        return self.refuse(
            request, Problem(425, 530011, "A request with this idempotency key is in progress")
        )


@variant("key-lives-24-hours-30", "Keys live half an hour more than a day")
class _LivesLonger(Behaviour):
    def key_ttl(self, entry: Entry) -> float:
        return super().key_ttl(entry) + 1800


@variant("key-lives-23-hours-57", "Keys live 23 hours and 57 minutes")
class _LivesShorter(Behaviour):
    def key_ttl(self, entry: Entry) -> float:
        return super().key_ttl(entry) - 180


# -- credentials ------------------------------------------------------------------------------


def _refusal(name: str, text: str, problem: Problem) -> None:
    """Registers a variant that refuses bad credentials with *problem*."""

    class Refusal(Behaviour):
        def unauthenticated(self, request: Request) -> Response:
            return self.refuse(request, problem)

    variant(name, text)(Refusal)


for _code in (20003, 20403, 70051):
    _refusal(
        f"credentials-403-{_code}",
        f"Bad credentials answer 403 with code {_code}",
        Problem(403, _code, "Forbidden"),
    )
_refusal("credentials-404", "Bad credentials answer 404", unknown_configuration())


@variant("credentials-plain", "Bad credentials answer 401 with plain text, as a gateway does")
class _CredentialsPlain(Behaviour):
    def unauthenticated(self, request: Request) -> Response:
        headers = [(b"content-type", b"text/plain"), *unauthenticated().headers]
        return Response(401, headers, b"Unauthorized")


def _foreign(name: str, text: str, problem: Problem) -> Class:
    """Registers a variant that answers another account's SID with *problem*."""

    class Foreign(Behaviour):
        def not_found(self, request: Request) -> Response:
            found = self.world.find(request.sid, request.region)
            if request.route == "delete" and found is not None and found.account != request.account:
                return self.refuse(request, problem)
            return super().not_found(request)

    return variant(name, text)(Foreign)


_foreign("foreign-403", "Another account's SID answers 403", Problem(403, 20403, "Forbidden"))
_foreign("foreign-401", "Another account's SID answers 401", unauthenticated())


# -- odd SIDs and methods ---------------------------------------------------------------------


def _odd(name: str, text: str, problem: Problem) -> None:
    """Registers a variant that answers a SID that does not look like one with *problem*."""

    class Odd(Behaviour):
        def not_found(self, request: Request) -> Response:
            if WELL_FORMED.fullmatch(request.sid or "") is None:
                return self.refuse(request, problem)
            return super().not_found(request)

    variant(name, text)(Odd)


_odd(
    "odd-400",
    "A SID that does not look like one answers 400",
    Problem(400, 530009, "The id is malformed"),
)
_odd(
    "odd-403",
    "A SID that does not look like one answers 403",
    Problem(403, 20403, "Forbidden"),
)


@variant("odd-414-early", "Path segments of more than 300 characters answer 414")
class _Odd414(Behaviour):
    def too_long(self, segment: bytes) -> bool:
        return len(segment) > 300


@variant(
    "method-404",
    "A method that the path does not have answers 404",
    warns=("SID-METHOD-NOT-ALLOWED",),
)
class _Method404(Behaviour):
    def method_not_allowed(self, request: Request, methods: object) -> Response:
        return self.not_found(request)


# -- what can be seen before the operation ends ---------------------------------------------


@variant(
    "hidden-at-once", "Fetch and list stop showing a configuration when its delete is accepted"
)
class _HiddenAtOnce(Behaviour):
    def visible(self, configuration: Configuration, now: float) -> bool:
        return super().visible(configuration, now) and self.pending_deletion(configuration) is None


@variant(
    "hidden-at-random",
    "While a delete is pending reads show the configuration or not, as replicas differ",
)
class _Flicker(Behaviour):
    def visible(self, configuration: Configuration, now: float) -> bool:
        if not super().visible(configuration, now):
            return False
        return self.pending_deletion(configuration) is None or self.tick(configuration.id) % 2 == 0


@variant(
    "listed-until-end", "A fetch is 404 at once, the list shows the configuration until the end"
)
class _ListedUntilEnd(Behaviour):
    def fetchable(self, configuration: Configuration, now: float) -> bool:
        return (
            super().fetchable(configuration, now) and self.pending_deletion(configuration) is None
        )


@variant("gone-before-end", "The configuration is gone half way through its operation")
class _GoneBeforeEnd(Behaviour):
    def visible(self, configuration: Configuration, now: float) -> bool:
        running = self.pending_deletion(configuration)
        half = running is not None and now > (running.created_at + running.ends_at) / 2
        return super().visible(configuration, now) and not half


# -- load ---------------------------------------------------------------------------------------


@variant("rate-150", "More than 150 requests a second are answered 429")
class _Rate150(Behaviour):
    def throttles(self, request: Request) -> bool:
        return self.bucket_empty(request, 150.0) or super().throttles(request)


@variant(
    "unavailable-sometimes", "Every 25th call is a 503 with Retry-After, and is fine the next time"
)
class _UnavailableSometimes(Behaviour):
    def delete(self, request: Request) -> Response:
        if self.once_in(25, "unavailable"):
            return self.refuse(request, unavailable(self.settings.retry_after))
        return super().delete(request)

    def poll(self, request: Request) -> Response:
        if self.once_in(25, "unavailable"):
            return self.refuse(request, unavailable(self.settings.retry_after))
        return super().poll(request)


@variant(
    "unavailable-accepted-sometimes",
    "Every 20th accepted delete is carried out and answered 503 with Retry-After",
)
class _UnavailableAccepted(Behaviour):
    def delete(self, request: Request) -> Response:
        response = super().delete(request)
        if response.status == 202 and self.once_in(20, "unavailable"):
            return self.refuse(request, unavailable(self.settings.retry_after))
        return response


@variant(
    "throttled-sometimes", "Every 30th delete is a 429 with Retry-After, and is fine the next time"
)
class _ThrottledSometimes(Behaviour):
    def throttles(self, request: Request) -> bool:
        return (request.route == "delete" and self.once_in(30, "throttled")) or super().throttles(
            request
        )


@variant(
    "throttled-often",
    "Every 12th call is a 429 without Retry-After, and is fine the next time, however slowly"
    " they come",
    warns=("ERR-429-RETRY-AFTER",),
)
class _ThrottledOften(Behaviour):
    def throttles(self, request: Request) -> bool:
        if self.once_in(12, "throttled"):
            raise Refused(Problem(429, 20429, "Too many requests"))
        return super().throttles(request)


@variant(
    "replay-locks-key",
    "While a request with a key is handled, a replay of it too, another one with it answers 409",
)
class _ReplayLocks(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.locked: set[str] = set()

    async def once(self, request: Request, perform: Perform) -> Response:
        key = self.read_key(request)
        if key is None or request.route != "delete":
            return await super().once(request, perform)
        if key in self.locked:
            return self.refuse(request, key_in_use())
        self.locked.add(key)
        try:
            await asyncio.sleep(0.01)
            return await super().once(request, perform)
        finally:
            self.locked.discard(key)


@variant(
    "faults-at-home",
    "What provokes an error, or a failure, is heeded for the first account in the first region"
    " only",
)
class _FaultsAtHome(Behaviour):
    def requested_fault(self, request: Request, configuration: Configuration | None) -> str | None:
        return (
            super().requested_fault(request, configuration)
            if (request.account, request.region) == (1, 0)
            else None
        )
