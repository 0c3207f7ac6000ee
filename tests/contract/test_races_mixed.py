"""A delete beside reads, updates and other deletes: at one moment, or one after the other while it runs."""

import contextlib
from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.inputs.malformed_keys import malformed_keys
from orchestrator_contract.provision.payload import RICH
from orchestrator_contract.rules.key_reuse import MISMATCH
from orchestrator_contract.rules.responses import LARGEST_PAGE
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.malformed_requests import send_bad


@pytest.mark.requirement("CONC-LINEARIZABLE", "CTRL-PAGE", "DELETED-FETCH", "DELETED-LIST")
def test_reads_and_updates_beside_a_delete(
    endpoint: Endpoint, scenarios: Scenarios, race_round: int
) -> None:
    """Reads and updates that run beside a delete end with the configuration gone."""
    # Made now, and so next to each other, whatever other workers make.
    before, configuration, after = endpoint.configurations.take(3, payloads=[{}])
    path, sid = f"/Configurations/{configuration.sid}", configuration.sid
    request = endpoint.client.request
    read = request(Call("fetch", sid), "GET", path)
    batch: list[Any] = [
        read,
        request(Call("delete", sid), "DELETE", path, key=endpoint.key()),
        request(Call("list"), "GET", f"/Configurations?pageSize={LARGEST_PAGE}"),
        read,
    ]
    if configuration.payload:  # the content of a given configuration is not the run's to change
        payload = {**configuration.payload, "description": "beside a delete"}
        batch.append(request(Call("update", sid), "PUT", path, payload=payload))
        batch.append(
            request(Call("patch", sid), "PATCH", path, payload={"description": "beside a delete"})
        )
    # What was deleted long before stays away while another delete runs.
    gone = [
        one
        for one in endpoint.rechecks.oldest_keys()
        if not (one.accepted.account or one.accepted.region)
    ][:1]
    responses = endpoint.client.send_together(batch)
    first, delete, page, second = responses[:4]
    # What stands beside it, created just before and after, is not touched by a delete that runs.
    neighbours = (before, after)
    if stand(endpoint, neighbours, delete, [page]):
        endpoint.configurations.give_back(*neighbours)
    elif any(one.read_lag_s for one in neighbours):
        old_neighbours(endpoint, scenarios)  # reads may miss what is so new
    for one in gone:
        # By now the delete was answered and runs; the list at once may have come before it.
        fetch, later = (
            endpoint.client.fetch(one.configuration),
            endpoint.client.page(f"pageSize={LARGEST_PAGE}"),
        )
        endpoint.findings.check(
            "DELETED-FETCH",
            fetch.status != 200,
            expected="404, as before",
            seen=fetch.outcome(),
            exchanges=[delete, fetch],
        )
        for look in (page, later):
            endpoint.findings.check(
                "DELETED-LIST",
                one.sid not in listed_ids(look),
                expected=f"no {one.sid}",
                seen="it is listed",
                exchanges=[delete, look],
            )
    for fetch in (first, second):
        scenarios.existence.shows(configuration, fetch)
    if delete.status == 202 and configuration.payload and not endpoint.effort.few:
        # Those at once may all have come before the delete; this one comes after its 202.
        responses.append(
            endpoint.client.update(
                Configuration(sid), {"description": "after the 202"}, method="PATCH"
            )
        )
    updates = [endpoint.poller.accept(e, sid) for e in responses[4:] if e.status == 202]
    # An update that came first is a conflict; once it has ended the delete must go through.
    operation = endpoint.poller.accept(delete, sid) if delete.status == 202 else None
    endpoint.poller.finish(updates, early=False)
    # Beside an update the configuration was not idle, and its delete may rightly have failed.
    if (
        operation is not None
        and operation in endpoint.poller.finish([operation])
        and operation.status != "COMPLETED"
    ):
        operation = None
    done = scenarios.completed(
        [operation or scenarios.accepted(configuration, key=endpoint.key())], [configuration]
    )[0]

    there, fetch = scenarios.existence.is_there(configuration)
    endpoint.findings.check(
        "CONC-LINEARIZABLE",
        there is not True,
        expected="the configuration gone after COMPLETED",
        seen="still there",
        exchanges=[delete, page, *responses[4:], *done.polls[-1:], fetch],
    )


