"""Exchanges: how a response is read, what of it is shown, and the shell line that repeats it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.json_text import MAX_DEPTH, parse_json
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.profile import Account, Profile
from orchestrator_contract.redaction import redactor as redactor_module
from orchestrator_contract.redaction import spellings
from orchestrator_contract.redaction.redactor import Redactor

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(b"{}", {}, id="object"),
        pytest.param(b" [1.5, null]\n", [1.5, None], id="blanks"),
        pytest.param('"é"'.encode(), "é", id="utf-8"),
        pytest.param(b"7", 7, id="number"),
        pytest.param(b"9" * 400, int("9" * 400), id="long-number"),
        pytest.param(b"9" * 401, float("inf"), id="number-without-end"),
        pytest.param(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None, id="deep"),
        pytest.param(
            b'{"a":' * (MAX_DEPTH - 1) + b"[]" + b"}" * (MAX_DEPTH - 1), None, id="deep-object"
        ),
    ],
)
def test_json(body: bytes, value: object) -> None:
    """One JSON text in UTF-8 of bounded depth is read as its value."""
    parsed = parse_json(body)

    assert parsed.error is None
    assert value is None or parsed.value == value


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b" \r\n", "empty", id="blank"),
        pytest.param(b"{} {}", "not JSON: Extra data: line 1 column 4 (char 3)", id="two-texts"),
        pytest.param(b"[NaN]", "not JSON: NaN is not JSON", id="nan"),
        pytest.param(b"-Infinity", "not JSON: -Infinity is not JSON", id="infinity"),
        pytest.param(b'{"a": "\xff"}', "not UTF-8: invalid start byte at byte 7", id="latin-1"),
        pytest.param(
            b"\xef\xbb\xbf{}",
            "not JSON: Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)",
            id="bom",
        ),
        pytest.param(
            b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested deeper than 64", id="too-deep"
        ),
        pytest.param(
            b'[1, {"a":' + b"[" * 64 + b"]" * 64 + b"}, 2]",
            "nested deeper than 64",
            id="too-deep-in-the-middle",
        ),
        pytest.param(b"[" * 100_000, "nested deeper than 64", id="bottomless"),
    ],
)
def test_no_json(body: bytes, error: str) -> None:
    """Invalid JSON is classified by the reason."""
    parsed = parse_json(body)

    assert parsed.error == error
    assert parsed.value is None


def test_what_came_back(bench: Bench) -> None:
    """Header names are compared without case, several lines are one; the body is an object or counts as an empty one."""
    exchange = bench.exchange("delete", (202, {"a": 1}))
    assert exchange.response is not None
    exchange.response.headers += [("X-A", "1"), ("x-a", "2"), ("LOCATION", "/l")]

    assert exchange.headers == {"content-type": "application/json", "x-a": "1, 2", "location": "/l"}
    assert (exchange.status, exchange.object, exchange.outcome(), exchange.text) == (
        202,
        {"a": 1},
        "202",
        '{"a": 1}',
    )
    assert bench.exchange("delete", (202, [1])).object == {}


def test_nothing_came_back(bench: Bench) -> None:
    """Without an answer everything is empty, and the outcome says why."""
    exchange = bench.exchange("delete", TransportFault.TIMEOUT)

    assert (exchange.status, exchange.headers, exchange.object, exchange.text) == (None, {}, {}, "")
    assert exchange.json.error == "no response"
    assert exchange.outcome() == "no response (it was timeout)"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(b"x" * 2000, "x" * 2000, id="as-long-as-is-shown"),
        pytest.param(b"x" * 2001, "x" * 2000 + "…", id="longer"),
        pytest.param(b"a\xffb", "a\\xffb", id="no-utf-8"),
    ],
)
def test_the_body_for_showing(bench: Bench, body: bytes, text: str) -> None:
    """The body is shown up to a bound, and what is no text as escapes."""
    assert bench.exchange("delete", (404, body)).text == text


def test_headers_that_are_shown(bench: Bench) -> None:
    """The contract's headers, Date, Content-* and request ids are kept; whatever else came is not."""
    shown = dict.fromkeys(
        (
            "Operation-Id",
            "Retry-After",
            "Location",
            "X-Conflicting-Resource-Id",
            "Allow",
            "Date",
            "Idempotency-Key",
            "Content-Type",
            "Content-Language",
            "Request-Id",
            "X-Request-Id",
            "Twilio-Request-Id",
            "X-Twilio-Correlation-ID",
            "TraceId",
        ),
        "1",
    )
    hidden = dict.fromkeys(
        (
            "Set-Cookie",
            "Server",
            "X-Request-Id-Of",
            "My-Request-Id",
            "X-Content-Type",
            "Authorization",
        ),
        "1",
    )

    exchange = bench.exchange("delete", (404, b"", {**shown, **hidden, "Location": "l" * 400}))

    assert exchange.shown_headers() == {name.lower(): "1" for name in shown} | {
        "location": "l" * 300
    }


