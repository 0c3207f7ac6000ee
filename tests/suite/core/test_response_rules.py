"""Rules of a single response: which requirements it checks and breaches, and in what words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract.http.exchange import Call
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.rules import transport
from orchestrator_contract.rules.malformed_input import MALFORMED_KEY_STATUSES
from orchestrator_contract.rules.responses import Judge

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said

JSON = "application/json"
OPERATION_URL = "http://target.example/v2/ControlPlane/Operations/op_1"
ACCEPTED = {"statusUrl": OPERATION_URL, "related": {"configurationId": "sid"}}
#: The headers of a response that an edge writes.
HTML = {"Content-Type": "text/html"}
LINKS = {"Retry-After": "1", "Operation-Id": "op_1", "Location": OPERATION_URL}
OPERATION = {
    "operationId": "op_1",
    "status": "PENDING",
    "createdAt": "2026-11-23T00:00:00Z",
    "statusUrl": OPERATION_URL,
    "completedAt": None,
    "related": None,
    "error": None,
}
CONFIGURATION = {
    "id": "sid",
    "displayName": "a",
    "description": "b",
    "conversationGroupingType": "GROUP_BY_PROFILE",
    "memoryStoreId": "m",
}
ERROR_TYPE = "Content-Type: expected application/json or application/problem+json; saw"
RFC_9457 = "type, title, status, code, detail, instance, errors (RFC 9457)"
PROBLEM = {
    "type": "https://docs.example/errors/20404",
    "title": "no",
    "status": 404,
    "code": 20404,
    "detail": None,
    "instance": None,
    "errors": None,
}
META = {"key": "configurations", "pageSize": 50}


def error(of: int, /, **members: Any) -> dict[str, Any]:
    """The documented error body of a status; None takes a member away."""
    code = 20000 + of
    body = {
        "code": code,
        "message": "no",
        "more_info": f"https://docs.example/errors/{code}",
        "status": of,
    } | members
    return {name: value for name, value in body.items() if value is not None}


@pytest.mark.parametrize(
    ("operation", "said", "checked"),
    [
        pytest.param(
            "delete",
            (202, ACCEPTED, LINKS),
            {
                "HTTP-COMPLETE",
                "DEL-STATUS",
                "HTTP-JSON",
                "HTTP-CONTENT-TYPE",
                "DEL-202-BODY",
                "DEL-202-HEADERS",
                "DEL-202-LOCATION",
            },
            id="accepted",
        ),
        pytest.param(
            "delete",
            (202, {}, {"Retry-After": "0"}),
            {
                "HTTP-COMPLETE",
                "DEL-STATUS",
                "HTTP-JSON",
                "HTTP-CONTENT-TYPE",
                "DEL-202-BODY",
                "DEL-202-HEADERS",
                "DEL-202-LOCATION",
            },
            id="accepted-with-an-empty-object",
        ),
        pytest.param(
            "delete",
            (404, error(404)),
            {
                "HTTP-COMPLETE",
                "DEL-STATUS",
                "HTTP-JSON",
                "HTTP-CONTENT-TYPE",
                "ERR-404-BODY",
                "ERR-BOUNDS",
                "ERR-STATUS-MATCHES",
                "ERR-CODE-MATCHES",
                "ERR-MORE-INFO",
            },
            id="not-found",
        ),
        pytest.param(
            "delete",
            (409, error(409), {"X-Conflicting-Resource-Id": "op_1"}),
            {
                "HTTP-COMPLETE",
                "DEL-STATUS",
                "HTTP-JSON",
                "HTTP-CONTENT-TYPE",
                "ERR-409-BODY",
                "ERR-409-HEADERS",
                "ERR-BOUNDS",
                "ERR-STATUS-MATCHES",
                "ERR-CODE-MATCHES",
                "ERR-MORE-INFO",
            },
            id="conflict",
        ),
        pytest.param(
            "delete",
            (429, error(429), {"Retry-After": "1"}),
            {
                "HTTP-COMPLETE",
                "DEL-STATUS",
                "HTTP-JSON",
                "HTTP-CONTENT-TYPE",
                "ERR-429-BODY",
                "ERR-429-RETRY-AFTER",
                "ERR-BOUNDS",
                "ERR-STATUS-MATCHES",
                "ERR-CODE-MATCHES",
                "ERR-MORE-INFO",
            },
            id="rate-limited",
        ),
        pytest.param(
            "operation",
            (200, OPERATION),
            {
                "HTTP-COMPLETE",
                "HTTP-JSON",
                "HTTP-CONTENT-TYPE",
                "OP-BODY",
                "OP-COMPLETED-AT",
                "OP-ERROR",
            },
            id="operation",
        ),
        pytest.param(
            "operation",
            (404, b"<p>gone", HTML),
            {"HTTP-COMPLETE"},
            id="operation-not-found-has-no-documented-body",
        ),
        pytest.param(
            "fetch",
            (200, CONFIGURATION),
            {"HTTP-COMPLETE", "HTTP-JSON", "HTTP-CONTENT-TYPE", "CTRL-CONFIGURATION"},
            id="configuration",
        ),
        pytest.param("fetch", (404, b""), {"HTTP-COMPLETE"}, id="configuration-not-found"),
        pytest.param(
            "list",
            (200, {"configurations": [CONFIGURATION], "meta": META}),
            {"HTTP-COMPLETE", "HTTP-JSON", "HTTP-CONTENT-TYPE", "CTRL-PAGINATION", "CTRL-PAGE"},
            id="page",
        ),
        pytest.param(
            "create",
            (202, ACCEPTED, LINKS),
            {"HTTP-COMPLETE", "HTTP-JSON", "HTTP-CONTENT-TYPE", "CTRL-ACCEPTED", "CTRL-202"},
            id="create",
        ),
        pytest.param(
            "update",
            (202, ACCEPTED, LINKS),
            {"HTTP-COMPLETE", "HTTP-JSON", "HTTP-CONTENT-TYPE", "CTRL-ACCEPTED", "CTRL-202"},
            id="update",
        ),
        pytest.param(
            "patch",
            (202, ACCEPTED, LINKS),
            {"HTTP-COMPLETE", "HTTP-JSON", "HTTP-CONTENT-TYPE", "CTRL-ACCEPTED", "CTRL-202"},
            id="patch",
        ),
        pytest.param("create", (400, b"no", HTML), {"HTTP-COMPLETE"}, id="create-refused"),
        pytest.param("other", (299, b"?", HTML), {"HTTP-COMPLETE"}, id="another-call"),
    ],
)
def test_conformant_answer(bench: Bench, operation: str, said: Said, checked: set[str]) -> None:
    """A conformant answer breaches nothing, and all that it says is checked, each once; both kinds of links of a create are one check each."""
    ok = bench.endpoint.judge.judge(bench.exchange(operation, said))

    assert ok
    assert bench.breaches() == {}
    assert bench.checks() == {one: 2 if one == "CTRL-202" else 1 for one in checked}


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        # The status that the body states.
        pytest.param(
            (404, error(404, status=409)),
            {"ERR-STATUS-MATCHES": "$.status: expected the HTTP status 404; saw 409"},
            id="states-another-status",
        ),
        pytest.param(
            (404, {"code": 20404, "httpStatusCode": 400, "message": "no"}),
            {"ERR-STATUS-MATCHES": "$.httpStatusCode: expected the HTTP status 404; saw 400"},
            id="states-another-http-status-code",
        ),
        pytest.param(
            (404, error(404, httpStatusCode=500)),
            {"ERR-STATUS-MATCHES": "$.httpStatusCode: expected the HTTP status 404; saw 500"},
            id="one-of-two-stated-statuses-is-wrong",
        ),
        # The code of the body.
        pytest.param(
            (404, error(404, code=20500, more_info=None)),
            {"ERR-CODE-MATCHES": "$.code: expected no code of another status than 404; saw 20500"},
            id="code-of-500-on-404",
        ),
        pytest.param(
            (404, error(404, code=20003, more_info=None)),
            {"ERR-CODE-MATCHES": "$.code: expected no code of another status than 404; saw 20003"},
            id="code-of-401-on-404",
        ),
        pytest.param(
            (409, error(409, code=20429, more_info=None)),
            {"ERR-CODE-MATCHES": "$.code: expected no code of another status than 409; saw 20429"},
            id="code-of-429-on-409",
        ),
        pytest.param(
            (500, error(500, code=20503, more_info=None)),
            {"ERR-CODE-MATCHES": "$.code: expected no code of another status than 500; saw 20503"},
            id="code-of-503-on-500",
        ),
        pytest.param(
            (503, error(503, code=20409, more_info=None)),
            {"ERR-CODE-MATCHES": "$.code: expected no code of another status than 503; saw 20409"},
            id="code-of-409-on-503",
        ),
        pytest.param(
            (409, error(409, code=20404, more_info=None)),
            {"ERR-CODE-MATCHES": "$.code: expected no code of another status than 409; saw 20404"},
            id="code-of-404-on-409",
        ),
        # The page of the code.
        pytest.param(
            (404, error(404, more_info="https://docs.example/errors")),
            {
                "ERR-MORE-INFO": "$.more_info: expected the address of the page of code 20404; saw 'https://docs.example/errors'"
            },
            id="info-without-the-code",
        ),
        pytest.param(
            (404, error(404, more_info="https://docs.example/errors/120404")),
            {
                "ERR-MORE-INFO": "$.more_info: expected the address of the page of code 20404; saw 'https://docs.example/errors/120404'"
            },
            id="info-of-a-code-that-ends-alike",
        ),
        pytest.param(
            (404, error(404, more_info="https://docs.example/204041")),
            {
                "ERR-MORE-INFO": "$.more_info: expected the address of the page of code 20404; saw 'https://docs.example/204041'"
            },
            id="info-of-a-code-that-begins-alike",
        ),
        pytest.param(
            (404, error(404, more_info="x" * 200)),
            {
                "ERR-MORE-INFO": f"$.more_info: expected the address of the page of code 20404; saw '{'x' * 121}"
            },
            id="info-long",
        ),
        # Body and media type.
        pytest.param(
            (404, b"{", {"Content-Type": JSON}),
            {
                "HTTP-JSON": "expected one JSON text; saw not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
            },
            id="no-json",
        ),
        pytest.param(
            (404, b"", {"Content-Type": JSON}),
            {"HTTP-JSON": "expected one JSON text; saw empty"},
            id="no-body",
        ),
        pytest.param(
            (404, error(404), {"Content-Type": "text/html"}),
            {"HTTP-CONTENT-TYPE": f"{ERROR_TYPE} 'text/html'"},
            id="another-media-type",
        ),
        pytest.param(
            (404, error(404), {"Content-Type": "application/jsonp"}),
            {"HTTP-CONTENT-TYPE": f"{ERROR_TYPE} 'application/jsonp'"},
            id="longer-media-type",
        ),
        pytest.param(
            (202, ACCEPTED, {**LINKS, "Content-Type": "application/problem+json"}),
            {
                "HTTP-CONTENT-TYPE": "Content-Type: expected application/json; saw 'application/problem+json'"
            },
            id="problem-json-on-a-202",
        ),
        pytest.param(
            (404, error(404), {"Content-Type": "y" * 100}),
            {"HTTP-CONTENT-TYPE": f"{ERROR_TYPE} '{'y' * 79}"},
            id="media-type-long",
        ),
        # What schemas decide, in the body and in headers.
        pytest.param(
            (202, {"statusUrl": "/x"}, {"Retry-After": "1"}),
            {"DEL-202-BODY": "$.statusUrl: expected an absolute URI; saw '/x'"},
            id="relative-status-url",
        ),
        pytest.param(
            (202, {}),
            {"DEL-202-HEADERS": "expected a Retry-After header; saw no Retry-After header"},
            id="no-retry-after",
        ),
        pytest.param(
            (409, error(409), {"X-Conflicting-Resource-Id": ""}),
            {"ERR-409-HEADERS": "X-Conflicting-Resource-Id: expected at least 1 character; saw ''"},
            id="empty-conflicting-id",
        ),
        pytest.param(
            (404, []), {"ERR-404-BODY": "body: expected an object; saw []"}, id="body-is-no-object"
        ),
        pytest.param(
            (404, error(404, message=7)),
            {"ERR-404-BODY": "$.message: expected a string; saw 7"},
            id="message-is-a-number",
        ),
        # Statuses.
        pytest.param(
            (200, ACCEPTED),
            {"DEL-STATUS": "expected 202 or 404 or 409 or 429 or 500 or 503; saw 200"},
            id="undocumented-200",
        ),
        pytest.param(
            (204, None),
            {"DEL-STATUS": "expected 202 or 404 or 409 or 429 or 500 or 503; saw 204"},
            id="undocumented-204",
        ),
        pytest.param(
            (400, error(400)),
            {"DEL-STATUS": "expected 202 or 404 or 409 or 429 or 500 or 503; saw 400"},
            id="undocumented-400",
        ),
    ],
)
def test_breach(bench: Bench, said: Said, problems: dict[str, str]) -> None:
    """One departure breaches the one requirement it is about; the report says what was expected and seen, and shows the answer."""
    assert not isinstance(said, TransportFault)

    ok = bench.endpoint.judge.judge(bench.exchange("delete", said))

    assert not ok
    assert {one: texts[0] for one, texts in bench.breaches().items()} == problems
    for requirement in problems:
        assert bench.steps(requirement)[0] == ("DELETE sid", said[0])


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("application/json", id="plain"),
        pytest.param("application/json; charset=utf-8", id="charset"),
        pytest.param("application/json;charset=utf-8", id="no-blank"),
        pytest.param("application/json \t;profile=x", id="blanks-before-the-parameter"),
        pytest.param("APPLICATION/Json", id="capitals"),
        pytest.param("  application/json  ", id="blanks-around"),
        pytest.param('application/json; a="x\ny"', id="odd-parameter"),
        pytest.param("application/problem+json", id="problem"),
        pytest.param("Application/Problem+JSON; charset=utf-8", id="problem-with-a-parameter"),
    ],
)
def test_media_types_of_errors(bench: Bench, content_type: str) -> None:
    """application/json and problem+json conform with any parameters, in any letter case."""
    assert bench.endpoint.judge.judge(
        bench.exchange("delete", (404, error(404), {"Content-Type": content_type}))
    )


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(404, {}, id="empty"),
        pytest.param(404, error(404), id="S2"),
        pytest.param(
            404,
            {
                "code": 20404,
                "httpStatusCode": 404,
                "message": "no",
                "userError": "true",
                "params": None,
            },
            id="S4",
        ),
        pytest.param(404, PROBLEM, id="RFC-9457"),
        pytest.param(404, error(404) | PROBLEM, id="mixed"),
        pytest.param(500, error(500, code=530001, more_info="x/530001"), id="code-of-a-product"),
        pytest.param(503, error(503, code=503, more_info="x/503"), id="code-is-the-status"),
        pytest.param(409, error(409, code=400, more_info="x/errors/400"), id="code-is-another"),
        pytest.param(409, error(409, code=17534, more_info="x/17534"), id="code-of-a-used-key"),
    ],
)
def test_conformant_error_body(bench: Bench, status: int, body: dict[str, Any]) -> None:
    """A body of any documented shape conforms, with each code that no source ties elsewhere."""
    assert bench.endpoint.judge.judge(bench.exchange("delete", (status, body)))
    assert bench.breaches() == {}


@pytest.mark.parametrize(
    ("status", "body", "problems"),
    [
        pytest.param(422, error(422, code=17534), {}, id="conformant"),
        pytest.param(401, error(401, code=20003), {}, id="code-of-bad-credentials"),
        pytest.param(400, {"code": 20003}, {}, id="no-status-to-compare"),
        pytest.param(400, [], {}, id="any-shape"),
        pytest.param(
            422,
            error(422, code=17534, status=400),
            {"ERR-STATUS-MATCHES": "$.status: expected the HTTP status 422; saw 400"},
            id="another-status",
        ),
        pytest.param(
            422,
            {"status": 422, "httpStatusCode": 409.0},
            {"ERR-STATUS-MATCHES": "$.httpStatusCode: expected the HTTP status 422; saw 409"},
            id="another-http-status-code",
        ),
        pytest.param(
            422,
            {"code": 20404},
            {"ERR-CODE-MATCHES": "$.code: expected no code of another status; saw 20404"},
            id="code-of-404",
        ),
        pytest.param(
            400,
            {"code": 20003, "status": 400},
            {
                "ERR-CODE-MATCHES": "$.status: expected 401 or 403, as code 20003 has; saw 400",
            },
            id="code-of-bad-credentials-on-another-status",
        ),
    ],
)
def test_refusal_whose_status_is_open(
    start: Callable[..., Bench], status: int, body: Any, problems: dict[str, str]
) -> None:
    """Where the status is open, what the body says of status and code is still judged."""
    bench = start()
    call = Call("delete", "sid", allow=frozenset({400, 401, 422}))

    assert bench.endpoint.judge.judge(bench.exchange("delete", (status, body), call=call)) is (
        not problems
    )
    assert {one: texts[0] for one, texts in bench.breaches().items()} == problems
    assert {"ERR-STATUS-MATCHES", "ERR-CODE-MATCHES"} <= bench.checks().keys()


@pytest.mark.parametrize(
    ("headers", "breached"),
    [
        pytest.param({"Content-Type": "application/json; charset=utf-8"}, ["HTTP-JSON"], id="json"),
        pytest.param({"Content-Type": "application/problem+json"}, ["HTTP-JSON"], id="problem"),
        pytest.param(HTML, [], id="page-of-an-edge"),
    ],
)
def test_refusal_that_calls_itself_json(
    bench: Bench, headers: dict[str, str], breached: list[str]
) -> None:
    """Where the status is open, too, a body that quotes its input unescaped is no JSON."""
    call = Call("delete", "sid", allow=MALFORMED_KEY_STATUSES)

    bench.endpoint.judge.judge(
        bench.exchange(
            "delete", (400, b'{"message": "the key "x" is malformed"}', headers), call=call
        )
    )

    assert [*bench.breaches()] == breached


@pytest.mark.parametrize("operation", ["delete", "delete-conversation"])
def test_a_tolerated_status_is_held_to_nothing(start: Callable[..., Bench], operation: str) -> None:
    """Of a response whose status the profile tolerates only HTTP is judged, allowed or not."""
    bench = start(tolerated=frozenset({401}))
    call = Call(operation, "sid", allow=frozenset({401}))

    assert bench.endpoint.judge.judge(
        bench.exchange(operation, (401, error(401, code=20404, status=404)), call=call)
    )
    assert bench.checks() == {"HTTP-COMPLETE": 1}
    assert bench.seen("OBS-UNDOCUMENTED") == {"401": 1}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"message": "no"}, id="no-members-to-compare"),
        pytest.param(
            {"code": 20404, "more_info": "see errors/20404?x=1"}, id="code-within-its-address"
        ),
        pytest.param({"code": 17534}, id="no-address"),
        pytest.param({"code": 20404, "more_info": None}, id="null-address"),
    ],
)
def test_error_bodies_that_agree_with_themselves(bench: Bench, body: dict[str, Any]) -> None:
    """A rule says nothing of members that an error body does not have."""
    bench.endpoint.judge.judge(bench.exchange("delete", (404, body)))

    assert not bench.breaches().keys() & {"ERR-STATUS-MATCHES", "ERR-CODE-MATCHES", "ERR-MORE-INFO"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"code": True, "status": True, "more_info": "x"}, id="truths"),
        pytest.param({"code": "20500", "status": "500", "more_info": "x"}, id="texts"),
        pytest.param({"code": 20404, "more_info": 5}, id="address-is-a-number"),
        pytest.param({"code": [], "status": {}, "more_info": "x"}, id="lists-and-objects"),
    ],
)
def test_members_of_a_wrong_type_are_one_breach(bench: Bench, body: dict[str, Any]) -> None:
    """A member of a wrong type breaches the body's schema; what it would mean otherwise is not guessed at."""
    assert not bench.endpoint.judge.judge(bench.exchange("delete", (404, body)))

    assert bench.breaches().keys() == {"ERR-404-BODY"}


