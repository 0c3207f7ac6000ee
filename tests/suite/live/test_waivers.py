"""Waivers: what they excuse, what they never hide, and what becomes of stale ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.profile import Profile
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.results.exit_code import exit_code
from orchestrator_contract.results.findings import MAX_EVIDENCE, Findings
from orchestrator_contract.results.verdict import Policy, Result, conclude
from orchestrator_contract.results.waivers import WaiverError, Waivers, load

TODAY = date(2026, 11, 23)
ID = "ERR-MORE-INFO"


def waiver_file(
    folder: Path, *, pattern: str | None = None, requirement: str = ID, expires: object = TODAY
) -> Path:
    """A file with one waiver."""
    path = folder / "waivers.toml"
    lines = [
        "[[waivers]]",
        f'requirement = "{requirement}"',
        'reason = "The pages move."',
        'accepted_by = "A. Reviewer"',
        f"expires = {expires}",
        *([f"pattern = '{pattern}'"] if pattern else []),
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def result_of(
    waivers: Waivers,
    *problems: str,
    policy: Policy = Policy(),  # noqa: B008  # frozen
    checks: int = 1,
) -> Result:
    """The result of a run that found these problems of one requirement."""
    findings = Findings(catalogue.load(), Redactor())
    findings.excused = waivers.excuses
    for _ in range(checks):
        findings.check(ID, True)
    for problem in problems:
        findings.check(ID, False, expected="a page", seen=problem)
    now = datetime.now(UTC)
    return conclude(
        findings,
        Profile("t", "http://127.0.0.1"),
        [ID],
        policy=policy,
        seed=0,
        effort="quick",
        started=now,
        finished=now,
        waivers=waivers,
    )


def waivers_of(folder: Path, today: date = TODAY, **entry: Any) -> Waivers:
    """The waivers that `load` makes of one entry, as of *today*."""
    return Waivers(load(waiver_file(folder, **entry), catalogue.load())._all, today)


def test_breach_is_waived_and_shown(tmp_path: Path) -> None:
    """A waived breach doesn't fail the gate; reason, name and date stand beside its evidence."""
    result = result_of(waivers_of(tmp_path), "a.example")

    assert exit_code(result, Policy()) == 0
    assert result.as_json()["verdict"] == "conformant"
    assert result.counts()["waived"] == 1
    row = result.as_json()["requirements"][0]
    assert row["verdict"] == "waived"
    assert all(
        part in row["reason"]
        for part in ("The pages move.", "A. Reviewer", "2026-11-23", "a.example")
    )
    assert row["evidence"]
    assert result.waiver_notes == []


def test_other_breach_of_the_requirement_counts(tmp_path: Path) -> None:
    """With a pattern, one problem that it doesn't match makes the requirement breached."""
    waivers = waivers_of(tmp_path, pattern="old[.]example")

    assert result_of(waivers, "old.example").counts()["waived"] == 1
    both = result_of(waivers, "old.example", "new.example")
    assert both.counts()["breached"] == 1
    assert exit_code(both, Policy()) == 1


def test_other_breach_behind_many_waived_ones(tmp_path: Path) -> None:
    """Waived problems never use up the room in which a different one would be seen."""
    many = [f"old.example/{number}" for number in range(MAX_EVIDENCE * 3)]

    result = result_of(waivers_of(tmp_path, pattern="old[.]example"), *many, "new.example")

    assert result.counts()["breached"] == 1
    assert any("new.example" in breach.seen for breach in result.rows[0].record.shown)


def test_expired_waiver_is_void(tmp_path: Path) -> None:
    """A waiver counts on its last day; from the next on a note says that it has expired."""
    on_the_day = waivers_of(tmp_path)
    a_day_later = waivers_of(tmp_path, today=TODAY + timedelta(days=1))

    assert result_of(on_the_day, "x").counts()["waived"] == 1
    late = result_of(a_day_later, "x")
    assert late.counts()["breached"] == 1
    assert "expired on 2026-11-23" in late.notes[0]


@pytest.mark.parametrize(
    ("days", "word"),
    [pytest.param(0, "unused", id="unused"), pytest.param(1, "expired", id="expired")],
)
def test_stale_waiver_warns_and_fails_strict_runs(tmp_path: Path, days: int, word: str) -> None:
    """A waiver that excuses nothing is a note; under --strict it fails the run."""
    result = result_of(waivers_of(tmp_path, today=TODAY + timedelta(days=days)))

    assert word in result.notes[0]
    assert exit_code(result, Policy()) == 0
    assert exit_code(result, Policy(strict=True)) == 1


