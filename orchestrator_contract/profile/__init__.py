"""The target profile (docs/profile.md): a TOML file or a URL, checked and typed."""

from orchestrator_contract.http.request import Header
from orchestrator_contract.profile.from_toml import from_file, load
from orchestrator_contract.profile.model import (
    CREDENTIAL_NAMES,
    Account,
    Conversations,
    Limits,
    Profile,
    ProfileError,
    Provision,
    Trigger,
)
from orchestrator_contract.profile.urls import from_url

__all__ = [
    "CREDENTIAL_NAMES",
    "Account",
    "Conversations",
    "Header",
    "Limits",
    "Profile",
    "ProfileError",
    "Provision",
    "Trigger",
    "from_file",
    "from_url",
    "load",
]
