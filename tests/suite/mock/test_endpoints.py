"""The calls of the mock: what they answer and what they do to the world."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator_contract.mock.conversations import SIDS

COLLECTION = "/v2/ControlPlane/Configurations"
UNKNOWN = "conv_configuration_00000000000000000000000000"
VALID = {
    "displayName": "one",
    "description": "",
    "conversationGroupingType": "GROUP_BY_PROFILE",
    "memoryStoreId": "mem_store_01k1etk2y5f1y9fpe2epfdtvv2",
}


def test_life_of_a_configuration(mock: Any) -> None:
    """A configuration appears with its create, stays through a pending delete and then is gone."""
    sid = mock.create(settle=False)
    assert mock.fetch(sid).status == 404
    mock.settle()
    assert mock.fetch(sid).document["id"] == sid

    accepted = mock.delete(sid)

    assert accepted.status == 202
    assert accepted.document["related"] == {"configurationId": sid}
    assert accepted.get("location") == accepted.document["statusUrl"]
    assert accepted.document["statusUrl"].endswith("/" + accepted.get("operation-id"))
    assert accepted.get("retry-after") == "1"
    assert mock.poll(accepted).document["status"] == "PENDING"
    assert mock.fetch(sid).status == 200
    mock.settle()
    ended = mock.poll(accepted).document
    assert ended["status"] == "COMPLETED"
    assert ended["createdAt"] < ended["completedAt"]
    assert mock.fetch(sid).status == 404
    assert mock.delete(sid).status == 404
    assert sid not in mock.call("GET", COLLECTION + "?pageSize=1000").body.decode()


def test_second_delete_conflicts(mock: Any) -> None:
    """While one delete is pending another one is refused and named."""
    sid = mock.create()
    first = mock.delete(sid)

    second = mock.delete(sid)

    assert second.status == 409
    assert second.get("x-conflicting-resource-id") == first.get("operation-id")


@pytest.mark.parametrize(
    ("fault", "code"),
    [("429", 20429), ("500", 20500), ("503", 20503), ("409", 20409)],
    ids=lambda value: str(value),
)
@pytest.mark.parametrize("by", ["header", "sid"])
def test_fault(mock: Any, fault: str, code: int, by: str) -> None:
    """A fault is answered as asked for and leaves everything as it was."""
    sid = (
        mock.create()
        if by == "header"
        else "conv_configuration_0" + f"mockfault{fault}".ljust(25, "0")
    )

    answer = mock.delete(sid, headers={"X-Mock-Fault": fault} if by == "header" else None)

    assert answer.status == int(fault)
    assert answer.document["code"] == code
    assert answer.document["status"] == int(fault)
    assert str(code) in answer.document["more_info"]
    mock.settle()
    assert mock.fetch(sid).status == 200


def test_failing_operation(mock: Any) -> None:
    """The operation fault is accepted, ends FAILED with a problem, and the configuration stays."""
    sid = mock.create()
    accepted = mock.delete(sid, headers={"X-Mock-Fault": "operation"})
    mock.settle()

    ended = mock.poll(accepted).document

    assert (ended["status"], ended["error"]["status"]) == ("FAILED", 500)
    assert mock.fetch(sid).status == 200
    assert mock.delete(sid).status == 202


@pytest.mark.parametrize(
    ("change", "remove"),
    [
        pytest.param({"displayName": "x" * 33}, None, id="name-too-long"),
        pytest.param({"displayName": "new\n"}, None, id="name-with-newline"),
        pytest.param({"description": "x" * 513}, None, id="description-too-long"),
        pytest.param({"conversationGroupingType": "GROUP"}, None, id="unknown-grouping"),
        pytest.param({"statusCallbacks": [{}, {}, {}]}, None, id="three-callbacks"),
        pytest.param({"intelligenceConfigurationIds": ["x"] * 6}, None, id="six-intelligence-ids"),
        pytest.param({"memoryExtractionEnabled": "yes"}, None, id="boolean-as-string"),
        pytest.param({"conversationsV1Bridge": {"serviceId": "IS1"}}, None, id="bad-service-id"),
        pytest.param({}, "memoryStoreId", id="no-memory-store"),
    ],
)
def test_bad_payload(mock: Any, change: dict[str, Any], remove: str | None) -> None:
    """A payload that breaks S2 creates nothing and is refused with a product code."""
    payload = {**VALID, **change}
    payload.pop(remove or "", None)

    answer = mock.call("POST", COLLECTION, body=payload)

    assert answer.status == 400
    assert answer.document["code"] == 530001


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b'{"displayName": NaN}', b"[" * 100_000]
)
def test_payload_that_is_no_object(mock: Any, body: bytes) -> None:
    """A body that is no JSON object is refused, however deep or broken."""
    assert mock.call("POST", COLLECTION, body=body).document["code"] == 530003


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_update(mock: Any, method: str) -> None:
    """An update is accepted, counts the version up and keeps the SID."""
    sid = mock.create()

    answer = mock.call(method, f"{COLLECTION}/{sid}", body={**VALID, "displayName": "two"})

    assert answer.status == 202
    fetched = mock.fetch(sid).document
    assert (fetched["displayName"], fetched["version"]) == ("two", 2)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda sid: sid.upper(), id="upper-case"),
        pytest.param(lambda sid: sid + "%20", id="trailing-space"),
        pytest.param(lambda sid: "%20" + sid, id="leading-space"),
        pytest.param(lambda sid: sid + "%00", id="nul"),
        pytest.param(lambda sid: sid[:-1], id="prefix"),
        pytest.param(lambda sid: sid[:-1] + "%2A", id="wildcard"),
        pytest.param(lambda sid: sid + ".json", id="suffix"),
        pytest.param(lambda sid: "x%2F..%2F" + sid, id="encoded-traversal"),
        pytest.param(lambda sid: "x/../" + sid, id="traversal"),
        pytest.param(lambda sid: "%ff" + sid, id="no-utf-8"),
        pytest.param(lambda sid: sid.replace("c", "%2563", 1), id="encoded-twice"),
        pytest.param(lambda sid: "", id="empty"),
        pytest.param(lambda sid: sid + "/", id="trailing-slash"),
    ],
)
def test_odd_sid(mock: Any, change: Any) -> None:
    """A segment that is not exactly a SID is not found, and nothing is deleted."""
    sid = mock.create()

    answer = mock.delete(change(sid))

    assert answer.status == 404
    mock.settle()
    assert mock.fetch(sid).status == 200


def test_percent_encoded_sid(mock: Any) -> None:
    """A SID may be percent-encoded: decoded once it is the same SID."""
    sid = mock.create()

    assert mock.delete("%63" + sid[1:]).status == 202


def test_overlong_sid(mock: Any) -> None:
    """Beyond 2000 bytes the length alone is refused."""
    assert mock.delete("x" * 2000).status == 404
    assert mock.delete("x" * 2001).status == 414


@pytest.mark.parametrize(
    ("headers", "account"),
    [
        pytest.param({}, 0, id="none"),
        pytest.param({"Authorization": "Basic eDp5"}, 0, id="unknown-user"),
        pytest.param({"Authorization": "Basic ***"}, 0, id="not-base64"),
        pytest.param({"Authorization": "Bearer eDp5"}, 0, id="other-scheme"),
        pytest.param({"Authorization": "Basic eDp5"}, 1, id="two-headers"),
    ],
)
def test_bad_credentials(mock: Any, headers: dict[str, str], account: int) -> None:
    """Without good credentials the answer is 401 and says nothing about the SID."""
    sid = mock.create()

    answer = mock.delete(sid, headers=headers, account=account)

    assert (answer.status, answer.document["code"]) == (401, 20003)
    assert answer.body == mock.delete(UNKNOWN, headers=headers, account=account).body
    mock.settle()
    assert mock.fetch(sid).status == 200


@pytest.mark.parametrize(
    ("account", "region"), [(2, 0), (1, 1)], ids=["other-account", "other-region"]
)
def test_isolation(mock: Any, account: int, region: int) -> None:
    """Another account, or the same one in another region, finds neither configuration nor operation."""
    sid = mock.create()
    accepted = mock.delete(sid)

    assert mock.delete(sid, account=account, region=region).body == mock.delete(UNKNOWN).body
    assert mock.fetch(sid, account=account, region=region).status == 404
    assert mock.poll(accepted, account=account, region=region).status == 404


def test_operations_are_kept_seven_days(mock: Any) -> None:
    """An operation can be asked for until seven days after its end."""
    accepted = mock.delete(mock.create())
    mock.advance(7 * 86_400 - 5)
    assert mock.poll(accepted).status == 200

    mock.advance(10)

    assert mock.poll(accepted).status == 404


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", f"{COLLECTION}/{UNKNOWN}", "GET, HEAD, PUT, PATCH, DELETE"),
        ("DELETE", COLLECTION, "GET, HEAD, POST"),
        ("DELETE", "/v2/ControlPlane/Operations/x", "GET, HEAD"),
    ],
    ids=["item", "collection", "operation"],
)
def test_wrong_method(mock: Any, method: str, path: str, allow: str) -> None:
    """A method that a path does not have is 405 and names those it has."""
    answer = mock.call(method, path)

    assert (answer.status, answer.get("allow")) == (405, allow)


def test_conversation_is_deleted_like_a_configuration(mock: Any) -> None:
    """A conversation goes when its operation ends; the key replays, related has its id, and the next delete is 404."""
    path, key = f"/v2/Conversations/{SIDS[3]}", "3b7d4c58-3b7d-4c58-9a52-0d6f4be1c7ab"
    assert mock.call("GET", path).document["id"] == SIDS[3]

    accepted = mock.call("DELETE", path, key=key)

    assert (accepted.status, accepted.document["related"]) == (202, {"conversationId": SIDS[3]})
    assert mock.call("DELETE", path).status == 409
    mock.settle()
    assert mock.poll(accepted).document["status"] == "COMPLETED"
    assert [mock.call(method, path).status for method in ("GET", "DELETE")] == [404, 404]
    assert mock.call("DELETE", path, key=key).body == accepted.body
    assert mock.call("GET", path, account=2).status == 200


def test_unknown_path(mock: Any) -> None:
    """A path that leads nowhere is a JSON 404."""
    assert mock.call("GET", "/nowhere").document["status"] == 404


def test_rate_limit(drive: Any) -> None:
    """An empty bucket answers 429 with Retry-After, for its own account only."""
    limited = drive(rate_limit=0.001, retry_after=7)
    assert limited.delete(UNKNOWN).status == 404

    answer = limited.delete(UNKNOWN)

    assert (answer.status, answer.get("retry-after"), answer.document["code"]) == (429, "7", 20429)
    assert limited.delete(UNKNOWN, account=2).status == 404


def test_clock_moves_every_region(mock: Any) -> None:
    """The clock needs no credentials and moves forward only."""
    sid = mock.create(region=1)
    accepted = mock.delete(sid, region=1)

    assert mock.call("POST", "/__clock", body={"seconds": 86401}, account=0).status == 200

    assert mock.poll(accepted, region=1).document["status"] == "COMPLETED"
    refused: list[Any] = [
        {"seconds": -1},
        {"seconds": "x"},
        {"seconds": True},
        {"seconds": 1e300},
        [],
        {},
    ]
    for bad in refused:
        assert mock.call("POST", "/__clock", body=bad).status == 400
