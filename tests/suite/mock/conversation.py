"""One long conversation with the mock: lifecycles, refusals, keys, races and other calls."""

from __future__ import annotations

import asyncio
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.clock import Clock
from orchestrator_contract.mock.conversations import SIDS
from orchestrator_contract.mock.messages import Request, Response

COLLECTION = "/v2/ControlPlane/Configurations"
ITEM = COLLECTION + "/"
KEY = "6f1c0e9a-3b7d-4c58-9a52-0d6f4be1c7ab"
ODD = (
    "%00",
    "'",
    "%27",
    "x" * 300,
    "x" * 1200,
    "%25",
    "%C3%A9",
    "%ff",
    "{x}",
    "%01",
    "CONV_CONFIGURATION_0",
    "..",
    "",
)
ODD_ABOUT = (
    "{}%20",
    "%20{}",
    "{}%00",
    "{}.json",
    "{};x=1",
    "{}%3Fx",
    "%22{}%22",
    "{},x",
    "{}xyz",
    "x%2F..%2F{}",
    "{}/",
)
MALFORMED = (
    "{{{}}}",
    "urn:uuid:{}",
    '"{}"',
    "{}0",
    "{}xyz",
    "{}, {}",
    "key {}",
    "",
    "k" * 300,
    "k" * 36,
    "\xe9{}",
    "no key",
)
FORMS = (
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    KEY.upper(),
    "0190a6b0-7c4d-7a5e-9b1f-3c2d1e0f9a8b",
    "0190a6b0-7c4d-1a5e-0b1f-3c2d1e0f9a8b",
)


Shown = tuple[Any, ...]


class Differs(Exception):
    """A response is not the expected one."""


class Transcript:
    """The responses of a conversation; with *expected* ones it ends at the first difference."""

    def __init__(self, expected: list[Shown] | None = None) -> None:
        self.expected = expected
        self.seen: list[Shown] = []

    def add(self, response: Response) -> None:
        """Keeps a response.

        Raises:
            Differs: it is not the expected one.
        """
        wire = (response.raw, response.drop, response.delay, response.chunked, response.early)
        shown = (response.status, tuple(response.headers), response.body, *wire)
        if self.expected is not None and self.expected[len(self.seen)] != shown:
            raise Differs
        self.seen.append(shown)


class Talk:
    """Sends requests one after the other and keeps what came back."""

    def __init__(self, driver: Any, transcript: Transcript) -> None:
        self.driver = driver
        self.transcript = transcript
        self.connection = 1
        self.keys = 0

    async def send(self, *requests: Request) -> list[Response]:
        """The responses to *requests* sent at once."""
        behaviour: Behaviour = self.driver.behaviour
        for request in requests:
            request.connection = self.connection
        responses = await asyncio.gather(*(behaviour.handle(one) for one in requests))
        for request, response in zip(requests, responses, strict=True):
            behaviour.delivered(request, response, reached=True)
            self.transcript.add(response)
        return list(responses)

    async def call(self, method: str, path: str, **options: Any) -> Response:
        """The answer to one request."""
        return (await self.send(self.driver.request(method, path, **options)))[0]

    async def create(self, name: str = "one", **options: Any) -> str:
        """The SID of a new, visible configuration; found in the world, however the answer looks."""
        payload = {
            "displayName": name,
            "description": "",
            "conversationGroupingType": "GROUP_BY_PROFILE",
            "memoryStoreId": "mem_store_01k1etk2y5f1y9fpe2epfdtvv2",
        }
        await self.call("POST", COLLECTION, body=payload, **options)
        self.driver.advance(0.05)
        partition = self.driver.behaviour.world.partition(
            options.get("account", 1), options.get("region", 0)
        )
        return str(next(reversed(partition.configurations), "nothing"))

    async def delete(self, sid: str, **options: Any) -> Response:
        """A DELETE."""
        return await self.call("DELETE", ITEM + sid, **options)

    async def look(self, *sids: str, polls: int = 2) -> None:
        """Polls the newest delete operation, fetches, and lists by small pages."""
        partition = self.driver.behaviour.world.partition(1, 0)
        newest = next(
            (one for one in reversed(partition.operations.values()) if one.kind == "delete"), None
        )
        for _ in range(polls if newest is not None else 0):
            assert newest is not None
            await self.call("GET", "/v2/ControlPlane/Operations/" + newest.id)
        for sid in sids:
            await self.call("GET", ITEM + sid)
        await self.call("GET", COLLECTION + "?pageSize=1000")

    async def newest(self) -> None:
        """Polls the newest operation, of whatever it is."""
        newest = next(reversed(self.driver.behaviour.world.partition(1, 0).operations), "none")
        await self.call("GET", "/v2/ControlPlane/Operations/" + newest)

    async def pages(self, size: int) -> None:
        """Follows nextToken for a while."""
        token = ""
        for _ in range(6):
            query = f"?pageSize={size}&pageToken={token}" if token else f"?pageSize={size}"
            token = token_of(await self.call("GET", COLLECTION + query))
            if not token:
                return

    def wait(self, seconds: float = 0.25) -> None:
        """Moves the clock."""
        self.driver.advance(seconds)


