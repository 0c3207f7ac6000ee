"""The profile that a TOML file describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestrator_contract import files
from orchestrator_contract.http.dialer import make_context
from orchestrator_contract.http.proxies import Proxy
from orchestrator_contract.http.request import Header
from orchestrator_contract.profile import credentials, schema_errors
from orchestrator_contract.profile.base_urls import problem_of_base, shown_url
from orchestrator_contract.profile.credentials import Account
from orchestrator_contract.profile.distinct_targets import same_account, same_address
from orchestrator_contract.profile.errors import ProfileError
from orchestrator_contract.profile.model import (
    Conversations,
    Limits,
    Profile,
    Provision,
    Trigger,
)

#: Headers that frame, address or authorize a request, which a profile may not give.
_OWN_HEADERS = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
#: Headers that depend on a request's body and test.
_OF_EACH_REQUEST = frozenset(
    {"accept-encoding", "content-encoding", "content-type", "idempotency-key"}
)
#: The keys that give what a header of `[target]` may not.
_INSTEAD = {
    "authorization": "; a Bearer token goes into [[accounts]] token_env",
    "proxy-authorization": "; a proxy's credentials go into its URL, [target] proxy",
}


def from_file(path: Path) -> Profile:
    """Read a profile.

    Raises:
        ProfileError: the file can't be read, is no TOML, has an unknown key or a wrong value, or
        names an
            environment variable that is not set.
    """
    try:
        raw = files.read_toml(path)
    except files.Unreadable as error:
        raise ProfileError(f"{path}: {error}") from None
    found = [*schema_errors.problems(raw)]
    if found:
        raise ProfileError(f"{path}: " + "; ".join(found))
    return _build(path, raw)


def _build(path: Path, raw: dict[str, Any]) -> Profile:
    _check_urls(path, raw)
    target, provision = raw["target"], raw.get("provision", {})
    base = str(target["base_url"]).rstrip("/")
    accounts = _accounts(path, "accounts", raw.get("accounts", []))
    regions = tuple(str(entry["base_url"]).rstrip("/") for entry in raw.get("regions", []))
    twice = same_address([base, *regions])
    if twice:
        raise ProfileError(f"{path}: {twice}")
    conversations, failure = raw.get("conversations", {}), raw.get("operation_failure")
    verify, client_cert = _tls(path, target)
    return Profile(
        name=target.get("name", base),
        base_url=base,
        timeout_s=target.get("timeout_s", 10),
        verify_tls=verify,
        client_cert=client_cert,
        headers=_headers(path, target.get("headers", {})),
        proxy=_proxy(path, target),
        origins=tuple(target.get("origins", [])),
        accounts=accounts,
        regions=regions,
        region_accounts=_region_accounts(path, raw.get("regions", []), len(accounts)),
        provision=Provision(
            provision.get("mode"),
            provision.get("memory_store_id"),
            tuple(provision.get("pool", [])),
            tuple(provision.get("command", [])),
        ),
        conversations=Conversations(
            tuple(conversations.get("pool", [])), tuple(conversations.get("command", []))
        ),
        faults={
            int(status): _trigger(f"{path}: faults.{status}", entry)
            for status, entry in raw.get("faults", {}).items()
        },
        operation_failure=_trigger(f"{path}: operation_failure", failure) if failure else None,
        clock_url=raw.get("clock", {}).get("advance_url"),
        limits=Limits(**raw.get("limits", {})),
        tolerated=frozenset(raw.get("policy", {}).get("undocumented_statuses", [])),
        source=str(path),
    )


# -------------------------------------------------------------------- addresses


def _urls(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every URL of the profile that requests go to, by its key."""
    target, regions = raw["target"], raw.get("regions", [])
    yield "target.base_url", target["base_url"]
    for number, origin in enumerate(target.get("origins", [])):
        yield f"target.origins.{number}", origin
    for number, region in enumerate(regions):
        yield f"regions.{number}.base_url", region["base_url"]
    for key, entry in (
        *((f"accounts.{n}", entry) for n, entry in enumerate(raw.get("accounts", []))),
        *(
            (f"regions.{r}.accounts.{n}", entry)
            for r, region in enumerate(regions)
            for n, entry in enumerate(region.get("accounts", []))
        ),
    ):
        if "oauth" in entry:
            yield f"{key}.oauth.token_url", entry["oauth"]["token_url"]
    if "clock" in raw:
        yield "clock.advance_url", raw["clock"]["advance_url"]


