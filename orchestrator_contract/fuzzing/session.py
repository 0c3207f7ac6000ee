"""A `requests.Session` whose every request goes through the suite's client and wire.

Tools that bring their own requests (schemathesis, Locust) get this session, so that fuzzed traffic obeys
the same budget, pacing, ownership guard, recording and judge as everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import requests
import urllib3
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from orchestrator_contract.http.exchange import Exchange


class ClientAdapter(BaseAdapter):
    """Carries prepared requests to *perform* and turns exchanges into responses."""

    def __init__(self, perform: Callable[[requests.PreparedRequest], Exchange]) -> None:
        super().__init__()
        self._perform = perform

    def send(  # the signature is requests' own
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT002
        timeout: Any = None,
        verify: bool | str = True,  # noqa: FBT002
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Perform the exchange.

        Raises:
            requests.ConnectionError: there was no complete answer.
        """
        exchange = self._perform(request)
        if exchange.response is None:
            raise requests.ConnectionError(exchange.fault_text, request=request)
        return as_response(exchange, request)

    def close(self) -> None:
        """Nothing to close: the client owns the connections."""


def as_response(exchange: Exchange, request: requests.PreparedRequest) -> requests.Response:
    """The exchange as `requests` would have returned it."""
    answer = exchange.response
    if answer is None:
        raise ValueError("an exchange without an answer is no response")
    response = requests.Response()
    response.status_code = answer.status
    response.reason = answer.reason
    response.headers = CaseInsensitiveDict(exchange.headers)
    response.raw = urllib3.HTTPResponse(
        BytesIO(answer.body),
        urllib3.HTTPHeaderDict(answer.headers),
        answer.status,
        version=11,
        reason=answer.reason,
        preload_content=False,
        decode_content=False,
    )
    response._content = answer.body  # noqa: SLF001  # requests has no public way to hand over a read body
    response.encoding = "utf-8"
    response.url = exchange.url
    response.request = request
    return response


class ClientSession(requests.Session):
    """A session with the suite's client below it: no environment, no redirects, no cookies."""

    def __init__(self, perform: Callable[[requests.PreparedRequest], Exchange]) -> None:
        super().__init__()
        self.trust_env = False
        self.adapters.clear()
        adapter = ClientAdapter(perform)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send one prepared request.

        requests would parse the Location of every redirect here, which a hostile endpoint can make fail.
        """
        return self.get_adapter(str(request.url)).send(
            request, **{k: v for k, v in kwargs.items() if k == "timeout"}
        )
