"""Target profiles: each section is read as it is written, and each mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator_contract import profile
from orchestrator_contract.profile import ProfileError, Trigger

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
            "unknown key limits.request; expected one of deletes",
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
    ],
)
@pytest.mark.parametrize("where", ["faults.429", "operation_failure"])
def test_headers_stay_in_their_line(tmp_path: Path, where: str, name: str, value: str) -> None:
    """A header of the profile neither ends its line nor says where the request ends, where it goes and who sends it."""
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
    """What is no http(s) URL is refused, and shown."""
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
