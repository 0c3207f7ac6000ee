"""Verdicts: one for each requirement, one for the run, and the document."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator_contract import __version__
from orchestrator_contract.contract import catalogue
from orchestrator_contract.contract.catalogue import Level, Requirement
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.profile import Account, Profile, Provision, Trigger
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.results.exit_code import exit_code
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.results.requirement import (
    RequirementFindings,
    Verdict,
    judge_requirement,
)
from orchestrator_contract.results.verdict import (
    Overall,
    Policy,
    Result,
    conclude,
)

START, END = (
    datetime(2026, 11, 23, 1, 2, 3, 456789, UTC),
    datetime(2026, 11, 23, 1, 2, 9, tzinfo=UTC),
)
BARE = Profile("bare", "http://x.example", provision=Provision("create"))
FULL = Profile(
    "full",
    "http://x.example",
    provision=Provision("create"),
    faults={429: Trigger()},
    clock_url="http://x.example/c",
)


def requirement(
    level: Level = Level.DERIVED, *needs: str, essential: tuple[str, ...] = ()
) -> Requirement:
    """A requirement."""
    return Requirement("A", level, "title", "S1", needs, essential)


@pytest.mark.parametrize(
    ("record", "verdict", "reason"),
    [
        pytest.param(
            RequirementFindings(),
            Verdict.UNVERIFIED,
            "nothing in this run was subject to this requirement",
            id="nothing",
        ),
        pytest.param(
            RequirementFindings(checks=1), Verdict.PASSED, "checked 1 time", id="one-check"
        ),
        pytest.param(
            RequirementFindings(checks=2), Verdict.PASSED, "checked 2 times", id="two-checks"
        ),
        pytest.param(
            RequirementFindings(unverified=["a", "b", "c", "d"]),
            Verdict.UNVERIFIED,
            "a; b; c",
            id="unverified",
        ),
        pytest.param(
            RequirementFindings(checks=2, unverified=["a", "b"], inconclusive={"test_a": "a"}),
            Verdict.PASSED,
            "checked 2 times; not in every way: a",
            id="checked-where-it-could-be",
        ),
        pytest.param(
            RequirementFindings(checks=2, breaches=2, problems=["p"]),
            Verdict.BREACHED,
            "p",
            id="every-check-breached",
        ),
        pytest.param(
            RequirementFindings(
                checks=5, breaches=2, problems=["p", "q", "r", "s"], unverified=["a"]
            ),
            Verdict.BREACHED,
            "p; q; r (2 of 5 checks)",
            id="some-checks-breached",
        ),
    ],
)
def test_findings_of_one_requirement(
    record: RequirementFindings, verdict: Verdict, reason: str
) -> None:
    """Breached if any check failed, passed if one was made, else unverified."""
    row = judge_requirement(requirement(), record, BARE)

    assert (row.verdict, row.reason, row.record) == (verdict, reason, record)


@pytest.mark.parametrize(
    ("level", "strict", "verdict"),
    [
        (Level.DOCUMENTED, False, Verdict.BREACHED),
        (Level.DERIVED, False, Verdict.BREACHED),
        (Level.ADVISORY, False, Verdict.WARNED),
        (Level.ADVISORY, True, Verdict.BREACHED),
    ],
)
def test_levels(level: Level, strict: bool, verdict: Verdict) -> None:
    """An advisory breach warns, unless --strict."""
    assert (
        judge_requirement(
            requirement(level), RequirementFindings(1, 1), BARE, strict=strict
        ).verdict
        is verdict
    )


def test_a_missing_capability() -> None:
    """A missing capability is the reason where nothing was seen; other checks count."""
    one = requirement(Level.DERIVED, "clock", "create", "fault.429")
    lacks = "needs clock, fault.429, which the target profile does not give"

    assert judge_requirement(one, RequirementFindings(), BARE).reason == lacks
    row = judge_requirement(
        one, RequirementFindings(unverified=["needs clock", "a", "b", "c"]), BARE
    )
    assert (row.verdict, row.reason) == (Verdict.UNVERIFIED, f"{lacks}; a; b")
    for profile in (BARE, FULL):
        record = RequirementFindings(checks=3, unverified=["needs clock"])
        assert judge_requirement(one, record, profile).verdict is Verdict.PASSED
        record.breaches = 1
        assert judge_requirement(one, record, profile).verdict is Verdict.BREACHED


@pytest.mark.parametrize(
    ("record", "verdict", "reason"),
    [
        pytest.param(
            RequirementFindings(checks=3, inconclusive={"test_a": "why"}, unverified=["x", "why"]),
            Verdict.UNVERIFIED,
            "why",
            id="inconclusive",
        ),
        pytest.param(
            RequirementFindings(
                checks=3, inconclusive={"test_a": "why"}, unverified=["why"], concluded=["test_a"]
            ),
            Verdict.PASSED,
            "checked 3 times; not in every way: why",
            id="concluded-elsewhere",
        ),
        pytest.param(
            RequirementFindings(checks=3, inconclusive={"test_b": "x"}, unverified=["x"]),
            Verdict.PASSED,
            "checked 3 times; not in every way: x",
            id="another-test-was-inconclusive",
        ),
        pytest.param(
            RequirementFindings(checks=1), Verdict.PASSED, "checked 1 time", id="not-selected"
        ),
        pytest.param(
            RequirementFindings(
                checks=3, breaches=1, problems=["p"], inconclusive={"test_a": "why"}
            ),
            Verdict.BREACHED,
            "p (1 of 3 checks)",
            id="breached",
        ),
    ],
)
def test_essential_tests(record: RequirementFindings, verdict: Verdict, reason: str) -> None:
    """Other checks don't verify a requirement whose essential test could not look."""
    row = judge_requirement(requirement(essential=("test_a",)), record, BARE)

    assert (row.verdict, row.reason) == (verdict, reason)


