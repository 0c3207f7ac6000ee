"""Retry-After values that can't be obeyed, and refusals that never end."""

from __future__ import annotations

from collections.abc import Callable

from ..exchange import Exchange
from ..messages import Reply
from ..place import Place
from ..registry import hostile

#: name: (value, exit codes when it stands on a 202)
_VALUES = {
    "trillion": ("1000000000000", {0, 1}),
    "negative": ("-1", {1}),
    "infinite": ("1e309", {1}),
    "nan": ("NaN", {1}),
    "year-9999": ("Fri, 31 Dec 9999 23:59:59 GMT", {1}),
    "date-garbage": ("Xyz, 99 Foo 99999 99:99:99 GMT", {1}),
    "arabic-digits": ("\u0661\u0662", {1}),
    "5000-digits": ("9" * 5000, {0, 1}),
    "empty": ("", {1}),
}


def _refusal(status: int, **headers: str) -> Reply:
    code = 20000 + status
    more_info = f"https://www.twilio.com/docs/errors/{code}"
    return Reply.of(
        status, {"code": code, "message": "no", "more_info": more_info, "status": status}, **headers
    )


def _waiting(value: str) -> Callable[[Exchange], None]:
    def act(exchange: Exchange) -> None:
        exchange.answer(
            exchange.reply.with_headers(Retry_After=value) if exchange.accepted else exchange.reply
        )

    return act


def _throttling(value: str) -> Callable[[Exchange], None]:
    def act(exchange: Exchange) -> None:
        exchange.answer(_refusal(429, Retry_After=value))

    return act


def _pending(value: str) -> Callable[[Exchange], None]:
    def act(exchange: Exchange) -> None:
        pending = exchange.reply.edited(status="PENDING", completedAt=None)
        exchange.answer(pending.with_headers(Retry_After=value))

    return act


for _name, (_value, _expect) in _VALUES.items():
    _short = _value if len(_value) < 40 else f"{len(_value)} digits"
    hostile(
        f"retry-after-{_name}",
        Place.DELETE,
        _expect,
        f"Accepts with Retry-After: {_short}.",
        sample=_name == "trillion",
    )(_waiting(_value))
    hostile(
        f"retry-after-{_name}-on-429",
        Place.DELETE,
        {0, 1, 4},
        f"Answers every DELETE with 429 and Retry-After: {_short}.",
    )(_throttling(_value))
    hostile(
        f"retry-after-{_name}-on-poll",
        Place.POLL,
        {0, 1},
        f"Keeps operations PENDING with Retry-After: {_short}.",
    )(_pending(_value))


@hostile(
    "retry-after-10-mb", Place.DELETE, {1, 4}, "Accepts with a Retry-After of ten million digits."
)
def retry_after_10_mb(exchange: Exchange) -> None:
    """A number that takes minutes to parse, in a line too long to be read whole."""
    if not exchange.accepted:
        exchange.answer(exchange.reply)
        return
    exchange.answer(exchange.reply.with_headers(Retry_After="9" * 10_000_000))


@hostile(
    "429-for-ever", Place.EVERYWHERE, {4}, "Answers everything with 429, for ever.", sample=True
)
def throttled_for_ever(exchange: Exchange) -> None:
    """A well-formed refusal that never goes away."""
    exchange.answer(_refusal(429, Retry_After="1"))


@hostile("429-for-ever-on-delete", Place.DELETE, {0, 1, 4}, "Answers every DELETE with 429.")
def throttled_delete(exchange: Exchange) -> None:
    """Everything works, but nothing can be deleted."""
    exchange.answer(_refusal(429, Retry_After="1"))


@hostile("429-for-ever-on-poll", Place.POLL, {0, 1}, "Answers every poll of a delete with 429.")
def throttled_poll(exchange: Exchange) -> None:
    """Deletes are accepted, and their operations can never be read."""
    exchange.answer(_refusal(429, Retry_After="1"))


@hostile(
    "429-for-a-day-once",
    Place.DELETE,
    {0, 1},
    "Answers the first DELETE of each unknown SID with 429 for a day.",
)
def throttled_once(exchange: Exchange) -> None:
    """An immediate retry succeeds, so that a tool may blame itself for the failure."""
    sid = exchange.request.segments[-1]
    if exchange.reply.status != 404 or sid in exchange.core.refused:
        exchange.answer(exchange.reply)
        return
    exchange.core.refused.add(sid)
    exchange.answer(_refusal(429, Retry_After="86400"))


@hostile("503-for-ever", Place.EVERYWHERE, {4}, "Answers everything with 503, for ever.")
def unavailable_for_ever(exchange: Exchange) -> None:
    """Down for maintenance, and staying down."""
    exchange.answer(_refusal(503, Retry_After="1"))


@hostile("503-for-ever-on-delete", Place.DELETE, {0, 1, 4}, "Answers every DELETE with 503.")
def unavailable_delete(exchange: Exchange) -> None:
    """Documented, and no use."""
    exchange.answer(_refusal(503, Retry_After="1"))


@hostile("500-for-ever-on-delete", Place.DELETE, {0, 1, 4}, "Answers every DELETE with 500.")
def broken_delete(exchange: Exchange) -> None:
    """Documented, and no use either."""
    exchange.answer(_refusal(500))


@hostile("refuses-credentials", Place.EVERYWHERE, {4}, "Answers 401 to the right credentials.")
def refuses_credentials(exchange: Exchange) -> None:
    """With a challenge that no parser likes."""
    body = {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }
    challenge = 'Basic realm="unclosed, Digest nonce="x", , =, Negotiate \x1b'
    exchange.answer(Reply.of(401, body, WWW_Authenticate=challenge))


@hostile("proxy-407", Place.EVERYWHERE, {1, 4}, "Asks for proxy credentials on everything.")
def proxy_407(exchange: Exchange) -> None:
    """An answer that some client libraries act on by themselves."""
    exchange.answer(_refusal(407, Proxy_Authenticate='Basic realm="give"'))


@hostile("pending-for-ever", Place.POLL, {0, 1}, "Keeps every operation PENDING.", sample=True)
def pending_for_ever(exchange: Exchange) -> None:
    """Accepted, never done."""
    exchange.answer(exchange.reply.edited(status="PENDING", completedAt=None))


@hostile(
    "create-pending-for-ever", Place.CREATE_POLL, {0, 4}, "Keeps every create's operation PENDING."
)
def create_pending_for_ever(exchange: Exchange) -> None:
    """Preparation never ends."""
    exchange.answer(exchange.reply.edited(status="PENDING", completedAt=None))