def test_a_long_stated_status_is_shown_in_part(bench: Bench) -> None:
    """A number of any length stands in a message of bounded length."""
    bench.endpoint.judge.judge(bench.exchange("delete", (404, error(404, status=int("7" * 200)))))

    assert bench.breaches()["ERR-STATUS-MATCHES"] == [
        f"$.status: expected the HTTP status 404; saw {'7' * 120}…"
    ]


def test_many_errors_in_one_body_are_shown_in_part(bench: Bench) -> None:
    """Of the errors of one body under one schema four are shown."""
    items = [{**CONFIGURATION, "displayName": number} for number in range(6)]

    assert not bench.endpoint.judge.judge(
        bench.exchange("list", (200, {"configurations": items, "meta": META}), "GET")
    )

    assert bench.breaches()["CTRL-PAGE"] == [
        f"$.configurations[{number}].displayName: expected a string; saw {number}"
        for number in range(4)
    ]
    assert bench.steps("CTRL-PAGE") == [("GET sid", 200)] * 4


def test_an_advisory_breach_beside_one_that_gates(bench: Bench) -> None:
    """An error under one schema is not cancelled by another schema that passes."""
    ok = bench.endpoint.judge.judge(bench.exchange("delete", (404, {"code": 5, "message": 7})))

    assert not ok
    assert bench.breaches().keys() == {"ERR-404-BODY", "ERR-BOUNDS"}


