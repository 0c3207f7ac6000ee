"""URLs taken apart, however long, without keeping a copy of them."""

from __future__ import annotations

import hashlib
import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

#: Characters of a name past which a digest stands for the rest.
_LONGEST_NAME = 1024

#: `urlsplit` without its cache: an endpoint's URLs may have megabytes.
split_url: Callable[[str], SplitResult] = getattr(urlsplit, "__wrapped__", urlsplit)


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: where a connection leads."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as they stand in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """True if the host is a literal loopback address; nothing is resolved."""
        return names_loopback(self.host)


def names_loopback(host: str) -> bool:
    """True for localhost, names below it, and loopback addresses."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def is_loopback(host: str) -> bool:
    """True if every address of *host* is of this machine; raises OSError without any."""
    if host.lower().rstrip(".") == "localhost":
        return True
    found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    return bool(found) and all(map(names_loopback, found))


def are_loopback(urls: Iterable[str]) -> bool:
    """True if the hosts of all *urls* are on this machine, as far as they resolve."""
    try:
        return all(is_loopback(split_url(url).hostname or "") for url in urls)
    except (OSError, UnicodeError):
        return False


def last_segment(url: str) -> str | None:
    """The last non-empty path segment, decoded and brief; None without one."""
    try:
        path = split_url(url).path.rstrip("/")
    except ValueError:
        return None
    return brief_name(unquote(path.rpartition("/")[2])) or None


def brief_name(name: str) -> str:
    """*name*, or the beginning and a digest of a long one; equal if equal."""
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:64]}…{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"
