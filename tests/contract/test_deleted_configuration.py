"""After COMPLETED every fetch, delete and list shows the deletion."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.resources.operation import Operation

LOOKS = [1, pytest.param(5, marks=pytest.mark.extended)]


@pytest.mark.requirement("DELETED-FETCH")
@pytest.mark.parametrize("times", LOOKS)
def test_fetch_returns_404_each_time(completed: Operation, check: Check, times: int) -> None:
    """Every fetch of a deleted configuration returns 404."""
    for _ in range(times):
        check.deleted(completed)


@pytest.mark.beside
@pytest.mark.requirement("DELETED-DELETE")
@pytest.mark.parametrize("times", LOOKS)
def test_delete_returns_404_each_time(completed: Operation, check: Check, times: int) -> None:
    """Every delete of a deleted configuration without a key returns 404."""
    for _ in range(times):
        check.not_found_again(completed)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("DELETED-DELETE")
def test_new_key_returns_404_at_each_use(
    completed: Operation, new_key: Callable[..., str], check: Check
) -> None:
    """A new key returns 404 for a deleted configuration, twice."""
    key = new_key()

    for _ in range(2):
        check.not_found_again(completed, key=key)


@pytest.mark.requirement("DELETED-LIST")
def test_deleted_configuration_is_not_listed(completed: Operation, check: Check) -> None:
    """No page of the list holds a deleted configuration."""
    check.not_listed([completed])
