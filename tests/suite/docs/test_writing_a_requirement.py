"""docs/writing-a-requirement.md, followed step by step in a copy of the checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .conftest import PROJECT, blocks

PAGE = "docs/writing-a-requirement.md"
#: A step: "Add to `file`…:" and the block that goes there.
STEP = re.compile(r"Add to\s`([\w./-]+)`[^`]*?:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
COPIED = ("orchestrator_contract", "schemas", "scripts", "tests/contract", "docs")


@dataclass(frozen=True)
class Followed:
    """The copy in which the page was followed, and the output of each of its commands."""

    folder: Path
    outputs: dict[str, str]


def steps() -> dict[str, str]:
    """The additions of the page, by file."""
    return dict(STEP.findall((PROJECT / PAGE).read_text(encoding="utf-8")))


def added(text: str, block: str, section: str) -> str:
    """*text* with *block*: imports at its top, a catalogue entry at the end of its section."""
    if block.startswith("[["):
        entries = re.split(r"(?=^\[\[)", text, flags=re.MULTILINE)
        last = max(n for n, entry in enumerate(entries) if f'id = "{section}-' in entry)
        body, *rest = re.split(r"(?=^# -)", entries[last], flags=re.MULTILINE)
        entries[last] = "".join([body, block, "\n", *rest])
        return "".join(entries)
    imports = "".join(re.findall(r"^from .*\n", block, re.MULTILINE))
    body = block.removeprefix(imports).strip("\n")
    anchor = "from orchestrator_contract."
    text = text.replace(anchor, imports + anchor, 1)
    return f"{text.rstrip()}\n\n\n{body}\n"


def copy_of_the_checkout(folder: Path) -> None:
    """Copy what a run of the contract needs."""
    for name in COPIED:
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(PROJECT / name, folder / name)


def run(folder: Path, line: str) -> str:
    """The output of a line of the page in *folder*, which has to succeed."""
    inherited = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={**inherited, "PATH": path, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """The page, followed."""
    folder = tmp_path_factory.mktemp("checkout")
    copy_of_the_checkout(folder)
    section = requirement()["id"].partition("-")[0]
    for name, block in steps().items():
        file = folder / name
        file.write_text(added(file.read_text(encoding="utf-8"), block, section), encoding="utf-8")
    run(folder, f"python -m ruff check -q --select I --fix {' '.join(steps())}")
    commands = next(block.text for block in blocks("sh") if block.page == PAGE).splitlines()
    return Followed(folder, {line: run(folder, line) for line in commands})


def requirement() -> dict[str, Any]:
    """The entry of the page."""
    entries = [tomllib.loads(block.text) for block in blocks("toml") if block.page == PAGE]
    (entry,) = entries[0]["requirement"]
    return dict(entry)


def test_each_part_is_added() -> None:
    """The page adds an entry, a rule, a test and a defect, each to a file that exists."""
    assert [name.rpartition("/")[0] for name in steps()] == [
        "orchestrator_contract/contract",
        "orchestrator_contract/rules",
        "tests/contract",
        "orchestrator_contract/mock/defects",
    ]
    assert all((PROJECT / name).is_file() for name in steps())


def test_the_schema_it_shows_is_in_the_file() -> None:
    """The subschema of the page is one of the file that the page names."""
    (shown,) = [json.loads(block.text) for block in blocks("json") if block.page == PAGE]
    schema = json.loads((PROJECT / "schemas/responses/202.headers.json").read_text("utf-8"))

    assert shown in schema["allOf"]


def test_new_requirement_is_judged_and_the_mock_conforms(followed: Followed) -> None:
    """The embedded mock passes the new requirement, which was checked."""
    report = json.loads((followed.folder / "conformance-report/conformance.json").read_text())

    assert report["verdict"] == "conformant"
    assert [
        (one["id"], one["verdict"]) for one in report["requirements"] if one["verdict"] != "skipped"
    ] == [(requirement()["id"], "passed")]


def test_defect_is_found(followed: Followed) -> None:
    """Each case of the defect breaches the new requirement."""
    output = next(text for line, text in followed.outputs.items() if "adequacy" in line)

    assert "2 cases" in output
    assert "0 findings" in output
    assert output.count(requirement()["id"]) == 2


def test_generated_page_lists_it(followed: Followed) -> None:
    """docs/requirements.md has a row for it, in its section."""
    page = (followed.folder / "docs/requirements.md").read_text(encoding="utf-8")

    assert f"| `{requirement()['id']}` | {requirement()['level']} |" in page


def test_added_code_is_clean(followed: Followed) -> None:
    """The linter and the formatter accept the added code as it stands on the page."""
    files = " ".join(name for name in steps() if name.endswith(".py"))

    run(followed.folder, f"python -m ruff check -q {files}")
    run(followed.folder, f"python -m ruff format -q --check {files}")
