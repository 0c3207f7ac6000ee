"""The adequacy matrix: what proves a requirement, and what counts against the suite."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator_contract.adequacy import forked
from orchestrator_contract.adequacy.cases import Case, Kind, all_cases, chosen
from orchestrator_contract.adequacy.findings import broken, of_case, proves, unproved
from orchestrator_contract.adequacy.matrix import main, summary, write
from orchestrator_contract.adequacy.trial import NOT_STARTED, Terms, Trial, run
from orchestrator_contract.contract import catalogue

KNOWN = catalogue.load()
DEFECT = Case(
    Kind.DEFECT, "accepted-status:201", "An accepted delete answers 201", ("DEL-STATUS",), "always"
)
ADVISORY = Case(
    Kind.DEFECT, "location-relative", "Location is relative", ("DEL-202-LOCATION",), "always"
)
VARIANT = Case(Kind.VARIANT, "chunked", "Bodies come in chunks")
WARNED = Case(Kind.VARIANT, "method-404", "404 for a method", ("SID-METHOD-NOT-ALLOWED",))
HOSTILE = Case(Kind.HOSTILE, "silence", "Says nothing", expect=frozenset({1, 4}))


def trial(
    case: Case,
    code: int,
    *,
    breached: tuple[str, ...] = (),
    warned: tuple[str, ...] = (),
    output: str = "",
    reported: bool = True,
) -> Trial:
    """The outcome of a run that ended so."""
    problems = {
        one: {"problem": "expected a; saw b", "request": "curl x", "answer": "404", "test": "t"}
        for one in (*breached, *warned)
    }
    return Trial(
        case.kind,
        case.name,
        code,
        1.0,
        True,
        10,
        list(breached),
        list(warned),
        {},
        problems,
        reported,
        output,
        "command",
    )


@pytest.mark.parametrize(
    ("case", "seen"),
    [
        pytest.param(DEFECT, {"code": 1, "breached": ("DEL-STATUS",)}, id="defect-found"),
        pytest.param(
            DEFECT,
            {"code": 1, "breached": ("DEL-STATUS", "DEL-ACCEPTED")},
            id="defect-found-by-others-too",
        ),
        pytest.param(
            ADVISORY, {"code": 0, "warned": ("DEL-202-LOCATION",)}, id="advisory-defect-warned-of"
        ),
        pytest.param(VARIANT, {"code": 0}, id="variant-passed"),
        pytest.param(
            WARNED,
            {"code": 0, "warned": ("SID-METHOD-NOT-ALLOWED",)},
            id="variant-with-the-warning-it-declares",
        ),
        pytest.param(HOSTILE, {"code": 4}, id="hostile-endpoint-survived"),
    ],
)
def test_nothing_speaks_against(case: Case, seen: dict[str, int]) -> None:
    """A run that ends as the case asks is no finding."""
    assert list(of_case(case, trial(case, **seen), KNOWN)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("case", "seen", "what"),
    [
        pytest.param(DEFECT, {"code": 0}, "defect not found", id="defect-passed"),
        pytest.param(
            DEFECT,
            {"code": 0, "breached": ("DEL-STATUS",)},
            "defect not found",
            id="breach-without-its-exit-code",
        ),
        pytest.param(
            DEFECT,
            {"code": 1, "breached": ("DEL-ACCEPTED",)},
            "defect found by other requirements only",
            id="wrong-requirement",
        ),
        pytest.param(ADVISORY, {"code": 0}, "defect not found", id="advisory-defect-passed"),
        pytest.param(
            DEFECT, {"code": 3, "output": "INTERNALERROR"}, "the suite breaks", id="internal-error"
        ),
        pytest.param(DEFECT, {"code": forked.KILLED}, "the suite breaks", id="hang"),
        pytest.param(
            VARIANT,
            {"code": 1, "breached": ("HTTP-COMPLETE",)},
            "variant accused",
            id="variant-breached",
        ),
        pytest.param(
            VARIANT,
            {"code": 0, "warned": ("SID-METHOD-NOT-ALLOWED",)},
            "variant accused",
            id="variant-warned-of",
        ),
        pytest.param(VARIANT, {"code": 4}, "variant not passed", id="variant-unusable"),
        pytest.param(
            HOSTILE,
            {"code": 0},
            "wrong exit code for a hostile endpoint",
            id="hostile-endpoint-passed",
        ),
        pytest.param(
            HOSTILE, {"code": 1, "output": "Traceback"}, "the suite breaks", id="traceback"
        ),
        pytest.param(
            HOSTILE,
            {"code": 4, "output": "x", "reported": False},
            "the suite breaks",
            id="no-report",
        ),
    ],
)
def test_something_speaks_against(case: Case, seen: dict[str, int], what: str) -> None:
    """Each shortcoming of the suite is one finding, with the command that repeats it."""
    findings = list(of_case(case, trial(case, **seen), KNOWN))  # type: ignore[arg-type]

    assert [finding.what for finding in findings] == [what]
    assert findings[0].command == "command"


def test_proof_needs_the_declared_requirement() -> None:
    """A defect proves what it breaches and what was blamed for it, and nothing else."""
    run = trial(DEFECT, 1, breached=("DEL-STATUS", "DEL-ACCEPTED"))

    assert proves(DEFECT, run, KNOWN) == {"DEL-STATUS"}
    assert "DEL-STATUS" not in unproved([(DEFECT, run)], KNOWN)
    assert "DEL-ACCEPTED" in unproved([(DEFECT, run)], KNOWN)


def test_broken_runs_are_told_apart() -> None:
    """A failure of the suite itself is named."""
    fine = trial(DEFECT, 1)

    assert broken(fine) == ""
    assert broken(replace(fine, exit=5)) == "exit code 5"
    assert broken(replace(fine, output="Traceback")) == "a traceback"
    assert broken(replace(fine, output="x", reported=False)) == "no report"
    assert broken(replace(fine, exit=forked.KILLED)) == "it did not end in time"


def test_an_endpoint_that_does_not_start_is_a_finding() -> None:
    """The trial says so, so that the other cases go on."""
    case = Case(Kind.VARIANT, "no-such-variant", "")

    ended = run(case, Terms())

    assert ended.exit == NOT_STARTED
    (finding,) = of_case(case, ended, KNOWN)
    assert finding.text.startswith("the endpoint did not start")


def test_cases_are_selected_by_kind_and_name() -> None:
    """--kind and --only narrow what is run."""
    assert {c.kind for c in chosen(all_cases(), ["variants"], [])} == {Kind.VARIANT}
    assert {c.name for c in chosen(all_cases(), ["defects"], ["accepted-status:*"])} == {
        "accepted-status:200",
        "accepted-status:201",
        "accepted-status:204",
    }


def test_seeded_defects_breach_known_requirements() -> None:
    """Defects breach requirements of the catalogue; variants warn of advisory ones only."""
    cases = all_cases()

    assert [
        c.name
        for c in cases
        if c.kind is Kind.DEFECT
        and not (c.requirements and set(c.requirements) <= set(KNOWN.requirements))
    ] == []
    assert [
        c.name
        for c in cases
        if c.kind is Kind.VARIANT and any(KNOWN[one].level.gates for one in c.requirements)
    ] == []


def test_every_gating_requirement_has_a_defect() -> None:
    """No documented or derived requirement is without a defect that breaches it."""
    seeded = {one for case in all_cases() if case.kind is Kind.DEFECT for one in case.requirements}

    assert [
        one
        for one, requirement in KNOWN.requirements.items()
        if requirement.level.gates and one not in seeded
    ] == []


def test_matrix_is_written_and_summed_up(tmp_path: Path) -> None:
    """The file says which defect was found by what, and what speaks against the suite."""
    pairs = [
        (DEFECT, trial(DEFECT, 1, breached=("DEL-STATUS",))),
        (VARIANT, trial(VARIANT, 1, breached=("HTTP-COMPLETE",))),
    ]
    findings = [finding for case, run in pairs for finding in of_case(case, run, KNOWN)]

    write(tmp_path / "new", pairs, findings, unproved(pairs, KNOWN), KNOWN, Terms())

    document = json.loads((tmp_path / "new" / "matrix.json").read_text())
    assert [(one["what"], one["about"]) for one in document["findings"]] == [
        ("variant accused", "chunked")
    ]
    assert document["trials"][0]["proves"] == ["DEL-STATUS"]
    counts = [*summary(pairs, [], KNOWN)]
    assert counts[0] == "1 of 1 defects found"
    assert counts[-1] == "0 of 1 variants without a finding"


def test_nothing_selected(capsys: pytest.CaptureFixture[str]) -> None:
    """A selection without cases is a wrong command line."""
    with pytest.raises(SystemExit) as caught:
        main(["--only", "no-such-case"])

    assert caught.value.code == 2
    assert "no case is selected" in capsys.readouterr().err


def test_one_defect_from_end_to_end(tmp_path: Path) -> None:
    """The command runs the suite against a defect, finds it, and writes the matrix."""
    code = main(
        [
            "--kind",
            "defects",
            "--only",
            "accepted-status:201",
            "--fast",
            "--effort",
            "quick",
            "--out",
            str(tmp_path),
        ]
    )

    assert code == 0
    document = json.loads((tmp_path / "matrix.json").read_text())
    assert [(one["name"], one["exit"], one["proves"]) for one in document["trials"]] == [
        ("accepted-status:201", 1, ["DEL-STATUS"])
    ]


def test_a_variant_that_is_accused_fails_the_matrix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with 1 when the suite accuses an endpoint that it must not accuse."""
    monkeypatch.setattr("orchestrator_contract.adequacy.matrix.all_cases", lambda: [VARIANT])
    monkeypatch.setattr("orchestrator_contract.adequacy.matrix.attempt", _accuse)

    code = main(["--out", str(tmp_path), "--jobs", "1"])

    assert code == 1
    assert "variant accused: chunked" in capsys.readouterr().err


def _accuse(case: Case, terms: Terms) -> Trial:
    """An attempt that accuses."""
    return trial(case, 1, breached=("HTTP-COMPLETE",))
