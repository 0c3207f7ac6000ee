"""What a profile must not name twice: an endpoint would be accused of mixing up what is one thing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from urllib.parse import urlsplit

from orchestrator_contract.profile.credentials import Account


def same_account(accounts: Sequence[Account]) -> str:
    """What is wrong with these accounts of one region; empty where nothing is."""
    for first, second in combinations(accounts, 2):
        if (first.username, first.password) == (second.username, second.password):
            return (
                f"{second.key}: expected the credentials of another account, found those of {first.key} again: "
                "what belongs to one account can't be told from what belongs to the other"
            )
    return ""


def same_address(bases: Sequence[str]) -> str:
    """What is wrong with these base URLs, that of the target first; empty where nothing is."""
    for first, second in combinations(range(len(bases)), 2):
        if _address(bases[first]) == _address(bases[second]):
            other = "target.base_url" if first == 0 else f"regions.{first - 1}.base_url"
            return (
                f"regions.{second - 1}.base_url: expected another address than {other}, found the same: "
                "what belongs to one region can't be told from what belongs to the other"
            )
    return ""


def _address(url: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(url)
    return (
        parts.scheme.lower(),
        (parts.hostname or "").rstrip("."),
        parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower()),
        parts.path.rstrip("/"),
    )