def test_an_essential_test_that_lacks_a_capability() -> None:
    """The capability is named, not what stood in the way of other tests."""
    one = requirement(Level.DERIVED, "clock", essential=("test_a",))
    record = RequirementFindings(
        checks=3,
        unverified=["x", "needs clock"],
        inconclusive={"test_b": "x", "test_a": "needs clock"},
    )

    row = judge_requirement(one, record, BARE)

    assert (row.verdict, row.reason) == (
        Verdict.UNVERIFIED,
        "needs clock, which the target profile does not give",
    )


# -------------------------------------------------------------------- the whole

GATING, OTHER, ADVISORY = "DEL-STATUS", "OP-STATUS-ORDER", "OP-RETAINED"


@pytest.fixture
def findings() -> Findings:
    """Findings in which three requirements hold."""
    made = Findings(catalogue.load(), Redactor())
    for one in (GATING, OTHER, ADVISORY):
        made.check(one, True)
    return made


def concluded(
    findings: Findings, *selected: str, policy: Policy | None = None, **more: Any
) -> Result:
    """The result for these requirements; for the three where none is named."""
    return conclude(
        findings,
        more.pop("profile", BARE),
        selected or (GATING, OTHER, ADVISORY),
        policy=policy or Policy(),
        seed=7,
        effort="quick",
        started=START,
        finished=END,
        **more,
    )


def test_conformant(findings: Findings) -> None:
    """Where everything that was selected holds the endpoint conforms, in the catalogue's order."""
    result = concluded(findings, ADVISORY, GATING)

    assert (result.overall, result.reason, result.unusable) == (Overall.CONFORMANT, "", False)
    assert [row.requirement.id for row in result.rows] == [GATING, ADVISORY]
    assert exit_code(result, Policy()) == 0