def test_a_create_without_retry_after_is_valid(bench: Bench) -> None:
    """A rule that gates for a delete warns for the other calls that share it."""
    ok = bench.endpoint.judge.judge(bench.exchange("create", (202, ACCEPTED), "POST"))

    assert ok
    assert bench.breaches().keys() == {"CTRL-202"}


def test_a_page_of_another_media_type_is_not_valid(bench: Bench) -> None:
    """That its configurations are different ones does not make up for it."""
    said = 200, {"configurations": [CONFIGURATION], "meta": META}, {"Content-Type": "text/html"}

    assert not bench.endpoint.judge.judge(bench.exchange("list", said, "GET"))


def test_an_advisory_breach_leaves_an_answer_valid(bench: Bench) -> None:
    """Advisory breaches warn and leave a response valid; gating ones make it invalid."""
    good = bench.endpoint.judge.judge(bench.exchange("delete", (429, error(429))))
    bad = bench.endpoint.judge.judge(bench.exchange("delete", (429, error(429, status=409))))

    assert (good, bad) == (True, False)
    assert bench.breaches()["ERR-429-RETRY-AFTER"] == [
        "expected a Retry-After header; saw no Retry-After header"
    ]
    assert bench.endpoint.findings.statuses == {429: [2, 2, 1]}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((404, b"", {"Content-Type": JSON}), (404, error(404)), id="no-json"),
        pytest.param(
            (404, error(404), {"Content-Type": "text/plain"}), (404, error(404)), id="media-type"
        ),
        pytest.param((202, [], {"Retry-After": "1"}), (202, {}, {"Retry-After": "1"}), id="body"),
        pytest.param(
            (202, {}, {"Retry-After": "soon"}), (202, {}, {"Retry-After": "1"}), id="headers"
        ),
    ],
)
def test_valid_answers_are_counted_by_status(bench: Bench, first: Said, second: Said) -> None:
    """Of each documented status the report counts answers, and those without a gating problem."""
    for said in (first, second):
        bench.endpoint.judge.judge(bench.exchange("delete", said))
        bench.endpoint.judge.judge(bench.exchange("fetch", said))

    assert isinstance(first, tuple)
    assert bench.endpoint.findings.statuses == {first[0]: [2, 2, 1]}


def test_an_undocumented_status_is_counted_too(bench: Bench) -> None:
    """The table of statuses shows undocumented ones, too."""
    for status in (200, 200, 404):
        bench.endpoint.judge.judge(bench.exchange("delete", (status, error(status))))
    bench.endpoint.judge.judge(
        bench.exchange("delete", (401, b""), call=Call("delete", "sid", judge_content=False))
    )

    assert bench.endpoint.findings.statuses == {200: [2, 2, 0], 404: [1, 1, 1]}


@pytest.mark.parametrize(
    ("status", "allow", "tolerated", "breached", "observed"),
    [
        pytest.param(400, {400}, (), False, {}, id="allowed-here"),
        pytest.param(403, {400}, (), True, {}, id="another-is-allowed-here"),
        pytest.param(401, (), (400, 401), False, {"401": 1}, id="tolerated-by-the-profile"),
        pytest.param(403, (), (400, 401), True, {}, id="others-are-tolerated"),
        pytest.param(404, (), (404,), False, {}, id="a-documented-one-needs-no-tolerance"),
    ],
)
def test_undocumented_statuses(
    start: Callable[..., Bench],
    status: int,
    allow: set[int],
    tolerated: tuple[int, ...],
    breached: bool,
    observed: dict[str, int],
) -> None:
    """A status is documented, allowed where it was asked for, or tolerated by the profile and reported; else it is a breach."""
    bench = start(tolerated=frozenset(tolerated))

    ok = bench.endpoint.judge.judge(
        bench.exchange(
            "delete", (status, error(status)), call=Call("delete", "sid", allow=frozenset(allow))
        )
    )

    assert ok is not breached
    assert ("DEL-STATUS" in bench.breaches()) is breached
    assert bench.seen("OBS-UNDOCUMENTED") == observed
    assert bench.checks().get("DEL-STATUS", 0) == (not observed)


