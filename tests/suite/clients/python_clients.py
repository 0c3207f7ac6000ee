"""Delete a configuration through one HTTP client, with care or without.

Usage: python python_clients.py CLIENT USE ORIGIN USER PASSWORD SID, where USE is careful or
careless and SID is a configuration whose DELETE is answered 429. Prints what the client saw as one
line of JSON. It imports nothing but the client: other interpreters than the project's run it, too.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import http.client
import io
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

COLLECTION = "/v2/ControlPlane/Configurations"
PAYLOAD = {
    "displayName": "one",
    "description": "",
    "conversationGroupingType": "GROUP_BY_PROFILE",
    "memoryStoreId": "mem_store_01k1etk2y5f1y9fpe2epfdtvv2",
}
TIMEOUT_S = 10

Headers = dict[str, str]
#: Sends method, URL, headers and body; gives status, headers in lower case, and the decoded body.
Send = Callable[[str, str, Headers, bytes | None], tuple[int, Headers, bytes]]


def by_requests(module: str = "requests") -> Send:
    """`requests`, or what has its interface."""
    library = import_module(module)
    session = library.Session()
    session.trust_env = False

    def send(
        method: str, url: str, headers: Headers, body: bytes | None
    ) -> tuple[int, Headers, bytes]:
        got = session.request(method, url, headers=headers, data=body, timeout=TIMEOUT_S)
        return got.status_code, {k.lower(): v for k, v in got.headers.items()}, got.content

    return send


def by_niquests() -> Send:
    """`niquests`."""
    return by_requests("niquests")


def by_httpx() -> Send:
    """`httpx`."""
    httpx = import_module("httpx")
    client = httpx.Client(trust_env=False, timeout=TIMEOUT_S)

    def send(
        method: str, url: str, headers: Headers, body: bytes | None
    ) -> tuple[int, Headers, bytes]:
        got = client.request(method, url, headers=headers, content=body)
        return got.status_code, dict(got.headers), got.content

    return send


def by_urllib3() -> Send:
    """`urllib3`, which retries a 429 itself, after its Retry-After."""
    urllib3 = import_module("urllib3")
    retry = urllib3.Retry(
        total=1, status_forcelist=[429], allowed_methods=None, raise_on_status=False
    )
    pool = urllib3.PoolManager(retries=retry, timeout=TIMEOUT_S)

    def send(
        method: str, url: str, headers: Headers, body: bytes | None
    ) -> tuple[int, Headers, bytes]:
        offered = {"Accept-Encoding": "gzip, deflate"} | headers
        got = pool.request(method, url, headers=offered, body=body)
        return got.status, {k.lower(): v for k, v in got.headers.items()}, got.data

    return send


def by_aiohttp() -> Send:
    """`aiohttp`."""
    aiohttp = import_module("aiohttp")

    async def call(method: str, url: str, headers: Headers, body: bytes | None) -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, headers=headers, data=body) as got,
        ):
            lower = {k.lower(): v for k, v in got.headers.items()}
            return got.status, lower, await got.read()

    return lambda *parts: asyncio.run(call(*parts))


def by_http_client() -> Send:
    """`http.client`, which leaves content codings to its caller."""

    def send(
        method: str, url: str, headers: Headers, body: bytes | None
    ) -> tuple[int, Headers, bytes]:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_S)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, {"Accept-Encoding": "gzip, deflate"} | headers)
        got = connection.getresponse()
        lower = {k.lower(): v for k, v in got.getheaders()}
        plain = decoded(got.read(), lower)
        connection.close()
        return got.status, lower, plain

    return send


def by_urllib_request() -> Send:
    """`urllib.request`, which raises errors for 4xx."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def send(
        method: str, url: str, headers: Headers, body: bytes | None
    ) -> tuple[int, Headers, bytes]:
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            got = opener.open(request, timeout=TIMEOUT_S)
        except urllib.error.HTTPError as error:
            got = error
        with got:
            return got.status, {k.lower(): v for k, v in got.headers.items()}, got.read()

    return send


def by_pycurl() -> Send:
    """`pycurl`."""
    pycurl = import_module("pycurl")

    def send(
        method: str, url: str, headers: Headers, body: bytes | None
    ) -> tuple[int, Headers, bytes]:
        easy, got, lines = pycurl.Curl(), io.BytesIO(), io.BytesIO()
        easy.setopt(easy.URL, url)
        easy.setopt(easy.CUSTOMREQUEST, method)
        easy.setopt(easy.NOBODY, method == "HEAD")
        easy.setopt(easy.HTTPHEADER, [f"{k}: {v}" for k, v in headers.items()])
        easy.setopt(easy.ACCEPT_ENCODING, "")
        easy.setopt(easy.NOPROXY, "*")
        if body is not None:
            easy.setopt(easy.POSTFIELDS, body)
        easy.setopt(easy.WRITEDATA, got)
        easy.setopt(easy.HEADERFUNCTION, lines.write)
        easy.perform()
        status = int(easy.getinfo(easy.RESPONSE_CODE))
        easy.close()
        return status, header_lines(lines.getvalue()), got.getvalue()

    return send


