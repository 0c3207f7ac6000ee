"""Defects against ERR."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    HOUR,
    _AfterRefusal,
    _Elsewhere,
    _ended_failed,
    _html,
    _Remembers,
    vanish,
)
from orchestrator_contract.mock.errors import (
    Problem,
    key_mismatch,
)
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.response_changes import Change, altering, header, member
from orchestrator_contract.mock.state import Configuration, Operation


class _StoredSome(Behaviour):
    """Base of defects where some 429s are stored for their keys."""

    def some(self, request: Request) -> bool:
        """Whether this one is."""
        key = request.key or ""
        return key != key.lower()

    def storable(self, request: Request, response: Response) -> bool:
        return (response.status == 429 and self.some(request)) or super().storable(
            request, response
        )


@defect(
    "key-429-stored-capitals",
    "A 429 is stored for keys in capitals",
    breaches=("ERR-429-RETRY-PROCESSED",),
    shows="data: a key in capitals",
)
class _StoredCapitals(_StoredSome):
    pass


@defect(
    "key-429-stored-sometimes",
    "One 429 in five is stored for its key",
    breaches=("ERR-429-RETRY-PROCESSED",),
    shows="1 in 5",
)
class _StoredSometimes(_StoredSome):
    def some(self, request: Request) -> bool:
        return self.once_in(5, "stored")


@defect(
    "retried-429-deletes-nothing",
    "The retry of a 429 is accepted and deletes nothing",
    breaches=("ERR-429-RETRY-PROCESSED", "DELETED-FETCH"),
    shows="data: a key that met a 429",
)
class _RetryIdle(_AfterRefusal):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if request.key in self.refused:
            configuration.deleted_at = None
        return operation


@defect(
    "refused-409-deletes-second-account",
    "A second after it was answered 409 the second account's delete is carried out",
    breaches=("ERR-409-NO-EFFECT",),
    shows="time: 1 s later, for another account",
)
class _ConflictDeletesAway(_Elsewhere):
    status = 409

    def delete(self, request: Request) -> Response:
        found, response = self.target_of_delete(request), super().delete(request)
        if response.status == self.status and self.away(request):
            vanish(self, found, 1.0)
        return response


@defect(
    "refused-429-deletes-second-region",
    "A second after it was answered 429 a delete in the second region is carried out",
    breaches=("ERR-429-NO-EFFECT",),
    shows="time: 1 s later, in another region",
)
class _ThrottledDeletesAway(_ConflictDeletesAway):
    account, region, status = 0, 1, 429


@defect(
    "refused-429-renames",
    "A delete answered 429 changes the displayName",
    breaches=("ERR-429-NO-EFFECT",),
)
class _Renames(Behaviour):
    def fault_response(self, request: Request, fault: str) -> Response:
        found = self.target_of_delete(request)
        if fault == "429" and found is not None:
            self.change(found)
        return super().fault_response(request, fault)

    def change(self, configuration: Configuration) -> None:
        """What a refused delete does to *configuration*."""
        configuration.members = {**configuration.members, "displayName": "deleting"}


@defect(
    "refused-429-makes-versions",
    "Each delete answered 429 makes a new version",
    breaches=("ERR-429-NO-EFFECT",),
)
class _MakesVersions(_Renames):
    def change(self, configuration: Configuration) -> None:
        configuration.version += 1


class _RefusedDeletesNextDay(Behaviour):
    """Base of defects where what was refused is carried out 20 hours later."""

    status = 429
    keyed = False

    def delete(self, request: Request) -> Response:
        found = self.target_of_delete(request)
        response = super().delete(request)
        if (
            response.status == self.status
            and found is not None
            and (request.key is not None or not self.keyed)
        ):
            vanish(self, found, 20 * HOUR)
        return response


@defect(
    "refused-429-deletes-next-day",
    "A delete with a key answered 429 is carried out 20 hours later",
    breaches=("ERR-429-NO-EFFECT",),
    shows="time: 20 h later",
)
class _ThrottledNextDay(_RefusedDeletesNextDay):
    keyed = True


@defect(
    "refused-409-deletes-next-day",
    "A delete answered 409 is carried out 20 hours later",
    breaches=("ERR-409-NO-EFFECT",),
    shows="time: 20 h later",
)
class _ConflictNextDay(_RefusedDeletesNextDay):
    status = 409


@defect(
    "refused-409-deletes-days-later",
    "A delete answered 409 is carried out 60 hours later",
    breaches=("ERR-409-NO-EFFECT",),
    shows="time: 60 h later",
)
class _ConflictDaysLater(Behaviour):
    def fault_response(self, request: Request, fault: str) -> Response:
        if fault == "409":
            vanish(self, self.target_of_delete(request), 60 * HOUR)
        return super().fault_response(request, fault)


#: status -> a code that the error dictionary ties to another status
FOREIGN_CODE = {404: 20500, 409: 20404, 429: 20503, 500: 20404, 503: 20429}


def _empty(request: Request, response: Response) -> None:
    response.body = b""


def _listed(request: Request, response: Response) -> None:
    response.document = [response.document]


def _other_page(request: Request, response: Response) -> None:
    member("more_info", "https://www.twilio.com/docs/api/errors/11200")(request, response)


def _foreign(status: int) -> Change:
    def change(request: Request, response: Response) -> None:
        code = FOREIGN_CODE[status]
        more_info = f"https://www.twilio.com/docs/api/errors/{code}"
        response.document = {**response.document, "code": code, "more_info": more_info}

    return change


for _status in FOREIGN_CODE:
    _shape = (f"ERR-{_status}-BODY",)
    _rows: tuple[tuple[str, str, tuple[str, ...], Change], ...] = (
        ("html", "is a page of HTML", ("HTTP-CONTENT-TYPE", "HTTP-JSON", *_shape), _html),
        ("empty", "has no body", ("HTTP-JSON", *_shape), _empty),
        ("list", "is a list", _shape, _listed),
        ("code-text", "has its code as a string", _shape, member("code", str(20000 + _status))),
        ("code-int64", "has a code beyond int32", _shape, member("code", 20_000_000_000)),
        ("message-object", "has an object as message", _shape, member("message", {"en": "no"})),
        ("status-other", "states another status", ("ERR-STATUS-MATCHES",), member("status", 418)),
        ("code-foreign", "has another status' code", ("ERR-CODE-MATCHES",), _foreign(_status)),
        ("info-other", "points at another code's page", ("ERR-MORE-INFO",), _other_page),
    )
    for _name, _text, _breaches, _change in _rows:
        altering(
            f"error-{_status}-{_name}", f"The {_status} {_text}", breaches=_breaches, status=_status
        )(_change)


altering(
    "error-404-status-sometimes",
    "The 404 states 400 now and then",
    status=404,
    every=5,
    breaches=("ERR-STATUS-MATCHES",),
)(member("status", 400))


altering(
    "error-404-message-long",
    "The 404 message has 2000 characters",
    status=404,
    breaches=("ERR-BOUNDS",),
)(member("message", "no " * 700))


altering("error-404-code-small", "The 404 code is 7", status=404, breaches=("ERR-BOUNDS",))(
    lambda request, response: setattr(
        response,
        "document",
        {**response.document, "code": 7, "more_info": "https://www.twilio.com/docs/api/errors/7"},
    )
)


altering(
    "error-409-conflict-empty",
    "X-Conflicting-Resource-Id is empty",
    status=409,
    breaches=("ERR-409-HEADERS",),
)(header("x-conflicting-resource-id", ""))


altering(
    "error-429-no-retry-after",
    "The 429 has no Retry-After",
    status=429,
    breaches=("ERR-429-RETRY-AFTER",),
)(header("retry-after", None))


altering(
    "error-429-retry-after-float",
    "The 429 says Retry-After 0.5",
    status=429,
    breaches=("ERR-429-RETRY-AFTER",),
)(header("retry-after", "0.5"))


altering(
    "error-503-retry-after-word",
    "The 503 says Retry-After later",
    status=503,
    breaches=("ERR-503-RETRY-AFTER",),
)(header("retry-after", "later"))


@altering("error-404-null", "The 404 body is null", status=404, breaches=("ERR-404-BODY",))
def _null(request: Request, response: Response) -> None:
    response.document = None


#: the fault asked for -> the status it answers with instead, and what that breaches
_INSTEAD = {
    "429": (420, ("ERR-429-STATUS", "DEL-STATUS")),
    "409": (423, ("ERR-409-STATUS", "DEL-STATUS")),
    "500": (502, ("ERR-500-STATUS", "DEL-STATUS")),
    "503": (504, ("ERR-503-STATUS", "DEL-STATUS")),
}


for _fault, (_instead, _ids) in _INSTEAD.items():

    class _Otherwise(Behaviour):
        asked, instead = _fault, _instead

        def fault_problem(self, request: Request, fault: str) -> Problem:
            problem = super().fault_problem(request, fault)
            if fault != self.asked:
                return problem
            return Problem(self.instead, problem.code, problem.message, problem.headers)

    defect(
        f"error-{_fault}-as-{_instead}",
        f"Where {_fault} belongs the answer is {_instead}",
        breaches=_ids,
    )(_Otherwise)


altering(
    "error-status-float",
    "The status in a 404's body is 400.0",
    breaches=("ERR-STATUS-MATCHES",),
    status=404,
)(member("status", 400.0))


@altering(
    "error-code-float",
    "The code in a 404's body is 20500.0",
    breaches=("ERR-CODE-MATCHES",),
    status=404,
)
def _foreign_float(request: Request, response: Response) -> None:
    response.document = {
        **response.document,
        "code": 20500.0,
        "more_info": "https://www.twilio.com/docs/api/errors/20500",
    }


@altering(
    "error-info-float",
    "more_info is not that of the code, which is written as 20404.0",
    breaches=("ERR-MORE-INFO",),
    status=404,
)
def _info_of_float(request: Request, response: Response) -> None:
    response.document = {
        **response.document,
        "code": 20404.0,
        "more_info": "https://www.twilio.com/docs/api/errors/20999",
    }


def _of_mismatch(name: str, value: int) -> Change:
    """A change of the member *name* in the refusal of a key that was used for another request, and of nothing else."""

    def change(request: Request, response: Response) -> None:
        if response.document["code"] == key_mismatch().code:
            member(name, value)(request, response)

    return change


altering(
    "error-mismatch-status-other",
    "The 422 to a used key states 409",
    status=422,
    breaches=("ERR-STATUS-MATCHES",),
    shows="data: a used key",
)(_of_mismatch("status", 409))


altering(
    "error-mismatch-code-foreign",
    "The 422 to a used key has a 404's code",
    status=422,
    breaches=("ERR-CODE-MATCHES",),
    shows="data: a used key",
)(_of_mismatch("code", 20404))


@defect(
    "failed-429-deletes",
    "A delete answered 429 takes a configuration away whose delete FAILED before",
    breaches=("ERR-429-NO-EFFECT",),
    shows="data: a 429 after FAILED",
)
class _ThrottledAfterFailed(Behaviour):
    def fault_response(self, request: Request, fault: str) -> Response:
        found = self.target_of_delete(request)
        if fault == "429" and found is not None and _ended_failed(found, self.now()):
            vanish(self, found)
        return super().fault_response(request, fault)


@defect(
    "key-429-stored-second",
    "The second 429 to one key is stored",
    breaches=("ERR-429-RETRY-PROCESSED",),
    shows="data: two 429s to a key",
)
class _SecondStored(_Remembers):
    def storable(self, request: Request, response: Response) -> bool:
        key = request.key or ""
        if response.status == 429:
            self.met[key] = self.met.get(key, 0) + 1
        return (response.status == 429 and self.met[key] > 1) or super().storable(request, response)


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


class _RefusedDeletes(Behaviour):
    """Base of defects where one refusal deletes."""

    status = 409
    later = 0.0
    every = 1

    def delete(self, request: Request) -> Response:
        found = self.target_of_delete(request)
        response = super().delete(request)
        if (
            response.status == self.status
            and found is not None
            and self.once_in(self.every, "refused")
        ):
            vanish(self, found, self.later)
        return response


@defect(
    "refused-409-deletes", "A delete answered 409 deletes at once", breaches=("ERR-409-NO-EFFECT",)
)
class _Conflict(_RefusedDeletes):
    pass


@defect(
    "refused-409-deletes-later",
    "A delete answered 409 deletes 0.7 s later",
    breaches=("ERR-409-NO-EFFECT",),
    shows="time: 0.7 s later",
)
class _ConflictLater(_RefusedDeletes):
    later = 0.7


@defect(
    "refused-429-deletes", "A delete answered 429 deletes at once", breaches=("ERR-429-NO-EFFECT",)
)
class _Throttled(_RefusedDeletes):
    status = 429


@defect(
    "refused-429-deletes-later",
    "A delete answered 429 deletes 0.7 s later",
    breaches=("ERR-429-NO-EFFECT",),
    shows="time: 0.7 s later",
)
class _ThrottledLater(_RefusedDeletes):
    status = 429
    later = 0.7


@defect(
    "refused-429-deletes-sometimes",
    "Each second delete answered 429 deletes",
    breaches=("ERR-429-NO-EFFECT",),
    shows="1 in 2",
)
class _ThrottledSometimes(_RefusedDeletes):
    status = 429
    every = 2


@defect(
    "refused-429-in-the-end",
    "A delete answered 429 is carried out by its operation later",
    shows="time: pending",
    breaches=("ERR-429-NO-EFFECT",),
)
class _Queued(Behaviour):
    def fault_response(self, request: Request, fault: str) -> Response:
        found = self.target_of_delete(request)
        if (
            fault == "429"
            and found is not None
            and found.reserved_for is None
            and not found.deletion
        ):
            self.begin_delete(request, found)
        return super().fault_response(request, fault)


@defect(
    "refused-429-strips-callbacks",
    "A delete answered 429 takes the callbacks away",
    breaches=("ERR-429-NO-EFFECT",),
    shows="data: callbacks",
)
class _ThrottledStrips(Behaviour):
    def delete(self, request: Request) -> Response:
        found, response = self.target_of_delete(request), super().delete(request)
        if response.status == 429 and found is not None and found.members.get("statusCallbacks"):
            found.members = {**found.members, "statusCallbacks": []}
        return response
