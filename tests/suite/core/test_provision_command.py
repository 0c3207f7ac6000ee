"""A command of the profile ends in time, whatever it prints, starts or ignores."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from orchestrator_contract.provision.given import ProgramError, output_of


def printed_by(script: str, *, seconds: float = 10, most: int = 100_000) -> str:
    """The output of a Python program."""
    return output_of([sys.executable, "-c", script], seconds=seconds, most=most)


def test_what_it_prints() -> None:
    """All of its output, and nothing of its errors."""
    assert (
        printed_by("import sys; print('one'); print('no', file=sys.stderr); print('two')")
        == "one\ntwo\n"
    )


def test_bytes_that_are_no_text() -> None:
    """They become escapes."""
    assert printed_by(r"import sys; sys.stdout.buffer.write(b'a\xff')") == "a\\xff"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        pytest.param(
            "while True: print('y' * 1000)",
            "printed more than 100000 bytes",
            id="prints-without-end",
        ),
        pytest.param("import time; time.sleep(60)", "did not end within", id="hangs"),
        pytest.param(
            "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)",
            "did not end",
            id="ignores-signals",
        ),
        pytest.param(
            "import os, time; os.close(1); time.sleep(60)", "did not end", id="closes-its-output"
        ),
    ],
)
def test_no_end(script: str, why: str) -> None:
    """It is ended, and not worth another try."""
    began = time.monotonic()

    with pytest.raises(ProgramError, match=why) as caught:
        printed_by(script, seconds=1.5)

    assert caught.value.lasting
    assert time.monotonic() - began < 15


def test_an_exit_code() -> None:
    """A command that fails is started again the next time."""
    with pytest.raises(ProgramError, match="exit code 3") as caught:
        printed_by("raise SystemExit(3)")

    assert not caught.value.lasting


def test_no_such_program(tmp_path: Path) -> None:
    """A command that can't be started is not started again."""
    with pytest.raises(ProgramError) as caught:
        output_of([str(tmp_path / "absent")], seconds=1, most=1)

    assert caught.value.lasting


def test_a_child_that_stays(tmp_path: Path) -> None:
    """A child that holds the output open is not waited for, and ends with the program."""
    mark = tmp_path / "alive"
    child = f"import time; time.sleep(2); open({str(mark)!r}, 'w')"
    began = time.monotonic()

    out = printed_by(
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]); print('one')",
        seconds=30,
    )

    assert out == "one\n"
    assert time.monotonic() - began < 15
    time.sleep(2.5)
    assert not mark.exists()
