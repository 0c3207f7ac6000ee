"""A program of the user's, run with an end in sight: bounded in time and in output, and gone afterwards with its children."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import IO

_CHUNK = 65536
#: How often it is looked whether the program has ended while something else holds its output open, in seconds.
_TICK_S = 0.1


class ProgramError(Exception):
    """It could not be started, did not end well, or printed too much; the message says which."""

    def __init__(self, why: str, *, lasting: bool = False) -> None:
        super().__init__(why)
        #: Whether running it once more would only cost as much again.
        self.lasting = lasting


def output_of(command: Sequence[str], *, seconds: float, most: int) -> str:
    """The output of *command* until it ends; bytes that are no UTF-8 become escapes.

    Raises:
        ProgramError: it takes longer than *seconds*, prints more than *most* bytes, or ends otherwise than with 0.
    """
    try:
        process = subprocess.Popen(  # the profile's own command, by the user's will
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ProgramError(str(error), lasting=True) from None
    assert process.stdout is not None  # for the type checker
    deadline = time.monotonic() + seconds
    try:
        with process.stdout as pipe:
            printed = _read(process, pipe, deadline, most)
        code = process.wait(max(deadline - time.monotonic(), _TICK_S))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise ProgramError(f"it did not end within {seconds:g} s", lasting=True) from None
    finally:
        _end(process)
    if code:
        raise ProgramError(f"it ended with exit code {code}")
    return printed.decode("utf-8", "backslashreplace")


def _read(process: subprocess.Popen[bytes], pipe: IO[bytes], deadline: float, most: int) -> bytes:
    """The output until the program ends, even if another process holds the pipe."""
    printed = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            ended = process.poll() is not None
            if selector.select(0 if ended else min(left, _TICK_S)):
                chunk = os.read(pipe.fileno(), _CHUNK)
                if not chunk:
                    return bytes(printed)
                printed += chunk
                if len(printed) > most:
                    raise ProgramError(f"it printed more than {most} bytes", lasting=True)
            elif ended:
                return bytes(printed)
    raise TimeoutError


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of the program running, whatever it does with polite signals."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
