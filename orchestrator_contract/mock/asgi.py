"""The ASGI application: passes requests to the behaviour and sends its responses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.protocol import EXTENSION, Connection

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class MockApp:
    """ASGI application over one behaviour; *ports* maps ports to regions."""

    def __init__(self, behaviour: Behaviour, ports: dict[int, int]) -> None:
        self.behaviour = behaviour
        self.ports = ports

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            return
        request = Request(
            scope["method"], scope["raw_path"], scope["query_string"], scope["headers"]
        )
        request.http_version = scope["http_version"]
        request.region = self.ports.get((scope["server"] or ("", 0))[1], 0)
        protocol: Connection | None = (scope.get("extensions") or {}).get(EXTENSION)
        request.connection = protocol.number if protocol else 0
        request.written = protocol.written if protocol else []
        for name, value in request.headers:
            if (name == b"content-length" and value != b"0") or name == b"transfer-encoding":
                request.body = await read_body(receive)
                break
        response = await self.behaviour.handle(request)
        if response.delay:
            await asyncio.sleep(response.delay)
        if protocol is not None:
            if response.raw is not None or response.drop:
                protocol.transport.write(response.raw or b"")
                protocol.transport.close()
                self.behaviour.delivered(request, response, reached=response.raw is not None)
                while (await receive())["type"] != "http.disconnect":
                    pass
                return
            if response.early:
                protocol.transport.write(response.early)
        reached = protocol is None or not protocol.transport.is_closing()
        # Before the first byte is sent: the client's next request cannot overtake it.
        self.behaviour.delivered(request, response, reached=reached)
        await write(response, send)


async def read_body(receive: Receive) -> bytes:
    """The payload; empty if the client goes before it has sent it all."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


async def write(response: Response, send: Send) -> None:
    """Sends *response* through ASGI, with a length unless it is chunked."""
    headers = response.headers
    if response.status >= 200 and response.status != 204 and not response.chunked:
        headers = [*headers, (b"content-length", str(len(response.body)).encode())]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    body = response.body if response.status not in (204, 304) else b""
    if response.chunked and len(body) > 1:
        half = len(body) // 2
        await send({"type": "http.response.body", "body": body[:half], "more_body": True})
        body = body[half:]
    await send({"type": "http.response.body", "body": body})
