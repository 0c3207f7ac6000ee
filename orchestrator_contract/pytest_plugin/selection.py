"""The contract tests of a session: which of them are run, and in which order."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.pytest_plugin.run import RUN

_MARKERS = (
    "requirement(*ids): the requirements of the catalogue that a contract test checks",
    "clock: moves the endpoint's clock; runs while no other test does",
    "run_first: runs before the others, as it asks much in little time or takes long",
    "run_last: looks back at what the other tests saw; runs after them",
    "beside(always=False): runs beside later tests where operations take long, or always",
    "extended: left out of a quick run",
    "ttl_ledger: judges keys of earlier runs; left out of a run without --ttl-ledger",
    "slow: takes long; left out of the ordinary run of the suite's own tests",
)
#: A test's place in the order in which pytest has collected them.
_NUMBER = pytest.StashKey[int]()
_COLLECTED = pytest.StashKey[int]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Describe the markers."""
    for line in _MARKERS:
        config.addinivalue_line("markers", line)
    # Registered last, so that its wrapper is the outermost: --ff moves tests to the front, too.
    config.pluginmanager.register(_Ends())


def requirements_of(item: pytest.Item) -> tuple[str, ...]:
    """The ids in a test's markers."""
    return tuple(one for mark in item.iter_markers("requirement") for one in mark.args)


def tests_of(items: Iterable[pytest.Item]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The contract tests among *items*, with their requirements."""
    return ((item.nodeid, ids) for item in items if (ids := requirements_of(item)))


def case_properties(ids: Sequence[str], verdict: str) -> list[tuple[str, object]]:
    """The properties of a test in --junitxml, and in the reports of xdist's workers."""
    known = catalogue.load().requirements
    levels = dict.fromkeys(str(known[one].level) for one in ids)
    return [("requirement", ",".join(ids)), ("level", ",".join(levels)), ("verdict", verdict)]


def is_marked(item: pytest.Item, name: str) -> bool:
    """True if a test has this marker."""
    return item.get_closest_marker(name) is not None


def judges_contract(config: pytest.Config) -> bool:
    """True unless all paths of the command line hold the suite's own tests."""
    own, here = config.rootpath / "tests" / "suite", config.invocation_params.dir
    paths = [(here / str(arg).partition("::")[0]).resolve() for arg in config.args]
    return not paths or not all(path.is_relative_to(own) for path in paths)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Number the tests as they are collected."""
    stash = item.config.stash
    item.stash[_NUMBER] = stash[_COLLECTED] = stash.get(_COLLECTED, 0) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the contract tests that the options ask for, in the catalogue's order."""
    if not any(map(requirements_of, items)):
        return
    run = config.stash[RUN]
    asked = run.options.requirements
    possible = [one for one in items if _fits(one)]
    kept = [one for one in possible if not asked or not asked.isdisjoint(requirements_of(one))]
    run.process.share = len(kept) / max(len(possible), 1)
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[one for one in items if one not in kept])
    items[:] = sorted(kept, key=_Rank(run.options.failed_last))
    if run.options.effort.spare:
        items[:] = sorted(_most_telling_first(items), key=_at_the_end)


def _fits(item: pytest.Item) -> bool:
    """True if a run of this effort has the test."""
    options = item.config.stash[RUN].options
    if options.effort.few and is_marked(item, "extended"):
        return False
    return bool(item.config.option.ttl_ledger) or not is_marked(item, "ttl_ledger")


class _Rank:
    """The place of a test; total, so that a plugin that shuffles tests changes nothing."""

    def __init__(self, failed_last: frozenset[str]) -> None:
        self._failed = failed_last
        self._number = {name: at for at, name in enumerate(catalogue.load().requirements)}

    def __call__(self, item: pytest.Item) -> tuple[Any, ...]:
        ids = requirements_of(item)
        if not ids:
            return ()  # tests outside of the contract come first, in their own order
        return (
            _at_the_end(item),
            item.nodeid not in self._failed,
            not is_marked(item, "run_first"),
            min(self._number.get(one, len(self._number)) for one in ids),
            item.stash[_NUMBER],
        )


def _most_telling_first(items: Iterable[pytest.Item]) -> Iterator[pytest.Item]:
    """*items*, each of which checks the most requirements that those before it do not."""
    left, seen = list(items), set[str]()
    while left:
        best = max(left, key=lambda one: len(set(requirements_of(one)) - seen))
        left.remove(best)
        seen.update(requirements_of(best))
        yield best


def _at_the_end(item: pytest.Item) -> tuple[bool, bool]:
    return is_marked(item, "clock"), is_marked(item, "run_last")


class _Ends:
    """Keeps tests at the end that have to run there, however the others were reordered."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None]:
        """Move them there once all plugins have had their turn."""
        yield
        items.sort(key=_at_the_end)
