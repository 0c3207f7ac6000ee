"""Rare failures: one request without a response, a read that is refused once."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import (
    Problem,
    Refused,
    internal_error,
    throttled,
    unavailable,
)
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import variant

#: Number of the DELETE that is lost.
_LOST = 25


class _Drops(Behaviour):
    """Base of variants in which one request of a whole run is lost."""

    route = "delete"

    def lost(self, request: Request) -> bool:
        """True for the request that is lost."""
        return request.route == self.route and self.tick("asked for") == _LOST


@variant("drops-one-request", "One delete of all is never answered, and was not carried out")
class _DropsRequest(_Drops):
    _dropped: Request | None = None

    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if self.lost(request):
            self._dropped = request
            raise Refused(unavailable(self.settings.retry_after))

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        response.drop = request is self._dropped
        return response


@variant("drops-one-answer", "One delete of all is never answered, though it was carried out")
class _DropsAnswer(_Drops):
    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        response.drop = response.status == 202 and self.lost(request)
        return response


@variant("drops-one-poll", "One poll of all is never answered")
class _DropsPoll(_Drops):
    route = "operation"

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        response.drop = self.lost(request)
        return response


@variant("poll-fails-once", "One poll of all is a 500, and is fine the next time")
class _PollFails(_Drops):
    route = "operation"

    async def before_action(self, request: Request) -> None:
        await super().before_action(request)
        if self.lost(request):
            raise Refused(internal_error())


def _reads(name: str, problem: Callable[[int], Problem], every: int = 25) -> None:
    """Registers a variant that refuses one read in *every* with *problem*."""

    class Reads(Behaviour):
        async def before_action(self, request: Request) -> None:
            await super().before_action(request)
            if request.method in ("GET", "HEAD") and self.once_in(every, "reads"):
                raise Refused(problem(self.settings.retry_after))

    text = (
        f"Every {every}th fetch, list and poll is a {problem(1).status}, and is fine the next time"
    )
    variant(name, text)(Reads)


_reads("reads-throttled", throttled)
_reads("reads-fail", lambda _: internal_error(), every=100)
_reads("reads-fail-twice-as-often", lambda _: internal_error(), every=50)
_reads("reads-unavailable", unavailable)
