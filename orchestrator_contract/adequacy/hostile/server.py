"""A hostile endpoint: the conformant core, spoilt in the one place that its unit names."""

from __future__ import annotations

import itertools
from pathlib import Path

from .canary import Canary
from .core import MEMORY_STORE, Core
from .exchange import Exchange
from .listener import Listener
from .messages import Reply, read_request
from .registry import Unit
from .wire import Wire

USER_ENV = "HOSTILE_USER"
PASSWORD_ENV = "HOSTILE_PASSWORD"
#: Counts the deletes of what the suite did not make; needs no credentials and is always answered
#: well.
FOREIGN_DELETES = "/__foreign_deletes"

# Small limits keep a run short however the endpoint stalls.
_PROFILE = """\
[target]
name = "hostile {name}"
base_url = "{base_url}"
timeout_s = 2

[[accounts]]
username_env = "{user_env}"
password_env = "{password_env}"

[provision]
mode = "create"
memory_store_id = "{memory_store}"

[limits]
requests = 3000
requests_per_second = 0
deletes = 300
poll_timeout_s = 4
"""


class HostileServer(Listener):
    """One unit on one loopback port, with its canary on another."""

    def __init__(self, unit: Unit, user: str, password: str, port: int = 0) -> None:
        super().__init__(port)
        self.unit = unit
        self.canary = Canary(user, password)
        self.core = Core(self.url, user, password, unit.foreign)
        self._turns = itertools.count(1)

    def start(self) -> None:
        """Begin to accept, canary first."""
        self.canary.start()
        super().start()

    def stop(self) -> None:
        """Refuse new connections on both ports."""
        super().stop()
        self.canary.stop()

    def write_profile(self, path: Path) -> None:
        """Write a target profile that leads the suite here; the secrets stay in the environment."""
        path.write_text(
            _PROFILE.format(
                name=self.unit.name,
                base_url=self.url,
                user_env=USER_ENV,
                password_env=PASSWORD_ENV,
                memory_store=MEMORY_STORE,
            )
        )

    def talk(self, wire: Wire) -> None:
        """Serve one connection, well or badly."""
        if self.unit.greet is not None and self.unit.greet(wire):
            return
        while True:
            request = read_request(wire)
            if request.path == FOREIGN_DELETES:
                wire.send(Reply.of(200, {"count": self.core.foreign_deletes}).framed())
                continue
            place = self.core.place_of(request)
            exchange = Exchange(
                wire, request, self.core.answer(request), place, self.core, self.canary.url, 0
            )
            if place in self.unit.places and self.unit.places:
                exchange.turn = next(self._turns)
                self.unit.act(exchange)
            else:
                exchange.answer(exchange.reply)
            if not exchange.keep:
                return
