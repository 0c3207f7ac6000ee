"""Samples of inputs that are written down."""

from __future__ import annotations

from random import Random
from typing import TypeVar

_T = TypeVar("_T")


def drawn(telling: list[_T], others: list[_T], random: Random, number: int) -> list[_T]:
    """*number* of both lists, the most telling first; fewer if there are."""
    if number < len(telling):
        return random.sample(telling, number)
    return telling + random.sample(others, min(number - len(telling), len(others)))
