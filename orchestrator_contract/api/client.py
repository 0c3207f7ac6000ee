"""The calls of the contract: each a method, sent like all requests through `Sender.send`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from orchestrator_contract.exceptions import Inconclusive, Throttled
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import KEY_HEADER, Request
from orchestrator_contract.http.sender import Sender
from orchestrator_contract.profile import Trigger

CONTROL_PLANE = "/v2/ControlPlane"


class Client(Sender):
    """Sends the requests that the contract knows to one target; safe for threads."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._reads = count()  # one step of it is atomic

    # ---------------------------------------------------------------- building

    def url(self, path: str, region: int = 0) -> str:
        """The absolute URL of a path below the control plane."""
        return f"{self.profile.bases[region]}{CONTROL_PLANE}{path}"

    def request(  # one keyword an aspect of a request
        self,
        call: Call,
        method: str,
        path: str,
        *,
        key: str | None = None,
        account: int | None = 0,
        region: int = 0,
        headers: Sequence[tuple[str, str]] | Mapping[str, str] = (),
        payload: Any = None,
    ) -> Request:
        """A request to a path below the control plane, or to an absolute URL of the target."""
        lines = list(headers.items() if isinstance(headers, Mapping) else headers)
        if key is not None:
            lines.append((KEY_HEADER, key))
        body = None
        if payload is not None:
            body = json.dumps(payload).encode()
            lines.append(("Content-Type", "application/json"))
        url = self.url(path, region) if path.startswith("/") else path
        return Request(call, method, url, tuple(lines), body, key, account, region)

    # ---------------------------------------------------------------- the calls of the contract

    def delete(  # noqa: PLR0913  # one keyword an aspect of a delete
        self,
        sid: str,
        *,
        key: str | None = None,
        account: int | None = 0,
        region: int = 0,
        headers: Sequence[tuple[str, str]] = (),
        trigger: Trigger | None = None,
        call: Call | None = None,
        new_connection: bool = False,
        allow_no_response: bool = False,
        rekey: Callable[[], str] | None = None,
    ) -> Exchange:
        """DELETE one SID; *sid* stands in the path as it is. On a *new_connection* connection header names are in lower case."""
        lines = [*(trigger.headers.items() if trigger else ()), *headers]
        out = self.request(
            call or Call("delete", sid),
            "DELETE",
            f"/Configurations/{sid}",
            key=key,
            account=account,
            region=region,
            headers=lines,
        )
        return self.send(
            replace(out, lower=new_connection),
            new_connection=new_connection,
            allow_no_response=allow_no_response,
            rekey=rekey,
        )

    def fetch(self, sid: str, *, account: int | None = 0, region: int = 0) -> Exchange:
        """GET one configuration."""
        out = self.request(
            Call("fetch", sid),
            "GET",
            f"/Configurations/{sid}",
            account=account,
            region=region,
            headers=self._taken(),
        )
        return self.send(out)

    def operation(
        self,
        url: str,
        operation_id: str = "",
        *,
        account: int | None = 0,
        region: int = 0,
        of: str = "delete",
    ) -> Exchange:
        """GET an operation, that of a call *of* some kind, by its absolute URL; a fragment is not sent (R1 7.1)."""
        return self.send(self.asking(url, operation_id, account=account, region=region, of=of))

    def asking(
        self, url: str, operation_id: str, *, account: int | None, region: int, of: str
    ) -> Request:
        """The request that `operation` sends."""
        call = Call("operation", operation_id, of=of)
        return self.request(
            call,
            "GET",
            url.partition("#")[0],
            account=account,
            region=region,
            headers=self._taken(),
        )

    def update(
        self,
        sid: str,
        payload: Any,
        *,
        method: str = "PUT",
        key: str | None = None,
        account: int = 0,
        region: int = 0,
        new_connection: bool = False,
    ) -> Exchange:
        """PUT or PATCH one configuration."""
        call = Call("update" if method == "PUT" else "patch", sid)
        return self.send(
            self.request(
                call,
                method,
                f"/Configurations/{sid}",
                key=key,
                account=account,
                region=region,
                payload=payload,
            ),
            new_connection=new_connection,
        )

    def advance_clock(self, seconds: int) -> None:
        """Move the endpoint's clock forward.

        Raises:
            Inconclusive: it did not take it.
        """
        url = self.profile.clock_url
        if url is None:
            raise Inconclusive("needs clock")
        out = self.request(Call("clock"), "POST", url, account=None, payload={"seconds": seconds})
        try:
            exchange = self.send(out, allow_no_response=True)
        except Throttled as error:
            exchange = error.exchange
        defect = exchange.response.defect if exchange.response else None
        if exchange.status is None or exchange.status >= 300 or defect:
            raise Inconclusive(
                f"the clock can't be moved: POST {url} gave {exchange.outcome()}{f' ({defect[1]})' if defect else ''}"
            )
        self.coordinator.advance(seconds)

    def page(
        self, query: str, *, account: int | None = 0, region: int = 0, new_connection: bool = False
    ) -> Exchange:
        """GET one page of the list; *query* stands in the URL as it is."""
        path = "/Configurations" + (f"?{query}" if query else "")
        return self.send(
            self.request(
                Call("list"), "GET", path, account=account, region=region, headers=self._taken()
            ),
            new_connection=new_connection,
        )

    def _taken(self) -> list[tuple[str, str]]:
        """What a read takes, where that is not JSON only: every third takes anything, as curl does, and is given JSON."""
        return [("Accept", "*/*")] if next(self._reads) % 3 == 2 else []
