"""Idempotency keys of the mock: scope, lifetime, replays, and requests at the same time."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.messages import Request

COLLECTION = "/v2/ControlPlane/Configurations"
KEY = "6f1c0e9a-3b7d-4c58-9a52-0d6f4be1c7ab"


def test_replay_is_the_stored_answer(mock: Any) -> None:
    """A second use gets status, headers and body of the first, also after the end."""
    sid = mock.create()
    first = mock.delete(sid, key=KEY)

    while_pending = mock.delete(sid, key=KEY)
    mock.settle()
    after = mock.delete(sid, key=KEY)

    for replay in (while_pending, after):
        assert (replay.status, replay.headers, replay.body) == (
            first.status,
            first.headers,
            first.body,
        )
    assert (
        len(
            [
                one
                for one in mock.behaviour.world.partition(1, 0).operations.values()
                if one.kind == "delete"
            ]
        )
        == 1
    )


def test_other_request_is_refused(mock: Any) -> None:
    """A key that was used for one request does nothing for another."""
    first, second = mock.create(), mock.create()
    mock.delete(first, key=KEY)

    answer = mock.delete(second, key=KEY)

    assert (answer.status, answer.document["code"]) == (422, 17534)
    assert mock.delete(second, key=KEY, body=b"{}").status == 422
    mock.settle()
    assert mock.fetch(second).status == 200


@pytest.mark.parametrize(
    ("account", "region"), [(2, 0), (1, 1)], ids=["other-account", "other-region"]
)
def test_scope(mock: Any, account: int, region: int) -> None:
    """Another account, or the same one in another region, has keys of its own."""
    first = mock.delete(mock.create(), key=KEY)
    other = mock.create(account=account, region=region)

    answer = mock.delete(other, key=KEY, account=account, region=region)

    assert answer.status == 202
    assert answer.get("operation-id") != first.get("operation-id")


@pytest.mark.parametrize(
    ("seconds", "status"),
    [pytest.param(86_395, 202, id="just-before"), pytest.param(86_405, 404, id="just-after")],
)
def test_lifetime(mock: Any, seconds: float, status: int) -> None:
    """A key lives 24 hours from its first use; replays in between do not prolong it."""
    sid = mock.create()
    mock.delete(sid, key=KEY)
    mock.advance(seconds / 2)
    assert mock.delete(sid, key=KEY).status == 202

    mock.advance(seconds / 2)

    assert mock.delete(sid, key=KEY).status == status


@pytest.mark.parametrize(
    "key",
    [
        "",
        "{" + KEY + "}",
        "urn:uuid:" + KEY,
        KEY.replace("-", ""),
        KEY[:-1],
        KEY + "0",
        KEY + "\n",
        KEY[:-1] + "\xb2",
        f'"{KEY}"',
        f"{KEY}, {KEY}",
    ],
    ids=[
        "empty",
        "braces",
        "urn",
        "bare",
        "short",
        "long",
        "newline",
        "superscript",
        "quoted",
        "list",
    ],
)
def test_malformed_key(mock: Any, key: str) -> None:
    """A key that breaks the pattern is refused, and nothing is deleted."""
    sid = mock.create()

    answer = mock.delete(sid, key=key)

    assert (answer.status, answer.document["code"]) == (400, 530002)
    assert mock.delete(sid).status == 202


@pytest.mark.parametrize(
    "key",
    [
        str(uuid.UUID(int=0)),
        str(uuid.UUID(int=2**128 - 1)),
        KEY.upper(),
        "c3ec0a02-e786-11f1-8a61-02fc00000001",
    ],
)
def test_every_uuid_is_a_key(mock: Any, key: str) -> None:
    """Nil, max, capitals and any version are accepted and replayed."""
    sid = mock.create()

    assert mock.delete(sid, key=key).body == mock.delete(sid, key=key).body


def test_two_key_lines(mock: Any) -> None:
    """Two lines are malformed, even with the same key."""
    request = mock.request(
        "DELETE", f"{COLLECTION}/{mock.create()}", key=KEY, headers={"Idempotency-Key": KEY}
    )

    assert mock.send(request)[0].status == 400


def test_refusals_are_not_stored(mock: Any) -> None:
    """After a fault the same key is processed."""
    sid = mock.create()
    for fault in ("429", "500", "503", "409"):
        assert mock.delete(sid, key=KEY, headers={"X-Mock-Fault": fault}).status == int(fault)

    assert mock.delete(sid, key=KEY).status == 202


def test_create_is_replayed(mock: Any) -> None:
    """A create under a key makes one configuration."""
    assert mock.create(key=KEY) == mock.create(key=KEY)


class Slow(Behaviour):
    """Takes its time between reserving the key and acting."""

    async def before_action(self, request: Request) -> None:
        """Gives every other request a turn."""
        await asyncio.sleep(0.01)


def test_concurrent_uses_make_one_operation(drive: Any) -> None:
    """Uses at the same time wait for the first and get its answer."""
    slow = drive(Slow)
    sid = slow.create()
    requests = [slow.request("DELETE", f"{COLLECTION}/{sid}", key=KEY) for _ in range(10)]

    answers = slow.send(*requests)

    assert {answer.status for answer in answers} == {202}
    assert len({answer.get("operation-id") for answer in answers}) == 1


def test_waiting_use_is_processed_when_the_first_was_refused(drive: Any) -> None:
    """A use that waited for a refused one is processed itself."""
    slow = drive(Slow)
    path = f"{COLLECTION}/{slow.create()}"

    answers = slow.send(
        slow.request("DELETE", path, key=KEY, headers={"X-Mock-Fault": "429"}),
        slow.request("DELETE", path, key=KEY),
    )

    assert [answer.status for answer in answers] == [429, 202]
