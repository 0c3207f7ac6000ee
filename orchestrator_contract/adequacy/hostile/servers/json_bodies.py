"""Bodies that are no JSON, nearly JSON, or more JSON than anybody wants."""

from __future__ import annotations

import json

from ..exchange import Exchange
from ..place import Place
from ..registry import hostile


def _prefixed(body: bytes, member: bytes) -> bytes:
    """*body*, a JSON object, with the raw *member* put first."""
    return b"{" + member + b", " + body.removeprefix(b"{")


def _spoil(exchange: Exchange, body: bytes) -> None:
    exchange.answer(exchange.reply.with_body(body))


@hostile("json-deep", Place.DELETE, {0, 1}, "Nests a further property 100,000 deep.", sample=True)
@hostile("json-deep-on-poll", Place.POLL, {0, 1}, "Nests a property of an operation 100,000 deep.")
@hostile("json-deep-on-list", Place.LIST, {0, 1}, "Nests a property of a list 100,000 deep.")
def json_deep(exchange: Exchange) -> None:
    """Valid by the letter, and a RecursionError to most readers."""
    _spoil(exchange, _prefixed(exchange.reply.body, b'"deep": ' + b"[" * 100_000 + b"]" * 100_000))


@hostile(
    "json-deep-objects",
    Place.DELETE,
    {0, 1},
    "Nests objects 900 deep, just within what json reads.",
)
def json_deep_objects(exchange: Exchange) -> None:
    """Read without complaint; whoever walks it recursively afterwards falls over."""
    _spoil(
        exchange, _prefixed(exchange.reply.body, b'"deep": ' + b'{"a": ' * 900 + b"1" + b"}" * 900)
    )


@hostile("json-50-mb", Place.DELETE, {0, 1}, "Sends a string of 50 MB in a further property.")
@hostile("json-50-mb-on-poll", Place.POLL, {0, 1}, "Sends a string of 50 MB in an operation.")
@hostile(
    "json-50-mb-on-create",
    Place.CREATE,
    {0, 1, 4},
    "Sends a string of 50 MB in the answer to a create.",
)
def json_50_mb(exchange: Exchange) -> None:
    """Valid, and far too long."""
    _spoil(exchange, _prefixed(exchange.reply.body, b'"long": "' + b"x" * 50_000_000 + b'"'))


@hostile(
    "json-million-digits",
    Place.DELETE,
    {0, 1},
    "Sends a further property that is a number of 10^6 digits.",
)
def json_million_digits(exchange: Exchange) -> None:
    """Python's int refuses beyond 4,300 digits, with a ValueError that is no JSONDecodeError."""
    _spoil(exchange, _prefixed(exchange.reply.body, b'"number": ' + b"9" * 1_000_000))


@hostile("json-million-digit-code", Place.DELETE, {1}, "Sends error codes of 10^6 digits.")
def json_million_digit_code(exchange: Exchange) -> None:
    """The same where a number is looked at."""
    if exchange.accepted:
        exchange.answer(exchange.reply)
    else:
        _spoil(exchange, b'{"code": ' + b"2" * 1_000_000 + b', "message": "x", "status": 1e99999}')


@hostile("json-nan", Place.DELETE, {1}, "Sends NaN, Infinity and -Infinity.", sample=True)
@hostile("json-nan-on-poll", Place.POLL, {1}, "Sends NaN and Infinity in an operation.")
def json_nan(exchange: Exchange) -> None:
    """No JSON, though Python reads it."""
    _spoil(exchange, _prefixed(exchange.reply.body, b'"x": NaN, "y": Infinity, "z": -Infinity'))


@hostile(
    "json-duplicate-keys", Place.DELETE, {0, 1}, "Sends every key twice, with different values."
)
def json_duplicate_keys(exchange: Exchange) -> None:
    """Valid by RFC 8259, and two truths to two readers."""
    doubled = b'"statusUrl": "http://127.0.0.1:1/", "code": 1, "status": 1, "related": null'
    _spoil(exchange, _prefixed(exchange.reply.body, doubled))


@hostile("json-huge-object", Place.DELETE, {0, 1}, "Sends an object of 300,000 members.")
def json_huge_object(exchange: Exchange) -> None:
    """Five megabytes of small things."""
    _spoil(
        exchange,
        _prefixed(exchange.reply.body, b", ".join(b'"k%d": {}' % n for n in range(300_000))),
    )


@hostile("json-invalid-utf-8", Place.DELETE, {1}, "Sends bytes that are no UTF-8.")
def json_invalid_utf8(exchange: Exchange) -> None:
    """Lone continuation bytes, an overlong slash and an encoded surrogate."""
    _spoil(exchange, _prefixed(exchange.reply.body, b'"x": "\x80\xff\xc0\xaf\xed\xa0\x80"'))


