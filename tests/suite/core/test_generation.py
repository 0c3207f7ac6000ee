"""One seed generates the same inputs, in any process and checkout."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, given, seed

import orchestrator_contract
from orchestrator_contract.fuzzing.generation import settings
from orchestrator_contract.fuzzing.keys import forms, malformed_keys
from orchestrator_contract.fuzzing.sids import malformed_sids
from orchestrator_contract.inputs.identifiers import is_well_formed_key
from orchestrator_contract.inputs.malformed_keys import MalformedKey
from orchestrator_contract.inputs.malformed_sids import MalformedSid

KEY = "3f0c9a52-7d1e-4b8a-9c36-51e2d4a7b860"
SID = "conv_configuration_01k9z2a1b3c4d5e6f7g8h9j0km"
_PROGRAM = f"""
from hypothesis import Phase, given, seed
from orchestrator_contract.fuzzing import keys, schema_requests, sids
from orchestrator_contract.fuzzing.generation import settings

for kinds in (
    keys.malformed_keys({KEY!r}),
    sids.malformed_sids({SID!r}),
    schema_requests.segments_and_keys(),
    schema_requests.operation_ids(),
    schema_requests.queries(),
    schema_requests.payloads(valid=True),
    schema_requests.tokens("eyJhIjoxMn0"),
    {{"headers": schema_requests.headers()}},
):
    for strategy in kinds.values():
        @seed(7)
        @settings(Phase.generate, seed=7, max_examples=3)
        @given(strategy)
        def run(value):
            print(repr(value))

        run()
"""


def generated() -> list[tuple[int, str]]:
    """The inputs that one seed gives."""
    seen: list[tuple[int, str]] = []

    @seed(7)
    @settings(Phase.generate, seed=7, max_examples=200)
    @given(st.integers(), st.text())
    def run(number: int, text: str) -> None:
        seen.append((number, text))

    run()
    return seen


def test_constants_of_loaded_modules_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hypothesis would draw from them, and so would send other requests from another checkout."""
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


def test_two_checkouts_generate_the_same(tmp_path: Path) -> None:
    """Neither the folder nor the hash seed of a process changes what a seed gives."""
    package = Path(orchestrator_contract.__file__).parent
    (tmp_path / package.name).symlink_to(package)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            env={"PYTHONPATH": str(folder), "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for folder, hash_seed in ((package.parent, "1"), (tmp_path, "2"))
    ]

    first, second = (process.communicate()[0] for process in processes)

    assert first.count("\n") > 180
    assert first == second


def test_keys_and_sids_are_malformed() -> None:
    """No generated key matches the pattern, and no generated SID is the real one."""
    values: list[str] = []
    segments: list[str] = []

    @settings(Phase.generate, seed=3, max_examples=300)
    @given(st.one_of(*malformed_keys(KEY).values()), st.one_of(*malformed_sids(SID).values()))
    def run(key: MalformedKey, sid: MalformedSid) -> None:
        values.append(key.value)
        segments.append(sid.segment)

    run()

    assert len({*values}) > 200
    assert len({*segments}) > 200
    assert not any(map(is_well_formed_key, values))
    assert SID not in segments
    assert all(one.isascii() and "/" not in one and "?" not in one for one in segments)
    assert all(value == value.strip(" \t") and value.encode("latin-1") for value in values if value)


def test_forms_of_keys_are_well_formed() -> None:
    """Every form of a key matches the pattern, and other numbers make other keys alike."""
    made: set[str] = set()

    @settings(Phase.generate, seed=3, max_examples=200)
    @given(forms())
    def run(form: Callable[[int], str]) -> None:
        first, second = form(0), form(1)
        assert first != second
        assert first[8:] == second[8:]
        made.update((first, second))

    run()

    assert len(made) > 120
    assert all(map(is_well_formed_key, made))


def test_no_callback_of_the_garbage_collection() -> None:
    """A Ctrl-C that fell into one would be lost, and fail whatever runs."""
    program = (
        "import gc, orchestrator_contract.fuzzing.generation\n"
        "from hypothesis import given, strategies\n"
        "given(strategies.none())(lambda _: None)()\n"
        "print(len(gc.callbacks))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "0\n"
