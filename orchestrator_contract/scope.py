"""Account and region of a resource; SIDs may repeat in other scopes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """An account in a region, by their indices in the profile."""

    account: int = 0
    region: int = 0


#: The first account in the first region.
DEFAULT_SCOPE = Scope()
#: The identity of a configuration: its scope, and its SID there.
ResourceKey = tuple[Scope, str]
