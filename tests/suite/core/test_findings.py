"""Findings: checks, breaches with evidence, unverified requirements, observations, and their merge."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.results.evidence import Evidence
from orchestrator_contract.results.findings import MAX_EVIDENCE, Findings

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench

DOCUMENTED, DERIVED, ADVISORY = "DEL-STATUS", "OP-STATUS-ORDER", "OP-RETAINED"


@pytest.fixture
def findings() -> Findings:
    """Empty findings that know one secret."""
    redactor = Redactor()
    redactor.add("user", "pass-word")
    return Findings(catalogue.load(), redactor)


@pytest.fixture
def exchange(bench: Bench) -> Callable[..., Exchange]:
    """Make exchanges to show as evidence."""
    return bench.exchange


def found(findings: Findings) -> list[tuple[str, str]]:
    """End the test; its breaches: requirement and problem."""
    return [(one.requirement, one.breach.problem) for one in findings.end()]


def test_a_check_that_holds(findings: Findings) -> None:
    """It is counted, and nothing else."""
    assert findings.check(DOCUMENTED, True, expected="a", seen="b")
    findings.check(DOCUMENTED, True)

    record = findings.records[DOCUMENTED]
    assert (
        record.checks,
        record.breaches,
        record.shown,
        record.problems,
        record.unverified,
        record.tests,
    ) == (2, 0, [], [], [], [])
    assert findings.end() == []


def test_a_breach(findings: Findings, exchange: Callable[..., Exchange]) -> None:
    """It has a text, evidence step by step, and counts as the newest one."""
    steps = [
        exchange("delete", (202, {}, {"Retry-After": "1"})),
        exchange("operation", (404, {"a": 1}), "GET"),
    ]

    findings.begin("test_x", ())
    assert not findings.check(
        DERIVED,
        False,
        expected="one thing",
        seen="another pass-word\x1b",
        where="$.status",
        exchanges=steps,
    )

    record = findings.records[DERIVED]
    problem = "$.status: expected one thing; saw another ***\\x1b"
    assert (record.checks, record.breaches, record.problems) == (1, 1, [problem])
    (breach,) = record.shown
    assert (breach.where, breach.expected, breach.seen, breach.problem) == (
        "$.status",
        "one thing",
        "another ***\\x1b",
        problem,
    )
    assert breach.steps == (
        Evidence(
            steps[0].curl(), 202, {"retry-after": "1", "content-type": "application/json"}, "{}"
        ),
        Evidence(steps[1].curl(), 404, {"content-type": "application/json"}, '{"a": 1}'),
    )
    assert found(findings) == [(DERIVED, problem)]


def test_a_breach_as_the_document_lists_it(
    findings: Findings, exchange: Callable[..., Exchange]
) -> None:
    """A piece for each step, numbered where there are several; the problem stands with the last, the run in place of a request."""
    steps = [
        exchange("delete", (202, {}, {"Retry-After": "1"})),
        exchange("operation", (404, {"a": 1}), "GET"),
    ]
    findings.check(DERIVED, False, expected="a", seen="b", where="$.status", exchanges=steps)
    findings.check(DERIVED, False, expected="a", seen="b", exchanges=steps[1:])
    findings.check(DERIVED, False)
    steps[1].note = "entry 7"
    findings.check(DERIVED, False, expected="a", seen="b", exchanges=steps)

    two, one, none, recorded = (
        breach.as_json("pytest") for breach in findings.records[DERIVED].shown
    )

    assert two == [
        {
            "request": steps[0].curl(),
            "status": 202,
            "headers": {"retry-after": "1", "content-type": "application/json"},
            "body": "{}",
            "problem": "step 1 of 2",
        },
        {
            "request": steps[1].curl(),
            "status": 404,
            "headers": {"content-type": "application/json"},
            "body": '{"a": 1}',
            "problem": "step 2 of 2: $.status: expected a; saw b",
        },
    ]
    assert [piece["problem"] for piece in one] == ["expected a; saw b"]
    assert none == [
        {
            "request": "pytest",
            "status": None,
            "headers": {},
            "body": "",
            "problem": "expected ; saw ",
        }
    ]
    assert [piece["problem"] for piece in recorded] == [
        "step 1 of 2",
        "entry 7: step 2 of 2: expected a; saw b",
    ]


def test_an_advisory_breach_does_not_count(findings: Findings) -> None:
    """Breaches that don't gate are on record and not counted as breaches of the run."""
    findings.begin("test_x", ())
    findings.check(DOCUMENTED, False)
    findings.check(ADVISORY, False)
    findings.check(DERIVED, False)
    findings.check(ADVISORY, False)

    assert [one for one, _ in found(findings)] == [DOCUMENTED, ADVISORY, DERIVED]


