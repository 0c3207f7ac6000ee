"""Redirects and links to the canary, to other schemes, and to nowhere."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from ..exchange import Exchange
from ..place import Place
from ..registry import hostile


def _redirect(exchange: Exchange, status: int, to: str) -> None:
    exchange.answer(
        exchange.reply.edited(status=status).with_headers(Location=to).as_status(status)
    )


def _to_canary(status: int) -> Callable[[Exchange], None]:
    def act(exchange: Exchange) -> None:
        _redirect(exchange, status, f"{exchange.canary_url}{exchange.request.path}")

    return act


for _status in (301, 302, 303, 307, 308):
    hostile(
        f"redirect-{_status}-on-delete",
        Place.DELETE,
        {1},
        f"Redirects every DELETE to another origin with {_status}.",
        sample=_status == 307,
    )(_to_canary(_status))

hostile("redirect-on-poll", Place.POLL, {1}, "Redirects polls of a delete to another origin.")(
    _to_canary(302)
)
hostile("redirect-on-list", Place.LIST, {0, 1}, "Redirects lists to another origin.")(
    _to_canary(302)
)
hostile("redirect-on-fetch", Place.FETCH, {0, 1}, "Redirects fetches to another origin.")(
    _to_canary(307)
)
hostile("redirect-on-create", Place.CREATE, {0, 1, 4}, "Redirects creates to another origin.")(
    _to_canary(307)
)
hostile("redirect-everywhere", Place.EVERYWHERE, {1, 4}, "Redirects everything to another origin.")(
    _to_canary(308)
)


@hostile("redirect-loop", Place.EVERYWHERE, {1, 4}, "Redirects everything to itself.")
def redirect_loop(exchange: Exchange) -> None:
    """Round and round on one origin."""
    _redirect(
        exchange, 307, f"{exchange.core.base_url}{exchange.request.path}?turn={exchange.turn}"
    )


@hostile("redirect-loop-on-poll", Place.POLL, {1}, "Redirects polls to themselves.")
def redirect_loop_on_poll(exchange: Exchange) -> None:
    """The same for one operation."""
    _redirect(exchange, 302, f"{exchange.core.base_url}{exchange.request.path}")


@hostile("redirect-no-location", Place.DELETE, {1}, "Redirects without a Location.")
def redirect_no_location(exchange: Exchange) -> None:
    """Nowhere to go."""
    reply = exchange.reply.as_status(302)
    headers = tuple(pair for pair in reply.headers if pair[0] != "Location")
    exchange.answer(type(reply)(302, reply.body, headers))


@hostile(
    "refresh-to-canary",
    Place.EVERYWHERE,
    {0},
    "Conforms; sends Refresh, Link, Alt-Svc and Content-Location away.",
)
def refresh(exchange: Exchange) -> None:
    """Headers that browsers follow and clients must not."""
    there = exchange.canary_url
    exchange.answer(
        exchange.reply.with_headers(
            Refresh=f"0; url={there}/refresh",
            Link=f"<{there}/link>; rel=monitor",
            Content_Location=f"{there}/content",
            Alt_Svc=f'h2="127.0.0.1:{urlsplit(there).port}"; ma=99999999999999',
        )
    )


def _leading(exchange: Exchange, url: str, location: str | None = None) -> None:
    """Answer an accepted DELETE with *url* as statusUrl and, by default, as Location."""
    if not exchange.accepted:
        exchange.answer(exchange.reply)
        return
    target = url if location is None else location
    exchange.answer(exchange.reply.edited(statusUrl=url).with_headers(Location=target))


def _places(exchange: Exchange) -> dict[str, str]:
    """The fields of a link's template: both hosts, the ports, and the operation's path."""
    here, there = urlsplit(exchange.core.base_url), urlsplit(exchange.canary_url)
    return {
        "here": here.netloc,
        "there": there.netloc,
        "port": str(here.port),
        "op": exchange.operation_path,
    }


#: name: (what it is, template)
_STATUS_URLS = {
    "canary": ("on another origin", "http://{there}{op}"),
    "file": ("a local file", "file:///etc/passwd"),
    "javascript": ("a script", "javascript:alert(document.domain)//{op}"),
    "ftp": ("on FTP", "ftp://{there}{op}"),
    "network-path": ("without a scheme, on another host", "//{there}{op}"),
    "userinfo-here": ("with somebody else's userinfo", "http://root:toor@{here}{op}"),
    "userinfo-fake": ("with the target's host as userinfo of another", "http://{here}@{there}{op}"),
    "backslash": (
        "on the one host or the other, as the parser likes",
        "http://{there}\\@{here}{op}",
    ),
    "fragment": ("with the target's host in the fragment", "http://{there}#@{here}{op}"),
    "tab": ("split by a tab and line ends", "ht\ttp:\n//{there}\r\n{op}"),
    "other-scheme": ("on the target's port, but https", "https://{here}{op}"),
    "other-name": ("on the target's port under another name", "http://localhost:{port}{op}"),
    "port-99999": ("on port 99999", "http://127.0.0.1:99999{op}"),
    "port-words": ("on a port that is no number", "http://127.0.0.1:http{op}"),
    "ipv6-garbage": ("on an IPv6 address that is none", "http://[::1:zz{op}"),
    "no-such-host": ("on a host that does not exist", "http://status.invalid{op}"),
    "idn-garbage": (
        "on a host name that IDNA refuses",
        "http://xn--\u0661-\u200d." + "a" * 70 + "{op}",
    ),
    "metadata": ("on a cloud's metadata address", "http://169.254.169.254/latest/meta-data/"),
    "empty": ("the empty string", ""),
    "nul": ("with NUL and escapes", "http://{here}{op}\0\x1b[31m"),
    "dots": ("that climbs out of the API", "http://{here}/v2/../../..{op}/../.."),
    "percent-garbage": ("with broken percent-encoding", "http://{here}{op}%zz%f%00%0d%0aX: y"),
}


def _status_url(template: str) -> Callable[[Exchange], None]:
    def act(exchange: Exchange) -> None:
        url = template.format(**_places(exchange))
        # A raw line end would end the header: Location gets the URL without it.
        _leading(exchange, url, url.replace("\r", "").replace("\n", "").replace("\0", ""))

    return act


for _name, (_what, _template) in _STATUS_URLS.items():
    hostile(
        f"status-url-{_name}",
        Place.DELETE,
        # Foreign userinfo leads to the operation all the same: odd, but where does it breach
        # anything?
        {0, 1} if _name == "userinfo-here" else {1},
        f"Gives a statusUrl {_what}.",
        sample=_name in {"canary", "ipv6-garbage"},
    )(_status_url(_template))


@hostile("status-url-1-mb", Place.DELETE, {0, 1}, "Gives a statusUrl of one megabyte.")
def status_url_long(exchange: Exchange) -> None:
    """On the right host, but nothing that can be asked for."""
    _leading(
        exchange, f"{exchange.core.base_url}{exchange.operation_path}?{'x' * 1_000_000}", "/short"
    )


@hostile(
    "status-url-4-mb",
    Place.DELETE,
    {0},
    "Conforms but for a statusUrl of almost four megabytes, the same in each replay.",
)
def status_url_longest(exchange: Exchange) -> None:
    """As much as is read of an answer: a copy of each would be too much to keep."""
    url = f"{exchange.core.base_url}{exchange.operation_path}"
    _leading(exchange, f"{url}?{'x' * 3_900_000}", url)


@hostile(
    "location-canary",
    Place.DELETE,
    {1},
    "Gives a right statusUrl and a Location on another origin.",
)
def location_canary(exchange: Exchange) -> None:
    """Two links that disagree."""
    path = exchange.operation_path
    _leading(exchange, f"{exchange.core.base_url}{path}", f"{exchange.canary_url}{path}")


@hostile(
    "location-only-canary",
    Place.DELETE,
    {0, 1},
    "Gives no statusUrl, only a Location on another origin.",
)
def location_only_canary(exchange: Exchange) -> None:
    """Nothing else to follow."""
    if not exchange.accepted:
        exchange.answer(exchange.reply)
        return
    location = f"{exchange.canary_url}{exchange.operation_path}"
    exchange.answer(exchange.reply.with_body(b'{"related": {}}').with_headers(Location=location))


@hostile(
    "status-url-number",
    Place.DELETE,
    {1},
    "Gives a statusUrl that is a number, null, a list or an object.",
)
def status_url_number(exchange: Exchange) -> None:
    """Every JSON type but the right one, in turn."""
    if not exchange.accepted:
        exchange.answer(exchange.reply)
        return
    values: tuple[object, ...] = (42, None, ["http://x/"], {"href": "http://x/"}, True, 1e400)
    exchange.answer(exchange.reply.edited(statusUrl=values[exchange.turn % len(values)]))


@hostile(
    "create-status-url-canary",
    Place.CREATE,
    {0, 1, 4},
    "Sends the polls of a create to another origin.",
)
def create_status_url_canary(exchange: Exchange) -> None:
    """Preparation leads astray too."""
    path = exchange.operation_path
    _leading(exchange, f"{exchange.canary_url}{path}")


@hostile(
    "operation-status-url-canary",
    Place.POLL,
    {1},
    "Gives an operation whose own statusUrl is on another origin.",
)
def operation_status_url_canary(exchange: Exchange) -> None:
    """The second link of the chain."""
    exchange.answer(
        exchange.reply.edited(
            statusUrl=f"{exchange.canary_url}/next", status="PENDING", completedAt=None
        )
    )
