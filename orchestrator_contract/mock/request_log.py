"""Writes each request with its status to a file, one line of JSON each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TextIO

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.clock import rfc3339
from orchestrator_contract.mock.idempotency import HEADER
from orchestrator_contract.mock.messages import Request, Response


def open_log(path: Path) -> TextIO:
    """The file at *path*, emptied, which has each line as soon as it is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf-8", buffering=1)


def logging_to(log: TextIO) -> type[Behaviour]:
    """A behaviour that writes to *log* and changes no response."""

    class Logging(Behaviour):
        """Writes a line when a response goes out."""

        def delivered(self, request: Request, response: Response, *, reached: bool) -> None:
            """Writes the line."""
            super().delivered(request, response, reached=reached)
            key = request.header(HEADER)
            line = {
                "at": rfc3339(self.now()),
                "connection": request.connection,
                "region": request.region,
                "account": request.account or None,
                "method": request.method,
                "path": request.path.decode("latin-1"),
                "route": request.route or None,
                "key": None if key is None else key.decode("latin-1"),
                "status": None if response.drop else response.status,
                "configurations": self._held(request),
            }
            log.write(json.dumps(line) + "\n")

        def _held(self, request: Request) -> int:
            now = self.now()
            partition = self.world.partitions.get((request.account, request.region))
            return sum(
                one.reserved_for is None and not self.is_deleted(one, now)
                for one in (partition.configurations.values() if partition is not None else ())
            )

    return Logging
