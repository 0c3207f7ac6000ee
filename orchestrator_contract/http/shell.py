"""The curl command of a request, with secrets as environment variables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

#: Headers that curl writes itself.
_OWN = ("host", "content-length", "accept-encoding", "user-agent", "connection")


def curl_line(
    method: str,
    url: str,
    headers: Sequence[tuple[str, str]],
    body: bytes | None,
    *,
    credentials: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> str:
    """The line; *options* lead it as the request was led.

    *credentials* are the variables of user and password, or of a token. *variables* are those of
    the profile's headers by lower-case name, empty for one that is no secret.
    """
    known = dict(variables or {})
    parts = ["curl", "-isS", "--path-as-is", *options, "-X", word(method)]
    for name, value in headers:
        lower = name.lower()
        if value == "***" and lower == "authorization" and len(credentials) == 1:
            parts += ["-H", _header(name, f"Bearer ${credentials[0]}")]
        elif value == "***" and lower == "authorization" and credentials:
            parts += ["-u", '"' + ":".join(f"${one}" for one in credentials) + '"']
        elif value == "***" and known.get(lower):
            parts += ["-H", _header(name, f"${known[lower]}")]
        elif lower not in _OWN or lower in known or (lower, body) == ("content-length", None):
            parts += ["-H", word(f"{name}: {value}" if value else f"{name};")]
    if body is not None:
        parts += ["--data-binary", word(body.decode("utf-8", "backslashreplace"))]
    return " ".join([*parts, word(url)])


def _header(name: str, variable: str) -> str:
    """A header line with a variable in it, quoted against the shell."""
    if re.fullmatch(r"[\w-]+", name):
        return f'"{name}: {variable}"'
    return f'{word(name + ": ")}"{variable}"'


def word(text: str) -> str:
    """*text* as one shell word; bytes that a terminal would act on use $'…'."""
    if text.isprintable() and text.isascii():
        return shlex.quote(text)
    return f"$'{''.join(map(_escaped, text))}'"


def _escaped(char: str) -> str:
    if char.isprintable() and char.isascii() and char not in "'\\":
        return char
    data = char.encode("latin-1") if ord(char) < 256 else char.encode("utf-8", "replace")
    return "".join(f"\\x{byte:02x}" for byte in data)
