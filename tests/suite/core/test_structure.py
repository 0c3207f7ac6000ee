"""The shape of the package: imports without circles, and each rule in one file of rules/."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from itertools import pairwise
from pathlib import Path

import pytest

import orchestrator_contract
from orchestrator_contract.contract import catalogue

PACKAGE = Path(orchestrator_contract.__file__).parent
#: Folders through which findings flow up, each with those of them that it may import.
MAY_IMPORT: dict[str, set[str]] = {
    "results": set(),
    "rules": {"results"},
    "har": {"rules", "results"},
    "report": {"results"},
}
#: What rules know of results: where findings are recorded, and nothing of what follows from them.
KNOWN_TO_RULES = "orchestrator_contract.results.findings"


@cache
def modules() -> dict[str, ast.Module]:
    """The syntax tree of each module of the package, by its path in it."""
    return {
        file.relative_to(PACKAGE).as_posix(): ast.parse(file.read_text(encoding="utf-8"))
        for file in sorted(PACKAGE.rglob("*.py"))
        if "_suite" not in file.parts
    }


def name_of(path: str) -> str:
    """The name by which a module is imported."""
    parts = (PACKAGE.name, *Path(path).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """A module's imports, also in functions and for type checkers."""
    package = name_of(path).split(".")
    package = package if path.endswith("__init__.py") else package[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((one.name, "") for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((base, one.name) for one in node.names)


def graph() -> dict[str, set[str]]:
    """The modules of the package that each of them imports."""
    names = {name_of(path) for path in modules()}
    found: dict[str, set[str]] = {}
    for path, tree in modules().items():
        pairs = imports(path, tree)
        imported = {f"{base}.{name}" if f"{base}.{name}" in names else base for base, name in pairs}
        found[name_of(path)] = imported & names - {name_of(path)}
    return found


def test_imports_have_no_circle() -> None:
    """No module imports itself by way of others, not even for a type checker."""
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_dependencies_are_what_a_run_imports() -> None:
    """An install without extras takes what judging an endpoint needs, and no more."""
    with (PACKAGE.parent / "pyproject.toml").open("rb") as file:
        lines = tomllib.load(file)["project"]["dependencies"]
    roots = {
        base.split(".")[0]
        for path, tree in modules().items()
        if not path.startswith("load/")  # an extra
        for base, _ in imports(path, tree)
    }
    known = packages_distributions()
    foreign = roots - sys.stdlib_module_names - {PACKAGE.name}
    needed = {distribution.lower() for root in foreign for distribution in known[root]}

    assert {re.split("[<>=]", line)[0] for line in lines} == needed | {"pytest-xdist"}  # -n


#: What wires a run and what acts in it know each other.
RUN = frozenset({"check", "check_keys", "endpoint", "fuzzing", "steps"})


def place_of(name: str) -> str:
    """The folder below the package that a module stands in, or the module itself."""
    place = ".".join(name.split(".")[1:2])
    return "a run" if place in RUN else place


def test_folders_have_no_circle() -> None:
    """No folder imports itself by way of others: each is above or below another."""
    folders: dict[str, set[str]] = defaultdict(set)
    for name, imported in graph().items():
        folders[place_of(name)] |= {place_of(one) for one in imported} - {place_of(name)}

    try:
        TopologicalSorter(folders).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def folder_of(module: str) -> str:
    """The folder of the package that a module stands in; empty for one at its top."""
    return module.split(".")[1] if module.count(".") > 1 else ""


def test_findings_flow_up() -> None:
    """Exchanges lead to rules, rules to findings, findings to verdicts, verdicts to reports."""
    flow = [
        (module, other)
        for module, imported in graph().items()
        for other in imported
        if folder_of(module) in MAY_IMPORT and folder_of(other) in MAY_IMPORT
        if folder_of(module) != folder_of(other)
    ]

    assert flow
    assert [pair for pair in flow if folder_of(pair[1]) not in MAY_IMPORT[folder_of(pair[0])]] == []
    assert {other for module, other in flow if folder_of(module) == "rules"} == {KNOWN_TO_RULES}


def test_verdicts_and_reports_know_no_run() -> None:
    """Nothing that findings flow up from imports what findings lead to."""
    later = ("report", "har", "pytest_plugin")
    early = ("contract", "http", "resources", "results", "rules", "api", "provision", "steps")
    wrong = {
        f"{module} imports {other}"
        for module, imported in graph().items()
        for other in imported
        if folder_of(module) in early and folder_of(other) in later
    }

    assert wrong == set()


def texts(tree: ast.AST) -> Iterator[str]:
    """The texts of a module, without its docstrings."""
    nodes = list(ast.walk(tree))
    docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if not isinstance(node, ast.Constant) or node in docstrings:
            continue
        if isinstance(node.value, str):
            yield node.value


def test_requirement_is_named_in_one_file_of_rules() -> None:
    """Findings of one requirement are recorded in one file."""
    files: dict[str, set[str]] = defaultdict(set)
    for path, tree in modules().items():
        if path.startswith("rules/"):
            for one in catalogue.load().requirements.keys() & set(texts(tree)):
                files[one].add(path)

    assert files
    assert {one: paths for one, paths in files.items() if len(paths) > 1} == {}


def test_named_requirements_exist() -> None:
    """A text that looks like an id of the catalogue is one, or begins some."""
    known = catalogue.load()
    ids = known.requirements.keys() | known.observations.keys()
    prefixes = "|".join(sorted({one.partition("-")[0] for one in ids}))
    looks = re.compile(rf"(?:{prefixes})(?:-[A-Z0-9]+)+")
    named = {one for tree in modules().values() for one in texts(tree) if looks.fullmatch(one)}

    assert named - ids == set()


def recorded_by(call: ast.Call) -> set[str]:
    """The texts of the first argument of `findings.check(…)` or the like, also of a partial one."""
    words = [call.func, *call.args]
    for function, argument in pairwise(words[:3]):
        match function:
            case ast.Attribute(attr="check" | "status") | ast.Name(id="check" | "self"):
                return set(texts(argument))
    return set()


def test_findings_are_recorded_in_rules() -> None:
    """Outside of rules/ no requirement that is named is recorded: steps call the rule."""
    ids = catalogue.load().requirements.keys()
    found = [
        f"{path}:{node.lineno} {', '.join(named)}"
        for path, tree in modules().items()
        if not path.startswith("rules/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (named := ids & recorded_by(node))
    ]

    assert found == []
