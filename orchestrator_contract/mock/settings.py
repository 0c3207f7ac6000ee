"""Settings of one run of the mock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_USERS = ("SKmock00000000000000000000000000001", "SKmock00000000000000000000000000002")
DEFAULT_SECRETS = ("mock-secret-one", "mock-secret-two")


def accounts_from(environment: Mapping[str, str]) -> dict[str, tuple[int, str]]:
    """User name -> (account number, password), from the environment or the built-in pairs.

    ``TWILIO_API_KEY``/``TWILIO_API_SECRET``, when both are set, are one more name of account 1.
    """
    accounts: dict[str, tuple[int, str]] = {}
    if environment.get("TWILIO_API_KEY") and environment.get("TWILIO_API_SECRET"):
        accounts[environment["TWILIO_API_KEY"]] = (1, environment["TWILIO_API_SECRET"])
    for number in (1, 2):
        user = environment.get(f"MOCK_USER_{number}") or DEFAULT_USERS[number - 1]
        secret = environment.get(f"MOCK_PASSWORD_{number}") or DEFAULT_SECRETS[number - 1]
        accounts[user] = (number, secret)
    return accounts


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
