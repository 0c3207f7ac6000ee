"""Whose a SID is in another place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from orchestrator_contract.steps.competing_requests import Rivals

from orchestrator_contract.exceptions import CheckInconclusive
from orchestrator_contract.profile import Account, Provision
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.unauthorized import (
    as_account,
    may_be_theirs,
    not_told_apart,
    refused,
)

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench

ACCOUNTS = tuple(Account(f"user{n}", f"password{n}", ("U", "P")) for n in (1, 2))
USUAL = "conv_configuration_0aaaaaaaaaaaaaaaaaaaaaaaaa"


@pytest.mark.parametrize(
    ("sid", "said", "theirs"),
    [
        pytest.param(USUAL, None, False, id="an-id-of-its-kind-is-nobody-elses"),
        pytest.param("7", (404, {}), False, id="nothing-there"),
        pytest.param("7", (403, {}), False, id="told-that-it-is-not-theirs"),
        pytest.param(
            "7",
            (200, {"id": "7", "displayName": "oc-1-0"}),
            False,
            id="the-same-one-shown-to-the-wrong-account",
        ),
        pytest.param("7", (500, {}), True, id="an-error-says-nothing"),
        pytest.param(
            "7",
            (200, {"id": "7", "displayName": "payroll"}),
            True,
            id="another-one-under-the-same-number",
        ),
    ],
)
def test_what_may_be_another_account_s(
    start: Callable[..., Bench], sid: str, said: Any, theirs: bool
) -> None:
    """Where ids are counted in each place, what has the number of the run's own there is not the run's: no delete goes to it."""
    bench = start(accounts=ACCOUNTS)
    bench.endpoint.inventory.add(Configuration(sid, "oc-1-0"))
    bench.script.on(f"DELETE /Configurations/{sid}", (404, {}))
    if said is not None:
        bench.script.on(f"GET /Configurations/{sid}", said)

    assert may_be_theirs(bench.endpoint, sid, 1) is theirs
    assert bench.endpoint.ownership.owns(sid, Scope(account=1)) is not theirs
    if theirs:
        with pytest.raises(CheckInconclusive, match="a configuration of its own"):
            as_account(bench.endpoint, Configuration(sid), 1)
    else:
        assert as_account(bench.endpoint, Configuration(sid), 1).status == 404
    assert sum(sent.line.startswith("DELETE") for sent in bench.script.sent) == (not theirs)


@pytest.mark.parametrize(
    ("said", "users"),
    [
        pytest.param((404, {}), ["", "user1", "user2"], id="nothing-there"),
        pytest.param(
            (200, {"id": "7", "displayName": "payroll"}),
            ["", "user1"],
            id="another-one-under-the-same-number",
        ),
    ],
)
def test_no_race_for_another_account_s(
    start: Callable[..., Bench], said: Any, users: list[str]
) -> None:
    """Those who bring a key at the moment of its first use are without the other account where that has a SID of its own so named."""
    bench = start(accounts=ACCOUNTS, provision=Provision("pool", pool=("7", "8")))
    one = bench.endpoint.configurations.one()
    bench.script.on("GET /Configurations/7", said)
    for sid in ("7", "8"):
        bench.script.on(f"DELETE /Configurations/{sid}", (404, {}))

    rivals = Rivals.of(bench.endpoint, one.sid, bench.endpoint.key())
    bench.endpoint.client.send_together(rivals.batch)
    rivals.judge(
        Scenarios(bench.endpoint), None, [bench.exchange("delete", (404, {})) for _ in rivals.batch]
    )

    assert (
        sorted(sent.user for sent in bench.script.sent if sent.line.startswith("DELETE")) == users
    )
    assert not [one for one in bench.breaches() if one.startswith("AUTH-")]


def test_regions_that_share_what_they_have(start: Callable[..., Bench]) -> None:
    """What another region shows as the run's own may be named there; a delete that is carried out there took it, and nobody misses it."""
    bench = start(regions=("http://one.example",))
    one, other = Configuration("7", "oc-1-0"), Configuration("8", "oc-1-1", Scope(region=1))
    for configuration in (one, other):
        bench.endpoint.inventory.add(configuration)
    bench.script.on("GET /Configurations/7", (200, {"id": "7", "displayName": "oc-1-0"}))
    bench.script.on(
        "DELETE /Configurations/7",
        (
            202,
            {"statusUrl": "http://one.example/v2/ControlPlane/Operations/a"},
            {"Retry-After": "1"},
        ),
    )

    assert not may_be_theirs(bench.endpoint, "7", 0, 1)
    bench.endpoint.client.delete(Configuration("7", scope=Scope(region=1)))

    assert [
        bench.endpoint.ownership.untouched(configuration.resource_key)
        for configuration in (one, other)
    ] == [False, True]