def token_of(page: Response, name: str = "nextToken") -> str:
    """The token of the page after this one, or of another neighbour; empty where it gives none."""
    try:
        return str(page.document["meta"][name])
    except (ValueError, KeyError, TypeError):
        return ""


async def lives(talk: Talk) -> None:
    """Thirty configurations from create to long after their end, with and without updates."""
    for number in range(30):
        sid = await talk.create("n" * 32 if number == 3 else f"name {number % 5}")
        for _ in range(3 if number == 4 else 1):
            await talk.look(sid)
        if number % 6 == 5:
            body = {"description": "changed"}
            await talk.call("PATCH", ITEM + sid, body=body, key=FORMS[4] if number == 5 else None)
            if number == 5:
                await talk.call("PATCH", ITEM + sid, body=body, key=FORMS[4])
            talk.wait()
            await talk.look(sid)
        await talk.delete(sid)
        for coding in ("gzip", "deflate") if number == 7 else ():
            await talk.call("GET", ITEM + sid, headers={"Accept-Encoding": coding})
        await talk.look(sid)
        if number == 9:
            talk.wait(0.15)
            await talk.look(sid)
        for pause in (0.25, 0.2, 1.2) if number % 3 == 0 else (0.25,):
            talk.wait(pause)
            await talk.look(sid, polls=4)
            await talk.pages(2)
        await talk.delete(sid)
        for method in ("PATCH", "PUT") if number == 8 else ():
            body = {"displayName": "back", "description": "", "memoryStoreId": "m"}
            await talk.call(
                method, ITEM + sid, body={**body, "conversationGroupingType": "GROUP_BY_PROFILE"}
            )
            await talk.look(sid)


async def refusals(talk: Talk) -> None:
    """Faults, unknown and odd SIDs, wrong methods, bad credentials, other accounts."""
    for number, fault in enumerate(("429", "409", "500", "503", "operation")):
        for turn in "ab":
            key = f"{KEY[:-2]}{turn}{number}"
            sid = await talk.create()
            await talk.delete(sid, headers={"X-Mock-Fault": fault}, key=key)
            await talk.look(sid)
            talk.wait(0.8)
            await talk.look(sid)
            await talk.delete(sid, key=key)
            talk.wait(1.3)
            await talk.look(sid)
    sid, spare = await talk.create(), await talk.create("spare")
    for number in range(8):
        await talk.delete(f"conv_configuration_{'0' * 25}{number}")
    await talk.delete("cfg_configuration_" + "0" * 26)
    await talk.delete(sid[:-1] + ("0" if sid[-1] != "0" else "1"))
    for odd in ODD:
        await talk.delete(odd)
    near = [one.format(sid) for one in ODD_ABOUT]
    near += [
        sid.upper(),
        sid[:-1],
        sid[:-1] + "*",
        sid[:-1] + "%25",
        "%2563" + sid[1:],
        "x'%20OR%201=1",
    ]
    near += ["%EF%BD%83" + sid[1:]]
    for one in near:
        await talk.delete(one)
        await talk.look(sid, spare)
    await talk.call("POST", ITEM + sid)
    await talk.call("POST", COLLECTION, body={"displayName": "no other member"})
    await talk.call("GET", "/v2/ControlPlane/Operations/0_operation")
    for headers, account in (
        ({}, 0),
        ({}, 0),
        ({"Authorization": "Bearer x"}, 0),
        ({"Authorization": "Basic eDp5"}, 0),
    ):
        sid = await talk.create()
        talk.connection += headers != {}
        await talk.delete(sid, headers=headers, account=account)
        talk.wait(0.8)
        await talk.look(sid)
    for password in ("", "mock", "mock-secret-one-more", "MOCK-SECRET-ONE", "wrong"):
        sid = await talk.create()
        request = talk.driver.request("DELETE", ITEM + sid, account=0, password=password)
        await talk.send(request)
        talk.wait(0.8)
        await talk.look(sid)
    sid = await talk.create()
    await talk.delete(sid, account=2)
    talk.wait(0.8)
    await talk.look(sid)


