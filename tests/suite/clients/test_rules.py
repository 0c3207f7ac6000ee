"""Each client rule finds the fault it is about, and leaves a careful client alone."""

from __future__ import annotations

import asyncio
import base64
import gzip
import uuid
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator_contract.mock.behaviour import compose
from orchestrator_contract.mock.clients.calls import members
from orchestrator_contract.mock.clients.judge import EXAMPLES, ClientJudge, summary, watching
from orchestrator_contract.mock.clients.rules import RULES, Limits
from orchestrator_contract.mock.faults import reserved_sid
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.settings import (
    DEFAULT_SECRETS,
    DEFAULT_USERS,
    Settings,
    accounts_from,
)
from orchestrator_contract.mock.state import World

COLLECTION = "/v2/ControlPlane/Configurations"
MEMBERS = b"""{"displayName": "one", "description": "", "conversationGroupingType": "GROUP_BY_PROFILE",
"memoryStoreId": "m"}"""


class Caller:
    """A client and the mock it talks to, in one process and with a clock that it moves itself."""

    def __init__(self, **limits: Any) -> None:
        self.now = 1000.0
        self.judge = ClientJudge(Limits(**limits), lambda: self.now)
        settings = Settings(
            origins=("http://127.0.0.1:1",), accounts=accounts_from({}), retry_after=2
        )
        self.world = World()
        self.mock = compose(watching(self.judge))(self.world, settings)

    def wait(self, seconds: float) -> None:
        """Let time pass, for the client and for the mock."""
        self.now += seconds
        self.world.clock.advance(seconds)

    def call(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        body: bytes = b"",
        headers: tuple[tuple[bytes, bytes], ...] = (),
        reached: bool | None = True,
    ) -> Response:
        """One request; *reached* False loses the answer, None leaves it on its way."""
        token = base64.b64encode(f"{DEFAULT_USERS[0]}:{DEFAULT_SECRETS[0]}".encode())
        lines = [(b"authorization", b"Basic " + token), *headers]
        if key is not None:
            lines.append((b"idempotency-key", key.encode()))
        raw, _, query = path.partition("?")
        request = Request(method, raw.encode(), query.encode(), lines)
        request.body = body
        response = asyncio.run(self.mock.handle(request))
        if reached is not None:
            self.mock.delivered(request, response, reached=reached)
        return response

    def create(self) -> str:
        """A configuration that is there; its operation is followed as it should be."""
        made = self.call("POST", COLLECTION, key=str(uuid.uuid4()), body=MEMBERS)
        self.follow(made)
        return str(made.document["related"]["configurationId"])

    def poll(self, accepted: Response, *, method: str = "GET", **options: Any) -> Response:
        """Look at the operation once."""
        path = "/v2/" + accepted.document["statusUrl"].partition("/v2/")[2]
        return self.call(method, path, **options)

    def follow(self, accepted: Response) -> None:
        """Wait as asked, and see the end."""
        self.wait(2)
        assert self.poll(accepted).document["status"] == "COMPLETED"

    def delete(self, sid: str, key: str | None = "", **options: Any) -> Response:
        """A delete, by default with a new key."""
        return self.call(
            "DELETE", f"{COLLECTION}/{sid}", key=str(uuid.uuid4()) if key == "" else key, **options
        )

    def found(self) -> list[str]:
        """Ids of the rules that were broken."""
        return [row["rule"] for row in self.judge.report()["findings"]]


def listed(client: Caller, path: str, most: int = 100) -> set[str]:
    """The SIDs of a list, of at most so many pages."""
    found: set[str] = set()
    token = ""
    for _ in range(most):
        page = client.call("GET", path + (f"&pageToken={token}" if token else "")).document
        found |= {item["id"] for item in page["configurations"]}
        token = page["meta"].get("nextToken", "")
        if not token:
            break
    return found


def _no_key(client: Caller) -> None:
    client.follow(client.delete(client.create(), None))


def _braces(client: Caller) -> None:
    client.delete(client.create(), None, headers=((b"idempotency-key", b"{%b}" % KEY),))


def _two_keys(client: Caller) -> None:
    client.delete(
        client.create(), None, headers=((b"idempotency-key", KEY), (b"idempotency-key", KEY))
    )


KEY = str(uuid.UUID(int=7)).encode()
THROTTLED, DOWN = reserved_sid("429"), reserved_sid("503")


