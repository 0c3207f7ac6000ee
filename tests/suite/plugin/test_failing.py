"""What failed last time is tried first: the seed and the tests of a run that found breaches."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator_contract.pytest_plugin import last_failed
from orchestrator_contract.pytest_plugin.last_failed import Failing

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def config() -> Any:
    """A configuration with a cache, as far as the module knows it."""
    kept: dict[str, Any] = {}
    return SimpleNamespace(cache=SimpleNamespace(get=kept.get, set=kept.__setitem__))


def test_remembered_for_each_endpoint(config: Any) -> None:
    """Each endpoint has its own; a run that finds nothing forgets."""
    last_failed.remember(config, "http://one", Failing(1, ("a", "b")))
    last_failed.remember(config, "http://two", Failing(2, ("c",)))
    assert last_failed.recall(config, "http://one") == Failing(1, ("a", "b"))

    last_failed.remember(config, "http://one", None)

    assert last_failed.recall(config, "http://one") is None
    assert last_failed.recall(config, "http://two") == Failing(2, ("c",))


def test_bounded(config: Any) -> None:
    """Mocks on ever new ports do not fill the cache: the newest stay."""
    for number in range(50):
        last_failed.remember(config, f"http://localhost:{number}", Failing(number, ("a",)))

    assert last_failed.recall(config, "http://localhost:0") is None
    assert last_failed.recall(config, "http://localhost:49") == Failing(49, ("a",))


@pytest.mark.parametrize(
    "damaged",
    [
        [],
        {"http://one": 3},
        {"http://one": {"seed": "x", "tests": []}},
        {"http://one": {"seed": 1, "tests": [2]}},
    ],
)
def test_damaged(config: Any, damaged: object) -> None:
    """A cache that somebody else wrote to is no error."""
    config.cache.set("orchestrator-contract/failing", damaged)

    assert last_failed.recall(config, "http://one") is None


def test_no_cache() -> None:
    """Without pytest's cache nothing is remembered, and nothing fails."""
    bare: Any = SimpleNamespace()

    last_failed.remember(bare, "http://one", Failing(1, ("a",)))

    assert last_failed.recall(bare, "http://one") is None


def test_next_run(
    start_mock: Callable[..., Any], suite_environment: dict[str, str], tmp_path: Path
) -> None:
    """The next run has the seed of the one that failed, and begins with what failed; --seed has the last word."""
    mock = start_mock("--defect", "update-deletes:patch")

    def run(*more: str) -> list[str]:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "tests/contract",
            "-v",
            "--target",
            str(mock.profile),
            "--effort",
            "quick",
            "--report",
            str(tmp_path / "report"),
            "-o",
            f"cache_dir={tmp_path / 'cache'}",
            "-k",
            "test_unknown_sid or test_update_keeps",
            *more,
        ]
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=suite_environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 1, done.stdout + done.stderr
        seed = re.search(r"seed (\d+)( \(that of the last run)?", done.stdout)
        assert seed is not None
        tests = re.findall(r"::(test_\w+)\S* (?:PASSED|FAILED)", done.stdout)
        return [seed[1], "again" if seed[2] else "new", *tests]

    first, second, third = run(), run(), run("--seed", "5")

    assert first[1:] == ["new", "test_unknown_sid", "test_update_keeps", "test_unknown_sid_keeps"]
    assert second == [
        first[0],
        "again",
        "test_update_keeps",
        "test_unknown_sid",
        "test_unknown_sid_keeps",
    ]
    assert third == ["5", *first[1:]]
