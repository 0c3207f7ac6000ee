"""Samples of inputs that are written down."""

from __future__ import annotations

from random import Random
from typing import TypeVar

_T = TypeVar("_T")


def drawn(telling: list[_T], others: list[_T], random: Random, number: int) -> list[_T]:
    """*number* of both lists, or all there are: those that tell most first."""
    if number < len(telling):
        return random.sample(telling, number)
    return telling + random.sample(others, min(number - len(telling), len(others)))
