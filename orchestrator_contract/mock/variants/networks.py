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
    """Base of variants in which one delete of a whole run is lost."""

    def lost(self, request: Request) -> bool:
        """True for the delete that is lost."""
        return request.route == "delete" and self.tick("deletes asked for") == _LOST


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


def _reads(name: str, problem: Callable[[int], Problem]) -> None:
    """Registers a variant that refuses a read now and then with *problem*."""

    class Reads(Behaviour):
        async def before_action(self, request: Request) -> None:
            await super().before_action(request)
            if request.method in ("GET", "HEAD") and self.once_in(25, "reads"):
                raise Refused(problem(self.settings.retry_after))

    text = f"Every 25th fetch, list and poll is a {problem(1).status}, and is fine the next time"
    variant(name, text)(Reads)


_reads("reads-throttled", throttled)
_reads("reads-fail", lambda _: internal_error())
_reads("reads-unavailable", unavailable)
