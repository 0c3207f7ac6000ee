"""The cases of the matrix: seeded defects, conformant variants and hostile servers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from orchestrator_contract.adequacy.hostile import load_units
from orchestrator_contract.mock import registry


class Kind(StrEnum):
    """The property of the suite that a case shows."""

    #: It finds what breaks the contract.
    DEFECT = "defects"
    #: It accuses nothing that keeps to it.
    VARIANT = "variants"
    #: It survives what breaks everything.
    HOSTILE = "hostile"


@dataclass(frozen=True, slots=True)
class Case:
    """One endpoint that the suite is run against."""

    kind: Kind
    name: str
    text: str
    #: A defect's requirements; a variant's advisory ones that it does not meet.
    requirements: tuple[str, ...] = ()
    #: When a defect shows: always, now and then, with certain data, at certain times.
    shows: str = ""
    #: Exit codes that are right about a hostile endpoint.
    expect: frozenset[int] = frozenset()


def all_cases() -> list[Case]:
    """Every case there is, variants first: a false accusation is the worst that can happen."""
    registry.load()
    variants = [Case(Kind.VARIANT, v.name, v.text, v.warns) for v in registry.VARIANTS.values()]
    defects = [
        Case(Kind.DEFECT, d.name, d.text, d.breaches, d.shows) for d in registry.DEFECTS.values()
    ]
    hostile = [Case(Kind.HOSTILE, u.name, u.says, expect=u.expect) for u in load_units().values()]
    control = Case(Kind.VARIANT, "", "The mock as it is")
    return [
        control,
        *(
            case
            for group in (variants, defects, hostile)
            for case in sorted(group, key=lambda c: c.name)
        ),
    ]


def chosen(cases: list[Case], kinds: list[str], globs: list[str]) -> list[Case]:
    """The *cases* of one of *kinds*, with a name like one of *globs*; empty: of all."""
    return [
        case
        for case in cases
        if (not kinds or case.kind in kinds)
        and (not globs or any(fnmatchcase(case.name, glob) for glob in globs))
    ]
