"""Small parts of the way to an endpoint: shell lines, what a response says, wrong credentials, consent, journals."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import replace

import pytest

from orchestrator_contract.coordination.journal import account_labels
from orchestrator_contract.http.json_text import words_of
from orchestrator_contract.http.proxies import Proxy
from orchestrator_contract.http.response import Response
from orchestrator_contract.http.shell import curl_line
from orchestrator_contract.inputs.wrong_credentials import one_character_more, wrong_credentials
from orchestrator_contract.profile import Account, Profile
from orchestrator_contract.pytest_plugin import plan

# -------------------------------------------------------------------- shell lines


def test_names_of_headers_are_no_commands() -> None:
    """A header may have a name that a shell would run; its line is one word all the same."""
    line = curl_line(
        "GET",
        "http://x/",
        [("X-`id`$A", "***"), ("X-Plain", "***")],
        None,
        variables={"x-`id`$a": "SECRET", "x-plain": "SECRET"},
    )

    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {line}"],
        capture_output=True,
        text=True,
        check=True,
        env={"SECRET": "it's one"},
    )

    assert done.stdout.splitlines()[5:9] == ["-H", "X-`id`$A: it's one", "-H", "X-Plain: it's one"]


@pytest.mark.parametrize(
    ("credentials", "word"),
    [
        (("USER", "PASSWORD"), '-u "$USER:$PASSWORD"'),
        (("TOKEN",), '-H "Authorization: Bearer $TOKEN"'),
        ((), "-H 'Authorization: ***'"),
    ],
)
def test_credentials_in_a_line(credentials: tuple[str, ...], word: str) -> None:
    """Two variables are a user's, one is a token's."""
    line = curl_line("GET", "http://x/", [("Authorization", "***")], None, credentials=credentials)

    assert word in line


# -------------------------------------------------------------------- what a response says


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"message": "X-Tenant header is required"}', ": X-Tenant header is required"),
        (b'{"message": "", "detail": "two\\nlines"}', ": two lines"),
        (b'{"error": "invalid", "error_description": "Why"}', ": Why"),
        (b'{"error": {"code": 5, "message": "inner"}}', ": inner"),
        (b'{"errors": [{"title": "first"}, {"title": "second"}]}', ": first"),
        (b'{"title": 7}', ""),
        (b'"text"', ": text"),
        (b"[]", ""),
        (b"plain\ttext", ": plain text"),
        (b"<html><head><title>x</title></head><body><p>No &amp;</p>\n<b>way</b>", ": No &amp; way"),
        (b"\x00\x01", ""),
        (b"\xff\xfe\xfd\xfc", ""),
        (b"", ""),
        (b"x" * 9000, ": " + "x" * 200 + "…"),
        (b"evil\x1b[1m", ": evil\\x1b[1m"),
    ],
)
def test_what_a_response_says(body: bytes, said: str) -> None:
    """JSON by its usual members, text as it is, pages without their markup; nothing of what is no text."""
    assert words_of(Response(400, "", [], body)) == said


def test_no_response_says_nothing() -> None:
    """There is nothing to quote."""
    assert words_of(None) == ""


# -------------------------------------------------------------------- wrong credentials


def values(right: str, other: str = "") -> list[str]:
    """The wrong values near the right one."""
    return [one.value for one in wrong_credentials(right, other)]


def test_wrong_credentials_are_wrong() -> None:
    """None of them is right, whatever the scheme, and each differs from the others."""
    right = "Basic " + base64.b64encode(b"user:Pass:word").decode()
    other = "Basic " + base64.b64encode(b"other:word").decode()

    for value, beside in ((right, other), (right, "Bearer x"), ("Bearer to.ken", right)):
        wrong = values(value, beside)
        assert value not in wrong
        assert len({*wrong}) == len(wrong)
    assert "Basic " + base64.b64encode(b"user:word").decode() in values(right, other)


def test_no_wrong_token_differs_in_its_last_character_alone() -> None:
    """Of a JWT's base64 the last character may say nothing."""
    right = "Bearer header.payload.signaturE"

    wrong = values(right)

    assert not [one for one in wrong if len(one) == len(right) and one[:-1] == right[:-1]]
    assert not any(one.endswith(right[6:]) for one in wrong)


def test_one_character_more() -> None:
    """It is put behind the password, or behind the token."""
    basic = one_character_more("Basic " + base64.b64encode(b"user:a:b").decode()).value

    assert base64.b64decode(basic.removeprefix("Basic ")) == b"user:a:bx"
    assert one_character_more("Bearer abc").value == "Bearer abcx"


# -------------------------------------------------------------------- consent and journals


def test_consent_for_what_only_a_proxy_reaches() -> None:
    """A name without an address here is elsewhere, if a proxy leads there; loopback is not."""
    target = Profile(
        "t", "https://endpoint.test", regions=("http://127.0.0.1:1",), proxy=Proxy.of("http://p:1")
    )

    assert plan.distant(target) == ["https://endpoint.test"]


def test_labels_of_accounts() -> None:
    """They tell credentials apart in every region, and stay when a secret is renewed."""
    first, second = Account("a", "1", ("U", "P")), Account("", "token", ("TOKEN",))
    there = Account("b", "2", ("U2", "P2"))
    plain = Profile("t", "http://a", accounts=(first, second), regions=("http://b",))
    renewed = replace(plain, accounts=(replace(first, password="3"), replace(second, password="4")))
    regional = replace(plain, region_accounts={1: (there,)})

    assert account_labels(plain) == account_labels(renewed)
    assert len({*account_labels(plain)}) == 2
    assert account_labels(regional)[0].startswith(f"{account_labels(plain)[0]}+")
    assert account_labels(regional)[1] == account_labels(plain)[1]
