"""Target profiles: each section is read as it is written, and each mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator_contract import profile
from orchestrator_contract.profile import ProfileError, Trigger
from orchestrator_contract.scope import Scope

BASE = '[target]\nbase_url = "http://127.0.0.1:9000/"\n'
WHOLE = """
[target]
name = "vendor staging"
base_url = "http://127.0.0.1:9000"
timeout_s = 3.5
verify_tls = false
origins = ["http://127.0.0.1:9009"]

[[accounts]]
username_env = "VENDOR_USER"
password_env = "VENDOR_PASSWORD"

[[accounts]]
username_env = "VENDOR_USER_2"
password_env = "VENDOR_PASSWORD_2"

[[regions]]
base_url = "http://127.0.0.1:9001/"

[provision]
mode = "create"
memory_store_id = "mem_store_01k1etk2y5f1y9fpe2epfdtvv2"

[faults.429]
burst = { requests = 200, concurrency = 50 }

[faults.500]
headers = { "X-Demo-Fault" = "500" }

[faults.409]
sid = "conv_configuration_01k1etk2y5f1y9fpe2epfdtvv2"

[operation_failure]
headers = { "X-Demo-Fault" = "operation" }

[clock]
advance_url = "http://127.0.0.1:9000/__clock"

[limits]
requests = 10
requests_per_second = 0
deletes = 3
poll_timeout_s = 2.5

[policy]
undocumented_statuses = [400, 401]
"""


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of two accounts in the environment, and none under the names of the Twilio tools."""
    for number in ("", "_2"):
        monkeypatch.setenv(f"VENDOR_USER{number}", f"SKvendor{number}")
        monkeypatch.setenv(f"VENDOR_PASSWORD{number}", f"vendor-secret{number}")
    for names in profile.CREDENTIAL_NAMES:
        for name in names:
            monkeypatch.delenv(name, raising=False)


def read(folder: Path, text: str) -> profile.Profile:
    """The profile that *text* describes."""
    path = folder / "vendor.toml"
    path.write_text(text, encoding="utf-8")
    return profile.from_file(path)


def test_every_section_is_read(tmp_path: Path) -> None:
    """A profile that uses every section of docs/profile.md is read as it is written."""
    found = read(tmp_path, WHOLE)

    assert (found.name, found.base_url, found.timeout_s, found.verify_tls) == (
        "vendor staging",
        "http://127.0.0.1:9000",
        3.5,
        False,
    )
    assert found.origins == ("http://127.0.0.1:9009",)
    assert [(one.username, one.password) for one in found.accounts] == [
        ("SKvendor", "vendor-secret"),
        ("SKvendor_2", "vendor-secret_2"),
    ]
    assert found.bases == ("http://127.0.0.1:9000", "http://127.0.0.1:9001")
    assert (found.provision.mode, found.provision.memory_store_id) == (
        "create",
        "mem_store_01k1etk2y5f1y9fpe2epfdtvv2",
    )
    assert found.faults == {
        429: Trigger(burst=(200, 50)),
        500: Trigger({"X-Demo-Fault": "500"}),
        409: Trigger(sid="conv_configuration_01k1etk2y5f1y9fpe2epfdtvv2"),
    }
    assert found.operation_failure == Trigger({"X-Demo-Fault": "operation"})
    assert found.clock_url == "http://127.0.0.1:9000/__clock"
    assert (
        found.limits.requests,
        found.limits.requests_per_second,
        found.limits.deletes,
        found.limits.poll_timeout_s,
    ) == (10, 0, 3, 2.5)
    assert found.tolerated == {400, 401}


