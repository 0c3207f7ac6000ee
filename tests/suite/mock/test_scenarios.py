"""Defects that need a scenario of their own show it, and the conformant mock does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator_contract.mock import registry
from orchestrator_contract.mock.behaviour import Behaviour, compose

COLLECTION = "/v2/ControlPlane/Configurations"
KEY = "6f1c0e9a-3b7d-4c58-9a52-0d6f4be1c7ab"
SHOWN = "application/json, application/problem+json"

registry.load()


def sid_with(mock: Any, letters: str) -> str:
    """A new configuration whose SID has one of *letters* in its last part."""
    return next(
        str(sid)
        for sid in (mock.create() for _ in range(60))
        if set(sid.rpartition("_")[2]) & set(letters)
    )


def spelled(sid: str, letters: str, others: str) -> str:
    """*sid* with each of *letters* in its last part written as the one of *others*."""
    prefix, mark, tail = sid.rpartition("_")
    return prefix + mark + tail.translate(str.maketrans(letters, others))


def deleted(mock: Any, sid: str) -> bool:
    """True if *sid* is deleted once all operations have ended."""
    mock.settle()
    return bool(mock.fetch(sid).status == 404)


def by_path(**caller: Any) -> Callable[[Any, str], bool]:
    """True if a DELETE on another path, sent by *caller*, deletes a configuration of account 1."""

    def shows(mock: Any, path: str) -> bool:
        sid = mock.create()
        mock.call("DELETE", path.format(sid), **caller)
        return deleted(mock, sid)

    return shows


def breaks_json(mock: Any, path: str) -> bool:
    """True if the refusal of a request for *path* has a body that is no JSON text."""
    method = "GET" if "?" in path else "DELETE"
    answer = mock.call(method, path)
    assert answer.status in (400, 404)
    return not is_json(answer.body)


def breaks_json_by_key(mock: Any, key: str) -> bool:
    """True if the refusal of a malformed key has a body that is no JSON text."""
    answer = mock.delete(mock.create(), key=key)
    assert answer.status == 400
    return not is_json(answer.body)


def is_json(body: bytes) -> bool:
    """True if *body* is a JSON text in UTF-8."""
    try:
        json.loads(body.decode("utf-8"))
    except ValueError:
        return False
    return True


def honoured(mock: Any, key: str) -> bool:
    """True if a malformed key, the characters of its bytes, replays."""
    sid = mock.create()
    first, second = (mock.delete(sid, key=key) for _ in range(2))
    replayed: bool = first.document == second.document
    return first.status == second.status == 202 and replayed


def stale(mock: Any, header: str) -> bool:
    """True if a poll with another value of *header* shows PENDING after the end."""
    accepted = mock.delete(mock.create())
    values = ("*/*", SHOWN) if header == "Accept" else ("one", "two")
    statuses = [mock.poll(accepted, headers={header: value}) for value in values]
    mock.settle()
    statuses += [mock.poll(accepted, headers={header: value}) for value in values]
    words = [one.document["status"] for one in statuses]
    assert words[:3] == ["PENDING", "PENDING", "COMPLETED"]
    return bool(words[3] == "PENDING")


def takes_all(mock: Any, sid: str) -> bool:
    """True if a DELETE of *sid* deletes two configurations."""
    made = [mock.create(), mock.create()]
    mock.delete(sid)
    return all(deleted(mock, one) for one in made)


def takes_spelling(mock: Any, change: tuple[str, str]) -> bool:
    """True if a SID that is spelled otherwise deletes; an empty *change* puts a hyphen into it."""
    if change == ("", ""):
        sid = mock.create()
        other = f"{sid[:-5]}-{sid[-5:]}"
    else:
        sid = sid_with(mock, change[0])
        other = spelled(sid, *change)
    mock.delete(other)
    return deleted(mock, sid)


def beyond_fifty(mock: Any, call: str) -> bool:
    """True if the 51st configuration is missing from what *call* looks at."""
    sids = [mock.create() for _ in range(51)]
    if call == "list":
        page = mock.call("GET", f"{COLLECTION}?pageSize=1000").document
        return len(page["configurations"]) == 50
    looked = mock.fetch if call == "fetch" else mock.delete
    assert looked(sids[0]).status in (200, 202)
    return bool(looked(sids[-1]).status == 404)


def next_of_the_name(mock: Any, pause: float) -> bool:
    """True if a configuration that is created *pause* seconds after a delete of its name goes, too."""
    mock.delete(mock.create())
    mock.advance(pause)
    sid = mock.create()
    assert mock.fetch(sid).status == 200
    mock.advance(1)
    return deleted(mock, sid)


def overwritten(mock: Any, _: None) -> bool:
    """True if an operation that has COMPLETED is PENDING after the next delete of the name."""
    first = mock.delete(mock.create())
    mock.settle()
    assert mock.poll(first).document["status"] == "COMPLETED"
    mock.delete(mock.create())
    return bool(mock.poll(first).document["status"] == "PENDING")


def survives(mock: Any, look: str) -> bool:
    """True if what is deleted before its create has ended is there when both have."""
    sid = mock.create(settle=False)
    accepted = mock.delete(sid)
    mock.settle()
    if accepted.status == 409:
        return False
    assert mock.poll(accepted).document["status"] == "COMPLETED"
    if look == "fetch":
        return bool(mock.fetch(sid).status == 200)
    page = mock.call("GET", COLLECTION).document
    return sid in [one["id"] for one in page["configurations"]]


def settled(mock: Any, sid: str) -> int:
    """The status of a fetch of *sid* once all operations have ended."""
    mock.settle()
    return int(mock.fetch(sid).status)


def deletes_with(mock: Any, key: str, ending: str = "") -> list[Any]:
    """Two deletes of one SID that ends in one of *ending*, with one *key*."""
    sid = next(sid for sid in iter(mock.create, None) if not ending or sid[-1] in ending)
    return [mock.delete(sid, key=key) for _ in range(2)]


def replays(mock: Any, key: str) -> bool:
    """True if a malformed key, the characters of its bytes, is honoured."""
    first, second = deletes_with(mock, key)
    return first.status == second.status == 202 and bool(first.body == second.body)


def starts_twice(mock: Any, given: tuple[str, str]) -> bool:
    """True if the second use of a key is handled as a request of its own."""
    first, second = deletes_with(mock, *given)
    assert first.status == 202
    return bool(first.body != second.body)


def status_of_key(mock: Any, given: tuple[str, int]) -> bool:
    """True if a delete with a key has the status that it must not have."""
    return bool(mock.delete(mock.create(), key=given[0]).status == given[1])


def status_of_sid(mock: Any, segment: str) -> bool:
    """True if a delete of a malformed SID gets a 500."""
    return bool(mock.delete(segment).status == 500)


def found_by(mock: Any, change: Callable[[str], str]) -> bool:
    """True if the SID that *change* makes of another one deletes that."""
    sid = next(sid for sid in iter(mock.create, None) if sid[-1] != sid[-2])
    mock.delete(change(sid))
    return settled(mock, sid) == 404


def token_is_500(mock: Any, token: str) -> bool:
    """True if a list with a malformed page token is a 500."""
    return bool(mock.call("GET", f"{COLLECTION}?pageToken={token}").status == 500)


def token_opens(mock: Any, _: None) -> bool:
    """True if a cut page token shows another account's configuration."""
    foreign = mock.create(account=2)
    mock.create()
    mock.create()
    token = mock.call("GET", f"{COLLECTION}?pageSize=1").document["meta"]["nextToken"]
    return foreign in mock.call("GET", f"{COLLECTION}?pageToken={token[:-1]}").body.decode()


