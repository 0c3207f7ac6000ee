"""What contract tests share: the run's shared steps, and sampling that follows --effort."""

import pytest

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.pytest_plugin.run import RUN
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.sampled_responses import SampledResponses


@pytest.fixture(scope="session")
def scenarios(endpoint: Endpoint) -> Scenarios:
    """The shared steps on this run's suite."""
    return Scenarios(endpoint)


@pytest.fixture(scope="session")
def responses(endpoint: Endpoint) -> SampledResponses:
    """Responses of DELETE by status."""
    return SampledResponses(endpoint)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a cohort and a round, as many as the effort asks for."""
    effort = metafunc.config.stash[RUN].options.effort
    for name, number in (("cohort", effort.cohorts), ("race_round", effort.race_rounds)):
        if name in metafunc.fixturenames:
            metafunc.parametrize(
                name, range(number), ids=[f"{name}-{n + 1}" for n in range(number)]
            )
