"""Addresses of this machine: what they host is the user's own."""

from __future__ import annotations

import ipaddress
import socket


def is_loopback(host: str) -> bool:
    """True if every address of *host* is on this machine: 127.0.0.0/8 or ::1.

    Raises:
        OSError: the name has no address.
    """
    if host.lower().rstrip(".") == "localhost":
        return True
    found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    return bool(found) and all(map(_loops, found))


def _loops(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback
