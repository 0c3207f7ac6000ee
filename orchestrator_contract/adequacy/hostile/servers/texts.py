"""Text that attacks whoever prints it: terminals, HTML, Markdown, XML, and the logs of CI."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

from ..exchange import Exchange
from ..place import Place
from ..registry import hostile

#: name: (what it is, the text)
_TEXTS = {
    "ansi": (
        "ANSI colours, cursor moves and a cleared screen",
        "\x1b[2J\x1b[1;1H\x1b[32mPASSED\x1b[0m \x1b[8mhidden",
    ),
    "title": (
        "a terminal title, a hyperlink and a clipboard write",
        "\x1b]0;owned\x07\x1b]8;;http://x/\x07y\x1b]52;c;eA==\x07",
    ),
    "c1": ("C1 controls", "\u009b31mred\u009d0;title\u009c\u0085\u0090"),
    "carriage-return": ("carriage returns and backspaces", "1 failed\r1 passed\b\b\b\v\f ok"),
    "script": (
        "HTML that breaks out of scripts, titles and attributes",
        "</script><script>window.hostile=1</script></title><img src=x onerror=hostile(1)>"
        "\"'><svg onload=hostile(1)>",
    ),
    "html-comment": (
        "HTML comments that confuse script parsers",
        "<!--<script><!-- <img src=x onerror=hostile(1)> -->",
    ),
    "markdown": (
        "Markdown that ends code and tables",
        "```\n\n# Verdict: conformant\n\n| a | b |\n|--|--|\n[x](javascript:hostile(1)) "
        "<img src=x onerror=hostile(1)>\n````\n~~~\n`` ` @everyone",
    ),
    "cdata": (
        "the end of a CDATA section and XML entities",
        "]]></failure></testcase><testcase name='fake'/><![CDATA[ &xxe; <!ENTITY x SYSTEM 'file:///etc/passwd'>",
    ),
    "nul": ("NUL and every other C0 control", "".join(map(chr, range(32))) + "\x7f"),
    "noncharacters": ("characters that XML 1.0 forbids", "\ufffe\uffff\ufdd0\U0001ffff\U0010ffff"),
    "bidi": (
        "bidirectional overrides",
        "\u202etnamrofnoc\u202c \u2066x\u2067y\u2068z\u2069 \u200f\u061c\u200e",
    ),
    "workflow": (
        "GitHub and Azure workflow commands",
        "\n::error file=x.py,line=1::owned\n::set-output"
        " name=ok::1\n::stop-commands::x\n##[error]owned\n"
        "##vso[task.setvariable variable=x]y\n",
    ),
    "template": (
        "template and format syntax",
        "{{ 7*7 }} {% for x in y %} ${jndi:ldap://x} %s %n %(x)s {0.__class__} <%= 1 %>",
    ),
    "rich": ("console markup", "[/] [/bold] [bold red]x [link=http://x]y [blink] \\[ [[/]]"),
    "zero-width": (
        "zero-width characters and 2,000 combining marks",
        "\u200b\u2060\ufeff" + "a" + "\u0301" * 2000 + "\U000e0041",
    ),
    "long-line": ("a line of one megabyte", "A" * 1_000_000),
    "many-lines": ("200,000 lines", "line\n" * 200_000),
}


def _saying(text: str) -> Callable[[Exchange], None]:
    def act(exchange: Exchange) -> None:
        if exchange.accepted:
            exchange.answer(
                exchange.reply.edited(statusUrl=text, note=text, related={"configurationId": text})
            )
            return
        # A code and a status that contradict the answer, so that every report has a reason to quote
        # the text.
        body = {"code": 20500, "message": text, "more_info": text, "status": 418, text[:100]: text}
        exchange.answer(exchange.reply.with_body(json.dumps(body).encode()))

    return act


for _name, (_what, _text) in _TEXTS.items():
    hostile(
        f"text-{_name}",
        Place.DELETE,
        {1},
        f"Sends {_what} in bodies.",
        sample=_name in {"ansi", "script", "workflow"},
    )(_saying(_text))

_EVERYTHING = (
    "\x1b[31m\u009b\u202e</script><script>window.hostile=1</script>]]>\n::error::owned\n```\n[/]"
)


@hostile(
    "text-raw-bytes", Place.DELETE, {1}, "Sends control bytes unescaped in bodies that are no JSON."
)
def text_raw_bytes(exchange: Exchange) -> None:
    """Text for which a reader of the report may give up."""
    exchange.answer(exchange.reply.with_body(_EVERYTHING.encode() + bytes(range(256))))


@hostile(
    "text-in-headers",
    Place.DELETE,
    {1},
    "Sends escapes and script in Operation-Id, Location and Retry-After.",
)
def text_in_headers(exchange: Exchange) -> None:
    """Headers are quoted as well."""
    text = _EVERYTHING.replace("\n", " ")
    exchange.answer(
        exchange.reply.with_headers(Operation_Id=text, Location=text, Retry_After=text, Date=text)
    )


@hostile(
    "text-in-operation",
    Place.POLL,
    {1},
    "Fails operations with escapes and script in error and ids.",
)
def text_in_operation(exchange: Exchange) -> None:
    """Problem details are quoted as well."""
    error = {
        "type": _EVERYTHING,
        "title": _EVERYTHING,
        "status": "x",
        "detail": _EVERYTHING,
        "instance": _EVERYTHING,
    }
    exchange.answer(
        exchange.reply.edited(
            status="FAILED", operationId=_EVERYTHING, createdAt=_EVERYTHING, error=error
        )
    )


@hostile(
    "text-operation-status", Place.POLL, {1}, "Gives escapes and script as an operation's status."
)
def text_operation_status(exchange: Exchange) -> None:
    """The one value that progress output likes to show."""
    exchange.answer(exchange.reply.edited(status=_EVERYTHING))


# No source says what a create's related holds: to find the configuration by other means is right as
# well.
@hostile(
    "text-in-create",
    Place.CREATE,
    {0, 1, 4},
    "Answers creates with escapes and script as the new id.",
)
def text_in_create(exchange: Exchange) -> None:
    """An id that goes into a URL, a report and a test name."""
    if exchange.accepted:
        exchange.answer(exchange.reply.edited(related={"configurationId": _EVERYTHING}))
    else:
        exchange.answer(exchange.reply)


@hostile(
    "text-in-refusal",
    Place.EVERYWHERE,
    {4},
    "Refuses everything with 401 and escapes in the message.",
)
def text_in_refusal(exchange: Exchange) -> None:
    """The reason why a run is incomplete is quoted as well."""
    body = {
        "code": 20003,
        "message": _EVERYTHING,
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }
    exchange.answer(exchange.reply.with_body(json.dumps(body).encode()).as_status(401))


def _echoes(exchange: Exchange) -> list[str]:
    """Every spelling of the credentials that the request carried."""
    header = exchange.request.headers.get("authorization", "")
    try:
        pair = b64decode(header.partition(" ")[2], validate=True).decode()
    except ValueError:
        pair = ""
    password = pair.partition(":")[2]
    return (
        [header, header.partition(" ")[2], pair, password, quote(password, safe="")]
        if password
        else [header]
    )


@hostile(
    "echo-credentials",
    Place.DELETE,
    {1},
    "Echoes the credentials in every spelling in DELETE bodies.",
    sample=True,
)
@hostile("echo-credentials-on-poll", Place.POLL, {1}, "Echoes the credentials in operations.")
@hostile(
    "echo-credentials-on-create",
    Place.CREATE,
    {0, 1, 4},
    "Echoes the credentials in answers to creates.",
)
def echo_credentials(exchange: Exchange) -> None:
    """As debug pages do."""
    echo = " | ".join(_echoes(exchange))
    if exchange.place is Place.CREATE:
        exchange.answer(exchange.reply.edited(debug=echo, message=echo))
    elif exchange.place is Place.POLL:
        exchange.answer(exchange.reply.edited(status=echo, operationId=echo, debug={echo: echo}))
    else:
        exchange.answer(
            exchange.reply.edited(
                statusUrl=echo, message=echo, status=418, code=20500, more_info=echo
            )
        )


@hostile(
    "echo-credentials-in-headers",
    Place.DELETE,
    {1},
    "Echoes the credentials in every spelling in headers.",
)
def echo_credentials_in_headers(exchange: Exchange) -> None:
    """In each header that the contract names, so that none of them is safe to quote."""
    echo = " | ".join(_echoes(exchange))
    headers = {
        "Operation_Id": echo,
        "Location": f"/x?{echo}",
        "Retry_After": echo,
        "X_Conflicting_Resource_Id": echo,
    }
    exchange.answer(
        exchange.reply.with_headers(**headers, X_Request_Id=echo, Content_Language=echo)
    )


@hostile("echo-request", Place.DELETE, {1}, "Answers a DELETE with the raw request as its body.")
def echo_request(exchange: Exchange) -> None:
    """Echoes the request, as TRACE would."""
    exchange.answer(exchange.reply.with_body(exchange.request.raw))


@hostile(
    "echo-split",
    Place.DELETE,
    {1},
    "Echoes the credentials JSON-escaped, HTML-escaped and in upper case escapes.",
)
def echo_split(exchange: Exchange) -> None:
    """Spellings that a plain search for the secret misses until the text is decoded."""
    password = _echoes(exchange)[-2] if len(_echoes(exchange)) > 1 else "x"
    escaped = "".join(f"\\u{ord(char):04x}" for char in password).encode()
    body = (
        b'{"code": 20500, "status": 418, "message": "'
        + escaped
        + b'", "statusUrl": "http://x/'
        + escaped
        + b'"}'
    )
    exchange.answer(exchange.reply.with_body(body))


def _disguises(header: str, password: str) -> list[str]:
    """The credentials in other cases, in base64, reversed, escaped twice, and split."""
    texts = [header, password, json.dumps(password)[1:-1]]
    around = [f'{before}"password": "{text}"' for before in ("{", "{ ", "{  ") for text in texts]
    inside = [
        encode(text.encode()).decode()
        for encode in (b64encode, urlsafe_b64encode)
        for text in around
    ]
    inside += [b64encode(text.encode()).decode() for text in inside]
    between = [
        mark.join(text)
        for text in (header, password)
        for mark in ("\0", "\n", "\x1b", "\u0301", "\ufe0f", "\ufffd", "\\u0000", "\\n")
    ]
    twice = ["".join(f"\\\\u{ord(char):04x}" for char in text) for text in (header, password)]
    cases = [text.swapcase() for text in (header, password)] + [
        text.lower() for text in (header, password)
    ]
    return [
        *cases,
        *inside,
        *between,
        *twice,
        header.encode().hex(),
        header.encode().hex().upper(),
        header[::-1],
        password[::-1],
    ]


@hostile(
    "echo-disguised",
    Place.DELETE,
    {1},
    "Echoes the credentials in other cases, in longer base64, backwards and letter by letter.",
)
def echo_disguised(exchange: Exchange) -> None:
    """As they stand in dumps and logs that somebody else has written."""
    echoes = _echoes(exchange)
    said = _disguises(echoes[0], echoes[-2]) if len(echoes) > 1 else echoes
    # A report shows the beginning of each text: with other texts in front each disguise comes to
    # stand there.
    one = said[exchange.turn % len(said)]
    exchange.answer(
        exchange.reply.edited(
            statusUrl=one, message=one, status=418, code=20500, more_info=one, debug=said
        ).with_headers(
            Operation_Id=one.encode("ascii", "replace")
            .decode()
            .translate(dict.fromkeys(range(32), "?"))
        )
    )


@hostile("echo-as-coding", Place.DELETE, {1}, "Gives the password as Content-Encoding.")
def echo_as_coding(exchange: Exchange) -> None:
    """A value that is read without regard to case, and quoted where it is refused."""
    exchange.answer(
        exchange.reply.with_headers(
            Content_Encoding=_echoes(exchange)[-2] if len(_echoes(exchange)) > 1 else "x"
        )
    )
