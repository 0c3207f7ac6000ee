"""The target profile: an endpoint, its capabilities, and the run's limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, product
from math import inf

from orchestrator_contract.http.proxies import SHELL_NAMES, Proxy
from orchestrator_contract.http.request import Header
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.scope import Scope

#: Names that users of the Twilio tools already have set, in the order they are looked for.
CREDENTIAL_NAMES = (
    ("TWILIO_API_KEY", "TWILIO_API_SECRET"),
    ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
)


class ProfileError(Exception):
    """The target is not usable as described, by file, key and expectation."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account's credentials, with the variables they came from."""

    #: User name, or client id; empty for a token.
    username: str
    #: Password, client secret, or token.
    password: str = field(repr=False)
    #: One variable holds a token, two hold user and password, or client id and secret.
    names: tuple[str, ...]
    #: Where tokens are asked for; None if the credentials are sent as they are.
    token_url: str | None = None
    memory_store_id: str | None = None
    #: Where the profile gives it; empty if the environment does.
    key: str = ""

    @property
    def scheme(self) -> str:
        """The scheme of its Authorization header."""
        return "Bearer" if self.token_url or len(self.names) == 1 else "Basic"

    @property
    def shell_names(self) -> tuple[str, ...]:
        """The variables that stand for it in a shell line; none for OAuth tokens."""
        return (f"{self.names[0]}_TOKEN",) if self.token_url else self.names

    @property
    def where(self) -> str:
        """Where its credentials were read, for a message."""
        names = " and ".join(self.names)
        return f"{names}, {self.key}" if self.key else names

    @property
    def identity(self) -> str:
        """Tells it from other accounts, and stays when a secret is renewed."""
        return self.username or f"Bearer {self.names[0]}"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A way to provoke a response: extra headers, a certain SID, or a burst."""

    headers: Mapping[str, str] = field(default_factory=dict)
    sid: str | None = None
    #: Requests to send at once, and how many of them in parallel.
    burst: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a run's requests, deletes, pace and waiting."""

    requests: int = 5000
    #: 0 means as fast as it goes.
    requests_per_second: float = 50
    #: Configurations that may end deleted.
    deletes: int = 300
    poll_timeout_s: float = 60
    #: DELETE requests of any kind, refused ones and replays too; 0: no bound of its own.
    delete_requests: int = 0
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
    #: Files of a certificate and its key.
    client_cert: tuple[str, str] | None = None
    #: Sent with every request to the target.
    headers: tuple[Header, ...] = ()
    #: None: the one that the environment names, if any.
    proxy: Proxy | None = None
    origins: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    regions: tuple[str, ...] = ()
    #: The accounts' credentials in those regions that have their own, by region, counted from 1.
    region_accounts: Mapping[int, tuple[Account, ...]] = field(default_factory=dict)
    provision: Provision = Provision()
    conversations: Conversations = Conversations()
    faults: Mapping[int, Trigger] = field(default_factory=dict)
    operation_failure: Trigger | None = None
    clock_url: str | None = None
    limits: Limits = Limits()
    tolerated: frozenset[int] = frozenset()
    #: The file that it came from; empty for a bare URL.
    source: str = ""

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Capabilities of this endpoint, by the names that requirements use."""
        found = {
            self.provision.mode or "": self.provision.mode,
            "credentials": self.accounts,
            "accounts": len(self.accounts) > 1,
            "regions": self.regions,
            **{f"fault.{status}": True for status in sorted(self.faults)},
            "operation_failure": self.operation_failure,
            "clock": self.clock_url,
            "conversations": self.conversations,
        }
        return tuple(name for name, there in found.items() if there)

    def lacks(self, needs: tuple[str, ...]) -> tuple[str, ...]:
        """The *needs* that this endpoint lacks; "provision" is any way to get a configuration."""
        have = {*self.capabilities, *(["provision"] if self.provision.mode else [])}
        return tuple(need for need in needs if need not in have)

    def account(self, scope: Scope) -> Account | None:
        """The credentials of *scope*'s account in its region, or None."""
        accounts = self.region_accounts.get(scope.region, self.accounts)
        return accounts[scope.account] if scope.account < len(accounts) else None

    def has(self, scope: Scope) -> bool:
        """True if the target has this account and region, with credentials."""
        known = self.account(scope) is not None if self.accounts else scope.account == 0
        return known and scope.region < len(self.bases)

    @property
    def credentials(self) -> tuple[Account, ...]:
        """The credentials of every account in every region, each once."""
        return (*self.accounts, *chain.from_iterable(self.region_accounts.values()))

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Every account in every region, the default first."""
        pairs = product(range(len(self.bases)), range(max(1, len(self.accounts))))
        every = (Scope(account, region) for region, account in pairs)
        return tuple(filter(self.has, every))

    @property
    def shell_variables(self) -> tuple[str, ...]:
        """The environment variables that stand for secrets in shell lines."""
        names = [name for account in self.credentials for name in account.shell_names]
        names += [header.variable for header in self.headers if header.variable]
        names += SHELL_NAMES if self.proxy and self.proxy.authorization else ()
        return tuple(dict.fromkeys(names))

    def redactor(self) -> Redactor:
        """A redactor that knows the secrets of the profile."""
        made = Redactor(*self.bases, *self.origins)
        for account in self.credentials:
            made.add(account.username, account.password)
        for header in self.headers:
            if header.variable:
                made.secret(header.value)
        if self.proxy and self.proxy.password:
            made.add(self.proxy.username, self.proxy.password)
        return made

    @property
    def bases(self) -> tuple[str, ...]:
        """Base URLs of all regions, the default first."""
        return (self.base_url, *self.regions)

    @property
    def supply(self) -> float:
        """How many configurations a run can delete, as far as known before."""
        pool = len(self.provision.pool) if self.provision.mode == "pool" else inf
        return min(self.limits.deletes, pool)
