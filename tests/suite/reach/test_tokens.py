"""Tokens: asked for once, renewed in time, and bounded where none is to be had."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from orchestrator_contract.exceptions import TokenError
from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.response import Response, TransportError, TransportFault
from orchestrator_contract.profile import Account, Header
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.sending.authorization import Authorization

ACCOUNT = Account(
    "id",
    "the-secret",
    ("ID", "SECRET"),
    "https://oauth.example:8443/v2/token?a=1",
    key="accounts.0",
)
ORIGIN = Origin("https", "oauth.example", 8443)


class Endpoint:
    """A token endpoint on a clock of its own."""

    def __init__(self, *answers: Response | TransportError | dict[str, Any]) -> None:
        self.now = 100.0
        self.asked: list[tuple[Origin, bytes]] = []
        self._answers = list(answers)
        self.redactor = Redactor()
        self.authorization = Authorization(
            self.send, lambda _: (Header("X-Tenant", "7"),), self.redactor, lambda: self.now
        )

    def send(self, origin: Origin, data: bytes) -> Response:
        """The next answer; the last one stays."""
        self.asked.append((origin, data))
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(found, TransportError):
            raise found
        return found if isinstance(found, Response) else answer(200, **found)

    def value(self, at: float) -> str:
        """The account's Authorization value at some time."""
        self.now = at
        return self.authorization.value(ACCOUNT)


def answer(status: int, **members: Any) -> Response:
    """An answer in JSON."""
    return Response(status, "", [], json.dumps(members).encode())


def token(value: str, **members: Any) -> dict[str, Any]:
    """The members of an answer that gives a token."""
    return {"access_token": value, "token_type": "Bearer", **members}


def test_the_request_for_a_token() -> None:
    """Client id and secret go to the token's URL in a form, with the profile's headers."""
    endpoint = Endpoint(token("abc", expires_in=60))

    assert endpoint.value(100) == "Bearer abc"
    origin, data = endpoint.asked[0]
    head, _, body = data.decode().partition("\r\n\r\n")
    lines = head.split("\r\n")
    assert origin == ORIGIN
    assert lines[0] == "POST /v2/token?a=1 HTTP/1.1"
    assert {"Host: oauth.example:8443", "X-Tenant: 7", f"Content-Length: {len(body)}"} < set(lines)
    assert dict(parse_qsl(body)) == {
        "grant_type": "client_credentials",
        "client_id": "id",
        "client_secret": "the-secret",
    }
    assert "the-secret" not in repr(data)


@pytest.mark.parametrize(
    ("life", "kept_until"),
    [
        pytest.param(3600, 3540, id="an-hour"),
        pytest.param(90, 60, id="short"),
        pytest.param("3", 2, id="in-a-text"),
        pytest.param(None, 240, id="not-said"),
        pytest.param(0, 240, id="none"),
        pytest.param(-5, 240, id="negative"),
        pytest.param("soon", 240, id="a-word"),
        pytest.param([1], 240, id="a-list"),
        pytest.param(1e300, 240, id="for-ever"),
    ],
)
def test_a_token_is_renewed_before_it_expires(life: object, kept_until: float) -> None:
    """A minute before its end, or with a third of its life to come."""
    endpoint = Endpoint(token("one", expires_in=life), token("two", expires_in=life))

    assert endpoint.value(100) == "Bearer one"
    assert endpoint.value(100 + kept_until - 0.01) == "Bearer one"
    assert endpoint.value(100 + kept_until) == "Bearer two"
    assert len(endpoint.asked) == 2


def test_a_client_that_logs_in_with_basic_credentials() -> None:
    """Where the form is refused, the other way of RFC 6749 is tried once, and kept."""
    account = Account("i d", "s:%", ("ID", "SECRET"), "https://oauth.example/t")
    endpoint = Endpoint(answer(401, error="invalid_client"), token("one", expires_in=3), token("2"))

    assert endpoint.authorization.value(account) == "Bearer one"
    endpoint.now += 3
    assert endpoint.authorization.value(account) == "Bearer 2"
    pair = base64.b64encode(b"i%20d:s%3A%25").decode()
    logins = [f"Authorization: Basic {pair}\r\n".encode() in data for _, data in endpoint.asked]
    assert logins == [False, True, True]
    assert b"client_secret" not in endpoint.asked[1][1]


def test_a_refusal_is_quoted_and_remembered() -> None:
    """It names key and variables, hides the secret, and is not asked for again at once."""
    refused = answer(401, error="invalid_client", error_description="the-secret is wrong")
    endpoint = Endpoint(refused)
    endpoint.redactor.secret("the-secret")
    said = (
        "accounts.0.oauth: expected a token from https://oauth.example:8443/v2/token?a=1 "
        "for the client in ID and SECRET, found 401: *** is wrong"
    )

    for at, asked in ((100, 2), (104.9, 2), (105, 4)):
        with pytest.raises(TokenError) as caught:
            endpoint.value(at)
        assert str(caught.value) == said
        assert len(endpoint.asked) == asked


def test_a_connection_that_fails() -> None:
    """The cause is part of the message; a token that is still valid is used on."""
    gone = TransportError(TransportFault.CONNECT, "no connection to oauth.example:8443: refused")
    endpoint = Endpoint(token("one", expires_in=90), gone, token("two"))

    assert endpoint.value(100) == "Bearer one"
    with pytest.raises(TokenError, match=r"found no response: no connection to oauth\.example"):
        endpoint.value(200)
    assert endpoint.value(206) == "Bearer two"


def test_an_old_token_is_better_than_none() -> None:
    """A renewal that fails before the token's end is made up for later."""
    endpoint = Endpoint(token("one", expires_in=90), answer(503), token("two"))

    assert endpoint.value(100) == "Bearer one"
    assert endpoint.value(165) == "Bearer one"
    assert endpoint.value(167) == "Bearer one"
    assert endpoint.value(171) == "Bearer two"


def test_a_token_is_a_secret() -> None:
    """It is hidden from the moment that it came, long or short, whole or spoilt by a test."""
    long = "eyJhbGciOiJ" + base64.urlsafe_b64encode(bytes(range(256)) * 5).decode().rstrip("=")
    endpoint = Endpoint(token(long, expires_in=3), token("short-one.x"))

    endpoint.value(100)
    endpoint.value(103)

    clean = endpoint.redactor.text
    encoded = base64.b64encode(long.encode()).decode()
    assert clean(f"a {long} b {long}x c short-one.x d {encoded} e") == "a *** b *** c *** d *** e"


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_fixed_credentials(kind: str, endpoint_of: Callable[[], Endpoint]) -> None:
    """User and password, and a token from the environment, need no token endpoint."""
    account = (
        Account("user", "word", ("U", "P")) if kind == "basic" else Account("", "abc", ("TOKEN",))
    )
    endpoint = endpoint_of()

    value = endpoint.authorization.value(account)

    assert value == ("Basic dXNlcjp3b3Jk" if kind == "basic" else "Bearer abc")
    assert endpoint.asked == []


@pytest.fixture
def endpoint_of() -> Callable[[], Endpoint]:
    """A token endpoint that is not asked."""
    return lambda: Endpoint(answer(500))
