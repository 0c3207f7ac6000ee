"""Each requirement is in the catalogue once, in good form, and has a contract test."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from orchestrator_contract.contract import catalogue
from orchestrator_contract.report.report_model import SECTIONS
from orchestrator_contract.results.findings import function_of

PROJECT = Path(__file__).parents[3]
CONTRACT = sorted((PROJECT / "tests" / "contract").glob("test_*.py"))
RAW: dict[str, Any] = tomllib.loads(
    (PROJECT / "orchestrator_contract" / "contract" / "catalogue.toml").read_text(encoding="utf-8")
)
KNOWN = catalogue.load().requirements

#: Run inside a pytest of its own: prints every contract test with the requirements of its markers.
COLLECTOR = """
import json, sys, pytest
class Collector:
    def pytest_collection_finish(self, session):
        rows = [[i.nodeid, [a for m in i.iter_markers("requirement") for a in m.args],
                 bool(i.function.__doc__)] for i in session.items]
        print("COLLECTED" + json.dumps(rows))
sys.exit(pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", "tests/contract"], plugins=[Collector()]))
"""


@pytest.fixture(scope="module")
def collected() -> list[tuple[str, list[str], bool]]:
    """Each contract test: node id, requirements, whether it has a docstring."""
    done = subprocess.run(
        [sys.executable, "-c", COLLECTOR],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    line = next((line for line in done.stdout.splitlines() if line.startswith("COLLECTED")), None)
    assert line is not None, done.stdout + done.stderr
    return [
        (node, ids, documented)
        for node, ids, documented in json.loads(line.removeprefix("COLLECTED"))
    ]


def test_catalogue_fits_its_schema() -> None:
    """catalogue.toml, as it is written, is valid under schemas/catalogue.json."""
    schema = json.loads((PROJECT / "schemas" / "catalogue.json").read_text(encoding="utf-8"))

    errors = [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator(schema).iter_errors(RAW)
    ]

    assert errors == []


def test_ids_are_unique() -> None:
    """No requirement and no observation is written twice."""
    ids = Counter(entry["id"] for kind in ("requirement", "observation") for entry in RAW[kind])

    assert [one for one, number in ids.items() if number > 1] == []


#: Words that the contract has better ones for (CONTRIBUTING.md, glossary).
AVOIDED = re.compile(
    r"\b(answer|answers|gone|odd|sister|sisters|silence|nobody|strangers?|told|by itself|is none)\b",
    re.IGNORECASE,
)


def test_titles_are_unique_and_short() -> None:
    """Each title is a clause of its own, without a full stop."""
    titles = Counter(
        entry["title"] for kind in ("requirement", "observation") for entry in RAW[kind]
    )

    assert [
        title
        for title, number in titles.items()
        if number > 1 or len(title) > 100 or title.endswith(".")
    ] == []


def test_titles_use_the_words_of_the_contract() -> None:
    """A title says response, deleted, malformed, unauthorized, as the contract does."""
    titles = [entry["title"] for kind in ("requirement", "observation") for entry in RAW[kind]]

    assert [title for title in titles if AVOIDED.search(title)] == []


def test_sections_are_whole() -> None:
    """The requirements of a section stand together, in sections that reports have titles for."""
    sections = [name for name, _ in groupby(KNOWN, lambda one: one.partition("-")[0])]

    assert len(set(sections)) == len(sections)
    assert set(sections) == SECTIONS.keys()


def test_sources_are_those_of_the_page() -> None:
    """A source begins with an id of docs/requirements.md."""
    assert [
        one.id for one in KNOWN.values() if not re.match(r"(S[1-6]|R[1-4])\b", one.source)
    ] == []


def test_needs_are_capabilities() -> None:
    """A requirement needs only what a target profile can offer."""
    offered = {
        "provision",
        "create",
        "credentials",
        "accounts",
        "regions",
        "operation_failure",
        "clock",
        "conversations",
    }
    offered |= {f"fault.{status}" for status in (409, 429, 500, 503)}

    assert {need for one in KNOWN.values() for need in one.needs} <= offered


def test_what_is_repeated_elsewhere_is_the_delete_s() -> None:
    """A rule judged on other calls exists, and lands on one advisory requirement for each call."""
    repeating = [one for one in KNOWN.values() if one.repeats]
    pairs = Counter((call, told) for one in repeating for call in one.calls for told in one.repeats)

    assert {told for _, told in pairs} <= {one.id for one in KNOWN.values() if not one.repeats}
    assert [pair for pair, number in pairs.items() if number > 1] == []
    # The sources document the 202 of these calls as they do that of the delete; the rest is an
    # analogy.
    assert [one.id for one in repeating if one.level.gates] == ["CTRL-ACCEPTED"]


@pytest.mark.parametrize(
    ("call", "requirement", "found"),
    [
        ("delete", "DEL-202-LINKS-AGREE", "DEL-202-LINKS-AGREE"),
        ("patch", "DEL-202-LINKS-AGREE", "CTRL-202"),
        ("delete-conversation", "OP-BODY", "CONV-OPERATION"),
        ("create", "OP-BODY", "OP-BODY"),
    ],
)
def test_findings_land_where_the_call_says(call: str, requirement: str, found: str) -> None:
    """A breached rule is reported under the catalogue's id for the call, or else under its own."""
    assert catalogue.load().on(call, requirement) == found


def test_every_contract_test_names_known_requirements(
    collected: list[tuple[str, list[str], bool]],
) -> None:
    """Each contract test has a marker, and each id in it is in the catalogue, once."""
    wrong = [
        (node, ids)
        for node, ids, _ in collected
        if not ids or not set(ids) <= set(KNOWN) or len(set(ids)) < len(ids)
    ]

    assert wrong == []


def test_essential_tests_look_at_their_requirement(
    collected: list[tuple[str, list[str], bool]],
) -> None:
    """A requirement's essential test exists, and its marker names the requirement."""
    named: dict[str, set[str]] = {}
    files: dict[str, set[str]] = {}
    for node, ids, _ in collected:
        named.setdefault(function_of(node), set()).update(ids)
        files.setdefault(function_of(node), set()).add(node.partition("::")[0])
    essential = [(one.id, look) for one in KNOWN.values() for look in one.essential]

    assert [pair for pair in essential if pair[0] not in named.get(pair[1], ())] == []
    assert [look for _, look in essential if len(files[look]) > 1] == []


def test_every_requirement_is_tested(collected: list[tuple[str, list[str], bool]]) -> None:
    """Each requirement is named by a contract test: --requirement finds something for it."""
    named = {one for _, ids, _ in collected for one in ids}

    assert sorted(set(KNOWN) - named) == []


def test_every_requirement_can_be_verified_with_what_it_needs(
    collected: list[tuple[str, list[str], bool]],
) -> None:
    """Each requirement has a test that needs no more of the target than the requirement does."""
    tests_of: dict[str, list[set[str]]] = {}
    for _, ids, _ in collected:
        needed = {need for one in ids for need in KNOWN[one].needs}
        for one in ids:
            tests_of.setdefault(one, []).append(needed)

    out_of_reach = {
        one: sorted(min(tests, key=len) - set(KNOWN[one].needs))
        for one, tests in tests_of.items()
        if not any(needed <= set(KNOWN[one].needs) for needed in tests)
    }

    assert out_of_reach == {}


def test_every_contract_test_says_what_holds(collected: list[tuple[str, list[str], bool]]) -> None:
    """Each contract test has a docstring."""
    assert [node for node, _, documented in collected if not documented] == []


@pytest.mark.parametrize("path", CONTRACT, ids=lambda path: path.stem)
def test_contract_tests_state_facts(path: Path) -> None:
    """Docstrings of contract tests say what is, not what should be, and end with a full stop."""
    functions = [
        node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    texts = {node.name: ast.get_docstring(node) or "" for node in functions}

    assert [name for name, text in texts.items() if not text.split("\n")[0].endswith(".")] == []
    assert [
        name for name, text in texts.items() if " should " in text or text.startswith("Test")
    ] == []


@pytest.mark.parametrize(
    "path", sorted((PROJECT / "tests" / "contract").glob("*.py")), ids=lambda path: path.stem
)
def test_contract_tests_know_no_mock(path: Path) -> None:
    """The contract tests can't tell the mock from any other endpoint: they import nothing of it."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}

    inside = (
        "orchestrator_contract.mock",
        "orchestrator_contract.pytest_plugin.process",
        "orchestrator_contract.adequacy",
    )
    assert [name for name in modules if name.startswith(inside)] == []