@pytest.mark.parametrize(
    ("breached", "overall", "code"),
    [
        (GATING, Overall.NONCONFORMANT, 1),
        (OTHER, Overall.NONCONFORMANT, 1),
        (ADVISORY, Overall.CONFORMANT, 0),
    ],
)
def test_nonconformant(findings: Findings, breached: str, overall: Overall, code: int) -> None:
    """One gating breach is enough; an advisory one is not, unless --strict."""
    findings.check(breached, False)

    result = concluded(findings)
    strict = concluded(findings, policy=Policy(strict=True))

    assert (result.overall, exit_code(result, Policy())) == (overall, code)
    assert (strict.overall, exit_code(strict, Policy(strict=True))) == (Overall.NONCONFORMANT, 1)


def test_incomplete() -> None:
    """A gating requirement that is unverified leaves the result incomplete, and fails with --require-verified only."""
    findings = Findings(catalogue.load(), Redactor())
    findings.check(OTHER, True)
    findings.unverified([GATING], "why")
    findings.unverified([ADVISORY], "other")

    result = concluded(findings)

    assert (result.overall, result.reason) == (
        Overall.INCOMPLETE,
        "2 requirements could not be verified: "
        "why; needs clock, which the target profile does not give; other",
    )
    assert exit_code(result, Policy()) == 0
    assert exit_code(result, Policy(require_verified=True)) == 1
    assert exit_code(concluded(findings, OTHER), Policy(require_verified=True)) == 0
    assert concluded(findings, OTHER, ADVISORY).overall is Overall.CONFORMANT


def test_nothing_judged() -> None:
    """A run that judged nothing is incomplete, also where nothing that gates was selected."""
    findings = Findings(catalogue.load(), Redactor())
    findings.unverified([ADVISORY], "no conversations")

    advisory = concluded(findings, ADVISORY, profile=FULL)
    empty = concluded(findings, "")

    assert (advisory.overall, advisory.judged, advisory.reason) == (
        Overall.INCOMPLETE,
        False,
        "1 requirement could not be verified: no conversations",
    )
    assert (empty.overall, empty.judged, empty.reason) == (
        Overall.INCOMPLETE,
        False,
        "no requirement was selected",
    )


def test_reasons_are_told_once_and_in_part(findings: Findings) -> None:
    """Three reasons are named, those of gating requirements first; further ones are counted."""
    names = ["DEL-ACCEPTED", "DEL-202-BODY", "OP-FETCH", "OP-BODY", "OP-ID"]
    for number, name in enumerate(names):
        findings.unverified([name], f"why {min(number, 3)}")

    assert (
        concluded(findings, *names).reason
        == "5 requirements could not be verified: why 0; why 1; why 2; and 1 more"
    )
    assert (
        concluded(findings, *names[:3]).reason
        == "3 requirements could not be verified: why 0; why 1; why 2"
    )


@pytest.mark.parametrize(
    ("broken", "selected", "overall", "code"),
    [
        pytest.param(False, (GATING, OTHER), Overall.INCOMPLETE, 4, id="unreachable"),
        pytest.param(
            False, (ADVISORY,), Overall.INCOMPLETE, 4, id="nothing-that-gates-was-selected"
        ),
        pytest.param(
            False, ("HTTP-COMPLETE",), Overall.INCOMPLETE, 4, id="no-response-is-no-breach"
        ),
        pytest.param(True, ("HTTP-COMPLETE", GATING), Overall.NONCONFORMANT, 1, id="no-http"),
        pytest.param(True, ("HTTP-JSON",), Overall.NONCONFORMANT, 1, id="no-json"),
        pytest.param(True, ("HTTP-CONTENT-ENCODING",), Overall.NONCONFORMANT, 1, id="no-coding"),
        pytest.param(True, (GATING,), Overall.INCOMPLETE, 4, id="no-http-says-nothing-of-the-rest"),
    ],
)
def test_unusable(
    findings: Findings, broken: bool, selected: tuple[str, ...], overall: Overall, code: int
) -> None:
    """Of an endpoint that can't be tested nothing counts but that it does not speak HTTP, or JSON."""
    for one in ("HTTP-COMPLETE", "HTTP-CONTENT-ENCODING", "HTTP-JSON"):
        findings.check(one, False, expected="an answer", seen="none")

    result = concluded(
        findings,
        *selected,
        unusable=EndpointUnusable(
            "it is gone",
            stands=("HTTP-COMPLETE", "HTTP-CONTENT-ENCODING", "HTTP-JSON") if broken else (),
        ),
    )

    assert (result.overall, result.reason, result.unusable, exit_code(result, Policy())) == (
        overall,
        "it is gone",
        True,
        code,
    )
    for row in result.rows:
        if not (broken and row.requirement.id.startswith("HTTP")):
            assert row.verdict is Verdict.UNVERIFIED
            assert row.reason.endswith("it is gone")


