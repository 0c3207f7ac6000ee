"""Deceptions over several responses: names of other owners, responses to no request."""

from __future__ import annotations

import time

from ..exchange import Exchange
from ..place import Place
from ..registry import hostile

_EVERY_CREATE = Place.CREATE | Place.CREATE_POLL | Place.LIST


@hostile(
    "list-hides-foreign",
    _EVERY_CREATE,
    {0, 1, 4},
    "Leaves somebody else's configurations out of lists, and names them as just created.",
)
def list_hides_foreign(exchange: Exchange) -> None:
    """A configuration that was not listed before need not be new."""
    foreign = sorted(exchange.core.foreign)
    if exchange.place is Place.LIST:
        items = exchange.reply.document.get("configurations", [])
        exchange.answer(
            exchange.reply.edited(configurations=[one for one in items if one["id"] not in foreign])
        )
    else:
        exchange.answer(
            exchange.reply.edited(
                related={"configurationId": foreign[exchange.turn % len(foreign)]}
            )
        )


@hostile(
    "list-renames-foreign",
    _EVERY_CREATE,
    {0, 1, 4},
    "Names nothing as created, and lists somebody else's configurations under the names of"
    " creates.",
)
def list_renames_foreign(exchange: Exchange) -> None:
    """A name in a list is the endpoint's word, like any other."""
    if exchange.place is not Place.LIST:
        exchange.answer(exchange.reply.edited(related=None))
        return
    core = exchange.core
    names = [
        one["displayName"]
        for sid, one in list(core.configurations.items())
        if sid not in core.foreign
    ]
    lies = [
        {**core.configurations[sid], "displayName": name}
        for sid in sorted(core.foreign)
        for name in names
    ]
    exchange.answer(
        exchange.reply.edited(
            configurations=lies + exchange.reply.document.get("configurations", [])
        )
    )


@hostile(
    "create-500-all-the-same",
    Place.CREATE,
    {0, 1, 4},
    "Carries every second create out and answers it 500.",
)
def create_500_all_the_same(exchange: Exchange) -> None:
    """A refused create may have been carried out."""
    exchange.answer(exchange.reply.as_status(500) if exchange.turn % 2 else exchange.reply)


@hostile(
    "second-response-late",
    Place.DELETE | Place.POLL | Place.FETCH,
    {1},
    "Sends a second, false answer a moment after each.",
    sample=True,
)
def second_response_late(exchange: Exchange) -> None:
    """On a connection that is used again it stands where the next answer is expected."""
    exchange.answer(exchange.reply)
    time.sleep(0.008)
    exchange.answer(exchange.reply.of(404, {"code": 20404, "message": "stale", "status": 404}))


@hostile(
    "status-url-second-request",
    Place.DELETE,
    {1},
    "Gives a statusUrl that holds the rest of a request and a DELETE of somebody else's"
    " configuration.",
)
def status_url_second_request(exchange: Exchange) -> None:
    """The endpoint knows the credentials: only escaping the URL keeps the other one safe."""
    if not exchange.accepted:
        exchange.answer(exchange.reply)
        return
    victim = next(iter(exchange.core.foreign))
    lines = [
        f"{exchange.reply.document['statusUrl']} HTTP/1.1",
        "Host: x",
        "",
        f"DELETE /v2/ControlPlane/Configurations/{victim} HTTP/1.1",
        f"Authorization: {exchange.request.headers.get('authorization', '')}",
        "X-Rest: ",
    ]
    exchange.answer(exchange.reply.edited(statusUrl="\r\n".join(lines)))


@hostile(
    "json-million-arrays",
    Place.DELETE,
    {0, 1},
    "Sends a further property of a million empty arrays.",
)
def json_million_arrays(exchange: Exchange) -> None:
    """Three megabytes that take seconds to read, each time."""
    body = exchange.reply.body.rstrip()
    exchange.answer(
        exchange.reply.with_body(body[:-1] + b', "more": [' + b"[]," * 1_000_000 + b"0]}")
    )
