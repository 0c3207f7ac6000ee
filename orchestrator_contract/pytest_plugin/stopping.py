"""How a run is stopped from outside: SIGTERM ends it as Ctrl-C does, cleaned up and with a report."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import pytest


def heed_termination(config: pytest.Config) -> None:
    """Take the first SIGTERM for an interrupt, where nobody else heeds it; a second one ends the process at once."""
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    config.add_cleanup(lambda: _restore(stop))


def _restore(stop: object) -> None:
    if signal.getsignal(signal.SIGTERM) is stop:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
