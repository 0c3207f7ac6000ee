"""Replaces secrets in everything that is stored, shown or logged."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from threading import Lock
from urllib.parse import quote, quote_plus

from orchestrator_contract.contract import schemas
from orchestrator_contract.redaction.spellings import (
    SURE,
    any_of,
    encodings,
    folded,
    reduced,
    spans,
)

#: Texts of this many characters, or fewer, are no secrets.
_SHORT = 3
#: Likewise made-up tokens: an operation's id may end in that of an empty pair, "Og==".
_SHORT_TOKEN = 6
#: Words in the messages of every conformant endpoint, beside those of the schemas.
_COMMON = (
    "HTTP/1.1 application/json; charset=utf-8 null true false Content-Type Content-Length "
    "Content-Encoding gzip Date "
    "https://v2/ControlPlane/Configurations Operations Conversations conv_configuration_ "
    "conv_operation_ conv_conversation_ "
    "17534 20003 20404 20409 20429 20500 20503"
)


class Redactor:
    """Replaces known secrets in every form by ``***``; safe for threads."""

    def __init__(self, *urls: str) -> None:
        #: The target's addresses: a part of them is no secret.
        self._urls = urls
        #: Held while secrets are learnt or compiled: a text waits for what was learnt before it.
        self._lock = Lock()
        #: Secrets with letters that `folded` leaves out, looked for as they are.
        self._exact: set[str] = set()
        #: Secrets that are looked for in a text's spelling.
        self._spelled: set[bytes] = set()
        self._exactly: re.Pattern[str] | None = None
        self._spelling: re.Pattern[bytes] | None = None
        self._least = 0
        self._stale = False
        self._users: set[str] = set()

    def add(self, user: str, password: str) -> None:
        """Learn one account's secrets."""
        self._users.add(user)
        pair = f"{user}:{password}"
        forms = {*_written(password), *_base64(pair), pair[::-1]}
        # A text with the Authorization value holds this, encoded or not.
        self._hide_unless_words(forms | encodings(base64.b64encode(pair.encode()).decode()))

    def secret(self, text: str) -> None:
        """Learn one secret that stands alone: a token, or the value of a header."""
        self._hide_unless_words(_written(text))

    def learn(self, authorization: str | None) -> None:
        """Learn an Authorization value made for a test, near the real one."""
        token = (authorization or "").partition(" ")[2]
        if len(token) <= _SHORT_TOKEN:
            return
        made = {token, _password_in(token)} - self._users
        made = made.union(*(encodings(one, twice=False) for one in made))
        self._hide_unless_words(made - self._users)

    def _hide_unless_words(self, forms: set[str]) -> None:
        """Hide *forms*, except those that would change responses without secrets.

        Texts are redacted before they are judged, so such responses would be found wrong.
        """
        if self._hides_words(forms):
            forms = {form for form in forms if not self._hides_words({form})}
        self.hide(forms)

    def _hides_words(self, forms: set[str]) -> bool:
        """True if *forms* hide the API's words, today's date, or the target's URLs."""
        redactor = Redactor()
        redactor.hide(forms)
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        texts = (*schemas.words(), *_COMMON.split(), today, *self._urls)
        return any(redactor.text(text) != text for text in texts)

    def hide(self, forms: set[str]) -> None:
        """Learn *forms* of secrets, each as it stands."""
        forms = forms | {json.dumps(form)[1:-1] for form in forms}
        # As it stands in bytes that are read as latin-1.
        forms |= {form.encode().decode("latin-1") for form in forms}
        forms = {form for form in forms if len(form) > _SHORT}  # shorter would hide anything
        with self._lock:
            for form in forms:
                # What is left of a longer form after folding may be too short to be telling.
                left = {folded(form), reduced(form)}
                self._spelled |= {one for one in left if len(one) >= min(SURE, len(form))}
            self._exact |= {form for form in forms if not form.isascii()}
            self._stale = True

    def _compile(self) -> None:
        """Compile the pattern of all secrets; the caller holds the lock."""
        ordered = sorted(self._exact, key=len, reverse=True)
        self._exactly = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._spelling = any_of(self._spelled)
        self._least = min(map(len, self._spelled), default=0)
        self._stale = False

    def text(self, text: str) -> str:
        """*text* without secrets, in escapes, in another case, or interrupted."""
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
        """Header lines without secrets; checked together first, as most hold none."""
        whole = " ".join(part for line in headers for part in line)
        if self.text(whole) == whole:
            return headers
        return [(self.text(name), self.text(value)) for name, value in headers]

    def raw(self, data: bytes) -> bytes:
        """Replace secrets in *data*; other bytes stay as they are."""
        text = data.decode("latin-1")
        clean = self.text(text)
        return data if clean == text else clean.encode("latin-1")


def _written(secret: str) -> set[str]:
    """The forms in which a message may hold *secret*."""
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return {secret, *quoted, secret.encode().hex(), *_base64(secret), *encodings(secret)}


def _base64(text: str) -> set[str]:
    encoded = base64.b64encode(text.encode()).decode()
    return {encoded, encoded.rstrip("=")}


def _password_in(token: str) -> str:
    """The password in a token of Basic credentials, or an empty text."""
    try:
        return base64.b64decode(token).decode().partition(":")[2]
    except ValueError:
        return ""
