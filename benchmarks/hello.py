"""The smallest Starlette application: what the mock's speed is compared with."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def hello(_: Request) -> PlainTextResponse:
    """Say hello."""
    return PlainTextResponse("hello")


app = Starlette(routes=[Route("/", hello, methods=["GET", "DELETE"])])
