"""Well-formed SIDs that no configuration has."""

from __future__ import annotations

from random import Random

from orchestrator_contract.inputs.identifiers import Identifiers
from orchestrator_contract.inputs.malformed_sids import USUAL_SID

_DIGITS, _LETTERS = "0123456789", "abcdefghijklmnopqrstuvwxyz"
_TAIL = 25


def unknown_sids(identifiers: Identifiers, random: Random, number: int) -> list[str]:
    """*number* unknown SIDs of every class that an implementation may tell apart."""
    found = []
    for index in range(number):
        sid = identifiers.sid()
        head, tail = sid[:-_TAIL], sid[-_TAIL:]
        match index % 8:
            case 1:
                tail = "".join(random.choice(_DIGITS) for _ in tail)
            case 2:
                tail = "".join(random.choice(_LETTERS) for _ in tail)
            case 3:
                head = head.replace("conv_", "cfg_")
            case 4:
                tail = tail[:-1] + _DIGITS[index % 10]
        found.append(head + tail)
    return found


def near_sids(sid: str) -> list[str]:
    """Well-formed SIDs that differ from *sid* in its last character, and in one in the middle."""
    if not USUAL_SID.fullmatch(sid):
        return []
    return [_with_other_character(sid, place) for place in (len(sid) - 1, len(sid) - 13)]


def _with_other_character(sid: str, place: int) -> str:
    return f"{sid[:place]}{'0' if sid[place] != '0' else '1'}{sid[place + 1 :]}"
