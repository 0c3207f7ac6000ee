"""Compares this project with other programs: ``python -m benchmarks.compare``.

Each part takes turns with what it is compared with, so that a busy moment hits both, and only
ratios are judged. A whole run replaces the table in `docs/benchmarks.md` and the plot beside it.
"""

from __future__ import annotations

import argparse
import base64
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks import account, clients, defects, efforts, results, runs, servers
from benchmarks.results import RequirementResult, Unmeasured
from orchestrator_contract import profile
from orchestrator_contract.docs import table

_ITEM = "/v2/ControlPlane/Configurations/"
_ABSENT = "conv_configuration_00000000000000000000000000"
_WRK_ROUNDS = 4
_BUSY = " Other work kept the processors busy: whole runs took longer than they need, and ratios of few runs are rough."


def wrk_rows(target: Path, folder: Path, seconds: float) -> list[RequirementResult]:
    """The mock of *target* beside Prism and a bare Starlette, in turns under wrk."""
    until = time.monotonic() + seconds
    described = profile.from_file(target)
    account = described.accounts[0]
    token = base64.b64encode(f"{account.username}:{account.password}".encode()).decode()
    asked = {"Authorization": f"Basic {token}", "Accept": "application/json"}
    rows: list[RequirementResult] = []
    with ExitStack() as stack:
        others = {"bare Starlette": (0.5, stack.enter_context(servers.starlette()) + "/")}
        try:
            program = servers.install_prism(folder, 60)
            others["Prism"] = (5.0, stack.enter_context(servers.prism(program)) + _ITEM + _ABSENT)
        except Unmeasured as why:
            rows.append(
                RequirementResult("mock under wrk", "not measured", f"Prism: {why}", goal=5.0)
            )
        for name, method in (("fetch, 404", "GET"), ("delete, 404", "DELETE")):
            rates: dict[str, list[float]] = {}
            for number in range(_WRK_ROUNDS):
                if number and time.monotonic() > until:
                    break
                urls = {
                    "": described.base_url + _ITEM + _ABSENT,
                    **{other: url for other, (_, url) in others.items()},
                }
                for other, url in urls.items():
                    headers = asked | ({"Prefer": "code=404"} if other == "Prism" else {})
                    rates.setdefault(other, []).append(servers.wrk(url, method, headers, folder))
            for other, (goal, _) in others.items():
                ratio = median(a / b for a, b in zip(rates[""], rates[other], strict=True))
                rows.append(
                    RequirementResult(
                        f"mock under wrk: {name}",
                        f"{median(rates['']):.0f} requests/s",
                        f"{other}: {median(rates[other]):.0f} requests/s",
                        ratio,
                        goal,
                    )
                )
    return rows


#: Each part with the seconds that it may take; the parts get the mock's profile, a folder and those
#: seconds.
PARTS: dict[str, tuple[float, Callable[[Path, Path, float], list[RequirementResult]]]] = {
    "client": (20, lambda target, folder, seconds: clients.compare(target, seconds)),
    "efforts": (120, lambda target, folder, seconds: efforts.compare(target, folder)),
    "defects": (240, defects.compare),
    "mock": (70, wrk_rows),
    "workers": (240, lambda target, folder, seconds: runs.processes(folder, seconds)),
    "account": (1200, lambda target, folder, seconds: [*account.compare(folder)]),
    "times": (30, lambda target, folder, seconds: runs.times(folder, seconds)),
}


def _chosen(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    return names


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    add = made.add_argument
    add(
        "--only",
        type=_chosen,
        default=list(PARTS),
        metavar="PART[,PART]",
        help=f"only these of {', '.join(PARTS)}; prints the table and leaves the documents alone",
    )
    add(
        "--docs",
        type=Path,
        default=servers.PROJECT / "docs",
        metavar="DIR",
        help="where benchmarks.md is (the project's)",
    )
    return made


def measure(names: Sequence[str], target: Path, folder: Path) -> list[RequirementResult]:
    """The rows of all parts named; a part not measured is a row that says why."""
    rows: list[RequirementResult] = []
    for name in names:
        seconds, part = PARTS[name]
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            rows += part(target, folder, seconds)
        except Unmeasured as why:
            rows.append(RequirementResult(name, "not measured", str(why)))
        except (subprocess.SubprocessError, OSError) as why:
            # Its text would show commands with this machine's folders.
            rows.append(RequirementResult(name, "not measured", type(why).__name__))
            print(why, file=sys.stderr)
    return rows


def caption(started: datetime, load: float) -> str:
    """Under which circumstances the table came about."""
    now = datetime.now(UTC)
    busy = max(load, os.getloadavg()[0]) > 2 * (os.cpu_count() or 1)
    return (
        f"Measured {started:%Y-%m-%d %H:%M} UTC in {(now - started).total_seconds():.0f} s, {os.cpu_count()} processors, "
        f"{platform.system()}, Python {platform.python_version()}; load average {load:.1f} before and "
        f"{os.getloadavg()[0]:.1f} after the run."
    ) + (_BUSY if busy else "")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and write; always 0: what was missed stands in the table."""
    arguments = parser().parse_args(argv)
    started, load = datetime.now(UTC), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        runs.keep_bytecode(Path(folder))
        with servers.mock() as mock:
            rows = measure(arguments.only, mock.profile, Path(folder))
    said = caption(started, load)
    print("\n".join([said, "", *table(results.COLUMNS, [row.cells() for row in rows])]))
    if list(PARTS) == arguments.only:
        results.write(arguments.docs, rows, said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
