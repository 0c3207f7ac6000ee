"""The calls of the contract in which a hostile server can misbehave."""

from __future__ import annotations

import enum


class Place(enum.Flag):
    """Where in the contract a unit misbehaves."""

    CREATE = enum.auto()
    #: Polls of the operations that creates and updates start.
    CREATE_POLL = enum.auto()
    DELETE = enum.auto()
    #: Polls of the operations that deletes start.
    POLL = enum.auto()
    FETCH = enum.auto()
    LIST = enum.auto()
    #: Any other path, among them operations nobody started.
    OTHER = enum.auto()
    NOWHERE = 0
    EVERYWHERE = CREATE | CREATE_POLL | DELETE | POLL | FETCH | LIST | OTHER
