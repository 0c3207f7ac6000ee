"""The adequacy matrix: the suite over every defect, variant and hostile server.

``python -m orchestrator_contract.adequacy`` says whether the suite can be trusted: it finds each
defect by a requirement that the defect breaches, each gating requirement is proved by a defect, no
variant is accused, and no hostile endpoint breaks it. Anything else is exit code 1.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, replace
from pathlib import Path
from random import Random

from orchestrator_contract.adequacy import forked
from orchestrator_contract.adequacy.cases import Case, Kind, all_cases, chosen
from orchestrator_contract.adequacy.findings import (
    Finding,
    Pair,
    all_findings,
    broken,
    of_case,
    proves,
    unproved,
)
from orchestrator_contract.adequacy.trial import Terms, Trial, run
from orchestrator_contract.contract import catalogue
from orchestrator_contract.contract.catalogue import Catalogue
from orchestrator_contract.effort import EFFORTS

_FILE = "matrix.json"
#: What was found so far is written this often, for a run that is cut short.
_WRITE_EVERY_S = 15
#: What a plain profile gives; a second delete that conflicts needs no fault.
_PLAIN = {"provision", "create", "credentials", "fault.409"}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m orchestrator_contract.adequacy", description=__doc__
    )
    add = made.add_argument
    add(
        "--out",
        type=Path,
        default=Path("proof-report"),
        metavar="DIR",
        help=f"where {_FILE} goes (%(default)s)",
    )
    add(
        "--kind",
        action="append",
        default=[],
        choices=[str(kind) for kind in Kind],
        help="only these; again for more (all)",
    )
    add(
        "--only",
        action="append",
        default=[],
        metavar="GLOB",
        help="only cases with such a name; again for more (all)",
    )
    add(
        "--fast",
        action="store_true",
        help="a defect: the tests of its requirements first, all only if they miss it",
    )
    add(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="cases at a time (%(default)s)",
    )
    add(
        "--effort",
        choices=list(EFFORTS),
        help="effort of the suite (standard; on hostile endpoints quick)",
    )
    add("--workers", type=int, default=0, metavar="N", help="run the suite with -n N (one process)")
    add("--seed", type=int, default=1, metavar="N", help="seed of the suite (%(default)s)")
    add(
        "--like-twilio",
        action="store_true",
        help="on the mock like a real account; of the defects those that a plain profile can show",
    )
    add("--sample", type=int, metavar="N", help="only N of the cases, chosen by the seed")
    add("--list", action="store_true", help="print the cases and exit")
    return made


def attempt(case: Case, terms: Terms) -> Trial:
    """One case's trial; in fast terms a defect that its own tests miss gets a full one."""
    trial = run(case, terms)
    if not trial.full and not proves(case, trial, catalogue.load()) and not broken(trial):
        return run(case, replace(terms, fast=False))
    return trial


def line(case: Case, trial: Trial, findings: Sequence[Finding]) -> str:
    """One line of progress."""
    said = findings[0].what if findings else "fine"
    found = ", ".join(sorted(trial.found)[:6])
    return (
        f"{said:12.60}  {case.kind.removesuffix('s'):8} {case.name or '(none)':36}"
        f" {trial.seconds:6.1f} s  {found}"
    )


def summary(pairs: Sequence[Pair], unproved: Sequence[str], known: Catalogue) -> Iterator[str]:
    """How many cases of each kind ended as they should."""
    defects, variants, hostile = ([pair for pair in pairs if pair[0].kind is kind] for kind in Kind)
    if defects:
        found = sum(bool(proves(case, trial, known)) for case, trial in defects)
        proved = len(known.requirements) - len(unproved)
        yield f"{found} of {len(defects)} defects found"
        yield f"{proved} of {len(known.requirements)} requirements proved by a defect"
    if variants:
        passed = sum(not trial.found and trial.exit == 0 for _, trial in variants)
        yield f"{passed} of {len(variants)} variants without a finding"
    if hostile:
        survived = sum(trial.exit in case.expect and not broken(trial) for case, trial in hostile)
        yield f"{survived} of {len(hostile)} hostile endpoints survived"


