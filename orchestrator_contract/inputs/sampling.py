"""Samples of inputs that are written down."""

from __future__ import annotations

from random import Random
from typing import TypeVar

_T = TypeVar("_T")


def drawn(written: list[_T], random: Random, number: int) -> list[_T]:
    """*number* of them at random, or all in their order."""
    return random.sample(written, number) if number < len(written) else written
