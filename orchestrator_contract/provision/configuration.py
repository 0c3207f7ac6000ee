"""A configuration of the run's own."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

from orchestrator_contract.scope import ResourceKey, Scope

#: How long after the end of its create a configuration may take to show on every read, in seconds: no source says how long.
LATE_S = 5.0


@dataclass(eq=False)
class Configuration:
    """A configuration that the run may delete."""

    sid: str
    #: Empty for one from a pool or a command.
    name: str = ""
    account: int = 0
    region: int = 0
    payload: dict[str, Any] = field(default_factory=dict)
    #: When this run saw the end of its create, on the monotonic clock; of old for a given one.
    made: float = -math.inf

    @property
    def scope(self) -> Scope:
        """Where it is."""
        return Scope(self.account, self.region)

    @property
    def resource_key(self) -> ResourceKey:
        """What tells it from all others."""
        return self.scope, self.sid

    @property
    def late_s(self) -> float:
        """Seconds for which a read may still miss it, as copies that answer reads may lag; 0 when it must show."""
        return max(0.0, self.made + LATE_S - time.monotonic())
