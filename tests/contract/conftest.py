"""Fixtures of the contract tests: the endpoint's calls, the contract's words, and configurations in each state."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from orchestrator_contract.api.client import Client
from orchestrator_contract.check import Check
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.provision.provisioner import Provisioner
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.steps.concurrency import ConcurrentRequests
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.failed_operations import FailedOperations
from orchestrator_contract.steps.fault_injection import FaultInjection
from orchestrator_contract.steps.malformed_requests import MalformedRequests
from orchestrator_contract.steps.rechecks import Rechecks
from orchestrator_contract.steps.unauthorized import UnauthorizedCallers
from orchestrator_contract.steps.updates import Updates

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
    deletes.expect(len(drawing))
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


def _fixtures(item: pytest.Item) -> tuple[str, ...]:
    return tuple(getattr(item, "fixturenames", ()))
