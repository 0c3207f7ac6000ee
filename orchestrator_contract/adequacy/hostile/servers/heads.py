"""Status lines, header fields and interim answers that no HTTP server sends."""

from __future__ import annotations

from ..exchange import Exchange
from ..place import Place
from ..registry import hostile


def _status_line(exchange: Exchange, line: bytes) -> None:
    exchange.send(line + b"\r\n", exchange.reply.framed().partition(b"\r\n")[2])


@hostile(
    "status-line-garbage", Place.DELETE, {1}, "Starts an answer with a line that is no status line."
)
def status_line_garbage(exchange: Exchange) -> None:
    """Printable, and nothing else."""
    _status_line(exchange, b"HELLO, client. How are you?")


@hostile("http-0.9", Place.DELETE, {1}, "Answers in HTTP/0.9: the body alone.")
def http_09(exchange: Exchange) -> None:
    """No head at all."""
    exchange.send(exchange.reply.body)


@hostile("http-9.9", Place.DELETE, {0, 1}, "Answers as HTTP/9.9.")
def http_99(exchange: Exchange) -> None:
    """A version from the future."""
    _status_line(exchange, b"HTTP/9.9 202 Accepted")


@hostile("status-99", Place.DELETE, {1}, "Answers with status 99.")
def status_99(exchange: Exchange) -> None:
    """Below the range."""
    _status_line(exchange, b"HTTP/1.1 99 Low")


@hostile("status-999", Place.DELETE, {1}, "Answers with status 999.", sample=True)
def status_999(exchange: Exchange) -> None:
    """Above the range."""
    _status_line(exchange, b"HTTP/1.1 999 High")


@hostile("status-000", Place.DELETE, {1}, "Answers with status 000.")
def status_000(exchange: Exchange) -> None:
    """Three digits, no status."""
    _status_line(exchange, b"HTTP/1.1 000 None")


@hostile("status-abc", Place.DELETE, {1}, "Answers with status abc.")
def status_abc(exchange: Exchange) -> None:
    """No number."""
    _status_line(exchange, b"HTTP/1.1 abc Letters")


@hostile("status-superscript", Place.DELETE, {1}, "Answers with a status in Latin-1 superscripts.")
def status_superscript(exchange: Exchange) -> None:
    """`str.isdigit` says yes to them, `int` does not."""
    _status_line(exchange, b"HTTP/1.1 \xb2\xb3\xb9 Digits")


@hostile("status-5000-digits", Place.DELETE, {1}, "Answers with a status of 5,000 digits.")
def status_many_digits(exchange: Exchange) -> None:
    """More digits than Python turns into a number."""
    _status_line(exchange, b"HTTP/1.1 " + b"2" * 5000 + b" Accepted")


@hostile("status-204-with-body", Place.DELETE, {1}, "Answers 204 and sends a body all the same.")
def status_204_with_body(exchange: Exchange) -> None:
    """The body stands where the next answer is awaited."""
    _status_line(exchange, b"HTTP/1.1 204 No Content")
    exchange.stay()


@hostile("reason-hostile", Place.DELETE, {0, 1}, "Puts terminal escapes into the reason phrase.")
def reason_hostile(exchange: Exchange) -> None:
    """A phrase that logs like to print."""
    status = b"%d" % exchange.reply.status
    _status_line(exchange, b"HTTP/1.1 " + status + b" \x1b[2J\x1b]0;owned\x07::error::owned")


@hostile("upgrade-101", Place.DELETE, {1}, "Answers 101 and goes on in WebSocket frames.")
def upgrade_101(exchange: Exchange) -> None:
    """An interim status that is the last one."""
    exchange.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
        b"\r\n\r\n\x81\x05hello"
    )
    exchange.wire.silence()


@hostile(
    "continue-flood",
    Place.DELETE,
    {0, 1, 4},
    "Sends 100,000 times 100 Continue first.",
    sample=True,
)
@hostile(
    "continue-flood-on-poll",
    Place.POLL,
    {0, 1},
    "Sends 100,000 times 100 Continue before an operation.",
)
def continue_flood(exchange: Exchange) -> None:
    """Interim answers are legal in any number."""
    exchange.wire.repeat(b"HTTP/1.1 100 Continue\r\n\r\n", 100_000)
    exchange.answer(exchange.reply)


@hostile("continue-endless", Place.DELETE, {1, 4}, "Sends 100 Continue for ever.")
def continue_endless(exchange: Exchange) -> None:
    """No final answer, and never idle."""
    exchange.wire.endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