@pytest.mark.parametrize(
    ("seen", "observed"),
    [
        pytest.param("404", '404 {"a": 1}', id="status"),
        pytest.param("404 twice", '404 twice: {"a": 1}', id="outcome"),
        pytest.param("40400", '404 {"a": 1}: 40400', id="number-that-begins-with-it"),
    ],
)
def test_what_was_seen_has_the_status(
    findings: Findings, exchange: Callable[..., Exchange], seen: str, observed: str
) -> None:
    """The status and the beginning of the body stand there, whatever part was wrong."""
    steps = [exchange("delete", (404, {"a": 1}))]

    findings.check(DERIVED, False, seen=seen, exchanges=steps)

    assert findings.records[DERIVED].shown[0].observed == observed


def test_nothing_is_kept_for_a_test_where_none_runs(findings: Findings) -> None:
    """A recording of any size has no test that would fetch its breaches."""
    findings.check(DERIVED, False, seen="a")

    assert findings.records[DERIVED].breaches == 1
    assert findings.end() == []


def test_the_last_steps_are_shown(findings: Findings, exchange: Callable[..., Exchange]) -> None:
    """Of a long story the last six steps are kept."""
    steps = [exchange("delete", (200 + number, b"")) for number in range(9)]

    findings.check(DERIVED, False, expected="a", seen="b", exchanges=steps)

    (breach,) = findings.records[DERIVED].shown
    assert [step.status for step in breach.steps] == [203, 204, 205, 206, 207, 208]


def test_the_same_problem_is_told_once(findings: Findings) -> None:
    """Breaches are all counted, equal texts are kept once, each with its evidence."""
    for _ in range(3):
        findings.check(DERIVED, False, expected="a", seen="b")
    findings.check(DERIVED, False, expected="a", seen="c")

    record = findings.records[DERIVED]
    assert (record.breaches, record.problems, len(record.shown)) == (
        4,
        ["expected a; saw b", "expected a; saw c"],
        4,
    )


@pytest.mark.parametrize(
    ("excused", "kept"),
    [
        pytest.param(True, MAX_EVIDENCE, id="waived"),
        pytest.param(False, 2 * MAX_EVIDENCE, id="not-waived"),
    ],
)
def test_evidence_is_bounded(findings: Findings, excused: bool, kept: int) -> None:
    """Texts and evidence are kept up to a bound; what no waiver covers is kept past it, up to twice."""
    asked: set[tuple[str, str]] = set()

    def covers(requirement: str, problem: str) -> bool:
        asked.add((requirement, problem))
        return excused

    findings.excused = covers
    for number in range(30):
        findings.check(DERIVED, False, expected="a", seen=str(number))

    record = findings.records[DERIVED]
    assert record.problems == [f"expected a; saw {number}" for number in range(kept)]
    assert len(record.shown) == kept
    assert record.breaches == 30
    assert (DERIVED, "expected a; saw 12") in asked


def test_without_waivers_the_first_twelve_are_kept(findings: Findings) -> None:
    """The bound without a waiver file."""
    for number in range(30):
        findings.check(DERIVED, False, seen=str(number))

    assert len(findings.records[DERIVED].problems) == len(findings.records[DERIVED].shown) == 12


def test_long_texts_are_cut(findings: Findings) -> None:
    """A problem, each of its parts, and a reason have six hundred characters, an observation two hundred."""
    findings.check(DERIVED, False, expected="x" * 700, seen="s" * 700, where="w" * 700)
    findings.check(DERIVED, False, expected="x" * 700)
    findings.unverified([ADVISORY], "y" * 700)
    findings.observe("OBS-TRANSPORT", "z" * 700)

    assert findings.records[DERIVED].problems == ["w" * 600 + "…", "expected " + "x" * 591 + "…"]
    breach = findings.records[DERIVED].shown[0]
    assert (breach.where, breach.expected, breach.seen) == (
        "w" * 600 + "…",
        "x" * 600 + "…",
        "s" * 600 + "…",
    )
    assert findings.records[ADVISORY].unverified == ["y" * 600 + "…"]
    assert findings.observations == {"OBS-TRANSPORT": {"z" * 200 + "…": 1}}


