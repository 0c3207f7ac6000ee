"""Text from an endpoint is inert once it is visible."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator_contract.redaction.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain äöü 日本 🙂", "plain äöü 日本 🙂", id="letters-stay"),
        pytest.param("\x1b[31m\x07\x9b", "\\x1b[31m\\x07\\x9b", id="terminal-controls"),
        pytest.param(
            "a\u202eb\u2066\u200b\ufeff", "a\\u202eb\\u2066\\u200b\\ufeff", id="bidi-and-invisible"
        ),
        pytest.param("\ud800", "\\ud800", id="half-a-pair"),
        pytest.param("a\r\nb\tc", "a\\r\\nb\\tc", id="line-ends"),
        pytest.param("::error::x", "\\x3a:error::x", id="github-command"),
        pytest.param(
            "x ##vso[task]y ##[error]", "x \\x23#vso[task]y \\x23#[error]", id="azure-command"
        ),
        pytest.param("\U000e0041", "\\U000e0041", id="tag-characters"),
    ],
)
def test_escapes(text: str, shown: str) -> None:
    """Invisible characters and those that act on a reader are escaped."""
    assert visible(text) == shown


@given(st.text(st.characters(codec=None), max_size=60), st.booleans())
def test_any_text(text: str, lines: bool) -> None:
    """Any text becomes printable and encodable, and stays as it is the second time."""
    shown = visible(text, lines=lines)

    assert shown.replace("\n", "").isprintable()
    assert lines or "\n" not in shown
    shown.encode("utf-8")
    assert visible(shown, lines=lines) == shown


def test_limit() -> None:
    """A long text ends in an ellipsis."""
    assert visible("x" * 11, 10) == "x" * 10 + "…"
    assert visible("x" * 10, 10) == "x" * 10
