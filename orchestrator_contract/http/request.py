"""A request before it is sent: its URL, exact bytes, and shown parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from orchestrator_contract import __version__
from orchestrator_contract.http.addresses import Origin, split_url
from orchestrator_contract.http.basic_auth import SecretBytes
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.redaction.redactor import Redactor

KEY_HEADER = "Idempotency-Key"
_VISIBLE = re.compile(r"[\x21-\x7e]+\Z")


@dataclass(frozen=True, slots=True)
class Header:
    """A header that goes with every request."""

    name: str
    value: str = field(repr=False)
    #: The variable that its value came from, which makes it a secret; empty for plain text.
    variable: str = ""


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
    #: True if header names are sent in lower case, which means nothing (R1 5.1).
    lower: bool = False

    def with_key(self, key: str) -> Request:
        """The same request with another key."""
        lines = tuple((n, key if n == KEY_HEADER else v) for n, v in self.headers)
        return replace(self, key=key, headers=lines)


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request as it goes out, byte for byte."""

    out: Request
    origin: Origin
    data: bytes
    #: Its header lines without secrets.
    shown: tuple[tuple[str, str], ...]


def origin_of(url: str) -> Origin | None:
    """The origin of an absolute http(s) URL; None for any other."""
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
    """The origin of an endpoint's URL; None if `split_url` would drop or cut parts of it."""
    return origin_of(url) if _VISIBLE.match(url) and "\\" not in url else None


def target_of(url: str) -> tuple[str, str]:
    """The authority and the request target of a URL."""
    rest = url.partition("://")[2]
    # A query may follow the authority at once (RFC 3986 3.2).
    authority = re.split("[/?]", rest, maxsplit=1)[0]
    return authority, "/" + rest.removeprefix(authority).removeprefix("/")


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
    usual = (
        Header("User-Agent", f"orchestrator-contract/{__version__}"),
        Header("Accept", "application/json"),
        Header("Accept-Encoding", "gzip, deflate"),
    )
    lines = [Header("Host", authority)]
    lines += [line for line in usual if line.name.lower() not in given]
    lines += of_profile
    if authorization is not None:
        lines.append(Header("Authorization", authorization, variable="of the account"))
    lines += [Header(*line) for line in out.headers if line != ("Accept", "")]
    if out.body is not None or out.method in ("POST", "PUT", "PATCH"):
        lines.append(Header("Content-Length", str(len(out.body or b""))))
    if out.lower:
        lines = [replace(line, name=line.name.lower()) for line in lines]
    head = f"{out.method} {target} HTTP/1.1\r\n"
    head += "".join(f"{line.name}: {line.value}\r\n" for line in lines) + "\r\n"
    shown = [(one.name, "***" if one.variable else redactor.text(one.value)) for one in lines]
    data = SecretBytes(head.encode("latin-1", "replace") + (out.body or b""))
    return PreparedRequest(out, origin, data, tuple(shown))
