"""Rules of the 202: its links agree, and lead to the operation on the target."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.exceptions import OperationUnreachable
from orchestrator_contract.http.addresses import Origin, last_segment
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.http.request import origin_of
from orchestrator_contract.profile import Account
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import Scope
from tests.suite.core.operations import LONG, ORIGIN, PLANE, SID, URL, accepted

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said


@pytest.mark.parametrize(
    ("said", "url", "operation_id", "links"),
    [
        pytest.param(
            accepted(URL, "op_1", statusUrl=URL),
            URL,
            "op_1",
            "statusUrl, Location, Operation-Id",
            id="all",
        ),
        pytest.param(accepted(statusUrl=URL), URL, "op_1", "statusUrl", id="statusUrl-alone"),
        pytest.param(accepted(URL), URL, "op_1", "Location", id="location-alone"),
        pytest.param(
            accepted(f"{ORIGIN}/elsewhere/op_1"),
            f"{ORIGIN}/elsewhere/op_1",
            "op_1",
            "Location",
            id="location-alone-by-another-path",
        ),
        pytest.param(accepted(None, "op_1"), URL, "op_1", "Operation-Id", id="operation-id-alone"),
        pytest.param(
            accepted(None, "op_1", statusUrl=f"{URL}/?x=1#y"),
            f"{URL}/?x=1#y",
            "op_1",
            "statusUrl, Operation-Id",
            id="slash-query-and-fragment",
        ),
        pytest.param(
            accepted(None, "op/1", statusUrl=f"{PLANE}/Operations/op%2F1"),
            f"{PLANE}/Operations/op%2F1",
            "op/1",
            "statusUrl, Operation-Id",
            id="percent-encoded",
        ),
        pytest.param(
            accepted(f"{PLANE}/Operations/op_1", None, statusUrl=f"{ORIGIN}/elsewhere/op_1"),
            f"{ORIGIN}/elsewhere/op_1",
            "op_1",
            "statusUrl, Location",
            id="two-addresses-of-one-operation",
        ),
        pytest.param(
            accepted(statusUrl=URL, related={"configurationId": SID}),
            URL,
            "op_1",
            "statusUrl",
            id="related",
        ),
        pytest.param(
            accepted(statusUrl=URL, related={"other": "x"}),
            URL,
            "op_1",
            "statusUrl",
            id="related-other-role",
        ),
        pytest.param(
            accepted(statusUrl=URL, related=None), URL, "op_1", "statusUrl", id="related-null"
        ),
        pytest.param(
            accepted(statusUrl="http://target.example:80/Operations/op_1"),
            "http://target.example:80/Operations/op_1",
            "op_1",
            "statusUrl",
            id="explicit-port",
        ),
    ],
)
def test_links_of_a_conformant_202(
    bench: Bench, said: Said, url: str, operation_id: str, links: str
) -> None:
    """Any one link is enough; statusUrl is polled."""
    operation = bench.accepted(SID, said)

    assert (operation.url, operation.id, operation.sid) == (url, operation_id, SID)
    assert bench.breaches() == {}
    assert bench.seen("OBS-STATUS-URL") == {links: 1}
    assert bench.checks().keys() >= {
        "DEL-202-OPERATION-NAMED",
        "DEL-202-LINKS-AGREE",
        "DEL-202-STATUS-URL-ORIGIN",
        "DEL-202-RELATED",
        "DEL-202-OWN-OPERATION",
    }


@pytest.mark.parametrize(
    ("said", "url", "problems"),
    [
        pytest.param(
            accepted(None, "op_2", statusUrl=URL),
            URL,
            {
                "DEL-202-LINKS-AGREE": "expected one operation id in all of them; saw Operation-Id op_2, statusUrl op_1"
            },
            id="header-of-another",
        ),
        pytest.param(
            accepted(f"{PLANE}/Operations/op_2", None, statusUrl=URL),
            URL,
            {
                "DEL-202-LINKS-AGREE": "expected one operation id in all of them; saw statusUrl op_1, Location op_2"
            },
            id="location-of-another",
        ),
        pytest.param(
            accepted(None, LONG, statusUrl=URL),
            URL,
            {
                "DEL-202-LINKS-AGREE": f"expected one operation id in all of them; saw Operation-Id {LONG[:80]}, statusUrl op_1"
            },
            id="long-id",
        ),
        pytest.param(
            accepted(None, "op_1", statusUrl=f"{ORIGIN}/"),
            f"{ORIGIN}/",
            {
                "DEL-202-LINKS-AGREE": "expected one operation id in all of them; saw Operation-Id op_1"
            },
            id="statusUrl-without-an-id",
        ),
        pytest.param(
            accepted("http://other.example/Operations/op_1", None, statusUrl=URL),
            URL,
            {
                "DEL-202-LINKS-AGREE": "Location: expected a Location on the target's own origins; saw http://other.example/Operations/op_1"
            },
            id="location-elsewhere",
        ),
        pytest.param(
            accepted("/v2/ControlPlane/Operations/op_1"),
            URL,
            {
                "DEL-202-LOCATION": "Location: expected an absolute URI; saw '/v2/ControlPlane/Operations/op_1'"
            },
            id="relative-location",
        ),
        pytest.param(
            accepted("/" + "l" * 200, None, statusUrl=f"{PLANE}/{'l' * 200}"),
            f"{PLANE}/{'l' * 200}",
            {"DEL-202-LOCATION": f"Location: expected an absolute URI; saw '/{'l' * 118}…"},
            id="long-relative-location",
        ),
        pytest.param(
            accepted(None, "op_1", statusUrl="https://target.example/Operations/op_1"),
            URL,
            {
                "DEL-202-STATUS-URL-ORIGIN": "expected an address on the target's own origins; saw https://target.example/Operations/op_1"
            },
            id="another-scheme",
        ),
        pytest.param(
            accepted(URL, None, statusUrl="http://other.example/op_1"),
            URL,
            {
                "DEL-202-STATUS-URL-ORIGIN": "expected an address on the target's own origins; saw http://other.example/op_1"
            },
            id="elsewhere-but-location-on-the-target",
        ),
        pytest.param(
            accepted(statusUrl=f"http://other.example/{'p' * 200}/op_1"),
            URL,
            {
                "DEL-202-STATUS-URL-ORIGIN": f"expected an address on the target's own origins; saw http://other.example/{'p' * 139}"
            },
            id="long-address-elsewhere",
        ),
        pytest.param(
            accepted(statusUrl=URL, related={"configurationId": "other"}),
            URL,
            {"DEL-202-RELATED": f"$.related: expected configurationId {SID}; saw 'other'"},
            id="related-to-another",
        ),
        pytest.param(
            accepted(statusUrl=URL, related={"configurationId": "r" * 200}),
            URL,
            {"DEL-202-RELATED": f"$.related: expected configurationId {SID}; saw '{'r' * 119}"},
            id="related-to-a-long-one",
        ),
    ],
)
def test_links_that_disagree(bench: Bench, said: Said, url: str, problems: dict[str, str]) -> None:
    """A link that leads elsewhere, or to another operation, is one breach."""
    operation = bench.accepted(SID, said)

    assert operation.url == url
    found = {
        one: texts[-1]
        for one, texts in bench.breaches().items()
        if one not in {"DEL-202-BODY", "DEL-202-HEADERS"}
    }
    assert {one: text for one, text in found.items() if one in problems} == problems
    assert found.keys() <= {*problems, "DEL-202-LOCATION"}
    assert all(("DELETE " + SID, 202) in bench.steps(one) for one in problems)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            "op HTTP/1.1\r\nX-Evil: 1\r\n\r\nDELETE /v2/ControlPlane/Configurations/theirs HTTP/1.1",
            id="another-request",
        ),
        pytest.param("op\r\nX-Evil: 1", id="line-break"),
        pytest.param("op\tx", id="tab"),
        pytest.param("op x", id="blank"),
        pytest.param("op\0", id="nul"),
        pytest.param("op\\@other.example", id="backslash"),
        pytest.param("\xf6p", id="beyond-ascii"),
    ],
)
def test_a_link_that_would_not_go_out_as_it_stands(bench: Bench, path: str) -> None:
    """A link that is no URI is not followed: a line break in it would begin another request."""
    operation = bench.accepted(SID, accepted(None, "op_1", statusUrl=f"{PLANE}/Operations/{path}"))

    assert operation.url == f"{PLANE}/Operations/op_1"
    assert "DEL-202-STATUS-URL-ORIGIN" in bench.breaches()


def test_an_id_from_a_link_elsewhere(bench: Bench) -> None:
    """The id goes into a path as one segment, escaped."""
    operation = bench.accepted(
        SID, accepted(statusUrl="http://other.example/op%20HTTP%0d%0aX-Evil:%201%3fa%23b")
    )

    assert operation.url == f"{PLANE}/Operations/op%20HTTP%0D%0AX-Evil:%201%3Fa%23b"


@pytest.mark.parametrize(
    ("said", "followed"),
    [
        pytest.param(accepted(), "none of them", id="nothing"),
        pytest.param(accepted(statusUrl=7), "none of them", id="statusUrl-is-a-number"),
        pytest.param(accepted(statusUrl=""), "none of them", id="statusUrl-is-empty"),
        pytest.param(accepted("http://[/"), "Location", id="no-url"),
        pytest.param(
            accepted("http://[x", None, statusUrl="http://[/"), "statusUrl, Location", id="no-urls"
        ),
        pytest.param(accepted(None, "op/1"), "Operation-Id", id="an-id-that-is-no-segment"),
        pytest.param(accepted(None, "\xf6p"), "Operation-Id", id="an-id-beyond-ascii"),
        pytest.param(accepted(None, "o" * 512), "Operation-Id", id="an-id-without-end"),
        pytest.param(accepted(None, ".."), "Operation-Id", id="an-id-of-dots"),
    ],
)
def test_unreachable_operation(bench: Bench, said: Said, followed: str) -> None:
    """A 202 whose links lead nowhere on the target can't be followed."""
    with pytest.raises(
        OperationUnreachable,
        match=r"^the 202 has no link that leads to its operation on the target$",
    ):
        bench.accepted(SID, said)

    assert bench.seen("OBS-STATUS-URL") == {followed: 1}
    nothing = ["expected statusUrl, Location or Operation-Id; saw none of them"]
    assert bench.breaches().get("DEL-202-OPERATION-NAMED") == (
        nothing if followed == "none of them" else None
    )
    if followed == "none of them":
        assert bench.steps("DEL-202-OPERATION-NAMED") == [("DELETE " + SID, 202)]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(accepted("http://other.example/op_1"), id="location-elsewhere"),
        pytest.param(
            accepted("", "", statusUrl="http://other.example/op_1"),
            id="statusUrl-elsewhere-and-empty-headers",
        ),
        pytest.param(accepted("http://target.example:x/op_1"), id="location-with-no-port"),
    ],
)
def test_operation_is_polled_on_the_target(bench: Bench, said: Said) -> None:
    """If links lead elsewhere, the id that they give is polled on the target."""
    assert bench.accepted(SID, said).url == URL
    assert "DEL-202-LINKS-AGREE" not in bench.breaches()


