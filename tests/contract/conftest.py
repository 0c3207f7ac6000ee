"""Fixtures of the contract tests: the endpoint's calls, the contract's words, and configurations in each state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator_contract.api.client import Client
from orchestrator_contract.check import Check
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import only_this_check
from orchestrator_contract.inputs.key_forms import common_forms, uncommon_forms
from orchestrator_contract.inputs.malformed_keys import (
    WRITTEN_KEYS,
    MalformedKey,
    malformed_keys,
    schema_instances,
)
from orchestrator_contract.provision.provisioner import Provisioner
from orchestrator_contract.pytest_plugin.run import RUN
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.aged_keys import AgedKeys
from orchestrator_contract.steps.clock import Clock, SecondDay, begin_second_day
from orchestrator_contract.steps.concurrency import ConcurrentRequests
from orchestrator_contract.steps.dated_keys import DatedKeys
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.failed_operations import FailedOperations
from orchestrator_contract.steps.fault_injection import FaultInjection
from orchestrator_contract.steps.key_day import EXPIRED_KINDS, REPLAYED_KINDS, KeyDay
from orchestrator_contract.steps.key_reuse import KeyReuse
from orchestrator_contract.steps.malformed_keys import MalformedKeys, MalformedKeyUse
from orchestrator_contract.steps.malformed_requests import MalformedRequests
from orchestrator_contract.steps.rechecks import Rechecks
from orchestrator_contract.steps.refused_deletes import RefusedDeletes
from orchestrator_contract.steps.scopes import Scopes
from orchestrator_contract.steps.unauthorized import UnauthorizedCallers
from orchestrator_contract.steps.updates import Updates

#: Kinds of keys that a quick run leaves all but the first of, by the name of a test's parameter.
_KINDS = {"replayed_kind": REPLAYED_KINDS, "expired_kind": EXPIRED_KINDS}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test as many parameters as the effort asks for."""
    few = metafunc.config.stash[RUN].options.effort.few
    for name in _KINDS.keys() & set(metafunc.fixturenames):
        metafunc.parametrize(name, _KINDS[name][:1] if few else _KINDS[name])


# ------------------------------------------------------------------ calls, checks and steps


@pytest.fixture(scope="session")
def api(endpoint: Endpoint) -> Client:
    """The calls of the contract."""
    return endpoint.client


@pytest.fixture(scope="session")
def check(endpoint: Endpoint) -> Check:
    """The contract's words."""
    return Check(endpoint)


@pytest.fixture(scope="session")
def configurations(endpoint: Endpoint) -> Provisioner:
    """Idle configurations of the run's own."""
    return endpoint.configurations


@pytest.fixture(scope="session")
def new_key(endpoint: Endpoint) -> Callable[..., str]:
    """A function that gives a new idempotency key."""
    return endpoint.key


@pytest.fixture(scope="session")
def deletes(endpoint: Endpoint, request: pytest.FixtureRequest) -> Deletes:
    """Deletes that are accepted, completed and repeated."""
    deletes = Deletes(endpoint)
    drawing = [item for item in request.session.items if "completed" in _fixtures(item)]
    # Once the clock has been moved, the others of a batch are of no use.
    deletes.expect(sum(item.get_closest_marker("clock") is None for item in drawing))
    return deletes


@pytest.fixture(scope="session")
def failed_operations(endpoint: Endpoint, deletes: Deletes) -> FailedOperations:
    """Deletes whose operations end FAILED."""
    return FailedOperations(endpoint, deletes)


@pytest.fixture(scope="session")
def concurrent(endpoint: Endpoint) -> ConcurrentRequests:
    """Requests at one moment."""
    return ConcurrentRequests(endpoint)


@pytest.fixture(scope="session")
def faults(endpoint: Endpoint) -> FaultInjection:
    """Errors that the profile can provoke."""
    return FaultInjection(endpoint)


