"""From a 202 to the end of its operation: the links of the 202, the history that polls make, and how long is waited."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.client.outgoing import origin_of
from orchestrator_contract.exchange import Call
from orchestrator_contract.follow.follower import Follower, _took
from orchestrator_contract.follow.links import Unfollowable
from orchestrator_contract.follow.operation import Operation
from orchestrator_contract.follow.polls import judge_poll
from orchestrator_contract.place import Place
from orchestrator_contract.profile import Account, Limits
from orchestrator_contract.text.addresses import last_segment
from orchestrator_contract.wire.answer import Fault
from orchestrator_contract.wire.connections import Origin

if TYPE_CHECKING:
    from tests.meta.core.conftest import Bench, Said

ORIGIN = "http://target.example"
PLANE = f"{ORIGIN}/v2/ControlPlane"
URL = f"{PLANE}/Operations/op_1"
SID = "conv_configuration_0aaaaaaaaaaaaaaaaaaaaaaaaa"
OPERATION = {
    "operationId": "op_1", "status": "PENDING", "createdAt": "2026-11-23T00:00:00Z", "statusUrl": URL, "completedAt": None,
    "related": {"configurationId": SID}, "error": None,
}
END = "2026-11-23T00:00:05Z"


def accepted(location: str | None = None, header: str | None = None, **body: Any) -> Said:
    """A 202 with these links."""
    links = {"Location": location, "Operation-Id": header}
    return 202, body, {"Retry-After": "1"} | {name: value for name, value in links.items() if value is not None}


def poll(status: Any = "PENDING", **members: Any) -> Said:
    """An operation as a poll shows it."""
    done = {"completedAt": END} if status in ("COMPLETED", "FAILED") else {}
    return 200, {**OPERATION, "status": status, **done, **members}


def begun(bench: Bench, sid: str = SID, operation: str = "op_1", *polls: Said) -> Operation:
    """An operation by its statusUrl, with the answers of its polls scripted."""
    bench.endpoint.on(f"GET /Operations/{operation}", *polls)
    return bench.accepted(sid, accepted(statusUrl=f"{PLANE}/Operations/{operation}"))


# -------------------------------------------------------------------- the 202


@pytest.mark.parametrize(
    ("said", "url", "operation_id", "links"),
    [
        pytest.param(accepted(URL, "op_1", statusUrl=URL), URL, "op_1", "statusUrl, Location, Operation-Id", id="all"),
        pytest.param(accepted(statusUrl=URL), URL, "op_1", "statusUrl", id="statusUrl-alone"),
        pytest.param(accepted(URL), URL, "op_1", "Location", id="location-alone"),
        pytest.param(accepted(f"{ORIGIN}/elsewhere/op_1"), f"{ORIGIN}/elsewhere/op_1", "op_1", "Location", id="location-alone-by-another-path"),
        pytest.param(accepted(None, "op_1"), URL, "op_1", "Operation-Id", id="operation-id-alone"),
        pytest.param(accepted(None, "op_1", statusUrl=f"{URL}/?x=1#y"), f"{URL}/?x=1#y", "op_1", "statusUrl, Operation-Id",
                     id="slash-query-and-fragment"),
        pytest.param(accepted(None, "op/1", statusUrl=f"{PLANE}/Operations/op%2F1"), f"{PLANE}/Operations/op%2F1", "op/1",
                     "statusUrl, Operation-Id", id="percent-encoded"),
        pytest.param(accepted(f"{PLANE}/Operations/op_1", None, statusUrl=f"{ORIGIN}/elsewhere/op_1"), f"{ORIGIN}/elsewhere/op_1", "op_1",
                     "statusUrl, Location", id="two-addresses-of-one-operation"),
        pytest.param(accepted(statusUrl=URL, related={"configurationId": SID}), URL, "op_1", "statusUrl", id="related"),
        pytest.param(accepted(statusUrl=URL, related={"other": "x"}), URL, "op_1", "statusUrl", id="related-other-role"),
        pytest.param(accepted(statusUrl=URL, related=None), URL, "op_1", "statusUrl", id="related-null"),
        pytest.param(accepted(statusUrl="http://target.example:80/Operations/op_1"), "http://target.example:80/Operations/op_1", "op_1",
                     "statusUrl", id="explicit-port"),
    ],
)
def test_links_of_a_conformant_202(bench: Bench, said: Said, url: str, operation_id: str, links: str) -> None:
    """Any one link is enough, and all that are given name one operation; statusUrl is what is polled."""
    operation = bench.accepted(SID, said)

    assert (operation.url, operation.id, operation.sid) == (url, operation_id, SID)
    assert bench.breaches() == {}
    assert bench.seen("OBS-STATUS-URL") == {links: 1}
    assert bench.checks().keys() >= {"DEL-202-FOLLOW", "DEL-202-LINKS", "DEL-202-ORIGIN", "DEL-202-RELATED", "DEL-202-OWN"}


LONG = "o" * 200


@pytest.mark.parametrize(
    ("said", "url", "problems"),
    [
        pytest.param(accepted(None, "op_2", statusUrl=URL), URL,
                     {"DEL-202-LINKS": "expected one operation id in all of them; saw Operation-Id op_2, statusUrl op_1"},
                     id="header-of-another"),
        pytest.param(accepted(f"{PLANE}/Operations/op_2", None, statusUrl=URL), URL,
                     {"DEL-202-LINKS": "expected one operation id in all of them; saw statusUrl op_1, Location op_2"}, id="location-of-another"),
        pytest.param(accepted(None, LONG, statusUrl=URL), URL,
                     {"DEL-202-LINKS": f"expected one operation id in all of them; saw Operation-Id {LONG[:80]}, statusUrl op_1"}, id="long-id"),
        pytest.param(accepted(None, "op_1", statusUrl=f"{ORIGIN}/"), f"{ORIGIN}/",
                     {"DEL-202-LINKS": "expected one operation id in all of them; saw Operation-Id op_1"}, id="statusUrl-without-an-id"),
        pytest.param(accepted("http://other.example/Operations/op_1", None, statusUrl=URL), URL,
                     {"DEL-202-LINKS": "Location: expected a Location on the target's own origins; saw http://other.example/Operations/op_1"},
                     id="location-elsewhere"),
        pytest.param(accepted("/v2/ControlPlane/Operations/op_1"), URL,
                     {"DEL-202-LOCATION": "expected an absolute URI in Location; saw /v2/ControlPlane/Operations/op_1"}, id="relative-location"),
        pytest.param(accepted("/" + "l" * 200, None, statusUrl=f"{PLANE}/{'l' * 200}"), f"{PLANE}/{'l' * 200}",
                     {"DEL-202-LOCATION": f"expected an absolute URI in Location; saw /{'l' * 119}"}, id="long-relative-location"),
        pytest.param(accepted(None, "op_1", statusUrl="https://target.example/Operations/op_1"), URL,
                     {"DEL-202-ORIGIN": "expected an address on the target's own origins; saw https://target.example/Operations/op_1"},
                     id="another-scheme"),
        pytest.param(accepted(URL, None, statusUrl="http://other.example/op_1"), URL,
                     {"DEL-202-ORIGIN": "expected an address on the target's own origins; saw http://other.example/op_1"},
                     id="elsewhere-but-location-leads-home"),
        pytest.param(accepted(statusUrl=f"http://other.example/{'p' * 200}/op_1"), URL,
                     {"DEL-202-ORIGIN": f"expected an address on the target's own origins; saw http://other.example/{'p' * 139}"},
                     id="long-address-elsewhere"),
        pytest.param(accepted(statusUrl=URL, related={"configurationId": "other"}), URL,
                     {"DEL-202-RELATED": f"$.related: expected configurationId {SID}; saw 'other'"}, id="related-to-another"),
        pytest.param(accepted(statusUrl=URL, related={"configurationId": "r" * 200}), URL,
                     {"DEL-202-RELATED": f"$.related: expected configurationId {SID}; saw '{'r' * 119}"}, id="related-to-a-long-one"),
    ],
)
def test_links_that_disagree(bench: Bench, said: Said, url: str, problems: dict[str, str]) -> None:
    """Each link that leads elsewhere, or to another operation, is one breach; what can be polled is polled."""
    operation = bench.accepted(SID, said)

    assert operation.url == url
    found = {one: texts[-1] for one, texts in bench.breaches().items() if one not in {"DEL-202-BODY", "DEL-202-HEADERS"}}
    assert {one: text for one, text in found.items() if one in problems} == problems
    assert found.keys() <= {*problems, "DEL-202-LOCATION"}
    assert all(("DELETE " + SID, 202) in bench.steps(one) for one in problems)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("op HTTP/1.1\r\nX-Evil: 1\r\n\r\nDELETE /v2/ControlPlane/Configurations/theirs HTTP/1.1", id="another-request"),
        pytest.param("op\r\nX-Evil: 1", id="line-break"), pytest.param("op\tx", id="tab"), pytest.param("op x", id="blank"),
        pytest.param("op\0", id="nul"), pytest.param("op\\@other.example", id="backslash"), pytest.param("\xf6p", id="beyond-ascii"),
    ],
)
def test_a_link_that_would_not_go_out_as_it_stands(bench: Bench, path: str) -> None:
    """It is no URI, so it leads nowhere: what stands behind a line break would be a request that nobody vouches for."""
    operation = bench.accepted(SID, accepted(None, "op_1", statusUrl=f"{PLANE}/Operations/{path}"))

    assert operation.url == f"{PLANE}/Operations/op_1"
    assert "DEL-202-ORIGIN" in bench.breaches()


def test_an_id_from_a_link_elsewhere(bench: Bench) -> None:
    """It goes into a path as one segment, whatever it holds once it is decoded."""
    operation = bench.accepted(SID, accepted(statusUrl="http://other.example/op%20HTTP%0d%0aX-Evil:%201%3fa%23b"))

    assert operation.url == f"{PLANE}/Operations/op%20HTTP%0D%0AX-Evil%3A%201%3Fa%23b"


@pytest.mark.parametrize(
    ("said", "followed"),
    [
        pytest.param(accepted(), "none of them", id="nothing"),
        pytest.param(accepted(statusUrl=7), "none of them", id="statusUrl-is-a-number"),
        pytest.param(accepted(statusUrl=""), "none of them", id="statusUrl-is-empty"),
        pytest.param(accepted("http://[/"), "Location", id="no-url"),
        pytest.param(accepted("http://[x", None, statusUrl="http://[/"), "statusUrl, Location", id="no-urls"),
        pytest.param(accepted(None, "op/1"), "Operation-Id", id="an-id-that-is-no-segment"),
        pytest.param(accepted(None, "\xf6p"), "Operation-Id", id="an-id-beyond-ascii"),
        pytest.param(accepted(None, "o" * 512), "Operation-Id", id="an-id-without-end"),
        pytest.param(accepted(None, ".."), "Operation-Id", id="an-id-of-dots"),
    ],
)
def test_what_can_not_be_followed(bench: Bench, said: Said, followed: str) -> None:
    """A 202 whose links lead nowhere on the target can't be followed, and says why."""
    with pytest.raises(Unfollowable, match=r"^the 202 has no link that leads to its operation on the target$"):
        bench.accepted(SID, said)

    assert bench.seen("OBS-STATUS-URL") == {followed: 1}
    nothing = ["expected statusUrl, Location or Operation-Id; saw none of them"]
    assert bench.breaches().get("DEL-202-FOLLOW") == (nothing if followed == "none of them" else None)
    if followed == "none of them":
        assert bench.steps("DEL-202-FOLLOW") == [("DELETE " + SID, 202)]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(accepted("http://other.example/op_1"), id="location-elsewhere"),
        pytest.param(accepted("", "", statusUrl="http://other.example/op_1"), id="statusUrl-elsewhere-and-empty-headers"),
        pytest.param(accepted("http://target.example:x/op_1"), id="location-with-no-port"),
    ],
)
def test_an_operation_is_looked_for_at_home(bench: Bench, said: Said) -> None:
    """Where links lead elsewhere, the id that they give is polled on the target; a Location alone is not held against statusUrl."""
    assert bench.accepted(SID, said).url == URL
    assert "DEL-202-LINKS" not in bench.breaches()


