"""`--har FILE`: writes the suite's traffic as HAR 1.2, without secrets.

The file is whole after every exchange.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from orchestrator_contract import __version__
from orchestrator_contract.http.exchange import Exchange

_TAIL = b"\n]}}\n"


class HarError(Exception):
    """The recording can't be written; the message says where and why."""


class HarWriter:
    """Records exchanges; call it with each.

    Raises:
        HarError: the file can't be made. A failure later ends the recording, not the run.
    """

    def __init__(self, path: Path, clock: Callable[[], int]) -> None:
        self._lock = Lock()
        self._clock = clock
        self._path = path
        #: Why the recording ended before the run did; empty until then.
        self.failure = ""
        creator = json.dumps({"name": "orchestrator-contract", "version": __version__})
        head = f'{{"log": {{"version": "1.2", "creator": {creator}, "pages": [], "entries": ['
        self._first = True
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and not path.is_file():
                # Opening a pipe would wait for a reader, and a device keeps no file.
                raise HarError(self._said("it is no regular file"))
            self._file = path.open("wb", buffering=0)
            self._end = len(head)
            self._put(0, head.encode() + _TAIL)
        except OSError as error:
            raise HarError(self._said(error.strerror or str(error))) from None

    def __call__(self, exchange: Exchange) -> None:
        """Append one exchange; if that fails, end with the one before."""
        text = json.dumps(entry_of(exchange, self._clock()), ensure_ascii=True).encode()
        with self._lock:
            if self._file.closed:
                return
            text = (b"\n" if self._first else b",\n") + text
            try:
                self._put(self._end, text + _TAIL)
            except OSError as error:
                self._give_up(error)
                return
            self._end += len(text)
            self._first = False

    def close(self) -> None:
        """Close the file; later exchanges are not recorded."""
        with self._lock:
            self._file.close()

    def _put(self, at: int, data: bytes) -> None:
        self._file.seek(at)
        while data:  # a disk that is nearly full takes a part
            data = data[self._file.write(data) :]

    def _give_up(self, error: OSError) -> None:
        self.failure = self._said(f"{error.strerror or error}; the recording ends early")
        with contextlib.suppress(OSError):
            self._put(self._end, _TAIL)
            self._file.truncate()
        with contextlib.suppress(OSError):
            self._file.close()

    def _said(self, why: str) -> str:
        return f"--har: {self._path} can't be written: {why}"


def entry_of(exchange: Exchange, advanced: int) -> dict[str, Any]:
    """One exchange as a HAR entry, with two members of its own.

    `_account` tells accounts apart, as their credentials are masked alike; `_endpointClock` is the
    number of seconds by which the run had moved the endpoint's clock.
    """
    spent, body = round(exchange.elapsed * 1000, 3), exchange.request_body
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange.request_headers),
        "queryString": _query(exchange.url),
        "headersSize": -1,
        "bodySize": len(body or b""),
    }
    if body is not None:
        text = body.decode("utf-8", "replace")
        request["postData"] = {"mimeType": "application/json", "text": text}
    return {
        "startedDateTime": exchange.at.isoformat(timespec="microseconds"),
        "time": spent,
        "request": request,
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": spent, "receive": 0},
        "_account": exchange.account,
        "_endpointClock": advanced,
    }


def _response(exchange: Exchange) -> dict[str, Any]:
    response = exchange.response
    body, lines = (response.body, response.headers) if response else (b"", [])
    content: dict[str, Any] = {
        "size": len(body),
        "mimeType": exchange.headers.get("content-type", ""),
    }
    try:
        content["text"] = body.decode("utf-8")
    except UnicodeDecodeError:
        content |= {"text": base64.b64encode(body).decode(), "encoding": "base64"}
    shown = exchange.shown_headers()
    made = {
        "status": exchange.status or 0,
        "statusText": response.reason if response else "",
        "httpVersion": "HTTP/1.1" if response else "",
        "cookies": [],
        "headers": _pairs((name, value) for name, value in lines if name.lower() in shown),
        "content": content,
        "redirectURL": exchange.headers.get("location", ""),
        "headersSize": -1,
        "bodySize": len(body) if response else -1,
    }
    return made if response else made | {"_error": exchange.fault_text}


def _pairs(lines: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in lines]


def _query(url: str) -> list[dict[str, str]]:
    try:
        return _pairs(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    except ValueError:
        return []
