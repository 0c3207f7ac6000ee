"""The suite against each hostile endpoint: a right verdict, a valid report, and nothing that harms a reader.

A dozen endpoints stand for all in a short run; the others are marked `slow`.
"""

from __future__ import annotations

import base64
import html
import json
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from referencing import Registry, Resource

from orchestrator_contract.adequacy.hostile import load_units

UNITS = load_units()
PROJECT = Path(__file__).parents[3]
#: Generous: what takes longer hangs.
TIMEOUT_S = 180
MAX_RSS_KB = 400 * 1024
#: The exit code for an endpoint that nothing can be learned from.
UNUSABLE = 4
#: What a terminal, a browser or an editor might act on: C0 without tab and line feed, DEL, C1, bidi
#: controls.
ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
#: Lines that GitHub or Azure take as commands when a job's log has them.
WORKFLOW_COMMAND = re.compile(r"^\s*(::[\w-]+[ :]|##\[|##vso\[)", re.MULTILINE)
#: Elements and attributes that hostile text tries to become.
LIVE_MARKUP = re.compile(
    r"<script>\s*window\.hostile|<img src=x|<svg onload|href=[\"']?javascript:", re.IGNORECASE
)


@dataclass(frozen=True)
class Run:
    """One finished run of the suite."""

    code: int
    output: str
    peak_rss_kb: int
    report: Path

    def texts(self) -> dict[str, str]:
        """Everything that people read, by name; the terminal's output is one of them."""
        found = [path for path in self.report.rglob("*") if path.is_file()]
        # Kept examples are binary, and read by Hypothesis alone.
        files = {path.name: path.read_bytes() for path in found if ".hypothesis" not in path.parts}
        return {
            "terminal": self.output,
            **{name: data.decode("utf-8", "replace") for name, data in files.items()},
        }


def run_suite(profile: Path, env: dict[str, str], directory: Path) -> Run:
    """Run the suite as its users do; one that hangs is aborted, and prints all stacks."""
    report, log = directory / "report", directory / "output.txt"
    command = [sys.executable, "-m", "pytest", "--target", str(profile), "--report", str(report)]
    command += ["--effort", "quick", "--seed", "1", "-p", "no:cacheprovider"]
    command += [f"--junitxml={report / 'junit.xml'}"]
    clean = {
        name: value for name, value in env.items() if name not in {"PYTEST_ADDOPTS", "FORCE_COLOR"}
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**clean, "PYTHONFAULTHANDLER": "1"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        code, peak = _wait(process)
    return Run(code, log.read_bytes().decode("utf-8", "replace"), peak, report)


def _wait(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """The exit code and the peak RSS in KiB of *process*."""
    deadline = time.monotonic() + TIMEOUT_S
    peak = 0
    while process.poll() is None:
        peak = max(peak, _high_water(process.pid))
        if time.monotonic() > deadline:
            process.send_signal(signal.SIGABRT)
            deadline += 10
        time.sleep(0.05)
    return process.returncode, peak


def _high_water(pid: int) -> int:
    """The most memory that *pid* has held so far, in KiB; 0 where the system does not tell.

    `ru_maxrss` would count this process as well: a child inherits its parent's mark.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def report_validator() -> Draft202012Validator:
    """Judges a `conformance.json` by its schema."""
    documents = [json.loads(path.read_text()) for path in (PROJECT / "schemas").rglob("*.json")]
    registry: Registry[Any] = Registry().with_resources(
        (document["$id"], Resource.from_contents(document))
        for document in documents
        if "$id" in document
    )
    schema = json.loads((PROJECT / "schemas" / "conformance-report.json").read_text())
    return Draft202012Validator(schema, registry=registry)


def spellings(user: str, password: str) -> Iterator[str]:
    """Every form in which the password could be written down."""
    for plain in (password, f"{user}:{password}"):
        yield base64.b64encode(plain.encode()).decode()
        yield base64.urlsafe_b64encode(plain.encode()).decode()
    for form in (password, quote(password, safe=""), quote(password), quote_plus(password)):
        yield from {form, html.escape(form), html.escape(form, quote=False), json.dumps(form)[1:-1]}
    yield repr(password)[1:-1]


def disguises(user: str, password: str) -> Iterator[str]:
    """Further forms, in lower case and of visible characters alone."""
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    for plain in (password, token):
        for inner in (plain, json.dumps(plain)[1:-1]):
            yield from (inner, inner[::-1], inner.encode().hex())
            for before in range(3):
                # Without what depends on the letters around it.
                yield base64.b64encode(b"x" * before + inner.encode())[4:-4].decode()


def plainly(text: str) -> str:
    """*text* in lower case, without what is not seen or stands for such."""
    unescaped = re.sub(
        r"\\+(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[nrt])", lambda m: _visible(m[0].lstrip("\\")), text
    )
    return re.sub(r"[^!-~]", "", unescaped).lower().replace("-", "+").replace("_", "/")


def _visible(escape: str) -> str:
    char = chr(int(escape[1:], 16)) if len(escape) > 1 else ""
    return char if "!" <= char <= "~" else ""


def strict_json(text: str) -> Any:
    """The document, with the constants that Python alone knows refused."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if unit.sample else pytest.mark.slow)
        for name, unit in UNITS.items()
    ],
)
def test_the_suite_withstands(
    name: str,
    start_hostile: Callable[[str], Any],
    credentials: tuple[str, str],
    report_validator: Draft202012Validator,
    tmp_path: Path,
) -> None:
    """It ends in time with the right code, its report holds, and no credentials or escapes get through."""
    endpoint = start_hostile(name)

    run = run_suite(endpoint.profile, endpoint.env, tmp_path)

    wrong = [problem for check in CHECKS for problem in check(run, credentials, report_validator)]
    if run.code not in UNITS[name].expect:
        wrong.insert(0, f"exit {run.code}, expected {sorted(UNITS[name].expect)}")
    if leaks := endpoint.seen_by_canary()["credentials"]:
        wrong.append(f"the canary saw credentials {leaks} times")
    if UNITS[name].greet is None and (deletes := endpoint.foreign_deletes()):
        wrong.append(f"{deletes} deletes of configurations that the suite did not make")
    assert not wrong, "\n".join([*wrong, "", "output ends:", *run.output.splitlines()[-60:]])


