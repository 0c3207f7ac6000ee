"""SIDs that name nothing: well-formed and unknown ones, and odd ones close to a real one."""

from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator_contract.endpoint import Suite
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.inputs.malformed_sids import USUAL_SID, odd_sids
from orchestrator_contract.results.findings import Unverifiable
from orchestrator_contract.rules.responses import LARGEST_PAGE
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.malformed_requests import send_odd


def delete_unknown(
    suite: Suite, scenarios: Scenarios, far: list[str], near: Sequence[str] = ()
) -> list[Exchange]:
    """Deletes of unknown SIDs, made at random (*far*) or from a real one (*near*), each held against SID-UNKNOWN."""

    def delete(pair: tuple[int, str]) -> Exchange:
        number, sid = pair
        if number % 3 and sid not in near:
            suite.ownership.allow(
                sid
            )  # of 25 random characters: a fetch first would show nothing new each time
        else:
            suite.show_absent(sid)
        # A key each time: whether a 500 is stored is open.
        exchange = past_500(
            lambda: suite.client.delete(sid, key=suite.key() if number % 3 == 1 else None)
        )
        suite.ledger.hold(
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
    "HTTP-ANSWER",
    "HTTP-JSON",
    "HTTP-TYPE",
    "ERR-404-BODY",
    "ERR-STATUS",
    "ERR-CODE",
    "ERR-INFO",
    "ERR-BOUNDS",
)
def test_unknown_sid(suite: Suite, scenarios: Scenarios) -> None:
    """A well-formed SID that no configuration has answers 404; this much can be asked of an endpoint that gives nothing to delete."""
    delete_unknown(suite, scenarios, unknown_sids(suite, suite.effort.unknown_sids))


