"""Credentials: without them, with wrong ones, or with another account's, nothing is deleted or told."""

import base64
import contextlib
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.api.pagination import token_of
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.unauthorized import (
    all_of,
    as_account,
    basic,
    may_be_theirs,
    named_in,
    not_told_apart,
    refused,
    without_rights,
)
from orchestrator_contract.steps.updates import patched

#: Wrong credentials that are sent once, or thrice would be many.
ONCE = frozenset(
    {
        "password and a space",
        "password, a colon and a character",
        "user cut short",
        "user and a character",
        "user and password swapped",
        "bearer scheme",
        "token scheme",
        "digest scheme",
        "negotiate scheme",
        "key scheme",
        "password with another first character",
        "empty user and password",
        "no base64",
        "no colon",
        "empty",
        "empty user",
        "password with another last character",
        "password in the other case",
    }
)


def wrong_credentials(endpoint: Endpoint) -> dict[str, str]:
    """Authorization values that must not be accepted, each near the right one."""
    account = endpoint.profile.accounts[0]
    user, password = account.username, account.password
    wrong = {
        "wrong password": basic(user, "wrong" + password[::-1]),
        "empty password": basic(user, ""),
        "password cut short": basic(user, password[:-1]),
        "password and a character": basic(user, password + "x"),
        "password with another last character": basic(
            user, password[:-1] + ("x" if password[-1:] != "x" else "y")
        ),
        "password and a space": basic(user, password + " "),
        "password, a colon and a character": basic(user, password + ":x"),
        "user cut short": basic(user[:-1], password),
        "user and a character": basic(user + "x", password),
        "wrong user": basic("SK" + "0" * 32, password),
        "empty user": basic("", password),
        "user and password swapped": basic(password, user),
        "bearer scheme": "Bearer " + base64.b64encode(f"{user}:{password}".encode()).decode(),
        "token scheme": "Token " + base64.b64encode(f"{user}:{password}".encode()).decode(),
        "empty user and password": basic("", ""),
        "no base64": "Basic !!!",
        "no colon": "Basic " + base64.b64encode(user.encode()).decode(),
        "empty": "Basic",
        "digest scheme": f'Digest username="{user}", realm="x", nonce="0", uri="/", response="{"0" * 32}"',
        "negotiate scheme": "Negotiate " + base64.b64encode(f"{user}:{password}".encode()).decode(),
        "key scheme": f"ApiKey {user}",
        "password with another first character": basic(
            user, ("x" if password[:1] != "x" else "y") + password[1:]
        ),
    }
    if password.swapcase() != password:
        wrong["password in the other case"] = basic(user, password.swapcase())
    if len(endpoint.profile.accounts) > 1:
        wrong["another account's password"] = basic(user, endpoint.profile.accounts[1].password)
    return wrong


#: Members of a configuration that tell it from others, and how long a value is that no refusal holds by chance.
TELLING, BY_CHANCE = ("displayName", "description", "memoryStoreId"), 15


def disclosed(scenarios: Scenarios, configuration: Configuration, exchange: Exchange) -> list[str]:
    """What of the configuration an answer tells, beyond what the request said."""
    told = all_of(exchange)
    shown = scenarios.existence.shown.get(configuration.resource_key, {})
    secrets = [
        value
        for value in (*map(shown.get, TELLING), *settings(shown))
        if isinstance(value, str) and len(value) > BY_CHANCE
    ]
    return [
        secret
        for secret in sorted({configuration.name, *secrets})
        if len(secret) > 5 and secret in told
    ]


def settings(shown: dict[str, Any]) -> list[Any]:
    """What a fetch has shown of the optional parts of a configuration: where it calls back, and what it is a bridge to."""
    callbacks, bridge = shown.get("statusCallbacks"), shown.get("conversationsV1Bridge")
    urls = (
        [callback.get("url") for callback in callbacks if isinstance(callback, dict)]
        if isinstance(callbacks, list)
        else []
    )
    return [*urls, bridge.get("serviceId") if isinstance(bridge, dict) else None]