WAYS = """
[target]
base_url = "https://gateway.example/api/"
headers = { "X-Tenant" = "7", "X-Context" = { env = "VENDOR_CONTEXT" }, Cookie = "a=b" }
proxy = "http://me:hidden%21@proxy.example:3128"

[[accounts]]
username_env = "VENDOR_USER"
password_env = "VENDOR_PASSWORD"
memory_store_id = "mem_store_first"

[[accounts]]
token_env = "VENDOR_TOKEN"

[[regions]]
base_url = "https://ie1.gateway.example"

[[regions]]
base_url = "https://au1.gateway.example"

[[regions.accounts]]
oauth = { token_url = "https://oauth.example/t", client_id_env = "VENDOR_ID", client_secret_env = "VENDOR_SECRET" }

[provision]
mode = "create"
memory_store_id = "mem_store_of_all"

[limits]
delete_requests = 7
configurations = 4
"""


@pytest.fixture
def more_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that `WAYS` names beside the two accounts."""
    for name in ("CONTEXT", "TOKEN", "ID", "SECRET"):
        hidden = "" if name == "ID" else "hidden-"
        monkeypatch.setenv(f"VENDOR_{name}", f"{hidden}{name.lower()}")


@pytest.mark.usefixtures("more_variables")
def test_ways_to_an_endpoint(tmp_path: Path) -> None:
    """Headers, a proxy, and credentials of each kind are read as they are written."""
    found = read(tmp_path, WAYS)

    assert [(one.name, one.value, one.variable) for one in found.headers] == [
        ("X-Tenant", "7", ""),
        ("X-Context", "hidden-context", "VENDOR_CONTEXT"),
        ("Cookie", "a=b", ""),
    ]
    assert found.proxy is not None
    assert (found.proxy.host, found.proxy.port, found.proxy.password) == (
        "proxy.example",
        3128,
        "hidden!",
    )
    assert [(one.scheme, one.names, one.key) for one in found.credentials] == [
        ("Basic", ("VENDOR_USER", "VENDOR_PASSWORD"), "accounts.0"),
        ("Bearer", ("VENDOR_TOKEN",), "accounts.1"),
        ("Bearer", ("VENDOR_ID", "VENDOR_SECRET"), "regions.1.accounts.0"),
    ]
    assert found.credentials[2].token_url == "https://oauth.example/t"
    assert (found.limits.delete_requests, found.limits.configurations) == (7, 4)
    assert "hidden" not in repr(found)


@pytest.mark.usefixtures("more_variables")
def test_credentials_of_a_scope(tmp_path: Path) -> None:
    """A region has the accounts' credentials, or its own; an account that it leaves out has none there."""
    found = read(tmp_path, WAYS)
    names = {
        (scope.region, scope.account): account.names
        for scope in (Scope(account, region) for region in range(3) for account in range(2))
        if (account := found.account(scope))
    }

    assert names == {
        (0, 0): ("VENDOR_USER", "VENDOR_PASSWORD"),
        (0, 1): ("VENDOR_TOKEN",),
        (1, 0): ("VENDOR_USER", "VENDOR_PASSWORD"),
        (1, 1): ("VENDOR_TOKEN",),
        (2, 0): ("VENDOR_ID", "VENDOR_SECRET"),
    }
    assert [(one.region, one.account) for one in found.scopes] == [*names]
    assert read(tmp_path, BASE).scopes == (Scope(),)
    assert not found.has(Scope(1, 2))
    assert not found.has(Scope(0, 3))
    assert found.shell_variables == (
        "VENDOR_USER",
        "VENDOR_PASSWORD",
        "VENDOR_TOKEN",
        "VENDOR_ID_TOKEN",
        "VENDOR_CONTEXT",
        "PROXY_USER",
        "PROXY_PASSWORD",
    )


ACCOUNT = "[[accounts]]\n"
OAUTH = (
    "oauth = { token_url = '{}', client_id_env = 'VENDOR_ID', client_secret_env = 'VENDOR_SECRET' }"
)


