"""Hostile servers: each violates HTTP in one way, which the suite survives and reports.

Run one as a process of its own:
``python -m orchestrator_contract.adequacy.hostile NAME --port 0 --write-profile FILE``. They are
test doubles: loopback only, nothing survives a restart, and they share no code with the suite.
"""

from .place import Place
from .registry import UNITS, Unit, load_units
from .server import HostileServer

__all__ = ["UNITS", "HostileServer", "Place", "Unit", "load_units"]
