"""The mock as a real account: what --like-twilio and each variant of it do, over HTTP."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from orchestrator_contract.mock.settings import DEFAULT_SECRETS, DEFAULT_USERS, credentials_of
from orchestrator_contract.mock.variants.real_account import LIKE_TWILIO

COLLECTION = "/v2/ControlPlane/Configurations"
UNKNOWN = f"{COLLECTION}/conv_configuration_00000000000000000000000000"
FAST = ("--time-scale", "0.01")

Serve = Callable[..., Any]


@pytest.fixture
def twilio(serve: Serve) -> Any:
    """A mock like Twilio's, a hundred times as fast."""
    return serve("--like-twilio", *FAST)


# -- the preset -----------------------------------------------------------------------------------


def test_lifecycle(twilio: Any) -> None:
    """A configuration is created, found by its name, deleted and not found."""
    sid = twilio.create("one")

    accepted = twilio.call("DELETE", f"{COLLECTION}/{sid}")
    operation = twilio.operation(accepted)

    assert operation["status"] == "COMPLETED"
    assert operation["related"] == {"configurationId": sid}
    assert twilio.call("GET", f"{COLLECTION}/{sid}").status_code == 404
    assert "one" not in twilio.listed()


def test_profile_is_plain(twilio: Any) -> None:
    """The profile has one account in one region, and no way to provoke anything."""
    assert set(twilio.profile) == {"target", "accounts", "provision", "limits"}
    assert twilio.profile["accounts"] == [
        {"username_env": "MOCK_USER_1", "password_env": "MOCK_PASSWORD_1"}
    ]
    assert twilio.profile["provision"]["memory_store_id"] == twilio.store()
    assert twilio.regions == []


def test_second_account_is_off(twilio: Any) -> None:
    """The second account is not let in until it is asked for."""
    answer = twilio.call("GET", COLLECTION, auth=(DEFAULT_USERS[1], DEFAULT_SECRETS[1]))

    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


def test_owner_has_configurations(twilio: Any) -> None:
    """Two configurations are there from the start, and the first shows twenty callbacks."""
    found = twilio.listed()

    assert len(found) == 2
    assert [len(one["statusCallbacks"]) for one in found.values()] == [20, 1]


def test_nothing_can_be_provoked(twilio: Any) -> None:
    """The fault header and the clock are unknown."""
    sid = twilio.create()

    accepted = twilio.call("DELETE", f"{COLLECTION}/{sid}", headers={"X-Mock-Fault": "429"})

    assert twilio.operation(accepted)["status"] == "COMPLETED"
    assert twilio.call("POST", "/__clock", json={"seconds": 60}).status_code == 404


@pytest.mark.parametrize("name", LIKE_TWILIO)
def test_without(serve: Serve, name: str) -> None:
    """Each variant can be left out, and the account still works."""
    mock = serve("--like-twilio", "--without", name, "--time-scale", "0.001")

    sid = mock.create()

    deleted = mock.operation(mock.call("DELETE", f"{COLLECTION}/{sid}"), 20)
    assert deleted["status"] == "COMPLETED"


def test_a_named_variant_comes_first(serve: Serve) -> None:
    """A variant that is named beside the preset says how its dimension is."""
    mock = serve(
        "--like-twilio",
        *FAST,
        "--owned",
        "10",
        "--variant",
        "room-full-403,edge-html-400",
    )

    assert mock.post().status_code == 403
    assert mock.call("GET", f"{COLLECTION}/a%20b").status_code == 400


# -- pace -----------------------------------------------------------------------------------------


def test_answers_take_their_time(serve: Serve) -> None:
    """An answer takes 30 to 80 ms."""
    mock = serve("--variant", "responses-30-80-ms")
    mock.call("GET", UNKNOWN)

    for _ in range(5):
        started = time.monotonic()
        mock.call("GET", UNKNOWN)
        assert time.monotonic() - started >= 0.03