@hostile("json-bom", Place.DELETE, {0, 1}, "Starts every body with a byte order mark.")
def json_bom(exchange: Exchange) -> None:
    """RFC 8259 8.1: must not be sent, may be ignored."""
    _spoil(exchange, b"\xef\xbb\xbf" + exchange.reply.body)


@hostile(
    "json-lone-surrogates",
    Place.DELETE,
    {1},
    "Sends escaped lone surrogates in everything that is quoted.",
)
def json_lone_surrogates(exchange: Exchange) -> None:
    """A str that no encoding takes: the first write of a report falls over."""
    if exchange.accepted:
        _spoil(exchange, _prefixed(exchange.reply.body, b'"\\udfff": "\\ud800 \\udc00\\ud800"'))
    else:
        _spoil(
            exchange,
            b'{"code": 20500, "message": "\\ud800 and \\udfff", "status": 418'
            b', "\\udc80": "\\ud800"}',
        )


@hostile("json-surrogate-status-url", Place.DELETE, {1}, "Sends a lone surrogate in statusUrl.")
def json_surrogate_status_url(exchange: Exchange) -> None:
    """A URL that cannot be encoded."""
    if exchange.accepted:
        exchange.answer(
            exchange.reply.edited(
                statusUrl=f"{exchange.core.base_url}{exchange.operation_path}\ud800"
            )
        )
    else:
        exchange.answer(exchange.reply)


@hostile("json-trailing-garbage", Place.DELETE, {1}, "Sends a second document behind the first.")
def json_trailing_garbage(exchange: Exchange) -> None:
    """Readable up to a point."""
    _spoil(exchange, exchange.reply.body + b' {"and": "more"}')


@hostile("json-truncated", Place.DELETE, {1}, "Sends half of each document, well framed.")
def json_truncated(exchange: Exchange) -> None:
    """Framed right, written wrong."""
    _spoil(exchange, exchange.reply.body[: len(exchange.reply.body) // 2])


@hostile("json-empty", Place.DELETE, {1}, "Sends an empty body as application/json.")
@hostile("json-empty-on-poll", Place.POLL, {1}, "Sends an empty body as an operation.")
def json_empty(exchange: Exchange) -> None:
    """Nothing is no JSON."""
    _spoil(exchange, b"")


_SCALARS: tuple[object, ...] = (None, True, 42, "text", [], [[]], 1.5)


@hostile("json-scalars", Place.DELETE, {1}, "Sends null, true, 42, a string and lists for objects.")
@hostile(
    "json-scalars-on-poll",
    Place.POLL,
    {1},
    "Sends null, true, 42, a string and lists for operations.",
)
@hostile(
    "json-scalars-on-list",
    Place.LIST,
    {0, 1},
    "Sends null, true, 42, a string and lists for a page.",
)
@hostile(
    "json-scalars-on-fetch",
    Place.FETCH,
    {0, 1},
    "Sends null, true, 42, a string and lists for a fetch.",
)
@hostile(
    "json-scalars-on-create",
    Place.CREATE,
    {1, 4},
    "Sends null, true, 42, a string and lists for a create.",
)
def json_scalars(exchange: Exchange) -> None:
    """JSON, but nothing that has members."""
    _spoil(exchange, json.dumps(_SCALARS[exchange.turn % len(_SCALARS)]).encode())


@hostile("json-wrong-types", Place.DELETE, {1}, "Sends a wrong type for every documented property.")
def json_wrong_types(exchange: Exchange) -> None:
    """An object whose members are all something else."""
    wrong = {
        "statusUrl": {},
        "related": [1],
        "code": [],
        "message": {},
        "more_info": 7,
        "status": "\u0664\u0660\u0664",
    }
    exchange.answer(exchange.reply.edited(**wrong))


@hostile("json-huge-exponents", Place.DELETE, {1}, "Sends 1e400 and -0.0 for code and status.")
def json_huge_exponents(exchange: Exchange) -> None:
    """Valid JSON that Python reads as infinity, which is not valid JSON when written again."""
    _spoil(
        exchange,
        _prefixed(
            exchange.reply.body.replace(b'"code"', b'"x-code"'), b'"code": 1e400, "x": -1e400'
        ),
    )


@hostile("html-body", Place.DELETE, {1}, "Sends an HTML error page as application/json.")
def html_body(exchange: Exchange) -> None:
    """As a gateway in front of the service does."""
    _spoil(
        exchange,
        b"<!doctype html><title>502</title><script>window.hostile=1</script><h1>Bad Gateway</h1>",
    )
