"""Page sizes that spread a list over a handful of pages."""

from __future__ import annotations

import pytest

from orchestrator_contract.api.pagination import small_size


@pytest.mark.parametrize(
    ("number", "size"),
    [
        pytest.param(0, 3, id="empty"),
        pytest.param(10, 3, id="a-few"),
        pytest.param(100, 13, id="many"),
        pytest.param(9000, 1000, id="more-than-the-largest-pages-hold"),
    ],
)
def test_small_size(number: int, size: int) -> None:
    """Pages are small, and never larger than the contract allows."""
    assert small_size([str(one) for one in range(number)]) == size
