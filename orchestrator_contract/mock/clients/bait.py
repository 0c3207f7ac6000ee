"""Leads clients to an origin that is not the endpoint's: credentials sent there are lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.clients.calls import printable
from orchestrator_contract.mock.messages import Request, Response

#: bait -> what it does
BAITS = {
    "status-url": "the 202 of a delete names a statusUrl and Location on a foreign origin",
    "redirect": "polls are redirected to a foreign origin",
}
Found = Callable[[str, str, str], None]


class ForeignOrigin:
    """A loopback listener on a free port; answers every poll with a COMPLETED operation."""

    def __init__(self, host: str, found: Found) -> None:
        class Handler(BaseHTTPRequestHandler):
            """One request that should not have come here."""

            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                """Look for credentials, and answer so that the client goes on."""
                name = f"{self.command} {printable(self.path)}"
                if self.headers.get("Authorization") is not None:
                    found("CLIENT-SECRET-ORIGIN", name, f"Authorization was sent to {outer.origin}")
                body = json.dumps(outer.document(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_DELETE = do_POST = do_GET

            def log_message(self, format: str, *arguments: object) -> None:
                """Write nothing: stderr is the report's."""

        outer = self
        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://{host}:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever, name="foreign-origin", daemon=True
        ).start()

    def document(self, path: str) -> dict[str, object]:
        """An operation that has completed."""
        instant = "2026-01-01T00:00:00Z"
        return {
            "operationId": path.rpartition("/")[2],
            "status": "COMPLETED",
            "createdAt": instant,
            "completedAt": instant,
            "statusUrl": self.origin + path,
            "related": None,
            "error": None,
        }

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


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
