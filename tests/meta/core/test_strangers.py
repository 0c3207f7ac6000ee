"""Whose a SID is in another place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.profile import Account
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.strangers import as_account, may_be_theirs
from orchestrator_contract.verdict import OneWayLess

if TYPE_CHECKING:
    from tests.meta.core.conftest import Bench

ACCOUNTS = tuple(Account(f"user{n}", f"password{n}", ("U", "P")) for n in (1, 2))
USUAL = "conv_configuration_0aaaaaaaaaaaaaaaaaaaaaaaaa"


@pytest.mark.parametrize(
    ("sid", "said", "theirs"),
    [
        pytest.param(USUAL, None, False, id="an-id-of-its-kind-is-nobody-elses"),
        pytest.param("7", (404, {}), False, id="nothing-there"),
        pytest.param("7", (403, {}), False, id="told-that-it-is-not-theirs"),
        pytest.param("7", (200, {"id": "7", "displayName": "oc-1-0"}), False, id="the-same-one-shown-to-the-wrong-account"),
        pytest.param("7", (200, {"id": "7", "displayName": "payroll"}), True, id="another-one-under-the-same-number"),
    ],
)
def test_what_may_be_another_account_s(start: Callable[..., Bench], sid: str, said: Any, theirs: bool) -> None:
    """Where ids are counted in each place, what has the number of the run's own there is not the run's: no delete goes to it."""
    bench = start(accounts=ACCOUNTS)
    bench.suite.inventory.add(Configuration(sid, "oc-1-0"))
    bench.endpoint.on(f"DELETE /Configurations/{sid}", (404, {}))
    if said is not None:
        bench.endpoint.on(f"GET /Configurations/{sid}", said)

    assert may_be_theirs(bench.suite, sid, 1) is theirs
    if theirs:
        with pytest.raises(OneWayLess, match="a configuration of its own"):
            as_account(bench.suite, sid, 1)
    else:
        assert as_account(bench.suite, sid, 1).status == 404
    assert sum(sent.line.startswith("DELETE") for sent in bench.endpoint.sent) == (not theirs)
