"""Compares how soon the suite and schemathesis' command line find a defect.

A finding counts from the moment its answer was judged, though either tool tells it later. What
schemathesis says against the mock as it is, too, is no finding.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from benchmarks import runs
from benchmarks.first import VARIABLE
from benchmarks.results import Row
from orchestrator_contract import profile
from orchestrator_contract.contract import schemas

#: Found by both: bodies and statuses of single answers. Most of what only this suite finds needs
#: several.
DEFECTS = (
    "create-accepted:related-number",
    "page:null",
    "error-html:404",
    "unknown-sid:200",
    "error-empty:404",
    "unknown-sid:500",
    "page:no-meta",
    "error-code-string:404",
    "unknown-sid:410",
    "error-list:404",
    "unknown-sid:204",
    "error-message-object:404",
)
_PATIENCE_S = 20
#: Check, method, path up to what is generated, status.
Accusation = tuple[str, str, str, int]


@dataclass(frozen=True, slots=True)
class First:
    """A first finding."""

    #: Since the program was started.
    seconds: float
    requests: int
    #: Until a run with -x had ended; None where the program was stopped.
    ended: float | None = None

    def __str__(self) -> str:
        told = f" (run ended after {self.ended:.1f} s)" if self.ended is not None else ""
        return f"{self.seconds:.2f} s, {self.requests} requests{told}"


def endpoint(target: Path, folder: Path, *options: str) -> tuple[First | None, runs.Run]:
    """A run of the suite, and its first finding."""
    file = folder / "first.json"
    file.unlink(missing_ok=True)
    started, variables = time.time(), {VARIABLE: str(file)}
    options = ("-p", "benchmarks.first", f"--target={target}", *options)
    run = runs.run(folder, *options, codes=(0, 1), variables=variables)
    if not file.exists():
        return None, run
    found = json.loads(file.read_text("utf-8"))
    return First(found["at"] - started, found["requests"], run.seconds), run


def accusations(event: dict[str, dict[str, object]]) -> Iterator[tuple[float, list[Accusation]]]:
    """The time of each response in one event of schemathesis, with its failures."""
    recorder = json.loads(json.dumps(event.get("ScenarioFinished", {}).get("recorder", {})))
    checks = recorder.get("checks", {})
    for case, one in sorted(
        recorder.get("interactions", {}).items(), key=lambda item: item[1]["timestamp"]
    ):
        asked, response = one["request"], one["response"]
        path = "/".join(urlsplit(asked["uri"]).path.split("/")[:4])
        status = response["status_code"] if response else 0
        failed = [check["name"] for check in checks.get(case, []) if check["status"] == "failure"]
        yield one["timestamp"], [(name, asked["method"], path, status) for name in failed]


def schemathesis(
    target: Path, folder: Path, known: set[Accusation] | None
) -> tuple[First | None, set[Accusation], int, float]:
    """A run of schemathesis until it says what is not *known*; None: in all its time.

    Its first finding, everything it said, its requests, its seconds.
    """
    file = folder / "events.ndjson"
    file.unlink(missing_ok=True)
    described = profile.from_file(target)
    account = described.accounts[0]
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        str(schemas.schema_root() / "openapi.yaml"),
        "--url",
        described.base_url,
    ]
    command += [
        "--auth",
        f"{account.username}:{account.password}",
        "--seed",
        "1",
        "--generation-database",
        "none",
    ]
    command += ["--continue-on-failure", "--report", "ndjson", "--report-ndjson-path", str(file)]
    said: set[Accusation] = set()
    first, sent, last = None, 0, 0.0
    started, clock = time.time(), time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            for event in _events(file, process, clock + _PATIENCE_S):
                for at, found in accusations(event):
                    sent, last = sent + 1, at - started
                    said.update(found)
                    if first is None and known is not None and set(found) - known:
                        first = First(last, sent)
                if first is not None:
                    break
        finally:
            process.kill()
    return first, said, sent, last


def _events(
    file: Path, process: subprocess.Popen[bytes], until: float
) -> Iterator[dict[str, dict[str, object]]]:
    rest, at = "", 0
    while True:
        over = process.poll() is not None or time.perf_counter() > until
        if file.exists():
            with file.open("r", encoding="utf-8") as source:
                source.seek(at)
                rest += source.read()
                at = source.tell()
        *lines, rest = rest.split("\n")
        for line in lines:
            yield json.loads(line)
        if over:
            return
        time.sleep(0.05)


def compare(folder: Path, seconds: float) -> list[Row]:
    """Rows for the speed on the mock as it is, and for each defect on its own."""
    until = time.monotonic() + seconds
    with runs.mock() as plain:
        _, run = endpoint(plain.profile, folder)
        _, known, sent, lasted = schemathesis(plain.profile, folder, None)
    speed, theirs = run.requests / run.seconds, sent / max(lasted, 0.001)
    rows = [
        Row(
            "whole run: requests/s",
            f"{speed:.0f} ({run.requests} in {run.seconds:.0f} s)",
            f"schemathesis: {theirs:.0f} ({sent} in {lasted:.0f} s)",
            speed / theirs,
        )
    ]
    ratios = []
    for name in DEFECTS:
        what = f"first finding: {name}"
        if time.monotonic() > until:
            rows.append(Row(what, "not measured: no time left", "", goal=1.0))
            continue
        with runs.mock("--defect", name) as broken:
            mine, _ = endpoint(broken.profile, folder, "-x")
            other, *_ = schemathesis(broken.profile, folder, known)
        ratio = other.seconds / mine.seconds if mine and other else None
        ratios += [ratio] if ratio else []
        beside = f"schemathesis: {other}" if other else f"schemathesis: none in {_PATIENCE_S} s"
        rows.append(Row(what, str(mine or "none"), beside, ratio, 1.0 if other else None))
    if ratios:
        sooner = sum(ratio > 1 for ratio in ratios)
        rows.insert(
            1,
            Row(
                "first finding: median of the defects",
                f"sooner on {sooner} of {len(ratios)}",
                "schemathesis",
                median(ratios),
                1.0,
            ),
        )
    return rows
