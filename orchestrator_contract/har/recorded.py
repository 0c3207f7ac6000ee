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
    #: True if the recording shows credentials at all.
    credentials: bool
    #: Seconds since the epoch, on the endpoint's clock as far as known.
    start: float
    end: float
    #: True if *start* names a time zone; without one durations may be off by hours.
    zoned: bool
    #: True if the body was recorded; otherwise it is unknown, never empty.
    body: bool
    #: True if the response headers were recorded, all that the contract speaks of.
    headers: bool
    #: True if the key, if there is one, has the documented form.
    key_ok: bool
    #: True if the request has a precondition or asks for a range (RFC 9110 13.1, 14.2).
    conditional: bool

    @property
    def whole(self) -> bool:
        """True if a part that the response does not show was absent."""
        return self.body and self.headers

    @property
    def answers_condition(self) -> bool:
        """True if the status is of a precondition or range, without content."""
        return self.exchange.status == 304 or (
            self.conditional and self.exchange.status in (206, 412, 416)
        )

    def shown(self, *, body: bool, headers: bool) -> Exchange:
        """The exchange with its response reduced to parts that both show."""
        response = self.exchange.response
        assert response is not None  # what got no response is no Recorded
        lines = response.headers if headers else []
        reduced = Response(response.status, "", lines, response.body if body else b"")
        made = self.exchange
        return Exchange(made.call, made.method, made.url, (), None, made.at, 0.0, response=reduced)