def page_skips(mock: Any, _: None) -> bool:
    """True if two pages of eleven leave one of thirteen out."""
    sids = {mock.create() for _ in range(13)}
    first = mock.call("GET", f"{COLLECTION}?pageSize=11").document
    token = first["meta"]["nextToken"]
    second = mock.call("GET", f"{COLLECTION}?pageSize=11&pageToken={token}").document
    shown = {one["id"] for page in (first, second) for one in page["configurations"]}
    return sids != shown


def full_page_lacks(mock: Any, _: None) -> bool:
    """True if the second of two pages that are full lacks an item."""
    mock.create()
    if len(mock.call("GET", COLLECTION).document["configurations"]) % 2:
        mock.create()
    size = len(mock.call("GET", COLLECTION).document["configurations"]) // 2
    token = mock.call("GET", f"{COLLECTION}?pageSize={size}").document["meta"]["nextToken"]
    last = mock.call("GET", f"{COLLECTION}?pageSize={size}&pageToken={token}").document
    return len(last["configurations"]) < size


def header_is_500(mock: Any, _: None) -> bool:
    """True if a delete with a header beyond ASCII is a 500."""
    return bool(mock.delete(mock.create(), headers={"User-Agent": "é"}).status == 500)


def key_forgotten(mock: Any, _: None) -> bool:
    """True if the key of a delete that FAILED starts another one after an update."""
    sid = mock.create()
    first = mock.delete(sid, key=KEY, headers={"X-Mock-Fault": "operation"})
    mock.settle()
    mock.call("PATCH", f"{COLLECTION}/{sid}", body={"description": "new"})
    mock.settle()
    return bool(mock.delete(sid, key=KEY).body != first.body)


