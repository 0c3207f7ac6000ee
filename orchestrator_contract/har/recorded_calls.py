"""Which call of the contract a recorded request makes."""

from __future__ import annotations

import re
from collections import OrderedDict

from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.inputs.malformed_sids import USUAL_SID

_PREFIX = "/v2/ControlPlane/"
_PATH = re.compile(rf"{_PREFIX}(Configurations|Operations)(?:/([^/]*))?/?")
_CONVERSATION = re.compile(r"/v2/Conversations/([^/]+)/?\Z")
_OF_COLLECTION = {"GET": "list", "POST": "create"}
_OF_CONFIGURATION = {"DELETE": "delete", "GET": "fetch", "PUT": "update", "PATCH": "patch"}
_OF_CONVERSATION = {"DELETE": "delete-conversation", "GET": "fetch-conversation"}
#: Addresses of operations that are remembered.
_MOST = 20_000
#: Client errors with which a malformed or reused key may be refused.
_REFUSALS = frozenset(range(400, 500))


class Calls:
    """Classifies requests; learns the addresses of operations, which need not look documented."""

    def __init__(self) -> None:
        #: Address of an operation: the call that led to it.
        self._operations: OrderedDict[str, str] = OrderedDict()

    def classify(self, method: str, url: str, path: str) -> tuple[str, str] | None:
        """The call's name and subject; None for a request that is none of the contract's."""
        if method == "GET" and url in self._operations:
            return "operation", path.rpartition("/")[2]
        conversation = _CONVERSATION.search(path)
        if conversation is not None:
            return _named(_OF_CONVERSATION.get(method), conversation[1])
        at = path.find(_PREFIX)
        match = _PATH.fullmatch(path[at:]) if at >= 0 else None
        if match is None:
            return None
        kind, segment = match[1], match[2] or ""
        if kind == "Operations":
            return _named("operation" if method == "GET" and segment else None, segment)
        return _named((_OF_CONFIGURATION if segment else _OF_COLLECTION).get(method), segment)

    def call(self, name: str, subject: str, url: str, *, key_ok: bool, conditional: bool) -> Call:
        """The call, with the statuses that conform beside the documented ones."""
        malformed = name == "delete" and not USUAL_SID.fullmatch(subject)
        allow = {401, 403}
        allow |= set() if key_ok else _REFUSALS
        allow |= {400, 405, 414} if malformed else set()
        allow |= {412} if conditional else set()
        of = self._operations.get(url, "") if name == "operation" else ""
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


def _named(name: str | None, subject: str) -> tuple[str, str] | None:
    return None if name is None else (name, subject)
