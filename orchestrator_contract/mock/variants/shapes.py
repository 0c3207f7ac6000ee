"""Conformant bodies and ids: other error shapes, other members, other spellings of time."""

from __future__ import annotations

import secrets
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem
from orchestrator_contract.mock.messages import Headers, Request, Response
from orchestrator_contract.mock.registry import variant
from orchestrator_contract.mock.response_changes import member, on_response, without
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import Operation, World, new_id

ERRORS = (400, 401, 403, 404, 405, 409, 413, 414, 422, 429, 500, 503)


@variant(
    "error-s4",
    "Errors have the shape of the troubleshooting page: httpStatusCode, userError, params",
)
class _ErrorS4(Behaviour):
    def error_document(self, problem: Problem) -> Any:
        return {
            "code": problem.code,
            "httpStatusCode": problem.status,
            "message": problem.message,
            "userError": problem.status < 500,
            "params": {},
        }


@variant("error-bare", "Errors are an empty object: no member is required")
class _ErrorBare(Behaviour):
    def error_document(self, problem: Problem) -> Any:
        return {}


@variant("error-code-only", "Errors have a code and nothing else")
class _ErrorCodeOnly(Behaviour):
    def error_document(self, problem: Problem) -> Any:
        return {"code": problem.code}


@variant("error-extra", "Errors have further members")
class _ErrorExtra(Behaviour):
    def error_document(self, problem: Problem) -> Any:
        return {
            **super().error_document(problem),
            "request_id": "RQ1",
            "details": [{"field": None}],
        }


@variant("error-product-codes", "Codes are the product's own, in 530xxx")
class _ErrorProduct(Behaviour):
    def error_document(self, problem: Problem) -> Any:
        code = (
            problem.code
            if problem.code >= 530_000 or problem.code == 17534
            else 530_000 + problem.status
        )
        return super().error_document(Problem(problem.status, code, problem.message))


@variant("error-info-short", "more_info is another host's page of the same code")
class _ErrorInfo(Behaviour):
    def error_document(self, problem: Problem) -> Any:
        return {
            **super().error_document(problem),
            "more_info": f"https://help.example/errors/{problem.code}#top",
        }


@variant("error-non-ascii", "Messages are written in another language")
class _ErrorLanguage(Behaviour):
    def error_document(self, problem: Problem) -> Any:
        return {
            **super().error_document(problem),
            "message": "設定が見つかりません · não encontrado 🔎",
        }


@variant("url-only", "A 202 has statusUrl and neither Location nor Operation-Id")
class _UrlOnly(Behaviour):
    def accepted_headers(self, request: Request, operation: Operation) -> Headers:
        return [
            pair
            for pair in super().accepted_headers(request, operation)
            if pair[0] == b"retry-after"
        ]


@variant("location-only", "A 202 has Location and neither statusUrl nor Operation-Id")
class _LocationOnly(Behaviour):
    def accepted_document(self, request: Request, operation: Operation) -> Any:
        return {"related": self.related(operation)}

    def accepted_headers(self, request: Request, operation: Operation) -> Headers:
        return [
            pair
            for pair in super().accepted_headers(request, operation)
            if pair[0] != b"operation-id"
        ]


@variant("operation-id-only", "A 202 has Operation-Id and neither statusUrl nor Location")
class _OperationIdOnly(Behaviour):
    def accepted_document(self, request: Request, operation: Operation) -> Any:
        return {"related": self.related(operation)}

    def accepted_headers(self, request: Request, operation: Operation) -> Headers:
        return [
            pair for pair in super().accepted_headers(request, operation) if pair[0] != b"location"
        ]


@variant(
    "operation-id-reserved",
    "As operation-id-only, with ids of characters that a path may hold, and are not decoded",
)
class _OperationIdReserved(_OperationIdOnly):
    def new_operation_id(self) -> str:
        return f"op:us1:{secrets.token_hex(8)}=@!$"

    def read_sid(self, segment: bytes) -> str | None:
        return segment.decode("latin-1") if segment.startswith(b"op") else super().read_sid(segment)


