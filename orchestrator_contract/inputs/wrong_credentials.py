"""Authorization headers that must be refused, each near the right one."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from orchestrator_contract.http.basic_auth import basic


@dataclass(frozen=True, slots=True)
class WrongCredentials:
    """A value of the Authorization header that no account has."""

    value: str
    kind: str
    #: Times that it is sent: the forms that implementations confuse most are sent more than once.
    times: int = 1


def one_character_more(authorization: str) -> WrongCredentials:
    """*authorization* with one more character in its password or token."""
    scheme, _, token = authorization.partition(" ")
    if scheme != "Basic":
        return WrongCredentials(f"{authorization}x", "token and a character", 2)
    user, password = _pair(token)
    return WrongCredentials(basic(user, password + "x"), "password and a character", 2)


def wrong_credentials(authorization: str, other: str = "") -> list[WrongCredentials]:
    """Wrong credentials near *authorization*, the most telling first.

    *other* is another account's.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme != "Basic":
        return [one_character_more(authorization), *_wrong_tokens(token)]
    user, password = _pair(token)
    found = [one_character_more(authorization), *_wrong_pairs(user, password)]
    if other.startswith("Basic "):
        others = basic(user, _pair(other.removeprefix("Basic "))[1])
        found.insert(5, WrongCredentials(others, "another account's password", 2))
    return found


def _wrong_pairs(user: str, password: str) -> list[WrongCredentials]:
    encoded = _encoded(f"{user}:{password}")
    first = "x" if password[:1] != "x" else "y"
    last = "x" if password[-1:] != "x" else "y"
    found = [
        WrongCredentials(basic(user, ""), "empty password", 2),
        WrongCredentials(basic(user, "wrong" + password[::-1]), "wrong password", 2),
        WrongCredentials(basic(user, password[:-1]), "password cut short", 2),
        WrongCredentials(basic("SK" + "0" * 32, password), "wrong user", 2),
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
    return found


def _wrong_tokens(token: str) -> list[WrongCredentials]:
    """Wrong tokens; the last character alone may not matter in base64."""
    first = "x" if token[:1] != "x" else "y"
    return [
        WrongCredentials(f"Bearer wrong{token[::-1]}", "wrong token", 2),
        WrongCredentials(f"Bearer {token[:-1]}", "token cut short", 2),
        WrongCredentials(f"Bearer {token[: len(token) // 2]}", "half a token", 2),
        WrongCredentials(f"Bearer {first}{token[1:]}", "another first character"),
        WrongCredentials("Bearer", "empty"),
        WrongCredentials(basic("", ""), "empty user and password"),
        WrongCredentials("Basic !!!", "no base64"),
        WrongCredentials(f"Negotiate {token}x", "negotiate scheme"),
    ]


def _pair(token: str) -> tuple[str, str]:
    user, _, password = base64.b64decode(token).decode().partition(":")
    return user, password


def _digest(user: str) -> str:
    return f'Digest username="{user}", realm="x", nonce="0", uri="/", response="{"0" * 32}"'


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
