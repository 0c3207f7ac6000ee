"""The calls of the contract, one method each, sent by `Sender.send`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Final

from orchestrator_contract.exceptions import Inconclusive, Throttled
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import KEY_HEADER, Request
from orchestrator_contract.profile import Trigger
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.sending.sender import Sender

CONTROL_PLANE = "/v2/ControlPlane"
#: The caller of a request whose credentials are those of the scope's own account.
OWNER: Final = -1


class Client(Sender):
    """Sends the calls of the contract to one target; safe for threads."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._reads = count()  # one step of it is atomic

    # ---------------------------------------------------------------- building

    def url(self, path: str, region: int = 0) -> str:
        """The absolute URL of a path below the control plane."""
        return f"{self.profile.bases[region]}{CONTROL_PLANE}{path}"

    def request(  # one keyword for each aspect of a request
        self,
        call: Call,
        method: str,
        path: str,
        *,
        key: str | None = None,
        scope: Scope = DEFAULT_SCOPE,
        caller: int | None = OWNER,
        headers: Sequence[tuple[str, str]] | Mapping[str, str] = (),
        payload: Any = None,
    ) -> Request:
        """A request to a path of the control plane or an absolute URL.

        *caller* is the index of the account whose credentials are sent: by default the *scope*'s
        own; None sends none.
        """
        lines = list(headers.items() if isinstance(headers, Mapping) else headers)
        if key is not None:
            lines.append((KEY_HEADER, key))
        body = None
        if payload is not None:
            body = json.dumps(payload).encode()
            lines.append(("Content-Type", "application/json"))
        url = self.url(path, scope.region) if path.startswith("/") else path
        account = scope.account if caller == OWNER else caller
        return Request(call, method, url, tuple(lines), body, key, account, scope.region)

    # ---------------------------------------------------------------- the calls of the contract

    def delete_request(  # one keyword for each aspect of a delete
        self,
        configuration: Configuration,
        *,
        key: str | None = None,
        caller: int | None = OWNER,
        headers: Sequence[tuple[str, str]] = (),
        call: Call | None = None,
    ) -> Request:
        """The DELETE of one configuration, not sent yet, with its SID as it is."""
        return self.request(
            call or Call("delete", configuration.sid),
            "DELETE",
            f"/Configurations/{configuration.sid}",
            key=key,
            scope=configuration.scope,
            caller=caller,
            headers=headers,
        )

    def delete(  # noqa: PLR0913  # one keyword for each aspect of a delete
        self,
        configuration: Configuration,
        *,
        key: str | None = None,
        caller: int | None = OWNER,
        headers: Sequence[tuple[str, str]] = (),
        trigger: Trigger | None = None,
        call: Call | None = None,
        new_connection: bool = False,
        allow_no_response: bool = False,
        rekey: Callable[[], str] | None = None,
    ) -> Exchange:
        """DELETE one configuration; on a new connection in lower-case headers."""
        lines = [*(trigger.headers.items() if trigger else ()), *headers]
        request = self.delete_request(
            configuration, key=key, caller=caller, headers=lines, call=call
        )
        return self.send(
            replace(request, lower=new_connection),
            new_connection=new_connection,
            allow_no_response=allow_no_response,
            rekey=rekey,
        )

    def fetch(self, configuration: Configuration, *, caller: int | None = OWNER) -> Exchange:
        """GET one configuration."""
        return self.send(self.fetch_request(configuration, caller=caller))

    def fetch_request(self, configuration: Configuration, *, caller: int | None = OWNER) -> Request:
        """The GET of one configuration, not sent yet."""
        return self.request(
            Call("fetch", configuration.sid),
            "GET",
            f"/Configurations/{configuration.sid}",
            scope=configuration.scope,
            caller=caller,
            headers=self._accept(),
        )

    def operation_request(
        self, url: str, operation_id: str = "", *, scope: Scope = DEFAULT_SCOPE, of: str = "delete"
    ) -> Request:
        """The GET of an operation of a call *of* some kind.

        A fragment is not sent (R1 7.1).
        """
        call = Call("operation", operation_id, of=of)
        return self.request(call, "GET", url.partition("#")[0], scope=scope, headers=self._accept())

    def update_request(
        self,
        configuration: Configuration,
        payload: Any,
        *,
        method: str = "PUT",
        key: str | None = None,
    ) -> Request:
        """The PUT or PATCH of one configuration, not sent yet."""
        return self.request(
            Call("update" if method == "PUT" else "patch", configuration.sid),
            method,
            f"/Configurations/{configuration.sid}",
            key=key,
            scope=configuration.scope,
            payload=payload,
        )

    def page_request(self, query: str, *, scope: Scope = DEFAULT_SCOPE) -> Request:
        """The GET of one page of the list, not sent yet, with *query* as it is."""
        path = "/Configurations" + (f"?{query}" if query else "")
        return self.request(Call("list"), "GET", path, scope=scope, headers=self._accept())

    def page(
        self, query: str, *, scope: Scope = DEFAULT_SCOPE, new_connection: bool = False
    ) -> Exchange:
        """GET one page of the list."""
        return self.send(self.page_request(query, scope=scope), new_connection=new_connection)

    def advance_clock(self, seconds: int) -> None:
        """Move the endpoint's clock forward.

        Raises:
            Inconclusive: the endpoint did not take it.
        """
        url = self.profile.clock_url
        if url is None:
            raise Inconclusive("needs clock")
        request = self.request(
            Call("clock"), "POST", url, caller=None, payload={"seconds": seconds}
        )
        try:
            exchange = self.send(request, allow_no_response=True)
        except Throttled as error:
            exchange = error.exchange
        defect = exchange.response.defect if exchange.response else None
        if exchange.status is None or exchange.status >= 300 or defect:
            raise Inconclusive(
                f"the clock can't be moved: POST {url} gave "
                f"{exchange.outcome()}{f' ({defect[1]})' if defect else ''}"
            )
        self.coordinator.advance(seconds)

    def _accept(self) -> list[tuple[str, str]]:
        """An Accept header: `*/*` for every third read, as curl sends, else JSON."""
        return [("Accept", "*/*")] if next(self._reads) % 3 == 2 else []
