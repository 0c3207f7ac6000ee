"""The target profile: what a TOML file says of an endpoint, checked and typed (docs/profile.md)."""

from __future__ import annotations

import hashlib
import netrc
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestrator_contract import files
from orchestrator_contract.contract import schemas
from orchestrator_contract.distinct_targets import same_account, same_address
from orchestrator_contract.scope import Scope

#: Names that users of the Twilio tools already have set, in the order they are looked for.
CREDENTIAL_NAMES = (
    ("TWILIO_API_KEY", "TWILIO_API_SECRET"),
    ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
)

#: Headers that say where a request ends, where it goes and who sends it: a fault's may not.
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
#: What a variable is called, and hardly ever a secret that stands where its name should.
_VARIABLE = re.compile(r"[A-Z]+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")


class ProfileError(Exception):
    """The target can't be used as described; the message names the file, the key and what was expected."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account's credentials, with the variables they came from."""

    username: str
    password: str = field(repr=False)
    names: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Trigger:
    """How to provoke an answer: extra headers, a certain SID, or a burst."""

    headers: Mapping[str, str] = field(default_factory=dict)
    sid: str | None = None
    #: Requests to send at once, and how many of them in parallel.
    burst: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the suite may do to the endpoint."""

    requests: int = 5000
    #: 0 means as fast as it goes.
    requests_per_second: float = 50
    #: Configurations that may end deleted.
    deletes: int = 300
    poll_timeout_s: float = 60
    #: Configurations of the run's making that exist at once; None: the default for the target.
    configurations: int | None = None


@dataclass(frozen=True, slots=True)
class Provision:
    """Where configurations to delete come from."""

    #: create, pool or command; None: nowhere.
    mode: str | None = None
    memory_store_id: str | None = None
    pool: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversations:
    """Where conversations to delete come from; empty: nowhere."""

    pool: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pool or self.command)


@dataclass(frozen=True, slots=True)
class Profile:
    """An endpoint under test."""

    name: str
    base_url: str
    timeout_s: float = 10
    verify_tls: bool | str = True
    origins: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    regions: tuple[str, ...] = ()
    provision: Provision = Provision()
    conversations: Conversations = Conversations()
    faults: Mapping[int, Trigger] = field(default_factory=dict)
    operation_failure: Trigger | None = None
    clock_url: str | None = None
    limits: Limits = Limits()
    tolerated: frozenset[int] = frozenset()

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What this endpoint can be made to do, by the names that requirements use."""
        found = [self.provision.mode] if self.provision.mode else []
        found += ["credentials"] if self.accounts else []
        found += ["accounts"] if len(self.accounts) > 1 else []
        found += ["regions"] if self.regions else []
        found += [f"fault.{status}" for status in sorted(self.faults)]
        found += ["operation_failure"] if self.operation_failure else []
        found += ["clock"] if self.clock_url else []
        found += ["conversations"] if self.conversations else []
        return tuple(found)

    def lacks(self, needs: tuple[str, ...]) -> tuple[str, ...]:
        """Those of *needs* that this endpoint can't do; "provision" is any way to get a configuration."""
        have = {*self.capabilities, *(["provision"] if self.provision.mode else [])}
        return tuple(need for need in needs if need not in have)

    def fingerprint(self) -> str:
        """The same for the same target on every host; secrets and paths of files there have no part in it."""
        public = replace(self, accounts=(), verify_tls=bool(self.verify_tls), tolerated=frozenset())
        text = repr((public, sorted(self.tolerated), [account.names for account in self.accounts]))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def has(self, scope: Scope) -> bool:
        """Whether the target has this account and region."""
        return scope.account < max(1, len(self.accounts)) and scope.region < len(self.bases)

    @property
    def bases(self) -> tuple[str, ...]:
        """Base URLs of all regions, the default first."""
        return (self.base_url, *self.regions)

    @property
    def supply(self) -> float:
        """How many configurations a run can delete, as far as that is known before."""
        return min(
            self.limits.deletes, len(self.provision.pool) if self.provision.mode == "pool" else inf
        )


def shown_url(url: str) -> str:
    """*url* as a message may repeat it: who sends and what is asked may be secrets."""
    return re.sub(
        r"[?#].*", "?***", re.sub(r"(?<=//).*@", "***@", url, flags=re.DOTALL), flags=re.DOTALL
    )


def from_url(url: str) -> Profile:
    """The profile of a bare URL: create mode, credentials from the environment or `.netrc`, default limits.

    Raises:
        ProfileError: the URL is none.
    """
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
    if parts.query or parts.fragment:
        raise ProfileError(
            f"--target: {shown_url(url)!r}: expected a base URL without query and fragment: the paths of the contract are appended to it"
        )
    account = _account_from_environment(parts.hostname or "")
    return Profile(
        name=url,
        base_url=url.rstrip("/"),
        accounts=(account,) if account else (),
        provision=Provision("create"),
    )


def _account_from_environment(host: str) -> Account | None:
    for names in CREDENTIAL_NAMES:
        user, password = (os.environ.get(name) for name in names)
        if user and password:
            return Account(user, password, names)
    path = Path(".netrc")
    try:
        path = (
            Path.home() / path
        )  # a RuntimeError where neither HOME nor the user database names one
        files.read_text(path)
        found = netrc.netrc(path).authenticators(host)
    except (FileNotFoundError, RuntimeError):
        return None
    except files.Unreadable as error:
        raise ProfileError(f"{path}: {error}") from None
    except (OSError, ValueError, netrc.NetrcParseError) as error:
        # What the parser says quotes the file, and so maybe a password.
        where = f" (line {error.lineno})" if isinstance(error, netrc.NetrcParseError) else ""
        raise ProfileError(f"{path}: can't be read as a .netrc{where}") from None
    return Account(found[0], found[2] or "", ("NETRC_LOGIN", "NETRC_PASSWORD")) if found else None


