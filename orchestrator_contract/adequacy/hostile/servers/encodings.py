"""Content codings and charsets: bombs, garbage and unknown names."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

from ..exchange import Exchange
from ..messages import Reply
from ..place import Place
from ..registry import hostile

_BLOCK = 1024 * 1024
#: How many blocks of zeros a bomb unfolds to: 10 GiB.
_BLOCKS = 10 * 1024


def _bomb(window: int) -> Iterator[bytes]:
    """Ten GiB of zeros, deflated; *window* chooses gzip or zlib framing."""
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    # After a full flush nothing refers back, so one compressed block can be sent any number of
    # times.
    yield packer.compress(b'{"statusUrl": "') + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(_BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(_BLOCKS):
        yield block


def _coded(exchange: Exchange, coding: str, body: bytes) -> None:
    exchange.answer(exchange.reply.with_headers(Content_Encoding=coding).with_body(body))


@hostile(
    "gzip-bomb", Place.DELETE, {1}, "Answers a DELETE with 10 GiB in 10 MiB of gzip.", sample=True
)
@hostile("gzip-bomb-on-list", Place.LIST, {0, 1}, "Answers a list with 10 GiB in 10 MiB of gzip.")
@hostile("gzip-bomb-on-poll", Place.POLL, {1}, "Answers a poll with 10 GiB in 10 MiB of gzip.")
def gzip_bomb(exchange: Exchange) -> None:
    """Small on the wire, endless in memory."""
    exchange.send(exchange.reply.with_headers(Content_Encoding="gzip").head())
    exchange.wire.stream(_bomb(31))


@hostile("deflate-bomb", Place.DELETE, {1}, "Answers a DELETE with 10 GiB in 10 MiB of deflate.")
def deflate_bomb(exchange: Exchange) -> None:
    """The same in zlib framing."""
    exchange.send(exchange.reply.with_headers(Content_Encoding="deflate").head())
    exchange.wire.stream(_bomb(15))


@hostile("gzip-bomb-nested", Place.DELETE, {1}, "Answers a DELETE with a gzip bomb inside gzip.")
def gzip_bomb_nested(exchange: Exchange) -> None:
    """A few KiB on the wire; each coding unfolds a thousandfold."""
    inner = gzip.compress(bytes(64 * _BLOCK), 9)
    _coded(exchange, "gzip, gzip", gzip.compress(inner * 16, 9))


@hostile("gzip-chain", Place.DELETE, {0, 1}, "Names gzip 1,000 times in Content-Encoding.")
def gzip_chain(exchange: Exchange) -> None:
    """One decoder per name, unless the client counts them."""
    _coded(exchange, ", ".join(["gzip"] * 1000), gzip.compress(exchange.reply.body))


@hostile("gzip-truncated", Place.DELETE, {1}, "Answers a DELETE with half a gzip stream.")
def gzip_truncated(exchange: Exchange) -> None:
    """Framed right, coded wrong."""
    packed = gzip.compress(exchange.reply.body)
    _coded(exchange, "gzip", packed[: len(packed) // 2])


@hostile("gzip-garbage", Place.DELETE, {1}, "Says gzip and sends plain JSON.")
def gzip_garbage(exchange: Exchange) -> None:
    """The usual slip of a proxy."""
    _coded(exchange, "gzip", exchange.reply.body)


@hostile("gzip-bad-checksum", Place.DELETE, {0, 1}, "Sends gzip with a wrong checksum.")
def gzip_bad_checksum(exchange: Exchange) -> None:
    """Whole, but not what was packed."""
    packed = gzip.compress(exchange.reply.body)
    _coded(exchange, "gzip", packed[:-8] + b"\0\0\0\0" + packed[-4:])


@hostile("encoding-unknown", Place.DELETE, {1}, "Sends a Content-Encoding nobody knows, and noise.")
def encoding_unknown(exchange: Exchange) -> None:
    """Not offered, not registered."""
    _coded(exchange, "x-rot13", bytes(reversed(exchange.reply.body)))


@hostile("encoding-not-offered", Place.DELETE, {1}, "Sends noise as Content-Encoding: zstd, br.")
def encoding_not_offered(exchange: Exchange) -> None:
    """Known to some clients, valid for none."""
    _coded(exchange, "zstd, br", b"\x28\xb5\x2f\xfd\xff\xff\xff\xff" * 100)


def _typed(exchange: Exchange, content_type: str) -> None:
    exchange.answer(exchange.reply.with_headers(Content_Type=content_type))


@hostile("charset-unknown", Place.EVERYWHERE, {0}, "Conforms; names a charset that does not exist.")
def charset_unknown(exchange: Exchange) -> None:
    """JSON is UTF-8 whatever the parameter says; a lookup must not raise."""
    _typed(exchange, "application/json; charset=no-such-charset")


@hostile(
    "charset-codec", Place.EVERYWHERE, {0}, "Conforms; names a Python codec that is no charset."
)
def charset_codec(exchange: Exchange) -> None:
    """Codecs that raise or unfold when they are asked for text."""
    names = ("hex", "zlib", "punycode", "unicode_escape", "idna", "undefined", "rot13", "utf-7")
    _typed(exchange, f"application/json; charset={names[exchange.turn % len(names)]}")


@hostile("content-type-60-kb", Place.DELETE, {0, 1}, "Sends a Content-Type of 60,000 characters.")
def content_type_long(exchange: Exchange) -> None:
    """Within the usual line limit, beyond any sense."""
    _typed(exchange, "application/json; " + "; ".join(f"p{n}=1" for n in range(6500)))


@hostile("content-type-garbage", Place.DELETE, {1}, "Sends a Content-Type that is no media type.")
def content_type_garbage(exchange: Exchange) -> None:
    """Quotes that never close, empty parameters, and no slash."""
    _typed(exchange, ';;;="\\";charset="')


@hostile("utf-16-body", Place.DELETE, {1}, "Sends bodies in UTF-16.")
def utf16_body(exchange: Exchange) -> None:
    """Some JSON readers guess UTF-16; RFC 8259 8.1 asks for UTF-8."""
    reply: Reply = exchange.reply
    exchange.answer(reply.with_body(reply.body.decode().encode("utf-16")))