def test_no_answer_as_evidence(findings: Findings, exchange: Callable[..., Exchange]) -> None:
    """Where no answer came its cause stands in place of the body, without secrets."""
    from orchestrator_contract.http.response import TransportFault

    cut = exchange("delete", TransportFault.TIMEOUT)
    cut.fault_text = "gave pass-word up"

    (piece,) = findings.evidence(cut)

    assert (piece.status, piece.headers, piece.body) == (None, {}, "(gave *** up)")


def test_evidence_holds_no_secret(findings: Findings, exchange: Callable[..., Exchange]) -> None:
    """Request, headers and body are shown without secrets."""
    shown = exchange(
        "delete",
        (404, {"m": "pass-word"}, {"Location": "/pass-word"}),
        request_headers=(("X-A", "pass-word"), ("Authorization", "***")),
    )
    shown.credential_names = ("USER", "PASSWORD")

    (piece,) = findings.evidence(shown)

    assert piece.body == '{"m": "***"}'
    assert piece.headers["location"] == "/***"
    assert "X-A: ***" in piece.request
    assert "pass-word" not in str(piece)


def test_what_is_unverified(findings: Findings) -> None:
    """Each reason is recorded once for each requirement, and counts as no check."""
    findings.begin("test_x", [])
    findings.unverified([DERIVED, ADVISORY], "no pass-word")
    findings.unverified([DERIVED], "no pass-word")
    findings.unverified([DERIVED], "other")

    assert findings.records[DERIVED].unverified == ["no ***", "other"]
    assert findings.records[ADVISORY].unverified == ["no ***"]
    assert (findings.records[DERIVED].checks, findings.records[DERIVED].tests) == (0, ["test_x"])


def test_tests_are_named(findings: Findings) -> None:
    """A requirement names each test that is about it, or that checked it, once; between tests none."""
    findings.begin("test_a", [DERIVED])
    findings.begin("test_a", [DERIVED])
    findings.check(DERIVED, True)
    findings.check(ADVISORY, True)
    findings.check(ADVISORY, True)
    findings.check(DOCUMENTED, False, expected="a", seen="b")
    assert found(findings) == [(DOCUMENTED, "expected a; saw b")]
    assert findings.test == ""
    findings.check(DOCUMENTED, True)
    findings.unverified([DOCUMENTED], "x")
    assert findings.end() == []
    findings.check(DERIVED, False)
    findings.begin("test_b", [])
    findings.check(DERIVED, True)
    assert findings.end() == []

    assert {one: record.tests for one, record in findings.records.items()} == {
        DERIVED: ["test_a", "test_b"],
        ADVISORY: ["test_a"],
        DOCUMENTED: ["test_a"],
    }


def test_observations(findings: Findings) -> None:
    """Sightings are counted by what was seen, without secrets; of forty kinds at most."""
    findings.observe("OBS-TRANSPORT", "pass-word")
    findings.observe("OBS-TRANSPORT", "pass-word", 4)
    assert findings.observations == {"OBS-TRANSPORT": {"***": 5}}

    for number in range(60):
        findings.observe("OBS-TRANSPORT", f"kind {number}")
    findings.observe("OBS-TRANSPORT", "kind 3")
    assert len(findings.observations["OBS-TRANSPORT"]) == 40
    assert findings.observations["OBS-TRANSPORT"]["kind 3"] == 2


def test_unknown_ids_are_errors(findings: Findings) -> None:
    """A check or an observation that the catalogue does not know is a mistake in the suite."""
    with pytest.raises(KeyError, match="no requirement NOPE in the catalogue"):
        findings.check("NOPE", True)
    with pytest.raises(KeyError, match="no observation NOPE in the catalogue"):
        findings.observe("NOPE", "x")


def test_a_story(findings: Findings) -> None:
    """A shrunk history stands, numbered and without secrets, beside the newest breach, which keeps its first; without a breach nowhere."""
    findings.check(DERIVED, False, seen="1")
    findings.check(DERIVED, False, seen="2")

    findings.story(DERIVED, ["delete pass-word", "poll"])
    findings.story(DERIVED, ["of a later one that is not kept"])
    findings.story(ADVISORY, ["x"])

    first, second = findings.records[DERIVED].shown
    assert (first.story, second.story) == ((), ("delete ***", "poll"))
    assert first.as_json("")[0]["problem"] == "expected ; saw 1"
    assert (
        second.as_json("")[0]["problem"]
        == "expected ; saw 2\nshortest history that shows it:\n1. delete ***\n2. poll"
    )
    assert second.problem == "expected ; saw 2"
    assert findings.records[ADVISORY].shown == []


