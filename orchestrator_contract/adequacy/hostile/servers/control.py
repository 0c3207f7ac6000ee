"""The control: the core without a fault, for comparison."""

from __future__ import annotations

from ..exchange import Exchange
from ..place import Place
from ..registry import hostile


@hostile(
    "control", Place.NOWHERE, {0}, "Misbehaves nowhere: the conformant core itself.", sample=True
)
@hostile(
    "control-1000-foreign",
    Place.NOWHERE,
    {0},
    "Conforms; 1,000 configurations are not the suite's.",
    foreign=1000,
)
def nothing(exchange: Exchange) -> None:
    """Answer as the core does."""
    exchange.answer(exchange.reply)