def shell(bench: Bench, headers: tuple[tuple[str, str], ...] = (), **changes: Any) -> Exchange:
    """An exchange that sent these headers."""
    exchange = bench.exchange("delete", (404, b""), request_headers=headers)
    for name, value in changes.items():
        setattr(exchange, name, value)
    return exchange


def words_of(line: str) -> list[str]:
    """The words that a shell makes of a line."""
    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {line}"],
        capture_output=True,
        check=True,
        env={"USER": "user", "PASSWORD": "pass word"},
    )
    return done.stdout.decode("latin-1").split("\0")[:-1]


def test_the_line_that_repeats_a_request(bench: Bench) -> None:
    """Method, headers and address stand in it; what curl adds itself does not, and credentials are variables."""
    headers = (
        ("Host", "x"),
        ("User-Agent", "u"),
        ("Accept", "application/json"),
        ("accept-encoding", "gzip"),
        ("Content-Length", "2"),
        ("Connection", "close"),
        ("Authorization", "***"),
        ("X-Empty", ""),
        ("X-Quote", "it's"),
        ("X-Odd", "a\\'\x01\xe9€"),
    )
    exchange = shell(bench, headers, credential_names=("USER", "PASSWORD"), request_body=b"{}")

    assert exchange.curl().startswith(
        "curl -isS --path-as-is -X DELETE -H 'Accept: application/json' -u \"$USER:$PASSWORD\" -H "
    )
    assert words_of(exchange.curl()) == [
        "curl",
        "-isS",
        "--path-as-is",
        "-X",
        "DELETE",
        "-H",
        "Accept: application/json",
        "-u",
        "user:pass word",
        "-H",
        "X-Empty;",
        "-H",
        "X-Quote: it's",
        "-H",
        "X-Odd: a\\'\x01\xe9" + "€".encode().decode("latin-1"),
        "--data-binary",
        "{}",
        "http://target.example/v2/ControlPlane/Configurations/sid",
    ]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        pytest.param("Basic Zm9v", ("USER", "PASSWORD"), id="made-for-a-test"),
        pytest.param("***", None, id="without-variables"),
    ],
)
def test_an_authorization_without_variables(
    bench: Bench, value: str, names: tuple[str, str] | None
) -> None:
    """A value that no variables hold is shown as it is."""
    line = shell(bench, (("Authorization", value),), credential_names=names).curl()

    assert f"-H 'Authorization: {value}'" in line
    assert " -u " not in line


@pytest.mark.parametrize(
    "url",
    [
        "http://x/a b",
        "http://x/$(id)",
        "http://x/'",
        "http://x/\n",
        "http://x/\x1b[1m",
        "http://x/ü\U0001f600",
    ],
)
def test_odd_addresses_stay_one_word(bench: Bench, url: str) -> None:
    """No address breaks out of its word, and none reaches a terminal as it is."""
    line = shell(bench, url=url, method="GET").curl()

    assert words_of(line)[5].encode("latin-1") == b"".join(
        c.encode("latin-1" if c < "\u0100" else "utf-8") for c in url
    )
    assert len(words_of(line)) == 6
    assert line.isprintable()
    assert line.isascii()