def test_a_status_url_of_almost_any_length_is_followed(bench: Bench) -> None:
    """Past 64 KiB it can't be, which is no breach; the longest one before is followed."""
    longest = f"{URL}?{'x' * (64 * 1024 - len(URL) - 1)}"
    assert bench.accepted(SID, accepted(statusUrl=longest)).url == longest

    with pytest.raises(Unfollowable, match=r"^the 202's statusUrl has 65537 characters: none of more than 65536 is followed$"):
        bench.accepted(SID, accepted(statusUrl=f"{longest}x"))

    assert bench.breaches() == {}


def test_names_of_any_length_are_one_operation(bench: Bench) -> None:
    """A name that is longer than any is told by its beginning and a digest, wherever it stands."""
    name = "o" * 5000
    exchange = bench.exchange("delete", accepted(f"http://target.example/{name}", name, statusUrl=f"http://target.example/{name}/"))

    assert len(exchange.operation_names) == 1
    assert exchange.operation_names != bench.exchange("delete", accepted(None, f"{name}o")).operation_names
    assert bench.accepted(SID, accepted(None, "op_1", statusUrl=URL)).id == "op_1"


def test_long_addresses_are_not_kept() -> None:
    """The library would keep those that it has taken apart last."""
    tracemalloc.start()
    try:
        for number in range(5):
            url = f"http://x/op?{number}{'x' * 1_000_000}"
            assert (origin_of(url), last_segment(url)) == (Origin("http", "x", 80), "op")
        del url
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 500_000


