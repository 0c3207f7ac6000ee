"""Which call of the contract a recorded request makes."""

from __future__ import annotations

import re
from collections import OrderedDict
from urllib.parse import urlsplit

from orchestrator_contract.har.messages import Request
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.inputs.malformed_sids import USUAL_SID
from orchestrator_contract.rules.malformed_input import (
    MALFORMED_KEY_STATUSES,
    MALFORMED_SID_STATUSES,
)

_CONTROL_PLANE = re.compile(r"/v2/ControlPlane/(Configurations|Operations)(?:/([^/]*))?/?\Z")
_CONVERSATION = re.compile(r"/v2/Conversations/([^/]+)/?\Z")
_OF_COLLECTION = {"GET": "list", "POST": "create"}
_OF_CONFIGURATION = {"DELETE": "delete", "GET": "fetch", "PUT": "update", "PATCH": "patch"}
_OF_OPERATION = {"GET": "operation"}
_OF_CONVERSATION = {"DELETE": "delete-conversation", "GET": "fetch-conversation"}
#: Addresses of operations that are remembered.
_MOST = 20_000


class Calls:
    """Classifies requests; learns the addresses of operations."""

    def __init__(self) -> None:
        #: Address of an operation: the call that led to it.
        self._operations: OrderedDict[str, str] = OrderedDict()

    def named(self, method: str, url: str) -> tuple[str, str] | None:
        """The call's name and subject; None for other requests."""
        path = urlsplit(url).path
        if method == "GET" and url in self._operations:
            return "operation", path.rpartition("/")[2]
        if conversation := _CONVERSATION.search(path):
            names, subject = _OF_CONVERSATION, conversation[1]
        elif match := _CONTROL_PLANE.search(path):
            kind, subject = match[1], match[2] or ""
            names = _OF_COLLECTION if not subject else _OF_CONFIGURATION
            if kind == "Operations":
                names = _OF_OPERATION if subject else {}
        else:
            return None
        return (names[method], subject) if method in names else None

    def call(self, name: str, subject: str, request: Request) -> Call:
        """The call, with the statuses that conform beside the documented ones."""
        malformed = name == "delete" and not USUAL_SID.fullmatch(subject)
        allow = {401, 403}
        allow |= set() if request.key_ok else MALFORMED_KEY_STATUSES
        allow |= MALFORMED_SID_STATUSES | {405} if malformed else set()
        allow |= {412} if request.conditional else set()
        of = self._operations.get(request.url, "") if name == "operation" else ""
        return Call(name, subject, allow=frozenset(allow), outside_api=malformed, of=of)

    def learn(self, exchange: Exchange) -> None:
        """Remember where a 202 says that its operation can be polled."""
        if exchange.status != 202:
            return
        for link in (exchange.object.get("statusUrl"), exchange.headers.get("location")):
            if isinstance(link, str) and link.lower().startswith("http"):
                self._operations[link.partition("#")[0]] = exchange.call.operation
        while len(self._operations) > _MOST:
            self._operations.popitem(last=False)
