"""The profile of a bare URL, and of what --target names: a URL or a file."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from orchestrator_contract.profile.base_urls import problem_of_base, shown_url, suggestion
from orchestrator_contract.profile.credentials import of_environment
from orchestrator_contract.profile.from_toml import from_file
from orchestrator_contract.profile.model import CREDENTIAL_NAMES, Profile, ProfileError, Provision


def load(target: str) -> Profile:
    """The profile that *target*, a URL or a file, names; raises a ProfileError for neither."""
    if "://" in target:
        return from_url(target)
    meant = "" if Path(target).exists() else suggestion(target)
    if meant:
        raise ProfileError(f"--target: {shown_url(target)!r} is neither a URL nor a file{meant}")
    return from_file(Path(target))


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
