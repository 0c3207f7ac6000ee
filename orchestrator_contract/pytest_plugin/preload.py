"""Slow imports, begun while the run waits for the endpoint: the tests that need them come later."""

from __future__ import annotations

import contextlib
import importlib
from threading import Thread

#: The fuzzing and the random histories, and what schemathesis imports only when it reads a document.
_SLOW = (
    "orchestrator_contract.fuzzing.machine",
    "orchestrator_contract.fuzzing.fuzz",
    "schemathesis.specs.openapi.schemas",
)


class Imports:
    """Imports under way in a thread of their own."""

    def __init__(self) -> None:
        self._thread = Thread(target=_load, name="imports", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Return when they are done, so that what depends on exact timing has the interpreter for itself."""
        self._thread.join()


def _load() -> None:
    for name in _SLOW:
        # Whoever needs what can't be imported meets the error itself.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
