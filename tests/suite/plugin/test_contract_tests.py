"""The form of contract tests: one stimulus and one named check, short enough to read as a sentence."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

import pytest

CONTRACT = Path(__file__).parents[2] / "contract"
FILES = sorted(CONTRACT.glob("test_*.py"))
BRANCHES = (ast.If, ast.IfExp, ast.For, ast.While, ast.Try, ast.Match, ast.comprehension)


def functions(path: Path) -> list[ast.FunctionDef]:
    """The functions that a file defines at its top."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]


def lines(function: ast.FunctionDef) -> int:
    """The lines of a function, without its decorators."""
    return (function.end_lineno or 0) - function.lineno + 1


TESTS = [(path, function) for path in FILES for function in functions(path)]


@pytest.mark.parametrize(
    ("path", "function"),
    [pytest.param(*one, id=f"{one[0].stem}::{one[1].name}") for one in TESTS],
)
def test_each_is_a_short_test(path: Path, function: ast.FunctionDef) -> None:
    """Every function is a test of at most 25 lines and 3 branches that states a fact."""
    first = (ast.get_docstring(function) or "").split("\n")[0]

    assert function.name.startswith("test_"), "steps live in orchestrator_contract/steps/"
    assert lines(function) <= 25
    assert sum(isinstance(node, BRANCHES) for node in ast.walk(function)) <= 3
    assert 0 < len(first) <= 96


def test_they_are_short_as_a_whole() -> None:
    """Half of the tests have at most 12 lines, and half of their docstrings at most 72 characters."""
    docstrings = [(ast.get_docstring(function) or "").split("\n")[0] for _, function in TESTS]

    assert median(lines(function) for _, function in TESTS) <= 12
    assert median(map(len, docstrings)) <= 72


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_effort_is_not_their_business(path: Path) -> None:
    """No test reads the effort, and none defines a class."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}

    assert "effort" not in names
    assert not [node for node in tree.body if isinstance(node, ast.ClassDef)]
