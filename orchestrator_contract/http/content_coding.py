"""Content codings: decompresses bodies within their bound."""

from __future__ import annotations

import re
import zlib

from orchestrator_contract.http.response import MAX_BODY, Response, TransportError, TransportFault

#: Content codings offered; anything else in a response was not asked for.
OFFERED = ("gzip", "deflate")
_ZERO = re.compile(r"q=0(\.0*)?")
_GZIP = b"\x1f\x8b"
#: More than any real body has; each costs a copy of the rest.
_MOST_MEMBERS = 100


def offers(accepted: str, coding: str) -> bool:
    """True if Accept-Encoding *accepted* offers each coding (R1 12.5.3).

    Without the field, or with `*`, anything may come; no coding at all is `identity`.
    """
    if not accepted:
        return True
    weights = {
        name.strip(): rest.replace(" ", "")
        for name, _, rest in (part.partition(";") for part in accepted.lower().split(","))
    }
    taken = {_same(name) for name, weight in weights.items() if not _ZERO.fullmatch(weight)}
    said = filter(None, map(str.strip, coding.lower().split(",")))
    return "*" in taken or {_same(one) for one in said} <= taken | {"identity"}


def _same(coding: str) -> str:
    return coding.removeprefix("x-")  # RFC 9110 8.4.1.3


def decode(response: Response) -> None:
    """Undo the content codings; record a failed or unoffered one as a defect."""
    fields = [value for name, value in response.headers if name.lower() == "content-encoding"]
    codings = [one.strip().lower() for field in fields for one in field.split(",")]
    if not response.body:
        return
    for coding in reversed([one for one in codings if one not in ("", "identity")]):
        if coding not in OFFERED and coding != "x-gzip":
            # As it came: of a part, or in another case, who cleans it of secrets could not tell
            # what it is.
            said = f"Content-Encoding {', '.join(fields)!r} was not offered"
            response.defect = TransportFault.ENCODING, said
            return
        try:
            response.body = _inflate(response.body, coding)
        except zlib.error as error:
            response.defect = TransportFault.ENCODING, f"the body is not {coding}: {error}"
            return


def _inflate(data: bytes, coding: str) -> bytes:
    if "gzip" in coding:
        return _members(data)
    try:
        return _stream(data, 15, MAX_BODY)[0]
    except zlib.error:
        return _stream(data, -15, MAX_BODY)[0]  # deflate comes with and without zlib's header


def _members(data: bytes) -> bytes:
    """Decode a gzip body, which may have several members (RFC 1952 2.2)."""
    plain, rest = _stream(data, 31, MAX_BODY)
    for _ in range(_MOST_MEMBERS):
        if not rest.startswith(_GZIP):
            return plain
        more, rest = _stream(rest, 31, MAX_BODY - len(plain))
        plain += more
    raise zlib.error(f"it has more than {_MOST_MEMBERS} members")


def _stream(data: bytes, window: int, limit: int) -> tuple[bytes, bytes]:
    """Decode one coded stream; return its content and the rest."""
    engine = zlib.decompressobj(window)
    plain = engine.decompress(data, limit + 1)
    if len(plain) > limit:
        raise TransportError(
            TransportFault.TOO_LARGE, f"a body of more than {MAX_BODY} bytes once decoded"
        )
    if not engine.eof:
        raise zlib.error("it ends before the coded stream does")
    return plain, engine.unused_data
