"""A configuration of the run's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Configuration:
    """A configuration that the run may delete."""

    sid: str
    #: Empty for one from a pool or a command.
    name: str = ""
    account: int = 0
    region: int = 0
    payload: dict[str, Any] = field(default_factory=dict)
