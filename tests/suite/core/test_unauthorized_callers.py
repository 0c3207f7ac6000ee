"""Deletes by callers that may not delete: which SIDs they may name, and how refusals are judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.profile import Account, Provision
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.rules import authorization
from orchestrator_contract.scope import Scope
from orchestrator_contract.steps.concurrent_deletes import CompetingRequests, Race
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.unauthorized import (
    Disclosure,
    DisturbedDeletes,
    UnauthorizedCallers,
)
from tests.suite.core.test_deletes import accepted, poll

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said

ACCOUNTS = tuple(Account(f"user{n}", f"password{n}", ("U", "P")) for n in (1, 2))
USUAL = "conv_configuration_0aaaaaaaaaaaaaaaaaaaaaaaaa"
OTHER_PAYROLL = (200, {"id": "7", "displayName": "payroll"})


def refusal(bench: Bench, said: Said, credentials: str = "other account") -> Exchange:
    """The response to a delete with such credentials."""
    call = Call("delete", "sid", judge_content=False, credentials=credentials)
    return bench.exchange("delete", said, call=call)


# -------------------------------------------------------------------- which SIDs may be named


@pytest.mark.parametrize(
    ("sid", "said", "exists"),
    [
        pytest.param(USUAL, None, False, id="an-id-of-the-documented-form"),
        pytest.param("7", (404, {}), False, id="not-found"),
        pytest.param("7", (403, {}), False, id="forbidden"),
        pytest.param("7", (200, {"id": "7", "displayName": "oc-1-0"}), False, id="the-runs-own"),
        pytest.param("7", (500, {}), True, id="an-error-says-nothing"),
        pytest.param("7", OTHER_PAYROLL, True, id="somebody-elses"),
    ],
)
def test_other_account_is_not_sent_where_the_sid_may_be_its_own(
    start: Callable[..., Bench], sid: str, said: Any, exists: bool
) -> None:
    """Where ids are counted in each account, a fetch tells whether the SID names another one."""
    bench = start(accounts=ACCOUNTS)
    bench.endpoint.inventory.add(Configuration(sid, "oc-1-0"))
    bench.script.on(f"DELETE /Configurations/{sid}", (404, {}))
    if said is not None:
        bench.script.on(f"GET /Configurations/{sid}", said)
    callers = UnauthorizedCallers(bench.endpoint)

    assert callers.may_exist(sid, Scope(1)) is exists
    assert bench.endpoint.ownership.owns(sid, Scope(1)) is not exists
    if exists:
        with pytest.raises(Inconclusive, match="a configuration of its own"):
            callers.delete("other account", Configuration(sid))
        with pytest.raises(Inconclusive, match="a configuration of its own"):
            Disclosure(bench.endpoint).url_of(Configuration(sid), "other account")
    else:
        assert callers.delete("other account", Configuration(sid)).status == 404
    assert sum(sent.line.startswith("DELETE") for sent in bench.script.sent) == (not exists)


def test_other_account_needs_credentials_in_the_region(start: Callable[..., Bench]) -> None:
    """A second account without a second region sends nothing there."""
    bench = start(accounts=ACCOUNTS)
    elsewhere = Configuration(USUAL, scope=Scope(region=1))

    with pytest.raises(Inconclusive, match=r"^needs accounts and regions$"):
        UnauthorizedCallers(bench.endpoint).delete("other account", elsewhere)

    assert bench.script.sent == []


def test_disturbed_delete_that_does_not_end(start: Callable[..., Bench]) -> None:
    """A delete that outlives the poll limit says nothing of unauthorized ones."""
    bench = start()
    bench.endpoint.ownership.allow("sid")
    bench.script.on("DELETE /Configurations/sid", accepted())
    bench.script.on("GET /Operations/op_1", poll("PENDING"))
    operation = Deletes(bench.endpoint).accept(Configuration("sid"))

    with pytest.raises(Inconclusive, match="was not seen to end"):
        DisturbedDeletes(bench.endpoint).judge(operation, "missing")

    assert bench.breaches().keys() == {"OP-TERMINATES"}


def test_regions_that_share_their_configurations(start: Callable[..., Bench]) -> None:
    """A delete accepted in the other region may have deleted the run's own in the first."""
    bench = start(regions=("http://one.example",))
    one, other = Configuration("7", "oc-1-0"), Configuration("8", "oc-1-1", Scope(region=1))
    for configuration in (one, other):
        bench.endpoint.inventory.add(configuration)
    url = "http://one.example/v2/ControlPlane/Operations/a"
    bench.script.on("GET /Configurations/7", (200, {"id": "7", "displayName": "oc-1-0"}))
    bench.script.on("DELETE /Configurations/7", (202, {"statusUrl": url}, {"Retry-After": "1"}))

    assert not UnauthorizedCallers(bench.endpoint).may_exist("7", Scope(region=1))
    bench.endpoint.client.delete(Configuration("7", scope=Scope(region=1)))

    untouched = [bench.endpoint.ownership.untouched(c.resource_key) for c in (one, other)]
    assert untouched == [False, True]


