"""Generated requests end when one is inconclusive."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.fuzzing import fuzz
from orchestrator_contract.http.exchange import Exchange

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench


def test_a_refusal_that_passes(
    start: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that is refused for too long ends the fuzzing as not verified, though it would pass the second time."""
    bench = start(effort="standard")
    judged: list[Exchange] = []
    asked = 0

    def perform(*_: Any) -> Exchange:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise Inconclusive("429 for a day")
        return bench.exchange("delete", (404, {}))

    monkeypatch.setattr(fuzz, "_perform", perform)

    with pytest.raises(Inconclusive, match="429 for a day"):
        fuzz.run_generated(
            bench.endpoint, "DELETE", "positive", lambda sent: judged.append(sent.exchange)
        )

    assert (asked, len(judged)) == (3, 2)
