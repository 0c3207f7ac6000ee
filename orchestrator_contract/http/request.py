"""A request before it is sent: where it goes, its exact bytes, and what of it may be shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator_contract import __version__
from orchestrator_contract.http.addresses import Origin, split_url
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.http.secret_bytes import SecretBytes
from orchestrator_contract.profile import Header
from orchestrator_contract.redaction.redactor import Redactor

KEY_HEADER = "Idempotency-Key"
_VISIBLE = re.compile(r"[\x21-\x7e]+\Z")


@dataclass(frozen=True, slots=True)
class Request:
    """A request ready to be sent, apart from budget and judge."""

    call: Call
    method: str
    #: Absolute URL; its path is sent untouched.
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    key: str | None = None
    #: Index of the account; None sends no credentials.
    account: int | None = 0
    region: int = 0
    #: Whether header names are sent in lower case, as many clients write them: it means nothing (R1 5.1).
    lower: bool = False


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request as it goes out, byte for byte."""

    out: Request
    origin: Origin
    data: bytes
    #: Its header lines without secrets.
    shown: tuple[tuple[str, str], ...]


def origin_of(url: str) -> Origin | None:
    """The origin of an absolute http(s) URL; None when *url* is none."""
    try:
        parts = split_url(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            return None
        return Origin(
            parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
        )
    except ValueError:
        return None


def given_origin(url: str) -> Origin | None:
    """The origin of a URL that the endpoint gave; None when it is none, or holds what would not go out as it stands.

    What `split_url` drops or cuts at, a line break above all, would else stand in the request's head.
    """
    return origin_of(url) if _VISIBLE.match(url) and "\\" not in url else None


def _authority(url: str) -> tuple[str, str]:
    """The authority of a URL, and what is sent behind the first slash of its target."""
    authority, slash, rest = url.partition("://")[2].partition("/")
    if "?" in authority:  # a query may follow it at once (RFC 3986 3.2)
        authority, mark, query = authority.partition("?")
        return authority, mark + query + slash + rest
    return authority, rest


def target_of(url: str) -> tuple[str, str]:
    """The authority and the request target of a URL."""
    authority, rest = _authority(url)
    return authority, f"/{rest}"


def prepare(
    out: Request,
    origin: Origin,
    redactor: Redactor,
    *,
    authorization: str | None = None,
    headers: Sequence[Header] = (),
) -> PreparedRequest:
    """The bytes of *out*, with the profile's *headers* and *authorization*.

    Header lines that *out* gives itself stand as they are, and take the place of the profile's.
    """
    authority, target = target_of(out.url)
    given = {name.lower() for name, _ in out.headers}
    of_profile = [header for header in headers if header.name.lower() not in given]
    given |= {header.name.lower() for header in of_profile}
    lines = [("Host", authority)]
    if "user-agent" not in given:
        lines.append(("User-Agent", f"orchestrator-contract/{__version__}"))
    if "accept" not in given:
        lines.append(("Accept", "application/json"))
    if "accept-encoding" not in given:
        lines.append(("Accept-Encoding", "gzip, deflate"))
    shown = list(lines)
    lines += [(header.name, header.value) for header in of_profile]
    shown += [(header.name, header.shown(redactor.text)) for header in of_profile]
    if authorization is not None:
        lines.append(("Authorization", authorization))
        shown.append(("Authorization", "***"))
    own = [line for line in out.headers if line != ("Accept", "")]
    lines += own
    shown += [(name, redactor.text(value)) for name, value in own]
    if out.body is not None or out.method in ("POST", "PUT", "PATCH"):
        length = ("Content-Length", str(len(out.body or b"")))
        lines.append(length)
        shown.append(length)
    if out.lower:
        lines, shown = ([(name.lower(), value) for name, value in some] for some in (lines, shown))
    head = (
        f"{out.method} {target} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines) + "\r\n"
    )
    return PreparedRequest(
        out,
        origin,
        SecretBytes(head.encode("latin-1", "replace") + (out.body or b"")),
        tuple(shown),
    )