def test_expected_statuses_are_named_in_order(bench: Bench) -> None:
    """Each allowed status is a documented one."""
    bench.endpoint.judge.judge(
        bench.exchange("delete", (410, b""), call=Call("delete", "sid", allow=frozenset({401})))
    )

    assert bench.breaches() == {
        "DEL-STATUS": ["expected 202 or 401 or 404 or 409 or 429 or 500 or 503; saw 410"]
    }


def test_a_judge_without_a_policy_tolerates_nothing(bench: Bench) -> None:
    """Without a profile's policy every undocumented status is a breach."""
    assert not Judge(bench.endpoint.findings).judge(bench.exchange("delete", (401, b"")))


@pytest.mark.parametrize(
    ("fields", "checked"),
    [
        pytest.param({"judge_content": False}, {"HTTP-COMPLETE"}, id="content-not-judged"),
        pytest.param({"outside_api": True}, {"HTTP-COMPLETE", "DEL-STATUS"}, id="outside-the-api"),
    ],
)
def test_what_is_not_judged(bench: Bench, fields: dict[str, Any], checked: set[str]) -> None:
    """Of undocumented responses only HTTP is judged; an error from the edge needs no body."""
    ok = bench.endpoint.judge.judge(
        bench.exchange("delete", (404, b"<html>", HTML), call=Call("delete", "sid", **fields))
    )

    assert ok
    assert bench.checks() == dict.fromkeys(checked, 1)