def kept_after_updates(mock: Any, _: None) -> bool:
    """True if a configuration stays that was changed by PATCH, then PUT, then deleted."""
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
    """True if a key that met a conflict is accepted after the end."""
    sid = mock.create()
    mock.delete(sid)
    assert mock.delete(sid, key=KEY).status == 409
    mock.settle()
    return bool(mock.delete(sid, key=KEY).status == 202)


def listed_after(mock: Any, _: None) -> bool:
    """True if what another account tried to update stays in the list."""
    sid, body = mock.create(), {"description": "new"}
    assert mock.call("PATCH", f"{COLLECTION}/{sid}", body=body, account=2).status == 404
    assert mock.delete(sid).status == 202
    assert settled(mock, sid) == 404
    return sid in mock.call("GET", COLLECTION).body.decode()


#: defect -> how it shows, and with what
SHOWS: dict[str, tuple[Callable[[Any, Any], bool], Any]] = {
    "auth-path:double-slash": (by_path(account=0), f"/{COLLECTION}/{{}}"),
    "auth-path:trailing-slash": (by_path(account=0, password="no"), f"{COLLECTION}/{{}}/"),
    "auth-path:dot-segment": (by_path(account=2), "/v2/x/../ControlPlane/./Configurations/{}"),
    "auth-path:other-case": (by_path(account=0), "/V2/controlplane/Configurations/{}"),
    "auth-path:escaped": (by_path(account=2), "/v2/Control%50lane/Configurations/{}"),
    "error-404-quotes-sid:unescaped": (breaks_json, f"{COLLECTION}/a%22b"),
    "error-404-quotes-sid:truncated": (breaks_json, f"{COLLECTION}/%F0%9F%94%8E"),
    "error-404-quotes-sid:latin-1": (breaks_json, f"{COLLECTION}/%C3%A9"),
    "error-400-quotes-page-token": (breaks_json, f"{COLLECTION}?pageToken=a%22b"),
    "error-400-quotes-key:unescaped": (breaks_json_by_key, f'"{KEY}"'),
    "error-400-quotes-key:truncated": (breaks_json_by_key, f"{KEY}\xc3\xa9"),
    "malformed-key-honoured:numbers": (honoured, "\xd9\xa0f1c0e9a-3b7d-4c58-9a52-0d6f4be1c7ab"),
    "malformed-key-honoured:plus-sign": (honoured, "+f1c0e9a-3b7d-4c58-9a52-0d6f4be1c7ab"),
    "malformed-key-honoured:underscore-in-group": (
        honoured,
        "6f1c0e9a-3b7d-4c58-9a52-0d6f_be1c7ab",
    ),
    "malformed-key-honoured:0x": (honoured, "6f1c0e9a-0x7d-4c58-9a52-0d6f4be1c7ab"),
    "malformed-key-honoured:space-in-group": (honoured, "6f1c0e9a- b7d-4c58-9a52-0d6f4be1c7ab"),
    "malformed-key-honoured:ideographic-space": (honoured, f"{KEY}\xe3\x80\x80"),
    "malformed-key-honoured:byte-order-mark": (honoured, f"{KEY}\xef\xbb\xbf"),
    "malformed-key-honoured:unicode-spaces": (honoured, f"\xe2\x80\x83{KEY}"),
    "malformed-key-honoured:latin-1-spaces": (honoured, f"{KEY}\x85"),
    "operation-cached:accept-encoding": (stale, "Accept-Encoding"),
    "operation-cached:user-agent": (stale, "User-Agent"),
    "operation-lags-accept": (stale, "Accept"),
    "sid-matches-all:star": (takes_all, "*"),
    "sid-matches-all:percent": (takes_all, "%25"),
    "sid-matches-all:empty": (takes_all, ""),
    "sid-matched:base32-lookalikes": (takes_spelling, ("01", "oi")),
    "sid-matched:base32-v": (takes_spelling, ("u", "v")),
    "sid-matched:base32-hyphens": (takes_spelling, ("", "")),
    "existing-404-second-page": (beyond_fifty, "delete"),
    "fetch-misses:second-page": (beyond_fifty, "fetch"),
    "pagination:50-items": (beyond_fifty, "list"),
    "delete-deletes-next-namesake": (next_of_the_name, 0.0),
    "delete-repeated": (next_of_the_name, 0.3),
    "operation-overwritten": (overwritten, None),
    "delete-while-creating:kept": (survives, "fetch"),
    "delete-while-creating:listed": (survives, "list"),
    "malformed-key-honoured:homoglyph": (replays, "6\xef\xbd\x86" + KEY[2:]),
    "key-refused:repeated-digit": (status_of_key, (KEY[:-3] + "777", 400)),
    "key-unknown:mixed-case": (starts_twice, (KEY.replace("f", "F", 1), "")),
    "key-unknown:digit-and-letter": (
        starts_twice,
        (KEY[:24] + "9" + KEY[25:], "abcdefghijklmnopqrstuvwxyz"),
    ),
    "malformed-key-honoured:swapped-hyphen": (replays, KEY[:7] + "-" + KEY[7] + KEY[9:]),
    "malformed-key-500:invalid-utf-8": (status_of_key, (KEY[:-1] + "\x85", 500)),
    "malformed-sid-500:escape-and-letter": (status_of_sid, "x%C3a"),
    "malformed-sid-500:far-plane": (status_of_sid, "%F0%B0%80%80"),
    "malformed-sid-500:100-to-120": (status_of_sid, "x" * 110),
    "sid-normalised:vertical-tab": (found_by, lambda sid: f"{sid}%0B"),
    "sid-normalised:separators": (found_by, lambda sid: f"{sid}%1F"),
    "sid-normalised:byte-order-mark": (found_by, lambda sid: f"{sid}%EF%BB%BF"),
    "sid-matched:swapped": (found_by, lambda sid: sid[:-2] + sid[-1] + sid[-2]),
    "sid-matched:private-use": (found_by, lambda sid: f"{sid[:9]}%EE%80%80{sid[9:]}"),
    "sid-matched:dotless-i": (found_by, lambda sid: sid.replace("i", "%C4%B1", 1)),
    "page-token-500": (token_is_500, "x" * 14),
    "other-account-lists-token": (token_opens, None),
    "pagination-skips-eleven": (page_skips, None),
    "pagination:full-last-page": (full_page_lacks, None),
    "existing-500-header": (header_is_500, None),
    "key-unknown-failed-updated": (key_forgotten, None),
    "completed-kept:patch-then-put": (kept_after_updates, None),
    "deleted-delete-202-after-409:own-operation": (accepted_later, None),
    "deleted-listed-other-account": (listed_after, None),
}


@pytest.mark.parametrize("name", sorted(SHOWS))
def test_shows(drive: Callable[..., Any], name: str) -> None:
    """A defect shows in its scenario."""
    shows, given = SHOWS[name]

    assert shows(drive(compose(registry.DEFECTS[name].behaviour)), given)


@pytest.mark.parametrize("name", sorted(SHOWS))
def test_conformant_mock(drive: Callable[..., Any], name: str) -> None:
    """The conformant mock does not show it."""
    shows, given = SHOWS[name]

    assert not shows(drive(Behaviour), given)
