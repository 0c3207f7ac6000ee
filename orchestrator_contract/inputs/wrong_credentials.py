"""Authorization headers that must be refused, each near the right one."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator_contract.profile import Account


@dataclass(frozen=True, slots=True)
class WrongCredentials:
    """A value of the Authorization header that no account has."""

    value: str
    kind: str
    #: Times that it is sent: the forms that implementations confuse most are sent more than once.
    times: int = 1


def basic(user: str, password: str) -> str:
    """The value of an Authorization header (S2: HTTP Basic)."""
    return "Basic " + _encoded(f"{user}:{password}")


def wrong_password(account: Account) -> WrongCredentials:
    """The account's credentials with one character too many in the password."""
    value = basic(account.username, account.password + "x")
    return WrongCredentials(value, "password and a character", 3)


def wrong_credentials(accounts: Sequence[Account]) -> list[WrongCredentials]:
    """Wrong credentials near those of the first of *accounts*, the most telling ones first."""
    user, password = accounts[0].username, accounts[0].password
    encoded = _encoded(f"{user}:{password}")
    first = "x" if password[:1] != "x" else "y"
    last = "x" if password[-1:] != "x" else "y"
    found = [
        wrong_password(accounts[0]),
        WrongCredentials(basic(user, ""), "empty password", 3),
        WrongCredentials(basic(user, "wrong" + password[::-1]), "wrong password", 3),
        WrongCredentials(basic(user, password[:-1]), "password cut short", 3),
        WrongCredentials(basic("SK" + "0" * 32, password), "wrong user", 3),
        WrongCredentials(f"Bearer {encoded}", "bearer scheme"),
        WrongCredentials(basic(user, password[:-1] + last), "another last character"),
        WrongCredentials(basic(user, first + password[1:]), "another first character"),
        WrongCredentials(basic("", password), "empty user"),
        WrongCredentials(basic(user + "x", password), "user and a character"),
        WrongCredentials(basic("", ""), "empty user and password"),
        WrongCredentials("Basic " + _encoded(user), "no colon"),
        WrongCredentials(basic(user, password + " "), "password and a space"),
        WrongCredentials(basic(user, password + ":x"), "password, a colon and a character"),
        WrongCredentials(basic(user[:-1], password), "user cut short"),
        WrongCredentials(basic(password, user), "user and password swapped"),
        WrongCredentials("Basic !!!", "no base64"),
        WrongCredentials("Basic", "empty"),
        WrongCredentials(f"Token {encoded}", "token scheme"),
        WrongCredentials(f"Negotiate {encoded}", "negotiate scheme"),
        WrongCredentials(f"ApiKey {user}", "key scheme"),
        WrongCredentials(_digest(user), "digest scheme"),
    ]
    if password.swapcase() != password:
        found.append(WrongCredentials(basic(user, password.swapcase()), "password in other case"))
    if len(accounts) > 1:
        other = basic(user, accounts[1].password)
        found.insert(5, WrongCredentials(other, "another account's password", 3))
    return found


def _digest(user: str) -> str:
    return f'Digest username="{user}", realm="x", nonce="0", uri="/", response="{"0" * 32}"'


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