def test_a_body_that_is_no_text(bench: Bench) -> None:
    """Bytes that are no UTF-8 are shown as escapes."""
    assert "--data-binary 'a\\xff'" in shell(bench, request_body=b"a\xff").curl()


# -------------------------------------------------------------------- secrets

PASSWORD = 'p/a+s "w'


@pytest.fixture
def redactor() -> Redactor:
    """One that knows an account."""
    made = Redactor()
    made.add("user", PASSWORD)
    return made


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(PASSWORD, id="plain"),
        pytest.param(quote(PASSWORD), id="url"),
        pytest.param(quote(PASSWORD, safe=""), id="url-segment"),
        pytest.param('p/a+s \\"w', id="json"),
        pytest.param("".join(f"\\u{ord(c):04x}" for c in PASSWORD), id="json-escapes"),
        pytest.param("".join(f"%{ord(c):02X}" for c in PASSWORD), id="url-escapes"),
        pytest.param("".join(f"&#{ord(c)};" for c in PASSWORD), id="references"),
        pytest.param("p/a+s &quot;w", id="a-named-reference"),
        pytest.param('p\\/a+s%20\\"w', id="escapes-of-two-kinds"),
        pytest.param(PASSWORD.encode().hex(), id="hexadecimal"),
        pytest.param(base64.b64encode(f"user:{PASSWORD}".encode()).decode(), id="basic"),
        pytest.param(
            base64.b64encode(f"user:{PASSWORD}".encode()).decode().rstrip("="),
            id="basic-without-padding",
        ),
        pytest.param(base64.urlsafe_b64encode(PASSWORD.encode()).decode(), id="base64-url"),
        pytest.param(
            quote(base64.b64encode(PASSWORD.encode()).decode(), safe=""), id="base64-in-a-url"
        ),
    ],
)
def test_a_secret_in_any_form(redactor: Redactor, form: str) -> None:
    """Each form in which a secret travels is replaced, in text and in bytes."""
    assert redactor.text(f"a {form} b") == "a *** b"
    assert redactor.raw(b"\xff" + form.encode() + b"\x00") == b"\xff***\x00"


TOKEN = base64.b64encode(f"user:{PASSWORD}".encode()).decode()


