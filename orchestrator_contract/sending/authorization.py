"""The Authorization value of each account, with renewed tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import quote, urlencode

from orchestrator_contract.exceptions import TokenError
from orchestrator_contract.http.addresses import Origin
from orchestrator_contract.http.basic_auth import SecretBytes, basic
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.http.json_text import parse_json, words_of
from orchestrator_contract.http.request import Header, Request, origin_of, prepare
from orchestrator_contract.http.response import Response, TransportError
from orchestrator_contract.profile import Account
from orchestrator_contract.redaction.redactor import Redactor

#: A token is renewed so many seconds, or this part of its life if less, before it expires.
_MARGIN_S, _MARGIN = 60.0, 1 / 3
#: The life of a token of which none is given, in seconds.
_USUAL_LIFE_S = 300.0
#: How long a failure is remembered before the next token is asked for, in seconds.
_PAUSE_S = 5.0
_VISIBLE = re.compile(r"[\x21-\x7e]+\Z")


@dataclass(slots=True)
class _Token:
    value: str
    renew_at: float
    ends_at: float


@dataclass
class Authorization:
    """Gives Authorization values; safe for threads."""

    #: Sends one request on a connection of its own; raises TransportError.
    send: Callable[[Origin, bytes], Response]
    #: The profile's headers for an origin.
    headers: Callable[[Origin], Sequence[Header]]
    redactor: Redactor
    #: Seconds, on a clock that runs ahead as the endpoint's does.
    now: Callable[[], float]

    def __post_init__(self) -> None:
        self._tokens: dict[Account, _Token] = {}
        #: The time and message of the last failure.
        self._failures: dict[Account, tuple[float, str]] = {}
        #: Accounts whose token endpoint takes its credentials as Basic ones only.
        self._basic: set[Account] = set()
        self._lock = Lock()

    def value(self, account: Account) -> str:
        """The value for *account*; raises a TokenError if its token endpoint gives none."""
        if account.token_url is not None:
            return f"Bearer {self._token(account)}"
        if account.scheme == "Bearer":
            return f"Bearer {account.password}"
        return basic(account.username, account.password)

    def _token(self, account: Account) -> str:
        with self._lock:
            token, now = self._tokens.get(account), self.now()
            if token is not None and now < token.renew_at:
                return token.value
            failed_at, failure = self._failures.get(account, (0.0, ""))
            if not failure or now >= failed_at + _PAUSE_S:
                try:
                    token = self._tokens[account] = self._fetch(account)
                except TokenError as error:
                    failure = str(error)
                    self._failures[account] = self.now(), failure
            if token is not None and now < token.ends_at:
                return token.value
            raise TokenError(failure)

    def _fetch(self, account: Account) -> _Token:
        asked_at = self.now()
        response = self._ask(account)
        found = parse_json(response.body).value
        answer: dict[str, Any] = found if isinstance(found, dict) else {}
        value = answer.get("access_token")
        if not 200 <= response.status < 300 or not isinstance(value, str):
            raise self._error(account, f"found {response.status}{words_of(response)}")
        self.redactor.secret(value)
        kind = answer.get("token_type", "Bearer")
        if str(kind).lower() != "bearer" or not _VISIBLE.match(value):
            raise self._error(account, f"found one that is no Bearer token ({str(kind)[:40]!r})")
        life = _seconds(answer.get("expires_in"))
        ends_at = asked_at + life
        return _Token(value, ends_at - min(_MARGIN_S, _MARGIN * life), ends_at)

    def _ask(self, account: Account) -> Response:
        """Ask with credentials in the body, then with Basic ones (RFC 6749 2.3.1)."""
        try:
            response = self._post(account, as_basic=account in self._basic)
            if response.status not in (400, 401) or account in self._basic:
                return response
            second = self._post(account, as_basic=True)
        except TransportError as error:
            raise self._error(account, f"found no response: {error}") from None
        if not 200 <= second.status < 300:
            return response
        self._basic.add(account)
        return second

    def _post(self, account: Account, *, as_basic: bool) -> Response:
        """Ask for a token (RFC 6749 4.4.2)."""
        url = account.token_url or ""
        origin = origin_of(url)
        assert origin is not None  # the profile was checked
        form, login = {"grant_type": "client_credentials"}, None
        if as_basic:
            login = basic(*(quote(one, safe="") for one in (account.username, account.password)))
        else:
            form |= {"client_id": account.username, "client_secret": account.password}
        lines = (("Content-Type", "application/x-www-form-urlencoded"),)
        out = Request(Call("other"), "POST", url, lines, SecretBytes(urlencode(form).encode()))
        headers = self.headers(origin)
        prepared = prepare(out, origin, self.redactor, authorization=login, headers=headers)
        return self.send(origin, prepared.data)

    def _error(self, account: Account, found: str) -> TokenError:
        text = (
            f"{account.key}.oauth: expected a token from {account.token_url} "
            f"for the client in {' and '.join(account.names)}, {found}"
        )
        return TokenError(self.redactor.text(text))


def _seconds(life: object) -> float:
    try:
        seconds = float(life)  # type: ignore[arg-type]  # anything may stand there
    except (TypeError, ValueError, OverflowError):
        return _USUAL_LIFE_S
    return seconds if 0 < seconds < 1e9 else _USUAL_LIFE_S