@hostile(
    "early-hints-flood",
    Place.DELETE,
    {0, 1, 4},
    "Sends 10,000 times 103 Early Hints with links first.",
)
def early_hints_flood(exchange: Exchange) -> None:
    """Interim answers with headers to gather."""
    exchange.wire.repeat(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n", 10_000)
    exchange.answer(exchange.reply)


@hostile("one-interim", Place.EVERYWHERE, {0}, "Conforms; sends one 103 before each answer.")
def one_interim(exchange: Exchange) -> None:
    """RFC 9110 15.2: a client must be able to skip it."""
    exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n")
    exchange.answer(exchange.reply)


@hostile("headers-5000", Place.DELETE, {0, 1, 4}, "Sends 5,000 header fields.", sample=True)
@hostile(
    "headers-5000-everywhere",
    Place.EVERYWHERE,
    {0, 1, 4},
    "Sends 5,000 header fields with every answer.",
)
def headers_5000(exchange: Exchange) -> None:
    """Far more than the hundred that http.client takes."""
    exchange.send(exchange.reply.framed(b"".join(b"X-Filler-%d: x\r\n" % n for n in range(5000))))


@hostile("header-10-mb", Place.DELETE, {0, 1, 4}, "Sends one header field of 10 MB.")
def header_10_mb(exchange: Exchange) -> None:
    """One line beyond every limit."""
    exchange.send(exchange.reply.framed(b"X-Filler: " + b"x" * 10_000_000 + b"\r\n"))


@hostile("headers-endless", Place.DELETE, {1, 4}, "Sends header fields for ever.")
@hostile(
    "headers-endless-on-poll", Place.POLL, {1}, "Sends header fields of an operation for ever."
)
def headers_endless(exchange: Exchange) -> None:
    """A head without an end."""
    exchange.send(exchange.reply.status_line())
    exchange.wire.endless(b"X-Filler: and another one\r\n" * 1000)


@hostile("header-line-endless", Place.DELETE, {1, 4}, "Sends one header line for ever.")
def header_line_endless(exchange: Exchange) -> None:
    """A line without an end."""
    exchange.send(exchange.reply.status_line(), b"X-Filler: ")
    exchange.wire.endless(b"x" * 65536)


@hostile(
    "header-nul", Place.DELETE, {0, 1}, "Sends NUL and control bytes in header values and names."
)
def header_nul(exchange: Exchange) -> None:
    """Bytes RFC 9110 5.5 forbids."""
    exchange.send(exchange.reply.framed(b"X-Nul: a\x00b\x01\x08\x7f\r\n", b"X-\x00: 1\r\n"))


@hostile("header-obs-fold", Place.DELETE, {0, 1}, "Folds header values over several lines.")
def header_obs_fold(exchange: Exchange) -> None:
    """Obsolete since RFC 7230, still parsed by many."""
    exchange.send(
        exchange.reply.framed(
            b"X-Folded: a\r\n b\r\n\tc\r\n", b"Date:\r\n Mon, 23 Nov 2026 12:00:00 GMT\r\n"
        )
    )


@hostile(
    "header-no-colon", Place.DELETE, {0, 1}, "Sends header lines without a colon or without a name."
)
def header_no_colon(exchange: Exchange) -> None:
    """Lines that some parsers take as the end of the head."""
    exchange.send(
        exchange.reply.framed(b"this is no header\r\n", b": nameless\r\n", b" : blank\r\n")
    )


@hostile("header-bare-cr", Place.DELETE, {0, 1}, "Sends bare CR and LF inside of header values.")
def header_bare_cr(exchange: Exchange) -> None:
    """Line ends to some parsers, not to others."""
    exchange.send(exchange.reply.framed(b"X-Split: a\rOperation-Id: forged\nRetry-After: 99\r\n"))


@hostile(
    "header-duplicates",
    Place.DELETE,
    {0, 1},
    "Sends Operation-Id, Location and Retry-After three times each.",
)
def header_duplicates(exchange: Exchange) -> None:
    """Contradicting values under one name."""
    more = (
        b"Operation-Id: other%d\r\nLocation: /elsewhere/%d\r\nRetry-After: %d\r\n" % (n, n, n)
        for n in range(2)
    )
    exchange.send(exchange.reply.framed(*more))


@hostile(
    "header-non-ascii",
    Place.DELETE,
    {1},
    "Sends an Operation-Id in raw UTF-8 and undecodable bytes.",
)
def header_non_ascii(exchange: Exchange) -> None:
    """Latin-1 to one reader, UTF-8 to the next, neither in truth."""
    raw = exchange.reply.with_headers(Operation_Id="PLACE").framed()
    exchange.send(
        raw.replace(b"PLACE", "ope\u0301ration\u202e\U0001f600".encode() + b"\xff\xfe\x9b")
    )


@hostile("cookie-bomb", Place.EVERYWHERE, {0, 1}, "Sets sixty cookies of 4 KB with every answer.")
def cookie_bomb(exchange: Exchange) -> None:
    """A client that keeps them sends a quarter of a megabyte along from then on."""
    line = b"Set-Cookie: c%d_%d=" + b"x" * 4000 + b"; Path=/; Max-Age=9999999999999\r\n"
    exchange.send(exchange.reply.framed(*(line % (exchange.turn, n) for n in range(60))))


@hostile(
    "cookie-credentials",
    Place.EVERYWHERE,
    {0},
    "Conforms; sets a session cookie for every host and path.",
)
def cookie_credentials(exchange: Exchange) -> None:
    """Cookies know no port: a client that keeps them sends this one to the canary too."""
    exchange.send(
        exchange.reply.framed(
            b"Set-Cookie: session=abc; Domain=127.0.0.1; Path=/; Expires=banana\r\n"
        )
    )
    exchange.stay()
