"""The end of the terminal output."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

from _pytest._io import TerminalWriter

from orchestrator_contract.report import write_terminal
from orchestrator_contract.results.verdict import Result


class Terminal:
    """The part of pytest's reporter that write_terminal uses, on pytest's writer."""

    def __init__(self, verbosity: int = 0, *, colour: bool = False) -> None:
        self.verbosity = verbosity
        self.file = StringIO()
        self.writer = TerminalWriter(self.file)
        self.writer.hasmarkup = colour

    def section(self, title: str, sep: str = "=", **markup: bool) -> None:
        """A line across the terminal."""
        self.writer.sep(sep, title, **markup)

    def write(self, text: str, **markup: bool) -> None:
        """Part of a line."""
        self.writer.write(text, **markup)

    def write_line(self, line: str, **markup: bool) -> None:
        """A line, or the rest of one."""
        self.writer.line(line, **markup)

    @property
    def text(self) -> str:
        """All that was written."""
        return self.file.getvalue()


def written(result: Result, verbosity: int = 0, **options: Any) -> str:
    """The terminal output for *result*."""
    terminal = Terminal(verbosity, **options)
    write_terminal(result, terminal, Path("conformance-report"))
    return terminal.text


def test_inert(any_result: Result) -> None:
    """Nothing that an endpoint sent acts on a terminal or on a CI runner."""
    text = written(any_result)

    assert [char for char in text if not char.isprintable() and char != "\n"] == []
    assert re.findall(r"^\s*::|##\w*\[", text, re.MULTILINE) == []


def test_breach(breached: Result) -> None:
    """A breach says what is wrong, where the contract says so, and how to see it again."""
    lines = written(breached).splitlines()

    start = next(
        number
        for number, line in enumerate(lines)
        if line.startswith("BREACHED DEL-202-HEADERS (documented, S2")
    )
    block = lines[start : lines.index("", start)]

    assert "  expected: retry-after: a number" in block
    assert '  seen:     202 "retry-after is missing": retry-after is missing' in block
    assert "  breached: 3 of 3 checks" in block
    assert any(line.startswith("  repeat:   curl -isS") for line in block)
    assert (
        block[-1]
        == "  check:    pytest --target 'vendor profile.toml' --requirement DEL-202-HEADERS --effort quick --seed 7"
    )


def test_summary(breached: Result) -> None:
    """Sections, unverified requirements, observations, then the verdict."""
    text = written(breached)

    assert re.search(r"^Submitting a delete +- +- +- +- +1\s*$", text, re.MULTILINE)
    assert (
        "unverified: needs clock, which the target profile does not give\n  KEY-TTL-MAX\n" in text
    )
    assert "observed: Operation status values seen: 2 x retry-after is missing" in text
    assert "Two keys that differ" not in text
    assert (
        "nonconformant: 3 breached, 1 warned, 1 waived, 2 unverified, 1 passed (1234 requests, seed 7)"
        in text
    )


def test_each_finding_is_said_once(causes: Result) -> None:
    """Breaches on the same exchanges are one block, the most direct first."""
    text = written(causes)

    assert [line for line in text.splitlines() if re.match("BREACHED|WARNED", line)] == [
        "BREACHED DEL-STATUS (documented, S1 responses; S2 paths)",
        "WARNED ERR-429-RETRY-AFTER (advisory, S6; R1 10.2.3)",
    ]
    assert (
        '  also:     DELETED-DELETE (derived): expected 404; seen 410 "no such resource"\n' in text
    )
    assert (
        "  also:     OP-RETAINED (warned, advisory): expected 404; seen 410 "
        '"no such resource"\n' in text
    )
    assert '  seen:     429 {"code": 20429}: no Retry-After header\n' in text
    assert "nonconformant: 2 breached, 2 warned, 1 passed" in text


def test_quiet(breached: Result) -> None:
    """With -q the table and observations go; reasons and the path stay."""
    text = written(breached, verbosity=-1)

    assert "BREACHED DEL-202-HEADERS" in text
    assert "nonconformant: " in text
    assert "observed" not in text
    assert "unverified: needs clock, which the target profile does not give" in text
    assert "note: note: retry-after is missing" in text
    assert "report: conformance-report/conformance.html" in text
    assert "section " not in text


def test_quiet_and_calm(calm: Result) -> None:
    """With -q a conformant run is a heading, the report's path and the verdict."""
    assert len(written(calm, verbosity=-1).splitlines()) == 3


def test_colour_where_wanted(breached: Result) -> None:
    """Colours are pytest's markup, which it leaves out in pipes and with NO_COLOR."""
    assert "\x1b[31m" in written(breached, colour=True)
    assert "\x1b" not in written(breached, colour=False)
