"""The result of an exchange on the wire: a bounded, decoded response or a failure."""

from __future__ import annotations

import re
import ssl
import zlib
from dataclasses import dataclass
from enum import StrEnum

MAX_BODY = 4 * 1024 * 1024
#: Alerts with which a server refuses a client certificate, or the lack of one.
_OF_THE_CLIENT = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")
#: OpenSSL's names of a response that is no TLS.
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")
#: Content codings offered; anything else in a response was not asked for.
OFFERED = ("gzip", "deflate")
_ZERO = re.compile(r"q=0(\.0*)?")
_GZIP = b"\x1f\x8b"
#: More than any real body has; each costs a copy of the rest.
_MOST_MEMBERS = 100


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
    #: Unoffered or broken coding, or excess bytes behind the body.
    defect: tuple[TransportFault, str] | None = None
    #: Stray bytes on kept connections, found before the request went out on a new one.
    stray: int = 0
    #: True if the request went out before, on a kept connection that ended without a response.
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


def offers(accepted: str, coding: str) -> bool:
    """True if Accept-Encoding *accepted* offers each coding (R1 12.5.3).

    Without the field, or with `*`, anything may come; no coding at all is `identity`.
    """
    if not accepted:
        return True
    weights = {
        name.strip(): rest.replace(" ", "")
        for name, _, rest in (part.partition(";") for part in accepted.lower().split(","))
    }
    taken = {_same(name) for name, weight in weights.items() if not _ZERO.fullmatch(weight)}
    said = filter(None, map(str.strip, coding.lower().split(",")))
    return "*" in taken or {_same(one) for one in said} <= taken | {"identity"}


def _same(coding: str) -> str:
    return coding.removeprefix("x-")  # RFC 9110 8.4.1.3


def decode(response: Response) -> None:
    """Undo the content codings; record a failed or unoffered one as a defect."""
    fields = [value for name, value in response.headers if name.lower() == "content-encoding"]
    codings = [one.strip().lower() for field in fields for one in field.split(",")]
    if not response.body:
        return
    for coding in reversed([one for one in codings if one not in ("", "identity")]):
        if coding not in OFFERED and coding != "x-gzip":
            # As it came, so that secrets in it are recognized.
            said = f"Content-Encoding {', '.join(fields)!r} was not offered"
            response.defect = TransportFault.ENCODING, said
            return
        try:
            response.body = _inflate(response.body, coding)
        except zlib.error as error:
            response.defect = TransportFault.ENCODING, f"the body is not {coding}: {error}"
            return


def _inflate(data: bytes, coding: str) -> bytes:
    if "gzip" in coding:
        return _members(data)
    try:
        return _stream(data, 15, MAX_BODY)[0]
    except zlib.error:
        return _stream(data, -15, MAX_BODY)[0]  # deflate comes with and without zlib's header


def _members(data: bytes) -> bytes:
    """Decode a gzip body, which may have several members (RFC 1952 2.2)."""
    plain, rest = _stream(data, 31, MAX_BODY)
    for _ in range(_MOST_MEMBERS):
        if not rest.startswith(_GZIP):
            return plain
        more, rest = _stream(rest, 31, MAX_BODY - len(plain))
        plain += more
    raise zlib.error(f"it has more than {_MOST_MEMBERS} members")


def _stream(data: bytes, window: int, limit: int) -> tuple[bytes, bytes]:
    """Decode one coded stream; return its content and the rest."""
    engine = zlib.decompressobj(window)
    plain = engine.decompress(data, limit + 1)
    if len(plain) > limit:
        raise TransportError(
            TransportFault.TOO_LARGE, f"a body of more than {MAX_BODY} bytes once decoded"
        )
    if not engine.eof:
        raise zlib.error("it ends before the coded stream does")
    return plain, engine.unused_data