def test_statuses_and_requests(findings: Findings, exchange: Callable[..., Exchange]) -> None:
    """Responses are counted by status, judged and valid ones apart; requests are counted."""
    findings.tally(404, valid=True)
    findings.tally(404, valid=None)
    findings.tally(404, valid=False)
    findings.tally(202, valid=False)
    for _ in range(2):
        findings.count_request(exchange("delete", (404, {})))

    assert findings.statuses == {404: [3, 2, 1], 202: [1, 1, 0]}
    assert findings.requests == 2


def filled(findings: Findings, name: str, number: int) -> dict[str, Any]:
    """The dump of findings with *number* breaches and checks."""
    for one in range(number):
        findings.begin(f"tests/x.py::test_{name}[{one}]", [DERIVED])
        findings.check(DERIVED, False, seen=f"{name}{one}")
        findings.unverified([DERIVED], f"why {name}{one}")
        findings.tally(404, valid=one > 0)
        findings.requests += 1
        findings.observe("OBS-TRANSPORT", "same")
        findings.observe("OBS-TRANSPORT", name)
    findings.begin(f"tests/x.py::test_{name}_more", [DERIVED])
    findings.check(DERIVED, True)
    findings.end()
    return findings.dump()


def test_findings_of_several_processes_are_merged(findings: Findings) -> None:
    """Counts add up, texts are kept once and in order, evidence up to its bound."""
    other = Findings(catalogue.load(), Redactor())
    filled(findings, "a", 8)
    dump = filled(other, "b", 7)

    findings.merge(dump)
    again = Findings(catalogue.load(), Redactor())
    again.merge(findings.dump())

    for one in (findings, again):
        record = one.records[DERIVED]
        assert (record.checks, record.breaches) == (17, 15)
        assert record.problems == [f"expected ; saw a{n}" for n in range(8)] + [
            f"expected ; saw b{n}" for n in range(7)
        ]
        assert [breach.problem for breach in record.shown] == record.problems[:12]
        assert record.unverified == [f"why a{n}" for n in range(8)] + [
            f"why b{n}" for n in range(7)
        ]
        assert record.concluded == ["test_a_more", "test_b_more"]
        assert record.inconclusive == {"test_a": "why a0", "test_b": "why b0"}
        assert record.tests[:2] == ["tests/x.py::test_a[0]", "tests/x.py::test_a[1]"]
        assert len(record.tests) == 17
        assert one.observations == {"OBS-TRANSPORT": {"same": 15, "a": 8, "b": 7}}
        assert one.statuses == {404: [15, 15, 13]}
        assert one.requests == 15
    findings.merge(dump)
    assert len(findings.records[DERIVED].problems) == 15


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_faults_that_may_pass_are_counted_over_processes(
    findings: Findings, exchange: Callable[..., Exchange], processes: int
) -> None:
    """One in a run is no breach, two are, each with its evidence, whoever met them."""
    for number in range(processes):
        other = Findings(catalogue.load(), Redactor())
        other.begin(f"test_{number}", [DERIVED])
        lost = exchange("fetch", (404, {}))
        other.passing(DERIVED, expected="a response", seen=f"none {number}", exchanges=[lost])
        assert other.end() == []
        findings.merge(json.loads(json.dumps(other.dump())))

    record = findings.records[DERIVED]
    assert record.breaches == (processes if processes > 1 else 0)
    assert [(one.seen, one.test, len(one.steps)) for one in record.shown] == [
        (f"none {number}", f"test_{number}", 1) for number in range(record.breaches)
    ]


def test_a_fault_that_may_pass_is_not_held(
    findings: Findings, exchange: Callable[..., Exchange]
) -> None:
    """One that a generated input meets is one of the run's, whether it is sent again or not."""
    lost = exchange("fetch", (404, {}))

    with findings.held() as held:
        findings.passing(DERIVED, expected="a response", seen="none", exchanges=[lost])

    assert held == []
    assert findings.records[DERIVED].breaches == 0
    findings.passing(DERIVED, expected="a response", seen="none again", exchanges=[lost])
    assert findings.records[DERIVED].breaches == 2


def test_evidence_of_a_breach_that_no_waiver_excuses_comes_through(findings: Findings) -> None:
    """However much of what is excused another process brought before."""
    findings.excused = lambda _, problem: "known" in problem
    for number in range(20):
        findings.check(DERIVED, False, expected="", seen=f"known {number}")
    other = Findings(catalogue.load(), Redactor())
    other.check(DERIVED, False, expected="", seen="new")

    findings.merge(other.dump())

    assert [breach.problem for breach in findings.records[DERIVED].shown][11:] == [
        "expected ; saw known 11",
        "expected ; saw new",
    ]


