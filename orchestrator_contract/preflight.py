"""Before the first test: whether the endpoint can be tested at all."""

from __future__ import annotations

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import EndpointUnusable, Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.response import TransportFault


def reach(endpoint: Endpoint) -> None:
    """Find out whether the endpoint answers here, to these credentials.

    Raises:
        EndpointUnusable: it does not.
    """
    _Preflight(endpoint).reach()


def ready(endpoint: Endpoint, *, alone: bool = True) -> None:
    """Find out whether the endpoint can be tested; what that takes is removed while others run the tests, unless this process is *alone*.

    Raises:
        EndpointUnusable: it can't; the message says why and what to do.
    """
    if not alone:
        endpoint.configurations.ahead = 0
    preflight = _Preflight(endpoint)
    preflight.reach()
    if endpoint.profile.provision.mode is not None:
        preflight.provide()
    if not alone:
        endpoint.configurations.discard()


class _Preflight:
    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._where = endpoint.profile.base_url
        #: Whether a create or an operation was no JSON.
        self._garbled = False
        endpoint.client.recorders.append(self._see_garbled)

    def reach(self) -> None:
        try:
            self._reach()
        except Inconclusive as error:
            raise self._unusable(f"{self._where}: {error}") from None

    def provide(self) -> None:
        try:
            self._endpoint.control_configuration  # noqa: B018  # made here, so that later its lack is no surprise
        except Inconclusive as error:
            raise self._unusable(f"{self._where}: nothing to delete can be had: {error}") from None

    def _reach(self) -> None:
        client = self._endpoint.client
        first = client.send(
            client.request(Call("list"), "GET", "/Configurations?pageSize=1"),
            allow_no_response=True,
        )
        if first.fault is TransportFault.CONNECT:
            raise self._unusable(f"{self._where} can't be reached: {first.fault_text}")
        if first.response is None or first.status in (401, 403):
            # The list alone may be broken, or closed to these credentials: a delete decides.
            sid = self._endpoint.unknown_sid()
            self._endpoint.ownership.allow(sid)
            second = client.send(
                client.request(Call("other", silent=True), "DELETE", f"/Configurations/{sid}"),
                allow_no_response=True,
            )
            if second.status in (401, 403):
                accounts = self._endpoint.profile.accounts
                names = " and ".join(accounts[0].names) if accounts else "none are set"
                raise self._unusable(
                    f"{self._where} refuses the given credentials with {second.status} (from: {names})"
                )
            if first.response is None and second.response is None:
                raise self._unusable(f"{self._where} gives no answer: {second.fault_text}")

    def _unusable(self, reason: str) -> EndpointUnusable:
        broken = {
            TransportFault.MALFORMED,
            TransportFault.TOO_LARGE,
            TransportFault.CUT,
            TransportFault.ENCODING,
        } & self._endpoint.client.faults
        stands = [
            *(("HTTP-COMPLETE", "HTTP-CONTENT-ENCODING") if broken else ()),
            *(("HTTP-JSON",) if self._garbled else ()),
        ]
        return EndpointUnusable(self._endpoint.redactor.text(reason), stands=stands)

    def _see_garbled(self, exchange: Exchange) -> None:
        """Note an accepted create, or an operation, that is no JSON: other than a page, only an endpoint of this kind gives one."""
        of_kind = (exchange.call.operation, exchange.status) in (
            ("create", 202),
            ("operation", 200),
        )
        self._garbled |= of_kind and exchange.json.error is not None