def write(
    folder: Path,
    pairs: Sequence[Pair],
    findings: Sequence[Finding],
    unproved: Sequence[str],
    known: Catalogue,
    terms: Terms,
) -> None:
    """Write the matrix into *folder*, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "effort": terms.effort,
        "seed": terms.seed,
        "fast": terms.fast,
        "workers": terms.workers,
        "findings": [asdict(finding) for finding in findings],
        "unproved": list(unproved),
        "trials": [
            {
                **asdict(trial),
                "text": case.text,
                "requirements": list(case.requirements),
                "shows": case.shows,
                "expect": sorted(case.expect),
                "proves": sorted(proves(case, trial, known)) if case.kind is Kind.DEFECT else [],
            }
            for case, trial in pairs
        ],
    }
    (folder / _FILE).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _is_plain(case: Case, known: Catalogue) -> bool:
    """True if one account without faults and clock can show *case*."""
    needs = [{*known[one].needs} for one in case.requirements]
    return case.kind is not Kind.DEFECT or any(one <= _PLAIN for one in needs)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the matrix; 0 without a fault of the suite, 1 with one, 2 for wrong usage."""
    made = parser()
    arguments = made.parse_args(argv)
    everything = all_cases()
    known = catalogue.load()
    cases = chosen(everything, arguments.kind, arguments.only)
    if arguments.like_twilio:
        cases = [case for case in cases if _is_plain(case, known)]
    if arguments.sample is not None:
        size = min(arguments.sample, len(cases))
        cases = Random(arguments.seed).sample(cases, size)  # repeatable on purpose
    if not cases:
        made.error("no case is selected; --list shows them")
    if arguments.list:
        for case in cases:
            print(
                f"{case.kind.removesuffix('s'):8} {case.name:36}"
                f" {','.join(case.requirements):30} {case.text}"
            )
        return 0
    terms = Terms(
        arguments.effort,
        arguments.seed,
        arguments.fast,
        arguments.workers,
        arguments.like_twilio,
    )
    every = {(str(case.kind), case.name) for case in everything if case.kind is Kind.DEFECT}
    seeded = [case for case in cases if case.kind is Kind.DEFECT]
    by_name = {(str(case.kind), case.name): case for case in cases}
    trials: dict[tuple[str, str], Trial] = {}

    def conclude() -> tuple[list[Finding], list[str]]:
        """Judge and write what there is so far; the findings, and the summary."""
        pairs = [
            (case, trials[key]) for case in cases if (key := (str(case.kind), case.name)) in trials
        ]
        findings = all_findings(by_name, [trial for _, trial in pairs], known)
        open_ = unproved(pairs, known) if seeded else []
        if every <= trials.keys():
            findings += [
                Finding("requirement that no defect proves", one, known[one].title)
                for one in open_
                if known[one].level.gates
            ]
        write(arguments.out, pairs, findings, open_, known, terms)
        return findings, [*summary(pairs, open_, known)]

    started = written = time.monotonic()
    forked.preload()
    with ProcessPoolExecutor(max(1, arguments.jobs), multiprocessing.get_context("fork")) as pool:
        running = {pool.submit(attempt, case, terms): case for case in cases}
        try:
            for future in as_completed(running):
                case, trial = running[future], future.result()
                trials[case.kind, case.name] = trial
                print(
                    f"[{len(trials)}/{len(cases)}]"
                    f" {line(case, trial, list(of_case(case, trial, known)))}",
                    flush=True,
                )
                if time.monotonic() - written > _WRITE_EVERY_S:
                    conclude()
                    written = time.monotonic()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            conclude()
            raise
    findings, counts = conclude()
    for finding in findings:
        print(f"{finding.what}: {finding.about}: {finding.text[:400]}", file=sys.stderr)
    print(
        *counts,
        f"{len(cases)} cases in {time.monotonic() - started:.0f} s, {len(findings)} findings:"
        f" {arguments.out / _FILE}",
        sep="\n",
    )
    return 1 if findings else 0
