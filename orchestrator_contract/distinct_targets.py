"""What a profile must not name twice: with one account, or one address, given as two the suite would accuse an endpoint of mixing them up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from urllib.parse import urlsplit


def same_account(credentials: Sequence[tuple[str, str]]) -> str:
    """What is wrong with the accounts that have these *credentials*; empty where nothing is."""
    for first, second in combinations(range(len(credentials)), 2):
        if credentials[first] == credentials[second]:
            return (
                f"accounts.{second}: expected the credentials of another account, found those of accounts.{first} again: "
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
