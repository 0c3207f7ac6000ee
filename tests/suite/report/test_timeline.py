"""Timelines: recorded from exchanges, bounded, merged over processes, drawn."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from orchestrator_contract.http.addresses import brief_name
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.response import Response
from orchestrator_contract.report.timeline_svg import draw
from orchestrator_contract.results.timelines import (
    MAX_EVENTS,
    MAX_OPERATIONS,
    MAX_RACES,
    Event,
    Recorder,
    Timeline,
    load,
)

SID = "conv_configuration_01k9z2a1b3c4d5e6f7g8h9j0km"


def exchange(
    call: Call,
    method: str,
    status: int,
    sent: float,
    *,
    took: float = 0.01,
    body: object = None,
    operation: str = "",
    key: str | None = None,
) -> Exchange:
    """One exchange at *sent* seconds."""
    headers = [("Operation-Id", operation)] if operation else []
    response = Response(status, "", headers, json.dumps(body or {}).encode())
    return Exchange(
        call,
        method,
        "http://127.0.0.1:9/x",
        (),
        None,
        datetime.now(UTC),
        sent,
        took,
        key=key,
        response=response,
    )


def delete(
    number: int, at: float, *, status: int = 202, key: str | None = None, took: float = 0.01
) -> Exchange:
    """The delete of configuration *number*."""
    operation = f"op_{number}" if status == 202 else ""
    return exchange(
        Call("delete", f"{SID}{number}"),
        "DELETE",
        status,
        at,
        took=took,
        operation=operation,
        key=key,
    )


def poll(number: int, at: float, word: str) -> Exchange:
    """A poll of operation *number*."""
    return exchange(Call("operation", f"op_{number}"), "GET", 200, at, body={"status": word})


def test_operation() -> None:
    """Polls, fetches and further deletes belong to the operation."""
    record = Recorder()
    for one in (
        delete(1, 100.0),
        poll(1, 100.5, "PENDING"),
        poll(1, 101.0, "COMPLETED"),
        exchange(Call("fetch", f"{SID}1"), "GET", 404, 101.5),
        delete(1, 102.0, status=404),
    ):
        record(one)

    (line,) = load(record.dump())

    assert (line.kind, line.title, line.subject) == ("operation", "op_1", f"{SID}1")
    assert [(e.at, e.what, e.response, e.state) for e in line.events] == [
        (0.0, "DELETE", "202", ""),
        (0.5, "poll", "200", "PENDING"),
        (1.0, "poll", "200", "COMPLETED"),
        (1.5, "fetch", "404", ""),
        (2.0, "DELETE", "404", ""),
    ]


def test_operation_of_a_long_id() -> None:
    """A poll knows the operation by the short form of an id that is very long."""
    record, name = Recorder(), "o" * 2000
    record(exchange(Call("delete", SID), "DELETE", 202, 0.0, operation=name))
    poll_of_it = Call("operation", brief_name(name))
    record(exchange(poll_of_it, "GET", 200, 1.0, body={"status": "COMPLETED"}))

    (line,) = record.dump()

    assert [event["state"] for event in line["events"]] == ["", "COMPLETED"]


def test_race() -> None:
    """Only changes of one configuration that overlap are a race."""
    record = Recorder()
    for one in (
        delete(1, 100.0, key="a", took=0.5),
        delete(1, 100.0, status=409, key="b", took=0.5),
        delete(1, 100.1, key="a", took=0.2),
        delete(2, 100.0, took=0.1),
        delete(2, 100.2, status=404, took=0.1),
    ):
        record(one)

    races = [line for line in load(record.dump()) if line.kind == "race"]

    assert [[(e.what, e.response) for e in race.events] for race in races] == [
        [("DELETE with key A", "202"), ("DELETE with key B", "409"), ("DELETE with key A", "202")]
    ]


def test_bounds() -> None:
    """Few timelines with few events are kept, failures among them."""
    record = Recorder()
    for number in range(500):
        record(delete(number, 100.0 + number))
        record(delete(number, 100.0 + number))
        for again in range(MAX_EVENTS * 3 if number < 20 else 1):
            record(
                poll(
                    number, 100.1 + number + again / 1000, "FAILED" if number == 77 else "COMPLETED"
                )
            )

    lines = load([*record.dump(), *record.dump()])

    assert len([line for line in lines if line.kind == "operation"]) == MAX_OPERATIONS
    assert len([line for line in lines if line.kind == "race"]) == MAX_RACES
    assert max(len(line.events) for line in lines) <= MAX_EVENTS
    assert max(line.left_out for line in lines) > MAX_EVENTS
    assert "op_77" in {line.title for line in lines}


def test_the_end_is_kept() -> None:
    """A status word that is new finds room after the last of the ordinary events."""
    record = Recorder()
    record(delete(1, 100.0))
    for again in range(200):
        record(poll(1, 100.1 + again, "PENDING"))
    record(poll(1, 400.0, "COMPLETED"))

    assert load(record.dump())[0].end == "COMPLETED"


def test_hostile_words() -> None:
    """An invalid or malicious status word is harmless when it is recorded."""
    record = Recorder()
    record(delete(1, 100.0))
    record(poll(1, 100.1, "\x1b\u202e" + "x" * 1000))
    record(exchange(Call("operation", "op_1"), "GET", 200, 100.2, body={"status": [1]}))

    states = [e.state for e in load(record.dump())[0].events]

    assert all(state.isprintable() and len(state) < 40 for state in states)


def test_drawing_stays_inside() -> None:
    """Every bar and mark stands within its drawing, even far after the end."""
    line = Timeline(
        "operation",
        "op",
        SID,
        [
            Event(0, 0.1, "DELETE", "202"),
            Event(0.2, 0.1, "poll", "200", "PENDING"),
            Event(0.4, 0.1, "poll", "200", "COMPLETED"),
            Event(9000, 0.1, "fetch", "404"),
        ],
    )

    drawing = draw(line)

    assert all(bar.x >= 0 and bar.x + bar.width <= 100 for bar in drawing.bars)
    assert [bar.state for bar in drawing.bars] == ["accepted", "pending", "completed", "completed"]
    assert all(0 <= mark.x <= 100 for mark in drawing.marks)
    assert [mark.x for mark in drawing.marks] == sorted(mark.x for mark in drawing.marks)
    assert drawing.summary == "COMPLETED, first seen 400 ms after the request"


def test_empty_drawing() -> None:
    """A line without events can be drawn."""
    for kind in ("operation", "race"):
        assert draw(Timeline(kind, "x", "x")).marks == ()
