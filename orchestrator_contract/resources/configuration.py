"""A configuration of the run's own."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

from orchestrator_contract.scope import DEFAULT_SCOPE, ResourceKey, Scope

#: Seconds after the end of its create for which a read may still miss a configuration.
READ_LAG_S = 5.0


@dataclass(eq=False)
class Configuration:
    """A configuration in its scope: the run's own, or a SID in a request."""

    #: The path segment as it stands in the URL.
    sid: str
    #: Empty for one from a pool or a command.
    name: str = ""
    scope: Scope = DEFAULT_SCOPE
    #: The create request; empty where the run has not made it.
    payload: dict[str, Any] = field(default_factory=dict)
    #: Monotonic seconds at which its create was seen to end; -inf where the run has not made it.
    created: float = -math.inf
    #: The body of the newest fetch before requests were aimed at it; later ones are compared with
    #: it.
    shown: dict[str, Any] = field(default_factory=dict)

    @property
    def resource_key(self) -> ResourceKey:
        """The scope and the SID, which together identify it."""
        return self.scope, self.sid

    @property
    def is_bridged(self) -> bool:
        """True if it was created with a bridged service, which may keep it from being deleted."""
        return "conversationsV1Bridge" in self.payload

    @property
    def read_lag_s(self) -> float:
        """Seconds for which a lagging read may miss it; 0 once it must show."""
        return max(0.0, self.created + READ_LAG_S - time.monotonic())
