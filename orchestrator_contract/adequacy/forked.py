"""Runs pytest in a fork of this process: what takes long to import is there already.

Most of a short run's time goes into importing pytest, Hypothesis and schemathesis. A fork shares
these and nothing else: none of the suite's own modules is loaded before it. POSIX only.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

#: Other people's modules that the suite, or a pytest plugin that it brings, imports.
HEAVY = (
    "pytest",
    "hypothesis.stateful",
    "hypothesis.strategies",
    "schemathesis.openapi",
    "xdist.plugin",
    "jinja2",
    "jsonschema",
    "h11",
    "requests",
)
#: What `run` returns for a run that took too long.
KILLED = -1


def preload() -> None:
    """Import what every run needs; to be called before the first thread is started."""
    for name in HEAVY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def run(
    arguments: Sequence[str], folder: Path, env: Mapping[str, str], output: Path, timeout_s: float
) -> int:
    """Run pytest with *arguments* in *folder*; its exit code, or `KILLED`.

    Everything it prints goes to *output*. To be called in a process with one thread.
    """
    pid = os.fork()
    if pid == 0:
        code = 3
        try:
            _become(folder, env, output)
            # Nothing within the run can delay or catch this end.
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, timeout_s)
            import pytest

            # Modules that are loaded already can't be rewritten, and pytest would warn of each of
            # them.
            code = int(pytest.main([*arguments, "--assert=plain"]))
        except BaseException:  # noqa: BLE001  # whatever it is, it must not come back into the parent
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return KILLED if code == -signal.SIGALRM else code


def _become(folder: Path, env: Mapping[str, str], output: Path) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.argv = ["pytest"]
    source = os.open(os.devnull, os.O_RDONLY)
    sink = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for number, target in ((0, source), (1, sink), (2, sink)):
        os.dup2(target, number)
