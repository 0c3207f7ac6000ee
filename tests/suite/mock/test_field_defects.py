"""Each defect of the ``field_`` modules shows what it says, and the conformant mock does not."""

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
FIELD = {
    name: one for name, one in registry.DEFECTS.items() if ".field_" in one.behaviour.__module__
}


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
    """Whether *sid* is gone once all that runs has ended."""
    mock.settle()
    return bool(mock.fetch(sid).status == 404)


def by_path(**caller: Any) -> Callable[[Any, str], bool]:
    """Whether a DELETE on another path, sent by *caller*, deletes a configuration of account 1."""

    def shows(mock: Any, path: str) -> bool:
        sid = mock.create()
        mock.call("DELETE", path.format(sid), **caller)
        return deleted(mock, sid)

    return shows


def breaks_json(mock: Any, path: str) -> bool:
    """Whether the refusal of a request for *path* has a body that is no JSON text."""
    method = "GET" if "?" in path else "DELETE"
    answer = mock.call(method, path)
    assert answer.status in (400, 404)
    try:
        json.loads(answer.body.decode("utf-8"))
    except ValueError:
        return True
    return False


def honoured(mock: Any, key: str) -> bool:
    """Whether a malformed key, the characters of its bytes, replays."""
    sid = mock.create()
    first, second = (mock.delete(sid, key=key) for _ in range(2))
    replayed: bool = first.document == second.document
    return first.status == second.status == 202 and replayed


def stale(mock: Any, header: str) -> bool:
    """Whether a poll with another value of *header* shows PENDING after the end."""
    accepted = mock.delete(mock.create())
    values = ("*/*", SHOWN) if header == "Accept" else ("one", "two")
    statuses = [mock.poll(accepted, headers={header: value}) for value in values]
    mock.settle()
    statuses += [mock.poll(accepted, headers={header: value}) for value in values]
    words = [one.document["status"] for one in statuses]
    assert words[:3] == ["PENDING", "PENDING", "COMPLETED"]
    return bool(words[3] == "PENDING")


def takes_all(mock: Any, sid: str) -> bool:
    """Whether a DELETE of *sid* deletes two configurations."""
    made = [mock.create(), mock.create()]
    mock.delete(sid)
    return all(deleted(mock, one) for one in made)


def takes_spelling(mock: Any, change: tuple[str, str]) -> bool:
    """Whether a SID that is spelled otherwise deletes; an empty *change* puts a hyphen into it."""
    if change == ("", ""):
        sid = mock.create()
        other = f"{sid[:-5]}-{sid[-5:]}"
    else:
        sid = sid_with(mock, change[0])
        other = spelled(sid, *change)
    mock.delete(other)
    return deleted(mock, sid)


def beyond_fifty(mock: Any, call: str) -> bool:
    """Whether the 51st configuration is missing from what *call* looks at."""
    sids = [mock.create() for _ in range(51)]
    if call == "list":
        page = mock.call("GET", f"{COLLECTION}?pageSize=1000").document
        return len(page["configurations"]) == 50
    looked = mock.fetch if call == "fetch" else mock.delete
    assert looked(sids[0]).status in (200, 202)
    return bool(looked(sids[-1]).status == 404)


def next_of_the_name(mock: Any, pause: float) -> bool:
    """Whether a configuration that is created *pause* seconds after a delete of its name goes, too."""
    mock.delete(mock.create())
    mock.advance(pause)
    sid = mock.create()
    assert mock.fetch(sid).status == 200
    mock.advance(1)
    return deleted(mock, sid)


def overwritten(mock: Any, _: None) -> bool:
    """Whether an operation that has COMPLETED is PENDING after the next delete of the name."""
    first = mock.delete(mock.create())
    mock.settle()
    assert mock.poll(first).document["status"] == "COMPLETED"
    mock.delete(mock.create())
    return bool(mock.poll(first).document["status"] == "PENDING")


def survives(mock: Any, look: str) -> bool:
    """Whether what is deleted before its create has ended is there when both have."""
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


#: defect -> how it shows, and with what
SHOWS: dict[str, tuple[Callable[[Any, Any], bool], Any]] = {
    "auth-path-double-slash": (by_path(account=0), f"/{COLLECTION}/{{}}"),
    "auth-path-trailing-slash": (by_path(account=0, password="no"), f"{COLLECTION}/{{}}/"),
    "auth-path-dot-segment": (by_path(account=2), "/v2/x/../ControlPlane/./Configurations/{}"),
    "auth-path-capitals": (by_path(account=0), "/V2/controlplane/Configurations/{}"),
    "auth-path-escaped": (by_path(account=2), "/v2/Control%50lane/Configurations/{}"),
    "error-404-quotes-unescaped": (breaks_json, f"{COLLECTION}/a%22b"),
    "error-404-quotes-cut-short": (breaks_json, f"{COLLECTION}/%F0%9F%94%8E"),
    "error-404-quotes-latin-1": (breaks_json, f"{COLLECTION}/%C3%A9"),
    "error-400-quotes-page-token": (breaks_json, f"{COLLECTION}?pageToken=a%22b"),
    "key-groups-as-numbers": (honoured, "\xd9\xa0f1c0e9a-3b7d-4c58-9a52-0d6f4be1c7ab"),
    "key-group-signed": (honoured, "+f1c0e9a-3b7d-4c58-9a52-0d6f4be1c7ab"),
    "key-group-underscored": (honoured, "6f1c0e9a-3b7d-4c58-9a52-0d6f_be1c7ab"),
    "key-group-0x": (honoured, "6f1c0e9a-0x7d-4c58-9a52-0d6f4be1c7ab"),
    "key-trimmed-of-unicode-spaces": (honoured, f"\xe2\x80\x83{KEY}"),
    "key-trimmed-of-latin-1-spaces": (honoured, f"{KEY}\x85"),
    "operation-cached-by-encoding": (stale, "Accept-Encoding"),
    "operation-cached-by-agent": (stale, "User-Agent"),
    "operation-replica-by-accept": (stale, "Accept"),
    "sid-star-is-all": (takes_all, "*"),
    "sid-percent-is-all": (takes_all, "%25"),
    "sid-empty-is-all": (takes_all, ""),
    "sid-base32-lookalikes": (takes_spelling, ("01", "oi")),
    "sid-base32-v-for-u": (takes_spelling, ("u", "v")),
    "sid-base32-hyphens": (takes_spelling, ("", "")),
    "page-two-not-deleted": (beyond_fifty, "delete"),
    "page-two-not-fetched": (beyond_fifty, "fetch"),
    "page-largest-fifty": (beyond_fifty, "list"),
    "delete-takes-next-of-its-name": (next_of_the_name, 0.0),
    "delete-runs-twice": (next_of_the_name, 0.3),
    "operation-overwritten-by-namesake": (overwritten, None),
    "delete-during-create-lost": (survives, "fetch"),
    "delete-during-create-listed": (survives, "list"),
}


def test_every_defect_is_shown() -> None:
    """Each defect of the modules is in the table."""
    assert set(SHOWS) == set(FIELD)


@pytest.mark.parametrize("name", sorted(SHOWS))
def test_shows(drive: Callable[..., Any], name: str) -> None:
    """What a defect is about happens with it."""
    shows, given = SHOWS[name]

    assert shows(drive(compose(FIELD[name].behaviour)), given)


@pytest.mark.parametrize("name", sorted(SHOWS))
def test_conformant_mock(drive: Callable[..., Any], name: str) -> None:
    """It does not happen with the mock as it is."""
    shows, given = SHOWS[name]

    assert not shows(drive(Behaviour), given)
