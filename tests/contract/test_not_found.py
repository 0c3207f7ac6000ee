"""SIDs that name nothing: well-formed and unknown ones, and odd ones close to a real one."""

from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.inputs.malformed_sids import USUAL_SID, malformed_sids
from orchestrator_contract.rules.responses import LARGEST_PAGE
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.malformed_requests import send_odd


def delete_unknown(
    endpoint: Endpoint, scenarios: Scenarios, far: list[str], near: Sequence[str] = ()
) -> list[Exchange]:
    """Deletes of unknown SIDs, made at random (*far*) or from a real one (*near*), each held against SID-UNKNOWN."""

    def delete(pair: tuple[int, str]) -> Exchange:
        number, sid = pair
        if number % 3 and sid not in near:
            endpoint.ownership.allow(
                sid
            )  # of 25 random characters: a fetch first would show nothing new each time
        else:
            endpoint.show_absent(sid)
        # A key each time: whether a 500 is stored is open.
        exchange = past_500(
            lambda: endpoint.client.delete(
                Configuration(sid), key=endpoint.key() if number % 3 == 1 else None
            )
        )
        endpoint.findings.check(
            "SID-UNKNOWN",
            exchange.status == 404,
            expected="404",
            seen=exchange.outcome(),
            exchanges=[exchange],
        )
        return exchange

    exchanges: list[Exchange] = scenarios.each(delete, list(enumerate([*far, *near])))
    return exchanges