@pytest.mark.usefixtures("more_variables")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            BASE + ACCOUNT + "token_env = 'VENDOR_TOKEN'\nusername_env = 'VENDOR_USER'\n",
            "accounts.0.password_env is missing; accounts.0: expected username_env and "
            "password_env, or token_env, or oauth, found token_env, username_env",
        ),
        (
            BASE + ACCOUNT + "memory_store_id = 'x'\n",
            "accounts.0: expected username_env and password_env, or token_env, or oauth, "
            "found memory_store_id",
        ),
        (
            BASE + ACCOUNT + "username_env = 'VENDOR_USER'\n",
            "accounts.0.password_env is missing",
        ),
        (
            BASE + ACCOUNT + "token_env = 'NOT_SET'\n",
            "accounts.0.token_env: the environment variable NOT_SET is not set",
        ),
        (
            BASE + ACCOUNT + "oauth = { token_url = 'https://a.example' }\n",
            "accounts.0.oauth.client_id_env is missing; accounts.0.oauth.client_secret_env is miss",
        ),
        (
            BASE + ACCOUNT + OAUTH.replace("{}", "https://a.example:99999/t"),
            "accounts.0.oauth.token_url: expected an http(s) URL with a host",
        ),
        (
            BASE + ACCOUNT + OAUTH.replace("{}", "oauth.example.com/t"),
            "did you mean 'https://oauth.example.com/t'?",
        ),
        (
            BASE
            + "[[regions]]\nbase_url = 'http://r.example'\naccounts = [{token_env = 'VENDOR_TOKEN'}]",
            "regions.0.accounts: expected the credentials of at most 0 account(s)",
        ),
        (
            WAYS.replace('memory_store_id = "mem_store_first"\n', "")
            + ACCOUNT
            + "token_env = 'VENDOR_TOKEN'",
            "accounts.2: expected the credentials of another account, found those of accounts.1",
        ),
        (
            BASE + "headers = { Authorization = 'Bearer hidden' }\n",
            "found Authorization; a Bearer token goes into [[accounts]] token_env",
        ),
        (
            BASE + "headers = { 'Proxy-Authorization' = 'hidden' }\n",
            "a proxy's credentials go into its URL, [target] proxy",
        ),
        (BASE + "headers = { 'idempotency-key' = 'hidden' }\n", "found idempotency-key"),
        (BASE + "headers = { Host = 'hidden' }\n", "target.headers: expected no header that"),
        (BASE + "headers = { 'X-A' = '1', 'x-a' = '2' }\n", "expected each header once, found x-a"),
        (
            BASE + "headers = { 'X-A' = 7 }\n",
            "target.headers.X-A: expected text of printable ASCII or",
        ),
        (
            BASE + "headers = { 'X-A' = { env = 'not a name', or = 'hidden' } }\n",
            "target.headers.X-A: expected text of printable ASCII or",
        ),
        (BASE + "proxy = 'socks5://me:hidden@p:1'\n", "target.proxy: expected a match of"),
        (BASE + "proxy = 'http://me:hidden@:1'\n", "target.proxy: expected http://host:port"),
        (BASE + "client_cert = 'a.pem'\n", "target.client_cert: expected an object"),
        (BASE + "[limits]\nconfigurations = 0\n", "limits.configurations: expected at least 1"),
        ("[target]\nbase_url = 'me:hidden@a.example'\n", "target.base_url: expected"),
    ],
)
def test_mistakes_on_the_way(tmp_path: Path, text: str, said: str) -> None:
    """A wrong way to an endpoint is named by its key, without secrets."""
    with pytest.raises(ProfileError) as caught:
        read(tmp_path, text)

    assert said in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "VENDOR_CONTEXT",
            "a\nb",
            "target.headers.X-Context: expected printable ASCII characters in",
        ),
        ("VENDOR_TOKEN", "hidden token", "accounts.1.token_env: expected a token of visible ASCII"),
        (
            "VENDOR_PASSWORD",
            "a\udcff",
            "accounts.0.password_env: expected UTF-8 text in VENDOR_PASS",
        ),
    ],
)
@pytest.mark.usefixtures("more_variables")
def test_values_that_no_request_can_carry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    """They are refused with the profile, and not shown."""
    monkeypatch.setenv(variable, value)

    with pytest.raises(ProfileError) as caught:
        read(tmp_path, WAYS)

    assert said in str(caught.value)
    assert value not in str(caught.value)