def test_the_document(findings: Findings) -> None:
    """conformance.json says what was tested, how, and what was found."""
    findings.check(OTHER, False, expected="a", seen="b")
    findings.begin("test_b", [OTHER])
    findings.begin("test_a", [OTHER])
    findings.end()
    findings.tally(404, valid=True)
    findings.tally(418, valid=False)
    findings.observe("OBS-TRANSPORT", "z", 2)
    findings.observe("OBS-TRANSPORT", "a")
    findings.requests = 1
    result = concluded(findings, notes=["note"], profile=FULL, target="my profile.toml")

    document = result.as_json()

    rerun = (
        "pytest --target 'my profile.toml' --requirement OP-STATUS-ORDER --effort quick --seed 7"
    )
    assert {
        name: value
        for name, value in document.items()
        if name not in ("requirements", "observations")
    } == {
        "schema": "https://orchestrator-contract.example/schemas/conformance-report.json",
        "suite_version": __version__,
        "started_at": "2026-11-23T01:02:03.456+00:00",
        "finished_at": "2026-11-23T01:02:09.000+00:00",
        "seed": 7,
        "effort": "quick",
        "target": {
            "name": "full",
            "base_url": "http://x.example",
            "capabilities": ["create", "fault.429", "clock"],
        },
        "verdict": "nonconformant",
        "reason": "",
        "counts": {
            "requests": 1,
            "passed": 2,
            "breached": 1,
            "warned": 0,
            "waived": 0,
            "unverified": 0,
        },
        "statuses": {
            "202": {"seen": 0, "valid": 0},
            "404": {"seen": 1, "valid": 1},
            "409": {"seen": 0, "valid": 0},
            "418": {"seen": 1, "valid": 0},
            "429": {"seen": 0, "valid": 0},
            "500": {"seen": 0, "valid": 0},
            "503": {"seen": 0, "valid": 0},
        },
        "notes": ["note"],
    }
    row = next(row for row in document["requirements"] if row["id"] == OTHER)
    known = catalogue.load()[OTHER]
    assert row == {
        "id": OTHER,
        "level": "derived",
        "title": known.title,
        "source": known.source,
        "verdict": "breached",
        "reason": "expected a; saw b (1 of 2 checks)",
        "tests": ["test_a", "test_b"],
        # No single request shows it: the run itself is what repeats it.
        "evidence": [
            {
                "request": rerun,
                "status": None,
                "headers": {},
                "body": "",
                "problem": "expected a; saw b",
            }
        ],
    }
    assert list(document["statuses"]) == ["202", "404", "409", "418", "429", "500", "503"]
    seen = {one["id"]: one for one in document["observations"]}
    assert list(seen) == list(catalogue.load().observations)
    assert seen["OBS-TRANSPORT"] == {
        "id": "OBS-TRANSPORT",
        "title": "Requests without a response, and operations that return 404 right after their 202",
        "seen": [{"what": "a", "count": 1}, {"what": "z", "count": 2}],
    }
    assert result.observations[0].keys() == {"id", "title", "source", "seen"}
    assert result.rerun() == "pytest --target 'my profile.toml' --effort quick --seed 7"
    assert concluded(findings).rerun("A") == "pytest --requirement A --effort quick --seed 7"