def test_an_id_of_almost_any_length_is_followed(bench: Bench) -> None:
    """The longest id that is looked for has 511 characters."""
    assert bench.accepted(SID, accepted(None, "o" * 511)).url == f"{PLANE}/Operations/{'o' * 511}"


def test_creates_are_judged_under_their_own_requirement(bench: Bench) -> None:
    """What the links of a create's 202 breach is no breach of the delete's requirements, and is nothing to observe of deletes."""
    bench.endpoint.on("POST /Configurations", accepted("http://other.example/x", "op_2", statusUrl="http://other.example/y"))
    exchange = bench.suite.client.send(bench.suite.client.outgoing(Call("create", "n"), "POST", "/Configurations", payload={}))

    operation = bench.suite.follower.accept(exchange, "")

    assert (operation.id, operation.url, operation.sid) == ("op_2", f"{PLANE}/Operations/op_2", "")
    assert not {one for one in bench.checks() if one.startswith("DEL-")}
    assert [problem.partition(":")[0] for problem in bench.breaches()["CTRL-202"]] == [
        "create, by DEL-202-LINKS", "create, by DEL-202-LINKS, Location", "create, by DEL-202-ORIGIN",
    ]
    assert bench.seen("OBS-STATUS-URL") == {}


def test_each_create_has_an_operation_of_its_own(bench: Bench) -> None:
    """What is created is known by its name: one operation for two names is a breach, for one name again it is none."""
    bench.endpoint.on("POST /Configurations", accepted(statusUrl=URL))

    def create(name: str) -> None:
        out = bench.suite.client.outgoing(Call("create", name), "POST", "/Configurations", payload={})
        bench.suite.follower.accept(bench.suite.client.send(out), "")

    for name in ("one", "one"):
        create(name)
    assert bench.breaches() == {}
    create("two")

    assert bench.breaches() == {
        "CTRL-202": ["create, by DEL-202-OWN: expected an operation of its own for two; saw operation op_1, which belongs to one"]
    }


def test_each_delete_has_an_operation_of_its_own(bench: Bench) -> None:
    """An operation that belongs to another SID already is a breach; the same SID may name it again."""
    bench.accepted(SID, accepted(statusUrl=URL))
    bench.accepted(SID, accepted(statusUrl=URL))
    assert bench.breaches() == {}

    bench.accepted("other", accepted(statusUrl=URL))

    assert bench.breaches() == {"DEL-202-OWN": [f"expected an operation of its own for other; saw operation op_1, which belongs to {SID}"]}
    assert bench.steps("DEL-202-OWN") == [("DELETE other", 202)]


def test_operations_of_accounts_and_regions_are_apart(start: Callable[..., Bench]) -> None:
    """Ids are unique within an account and a region."""
    bench = start(accounts=tuple(Account(f"user{i}", f"password{i}", ("U", "P")) for i in (1, 2)), regions=("http://elsewhere.example",))
    for place in (Place(1, 0), Place(0, 1)):
        bench.suite.ownership.allow("other", place=place)
    for sid in (SID, "other"):
        bench.endpoint.on(f"DELETE /Configurations/{sid}", accepted(None, "op_1"))

    bench.accepted(SID, accepted(None, "op_1"))
    for account, region, home in ((1, 0, ORIGIN), (0, 1, "http://elsewhere.example")):
        operation = bench.suite.follower.accept(bench.suite.client.delete("other", account=account, region=region), "other")
        assert operation.url == f"{home}/v2/ControlPlane/Operations/op_1"

    assert bench.breaches() == {}


@pytest.mark.parametrize(
    ("url", "segment"),
    [
        pytest.param("http://x/a/b", "b", id="plain"),
        pytest.param("http://x/a/b/", "b", id="slash-at-the-end"),
        pytest.param("http://x/a/b//", "b", id="slashes-at-the-end"),
        pytest.param("/a/b?c/d#e/f", "b", id="query-and-fragment"),
        pytest.param("http://x/a/b%20c", "b c", id="encoded"),
        pytest.param("b", "b", id="relative"), pytest.param("http://x/a/XbX/", "XbX", id="capitals"),
        pytest.param("http://x/", None, id="root"),
        pytest.param("http://x", None, id="no-path"),
        pytest.param("", None, id="empty"),
        pytest.param("http://[x/a", None, id="no-url"),
    ],
)
def test_last_segment(url: str, segment: str | None) -> None:
    """The last segment of a path that is not empty, decoded."""
    assert last_segment(url) == segment


# -------------------------------------------------------------------- polls


@pytest.mark.parametrize(
    "polls",
    [
        pytest.param([poll(), poll(), poll("COMPLETED"), poll("COMPLETED")], id="pending-to-completed"),
        pytest.param([poll("RUNNING"), poll("FAILED"), poll("FAILED")], id="running-to-failed"),
        pytest.param([poll(), poll("RUNNING"), poll("CANCELLED")], id="running-to-cancelled"),
        pytest.param([poll("COMPLETED")], id="instant"),
        pytest.param([poll(), poll("PAUSED"), poll("RUNNING"), poll("?"), poll("COMPLETED")], id="words-of-no-known-order"),
        pytest.param([poll(related=None), poll(related={"other": "x"})], id="related-may-be-left-out"),
        pytest.param([poll(createdAt=END), poll("COMPLETED", createdAt=END)], id="ended-as-it-was-created"),
        pytest.param([poll(createdAt="2026-11-23T00:00:00Z"), poll(createdAt="2026-11-23T01:00:00.000+01:00")], id="one-instant-in-two-forms"),
        pytest.param([poll(statusUrl="http://other.example/y/op_1/")], id="statusUrl-by-another-path"),
        pytest.param([poll(statusUrl="http://other.example/", operationId=None)], id="no-id-at-all"),
        pytest.param([poll(), (429, None), (503, None), poll()], id="throttled-between"),
        pytest.param([poll("COMPLETED"), poll("COMPLETED", completedAt="2026-11-23T00:00:05.000Z")], id="fraction-of-zeros"),
    ],
)
def test_conformant_history(bench: Bench, polls: list[Said]) -> None:
    """What an operation may do on its way is accused of nothing."""
    operation = begun(bench)
    for said in polls:
        judge_poll(bench.suite.ledger, operation, bench.exchange("operation", said, "GET"))

    assert bench.breaches() == {}


def polled(bench: Bench, *polls: Said, apart: float = 3.0) -> Operation:
    """An operation after these polls, that many seconds apart."""
    operation = begun(bench, SID, "op_1", *polls)
    for _ in polls:
        bench.clock.now += apart
        bench.suite.follower.poll(operation)
    return operation