@pytest.mark.parametrize(
    ("status", "requirement", "tolerated", "breached"),
    [
        *(
            pytest.param(status, "AUTH-OTHER-ACCOUNT", (), [], id=f"another-account-{status}")
            for status in (401, 403, 404)
        ),
        pytest.param(
            410, "AUTH-OTHER-ACCOUNT", (), ["AUTH-OTHER-ACCOUNT"], id="another-account-410"
        ),
        pytest.param(410, "AUTH-WRONG", (), ["AUTH-NO-DISCLOSURE"], id="wrong-credentials-410"),
        pytest.param(410, "AUTH-OTHER-ACCOUNT", (410,), [], id="another-account-410-tolerated"),
        pytest.param(410, "AUTH-MISSING", (410,), [], id="no-credentials-410-tolerated"),
        pytest.param(
            410, "AUTH-MISSING", (405,), ["AUTH-NO-DISCLOSURE"], id="another-status-tolerated"
        ),
        pytest.param(202, "AUTH-MISSING", (), ["AUTH-MISSING"], id="accepted"),
    ],
)
def test_a_refusal_that_tells_what_was_there(
    start: Callable[..., Bench],
    status: int,
    requirement: str,
    tolerated: tuple[int, ...],
    breached: list[str],
) -> None:
    """Whether strangers are told 401, 403 or 404 is the endpoint's choice; that something is gone is not theirs to know."""
    bench = start(tolerated=frozenset(tolerated))

    assert refused(
        bench.endpoint, requirement, bench.exchange("delete", (status, {})), "somebody"
    ) is (status != 202)

    assert list(bench.breaches()) == breached
    if breached and status == 410:
        (problem,) = bench.breaches()[breached[0]]
        assert (
            problem
            == "expected 401, 403 or 404: that something was there is not told; saw 410 to somebody"
        )


@pytest.mark.parametrize(
    ("said", "absent", "again", "breached"),
    [
        pytest.param(404, 404, 404, False, id="not-found"),
        pytest.param(403, 404, 403, False, id="forbidden"),
        pytest.param(410, 404, 410, True, id="gone-where-others-are-not-found"),
        pytest.param(410, 410, 410, False, id="gone-as-whatever-is-named"),
        pytest.param(409, 404, 409, True, id="a-conflict-where-others-are-not-found"),
        pytest.param(409, 404, 404, False, id="a-conflict-that-passes"),
    ],
)
def test_what_is_told_apart(
    start: Callable[..., Bench],
    monkeypatch: pytest.MonkeyPatch,
    said: int,
    absent: int,
    again: int,
    breached: bool,
) -> None:
    """What is there, and what was, is answered to another account as what never was: also where 410 is tolerated."""
    bench = start(accounts=ACCOUNTS, tolerated=frozenset({410}))
    unknown = USUAL.replace("a", "b")
    monkeypatch.setattr(bench.endpoint, "unknown_sid", lambda: unknown)
    bench.script.on(f"GET /Configurations/{unknown}", (404, {}))
    bench.script.on(f"DELETE /Configurations/{unknown}", (absent, {}))
    bench.script.on(f"DELETE /Configurations/{USUAL}", (again, {}))

    not_told_apart(bench.endpoint, Configuration(USUAL), bench.exchange("delete", (said, {})))

    assert ("AUTH-OTHER-ACCOUNT" in bench.breaches()) is breached
    assert bool(bench.script.sent) is (said in (409, 410))