def _new_key_after(sid: str) -> Callable[[Caller], None]:
    def scenario(client: Caller) -> None:
        client.delete(sid)
        client.wait(2)
        client.delete(sid)

    return scenario


def _new_key_after_silence(client: Caller) -> None:
    sid = client.create()
    accepted = client.delete(sid, reached=False)
    client.delete(sid)
    client.follow(accepted)
    client.call("GET", f"{COLLECTION}/{sid}")


def _new_key_while_unanswered(client: Caller) -> None:
    sid = client.create()
    client.delete(sid, reached=None)
    client.delete(sid)


def _key_dropped_on_retry(client: Caller) -> None:
    client.delete(THROTTLED)
    client.wait(2)
    client.delete(THROTTLED, None)


def _same_key_for_two(client: Caller) -> None:
    one, two = client.create(), client.create()
    client.follow(client.delete(one, KEY.decode()))
    client.delete(two, KEY.decode())


def _same_key_for_create_and_delete(client: Caller) -> None:
    made = client.call("POST", COLLECTION, key=KEY.decode(), body=MEMBERS)
    client.follow(made)
    client.delete(made.document["related"]["configurationId"], KEY.decode())


def _same_key_other_payload(client: Caller) -> None:
    client.follow(client.call("POST", COLLECTION, key=KEY.decode(), body=MEMBERS))
    client.call("POST", COLLECTION, key=KEY.decode(), body=MEMBERS.replace(b"one", b"two"))


def _impatient(sid: str) -> Callable[[Caller], None]:
    def scenario(client: Caller) -> None:
        client.delete(sid, KEY.decode())
        client.wait(1.9)
        client.delete(sid, KEY.decode())

    return scenario


def _impatient_poll(client: Caller) -> None:
    accepted = client.delete(client.create())
    client.wait(0.5)
    client.poll(accepted)


def _polls_on(client: Caller) -> None:
    accepted = client.delete(client.create())
    for _ in range(4):
        client.follow(accepted)


def _polls_for_ever(client: Caller) -> None:
    accepted = client.delete(client.create())
    client.now += 2
    for _ in range(6):
        client.poll(accepted)
    client.follow(accepted)


def _polls_too_long(client: Caller) -> None:
    accepted = client.delete(client.create())
    client.now += 100
    client.poll(accepted)
    client.follow(accepted)


def _never_polls(client: Caller) -> None:
    client.delete(client.create())


def _stops_polling(client: Caller) -> None:
    accepted = client.delete(client.create())
    client.now += 2
    client.poll(accepted)


def _polls_by_head(client: Caller) -> None:
    accepted = client.delete(client.create())
    client.wait(2)
    client.poll(accepted, method="HEAD")


def _reads_half_of_the_list(client: Caller) -> None:
    sids = [client.create() for _ in range(3)]
    client.delete(sids[2])
    client.wait(2)
    listed(client, f"{COLLECTION}?pageSize=1&memoryStoreId=m", most=1)


def _reads_the_list_before_the_delete(client: Caller) -> None:
    sid = client.create()
    client.follow(client.delete(sid))
    other = client.create()
    listed(client, COLLECTION + "?pageSize=1000")
    client.delete(other)


def _sees_it_in_the_list(client: Caller) -> None:
    client.delete(client.create())
    listed(client, COLLECTION + "?pageSize=1000")


def _new_key_minutes_after_a_503(client: Caller) -> None:
    client.delete(DOWN)
    client.wait(3600)
    client.delete(DOWN)


def _new_key_after_a_long_backoff(client: Caller) -> None:
    client.delete(THROTTLED)
    client.wait(100)
    client.delete(THROTTLED)


def _misses_the_end(client: Caller) -> None:
    accepted = client.delete(client.create())
    client.wait(2)
    client.poll(accepted, reached=False)


def _password_in_query(client: Caller) -> None:
    client.call("GET", f"{COLLECTION}?secret={DEFAULT_SECRETS[0]}")


def _password_in_header(client: Caller) -> None:
    client.call("GET", COLLECTION, headers=((b"x-token", DEFAULT_SECRETS[0].encode()),))


