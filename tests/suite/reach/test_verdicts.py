"""An endpoint is judged the same however it is reached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.suite.plugin.conftest import Finished, Mock, environment
from tests.suite.reach.conftest import (
    BEARER,
    NAME,
    SECRETS,
    Authority,
    RealProxy,
    oauth,
    second_region,
    tokens,
)
from tests.suite.reach.front import Front, below, needs_header

#: What every run judges; the last test of this module judges all.
SECTIONS = "HTTP,DEL,AUTH,CONC"
TENANT, CONTEXT = 'headers = { "X-Tenant" = "7" }', '{ env = "VENDOR_CONTEXT" }'

Start = Callable[..., Any]


def env(**more: str) -> dict[str, str]:
    """The environment of a run, with every secret of the tests."""
    return environment(**SECRETS, **more)


@pytest.fixture(scope="module")
def judged(run: Start, mock: Mock, describe: Start) -> Callable[..., dict[str, str]]:
    """The verdicts of a run; those of the mock reached without anything in between are known."""
    known: dict[str, dict[str, str]] = {}

    def of(target: Path | None = None, *options: str, **more: str) -> dict[str, str]:
        selected = options or ("--requirement", SECTIONS)
        if target is None:
            key = " ".join(selected)
            plain = describe(mock.base_url)
            known[key] = known.get(key) or verdicts(run("--target", plain, *selected))
            return known[key]
        return verdicts(run("--target", target, "--yes", *selected, env=env(**more)))

    return of


def verdicts(finished: Finished) -> dict[str, str]:
    """The verdict on every requirement of a run that found nothing."""
    assert finished.code == 0, finished.output
    return finished.verdicts()


def test_a_header_of_every_request(
    judged: Start, front: Callable[..., Front], describe: Start
) -> None:
    """A gateway that asks for headers gets each once, whatever a request is for."""
    gate = front(
        needs_header("X-Tenant", "7"), needs_header("X-Context", SECRETS["VENDOR_CONTEXT"])
    )
    headers = f'headers = {{ "X-Tenant" = "7", "X-Context" = {CONTEXT} }}'

    assert judged(describe(gate.url, headers)) == judged()
    assert {head.method for head in gate.seen} >= {"DELETE", "GET", "POST"}


def test_a_bearer_token(judged: Start, front: Callable[..., Front], describe: Start) -> None:
    """Two accounts that log in with tokens are two accounts."""
    gate = front(tokens().gate)

    assert judged(describe(gate.url, accounts=BEARER)) == judged()
    assert any(head.get("authorization").startswith("Bearer ") for head in gate.seen)


def test_tokens_that_expire_in_mid_run(
    judged: Start, front: Callable[..., Front], describe: Start
) -> None:
    """A token is renewed before it expires, so no request comes with an old one."""
    source = tokens(life=1.5, basic_only=True)
    gate = front(source.gate)

    assert judged(describe(gate.url, accounts=oauth(f"{gate.url}/token"))) == judged()
    assert len(source.issued) > 4


def test_credentials_of_each_region(
    judged: Start, mock: Mock, front: Callable[..., Front], describe: Start
) -> None:
    """Accounts with tokens here and client credentials there are the same accounts."""
    here, there = front(tokens().gate), front(tokens().gate, upstream=second_region(mock))
    region = f'[[regions]]\nbase_url = "{there.url}"\n'
    own = oauth(f"{there.url}/token").replace("[[accounts", "[[regions.accounts")
    plain = f'[[regions]]\nbase_url = "{second_region(mock)}"\n'
    options = ("--requirement", "AUTH,KEY-SCOPE")

    found = judged(describe(here.url, accounts=BEARER, regions=region + own), *options)

    assert found == judged(describe(mock.base_url, regions=plain), *options)
    given = {head.get("authorization").partition(" ")[0] for head in there.seen}
    assert given <= {"Bearer", ""}
    assert len({head.get("authorization") for head in there.seen}) > 2


def test_a_private_ca(
    judged: Start, front: Callable[..., Front], describe: Start, authority: Authority
) -> None:
    """A CA bundle of the profile's is trusted."""
    gate = front(tls=authority.server("localhost"), name="localhost")

    assert judged(describe(gate.url, f'verify_tls = "{authority.bundle}"')) == judged()