@pytest.fixture(scope="session")
def malformed(endpoint: Endpoint) -> MalformedRequests:
    """Deletes with malformed SIDs and keys."""
    return MalformedRequests(endpoint)


@pytest.fixture(scope="session")
def unauthorized(endpoint: Endpoint) -> UnauthorizedCallers:
    """Deletes by callers that may not delete."""
    return UnauthorizedCallers(endpoint)


@pytest.fixture(scope="session")
def updates(endpoint: Endpoint) -> Updates:
    """Updates of configurations."""
    return Updates(endpoint)


@pytest.fixture(scope="session")
def rechecks(endpoint: Endpoint) -> Rechecks:
    """States that are looked at again later."""
    return endpoint.rechecks


@pytest.fixture(scope="session")
def key_reuse(endpoint: Endpoint, deletes: Deletes) -> KeyReuse:
    """Keys of accepted deletes that are sent with other SIDs."""
    return KeyReuse(endpoint, deletes)


@pytest.fixture(scope="session")
def malformed_key_requests(
    endpoint: Endpoint, deletes: Deletes, malformed: MalformedRequests
) -> MalformedKeys:
    """Deletes under malformed keys."""
    return MalformedKeys(endpoint, deletes, malformed)


@pytest.fixture(scope="session")
def scopes(endpoint: Endpoint, deletes: Deletes, unauthorized: UnauthorizedCallers) -> Scopes:
    """Requests to other accounts and regions."""
    return Scopes(endpoint, deletes, unauthorized)


@pytest.fixture(scope="session")
def refused_deletes(
    endpoint: Endpoint,
    deletes: Deletes,
    faults: FaultInjection,
    failed_operations: FailedOperations,
    unauthorized: UnauthorizedCallers,
) -> RefusedDeletes:
    """Deletes that have no effect."""
    return RefusedDeletes(endpoint, deletes, faults, failed_operations, unauthorized)


@pytest.fixture(scope="session")
def clock(endpoint: Endpoint) -> Clock:
    """The endpoint's clock."""
    return Clock(endpoint)


@pytest.fixture(scope="session")
def aged_keys(endpoint: Endpoint, deletes: Deletes, request: pytest.FixtureRequest) -> AgedKeys:
    """Keys of earlier runs, from the file of --ttl-ledger."""
    return AgedKeys(endpoint, deletes, Path(request.config.option.ttl_ledger))


# ------------------------------------------------------------------ sampled keys


@pytest.fixture
def key_forms(endpoint: Endpoint) -> list[str]:
    """New keys of common forms."""
    return common_forms(endpoint.key)[: endpoint.effort.keys_between]


@pytest.fixture
def many_keys(endpoint: Endpoint) -> list[str]:
    """New keys of uncommon forms."""
    return uncommon_forms(endpoint.key, endpoint.effort.keys_between)


@pytest.fixture
def malformed_keys_near(endpoint: Endpoint) -> Callable[[str], list[MalformedKey]]:
    """A function that gives malformed keys near a well-formed one."""
    return lambda key: malformed_keys(key, endpoint.random, endpoint.effort.odd_keys)


@pytest.fixture
def schema_keys(endpoint: Endpoint) -> list[MalformedKey]:
    """The invalid instances of the key's schema."""
    return schema_instances()[: endpoint.effort.odd_keys]


# ------------------------------------------------------------------ configurations


@pytest.fixture
def configuration(configurations: Provisioner) -> Configuration:
    """An idle configuration, to be deleted."""
    return configurations.one()


@pytest.fixture
def absent(endpoint: Endpoint) -> Configuration:
    """A well-formed SID that no configuration has."""
    return endpoint.absent.one()


@pytest.fixture
def target(endpoint: Endpoint, check: Check) -> Configuration:
    """An existing configuration with all its parts, at which refused requests are aimed."""
    target = endpoint.targets.one()
    check.shown(target)
    return target


