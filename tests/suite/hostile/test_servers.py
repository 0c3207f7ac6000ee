"""Each hostile endpoint does what it says, and is conformant everywhere else."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import tomllib
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.auth import HTTPBasicAuth

from orchestrator_contract.adequacy.hostile import HostileServer, Place, load_units

UNITS = load_units()
CONFIGURATIONS = "/v2/ControlPlane/Configurations"
RESET = b"<reset>"
UNKNOWN = "conv_configuration_0zzzzzzzzzzzzzzzzzzzzzzzzz"

#: Unit name (a pattern) to what its raw answer shows.
SIGNS: dict[str, str] = tomllib.loads(Path(__file__).with_name("signs.toml").read_text())
#: These show themselves on a DELETE that is refused.
REFUSED = {
    "json-million-digit-code": rb'"code": 2{60000}',
    "json-huge-exponents": rb'"code": 1e400',
    "429-for-a-day-once": rb"^HTTP/1.1 429 .*Retry-After: 86400\r\n",
}
#: These take long to make what they send.
LARGE = ("gzip-bomb-nested", "json-50-mb", "related-100000-members")


def sign_of(name: str) -> bytes:
    """The one sign that *name* shows."""
    found = [sign for pattern, sign in SIGNS.items() if re.fullmatch(pattern, name)]
    assert len(found) == 1, f"{name} has {len(found)} signs"
    return found[0].encode()


@contextlib.contextmanager
def serving(name: str, credentials: tuple[str, str]) -> Iterator[HostileServer]:
    """The unit in this process, for as long as the block lasts."""
    server = HostileServer(UNITS[name], *credentials)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def ask(
    server: HostileServer,
    credentials: tuple[str, str],
    method: str,
    path: str,
    body: bytes = b"",
    *,
    seconds: float = 1,
) -> bytes:
    """Up to 80 kB of the raw response within *seconds*, `RESET` where the connection was reset."""
    pair = base64.b64encode(":".join(credentials).encode()).decode()
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {pair}\r\nConnection: close\r\n"
    got, end = b"", time.monotonic() + seconds
    with ExitStack() as stack:
        try:
            # A reset at accept may come before the connection is made.
            address = "127.0.0.1", server.port
            connection = stack.enter_context(socket.create_connection(address, timeout=seconds))
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            while len(got) < 80_000 and (left := end - time.monotonic()) > 0:
                connection.settimeout(left)
                data = connection.recv(80_000)
                if not data:
                    break
                got += data
        except TimeoutError:
            pass
        except OSError:
            got += RESET
    return got.replace(server.canary.url.encode(), b"<canary>").replace(
        server.url.encode(), b"<base>"
    )


def accepted_request(server: HostileServer) -> tuple[str, str, bytes]:
    """A request to the first of the unit's places that a conformant endpoint grants."""
    places = server.unit.places or Place.DELETE
    if Place.CREATE in places and Place.DELETE not in places:
        return "POST", CONFIGURATIONS, b'{"displayName": "x"}'
    sid = server.core.add({"displayName": "x"})
    if Place.DELETE in places:
        return "DELETE", f"{CONFIGURATIONS}/{sid}", b""
    for place in (Place.POLL, Place.CREATE_POLL):
        if place in places:
            url = server.core.accept(sid, place).document["statusUrl"]
            return "GET", url.removeprefix(server.url), b""
    return "GET", CONFIGURATIONS if Place.LIST in places else f"{CONFIGURATIONS}/{sid}", b""


@pytest.mark.parametrize("name", [name for name in UNITS if name not in REFUSED])
def test_a_unit_misbehaves_as_it_says(name: str, credentials: tuple[str, str]) -> None:
    """The raw answer at the unit's place bears its sign."""
    with serving(name, credentials) as server:
        seconds = 20 if name.startswith(LARGE) else 1
        answer = ask(server, credentials, *accepted_request(server), seconds=seconds)

    assert re.search(sign_of(name), answer, re.DOTALL), answer[:600]


