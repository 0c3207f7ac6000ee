"""Well-formed SIDs that no configuration has."""

from __future__ import annotations

from random import Random

from orchestrator_contract.inputs.identifiers import Identifiers
from orchestrator_contract.inputs.malformed_sids import USUAL_SID

_DIGITS, _LETTERS = "0123456789", "abcdefghijklmnopqrstuvwxyz"
_TAIL = 25
#: What each decoder of base 32 takes for one another: those of digits, and that of u.
_ALIKE = [str.maketrans("0o1il", "o0l11"), str.maketrans("uv", "vu")]


def unknown_sids(identifiers: Identifiers, random: Random, number: int) -> list[str]:
    """*number* unknown SIDs of every class that code may tell apart."""
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
    """Well-formed SIDs that a lenient reader may take for *sid*.

    They differ in one character, or in every one that a decoder of base 32 takes for another.
    """
    if not USUAL_SID.fullmatch(sid):
        return []
    head, tail = sid[:-_TAIL], sid[-_TAIL:]
    alike = [head + tail.translate(alphabet) for alphabet in _ALIKE]
    others = [_with_other_character(sid, place) for place in (len(sid) - 1, len(sid) - 13)]
    return [*(one for one in alike if one != sid), *others]


def _with_other_character(sid: str, place: int) -> str:
    return f"{sid[:place]}{'0' if sid[place] != '0' else '1'}{sid[place + 1 :]}"
