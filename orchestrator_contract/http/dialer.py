"""Opens a socket to an origin: directly or by proxy, with TLS for https."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass, field

from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.proxies import (
    Proxy,
    absolute,
    environment_has_proxy,
    open_tunnel,
    proxy_to,
)
from orchestrator_contract.http.response import TransportError, TransportFault, reason_of
from orchestrator_contract.http.shell import word


def make_context(verify: bool | str, client_cert: tuple[str, str] | None) -> ssl.SSLContext:
    """A context that trusts by *verify* and shows *client_cert*; raises OSError, ValueError."""
    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if client_cert is not None:
        # Without a function of ours OpenSSL would ask for the passphrase of a key on the terminal.
        context.load_cert_chain(*client_cert, password=lambda: b"")
    return context


@dataclass
class Dialer:
    """Opens sockets; safe for threads."""

    timeout_s: float
    verify: bool | str = True
    client_cert: tuple[str, str] | None = None
    proxy: Proxy | None = None
    _context: ssl.SSLContext | None = field(default=None, init=False, repr=False)

    def open(self, origin: Origin) -> socket.socket:
        """A connected socket; raises a TransportError with `TransportFault.CONNECT`."""
        proxy = proxy_to(origin, self.proxy)
        if proxy is not None and proxy.problem:
            raise TransportError(TransportFault.CONNECT, proxy.problem)
        there = str(proxy) if proxy else origin.authority
        sock: socket.socket | None = None
        try:
            context = self._tls() if origin.scheme == "https" else None
            deadline = time.monotonic() + self.timeout_s
            address = (proxy.host, proxy.port) if proxy else (origin.host, origin.port)
            sock = socket.create_connection(address, timeout=self.timeout_s)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is not None:
                if proxy is not None:
                    open_tunnel(sock, origin, proxy, deadline)
                    sock.settimeout(self.timeout_s)
                    there = f"{origin.authority} through {there}"
                sock = context.wrap_socket(sock, server_hostname=origin.host)
        except (TransportError, OSError, UnicodeError, ValueError) as error:
            _close_half_made(error)
            if sock is not None:
                sock.close()
            if isinstance(error, TransportError):
                raise
            raise TransportError(
                TransportFault.CONNECT, f"no connection to {there}: {reason_of(error)}"
            ) from None
        return sock

    def plain_proxy(self, origin: Origin) -> Proxy | None:
        """The proxy that reads requests to *origin*; None for encrypted ones."""
        return proxy_to(origin, self.proxy) if origin.scheme == "http" else None

    def addressed(self, origin: Origin, request: bytes) -> bytes:
        """*request* as it has to be written on a socket to *origin*."""
        proxy = self.plain_proxy(origin)
        return absolute(request, origin, proxy) if proxy else request

    def curl_options(self, origin: Origin) -> tuple[str, ...]:
        """The shell words that lead curl to *origin* the same way."""
        words: list[str] = []
        if origin.scheme == "https":
            if isinstance(self.verify, str):
                words += ["--cacert", word(self.verify)]
            elif not self.verify:
                words.append("-k")
            if self.client_cert is not None:
                cert, key = self.client_cert
                words += ["--cert", word(cert), *(["--key", word(key)] if key != cert else [])]
        proxy = proxy_to(origin, self.proxy)
        if proxy is not None:
            words += ["-x", proxy.shell_word]
        elif origin.is_loopback and environment_has_proxy():
            words += ["--noproxy", "'*'"]
        return tuple(words)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = make_context(self.verify, self.client_cert)
        return self._context


def _close_half_made(error: BaseException) -> None:
    """Close the socket that `ssl` leaves open when a handshake is reset."""
    step = error.__traceback__
    while step is not None:
        made = step.tb_frame.f_locals.get("self")
        if isinstance(made, ssl.SSLSocket):
            made.close()
        step = step.tb_next