@pytest.mark.parametrize(
    "secret",
    [PASSWORD, TOKEN, PASSWORD.encode().hex(), quote(PASSWORD, safe="")],
    ids=["plain", "basic", "hex", "url"],
)
@pytest.mark.parametrize("change", [str.upper, str.lower, str.swapcase])
def test_letter_case_hides_no_secret(
    redactor: Redactor, secret: str, change: Callable[[str], str]
) -> None:
    """A secret in another letter case is masked, too."""
    assert redactor.text(f"A {change(secret)} B") == "A *** B"


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz", '{"password": "'])
@pytest.mark.parametrize(
    "secret",
    [PASSWORD, TOKEN, f"Basic {TOKEN}", json.dumps(PASSWORD)[1:-1]],
    ids=["plain", "basic", "header", "json"],
)
@pytest.mark.parametrize(
    "encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["standard", "url"]
)
@pytest.mark.parametrize("times", [1, 2])
def test_a_secret_inside_of_base64(
    redactor: Redactor, before: str, secret: str, encode: Callable[[bytes], bytes], times: int
) -> None:
    """Wherever in a group of three bytes it begins, and encoded again, it does not come out."""
    text = f"{before}{secret}~~~~".encode()
    for _ in range(times):
        text = encode(text)

    shown = redactor.text(text.decode())

    assert "***" in shown
    # What is left is decoded from each place that it may begin at.
    left = [part[start:].rstrip("=") for part in shown.split("***") for start in range(4)]
    plain = [
        base64.b64decode(
            part[: len(part) // 4 * 4], altchars=b"-_" if "_" in part or "-" in part else None
        )
        for part in left
    ]
    if times == 1:
        assert not any(secret.encode()[2:-2] in one for one in plain)
    assert sum(map(len, left[::4])) <= len(text) - len(secret)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(TOKEN.encode().hex(), id="basic-in-hexadecimal"),
        pytest.param(PASSWORD[::-1], id="reversed"),
        pytest.param(TOKEN[::-1], id="basic-reversed"),
        pytest.param(f"user:{PASSWORD}"[::-1], id="pair-reversed"),
        pytest.param("".join(f"\\\\u{ord(c):04x}" for c in PASSWORD), id="json-in-json"),
        pytest.param(
            "".join(f"\\\\\\\\u{ord(c):04X}" for c in PASSWORD), id="json-in-json-in-json"
        ),
        pytest.param('p/a+s \\\\\\"w', id="a-quote-in-json-in-json"),
        pytest.param("".join(f"%25{ord(c):02x}" for c in PASSWORD), id="url-in-url"),
        pytest.param("".join(f"\\x{ord(c):02x}" for c in PASSWORD), id="hexadecimal-escapes"),
        pytest.param("".join(f"\\{ord(c):03o}" for c in PASSWORD), id="octal-escapes"),
        pytest.param("".join(f"&amp;#{ord(c)};" for c in PASSWORD), id="references-in-html"),
        pytest.param("p%2Fa%2Bs+%22w", id="form"),
        pytest.param("p%5Cu002fa%5Cu002bs%20%5C%22w", id="json-in-a-url"),
    ],
)
def test_a_secret_in_another_dress(redactor: Redactor, form: str) -> None:
    """Escapes of escapes, and what is read backwards, hide nothing."""
    assert redactor.text(f"a {form} b") == "a *** b"
    assert redactor.raw(b"\xff" + form.encode() + b"\x00") == b"\xff***\x00"


@pytest.mark.parametrize(
    "between",
    [
        "\0",
        "\n",
        "\r\n",
        "\x1b",
        "\x01",
        "\x7f",
        "\u0301",
        "\ufe0f",
        "\U000e0100",
        "\ufffd",
        "\u200b",
        chr(0xD800),
        "\\u0000",
        "\\n",
        "\\r\\n",
        "\\x1b",
        "\\u0301",
        "\\ud800",
        "\\\\u0000",
        "&#0;",
        "&#x301;",
        "%00",
        "%0a",
        "\u0301" * 3000,
    ],
    ids=ascii,
)
def test_something_between_the_letters(redactor: Redactor, between: str) -> None:
    """Invisible characters between its letters hide no secret, in text or bytes."""
    for secret in (PASSWORD, TOKEN):
        form = between.join(secret)

        assert redactor.text(f"a {form} b") == "a *** b"
        assert redactor.raw(f"a {form} b".encode("utf-8", "surrogatepass")) == b"a *** b"


def test_wide_characters(redactor: Redactor) -> None:
    """A secret in UTF-16 is hidden, too."""
    assert PASSWORD.encode("utf-16-le") not in redactor.raw(f"a {PASSWORD} b".encode("utf-16-le"))


