"""Conformant paces: durations of responses and operations, values of Retry-After."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.context import Context
from orchestrator_contract.mock.messages import Headers, Request, Response
from orchestrator_contract.mock.registry import variant
from orchestrator_contract.mock.response_changes import header, on_response
from orchestrator_contract.mock.state import Operation

#: The fractions of its multiples fill an interval evenly, whatever their number.
_GOLDEN = 0.618_033_988_749_895


def spread(context: Context, name: str, low: float, high: float) -> float:
    """The next of the durations of *name*: from *low* to *high*, evenly spread, repeatable."""
    part = context.tick(name) * _GOLDEN % 1
    return (low + (high - low) * part) * context.settings.time_scale


@variant("responses-30-80-ms", "Responses take 30 to 80 ms")
class _Responses(Behaviour):
    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        response.delay += spread(self, "responses", 0.03, 0.08)
        return response


@variant("delete-responses-80-ms", "The response to a DELETE takes 80 ms")
class _DeleteResponses(Behaviour):
    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.method == "DELETE":
            response.delay += 0.08 * self.settings.time_scale
        return response


@variant("creates-2-6-s", "Creates and updates pend for 2 to 6 seconds")
class _Creates(Behaviour):
    def start_operation(self, request: Request, kind: str, sid: str, seconds: float) -> Operation:
        if kind in ("create", "update"):
            seconds = spread(self, "creates", 2.0, 6.0)
        return super().start_operation(request, kind, sid, seconds)


@variant("deletes-1-5-s", "Deletes pend for 1 to 5 seconds")
class _Deletes(Behaviour):
    def operation_seconds(self, request: Request) -> float:
        return spread(self, "deletes", 1.0, 5.0)


@variant("slow-creates", "A create is carried out at once and answered half a second later")
class _SlowCreates(Behaviour):
    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        if request.route == "create":
            response.delay = 0.5
        return response


@variant("jittery", "Answers take between 0 and 40 ms")
class _Jittery(Behaviour):
    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        response.delay = self.tick("jitter") % 5 * 0.01
        return response


def _retry_after(name: str, text: str, value: bytes) -> None:
    """Registers a variant whose 202s say *value* in Retry-After."""

    class RetryAfter(Behaviour):
        def accepted_headers(self, request: Request, operation: Operation) -> Headers:
            pairs = super().accepted_headers(request, operation)
            return [(key, value if key == b"retry-after" else old) for key, old in pairs]

    variant(name, text)(RetryAfter)


_retry_after("retry-after-0", "Retry-After of a 202 is 0", b"0")
_retry_after("retry-after-padded", "Retry-After of a 202 is written 001", b"001")
_retry_after("retry-after-2", "Retry-After of a 202 is 2", b"2")

variant("unavailable-date", "Retry-After of a 503 is an HTTP date")(
    on_response(header("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"), status=503)
)
variant("unavailable-no-retry-after", "A 503 has no Retry-After")(
    on_response(header("retry-after", None), status=503)
)
