"""Idle configurations that were made ahead, each for a test that asks for its content."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import ResourceKey, Scope

#: Optional members of a create, as text.
Content = str
PLAIN: Content = "{}"


def content_of(members: Mapping[str, Any]) -> Content:
    """What tells these optional members from others."""
    return json.dumps(members, sort_keys=True)


def members_of(content: Content) -> dict[str, Any]:
    """The optional members of a create."""
    members: dict[str, Any] = json.loads(content)
    return members


class Stock:
    """Idle configurations by scope and content; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._idle: dict[Scope, list[tuple[Content, Configuration]]] = {}
        #: With what content each was made.
        self._contents: dict[ResourceKey, Content] = {}

    def put(self, configuration: Configuration, content: Content | None = None) -> None:
        """Add one with this *content*, or with the one that it was taken with."""
        with self._lock:
            key = configuration.resource_key
            found = self._contents.setdefault(key, content or PLAIN)
            self._idle.setdefault(configuration.scope, []).append((found, configuration))

    def take(self, scope: Scope, wanted: Sequence[Content]) -> dict[int, Configuration]:
        """The oldest with each *wanted* content, by its place among them, as far as there are any."""
        taken: dict[int, Configuration] = {}
        with self._lock:
            idle = self._idle.setdefault(scope, [])
            for index, content in enumerate(wanted):
                place = next((n for n, one in enumerate(idle) if one[0] == content), None)
                if place is not None:
                    taken[index] = idle.pop(place)[1]
        return taken

    def take_any(self, scope: Scope, number: int) -> list[Configuration]:
        """Up to *number* of any content, those of the one that there is most of first."""
        taken: list[Configuration] = []
        with self._lock:
            idle = self._idle.setdefault(scope, [])
            while idle and len(taken) < number:
                most = Counter(content for content, _ in idle).most_common(1)[0][0]
                place = next(n for n, one in enumerate(idle) if one[0] == most)
                taken.append(idle.pop(place)[1])
        return taken

    def contents(self, scope: Scope) -> Counter[Content]:
        """How many there are with each content."""
        with self._lock:
            return Counter(content for content, _ in self._idle.get(scope, ()))

    def keys(self) -> set[ResourceKey]:
        """What is idle."""
        with self._lock:
            return {one.resource_key for idle in self._idle.values() for _, one in idle}

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._idle.clear()
