"""A recorded exchange, and how much of it the recording shows."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.response import Response


@dataclass(frozen=True, slots=True)
class Recorded:
    """An exchange with what only its recording knows."""

    exchange: Exchange
    #: Tells callers apart: a keyed hash of origin and credentials that no other process can make.
    scope: str
    #: Whether the recording shows credentials at all.
    credentials: bool
    #: Seconds since the epoch, on the endpoint's clock as far as known.
    start: float
    end: float
    #: Whether *start* names a time zone; without one durations may be off by hours.
    zoned: bool
    #: Whether the body was recorded; what was not is unknown, never empty.
    body: bool
    #: Whether the response headers were recorded, all that the contract speaks of.
    headers: bool
    #: Whether the key, if there is one, has the documented form.
    key_ok: bool
    #: Whether the request has a precondition or asks for a range (RFC 9110 13.1, 14.2).
    conditional: bool

    @property
    def whole(self) -> bool:
        """Whether what the response does not show was not in it."""
        return self.body and self.headers

    @property
    def answers_condition(self) -> bool:
        """Whether the status answers a precondition or a range: it says nothing of the content."""
        return self.exchange.status == 304 or (
            self.conditional and self.exchange.status in (206, 412, 416)
        )

    def shown(self, *, body: bool, headers: bool) -> Exchange:
        """The exchange with its response reduced to the parts that both this and another show."""
        response = self.exchange.response
        assert response is not None  # what got no response is no Recorded
        lines = response.headers if headers else []
        reduced = Response(response.status, "", lines, response.body if body else b"")
        made = self.exchange
        return Exchange(made.call, made.method, made.url, (), None, made.at, 0.0, response=reduced)