@pytest.mark.requirement("SID-UNKNOWN", "SID-UNKNOWN-KEEPS")
def test_unknown_sid_keeps(suite: Suite, scenarios: Scenarios) -> None:
    """A delete of a SID that no configuration has deletes nothing else."""
    scenarios.presence.must_be_shown(suite.bystander)
    # What takes another configuration instead may take the first, or the last.
    newest = [] if suite.effort.few else suite.configurations.take(1, payloads=[{}])

    near = near_sids(suite.bystander.sid)
    far = unknown_sids(suite, max(2, suite.effort.unknown_sids // 3) - len(near))
    exchanges = delete_unknown(suite, scenarios, far, near)

    scenarios.presence.kept("SID-UNKNOWN-KEEPS", suite.bystander, exchanges[-3:])
    for configuration in newest:
        if scenarios.presence.kept("SID-UNKNOWN-KEEPS", configuration, exchanges[-3:]):
            suite.configurations.give_back(configuration)


def near_sids(sid: str) -> list[str]:
    """Well-formed SIDs that differ from a well-formed one in its last character, and in one in the middle."""
    if not USUAL_SID.fullmatch(sid):
        return []
    return [
        f"{sid[:place]}{'0' if sid[place] != '0' else '1'}{sid[place + 1 :]}"
        for place in (len(sid) - 1, len(sid) - 13)
    ]


def unknown_sids(suite: Suite, number: int) -> list[str]:
    """*number* unknown SIDs, of every class that an implementation may tell apart."""
    plain = [suite.unknown_sid() for _ in range(number)]
    for n, sid in enumerate(plain):
        head, tail = sid[:-25], sid[-25:]
        if n % 8 == 1:
            tail = "".join(suite.random.choice("0123456789") for _ in range(25))
        elif n % 8 == 2:
            tail = "".join(suite.random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(25))
        elif n % 8 == 3:
            head = head.replace("conv_", "cfg_")
        elif n % 8 == 4:
            tail = tail[:-1] + "0123456789"[n % 10]
        plain[n] = head + tail
    return plain


@pytest.mark.requirement("SID-ODD", "SID-ODD-KEEPS")
def test_odd_sid(suite: Suite, scenarios: Scenarios) -> None:
    """A SID that does not look like one is refused, breaks nothing and deletes no configuration."""
    victim = suite.bystander
    scenarios.presence.must_be_shown(victim)
    sent: list[Exchange] = []

    def delete(odd: Any) -> Exchange:
        exchange = send_odd(suite, odd)
        sent.append(exchange)
        return exchange

    near = odd_sids(
        victim.sid, suite.unknown_sid(), suite.random, suite.effort.odd_sids, victim.name
    )
    odds = suite.harmless(near, victim)
    for group in (odds[i : i + 8] for i in range(0, len(odds), 8)):
        exchanges = scenarios.each(delete, group, width=4)
        there, fetch = scenarios.presence.stands(victim)
        accepted = [e for e in exchanges if e.succeeded]
        if there and accepted:
            # An accepted delete takes its time: what it names is watched.
            there = not suite.until(
                lambda: scenarios.presence.is_there(victim)[0] is False, suite.effort.watch_s, 0.2
            )
        if there is not None:
            suite.ledger.hold(
                "SID-ODD-KEEPS",
                there,
                expected=f"{victim.sid} still there",
                seen="gone",
                exchanges=[*(accepted or exchanges)[-4:], fetch],
            )
        if there is False:
            suite.inventory.gone(victim)
            suite.new_bystander()
            return
    suite.watch.kept("SID-ODD-KEEPS", victim, sent[-3:])


@pytest.mark.requirement("SID-METHOD", "GONE-BY-DELETE")
def test_wrong_method(suite: Suite, scenarios: Scenarios) -> None:
    """A method that the path does not have is answered 405 with Allow, and neither it nor reading deletes."""
    victim = suite.bystander
    scenarios.presence.must_be_shown(victim)

    wrong = suite.client.send(
        suite.client.outgoing(
            Call("other", silent=True), "POST", f"/Configurations/{victim.sid}", payload={}
        ),
        silence=True,
    )
    others = [
        suite.client.send(
            suite.client.outgoing(
                Call("other", silent=True), method, f"/Configurations/{victim.sid}"
            ),
            silence=True,
        )
        for method in ("HEAD", "OPTIONS", "GET")
    ]

    ok = wrong.status == 405 and "allow" in wrong.headers
    suite.ledger.hold(
        "SID-METHOD", ok, expected="405 with Allow", seen=wrong.outcome(), exchanges=[wrong]
    )
    scenarios.presence.kept("GONE-BY-DELETE", victim, [wrong, *others])
    suite.watch.kept("GONE-BY-DELETE", victim, [wrong, *others])
    if suite.effort.few:
        return
    newest = suite.configurations.take(1, payloads=[{}])[0]
    pages = [suite.client.page(f"pageSize={LARGEST_PAGE}") for _ in range(3)]
    scenarios.presence.kept("GONE-BY-DELETE", victim, pages)
    if scenarios.presence.kept("GONE-BY-DELETE", newest, pages):
        suite.configurations.give_back(newest)


@pytest.mark.requirement(
    "GONE-BY-DELETE", "CTRL-ACCEPTED", "GONE-FETCH", "GONE-LIST", "GONE-DELETE", "KEY-REPLAY-ENDED"
)
def test_update_keeps(suite: Suite, scenarios: Scenarios) -> None:
    """Updating and patching a configuration leave it in place, and it can be deleted for good afterwards."""
    configuration = suite.configurations.one()
    if not configuration.payload:
        raise Unverifiable("configurations that the profile gives may be deleted, but not changed")
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
        exchange = suite.client.update(configuration.sid, payload, method=method, key=suite.key())
        steps.append(exchange)
        if exchange.succeeded:
            suite.ledger.hold(
                "CTRL-ACCEPTED",
                exchange.status == 202,
                expected="202",
                seen=exchange.outcome(),
                exchanges=[exchange],
            )
        if exchange.status != 202:
            raise Unverifiable(f"{method} was answered {exchange.outcome()}")
        operation = suite.follower.accept(exchange, configuration.sid)
        suite.follower.finish([operation], early=False)
        if not scenarios.presence.kept("GONE-BY-DELETE", configuration, steps):
            return

    if not suite.effort.few:
        # One more is updated and then left alone, to be looked at again later.
        other = suite.configurations.one()
        updates = [
            suite.client.update(other.sid, {**other.payload, "description": "put and left"}),
            suite.client.update(other.sid, {"description": "patched and left"}, method="PATCH"),
        ]
        suite.follower.finish(
            [suite.follower.accept(e, other.sid) for e in updates if e.status == 202], early=False
        )
        suite.watch.kept("GONE-BY-DELETE", other, updates)

    # What was changed is deleted like what was not.
    for operation in scenarios.completed(
        [scenarios.accepted(configuration, key=suite.key())], [configuration]
    ):
        if not suite.effort.few:
            scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")
        scenarios.presence.gone(operation)
        scenarios.presence.not_again(operation)
        if not suite.effort.few:
            scenarios.presence.unlisted([operation])
