"""A client that is gone before its answer comes: what keys are for."""

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.rules.key_reuse import HANDLED
from orchestrator_contract.steps.deletes import Scenarios

#: Seconds after which the client hangs up: the request is read by then, and hardly answered.
PATIENCE_S = 0.003
#: A loss that comes twice is none of a request that was refused with 500 unseen, and carried out.
TRIES = 2


@pytest.mark.twice
@pytest.mark.requirement("KEY-REPLAY")
def test_answer_that_nobody_read(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A delete whose client hung up is answered under its key, or was never carried out."""
    try:
        for attempt in range(TRIES):
            configuration = endpoint.configurations.one()
            scenarios.existence.must_be_shown(configuration)
            left, tries = hung_up(endpoint, configuration)
            if tries[-1].status == 202:
                endpoint.findings.check("KEY-REPLAY", True)
                # It goes on to its end like any other.
                scenarios.completed(
                    [endpoint.poller.accept(tries[-1], configuration.sid)], [configuration]
                )
                return
            there, fetch = scenarios.existence.stands(configuration)
            if there is not False or tries[-1].status not in (404, 409):
                raise CheckInconclusive(
                    f"the request whose client hung up may have been refused: under its key {tries[-1].outcome()}"
                )
            endpoint.inventory.gone(configuration)
            if any(status in (500, 503) for e in tries for status in (*e.before, e.status)):
                raise CheckInconclusive(
                    "the deletion may be that of a request which was answered 500 or 503"
                )
            if attempt == TRIES - 1:
                endpoint.findings.check(
                    "KEY-REPLAY",
                    False,
                    expected="202: the response to the delete that was carried out under this key",
                    seen=tries[-1].outcome(),
                    exchanges=[left, tries[-1], fetch],
                )
    except Inconclusive as error:
        raise CheckInconclusive(str(error)) from error


def hung_up(endpoint: Endpoint, configuration: Configuration) -> tuple[Exchange, list[Exchange]]:
    """A delete that nobody waited for, and the same again until that is no conflict with it any more."""
    sid, key = configuration.sid, endpoint.key()
    left = endpoint.client.leave(
        endpoint.client.request(Call("delete", sid), "DELETE", f"/Configurations/{sid}", key=key),
        PATIENCE_S,
    )
    tries: list[Exchange] = []
    pause, end = 0.2, left.sent + endpoint.profile.limits.poll_timeout_s

    def again() -> Exchange:
        tries.append(
            endpoint.client.delete(
                Configuration(sid), key=key, call=Call("delete", sid, allow=HANDLED)
            )
        )
        return tries[-1]

    while past_500(again).status in HANDLED and tries[-1].sent + pause < end:
        endpoint.wait(pause)
        pause *= 2
    return left, tries
