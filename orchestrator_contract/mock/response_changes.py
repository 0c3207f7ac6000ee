"""Changes of a response just before it is sent; defects and variants are built with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import Class

Change = Callable[[Request, Response], None]


def keep(request: Request, response: Response) -> None:
    """Changes nothing."""


class ChangedResponse(Behaviour):
    """Applies *change* to each *every*-th response of the named routes and statuses."""

    change: Change = staticmethod(keep)
    route: str | tuple[str, ...] = "delete"
    #: None stands for every status.
    status: int | tuple[int, ...] | None = 202
    every = 1

    def applies(self, request: Request) -> bool:
        """True if responses to this request are changed."""
        return True

    @classmethod
    def names(cls, request: Request, response: Response) -> bool:
        """True if the response is one of the named routes and statuses."""
        route = request.route in ((cls.route,) if isinstance(cls.route, str) else cls.route)
        if isinstance(cls.status, tuple):
            return route and response.status in cls.status
        return route and cls.status in (None, response.status)

    @classmethod
    def among_others(cls) -> Class:
        """A class with a `finish` of its own, which applies the change of this one."""
        part: type[ChangedResponse]

        async def finish(self: ChangedResponse, request: Request, response: Response) -> Response:
            response = await super(part, self).finish(request, response)
            changed = cls.names(request, response) and cls.applies(self, request)
            if changed and self.once_in(cls.every, (part, "change")):
                cls.change(request, response)
            return response

        part = type(cls.__name__, (cls,), {"finish": finish})
        return part


def clash(one: Class, other: Class) -> bool:
    """True if two behaviours set an attribute differently, so that one would be lost."""
    names = _set_by(one).keys() & _set_by(other).keys()
    if issubclass(one, ChangedResponse) and issubclass(other, ChangedResponse):
        names -= vars(ChangedResponse).keys()
    return any(getattr(one, name) != getattr(other, name) for name in names)


def _set_by(behaviour: Class) -> dict[str, object]:
    classes = [cls for cls in behaviour.__mro__ if cls not in Behaviour.__mro__]
    found = {name: value for cls in classes for name, value in vars(cls).items()}
    return {
        name: value
        for name, value in found.items()
        if not (name.startswith("__") or callable(value) or isinstance(value, classmethod))
    }


def on_response(
    change: Change = keep,
    *,
    route: str | Iterable[str] = "delete",
    status: int | Iterable[int] | None = 202,
    every: int = 1,
) -> Class:
    """A :class:`ChangedResponse` with these attributes."""
    attributes: dict[str, Any] = {
        "change": staticmethod(change),
        "route": route if isinstance(route, str) else tuple(route),
        "status": status if status is None or isinstance(status, int) else tuple(status),
        "every": every,
    }
    return type("Changed", (ChangedResponse,), attributes)


def member(name: str, value: object) -> Change:
    """A change that sets the body's member *name*; a callable *value* maps the old value."""

    def change(request: Request, response: Response) -> None:
        document = response.document
        new = value(document[name]) if callable(value) else value
        response.document = {**document, name: new}

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


def with_status(value: int) -> Change:
    """A change of the HTTP status."""

    def change(request: Request, response: Response) -> None:
        response.status = value

    return change


def raw_message(response: Response, *, version: str = "1.1", length: int | None = None) -> bytes:
    """The response as bytes on the wire; *length* replaces the true Content-Length."""
    lines = [f"HTTP/{version} {response.status} Mock".encode()]
    lines += [name + b": " + value for name, value in response.headers]
    lines += [
        f"content-length: {len(response.body) if length is None else length}".encode(),
        b"connection: close",
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + response.body
