"""Commands, options, defaults, ids, links and examples in documents are correct."""

from __future__ import annotations

import ast
import importlib.util
import math
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from orchestrator_contract.adequacy.cases import Kind, all_cases
from orchestrator_contract.contract import catalogue, schemas
from orchestrator_contract.mock import registry
from orchestrator_contract.pytest_plugin.process import EmbeddedMock
from orchestrator_contract.report import report_model
from scripts import generate_docs

from .conftest import PAGES, PROJECT, Block, Command, blocks, commands

COMMANDS = commands()
PYTEST = [command for command in COMMANDS if command.words[0] == "pytest"]
MODULES = [command for command in COMMANDS if command.words[:2] == ("python", "-m")]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
ID = re.compile(rf"(?<![\w-])(?:{'|'.join(report_model.SECTIONS)}|OBS)-[A-Z0-9]+(?:-[A-Z0-9]+)*\b")
#: The first column of a table row of CHANGELOG.md, "Renamed requirements".
OLD_ID = re.compile(r"^\| `[A-Z0-9-]+` (?=\| `[A-Z0-9-]+` \|$)", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def names(paths: list[Path]) -> list[str]:
    """Ids for parameters."""
    return [path.relative_to(PROJECT).as_posix() for path in paths]


@cache
def help_of(*command: str) -> str:
    """The text of a command's --help."""
    return subprocess.run(
        [sys.executable, "-m", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
    ).stdout


def options_in(text: str) -> set[str]:
    """The long options that a help text lists."""
    return set(FLAG.findall(text))


def requirement_ids() -> list[str]:
    """The ids of the catalogue, and of the entry that docs/writing-a-requirement.md adds."""
    examples = [tomllib.loads(block.text) for block in blocks("toml")]
    added = [entry["id"] for data in examples for entry in data.get("requirement", ())]
    return [*catalogue.load().requirements, *catalogue.load().observations, *added]


def without_old_ids(text: str) -> str:
    """*text* without the old ids of its section "Renamed requirements"."""
    before, heading, section = text.partition("### Renamed requirements\n")
    table, following, rest = section.partition("\n#")
    return "".join([before, heading, OLD_ID.sub("", table), following, rest])


#: Folders below which a path of the text starts.
ROOTS = (PROJECT, PROJECT / "orchestrator_contract", PROJECT / "docs")
#: What a run writes.
WRITTEN = ("conformance-report/", "journal-", ".venv/")


def named_paths(page: Path) -> list[str]:
    """The paths and modules of the project in the text, without placeholders and patterns."""
    text = page.read_text(encoding="utf-8")
    paths = re.findall(r"`((?:\.?[\w-]+/)+[\w.-]*)`", text)
    paths += re.findall(r"`((?:\w+)\.py)`", text)
    paths += re.findall(
        r"(?<![\w/.-])((?:orchestrator_contract|tests|schemas|docs)/[\w./-]*\w)", text
    )
    modules = re.findall(r"\b(orchestrator_contract(?:\.\w+)+)\b", text)
    paths += [one.replace(".", "/") for one in modules]
    return [one for one in paths if not one.startswith(WRITTEN)]


def exists(path: str, page: Path) -> bool:
    """True if *path* is a file, folder or module below one of the roots."""
    found = (root / path for root in (*ROOTS, page.parent))
    return any(one.exists() or one.with_suffix(".py").exists() for one in found)


def joined(words: tuple[str, ...]) -> str:
    """A command for a test's id."""
    return re.sub(r"[^\w./=-]+", "-", " ".join(words))[:60]


@pytest.mark.parametrize("command", PYTEST, ids=lambda command: joined(command.words))
def test_pytest_command_works(command: Command) -> None:
    """pytest knows the options, the catalogue the requirements, and the paths are there."""
    known = options_in(help_of("pytest"))
    wanted = command.value("--requirement")
    paths = [word for word in command.words[1:] if word.startswith("tests/")]

    assert not set(command.options) - known
    assert all(
        any(known_id.startswith(one) for known_id in requirement_ids())
        for one in (wanted.split(",") if wanted else ())
    )
    assert all((PROJECT / path).is_dir() for path in paths)


@pytest.mark.parametrize("command", MODULES, ids=lambda command: joined(command.words))
def test_module_command_works(command: Command) -> None:
    """The module is there and knows the options; defects and variants exist."""
    module = command.words[2]
    registry.load()

    assert importlib.util.find_spec(module) is not None
    if command.options:
        assert not set(command.options) - options_in(help_of(module))
    for option, known in (("--defect", registry.DEFECTS), ("--variant", registry.VARIANTS)):
        assert (command.value(option) or next(iter(known))) in known


def test_commands_were_found() -> None:
    """The pages hold commands: the two tests above judge something."""
    assert len(PYTEST) >= 8
    assert len(MODULES) >= 4


#: Pages about other programs, whose options they name.
FOREIGN = {"load.md"}
OWN = [page for page in PAGES if page.name not in FOREIGN]


@pytest.mark.parametrize("page", OWN, ids=names(OWN))
def test_named_options_exist(page: Path) -> None:
    """Options in the text are those of pytest, the mock, a module or an example's tool."""
    known = options_in(help_of("pytest")) | options_in(help_of("orchestrator_contract.mock"))
    known |= options_in(help_of("orchestrator_contract.adequacy"))
    known |= options_in(help_of("benchmarks.compare"))
    # curl's in the example of a report, a second name of --junit-xml, pip's and ruff's.
    known |= {"--path-as-is", "--junitxml", "--no-deps", "--check"}

    assert set(FLAG.findall(page.read_text(encoding="utf-8"))) - known == set()


def test_readme_takes_five_minutes() -> None:
    """The README without its blocks is read in five minutes, at 250 words each."""
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.DOTALL | re.MULTILINE)

    assert len(prose.split()) < 5 * 250


@pytest.fixture
def faulty_mock() -> Iterator[str]:
    """The text of the profile of a mock that lacks Retry-After, without a clock."""
    mock = EmbeddedMock.start("--defect", "accepted-no-retry-after")
    yield re.sub(r"\[clock\]\n.*\n", "", mock.profile.read_text(encoding="utf-8"))
    mock.stop()


def test_readme_shows_what_a_run_prints(tmp_path: Path, faulty_mock: str) -> None:
    """Each line of the README's first block, but for numbers and quotes, is one that a run prints."""
    (tmp_path / "vendor.toml").write_text(faulty_mock, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--effort", "quick"]
    command += ["--requirement", "DEL-202-HEADERS,OP-RETAINED,KEY-TTL,SID-UNKNOWN"]
    command += ["--target", f"{tmp_path}/vendor.toml", "--report", f"{tmp_path}/conformance-report"]

    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert done.returncode == 1, done.stdout + done.stderr
    printed = done.stdout.replace(f"{tmp_path}/", "").replace("quick", "standard")
    shown = next(block.text for block in blocks("text") if block.page == "README.md")
    lines = shown[shown.index("BREACHED") :].splitlines()
    assert len(lines) > 10
    begin = [re.sub(r"\d+", "0", line).partition('"')[0] for line in lines]
    numberless = re.sub(r"\d+", "0", printed).splitlines()
    assert [one for one in begin if not any(line.startswith(one) for line in numberless)] == []


def test_readme_starts_the_mock(tmp_path: Path) -> None:
    """The README's lines start a mock with credentials of one's own, and find its defect."""
    (text,) = (block.text for block in blocks("sh") if "MOCK_USER_1" in block.text)
    text = text.replace("--write-profile", "--port 0 --write-profile")
    text = text.replace("pytest", "python -m orchestrator_contract --effort quick")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["bash", "-c", f"{text}\ncode=$?; kill $!; exit $code"],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "BREACHED DEL-202-HEADERS" in done.stdout


def test_defaults_in_the_readme_are_the_codes(pytestconfig: pytest.Config) -> None:
    """The README names the default effort and the default folder that the options have."""
    stated = re.search(r"`--effort quick`.*default `(\w+)`", README)

    parsed = help_of("pytest")

    assert stated
    assert f"(default: {stated[1]})" in parsed
    folder = re.search(r"--report=DIR.*\(default:\s*([\w-]+)", parsed, re.DOTALL)
    assert folder is not None
    assert "conformance-report" in folder[0]
    assert "`conformance-report/`" in README.replace("\n", " ")


def test_readme_limits_are_the_profiles_defaults() -> None:
    """The limits that the README's profile shows are the defaults."""
    shown = next(
        tomllib.loads(block.text) for block in blocks("toml") if block.page == "README.md"
    )["limits"]
    members = schemas.documents()["target-profile.json"]["properties"]["limits"]["properties"]

    assert shown == {name: members[name]["default"] for name in shown}


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_named_requirements_exist(page: Path) -> None:
    """Every id in the text is in the catalogue, as a whole or as the beginning of others."""
    named = set(ID.findall(without_old_ids(page.read_text(encoding="utf-8"))))

    assert {one for one in named if not any(id_.startswith(one) for id_ in requirement_ids())} == (
        set()
    )


def test_renamed_requirements_lead_from_old_ids_to_new() -> None:
    """Each row of the changelog's table leads from a retired id to one of the catalogue."""
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z0-9-]+)` \| `([A-Z0-9-]+)` \|$", text, re.MULTILINE)

    assert rows
    assert {new for _, new in rows} <= set(requirement_ids())
    assert not {old for old, _ in rows} & set(requirement_ids())


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_named_files_exist(page: Path) -> None:
    """A path or module of the project that is named in the text is there."""
    assert [one for one in named_paths(page) if not exists(one, page)] == []


def test_paths_were_found() -> None:
    """The pages name paths: the test above judges something."""
    assert sum(len(named_paths(page)) for page in PAGES) > 80


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_named_tests_exist(page: Path) -> None:
    """A test that is named in the text is one of the project's."""
    named = set(re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8")))
    files = (path.read_text(encoding="utf-8") for path in PROJECT.glob("tests/**/*.py"))
    known = {name for text in files for name in re.findall(r"def (test_\w+)", text)}

    assert named - known == set()


def test_layout_names_every_module() -> None:
    """The table of CONTRIBUTING.md has each folder and top-level module of the package, once."""
    text = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("| folder or module |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)[1:]
    package = PROJECT / "orchestrator_contract"
    parts = [f"{path.parent.name}/" for path in package.glob("*/__init__.py")]
    parts += [path.name for path in package.glob("*.py") if not path.name.startswith("__")]

    assert sorted(re.findall(r"`([^`]+)`", " ".join(rows))) == sorted(parts)


def test_readme_counts_the_cases() -> None:
    """The README's round numbers of cases are a little below theirs."""
    counts = Counter(case.kind for case in all_cases())
    stated = re.search(
        r"more than (\d+) defects .* (\d+) conformant variants and (\d+) hostile servers",
        README.replace("\n", " "),
    )

    assert stated
    assert int(stated[1]) < counts[Kind.DEFECT] < int(stated[1]) + 100
    assert int(stated[2]) < counts[Kind.VARIANT] < int(stated[2]) + 100
    assert int(stated[3]) < counts[Kind.HOSTILE] < int(stated[3]) + 100


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_resolve(page: Path) -> None:
    """Links within the project lead to files, and their fragments to headings."""
    for target, fragment in LINK.findall(page.read_text(encoding="utf-8")):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), target
        if fragment:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert fragment[1:] in {
                re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings
            }


def test_generated_pages_are_fresh() -> None:
    """The generated pages are up to date with the code."""
    assert sorted(path.name for path in generate_docs.stale(PROJECT / "docs")) == []


def test_a_stale_page_is_named_and_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The parts of a stale page are replaced, once; the text around them stays."""
    begin, end = "<!-- generated: efforts -->", "<!-- generated: end -->"
    page = tmp_path / "sampling.md"
    page.write_text(f"a {begin}\nold\n{end} z", encoding="utf-8")
    monkeypatch.setattr(generate_docs, "PAGES", tmp_path)

    generate_docs.main()
    generate_docs.main()

    assert capsys.readouterr().out.count("sampling.md") == 1
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"a {begin}\n|")
    assert text.endswith(f"|\n{end} z")


def test_each_part_has_its_place() -> None:
    """Each generated part stands in one page; a mark of another name is an error."""
    pages = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "docs").glob("*.md"))

    assert [
        name for name in generate_docs.PARTS if pages.count(f"<!-- generated: {name} -->") != 1
    ] == []
    with pytest.raises(KeyError, match="other"):
        generate_docs.renewed("<!-- generated: other -->\n<!-- generated: end -->")


TOML = blocks("toml")


@pytest.mark.parametrize("block", TOML, ids=lambda block: block.page)
def test_toml_examples_are_valid(block: Block) -> None:
    """Profiles, waivers and entries of the catalogue in the pages are valid."""
    data = tomllib.loads(block.text)

    if "target" in data:
        assert schemas.matches("target-profile.json", data)
    elif "waivers" in data:
        for waiver in data["waivers"]:
            waiver["expires"] = waiver["expires"].isoformat()
        assert schemas.matches("waivers.json", data)
    else:
        assert schemas.matches("catalogue.json", {"observation": [], **data})


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.page)
def test_python_examples_parse(block: Block) -> None:
    """Python in the pages is Python."""
    assert ast.parse(block.text).body


def test_shell_examples_parse() -> None:
    """Shell in the pages is shell."""
    for block in blocks("sh"):
        assert (
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=False).returncode == 0
        )


def test_ci_runs_what_the_readme_tells_a_newcomer() -> None:
    """The README's two commands, without their installation, are run by .ci/run."""
    lines = re.findall(r"^python3 -m venv .* && (\.venv/bin/pytest.*)$", README, re.MULTILINE)
    ci = (PROJECT / ".ci" / "run").read_text(encoding="utf-8")

    assert len(lines) == 2
    assert all(re.search(rf"^\s*\w+ {re.escape(line)}$", ci, re.MULTILINE) for line in lines)


def test_sample_sizes_give_the_stated_probability() -> None:
    """The table of docs/sampling.md follows from the formula beside it."""
    rows = re.findall(
        r"^\| 1 in (\d+) \| (\d+) \|$",
        (PROJECT / "docs/sampling.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )

    assert rows
    assert all(math.ceil(math.log(0.01) / math.log(1 - 1 / int(one))) == int(n) for one, n in rows)


@pytest.mark.parametrize(
    ("samples", "found"),
    [(1, "always"), (7, "2"), (89, "19"), (90, "20"), (458, "99"), (459, "100")],
    ids=str,
)
def test_rarest_fault_follows_from_the_same_formula(samples: int, found: str) -> None:
    """The efforts' table agrees with that of sample sizes: 90 for 1 in 20."""
    assert generate_docs.rarest(samples) == found