@pytest.mark.parametrize(
    ("before", "shown"),
    [pytest.param(11, 14, id="room-for-a-piece"), pytest.param(12, 12, id="full")],
)
def test_a_breach_is_kept_whole_or_not_at_all(
    findings: Findings, exchange: Callable[..., Exchange], before: int, shown: int
) -> None:
    """Its pieces stay together past the bound, where it was found and where it is merged."""
    other, steps = (
        Findings(catalogue.load(), Redactor()),
        [exchange("delete", (200 + number, b"")) for number in range(3)],
    )
    here, merged = findings, Findings(catalogue.load(), Redactor())
    for number in range(before):
        for one in (here, merged):
            one.check(DERIVED, False, seen=str(number))
    here.check(DERIVED, False, seen="steps", exchanges=steps)
    other.check(DERIVED, False, seen="steps", exchanges=steps)

    merged.merge(other.dump())

    for one in (here, merged):
        assert sum(breach.weight for breach in one.records[DERIVED].shown) == shown
    assert merged.records[DERIVED].shown == here.records[DERIVED].shown


def test_a_breach_comes_through_unchanged(
    findings: Findings, exchange: Callable[..., Exchange]
) -> None:
    """Between processes nothing of it is lost."""
    step = exchange("delete", (202, {}, {"Retry-After": "1"}))
    step.note = "entry 7"
    findings.check(DERIVED, False, expected="a", seen="b", where="$.status", exchanges=[step, step])
    findings.story(DERIVED, ["delete", "poll"])
    other = Findings(catalogue.load(), Redactor())

    other.merge(json.loads(json.dumps(findings.dump())))

    assert other.records[DERIVED].shown == findings.records[DERIVED].shown


def test_a_dump_is_plain_data(findings: Findings) -> None:
    """Findings handed to another process go through JSON unchanged."""
    text = json.dumps(filled(findings, "a", 2))
    other = Findings(catalogue.load(), Redactor())

    other.merge(json.loads(text))

    assert json.loads(json.dumps(other.dump())) == json.loads(text)


def test_a_test_that_was_cut_short_in_another_process(findings: Findings) -> None:
    """Checks of a worker do not make up for its test that did not end."""
    other = Findings(catalogue.load(), Redactor())
    other.begin("tests/x.py::test_a", [DERIVED])
    other.check(DERIVED, True)
    other.cut_short([DERIVED], "timed out")

    findings.merge(other.dump())

    assert findings.records[DERIVED].cut_short == "timed out"


def test_generated_requests_are_counted_over_processes(findings: Findings) -> None:
    """Each process counts what it generates, by kind."""
    other = Findings(catalogue.load(), Redactor())
    for one in (findings, other, other):
        one.count_generated("malformed keys")
    other.count_generated("histories")

    findings.merge(other.dump())

    assert findings.generated == {"malformed keys": 3, "histories": 1}


@pytest.mark.parametrize(
    ("checks", "inconclusive", "concluded"),
    [
        pytest.param(1, False, True, id="checked"),
        pytest.param(0, False, False, id="not-checked"),
        pytest.param(1, True, False, id="checked-in-part"),
    ],
)
def test_a_look_is_concluded_by_a_check(
    findings: Findings, checks: int, inconclusive: bool, concluded: bool
) -> None:
    """A test looked at a requirement to its end if it checked it and did not give up on it."""
    findings.check(DERIVED, True)
    findings.begin("tests/contract/test_a.py::test_look[first::x]", [DERIVED, ADVISORY])
    for _ in range(checks):
        findings.check(DERIVED, True)
    if inconclusive:
        findings.unverified([DERIVED], "why")
    findings.end()

    record = findings.records[DERIVED]
    assert record.concluded == (["test_look"] if concluded else [])
    assert record.inconclusive == ({"test_look": "why"} if inconclusive else {})
    assert findings.records[ADVISORY].concluded == []


def test_what_no_test_gave_up_is_no_look(findings: Findings) -> None:
    """A reason that comes from outside a test names no look."""
    findings.unverified([DERIVED], "a worker died")

    assert findings.records[DERIVED].unverified == ["a worker died"]
    assert findings.records[DERIVED].inconclusive == {}


def test_a_reason_is_safe_to_show() -> None:
    """Why something is unverifiable may quote the endpoint."""
    assert str(Inconclusive("a\x1b[1m")) == "a\\x1b[1m"
