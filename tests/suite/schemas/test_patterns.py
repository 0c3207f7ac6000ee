"""Patterns mean the same in Python and in ECMA-262, and nothing slips past their ends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SCHEMAS = Path(__file__).parents[3] / "schemas"
DATA = {"examples", "x-invalid", "default", "const", "enum"}
#: Keeps `$` from matching before a final line feed, which it does in Python and not in ECMA-262.
SAFE_END = r"(?!\n)$"
KEY = json.loads((SCHEMAS / "idempotency-key.json").read_text("utf-8"))
HEX = set("0123456789abcdefABCDEF")


def patterns(node: Any) -> Iterator[str]:
    """Every pattern under *node*, instances left out."""
    if isinstance(node, list):
        for item in node:
            yield from patterns(item)
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for name, item in node.items():
            if name not in DATA:
                yield from patterns(item)


PATTERNS = sorted(
    {p for file in SCHEMAS.rglob("*.json") for p in patterns(json.loads(file.read_text("utf-8")))}
)
CLOSED = [p for p in PATTERNS if p.endswith("$")]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pattern_is_portable(pattern: str) -> None:
    r"""Only constructs that both dialects read alike: ASCII classes written out, no flags, named groups or \Z."""
    re.compile(pattern)

    assert set(re.findall(r"\\(.)", pattern)) <= {"n", "r", "."}
    assert {m for m in re.findall(r"\(\?(..?)", pattern) if m[0] not in ":!="} == set()
    assert re.search(r"[*+?}]\+", re.sub(r"\[[^\]]*\]", "", pattern)) is None
    assert pattern.isascii()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_end_is_guarded(pattern: str) -> None:
    """A `$` never stands without the lookahead that keeps a final line feed out."""
    assert pattern.replace(SAFE_END, "").count("$") == len(
        re.findall(r"\[[^\]]*\$[^\]]*\]", pattern)
    )


@pytest.mark.parametrize("pattern", CLOSED)
@given(data=st.data())
@settings(max_examples=20, deadline=None, database=None, derandomize=True)
def test_final_line_feed_is_refused(pattern: str, data: st.DataObject) -> None:
    """A match does not match with a line feed after it."""
    text = data.draw(st.from_regex(pattern), label="text")

    assert re.search(pattern, text) is not None
    assert re.search(pattern, text + "\n") is None


@pytest.mark.parametrize("pattern", [p for p in CLOSED if "[^" not in p])
@given(data=st.data())
@settings(max_examples=20, deadline=None, database=None, derandomize=True)
def test_other_digits_are_refused(pattern: str, data: st.DataObject) -> None:
    """Digits of other scripts are no digits."""
    text = data.draw(st.from_regex(pattern), label="text")

    assert re.search(pattern, text + "\u0665") is None
    assert re.search(pattern, "\uff15" + text) is None


@given(scope=st.integers(0, 36), extra=st.characters())
@settings(deadline=None, database=None, derandomize=True)
def test_key_with_an_extra_character_is_refused(scope: int, extra: str) -> None:
    """No character fits into a key, wherever it is put."""
    key = KEY["examples"][0]

    assert re.search(KEY["pattern"], key[:scope] + extra + key[scope:]) is None


@given(scope=st.integers(0, 35), other=st.characters().filter(lambda char: char not in HEX | {"-"}))
@settings(deadline=None, database=None, derandomize=True)
def test_key_with_a_foreign_character_is_refused(scope: int, other: str) -> None:
    """A key holds hexadecimal digits and hyphens alone."""
    key = KEY["examples"][0]

    assert re.search(KEY["pattern"], key[:scope] + other + key[scope + 1 :]) is None


@pytest.mark.parametrize("scope", range(36))
def test_key_with_a_character_missing_is_refused(scope: int) -> None:
    """35 characters are no key."""
    key = KEY["examples"][0]

    assert re.search(KEY["pattern"], key[:scope] + key[scope + 1 :]) is None


@given(key=st.uuids().map(str), upper=st.booleans())
@settings(deadline=None, database=None, derandomize=True)
def test_every_uuid_is_a_key(key: str, upper: bool) -> None:
    """Any version and either case will do."""
    assert re.search(KEY["pattern"], key.upper() if upper else key) is not None
