"""Lines that repeat a request name the way to the endpoint, without secrets."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.suite.plugin.conftest import ACCOUNTS, Finished, Mock, environment
from tests.suite.reach.conftest import (
    BEARER,
    NAME,
    SECRETS,
    Authority,
    RealProxy,
    oauth,
    tokens,
)
from tests.suite.reach.front import Front, Tokens, needs_header

Start = Callable[..., Any]
HIDDEN = [value for value in SECRETS.values() if "w0rds" in value]


@pytest.fixture(scope="module")
def mock(start_mock: Callable[..., Mock]) -> Mock:
    """A mock with defects that every run finds."""
    defects = ("--defect", "error-code-string:404", "--defect", "accepted-no-retry-after")
    return start_mock("--operation-seconds", "0.03", *defects)


@dataclass
class Found:
    """A run with breaches through everything that holds a secret."""

    finished: Finished
    gate: Front
    proxy: RealProxy
    source: Tokens
    folder: Path

    def texts(self) -> Iterator[tuple[str, str]]:
        """Everything that it left behind, by name."""
        yield "terminal", self.finished.output
        for path in (*self.finished.report.rglob("*"), *self.folder.rglob("*")):
            if path.is_file():
                yield path.name, path.read_text("utf-8", "replace")

    def requests(self, requirement: str) -> list[dict[str, Any]]:
        """The evidence for a requirement."""
        found: list[dict[str, Any]] = self.finished.rows()[requirement]["evidence"]
        return found


@pytest.fixture(scope="module", params=["bearer", "oauth"])
def found(
    request: pytest.FixtureRequest,
    run: Start,
    front: Callable[..., Front],
    describe: Start,
    authority: Authority,
    start_proxy: Callable[..., RealProxy],
    tmp_path_factory: pytest.TempPathFactory,
) -> Found:
    """Two headers, mutual TLS, a proxy with credentials, and tokens of either kind."""
    source = tokens()
    gate = front(
        needs_header("X-Tenant", "7"),
        needs_header("X-Context", SECRETS["VENDOR_CONTEXT"]),
        source.gate,
        tls=authority.server(NAME, asks=True),
        name=NAME,
    )
    proxy = start_proxy("--basic-auth", f"me:{SECRETS['VENDOR_PROXY']}")
    cert, key = authority.client()
    target = describe(
        gate.url,
        'headers = { "X-Tenant" = "7", "X-Context" = { env = "VENDOR_CONTEXT" } }',
        f'verify_tls = "{authority.bundle}"',
        f'client_cert = {{ cert = "{cert}", key = "{key}" }}',
        f'proxy = "{proxy.url.replace("//", "//me:" + SECRETS["VENDOR_PROXY"] + "@")}"',
        accounts=BEARER if request.param == "bearer" else oauth(f"{gate.url}/token"),
    )
    folder = tmp_path_factory.mktemp("files")
    names = {"--har": "run.har", "--junitxml": "junit.xml", "--sarif": "found.sarif"}
    files = [word for option, name in names.items() for word in (option, folder / name)]
    noise = ("--showlocals", "--tb=long", "-vv", "-rA")
    chosen = ("--requirement", "DEL,ERR-404-BODY,AUTH,CTRL-CONFIGURATION")
    finished = run("--target", target, "--yes", *files, *noise, *chosen, env=environment(**SECRETS))
    assert finished.code == 1, finished.output
    return Found(finished, gate, proxy, source, folder)


def spellings(secret: str) -> Iterator[str]:
    """Forms in which a secret might be written down."""
    yield from (secret, secret.upper(), quote(secret, safe=""), secret.encode().hex())
    for before in ("", ":", "me:"):
        yield base64.b64encode((before + secret).encode()).decode().rstrip("=")


def test_no_artefact_tells_a_secret(found: Found) -> None:
    """Reports, recording, JUnit, SARIF and terminal hold no token, client secret, proxy password or header value."""
    texts = [*found.texts()]
    secrets = [*HIDDEN, *found.source.issued, *(one[:60] for one in found.source.issued)]

    written = {"conformance.json", "conformance.html", "run.har", "junit.xml", "found.sarif"}
    assert written <= dict(texts).keys()
    assert [
        (name, form)
        for name, text in texts
        for secret in secrets
        for form in spellings(secret)
        if form in text
    ] == []


def test_the_secrets_were_sent(found: Found) -> None:
    """The secrets that are searched for were sent."""
    sent = "\n".join(f"{name}: {value}" for head in found.gate.seen for name, value in head.lines)

    assert SECRETS["VENDOR_CONTEXT"] in sent
    assert SECRETS["VENDOR_TOKEN_1"] in sent or found.source.issued
    assert any(
        form in sent
        for secret in (SECRETS["VENDOR_TOKEN_1"], *found.source.issued)
        for form in spellings(secret)
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_lines_repeat_the_request(found: Found) -> None:
    """The line of a breach, given to a shell with the variables that it names, shows the breach again."""
    piece = next(one for one in found.requests("ERR-404-BODY") if one["status"] == 404)
    line = piece["request"]
    named = set(re.findall(r"\$(\w+)", line))
    variables = SECRETS | {"PROXY_USER": "me", "PROXY_PASSWORD": SECRETS["VENDOR_PROXY"]}
    variables |= {"VENDOR_ID_1_TOKEN": found.source.issued[0]} if found.source.issued else {}

    done = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
        timeout=30,
        check=True,
    )

    assert named <= variables.keys()
    assert named >= {"VENDOR_CONTEXT", "PROXY_USER", "PROXY_PASSWORD"}
    assert "-H 'X-Tenant: 7'" in line
    head, _, body = done.stdout.rpartition("\n\n")
    assert " 404 " in head
    assert json.loads(body)["code"] == "20404"


def test_the_page_names_the_variables(found: Found) -> None:
    """The report names the variables that its lines need."""
    page = (found.finished.report / "conformance.html").read_text("utf-8")
    listed = page[page.index("as the environment variables") :][:600]

    assert all(f"<code>{name}</code>" in listed for name in ("VENDOR_CONTEXT", "PROXY_PASSWORD"))
    assert ACCOUNTS["MOCK_PASSWORD_1"] not in page