async def keys(talk: Talk) -> None:
    """Replays at every moment, other requests, other scopes, other forms, the end of their life."""
    unknown = "eeeeeeee-3b7d-4c58-9a52-0d6f4be1c7ab"
    await talk.delete(f"conv_configuration_{'0' * 26}", key=unknown)
    sid = await talk.create()
    for key in (unknown, unknown.upper()):
        await talk.delete(sid, key=key)
    sid = await talk.create()
    await talk.create("other")
    for _ in range(5):
        await talk.delete(sid, key=KEY)
    talk.connection += 1
    other = await talk.create()
    await talk.delete(other)
    await talk.delete(sid, key=KEY)
    talk.wait()
    await talk.delete(sid, key=KEY)
    await talk.look(sid)
    sid = await talk.create()
    await talk.delete(sid, key=KEY)
    talk.wait()
    await talk.look(sid)
    failing = "aaaaaaaa-3b7d-4c58-9a52-0d6f4be1c7ab"
    sid = await talk.create()
    for _ in range(2):
        await talk.delete(sid, key=failing, headers={"X-Mock-Fault": "operation"})
        talk.wait()
    scopes: tuple[dict[str, Any], ...] = ({"account": 2}, {"region": 1})
    for options in scopes:
        sid = await talk.create(**options)
        await talk.delete(sid, key=KEY, **options)
    created = "bbbbbbbb-3b7d-4c58-9a52-0d6f4be1c7ab"
    for _ in range(2):
        sid = await talk.create(key=created)
    await talk.delete(sid, key=created)
    for number, form in enumerate(FORMS):
        sid = await talk.create()
        for _ in range(2):
            await talk.delete(sid, key=form[:-1] + "c" if number > 1 and form != FORMS[4] else form)
    strange = [one.format(failing, failing) for one in MALFORMED]
    strange += [
        failing.replace("-", ""),
        failing.replace("-", "_"),
        failing[:-1] + "g",
        failing[:-1],
    ]
    strange += [failing[:8] + failing[9:] + "-", "\uff10".encode().decode("latin-1") + failing[1:]]
    for key in strange:
        sid = await talk.create()
        for _ in range(2):
            await talk.delete(sid, key=key)
    sid = await talk.create()
    for _ in range(2):
        await talk.delete(sid, key=failing, headers={"Idempotency-Key": KEY})
    kept = await talk.create()
    await talk.delete(kept, key="cccccccc-3b7d-4c58-9a52-0d6f4be1c7ab")
    misused, key = await talk.create(), "eeeeeeee-3b7d-4c58-9a52-0d6f4be1c7ac"
    await talk.delete(misused, key=key)
    for number in range(25):
        await talk.delete(await talk.create(), key=f"dddddddd-3b7d-4c58-9a52-0d6f4be1c7{number:02}")
    for pause in (0.3, 3.0, 7200.0, 79_000.0, 90_000.0 - 86_202.0, 40 * 60.0, 3600.0, 7 * 86_400.0):
        await talk.delete(kept, key="cccccccc-3b7d-4c58-9a52-0d6f4be1c7ab")
        await talk.delete(misused, key=key)
        if pause == 79_000.0:
            await talk.delete(await talk.create(), key=key)
        talk.wait(pause)
        await talk.look(kept)


async def races(talk: Talk) -> None:
    """Requests at the same time: one key, one SID, many SIDs, reads and updates beside a delete."""
    request = talk.driver.request
    sid = await talk.create()
    await talk.send(*(request("DELETE", ITEM + sid, key=KEY.replace("6", "7")) for _ in range(6)))
    sid = await talk.create()
    await talk.send(*(request("DELETE", ITEM + sid) for _ in range(4)))
    talk.wait()
    await talk.look(sid)
    sids = [await talk.create() for _ in range(12)]
    await talk.pages(2)
    await talk.send(*(request("DELETE", ITEM + one) for one in sids))
    talk.wait()
    await talk.look(*sids)
    first, second = await talk.create(), await talk.create()
    await talk.delete(first)
    for _ in range(3):
        await talk.look(first, second)
        await talk.call("PATCH", ITEM + first, body={"description": "x"})
    talk.wait()
    await talk.look(first, second)
    accepted = await talk.create()
    await talk.delete(accepted)
    talk.wait(6 * 86_400 + 60.0)
    await talk.look(accepted)


