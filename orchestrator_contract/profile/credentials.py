"""Credentials and headers of a profile, read from environment variables.

A variable that is not set, or holds what can't be sent, raises a ProfileError.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from orchestrator_contract.http.request import Header
from orchestrator_contract.profile.model import CREDENTIAL_NAMES, Account, ProfileError

#: The form of a variable's name, which hardly any misplaced secret has.
_VARIABLE = re.compile(r"[A-Z]+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_HEADER_VALUE = re.compile(r"[ -~\t]*\Z")
_TOKEN = re.compile(r"[!-~]+\Z")


def read_account(key: str, entry: Mapping[str, Any]) -> Account:
    """The account that *entry*, at *key* of a profile, describes."""
    store = entry.get("memory_store_id")
    if "token_env" in entry:
        name = entry["token_env"]
        token = _value(f"{key}.token_env", name)
        if not _TOKEN.match(token):
            raise ProfileError(
                f"{key}.token_env: expected a token of visible ASCII characters in {name}"
            )
        return Account("", token, (name,), memory_store_id=store, key=key)
    oauth = entry.get("oauth")
    where, found = (f"{key}.oauth", oauth) if oauth else (key, entry)
    keys = ("client_id_env", "client_secret_env") if oauth else ("username_env", "password_env")
    user, password = (_value(f"{where}.{one}", found[one]) for one in keys)
    names = (found[keys[0]], found[keys[1]])
    return Account(user, password, names, found.get("token_url"), store, key)


def read_header(name: str, value: str | Mapping[str, str]) -> Header:
    """The header *name* of `[target]` headers, from plain text or a variable."""
    if isinstance(value, str):
        return Header(name, value)
    key, variable = f"target.headers.{name}", value["env"]
    found = _value(f"{key}.env", variable)
    if not _HEADER_VALUE.match(found):
        raise ProfileError(
            f"{key}: expected printable ASCII characters in {variable}, found others"
        )
    return Header(name, found, variable)


def _value(key: str, variable: str) -> str:
    found = os.environ.get(variable)
    if found and _is_text(found):
        return found
    if found:
        raise ProfileError(f"{key}: expected UTF-8 text in {variable}")
    hidden = "that it names (not shown: it may be a secret)"
    shown = variable if _VARIABLE.fullmatch(variable) else hidden
    raise ProfileError(f"{key}: the environment variable {shown} is not set")


def _is_text(value: str) -> bool:
    """False for what the system passed as bytes of no encoding."""
    return not any("\ud800" <= char <= "\udfff" for char in value)


def of_environment() -> Account | None:
    """The account that the usual variables give."""
    for names in CREDENTIAL_NAMES:
        user, password = (os.environ.get(name) for name in names)
        if user and password:
            if not _is_text(user + password):
                raise ProfileError(f"--target: expected UTF-8 text in {' and '.join(names)}")
            return Account(user, password, names)
    return None
