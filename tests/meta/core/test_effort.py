"""What is sampled less where there are few configurations to delete."""

from __future__ import annotations

import math

import pytest

from orchestrator_contract.effort import EFFORTS, TAKING


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
    """What takes configurations follows the supply, and is said; everything else stays as it was asked for."""
    asked = EFFORTS[name]

    got = asked.within(supply)

    assert got.lessened == lessened
    assert bool(got.remarks) == bool(lessened)
    assert (got.name, got.odd_sids, got.refusals, got.longest_s) == (asked.name, asked.odd_sids, asked.refusals, asked.longest_s)
    if lessened in EFFORTS:
        assert [getattr(got, field) for field in TAKING] == [getattr(EFFORTS[lessened], field) for field in TAKING]
    assert got.configurations <= supply