async def corners(talk: Talk) -> None:
    """The second account in the second region, strangers who read, odd SIDs of every kind, and the next day."""
    corner: dict[str, Any] = {"account": 2, "region": 1}
    key = KEY.replace("6", "5")
    sid, other = await talk.create(**corner), await talk.create(**corner)
    for one in (sid, sid, other):
        await talk.delete(one, key=key, **corner)
    talk.wait()
    await talk.delete(sid, key=key, **corner)
    await talk.call("GET", ITEM + sid, **corner)
    await talk.delete(await talk.create(account=2), key=key, account=2)
    await talk.delete("odd", **corner)
    sid = await talk.create()
    for accept in ("application/json", "*/*"):
        await talk.delete(sid, key=key, headers={"Accept": accept})
    operation = next(reversed(talk.driver.behaviour.world.partition(1, 0).operations))
    spare = await talk.create()
    for account in (0, 2):
        await talk.call("GET", "/v2/ControlPlane/Operations/" + operation, account=account)
        await talk.call("GET", ITEM + spare, account=account)
    await talk.send(
        talk.driver.request("DELETE", ITEM + spare, account=0, password="mock-secret-onx")
    )
    for odd in (f"{spare}+", "%5C", "%5B"):
        await talk.delete(odd)
    failing = await talk.create()
    await talk.call("PATCH", ITEM + failing, body={"description": "kept"})
    talk.wait()
    await talk.delete(failing, headers={"X-Mock-Fault": "operation"})
    talk.wait()
    await talk.call("GET", ITEM + failing)
    gone, late = await talk.create(), await talk.create()
    await talk.delete(gone)
    talk.wait(1.0)
    await talk.delete(late)
    await talk.look(gone)
    talk.wait(0.01)
    await talk.call("PATCH", ITEM + late, body={"description": "after the 202"})
    talk.wait()
    await talk.look(late)
    await talk.delete("conv_configuration_" + "1" * 26)
    talk.wait(86_400 + 3600.0)
    await talk.delete("conv_configuration_" + "1" * 26)


async def elsewhere(talk: Talk) -> None:
    """The other asynchronous calls: their keys, their payloads, and the delete of two conversations."""
    sid, key = await talk.create(), KEY.replace("3", "8")
    for method in ("PATCH", "PATCH", "PUT"):
        for text in ("one", "two"):
            body = {
                "description": text,
                "displayName": "n",
                "memoryStoreId": "m",
                "conversationGroupingType": "GROUP_BY_PROFILE",
            }
            await talk.call(
                method, ITEM + sid, body=body, key=key.replace("6", "9" if method == "PUT" else "7")
            )
            await talk.newest()
            talk.wait()
            await talk.newest()
    for conversation in SIDS[:2]:
        path = f"/v2/Conversations/{conversation}"
        for number in range(3):
            await talk.call("DELETE", path, key=key)
            await talk.call("GET", path)
            await talk.newest()
            talk.wait(0.25 * number)


async def copies(talk: Talk) -> None:
    """Requests are repeated by other clients, on other connections."""
    sid = await talk.create()
    for account in (1, 0, 2, 1):
        await talk.call("GET", ITEM + sid, account=account)
    for account in (1, 0):
        await talk.call("GET", COLLECTION + "?pageSize=1", account=account)
    first = await talk.call("GET", COLLECTION + "?pageSize=1")
    token = token_of(first)
    talk.connection += 1
    for account in (1, 0):
        await talk.call("GET", COLLECTION + f"?pageSize=1&pageToken={token}", account=account)
    await talk.delete(sid)
    talk.wait()
    talk.connection += 1
    await talk.call("GET", ITEM + sid)
    talk.connection += 1
    await talk.delete(sid)
    await talk.send(*(talk.driver.request("GET", ITEM + sid) for _ in range(3)))
    await talk.delete(sid, account=2)
    last = await talk.call("GET", COLLECTION + f"?pageSize=1000&pageToken={token}")
    await talk.call(
        "GET", COLLECTION + f"?pageSize=1000&pageToken={token_of(last, 'previousToken')}"
    )


async def converse(driver: Any, transcript: Transcript) -> None:
    """Holds the whole conversation with *driver*'s behaviour."""
    talk = Talk(driver, transcript)
    for part in (lives, refusals, keys, races, elsewhere, corners, copies):
        await part(talk)


class FrozenClock(Clock):
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self._offset = 1_795_400_000.0

    def now(self) -> float:
        """The instant it was last moved to."""
        return self._offset
