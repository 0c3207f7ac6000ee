"""The seam between mock and judge: behaviours that watch every call, or lead clients away."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.clients.calls import Call
from orchestrator_contract.mock.clients.judge import ClientJudge
from orchestrator_contract.mock.messages import Request, Response

REPORT = b"/__client_report"
#: bait -> what it does
BAITS = {
    "status-url": "the 202 of a delete names a statusUrl and Location on a foreign origin",
    "redirect": "polls are redirected to a foreign origin",
}


def watching(judge: ClientJudge) -> type[Behaviour]:
    """A behaviour that shows every call to *judge*, serves its report and changes nothing."""

    class Watching(Behaviour):
        """Shows each call to the judge."""

        async def handle(self, request: Request) -> Response:
            """Announce the call, and remember it until its response has gone out."""
            if request.path == REPORT:
                return Response.of(200, judge.report())
            secrets = tuple(password.encode() for _, password in self.settings.accounts.values())
            call = Call.of(request, judge.clock(), self.now(), secrets)
            if request.path.startswith(b"/__"):
                return await super().handle(request)
            judge.arrived(call)
            response = await super().handle(request)
            self._calls[id(request)] = call
            return response

        def delivered(self, request: Request, response: Response, *, reached: bool) -> None:
            """Give the judge the response that the client got."""
            super().delivered(request, response, reached=reached)
            call = self._calls.pop(id(request), None)
            if call is not None:
                call.answer(response, judge.clock(), reached=reached)
                judge.answered(call)

        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]  # world and settings, as every behaviour
            self._calls: dict[int, Call] = {}

    return Watching


def baiting(bait: str, origin: Callable[[], str]) -> type[Behaviour]:
    """A behaviour that leads clients to the foreign *origin* in the way that *bait* names."""

    class Baiting(Behaviour):
        """Not conformant on purpose: a client must not follow with its credentials."""

        async def finish(self, request: Request, response: Response) -> Response:
            """Lead away what would have led to the operation."""
            response = await super().finish(request, response)
            if bait == "status-url" and request.route == "delete" and response.status == 202:
                url = origin() + urlsplit(response.document["statusUrl"]).path
                response.document = {**response.document, "statusUrl": url}
                response.set("location", url)
            poll = request.route.startswith("operation") and response.status == 200
            if bait == "redirect" and poll:
                return Response.of(307, {}, [(b"location", origin().encode() + request.path)])
            return response

    return Baiting
