"""A client that is gone before its answer comes: what keys are for."""

import pytest

from orchestrator_contract.endpoint import Suite
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.results.findings import OneWayLess, Unverifiable
from orchestrator_contract.rules.key_reuse import HANDLED
from orchestrator_contract.steps.deletes import Scenarios

#: Seconds after which the client hangs up: the request is read by then, and hardly answered.
PATIENCE_S = 0.003
#: A loss that comes twice is none of a request that was refused with 500 unseen, and carried out.
TRIES = 2


@pytest.mark.twice
@pytest.mark.requirement("KEY-REPLAY")
def test_answer_that_nobody_read(suite: Suite, scenarios: Scenarios) -> None:
    """A delete whose client hung up is answered under its key, or was never carried out."""
    try:
        for attempt in range(TRIES):
            configuration = suite.configurations.one()
            scenarios.presence.must_be_shown(configuration)
            left, tries = hung_up(suite, configuration)
            if tries[-1].status == 202:
                suite.ledger.hold("KEY-REPLAY", True)
                # It goes on to its end like any other.
                scenarios.completed(
                    [suite.follower.accept(tries[-1], configuration.sid)], [configuration]
                )
                return
            there, fetch = scenarios.presence.stands(configuration)
            if there is not False or tries[-1].status not in (404, 409):
                raise OneWayLess(
                    f"the request whose client hung up may have been refused: under its key {tries[-1].outcome()}"
                )
            suite.inventory.gone(configuration)
            if any(status in (500, 503) for e in tries for status in (*e.before, e.status)):
                raise OneWayLess(
                    "the deletion may be that of a request which was answered 500 or 503"
                )
            if attempt == TRIES - 1:
                suite.ledger.hold(
                    "KEY-REPLAY",
                    False,
                    expected="202: the response to the delete that was carried out under this key",
                    seen=tries[-1].outcome(),
                    exchanges=[left, tries[-1], fetch],
                )
    except Unverifiable as error:
        raise OneWayLess(str(error)) from error


def hung_up(suite: Suite, configuration: Configuration) -> tuple[Exchange, list[Exchange]]:
    """A delete that nobody waited for, and the same again until that is no conflict with it any more."""
    sid, key = configuration.sid, suite.key()
    left = suite.client.leave(
        suite.client.outgoing(Call("delete", sid), "DELETE", f"/Configurations/{sid}", key=key),
        PATIENCE_S,
    )
    tries: list[Exchange] = []
    pause, end = 0.2, left.sent + suite.profile.limits.poll_timeout_s

    def again() -> Exchange:
        tries.append(suite.client.delete(sid, key=key, call=Call("delete", sid, allow=HANDLED)))
        return tries[-1]

    while past_500(again).status in HANDLED and tries[-1].sent + pause < end:
        suite.wait(pause)
        pause *= 2
    return left, tries
