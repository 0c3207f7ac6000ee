"""Writes the target profile of the mock."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrator_contract.mock.conversations import SIDS
from orchestrator_contract.mock.faults import FAULTS, HEADER

MEMORY_STORE = "mem_store_01k1etk2y5f1y9fpe2epfdtvv2"


def profile_text(origins: list[str], name: str = "embedded mock") -> str:
    """The profile as TOML; ASCII JSON strings are TOML strings."""
    header = HEADER.decode().title()
    lines = [
        "[target]",
        f"name = {json.dumps(name)}",
        f"base_url = {json.dumps(origins[0])}",
        "timeout_s = 10",
    ]
    for number in (1, 2):
        lines += ["", "[[accounts]]"]
        lines += [
            f'username_env = "MOCK_USER_{number}"',
            f'password_env = "MOCK_PASSWORD_{number}"',
        ]
    for origin in origins[1:]:
        lines += ["", "[[regions]]", f"base_url = {json.dumps(origin)}"]
    lines += ["", "[provision]", 'mode = "create"', f"memory_store_id = {json.dumps(MEMORY_STORE)}"]
    lines += ["", "[conversations]", "pool = [", *(f"  {json.dumps(sid)}," for sid in SIDS), "]"]
    for fault in FAULTS:
        section = "operation_failure" if fault == "operation" else f"faults.{fault}"
        lines += ["", f"[{section}]", f'headers = {{ "{header}" = "{fault}" }}']
    lines += ["", "[clock]", f"advance_url = {json.dumps(origins[0] + '/__clock')}"]
    lines += [
        "",
        "[limits]",
        "requests = 100000",
        "requests_per_second = 0",
        "deletes = 20000",
        "poll_timeout_s = 20",
    ]
    return "\n".join(lines) + "\n"


def write_profile(path: Path, origins: list[str], name: str = "embedded mock") -> None:
    """Writes the profile to *path* and creates its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(profile_text(origins, name), encoding="utf-8")
