"""Settings of one run of the mock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_USERS = ("SKmock00000000000000000000000000001", "SKmock00000000000000000000000000002")
DEFAULT_SECRETS = ("mock-secret-one", "mock-secret-two")


def names_of(account: int, region: int = 0) -> tuple[str, str]:
    """Variables with user and password of *account*; a further *region* has its own."""
    place = f"_REGION_{region + 1}" if region else ""
    return f"MOCK_USER_{account}{place}", f"MOCK_PASSWORD_{account}{place}"


def credentials_of(account: int, region: int, environment: Mapping[str, str]) -> tuple[str, str]:
    """User and password of *account* in *region*, from the environment or the built-in pair."""
    user, secret = DEFAULT_USERS[account - 1], DEFAULT_SECRETS[account - 1]
    if region:
        user, secret = f"{user[:-3]}{region + 1}{user[-2:]}", f"{secret}-region-{region + 1}"
    names = names_of(account, region)
    return environment.get(names[0]) or user, environment.get(names[1]) or secret


def accounts_from(environment: Mapping[str, str], count: int = 2) -> dict[str, tuple[int, str]]:
    """User name -> (account number, password), from the environment or the built-in pairs.

    ``TWILIO_API_KEY``/``TWILIO_API_SECRET``, when both are set, are one more name of account 1.
    """
    accounts: dict[str, tuple[int, str]] = {}
    if environment.get("TWILIO_API_KEY") and environment.get("TWILIO_API_SECRET"):
        accounts[environment["TWILIO_API_KEY"]] = (1, environment["TWILIO_API_SECRET"])
    for number in range(1, count + 1):
        user, secret = credentials_of(number, 0, environment)
        accounts[user] = (number, secret)
    return accounts


def store_of(account: int, region: int) -> str:
    """The memory store of *account* in *region*."""
    if (account, region) == (1, 0):
        return "mem_store_01k1etk2y5f1y9fpe2epfdtvv2"
    return f"mem_store_0{account}store{region}".ljust(36, "0")


def token_name(account: int, region: int = 0) -> str:
    """The variable with the Bearer token of *account* in *region*."""
    return names_of(account, region)[0].replace("USER", "TOKEN")


def token_of(account: int, region: int, environment: Mapping[str, str]) -> str:
    """The Bearer token of *account* in *region*, from the environment or the built-in one."""
    name = token_name(account, region)
    return environment.get(name) or name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one process; all durations in seconds."""

    #: How long a delete stays PENDING.
    operation_seconds: float = 0.2
    #: How long a create or update stays PENDING.
    create_seconds: float = 0.02
    #: Requests per second and account; None for unlimited.
    rate_limit: float | None = None
    #: Value of every Retry-After header.
    retry_after: int = 1
    #: One origin per region, e.g. "http://127.0.0.1:8080".
    origins: tuple[str, ...] = ("http://127.0.0.1:8080",)
    accounts: Mapping[str, tuple[int, str]] = field(
        default_factory=lambda: accounts_from(os.environ)
    )
    #: Configurations that an account holds at most, and how many are its owner's from the start.
    room: int = 10
    owned: int = 2
    #: Requests of an account that may be in progress at once.
    in_flight: int = 20
    #: Factor of the durations of variants.
    time_scale: float = 1.0

    @property
    def account_numbers(self) -> tuple[int, ...]:
        """The numbers of all accounts."""
        return tuple(sorted({number for number, _ in self.accounts.values()}))