variant("no-operation-id", "A 202 has statusUrl and Location, and no Operation-Id")(
    on_response(
        lambda request, response: response.set("operation-id", None),
        route=("delete", "create", "update"),
    )
)


@variant(
    "location-relative", "Location is relative", warns=("DEL-202-LOCATION", "CTRL-202", "CONV-202")
)
class _LocationRelative(Behaviour):
    def accepted_headers(self, request: Request, operation: Operation) -> Headers:
        relative = operation.status_url.removeprefix(request.origin).encode()
        return [
            (name, relative if name == b"location" else value)
            for name, value in super().accepted_headers(request, operation)
        ]


class _CreateTells(Behaviour):
    """Base of variants that keep the SID in a create's answer, where a client needs it."""

    def thin(self, operation: Operation) -> Any:
        """related of a delete."""
        return None

    def related(self, operation: Operation) -> dict[str, str] | None:
        full = super().related(operation)
        return full if operation.kind == "create" else self.thin(operation)


@variant("related-null", "related is null")
class _RelatedNull(_CreateTells):
    pass


@variant("related-empty", "related is an empty object")
class _RelatedEmpty(_CreateTells):
    def thin(self, operation: Operation) -> Any:
        return {}


@variant("related-more", "related names more than the configuration")
class _RelatedMore(Behaviour):
    def related(self, operation: Operation) -> dict[str, str] | None:
        return {
            "configurationId": operation.configuration_id,
            "memoryStoreId": "mem_store_0",
            "note": "",
        }


variant("related-missing", "A 202 to a delete has no related")(on_response(without("related")))


@variant("accepted-extra", "A 202 has further members")
class _AcceptedExtra(Behaviour):
    def accepted_document(self, request: Request, operation: Operation) -> Any:
        extra = {"operationId": operation.id, "status": "PENDING", "links": {"self": None}}
        return {**super().accepted_document(request, operation), **extra}


@variant("operation-extra", "Operations and configurations have further members")
class _OperationExtra(Behaviour):
    def operation_document(self, operation: Operation, now: float) -> dict[str, Any]:
        return {
            **super().operation_document(operation, now),
            "progress": 0.5,
            "kind": operation.kind,
        }

    def configuration_document(self, configuration: Any) -> dict[str, Any]:
        return {**super().configuration_document(configuration), "tags": [], "owner": None}


@variant(
    "operation-lean", "Operations leave out every member that is not required and would be null"
)
class _OperationLean(Behaviour):
    def operation_document(self, operation: Operation, now: float) -> dict[str, Any]:
        return {
            name: value
            for name, value in super().operation_document(operation, now).items()
            if value is not None
        }


@variant("prefix-cfg", "SIDs begin with cfg_configuration_, operation ids with cfg_operation_")
class _PrefixCfg(Behaviour):
    def new_configuration_id(self) -> str:
        return new_id("cfg_configuration")

    def new_operation_id(self) -> str:
        return new_id("cfg_operation")


@variant("configuration-id-number", "SIDs are short numbers")
class _ShortSids(Behaviour):
    def new_configuration_id(self) -> str:
        return str(secrets.randbelow(9 * 10**8) + 10**8)