def test_mutual_tls(
    judged: Start, front: Callable[..., Front], describe: Start, authority: Authority
) -> None:
    """A server that asks for a client certificate gets the profile's."""
    gate = front(tls=authority.server("127.0.0.1", asks=True))
    cert, key = authority.client()
    lines = (
        f'verify_tls = "{authority.bundle}"',
        f'client_cert = {{ cert = "{cert}", key = "{key}" }}',
    )

    assert judged(describe(gate.url, *lines)) == judged()


def test_ipv6(judged: Start, front: Callable[..., Front], describe: Start) -> None:
    """An IPv6 address is an address."""
    gate = front(name="::1", address="::1")

    assert judged(describe(gate.url)) == judged()


def test_a_path_prefix(judged: Start, front: Callable[..., Front], describe: Start) -> None:
    """The contract's paths are appended to the base URL's."""
    gate = front(below("/vendor/api"), prefix="/vendor/api")

    assert judged(describe(f"{gate.url}/")) == judged()


def test_a_tunnel(
    judged: Start,
    front: Callable[..., Front],
    describe: Start,
    authority: Authority,
    start_proxy: Callable[..., RealProxy],
) -> None:
    """A proxy leads to a name that only it knows, and sees no more than where it leads."""
    gate = front(tls=authority.server(NAME), name=NAME)
    proxy = start_proxy()
    lines = (f'verify_tls = "{authority.bundle}"', f'proxy = "{proxy.url}"')

    assert judged(describe(gate.url, *lines)) == judged()
    assert set(proxy.requests()) == {
        f"CONNECT {NAME}:{gate.port} HTTP/1.1",
        f"Host: {NAME}:{gate.port}",
    }


def test_a_tunnel_with_credentials(
    judged: Start,
    front: Callable[..., Front],
    describe: Start,
    authority: Authority,
    start_proxy: Callable[..., RealProxy],
) -> None:
    """The environment names the proxy and its credentials, which go to it only."""
    gate = front(tls=authority.server(NAME), name=NAME)
    proxy = start_proxy("--basic-auth", f"me:{SECRETS['VENDOR_PROXY']}")
    address = proxy.url.replace("//", f"//me:{SECRETS['VENDOR_PROXY']}@")
    target = describe(gate.url, f'verify_tls = "{authority.bundle}"')

    assert judged(target, HTTPS_PROXY=address) == judged()
    assert proxy.requests()
    assert not any(head.get("proxy-authorization") for head in gate.seen)


def test_a_proxy_for_plain_http(
    judged: Start,
    front: Callable[..., Front],
    describe: Start,
    start_proxy: Callable[..., RealProxy],
) -> None:
    """Plain HTTP goes through a proxy with whole URLs; proxy.py joins header lines of one name."""
    gate = front(name=NAME)
    proxy = start_proxy("--basic-auth", f"me:{SECRETS['VENDOR_PROXY']}")
    address = proxy.url.replace("//", f"//me:{SECRETS['VENDOR_PROXY']}@")

    assert judged(describe(gate.url, f'proxy = "{address}"')) == judged()
    assert any("GET http" in line or "GET /" in line for line in proxy.requests())


def test_no_proxy_for_loopback(judged: Start, mock: Mock, describe: Start) -> None:
    """A loopback address is reached directly, whatever proxy profile and environment name."""
    gone = "http://127.0.0.1:9"
    target = describe(mock.base_url, f'proxy = "{gone}"')

    found = judged(target, "--requirement", "SID-UNKNOWN", HTTP_PROXY=gone, ALL_PROXY=gone)

    assert found == {"SID-UNKNOWN": "passed"}


def test_all_at_once(
    judged: Start,
    front: Callable[..., Front],
    describe: Start,
    authority: Authority,
    start_proxy: Callable[..., RealProxy],
) -> None:
    """Everything together, in two processes, gives the verdict on the whole contract that the mock gets alone."""
    source = tokens(life=4)
    gate = front(
        needs_header("X-Tenant", "7"),
        below("/api"),
        source.gate,
        tls=authority.server(NAME, asks=True),
        name=NAME,
        prefix="/api",
    )
    proxy = start_proxy("--basic-auth", f"me:{SECRETS['VENDOR_PROXY']}")
    cert, key = authority.client()
    target = describe(
        gate.url,
        TENANT,
        f'verify_tls = "{authority.bundle}"',
        f'client_cert = {{ cert = "{cert}", key = "{key}" }}',
        f'proxy = "{proxy.url.replace("//", "//me:" + SECRETS["VENDOR_PROXY"] + "@")}"',
        accounts=oauth(f"{gate.origin}/api/token"),
    )

    assert judged(target, "-n", "2") == judged(None, "-n", "2")
    assert len(source.issued) > 4