ACCEPT, GET = ("DELETE " + SID, 202), ("GET op_1", 200)


@pytest.mark.parametrize(
    ("polls", "requirement", "problem", "steps"),
    [
        pytest.param([poll(operationId="op_2")], "OP-ID", "expected operationId op_1; saw op_2", [ACCEPT, GET], id="id-of-another"),
        pytest.param([poll(operationId=LONG)], "OP-ID", f"expected operationId op_1; saw {LONG[:80]}", [ACCEPT, GET], id="long-id"),
        pytest.param([poll(statusUrl=f"{PLANE}/Operations/op_2")], "OP-ID",
                     f"$.statusUrl: expected a statusUrl of operation op_1; saw {PLANE}/Operations/op_2", [ACCEPT, GET], id="statusUrl-of-another"),
        pytest.param([poll(statusUrl=f"{ORIGIN}/{'u' * 200}")], "OP-ID",
                     f"$.statusUrl: expected a statusUrl of operation op_1; saw {ORIGIN}/{'u' * 98}", [ACCEPT, GET], id="long-statusUrl"),
        pytest.param([poll(statusUrl=f"http://other.example/{'u' * 200}/op_1")], "OP-ORIGIN",
                     f"$.statusUrl: expected an address on the target's own origins; saw http://other.example/{'u' * 139}", [ACCEPT, GET],
                     id="statusUrl-elsewhere"),
        pytest.param([poll(statusUrl="/Operations/op_1")], "OP-ORIGIN",
                     "$.statusUrl: expected an address on the target's own origins; saw /Operations/op_1", [ACCEPT, GET], id="relative-statusUrl"),
        pytest.param([poll(related={"configurationId": "other"})], "OP-RELATED", f"$.related: expected configurationId {SID}; saw 'other'",
                     [ACCEPT, GET], id="related-to-another"),
        pytest.param([poll("COMPLETED", createdAt="2026-11-23T00:00:06Z")], "OP-TIMES",
                     f"expected createdAt not after completedAt; saw 2026-11-23T00:00:06Z and {END}", [ACCEPT, GET], id="ended-before-it-began"),
        pytest.param([poll("COMPLETED", createdAt="2026-11-23T00:00:05.000000002Z", completedAt="2026-11-23T00:00:05.000000001Z")], "OP-TIMES",
                     "expected createdAt not after completedAt; saw 2026-11-23T00:00:05.000000002Z and 2026-11-23T00:00:05.000000001Z",
                     [ACCEPT, GET], id="ended-a-nanosecond-before-it-began"),
        pytest.param([poll(), poll(createdAt="2026-11-22T00:00:00Z")], "OP-TIMES",
                     "$.createdAt: expected createdAt as it was; saw 2026-11-22T00:00:00Z", [ACCEPT, GET, GET], id="created-moves"),
        pytest.param([poll("COMPLETED"), poll("COMPLETED", completedAt="2026-11-23T00:00:09Z")], "OP-TIMES",
                     "$.completedAt: expected completedAt as it was; saw 2026-11-23T00:00:09Z", [ACCEPT, GET, GET], id="completed-moves"),
        pytest.param([poll(), poll(), poll(createdAt="2026-11-22T00:00:00Z")], "OP-TIMES",
                     "$.createdAt: expected createdAt as it was; saw 2026-11-22T00:00:00Z", [ACCEPT, GET, GET], id="created-moves-later"),
        pytest.param([poll("COMPLETED"), poll("COMPLETED", completedAt=None)], "OP-TIMES",
                     "$.completedAt: expected completedAt as it was; saw none any more", [ACCEPT, GET, GET], id="completed-is-forgotten"),
        pytest.param([poll("RUNNING"), poll()], "OP-ORDER", "expected RUNNING or what may follow it; saw PENDING", [ACCEPT, GET, GET], id="backwards"),
        pytest.param([poll("COMPLETED", completedAt=None), poll()], "OP-ORDER", "expected COMPLETED or what may follow it; saw PENDING", [ACCEPT, GET, GET],
                     id="reopened"),
        pytest.param([poll("COMPLETED"), poll("FAILED")], "OP-ORDER", "expected COMPLETED or what may follow it; saw FAILED", [ACCEPT, GET, GET],
                     id="completed-then-failed"),
        pytest.param([poll("FAILED"), poll("COMPLETED")], "OP-ORDER", "expected FAILED or what may follow it; saw COMPLETED", [ACCEPT, GET, GET],
                     id="failed-then-completed"),
        pytest.param([poll("CANCELLED"), poll("RUNNING")], "OP-ORDER", "expected CANCELLED or what may follow it; saw RUNNING", [ACCEPT, GET, GET],
                     id="cancelled-then-running"),
        pytest.param([(404, {})], "OP-FETCH", "expected 200; saw 404", [ACCEPT, ("GET op_1", 404)], id="not-found"),
        pytest.param([(500, {})], "OP-FETCH", "expected 200; saw 500", [ACCEPT, ("GET op_1", 500)], id="server-error"),
        pytest.param([(204,)], "OP-FETCH", "expected 200; saw 204", [ACCEPT, ("GET op_1", 204)], id="no-content"),
        pytest.param([poll(), (404, {})], "OP-FETCH", "expected 200; saw 404", [ACCEPT, ("GET op_1", 404)], id="lost-on-the-way"),
        pytest.param([poll("COMPLETED"), (404, {})], "OP-RETAINED", "expected the ended operation; saw 404", [ACCEPT, ("GET op_1", 404)],
                     id="lost-after-its-end"),
        pytest.param([poll("COMPLETED"), (500, {})], "OP-FETCH", "expected 200; saw 500", [ACCEPT, ("GET op_1", 500)],
                     id="server-error-after-its-end"),
    ],
)
def test_breach_of_a_history(bench: Bench, polls: list[Said], requirement: str, problem: str, steps: list[tuple[str, int]]) -> None:
    """What a poll can't show at that point breaches the requirement it speaks of; the evidence tells the story in order."""
    polled(bench, *polls)

    breaches = {one: texts for one, texts in bench.breaches().items() if one not in {"OP-BODY", "OP-COMPLETED-AT"}}
    assert breaches == {requirement: [problem]}
    assert bench.steps(requirement) == steps


def test_what_a_poll_checks(bench: Bench) -> None:
    """The polls of a whole life check every requirement that speaks of them."""
    polled(bench, poll(), poll("COMPLETED"), poll("COMPLETED"))

    counted = {one: number for one, number in bench.checks().items() if one.startswith("OP-")}
    assert counted == {
        "OP-BODY": 3, "OP-COMPLETED-AT": 3, "OP-ERROR": 3, "OP-FETCH": 3, "OP-ID": 6, "OP-ORIGIN": 3, "OP-RELATED": 3,
        "OP-RETAINED": 1, "OP-TIMES": 5, "OP-ORDER": 2,
    }
    assert bench.seen("OBS-STATUS-WORDS") == {"PENDING": 1, "COMPLETED": 2}
    assert bench.seen("OBS-FAILED-ERROR") == {}