FAULTS: list[tuple[Callable[[Caller], None], set[str]]] = [
    (_no_key, {"CLIENT-KEY-MISSING"}),
    (_braces, {"CLIENT-KEY-FORM"}),
    (_two_keys, {"CLIENT-KEY-FORM"}),
    (_new_key_after(THROTTLED), {"CLIENT-KEY-CHANGED"}),
    (_new_key_after(DOWN), {"CLIENT-KEY-CHANGED"}),
    (_new_key_after_a_long_backoff, {"CLIENT-KEY-CHANGED"}),
    (_new_key_minutes_after_a_503, {"CLIENT-KEY-CHANGED"}),
    (_new_key_after_silence, {"CLIENT-KEY-CHANGED"}),
    (_new_key_while_unanswered, {"CLIENT-KEY-CHANGED"}),
    (_key_dropped_on_retry, {"CLIENT-KEY-CHANGED", "CLIENT-KEY-MISSING"}),
    (_same_key_for_two, {"CLIENT-KEY-REUSED"}),
    (_same_key_for_create_and_delete, {"CLIENT-KEY-REUSED"}),
    (_same_key_other_payload, {"CLIENT-KEY-REUSED"}),
    (_impatient(THROTTLED), {"CLIENT-WAIT-429"}),
    (_impatient(DOWN), {"CLIENT-WAIT-503"}),
    (_impatient_poll, {"CLIENT-WAIT-202"}),
    (_polls_on, {"CLIENT-POLL-ENDS"}),
    (_polls_for_ever, {"CLIENT-POLL-BOUNDED"}),
    (_polls_too_long, {"CLIENT-POLL-BOUNDED"}),
    (_never_polls, {"CLIENT-POLL-FOLLOWS"}),
    (_stops_polling, {"CLIENT-POLL-FOLLOWS"}),
    (_misses_the_end, {"CLIENT-POLL-FOLLOWS"}),
    (_polls_by_head, {"CLIENT-POLL-FOLLOWS"}),
    (_reads_half_of_the_list, {"CLIENT-POLL-FOLLOWS"}),
    (_reads_the_list_before_the_delete, {"CLIENT-POLL-FOLLOWS"}),
    (_sees_it_in_the_list, {"CLIENT-POLL-FOLLOWS"}),
    (_password_in_query, {"CLIENT-SECRET-PLACE"}),
    (_password_in_header, {"CLIENT-SECRET-PLACE"}),
]


def words(scenario: object) -> str:
    """An id for a scenario; closures carry their number in the table."""
    return getattr(scenario, "__qualname__", "").partition(".")[0].strip("_").replace("_", "-")


@pytest.mark.parametrize(
    ("scenario", "rules"),
    [pytest.param(*row, id=f"{words(row[0])}-{number}") for number, row in enumerate(FAULTS)],
)
def test_fault_is_found(scenario: Callable[[Caller], None], rules: set[str]) -> None:
    """The scenario breaks its rule, and no other rule joins in."""
    client = Caller(polls=5, seconds=60.0)

    scenario(client)

    assert set(client.found()) == rules


def test_every_rule_is_proven() -> None:
    """Each rule has a scenario that breaks it; the one about origins has its own test with a listener."""
    proven = set().union(*(rules for _, rules in FAULTS))

    assert {one.id for one in RULES} - proven == {"CLIENT-SECRET-ORIGIN"}


def _retries_with_its_key(client: Caller) -> None:
    for sid in (THROTTLED, DOWN):
        key = str(uuid.uuid4())
        for _ in range(3):
            client.delete(sid, key)
            client.wait(2)


def _replays(client: Caller) -> None:
    sid = client.create()
    client.delete(sid, KEY.decode(), reached=False)
    accepted = client.delete(sid, KEY.decode())
    client.follow(accepted)


def _watches_the_configuration(client: Caller) -> None:
    sid = client.create()
    client.delete(sid)
    client.wait(2)
    assert client.call("GET", f"{COLLECTION}/{sid}").status == 404


def _uses_a_key_again_after_a_day(client: Caller) -> None:
    for _ in range(2):
        client.follow(client.delete(client.create(), KEY.decode()))
        client.wait(86_400)


def _deletes_again_on_purpose(client: Caller) -> None:
    sid = client.create()
    client.follow(client.delete(sid))
    assert client.delete(sid).status == 404


def _looks_once_more(client: Caller) -> None:
    accepted = client.delete(client.create())
    client.follow(accepted)
    client.poll(accepted)


def _loses_a_poll(client: Caller) -> None:
    accepted = client.delete(client.create())
    client.wait(2)
    client.poll(accepted, reached=False)
    client.poll(accepted)


def _asks_by_head(client: Caller) -> None:
    sid = client.create()
    client.delete(sid)
    client.wait(2)
    assert client.call("HEAD", f"{COLLECTION}/{sid}").status == 404


