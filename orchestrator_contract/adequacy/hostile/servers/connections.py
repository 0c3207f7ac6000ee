"""Silence, drips, resets and other abuse of the connection itself."""

from __future__ import annotations

import itertools

from ..exchange import Exchange
from ..place import Place
from ..registry import greeting, hostile
from ..wire import Wire

_ACCEPTED = itertools.count(1)


@hostile("silence-on-delete", Place.DELETE, {1, 4}, "Never answers a DELETE.", sample=True)
@hostile("silence-on-poll", Place.POLL, {1}, "Never answers a poll of a delete's operation.")
@hostile("silence-on-list", Place.LIST, {0, 1}, "Never answers a list.")
@hostile("silence-on-fetch", Place.FETCH, {0, 1}, "Never answers a fetch.")
@hostile(
    "silence-on-create", Place.CREATE, {4}, "Never answers a create, so there is nothing to delete."
)
@hostile("silence-everywhere", Place.EVERYWHERE, {4}, "Takes every request and answers none.")
def silence(exchange: Exchange) -> None:
    """Hold the connection without a word."""
    exchange.wire.silence()


@hostile("drip-head-on-delete", Place.DELETE, {1, 4}, "Sends the head one byte per half second.")
@hostile(
    "drip-head-everywhere", Place.EVERYWHERE, {4}, "Sends every head one byte per half second."
)
def drip_head(exchange: Exchange) -> None:
    """Each read is in time; the whole never is."""
    exchange.wire.drip(exchange.reply.framed())


@hostile(
    "drip-body-on-delete",
    Place.DELETE,
    {1, 4},
    "Sends the body one byte per half second.",
    sample=True,
)
@hostile("drip-body-on-poll", Place.POLL, {1}, "Sends an operation one byte per half second.")
@hostile("drip-body-on-list", Place.LIST, {0, 1}, "Sends a list one byte per half second.")
def drip_body(exchange: Exchange) -> None:
    """The head is in time, the body trickles."""
    exchange.send(exchange.reply.head(length=len(exchange.reply.body)))
    exchange.wire.drip(exchange.reply.body)


@hostile(
    "drip-interim-on-delete",
    Place.DELETE,
    {1, 4},
    "Sends 102 Processing every half second, never an answer.",
)
def drip_interim(exchange: Exchange) -> None:
    """Always alive, never done."""
    while True:
        exchange.wire.drip(b"H", every=0.5)
        exchange.send(b"TTP/1.1 102 Processing\r\n\r\n")


@hostile(
    "reset-before-answer",
    Place.DELETE,
    {1, 4},
    "Resets the connection instead of answering a DELETE.",
)
@hostile(
    "reset-every-request",
    Place.EVERYWHERE,
    {4},
    "Resets the connection instead of answering anything.",
)
def reset_before_answer(exchange: Exchange) -> None:
    """RST in place of an answer."""
    exchange.wire.reset()


@hostile("reset-after-head", Place.DELETE, {1}, "Resets the connection after a DELETE's head.")
def reset_after_head(exchange: Exchange) -> None:
    """A promise of a body, then RST."""
    exchange.send(exchange.reply.head(length=len(exchange.reply.body)))
    exchange.wire.reset()


@hostile(
    "reset-mid-body", Place.DELETE, {1}, "Resets the connection in the middle of a DELETE's body."
)
@hostile(
    "reset-mid-body-on-poll",
    Place.POLL,
    {1},
    "Resets the connection in the middle of an operation.",
)
def reset_mid_body(exchange: Exchange) -> None:
    """Half a body, then RST."""
    body = exchange.reply.body
    exchange.send(exchange.reply.head(length=len(body)), body[: len(body) // 2])
    exchange.wire.reset()


@hostile(
    "reset-every-other", Place.DELETE, {0, 1}, "Answers each first DELETE and resets each second."
)
def reset_every_other(exchange: Exchange) -> None:
    """Flaky in the worst rhythm."""
    if exchange.turn % 2:
        exchange.answer(exchange.reply)
    else:
        exchange.wire.reset()


@hostile(
    "empty-response", Place.DELETE, {1, 4}, "Closes without a byte instead of answering a DELETE."
)
@hostile(
    "empty-response-everywhere",
    Place.EVERYWHERE,
    {4},
    "Closes without a byte instead of answering.",
)
def empty_response(exchange: Exchange) -> None:
    """FIN in place of an answer."""


@hostile(
    "closes-idle-connections",
    Place.EVERYWHERE,
    {0},
    "Conforms, but closes every kept-alive connection at once.",
)
def closes_idle(exchange: Exchange) -> None:
    """HTTP/1.1 without `Connection: close`, then FIN: allowed, and a trap for connection pools."""
    exchange.send(exchange.reply.framed())


@hostile(
    "second-response-unasked",
    Place.EVERYWHERE,
    {0, 1, 4},
    "Sends a second, false answer right behind each.",
)
def second_response(exchange: Exchange) -> None:
    """A client that reuses the connection reads the wrong response to its next request."""
    exchange.answer(exchange.reply)
    exchange.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15"
        b'\r\n\r\n{"stale": true}'
    )


@greeting("reset-at-accept", {4}, "Resets every connection as soon as it is accepted.", sample=True)
def reset_at_accept(wire: Wire) -> bool:
    """RST before the first request."""
    wire.reset()
    return True


@greeting(
    "reset-at-some-accepts", {0, 1, 4}, "Resets every third connection as soon as it is accepted."
)
def reset_at_some_accepts(wire: Wire) -> bool:
    """RST while other requests of the same moment are under way."""
    reset = next(_ACCEPTED) % 3 == 0
    if reset:
        wire.reset()
    return reset


@greeting("tls-alert", {1, 4}, "Answers every connection with a TLS alert.")
def tls_alert(wire: Wire) -> bool:
    """Fatal handshake_failure in a TLS 1.2 record."""
    wire.send(b"\x15\x03\x03\x00\x02\x02\x28")
    return True


@greeting("ssh-banner", {1, 4}, "Greets every connection as an SSH server does.")
def ssh_banner(wire: Wire) -> bool:
    """Another protocol altogether."""
    wire.send(b"SSH-2.0-OpenSSH_9.9\r\n")
    wire.silence()
    return True


@greeting("answers-before-request", {1, 4}, "Sends a 408 answer before it has read the request.")
def early_answer(wire: Wire) -> bool:
    """As a server does that gives up on an idle connection at the wrong moment."""
    wire.send(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    return True


@greeting("random-bytes", {1, 4}, "Answers every connection with 64 KiB of noise.")
def random_bytes(wire: Wire) -> bool:
    """Every byte value, again and again."""
    wire.repeat(bytes(range(256)), 256)
    return True
