"""A run after one that found breaches: its seed again, and its failing tests first."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator_contract.profile import Profile
from orchestrator_contract.pytest_plugin import options

PROJECT = Path(__file__).parents[3]
ONE, TWO = (Profile(name, f"http://{name}.example") for name in ("one", "two"))


@pytest.fixture
def config() -> Any:
    """A configuration with a cache, as far as it is used."""
    kept: dict[str, Any] = {}
    cache = SimpleNamespace(get=lambda name, default: kept.get(name, default), set=kept.__setitem__)
    return SimpleNamespace(cache=cache)


def test_one_seed_is_kept(config: Any) -> None:
    """It is the seed of one endpoint, and is forgotten once that one has no breach."""
    options.remember_seed(config, ONE, 7, found=True)
    assert (options.recall_seed(config, ONE), options.recall_seed(config, TWO)) == (7, None)

    options.remember_seed(config, TWO, 8, found=False)
    assert options.recall_seed(config, ONE) == 7

    options.remember_seed(config, ONE, 9, found=False)
    assert options.recall_seed(config, ONE) is None


@pytest.mark.parametrize(
    "damaged", [[], {"endpoint": 3}, {"endpoint": "http://one.example", "seed": "x"}]
)
def test_damaged(config: Any, damaged: object) -> None:
    """A cache that somebody else wrote to is no error."""
    config.cache.set("orchestrator-contract/seed", damaged)
    config.cache.set("cache/lastfailed", damaged)

    assert options.recall_seed(config, ONE) is None
    assert options.failed_last(config) <= {"endpoint", "seed"}


def test_no_cache() -> None:
    """Without pytest's cache nothing is remembered, and nothing fails."""
    bare: Any = SimpleNamespace()

    options.remember_seed(bare, ONE, 7, found=True)

    assert options.recall_seed(bare, ONE) is None


@pytest.fixture
def run(
    start_mock: Callable[..., Any], suite_environment: dict[str, str], tmp_path: Path
) -> Callable[..., list[str]]:
    """Run two tests, one of which fails: seed, whether it is said to be the last run's, tests."""
    mock = start_mock("--defect", "update-deletes")

    def start(*more: str) -> list[str]:
        command = [sys.executable, "-m", "pytest", "tests/contract", "-v", "--effort", "quick"]
        command += ["--target", str(mock.profile), "--report", str(tmp_path / "report")]
        command += [
            "-o",
            f"cache_dir={tmp_path / 'cache'}",
            "-k",
            "unknown_sid_ or update_deletes_nothing",
        ]
        done = subprocess.run(
            [*command, *more],
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
        tests = re.findall(r"(?:::|\s)(test_\w+)\S* (?:PASSED|FAILED)", done.stdout)
        tests = tests or re.findall(r"(?:PASSED|FAILED) \S+::(test_\w+)", done.stdout)
        return [seed[1], "again" if seed[2] else "new", *tests]

    return start


def test_next_run(run: Callable[..., list[str]]) -> None:
    """The next run has the failed one's seed, and its failing test first; --seed outranks it."""
    first, second, third = run(), run(), run("--seed", "5")

    assert first[1:] == [
        "new",
        "test_unknown_sid_returns_404",
        "test_update_deletes_nothing",
        "test_delete_of_an_unknown_sid_has_no_effect",
    ]
    assert second[:3] == [first[0], "again", "test_update_deletes_nothing"]
    assert sorted(second[2:]) == sorted(first[2:])
    assert third == ["5", *first[1:]]


@pytest.mark.parametrize(
    ("option", "tests"),
    [
        pytest.param("--lf", ["test_update_deletes_nothing"], id="failed-only"),
        pytest.param(
            "--ff",
            [
                "test_update_deletes_nothing",
                "test_unknown_sid_returns_404",
                "test_delete_of_an_unknown_sid_has_no_effect",
            ],
            id="first",
        ),
    ],
)
def test_options_of_pytest(run: Callable[..., list[str]], option: str, tests: list[str]) -> None:
    """--lf and --ff do what they do in any suite."""
    run("--seed", "5")

    assert run("--seed", "5", option)[2:] == tests


def test_next_run_with_workers(run: Callable[..., list[str]]) -> None:
    """xdist's workers take over seed and order."""
    first, second = run("-n", "1"), run("-n", "1")

    assert second[:3] == [first[0], "again", "test_update_deletes_nothing"]