Check = Callable[[Run, tuple[str, str], Draft202012Validator], Iterator[str]]


def ended_well(
    run: Run, credentials: tuple[str, str], schema: Draft202012Validator
) -> Iterator[str]:
    """No hang, no crash, no heap of memory."""
    if run.code < 0:
        yield f"ended by signal {-run.code}: it ran for more than {TIMEOUT_S} s, or was killed"
    for word in ("Traceback (most recent call last)", "INTERNALERROR"):
        if word in run.output:
            yield f"{word} in the output"
    if run.peak_rss_kb > MAX_RSS_KB:
        yield f"{run.peak_rss_kb} KiB at its peak"


def report_holds(
    run: Run, credentials: tuple[str, str], schema: Draft202012Validator
) -> Iterator[str]:
    """conformance.json is there, is JSON, fits its schema and agrees with the exit code."""
    path = run.report / "conformance.json"
    if not path.is_file():
        yield "no conformance.json"
        return
    try:
        document = strict_json(path.read_text(encoding="utf-8"))
    except ValueError as broken:
        yield f"conformance.json: {broken}"
        return
    for error in list(schema.iter_errors(document))[:3]:
        yield f"conformance.json: {error.json_path}: {error.message[:300]}"
    verdicts = {
        0: {"conformant", "incomplete"},
        1: {"nonconformant"},
        4: {"incomplete", "nonconformant"},
    }
    if document.get("verdict") not in verdicts.get(run.code, {document.get("verdict")}):
        yield f"verdict {document.get('verdict')!r} with exit {run.code}"


def nothing_is_active(
    run: Run, credentials: tuple[str, str], schema: Draft202012Validator
) -> Iterator[str]:
    """No text from the endpoint acts on a terminal, a browser, a parser or a CI runner."""
    texts = run.texts()
    for name, text in texts.items():
        # JSON is read by programs, which see the escapes that its writer chose.
        if name != "conformance.json" and (found := ACTIVE.search(text)):
            yield f"{name} holds {found[0]!r}: {text[max(0, found.start() - 60) : found.end() + 40]!r}"
    if found := WORKFLOW_COMMAND.search(texts["terminal"]):
        yield f"the terminal's output holds a workflow command: {found[0]!r}"
    if found := LIVE_MARKUP.search(texts.get("conformance.html", "")):
        yield f"conformance.html holds {found[0]!r}"
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(texts.get("conformance.md", ""))
    if found := LIVE_MARKUP.search(rendered):
        yield f"conformance.md renders to {found[0]!r}"
    junit = run.report / "junit.xml"
    # pytest writes none for a session that ends with a usage error before its first test.
    if junit.exists() or run.code != UNUSABLE:
        try:
            ET.parse(junit)
        except (OSError, ET.ParseError) as broken:
            yield f"junit.xml: {broken}"


