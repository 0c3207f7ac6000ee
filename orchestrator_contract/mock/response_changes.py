"""Short ways to make a behaviour out of one function; defects and variants are built with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import Class, defect

Change = Callable[[Request, Response], None]


def on_response(
    change: Change,
    *,
    route: str | Iterable[str] = "delete",
    status: int | Iterable[int] | None = 202,
    every: int = 1,
) -> Class:
    """A behaviour that applies *change* to each *every*-th answer of the named routes and statuses.

    *status* None stands for every status.
    """
    routes = {route} if isinstance(route, str) else set(route)
    statuses = {status} if isinstance(status, int) else set(status) if status is not None else None

    class Changed(Behaviour):
        """Changes matching answers just before they are sent."""

        async def finish(self, request: Request, response: Response) -> Response:
            """Applies the change where it belongs."""
            response = await super().finish(request, response)
            matches = request.route in routes and (statuses is None or response.status in statuses)
            if matches and (every == 1 or self.once_in(every, change)):
                change(request, response)
            return response

    return Changed


def altering(
    name: str,
    text: str,
    *,
    breaches: tuple[str, ...],
    shows: str = "",
    route: str | Iterable[str] = "delete",
    status: int | Iterable[int] | None = 202,
    every: int = 1,
) -> Callable[[Change], Change]:
    """Registers the decorated change of answers as the defect *name*; see :func:`on_response`."""

    def register(change: Change) -> Change:
        behaviour = on_response(change, route=route, status=status, every=every)
        when = shows or ("always" if every == 1 else f"1 in {every}")
        defect(name, text, breaches=breaches, shows=when)(behaviour)
        return change

    return register


def member(name: str, value: object) -> Change:
    """A change that sets the body's member *name* to *value*."""

    def change(request: Request, response: Response) -> None:
        response.document = {**response.document, name: value}

    return change


def without(name: str) -> Change:
    """A change that removes the body's member *name*."""

    def change(request: Request, response: Response) -> None:
        response.document = {key: value for key, value in response.document.items() if key != name}

    return change


def header(name: str, value: str | None) -> Change:
    """A change that sets the header *name* (lower case), or with None removes it."""

    def change(request: Request, response: Response) -> None:
        response.set(name, value)

    return change


def raw_message(response: Response, *, version: str = "1.1", length: int | None = None) -> bytes:
    """The response as bytes on the wire, with any *length* claimed; None tells the true one."""
    lines = [f"HTTP/{version} {response.status} Mock".encode()]
    lines += [name + b": " + value for name, value in response.headers]
    lines += [
        f"content-length: {len(response.body) if length is None else length}".encode(),
        b"connection: close",
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + response.body