def test_a_nameless_target_is_named_by_its_address(findings: Findings) -> None:
    """A report always says what was tested."""
    assert (
        concluded(findings, profile=Profile("", "http://y.example")).as_json()["target"]["name"]
        == "http://y.example"
    )
    assert "comparison" not in concluded(findings).as_json()


class _Waivers:
    """Waives every breach."""

    def apply(self, row: Any) -> Any:
        from dataclasses import replace

        return replace(row, verdict=Verdict.WAIVED) if row.verdict is Verdict.BREACHED else row

    def notes(self, rows: Any) -> list[str]:
        return [f"{sum(row.verdict is Verdict.WAIVED for row in rows)} waived"]

    def reminders(self) -> list[str]:
        return ["one ends soon"]


class _Comparison:
    def __init__(self, gating: int) -> None:
        self.gating = gating

    def notes(self) -> list[str]:
        return ["compared"]

    def as_json(self) -> dict[str, int]:
        return {"gating": self.gating}


class _Baseline:
    def __init__(self, gating: int) -> None:
        self.gating = gating

    def compare(self, rows: Any) -> _Comparison:
        assert rows
        return _Comparison(self.gating)


def test_waivers(findings: Findings) -> None:
    """A waived breach does not count; what is wrong with a waiver is a note, and fails with --strict."""
    findings.check(GATING, False)

    result = concluded(findings, waivers=_Waivers(), notes=["first"])

    assert (result.overall, result.counts()["waived"]) == (Overall.CONFORMANT, 1)
    assert (result.notes, result.waiver_notes) == (
        ["first", "1 waived", "one ends soon"],
        ["1 waived"],
    )
    assert exit_code(result, Policy()) == 0
    assert exit_code(result, Policy(strict=True)) == 1


@pytest.mark.parametrize(
    ("gating", "only_new", "code"), [(0, True, 0), (0, False, 1), (1, True, 1)]
)
def test_baseline(findings: Findings, gating: int, only_new: bool, code: int) -> None:
    """With --fail-on new breaches that the earlier run had do not fail."""
    findings.check(GATING, False)

    result = concluded(findings, baseline=_Baseline(gating))

    assert result.overall is Overall.NONCONFORMANT
    assert result.notes == ["compared"]
    assert result.as_json()["comparison"] == {"gating": gating}
    assert exit_code(result, Policy(only_new=only_new)) == code
    assert exit_code(concluded(findings), Policy(only_new=True)) == 1


def test_one_account_may_have_been_given_as_two() -> None:
    """Breaches that two credentials of one account cause come with that question."""
    findings = Findings(catalogue.load(), Redactor())
    findings.check("DEL-STATUS", False, expected="202", seen="200")
    chosen = ("AUTH-OTHER-ACCOUNT", "DEL-STATUS", "KEY-SCOPE-ACCOUNT")
    two = replace(BARE, accounts=(Account("u", "p", ()), Account("v", "q", ())))
    assert concluded(findings, *chosen, profile=two).notes == []

    findings.check("KEY-SCOPE-ACCOUNT", False, expected="another operation", seen="the same")

    notes = concluded(findings, *chosen, profile=two).notes
    assert [note.partition("?")[0] for note in notes] == [
        "KEY-SCOPE-ACCOUNT: do both [[accounts]] belong to one account"
    ]
    assert concluded(findings, *chosen).notes == []  # a target with one account


def test_generated_requests_are_noted(findings: Findings) -> None:
    """The note says how many requests of each kind were generated, the most first."""
    for kind in ("histories", "malformed keys", "malformed keys"):
        findings.count_generated(kind)

    assert concluded(findings).notes == ["generated: malformed keys 2, histories 1"]
