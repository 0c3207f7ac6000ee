"""Each defect of the ``generated_`` modules shows what it says, and the conformant mock does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator_contract.mock import registry
from orchestrator_contract.mock.behaviour import Behaviour, compose

COLLECTION = "/v2/ControlPlane/Configurations"
KEY = "6f1c0e9a-3b7d-4c58-9a52-0d6f4be1c7ab"

registry.load()
GENERATED = {
    name: one for name, one in registry.DEFECTS.items() if ".generated_" in one.behaviour.__module__
}


def settled(mock: Any, sid: str) -> int:
    """The status of a fetch of *sid* once all that runs has ended."""
    mock.settle()
    return int(mock.fetch(sid).status)


def deletes_with(mock: Any, key: str, ending: str = "") -> list[Any]:
    """Two deletes of one SID that ends in one of *ending*, with one *key*."""
    sid = next(sid for sid in iter(mock.create, None) if not ending or sid[-1] in ending)
    return [mock.delete(sid, key=key) for _ in range(2)]


def replays(mock: Any, key: str) -> bool:
    """Whether a malformed key, the characters of its bytes, is honoured."""
    first, second = deletes_with(mock, key)
    return first.status == second.status == 202 and bool(first.body == second.body)


def starts_twice(mock: Any, given: tuple[str, str]) -> bool:
    """Whether the second use of a key is handled as a request of its own."""
    first, second = deletes_with(mock, *given)
    assert first.status == 202
    return bool(first.body != second.body)


def status_of_key(mock: Any, given: tuple[str, int]) -> bool:
    """Whether a delete with a key has the status that it must not have."""
    return bool(mock.delete(mock.create(), key=given[0]).status == given[1])


def status_of_sid(mock: Any, segment: str) -> bool:
    """Whether a delete of an odd SID is a 500."""
    return bool(mock.delete(segment).status == 500)


def found_by(mock: Any, change: Callable[[str], str]) -> bool:
    """Whether the SID that *change* makes of another one deletes that."""
    sid = next(sid for sid in iter(mock.create, None) if sid[-1] != sid[-2])
    mock.delete(change(sid))
    return settled(mock, sid) == 404


def token_is_500(mock: Any, token: str) -> bool:
    """Whether a list with a malformed page token is a 500."""
    return bool(mock.call("GET", f"{COLLECTION}?pageToken={token}").status == 500)


def token_opens(mock: Any, _: None) -> bool:
    """Whether a cut page token shows another account's configuration."""
    foreign = mock.create(account=2)
    mock.create()
    mock.create()
    token = mock.call("GET", f"{COLLECTION}?pageSize=1").document["meta"]["nextToken"]
    return foreign in mock.call("GET", f"{COLLECTION}?pageToken={token[:-1]}").body.decode()


def page_skips(mock: Any, _: None) -> bool:
    """Whether two pages of eleven leave one of thirteen out."""
    sids = {mock.create() for _ in range(13)}
    first = mock.call("GET", f"{COLLECTION}?pageSize=11").document
    token = first["meta"]["nextToken"]
    second = mock.call("GET", f"{COLLECTION}?pageSize=11&pageToken={token}").document
    shown = {one["id"] for page in (first, second) for one in page["configurations"]}
    return sids != shown


def header_is_500(mock: Any, _: None) -> bool:
    """Whether a delete with a header beyond ASCII is a 500."""
    return bool(mock.delete(mock.create(), headers={"User-Agent": "é"}).status == 500)


def key_forgotten(mock: Any, _: None) -> bool:
    """Whether the key of a delete that FAILED starts another one after an update."""
    sid = mock.create()
    first = mock.delete(sid, key=KEY, headers={"X-Mock-Fault": "operation"})
    mock.settle()
    mock.call("PATCH", f"{COLLECTION}/{sid}", body={"description": "new"})
    mock.settle()
    return bool(mock.delete(sid, key=KEY).body != first.body)


