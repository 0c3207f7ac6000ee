"""Serves one behaviour on several loopback ports."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence

import uvicorn

from orchestrator_contract.mock.asgi import MockApp
from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.protocol import fastest


def bind(host: str, port: int, count: int) -> list[socket.socket]:
    """*count* bound sockets from *port* on; port 0 takes free ones.

    Raises:
        OSError: a port is taken or the host is not an address of this machine.
    """
    sockets: list[socket.socket] = []
    try:
        for index in range(count):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            one = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((host, port + index if port else 0))
    except OSError:
        for one in sockets:
            one.close()
        raise
    return sockets


class Server(uvicorn.Server):
    """uvicorn's server with callbacks for start and end."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        #: Run when serving has ended, signals included.
        self.ends: list[Callable[[], None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts listening, then calls back."""
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops listening, then calls back: after a signal uvicorn does not return."""
        await super().shutdown(sockets)
        for end in self.ends:
            end()


def make_server(behaviour: Behaviour, ports: Sequence[int], ready: Callable[[], None]) -> Server:
    """A server for *behaviour*; region i is the one on ``ports[i]``."""
    config = uvicorn.Config(
        MockApp(behaviour, {port: region for region, port in enumerate(ports)}),
        http=fastest(),
        loop="auto",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="critical",
        server_header=False,
        timeout_keep_alive=120,  # an idle client must not run into a closing connection
        timeout_graceful_shutdown=1,
        backlog=4096,
    )
    return Server(config, ready)


def exit_with_stdin(server: Server) -> None:
    """Ends the process when stdin ends, gracefully first."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        server.should_exit = True
        time.sleep(3)
        os._exit(0)

    threading.Thread(target=watch, name="stdin-watch", daemon=True).start()
