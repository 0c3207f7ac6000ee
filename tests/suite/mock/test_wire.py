"""HTTP on the socket: versions, lengths, chunks, early and missing responses."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from orchestrator_contract.mock.settings import DEFAULT_SECRETS, DEFAULT_USERS

CREDENTIALS = b64encode(f"{DEFAULT_USERS[0]}:{DEFAULT_SECRETS[0]}".encode()).decode()
RESERVED = "/v2/ControlPlane/Configurations/conv_configuration_0mockfaultoperation0000000"


@contextmanager
def started(*arguments: str) -> Iterator[tuple[str, int]]:
    """Host and port of a mock with one region."""
    command = [
        sys.executable,
        "-m",
        "orchestrator_contract.mock",
        "--port",
        "0",
        "--regions",
        "1",
        "--exit-with-stdin",
    ]
    with subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        host, _, port = (
            json.loads(process.stdout.readline())["base_url"].removeprefix("http://").partition(":")
        )
        yield host, int(port)
        process.stdin.close()
        assert process.wait(10) == 0


def exchange(address: tuple[str, int], path: str, *headers: str, method: str = "DELETE") -> bytes:
    """All bytes that come back until the server closes, which it is asked to do."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: mock",
        f"Authorization: Basic {CREDENTIALS}",
        *headers,
    ]
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(("\r\n".join([*lines, "Connection: close", "", ""])).encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


@pytest.mark.parametrize(
    ("switch", "headers", "start", "inside"),
    [
        pytest.param(
            ["--variant", "http-1.0"], [], b"HTTP/1.0 202", b"connection: close", id="http-1.0"
        ),
        pytest.param(
            ["--variant", "headers-titled"], [], b"HTTP/1.1 202", b"Operation-Id: ", id="title-case"
        ),
        pytest.param(
            ["--variant", "chunked"],
            [],
            b"HTTP/1.1 202",
            b"transfer-encoding: chunked",
            id="chunked",
        ),
        pytest.param(
            ["--variant", "early-hints"],
            [],
            b"HTTP/1.1 103",
            b"\r\n\r\nHTTP/1.1 202",
            id="early-hints",
        ),
        pytest.param(
            ["--variant", "unsized"],
            [],
            b"HTTP/1.1 202",
            b"connection: close\r\n\r\n{",
            id="unsized",
        ),
        pytest.param(
            ["--variant", "gzip"],
            ["Accept-Encoding: gzip"],
            b"HTTP/1.1 202",
            b"content-encoding: gzip",
            id="gzip",
        ),
        pytest.param(
            ["--variant", "gzip"], [], b"HTTP/1.1 202", b"\r\n\r\n{", id="gzip-not-offered"
        ),
        pytest.param(
            ["--variant", "slow-deletes,type-charset"],
            [],
            b"HTTP/1.1 202",
            b"charset=utf-8",
            id="two-variants",
        ),
        pytest.param(
            ["--defect", "accepted-status:204"],
            [],
            b"HTTP/1.1 204",
            b"operation-id",
            id="no-content",
        ),
    ],
)
def test_wire(switch: list[str], headers: list[str], start: bytes, inside: bytes) -> None:
    """A switched mock writes what its name says."""
    with started(*switch) as address:
        answer = exchange(address, RESERVED, *headers)

    assert answer.startswith(start)
    assert inside in answer


def test_silence() -> None:
    """A defect may close the connection without an answer, and the mock lives on."""
    with started("--defect", "malformed-sid-no-response:nul") as address:
        assert exchange(address, "/v2/ControlPlane/Configurations/%00") == b""
        assert exchange(address, RESERVED, method="GET").startswith(b"HTTP/1.1 200")


def test_lying_length() -> None:
    """A defect may promise more bytes than it sends."""
    with started("--defect", "accepted-content-length:large") as address:
        head, _, body = exchange(address, RESERVED).partition(b"\r\n\r\n")

    claimed = int(
        next(line for line in head.split(b"\r\n") if line.startswith(b"content-length")).split()[1]
    )
    assert claimed == len(body) + 40


def test_head_has_no_body() -> None:
    """HEAD is answered like GET, without the body."""
    with started() as address:
        answer = exchange(address, RESERVED, method="HEAD")

    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


def test_dies_with_its_parent() -> None:
    """The process ends with 0 when its stdin ends, open connections or not."""
    with started() as address:
        idle = socket.create_connection(address, timeout=10)
    idle.close()
