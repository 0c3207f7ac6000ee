"""Messages that end a session with exit code 4 are bounded, and harmless on a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator_contract.pytest_plugin.options import usage_error

PACKAGE = Path(__file__).parents[3] / "orchestrator_contract"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü", "plain ü"),
        ("two\nlines", "two\nlines"),
        ("\x1b[31m\u202e", "\\x1b[31m\\u202e"),
        ("::error::x", "\\x3a:error::x"),
        ("x" * 1_000_000, "x" * 2000 + "…"),
    ],
)
def test_a_message_is_harmless(text: str, shown: str) -> None:
    """The message is bounded and escaped, whatever it quotes."""
    assert str(usage_error(text)) == shown


def test_every_message_is_made_so() -> None:
    """No module raises pytest's error itself."""
    raising = [
        path.name
        for path in PACKAGE.rglob("*.py")
        if "pytest.UsageError(" in path.read_text(encoding="utf-8")
    ]

    assert raising == ["options.py"]
