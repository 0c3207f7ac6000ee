"""Idempotency keys as inputs and in rules: their forms, and what a key may return when it is used again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.contract.limits import HOUR
from orchestrator_contract.effort import EFFORTS, Effort
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.response import Response
from orchestrator_contract.inputs.identifiers import Identifiers, is_well_formed_key
from orchestrator_contract.inputs.key_forms import (
    PLACES,
    other_digit,
    plain_forms,
    uncommon_forms,
)
from orchestrator_contract.inputs.malformed_keys import (
    malformed_keys,
    malformed_keys_of_every_kind,
    schema_instances,
)
from orchestrator_contract.inputs.malformed_sids import malformed_sids
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules import idempotency
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope

KEY = "3f0c9a52-7d1e-4b8a-9c36-51e2d4a7b860"
SID, ABSENT = (f"conv_configuration_0{letter * 25}" for letter in "ab")
FIRST = "op_00000000000001"
NEW_KEY = Identifiers(Random(1), "run").key


def findings() -> Findings:
    """Findings of nothing yet."""
    return Findings(catalogue.load(), Redactor())


def response(
    status: int,
    operation: str = "",
    *,
    sid: str = "sid",
    scope: Scope = DEFAULT_SCOPE,
    **body: Any,
) -> Exchange:
    """The response to a delete; a 202 names an operation."""
    if operation:
        body["statusUrl"] = f"https://target.example/v2/ControlPlane/Operations/{operation}"
    exchange = Exchange(
        Call("delete", sid),
        "DELETE",
        f"https://target.example/v2/ControlPlane/Configurations/{sid}",
        (),
        None,
        datetime(2026, 11, 30, tzinfo=UTC),
        0.0,
        key=KEY,
        account=scope.account,
        region=scope.region,
    )
    exchange.response = Response(status, "", [], json.dumps(body).encode())
    return exchange


def breached(found: Findings) -> list[str]:
    """The requirements that were breached."""
    return [one for one, record in found.records.items() if record.breaches]


# -------------------------------------------------------------------- inputs


@pytest.mark.parametrize("number", [1, 21, 60])
def test_forms_are_well_formed_and_distinct(number: int) -> None:
    """Every form matches the documented pattern, and no two are one key."""
    keys = [*plain_forms(NEW_KEY), *uncommon_forms(NEW_KEY, number)]

    assert all(map(is_well_formed_key, keys))
    assert len({key.lower() for key in keys}) == len(keys) == 4 + number


@pytest.mark.parametrize("place", PLACES.values())
def test_other_digit_differs_in_one_place(place: int) -> None:
    """One digit differs, and the key stays well-formed."""
    other = other_digit(KEY, place)

    assert is_well_formed_key(other)
    assert [n for n in range(36) if other[n] != KEY[n]] == [place]


@pytest.mark.parametrize("number", [2, 23])
def test_malformed_keys_match_no_pattern(number: int) -> None:
    """No malformed key, written or generated, is well-formed."""
    keys = malformed_keys(KEY, Random(1), number)

    assert len(keys) == number
    # An insertion of a hyphen, or of nothing new, never leaves 8-4-4-4-12.
    assert not any(is_well_formed_key(one.value) for one in keys)


@pytest.mark.parametrize("effort", [EFFORTS["standard"], EFFORTS["thorough"]])
def test_written_lists_are_sent_whole(effort: Effort) -> None:
    """No malformed key or SID of the written lists is left to chance."""
    keys = malformed_keys(KEY, Random(1), 1000)
    sids = malformed_sids(SID, ABSENT, Random(1), 1000, "a name")

    assert (len(keys), len(sids)) == (effort.malformed_keys, effort.malformed_sids)
    assert len(malformed_keys_of_every_kind(KEY)) <= effort.malformed_keys


def test_instances_of_the_schema_can_be_sent() -> None:
    """The schema's invalid instances are header values; whitespace at their ends is left out."""
    values = [one.value for one in schema_instances()]

    assert "{" + KEY + "}" in values
    assert "" in values
    assert all(value == value.strip() and value.encode("latin-1") for value in values if value)
    assert values == [one.value for one in malformed_keys_of_every_kind(KEY)][: len(values)]


# -------------------------------------------------------------------- used again