def test_deletes_take_their_time(serve: Serve) -> None:
    """The response to a DELETE takes 80 ms, times the scale."""
    mock = serve("--variant", "delete-responses-80-ms", "--time-scale", "2")
    started = time.monotonic()

    mock.call("DELETE", UNKNOWN)

    assert time.monotonic() - started >= 0.16


@pytest.mark.parametrize(
    ("variant", "failures", "retry_after"),
    [("locks-out", 6, "4"), ("locks-out-long", 3, "600"), ("locks-out-unsaid", 10, None)],
)
def test_failed_log_ins_lock_out(
    serve: Serve, variant: str, failures: int, retry_after: str | None
) -> None:
    """After some failed log-ins bad credentials get a 429, and good ones do not."""
    mock = serve("--variant", variant)
    bad = (DEFAULT_USERS[0], "wrong")

    answers = [mock.call("DELETE", UNKNOWN, auth=bad) for _ in range(failures + 1)]

    assert [one.status_code for one in answers] == [401] * failures + [429]
    assert answers[-1].headers.get("Retry-After") == retry_after
    assert mock.call("GET", COLLECTION).status_code == 200


@pytest.mark.parametrize(
    ("variant", "method", "least"),
    [("creates-2-6-s", "POST", 0.2), ("deletes-1-5-s", "DELETE", 0.1)],
)
def test_operations_take_their_time(serve: Serve, variant: str, method: str, least: float) -> None:
    """An operation takes as long as its variant says, times the scale."""
    mock = serve("--variant", variant, "--time-scale", "0.1")
    sid = mock.create()

    started = time.monotonic()
    accepted = mock.post("two") if method == "POST" else mock.call(method, f"{COLLECTION}/{sid}")
    mock.operation(accepted)

    assert time.monotonic() - started >= least


# -- where a create names its id
# --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "in_202", "in_operation"),
    [
        pytest.param((), True, True, id="everywhere"),
        pytest.param(("--variant", "create-id-in-202"), True, False, id="in-202"),
        pytest.param(("--variant", "create-id-in-operation"), False, True, id="in-operation"),
        pytest.param(("--variant", "create-id-nowhere"), False, False, id="nowhere"),
        pytest.param(
            ("--variant", "operation-result,create-id-nowhere"), False, False, id="no-result"
        ),
        pytest.param(
            ("--variant", "create-id-nowhere,operation-result"), False, False, id="result-stripped"
        ),
    ],
)
def test_create_names_its_id(
    serve: Serve, options: tuple[str, ...], in_202: bool, in_operation: bool
) -> None:
    """The id is where it is said to be, in no other place, and the list always has it."""
    mock = serve(*options)
    accepted = mock.post()
    operation = mock.operation(accepted)
    sid = mock.listed()["one"]["id"]

    assert (sid in accepted.text) == in_202
    assert (sid in str(operation)) == in_operation
    assert sid not in str(accepted.headers)


# -- names and room -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "outcome"),
    [("names-unique", "409"), ("names-unique-400", "400"), ("namesake-fails", "FAILED")],
)
def test_names_are_unique(serve: Serve, variant: str, outcome: str) -> None:
    """A name is taken from its create until its delete has ended, and then free."""
    mock = serve("--variant", variant, "--operation-seconds", "0.3")

    def refused() -> str:
        answer = mock.post()
        if answer.status_code == 202:
            return str(mock.operation(answer)["status"])
        return str(answer.status_code)

    sid = mock.create()
    assert refused() == outcome
    deleted = mock.call("DELETE", f"{COLLECTION}/{sid}")
    assert refused() == outcome
    mock.operation(deleted)
    assert refused() == "COMPLETED"


def test_name_of_another(serve: Serve) -> None:
    """An update can't take another configuration's name, and may keep its own."""
    mock = serve("--variant", "names-unique")
    sid, _ = mock.create("one"), mock.create("two")

    answers = [
        mock.call("PATCH", f"{COLLECTION}/{sid}", json={"displayName": name})
        for name in ("two", "one")
    ]

    assert [one.status_code for one in answers] == [409, 202]