def _check_urls(path: Path, raw: Mapping[str, Any]) -> None:
    for key, url in _urls(raw):
        try:
            _ = urlsplit(url).port
        except ValueError:
            raise ProfileError(
                f"{path}: {key}: expected an http(s) URL with a host and no port or one of "
                f"1-65535, found {shown_url(url)!r}"
            ) from None
        problem = problem_of_base(url) if key.endswith("base_url") else ""
        if problem:
            raise ProfileError(f"{path}: {key}: {problem}")


# -------------------------------------------------------------------- how it is reached


def _tls(path: Path, target: Mapping[str, Any]) -> tuple[bool | str, tuple[str, str] | None]:
    verify = target.get("verify_tls", True)
    if isinstance(verify, str):
        _check_file(path, "target.verify_tls", "true, false or a CA bundle file", verify)
        try:
            make_context(verify, None)
        except (OSError, ValueError):
            raise ProfileError(
                f"{path}: target.verify_tls: expected a CA bundle in PEM, found {verify!r}"
            ) from None
    given = target.get("client_cert")
    if given is None:
        return verify, None
    pair = given["cert"], given.get("key", given["cert"])
    for name, file in zip(("cert", "key"), pair, strict=True):
        _check_file(path, f"target.client_cert.{name}", "a file", file)
    try:
        make_context(False, pair)
    except (OSError, ValueError) as error:
        said = f" ({reason})" if (reason := getattr(error, "reason", None)) else ""
        raise ProfileError(
            f"{path}: target.client_cert: expected a certificate and its key in PEM, the key "
            "without a passphrase, "
            f"found {pair[0]!r} and {pair[1]!r}{said}"
        ) from None
    return verify, pair


def _check_file(path: Path, key: str, expected: str, file: str) -> None:
    if not Path(file).is_file():
        raise ProfileError(
            f"{path}: {key}: expected {expected}, found {file!r}, which is not there"
        )


def _headers(path: Path, given: Mapping[str, Any]) -> tuple[Header, ...]:
    seen: set[str] = set()
    for name in given:
        lower = name.lower()
        if lower in _OWN_HEADERS - {"cookie"} | _OF_EACH_REQUEST:
            raise ProfileError(
                f"{path}: target.headers: expected no header that addresses, frames or authorizes "
                "a request "
                f"or that tests set, found {name}{_INSTEAD.get(lower, '')}"
            )
        if lower in seen:
            raise ProfileError(f"{path}: target.headers: expected each header once, found {name}")
        seen.add(lower)
    return tuple(credentials.read_header(path, *item) for item in given.items())


def _proxy(path: Path, target: Mapping[str, Any]) -> Proxy | None:
    if "proxy" not in target:
        return None
    found = Proxy.of(target["proxy"])
    if found.problem:
        raise ProfileError(
            f"{path}: target.proxy: expected http://host:port, found something else "
            "(not shown: it may hold credentials)"
        )
    return found


# -------------------------------------------------------------------- who asks


def _accounts(path: Path, key: str, entries: list[Mapping[str, Any]]) -> tuple[Account, ...]:
    accounts = tuple(
        credentials.read_account(path, f"{key}.{number}", entry)
        for number, entry in enumerate(entries)
    )
    twice = same_account(accounts)
    if twice:
        raise ProfileError(f"{path}: {twice}")
    return accounts


def _region_accounts(
    path: Path, regions: list[Mapping[str, Any]], number: int
) -> dict[int, tuple[Account, ...]]:
    """The accounts of regions that have credentials of their own, by region."""
    found = {}
    for index, region in enumerate(regions):
        if "accounts" not in region:
            continue
        key = f"regions.{index}.accounts"
        if len(region["accounts"]) > number:
            raise ProfileError(
                f"{path}: {key}: expected the credentials of at most {number} account(s), "
                f"in the order of [[accounts]], found {len(region['accounts'])}"
            )
        found[index + 1] = _accounts(path, key, region["accounts"])
    return found


def _trigger(where: str, entry: dict[str, Any]) -> Trigger:
    for name in entry.get("headers", {}):
        if name.lower() in _OWN_HEADERS:
            raise ProfileError(
                f"{where}.headers: expected no header that addresses, frames or authorizes the "
                f"request, found {name}"
            )
    burst = entry.get("burst")
    return Trigger(
        entry.get("headers", {}),
        entry.get("sid"),
        (burst["requests"], burst["concurrency"]) if burst else None,
    )