def nothing_is_told(
    run: Run, credentials: tuple[str, str], schema: Draft202012Validator
) -> Iterator[str]:
    """The password is in no artefact, in no spelling."""
    forms = set(spellings(*credentials))
    for name, text in run.texts().items():
        for form in forms:
            if form in text:
                at = text.index(form)
                yield f"{name} tells the password as {form!r}: {text[max(0, at - 80) : at + 20]!r}"
                break
        plain = plainly(text)
        for form in set(disguises(*credentials)):
            if (at := plain.find(plainly(form))) >= 0:
                yield f"{name} tells the password as {form!r}: {plain[max(0, at - 80) : at + 20]!r}"
                break


CHECKS: tuple[Check, ...] = (ended_well, report_holds, nothing_is_active, nothing_is_told)


def _finished(
    directory: Path, output: str = "1 passed\n", code: int = 0, peak: int = 1, **files: str
) -> Run:
    """A run that wrote *files*, harmless by default; `_` stands for `.` in names."""
    written = {
        "conformance_html": "<p>fine</p>",
        "conformance_md": "fine",
        "junit_xml": "<testsuites/>",
        **files,
    }
    for name, text in written.items():
        (directory / name.replace("_", ".")).write_text(text)
    return Run(code, output, peak, directory)


@pytest.mark.parametrize(
    ("check", "spoilt"),
    [
        pytest.param(ended_well, {"code": -6}, id="a-hang"),
        pytest.param(ended_well, {"output": "Traceback (most recent call last)"}, id="a-traceback"),
        pytest.param(ended_well, {"peak": MAX_RSS_KB + 1}, id="a-heap-of-memory"),
        pytest.param(report_holds, {}, id="no-report"),
        pytest.param(
            report_holds, {"conformance_json": '{"seed": NaN}'}, id="a-report-that-is-no-json"
        ),
        pytest.param(
            report_holds, {"conformance_json": "{}"}, id="a-report-that-breaks-its-schema"
        ),
        pytest.param(nothing_is_active, {"output": "\x1b[31m"}, id="an-escape-in-the-terminal"),
        pytest.param(nothing_is_active, {"output": "x\n  ::error::y"}, id="a-workflow-command"),
        pytest.param(
            nothing_is_active, {"conformance_html": "\u202e"}, id="a-bidi-override-in-html"
        ),
        pytest.param(
            nothing_is_active, {"conformance_html": "<img src=x>"}, id="live-markup-in-html"
        ),
        pytest.param(
            nothing_is_active, {"conformance_md": "x\n\n<img src=x>"}, id="live-markup-in-markdown"
        ),
        pytest.param(nothing_is_active, {"junit_xml": "<a>"}, id="broken-xml"),
        pytest.param(
            nothing_is_told,
            {"output": "S3cr3t%2F%2Bp%40ss%3Aw%26rd%22%3Ce%3E"},
            id="a-quoted-password",
        ),
        pytest.param(
            nothing_is_told,
            {"conformance_html": "S3cr3t/+p@ss:w&amp;rd&quot;&lt;e&gt;"},
            id="a-html-password",
        ),
        pytest.param(
            nothing_is_told, {"conformance_md": 'S3cr3t/+p@ss:w&rd\\"<e>'}, id="a-json-password"
        ),
        pytest.param(
            nothing_is_told,
            {"conformance_md": 's3cr3t/+P@SS:w&rd"<e>'},
            id="a-password-in-another-case",
        ),
        pytest.param(
            nothing_is_told, {"conformance_md": '>e<"dr&w:ss@p+/t3rc3S'}, id="a-password-backwards"
        ),
        pytest.param(
            nothing_is_told,
            {"conformance_md": "\\\\u0000".join('S3cr3t/+p@ss:w&rd"<e>')},
            id="a-password-in-letters",
        ),
        pytest.param(
            nothing_is_told,
            {
                "conformance_md": base64.b64encode(
                    json.dumps({"password": 'S3cr3t/+p@ss:w&rd"<e>'}).encode()
                ).decode()
            },
            id="a-password-in-base64",
        ),
    ],
)
def test_a_check_finds(
    check: Check,
    spoilt: dict[str, Any],
    credentials: tuple[str, str],
    report_validator: Draft202012Validator,
    tmp_path: Path,
) -> None:
    """Each check passes a harmless run and finds what is wrong with a spoilt one."""
    if check is not report_holds:
        assert list(check(_finished(tmp_path), credentials, report_validator)) == []

    assert list(check(_finished(tmp_path, **spoilt), credentials, report_validator)) != []
