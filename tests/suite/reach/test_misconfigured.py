"""A wrong way to an endpoint is one message that names the key; exit code 4."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.suite.plugin.conftest import Canned, Finished, Mock, canned, environment
from tests.suite.reach.conftest import (
    BASIC,
    BEARER,
    NAME,
    SECRETS,
    Authority,
    RealProxy,
    oauth,
    tokens,
)
from tests.suite.reach.front import Front, Head, below, needs_header, response

__all__ = ["canned"]

Start = Callable[..., Any]


@pytest.fixture
def refused(run: Start) -> Callable[..., str]:
    """The message of a run that can't begin; secrets of the tests are set unless *env* says otherwise."""

    def of(target: object, *options: str, **env: str) -> str:
        variables = {name: value for name, value in {**SECRETS, **env}.items() if value}
        finished = run("--target", target, "--yes", *options, env=environment(**variables))
        return message(finished)

    return of


def message(finished: Finished) -> str:
    """The run's one message, without secrets."""
    assert finished.code == 4, finished.output
    assert not any(value in finished.output for value in SECRETS.values() if "w0rds" in value)
    [error] = [line for line in finished.output.splitlines() if line.startswith("ERROR: ")]
    assert "unverified" not in finished.output
    return error.removeprefix("ERROR: ")


# -------------------------------------------------------------------- headers and credentials


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_missing_header(
    refused: Start, front: Callable[..., Front], describe: Start, status: int
) -> None:
    """The gateway's own words come with the key that headers go into."""

    def gate(head: Head, body: bytes) -> bytes:
        return response(status, {"message": "X-Tenant header is required"})

    said = refused(describe(front(gate).url))

    assert f"with {status}: X-Tenant header is required" in said
    assert "[target] headers" in said


def test_an_unset_variable_of_a_header(refused: Start, describe: Start) -> None:
    """The variable and its key are named."""
    path = describe("http://127.0.0.1:9", 'headers = { "X-Context" = { env = "VENDOR_CONTEXT" } }')

    said = refused(path, VENDOR_CONTEXT="")

    assert said == (
        f"{path}: target.headers.X-Context.env: the environment variable VENDOR_CONTEXT is not set"
    )


def test_a_wrong_password(refused: Start, front: Callable[..., Front], describe: Start) -> None:
    """A 401 names the variables that were read, and quotes the endpoint."""
    said = refused(describe(front().url), MOCK_PASSWORD_1="wrong")

    assert "refuses the given credentials with 401: Authenticate" in said
    assert "(read from MOCK_USER_1 and MOCK_PASSWORD_1, accounts.0)" in said


def test_a_wrong_token(refused: Start, front: Callable[..., Front], describe: Start) -> None:
    """Of a second account, too: what it is refused would else look as if it were its rights."""
    path = describe(front(tokens().gate).url, accounts=BEARER)

    assert "read from VENDOR_TOKEN_1, accounts.0)" in refused(path, VENDOR_TOKEN_1="wrong")
    assert "read from VENDOR_TOKEN_2, accounts.1)" in refused(path, VENDOR_TOKEN_2="wrong")


def test_no_credentials(refused: Start, front: Callable[..., Front], describe: Start) -> None:
    """A profile without accounts, and a URL with nothing in the environment, say so."""
    url = front().url

    assert "no [[accounts]] in the profile" in refused(describe(url, accounts=""))
    assert "TWILIO_API_KEY and TWILIO_API_SECRET" in refused(url, HOME="/nowhere")


def test_credentials_of_a_region(
    refused: Start, front: Callable[..., Front], describe: Start
) -> None:
    """Variables of a region are checked, too, and named by their key."""
    region = f'[[regions]]\nbase_url = "{front().url}"\n'
    path = describe(front().url, regions=region + BASIC.replace("[[accounts", "[[regions.accounts"))
    text = path.read_text("utf-8")
    head, accounts, rest = text.rpartition("[[regions.accounts]]")
    path.write_text(head + accounts + rest.replace("MOCK_PASSWORD_2", "VENDOR_TOKEN_2"), "utf-8")

    said = refused(path)

    assert "read from MOCK_USER_2 and VENDOR_TOKEN_2, regions.0.accounts.1)" in said