def stand(
    endpoint: Endpoint,
    neighbours: Sequence[Configuration],
    delete: Exchange,
    pages: Sequence[Exchange],
) -> bool:
    """Whether *neighbours* of what a *delete* takes away are seen by a fetch and on *pages*, read beside it; a breach unless they are new."""
    fetches = [endpoint.client.fetch(one) for one in neighbours]
    ok = True
    for one, fetch in zip(neighbours, fetches, strict=True):
        whole = [(page, listed) for page in pages if (listed := listed_whole(page)) is not None]
        missed = (
            [fetch]
            if fetch.status == 404
            else [page for page, listed in whole if one.sid not in listed]
        )
        ok = ok and not missed
        if not one.read_lag_s:
            endpoint.findings.check(
                "CONC-LINEARIZABLE",
                not missed,
                expected=f"{one.sid} seen beside a delete",
                seen="not there",
                exchanges=[delete, *missed[:1]],
            )
    return ok


def old_neighbours(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """What stands beside a delete, and was made long enough before that every read shows it, is not touched."""
    before, configuration, after = endpoint.configurations.take(3, payloads=[{}])
    endpoint.wait(max(one.read_lag_s for one in (before, configuration, after)))
    path = f"/Configurations/{configuration.sid}"
    page = endpoint.client.request(Call("list"), "GET", f"/Configurations?pageSize={LARGEST_PAGE}")
    delete, *pages = endpoint.client.send_together(
        [
            endpoint.client.request(
                Call("delete", configuration.sid), "DELETE", path, key=endpoint.key()
            ),
            page,
            page,
        ]
    )
    stand(endpoint, (before, after), delete, pages)
    if delete.status == 202:
        scenarios.completed([endpoint.poller.accept(delete, configuration.sid)], [configuration])


def listed_ids(page: Exchange) -> list[Any]:
    """The ids on a page."""
    items = page.object.get("configurations")
    return (
        [item.get("id") for item in items if isinstance(item, dict)]
        if page.status == 200 and isinstance(items, list)
        else []
    )


def listed_whole(page: Exchange) -> list[Any] | None:
    """The ids of a list that is whole on one page; None when this is none."""
    items, meta = page.object.get("configurations"), page.object.get("meta")
    if (
        page.status != 200
        or not isinstance(items, list)
        or (isinstance(meta, dict) and meta.get("nextToken"))
    ):
        return None
    return listed_ids(page)


@pytest.mark.requirement("EFFECT-NO-RESTORE")
def test_late_update(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """After COMPLETED no update brings the configuration back."""
    configuration = endpoint.configurations.one()
    done = scenarios.completed(
        [scenarios.accepted(configuration, key=endpoint.key())], [configuration]
    )[0]

    payload = {**configuration.payload, "description": "late"}
    late = [
        endpoint.client.update(configuration, payload),
        endpoint.client.update(configuration, {"description": "late"}, method="PATCH"),
    ]
    endpoint.poller.finish(
        [endpoint.poller.accept(e, configuration.sid) for e in late if e.status == 202], early=False
    )

    endpoint.rechecks.ended([done], "deleted before an update")
    there, fetch = scenarios.existence.is_there(configuration)
    endpoint.findings.check(
        "EFFECT-NO-RESTORE",
        there is not True,
        expected="404 after a late update",
        seen="the configuration is back",
        exchanges=[done.accepted, *done.polls[-1:], *late, fetch],
    )
    if not endpoint.effort.few:
        scenarios.replay(done, requirement="KEY-REPLAY-ENDED")


@pytest.mark.twice
@pytest.mark.requirement("CONC-LINEARIZABLE", "KEY-REUSE-OTHER-CALL")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_delete_while_an_update_runs(endpoint: Endpoint, scenarios: Scenarios, method: str) -> None:
    """A delete sent while an update runs is refused and does nothing, or deletes for good."""
    configuration = endpoint.configurations.take(1, payloads=[RICH])[0]
    if not configuration.payload:
        raise CheckInconclusive(
            "configurations that the profile gives may be deleted, but not changed"
        )
    scenarios.existence.must_be_shown(configuration)
    text = {"description": "changed before a delete"}
    # Whatever becomes of the update, the delete changes nothing.
    scenarios.existence.shown[configuration.resource_key] = {
        n: v
        for n, v in scenarios.existence.shown[configuration.resource_key].items()
        if n not in text
    }
    key = endpoint.key()
    update = endpoint.client.update(
        configuration,
        {**configuration.payload, **text} if method == "PUT" else text,
        method=method,
        key=key,
    )
    if update.status != 202:
        raise CheckInconclusive(f"{method} was answered {update.outcome()}")
    delete = under_its_key(endpoint, update, configuration) or endpoint.client.delete(
        configuration, key=endpoint.key(), new_connection=True
    )
    operations = [
        endpoint.poller.accept(e, configuration.sid) for e in (update, delete) if e.status == 202
    ]
    endpoint.poller.finish(operations[:1], early=False)
    endpoint.poller.finish(operations[1:], early=False)
    steps = [update, delete, *(poll for operation in operations for poll in operation.polls[-1:])]
    if delete.status == 202:
        # Beside an update it may rightly have failed.
        if operations[1].status == "COMPLETED":
            endpoint.rechecks.ended(operations[1:], "deleted while an update ran")
            there, fetch = scenarios.existence.is_there(configuration)
            endpoint.findings.check(
                "CONC-LINEARIZABLE",
                there is not True,
                expected="the configuration gone after COMPLETED",
                seen="still there",
                exchanges=[*steps, fetch],
            )
            endpoint.inventory.gone(configuration)
    elif delete.status in (404, 409) and not endpoint.is_echo(delete):
        endpoint.findings.check(
            "CONC-LINEARIZABLE",
            delete.status == 409,
            expected="409, or 202",
            seen=delete.outcome(),
            exchanges=steps,
        )
        there = scenarios.existence.kept("CONC-LINEARIZABLE", configuration, steps)
        if method == "PUT" or not there:
            endpoint.rechecks.kept("CONC-LINEARIZABLE", configuration, steps)
        else:
            for operation in scenarios.completed(
                [scenarios.accepted(configuration, key=endpoint.key())], [configuration]
            ):
                scenarios.existence.gone(operation)


def under_its_key(
    endpoint: Endpoint, first: Exchange, configuration: Configuration
) -> Exchange | None:
    """Delete *configuration* under the key of another call that still runs, which shows nothing of it; the answer if it was taken for a new request."""
    # On a connection of its own: a kept one is watched for a moment first, and the other call would be over.
    response = endpoint.client.delete(
        configuration,
        key=first.key,
        call=Call("delete", configuration.sid, allow=MISMATCH),
        new_connection=True,
    )
    own = response.status == 202 and not response.operation_names & first.operation_names
    endpoint.findings.check(
        "KEY-REUSE-OTHER-CALL",
        own or response.status != 202,
        expected="a refusal or an operation of its own",
        seen=f"the operation of the {first.call.operation}, which still runs",
        exchanges=[first, response],
    )
    return response if own else None


@pytest.mark.twice
@pytest.mark.requirement("CONC-OWN-RESPONSE", "KEY-REUSE-OTHER-CALL", "DEL-202-RELATED")
@pytest.mark.parametrize("when", ["right-after-it", "at-once"])
def test_delete_beside_a_create(endpoint: Endpoint, scenarios: Scenarios, when: str) -> None:
    """A delete beside a create, under its key or another, gets the answer to its own request, and so does the create."""
    if endpoint.profile.provision.mode != "create":
        raise CheckInconclusive("configurations are given here, not created")
    creator = endpoint.configurations.creator
    targets = endpoint.configurations.take(1 if when == "at-once" else 2)
    operations: list[Operation] = []
    for number, target in enumerate(targets):
        payload, responses = creator.payloads.plain(), list[Exchange]()
        delete = endpoint.client.request(
            Call("delete", target.sid),
            "DELETE",
            f"/Configurations/{target.sid}",
            key=endpoint.key(),
        )

        def together(
            out: Request, delete: Request = delete, responses: list[Exchange] = responses
        ) -> Exchange:
            created, deleted = endpoint.client.send_together([out, delete])
            responses.append(deleted)
            return created

        try:
            created = creator.begin(
                payload, endpoint.key(), send=together if when == "at-once" else None
            )
        except Inconclusive as error:
            raise CheckInconclusive(str(error)) from error
        if number == 1 and (taken := under_its_key(endpoint, created.accepted, target)):
            responses.append(taken)
        response = responses[0] if responses else endpoint.client.send(delete, new_connection=True)
        if belongs(endpoint, created.accepted, response, target):
            operations.append(endpoint.poller.accept(response, target.sid))
        with contextlib.suppress(Inconclusive):  # what it has made is removed all the same
            endpoint.configurations.give_back(creator.conclude(created, payload))
    for operation in scenarios.completed(operations, targets) if operations else ():
        scenarios.existence.gone(operation)


def belongs(
    endpoint: Endpoint, created: Exchange, deleted: Exchange, target: Configuration
) -> bool:
    """Whether a delete was accepted for its own SID, beside a create; a breach where one of the two got the other's answer."""
    if deleted.status != 202:
        return False  # documented or not, it is judged elsewhere
    names = [one.related_sid for one in (created, deleted)]
    own = (
        names[0] != target.sid
        and names[1] in (None, target.sid)
        and not created.operation_names & deleted.operation_names
    )
    endpoint.findings.check(
        "CONC-OWN-RESPONSE",
        own,
        expected=f"the answer for {target.sid}, and another one for the create",
        seen=f"those for {names[1]!r:.120} and {names[0]!r:.120}"
        if any(names)
        else "one operation for both",
        exchanges=[created, deleted],
    )
    return own


@pytest.mark.requirement("CONC-ONE-SID", "CONC-ONE-COMPLETED")
@pytest.mark.parametrize(
    "keyed",
    [
        pytest.param(True, id="another-key"),
        pytest.param(False, marks=pytest.mark.twice, id="no-key"),
    ],
)
def test_second_delete_while_pending(endpoint: Endpoint, scenarios: Scenarios, keyed: bool) -> None:
    """A second delete while the first is pending gets a documented answer, and the first goes on to its end."""
    configuration = endpoint.configurations.one()
    operation = scenarios.accepted(configuration, key=endpoint.key())

    second = endpoint.client.delete(configuration, key=endpoint.key() if keyed else None)

    what = (
        "202, the same operation"
        if second.operation_names & operation.accepted.operation_names
        else str(second.status)
    )
    endpoint.findings.observe("OBS-SECOND-DELETE", f"one after the other: {what}")
    operations = [operation]
    if second.status == 202 and "same" not in what:
        operations.append(endpoint.poller.accept(second, configuration.sid))
    if not endpoint.effort.few:
        # Whatever the others are told, the first one's key stands for the first response, and its delete goes on.
        operations += refused_meanwhile(endpoint, configuration, operations) if keyed else []
        scenarios.replay(operation)
    endpoint.poller.finish(operations)
    ended = [one for one in operations if one.status == "COMPLETED"]
    endpoint.findings.check(
        "CONC-ONE-COMPLETED",
        len(ended) <= 1,
        expected="one COMPLETED operation",
        seen=str(len(ended)),
        exchanges=[e for one in ended for e in (one.accepted, *one.polls[-1:])],
    )
    done = scenarios.completed([operation], [configuration])[0]
    there, fetch = scenarios.existence.is_there(configuration)
    endpoint.findings.check(
        "CONC-ONE-SID",
        there is not True,
        expected="the configuration deleted",
        seen="still there",
        exchanges=[operation.accepted, second, *done.polls[-1:], fetch],
    )
    if not endpoint.effort.few:
        scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")
    if second.key and second.status in (404, 409) and not endpoint.effort.few:
        # Whether that refusal is stored for its key is open; what it refused is gone, either way.
        again = past_500(lambda: endpoint.client.delete(configuration, key=second.key))
        endpoint.findings.check(
            "DELETED-DELETE",
            again.status in (404, second.status),
            expected=f"404, or {second.status} as before",
            seen=again.outcome(),
            exchanges=[second, *done.polls[-1:], again],
        )


def refused_meanwhile(
    endpoint: Endpoint, configuration: Configuration, running: list[Operation]
) -> list[Operation]:
    """Send what is refused, in each way that is known, to a SID with deletes *running*; the operation of what was accepted instead."""
    for status in (409, 429):
        trigger = endpoint.profile.faults.get(status)
        if trigger is not None and trigger.headers:
            endpoint.client.delete(
                configuration,
                key=endpoint.key(),
                trigger=trigger,
                call=Call("delete", configuration.sid, provokes=status),
            )
    # A malformed key may be ignored: then this is one more delete.
    response = send_bad(
        endpoint, configuration.sid, malformed_keys(endpoint.key(), endpoint.random, 1)[0]
    )
    known = any(
        response.operation_names & operation.accepted.operation_names for operation in running
    )
    return (
        [endpoint.poller.accept(response, configuration.sid)]
        if response.status == 202 and not known
        else []
    )
