"""Efforts sample less if there are few configurations to delete."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from orchestrator_contract.effort import EFFORTS, TAKING

#: All efforts, those between two that can be asked for too.
BY_NAME = {one.name: one for one in (EFFORTS["thorough"], *EFFORTS["thorough"].lesser())}


@pytest.mark.parametrize(
    ("name", "supply", "lessened"),
    [
        pytest.param("quick", 0, "", id="quick-takes-next-to-none"),
        pytest.param("standard", math.inf, "", id="no-limit"),
        pytest.param("standard", 260, "", id="enough"),
        pytest.param("standard", 259, "half a standard run", id="not-quite-enough"),
        pytest.param("standard", 40, "quick", id="few"),
        pytest.param("thorough", 300, "standard", id="thorough-with-the-default-limit"),
    ],
)
def test_supply(name: str, supply: float, lessened: str) -> None:
    """Samples of configurations follow the supply, with a remark; others stay."""
    asked = EFFORTS[name]

    got = asked.within(supply)

    assert [f"as in {lessened}:" in remark for remark in got.remarks] == (
        [True] if lessened else []
    )
    assert (got.name, got.malformed_sids, got.refusals, got.longest_s) == (
        asked.name,
        asked.malformed_sids,
        asked.refusals,
        asked.longest_s,
    )
    if lessened:
        assert [getattr(got, field) for field in TAKING] == [
            getattr(BY_NAME[lessened], field) for field in TAKING
        ]
    assert got.configurations <= supply


@pytest.mark.parametrize(
    ("name", "requests", "lesser"),
    [
        pytest.param("quick", 10, "quick", id="nothing-is-less-than-quick"),
        pytest.param("standard", 3100, "standard", id="enough"),
        pytest.param("standard", 3099, "half a standard run", id="not-quite-enough"),
        pytest.param("standard", 1999, "quick", id="few"),
        pytest.param("thorough", 5000, "standard", id="thorough-with-the-default-limit"),
        pytest.param("thorough", 500, "quick", id="thorough-with-next-to-none"),
    ],
)
def test_few_requests(name: str, requests: int, lesser: str) -> None:
    """A budget too small for an effort reduces it to one that fits, with a remark."""
    got = EFFORTS[name].within(math.inf, requests)

    assert replace(got, name=lesser, remarks=()) == BY_NAME[lesser]
    assert got.name == name
    assert bool(got.remarks) is (name != lesser)


@pytest.mark.parametrize(
    ("name", "most", "lesser", "spare"),
    [
        pytest.param("standard", math.inf, "standard", False, id="no-bound"),
        pytest.param("standard", 1499, "half a standard run", False, id="not-quite-enough"),
        pytest.param("standard", 999, "quick", False, id="few"),
        pytest.param("standard", 20, "quick", True, id="twenty-a-day"),
        pytest.param("quick", 20, "quick", True, id="quick-with-twenty"),
        pytest.param("thorough", 3000, "standard", False, id="thorough"),
    ],
)
def test_few_deletes(name: str, most: float, lesser: str, spare: bool) -> None:
    """All is sampled as in what the bound of DELETE requests allows; below that tests are chosen."""
    got = EFFORTS[name].within(math.inf, 100_000, most)

    assert replace(got, name=lesser, remarks=(), spare=False) == BY_NAME[lesser]
    assert got.spare is spare
    assert [f"delete_requests gives {most:g}" in one for one in got.remarks] == (
        [True] if most < EFFORTS[name].delete_requests else []
    )