@pytest.fixture
def control(endpoint: Endpoint, check: Check) -> Configuration:
    """The configuration that no request of the run deletes."""
    control = endpoint.targets.control
    check.shown(control)
    return control


# ------------------------------------------------------------------ deletes in each state


@pytest.fixture
def running(deletes: Deletes) -> Iterator[Operation]:
    """A delete under a key that was accepted just now; it is completed beside later ones."""
    operation = deletes.accept_new()[0]
    yield operation
    deletes.later(operation)


@pytest.fixture
def completed(deletes: Deletes) -> Operation:
    """A delete under a key whose operation has COMPLETED."""
    return deletes.draw()[0]


@pytest.fixture
def failed(failed_operations: FailedOperations) -> Operation:
    """A delete under a key whose operation has FAILED."""
    return failed_operations.draw()


@pytest.fixture
def delete_in(request: pytest.FixtureRequest) -> Callable[[str], Operation]:
    """A function that gives a delete in a state: running, completed or failed."""
    return request.getfixturevalue


@pytest.fixture(scope="session")
def used(deletes: Deletes) -> Operation:
    """A delete whose operation has COMPLETED, shared by tests that leave its key as it is."""
    return deletes.draw()[0]


@pytest.fixture(scope="session")
def malformed_key_uses(
    endpoint: Endpoint, malformed_key_requests: MalformedKeys
) -> list[MalformedKeyUse]:
    """Malformed keys as the keys of deletes."""
    number = min(WRITTEN_KEYS, endpoint.effort.odd_keys)
    sampled = malformed_keys(endpoint.key(), endpoint.random, number)
    short = [key for key in sampled if len(key.value) < 2000]
    endpoint.random.shuffle(short)  # where they are ignored, not all get their turn
    return malformed_key_requests.use(short)


# ------------------------------------------------------------------ elsewhere and later


@pytest.fixture(scope="session")
def far(scopes: Scopes) -> Scope:
    """The second account in the second region, or in the one of them that there is."""
    return scopes.farthest()


@pytest.fixture(scope="session")
def far_delete(deletes: Deletes, far: Scope) -> Operation:
    """A delete under a key in the farthest scope, whose operation has COMPLETED."""
    with only_this_check():
        return deletes.completed(scope=far)[0]


@pytest.fixture
def far_configuration(configurations: Provisioner, far: Scope) -> Configuration:
    """An idle configuration in the farthest scope."""
    with only_this_check():
        return configurations.one(scope=far)


@pytest.fixture
def far_target(endpoint: Endpoint, check: Check, far: Scope) -> Configuration:
    """A configuration in the farthest scope that no request of the run deletes."""
    with only_this_check():
        target = endpoint.targets.control_in(far)
        check.shown(target)
    return target


@pytest.fixture(scope="session")
def second_day(endpoint: Endpoint, deletes: Deletes, clock: Clock) -> SecondDay:
    """Deletes on the day after the first."""
    return begin_second_day(endpoint, deletes, clock)


@pytest.fixture(scope="session")
def key_day(
    endpoint: Endpoint,
    deletes: Deletes,
    failed_operations: FailedOperations,
    key_reuse: KeyReuse,
    clock: Clock,
    request: pytest.FixtureRequest,
) -> KeyDay:
    """A day in the life of keys of the kinds that tests of this session ask for."""
    asking = [item for item in request.session.items if "key_day" in _fixtures(item)]
    kinds = {kind: None for item in asking for kind in _kinds(item)}
    keys = DatedKeys(endpoint, deletes, failed_operations)
    day = KeyDay(endpoint, deletes, keys, key_reuse, clock)
    day.let_pass([*kinds])
    return day


def _kinds(item: pytest.Item) -> list[str]:
    """The kinds of keys among the parameters of a test."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) else {}
    return [str(value) for name, value in parameters.items() if name.endswith("kind")]


def _fixtures(item: pytest.Item) -> tuple[str, ...]:
    return tuple(getattr(item, "fixturenames", ()))
