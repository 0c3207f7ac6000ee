"""SIDs that a DELETE may name without deleting anything."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.inputs.malformed_sids import WILDCARDS
from orchestrator_contract.inputs.unknown_sids import near_sids
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.steps.malformed import MalformedRequests
from orchestrator_contract.steps.unknown_sids import UnknownSids
from tests.suite.core.world import page

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said

SID = "conv_configuration_00000000000000000000000010"


@pytest.mark.parametrize("exists", [True, False])
def test_sid_near_a_real_one_is_fetched_before_its_delete(bench: Bench, exists: bool) -> None:
    """Where ids are counted, a SID that differs in one character may be somebody else's."""
    unknown = UnknownSids(bench.endpoint)
    status = 200 if exists else 404
    for sid in near_sids(SID):
        bench.script.on(f"GET /Configurations/{sid}", (status, {"id": sid}))
        bench.script.on(f"DELETE /Configurations/{sid}", (404,))

    if exists:
        with pytest.raises(Inconclusive, match="may exist"):
            unknown.near(Configuration(SID))
    else:
        unknown.delete(unknown.near(Configuration(SID)))

    deleted = [line for line in bench.script.lines() if line.startswith("DELETE")]
    assert bool(deleted) is not exists
    assert f"DELETE /Configurations/{SID}" not in deleted


@pytest.mark.parametrize(
    ("sid", "alike"),
    [
        pytest.param("0o1iluv", ["o0l11uv", "0o1ilvu"], id="its-own"),
        pytest.param("0o1il22", ["o0l1122", "2222uuu"], id="u-of-another"),
        pytest.param("2222222", ["0333333", "2222uuu"], id="all-of-others"),
    ],
)
def test_sids_that_base_32_takes_for_a_real_one(sid: str, alike: list[str]) -> None:
    """Where a SID has no letter that decoders confuse, one of another configuration has."""
    prefix = "conv_configuration_0" + "2" * 18

    near = near_sids(prefix + sid, prefix + "o333333", "12", prefix + "2222vvv")

    assert [one.removeprefix(prefix) for one in near[:2]] == alike


@pytest.mark.parametrize(
    ("listed", "sent"),
    [
        pytest.param(page({"id": "sid1", "displayName": "oc-run-1"}), True, id="its-own"),
        pytest.param(page({"id": "sid1", "displayName": "mine"}), False, id="somebody-else's"),
        pytest.param((404, {}), False, id="unreadable"),
    ],
)
def test_wildcards_may_name_only_what_is_the_run_s_own(
    bench: Bench, listed: Said, sent: bool
) -> None:
    """A lone wildcard could delete whatever the account holds, so the list decides first."""
    bench.script.on("GET /Configurations", listed)
    for one in WILDCARDS:
        bench.script.on(f"DELETE /Configurations/{one.segment}", (404, {}))

    with nullcontext() if sent else pytest.raises(Inconclusive):
        bench.endpoint.step(MalformedRequests).wildcards()

    deleted = [line for line in bench.script.lines() if line.startswith("DELETE")]
    assert len(deleted) == (len(WILDCARDS) if sent else 0)