# -------------------------------------------------------------------- tokens


def test_a_client_that_is_not_known(
    refused: Start, front: Callable[..., Front], describe: Start
) -> None:
    """The token endpoint's error comes with the key and the variables."""
    gate = front(tokens().gate)

    said = refused(
        describe(gate.url, accounts=oauth(f"{gate.url}/token")), VENDOR_SECRET_1="another-secret"
    )

    assert "accounts.0.oauth: expected a token from " in said
    assert "VENDOR_ID_1 and VENDOR_SECRET_1" in said
    assert "found 401: Who is this?" in said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(response(404, "<h1>Not here</h1>", "text/html"), "404: Not here", id="page"),
        pytest.param(response(200, {}), "found 200", id="no-token"),
        pytest.param(response(200, {"access_token": 7}), "found 200", id="a-number"),
        pytest.param(
            response(200, {"access_token": "a\r\nX: 1"}), "no Bearer token", id="line-breaks"
        ),
        pytest.param(
            response(200, {"access_token": "abc", "token_type": "mac"}),
            "no Bearer token ('mac')",
            id="of-another-kind",
        ),
        pytest.param(b"nonsense\r\n\r\n", "found no response: not a well-formed", id="no-http"),
        pytest.param(b"", "found no response: the connection was closed", id="nothing"),
    ],
)
def test_a_token_endpoint_that_gives_none(
    refused: Start,
    front: Callable[..., Front],
    describe: Start,
    canned: Callable[..., Canned],
    answer: bytes,
    said: str,
) -> None:
    """The message names the key, whatever the token endpoint returns."""

    def act(connection: socket.socket, number: int) -> None:
        while b"client_secret" not in connection.recv(65536):
            pass
        connection.sendall(answer)

    found = refused(describe(front().url, accounts=oauth(f"{canned(act).url}/token")))

    assert "accounts.0.oauth: expected a token from http://127.0.0.1:" in found
    assert said in found


def test_a_token_endpoint_that_is_not_there(
    refused: Start, front: Callable[..., Front], describe: Start
) -> None:
    """For a closed port the message gives the system's reason."""
    found = refused(describe(front().url, accounts=oauth("http://127.0.0.1:9/token")))

    assert "accounts.0.oauth" in found
    assert "no connection to 127.0.0.1:9: Connection refused" in found


# -------------------------------------------------------------------- TLS


def test_an_unknown_ca(
    refused: Start, front: Callable[..., Front], describe: Start, authority: Authority
) -> None:
    """A certificate of a private CA leads to verify_tls."""
    said = refused(describe(front(tls=authority.server("127.0.0.1")).url))

    assert "can't be reached" in said
    assert "its certificate is not trusted: unable to get local issuer certificate" in said
    assert "[target] verify_tls" in said


def test_another_name(
    refused: Start, front: Callable[..., Front], describe: Start, authority: Authority
) -> None:
    """So does a certificate for another name."""
    gate = front(tls=authority.server("elsewhere.test"))

    said = refused(describe(gate.url, f'verify_tls = "{authority.bundle}"'))

    assert "its certificate is not trusted: IP address mismatch" in said
    assert "[target] verify_tls" in said


@pytest.mark.parametrize("given", ["none", "a-stranger's"])
def test_a_client_certificate(
    refused: Start,
    front: Callable[..., Front],
    describe: Start,
    authority: Authority,
    stranger: Authority,
    given: str,
) -> None:
    """A server that asks for a certificate and gets none, or one that it does not trust, leads to client_cert."""
    gate = front(tls=authority.server("127.0.0.1", asks=True))
    cert, key = stranger.client()
    lines = [f'verify_tls = "{authority.bundle}"']
    lines += [f'client_cert = {{ cert = "{cert}", key = "{key}" }}'] if given != "none" else []

    said = refused(describe(gate.url, *lines))

    assert "[target] client_cert" in said


