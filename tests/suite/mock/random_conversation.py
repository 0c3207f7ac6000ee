"""A random conversation with the mock, over accounts, regions, keys, faults and days."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from orchestrator_contract.mock.conversations import SIDS
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.settings import DEFAULT_SECRETS, DEFAULT_USERS
from orchestrator_contract.mock.state import Configuration, Partition
from tests.suite.mock.conftest import COLLECTION, Driver, basic
from tests.suite.mock.conversation import Transcript

ITEM = COLLECTION + "/"
OPERATIONS = "/v2/ControlPlane/Operations/"
CONVERSATIONS = "/v2/Conversations/"
STORE = "mem_store_01k1etk2y5f1y9fpe2epfdtvv"
KEYS = (
    *(f"{one}f1c0e9a-3b7d-4c58-9a52-0d6f4be1c7ab" for one in "67"),
    *(f"0190a6b0-7c4d-{version}a5e-9b1f-3c2d1e0f9a8b" for version in "12679"),
    "6f1c0e9a-3b7d-5c58-9a52-0d6f4be1c7ab",
    "6f1c0e9a-3b7d-4c58-da52-0d6f4be1c7ab",
    "6f1c0e9a-3b7d-4c58-9a52-aaaaaaaaaaaa",
    "6F1C0E9A-3B7D-4C58-9A52-0D6F4BE1C7AB",
    "11111111-1111-4111-9111-111111111111",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
)
MALFORMED_KEYS: tuple[Callable[[str], str], ...] = (
    lambda key: f"'{key}'",
    lambda key: key.replace("-", "."),
    lambda key: key.replace("-", "\u2010").encode().decode("latin-1"),
    lambda key: key[:5] + " " + key[5:],
    lambda key: key[:8] + key[9:] + "-",
    lambda key: "a" * 120,
)
#: Paths that come near a SID, its displayName or a path parameter.
MALFORMED_SIDS: tuple[Callable[[str], str], ...] = (
    lambda sid: f"%7B{sid}%7D",
    lambda sid: sid[:20] + sid[20:].upper(),
    lambda sid: sid.replace("_", "-"),
    lambda sid: sid.replace("c", "c%CC%81", 1),
    lambda sid: "mem_store_" + sid.rpartition("_")[2],
    lambda sid: f"{sid[:19]}{'89abcdef'[int(sid[19], 8)]}{sid[20:]}",
    lambda sid: sid[:-1] + ("0" if sid[-1] != "0" else "1"),
    lambda sid: "latest",
    lambda sid: "one",
    lambda sid: "100%",
    lambda sid: KEYS[0],
)
PAUSES = (0.005, 0.02, 0.1, 0.25, 0.25, 0.5, 0.7, 1.1, 2.1, 3.0)
LONG_PAUSES = (400.0, 3700.0, 9000.0, 45_000.0, 73_000.0, 86_400.0, 90_060.0, 220_000.0, 600_000.0)
WRONG_PASSWORDS = ("", "wrong", *(DEFAULT_SECRETS[0] + end for end in (":x", " ", "x")))


class RandomConversation:
    """Sends random requests and keeps the responses; repeats for a seed."""

    def __init__(self, driver: Driver, transcript: Transcript, seed: int) -> None:
        self.driver = driver
        self.transcript = transcript
        self.random = random.Random(seed)
        self.connections = 3
        self.account = self.region = 0
        self.tokens = ["x"]

    # -- choices ----------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        """True with *probability*."""
        return self.random.random() < probability

    def partition(self, *, other: bool = False) -> Partition:
        """The resources of the current account and region, or of any other ones."""
        account, region = self.account, self.region
        if other:
            account, region = self.random.choice([(1, 0), (2, 0), (1, 1), (2, 1)])
        return self.driver.behaviour.world.partition(account, region)

    def configuration(self, newest: int = 6, *, other: bool = False) -> Configuration | None:
        """One of the *newest* configurations."""
        configurations = list(self.partition(other=other).configurations.values())
        return self.random.choice(configurations[-newest:]) if configurations else None

    def sid(self, newest: int = 6, *, other: bool = False) -> str:
        """The SID of one of the *newest* configurations."""
        found = self.configuration(newest, other=other)
        return found.id if found is not None else "conv_configuration_" + "0" * 26

    def operation(self, *, other: bool = False) -> str:
        """The path of one of the newest operations."""
        operations = list(self.partition(other=other).operations)
        return OPERATIONS + (self.random.choice(operations[-2:]) if operations else "none")

    def key(self, probability: float = 0.6) -> str | None:
        """A key, seldom malformed."""
        if not self.chance(probability):
            return None
        key = self.random.choice(KEYS)
        return self.random.choice(MALFORMED_KEYS)(key) if self.chance(0.1) else key

    def connection(self, probability: float = 0.3) -> int:
        """A connection, with *probability* a new one."""
        if self.chance(probability):
            self.connections += 1
            return self.connections
        return self.random.randrange(1, 4)

    def members(self) -> dict[str, Any]:
        """The payload of a create."""
        pick = self.random.choice
        optional: dict[str, Any] = {
            "conversationsV1Bridge": {"serviceId": "IS" + pick("ab") * 32},
            "intelligenceConfigurationIds": ["one", "two", "three", "four", "five"],
            "channelSettings": pick([{}, {"SMS": {"a": 1}}, {"SMS": {"a": 2}}]),
            "statusCallbacks": [{"url": "https://example.com/" + pick("ab"), "method": "POST"}],
        }
        return {
            "displayName": pick(["one", "two", "n" * 32]),
            "description": pick(["", "some", "SOME", "a &amp; b"]),
            "conversationGroupingType": "GROUP_BY_PROFILE",
            "memoryStoreId": STORE + pick("12"),
            **{name: value for name, value in optional.items() if self.chance(0.3)},
        }

    # -- requests ---------------------------------------------------------------------------

    def request(self, method: str, path: str, **options: Any) -> Request:
        """A request of the current account in the current region, on some connection."""
        options = {"account": self.account, "region": self.region, **options}
        headers = options.pop("headers", {})
        for name, values in (("Accept", "*/*"), ("User-Agent", "ab"), ("Accept-Encoding", "ab")):
            if self.chance(0.2):
                headers = {
                    **headers,
                    name: values if name == "Accept" else self.random.choice("ab"),
                }
        request = self.driver.request(method, path, headers=headers, **options)
        request.connection = self.connection()
        request.written = [b"idempotency-key"] if self.chance(0.1) else []
        return request

    async def send(self, *requests: Request, reached: bool = True) -> list[Response]:
        """The responses to *requests*, sent at once."""
        behaviour = self.driver.behaviour
        responses = await asyncio.gather(*(behaviour.handle(one) for one in requests))
        for request, response in zip(requests, responses, strict=True):
            behaviour.delivered(request, response, reached=reached)
            self.transcript.add(response)
        return responses

    async def call(self, method: str, path: str, **options: Any) -> None:
        """One request."""
        await self.send(self.request(method, path, **options))

    async def read(self, sid: str) -> None:
        """Fetches the configuration and its newest operation, and lists."""
        for path in (ITEM + sid, self.operation(), COLLECTION):
            await self.call("GET", path)

    def wait(self, *pauses: float) -> None:
        """Moves the clock by one of *pauses*."""
        self.driver.advance(self.random.choice(pauses))

    # -- steps ------------------------------------------------------------------------------

    async def create(self) -> None:
        """Creates one or many configurations."""
        for _ in range(self.random.choice([1, 1, 1, 8])):
            await self.call("POST", COLLECTION, body=self.members(), key=self.key(0.3))
        self.wait(0.0, 0.05, 0.05, 0.05)

    async def delete(self) -> None:
        """Deletes and repeats the same request, with time in between."""
        sid, key = self.sid(3), self.key()
        for _ in range(self.random.choice([1, 2, 4])):
            request = self.request("DELETE", ITEM + sid, key=key)
            await self.send(request, reached=self.chance(0.9))
            self.wait(0.0, 0.0, 0.05, 0.25, 1.0)
        await self.read(sid)

    async def fail(self) -> None:
        """Provokes faults on one configuration, then reads, updates and deletes it."""
        sid, key = self.sid(3), self.key()
        for _ in range(self.random.choice([1, 1, 2])):
            fault = self.random.choice(["429", "429", "409", "500", "503"] + ["operation"] * 4)
            await self.call("DELETE", ITEM + sid, key=key, headers={"X-Mock-Fault": fault})
            self.wait(0.0, 0.25, 0.8, 1.3, 75_000.0, 220_000.0)
        await self.read(sid)
        if self.chance(0.3):
            await self.call("PATCH", ITEM + sid, body={"description": "changed"})
            self.wait(0.05)
        for _ in range(2):
            await self.call("DELETE", ITEM + sid, key=key)
        await self.read(sid)

    async def poll(self) -> None:
        """Polls an operation once, twice at a time, or many times."""
        path = self.operation(other=self.chance(0.3))
        count = self.random.choice([1, 2, 13])
        await self.send(*(self.request("GET", path) for _ in range(count)))

    async def fetch(self) -> None:
        """Fetches a configuration, once or at the same time."""
        path = ITEM + self.sid(other=self.chance(0.3))
        await self.send(*(self.request("GET", path) for _ in range(self.random.choice([1, 3]))))

    async def list_pages(self) -> None:
        """Follows page tokens in both directions."""
        query = self.random.choice(["", "?pageSize=2", f"?memoryStoreId={STORE}1"])
        for _ in range(4):
            (page,) = await self.send(self.request("GET", COLLECTION + query))
            try:
                meta = page.document["meta"]
                token = meta[self.random.choice(["nextToken", "nextToken", "previousToken"])]
            except (ValueError, KeyError, TypeError):
                return
            self.tokens.append(str(token))
            query = f"?pageSize={self.random.choice([1, 2, 1000])}&pageToken={token}"

    async def update(self) -> None:
        """Updates with one key and several payloads, then deletes, sometimes at once."""
        method, sid, key = self.random.choice(["PUT", "PATCH"]), self.sid(3), self.key()
        body = self.members()
        nested = {**body, "channelSettings": {"SMS": {"a": 3}}}
        for one in (body, nested, {**body, "description": str(body["description"]).upper()}):
            if self.chance(0.7):
                await self.call(method, ITEM + sid, key=key, body=one)
        self.wait(0.0, 0.005, 0.05)
        for _ in range(self.random.choice([0, 2])):
            await self.call("DELETE", ITEM + sid, key=self.random.choice([key, self.key()]))
            self.wait(0.0, 0.35)
        await self.read(sid)

    async def create_again(self) -> None:
        """Creates, deletes and creates again with the same key, in a day or later."""
        body = self.members()
        key = f"{self.random.randrange(16**8):08x}-3b7d-4c58-9a52-0d6f4be1c7ab"
        await self.call("POST", COLLECTION, body=body, key=key)
        sid = self.sid(1)
        self.wait(0.0, 0.05, 0.05)
        await self.call("DELETE", ITEM + sid, key=self.random.choice([key, self.key(), None]))
        self.wait(0.3)
        for method, path in (("DELETE", ITEM + sid), ("POST", COLLECTION), ("PATCH", ITEM + sid)):
            await self.call(method, path, body=body if method != "DELETE" else None, key=key)
            self.wait(0.0, 0.3, 0.3, 90_060.0)
            await self.read(sid)

    async def unauthorized(self) -> None:
        """Sends missing or wrong credentials, then the right ones."""
        self.account = 1
        wrong = self.random.choice(["Digest x", "ApiKey y", "Bearer z", "Basic #", None, None])
        headers = {"Authorization": wrong} if wrong else {}
        if self.chance(0.4):
            user, password = DEFAULT_USERS[0], self.random.choice(WRONG_PASSWORDS)
            headers = {"Authorization": basic(user, password).decode()}
        token = f"?pageToken={self.random.choice(self.tokens)}"
        paths = [ITEM + self.sid(), self.operation(), COLLECTION, COLLECTION + token]
        method, path = "DELETE", ITEM + self.random.choice([self.sid(), "conv_operation_1"])
        if self.chance(0.4):
            method, path = "GET", self.random.choice(paths)
        key = self.key()
        await self.call(method, path, account=0, headers=headers, key=key)
        await self.call(method, path, key=key)
        self.wait(0.0, 0.8)

    async def other_account(self) -> None:
        """Deletes a configuration of any account and region, and reads it."""
        path = ITEM + self.sid(other=True)
        await self.call("DELETE", path, key=self.key())
        await self.call("GET", path)
        self.wait(0.0, 0.8)

    async def malformed(self) -> None:
        """Deletes malformed and unknown SIDs."""
        sid = self.random.choice(MALFORMED_SIDS)(self.sid(3))
        if self.chance(0.2):
            sid = "conv_configuration_" + "0" * 25 + self.random.choice("0123456789abc")
        key = self.key()
        for _ in range(self.random.choice([1, 2])):
            await self.call("DELETE", ITEM + sid, key=key)
        if key is not None:
            await self.call("DELETE", ITEM + self.sid(2), key=key)
        self.wait(0.0, 0.3)

    async def concur(self) -> None:
        """Sends deletes, creates, updates and reads of the newest configurations at once."""
        keys = [self.key(0.7)] * 3 + [None, self.key()]
        account = 3 - self.account
        requests = []
        for _ in range(self.random.choice([3, 8])):
            path, key = ITEM + self.sid(3), self.random.choice(keys)
            requests.append(self.request("DELETE", path, key=key))
            if self.chance(0.3):
                others: list[tuple[str, str, dict[str, Any]]] = [
                    ("POST", COLLECTION, {"body": self.members()}),
                    ("PATCH", path, {"body": {"description": "changed"}}),
                    ("GET", path, {}),
                    ("DELETE", path, {"key": key, "account": account}),
                    ("DELETE", path, {"key": key, "account": 0}),
                    ("DELETE", path, {"key": key, "headers": {"X-Mock-Fault": "429"}}),
                ]
                method, path, options = self.random.choice(others)
                requests.append(self.request(method, path, **options))
        await self.send(*requests)

    async def converse(self) -> None:
        """Deletes a conversation, and again with the same key."""
        path, key = CONVERSATIONS + self.random.choice(SIDS[:6]), self.key()
        for method in ("DELETE", "GET", "DELETE"):
            await self.call(method, path, key=key)
            self.wait(0.0, 0.25)

    async def pause(self) -> None:
        """Waits for a moment or for hours."""
        self.wait(*(LONG_PAUSES if self.chance(0.4) else PAUSES))

    async def run(self, steps: int) -> None:
        """Takes *steps* random steps."""
        weights: list[tuple[Callable[[], Awaitable[None]], int]] = [
            (self.create, 8),
            (self.delete, 14),
            (self.fail, 10),
            (self.poll, 5),
            (self.fetch, 4),
            (self.list_pages, 4),
            (self.update, 8),
            (self.create_again, 4),
            (self.unauthorized, 8),
            (self.other_account, 6),
            (self.malformed, 8),
            (self.concur, 5),
            (self.converse, 2),
            (self.pause, 8),
        ]
        for _ in range(steps):
            scopes = [(1, 0)] * 4 + [(2, 0), (1, 1), (2, 1)]
            self.account, self.region = self.random.choice(scopes)
            step = self.random.choices(*zip(*weights, strict=True))[0]
            await step()
