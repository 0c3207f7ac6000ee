"""The target profile: an endpoint, its capabilities, and the run's limits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf

from orchestrator_contract.http.proxies import SHELL_NAMES, Proxy
from orchestrator_contract.http.request import Header
from orchestrator_contract.profile.credentials import Account
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.scope import Scope


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
        """Those of *needs* that this endpoint lacks.

        "provision" is any way to get a configuration.
        """
        have = {*self.capabilities, *(["provision"] if self.provision.mode else [])}
        return tuple(need for need in needs if need not in have)

    def account(self, scope: Scope) -> Account | None:
        """The credentials of *scope*'s account in its region, or None."""
        accounts = self.region_accounts.get(scope.region, self.accounts)
        return accounts[scope.account] if scope.account < len(accounts) else None

    def has(self, scope: Scope) -> bool:
        """True if the target has this account and region, with credentials."""
        if not self.accounts:
            return scope.account == 0 and scope.region < len(self.bases)
        return scope.region < len(self.bases) and self.account(scope) is not None

    @property
    def credentials(self) -> tuple[Account, ...]:
        """The credentials of every account in every region, each once."""
        found = [*self.accounts]
        for accounts in self.region_accounts.values():
            found += accounts
        return tuple(found)

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Every account in every region, the default first."""
        every = range(max(1, len(self.accounts)))
        pairs = ((account, region) for region in range(len(self.bases)) for account in every)
        return tuple(scope for pair in pairs if self.has(scope := Scope(*pair)))

    @property
    def shell_variables(self) -> tuple[str, ...]:
        """The environment variables that stand for secrets in shell lines."""
        names = [name for account in self.credentials for name in account.shell_names]
        names += [header.variable for header in self.headers if header.variable]
        names += SHELL_NAMES if self.proxy and self.proxy.authorization else ()
        return tuple(dict.fromkeys(names))

    def memory_store(self, scope: Scope) -> str | None:
        """The memory store of configurations created in *scope*, or None."""
        account = self.account(scope)
        return (account and account.memory_store_id) or self.provision.memory_store_id

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

    def fingerprint(self) -> str:
        """Equal for the same target on every host; free of secrets and paths."""
        public = replace(
            self,
            accounts=(),
            region_accounts={},
            headers=(),
            proxy=None,
            client_cert=None,
            verify_tls=bool(self.verify_tls),
            tolerated=frozenset(),
            source="",
        )
        names = [(account.names, account.token_url) for account in self.credentials]
        regional = sorted((region, len(own)) for region, own in self.region_accounts.items())
        headers = [(one.name, one.variable or one.value) for one in self.headers]
        text = repr((public, sorted(self.tolerated), names, regional, headers))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def bases(self) -> tuple[str, ...]:
        """Base URLs of all regions, the default first."""
        return (self.base_url, *self.regions)

    @property
    def supply(self) -> float:
        """How many configurations a run can delete, as far as known before."""
        return min(
            self.limits.deletes, len(self.provision.pool) if self.provision.mode == "pool" else inf
        )
