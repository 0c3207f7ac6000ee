"""The result of an exchange on the wire: a bounded response or a failure."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import StrEnum

MAX_BODY = 4 * 1024 * 1024
#: Alerts with which a server refuses a client certificate, or the lack of one.
_OF_THE_CLIENT = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")
#: OpenSSL's names of a response that is no TLS.
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")


class TransportFault(StrEnum):
    """How an exchange failed below HTTP semantics."""

    #: No connection: refused, unreachable, unknown host, TLS not agreed.
    CONNECT = "connect"
    #: No response began within the time limit.
    TIMEOUT = "timeout"
    #: A response began and did not end within the time limit.
    SLOW = "too slow"
    #: The connection ended before a response began.
    CLOSED = "closed"
    #: The connection ended inside a response.
    CUT = "cut short"
    #: Not HTTP/1.x, or framed against its own headers.
    MALFORMED = "malformed"
    #: Larger than the suite reads: body, headers or interim responses.
    TOO_LARGE = "too large"
    ENCODING = "encoding"


#: Faults that networks cause now and then: nothing came back at all.
NO_ANSWER = frozenset({TransportFault.TIMEOUT, TransportFault.CLOSED})


class TransportError(Exception):
    """An exchange that gave no complete response."""

    def __init__(self, fault: TransportFault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


@dataclass(slots=True)
class Response:
    """A complete final response as it came."""

    status: int
    reason: str
    #: Header lines in order, names as sent (case kept), values as latin-1 text.
    headers: list[tuple[str, str]]
    body: bytes
    #: Why the body is not what its headers promise, though it ended: unoffered or broken coding,
    #: excess bytes.
    defect: tuple[TransportFault, str] | None = None
    #: Stray bytes, found on a kept connection just before the request went out
    #: on a new one.
    stray: int = 0
    #: True if the request had gone out on a kept connection before, which then ended without an
    #: response.
    resent: bool = False


def reason_of(error: BaseException) -> str:
    """The system's text for a failure."""
    if isinstance(error, ssl.SSLError):
        return _tls_reason(error)[:300]
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:200]


def _tls_reason(error: ssl.SSLError) -> str:
    """Why TLS was not agreed, with the key of the profile that decides it."""
    said = (error.strerror or str(error)).partition(" (_ssl")[0]
    reason = error.reason or ""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted: {error.verify_message}; "
            "[target] verify_tls takes a CA bundle to trust, or false to trust any"
        )
    if "ALERT" in reason and any(word in reason for word in _OF_THE_CLIENT):
        return (
            f"it refuses the client certificate, or asks for one: {said}; see [target] client_cert"
        )
    if reason.endswith("ALERT_HANDSHAKE_FAILURE"):
        return f"{said}; an endpoint that asks for a client certificate needs [target] client_cert"
    if reason in _NO_TLS:
        return f"no TLS is spoken there ({said}); does [target] base_url begin with http://?"
    return said
