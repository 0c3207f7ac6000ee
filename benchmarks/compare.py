"""Compares this project with other programs: ``python -m benchmarks.compare``.

Each part takes turns with what it is compared with, so that a busy moment hits both, and only
ratios are judged. A whole run replaces the table in `docs/benchmarks.md`.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import account, defects, results, runs
from benchmarks.results import Row, Unmeasured
from scripts.generate_docs import table

_BUSY = " Other work kept the processors busy: whole runs took longer than they need, and ratios of few runs are rough."
#: Each part, given a folder and the seconds that it may take.
PARTS: dict[str, tuple[float, Callable[[Path, float], Iterable[Row]]]] = {
    "defects": (240, defects.compare),
    "workers": (240, runs.processes),
    "account": (1200, lambda folder, seconds: account.compare(folder)),
    "times": (30, runs.times),
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
    made.add_argument(
        "--only",
        type=_chosen,
        default=list(PARTS),
        metavar="PART[,PART]",
        help=f"only these of {', '.join(PARTS)}; prints the table and leaves the documents alone",
    )
    return made


def measure(names: Sequence[str], folder: Path) -> list[Row]:
    """The rows of all parts named; a part not measured is a row that says why."""
    rows: list[Row] = []
    for name in names:
        seconds, part = PARTS[name]
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            rows += part(folder, seconds)
        except Unmeasured as why:
            rows.append(Row(name, "not measured", str(why)))
        except (subprocess.SubprocessError, OSError) as why:
            # Its text would show commands with this machine's folders.
            rows.append(Row(name, "not measured", type(why).__name__))
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
        rows = measure(arguments.only, Path(folder))
    said = caption(started, load)
    print("\n".join([said, "", *table(results.COLUMNS, [row.cells() for row in rows])]))
    if list(PARTS) == arguments.only:
        results.write(runs.PROJECT / "docs" / "benchmarks.md", rows, said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