@pytest.mark.parametrize(
    ("variant", "outcome"),
    [
        ("room-for-ten", "409"),
        ("room-full-400", "400"),
        ("room-full-403", "403"),
        ("room-full-429", "429"),
        ("room-full-fails", "FAILED"),
    ],
)
def test_room(serve: Serve, variant: str, outcome: str) -> None:
    """An account is full with ten, its owner's among them, until one has ended."""
    mock = serve("--variant", f"{variant},owned-configurations", "--owned", "9")
    sid = mock.create()

    answer = mock.post("two")

    if outcome == "FAILED":
        assert mock.operation(answer)["status"] == "FAILED"
        assert "as many configurations as it may" in mock.operation(answer)["error"]["detail"]
    else:
        assert str(answer.status_code) == outcome
        assert "as many configurations as it may" in answer.json()["message"]
    mock.operation(mock.call("DELETE", f"{COLLECTION}/{sid}"))
    assert mock.operation(mock.post("three"))["status"] == "COMPLETED"


def test_other_room(serve: Serve) -> None:
    """--room says how many an account holds."""
    mock = serve("--variant", "room-for-ten", "--room", "1")

    assert [mock.post(name).status_code for name in ("one", "two")] == [202, 409]


# -- updates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "status"), [("patch-404", 404), ("patch-405", 405), ("patch-501", 501)]
)
def test_patch_is_unknown(serve: Serve, variant: str, status: int) -> None:
    """PATCH is refused and changes nothing; a 405 says what there is in its place."""
    mock = serve("--variant", variant)
    sid = mock.create()

    answer = mock.call("PATCH", f"{COLLECTION}/{sid}", json={"description": "new"})

    assert answer.status_code == status
    assert status != 405 or answer.headers["Allow"] == "GET, HEAD, PUT, DELETE"
    assert mock.listed()["one"]["version"] == 1


def test_put_needs_channel_settings(serve: Serve) -> None:
    """A PUT without channelSettings is a 400; one with them resets what it leaves out."""
    mock = serve("--variant", "put-needs-channel-settings")
    sid = mock.create(memoryExtractionEnabled=True)
    shown = mock.listed()["one"]
    body = {
        name: shown[name] for name in ("description", "conversationGroupingType", "memoryStoreId")
    }

    refused = mock.call("PUT", f"{COLLECTION}/{sid}", json=body)
    accepted = mock.call("PUT", f"{COLLECTION}/{sid}", json={**body, "channelSettings": {}})

    assert (refused.status_code, accepted.status_code) == (400, 202)
    assert "channelSettings" in refused.json()["message"]
    assert "memoryExtractionEnabled" not in mock.listed()["one"]
    assert mock.listed()["one"]["version"] == 2


@pytest.mark.parametrize(
    ("variant", "grouping", "status"),
    [
        ("grouping-fixed", "GROUP_BY_PROFILE", 202),
        ("grouping-fixed", "GROUP_BY_PARTICIPANT_ADDRESSES", 400),
        ("put-grouping-400", "GROUP_BY_PROFILE", 400),
    ],
)
def test_grouping_type(serve: Serve, variant: str, grouping: str, status: int) -> None:
    """The grouping type of a configuration stays what it was."""
    mock = serve("--variant", variant)
    sid = mock.create()
    body = {**mock.listed()["one"], "conversationGroupingType": grouping}

    answer = mock.call("PUT", f"{COLLECTION}/{sid}", json=body)

    assert answer.status_code == status
    assert mock.listed()["one"]["conversationGroupingType"] == "GROUP_BY_PROFILE"


def test_bridged(serve: Serve) -> None:
    """A configuration that a service is bridged to stays, until it is not."""
    bridge = {"conversationsV1Bridge": {"serviceId": "IS" + "0" * 32}}
    held, fails = serve("--variant", "bridged-409"), serve("--variant", "bridged-fails")
    path, other = (f"{COLLECTION}/{mock.create(**bridge)}" for mock in (held, fails))

    assert held.call("DELETE", path).status_code == 409
    held.operation(held.call("PATCH", path, json={"conversationsV1Bridge": {}}))
    assert held.operation(held.call("DELETE", path))["status"] == "COMPLETED"
    assert fails.operation(fails.call("DELETE", other))["status"] == "FAILED"


