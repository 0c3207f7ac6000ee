"""A created configuration may show late, or never, which contract tests judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.provision.read_lag import ReadLag
from orchestrator_contract.resources.configuration import READ_LAG_S, Configuration

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said

ALL = "GET /Configurations?pageSize=1000"
FETCH = "GET /Configurations/sid"
FOUND: Said = (200, {"id": "sid", "displayName": "one"})
MISSING: Said = (404, {"code": 20404})
ONE = [Configuration("sid", "one")]


def page(*sids: str) -> Said:
    """The list."""
    return 200, {"configurations": [{"id": sid} for sid in sids], "meta": {}}


@pytest.fixture
def read_lag(bench: Bench) -> ReadLag:
    """On an endpoint that shows it at once."""
    bench.script.on(FETCH, FOUND)
    bench.script.on(ALL, page("sid"))
    return ReadLag(
        bench.endpoint.configurations.listing,
        bench.endpoint.findings,
        {"fetch": set(), "list": set()},
    )


def test_at_once(bench: Bench, read_lag: ReadLag) -> None:
    """One look each is enough, and after enough of them none is taken."""
    read_lag.wait(ONE)

    assert bench.script.lines() == [FETCH, ALL]
    assert bench.clock.slept == []
    assert bench.seen("OBS-READ-LAG") == {"by fetch: at once": 1, "by list: at once": 1}

    for _ in range(30):
        read_lag.wait(ONE)

    assert len(bench.script.lines()) == 6


@pytest.mark.parametrize(
    ("line", "late", "prompt", "name"),
    [
        pytest.param(FETCH, MISSING, FOUND, "fetch", id="fetch"),
        pytest.param(ALL, page(), page("sid"), "list", id="list"),
    ],
)
def test_late(
    bench: Bench, read_lag: ReadLag, line: str, late: Said, prompt: Said, name: str
) -> None:
    """A late configuration is waited for, is no breach, and is waited for again."""
    bench.script.on(line, late, late, late, prompt)

    read_lag.wait(ONE)

    assert bench.script.lines().count(line) == 4
    assert bench.seen("OBS-READ-LAG")[f"by {name}: within {READ_LAG_S:g} s"] == 1
    assert "CTRL-READ-AFTER-CREATE" not in bench.breaches()

    for _ in range(30):
        read_lag.wait(ONE)

    assert bench.script.lines().count(line) == 34


def test_never(bench: Bench, read_lag: ReadLag) -> None:
    """A configuration that never shows is given up once, and not waited for again."""
    bench.script.on(FETCH, MISSING)

    read_lag.wait(ONE)
    spent = sum(bench.clock.slept)
    read_lag.wait(ONE)

    assert READ_LAG_S < spent < READ_LAG_S + 2
    assert sum(bench.clock.slept) == spent
    assert "CTRL-READ-AFTER-CREATE" not in bench.breaches()


def test_unreadable(bench: Bench, read_lag: ReadLag) -> None:
    """A list that can't be read says nothing of what shows."""
    bench.script.on(ALL, (400, {}))

    read_lag.wait(ONE)

    assert bench.clock.slept == []
    assert "by list: at once" not in bench.seen("OBS-READ-LAG")