@pytest.mark.parametrize(
    ("error", "said"), [pytest.param(None, "null", id="null"), pytest.param({"title": "no"}, "given", id="given")]
)
def test_the_error_of_a_failed_operation_is_observed(bench: Bench, error: object, said: str) -> None:
    """Whether FAILED comes with an error is open."""
    polled(bench, poll("FAILED", error=error))

    assert bench.seen("OBS-FAILED-ERROR") == {said: 1}


def test_an_unknown_word_is_no_observation(bench: Bench) -> None:
    """Words outside the documented ones are the schema's to judge."""
    operation = polled(bench, poll("DONE"), poll(5), poll([]), poll({}), poll(None))

    assert operation.status == "DONE"

    assert bench.seen("OBS-STATUS-WORDS") == {}
    assert "OP-BODY" in bench.breaches()


@pytest.mark.parametrize(
    ("after", "polls", "breached", "asked"),
    [
        pytest.param(0.9, [(404, {})], False, "1", id="before-retry-after"),
        pytest.param(1.0, [(404, {})], True, "1", id="after-retry-after"),
        pytest.param(0.0, [(404, {})], True, "0", id="at-once-where-it-may-be-asked-at-once"),
        pytest.param(1.9, [(404, {})], False, "30", id="within-two-seconds"),
        pytest.param(2.0, [(404, {})], True, "30", id="after-two-seconds"),
        pytest.param(1.9, [(404, {})], False, "soon", id="within-two-seconds-where-retry-after-says-nothing"),
        pytest.param(0.1, [poll(), (404, {})], True, "1", id="after-it-was-seen"),
        pytest.param(0.1, [(500, {})], True, "1", id="another-status"),
    ],
)
def test_an_operation_may_appear_a_moment_later(bench: Bench, after: float, polls: list[Said], breached: bool, asked: str) -> None:
    """Right after its 202 an operation may not be found yet; when it may be asked about, or once it was seen, it may not be lost."""
    bench.endpoint.on("GET /Operations/op_1", *polls)
    operation = bench.accepted(SID, (202, {"statusUrl": URL}, {"Retry-After": asked}))
    for _ in polls:
        bench.clock.now += after
        bench.suite.follower.poll(operation)

    assert ("OP-FETCH" in bench.breaches()) is breached
    assert bench.seen("OBS-TRANSPORT") == ({} if breached else {"operation not found right after its 202": 1})


def test_an_operation_without_an_id_is_compared_with_none(bench: Bench) -> None:
    """Where the 202 gives no id, none is held against the polls."""
    bench.endpoint.at("GET /?o=1", poll(operationId="op_7", statusUrl=f"{PLANE}/Operations/op_8"))
    operation = bench.accepted(SID, accepted(statusUrl=f"{ORIGIN}/?o=1"))
    bench.suite.follower.poll(operation)

    assert operation.id == ""
    assert "OP-ID" not in bench.checks()


def test_polls_go_where_the_delete_went(start: Callable[..., Bench]) -> None:
    """An operation is polled with the credentials and in the region of its delete."""
    bench = start(accounts=tuple(Account(f"user{i}", f"password{i}", ("U", "P")) for i in (1, 2)), regions=("http://elsewhere.example",))
    bench.suite.ownership.allow(SID, place=Place(1, 1))
    bench.endpoint.on(f"DELETE /Configurations/{SID}", accepted(None, "op_1"))
    bench.endpoint.on("GET /Operations/op_1", poll())
    exchange = bench.suite.client.delete(SID, account=1, region=1)
    operation = bench.suite.follower.accept(exchange, SID)

    seen = bench.suite.follower.poll(operation)

    assert (seen.account, seen.region, seen.call.subject) == (1, 1, "op_1")
    first, second = bench.endpoint.sent
    assert first.origin == second.origin
    assert first.headers["authorization"] == second.headers["authorization"]


@pytest.mark.parametrize(
    ("location", "said", "problem"),
    [
        pytest.param(URL, poll(), None, id="the-same-address"),
        pytest.param(f"{ORIGIN}/other/op_1", poll(), None, id="another-address"),
        pytest.param(f"{ORIGIN}/other/op_1", poll(operationId="op_2"), "expected operation op_1 at Location; saw 200 'op_2'", id="another-operation"),
        pytest.param(f"{ORIGIN}/other/op_1", (404, {}), "expected operation op_1 at Location; saw 404 None", id="nothing-there"),
        pytest.param(f"{ORIGIN}/other/op_1", (500, {}), None, id="an-error-says-nothing"),
        pytest.param("/other/op_1", poll(operationId="o" * 100), f"expected operation op_1 at Location; saw 200 '{'o' * 79}", id="relative"),
        pytest.param("http://other.example/op_1", None, None, id="elsewhere"),
        pytest.param("http://[", None, None, id="no-url"),
        pytest.param(None, None, None, id="none"),
    ],
)
def test_the_other_link(bench: Bench, location: str | None, said: Said | None, problem: str | None) -> None:
    """What Location leads to is the operation that statusUrl leads to; other servers are not asked."""
    bench.endpoint.on("GET /Operations/op_1", poll())
    bench.endpoint.at("GET /other/op_1", *([said] if said else []))
    operation = bench.accepted(SID, accepted(location, None, statusUrl=URL))
    bench.suite.follower.poll(operation)
    before, asked = bench.checks()["DEL-202-LINKS"], len(bench.endpoint.sent)
    known = bench.breaches().get("DEL-202-LINKS", [])

    bench.suite.follower.poll_other_link(operation)

    assert bench.breaches().get("DEL-202-LINKS", [])[len(known):] == ([problem] if problem else [])
    elsewhere = said is not None and location != URL
    assert len(bench.endpoint.sent) - asked == elsewhere
    assert bench.checks()["DEL-202-LINKS"] - before == (elsewhere and said[0] != 500)  # type: ignore[index]
    if problem:
        assert [step for step, _ in bench.steps("DEL-202-LINKS")] == ["DELETE " + SID, "GET op_1"]