# -- credentials, stores, accounts, regions
# ---------------------------------------------------------


def test_each_region_has_its_own(serve: Serve) -> None:
    """Credentials and stores of one region are refused in another, with what the profile names."""
    mock = serve("--like-twilio", *FAST, "--regions", "2", "--accounts", "2")
    away = mock.regions[0]
    [region] = mock.profile["regions"]
    named = region["accounts"]

    refused = mock.call("GET", COLLECTION, away)
    assert (refused.status_code, refused.json()["code"]) == (401, 20003)

    mock.session.auth = credentials_of(1, 1, {})
    assert mock.call("GET", COLLECTION).status_code == 401
    assert mock.post("away", away).status_code == 400
    assert mock.create("away", away, memoryStoreId=named[0]["memory_store_id"])
    assert named[0]["username_env"] == "MOCK_USER_1_REGION_2"
    assert named[1]["memory_store_id"] == mock.store(2, 1)


@pytest.mark.parametrize(
    ("variant", "outcome"),
    [("stores-own", "400"), ("stores-own-404", "404"), ("stores-own-fails", "FAILED")],
)
def test_store_is_the_accounts_own(serve: Serve, variant: str, outcome: str) -> None:
    """A create with another account's store is refused, and so is an update to it."""
    mock = serve("--variant", variant)
    sid = mock.create()

    answer = mock.post("two", memoryStoreId=mock.store(2))
    update = mock.call("PATCH", f"{COLLECTION}/{sid}", json={"memoryStoreId": mock.store(2)})

    seen = mock.operation(answer)["status"] if answer.status_code == 202 else answer.status_code
    assert str(seen) == outcome
    assert update.status_code == 400
    assert set(mock.listed()) == {"one"}


def test_bearer(serve: Serve) -> None:
    """A token works like Basic for an hour; an unknown one does not."""
    mock = serve("--variant", "bearer-too")
    form = {
        "grant_type": "client_credentials",
        "client_id": DEFAULT_USERS[0],
        "client_secret": DEFAULT_SECRETS[0],
    }
    given = requests.post(f"{mock.base_url}/v2/token", data=form, timeout=10).json()

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(mock.base_url + COLLECTION, headers=headers, timeout=10).status_code

    assert mock.call("GET", COLLECTION).status_code == 200
    assert [status(one) for one in ("mock-token-1", given["access_token"], "x")] == [200, 200, 401]
    mock.call("POST", "/__clock", json={"seconds": given["expires_in"] + 1})
    assert [status(one) for one in ("mock-token-1", given["access_token"])] == [200, 401]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}, 401),
        ({"grant_type": "password"}, 400),
    ],
    ids=["wrong-secret", "other-grant"],
)
def test_no_token(serve: Serve, form: dict[str, str], status: int) -> None:
    """Wrong credentials or another grant get no token."""
    mock = serve("--variant", "bearer-too")

    answer = requests.post(f"{mock.base_url}/v2/token", data=form, timeout=10)

    assert answer.status_code == status
    assert "access_token" not in answer.json()


def test_bearer_only(serve: Serve) -> None:
    """Basic is refused, the token is taken, and the profile names the token's variable."""
    mock = serve("--like-twilio", *FAST, "--variant", "bearer-only")

    refused = mock.call("GET", COLLECTION)
    mock.session.auth = lambda request: (
        request.headers.update({"Authorization": "Bearer mock-token-1"}) or request
    )

    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert mock.call("GET", COLLECTION).status_code == 200
    assert mock.profile["accounts"] == [{"token_env": "MOCK_TOKEN_1"}]


