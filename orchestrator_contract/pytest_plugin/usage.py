"""Messages that end a session with exit code 4: bounded, and harmless on a terminal, whatever they quote."""

from __future__ import annotations

import pytest

from orchestrator_contract.redaction.visible import visible

_LONGEST = 2000


def said(text: object) -> str:
    """*text* as a message: it may quote files, answers and the command line."""
    return visible(str(text), _LONGEST, lines=True)


def usage_error(text: object) -> pytest.UsageError:
    """The error that shows *text* and ends the session."""
    return pytest.UsageError(said(text))