@pytest.mark.parametrize(
    ("again", "requirement"),
    [
        pytest.param({"sid": "other"}, "KEY-REUSE-OTHER-SID", id="another-sid"),
        pytest.param({"scope": Scope(1, 0)}, "KEY-SCOPE-ACCOUNT", id="another-account"),
        pytest.param({"scope": Scope(0, 1)}, "KEY-SCOPE-REGION", id="another-region"),
        pytest.param({"scope": Scope(1, 1)}, "KEY-SCOPE-ACCOUNT", id="both"),
    ],
)
def test_first_operation_breaches_what_the_key_came_with(
    again: dict[str, Any], requirement: str
) -> None:
    """The first operation in response to another request is a breach, by where that was sent."""
    found, first = findings(), response(202, FIRST)

    idempotency.reused(found, first, response(202, FIRST, **again))

    assert breached(found) == [requirement]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param({"status": 202, "operation": "op_00000000000002"}, id="own-operation"),
        pytest.param({"status": 422, "code": 17534}, id="mismatch"),
        pytest.param({"status": 409, "code": 20409}, id="conflict"),
        pytest.param({"status": 404}, id="not-found"),
    ],
)
@pytest.mark.parametrize("scope", [DEFAULT_SCOPE, Scope(1, 0), Scope(0, 1)])
def test_own_response_to_a_reused_key_is_conformant(again: dict[str, Any], scope: Scope) -> None:
    """A refusal and an operation of its own are conformant."""
    found = findings()

    idempotency.reused(found, response(202, FIRST), response(sid="other", scope=scope, **again))

    assert breached(found) == []


@pytest.mark.parametrize(
    ("operation", "breaches"),
    [
        pytest.param(FIRST, ["KEY-SCOPE-ACCOUNT"], id="the-first-operation"),
        pytest.param("op_00000000000002", [], id="an-operation-of-its-own"),
    ],
)
def test_sids_that_are_counted_alike_are_no_evidence(operation: str, breaches: list[str]) -> None:
    """Each account may have its own configuration of one number, which a 202 names."""
    found, related = findings(), {"configurationId": "sid"}
    first = response(202, FIRST, related=related)

    idempotency.reused(found, first, response(202, operation, scope=Scope(1, 0), related=related))

    assert breached(found) == breaches


@pytest.mark.parametrize(
    ("again", "must_accept", "ok"),
    [
        pytest.param(response(404), False, True, id="not-found"),
        pytest.param(response(202, "op_2"), False, True, id="own-operation"),
        pytest.param(response(202, FIRST), False, False, id="old-operation"),
        pytest.param(response(422, code=17534), False, False, id="mismatch"),
        pytest.param(response(409, code=20409), False, True, id="conflict"),
        pytest.param(response(409, code=20409), True, False, id="refused-for-an-idle-one"),
        pytest.param(response(202, "op_2"), True, True, id="accepted-for-an-idle-one"),
    ],
)
def test_expired_key_is_new(again: Exchange, must_accept: bool, ok: bool) -> None:
    """25 hours later the old operation and a mismatch are breaches."""
    found = findings()

    idempotency.expired(found, response(202, FIRST), again, must_accept=must_accept)

    assert breached(found) == ([] if ok else ["KEY-TTL-MAX"])


@pytest.mark.parametrize(
    ("again", "least_h", "most_h", "requirement", "ok"),
    [
        pytest.param(response(202, FIRST), 1, 1, "KEY-TTL-MIN", True, id="young-replays"),
        pytest.param(response(404), 1, 1, "KEY-TTL-MIN", False, id="young-is-new"),
        pytest.param(response(404), 25, 26, "KEY-TTL-MAX", True, id="old-is-new"),
        pytest.param(response(202, FIRST), 25, 26, "KEY-TTL-MAX", False, id="old-replays"),
        pytest.param(
            response(422, code=17534), 25, 26, "KEY-TTL-MAX", False, id="old-counts-as-used"
        ),
        pytest.param(response(404), 23.9, 24.1, "", True, id="between"),
        pytest.param(response(202, FIRST), 24.9, 25.1, "", True, id="answered-past-a-limit"),
    ],
)
def test_key_of_an_earlier_run_is_judged_by_its_age(
    again: Exchange, least_h: float, most_h: float, requirement: str, ok: bool
) -> None:
    """A key replays up to 23 h 55 min, is new from 25 h on, and is observed between."""
    found, original = findings(), dict(response(202, FIRST).documented)

    judged = idempotency.aged_key(found, original, again, least_h * HOUR, most_h * HOUR)

    assert judged == requirement
    assert breached(found) == ([] if ok else [requirement])
    assert bool(found.observations.get("OBS-KEY-24H")) is (not requirement)
