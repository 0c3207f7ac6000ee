"""The catalogue: every requirement, read from catalogue.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any


class Level(StrEnum):
    """How far a requirement binds (README.md, "Reading a verdict")."""

    DOCUMENTED = "documented"
    DERIVED = "derived"
    ADVISORY = "advisory"

    @property
    def gates(self) -> bool:
        """True if a breach fails the gate without --strict."""
        return self is not Level.ADVISORY


@dataclass(frozen=True, slots=True)
class Requirement:
    """One checkable sentence of the contract."""

    #: Stable and never reused.
    id: str
    level: Level
    title: str
    #: Where the sentence stands: source ids of docs/requirements.md.
    source: str
    #: Capabilities of the target without which nothing of it can be seen, unless it happens anyway.
    needs: tuple[str, ...] = ()
    #: Contract tests without which other checks don't verify it.
    essential: tuple[str, ...] = ()
    #: Asynchronous calls beside DELETE that it judges by the requirements in `repeats`.
    calls: tuple[str, ...] = ()
    repeats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """Something that the sources leave open: it is reported and never judged."""

    id: str
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All requirements and observations, in the contract's order."""

    requirements: dict[str, Requirement] = field(default_factory=dict)
    observations: dict[str, Observation] = field(default_factory=dict)

    #: The requirement that takes the finding, by asynchronous call and requirement of DELETE.
    _elsewhere: dict[tuple[str, str], str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for one in self.requirements.values():
            self._elsewhere.update(dict.fromkeys(product(one.calls, one.repeats), one.id))

    def on(self, call: str, requirement: str) -> str:
        """The id under which *requirement* of DELETE is judged on *call*."""
        return self._elsewhere.get((call, requirement), requirement)

    def __getitem__(self, requirement_id: str) -> Requirement:
        return self.requirements[requirement_id]

    def select(self, wanted: str) -> frozenset[str]:
        """Ids named by a comma-separated list of ids or prefixes.

        Raises:
            KeyError: a name selects nothing, or there is no name; its argument is the name.
        """
        chosen: set[str] = set()
        for name in filter(None, (part.strip() for part in wanted.split(","))):
            hits = {one for one in self.requirements if one.startswith(name)}
            if not hits:
                raise KeyError(name)
            chosen |= {name} if name in hits else hits
        if not chosen:
            raise KeyError(wanted)
        return frozenset(chosen)


@cache
def load() -> Catalogue:
    """The catalogue of this release."""
    path = files("orchestrator_contract.contract") / "catalogue.toml"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    requirements = {entry["id"]: _requirement(entry) for entry in raw["requirement"]}
    observations = {entry["id"]: Observation(**entry) for entry in raw["observation"]}
    return Catalogue(requirements, observations)


def _requirement(entry: dict[str, Any]) -> Requirement:
    lists = {name: tuple(value) for name, value in entry.items() if isinstance(value, list)}
    return Requirement(**{**entry, **lists, "level": Level(entry["level"])})