@pytest.mark.parametrize(
    "text",
    [
        "conv_configuration_01k1etk2y5f1y9fpe2epfdtvv2",
        "9f1c2d3e-4b5a-4678-9abc-def012345678",
        "a test of W\nxy, z",
        "user said zyxw",
        "V3h5 dXNlcg== 777879",
        "w x y z",
    ],
)
def test_a_short_secret_hides_itself_alone(text: str) -> None:
    """Few characters stand in other words and ids by chance, so what is made of them is not looked for."""
    redactor = Redactor()
    redactor.add("user", "Wxyz")

    assert redactor.text(text) == text
    assert redactor.text("wXYZ") == "***"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"%41" * 325_000, id="url"),
        pytest.param(b"%25" * 325_000, id="escaped-signs"),
        pytest.param(b"\\" * 1_000_000, id="backslashes"),
        pytest.param(b"\\u0041" * 160_000, id="json"),
        pytest.param(b"&#x0000" * 140_000, id="references-without-end"),
        pytest.param(b"p\0" * 500_000, id="controls"),
        pytest.param(b"p/a+s" * 200_000, id="beginnings"),
    ],
)
def test_a_large_body_takes_a_moment(redactor: Redactor, body: bytes) -> None:
    """A large body is read a few times, whatever it holds."""
    started = time.process_time()

    assert redactor.raw(body) == body
    assert time.process_time() - started < 4


def test_many_secrets_in_a_large_body(redactor: Redactor) -> None:
    """Each of them is replaced."""
    started = time.process_time()

    assert redactor.raw(b'P%2fa+s \\"w;' * 75_000) == b"***;" * 75_000
    assert time.process_time() - started < 4


def test_escapes_around_a_secret_stay(redactor: Redactor) -> None:
    """Only what spells the secret is replaced, however the text around it is written."""
    assert (
        redactor.text(r"%41 \u0070/a+s \"w %42&amp;p%2Fa+s%20%22w\u0043")
        == r"%41 *** %42&amp;***\u0043"
    )


def test_a_secret_beyond_ascii() -> None:
    """Its bytes are found where they are read as latin-1, as those of headers and bodies are."""
    redactor = Redactor()
    redactor.add("user", "pässwörd")

    assert redactor.raw("a pässwörd b".encode()) == b"a *** b"
    assert redactor.text("a pässwörd b") == "a *** b"


