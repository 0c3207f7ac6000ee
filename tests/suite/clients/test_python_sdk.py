"""Twilio's official Python SDK against the mock: what works, and the key that 9.13.0 drops."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import twilio
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from twilio.rest.conversations.v2.configuration import ConfigurationList

from orchestrator_contract.mock.faults import reserved_sid

SID_429 = reserved_sid("429")
PAYLOAD = {
    "displayName": "one",
    "description": "",
    "conversationGroupingType": "GROUP_BY_PROFILE",
    "memoryStoreId": "mem_store_01k1etk2y5f1y9fpe2epfdtvv2",
}
PUBLIC = "https://conversations.twilio.com"


class Redirected(TwilioHttpClient):  # type: ignore[misc]  # the SDK brings no types
    """The SDK's own HTTP client, with another origin and nothing else changed; keeps what was sent."""

    def __init__(self, origin: str) -> None:
        super().__init__(timeout=10)
        self._origin = origin
        self.sent: list[tuple[str, dict[str, str]]] = []

    def request(self, method: str, url: str, *rest: Any, **named: Any) -> Any:
        """Send to the mock what would have gone to Twilio."""
        assert url.startswith(PUBLIC + "/")
        answer = super().request(method, self._origin + url.removeprefix(PUBLIC), *rest, **named)
        self.sent.append((method, dict(named.get("headers") or {})))
        return answer


def sdk(mock: Any) -> tuple[Any, Redirected]:
    """The SDK's conversations v2 domain, and the HTTP client below it."""
    transport = Redirected(mock.base_url)
    return Client(*mock.auth, http_client=transport).conversations.v2, transport


def create(v2: Any, name: str = "one", key: str | None = None) -> Any:
    """A configuration, created through the SDK and ready to be used."""
    request = ConfigurationList.CreateConfigurationRequest({**PAYLOAD, "displayName": name})
    made = v2.configurations.create(
        idempotency_key=key or str(uuid.uuid4()), create_configuration_request=request
    )
    finish(v2, made.status_url)
    return made.related["configurationId"]


def finish(v2: Any, status_url: str) -> Any:
    """Poll the operation through the SDK until it ends."""
    context = v2.operations(status_url.rpartition("/")[2])
    for _ in range(100):
        operation = context.fetch()
        if operation.status in ("COMPLETED", "FAILED"):
            return operation
        time.sleep(0.05)
    raise AssertionError("the operation did not end")


def test_whole_life(judging: Callable[..., Any]) -> None:
    """Create, fetch, update, list by page, delete and poll all work through the SDK's own classes."""
    mock = judging("--retry-after", "0")
    v2, _ = sdk(mock)
    sids = [create(v2, f"number {number}") for number in range(5)]

    assert v2.configurations(sids[0]).fetch().display_name == "number 0"
    update = ConfigurationList.UpdateConfigurationRequest({**PAYLOAD, "displayName": "renamed"})
    changed = v2.configurations(sids[0]).update(
        idempotency_key=str(uuid.uuid4()), update_configuration_request=update
    )
    assert finish(v2, changed.status_url).status == "COMPLETED"
    assert v2.configurations(sids[0]).fetch().display_name == "renamed"

    page = v2.configurations.page(page_size=2, memory_store_id=PAYLOAD["memoryStoreId"])
    listed = [one.id for one in page]
    assert len(listed) == 2
    while (page := page.next_page()) is not None:
        listed += [one.id for one in page]
    assert listed == sids

    for sid in sids:
        accepted = v2.configurations(sid).delete_with_http_info()
        assert accepted.status_code == 202
        assert finish(v2, accepted.headers["location"]).status == "COMPLETED"
        with pytest.raises(TwilioRestException) as gone:
            v2.configurations(sid).fetch()
        assert (gone.value.status, gone.value.code) == (404, 20404)
    assert v2.configurations.list(memory_store_id=PAYLOAD["memoryStoreId"]) == []


def test_delete_drops_the_key(judging: Callable[..., Any]) -> None:
    """twilio 9.13.0 is given a key for a delete and sends none; the judge says so, and only that."""
    assert twilio.__version__ == "9.13.0"
    mock = judging("--retry-after", "0")
    v2, transport = sdk(mock)
    sid = create(v2)
    key = str(uuid.uuid4())

    accepted = v2.configurations(sid).delete_with_http_info(idempotency_key=key)
    finish(v2, accepted.headers["location"])

    sent = next(headers for method, headers in transport.sent if method == "DELETE")
    assert "Idempotency-Key" not in sent
    assert mock.found() == {"CLIENT-KEY-MISSING": 1}
    (row,) = mock.report()["findings"]
    assert sid in row["examples"][0]["request"]
    assert "CLIENT-KEY-MISSING once" in mock.stop()


@pytest.mark.parametrize("call", ["create", "update"])
def test_other_calls_send_the_key(judging: Callable[..., Any], call: str) -> None:
    """Create and update send the key they are given, so that only the delete is defective."""
    mock = judging("--retry-after", "0")
    v2, transport = sdk(mock)
    key = str(uuid.uuid4())
    sid = create(v2, key=key if call == "create" else None)

    if call == "update":
        request = ConfigurationList.UpdateConfigurationRequest(dict(PAYLOAD))
        v2.configurations(sid).update(idempotency_key=key, update_configuration_request=request)

    assert key in [headers.get("Idempotency-Key") for _, headers in transport.sent]
    assert mock.found() == {}


def test_refusals_reach_the_caller(judging: Callable[..., Any]) -> None:
    """The SDK reads code, status and message out of the contract's error body."""
    mock = judging()
    v2, _ = sdk(mock)

    with pytest.raises(TwilioRestException) as refused:
        v2.configurations(SID_429).delete()

    assert (refused.value.status, refused.value.code) == (429, 20429)


def test_retries_are_the_callers(judging: Callable[..., Any]) -> None:
    """The SDK sends a throttled delete once: it neither retries nor waits, so that Retry-After is the caller's duty."""
    mock = judging()
    v2, transport = sdk(mock)

    for _ in range(2):
        with pytest.raises(TwilioRestException):
            v2.configurations(SID_429).delete()

    assert len(transport.sent) == 2
    assert mock.found() == {"CLIENT-KEY-MISSING": 2, "CLIENT-WAIT-429": 1}


def test_way_around(judging: Callable[..., Any]) -> None:
    """The SDK's generic request sends the key on a delete: what docs/clients.md recommends works."""
    mock = judging("--retry-after", "0")
    transport = Redirected(mock.base_url)
    client = Client(*mock.auth, http_client=transport)
    v2 = client.conversations.v2
    sid = create(v2)
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Accept": "application/json"}

    accepted = client.request(
        "DELETE", f"{PUBLIC}/v2/ControlPlane/Configurations/{sid}", headers=headers
    )
    finish(v2, accepted.headers["location"])

    assert accepted.status_code == 202
    assert mock.found() == {}