@pytest.mark.parametrize(
    ("call", "status"),
    [(Call("delete", "a%22b", outside_api=True), 404), (Call("list"), 400), (Call("fetch"), 404)],
    ids=["malformed-sid", "page-token", "fetch"],
)
def test_a_body_that_calls_itself_json_is_json(bench: Bench, call: Call, status: int) -> None:
    """An edge may answer in HTML; the service quotes its input in well-formed JSON."""
    headers = {"Content-Type": "application/json"}
    for body, ok in ((b'{"message": "a\\"b"}', True), (b'{"message": "a"b"}', False)):
        exchange = bench.exchange(call.operation, (status, body, headers), call=call)
        assert bench.endpoint.judge.judge(exchange) is ok

    assert list(bench.breaches()) == ["HTTP-JSON"]


def test_outside_the_api_a_202_is_judged_in_full(bench: Bench) -> None:
    """Only errors may come from outside the API."""
    for status in (202, 404):
        call = Call("delete", "sid", outside_api=True)
        bench.endpoint.judge.judge(bench.exchange("delete", (status, b"?", HTML), call=call))

    assert bench.checks()["HTTP-JSON"] == 1
    assert bench.endpoint.findings.statuses == {202: [1, 1, 0], 404: [1, 0, 0]}


@pytest.mark.parametrize(
    ("fault", "requirement", "problem"),
    [
        pytest.param(
            TransportFault.MALFORMED,
            "HTTP-COMPLETE",
            "expected a complete, well-formed response; saw it was malformed",
            id="malformed",
        ),
        pytest.param(
            TransportFault.ENCODING,
            "HTTP-CONTENT-ENCODING",
            "expected a body that decodes; saw it was encoding",
            id="encoding",
        ),
    ],
)
def test_no_answer(bench: Bench, fault: TransportFault, requirement: str, problem: str) -> None:
    """No response breaches HTTP-COMPLETE and nothing else, with its cause."""
    ok = bench.endpoint.judge.judge(bench.exchange("delete", fault))

    assert ok is False
    assert bench.breaches() == {requirement: [problem]}
    assert bench.steps(requirement) == [("DELETE sid", None)]
    assert bench.endpoint.findings.statuses == {}


def test_no_answer_without_a_text(bench: Bench) -> None:
    """A fault that has no text is named by its kind."""
    exchange = bench.exchange("delete", TransportFault.CUT)
    exchange.fault_text = ""

    bench.endpoint.judge.judge(exchange)

    assert bench.breaches() == {
        "HTTP-COMPLETE": ["expected a complete, well-formed response; saw cut short"]
    }


def test_malformed_input_without_an_answer(bench: Bench) -> None:
    """One event breaches one requirement: that of malformed input, not HTTP-COMPLETE."""
    for call in (
        Call("delete", "%00", malformed_sid=True),
        Call("delete", "sid", allow=MALFORMED_KEY_STATUSES),
        Call("delete", "%00", allow=MALFORMED_KEY_STATUSES | {301}),
    ):
        for _ in range(3):
            bench.endpoint.judge.judge(bench.exchange("delete", TransportFault.CLOSED, call=call))

    assert bench.breaches() == {}


def test_lone_request_without_an_answer(bench: Bench) -> None:
    """One request of a run may get no answer; with a second one both breach HTTP-COMPLETE."""
    judge = bench.endpoint.judge
    assert judge.judge(bench.exchange("delete", TransportFault.TIMEOUT)) is False
    assert bench.breaches() == {}
    assert bench.seen("OBS-TRANSPORT") == {"no response to a DELETE": 1}

    judge.judge(bench.exchange("fetch", TransportFault.CLOSED))

    assert bench.breaches() == {
        "HTTP-COMPLETE": [
            "expected a response; saw it was timeout",
            "expected a response; saw it was closed",
        ]
    }
    assert bench.endpoint.findings.records["HTTP-COMPLETE"].breaches == 2


@pytest.mark.parametrize(
    ("said", "call", "whole", "judged", "valid"),
    [
        pytest.param((404, error(404)), Call("delete", "x"), True, 1, 1, id="valid"),
        pytest.param((404, error(404, code="x")), Call("delete", "x"), True, 1, 0, id="a-breach"),
        pytest.param((405, error(405)), Call("delete", "x"), True, 1, 0, id="undocumented"),
        pytest.param((410, error(410)), Call("delete", "x"), True, 0, 0, id="tolerated"),
        pytest.param(
            (404, b"<h1>no</h1>", HTML),
            Call("delete", "%00", outside_api=True),
            True,
            0,
            0,
            id="edge",
        ),
        pytest.param((404, error(404)), Call("delete", "x"), False, 0, 0, id="recorded-in-part"),
    ],
)
def test_statuses_that_count_as_valid(
    start: Callable[..., Bench], said: Said, call: Call, whole: bool, judged: int, valid: int
) -> None:
    """The table of statuses counts as valid only responses that were judged whole."""
    bench = start(tolerated=frozenset({410}))
    exchange = bench.exchange("delete", said, call=call)

    bench.endpoint.judge.judge(exchange, whole=whole)

    assert bench.endpoint.findings.statuses == {exchange.status: [1, judged, valid]}


