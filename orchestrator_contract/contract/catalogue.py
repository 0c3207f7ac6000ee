"""The catalogue: every requirement of the contract, read from catalogue.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Level(StrEnum):
    """How far a requirement binds (README.md, "Reading a verdict")."""

    DOCUMENTED = "documented"
    DERIVED = "derived"
    ADVISORY = "advisory"

    @property
    def gates(self) -> bool:
        """Whether a breach fails the gate without --strict."""
        return self is not Level.ADVISORY


@dataclass(frozen=True, slots=True)
class Applies:
    """Which answers a schema-bound requirement judges."""

    operation: frozenset[str]
    status: frozenset[int]
    #: "body" or "headers".
    part: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """One checkable sentence of the contract."""

    #: Stable and never reused.
    id: str
    level: Level
    title: str
    #: Where the sentence stands: source ids of docs/requirements.md.
    source: str
    #: Capabilities of the target without which it cannot be verified.
    needs: tuple[str, ...] = ()
    #: Path below schemas/ of the schema that decides it, if one does.
    schema: str | None = None
    applies: Applies | None = None
    #: Asynchronous calls beside the delete that this one judges by the delete's requirements that it repeats.
    calls: tuple[str, ...] = ()
    repeats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """Something the sources leave open; what was seen is reported and never judged."""

    id: str
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All requirements and observations, in the contract's order."""

    requirements: dict[str, Requirement] = field(default_factory=dict)
    observations: dict[str, Observation] = field(default_factory=dict)

    #: By asynchronous call and requirement of the delete: the requirement that takes the finding.
    _elsewhere: dict[tuple[str, str], str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for one in self.requirements.values():
            self._elsewhere.update(
                {(call, told): one.id for call in one.calls for told in one.repeats}
            )

    def on(self, call: str, requirement: str) -> str:
        """The id under which *requirement*, written for the delete, is judged on the asynchronous *call*."""
        return self._elsewhere.get((call, requirement), requirement)

    def sisters(self, requirement: str) -> list[str]:
        """The asynchronous calls that *requirement*, written for the delete, is judged on as well."""
        return [call for call, told in self._elsewhere if told == requirement]

    def __getitem__(self, requirement_id: str) -> Requirement:
        return self.requirements[requirement_id]

    def select(self, wanted: str) -> frozenset[str]:
        """Ids named by a comma-separated list of ids or prefixes.

        Raises:
            KeyError: a name in the list selects nothing, or there is none in it; its argument is the name.
        """
        chosen: set[str] = set()
        for name in filter(None, (part.strip() for part in wanted.split(","))):
            hits = {one for one in self.requirements if one == name or one.startswith(name)}
            if not hits:
                raise KeyError(name)
            chosen |= {name} if name in hits else hits
        if not chosen:
            raise KeyError(wanted)
        return frozenset(chosen)


@cache
def load() -> Catalogue:
    """The catalogue of this release."""
    raw = tomllib.loads(
        (files("orchestrator_contract.contract") / "catalogue.toml").read_text(encoding="utf-8")
    )
    requirements = {}
    for entry in raw["requirement"]:
        bound = entry.get("applies")
        requirements[entry["id"]] = Requirement(
            id=entry["id"],
            level=Level(entry["level"]),
            title=entry["title"],
            source=entry["source"],
            needs=tuple(entry.get("needs", ())),
            schema=entry.get("schema"),
            applies=Applies(
                frozenset(bound["operation"]), frozenset(bound["status"]), bound["part"]
            )
            if bound
            else None,
            calls=tuple(entry.get("calls", ())),
            repeats=tuple(entry.get("repeats", ())),
        )
    observations = {entry["id"]: Observation(**entry) for entry in raw["observation"]}
    return Catalogue(requirements, observations)