def test_capabilities_follow_from_what_is_written(tmp_path: Path) -> None:
    """Each section that is there is a capability, and nothing else is."""
    assert read(tmp_path, WHOLE).capabilities == (
        "create",
        "credentials",
        "accounts",
        "regions",
        "fault.409",
        "fault.429",
        "fault.500",
        "operation_failure",
        "clock",
    )
    assert read(tmp_path, BASE).capabilities == ()


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    """A base URL alone is a profile; limits are those of docs/profile.md."""
    found = read(tmp_path, BASE)

    assert (found.name, found.base_url, found.timeout_s, found.verify_tls) == (
        "http://127.0.0.1:9000",
        "http://127.0.0.1:9000",
        10,
        True,
    )
    limits = found.limits
    assert (limits.requests, limits.requests_per_second, limits.deletes, limits.poll_timeout_s) == (
        5000,
        50,
        300,
        60,
    )


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    """A profile can be printed: passwords are not part of it."""
    assert "vendor-secret" not in repr(read(tmp_path, WHOLE))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[target", "is not TOML", id="no-toml"),
        pytest.param("", "target is missing", id="nothing"),
        pytest.param("[target]\nname = 'x'\n", "target.base_url is missing", id="no-base-url"),
        pytest.param(
            BASE + "[provison]\nmode = 'create'\n",
            "unknown key provison; expected one of accounts, clock",
            id="section-typo",
        ),
        pytest.param(
            BASE + "[limits]\nrequest = 3\n",
            "unknown key limits.request; expected one of configurations, delete_requests, deletes",
            id="key-typo",
        ),
        pytest.param(
            BASE + "[limits]\nrequests = 'many'\n", "limits.requests: expected", id="wrong-type"
        ),
        pytest.param(
            BASE + "[limits]\nrequests = -1\n", "limits.requests: expected", id="below-its-bound"
        ),
        pytest.param(
            BASE + "[limits]\npoll_timeout_s = 0\n",
            "limits.poll_timeout_s: expected",
            id="no-time-to-poll",
        ),
        pytest.param(
            BASE + "timeout_s = 0\n", "target.timeout_s: expected", id="no-time-to-answer"
        ),
        pytest.param(
            BASE + "[provision]\nmode = 'make'\n", "provision.mode: expected", id="unknown-mode"
        ),
        pytest.param(
            BASE + "[faults.418]\nsid = 'x'\n",
            "unknown key faults.418",
            id="fault-of-no-such-status",
        ),
        pytest.param(
            BASE + "[policy]\nundocumented_statuses = ['400']\n",
            "policy.undocumented_statuses.0: expected",
            id="status-as-text",
        ),
        pytest.param(
            BASE + "verify_tls = '/nowhere/ca.pem'\n",
            "target.verify_tls: expected",
            id="no-ca-bundle",
        ),
        pytest.param(
            "[target]\nbase_url = 'ftp://127.0.0.1'\n", "target.base_url", id="another-scheme"
        ),
        pytest.param(
            "[target]\nbase_url = 'http://127.0.0.1:99999'\n",
            "target.base_url: expected",
            id="no-port",
        ),
        pytest.param(
            BASE + "origins = ['http://127.0.0.1:99999']\n",
            "target.origins.0: expected",
            id="origin-with-no-port",
        ),
        pytest.param(
            BASE + "[clock]\nadvance_url = 'http://127.0.0.1:99999/x'\n",
            "clock.advance_url: expected",
            id="clock-with-no-port",
        ),
        pytest.param(
            BASE + "[[accounts]]\nusername_env = 'VENDOR_USER'\npassword_env = 'NOT_SET'\n",
            "accounts.0.password_env: the environment variable NOT_SET is not set",
            id="unset-variable",
        ),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, said: str) -> None:
    """A message names the file, the key and what was expected."""
    with pytest.raises(ProfileError) as caught:
        read(tmp_path, text)

    assert str(caught.value).startswith(f"{tmp_path / 'vendor.toml'}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[target]\nbase_url = 'http://user:hid/den@127.0.0.1'\n", id="base-url"),
        pytest.param("[target]\nbase_url = 'http://127.0.0.1?key=hidden'\n", id="query"),
        pytest.param(
            "[target]\nbase_url = 'http://user:hidden@127.0.0.1:99999'\n",
            id="base-url-without-port",
        ),
        pytest.param(BASE + "origins = ['http://user:hidden@127.0.0.1']\n", id="origin"),
        pytest.param(
            BASE + "[[regions]]\nbase_url = 'http://user:hidden@127.0.0.1'\n", id="region"
        ),
        pytest.param(
            BASE + "[clock]\nadvance_url = 'http://user:hidden@127.0.0.1/x'\n", id="clock"
        ),
        pytest.param(
            BASE + "[[accounts]]\nusername_env = 'VENDOR_USER'\npassword_env = 'hidden'\n",
            id="a-secret-for-its-name",
        ),
        pytest.param(
            BASE + "[[accounts]]\nusername_env = 'VENDOR_USER'\npassword_env = ['hidden']\n",
            id="a-list-for-a-name",
        ),
        pytest.param(
            BASE + "[[accounts]]\nusername_env = 'VENDOR_USER'\npassword = 'hidden'\n",
            id="no-such-key",
        ),
        pytest.param(BASE + "[faults.429]\nheaders = { 'X-Key' = \"hidden\\n\" }\n", id="header"),
        pytest.param(
            BASE + "[faults.429]\nheaders = { Authorization = 'hidden' }\n", id="credentials"
        ),
    ],
)
def test_mistakes_are_named_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Someone may have put a secret in the wrong place: it is not repeated."""
    monkeypatch.setenv("VENDOR_USER", "user")

    with pytest.raises(ProfileError) as caught:
        read(tmp_path, text)

    assert "hid" not in str(caught.value)
    assert "den" not in str(caught.value).replace("hidden", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Demo", "1\\r\\n\\r\\nDELETE /x HTTP/1.1"),
        ("X-Demo", "1\\n"),
        ("X-Demo", "1\\u0000"),
        ("X-Demo", "é"),
        ("X Demo", "1"),
        ("", "1"),
        ("X-Demo\\n", "1"),
        ("host", "x"),
        ("Authorization", "x"),
        ("Content-Length", "0"),
        ("TRANSFER-ENCODING", "chunked"),
        ("Connection", "x"),
        ("Idempotency-Key", "00000000-0000-4000-8000-000000000000"),
        ("content-type", "text/plain"),
    ],
)
@pytest.mark.parametrize("where", ["faults.429", "operation_failure"])
def test_headers_stay_in_their_line(tmp_path: Path, where: str, name: str, value: str) -> None:
    """A header of the profile neither ends its line, nor is one that requests need or tests set."""
    with pytest.raises(ProfileError, match=rf"{where}\.headers"):
        read(tmp_path, BASE + f'[{where}]\nheaders = {{ "{name}" = "{value}" }}\n')


def test_several_mistakes_come_in_one_message(tmp_path: Path) -> None:
    """All mistakes of a profile are named at once."""
    with pytest.raises(ProfileError, match=r"(?s)(?=.*limits\.request;)(?=.*unknown key clocks)"):
        read(tmp_path, BASE + "[limits]\nrequest = 3\n[clocks]\nadvance_url = 'http://x'\n")


def test_a_bundle_of_nothing(tmp_path: Path) -> None:
    """A CA bundle that holds no certificate is refused with the profile, before any connection."""
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")

    with pytest.raises(ProfileError, match=r"target\.verify_tls: expected a CA bundle in PEM"):
        read(tmp_path, BASE + f"verify_tls = '{tmp_path / 'ca.pem'}'\n")


def test_no_text(tmp_path: Path) -> None:
    """A file that is no text, and one that is not there, are named."""
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(ProfileError, match=r"binary\.toml: is not UTF-8 text"):
        profile.from_file(path)
    with pytest.raises(ProfileError, match=r"none\.toml: can't be read"):
        profile.from_file(tmp_path / "none.toml")


def test_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL is a profile with create mode; an API key comes before an account's token."""
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC1")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "0f1e2d3c")
    by_token = profile.from_url("http://127.0.0.1:9000/")
    monkeypatch.setenv("TWILIO_API_KEY", "SK1")
    monkeypatch.setenv("TWILIO_API_SECRET", "secret")

    by_key = profile.from_url("http://127.0.0.1:9000/")

    assert (by_token.accounts[0].username, by_key.accounts[0].username) == ("AC1", "SK1")
    assert by_key.accounts[0].names == ("TWILIO_API_KEY", "TWILIO_API_SECRET")
    assert (by_key.base_url, by_key.provision.mode) == ("http://127.0.0.1:9000", "create")