def by_curl() -> Send:
    """The program `curl`, which retries a 429 itself, after its Retry-After."""

    def send(
        method: str, url: str, headers: Headers, body: bytes | None
    ) -> tuple[int, Headers, bytes]:
        command = ["curl", "-sS", "-i", "--compressed", "--noproxy", "*", "--retry", "1"]
        command += ["-X", method] if method != "HEAD" else ["--head"]
        command += [part for k, v in headers.items() for part in ("-H", f"{k}: {v}")]
        command += ["--data-binary", "@-"] if body is not None else []
        out = subprocess.run([*command, url], input=body, capture_output=True, check=True).stdout
        head, _, plain = out[out.rindex(b"HTTP/1.1 ") :].partition(b"\r\n\r\n")
        return int(head.split()[1]), header_lines(head), plain

    return send


def by_wget() -> Send:
    """The program `wget`."""

    def send(
        method: str, url: str, headers: Headers, body: bytes | None
    ) -> tuple[int, Headers, bytes]:
        command = ["wget", "-nv", "-S", "-O", "-", "--content-on-error", "--no-proxy"]
        command += ["--tries=1", f"--method={method}", "--compression=auto"]
        command += [f"--header={k}: {v}" for k, v in headers.items()]
        command += [f"--body-data={body.decode()}"] if body is not None else []
        done = subprocess.run([*command, url], capture_output=True, check=False)
        head = b"\n".join(line[2:] for line in done.stderr.splitlines() if line.startswith(b"  "))
        return int(head.split()[1]), header_lines(head), done.stdout

    return send


def header_lines(head: bytes) -> Headers:
    """The headers of a response's head, with names in lower case."""
    lines = [line.partition(":") for line in head.decode("latin-1").splitlines()]
    return {name.lower(): value.strip() for name, colon, value in lines if colon}


def decoded(body: bytes, headers: Headers) -> bytes:
    """A body without the coding that was offered."""
    coding = headers.get("content-encoding") if body else None
    if coding == "gzip":
        return gzip.decompress(body)
    return zlib.decompress(body) if coding == "deflate" else body


CLIENTS: dict[str, Callable[[], Send]] = {
    "requests": by_requests,
    "niquests": by_niquests,
    "httpx": by_httpx,
    "urllib3": by_urllib3,
    "aiohttp": by_aiohttp,
    "http.client": by_http_client,
    "urllib.request": by_urllib_request,
    "pycurl": by_pycurl,
    "curl": by_curl,
    "wget": by_wget,
}
#: Clients that were told to retry a 429 themselves.
RETRYING = frozenset({"urllib3", "curl"})


@dataclass
class Caller:
    """One client with the credentials of an account."""

    name: str
    origin: str
    pair: str
    throttled: str

    def __post_init__(self) -> None:
        self.send = CLIENTS[self.name]()

    def call(
        self, method: str, path: str, key: str = "", payload: Any = None
    ) -> tuple[int, Headers, Any]:
        """One request to the control plane; the response's body as JSON."""
        headers = {"Authorization": "Basic " + base64.b64encode(self.pair.encode()).decode()}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {"Content-Type": "application/json"} if payload else {}
        body = json.dumps(payload).encode() if payload else None
        url = path if path.startswith("http") else self.origin + path
        status, got, content = self.send(method, url, headers, body)
        return status, got, json.loads(content) if content else None

    def create(self) -> str:
        """The SID of a new configuration."""
        return str(
            self.call("POST", COLLECTION, new_key(), PAYLOAD)[2]["related"]["configurationId"]
        )

    def careful(self) -> dict[str, Any]:
        """Keys are kept, waits are as long as asked for, and the end is seen."""
        path, key, other = f"{COLLECTION}/{self.create()}", new_key(), new_key()
        _, accepted, body = self.call("DELETE", path, key)
        statuses = [self.call("DELETE", f"{COLLECTION}/{self.throttled}", other)[0]]
        time.sleep(float(accepted["retry-after"]))
        if self.name not in RETRYING:
            statuses.append(self.call("DELETE", f"{COLLECTION}/{self.throttled}", other)[0])
        ended = self.call("GET", body["statusUrl"])[2]["status"]
        return {"429": statuses, "ended": ended, "head": self.call("HEAD", path)[0]}

    def careless(self) -> dict[str, Any]:
        """Without keys or with new ones, without waiting, and without an end."""
        _, _, body = self.call("DELETE", f"{COLLECTION}/{self.create()}")
        said = {"ended": self.call("GET", body["statusUrl"])[2]["status"]}
        for _ in range(2):
            self.call("DELETE", f"{COLLECTION}/{self.throttled}", new_key())
        return said


def new_key() -> str:
    """A key that no request has had."""
    return str(uuid.uuid4())


def main() -> None:
    """Run one client."""
    name, use, origin, user, password, throttled = sys.argv[1:]
    caller = Caller(name, origin, f"{user}:{password}", throttled)
    print(json.dumps(caller.careful() if use == "careful" else caller.careless()))


if __name__ == "__main__":
    main()
