"""One seed generates the same inputs, whatever else the process has loaded."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, given, seed

from orchestrator_contract.fuzzing.generation import settings


def generated() -> list[tuple[int, str]]:
    """What one seed gives."""
    seen: list[tuple[int, str]] = []

    @seed(7)
    @settings(Phase.generate, max_examples=200)
    @given(st.integers(), st.text())
    def run(number: int, text: str) -> None:
        seen.append((number, text))

    run()
    return seen


def test_constants_of_loaded_modules_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hypothesis draws from constants of loaded modules unless told otherwise."""
    before = generated()
    file = tmp_path / "constants.py"
    file.write_text(
        f"NUMBERS = {list(range(5000, 5400))}\nTEXTS = {[f'text {n}' for n in range(400)]}\n",
        "utf-8",
    )
    spec = importlib.util.spec_from_file_location("constants", file)
    assert spec
    monkeypatch.setitem(sys.modules, "constants", importlib.util.module_from_spec(spec))
    assert generated() == before


def test_no_callback_of_the_garbage_collection() -> None:
    """A Ctrl-C that fell into one would be lost, and fail whatever runs."""
    program = (
        "import gc, orchestrator_contract.fuzzing.generation\n"
        "from hypothesis.internal.conjecture.junkdrawer import gc_cumulative_time\n"
        "gc_cumulative_time()\n"
        "print(len(gc.callbacks))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "0\n"