def test_a_secret_learnt_while_another_thread_looks(
    redactor: Redactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret learned while patterns are made is masked from the next text on."""
    learns = threading.Thread(target=redactor.hide, args=({"learnt-meanwhile"},))
    others: list[str] = []
    looks = threading.Thread(target=lambda: others.append(redactor.text(PASSWORD)))

    def slowly(forms: Iterable[bytes]) -> re.Pattern[bytes] | None:
        made = spellings.any_of(forms)
        for thread in (learns, looks):
            if thread.ident is None:
                thread.start()
                thread.join(0.1)
        return made

    monkeypatch.setattr(redactor_module, "any_of", slowly)

    assert redactor.text("a text") == "a text"
    for thread in (learns, looks):
        thread.join()
    assert redactor.text("a learnt-meanwhile b") == "a *** b"
    assert others == ["***"]


def test_one_of_a_profile_knows_all_accounts() -> None:
    """And takes no word of any of its addresses for a secret."""
    target = Profile(
        "target",
        "http://127.0.0.1",
        origins=("http://origin-one.example",),
        accounts=(Account("one", "p/a+s", ("U", "P")), Account("two", "origin-one", ("U2", "P2"))),
    )
    made = target.redactor()

    assert made.text("p/a+s origin-one") == "*** origin-one"


def test_nothing_learned_hides_nothing() -> None:
    """Without a secret worth hiding no text changes."""
    redactor = Redactor()
    redactor.learn("Basic x")

    assert redactor.text("abc") == "abc"


def test_what_is_no_secret_stays(redactor: Redactor) -> None:
    """Users and other text stay, bytes are the same."""
    data = bytes(range(256))

    assert redactor.text("user: p/a+s") == "user: p/a+s"
    assert redactor.raw(data) == data
    assert Redactor().text("x") == "x"
    assert Redactor().raw(data) == data


def test_the_longest_form_is_replaced_first() -> None:
    """A secret that begins another one leaves nothing of it."""
    redactor = Redactor()
    redactor.add("u", "secret")
    redactor.add("u", "secret-longer")

    assert redactor.text("secret-longer secret") == "*** ***"


def test_short_secrets_are_no_secrets() -> None:
    """Secrets of three characters or fewer are not masked: they are in any text."""
    redactor = Redactor()
    redactor.add("u", "abc")
    redactor.add("u", "wxyz")

    assert redactor.text("abc wxyz") == "abc ***"


@pytest.mark.parametrize(
    ("authorization", "text"),
    [
        pytest.param("Basic c2VjcmV0", "x *** y", id="basic"),
        pytest.param("Bearer c2VjcmV0", "x *** y", id="bearer"),
        pytest.param("c2VjcmV0", "x c2VjcmV0 y", id="no-scheme"),
        pytest.param(None, "x c2VjcmV0 y", id="none"),
        pytest.param("", "x c2VjcmV0 y", id="empty"),
    ],
)
def test_credentials_made_for_a_test(
    redactor: Redactor, authorization: str | None, text: str
) -> None:
    """A test's Authorization value resembles the real one, and is masked, too."""
    redactor.learn(authorization)

    assert redactor.text("x c2VjcmV0 y") == text
    assert redactor.text(PASSWORD) == "***"


def test_the_password_of_made_credentials(redactor: Redactor) -> None:
    """An endpoint that decodes what a test sent may tell all but a character of the real one; users are no secrets."""
    redactor.learn("Basic " + base64.b64encode(f"user:{PASSWORD[:-1]}".encode()).decode())
    redactor.learn("Basic " + base64.b64encode(f"{PASSWORD}:user".encode()).decode())

    assert redactor.text(f"user said {PASSWORD[:-1]}") == "user said ***"


def test_a_scheme_is_no_secret(redactor: Redactor) -> None:
    """Only what follows the scheme is learned, with all its blanks."""
    redactor.learn("Basic one two")

    assert redactor.text("Basic one two, one, Basic") == "Basic ***, one, Basic"


def test_made_credentials_hide_nothing_of_answers() -> None:
    """A wrong password that is a word of the API, and the token of an empty pair, are no secrets: ids may hold either."""
    redactor = Redactor("http://127.0.0.1:9000")
    redactor.add("SKvendor", "conv1")
    for user, password in (("", ""), ("SKvendor", "conv"), ("SKvendor", "CONV1")):
        redactor.learn("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())

    assert redactor.text('{"id": "conv_configuration_0", "statusUrl": "/Operations/abcOg=="}') == (
        '{"id": "conv_configuration_0", "statusUrl": "/Operations/abcOg=="}'
    )
    assert redactor.text("it is conv1") == "it is ***"


@pytest.mark.parametrize(
    "secret",
    ["20404", "status", "COMPLETED", "Uration", "token", "null", "retry-after", "127.0", "http"],
)
def test_a_secret_that_is_a_word_of_the_api(secret: str) -> None:
    """A secret that stands in every response is hidden only where it is sent as a credential."""
    redactor = Redactor("http://127.0.0.1:9000")
    redactor.add("SKvendor", secret)
    response = '{"status": "COMPLETED", "nextToken": null, "statusUrl": "http://127.0.0.1:9000/v2", "related": {"configurationId": "x"}, "code": 20404}'

    assert redactor.text(response) == response
    pair = base64.b64encode(f"SKvendor:{secret}".encode()).decode()
    assert pair not in redactor.text(f"Authorization: Basic {pair}")


@pytest.mark.parametrize(
    "secret", ["password", "sesame", "0123456789abcdef0123456789abcdef", 'Zq7+sEc/ReT9&xKp=="w<y']
)
def test_a_secret_that_is_no_word_of_the_api(secret: str) -> None:
    """Anything else is hidden."""
    redactor = Redactor("http://127.0.0.1:9000")
    redactor.add("SKvendor", secret)

    assert secret not in redactor.text(f"it is {secret}, they say")