@variant("configuration-id-counted", "SIDs count from one, in each account and region by itself")
class _CountedSids(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.counts: Counter[tuple[int | None, int]] = Counter()
        self.place: tuple[int | None, int] = (None, 0)

    def create(self, request: Request) -> Response:
        self.place = (request.account, request.region)
        return super().create(request)

    def new_configuration_id(self) -> str:
        self.counts[self.place] += 1
        return str(self.counts[self.place])


@variant("configuration-id-uuid", "SIDs are UUIDs")
class _UuidSids(Behaviour):
    def new_configuration_id(self) -> str:
        return str(uuid.uuid4())


@variant("configuration-id-odd", "SIDs hold dots, tildes and capitals")
class _OddSids(Behaviour):
    def new_configuration_id(self) -> str:
        return f"Cfg.{secrets.token_hex(4)}~A-b_C"


@variant("operation-id-uuid", "Operation ids are UUIDs")
class _IdUuid(Behaviour):
    def new_operation_id(self) -> str:
        return str(uuid.uuid4())


@variant("operation-id-number", "Operation ids are short numbers")
class _IdNumber(Behaviour):
    def new_operation_id(self) -> str:
        return str(1000 + self.tick("operation id"))


@variant("operation-id-odd", "Operation ids hold dots, tildes and capitals")
class _IdOdd(Behaviour):
    def new_operation_id(self) -> str:
        return f"Op.{secrets.token_hex(4)}~A-b_C"


@variant(
    "operation-id-base64",
    "Operation ids are base64 with its padding, and end as an empty pair of credentials does",
)
class _IdBase64(Behaviour):
    def new_operation_id(self) -> str:
        return f"{secrets.token_hex(8)}Og=="


@variant("operation-url-query", "statusUrl has a query")
class _UrlQuery(Behaviour):
    def status_url(self, request: Request, operation_id: str) -> str:
        return super().status_url(request, operation_id) + "?view=full"


@variant(
    "operation-url-capitals", "statusUrl and Location have their scheme in capitals, and a fragment"
)
class _UrlCapitals(Behaviour):
    def status_url(self, request: Request, operation_id: str) -> str:
        scheme, _, rest = super().status_url(request, operation_id).partition(":")
        return f"{scheme.upper()}:{rest}#state"


@variant("time-nanoseconds", "Timestamps have nine decimals")
class _Nanoseconds(Behaviour):
    def timestamp(self, instant: float) -> str:
        moment = datetime.fromtimestamp(instant, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}000Z"


@variant("time-offset", "Timestamps have the offset +05:30")
class _Offset(Behaviour):
    def timestamp(self, instant: float) -> str:
        return datetime.fromtimestamp(instant, timezone(timedelta(hours=5, minutes=30))).isoformat()


@variant("time-seconds", "Timestamps have no decimals; createdAt and completedAt may be equal")
class _Seconds(Behaviour):
    def timestamp(self, instant: float) -> str:
        return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%SZ}"


@variant("time-lower", "Timestamps are written with t and z")
class _LowerTime(Behaviour):
    def timestamp(self, instant: float) -> str:
        return super().timestamp(instant).lower()


@variant("time-slow-clock", "The server's clock is 90 seconds slow")
class _SlowClock(Behaviour):
    def timestamp(self, instant: float) -> str:
        return super().timestamp(instant - 90)


@variant("time-fast-clock", "The server's clock is 5 minutes fast")
class _FastClock(Behaviour):
    def timestamp(self, instant: float) -> str:
        return super().timestamp(instant + 300)


@variant("failed-error-null", "error of a FAILED operation is null")
class _FailedNull(Behaviour):
    def operation_error(self, operation: Operation) -> dict[str, Any] | None:
        return None


@variant("failed-error-blank", "error of a FAILED operation has only its type, about:blank")
class _FailedBlank(Behaviour):
    def operation_error(self, operation: Operation) -> dict[str, Any] | None:
        return {"type": "about:blank"}


@variant("failed-error-extended", "error of a FAILED operation has extension members")
class _FailedExtended(Behaviour):
    def operation_error(self, operation: Operation) -> dict[str, Any] | None:
        return {
            **(super().operation_error(operation) or {}),
            "code": 530500,
            "errors": [{"pointer": "#/x"}],
        }


@variant("conflict-unnamed", "A 409 has no X-Conflicting-Resource-Id")
class _ConflictUnnamed(Behaviour):
    def refuse(self, request: Request, problem: Problem) -> Response:
        response = super().refuse(request, problem)
        response.set("x-conflicting-resource-id", None)
        return response


variant("version-large", "version of a configuration is beyond int32")(
    on_response(member("version", 9_007_199_254_740_993), route="fetch", status=200)
)


@variant("version-by-clock", "version of a configuration is the milliseconds at which it is read")
class _VersionByClock(Behaviour):
    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route == "fetch" and response.status == 200:
            response.document = {**response.document, "version": int(self.now() * 1000)}
        return response
