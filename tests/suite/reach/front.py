"""Small servers in front of the mock: each asks for something that real gateways ask for."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote

_CHUNK = 65536
#: Headers whose values depend on how a response travels.
_OF_THE_HOP = ("content-length", "transfer-encoding", "connection", "keep-alive")


@dataclass
class Head:
    """The head of a request, to be changed before it is passed on."""

    method: str
    target: str
    lines: list[tuple[str, str]]

    def get(self, name: str) -> str:
        """The value of a header; empty if it is not there."""
        return next((value for one, value in self.lines if one.lower() == name.lower()), "")

    def set(self, name: str, value: str) -> None:
        """Give the header that is there another value."""
        self.lines = [
            (one, value if one.lower() == name.lower() else old) for one, old in self.lines
        ]

    def encode(self) -> bytes:
        """Its bytes."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.lines)
        return f"{self.method} {self.target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")


#: Changes the head of a request, or gives the response that takes the place of the mock's.
Gate = Callable[[Head, bytes], bytes | None]


def response(status: int, body: object, content_type: str = "application/json") -> bytes:
    """A response that a gateway gives itself."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status} {http.client.responses[status]}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    ).encode() + data


# -------------------------------------------------------------------- what it asks for


def needs_header(name: str, value: str) -> Gate:
    """Lets in who sends this header, once."""

    def gate(head: Head, body: bytes) -> bytes | None:
        given = [v for n, v in head.lines if n.lower() == name.lower()]
        if given != [value]:
            return response(400, {"message": f"{name} header is required"})
        return None

    return gate


def below(prefix: str) -> Gate:
    """Serves everything below *prefix*."""

    def gate(head: Head, body: bytes) -> bytes | None:
        if not head.target.startswith(f"{prefix}/"):
            return response(404, "<html><body>no such route</body></html>", "text/html")
        head.target = head.target.removeprefix(prefix)
        return None

    return gate


@dataclass
class Tokens:
    """A token endpoint at /token, and a gate that takes its tokens and *fixed* ones for accounts."""

    #: The mock's user and password, by client id and secret.
    clients: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    fixed: dict[str, tuple[str, str]] = field(default_factory=dict)
    #: Seconds that a token lives.
    life: float = 3600
    #: Whether clients have to give their credentials as Basic ones.
    basic_only: bool = False
    issued: list[str] = field(default_factory=list)
    _ends: dict[str, tuple[float, tuple[str, str]]] = field(default_factory=dict)

    def gate(self, head: Head, body: bytes) -> bytes | None:
        """Turn a good token into the mock's own credentials; anything else is the mock's to refuse."""
        if head.target == "/token":
            return self._issue(head, body)
        scheme, _, token = head.get("authorization").partition(" ")
        if scheme == "Basic":
            head.set("authorization", "Basic of-another-kind")
            return None
        end, account = self._ends.get(token, (0.0, None))
        account = account if time.monotonic() < end else self.fixed.get(token)
        if account is not None:
            pair = base64.b64encode(":".join(account).encode()).decode()
            head.set("authorization", f"Basic {pair}")
        return None

    def _issue(self, head: Head, body: bytes) -> bytes:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        client = form.get("client_id", ""), form.get("client_secret", "")
        if self.basic_only:
            given = base64.b64decode(head.get("authorization").removeprefix("Basic "))
            user, _, password = given.decode().partition(":")
            client = unquote(user), unquote(password)
        account = self.clients.get(client)
        if account is None or form.get("grant_type") != "client_credentials":
            return response(401, {"error": "invalid_client", "error_description": "Who is this?"})
        token = secrets.token_urlsafe(900)
        self._ends[token] = time.monotonic() + self.life, account
        self.issued.append(token)
        answer = {"access_token": token, "token_type": "bearer", "expires_in": self.life}
        return response(200, answer)


# -------------------------------------------------------------------- the server


@dataclass
class Front:
    """Passes requests that its gates let through to *upstream*, and rewrites the addresses in responses."""

    upstream: int
    gates: tuple[Gate, ...] = ()
    #: The name in its URL, and the address that it listens on.
    name: str = "127.0.0.1"
    address: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    prefix: str = ""
    #: Heads of requests as they came.
    seen: list[Head] = field(default_factory=list)

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        self._listener = socket.create_server((self.address, 0), family=family, backlog=512)
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def origin(self) -> str:
        """Its origin."""
        host = f"[{self.name}]" if ":" in self.name else self.name
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def url(self) -> str:
        """Its base URL."""
        return self.origin + self.prefix

    def close(self) -> None:
        """Stop listening."""
        # A blocked accept is woken by the shutdown only.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(connection,), daemon=True).start()

    def _carry(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with socket.create_connection(("127.0.0.1", self.upstream)) as mock:
                while self._exchange(connection, mock):
                    pass
        # Whatever the client still sends must not take what it was told from it.
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(1)
            while connection.recv(_CHUNK):
                pass
        connection.close()

    def _exchange(self, connection: socket.socket, mock: socket.socket) -> bool:
        """Carry one request and its response; whether the connection can carry another."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(_CHUNK)
            if not more:
                return False
            data += more
        head, body = _parsed(data)
        while len(body) < int(head.get("content-length") or 0):
            body += connection.recv(_CHUNK)
        self.seen.append(Head(head.method, head.target, list(head.lines)))
        for gate in self.gates:
            own = gate(head, body)
            if own is not None:
                connection.sendall(own)
                return False
        head.set("host", f"127.0.0.1:{self.upstream}")
        mock.sendall(head.encode() + body)
        answer = http.client.HTTPResponse(mock, method=head.method)
        answer.begin()
        connection.sendall(self._rewritten(answer))
        return not answer.will_close

    def _rewritten(self, answer: http.client.HTTPResponse) -> bytes:
        inner, outer = f"http://127.0.0.1:{self.upstream}", self.url
        body = answer.read().replace(inner.encode(), outer.encode())
        lines = [
            (name, value.replace(inner, outer))
            for name, value in answer.getheaders()
            if name.lower() not in _OF_THE_HOP
        ]
        lines += [("Content-Length", str(len(body)))]
        lines += [("Connection", "close")] if answer.will_close else []
        head = "".join(f"{name}: {value}\r\n" for name, value in lines)
        status = f"HTTP/1.1 {answer.status} {answer.reason}\r\n"
        return f"{status}{head}\r\n".encode("latin-1") + body


def _parsed(data: bytes) -> tuple[Head, bytes]:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    method, _, target = first.removesuffix(" HTTP/1.1").partition(" ")
    lines = [(name, value) for name, _, value in (line.partition(": ") for line in rest)]
    return Head(method, target, lines), body
