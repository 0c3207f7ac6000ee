"""The profile that `--target` names: what a TOML file describes, or a URL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from orchestrator_contract import files
from orchestrator_contract.http.dialer import make_context
from orchestrator_contract.http.proxies import Proxy
from orchestrator_contract.http.request import Header
from orchestrator_contract.profile import schema_errors
from orchestrator_contract.profile.credentials import read_account, read_header
from orchestrator_contract.profile.model import (
    Account,
    Conversations,
    Limits,
    Profile,
    ProfileError,
    Provision,
    Trigger,
)
from orchestrator_contract.profile.urls import (
    from_url,
    is_url_key,
    problem_of_base,
    shown_url,
    suggestion,
)

#: Headers that a profile may not give.
_RESERVED = re.compile(
    # They frame, address or authorize a request.
    "authorization|connection|content-length|expect|host|keep-alive|proxy-authorization|te|trailer"
    "|transfer-encoding|upgrade"
    # They depend on its body and test.
    "|accept-encoding|content-encoding|content-type|idempotency-key",
    re.IGNORECASE,
)
_NO_SUCH_HEADER = (
    "expected no header that addresses, frames or authorizes a request or that tests set"
)
#: The keys that give what a header of `[target]` may not.
_INSTEAD = {
    "authorization": "; a Bearer token goes into [[accounts]] token_env",
    "proxy-authorization": "; a proxy's credentials go into its URL, [target] proxy",
}
#: Why nothing may be named twice: an endpoint would be accused of mixing up one thing.
_MIXED_UP = "what belongs to one {0} can't be told from what belongs to the other"
_Record = TypeVar("_Record")


def load(target: str) -> Profile:
    """The profile that *target*, a URL or a file, names; raises a ProfileError for neither."""
    if "://" in target:
        return from_url(target)
    meant = "" if Path(target).exists() else suggestion(target)
    if meant:
        raise ProfileError(f"--target: {shown_url(target)!r} is neither a URL nor a file{meant}")
    return from_file(Path(target))


def from_file(path: Path) -> Profile:
    """Read a profile.

    Raises:
        ProfileError: the file can't be read, is no TOML, has an unknown key or a wrong value, or
            names an environment variable that is not set.
    """
    try:
        raw = files.read_toml(path)
        found = [*schema_errors.problems(raw)]
        if found:
            raise ProfileError("; ".join(found))
        return _build(str(path), raw)
    except (files.Unreadable, ProfileError) as error:
        raise ProfileError(f"{path}: {error}") from None


def _build(path: str, raw: dict[str, Any]) -> Profile:
    _check_urls(raw)
    target, failure = raw["target"], raw.get("operation_failure")
    base, *regions = (one["base_url"].rstrip("/") for one in (target, *raw.get("regions", [])))
    accounts = _accounts("accounts", raw.get("accounts", []))
    _check_addresses([base, *regions])
    verify, client_cert = _tls(target)
    return Profile(
        name=target.get("name", base),
        base_url=base,
        timeout_s=target.get("timeout_s", 10),
        verify_tls=verify,
        client_cert=client_cert,
        headers=_headers(target.get("headers", {})),
        proxy=_proxy(target),
        origins=tuple(target.get("origins", [])),
        accounts=accounts,
        regions=tuple(regions),
        region_accounts=_region_accounts(raw.get("regions", []), len(accounts)),
        provision=_record(Provision, raw.get("provision", {})),
        conversations=_record(Conversations, raw.get("conversations", {})),
        faults={
            int(status): _trigger(f"faults.{status}", entry)
            for status, entry in raw.get("faults", {}).items()
        },
        operation_failure=_trigger("operation_failure", failure) if failure else None,
        clock_url=raw.get("clock", {}).get("advance_url"),
        limits=_record(Limits, raw.get("limits", {})),
        tolerated=frozenset(raw.get("policy", {}).get("undocumented_statuses", [])),
        source=path,
    )


def _record(kind: Callable[..., _Record], table: Mapping[str, Any]) -> _Record:
    """The record of *kind* that has the members of *table*."""
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in table.items()})


# -------------------------------------------------------------------- addresses


def _check_urls(raw: Mapping[str, Any]) -> None:
    for key, url in files.leaves(raw):
        if not isinstance(url, str) or not is_url_key(key):
            continue
        try:
            _ = urlsplit(url).port
        except ValueError:
            raise ProfileError(
                f"{key}: expected an http(s) URL with a host and no port or one of 1-65535, found "
                f"{shown_url(url)!r}"
            ) from None
        problem = problem_of_base(url) if key.endswith("base_url") else ""
        if problem:
            raise ProfileError(f"{key}: {problem}")


def _check_addresses(bases: Sequence[str]) -> None:
    keys = ["target.base_url", *(f"regions.{n}.base_url" for n in range(len(bases) - 1))]
    for (first, one), (second, other) in combinations(zip(keys, bases, strict=True), 2):
        if _address(one) == _address(other):
            raise ProfileError(
                f"{second}: expected another address than {first}, found the same: "
                + _MIXED_UP.format("region")
            )


def _address(url: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").rstrip("."), port, parts.path.rstrip("/")


# -------------------------------------------------------------------- how it is reached


def _tls(target: Mapping[str, Any]) -> tuple[bool | str, tuple[str, str] | None]:
    verify, given = target.get("verify_tls", True), target.get("client_cert")
    if isinstance(verify, str):
        _check_file("target.verify_tls", "true, false or a CA bundle file", verify)
        try:
            make_context(verify, None)
        except (OSError, ValueError):
            raise ProfileError(
                f"target.verify_tls: expected a CA bundle in PEM, found {verify!r}"
            ) from None
    if given is None:
        return verify, None
    cert, key = pair = given["cert"], given.get("key", given["cert"])
    _check_file("target.client_cert.cert", "a file", cert)
    _check_file("target.client_cert.key", "a file", key)
    try:
        make_context(False, pair)
    except (OSError, ValueError) as error:
        said = f" ({reason})" if (reason := getattr(error, "reason", None)) else ""
        raise ProfileError(
            "target.client_cert: expected a certificate and its key in PEM, the key without a "
            f"passphrase, found {cert!r} and {key!r}{said}"
        ) from None
    return verify, pair


def _check_file(key: str, expected: str, file: str) -> None:
    if not Path(file).is_file():
        raise ProfileError(f"{key}: expected {expected}, found {file!r}, which is not there")


def _headers(given: Mapping[str, Any]) -> tuple[Header, ...]:
    seen: set[str] = set()
    for name in given:
        lower = name.lower()
        if _RESERVED.fullmatch(name):
            raise ProfileError(
                f"target.headers: {_NO_SUCH_HEADER}, found {name}{_INSTEAD.get(lower, '')}"
            )
        if lower in seen:
            raise ProfileError(f"target.headers: expected each header once, found {name}")
        seen.add(lower)
    return tuple(read_header(*item) for item in given.items())


def _proxy(target: Mapping[str, Any]) -> Proxy | None:
    found = Proxy.of(target["proxy"]) if "proxy" in target else None
    if found is not None and found.problem:
        raise ProfileError(
            "target.proxy: expected http://host:port, found something else "
            "(not shown: it may hold credentials)"
        )
    return found


# -------------------------------------------------------------------- who asks


def _accounts(key: str, entries: list[Mapping[str, Any]]) -> tuple[Account, ...]:
    accounts = tuple(read_account(f"{key}.{number}", one) for number, one in enumerate(entries))
    for first, second in combinations(accounts, 2):
        if (first.username, first.password) == (second.username, second.password):
            raise ProfileError(
                f"{second.key}: expected the credentials of another account, found those of "
                f"{first.key} again: {_MIXED_UP.format('account')}"
            )
    return accounts


def _region_accounts(
    regions: list[Mapping[str, Any]], number: int
) -> dict[int, tuple[Account, ...]]:
    """The accounts of regions that have credentials of their own, by region."""
    found = {}
    for index, region in enumerate(regions):
        if "accounts" not in region:
            continue
        key = f"regions.{index}.accounts"
        if len(region["accounts"]) > number:
            raise ProfileError(
                f"{key}: expected the credentials of at most {number} account(s), "
                f"in the order of [[accounts]], found {len(region['accounts'])}"
            )
        found[index + 1] = _accounts(key, region["accounts"])
    return found


def _trigger(key: str, entry: dict[str, Any]) -> Trigger:
    for name in entry.get("headers", {}):
        if _RESERVED.fullmatch(name) or name.lower() == "cookie":
            raise ProfileError(f"{key}.headers: {_NO_SUCH_HEADER}, found {name}")
    burst = entry.get("burst")
    return Trigger(
        entry.get("headers", {}),
        entry.get("sid"),
        (burst["requests"], burst["concurrency"]) if burst else None,
    )
