"""Opening a socket to an origin: directly or through a proxy, with TLS where its scheme asks for it."""

from __future__ import annotations

import socket
import ssl
import time

from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.proxies import Proxy, Routes, absolute, environment_has_proxy
from orchestrator_contract.http.response import TransportError, TransportFault, reason_of
from orchestrator_contract.http.shell import word
from orchestrator_contract.http.tls import make_context
from orchestrator_contract.http.tunnel import open_tunnel


class Dialer:
    """Opens sockets; safe for threads."""

    def __init__(
        self,
        timeout_s: float,
        verify: bool | str,
        client_cert: tuple[str, str] | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        self.timeout_s = timeout_s
        self._verify = verify
        self._client_cert = client_cert
        self._routes = Routes(proxy)
        self._context: ssl.SSLContext | None = None

    def open(self, origin: Origin) -> socket.socket:
        """A connected socket.

        Raises:
            TransportError: `TransportFault.CONNECT`, with the system's reason.
        """
        proxy = self._routes.proxy(origin)
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
        """The proxy that reads the requests to *origin*: there is none where they are encrypted."""
        return self._routes.proxy(origin) if origin.scheme == "http" else None

    def addressed(self, origin: Origin, request: bytes) -> bytes:
        """*request* as it has to be written on a socket to *origin*."""
        proxy = self.plain_proxy(origin)
        return absolute(request, origin, proxy) if proxy else request

    def curl_options(self, origin: Origin) -> tuple[str, ...]:
        """The shell words that lead curl to *origin* the same way."""
        words: list[str] = []
        if origin.scheme == "https":
            if isinstance(self._verify, str):
                words += ["--cacert", word(self._verify)]
            elif not self._verify:
                words.append("-k")
            if self._client_cert is not None:
                cert, key = self._client_cert
                words += ["--cert", word(cert), *(["--key", word(key)] if key != cert else [])]
        proxy = self._routes.proxy(origin)
        if proxy is not None:
            words += ["-x", proxy.shell_word]
        elif origin.is_loopback and environment_has_proxy():
            words += ["--noproxy", "'*'"]
        return tuple(words)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = make_context(self._verify, self._client_cert)
        return self._context


def _close_half_made(error: BaseException) -> None:
    """Close the socket that `ssl` leaves to the garbage collector when the peer resets the connection before the handshake."""
    step = error.__traceback__
    while step is not None:
        made = step.tb_frame.f_locals.get("self")
        if isinstance(made, ssl.SSLSocket):
            made.close()
        step = step.tb_next