def kept_after_updates(mock: Any, _: None) -> bool:
    """Whether a configuration stays that was changed by PATCH, then PUT, then deleted."""
    sid = mock.create()
    body = {
        "description": "new",
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryStoreId": "mem_store_01k1etk2y5f1y9fpe2epfdtvv2",
    }
    for method in ("PATCH", "PUT"):
        assert mock.call(method, f"{COLLECTION}/{sid}", body=body).status == 202
    assert mock.delete(sid).status == 202
    return settled(mock, sid) == 200


def accepted_later(mock: Any, _: None) -> bool:
    """Whether a key that met a conflict is accepted after the end."""
    sid = mock.create()
    mock.delete(sid)
    assert mock.delete(sid, key=KEY).status == 409
    mock.settle()
    return bool(mock.delete(sid, key=KEY).status == 202)


def listed_after(mock: Any, _: None) -> bool:
    """Whether what another account tried to update stays in the list."""
    sid, body = mock.create(), {"description": "new"}
    assert mock.call("PATCH", f"{COLLECTION}/{sid}", body=body, account=2).status == 404
    assert mock.delete(sid).status == 202
    assert settled(mock, sid) == 404
    return sid in mock.call("GET", COLLECTION).body.decode()


#: defect -> how it shows, and with what
SHOWS: dict[str, tuple[Callable[[Any, Any], bool], Any]] = {
    "key-with-one-foreign-letter": (replays, "6\xef\xbd\x86" + KEY[2:]),
    "key-with-a-run-refused": (status_of_key, (KEY[:-3] + "777", 400)),
    "key-with-few-capitals-forgotten": (starts_twice, (KEY.replace("f", "F", 1), "")),
    "key-forgotten-by-digit-and-letter": (
        starts_twice,
        (KEY[:24] + "9" + KEY[25:], "abcdefghijklmnopqrstuvwxyz"),
    ),
    "key-with-a-hyphen-swapped": (replays, KEY[:7] + "-" + KEY[7] + KEY[9:]),
    "key-with-a-stray-byte-500": (status_of_key, (KEY[:-1] + "\x85", 500)),
    "sid-escape-before-letter-500": (status_of_sid, "x%C3a"),
    "sid-of-a-far-plane-500": (status_of_sid, "%F0%B0%80%80"),
    "sid-of-one-length-500": (status_of_sid, "x" * 110),
    "sid-with-neighbours-swapped": (found_by, lambda sid: sid[:-2] + sid[-1] + sid[-2]),
    "sid-with-private-characters": (found_by, lambda sid: f"{sid[:9]}%EE%80%80{sid[9:]}"),
    "sid-with-dotless-i": (found_by, lambda sid: sid.replace("i", "%C4%B1", 1)),
    "page-token-of-one-length-500": (token_is_500, "x" * 14),
    "page-token-cut-opens-another-account": (token_opens, None),
    "page-size-of-eleven-skips": (page_skips, None),
    "header-beyond-ascii-500": (header_is_500, None),
    "history-failed-updated-key-forgotten": (key_forgotten, None),
    "history-patched-then-put-kept": (kept_after_updates, None),
    "history-conflict-key-accepted-later": (accepted_later, None),
    "history-changed-by-another-listed": (listed_after, None),
}


def test_twenty() -> None:
    """There are twenty, and each is in the table."""
    assert set(SHOWS) == set(GENERATED)
    assert len(SHOWS) == 20


@pytest.mark.parametrize("name", sorted(SHOWS))
def test_shows(drive: Callable[..., Any], name: str) -> None:
    """What a defect is about happens with it."""
    shows, given = SHOWS[name]

    assert shows(drive(compose(GENERATED[name].behaviour)), given)


@pytest.mark.parametrize("name", sorted(SHOWS))
def test_conformant_mock(drive: Callable[..., Any], name: str) -> None:
    """It does not happen with the mock as it is."""
    shows, given = SHOWS[name]

    assert not shows(drive(Behaviour), given)
