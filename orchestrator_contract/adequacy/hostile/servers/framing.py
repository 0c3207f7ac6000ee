"""Bodies whose length is a lie: Content-Length, chunks, and bodies without an end."""

from __future__ import annotations

from ..exchange import Exchange
from ..place import Place
from ..registry import hostile


def _with_length(exchange: Exchange, *values: bytes) -> None:
    lines = (b"Content-Length: %b\r\n" % value for value in values)
    exchange.send(exchange.reply.head(*lines), exchange.reply.body)


@hostile(
    "length-too-long",
    Place.DELETE,
    {1},
    "Announces 100 bytes more than it sends, then closes.",
    sample=True,
)
@hostile(
    "length-too-long-on-poll",
    Place.POLL,
    {1},
    "Announces 100 bytes more of an operation than it sends.",
)
@hostile(
    "length-too-long-on-list",
    Place.LIST,
    {0, 1},
    "Announces 100 bytes more of a list than it sends.",
)
def length_too_long(exchange: Exchange) -> None:
    """A body cut short."""
    _with_length(exchange, b"%d" % (len(exchange.reply.body) + 100))


@hostile("length-too-small", Place.DELETE, {1}, "Announces half of the body that it sends.")
def length_too_small(exchange: Exchange) -> None:
    """The announced length cuts the body, and the rest is no JSON."""
    _with_length(exchange, b"%d" % (len(exchange.reply.body) // 2))


@hostile("length-negative", Place.DELETE, {0, 1}, "Sends Content-Length: -1.")
def length_negative(exchange: Exchange) -> None:
    """Less than nothing."""
    _with_length(exchange, b"-1")


@hostile("length-junk", Place.DELETE, {0, 1}, "Sends Content-Length: 0x10, abc.")
def length_junk(exchange: Exchange) -> None:
    """No number at all."""
    _with_length(exchange, b"0x10, abc")


@hostile("length-twice", Place.DELETE, {0, 1}, "Sends two Content-Length headers that differ.")
def length_twice(exchange: Exchange) -> None:
    """The classic of request smuggling, the other way round."""
    size = len(exchange.reply.body)
    _with_length(exchange, b"%d" % size, b"%d" % (size + 7))


@hostile("length-and-chunked", Place.DELETE, {0, 1}, "Sends Content-Length beside chunked.")
def length_and_chunked(exchange: Exchange) -> None:
    """RFC 9112 6.3 lets chunked win."""
    body = exchange.reply.body
    head = exchange.reply.head(b"Transfer-Encoding: chunked\r\n", length=3)
    exchange.send(head, b"%x\r\n" % len(body), body, b"\r\n0\r\n\r\n")


@hostile(
    "length-huge", Place.DELETE, {1}, "Announces ten exabytes, sends the body and then nothing."
)
@hostile("length-huge-on-list", Place.LIST, {0, 1}, "Announces ten exabytes of list, then nothing.")
def length_huge(exchange: Exchange) -> None:
    """A length for which no client should allocate memory."""
    _with_length(exchange, b"9999999999999999999")
    exchange.wire.silence()


@hostile("length-5000-digits", Place.DELETE, {0, 1}, "Sends a Content-Length of 5,000 digits.")
def length_many_digits(exchange: Exchange) -> None:
    """More digits than Python turns into a number."""
    _with_length(exchange, b"9" * 5000)
    exchange.wire.silence()


@hostile(
    "endless-body", Place.DELETE, {1}, "Answers a DELETE with a body that never ends.", sample=True
)
@hostile("endless-body-on-poll", Place.POLL, {1}, "Answers a poll with a body that never ends.")
@hostile("endless-body-on-list", Place.LIST, {0, 1}, "Answers a list with a body that never ends.")
@hostile(
    "endless-body-everywhere",
    Place.EVERYWHERE,
    {1, 4},
    "Answers everything with a body that never ends.",
)
def endless_body(exchange: Exchange) -> None:
    """No length: the body ends with the connection, which does not end."""
    exchange.send(exchange.reply.head(), b'{"statusUrl": "')
    exchange.wire.endless(b"a" * 65536)


@hostile("endless-chunked", Place.DELETE, {1}, "Answers a DELETE with chunks that never end.")
@hostile(
    "endless-chunked-on-fetch", Place.FETCH, {0, 1}, "Answers a fetch with chunks that never end."
)
def endless_chunked(exchange: Exchange) -> None:
    """Well-formed chunks for ever."""
    exchange.send(exchange.reply.head(b"Transfer-Encoding: chunked\r\n"))
    exchange.wire.endless(b"1000\r\n" + b"b" * 4096 + b"\r\n")


@hostile(
    "endless-tiny-chunks",
    Place.DELETE,
    {1},
    "Answers a DELETE with chunks of one byte that never end.",
)
def endless_tiny_chunks(exchange: Exchange) -> None:
    """All overhead."""
    exchange.send(exchange.reply.head(b"Transfer-Encoding: chunked\r\n"))
    exchange.wire.endless(b"1\r\n \r\n" * 4096)


@hostile(
    "endless-chunk-extension", Place.DELETE, {1, 4}, "Sends a chunk extension that never ends."
)
def endless_chunk_extension(exchange: Exchange) -> None:
    """A line without an end where few limit lines."""
    exchange.send(exchange.reply.head(b"Transfer-Encoding: chunked\r\n"), b"5;x=")
    exchange.wire.endless(b"y" * 65536)


@hostile("endless-trailers", Place.DELETE, {0, 1, 4}, "Sends trailers that never end.")
def endless_trailers(exchange: Exchange) -> None:
    """The body is complete, the message never is."""
    body = exchange.reply.body
    exchange.send(
        exchange.reply.head(b"Transfer-Encoding: chunked\r\n"),
        b"%x\r\n" % len(body),
        body,
        b"\r\n0\r\n",
    )
    exchange.wire.endless(b"X-Trailer: and another one\r\n" * 1000)


@hostile("trailers", Place.EVERYWHERE, {0}, "Conforms; sends chunked bodies with a trailer.")
def trailers(exchange: Exchange) -> None:
    """Allowed by RFC 9112 7.1.2."""
    if exchange.reply.bare:
        exchange.answer(exchange.reply)
        return
    body = exchange.reply.body
    exchange.send(
        exchange.reply.head(b"Transfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n"),
        b"%x;note=fine\r\n" % len(body),
        body,
        b"\r\n0\r\nX-Checksum: 1\r\n\r\n",
    )
    exchange.stay()


@hostile("chunk-size-bad", Place.DELETE, {1}, "Sends a chunk size that is no number.")
def chunk_size_bad(exchange: Exchange) -> None:
    """Not hexadecimal."""
    exchange.send(
        exchange.reply.head(b"Transfer-Encoding: chunked\r\n"),
        b"zz\r\n",
        exchange.reply.body,
        b"\r\n0\r\n\r\n",
    )


@hostile("chunk-size-negative", Place.DELETE, {1}, "Sends a chunk of size -5.")
def chunk_size_negative(exchange: Exchange) -> None:
    """Python's int takes the sign; a parser must not."""
    exchange.send(
        exchange.reply.head(b"Transfer-Encoding: chunked\r\n"),
        b"-5\r\n",
        exchange.reply.body,
        b"\r\n0\r\n\r\n",
    )


@hostile("chunk-size-huge", Place.DELETE, {1}, "Announces a chunk of 2^64 bytes, then nothing.")
def chunk_size_huge(exchange: Exchange) -> None:
    """Overflow where sizes are 64 bits wide."""
    exchange.send(
        exchange.reply.head(b"Transfer-Encoding: chunked\r\n"),
        b"10000000000000000\r\n",
        exchange.reply.body,
    )
    exchange.wire.silence()


@hostile("chunks-cut-short", Place.DELETE, {1}, "Closes without the last chunk.")
def chunks_cut_short(exchange: Exchange) -> None:
    """The JSON is complete, the message is not."""
    body = exchange.reply.body
    exchange.send(
        exchange.reply.head(b"Transfer-Encoding: chunked\r\n"), b"%x\r\n" % len(body), body, b"\r\n"
    )


@hostile("transfer-encoding-unknown", Place.DELETE, {0, 1}, "Sends Transfer-Encoding: cow.")
def transfer_encoding_unknown(exchange: Exchange) -> None:
    """No such coding."""
    exchange.send(exchange.reply.framed(b"Transfer-Encoding: cow\r\n"))