def test_the_other_link_is_asked_as_the_first(start: Callable[..., Bench]) -> None:
    """Credentials and region are those of the delete."""
    bench = start(accounts=tuple(Account(f"user{i}", f"password{i}", ("U", "P")) for i in (1, 2)), regions=("http://elsewhere.example",))
    bench.suite.ownership.allow(SID, place=Place(1, 1))
    bench.endpoint.on(f"DELETE /Configurations/{SID}", accepted(f"{ORIGIN}/other/op_1", "op_1", statusUrl=URL))
    bench.endpoint.at("GET /other/op_1", poll())
    operation = bench.suite.follower.accept(bench.suite.client.delete(SID, account=1, region=1), SID)
    recorded: list[Any] = []
    bench.suite.client.recorders.append(lambda e: recorded.append((e.call, e.account, e.region)))

    bench.suite.follower.poll_other_link(operation)

    assert recorded == [(Call("operation", "op_1", of="delete"), 1, 1)]


def test_what_is_known_of_an_operation(bench: Bench) -> None:
    """Status and body are the newest that could be read."""
    operation = polled(bench, poll(), poll("RUNNING"), (500, {"status": "odd"}))
    assert (operation.status, operation.object["status"], operation.done) == ("odd", "RUNNING", False)

    fresh = begun(bench, "other", "op_2")
    assert (fresh.status, fresh.object, fresh.done) == ("", {}, False)


# -------------------------------------------------------------------- to the end


def test_finish_waits_for_all(bench: Bench) -> None:
    """Operations are polled until the last one has ended; those that were ended before are not asked again."""
    operations = [
        begun(bench, "a", "op_a", poll("COMPLETED", operationId="op_a", statusUrl=f"{PLANE}/Operations/op_a", related=None)),
        begun(bench, "b", "op_b", *[poll(operationId="op_b", statusUrl=f"{PLANE}/Operations/op_b", related=None)] * 3,
              poll("FAILED", operationId="op_b", statusUrl=f"{PLANE}/Operations/op_b", related=None)),
    ]

    ended = bench.suite.follower.finish(operations)

    assert ended == operations
    assert [operation.status for operation in operations] == ["COMPLETED", "FAILED"]
    assert [len(operation.polls) for operation in operations] == [1, 4]
    assert bench.checks()["OP-ENDS"] == 2
    assert bench.breaches() == {}
    asked = len(bench.endpoint.sent)
    assert bench.suite.follower.finish(operations) == operations
    assert bench.suite.follower.finish([]) == []
    assert len(bench.endpoint.sent) == asked


def stubborn(bench: Bench, number: int, said: Said | None = None) -> Operation:
    """An operation that stays as it is."""
    name = f"op_{number}"
    url = f"{PLANE}/Operations/{name}"
    return begun(bench, f"sid{number}", name, said or poll(operationId=name, statusUrl=url, related=None))


def test_an_operation_that_never_ends(start: Callable[..., Bench]) -> None:
    """It is found after the poll limit, once; later ones are given a tenth of it, too little to hold it against them."""
    bench = start(limits=Limits(poll_timeout_s=50))
    began = bench.clock.now

    assert bench.suite.follower.finish([stubborn(bench, 1)]) == []
    assert 50 < bench.clock.now - began < 53
    assert bench.breaches() == {"OP-ENDS": ["expected an end within 50 s; saw PENDING"]}
    assert bench.steps("OP-ENDS") == [("DELETE sid1", 202), ("GET op_1", 200)]

    began = bench.clock.now
    assert bench.suite.follower.finish([stubborn(bench, 2)]) == []
    assert 5 < bench.clock.now - began < 8
    assert bench.checks()["OP-ENDS"] == 1


def test_the_least_patience(start: Callable[..., Bench]) -> None:
    """However short the limit, a later operation is given two seconds."""
    bench = start(limits=Limits(poll_timeout_s=8))
    bench.suite.follower.finish([stubborn(bench, 1)])

    began = bench.clock.now
    bench.suite.follower.finish([stubborn(bench, 2)])

    assert 2 < bench.clock.now - began < 4.1
    assert bench.breaches()["OP-ENDS"] == ["expected an end within 8 s; saw PENDING"]


def test_an_operation_that_is_asked_about_late(start: Callable[..., Bench]) -> None:
    """One whose poll limit has passed before anything was asked is looked at before it is judged."""
    bench = start(limits=Limits(poll_timeout_s=8))
    ended, stuck = bench.accepted("sid1", accepted(statusUrl=URL)), stubborn(bench, 2)
    bench.endpoint.on("GET /Operations/op_1", poll("COMPLETED", completedAt="2026-11-23T00:00:05Z"))
    bench.clock.now += 20

    assert bench.suite.follower.finish([ended, stuck], early=False) == [ended]

    assert bench.breaches()["OP-ENDS"] == ["expected an end within 8 s; saw PENDING"]


def test_a_create_that_never_ends_is_no_breach(bench: Bench) -> None:
    """Only deletes are judged by whether they end."""
    bench.endpoint.on("POST /Configurations", accepted(statusUrl=URL))
    bench.endpoint.on("GET /Operations/op_1", poll())
    exchange = bench.suite.client.send(bench.suite.client.outgoing(Call("create", "n"), "POST", "/Configurations", payload={}))

    assert bench.suite.follower.finish([bench.suite.follower.accept(exchange, "")]) == []

    assert not {"OP-ENDS", "OP-RELATED"} & bench.checks().keys()
    # Deletes are waited for all the same.
    began = bench.clock.now
    bench.suite.follower.finish([stubborn(bench, 2)])
    assert bench.clock.now - began > 20


def test_an_operation_that_never_can_be_read(bench: Bench) -> None:
    """It is given up after a few seconds, the next of its kind sooner; the reason says what came last."""
    began, answers = bench.clock.now, iter(range(500, 600))
    operation = begun(bench, "sid1", "op_1")
    bench.endpoint.on("GET /Operations/op_1", lambda _: (504 if (status := next(answers)) == 503 else status, {}))
    with pytest.raises(Unfollowable) as caught:
        bench.suite.follower.finish([operation])
    assert str(caught.value) == f"the operation can't be read: the last poll gave {operation.polls[-1].status}"
    first = bench.clock.now - began
    assert 4 < first < 6

    began = bench.clock.now
    with pytest.raises(Unfollowable):
        bench.suite.follower.finish([stubborn(bench, 2, (500, {}))])
    assert 0.3 < bench.clock.now - began < 0.5


def test_creates_that_can_not_be_read_take_nothing_from_deletes(bench: Bench) -> None:
    """What is known of one kind of operation is not held against another."""
    bench.endpoint.on("POST /Configurations", accepted(statusUrl=URL))
    bench.endpoint.on("GET /Operations/op_1", (500, {}))
    exchange = bench.suite.client.send(bench.suite.client.outgoing(Call("create", "n"), "POST", "/Configurations", payload={}))
    with pytest.raises(Unfollowable):
        bench.suite.follower.finish([bench.suite.follower.accept(exchange, "")])

    began = bench.clock.now
    with pytest.raises(Unfollowable):
        bench.suite.follower.finish([stubborn(bench, 2, (500, {}))])
    assert bench.clock.now - began > 4