@pytest.mark.parametrize("code", [20003, 20403, 70051])
def test_credentials_are_refused_with_403(serve: Serve, code: int) -> None:
    """A 403 has one of the codes that have been seen with it."""
    mock = serve("--variant", f"credentials-403-{code}")

    answer = mock.call("GET", COLLECTION, auth=("x", "y"))

    assert (answer.status_code, answer.json()["code"]) == (403, code)


# -- the edge -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{COLLECTION}/a%20b", 403),
        (f"{COLLECTION}/%00", 403),
        (f"{COLLECTION}/'", 403),
        (f"/{COLLECTION}", 403),
        (f"{COLLECTION}/{'x' * 1100}", 414),
    ],
    ids=["space", "nul", "quote", "two-slashes", "long"],
)
def test_edge(twilio: Any, path: str, status: int) -> None:
    """An odd path is answered by the edge, with HTML and its headers, before the service."""
    answer = twilio.call("DELETE", path, auth=("x", "y"))

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["X-Cache"] == "Error from cloudfront"
    assert answer.headers["X-Amz-Cf-Id"] in answer.text
    assert "twilio-request-id" not in answer.headers


def test_headers(twilio: Any) -> None:
    """An answer of the service passed the edge, and has the service's own headers."""
    answer = twilio.call("GET", COLLECTION)

    assert answer.headers["X-Cache"] == "Miss from cloudfront"
    assert answer.headers["Via"].endswith(".cloudfront.net (CloudFront)")
    assert answer.headers["twilio-request-id"].startswith("RQ")
    assert answer.headers["Twilio-Concurrent-Requests"] == "1"


def test_in_flight(serve: Serve) -> None:
    """A request beyond the concurrency limit gets a 429 without Retry-After."""
    mock = serve("--like-twilio", "--time-scale", "2", "--in-flight", "3")
    answers: list[requests.Response] = []

    def create(number: int) -> None:
        with requests.Session() as session:
            session.auth = mock.session.auth
            body = {
                "displayName": f"name {number}",
                "description": "",
                "conversationGroupingType": "GROUP_BY_PROFILE",
                "memoryStoreId": mock.store(),
            }
            answers.append(session.post(mock.base_url + COLLECTION, json=body, timeout=10))

    threads = [threading.Thread(target=create, args=(number,)) for number in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    refused = [one for one in answers if one.status_code == 429]
    assert refused
    assert all("Retry-After" not in one.headers for one in refused)
    assert all(one.headers["Twilio-Concurrent-Requests"] == "3" for one in refused)
    accepted = [one for one in answers if one.status_code == 202]
    assert len(accepted) + len(refused) == 12
    assert mock.call("GET", COLLECTION).status_code == 200


@pytest.mark.parametrize("most", [5, 100])
def test_connection_ends(serve: Serve, most: int) -> None:
    """The last response on a connection says that it is that."""
    mock = serve("--variant", f"connections-{most}")

    said = [mock.call("GET", UNKNOWN).headers.get("Connection") for _ in range(most + 1)]

    assert [number for number, one in enumerate(said) if one == "close"] == [most - 1]


def test_connection_ends_unsaid(serve: Serve, tmp_path: Path) -> None:
    """After the hundredth response the connection is closed, though the response does not say so."""
    log = tmp_path / "requests.jsonl"
    mock = serve("--variant", "connections-100-unsaid", "--log", str(log))

    said = [mock.call("GET", UNKNOWN).headers.get("Connection") for _ in range(100)]
    with contextlib.suppress(requests.ConnectionError):  # it may still look open
        mock.call("GET", UNKNOWN)
    mock.call("GET", UNKNOWN)

    connections = [json.loads(line)["connection"] for line in log.read_text().splitlines()]
    assert said == [None] * 100
    assert connections.count(connections[0]) == 100
    assert connections[-1] != connections[0]


def test_connection_ends_after_401(serve: Serve) -> None:
    """A 401 is the last answer on its connection."""
    mock = serve("--variant", "closes-after-401")

    said = [mock.call("GET", UNKNOWN, auth=auth) for auth in (("x", "y"), mock.session.auth)]

    assert [one.headers.get("Connection") for one in said] == ["close", None]
