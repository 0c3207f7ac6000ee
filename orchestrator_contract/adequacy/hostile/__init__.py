"""Hostile endpoints: each one misbehaves in exactly one way, to prove that the suite survives and says so.

Run one as a process of its own:
``python -m orchestrator_contract.adequacy.hostile NAME --port 0 --write-profile FILE``. They are test
doubles: loopback only, nothing survives a restart, and they share no code with the suite.
"""

from .place import Place
from .registry import UNITS, Unit, load_units
from .server import HostileServer

__all__ = ["UNITS", "HostileServer", "Place", "Unit", "load_units"]
