"""Durations of a real account: of a response, of a create, of a delete."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.context import Context
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import variant
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
