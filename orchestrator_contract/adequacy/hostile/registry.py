"""The hostile behaviours, each with a name, a description and the right verdicts."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from .exchange import Exchange
from .place import Place
from .wire import Wire


@dataclass(frozen=True, slots=True)
class Unit:
    """One hostile behaviour."""

    #: Words joined by "-"; stable, since gates and bug reports name it.
    name: str
    #: What it does, as a fact, in one line.
    says: str
    #: The exit codes of the suite that are right about it.
    expect: frozenset[int]
    #: Where it acts; everywhere else the conformant core answers.
    places: Place
    #: Writes the answer in the core's stead.
    act: Callable[[Exchange], None]
    #: Done to each connection as soon as it is accepted; true when the connection is used up.
    greet: Callable[[Wire], bool] | None = None
    #: How many configurations of other people the account holds from the start.
    foreign: int = 3
    #: One of the few that stand for all of them in a short run.
    sample: bool = field(default=False, compare=False)


UNITS: dict[str, Unit] = {}


def _register(unit: Unit) -> None:
    if unit.name in UNITS:
        raise ValueError(f"two hostile units are called {unit.name!r}")
    UNITS[unit.name] = unit


def hostile(
    name: str,
    places: Place,
    expect: Collection[int],
    says: str,
    *,
    foreign: int = 3,
    sample: bool = False,
) -> Callable[[Callable[[Exchange], None]], Callable[[Exchange], None]]:
    """Register the decorated behaviour under *name*; it may be stacked."""

    def keep(act: Callable[[Exchange], None]) -> Callable[[Exchange], None]:
        _register(Unit(name, says, frozenset(expect), places, act, foreign=foreign, sample=sample))
        return act

    return keep


def greeting(
    name: str, expect: Collection[int], says: str, *, sample: bool = False
) -> Callable[[Callable[[Wire], bool]], Callable[[Wire], bool]]:
    """Register what is done to every connection before its first request is read."""

    def keep(greet: Callable[[Wire], bool]) -> Callable[[Wire], bool]:
        unit = Unit(
            name, says, frozenset(expect), Place.NOWHERE, _untouched, greet=greet, sample=sample
        )
        _register(unit)
        return greet

    return keep


def _untouched(exchange: Exchange) -> None:
    exchange.answer(exchange.reply)


def load_units() -> dict[str, Unit]:
    """All units by name, in order of name."""
    from . import servers

    for module in pkgutil.iter_modules(servers.__path__):
        importlib.import_module(f"{servers.__name__}.{module.name}")
    return dict(sorted(UNITS.items()))
