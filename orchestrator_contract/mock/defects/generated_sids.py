"""Defects of SIDs that no short list of SIDs shows: inputs must be generated."""

from __future__ import annotations

import re
import unicodedata

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import internal_error
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.routing import ITEM
from orchestrator_contract.mock.state import Configuration


class _Crashes(Behaviour):
    """Base of defects where a DELETE of a SID that names nothing is a 500."""

    def crashes(self, sid: str | None, raw: bytes) -> bool:
        """True if *sid*, whose segment is *raw*, is too much."""
        raise NotImplementedError

    def not_found(self, request: Request) -> Response:
        if request.route == "delete" and self.crashes(request.sid, request.path[len(ITEM) :]):
            return self.refuse(request, internal_error())
        return super().not_found(request)


@defect(
    "sid-escape-before-letter-500",
    "An escape that begins a longer character and is followed by a small letter is a 500",
    breaches=("SID-MALFORMED",),
    shows="data: the third byte after a percent sign",
)
class _EscapeBeforeLetter(_Crashes):
    def crashes(self, sid: str | None, raw: bytes) -> bool:
        return re.search(rb"%[c-fC-F][0-9a-fA-F][a-z]", raw) is not None


@defect(
    "sid-of-a-far-plane-500",
    "A character of the planes 3 to 13 of Unicode is a 500",
    breaches=("SID-MALFORMED",),
    shows="data: a character from U+30000 to U+DFFFF",
)
class _FarPlane(_Crashes):
    def crashes(self, sid: str | None, raw: bytes) -> bool:
        return any(0x30000 <= ord(one) <= 0xDFFFF for one in sid or "")


@defect(
    "sid-of-one-length-500",
    "A SID of 100 to 120 characters is a 500",
    breaches=("SID-MALFORMED",),
    shows="data: the length of a SID",
)
class _OneLength(_Crashes):
    def crashes(self, sid: str | None, raw: bytes) -> bool:
        return 100 <= len(sid or "") <= 120


class _Finds(Behaviour):
    """Base of defects where a DELETE finds a configuration by another SID than its own."""

    def same(self, sid: str, known: str) -> bool:
        """True if *sid* finds the configuration *known*."""
        raise NotImplementedError

    def locate(self, request: Request, sid: str | None) -> Configuration | None:
        found = super().locate(request, sid)
        if found is not None or sid is None or request.route != "delete":
            return found
        known = self.partition(request).configurations.values()
        return next((one for one in known if self.same(sid, one.id)), None)


@defect(
    "sid-with-neighbours-swapped",
    "A SID finds the configuration whose SID has two neighbouring characters swapped",
    breaches=("SID-UNKNOWN", "SID-UNKNOWN-NO-EFFECT", "SID-MALFORMED-NO-EFFECT"),
    shows="data: a SID with two characters swapped",
)
class _Swapped(_Finds):
    def same(self, sid: str, known: str) -> bool:
        if len(sid) != len(known):
            return False
        differ = [at for at, pair in enumerate(zip(sid, known, strict=True)) if pair[0] != pair[1]]
        if len(differ) != 2 or differ[1] != differ[0] + 1:
            return False
        at = differ[0]
        return sid[at : at + 2] == known[at : at + 2][::-1]


@defect(
    "sid-with-private-characters",
    "Characters for private use are dropped from a SID",
    breaches=("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT"),
    shows="data: a SID with a character for private use",
)
class _Private(_Finds):
    def same(self, sid: str, known: str) -> bool:
        return "".join(one for one in sid if unicodedata.category(one) != "Co") == known


@defect(
    "sid-with-dotless-i",
    "A SID beyond ASCII is compared in capitals: a dotless i finds an i, a long s an s",
    breaches=("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT"),
    shows="data: a SID with a letter whose capital is of ASCII",
)
class _DotlessI(_Finds):
    def same(self, sid: str, known: str) -> bool:
        return not sid.isascii() and sid.upper() == known.upper()
