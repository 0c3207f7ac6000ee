"""Well-formed SIDs that no configuration has."""

from __future__ import annotations

from collections.abc import Sequence
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


def near_sids(sid: str, *others: str) -> list[str]:
    """Well-formed SIDs that a lenient reader may take for *sid*.

    They differ in one character, or in every one that a decoder of base 32 takes for another; if
    *sid* has none of those, one of *others* is taken.
    """
    if not USUAL_SID.fullmatch(sid):
        return []
    alike = (_read_alike([sid, *filter(USUAL_SID.fullmatch, others)], one) for one in _ALIKE)
    places = (len(sid) - 1, len(sid) - 13)
    return [*filter(None, alike), *(_with_other_character(sid, place) for place in places)]


def _read_alike(sids: Sequence[str], alphabet: dict[int, int]) -> str | None:
    """The first of *sids* that *alphabet* changes, changed."""
    changed = ((sid, sid[:-_TAIL] + sid[-_TAIL:].translate(alphabet)) for sid in sids)
    return next((other for sid, other in changed if other != sid), None)


def _with_other_character(sid: str, place: int) -> str:
    return f"{sid[:place]}{'0' if sid[place] != '0' else '1'}{sid[place + 1 :]}"