def test_the_wrong_scheme(refused: Start, mock: Mock, describe: Start) -> None:
    """https where plain HTTP is spoken leads to base_url."""
    said = refused(describe(mock.base_url.replace("http:", "https:")))

    assert "no TLS is spoken there" in said
    assert "[target] base_url" in said


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (['client_cert = { cert = "{cert}" }'], "target.client_cert: expected a certificate and"),
        (
            ['client_cert = { cert = "{cert}", key = "{none}" }'],
            "target.client_cert.key: expected a file, found",
        ),
        (
            ['client_cert = { cert = "{cert}", key = "{other}" }'],
            "(KEY_VALUES_MISMATCH)",
        ),
        (['verify_tls = "{none}"'], "target.verify_tls: expected true, false or a CA bundle"),
        (['verify_tls = "{key}"'], "target.verify_tls: expected a CA bundle in PEM"),
    ],
    ids=["no-key", "no-key-file", "another-key", "no-bundle-file", "no-bundle"],
)
def test_files(
    refused: Start,
    describe: Start,
    authority: Authority,
    stranger: Authority,
    lines: list[str],
    said: str,
) -> None:
    """Files of certificates are looked at before anything is sent."""
    cert, key = authority.client()
    names = {"cert": cert, "key": key, "other": stranger.client()[1], "none": "/nowhere.pem"}
    for name, path in names.items():
        lines = [line.replace(f"{{{name}}}", str(path)) for line in lines]
    if said.endswith("certificate and"):
        cert.write_bytes(cert.read_bytes().partition(b"-----BEGIN RSA")[0])

    assert said in refused(describe("https://127.0.0.1:9", *lines))


def test_a_key_with_a_passphrase(
    refused: Start, describe: Start, authority: Authority, tmp_path: Path
) -> None:
    """A passphrase is not asked for."""
    from cryptography.hazmat.primitives import serialization

    cert, key = authority.client("locked")
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    line = f'client_cert = {{ cert = "{cert}", key = "{key}" }}'

    assert "the key without a passphrase" in refused(describe("https://127.0.0.1:9", line))


# -------------------------------------------------------------------- proxies


def test_a_proxy_that_asks_for_credentials(
    refused: Start,
    front: Callable[..., Front],
    describe: Start,
    authority: Authority,
    start_proxy: Callable[..., RealProxy],
) -> None:
    """A refused proxy log-in names the profile's key, tunnel or not."""
    proxy = start_proxy("--basic-auth", f"me:{SECRETS['VENDOR_PROXY']}")
    trust = f'verify_tls = "{authority.bundle}"'
    secure, plain = front(tls=authority.server(NAME), name=NAME), front(name=NAME)

    by_profile = refused(describe(secure.url, trust, f'proxy = "{proxy.url}"'))
    by_environment = refused(describe(secure.url, trust), HTTPS_PROXY=proxy.url)
    without_tunnel = refused(describe(plain.url), http_proxy=proxy.url)

    assert f"the proxy {proxy.url} ([target] proxy) refuses with 407" in by_profile
    assert "credentials for it go into [target] proxy" in by_profile
    assert "credentials for it go into HTTPS_PROXY" in by_environment
    assert "credentials for it go into http_proxy" in without_tunnel


def test_a_proxy_that_is_not_there(refused: Start, describe: Start) -> None:
    """It is distinguished from an endpoint that is unreachable."""
    said = refused(describe(f"https://{NAME}", 'proxy = "http://127.0.0.1:9"'))

    assert "no connection to the proxy http://127.0.0.1:9 ([target] proxy): Connection" in said


def test_a_proxy_that_can_not_reach_the_endpoint(
    refused: Start, describe: Start, start_proxy: Callable[..., RealProxy]
) -> None:
    """The proxy's error is quoted."""
    proxy = start_proxy()

    said = refused(describe(f"https://{NAME}:9", f'proxy = "{proxy.url}"'))

    assert f"the proxy {proxy.url} ([target] proxy) refuses with 502" in said