@pytest.mark.parametrize(
    ("days", "note"),
    [
        pytest.param(0, "ends on 2026-11-23, today (accepted by A. Reviewer)", id="today"),
        pytest.param(1, "ends on 2026-11-23, in 1 day (accepted by A. Reviewer)", id="tomorrow"),
        pytest.param(14, "ends on 2026-11-23, in 14 days (accepted by A. Reviewer)", id="soon"),
    ],
)
def test_waiver_that_ends_soon_is_pointed_out(tmp_path: Path, days: int, note: str) -> None:
    """Within 14 days of its end a waiver is a note; it fails no run, even a strict one."""
    result = result_of(waivers_of(tmp_path, today=TODAY - timedelta(days=days)), "x")

    assert result.notes == [f"waiver of {ID} {note}"]
    assert exit_code(result, Policy(strict=True)) == 0


def test_waiver_that_lasts_is_not_pointed_out(tmp_path: Path) -> None:
    """More than 14 days before its end a waiver needs no attention."""
    assert result_of(waivers_of(tmp_path, today=TODAY - timedelta(days=15)), "x").notes == []


def test_waiver_of_what_was_not_judged_is_not_called_unused(tmp_path: Path) -> None:
    """An unverified requirement says nothing about its waiver."""
    assert result_of(waivers_of(tmp_path), checks=0).waiver_notes == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("waivers = 1", "waivers", id="no-list"),
        pytest.param(
            "[[waivers]]\nrequirement = 'ERR-MORE-INFO'",
            "expected a member 'reason'",
            id="member-missing",
        ),
        pytest.param("not toml", "is not TOML", id="no-toml"),
        pytest.param("", "expected a member 'waivers'", id="empty"),
        pytest.param(
            "[[waivers]]\nrequirment = 'ERR-MORE-INFO'",
            r"found 'requirment'; did you mean 'requirement'\?",
            id="unknown-key",
        ),
    ],
)
def test_bad_file(tmp_path: Path, text: str, says: str) -> None:
    """A file of another form is refused with what was expected."""
    path = tmp_path / "w.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(WaiverError, match=says):
        load(path, catalogue.load())


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        pytest.param(
            {"requirement": "ERR-NONE"}, "no requirement ERR-NONE", id="unknown-requirement"
        ),
        pytest.param(
            {"requirement": "ERR-MORE-INF"},
            r"no requirement ERR-MORE-INF in the catalogue; did you mean 'ERR-MORE-INFO'\?",
            id="misspelt-requirement",
        ),
        pytest.param({"pattern": "("}, "pattern", id="no-regex"),
        pytest.param({"pattern": "a{99999999999999999999}"}, "pattern", id="no-such-count"),
        pytest.param({"pattern": "(" * 3000 + ")" * 3000}, "pattern", id="nested-too-deep"),
        pytest.param({"expires": '"2026-02-30"'}, "expires", id="no-such-day"),
        pytest.param({"expires": "2026-11-23T10:00:00Z"}, "expires", id="no-date"),
    ],
)
def test_bad_entry(tmp_path: Path, entry: dict[str, Any], says: str) -> None:
    """A wrong entry is refused and named."""
    with pytest.raises(WaiverError, match=says):
        load(waiver_file(tmp_path, **entry), catalogue.load())


def test_on_a_run(
    tmp_path: Path, start_mock: Callable[..., Any], run_suite: Callable[..., Any]
) -> None:
    """A run whose only breach is waived is 0, without a failed test, and reports it."""
    mock = start_mock("--defect", "error-more-info:404")
    common = ("--target", mock.profile, "--effort", "quick", "--requirement", ID, "--seed", 1)

    without = run_suite(*common, report="without")
    soon = datetime.now(UTC).date() + timedelta(days=3)
    waived = run_suite(*common, "--waivers", waiver_file(tmp_path, expires=soon), report="with")

    assert (without.code, waived.code) == (1, 0), waived.output
    assert f"note: waiver of {ID} ends on {soon}, in " in waived.output
    assert waived.verdicts() == {ID: "waived"}
    assert " failed" not in waived.output
    assert "WAIVED" in waived.output


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("none.toml", "none.toml: can't be read", id="missing"),
        pytest.param("waivers.toml", "did you mean 'ERR-MORE-INFO'?", id="misspelt-requirement"),
    ],
)
def test_unusable_file_ends_with_4(
    tmp_path: Path, run_suite: Callable[..., Any], name: str, said: str
) -> None:
    """A waiver file that can't be used is a usage error, in one line."""
    waiver_file(tmp_path, requirement="ERR-MORE-INF")

    done = run_suite("--waivers", tmp_path / name, "--plan")

    assert done.code == 4
    (line,) = filter(None, done.output.splitlines())
    assert said in line