def test_one_account_as_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same credentials twice are refused, under whatever variables, and not shown; another password is another key."""
    for name, value in {
        "U1": "hidden-user",
        "P1": "hidden",
        "U2": "hidden-user",
        "P2": "hidden",
        "P3": "other",
    }.items():
        monkeypatch.setenv(name, value)
    entry = "[[accounts]]\nusername_env = '{}'\npassword_env = '{}'\n"

    with pytest.raises(
        ProfileError,
        match=r"accounts\.2: expected the credentials of another account, found those of accounts\.0",
    ) as caught:
        read(
            tmp_path,
            BASE + entry.format("U1", "P1") + entry.format("U1", "P3") + entry.format("U2", "P2"),
        )

    assert "hidden" not in str(caught.value)
    assert (
        len(read(tmp_path, BASE + entry.format("U1", "P1") + entry.format("U2", "P3")).accounts)
        == 2
    )


@pytest.mark.parametrize(
    ("regions", "said"),
    [
        (
            ["http://127.0.0.1:9000/"],
            r"regions\.0\.base_url: expected another address than target\.base_url",
        ),
        (
            ["http://a.example/x", "http://b.example", "http://A.example:80/x/"],
            r"regions\.2\.base_url: expected another address than regions\.0\.base_url",
        ),
    ],
)
def test_one_address_as_two(tmp_path: Path, regions: list[str], said: str) -> None:
    """The address of the target or of another region is refused for a region, however it is written."""
    with pytest.raises(ProfileError, match=said):
        read(tmp_path, BASE + "".join(f"[[regions]]\nbase_url = '{url}'\n" for url in regions))


@pytest.mark.parametrize(
    "url",
    ["http://", "gopher://127.0.0.1", "http://127.0.0.1:0", "http://[::1", "http://127.0.0.1:x"],
)
def test_no_url(url: str) -> None:
    """A text that is no http(s) URL is refused, and shown."""
    with pytest.raises(ProfileError, match="neither an http"):
        profile.from_url(url)


def test_no_url_with_credentials() -> None:
    """They are left out of what is shown."""
    with pytest.raises(
        ProfileError, match=r"'http://\*\*\*@127\.0\.0\.1:bad port/' is neither"
    ) as caught:
        profile.from_url("http://user:hidden@127.0.0.1:bad port/")

    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1/?a=hidden", "http://127.0.0.1/v1#hidden"])
def test_a_url_that_nothing_can_be_appended_to(url: str) -> None:
    """A query or fragment would take in the paths of the contract."""
    with pytest.raises(ProfileError, match="without query and fragment") as caught:
        profile.from_url(url)

    assert "hidden" not in str(caught.value)


def test_credentials_in_a_url() -> None:
    """Credentials in a URL are refused without repeating them."""
    with pytest.raises(ProfileError, match="credentials don't belong in the URL") as caught:
        profile.from_url("http://SK1:hidden@127.0.0.1")

    assert "hidden" not in str(caught.value)
