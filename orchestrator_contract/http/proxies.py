"""The way to an origin: straight, or through the proxy that the profile or the environment names."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.secret_bytes import SecretBytes

#: The port of a proxy that names none, as requests has it.
_PORT = 80
PROFILE_KEY = "[target] proxy"
#: The variables that stand for the credentials of the profile's proxy in a shell line.
SHELL_NAMES = ("PROXY_USER", "PROXY_PASSWORD")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy."""

    host: str
    port: int
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    #: The profile's key or the environment variable that names it.
    source: str = PROFILE_KEY
    #: Why it can't be used; empty if it can.
    problem: str = ""

    @classmethod
    def of(cls, url: str, source: str = PROFILE_KEY) -> Proxy:
        """The proxy at *url*, which may lack the scheme as curl and requests allow it."""
        scheme, _, rest = url.partition("://") if "://" in url else ("http", "", url)
        try:
            parts = urlsplit(f"//{rest}")
            host, port = parts.hostname or "", parts.port or _PORT
            # A stray "@" or "/" would make a part of the credentials the host.
            usable = scheme.lower() == "http" and bool(host) and parts.path in ("", "/")
        except ValueError:
            usable, host, port = False, "", 0
        if not usable:
            return cls("", 0, source=source, problem=f"{source}: expected http://host:port")
        return cls(host, port, unquote(parts.username or ""), unquote(parts.password or ""), source)

    @property
    def authority(self) -> str:
        """Host and port as they stand in a URL."""
        return Origin("http", self.host, self.port).authority

    @property
    def authorization(self) -> str:
        """The value of its Proxy-Authorization header; empty without credentials."""
        if not self.username and not self.password:
            return ""
        pair = f"{self.username}:{self.password}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def __str__(self) -> str:
        return f"the proxy http://{self.authority} ({self.source})"

    @property
    def shell_word(self) -> str:
        """The address for a shell line, credentials as variables."""
        if self.source in os.environ:
            return f'"${self.source}"'
        login = "$" + ":$".join(SHELL_NAMES) + "@" if self.authorization else ""
        return f'"http://{login}{self.authority}"'


class Routes:
    """Finds the proxy to each origin, if there is one; loopback is always reached directly."""

    def __init__(self, configured: Proxy | None = None) -> None:
        self._configured = configured
        self._known: dict[Origin, Proxy | None] = {}

    def proxy(self, origin: Origin) -> Proxy | None:
        """The proxy that leads to *origin*; None if it is reached directly."""
        if origin not in self._known:
            self._known[origin] = self._find(origin)
        return self._known[origin]

    def _find(self, origin: Origin) -> Proxy | None:
        if origin.is_loopback:
            return None
        return self._configured or _of_environment(origin)


def _of_environment(origin: Origin) -> Proxy | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY give, read as requests does."""
    from requests.utils import (  # noqa: PLC0415  # takes long to import; a loopback target needs none
        get_environ_proxies,
        select_proxy,
    )

    url = f"{origin.scheme}://{origin.authority}"
    found = select_proxy(url, get_environ_proxies(url))
    return Proxy.of(found, _variable(origin.scheme, found)) if found else None


def _variable(scheme: str, value: str) -> str:
    """The variable that holds *value*; on some systems it is a setting instead."""
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY")
    holding = (name for name in names if os.environ.get(name) == value)
    return next(holding, "the system's proxy settings")


def environment_has_proxy() -> bool:
    """True if a shell line that names no proxy might be led through one."""
    return any(value and name.lower().endswith("_proxy") for name, value in os.environ.items())


def absolute(request: bytes, origin: Origin, proxy: Proxy) -> bytes:
    """*request* as a proxy takes one for plain HTTP: with the whole URL for its target (R1 7.1)."""
    method, _, rest = request.partition(b" ")
    line, _, lines = rest.partition(b"\r\n")
    login = proxy.authorization
    extra = f"Proxy-Authorization: {login}\r\n".encode() if login else b""
    whole = b"%s http://%s%s\r\n%s%s" % (method, origin.authority.encode(), line, extra, lines)
    return SecretBytes(whole)
