"""Names for everything that can be switched on: defects break the contract, variants do not."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator_contract.mock.behaviour import Behaviour

Class = type[Behaviour]


@dataclass(frozen=True, slots=True)
class Defect:
    """One way to break the contract."""

    name: str
    #: One line for people.
    text: str
    #: Ids of the catalogue's requirements that it breaches.
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


DEFECTS: dict[str, Defect] = {}
VARIANTS: dict[str, Variant] = {}


def defect(
    name: str, text: str, *, breaches: tuple[str, ...], shows: str = "always"
) -> Callable[[Class], Class]:
    """Registers the decorated behaviour as the defect *name*.

    Raises:
        ValueError: the name is taken.
    """

    def register(behaviour: Class) -> Class:
        if name in DEFECTS:
            raise ValueError(f"two defects are named {name}")
        DEFECTS[name] = Defect(name, text, breaches, shows, behaviour)
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