def test_a_moment_without_answers_is_waited_out(bench: Bench) -> None:
    """An operation that can be read again in time is followed on, even after many polls that could not."""
    broken: list[Said] = [(500, {})] * 3
    url = f"{PLANE}/Operations/op_1"
    good = poll(operationId="op_1", statusUrl=url, related=None)
    operation = begun(bench, "sid1", "op_1", *broken, good, *broken, good, *broken, good, *broken, good, poll("COMPLETED"))

    assert bench.suite.follower.finish([operation]) == [operation]


def test_pauses_grow_and_stay_bounded(start: Callable[..., Bench]) -> None:
    """Polls are close at first, each pause half the time since the 202, and never more than two seconds apart."""
    bench = start(limits=Limits(poll_timeout_s=60))
    operation = stubborn(bench, 1)
    bench.suite.follower.finish([operation])

    slept = bench.clock.slept
    assert max(slept) == pytest.approx(2.0)
    starts = [sum(slept[:number]) for number in range(len(slept))]
    for start_s, pause in zip(starts, slept, strict=True):
        # The last pause ends with the limit.
        assert pause == pytest.approx(max(min(start_s / 2, 2.0, 60 - start_s + 0.01), 0.03))
    assert 30 < len(operation.polls) < 45


def ending(bench: Bench, number: int, after: float) -> Operation:
    """An operation that ends so many seconds after its 202."""
    name, url, began = f"op_{number}", f"{PLANE}/Operations/op_{number}", bench.clock.now

    def now(_: object) -> Said:
        ended = bench.clock.now - began >= after
        return poll("COMPLETED" if ended else "PENDING", operationId=name, statusUrl=url, related=None)

    operation = begun(bench, f"sid{number}", name)
    bench.endpoint.on(f"GET /Operations/{name}", now)
    return operation


def pauses(bench: Bench, *operations: Operation, waited: float = 0.0) -> list[float]:
    """The pauses until all of these have ended, some time after their 202."""
    bench.clock.now += waited
    bench.clock.slept.clear()
    assert bench.suite.follower.finish(operations, early=False) == list(operations)
    return list(bench.clock.slept)


def test_what_is_known_of_how_long_operations_take_saves_polls(bench: Bench) -> None:
    """The first poll comes when an operation of its kind has ended so far; then each pause is a quarter of the time since the 202."""
    first = ending(bench, 1, 0.85)
    assert len(pauses(bench, first)) == 9
    assert first.ended is not None
    took = first.ended - first.accepted.sent

    assert pauses(bench, ending(bench, 2, 0.85)) == [pytest.approx(took)]
    assert pauses(bench, ending(bench, 3, 2.5)) == pytest.approx([took, *(took / 4 * 1.25**n for n in range(4))])


def test_time_that_has_passed_is_not_waited_again(bench: Bench) -> None:
    """The first poll comes sooner where some time went by since the 202."""
    took = sum(pauses(bench, ending(bench, 1, 0.85)))

    assert pauses(bench, ending(bench, 2, 0.85), waited=0.5) == [pytest.approx(took - 0.5)]
    assert pauses(bench, ending(bench, 3, 0.85), waited=5)[0] == pytest.approx(0.03)


def test_the_slower_half_says_how_long_operations_take(bench: Bench) -> None:
    """Of several operations the slower ones set the next first pause."""
    took = sum(pauses(bench, ending(bench, 1, 0.1), ending(bench, 2, 0.85)))
    assert pauses(bench, ending(bench, 3, 0.85))[0] == pytest.approx(took)

    pauses(bench, ending(bench, 4, 9))
    later = pauses(bench, ending(bench, 5, 9))
    # It says of itself that it took five seconds, and that is not less than half of what was seen.
    assert later[0] == pytest.approx(5.01, abs=0.01)
    assert len(later) == 4


def test_a_kind_not_met_yet_is_taken_to_last_as_long_as_others(bench: Bench) -> None:
    """The first poll comes when the longest known kind has ended; where that was too soon, pauses grow as if nothing were known."""
    pauses(bench, ending(bench, 1, 2))
    took = bench.suite.follower._typical["delete"]
    bench.endpoint.on("POST /Configurations", accepted(statusUrl=f"{PLANE}/Operations/op_2"))
    exchange = bench.suite.client.send(bench.suite.client.outgoing(Call("create", "n"), "POST", "/Configurations", payload={}))
    began = bench.clock.now
    bench.endpoint.on("GET /Operations/op_2", lambda _: poll("COMPLETED" if bench.clock.now - began > 2 * took else "PENDING",
                                                             operationId="op_2", statusUrl=f"{PLANE}/Operations/op_2"))

    assert pauses(bench, bench.suite.follower.accept(exchange, "")) == pytest.approx([took, took / 2, took * 0.75])


def test_a_group_is_first_polled_when_the_last_of_it_may_have_ended(bench: Bench) -> None:
    """However far apart its deletes were, each is polled once; nor does the pause grow from group to group."""
    pauses(bench, ending(bench, 1, 2))
    took = bench.suite.follower._typical["delete"]
    for first in (10, 20):
        operations = []
        for number in range(first, first + 4):
            operations.append(ending(bench, number, 2))
            bench.clock.now += 0.5

        pauses(bench, *operations)

        assert [len(operation.polls) for operation in operations] == [1] * 4
        assert bench.suite.follower._typical["delete"] <= took


def test_many_of_unknown_length_are_asked_in_turns(bench: Bench) -> None:
    """Until one of them has ended each is asked about once in three looks; after that, all that are left."""
    began = bench.clock.now

    bench.suite.follower.finish([ending(bench, number, 2) for number in range(6)], early=False)

    polls = [(round(sent.at - began, 2), sent.line.rpartition("op_")[2][:1]) for sent in bench.endpoint.sent if sent.line.startswith("GET")]
    looks = ["".join(sorted(name for at, name in polls if at == moment)) for moment in sorted({at for at, _ in polls})]
    assert looks[:4] == ["03", "14", "25", "03"]
    assert len(looks[-2]) == 2
    assert len(looks[-1]) == 4


def test_long_operations_are_sampled_half_way(bench: Bench) -> None:
    """A third as many as of short ones are polled at once, and as many half-way: some that were, and some that were not."""
    pauses(bench, ending(bench, 99, 9))
    bench.suite.follower.early_every = 2
    bench.endpoint.sent.clear()
    began = bench.clock.now

    bench.suite.follower.finish([ending(bench, number, 5) for number in range(8)])

    polls = [(round(sent.at - began, 1), sent.line.rpartition("op_")[2][:1]) for sent in bench.endpoint.sent if sent.line.startswith("GET")]
    assert sorted(name for at, name in polls if at == 0) == list("06")
    assert sorted(name for at, name in polls if at == 2.5) == list("01")
    assert sorted(name for at, name in polls if at > 2.5) == list("01234567")


