"""Writes the target profile of the mock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator_contract.mock.conversations import SIDS
from orchestrator_contract.mock.faults import FAULTS, HEADER
from orchestrator_contract.mock.settings import names_of, store_of, token_name

EVERYTHING = frozenset({"basic", "clock", "conversations", "faults"})


@dataclass(frozen=True, slots=True)
class Described:
    """Contents of the profile of one mock."""

    origins: list[str]
    name: str = "embedded mock"
    #: From ``Context.provides``.
    provides: frozenset[str] = EVERYTHING
    accounts: tuple[int, ...] = (1, 2)

    @property
    def several_stores(self) -> bool:
        """True if accounts or regions have different memory stores."""
        many = len(self.accounts) > 1 or len(self.origins) > 1
        return many and "stores" in self.provides

    def account(self, number: int, region: int = 0) -> dict[str, str]:
        """Credentials, and the memory store where they differ, of an account in *region*."""
        user, password = names_of(number, region)
        said = {"username_env": user, "password_env": password}
        if "basic" not in self.provides:
            said = {"token_env": token_name(number, region)}
        if self.several_stores:
            said["memory_store_id"] = store_of(number, region)
        return said

    def regional_accounts(self, region: int) -> list[dict[str, str]]:
        """Accounts of a further region; empty if they equal those of the first."""
        if not self.several_stores and "regional-credentials" not in self.provides:
            return []
        shown = region if "regional-credentials" in self.provides else 0
        rows = [self.account(number, shown) for number in self.accounts]
        if self.several_stores:
            for number, row in zip(self.accounts, rows, strict=True):
                row["memory_store_id"] = store_of(number, region)
        return rows


def _pairs(members: dict[str, str]) -> Iterator[str]:
    """``key = "value"`` lines; ASCII JSON strings are TOML strings."""
    return (f"{name} = {json.dumps(value)}" for name, value in members.items())


def _accounts(mock: Described) -> Iterator[str]:
    for number in mock.accounts:
        yield from ("", "[[accounts]]", *_pairs(mock.account(number)))
    for region, origin in enumerate(mock.origins[1:], start=1):
        yield from ("", "[[regions]]", f"base_url = {json.dumps(origin)}")
        own = [f"{{ {', '.join(_pairs(row))} }}" for row in mock.regional_accounts(region)]
        if own:
            yield f"accounts = [{', '.join(own)}]"


def _faults(faults: Iterable[str]) -> Iterator[str]:
    header = HEADER.decode().title()
    for fault in faults:
        section = "operation_failure" if fault == "operation" else f"faults.{fault}"
        yield from ("", f"[{section}]", f'headers = {{ "{header}" = "{fault}" }}')


def _limits(mock: Described) -> Iterator[str]:
    yield from ("", "[limits]")
    if "faults" not in mock.provides:  # an account with no aids for tests
        yield "poll_timeout_s = 60"
        return
    yield from ("requests = 100000", "requests_per_second = 0", "deletes = 20000")
    yield "poll_timeout_s = 20"


def profile_text(mock: Described) -> str:
    """The profile as TOML."""
    lines = ["[target]"]
    lines += _pairs({"name": mock.name, "base_url": mock.origins[0]})
    lines += ["timeout_s = 10", *_accounts(mock)]
    lines += ["", "[provision]"]
    lines += _pairs({"mode": "create", "memory_store_id": store_of(1, 0)})
    if "conversations" in mock.provides:
        lines += ["", "[conversations]", "pool = ["]
        lines += [*(f"  {json.dumps(sid)}," for sid in SIDS), "]"]
    if "faults" in mock.provides:
        lines += _faults(FAULTS)
    if "clock" in mock.provides:
        lines += ["", "[clock]", f"advance_url = {json.dumps(mock.origins[0] + '/__clock')}"]
    return "\n".join([*lines, *_limits(mock)]) + "\n"


def write_profile(path: Path, mock: Described) -> None:
    """Writes the profile to *path*, and creates its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(profile_text(mock), encoding="utf-8")