BOTH = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("defect", "headers", "offered", "problems"),
    [
        pytest.param(None, BOTH, "gzip, deflate", {}, id="an-offered-coding"),
        pytest.param(None, {"Content-Encoding": "identity"}, "identity", {}, id="identity"),
        pytest.param(
            None, {"Content-Encoding": " Identity "}, "identity", {}, id="identity-in-another-case"
        ),
        pytest.param(
            (TransportFault.MALFORMED, "2 byte(s) follow"),
            {},
            "gzip",
            {
                "HTTP-COMPLETE": "expected a response that ends where its headers say; saw 2 byte(s) follow"
            },
            id="excess-bytes",
        ),
        pytest.param(
            (TransportFault.MALFORMED, "2 byte(s) follow"),
            BOTH,
            "gzip",
            {
                "HTTP-COMPLETE": "expected a response that ends where its headers say; saw 2 byte(s) follow"
            },
            id="excess-bytes-after-a-coding",
        ),
        pytest.param(
            (TransportFault.ENCODING, "the body is not gzip"),
            BOTH,
            "gzip, deflate",
            {
                "HTTP-CONTENT-ENCODING": "expected a coding that was offered (gzip, deflate), undamaged; saw the body is not gzip"
            },
            id="damaged",
        ),
        pytest.param(
            (TransportFault.ENCODING, "br was not offered"),
            {"Content-Encoding": "br"},
            "",
            {
                "HTTP-CONTENT-ENCODING": "expected a coding that was offered (none), undamaged; saw br was not offered"
            },
            id="not-offered",
        ),
        pytest.param(
            None,
            BOTH,
            "identity",
            {
                "HTTP-CONTENT-ENCODING": "expected a coding that was offered (identity), undamaged; saw Content-Encoding: gzip"
            },
            id="coded-where-only-identity-was-offered",
        ),
        pytest.param(
            (TransportFault.MALFORMED, "2 byte(s) follow"),
            BOTH,
            "identity",
            {
                "HTTP-COMPLETE": "expected a response that ends where its headers say; saw 2 byte(s) follow",
                "HTTP-CONTENT-ENCODING": "expected a coding that was offered (identity), undamaged; saw Content-Encoding: gzip",
            },
            id="excess-bytes-after-a-coding-that-was-not-offered",
        ),
        pytest.param(
            None,
            {"Content-Encoding": "X-Gzip"},
            "gzip;q=0.5",
            {},
            id="an-older-name-of-an-offered-coding",
        ),
        pytest.param(None, BOTH, "br, *", {}, id="any-coding-is-taken"),
        pytest.param(
            None, {"Content-Encoding": "gzip, deflate"}, "gzip, deflate", {}, id="two-codings"
        ),
        pytest.param(
            None,
            {"Content-Encoding": "deflate"},
            "gzip",
            {
                "HTTP-CONTENT-ENCODING": "expected a coding that was offered (gzip), undamaged; saw Content-Encoding: deflate"
            },
            id="another-one",
        ),
        pytest.param(
            None,
            {"Content-Encoding": "gzip, deflate"},
            "gzip",
            {
                "HTTP-CONTENT-ENCODING": "expected a coding that was offered (gzip), undamaged; saw Content-Encoding: gzip, deflate"
            },
            id="one-of-two",
        ),
        pytest.param(
            None,
            BOTH,
            "gzip;q=0, deflate",
            {
                "HTTP-CONTENT-ENCODING": "expected a coding that was offered (gzip;q=0, deflate), undamaged; saw Content-Encoding: gzip"
            },
            id="ruled-out",
        ),
        pytest.param(
            None,
            {"Content-Encoding": "z" * 70},
            "identity",
            {
                "HTTP-CONTENT-ENCODING": f"expected a coding that was offered (identity), undamaged; saw Content-Encoding: {'z' * 60}"
            },
            id="long-name",
        ),
    ],
)
def test_framing_and_coding(
    bench: Bench,
    defect: tuple[TransportFault, str] | None,
    headers: dict[str, str],
    offered: str,
    problems: dict[str, str],
) -> None:
    """Bytes beyond the end breach HTTP, a coding that was not offered or does not decode breaches the coding; the one not the other."""
    sent = (("Host", "x"), *([("accept-Encoding", offered)] if offered else []))
    exchange = bench.exchange("delete", (404, error(404), headers), request_headers=sent)
    assert exchange.response is not None
    exchange.response.defect = defect

    ok = bench.endpoint.judge.judge(exchange)

    assert ok is not bool(problems)
    assert bench.breaches() == {one: [text] for one, text in problems.items()}
    assert [bench.steps(one) for one in problems] == [[("DELETE sid", 404)] for _ in problems]
    damaged = defect is not None and defect[0] is TransportFault.ENCODING
    # A body that can't be decoded is not read; what can be is judged whatever followed it.
    assert bench.checks().get("HTTP-JSON", 0) == (not damaged)
    assert bench.checks().get("HTTP-CONTENT-ENCODING", 0) == ("Content-Encoding" in headers)