def test_a_status_url_of_almost_any_length_is_followed(bench: Bench) -> None:
    """A statusUrl of up to 64 KiB is followed; a longer one is no breach."""
    longest = f"{URL}?{'x' * (64 * 1024 - len(URL) - 1)}"
    assert bench.accepted(SID, accepted(statusUrl=longest)).url == longest

    with pytest.raises(
        OperationUnreachable,
        match=r"^the 202's statusUrl has 65537 characters: none of more than 65536 is followed$",
    ):
        bench.accepted(SID, accepted(statusUrl=f"{longest}x"))

    assert bench.breaches() == {}


def test_names_of_any_length_are_one_operation(bench: Bench) -> None:
    """A long name is identified by its beginning and a digest, in every link."""
    name = "o" * 5000
    exchange = bench.exchange(
        "delete",
        accepted(f"http://target.example/{name}", name, statusUrl=f"http://target.example/{name}/"),
    )

    assert len(exchange.operation_names) == 1
    assert (
        exchange.operation_names
        != bench.exchange("delete", accepted(None, f"{name}o")).operation_names
    )
    assert bench.accepted(SID, accepted(None, "op_1", statusUrl=URL)).id == "op_1"


def test_long_addresses_are_not_kept() -> None:
    """urllib would keep the URLs that it parsed last."""
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
    """Breaches by a create's 202 land on CTRL-202."""
    bench.script.on(
        "POST /Configurations",
        accepted("http://other.example/x", "op_2", statusUrl="http://other.example/y"),
    )
    exchange = bench.endpoint.client.send(
        bench.endpoint.client.request(Call("create", "n"), "POST", "/Configurations", payload={})
    )

    operation = bench.endpoint.poller.accept(exchange, Configuration(""))

    assert (operation.id, operation.url, operation.sid) == ("op_2", f"{PLANE}/Operations/op_2", "")
    assert not {one for one in bench.checks() if one.startswith("DEL-")}
    assert [problem.partition(":")[0] for problem in bench.breaches()["CTRL-202"]] == [
        "create, by DEL-202-LINKS-AGREE",
        "create, by DEL-202-LINKS-AGREE, Location",
        "create, by DEL-202-STATUS-URL-ORIGIN",
    ]
    assert bench.seen("OBS-STATUS-URL") == {}


