"""Secrets kept out of everything that is stored, shown or logged."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from threading import Lock
from urllib.parse import quote, quote_plus

from orchestrator_contract.contract import schemas
from orchestrator_contract.profile import Profile
from orchestrator_contract.redaction.spellings import (
    SURE,
    any_of,
    encodings,
    folded,
    reduced,
    spans,
)

#: A secret of this many characters, or fewer, is none.
_SHORT = 3
#: Likewise a token of credentials that a test has made up: an operation's id may end in that of an empty pair, "Og==".
_SHORT_TOKEN = 6
#: What the messages of every conformant endpoint hold beside the words of the schemas.
_COMMON = (
    "HTTP/1.1 application/json; charset=utf-8 null true false Content-Type Content-Length Content-Encoding gzip Date "
    "https://v2/ControlPlane/Configurations Operations Conversations conv_configuration_ conv_operation_ conv_conversation_ "
    "17534 20003 20404 20409 20429 20500 20503"
)


def hides_words(secrets: set[str], *urls: str) -> bool:
    """Whether answers that hold no secret would lose something to *secrets*: the API's own words, today's date, the target's *urls*.

    What is hidden is hidden before it is judged, so answers would be found wrong for it.
    """
    redactor = Redactor()
    redactor.hide(set(secrets))
    texts = (*schemas.words(), *_COMMON.split(), f"{datetime.now(UTC):%Y-%m-%d}", *urls)
    return any(redactor.text(text) != text for text in texts)


class Redactor:
    """Replaces every known secret, in each form it can travel in, by ``***``; safe for threads."""

    def __init__(self) -> None:
        #: Held while secrets are learnt, and while what finds them is made: a text waits for what was learnt before it.
        self._lock = Lock()
        #: What is looked for as it stands: it has letters that `folded` leaves out.
        self._exact: set[str] = set()
        #: What is looked for in what a text spells.
        self._spelled: set[bytes] = set()
        self._exactly: re.Pattern[str] | None = None
        self._spelling: re.Pattern[bytes] | None = None
        self._least = 0
        self._stale = False
        self._users: set[str] = set()
        self._urls: tuple[str, ...] = ()

    @classmethod
    def of(cls, profile: Profile) -> Redactor:
        """One that knows the secrets of all accounts of *profile*."""
        made = cls()
        made._urls = (*profile.bases, *profile.origins)
        for account in profile.credentials:
            made.add(account.username, account.password, *made._urls)
        for header in profile.headers:
            if header.variable:
                made.secret(header.value)
        if profile.proxy and profile.proxy.password:
            made.add(profile.proxy.username, profile.proxy.password, *made._urls)
        return made

    def add(self, user: str, password: str, *urls: str) -> None:
        """Learn one account's secrets; but for those that are words of the API or of the target's *urls*, which can't be told from them."""
        self._users.add(user)
        self._urls = urls
        pair = f"{user}:{password}"
        forms = {*_written(password), *_base64(pair), pair[::-1]}
        # Whatever holds the Authorization value holds this, and what it encodes.
        forms |= encodings(base64.b64encode(pair.encode()).decode())
        self._hide_unless_words(forms)

    def secret(self, text: str) -> None:
        """Learn one secret that stands alone: a token, or the value of a header."""
        self._hide_unless_words(_written(text))

    def _hide_unless_words(self, forms: set[str]) -> None:
        if hides_words(forms, *self._urls):
            forms = {form for form in forms if not hides_words({form}, *self._urls)}
        self.hide(forms)

    def learn(self, authorization: str | None) -> None:
        """Learn the credentials of an Authorization value made for a test: they are near the real ones."""
        token = (authorization or "").partition(" ")[2]
        if len(token) <= _SHORT_TOKEN:
            return
        made = {token, _password_in(token)} - self._users
        self._hide_unless_words(
            made.union(*(encodings(one, twice=False) for one in made)) - self._users
        )

    def hide(self, forms: set[str]) -> None:
        """Learn *forms* of secrets, each as it stands; they are taken over."""
        forms |= {json.dumps(form)[1:-1] for form in set(forms)}
        forms |= {
            form.encode().decode("latin-1") for form in forms
        }  # as it stands in bytes that are read as latin-1
        forms = {form for form in forms if len(form) > _SHORT}  # shorter would hide anything
        with self._lock:
            for form in forms:
                # A few letters that stay of more may stand in any text by chance.
                self._spelled |= {
                    one
                    for one in (folded(form), reduced(form))
                    if len(one) >= (SURE if len(one) < len(form) else 1)
                }
            self._exact |= {form for form in forms if not form.isascii()}
            self._stale = True

    def _compile(self) -> None:
        """Make what finds the secrets; called with the lock held. Until all of it is there other threads' texts wait for the lock, too."""
        ordered = sorted(self._exact, key=len, reverse=True)
        self._exactly = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._spelling = any_of(self._spelled)
        self._least = min(map(len, self._spelled), default=0)
        self._stale = False

    def text(self, text: str) -> str:
        """*text* without secrets, whatever of them is written as escapes, in another case or with something between the letters."""
        if self._stale:
            with self._lock:
                if self._stale:
                    self._compile()
        if self._exactly is not None:
            text = self._exactly.sub("***", text)
        if self._spelling is None or len(text) < self._least:  # undoing escapes only ever shortens
            return text
        pieces, end = [], 0
        for start, after in spans(text, self._spelling.finditer):
            pieces += [text[end:start], "***"]
            end = after
        return "".join([*pieces, text[end:]]) if pieces else text

    def headers(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Header lines without secrets; as most hold none, they are looked through in one go first."""
        whole = " ".join(part for line in headers for part in line)
        return (
            headers
            if self.text(whole) == whole
            else [(self.text(name), self.text(value)) for name, value in headers]
        )

    def raw(self, data: bytes) -> bytes:
        """*data* without secrets, byte for byte otherwise."""
        text = data.decode("latin-1")
        clean = self.text(text)
        return data if clean == text else clean.encode("latin-1")


def _written(secret: str) -> set[str]:
    """The forms in which a message may hold *secret*."""
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        secret.encode().hex(),
        *_base64(secret),
        *encodings(secret),
    }


def _base64(text: str) -> set[str]:
    encoded = base64.b64encode(text.encode()).decode()
    return {encoded, encoded.rstrip("=")}


def _password_in(token: str) -> str:
    """The password that the token of Basic credentials holds; empty when it holds none."""
    try:
        return base64.b64decode(token).decode().partition(":")[2]
    except ValueError:
        return ""
