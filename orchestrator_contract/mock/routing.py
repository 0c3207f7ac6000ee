"""Maps a request's path and method to a resource and to the handler of the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from orchestrator_contract.mock.context import Context
from orchestrator_contract.mock.conversations import PATH as CONVERSATION
from orchestrator_contract.mock.messages import Request

COLLECTION = b"/v2/ControlPlane/Configurations"
ITEM = COLLECTION + b"/"
OPERATION = b"/v2/ControlPlane/Operations/"
#: Resources whose path ends in an id.
PREFIXES = ((ITEM, "item"), (OPERATION, "operation"), (CONVERSATION, "conversation"))


@dataclass(frozen=True, slots=True)
class Route:
    """One call."""

    name: str
    #: Method of the behaviour that handles it.
    handler: str
    #: True if the call takes an idempotency key.
    keyed: bool = False


#: resource -> method -> route
ROUTES: Mapping[str, Mapping[str, Route]] = {
    "collection": {
        "GET": Route("list", "list_page"),
        "POST": Route("create", "create", keyed=True),
    },
    "item": {
        "GET": Route("fetch", "fetch"),
        "PUT": Route("update", "update", keyed=True),
        "PATCH": Route("update", "update", keyed=True),
        "DELETE": Route("delete", "delete", keyed=True),
    },
    "conversation": {
        "GET": Route("fetch-conversation", "fetch_conversation"),
        "DELETE": Route("delete-conversation", "delete_conversation", keyed=True),
    },
    "operation": {"GET": Route("operation", "poll")},
}


class Routing(Context):
    """Overridable steps of routing."""

    def resource(self, request: Request) -> str | None:
        """The resource that the path names; the last segment becomes ``request.sid``."""
        path = request.path
        if path == COLLECTION:
            return "collection"
        for prefix, name in PREFIXES:
            if path.startswith(prefix):
                segment = path[len(prefix) :]
                if b"/" in segment:
                    return None
                request.sid = self.read_sid(segment)
                return name
        return None

    def read_sid(self, segment: bytes) -> str | None:
        """The segment percent-decoded once, neither trimmed nor folded; None if it is not UTF-8."""
        try:
            return unquote_to_bytes(segment).decode("utf-8")
        except UnicodeDecodeError:
            return None