# -------------------------------------------------------------------- competing requests


@pytest.fixture
def competing(start: Callable[..., Bench]) -> tuple[Bench, CompetingRequests]:
    """A bench with two configurations, and requests that compete for a key."""
    bench = start(
        effort="standard", accounts=ACCOUNTS, provision=Provision("pool", pool=("7", "8"))
    )
    for sid in ("7", "8"):
        bench.script.on(f"DELETE /Configurations/{sid}", (404, {}))
    return bench, CompetingRequests(bench.endpoint)


@pytest.mark.parametrize(
    ("said", "strange"),
    [
        pytest.param((404, {}), ["", "user2"], id="not-found"),
        pytest.param(OTHER_PAYROLL, [""], id="somebody-elses"),
    ],
)
def test_competing_requests_leave_out_who_may_own_the_sid(
    competing: tuple[Bench, CompetingRequests], said: Said, strange: list[str]
) -> None:
    """The other account competes only if the SID names nothing of its own."""
    bench, requests = competing
    bench.script.on("GET /Configurations/7", said)

    race, unauthorized, other = requests.compete(bench.endpoint.configurations.one())
    requests.judge(race, unauthorized, other)

    deletes = [sent for sent in bench.script.sent if sent.line.startswith("DELETE")]
    assert sorted(sent.user for sent in deletes if sent.user != "user1") == strange
    assert len(deletes) == bench.endpoint.effort.concurrent
    assert len({sent.headers["idempotency-key"] for sent in deletes}) == 1
    assert (len(unauthorized), other.call.subject) == (len(strange), "8")
    assert len(race.responses) == len(deletes) - len(strange) - 1
    assert not [one for one in bench.breaches() if one.startswith(("AUTH-", "KEY-"))]


@pytest.mark.parametrize(
    ("said", "breached"),
    [
        pytest.param((202, {}), ["AUTH-MISSING"], id="accepted"),
        pytest.param((401, {}), [], id="refused"),
        pytest.param((500, {}), [], id="an-error-that-may-pass"),
        pytest.param((503, {}), [], id="an-outage-that-may-pass"),
        pytest.param((429, {}), [], id="rate-limited"),
        pytest.param(TransportFault.CUT, [], id="no-response"),
    ],
)
def test_competing_unauthorized_request_is_judged_unless_its_response_passes(
    competing: tuple[Bench, CompetingRequests], said: Said, breached: list[str]
) -> None:
    """A fault that passes on a second try is no finding."""
    bench, requests = competing
    other = bench.exchange("delete", (404, {}))

    requests.judge(Race(Configuration("7"), []), [refusal(bench, said, "missing")], other)

    assert list(bench.breaches()) == breached


def test_competing_unauthorized_request_meets_a_tolerated_status(
    start: Callable[..., Bench],
) -> None:
    """A 410 that the profile tolerates is tolerated here, too."""
    bench = start(tolerated=frozenset({410}))
    requests = CompetingRequests(bench.endpoint)
    strange = [refusal(bench, (410, {}), "missing")]

    requests.judge(Race(Configuration("7"), []), strange, bench.exchange("delete", (404, {})))

    assert bench.breaches() == {}


