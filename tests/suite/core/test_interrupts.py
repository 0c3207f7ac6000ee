"""Interrupts while configurations are created."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.provision.provisioner import Provisioner
from tests.suite.core.world import ALL, KEY, World, deletable

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench


def several(configurations: Provisioner) -> Callable[[], object]:
    """Two at once."""
    return lambda: configurations.take(2)


def under_a_key(configurations: Provisioner) -> Callable[[], object]:
    """One whose create is under test, and is sent again."""
    payload = configurations.creator.payloads.new()

    def create() -> None:
        operation = configurations.creator.begin(payload, KEY)
        configurations.creator.conclude(operation, payload)
        configurations.creator.create_again(payload, KEY, operation.accepted)

    return create


def namesake(configurations: Provisioner) -> Callable[[], object]:
    """A second one of a name."""
    one = configurations.one()
    return lambda: configurations.creator.namesake(one)


@pytest.mark.parametrize("work", [several, under_a_key, namesake])
def test_interrupted_anywhere(
    start: Callable[..., Bench], work: Callable[[Provisioner], Callable[[], object]]
) -> None:
    """Wherever an interrupt comes, what was created until then is deleted afterwards."""
    left: dict[str, list[str]] = {}
    for number in count(1):
        bench = start()
        bench.endpoint.client.observers.clear()  # judging each response takes half of the time
        bench.endpoint.configurations.stock.ahead = 0
        world = World(bench)
        bench.script.on(ALL, world.listed)
        where = interrupted_at(number, work(bench.endpoint.configurations))
        if not where:
            break
        for index in range(len(world.payloads)):
            deletable(bench, f"sid{index}")

        bench.endpoint.configurations.clean_up()

        deleted = {line for line in bench.script.lines() if line.startswith("DELETE")}
        missing = [
            name
            for index, name in enumerate(world.names())
            if f"DELETE /Configurations/sid{index}" not in deleted
        ]
        if missing:
            left[where] = missing

    assert number > 60
    assert left == {}


def interrupted_at(number: int, work: Callable[[], object]) -> str:
    """Interrupt *work* before the line of this *number* in `provision`; where that is, or empty."""
    seen, where = count(1), ""

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal where
        if "/orchestrator_contract/provision/" not in frame.f_code.co_filename:
            return None
        if event == "line" and next(seen) == number:
            where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    try:
        sys.settrace(trace)
        work()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return where