def from_file(path: Path) -> Profile:
    """Read a profile.

    Raises:
        ProfileError: the file can't be read, is no TOML, has an unknown key or a wrong value, or names an
            environment variable that is not set.
    """
    try:
        raw = files.read_toml(path)
    except files.Unreadable as error:
        raise ProfileError(f"{path}: {error}") from None
    _check(path, raw)
    return _build(path, raw)


def _check(path: Path, raw: dict[str, Any]) -> None:
    found = []
    for error in schemas.validator("target-profile.json").iter_errors(raw):
        where = ".".join(str(part) for part in error.absolute_path)
        if error.validator == "additionalProperties":
            allowed = sorted(error.schema.get("properties", {}))
            unknown = sorted(set(error.instance) - set(allowed))
            prefix = f"{where}." if where else ""
            found.append(
                f"unknown key {prefix}{unknown[0]!s}; expected one of {', '.join(allowed)}"
            )
        elif error.validator == "required":
            missing = next(k for k in error.validator_value if k not in error.instance)
            found.append(f"{where + '.' if where else ''}{missing} is missing")
        else:
            problem = schemas.problem_of(error)
            found.append(
                f"{where or 'the profile'}: expected {problem.expected}, {_seen(where, problem.seen)}"
            )
    if found:
        raise ProfileError(f"{path}: " + "; ".join(dict.fromkeys(found)))


def _seen(where: str, seen: str) -> str:
    """What stands where something else was expected, without what may be a secret: someone may have put one in the wrong place."""
    if where.endswith("_env") or ".headers" in where:
        return "found something else (not shown: it may be a secret)"
    return f"found {shown_url(seen) if '://' in seen else seen}"


def _build(path: Path, raw: dict[str, Any]) -> Profile:
    target = raw["target"]
    base = str(target["base_url"]).rstrip("/")
    provision = raw.get("provision", {})
    policy = raw.get("policy", {})
    clock_url = raw.get("clock", {}).get("advance_url")
    urls = [
        ("target.base_url", base),
        *((f"target.origins.{i}", origin) for i, origin in enumerate(target.get("origins", []))),
        *(
            (f"regions.{i}.base_url", region["base_url"])
            for i, region in enumerate(raw.get("regions", []))
        ),
        *([("clock.advance_url", clock_url)] if clock_url else []),
    ]
    for key, url in urls:
        try:
            _ = urlsplit(url).port
        except ValueError:
            raise ProfileError(
                f"{path}: {key}: expected an http(s) URL with a host and no port or one of 1-65535, found {shown_url(url)!r}"
            ) from None
    verify = target.get("verify_tls", True)
    if isinstance(verify, str) and not Path(verify).is_file():
        raise ProfileError(
            f"{path}: target.verify_tls: expected true, false or a CA bundle file, found {verify!r}"
        )
    if isinstance(verify, str):
        try:
            ssl.create_default_context(cafile=verify)
        except (OSError, ValueError):
            raise ProfileError(
                f"{path}: target.verify_tls: expected a CA bundle in PEM, found {verify!r}"
            ) from None
    accounts = tuple(
        _account(path, index, entry) for index, entry in enumerate(raw.get("accounts", []))
    )
    regions = tuple(str(entry["base_url"]).rstrip("/") for entry in raw.get("regions", []))
    twice = same_account([(one.username, one.password) for one in accounts]) or same_address(
        [base, *regions]
    )
    if twice:
        raise ProfileError(f"{path}: {twice}")
    command, given = provision.get("command", []), raw.get("conversations", {})
    failure = raw.get("operation_failure")
    return Profile(
        name=target.get("name", base),
        base_url=base,
        timeout_s=target.get("timeout_s", 10),
        verify_tls=verify,
        origins=tuple(target.get("origins", [])),
        accounts=accounts,
        regions=regions,
        provision=Provision(
            provision.get("mode"),
            provision.get("memory_store_id"),
            tuple(provision.get("pool", [])),
            tuple(command),
        ),
        conversations=Conversations(tuple(given.get("pool", [])), tuple(given.get("command", []))),
        faults={
            int(status): _trigger(f"{path}: faults.{status}", entry)
            for status, entry in raw.get("faults", {}).items()
        },
        operation_failure=_trigger(f"{path}: operation_failure", failure) if failure else None,
        clock_url=clock_url,
        limits=Limits(**raw.get("limits", {})),
        tolerated=frozenset(policy.get("undocumented_statuses", [])),
    )


def _account(path: Path, index: int, entry: dict[str, str]) -> Account:
    values = []
    for key in ("username_env", "password_env"):
        value = os.environ.get(entry[key])
        if not value:
            name = (
                entry[key]
                if _VARIABLE.fullmatch(entry[key])
                else "that it names (not shown: it may be a secret)"
            )
            raise ProfileError(
                f"{path}: accounts.{index}.{key}: the environment variable {name} is not set"
            )
        values.append(value)
    return Account(values[0], values[1], (entry["username_env"], entry["password_env"]))


def _trigger(where: str, entry: dict[str, Any]) -> Trigger:
    for name in entry.get("headers", {}):
        if name.lower() in _OWN_HEADERS:
            raise ProfileError(
                f"{where}.headers: expected no header that addresses, frames or authorizes the request, found {name}"
            )
    burst = entry.get("burst")
    return Trigger(
        entry.get("headers", {}),
        entry.get("sid"),
        (burst["requests"], burst["concurrency"]) if burst else None,
    )