# -------------------------------------------------------------------- how refusals are judged


@pytest.mark.parametrize(
    ("status", "credentials", "tolerated", "breached"),
    [
        *(
            pytest.param(status, "other account", (), [], id=f"other-account-{status}")
            for status in (401, 403, 404)
        ),
        pytest.param(410, "other account", (), ["AUTH-OTHER-ACCOUNT"], id="other-account-410"),
        pytest.param(410, "wrong", (), ["AUTH-NO-DISCLOSURE"], id="wrong-410"),
        pytest.param(410, "other account", (410,), [], id="other-account-410-tolerated"),
        pytest.param(410, "missing", (410,), [], id="missing-410-tolerated"),
        pytest.param(410, "missing", (405,), ["AUTH-NO-DISCLOSURE"], id="another-tolerated"),
        pytest.param(500, "missing", (), ["AUTH-REFUSED-4XX"], id="server-error"),
        pytest.param(202, "missing", (), ["AUTH-MISSING"], id="accepted"),
    ],
)
def test_unauthorized_request_is_refused(
    start: Callable[..., Bench],
    status: int,
    credentials: str,
    tolerated: tuple[int, ...],
    breached: list[str],
) -> None:
    """401, 403 and 404 are conformant; a 410 discloses that the SID existed."""
    bench = start(tolerated=frozenset(tolerated))

    refused = Check(bench.endpoint).refused(refusal(bench, (status, {}), credentials))

    assert refused is (status != 202)
    assert list(bench.breaches()) == breached
    if breached and status == 410:
        (problem,) = bench.breaches()[breached[0]]
        assert problem == (
            "expected 401, 403 or 404, which do not tell that the SID existed; "
            f"saw 410 to {credentials} credentials"
        )


@pytest.mark.parametrize(
    ("said", "breached"),
    [
        pytest.param((403, {"message": "no"}), [], id="nothing"),
        pytest.param((403, {"message": "oc-run-7 is not yours"}), ["n"], id="in-the-body"),
        pytest.param((403, {}, {"X-Resource": "oc-run-7"}), ["n"], id="in-a-header"),
        pytest.param((403, b'{"message": "\\u006fc-run-7"}'), ["n"], id="escaped"),
        pytest.param((403, {"message": "secret text"}), ["n"], id="a-secret"),
        pytest.param((403, {"message": "abc"}), [], id="too-short-to-tell"),
    ],
)
def test_refusal_discloses_nothing(bench: Bench, said: Said, breached: list[str]) -> None:
    """No refusal holds a name of the run's, or content that only the owner knows."""
    Check(bench.endpoint).refused(refusal(bench, said), secrets=["secret text", "abc"])

    assert list(bench.breaches()) == ["AUTH-OTHER-ACCOUNT"] * bool(breached)


@pytest.mark.parametrize(
    ("existing", "unknown", "breached"),
    [
        pytest.param([(404, "sid")], [(404, "sid")], False, id="the-same-but-for-the-sid"),
        pytest.param([(403, "a")], [(404, "a")], True, id="another-status"),
        pytest.param([(404, "a")], [(404, "b")], True, id="another-message"),
        pytest.param([(403, "a"), (404, "a")], [(404, "a")] * 2, False, id="changes-by-itself"),
    ],
)
def test_existing_sid_is_refused_as_an_unknown_one(
    bench: Bench, existing: list[tuple[int, str]], unknown: list[tuple[int, str]], breached: bool
) -> None:
    """Refusals that differ disclose which SID exists, if each is refused alike every time."""
    some = [
        [refusal(bench, (status, {"message": text})) for status, text in pairs]
        for pairs in (existing, unknown)
    ]

    authorization.same_refusal(bench.endpoint.findings, *some)

    assert ("AUTH-OTHER-ACCOUNT" in bench.breaches()) is breached