def test_excess_bytes_are_no_matter_of_the_coding(bench: Bench) -> None:
    """A test of codings accuses no response of what follows it."""
    exchange = bench.exchange("delete", (404, error(404)))
    assert exchange.response is not None
    exchange.response.defect = (TransportFault.MALFORMED, "2 byte(s) follow")

    assert transport.decodes(bench.endpoint.findings, exchange)
    exchange.response.defect = (TransportFault.ENCODING, "the body is not gzip")
    assert not transport.decodes(bench.endpoint.findings, exchange)


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        pytest.param(error(404), "code, message, more_info, status (S2)", id="S2"),
        pytest.param(
            {"code": 20404, "status": 404},
            "code, message, more_info, status (S2)",
            id="S2-by-status",
        ),
        pytest.param(
            {"code": 20404, "more_info": "20404"},
            "code, message, more_info, status (S2)",
            id="S2-by-more-info",
        ),
        pytest.param(
            {"httpStatusCode": 404},
            "code, httpStatusCode, message, userError, params (S4)",
            id="S4-by-status",
        ),
        pytest.param(
            {"userError": True},
            "code, httpStatusCode, message, userError, params (S4)",
            id="S4-by-user-error",
        ),
        pytest.param(
            {"params": {}},
            "code, httpStatusCode, message, userError, params (S4)",
            id="S4-by-params",
        ),
        pytest.param(
            {"status": 404, "params": {}},
            "code, httpStatusCode, message, userError, params (S4)",
            id="S4-among-both",
        ),
        pytest.param(PROBLEM, RFC_9457, id="RFC-9457"),
        pytest.param({"title": "no", "code": 20404}, RFC_9457, id="RFC-9457-by-title"),
        pytest.param({"errors": [], "status": 404}, RFC_9457, id="RFC-9457-by-errors"),
        pytest.param({"code": 20404, "message": "no"}, "members of no shape alone", id="no-shape"),
    ],
)
def test_error_shape_is_observed(bench: Bench, body: dict[str, Any], shape: str) -> None:
    """Which shape an error body has is reported and never judged."""
    bench.endpoint.judge.judge(bench.exchange("delete", (404, body)))

    assert bench.seen("OBS-ERROR-SHAPE") == {shape: 1}


@pytest.mark.parametrize(
    ("sid", "seen"),
    [("conv_configuration_0a", "conv_configuration_"), ("cfg_0a", "cfg_"), ("0a", "none"), (7, "")],
)
def test_prefix_of_ids(bench: Bench, sid: object, seen: str) -> None:
    """How the id of a fetched configuration begins is reported and never judged."""
    bench.endpoint.judge.judge(bench.exchange("fetch", (200, {**CONFIGURATION, "id": sid}), "GET"))

    assert bench.seen("OBS-SID-PREFIX") == ({seen: 1} if seen else {})


@pytest.mark.parametrize(
    ("configurations", "problem"),
    [
        pytest.param([CONFIGURATION, {**CONFIGURATION, "id": "other"}], None, id="two"),
        pytest.param(
            [{**CONFIGURATION, "id": "b"}, CONFIGURATION, CONFIGURATION],
            "expected each configuration once on a page; saw sid twice",
            id="one-twice",
        ),
        pytest.param(
            [{**CONFIGURATION, "id": "i" * 100}] * 2,
            f"expected each configuration once on a page; saw {'i' * 80} twice",
            id="long-id-twice",
        ),
        pytest.param([{"id": 7}, {"id": 7}, "x", "x"], None, id="what-is-no-id-is-not-compared"),
        pytest.param({"id": "sid"}, None, id="no-list"),
        pytest.param(5, None, id="number"),
    ],
)
def test_a_page_names_each_configuration_once(
    bench: Bench, configurations: object, problem: str | None
) -> None:
    """A configuration that stands twice on one page breaches the paging; wrong types are the schema's."""
    ok = bench.endpoint.judge.judge(
        bench.exchange("list", (200, {"configurations": configurations, "meta": META}), "GET")
    )

    assert bench.breaches().get("CTRL-PAGINATION") == ([problem] if problem else None)
    assert ok is not bool(bench.breaches())
    if problem:
        assert bench.steps("CTRL-PAGINATION") == [("GET sid", 200)]


def test_a_page_without_end(bench: Bench) -> None:
    """Past the most that can be asked for nothing is judged: that there is so much is the finding."""
    items = [{"id": f"sid{number}"} for number in range(1000)] + [5] * 3
    exchange = bench.exchange(
        "list",
        (200, {"configurations": items, "meta": {"key": "configurations", "pageSize": 50}}),
        "GET",
    )

    bench.endpoint.judge.judge(exchange)

    assert bench.breaches()["CTRL-PAGINATION"] == [
        "expected at most 1000 configurations on a page; saw 1003"
    ]
    assert "an object" not in str(bench.breaches())


def test_stray_bytes(bench: Bench) -> None:
    """Bytes that no request asked for are a breach of the next exchange."""
    exchange = bench.exchange("list", (404, {}), "GET")
    assert exchange.response is not None
    exchange.response.stray = 7

    bench.endpoint.judge.judge(exchange)

    assert "saw 7 byte(s) that no request asked for" in bench.breaches()["HTTP-COMPLETE"][0]