def test_each_create_has_an_operation_of_its_own(bench: Bench) -> None:
    """Two creates that get one operation are a breach, unless they have one name."""
    bench.script.on("POST /Configurations", accepted(statusUrl=URL))

    def create(name: str) -> None:
        out = bench.endpoint.client.request(
            Call("create", name), "POST", "/Configurations", payload={}
        )
        bench.endpoint.poller.accept(bench.endpoint.client.send(out), Configuration(""))

    for name in ("one", "one"):
        create(name)
    assert bench.breaches() == {}
    create("two")

    assert bench.breaches() == {
        "CTRL-202": [
            "create, by DEL-202-OWN-OPERATION: expected an operation of its own for two; saw operation op_1, which belongs to one"
        ]
    }


def test_each_delete_has_an_operation_of_its_own(bench: Bench) -> None:
    """An operation that belongs to another SID already is a breach; the same SID may name it again."""
    bench.accepted(SID, accepted(statusUrl=URL))
    bench.accepted(SID, accepted(statusUrl=URL))
    assert bench.breaches() == {}

    bench.accepted("other", accepted(statusUrl=URL))

    assert bench.breaches() == {
        "DEL-202-OWN-OPERATION": [
            f"expected an operation of its own for other; saw operation op_1, which belongs to {SID}"
        ]
    }
    assert bench.steps("DEL-202-OWN-OPERATION") == [("DELETE other", 202)]