@pytest.mark.parametrize(
    ("completed", "seconds"),
    [
        pytest.param("2026-11-23T00:00:05.500Z", 5.51, id="as-it-says"),
        pytest.param("2026-11-23T00:00:09Z", 8.0, id="no-longer-than-was-seen"),
        pytest.param("2026-11-23T00:00:00Z", 4.0, id="no-shorter-than-half-of-that"),
        pytest.param(None, 8.0, id="says-nothing"),
        pytest.param("soon", 8.0, id="says-nothing-readable"),
    ],
)
def test_what_an_operation_says_it_took(bench: Bench, completed: str | None, seconds: float) -> None:
    """An operation's own instants say how long it took, within what was seen."""
    operation = begun(bench, "sid1", "op_1")
    bench.endpoint.on("GET /Operations/op_1", poll("COMPLETED", operationId="op_1", createdAt="2026-11-23T00:00:00Z", completedAt=completed))
    bench.suite.follower.poll(operation)

    assert _took(operation, 8.0) == pytest.approx(seconds)


def test_an_operation_is_given_up_after_four_looks_at_least(bench: Bench) -> None:
    """Where polls are seldom, time alone does not make an operation unreadable."""
    pauses(bench, ending(bench, 1, 9))
    operation = stubborn(bench, 2, (500, {}))

    with pytest.raises(Unfollowable):
        bench.suite.follower.finish([operation], early=False)

    assert len(operation.polls) == 4


def test_an_operation_that_becomes_unreadable(bench: Bench) -> None:
    """Eight polls in a row without a known status are enough, once it has had its time."""
    url, began = f"{PLANE}/Operations/op_1", bench.clock.now
    operation = begun(bench, "sid1", "op_1")
    bench.endpoint.on("GET /Operations/op_1", lambda _: poll(operationId="op_1", statusUrl=url) if bench.clock.now - began < 6 else (200, {}))

    with pytest.raises(Unfollowable):
        bench.suite.follower.finish([operation])

    assert [bool(one.object) for one in operation.polls[-9:]] == [True] + [False] * 8


def test_an_operation_that_can_not_be_read_until_the_limit(start: Callable[..., Bench]) -> None:
    """Where the limit comes first, its end is judged, and there is no status to show."""
    bench = start(limits=Limits(poll_timeout_s=3))

    assert bench.suite.follower.finish([stubborn(bench, 1, (200, {}))]) == []

    assert bench.breaches()["OP-ENDS"] == ["expected an end within 3 s; saw no readable status"]


@pytest.mark.parametrize(("every", "at_once"), [pytest.param(1, 6, id="all"), pytest.param(2, 3, id="half"), pytest.param(4, 2, id="a-quarter")])
def test_some_operations_are_polled_at_once(bench: Bench, every: int, at_once: int) -> None:
    """One of every so many operations is polled right after its 202."""
    bench.suite.follower.early_every = every
    ended: list[Operation] = []
    for number in range(6):
        url = f"{PLANE}/Operations/op_{number}"
        ended.append(stubborn(bench, number, poll("COMPLETED", operationId=f"op_{number}", statusUrl=url, related=None)))
    moment = bench.clock.now

    assert len(bench.suite.follower.finish(ended)) == 6

    early = [sent for sent in bench.endpoint.sent if sent.line.startswith("GET") and sent.at == moment]
    assert len(early) == at_once


def test_a_follower_polls_all_at_once_unless_told_otherwise(bench: Bench) -> None:
    """Sampling is the suite's choice."""
    operations = [stubborn(bench, number, poll("COMPLETED", operationId=f"op_{number}", related=None)) for number in range(3)]
    moment = bench.clock.now

    Follower(bench.suite.client).finish(operations)

    assert [operation.ended for operation in operations] == [moment] * 3


@pytest.mark.parametrize(("number", "text"), [(1, "polling 1 delete"), (2, "polling 2 deletes"), (3, "polling 3 deletes")])
def test_polling_is_named(bench: Bench, named: list[str], number: int, text: str) -> None:
    """Whoever waits sees what is polled, and how many."""
    bench.suite.follower.finish([
        stubborn(bench, one, poll("COMPLETED", operationId=f"op_{one}", related=None)) for one in range(number)
    ])

    assert [one for one in named if one.startswith("polling")] == [text]


def test_polls_know_what_they_follow(bench: Bench) -> None:
    """By either link it is known of which call the operation is, for the requirements that differ."""
    bench.endpoint.on("POST /Configurations", accepted(f"{ORIGIN}/other/op_1", None, statusUrl=URL))
    bench.endpoint.on("GET /Operations/op_1", poll(operationId="op_2"))
    bench.endpoint.at("GET /other/op_1", poll(operationId="op_3"))
    exchange = bench.suite.client.send(bench.suite.client.outgoing(Call("create", "n"), "POST", "/Configurations", payload={}))
    operation = bench.suite.follower.accept(exchange, "")
    recorded: list[Any] = []
    bench.suite.client.recorders.append(lambda e: recorded.append(e.call))

    bench.suite.follower.poll(operation)
    bench.suite.follower.poll_other_link(operation)

    assert recorded == [Call("operation", "op_1", of="create")] * 2


def test_polls_at_one_moment_are_polls_like_others(bench: Bench) -> None:
    """Of several at one moment each is judged as the next poll; silence is no poll, and a refusal says nothing of the operation."""
    operation = begun(bench, SID, "op_1", poll("COMPLETED"), poll("COMPLETED"), Fault.CUT, (429, {}), poll("PENDING"), poll("COMPLETED"))
    seen: list[int | None] = []
    bench.suite.follower.polled = lambda _operation, exchange: seen.append(exchange.status)
    bench.suite.follower.poll(operation)

    bench.suite.follower.poll_at_once(operation, 5)

    assert seen == [200, 200, 429, 200, 200]
    assert bench.breaches()["OP-ORDER"] == ["expected COMPLETED or what may follow it; saw PENDING"]
    assert {one for one in bench.breaches() if one.startswith("OP-")} == {"OP-ORDER", "OP-TIMES"}
    assert len(operation.polls) == 5


def test_none_is_polled_at_once_unless_asked(bench: Bench) -> None:
    """Without *early* the first polls come after a pause."""
    operation = stubborn(bench, 1, poll("COMPLETED", operationId="op_1", related=None))
    moment = bench.clock.now

    bench.suite.follower.finish([operation], early=False)

    assert [sent.at for sent in bench.endpoint.sent if sent.line.startswith("GET")] == [pytest.approx(moment + 0.03)]
    assert operation.ended == pytest.approx(moment + 0.03)
