"""Other accounts and regions: a key is new there, the rest is alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator_contract.api.client import Client
from orchestrator_contract.api.poller import Poller
from orchestrator_contract.check import Check
from orchestrator_contract.contract.limits import KEY_LIVES_S
from orchestrator_contract.provision.provisioner import Provisioner
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.clock import Clock
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.key_reuse import Scopes
from orchestrator_contract.steps.refusals import RefusedDeletes

ACCOUNT = pytest.mark.requirement("KEY-SCOPE-ACCOUNT")
REGION = pytest.mark.requirement("KEY-SCOPE-REGION")
WAYS = [
    pytest.param("conflict", marks=pytest.mark.requirement("ERR-409-NO-EFFECT")),
    pytest.param("rate-limit", marks=pytest.mark.requirement("ERR-429-NO-EFFECT")),
]
AXES = [pytest.param("account", marks=ACCOUNT), pytest.param("region", marks=REGION)]

# ------------------------------------------------------------------ keys of one scope in another


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("state", ["running", pytest.param("failed", marks=pytest.mark.extended)])
def test_key_is_new_in_another_scope(
    delete_in: Callable[[str], Operation],
    configurations: Provisioner,
    scopes: Scopes,
    check: Check,
    state: str,
    axis: str,
) -> None:
    """A key whose delete runs, or FAILED, starts an operation in another scope."""
    first, there = delete_in(state), configurations.one(scope=scopes.other(axis))

    again = scopes.reuse(first, there)

    check.new_in_scope(first, again, there)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY-ENDED")
@pytest.mark.parametrize("axis", AXES)
def test_key_stands_for_one_request_in_each_scope(
    completed: Operation,
    configurations: Provisioner,
    scopes: Scopes,
    deletes: Deletes,
    check: Check,
    axis: str,
) -> None:
    """A key used in another scope is new there, and replays in its own."""
    there = configurations.one(scope=scopes.other(axis))

    again = scopes.reuse(completed, there)

    check.new_in_scope(completed, again, there)
    check.same_response(completed, deletes.repeat(completed))


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.parametrize(
    ("axis", "form"),
    [
        pytest.param("account", "capitals", marks=ACCOUNT, id="account-capitals"),
        pytest.param("region", "version-1", marks=REGION, id="region-version-1"),
    ],
)
def test_key_of_the_farthest_scope_is_new_nearer(
    configurations: Provisioner, scopes: Scopes, check: Check, axis: str, form: str
) -> None:
    """A key of the second account and region starts an operation in the first."""
    far, near = scopes.back(axis)
    there = configurations.one(scope=near)
    first = scopes.delete(far, form)

    again = scopes.reuse(first, there)

    check.new_in_scope(first, again, there)


@pytest.mark.extended
@pytest.mark.parametrize("axis", AXES)
def test_same_request_in_another_scope_does_not_return_the_operation(
    used: Operation, scopes: Scopes, check: Check, axis: str
) -> None:
    """The same SID and key in another scope do not return the operation."""
    again = scopes.same_request(used.configuration, used.accepted.key, axis)

    check.reused(used, again)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("KEY-SCOPE-REGION")
def test_key_of_a_404_in_another_region_is_new(
    configuration: Configuration,
    scopes: Scopes,
    api: Client,
    new_key: Callable[[], str],
    check: Check,
) -> None:
    """A key that met a 404 in another region is new where its SID exists."""
    key = new_key()
    away = scopes.not_found(configuration, key)

    again = api.delete(configuration, key=key)

    check.not_stored_in_scope(away, again, configuration)


@pytest.mark.clock
@pytest.mark.extended
@pytest.mark.parametrize("axis", AXES)
def test_key_is_new_in_another_scope_a_day_later(
    completed: Operation,
    configurations: Provisioner,
    scopes: Scopes,
    clock: Clock,
    check: Check,
    axis: str,
) -> None:
    """A key is new in another scope 23 h 55 min after its first use."""
    there = configurations.one(scope=scopes.other(axis))
    clock.advance(KEY_LIVES_S)

    again = scopes.reuse(completed, there)

    check.new_in_scope(completed, again, there)


# ------------------------------------------------------------------ the farthest scope


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement(
    "DEL-ACCEPTED",
    "DEL-202-BODY",
    "DEL-202-HEADERS",
    "DEL-202-RELATED",
    "DEL-202-LINKS-AGREE",
    "OP-FETCH",
    "OP-BODY",
    "OP-COMPLETES",
    "DELETED-FETCH",
    "DELETED-LIST",
    "DELETED-DELETE",
)
def test_delete_elsewhere_completes(far_delete: Operation, poller: Poller, check: Check) -> None:
    """A delete in the farthest scope completes, after a refused one too."""
    poller.poll_other_link(far_delete)

    check.stays_deleted([far_delete])


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.parametrize("way", WAYS)
def test_refused_delete_elsewhere_has_no_effect(
    far: Scope, configurations: Provisioner, refused_deletes: RefusedDeletes, check: Check, way: str
) -> None:
    """A delete in the farthest scope that is refused deletes nothing."""
    configuration = configurations.one(scope=far)
    check.shown(configuration)

    steps = refused_deletes.refuse(way, configuration)

    check.unchanged(configuration, after=steps, recheck=True)


@pytest.mark.extended
@pytest.mark.requirement("OP-FAILED-NO-EFFECT")
def test_failed_delete_elsewhere_has_no_effect(far_failed: Operation, check: Check) -> None:
    """A delete that FAILED in the farthest scope has no effect."""
    check.unchanged(far_failed.configuration, after=far_failed.steps, recheck=True)


@pytest.mark.extended
@pytest.mark.requirement("KEY-REPLAY-FAILED")
def test_key_elsewhere_returns_the_original_response_after_failed(
    far_failed: Operation, deletes: Deletes, check: Check
) -> None:
    """A key of the farthest scope returns its first response after FAILED."""
    again = deletes.repeat(far_failed)

    check.same_response(far_failed, again)
