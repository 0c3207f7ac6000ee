"""The check before the first test: can the endpoint be tested at all?"""

from __future__ import annotations

import contextlib
from math import inf

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import EndpointUnusable, Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.json_text import words_of
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.profile import CREDENTIAL_NAMES
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope

_HEADERS = "; headers that every request needs go into [target] headers"
#: Statuses of a list that leave the endpoint usable.
_OF_THE_LIST = frozenset({404, 405, 406, 408, 409, 410, 429})
#: Faults of an endpoint that responds, but not in HTTP.
_BROKEN = {
    TransportFault.MALFORMED, TransportFault.TOO_LARGE, TransportFault.CUT, TransportFault.ENCODING,
}  # fmt: skip


def ready(endpoint: Endpoint, *, tests: float = inf) -> None:
    """Find out whether the endpoint can be tested, by so many *tests* in this process.

    Without any, others run them, and what was made for this is removed.

    Raises:
        EndpointUnusable: it can't; the message names the reason and what to do.
    """
    preflight = _Preflight(endpoint)
    preflight.reach()
    if not endpoint.effort.spare:
        with contextlib.suppress(Inconclusive):  # it tells only how long the run will take
            endpoint.poller.expect("delete", preflight.delete_unknown(DEFAULT_SCOPE))
    endpoint.configurations.begin(tests)
    if endpoint.profile.provision.mode is not None:
        preflight.provide()
    if not tests:
        endpoint.configurations.discard()


class _Preflight:
    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._profile = endpoint.profile
        #: True if a create or an operation was no JSON, which tells it from any web server.
        self._garbled = False
        #: The list's reason for its absence.
        self._no_list: Exchange | None = None
        endpoint.client.observers.append(self._see_garbled)

    def reach(self) -> None:
        for scope in self._profile.scopes:
            base = self._profile.bases[scope.region]
            try:
                self._reach(scope, base)
            except Inconclusive as error:
                raise self._unusable(f"{base}: {error}") from None

    def delete_unknown(self, scope: Scope) -> Exchange:
        """The delete of a SID that no configuration has."""
        sid = self._endpoint.identifiers.sid()
        self._endpoint.ownership.allow(sid, scope=scope)
        call = Call("other", judge_content=False)
        return self._send("DELETE", f"/Configurations/{sid}", call, scope)

    def provide(self) -> None:
        try:
            # Made here, so that its lack is no surprise later.
            self._endpoint.targets.control  # noqa: B018
        except Inconclusive as error:
            base, hint = self._profile.base_url, self._misplaced()
            raise self._unusable(f"{base}: nothing to delete can be had: {error}{hint}") from None

    def _reach(self, scope: Scope, base: str) -> None:
        first = self._send("GET", "/Configurations?pageSize=1", Call("list"), scope)
        if first.fault is TransportFault.CONNECT:
            raise self._unusable(f"{base} can't be reached: {first.fault_text}")
        if first.status == 404 and scope == DEFAULT_SCOPE:
            self._no_list = first
        if first.response is not None and not _refuses(first.status):
            return
        # The list alone may be broken, or closed to these credentials: a delete decides.
        second = self.delete_unknown(scope)
        if second.status in (401, 403):
            raise self._unusable(f"{base} {self._refused(second, scope)}")
        if first.status is not None and first.status == second.status:
            raise self._unusable(f"{base} {_refused_all(second)}")
        if first.response is None and second.response is None:
            # A server that wants a certificate may close without a word.
            asked = base.startswith("https:") and self._profile.client_cert is None
            hint = "; if it asks for a client certificate, give [target] client_cert"
            raise self._unusable(
                f"{base} gives no answer: {second.fault_text}{hint if asked else ''}"
            )

    def _send(self, method: str, path: str, call: Call, scope: Scope) -> Exchange:
        client = self._endpoint.client
        request = client.request(call, method, path, scope=scope)
        return client.send(request, allow_no_response=True)

    def _refused(self, exchange: Exchange, scope: Scope) -> str:
        """The reason that refuses the credentials, and where they were read."""
        account = self._profile.account(scope)
        if account is not None:
            who, where = "the given credentials", f"read from {account.where}"
        else:
            who, where = "requests without credentials", "no [[accounts]] in the profile"
            if not self._profile.source:
                where = "none are set: " + " and ".join(CREDENTIAL_NAMES[0])
        said = words_of(exchange.response)
        hint = _HEADERS if "header" in said.lower() else ""
        return f"refuses {who} with {exchange.status}{said} ({where}){hint}"

    def _misplaced(self) -> str:
        """A hint: the base URL may be the reason for finding nothing."""
        if self._no_list is None:
            return ""
        said = words_of(self._no_list.response)
        return (
            f"; {self._no_list.url.partition('?')[0]} answers 404{said}: "
            "is the base URL ([target] base_url) what comes before /v2/ControlPlane?"
        )

    def _unusable(self, reason: str) -> EndpointUnusable:
        broken = self._endpoint.client.faults & _BROKEN
        stands = ["HTTP-COMPLETE", "HTTP-CONTENT-ENCODING"] if broken else []
        stands += ["HTTP-JSON"] if self._garbled else []
        return EndpointUnusable(self._endpoint.redactor.text(reason), stands=stands)

    def _see_garbled(self, exchange: Exchange) -> None:
        of_kind = {("create", 202), ("operation", 200)}
        seen = exchange.call.operation, exchange.status
        self._garbled |= seen in of_kind and exchange.json.error is not None


def _refuses(status: int | None) -> bool:
    """True if a list refused with *status* may mean that all is refused."""
    return status is not None and 300 <= status < 500 and status not in _OF_THE_LIST


def _refused_all(exchange: Exchange) -> str:
    """The message on an endpoint that responds alike to every request."""
    status, said = exchange.status or 0, words_of(exchange.response)
    if status < 400:
        leads = exchange.headers.get("location", "nowhere")
        return (
            f"answers every request with {status}, which leads to {leads:.200}: set the base URL "
            "([target] base_url) to where it leads"
        )
    hint = "; see [target] proxy" if status == 407 else _HEADERS
    return f"refuses every request with {status}{said}{hint}"