@pytest.mark.requirement("AUTH-MISSING", "AUTH-WRONG", "AUTH-NO-DISCLOSURE", "AUTH-REFUSED-4XX")
def test_bad_credentials(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A DELETE without credentials or with wrong ones is not accepted, deletes nothing and tells nothing."""
    wrong = list(wrong_credentials(endpoint).items())
    few: list[tuple[str, str]] = endpoint.random.sample(
        wrong, min(len(wrong), endpoint.effort.wrong_credentials)
    )
    # A victim each, so that what is carried out later is put down to its cause.
    nobody, somebody = endpoint.targets(2)
    cases: tuple[tuple[str, Configuration, list[tuple[str, str | None]]], ...] = (
        ("AUTH-MISSING", nobody, [("no credentials", None)]),
        ("AUTH-WRONG", somebody, [(what, value) for what, value in few]),
    )
    for requirement, target, tries in cases:
        scenarios.existence.must_be_shown(target)
        sent: list[Exchange] = []
        for what, value in tries:
            endpoint.redactor.learn(value)
            for n in range(1 if endpoint.effort.few or what in ONCE else 4 if value is None else 3):
                key = endpoint.key() if n % 2 else None
                exchange = without_rights(endpoint, target, value, key=key)
                sent.append(exchange)
                told = disclosed(scenarios, target, exchange)
                endpoint.findings.check(
                    "AUTH-NO-DISCLOSURE",
                    not told,
                    expected="nothing of the configuration",
                    seen=", ".join(told),
                    exchanges=[exchange],
                )
                if not refused(endpoint, requirement, exchange, what):
                    break
        scenarios.existence.kept(requirement, target, sent[-2:])
        endpoint.rechecks.kept(requirement, target, sent[-2:])


@pytest.mark.twice
@pytest.mark.requirement("AUTH-NO-DISCLOSURE")
def test_bad_credentials_learn_nothing(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Who is refused for the credentials is told the same of a SID that exists as of one that does not."""
    target, absent = endpoint.control_configuration, endpoint.absent_sid()
    scenarios.existence.must_be_shown(target)
    account = endpoint.profile.accounts[0]
    for value in (None, basic(account.username, account.password + "x")):
        endpoint.redactor.learn(value)
        there: list[Exchange] = []
        missing: list[Exchange] = []
        # In turns, so that a lock-out after so many tries changes both.
        for sid, sent in ((target.sid, there), (absent, missing)) * 3:
            sent.append(without_rights(endpoint, Configuration(sid), value))
        if any(
            exchange.status in (None, 429, 500, 502, 503, 504) for exchange in (*there, *missing)
        ):
            continue  # what passes says nothing of the SID
        told, untold = (
            {said(exchange, target.sid) for exchange in there},
            {said(exchange, absent) for exchange in missing},
        )
        endpoint.findings.check(
            "AUTH-NO-DISCLOSURE",
            len(told) > 1 or len(untold) > 1 or told == untold,
            expected=f"the answer to a SID that does not exist: {min(untold)}",
            seen=str(min(told)),
            exchanges=[there[-1], missing[-1]],
        )


def first_pages(endpoint: Endpoint) -> list[str]:
    """Addresses of the list's first page and the one after it, which a token leads to."""
    if endpoint.effort.few:
        return []
    token = token_of(past_500(lambda: endpoint.client.page("pageSize=1")))
    following = [urlencode({"pageSize": 1, "pageToken": token})] if token else []
    return [endpoint.client.url(f"/Configurations?{query}") for query in ("pageSize=1", *following)]


def said(exchange: Exchange, sid: str) -> tuple[int, str, str, str]:
    """What a refusal says of the SID that it is about: status, code, message and parameters, the SID itself left out."""
    body = exchange.object
    code, message, params = (
        str(body.get(name)).replace(sid, "{Sid}") for name in ("code", "message", "params")
    )
    return exchange.status or 0, code, message, params


@pytest.mark.twice
@pytest.mark.requirement("AUTH-MISSING", "AUTH-WRONG", "AUTH-REFUSED-4XX")
def test_bad_credentials_in_another_region(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Each region looks at the credentials."""
    account = endpoint.profile.accounts[0]
    for region in range(1, len(endpoint.profile.bases)):
        target = endpoint.configurations.one(scope=Scope(region=region))
        scenarios.existence.must_be_shown(target)
        for requirement, what, value in (
            ("AUTH-MISSING", "no credentials", None),
            ("AUTH-WRONG", "a wrong password", basic(account.username, account.password + "x")),
        ):
            endpoint.redactor.learn(value)
            exchange = without_rights(endpoint, target, value)
            refused(endpoint, requirement, exchange, f"{what} in another region")
            scenarios.existence.kept(requirement, target, [exchange])
        endpoint.configurations.give_back(target)


@pytest.mark.requirement("AUTH-MISSING", "AUTH-WRONG", "AUTH-NO-DISCLOSURE", "KEY-REPLAY-ENDED")
def test_bad_credentials_with_a_used_key(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A key's stored response is not given to a request whose credentials are missing or wrong, and not lost by one."""
    operation = (
        scenarios.ended()[0]
        if endpoint.effort.few
        else deleted_among_strangers(endpoint, scenarios)
    )
    names = operation.accepted.operation_names
    account = endpoint.profile.accounts[0]
    for requirement, what, value in (
        ("AUTH-MISSING", "no credentials", None),
        ("AUTH-WRONG", "wrong password", basic(account.username, account.password + "x")),
    ):
        endpoint.redactor.learn(value)
        exchange = without_rights(
            endpoint, operation.configuration, value, key=operation.accepted.key
        )
        refused(endpoint, requirement, exchange, f"{what} and a used key")
        told = named_in(exchange, names)
        endpoint.findings.check(
            "AUTH-NO-DISCLOSURE",
            not told,
            expected="nothing of the operation",
            seen=", ".join(told),
            exchanges=[operation.accepted, exchange],
        )
    scenarios.replay(operation, requirement="KEY-REPLAY-ENDED")


def deleted_among_strangers(endpoint: Endpoint, scenarios: Scenarios) -> Operation:
    """A delete under a key that only refused requests have brought before, COMPLETED though others come while it runs."""
    operation, configuration = run_among_strangers(endpoint, scenarios)
    if operation.done and operation.status != "COMPLETED":
        # It may have FAILED for reasons of its own; where a second one does, too, the strangers are the reason.
        again, configuration = run_among_strangers(endpoint, scenarios)
        steps = [e for one in (operation, again) for e in (one.accepted, *one.polls[-1:])]
        endpoint.findings.check(
            "AUTH-MISSING",
            not again.done or again.status == "COMPLETED",
            expected="COMPLETED, whatever strangers send meanwhile",
            seen=again.status,
            exchanges=steps,
        )
        operation = again
    return scenarios.completed([operation], [configuration])[0]


def run_among_strangers(
    endpoint: Endpoint, scenarios: Scenarios
) -> tuple[Operation, Configuration]:
    """A delete that strangers name before it is sent and while it runs, followed to its end."""
    configuration, account, key = (
        endpoint.configurations.one(),
        endpoint.profile.accounts[0],
        endpoint.key(),
    )
    wrong = basic(account.username, account.password + "x")
    endpoint.redactor.learn(wrong)
    for requirement, what, value in (
        ("AUTH-MISSING", "no credentials", None),
        ("AUTH-WRONG", "a wrong password", wrong),
    ):
        # Keys belong to an account, so that of somebody unknown is nobody's.
        refused(
            endpoint, requirement, without_rights(endpoint, configuration, value, key=key), what
        )
    operation = scenarios.accepted(configuration, key=key)
    stranger = without_rights(endpoint, configuration, None)
    refused(endpoint, "AUTH-MISSING", stranger, "no credentials while a delete runs")
    told = named_in(stranger, operation.accepted.operation_names)
    endpoint.findings.check(
        "AUTH-NO-DISCLOSURE",
        not told,
        expected="nothing of the operation",
        seen=", ".join(told),
        exchanges=[operation.accepted, stranger],
    )
    if len(endpoint.profile.accounts) > 1 and not may_be_theirs(endpoint, configuration.sid, 1):
        exchange = as_account(endpoint, configuration, 1, endpoint.key())
        refused(
            endpoint, "AUTH-OTHER-ACCOUNT", exchange, "another account's SID while its delete runs"
        )
        told = named_in(exchange, operation.accepted.operation_names)
        endpoint.findings.check(
            "AUTH-OTHER-ACCOUNT",
            not told,
            expected="nothing of the operation",
            seen=", ".join(told),
            exchanges=[operation.accepted, exchange],
        )
        not_told_apart(endpoint, configuration, exchange)
    endpoint.poller.finish([operation])
    return operation, configuration


@pytest.mark.requirement("AUTH-OTHER-ACCOUNT")
def test_another_account(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A DELETE on another account's SID is not accepted, deletes nothing and tells nothing."""
    target = endpoint.targets(1)[0]
    scenarios.existence.must_be_shown(target)
    sent = []
    for key in (None, endpoint.key()):
        exchange = as_account(endpoint, target, 1, key, new_connection=key is not None)
        sent.append(exchange)
        refused(endpoint, "AUTH-OTHER-ACCOUNT", exchange, "another account's SID")
        told = disclosed(scenarios, target, exchange)
        endpoint.findings.check(
            "AUTH-OTHER-ACCOUNT",
            not told,
            expected="nothing of the configuration",
            seen=", ".join(told),
            exchanges=[exchange],
        )
        not_told_apart(endpoint, target, exchange)

    for region in () if endpoint.effort.few else range(1, len(endpoint.profile.bases)):
        # Whose it is may be looked up at home only.
        if not may_be_theirs(endpoint, target.sid, 1, region):
            exchange = as_account(
                endpoint, Configuration(target.sid, scope=Scope(region=region)), 1
            )
            sent.append(exchange)
            refused(
                endpoint, "AUTH-OTHER-ACCOUNT", exchange, "another account's SID in another region"
            )

    scenarios.existence.kept("AUTH-OTHER-ACCOUNT", target, sent)
    endpoint.rechecks.kept("AUTH-OTHER-ACCOUNT", target, sent)
    if endpoint.effort.few or endpoint.is_control_configuration(target):
        return
    with contextlib.suppress(
        Inconclusive
    ):  # an update is open to few, and what was found so far stands
        patched(endpoint, target)
        scenarios.existence.must_be_shown(target)
        exchange = as_account(endpoint, target, 1, endpoint.key())
        refused(endpoint, "AUTH-OTHER-ACCOUNT", exchange, "another account's SID that was updated")
        scenarios.existence.kept("AUTH-OTHER-ACCOUNT", target, [exchange])


@pytest.mark.requirement("AUTH-OTHER-ACCOUNT")
def test_own_account_after_another(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Another account's configuration can be deleted by its own account only."""
    theirs = endpoint.configurations.one(scope=Scope(1))
    scenarios.existence.must_be_shown(theirs)

    exchange = as_account(endpoint, theirs, 0)

    if not refused(endpoint, "AUTH-OTHER-ACCOUNT", exchange, "another account's SID"):
        raise Inconclusive("the other account's configuration may be gone")
    scenarios.existence.kept("AUTH-OTHER-ACCOUNT", theirs, [exchange])


@pytest.mark.requirement("AUTH-READ", "AUTH-READ-OTHER-ACCOUNT")
def test_reading_takes_credentials(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A configuration is shown to nobody without credentials, and neither it nor the operation of a delete to another account; its owner sees it."""
    operation, target = scenarios.ended()[0], endpoint.control_configuration
    owner = endpoint.profile.accounts[0]
    wrong = basic(owner.username, owner.password + "x")
    endpoint.redactor.learn(wrong)
    missing: list[tuple[str, int | None, list[tuple[str, str]]]] = [
        ("without credentials", None, []),
        ("with a wrong password", None, [("Authorization", wrong)]),
    ]
    other: list[tuple[str, int | None, list[tuple[str, str]]]] = (
        [("to another account", 1, [])] if len(endpoint.profile.accounts) > 1 else []
    )
    configuration = endpoint.client.url(f"/Configurations/{target.sid}")
    for requirement, address, sid, readers in (
        ("AUTH-READ", configuration, target.sid, missing),
        *(("AUTH-READ", page, target.sid, missing) for page in first_pages(endpoint)),
        ("AUTH-READ-OTHER-ACCOUNT", configuration, target.sid, other),
        ("AUTH-READ-OTHER-ACCOUNT", operation.url, operation.sid, [*missing, *other]),
    ):
        if not endpoint.effort.few:
            # What was kept of the owner's answer is nobody else's.
            endpoint.client.send(
                endpoint.client.request(Call("other", silent=True), "GET", address)
            )
        for who, account, headers in readers[-1:] if endpoint.effort.few else readers:
            out = endpoint.client.request(
                Call("other", silent=True), "GET", address, headers=headers, caller=account
            )
            exchange = past_500(partial(endpoint.client.send, out))
            body = exchange.response.body.decode("utf-8", "replace") if exchange.response else ""
            # Of a list any configuration is too much.
            shown = exchange.status == 200 and (
                sid in body
                or "createdAt" in exchange.object
                or bool(exchange.object.get("configurations"))
            )
            endpoint.findings.check(
                requirement,
                not shown,
                expected=f"nothing of {address} {who}",
                seen=exchange.outcome(),
                exchanges=[exchange],
            )
    if not endpoint.effort.few and endpoint.profile.provision.mode == "create":
        there, fetch = scenarios.existence.stands(target)
        endpoint.findings.check(
            "CTRL-READ-AFTER-CREATE",
            there is not False,
            expected="200 for its owner, whoever else has asked",
            seen="404",
            exchanges=[fetch],
        )
    if other:
        # What is gone is still nobody else's to delete, or to know of.
        exchange = as_account(endpoint, operation.configuration, 1, endpoint.key())
        refused(endpoint, "AUTH-OTHER-ACCOUNT", exchange, "another account's SID that is gone")
        not_told_apart(endpoint, operation.configuration, exchange)
        if not endpoint.effort.few:
            scenarios.existence.gone(operation)
