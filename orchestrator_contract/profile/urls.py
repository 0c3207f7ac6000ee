"""Base URLs: the profile of one, errors in it, and suggestions."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from orchestrator_contract.http.addresses import names_loopback
from orchestrator_contract.profile.credentials import of_environment
from orchestrator_contract.profile.model import CREDENTIAL_NAMES, Profile, ProfileError, Provision

#: A host, by its look, with what may follow it; a name of one label has to come with a port.
_HOST = re.compile(
    r"(?:localhost|\[[0-9A-Fa-f:]+\]|[\w-]+(?:\.[\w-]+)+)(?::\d{1,5})?(?:/\S*)?\Z"
    r"|[\w-]+:\d{1,5}(?:/\S*)?\Z"
)
_SCHEME = re.compile(r"(https?):/?(?!/)(.+)", re.IGNORECASE)
_FILE = re.compile(r"\.(?:toml|tml|json|ya?ml|txt|cfg|ini|conf|env)\Z", re.IGNORECASE)
_CONTRACT_PATH = re.compile(r"/v2/(?:ControlPlane|Conversations)(?=/|\Z).*", re.IGNORECASE)


def from_url(url: str) -> Profile:
    """The profile of a bare URL: create mode, credentials of the environment."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ProfileError(
            f"--target: {shown_url(url)!r} is neither an http(s) URL nor a profile file"
            f"{suggestion(url)}"
        )
    if parts.username or parts.password:
        raise ProfileError(
            "--target: credentials don't belong in the URL; set "
            + " and ".join(CREDENTIAL_NAMES[0])
        )
    problem = problem_of_base(url)
    if parts.query or parts.fragment:
        problem = (
            "expected a base URL without query and fragment: the paths of the contract are "
            "appended to it"
        )
    if problem:
        raise ProfileError(f"--target: {shown_url(url)!r}: {problem}")
    account = of_environment()
    return Profile(
        name=url,
        base_url=url.rstrip("/"),
        accounts=(account,) if account else (),
        provision=Provision("create"),
    )


def is_url_key(key: str) -> bool:
    """True if the value at *key* of a profile is a URL that requests go to."""
    named = key.endswith(("base_url", "token_url", "advance_url")) or ".origins." in key
    return named and ".headers." not in key


def shown_url(url: str) -> str:
    """*url* without user and query, which may be secrets, for a message."""
    return re.sub(
        r"[?#].*", "?***", re.sub(r"(?<=//).*@", "***@", url, flags=re.DOTALL), flags=re.DOTALL
    )


def suggestion(text: str) -> str:
    """The URL that *text* may mean, for the end of a message, or nothing."""
    scheme = _SCHEME.fullmatch(text)
    if scheme:
        return _did_you_mean(f"{scheme[1].lower()}://{scheme[2]}")
    if not _HOST.match(text) or _FILE.search(text):
        return ""
    host = urlsplit(f"//{text}").hostname or ""
    return _did_you_mean(f"{'http' if names_loopback(host) else 'https'}://{text}")


def problem_of_base(url: str) -> str:
    """Why the contract's paths can't be appended to *url*; empty if they can."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    found = _CONTRACT_PATH.search(path)
    if not found:
        return ""
    base = url[: url.index(found[0])]
    return (
        f"the contract's path {found[0][:60]!r} is in it already and is appended to it"
        f"{_did_you_mean(base)}"
    )


def _did_you_mean(url: str) -> str:
    return f"; did you mean {shown_url(url)!r}?"