def _deletes_until_it_is_not_found(client: Caller) -> None:
    sid = client.create()
    client.delete(sid)
    client.wait(2)
    assert client.delete(sid).status == 404


def _updates_until_it_is_not_found(client: Caller) -> None:
    sid = client.create()
    client.delete(sid)
    client.wait(2)
    assert client.call("PUT", f"{COLLECTION}/{sid}", body=MEMBERS).status == 404


def _reads_the_list(client: Caller) -> None:
    sid = client.create()
    client.delete(sid)
    client.wait(2)
    assert sid not in listed(client, f"{COLLECTION}?pageSize=1000")


def _reads_the_list_page_by_page(client: Caller) -> None:
    sids = [client.create() for _ in range(3)]
    client.delete(sids[1])
    client.wait(2)
    assert set(sids) - listed(client, f"{COLLECTION}?pageSize=1&memoryStoreId=m") == {sids[1]}


def _new_intent_long_after_a_429(client: Caller) -> None:
    client.delete(THROTTLED)
    client.wait(3600)
    client.delete(THROTTLED)


def _moves_the_clock(client: Caller) -> None:
    client.call("POST", "/__clock", body=b'{"seconds": 1}')


@pytest.mark.parametrize(
    "scenario",
    [
        _retries_with_its_key,
        _replays,
        _watches_the_configuration,
        _uses_a_key_again_after_a_day,
        _deletes_again_on_purpose,
        _looks_once_more,
        _loses_a_poll,
        _asks_by_head,
        _deletes_until_it_is_not_found,
        _updates_until_it_is_not_found,
        _reads_the_list,
        _reads_the_list_page_by_page,
        _new_intent_long_after_a_429,
        _moves_the_clock,
    ],
    ids=words,
)
def test_careful_client_is_left_alone(scenario: Callable[[Caller], None]) -> None:
    """The calls of a careful client are no finding."""
    client = Caller()

    scenario(client)

    assert client.found() == []


@pytest.mark.parametrize(
    ("codings", "encode"),
    [
        pytest.param(("gzip",), gzip.compress, id="gzip"),
        pytest.param(("X-GZip",), gzip.compress, id="x-gzip"),
        pytest.param(
            ("gzip",), lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:]), id="members"
        ),
        pytest.param(("deflate",), zlib.compress, id="deflate"),
        pytest.param(("deflate",), lambda body: zlib.compress(body)[2:-4], id="deflate-raw"),
        pytest.param(
            ("deflate, gzip",), lambda body: gzip.compress(zlib.compress(body)), id="two-codings"
        ),
        pytest.param(
            ("deflate", "gzip"), lambda body: gzip.compress(zlib.compress(body)), id="two-lines"
        ),
        pytest.param(("identity",), lambda body: body, id="identity"),
    ],
)
def test_coded_body_is_read(codings: tuple[str, ...], encode: Callable[[bytes], bytes]) -> None:
    """The judge reads a body in every coding that a client may be sent."""
    headers = [(b"content-encoding", coding.encode()) for coding in codings]

    assert members(Response(200, headers, encode(b'{"status": "COMPLETED"}'))) == {
        "status": "COMPLETED"
    }


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"compress"])
def test_unreadable_body_tells_nothing(coding: bytes) -> None:
    """A body that no client can read is no object."""
    assert members(Response(200, [(b"content-encoding", coding)], b'{"status": 1}')) == {}


def test_examples_are_bounded() -> None:
    """Further findings of one rule are counted, not kept."""
    client = Caller()

    for number in range(EXAMPLES + 5):
        client.delete(f"conv_configuration_{number}", None)

    (row,) = client.judge.report()["findings"]
    assert row["count"] == EXAMPLES + 5
    assert len(row["examples"]) == EXAMPLES


def test_summary_is_safe_to_print() -> None:
    """A client's bytes reach the terminal escaped."""
    client = Caller()

    client.call("DELETE", COLLECTION + "/\x1b[31m", key="\x1b]0;x")

    text = summary(client.judge.report())
    assert "\x1b" not in text
    assert "\\x1b[31m" in text


@pytest.mark.parametrize(
    ("report", "word"), [(0, "nothing seen"), (1, "clean")], ids=["silent", "careful"]
)
def test_ledger(report: int, word: str) -> None:
    """A client that never called is not called clean."""
    client = Caller()

    for _ in range(report):
        client.call("GET", COLLECTION)

    assert client.judge.report()["verdict"] == word
