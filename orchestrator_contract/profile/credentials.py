"""Credentials and headers of a profile, with their environment variables."""

from __future__ import annotations

import netrc
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator_contract import files
from orchestrator_contract.http.request import Header
from orchestrator_contract.profile.errors import ProfileError

#: Names that users of the Twilio tools already have set, in the order they are looked for.
CREDENTIAL_NAMES = (
    ("TWILIO_API_KEY", "TWILIO_API_SECRET"),
    ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
)
#: The variables of a `.netrc`'s credentials in a shell line.
_NETRC_NAMES = ("NETRC_LOGIN", "NETRC_PASSWORD")
#: The form of a variable's name, which hardly any misplaced secret has.
_VARIABLE = re.compile(r"[A-Z]+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_HEADER_VALUE = re.compile(r"[ -~\t]*\Z")
_TOKEN = re.compile(r"[!-~]+\Z")


@dataclass(frozen=True, slots=True)
class Account:
    """One account's credentials, with the variables they came from."""

    #: User name, or client id; empty for a token.
    username: str
    #: Password, client secret, or token.
    password: str = field(repr=False)
    #: One variable holds a token, two hold user and password, or client id and secret.
    names: tuple[str, ...]
    #: Where tokens are asked for; None if the credentials are sent as they are.
    token_url: str | None = None
    memory_store_id: str | None = None
    #: Where the profile gives it, or the path of the `.netrc`; empty if the environment does.
    key: str = ""

    @property
    def scheme(self) -> str:
        """The scheme of its Authorization header."""
        return "Bearer" if self.token_url or len(self.names) == 1 else "Basic"

    @property
    def shell_names(self) -> tuple[str, ...]:
        """The variables that stand for it in a shell line; none for OAuth tokens."""
        return (f"{self.names[0]}_TOKEN",) if self.token_url else self.names

    @property
    def where(self) -> str:
        """Where its credentials were read, for a message."""
        if self.names == _NETRC_NAMES:
            return self.key
        names = " and ".join(self.names)
        return f"{names}, {self.key}" if self.key else names

    @property
    def identity(self) -> str:
        """Tells it from other accounts, and stays when a secret is renewed."""
        return self.username or f"Bearer {self.names[0]}"


def read_account(file: Path, key: str, entry: Mapping[str, Any]) -> Account:
    """The account that *entry*, at *key* of *file*, describes.

    Raises:
        ProfileError: a variable is not set.
    """
    store = entry.get("memory_store_id")
    if "token_env" in entry:
        name = entry["token_env"]
        token = _value(file, f"{key}.token_env", name)
        if not _TOKEN.match(token):
            raise ProfileError(
                f"{file}: {key}.token_env: expected a token of visible ASCII characters in {name}"
            )
        return Account("", token, (name,), memory_store_id=store, key=key)
    oauth = entry.get("oauth")
    where, found = (f"{key}.oauth", oauth) if oauth else (key, entry)
    keys = ("client_id_env", "client_secret_env") if oauth else ("username_env", "password_env")
    user, password = (_value(file, f"{where}.{one}", found[one]) for one in keys)
    names = (found[keys[0]], found[keys[1]])
    url = oauth["token_url"] if oauth else None
    return Account(user, password, names, url, store, key)


def read_header(file: Path, name: str, value: str | Mapping[str, str]) -> Header:
    """The header *name* of `[target]` headers, from plain text or a variable.

    Raises:
        ProfileError: the variable is not set, or holds what no header can.
    """
    if isinstance(value, str):
        return Header(name, value)
    key, variable = f"target.headers.{name}", value["env"]
    found = _value(file, f"{key}.env", variable)
    if not _HEADER_VALUE.match(found):
        raise ProfileError(
            f"{file}: {key}: expected printable ASCII characters in {variable}, found others"
        )
    return Header(name, found, variable)


def _value(file: Path, key: str, variable: str) -> str:
    found = os.environ.get(variable)
    if found:
        if not _is_text(found):
            raise ProfileError(f"{file}: {key}: expected UTF-8 text in {variable}")
        return found
    shown = (
        variable
        if _VARIABLE.fullmatch(variable)
        else "that it names (not shown: it may be a secret)"
    )
    raise ProfileError(f"{file}: {key}: the environment variable {shown} is not set")


def _is_text(value: str) -> bool:
    """False for what the system passed as bytes of no encoding."""
    return not any("\ud800" <= char <= "\udfff" for char in value)


def of_environment(host: str) -> Account | None:
    """The account that the usual variables, or `.netrc`, give for *host*.

    Raises:
        ProfileError: the `.netrc` can't be read.
    """
    for names in CREDENTIAL_NAMES:
        user, password = (os.environ.get(name) for name in names)
        if user and password:
            if not _is_text(user + password):
                raise ProfileError(f"--target: expected UTF-8 text in {' and '.join(names)}")
            return Account(user, password, names)
    path = Path(".netrc")
    try:
        path = (
            Path.home() / path
        )  # a RuntimeError where neither HOME nor the user database names one
        files.read_text(path)
        found = netrc.netrc(path).authenticators(host)
    except (FileNotFoundError, RuntimeError):
        return None
    except files.Unreadable as error:
        raise ProfileError(f"{path}: {error}") from None
    except (OSError, ValueError, netrc.NetrcParseError) as error:
        # What the parser says quotes the file, and so maybe a password.
        where = f" (line {error.lineno})" if isinstance(error, netrc.NetrcParseError) else ""
        raise ProfileError(f"{path}: can't be read as a .netrc{where}") from None
    if found is None:
        return None
    return Account(found[0], found[2] or "", _NETRC_NAMES, key=str(path))