@pytest.mark.parametrize("said", [(429, {}), (500, {}), (503, {}), TransportFault.CUT])
def test_refusals_that_pass_are_not_compared(bench: Bench, said: Said) -> None:
    """A lock-out or an error says nothing of the SID."""
    pair = [refusal(bench, (404, {}))], [refusal(bench, said)]

    with pytest.raises(Inconclusive, match="says nothing of the SID"):
        Check(bench.endpoint).same_refusal(*pair)

    assert bench.breaches() == {}


@pytest.mark.parametrize(
    ("said", "absent", "again", "breached"),
    [
        pytest.param(404, 404, 404, False, id="not-found"),
        pytest.param(403, 404, 403, False, id="forbidden"),
        pytest.param(410, 404, 410, True, id="gone-where-others-are-not-found"),
        pytest.param(410, 410, 410, False, id="gone-as-every-sid"),
        pytest.param(409, 404, 409, True, id="a-conflict-where-others-are-not-found"),
        pytest.param(409, 404, 404, False, id="a-conflict-that-passes"),
    ],
)
def test_conflict_or_gone_is_compared_with_an_unknown_sid(
    start: Callable[..., Bench],
    monkeypatch: pytest.MonkeyPatch,
    said: int,
    absent: int,
    again: int,
    breached: bool,
) -> None:
    """To another account a SID is neither in conflict nor gone, unless every SID is."""
    bench = start(accounts=ACCOUNTS, tolerated=frozenset({410}))
    unknown = USUAL.replace("a", "b")
    monkeypatch.setattr(bench.endpoint.absent, "one", lambda: Configuration(unknown))
    bench.script.on(f"DELETE /Configurations/{unknown}", (absent, {}))
    bench.script.on(f"DELETE /Configurations/{USUAL}", (again, {}))
    disclosure = Disclosure(bench.endpoint)

    disclosure.refused_like_unknown(Configuration(USUAL), refusal(bench, (said, {})))

    assert ("AUTH-OTHER-ACCOUNT" in bench.breaches()) is breached
    assert bool(bench.script.sent) is (said != 403)


@pytest.mark.parametrize(
    ("message", "breached"),
    [("X was not found", False), ("X has been deleted", True), ("no such thing", True)],
)
def test_not_found_is_the_same_for_an_unknown_sid(
    start: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch, message: str, breached: bool
) -> None:
    """The 404 of a SID of another account tells nothing that an unknown one's does not."""
    bench = start(accounts=ACCOUNTS)
    unknown = USUAL.replace("a", "b")
    monkeypatch.setattr(bench.endpoint.absent, "one", lambda: Configuration(unknown))
    said = {
        sid: (404, {"code": 20404, "message": text.replace("X", sid)})
        for sid, text in {unknown: "X was not found", USUAL: message}.items()
    }
    for sid, response in said.items():
        bench.script.on(f"DELETE /Configurations/{sid}", response)
    call = Call("delete", USUAL, judge_content=False, credentials="other account")
    first = bench.exchange("delete", said[USUAL], call=call)

    Disclosure(bench.endpoint).refused_like_unknown(Configuration(USUAL), first)

    assert ("AUTH-OTHER-ACCOUNT" in bench.breaches()) is breached


def test_not_found_may_quote_a_part_of_the_sid(
    start: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal that differs for each unknown SID tells nothing of one."""
    bench = start(accounts=ACCOUNTS)
    unknown = [USUAL.replace("a", letter) for letter in "bcd"]
    for sid in (USUAL, *unknown):
        said = (404, {"code": 20404, "message": f"no {sid[:-2]}"})
        bench.script.on(f"DELETE /Configurations/{sid}", said)
    sids = iter(unknown)
    monkeypatch.setattr(bench.endpoint.absent, "one", lambda: Configuration(next(sids)))
    call = Call("delete", USUAL, judge_content=False, credentials="other account")
    first = bench.exchange(
        "delete", (404, {"code": 20404, "message": f"no {USUAL[:-2]}"}), call=call
    )

    Disclosure(bench.endpoint).refused_like_unknown(Configuration(USUAL), first)

    assert bench.breaches() == {}
