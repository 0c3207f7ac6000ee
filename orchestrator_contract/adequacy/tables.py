"""The adequacy matrix as files: matrix.json for programs, matrix.md for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from orchestrator_contract.adequacy.cases import Case, Kind
from orchestrator_contract.adequacy.findings import Finding, broken, proves
from orchestrator_contract.adequacy.trial import Terms, Trial
from orchestrator_contract.contract.catalogue import Catalogue

Pair = tuple[Case, Trial]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "| " + " | ".join("---" for _ in head) + " |"
    for row in rows:
        yield "| " + " | ".join(map(_cell, row)) + " |"
    yield ""


def _of(pairs: Iterable[Pair], kind: Kind) -> list[Pair]:
    return [(case, trial) for case, trial in pairs if case.kind is kind]


def markdown(
    pairs: Sequence[Pair],
    findings: Sequence[Finding],
    unproved: Sequence[str],
    known: Catalogue,
    terms: Terms,
) -> str:
    """The whole matrix as Markdown."""
    return "\n".join(_lines(pairs, findings, unproved, known, terms))


def _lines(
    pairs: Sequence[Pair],
    findings: Sequence[Finding],
    unproved: Sequence[str],
    known: Catalogue,
    terms: Terms,
) -> Iterator[str]:
    defects, variants, hostile = (
        _of(pairs, kind) for kind in (Kind.DEFECT, Kind.VARIANT, Kind.HOSTILE)
    )
    proving: dict[str, list[str]] = {}
    for case, trial in defects:
        for one in proves(case, trial, known):
            proving.setdefault(one, []).append(case.name)
    hits = sum(bool(proves(case, trial, known)) for case, trial in defects)
    yield "# Adequacy matrix\n"
    spread = f", {terms.workers} processes a run" if terms.workers else ""
    narrowed = ", each defect with the tests of its requirements only" if terms.fast else ""
    yield (
        f"Effort {terms.effort or 'standard, on hostile endpoints quick'}, seed"
        f" {terms.seed}{spread}{narrowed}.\n"
    )
    yield f"- {hits} of {len(defects)} defects found"
    yield (
        f"- {sum(not trial.found and trial.exit == 0 for _, trial in variants)} of"
        f" {len(variants)} variants without a finding"
    )
    survived = sum(trial.exit in case.expect and not broken(trial) for case, trial in hostile)
    yield f"- {survived} of {len(hostile)} hostile endpoints survived"
    if defects:
        yield (
            f"- {len(known.requirements) - len(unproved)} of {len(known.requirements)}"
            " requirements proved by a defect"
        )
    yield ""
    if findings:
        yield "## What speaks against the suite\n"
        for finding in findings:
            yield f"- **{finding.what}**: {finding.about}: {_cell(finding.text)[:900]}"
            if finding.command:
                yield f"  `{finding.command}`"
        yield ""
    if defects:
        yield "## Defects\n"
        yield from _table(
            ("defect", "what it does", "shows", "breaches", "found by", "further", "requests"),
            (
                (
                    case.name,
                    case.text,
                    case.shows,
                    ", ".join(case.requirements),
                    ", ".join(sorted(proves(case, trial, known))) or "**nothing**",
                    ", ".join(sorted(trial.found - set(case.requirements))),
                    str(trial.requests),
                )
                for case, trial in defects
            ),
        )
        yield "## Requirements\n"
        yield from _table(
            ("requirement", "level", "proved by"),
            (
                (one, str(known[one].level), ", ".join(proving.get(one, [])) or "**nothing**")
                for one in known.requirements
            ),
        )
    if variants:
        yield "## Conformant variants\n"
        yield from _table(
            ("variant", "what it does", "exit code", "warned", "breached", "unverified"),
            (
                (
                    case.name or "(none)",
                    case.text,
                    str(trial.exit),
                    ", ".join(trial.warned),
                    ", ".join(trial.breached),
                    ", ".join(trial.unverified),
                )
                for case, trial in variants
            ),
        )
    if hostile:
        yield "## Hostile endpoints\n"
        yield from _table(
            ("endpoint", "what it does", "exit code", "right ones", "seconds"),
            (
                (
                    case.name,
                    case.text,
                    str(trial.exit),
                    " or ".join(map(str, sorted(case.expect))),
                    f"{trial.seconds:g}",
                )
                for case, trial in hostile
            ),
        )


def write(
    folder: Path,
    pairs: Sequence[Pair],
    findings: Sequence[Finding],
    unproved: Sequence[str],
    known: Catalogue,
    terms: Terms,
) -> None:
    """Write both files into *folder*, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "effort": terms.effort,
        "seed": terms.seed,
        "fast": terms.fast,
        "workers": terms.workers,
        "findings": [
            {"what": f.what, "about": f.about, "text": f.text, "command": f.command}
            for f in findings
        ],
        "unproved": list(unproved),
        "trials": [
            {
                **trial.as_json(),
                "text": case.text,
                "requirements": list(case.requirements),
                "shows": case.shows,
                "expect": sorted(case.expect),
                "proves": sorted(proves(case, trial, known)) if case.kind is Kind.DEFECT else [],
            }
            for case, trial in pairs
        ],
    }
    (folder / "matrix.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (folder / "matrix.md").write_text(
        markdown(pairs, findings, unproved, known, terms), encoding="utf-8"
    )
