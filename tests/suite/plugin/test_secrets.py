"""Secrets stay where they are, and what a report shows can be repeated."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

USER, PASSWORD = "SKmeta00000000000000000000000000001", "m3ta/secret+one=&%41"


def spellings() -> Iterator[str]:
    """Every form in which the password might be written down."""
    for text in (PASSWORD, f"{USER}:{PASSWORD}"):
        yield base64.b64encode(text.encode()).decode()
        yield base64.urlsafe_b64encode(text.encode()).decode()
    for form in (PASSWORD, quote(PASSWORD), quote(PASSWORD, safe=""), quote_plus(PASSWORD)):
        yield from (form, json.dumps(form)[1:-1], form.replace("&", "&amp;"))


@pytest.fixture(scope="module")
def failing(run: Callable[..., Any], start_mock: Callable[..., Any]) -> tuple[Any, Any, Path]:
    """A run with breaches that prints all it can, the mock it ran against, and the profile."""
    mock = start_mock("--defect", "error-code-string:404", "--defect", "accepted-no-retry-after")
    finished = run(
        "--target",
        mock.profile,
        "--showlocals",
        "--tb=long",
        "-vv",
        "-rA",
        "--junitxml",
        mock.profile.with_name("junit.xml"),
    )
    return finished, mock, mock.profile.with_name("junit.xml")


def test_no_artefact_tells_a_secret(failing: tuple[Any, Any, Path]) -> None:
    """No report, log or terminal shows the password in any spelling, even with --showlocals."""
    finished, _, junit = failing
    texts = {
        path.name: path.read_text("utf-8", "replace")
        for path in finished.report.rglob("*")
        if path.is_file()
    }
    texts |= {"terminal": finished.output, "junit.xml": junit.read_text("utf-8")}

    assert finished.code == 1
    assert {"conformance.json", "conformance.html", "conformance.md"} <= set(texts)
    assert [
        (name, form) for name, text in texts.items() for form in spellings() if form in text
    ] == []


def test_a_forged_leak_is_found(failing: tuple[Any, Any, Path]) -> None:
    """The forms that are looked for are those that a leak would have."""
    header = "Authorization: Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    assert any(form in header for form in spellings())
    assert any(
        form in f"https://{USER}:{quote(PASSWORD, safe='')}@example.com" for form in spellings()
    )


def test_the_key_stays_readable(failing: tuple[Any, Any, Path]) -> None:
    """Evidence shows the idempotency key that was sent, and credentials as variables."""
    requests = [piece["request"] for row in failing[0].rows().values() for piece in row["evidence"]]

    assert any("Idempotency-Key: " in request for request in requests)
    assert all('-u "$MOCK_USER_' in request for request in requests if " -u " in request)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_lines_repeat_the_request(failing: tuple[Any, Any, Path]) -> None:
    """The line that shows a breach, given to a shell, shows it again."""
    evidence = failing[0].rows()["ERR-404-BODY"]["evidence"]
    piece = next(
        piece for piece in evidence if "-X DELETE" in piece["request"] and piece["status"] == 404
    )
    env = {**os.environ, "MOCK_USER_1": USER, "MOCK_PASSWORD_1": PASSWORD, "no_proxy": "*"}

    done = subprocess.run(
        ["bash", "-c", piece["request"]],
        capture_output=True,
        text=True,
        env=env,
        timeout=30,
        check=True,
    )

    head, _, body = (
        done.stdout.partition("\n\n")
        if "\r\n\r\n" not in done.stdout
        else done.stdout.partition("\r\n\r\n")
    )
    assert head.split()[1] == "404"
    assert json.loads(body)["code"] == "20404"
