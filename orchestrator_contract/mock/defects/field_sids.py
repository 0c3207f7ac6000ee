"""SIDs that name more than one configuration, or one by another spelling of its id."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.routing import ITEM
from orchestrator_contract.mock.state import Configuration

_MALFORMED = ("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT")


class _Everything(Behaviour):
    """Base of defects where one SID stands for every configuration of the account."""

    def names_all(self, sid: str) -> bool:
        """True if *sid* names all."""
        return sid == "*"

    def target_of_delete(self, request: Request) -> Configuration | None:
        found = super().target_of_delete(request)
        if found is not None or request.sid is None or not self.names_all(request.sid):
            return found
        living = [
            one
            for one in self.partition(request).configurations.values()
            if self.listed(one, self.now()) and self.pending_deletion(one) is None
        ]
        for one in living[1:]:
            self.begin_delete(request, one)
        return living[0] if living else None


@defect(
    "sid-star-is-all",
    "The SID * deletes every configuration of the account",
    breaches=_MALFORMED,
    shows="data: a lone wildcard",
)
class _Star(_Everything):
    pass


@defect(
    "sid-percent-is-all",
    "The SID % deletes every configuration of the account, as LIKE would",
    breaches=_MALFORMED,
    shows="data: a lone wildcard",
)
class _Percent(_Everything):
    def names_all(self, sid: str) -> bool:
        return sid == "%"


@defect(
    "sid-empty-is-all",
    "An empty SID deletes every configuration of the account",
    breaches=_MALFORMED,
    shows="data: an empty SID",
)
class _Empty(_Everything):
    def names_all(self, sid: str) -> bool:
        return not sid.strip()

    async def respond(self, request: Request) -> Response:
        if request.method == "DELETE" and request.path + b"/" == ITEM:
            request.path = ITEM
        return await super().respond(request)


class _Alphabet(Behaviour):
    """Base of defects where characters of a SID are read as others of the same value."""

    #: Characters, and those that they are read as.
    letters = ("oil", "011")
    ignored = ""

    def locate(self, request: Request, sid: str | None) -> Configuration | None:
        found = super().locate(request, sid)
        if found is not None or sid is None or request.route != "delete":
            return found
        meant, known = self.read(sid), self.partition(request).configurations.values()
        return next((one for one in known if self.read(one.id) == meant), None)

    def read(self, sid: str) -> str:
        """*sid* as it is read."""
        prefix, mark, tail = sid.rpartition("_")
        return prefix + mark + tail.translate(str.maketrans(*self.letters, self.ignored))


@defect(
    "sid-base32-lookalikes",
    "In a SID o is read as 0, i and l as 1",
    breaches=("SID-UNKNOWN", "SID-UNKNOWN-NO-EFFECT", "SID-MALFORMED-NO-EFFECT"),
    shows="data: a SID with a letter for a digit",
)
class _Lookalikes(_Alphabet):
    pass


@defect(
    "sid-base32-v-for-u",
    "In a SID v is read as u",
    breaches=("SID-UNKNOWN", "SID-UNKNOWN-NO-EFFECT", "SID-MALFORMED-NO-EFFECT"),
    shows="data: a SID with v for u",
)
class _VForU(_Alphabet):
    letters = ("v", "u")


@defect(
    "sid-base32-hyphens",
    "Hyphens within the last part of a SID are skipped",
    breaches=_MALFORMED,
    shows="data: a SID with a hyphen",
)
class _Hyphens(_Alphabet):
    letters = ("", "")
    ignored = "-"