@pytest.mark.opening
@pytest.mark.requirement(
    "SID-UNKNOWN",
    "HTTP-COMPLETE",
    "HTTP-JSON",
    "HTTP-CONTENT-TYPE",
    "ERR-404-BODY",
    "ERR-STATUS-MATCHES",
    "ERR-CODE-MATCHES",
    "ERR-MORE-INFO",
    "ERR-BOUNDS",
)
def test_unknown_sid(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A well-formed SID that no configuration has answers 404; this much can be asked of an endpoint that gives nothing to delete."""
    delete_unknown(endpoint, scenarios, unknown_sids(endpoint, endpoint.effort.unknown_sids))


@pytest.mark.requirement("SID-UNKNOWN", "SID-UNKNOWN-NO-EFFECT")
def test_unknown_sid_keeps(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A delete of a SID that no configuration has deletes nothing else."""
    scenarios.existence.must_be_shown(endpoint.control_configuration)
    # What takes another configuration instead may take the first, or the last.
    newest = [] if endpoint.effort.few else endpoint.configurations.take(1, payloads=[{}])

    near = near_sids(endpoint.control_configuration.sid)
    far = unknown_sids(endpoint, max(2, endpoint.effort.unknown_sids // 3) - len(near))
    exchanges = delete_unknown(endpoint, scenarios, far, near)

    scenarios.existence.kept(
        "SID-UNKNOWN-NO-EFFECT", endpoint.control_configuration, exchanges[-3:]
    )
    for configuration in newest:
        if scenarios.existence.kept("SID-UNKNOWN-NO-EFFECT", configuration, exchanges[-3:]):
            endpoint.configurations.give_back(configuration)


def near_sids(sid: str) -> list[str]:
    """Well-formed SIDs that differ from a well-formed one in its last character, and in one in the middle."""
    if not USUAL_SID.fullmatch(sid):
        return []
    return [
        f"{sid[:scope]}{'0' if sid[scope] != '0' else '1'}{sid[scope + 1 :]}"
        for scope in (len(sid) - 1, len(sid) - 13)
    ]


def unknown_sids(endpoint: Endpoint, number: int) -> list[str]:
    """*number* unknown SIDs, of every class that an implementation may tell apart."""
    plain = [endpoint.unknown_sid() for _ in range(number)]
    for n, sid in enumerate(plain):
        head, tail = sid[:-25], sid[-25:]
        if n % 8 == 1:
            tail = "".join(endpoint.random.choice("0123456789") for _ in range(25))
        elif n % 8 == 2:
            tail = "".join(endpoint.random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(25))
        elif n % 8 == 3:
            head = head.replace("conv_", "cfg_")
        elif n % 8 == 4:
            tail = tail[:-1] + "0123456789"[n % 10]
        plain[n] = head + tail
    return plain


@pytest.mark.requirement("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT")
def test_odd_sid(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A SID that does not look like one is refused, breaks nothing and deletes no configuration."""
    target = endpoint.control_configuration
    scenarios.existence.must_be_shown(target)
    sent: list[Exchange] = []

    def delete(odd: Any) -> Exchange:
        exchange = send_odd(endpoint, odd)
        sent.append(exchange)
        return exchange

    near = malformed_sids(
        target.sid,
        endpoint.unknown_sid(),
        endpoint.random,
        endpoint.effort.malformed_sids,
        target.name,
    )
    odds = endpoint.harmless(near, target)
    for group in (odds[i : i + 8] for i in range(0, len(odds), 8)):
        exchanges = scenarios.each(delete, group, width=4)
        there, fetch = scenarios.existence.stands(target)
        accepted = [e for e in exchanges if e.succeeded]
        if there and accepted:
            # An accepted delete takes its time: what it names is watched.
            there = not endpoint.until(
                lambda: scenarios.existence.is_there(target)[0] is False,
                endpoint.effort.watch_s,
                0.2,
            )
        if there is not None:
            endpoint.findings.check(
                "SID-MALFORMED-NO-EFFECT",
                there,
                expected=f"{target.sid} still there",
                seen="gone",
                exchanges=[*(accepted or exchanges)[-4:], fetch],
            )
        if there is False:
            endpoint.inventory.gone(target)
            endpoint.forget_control_configuration()
            return
    endpoint.rechecks.kept("SID-MALFORMED-NO-EFFECT", target, sent[-3:])


@pytest.mark.requirement("SID-METHOD-NOT-ALLOWED", "EFFECT-ONLY-BY-DELETE")
def test_wrong_method(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A method that the path does not have is answered 405 with Allow, and neither it nor reading deletes."""
    target = endpoint.control_configuration
    scenarios.existence.must_be_shown(target)

    wrong = endpoint.client.send(
        endpoint.client.request(
            Call("other", silent=True), "POST", f"/Configurations/{target.sid}", payload={}
        ),
        allow_no_response=True,
    )
    others = [
        endpoint.client.send(
            endpoint.client.request(
                Call("other", silent=True), method, f"/Configurations/{target.sid}"
            ),
            allow_no_response=True,
        )
        for method in ("HEAD", "OPTIONS", "GET")
    ]

    ok = wrong.status == 405 and "allow" in wrong.headers
    endpoint.findings.check(
        "SID-METHOD-NOT-ALLOWED",
        ok,
        expected="405 with Allow",
        seen=wrong.outcome(),
        exchanges=[wrong],
    )
    scenarios.existence.kept("EFFECT-ONLY-BY-DELETE", target, [wrong, *others])
    endpoint.rechecks.kept("EFFECT-ONLY-BY-DELETE", target, [wrong, *others])
    if endpoint.effort.few:
        return
    newest = endpoint.configurations.take(1, payloads=[{}])[0]
    pages = [endpoint.client.page(f"pageSize={LARGEST_PAGE}") for _ in range(3)]
    scenarios.existence.kept("EFFECT-ONLY-BY-DELETE", target, pages)
    if scenarios.existence.kept("EFFECT-ONLY-BY-DELETE", newest, pages):
        endpoint.configurations.give_back(newest)


@pytest.mark.requirement(
    "EFFECT-ONLY-BY-DELETE",
    "CTRL-ACCEPTED",
    "DELETED-FETCH",
    "DELETED-LIST",
    "DELETED-DELETE",
    "KEY-REPLAY-ENDED",
)
def test_update_keeps(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Updating and patching a configuration leave it in place, and it can be deleted for good afterwards."""
    configuration = endpoint.configurations.one()
    if not configuration.payload:
        raise Inconclusive("configurations that the profile gives may be deleted, but not changed")
    steps = []
    for method, text in (
        ("PUT", "put by a contract test"),
        ("PATCH", "patched by a contract test"),
    ):
        payload = (
            {**configuration.payload, "description": text}
            if method == "PUT"
            else {"description": text}
        )
        exchange = endpoint.client.update(configuration, payload, method=method, key=endpoint.key())
        steps.append(exchange)
        if exchange.succeeded:
            endpoint.findings.check(
                "CTRL-ACCEPTED",
                exchange.status == 202,
                expected="202",
                seen=exchange.outcome(),
                exchanges=[exchange],
            )
        if exchange.status != 202:
            raise Inconclusive(f"{method} was answered {exchange.outcome()}")
        operation = endpoint.poller.accept(exchange, configuration.sid)
        endpoint.poller.finish([operation], early=False)
        if not scenarios.existence.kept("EFFECT-ONLY-BY-DELETE", configuration, steps):
            return

    if not endpoint.effort.few:
        # One more is updated and then left alone, to be looked at again later.
        other = endpoint.configurations.one()
        updates = [
            endpoint.client.update(other, {**other.payload, "description": "put and left"}),
            endpoint.client.update(other, {"description": "patched and left"}, method="PATCH"),
        ]
        endpoint.poller.finish(
            [endpoint.poller.accept(e, other.sid) for e in updates if e.status == 202], early=False
        )
        endpoint.rechecks.kept("EFFECT-ONLY-BY-DELETE", other, updates)

    # What was changed is deleted like what was not.
    for operation in scenarios.completed(
        [scenarios.accepted(configuration, key=endpoint.key())], [configuration]
    ):
        if not endpoint.effort.few:
            scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")
        scenarios.existence.gone(operation)
        scenarios.existence.not_again(operation)
        if not endpoint.effort.few:
            scenarios.existence.unlisted([operation])