@pytest.mark.parametrize("name", REFUSED)
def test_a_unit_spoils_refusals_as_it_says(name: str, credentials: tuple[str, str]) -> None:
    """The raw answer to a DELETE of nothing bears the unit's sign."""
    with serving(name, credentials) as server:
        answer = ask(server, credentials, "DELETE", f"{CONFIGURATIONS}/{UNKNOWN}")

    assert re.search(REFUSED[name], answer, re.DOTALL), answer[:600]


def test_every_sign_belongs_to_a_unit() -> None:
    """No sign is left over from a unit that is gone."""
    idle = [pattern for pattern in SIGNS if not any(re.fullmatch(pattern, name) for name in UNITS)]

    assert idle == []


@pytest.mark.parametrize(
    "name",
    [name for name, unit in UNITS.items() if unit.greet is None and Place.OTHER not in unit.places],
)
def test_a_unit_conforms_elsewhere(name: str, credentials: tuple[str, str]) -> None:
    """Where the unit does not act, the core's answer comes through untouched."""
    with serving(name, credentials) as server:
        answer = ask(server, credentials, "GET", "/v2/elsewhere")

    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == 20404


@pytest.mark.parametrize(("unit", "window"), [("gzip-bomb", 31), ("deflate-bomb", 15)])
def test_a_bomb_unfolds_a_thousandfold(
    unit: str, window: int, credentials: tuple[str, str]
) -> None:
    """A few kilobytes of it are valid and hold megabytes."""
    with serving(unit, credentials) as server:
        packed = ask(server, credentials, *accepted_request(server)).partition(b"\r\n\r\n")[2]

    assert len(zlib.decompressobj(window).decompress(packed[:20_000])) > 10_000_000


def test_the_core_follows_a_configuration_to_its_end(credentials: tuple[str, str]) -> None:
    """Create, operation, fetch, list, delete, replay, operation, gone: each as the contract says."""
    with serving("control", credentials) as server, requests.Session() as session:
        session.trust_env, session.auth = False, HTTPBasicAuth(*credentials)
        base = f"{server.url}{CONFIGURATIONS}"
        key = {"Idempotency-Key": "0bd4b1e5-6a61-4d43-8cb5-bbf6a5f4a9f6"}

        created = session.post(base, json={"displayName": "one"})
        sid = created.json()["related"]["configurationId"]
        made = session.get(created.json()["statusUrl"]).json()
        fetched, listed = (
            session.get(f"{base}/{sid}").json(),
            session.get(f"{base}?pageSize=1000").json(),
        )
        deleted, replay = (session.delete(f"{base}/{sid}", headers=key) for _ in range(2))
        mismatch = session.delete(f"{base}/{UNKNOWN}", headers=key)
        ended = session.get(deleted.headers["Location"]).json()
        again, gone = session.delete(f"{base}/{sid}"), session.get(f"{base}/{sid}")
        stranger = requests.delete(f"{base}/{sid}", auth=("x", "y"), timeout=5)

    assert (created.status_code, made["status"], fetched["id"]) == (202, "COMPLETED", sid)
    assert sid in {one["id"] for one in listed["configurations"]}
    assert (deleted.status_code, replay.status_code, replay.json()) == (202, 202, deleted.json())
    assert (mismatch.status_code, mismatch.json()["code"]) == (409, 17534)
    assert (ended["status"], ended["operationId"]) == ("COMPLETED", deleted.headers["Operation-Id"])
    assert ended["related"] == {"configurationId": sid}
    assert (again.status_code, gone.status_code, stranger.status_code) == (404, 404, 401)


def test_the_core_pages_its_list(credentials: tuple[str, str]) -> None:
    """Tokens lead through all configurations once."""
    with serving("control-1000-foreign", credentials) as server, requests.Session() as session:
        session.trust_env, session.auth = False, HTTPBasicAuth(*credentials)
        seen, token = [], "0"
        while token:
            query = {"pageSize": "300", "pageToken": token}
            page = session.get(f"{server.url}{CONFIGURATIONS}", params=query).json()
            seen += [one["id"] for one in page["configurations"]]
            token = page["meta"].get("nextToken")

    assert (len(seen), len(set(seen))) == (1000, 1000)