def test_a_proxy_of_another_kind(refused: Start, describe: Start) -> None:
    """SOCKS is not spoken; the variable is named, its value is not shown."""
    said = refused(describe(f"https://{NAME}"), ALL_PROXY="socks5://me:hidden@127.0.0.1:9")

    assert "ALL_PROXY: expected http://host:port" in said
    assert "hidden" not in said


def test_no_proxy(refused: Start, describe: Start) -> None:
    """NO_PROXY keeps a name from the proxy, so that it has to have an address here."""
    said = refused(
        describe(f"https://{NAME}"), HTTPS_PROXY="http://127.0.0.1:9", NO_PROXY="a.b,.test"
    )

    assert "127.0.0.1:9" not in said
    assert f"{NAME}:443" in said


# -------------------------------------------------------------------- addresses


def test_a_prefix_left_out(refused: Start, front: Callable[..., Front], describe: Start) -> None:
    """A base URL that lacks its path is doubted where nothing is found below it."""
    gate = front(below("/api"), prefix="/api")

    said = refused(describe(gate.origin))

    assert "/v2/ControlPlane/Configurations answers 404: no such route" in said
    assert "[target] base_url" in said


def test_a_redirect(refused: Start, front: Callable[..., Front], describe: Start) -> None:
    """Where every request is sent elsewhere, that is where the base URL should lead."""

    def gate(head: Head, body: bytes) -> bytes:
        return b"HTTP/1.1 301 Moved\r\nLocation: https://x.example/\r\nContent-Length: 0\r\n\r\n"

    said = refused(describe(front(gate).url))

    assert "301, which leads to https://x.example/" in said
    assert "[target] base_url" in said


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("conversations.example.com", "did you mean 'https://conversations.example.com'?"),
        ("localhost:8080/api", "did you mean 'http://localhost:8080/api'?"),
        ("127.0.0.1:9000", "did you mean 'http://127.0.0.1:9000'?"),
        ("[::1]:9000", "did you mean 'http://[::1]:9000'?"),
        ("https:/a.example.com", "did you mean 'https://a.example.com'?"),
        ("https://a.example/v2/ControlPlane/Configurations", "did you mean 'https://a.example'?"),
        ("https://a.example/x/v2/controlplane/", "did you mean 'https://a.example/x'?"),
    ],
)
def test_what_was_meant(refused: Start, target: str, said: str) -> None:
    """A URL without a scheme, or with the contract's path, is met with what was meant."""
    assert said in refused(target)


def test_what_was_meant_in_a_profile(refused: Start, describe: Start) -> None:
    """There, too, with file and key."""
    path, other = describe("a.example.com"), describe("https://a.example/v2/ControlPlane")

    assert refused(path).startswith(f"{path}: target.base_url: expected ")
    assert refused(path).endswith("did you mean 'https://a.example.com'?")
    assert refused(other).startswith(f"{other}: target.base_url: the contract's path ")
    assert refused(other).endswith("did you mean 'https://a.example'?")


def test_nothing_listens_on_ipv6(refused: Start, describe: Start) -> None:
    """The address is shown as it stands in a URL."""
    assert "no connection to [::1]:9: Connection refused" in refused(describe("http://[::1]:9"))


def test_the_report_says_why(run: Start, front: Callable[..., Front], describe: Start) -> None:
    """A run that can't begin leaves a report that is incomplete, with the reason."""

    def gate(head: Head, body: bytes) -> bytes | None:
        return needs_header("X-Tenant", "7")(head, body)

    finished = run("--target", describe(front(gate).url))
    report = json.loads((finished.report / "conformance.json").read_text("utf-8"))

    assert finished.code == 4
    assert report["verdict"] == "incomplete"
    assert "X-Tenant header is required" in report["reason"]