def test_operations_of_accounts_and_regions_are_apart(start: Callable[..., Bench]) -> None:
    """Operation ids are unique within a scope only."""
    bench = start(
        accounts=tuple(Account(f"user{i}", f"password{i}", ("U", "P")) for i in (1, 2)),
        regions=("http://elsewhere.example",),
    )
    for scope in (Scope(1, 0), Scope(0, 1)):
        bench.endpoint.ownership.allow("other", scope=scope)
    for sid in (SID, "other"):
        bench.script.on(f"DELETE /Configurations/{sid}", accepted(None, "op_1"))

    bench.accepted(SID, accepted(None, "op_1"))
    for account, region, home in ((1, 0, ORIGIN), (0, 1, "http://elsewhere.example")):
        configuration = Configuration("other", scope=Scope(account, region))
        exchange = bench.endpoint.client.delete(configuration)
        operation = bench.endpoint.poller.accept(exchange, configuration)
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
        pytest.param("b", "b", id="relative"),
        pytest.param("http://x/a/XbX/", "XbX", id="capitals"),
        pytest.param("http://x/", None, id="root"),
        pytest.param("http://x", None, id="no-path"),
        pytest.param("", None, id="empty"),
        pytest.param("http://[x/a", None, id="no-url"),
    ],
)
def test_last_segment(url: str, segment: str | None) -> None:
    """The last segment of a path that is not empty, decoded."""
    assert last_segment(url) == segment