def test_foreign_deletes_are_counted(credentials: tuple[str, str]) -> None:
    """A delete of what was there before is counted, with credentials or without; another one is not."""
    with serving("control", credentials) as server:
        first, second = sorted(server.core.foreign)[:2]
        own = server.core.add({"displayName": "own"})
        for sid, auth in ((first, credentials), (second, ("x", "y")), (own, credentials)):
            requests.delete(f"{server.url}{CONFIGURATIONS}/{sid}", auth=auth, timeout=5)
        count = requests.get(f"{server.url}/__foreign_deletes", timeout=5).json()

    assert count == {"count": 2}


@pytest.mark.parametrize(
    ("auth", "path", "credentials_seen"),
    [
        pytest.param(False, "/", 0, id="plain"),
        pytest.param(True, "/", 1, id="basic-auth"),
        pytest.param(False, "/?p=S3cr3t%2F%2Bp%40ss%3Aw%26rd%22%3Ce%3E", 1, id="url-encoded"),
    ],
)
def test_the_canary_tells_credentials_from_none(
    auth: bool, path: str, credentials_seen: int, credentials: tuple[str, str]
) -> None:
    """A visit counts as a leak when the credentials are anywhere in it."""
    with serving("control", credentials) as server:
        requests.get(f"{server.canary.url}{path}", auth=credentials if auth else None, timeout=5)
        seen = requests.get(f"{server.canary.url}/seen", timeout=5).json()

    assert seen == {"requests": 1, "credentials": credentials_seen}


def test_a_process_serves_until_its_stdin_ends(start_hostile: Callable[[str], Any]) -> None:
    """The ready line leads to a live endpoint and a valid profile; closing stdin ends it with 0."""
    endpoint = start_hostile("control")
    profile = tomllib.loads(endpoint.profile.read_text())
    seen = endpoint.seen_by_canary()
    assert endpoint.process.stdin is not None
    endpoint.process.stdin.close()
    code = endpoint.process.wait(10)

    assert (profile["target"]["base_url"], profile["limits"]["deletes"]) == (endpoint.base_url, 300)
    assert (seen, code) == ({"requests": 0, "credentials": 0}, 0)


@pytest.mark.parametrize(
    "name", ["silence-everywhere", "endless-body-everywhere", "drip-head-everywhere"]
)
def test_a_process_ends_in_the_middle_of_mischief(
    name: str, start_hostile: Callable[[str], Any]
) -> None:
    """A connection that is being spoilt does not keep the process alive."""
    endpoint = start_hostile(name)
    host, port = endpoint.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as victim:
        victim.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert endpoint.process.stdin is not None
        endpoint.process.stdin.close()
        code = endpoint.process.wait(10)

    assert code == 0


def test_a_list_names_every_unit_and_the_right_exits() -> None:
    """`--list` prints one line a unit."""
    command = [sys.executable, "-m", "orchestrator_contract.adequacy.hostile", "--list"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert [line.split()[0] for line in lines] == list(UNITS)
    assert all(re.search(r" exit [014]( or [14])* ", line) for line in lines)


@pytest.mark.parametrize(
    "arguments", [[], ["no-such-unit"], ["control"]], ids=["none", "unknown", "no-credentials"]
)
def test_a_wrong_call_is_one_message(arguments: list[str]) -> None:
    """A wrong call ends with 2 and without a traceback."""
    command = [sys.executable, "-m", "orchestrator_contract.adequacy.hostile", *arguments]
    env = {name: value for name, value in os.environ.items() if not name.startswith("HOSTILE_")}
    run = subprocess.run(command, capture_output=True, text=True, env=env, check=False)

    assert (run.returncode, "Traceback" in run.stderr) == (2, False)
