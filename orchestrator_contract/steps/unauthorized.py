"""Requests of those who may not delete: without credentials, with wrong ones, or for another account's SID."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.endpoint import Endpoint, exists
from orchestrator_contract.exceptions import CheckInconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.inputs.malformed_sids import USUAL_SID
from orchestrator_contract.scope import Scope

#: Says that something was there and is no more: to strangers that discloses it, and of a SID that is gone 404 is documented.
_GONE = 410


def basic(user: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def without_rights(
    endpoint: Endpoint, configuration: Configuration, value: str | None, *, key: str | None = None
) -> Exchange:
    """The response to a DELETE with *value* for its Authorization, or with none."""
    headers = [("Authorization", value)] if value else []
    call = Call("delete", configuration.sid, silent=True)
    return past_500(
        lambda: endpoint.client.delete(
            configuration, key=key, headers=headers, call=call, caller=None
        )
    )


def may_be_theirs(endpoint: Endpoint, sid: str, account: int, region: int = 0) -> bool:
    """Whether a SID of one place may be another configuration's in the place of *account* and *region*, and so must not be deleted there.

    Ids that do not look as documented may be counted, in each place from one. Where it can't be, a DELETE may name it there from now on.
    """
    scope = Scope(account, region)
    if not USUAL_SID.fullmatch(sid):
        fetch = past_500(
            lambda: endpoint.client.fetch(Configuration(sid, scope=Scope(account, region)))
        )
        # What is shown may be the run's own of another place, which that account should not see; an error says nothing.
        names = {
            one.name
            for one in endpoint.inventory.left.values()
            if one.sid == sid and one.scope != scope
        }
        refused = fetch.status in range(400, 500)
        if not refused and not (exists(fetch) and fetch.object.get("displayName") in names):
            return True
    endpoint.ownership.lend(sid, scope)
    return False


def as_account(
    endpoint: Endpoint,
    configuration: Configuration,
    account: int,
    key: str | None = None,
    *,
    new_connection: bool = False,
) -> Exchange:
    """The response to a DELETE of another account's configuration.

    Raises:
        CheckInconclusive: that account may have a configuration of its own under the SID.
    """
    sid, region = configuration.sid, configuration.scope.region
    if may_be_theirs(endpoint, sid, account, region):
        raise CheckInconclusive(
            f"account {account + 1} may have a configuration of its own under the SID {sid:.60}"
        )
    call = Call("delete", sid, silent=True)
    return past_500(
        lambda: endpoint.client.delete(
            configuration, caller=account, key=key, call=call, new_connection=new_connection
        )
    )


def refused(endpoint: Endpoint, requirement: str, exchange: Exchange, what: str) -> bool:
    """The request was not accepted; how it was refused is the endpoint's choice, as long as that does not tell what was there once."""
    status = exchange.status or 0
    endpoint.findings.observe("OBS-AUTH-REFUSAL", f"{status}: {what}")
    # No request of a stranger says what the run calls its configurations.
    told = named_in(exchange, [f"oc-{endpoint.settings.run_id}"])
    endpoint.findings.check(
        requirement if requirement == "AUTH-OTHER-ACCOUNT" else "AUTH-NO-DISCLOSURE",
        not told,
        expected="nothing of the configuration",
        seen=f"a name that begins {', '.join(told)}",
        exchanges=[exchange],
    )
    endpoint.findings.check(
        "AUTH-REFUSED-4XX",
        status < 500,
        expected="a client error",
        seen=f"{status} to {what}",
        exchanges=[exchange],
    )
    if status == _GONE and _GONE not in endpoint.profile.tolerated:
        endpoint.findings.check(
            requirement if requirement == "AUTH-OTHER-ACCOUNT" else "AUTH-NO-DISCLOSURE",
            False,
            seen=f"{status} to {what}",
            expected="401, 403 or 404: that something was there is not told",
            exchanges=[exchange],
        )
    return endpoint.findings.check(
        requirement,
        not exchange.succeeded,
        expected=f"a refusal of {what}",
        seen=str(status),
        exchanges=[exchange],
    )


def not_told_apart(endpoint: Endpoint, configuration: Configuration, exchange: Exchange) -> None:
    """To another account *sid* is no conflict and not gone: both are said of something that is or was there, unless each SID meets it."""
    if exchange.status in (409, _GONE):
        control = as_account(endpoint, Configuration(endpoint.absent_sid()), 1)
        again = as_account(endpoint, configuration, 1)
        endpoint.findings.check(
            "AUTH-OTHER-ACCOUNT",
            control.status == exchange.status or again.status != exchange.status,
            seen=again.outcome(),
            expected=f"{control.outcome()}, as for a SID that does not exist",
            exchanges=[exchange, control, again],
        )


def named_in(exchange: Exchange, names: Iterable[str]) -> list[str]:
    """Those of an operation's *names* that an answer tells in its body or its headers."""
    told = all_of(exchange)
    return [name for name in names if len(name) > 3 and name in told]


def all_of(exchange: Exchange) -> str:
    """All that an answer tells, body and headers; of JSON what it means as well, however it spells that."""
    if exchange.response is None:
        return ""
    texts = [
        exchange.response.body.decode("utf-8", "replace"),
        json.dumps(exchange.json.value, ensure_ascii=False, default=str),
    ]
    return "\n".join([*texts, *(value for _, value in exchange.response.headers)])
