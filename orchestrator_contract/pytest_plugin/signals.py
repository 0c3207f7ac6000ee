"""Signals that end a run like Ctrl-C: cleaned up, and with a report."""

from __future__ import annotations

import signal
import threading
from functools import partial
from types import FrameType, TracebackType

import pytest

#: SIGHUP says that the terminal was closed.
_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def heed_termination(config: pytest.Config) -> None:
    """Take the first signal of a kind for an interrupt; a second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup, for one, has SIGHUP ignored
            signal.signal(number, stop)
            config.add_cleanup(partial(_restore, number, stop))


def _restore(number: int, stop: object) -> None:
    if signal.getsignal(number) is stop:
        signal.signal(number, signal.SIG_DFL)


def give_lines(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Leave frames without a line number out of an interrupt's traceback.

    Some of the interpreter's instructions have none, and pytest can't show them.
    """
    step: TracebackType | None = excinfo.tb
    while step is not None:
        while (inner := step.tb_next) is not None and getattr(inner, "tb_lineno", None) is None:
            step.tb_next = inner.tb_next
        step = inner
    excinfo.traceback = type(excinfo.traceback)(excinfo.tb)
