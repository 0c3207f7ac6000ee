"""Defects of the ERR section: error bodies and headers, and effects of refused deletes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    HOUR,
    SECOND_ACCOUNT,
    SECOND_REGION,
    Scoped,
    delete_silently,
    failed,
)
from orchestrator_contract.mock.errors import MORE_INFO, Problem, key_mismatch
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import Case, case, defect
from orchestrator_contract.mock.response_changes import (
    Change,
    ChangedResponse,
    header,
    member,
    on_response,
)
from orchestrator_contract.mock.state import Configuration, Operation

#: status -> a code that the error dictionary ties to another status
_CODES = {404: 20500, 409: 20404, 429: 20503, 500: 20404, 503: 20429}
_MISMATCH: dict[str, Any] = {"status": 422, "shows": "data: a used key"}
_409_NO_EFFECT = ("ERR-409-NO-EFFECT",)
_429_NO_EFFECT = ("ERR-429-NO-EFFECT",)
_RETRY = ("ERR-429-RETRY-PROCESSED",)


def _set(**members: object) -> Change:
    def change(request: Request, response: Response) -> None:
        response.document = {**response.document, **members}

    return change


def _set_code(code: float, page: int) -> Change:
    return _set(code=code, more_info=MORE_INFO.format(code=page))


def _of_mismatch(change: Change) -> Change:
    def changed(request: Request, response: Response) -> None:
        if response.document["code"] == key_mismatch().code:
            change(request, response)

    return changed


# -- bodies -----------------------------------------------------------------------------------


def _as_list(request: Request, response: Response) -> None:
    response.document = [response.document]


def _invalid_bodies(change: Change | None = None) -> list[Case]:
    """A case for each status; without *change* the code becomes a string."""
    return [
        case(
            str(status),
            status=status,
            breaches=(f"ERR-{status}-BODY",),
            change=change or member("code", str(20000 + status)),
        )
        for status in _CODES
    ]


defect("error-list", "The body of a {} is a list", *_invalid_bodies(_as_list))(ChangedResponse)
defect("error-code-string", "The code of a {} is a string", *_invalid_bodies())(ChangedResponse)
defect(
    "error-code-int64",
    "The code of a {} is beyond int32",
    *_invalid_bodies(member("code", 20_000_000_000)),
)(ChangedResponse)
defect(
    "error-message-object",
    "The message of a {} is an object",
    *_invalid_bodies(member("message", {"en": "no"})),
)(ChangedResponse)
defect("error-null", "The body of a {} is null", case("404"), breaches=("ERR-404-BODY",))(
    on_response(lambda request, response: setattr(response, "document", None), status=404)
)
defect(
    "error-status",
    "The status in the body of a {}",
    *(
        case(str(status), f"{status} is 418", status=status, change=_set(status=418))
        for status in _CODES
    ),
    case("404-1-in-5", "404 is 400", status=404, every=5, change=_set(status=400)),
    case("404-float", "404 is 400.0", status=404, change=_set(status=400.0)),
    case(
        "mismatch",
        "422 for a key mismatch is 409",
        change=_of_mismatch(_set(status=409)),
        **_MISMATCH,
    ),
    breaches=("ERR-STATUS-MATCHES",),
)(ChangedResponse)
defect(
    "error-code",
    "The code of a {} is tied to another status",
    *(
        case(str(status), status=status, change=_set_code(code, code))
        for status, code in _CODES.items()
    ),
    case("404-float", "404, written as 20500.0,", status=404, change=_set_code(20500.0, 20500)),
    case("mismatch", "422 for a key mismatch", change=_of_mismatch(_set(code=20404)), **_MISMATCH),
    breaches=("ERR-CODE-MATCHES",),
)(ChangedResponse)
defect(
    "error-more-info",
    "more_info of a {} is the page of another code",
    *(
        case(str(status), status=status, change=_set(more_info=MORE_INFO.format(code=11200)))
        for status in _CODES
    ),
    case(
        "404-float",
        "404 whose code is written as 20404.0",
        status=404,
        change=_set_code(20404.0, 20999),
    ),
    breaches=("ERR-MORE-INFO",),
)(ChangedResponse)
defect(
    "error-out-of-bounds",
    "{}",
    case("message", "The message of a 404 has 2100 characters", change=_set(message="no " * 700)),
    case("code", "The code of a 404 is 7", change=_set_code(7, 7)),
    breaches=("ERR-BOUNDS",),
)(on_response(status=404))


# -- headers and statuses ---------------------------------------------------------------------

defect(
    "error-409-conflicting-id-empty",
    "X-Conflicting-Resource-Id of a 409 is empty",
    breaches=("ERR-409-HEADERS",),
)(on_response(header("x-conflicting-resource-id", ""), status=409))
defect(
    "error-retry-after",
    "Retry-After of a {}",
    case("429-missing", "429 is missing", status=429, change=header("retry-after", None)),
    case("429-float", "429 is 0.5", status=429, change=header("retry-after", "0.5")),
    case(
        "503-word",
        "503 is a word",
        status=503,
        breaches=("ERR-503-RETRY-AFTER",),
        change=header("retry-after", "later"),
    ),
    breaches=("ERR-429-RETRY-AFTER",),
)(ChangedResponse)


@defect(
    "fault-status",
    "A provoked {}",
    *(
        case(
            f"{fault}-{status}",
            f"{fault} is a {status}",
            breaches=(f"ERR-{fault}-STATUS", "DEL-STATUS"),
            fault=fault,
            status=status,
        )
        for fault, status in (("409", 423), ("429", 420), ("500", 502), ("503", 504))
    ),
)
class _FaultStatus(Behaviour):
    fault: str
    status: int

    def fault_problem(self, request: Request, fault: str) -> Problem:
        problem = super().fault_problem(request, fault)
        if fault != self.fault:
            return problem
        return Problem(self.status, problem.code, problem.message, problem.headers)


# -- effects of a refused delete --------------------------------------------------------------


@defect(
    "refused-delete-deletes",
    "A delete that gets a {}",
    case("409", "409 deletes"),
    case("409-700-ms", "409 deletes after 0.7 s", "time: 0.7 s later", after=0.7),
    case("409-20-hours", "409 deletes after 20 hours", "time: 20 h later", after=20 * HOUR),
    case(
        "409-60-hours",
        "provoked 409 deletes after 60 hours",
        "time: 60 h later",
        after=60 * HOUR,
        applies=lambda mock, request, found: mock.requested_fault(request, found) == "409",
    ),
    case(
        "409-second-account",
        "409 deletes after a second for the second account",
        after=1.0,
        **SECOND_ACCOUNT | {"shows": "time: 1 s later, for another account"},
    ),
    case("429", "429 deletes", breaches=_429_NO_EFFECT, status=429),
    case("429-1-in-2", "429 deletes", breaches=_429_NO_EFFECT, status=429, every=2),
    case(
        "429-700-ms",
        "429 deletes after 0.7 s",
        breaches=_429_NO_EFFECT,
        shows="time: 0.7 s later",
        status=429,
        after=0.7,
    ),
    case(
        "429-20-hours",
        "429 deletes after 20 hours if it has a key",
        breaches=_429_NO_EFFECT,
        shows="time: 20 h later",
        status=429,
        after=20 * HOUR,
        applies=lambda mock, request, found: request.key is not None,
    ),
    case(
        "429-second-region",
        "429 deletes after a second in the second region",
        breaches=_429_NO_EFFECT,
        status=429,
        after=1.0,
        **SECOND_REGION | {"shows": "time: 1 s later, in another region"},
    ),
    case(
        "429-after-failure",
        "429 deletes if a delete failed before",
        breaches=_429_NO_EFFECT,
        shows="data: a 429 after FAILED",
        status=429,
        applies=lambda mock, request, found: failed(found, mock.now()),
    ),
    breaches=_409_NO_EFFECT,
)
class _RefusedDeletes(Scoped):
    status = 409
    after = 0.0
    every = 1
    applies: Callable[[Behaviour, Request, Configuration], bool] = staticmethod(
        lambda mock, request, found: True
    )

    def delete(self, request: Request) -> Response:
        found = self.target_of_delete(request)
        response = super().delete(request)
        if found is None or response.status != self.status or not self.in_scope(request):
            return response
        if self.applies(self, request, found) and self.once_in(self.every, "refused"):
            delete_silently(self, found, self.after)
        return response


class _After429(Behaviour):
    """Base of defects of a delete that met a 429."""

    def refused(self, request: Request, found: Configuration) -> None:
        """Runs before the 429 to a delete of *found*."""

    def fault_response(self, request: Request, fault: str) -> Response:
        found = self.target_of_delete(request)
        if fault == "429" and found is not None:
            self.refused(request, found)
        return super().fault_response(request, fault)


@defect(
    "refused-429-queued",
    "A delete that gets a 429 is carried out by an operation",
    breaches=_429_NO_EFFECT,
    shows="time: pending",
)
class _Queued(_After429):
    def refused(self, request: Request, found: Configuration) -> None:
        if found.reserved_for is None and not found.deletion:
            self.begin_delete(request, found)


def _set_member(name: str, value: object) -> Callable[[Configuration], None]:
    def change(found: Configuration) -> None:
        found.members = {**found.members, name: value}

    return change


@defect(
    "refused-429-changes",
    "A delete that gets a 429 {}",
    case("name", "changes displayName", change=_set_member("displayName", "deleting")),
    case(
        "version",
        "increments the version",
        change=lambda found: setattr(found, "version", found.version + 1),
    ),
    case(
        "callbacks",
        "removes the statusCallbacks",
        "data: statusCallbacks",
        change=lambda found: (
            found.members.get("statusCallbacks") and _set_member("statusCallbacks", [])(found)
        ),
    ),
    breaches=_429_NO_EFFECT,
)
class _Changes(_After429):
    change: Callable[[Configuration], object]

    def refused(self, request: Request, found: Configuration) -> None:
        self.change(found)


# -- the retry after a 429 --------------------------------------------------------------------


@defect(
    "key-429-stored",
    "{} stored and replayed to its key",
    case("", "A 429 is"),
    case("1-in-5", "One 429 in five is", "1 in 5", stores=lambda b, key: b.once_in(5, "429")),
    case(
        "second",
        "The second 429 of a key is",
        "data: two 429s to a key",
        stores=lambda mock, key: mock.tick(("429", key)) > 1,
    ),
    case(
        "upper-case",
        "A 429 to a key in upper case is",
        "data: a key in upper case",
        stores=lambda mock, key: key != key.lower(),
    ),
    case("2-s", "For 2 s a 429 is", "time: 2 s", ttl=2.0),
    breaches=_RETRY,
)
class _Stored(Behaviour):
    stores: Callable[[Behaviour, str], bool] = staticmethod(lambda mock, key: True)
    ttl: float | None = None

    def storable(self, request: Request, response: Response) -> bool:
        if response.status == 429 and self.stores(self, request.key or ""):
            return True
        return super().storable(request, response)

    def key_ttl(self, entry: Entry) -> float:
        refused = entry.response is not None and entry.response.status == 429
        return self.ttl if refused and self.ttl is not None else super().key_ttl(entry)


@defect(
    "retry-after-429-deletes-nothing",
    "The retry after a 429 is accepted and deletes nothing",
    breaches=("ERR-429-RETRY-PROCESSED", "DELETED-FETCH"),
    shows="data: a key that met a 429",
)
class _RetryDeletesNothing(Behaviour):
    def fault_response(self, request: Request, fault: str) -> Response:
        self.memory[fault, request.key] = True
        return super().fault_response(request, fault)

    def delete_started(
        self, request: Request, configuration: Configuration, operation: Operation
    ) -> None:
        if request.key is not None and ("429", request.key) in self.memory:
            configuration.deleted_at = None
