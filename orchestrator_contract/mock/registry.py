"""Named switches of the mock: defects break the contract, variants conform to it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour

Class = type[Behaviour]


@dataclass(frozen=True, slots=True)
class Defect:
    """One way to break the contract."""

    name: str
    #: One line for people.
    text: str
    #: Ids of the requirements that it breaches; the first one decides its section.
    breaches: tuple[str, ...]
    #: When it can be seen: "always", "1 in N", "data: …", "time: …" or "race: …".
    shows: str
    behaviour: Class


@dataclass(frozen=True, slots=True)
class Variant:
    """One conformant way to be different."""

    name: str
    text: str
    #: Ids of advisory requirements that it does not meet.
    warns: tuple[str, ...]
    behaviour: Class


@dataclass(frozen=True, slots=True)
class Case:
    """One parameter of a defect."""

    id: str
    text: str
    breaches: tuple[str, ...]
    shows: str
    #: Class attributes that the case sets on the behaviour.
    attributes: Mapping[str, Any]


DEFECTS: dict[str, Defect] = {}
VARIANTS: dict[str, Variant] = {}


def case(
    id: str, text: str = "", shows: str = "", *, breaches: tuple[str, ...] = (), **attributes: Any
) -> Case:
    """One parameter of a defect, runnable as ``name:id``; an empty *id* runs as ``name``.

    *text* replaces ``{}`` in the defect's text. Functions among *attributes* become static.
    """
    if "every" in attributes and not shows:
        shows = f"1 in {attributes['every']}"
    static = {
        name: staticmethod(value) if callable(value) else value
        for name, value in attributes.items()
    }
    return Case(id, text or id, breaches, shows, static)


def defect(
    name: str,
    text: str,
    *cases: Case,
    breaches: tuple[str, ...] = (),
    shows: str = "always",
) -> Callable[[Class], Class]:
    """Registers the decorated behaviour as the defect *name*, or a subclass of it for each case.

    Raises:
        ValueError: the name is taken.
    """

    def register(behaviour: Class) -> Class:
        for one in cases or (case(""),):
            full = f"{name}:{one.id}" if one.id else name
            if full in DEFECTS:
                raise ValueError(f"two defects are named {full}")
            made = type(behaviour.__name__, (behaviour,), dict(one.attributes))
            DEFECTS[full] = Defect(
                full, text.format(one.text), one.breaches or breaches, one.shows or shows, made
            )
        return behaviour

    return register


def variant(name: str, text: str, *, warns: tuple[str, ...] = ()) -> Callable[[Class], Class]:
    """Registers the decorated behaviour as the variant *name*.

    Raises:
        ValueError: the name is taken.
    """

    def register(behaviour: Class) -> Class:
        if name in VARIANTS:
            raise ValueError(f"two variants are named {name}")
        VARIANTS[name] = Variant(name, text, warns, behaviour)
        return behaviour

    return register


def load() -> None:
    """Imports every module of ``defects`` and ``variants``, so that both registries are full."""
    for package_name in ("defects", "variants"):
        package = importlib.import_module(f"orchestrator_contract.mock.{package_name}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
