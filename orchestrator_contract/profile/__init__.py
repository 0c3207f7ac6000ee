"""The target profile: what a TOML file or a URL says of an endpoint, checked and typed (docs/profile.md)."""

from orchestrator_contract.profile.credentials import CREDENTIAL_NAMES, Account, Header
from orchestrator_contract.profile.errors import ProfileError
from orchestrator_contract.profile.from_toml import from_file
from orchestrator_contract.profile.from_url import from_url, load
from orchestrator_contract.profile.model import (
    Conversations,
    Limits,
    Profile,
    Provision,
    Trigger,
)

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
