"""Recordings in the dialects of the programs that write them: browsers, proxies, HTTP clients."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from defusedxml.ElementTree import parse

from orchestrator_contract.har.judge import RecordingJudge
from orchestrator_contract.har.times import Start, Timeline, duration_of, parse_start
from orchestrator_contract.results.verdict import Policy, Result
from orchestrator_contract.results.waivers import Waivers

FOLDER = Path(__file__).with_name("recordings")
OTHER_OPERATION = {"KEY-REPLAY", "KEY-ONE-OPERATION"}
#: What each recording of a breach breaches.
BREACHES = {
    "bad-429-stored-without-body": {"ERR-429-RETRY-PROCESSED"},
    "bad-bodies-left-out": OTHER_OPERATION,
    "bad-body-empty": {"HTTP-JSON"},
    "bad-dates-of-many-forms": {"OP-STATUS-ORDER", "OP-TIMESTAMPS", "DELETED-FETCH"},
    "bad-fetch-304-after-its-end": {"DELETED-FETCH"},
    "bad-header-without-value": OTHER_OPERATION,
    "bad-headers-as-object": OTHER_OPERATION,
    "bad-lines-of-any-kind": OTHER_OPERATION,
    "bad-method-in-lower-case": OTHER_OPERATION,
    "bad-no-zone": OTHER_OPERATION,
    "bad-no-zone-clock-set-back": {"DELETED-FETCH"},
    "bad-null-text-other-operation": OTHER_OPERATION,
    "bad-playwright-continued-route": OTHER_OPERATION,
    "bad-replay-404-without-body": {"KEY-REPLAY"},
    "bad-safari-network-load": OTHER_OPERATION,
    "bad-server-address-empty": OTHER_OPERATION,
    "bad-status-as-text": OTHER_OPERATION,
    "bad-time-null": {"KEY-REPLAY"},
    "bad-zone-without-colon": OTHER_OPERATION,
}
#: What each recording of a conformant endpoint shows all the same.
PASSES = {
    "ok-304-without-its-condition": {"OP-STATUS-ORDER"},
    "ok-body-cut-short": {"DEL-202-HEADERS", "OP-STATUS-ORDER"},
    "ok-body-still-compressed": {"DEL-202-BODY", "KEY-REPLAY", "OP-STATUS-ORDER"},
    "ok-chrome-disk-cache": {"KEY-REPLAY", "OP-STATUS-ORDER"},
    "ok-chrome-evicted-body": {"DEL-202-HEADERS", "KEY-REPLAY", "OP-FETCH"},
    "ok-chrome-local-override": {"DEL-202-BODY"},
    "ok-chrome-service-worker": {"DEL-202-BODY", "OP-STATUS-ORDER"},
    "ok-conditional-delete-412": {"DELETED-FETCH"},
    "ok-conditional-poll-304": {"KEY-REPLAY", "OP-STATUS-ORDER"},
    "ok-empty-text-in-chunks": {"DEL-202-HEADERS", "KEY-REPLAY", "OP-FETCH"},
    "ok-headers-left-out": {"DEL-202-BODY", "KEY-REPLAY", "OP-STATUS-ORDER"},
    "ok-mitmproxy-null-text": {"DEL-202-HEADERS", "KEY-REPLAY", "OP-FETCH"},
    "ok-mitmproxy-sdk": {"KEY-REPLAY-ENDED", "DELETED-DELETE"},
    "ok-mitmproxy-streamed": {"DEL-202-HEADERS", "KEY-REPLAY", "OP-FETCH"},
    "ok-no-content": {"DEL-202-HEADERS", "KEY-REPLAY", "OP-FETCH"},
    "ok-no-timings": {"DEL-202-BODY", "ERR-409-BODY"},
    "ok-no-zone-clock-set-back": {"DELETED-FETCH", "OP-STATUS-ORDER"},
    "ok-no-zone-clock-set-forward": {"OP-STATUS-ORDER"},
    "ok-playwright-aborted": {"KEY-REPLAY"},
    "ok-playwright-body-in-a-file": {"DEL-202-HEADERS", "KEY-REPLAY", "OP-FETCH"},
    "ok-playwright-fulfilled-route": {"KEY-REPLAY", "OP-STATUS-ORDER"},
    "ok-response-header-without-value": {"DEL-202-BODY", "KEY-REPLAY"},
    "ok-safari-inspector-override": {"KEY-REPLAY", "OP-STATUS-ORDER"},
    "ok-safari-memory-cache": {"KEY-REPLAY", "OP-STATUS-ORDER"},
    "ok-timings-tell-the-end": {"DEL-202-BODY", "ERR-409-BODY"},
}


def judged(path: Path) -> Result:
    """The result of judging a recording."""
    judge = RecordingJudge(path)
    judge.judge(Waivers())
    wanted = frozenset(judge.findings.catalogue.requirements)
    return judge.result(wanted, Policy(), "quick", 0, datetime.now(UTC), Waivers())


def having(result: Result, *verdicts: str) -> set[str]:
    """The requirements with one of these verdicts."""
    return {row.requirement.id for row in result.rows if row.verdict in verdicts}


def recording(folder: Path, entries: list[Any]) -> Path:
    """A HAR file of these entries."""
    path = folder / "made.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), encoding="utf-8")
    return path


def entries_of(name: str) -> list[dict[str, Any]]:
    """The entries of a recording of the folder."""
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.har").read_text())["log"]["entries"]
    return found


def test_every_recording_has_its_result() -> None:
    """No file of the folder is left out of the tables."""
    assert {path.stem for path in FOLDER.glob("*.har")} == BREACHES.keys() | PASSES.keys()


@pytest.mark.parametrize(("name", "found"), BREACHES.items(), ids=BREACHES)
def test_breach_is_found(name: str, found: set[str]) -> None:
    """A breach is found in the dialect that it was recorded in, and no other."""
    assert having(judged(FOLDER / f"{name}.har"), "breached", "warned") == found


@pytest.mark.parametrize(("name", "shown"), PASSES.items(), ids=PASSES)
def test_conformant_recording(name: str, shown: set[str]) -> None:
    """A conformant endpoint is accused of nothing, and what the recording shows is judged."""
    result = judged(FOLDER / f"{name}.har")

    assert not having(result, "breached", "warned")
    assert shown <= having(result, "passed")


@pytest.mark.parametrize(
    ("name", "unseen"),
    [
        pytest.param("ok-chrome-evicted-body", {"DEL-202-BODY", "DEL-202-RELATED"}, id="body"),
        pytest.param("ok-chrome-evicted-body", {"HTTP-JSON", "OP-STATUS-ORDER"}, id="polls"),
        pytest.param("ok-headers-left-out", {"DEL-202-HEADERS", "HTTP-CONTENT-TYPE"}, id="headers"),
        pytest.param("ok-headers-left-out", {"HTTP-COMPLETE"}, id="framing"),
    ],
)
def test_unknown_part_is_unverified(name: str, unseen: set[str]) -> None:
    """A part that was not recorded passes nothing."""
    assert unseen <= having(judged(FOLDER / f"{name}.har"), "unverified")


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("ok-safari-memory-cache", "1 from a browser's cache"),
        ("ok-safari-inspector-override", "1 from an override in the browser"),
        ("ok-chrome-disk-cache", "1 from a browser's cache"),
        ("ok-chrome-local-override", "1 from a browser's cache or override"),
        ("ok-chrome-service-worker", "1 from a service worker"),
        ("ok-playwright-fulfilled-route", "1 from a test's route"),
    ],
)
def test_what_is_not_from_the_network_is_counted(name: str, note: str) -> None:
    """A response that the endpoint did not give is set aside, and a note says who gave it."""
    result = judged(FOLDER / f"{name}.har")

    assert f"1 response did not come from the network: {note}" in result.notes
    assert result.requests == len(entries_of(name)) - 1


def test_the_notes_count_what_can_not_be_read(tmp_path: Path) -> None:
    """A note names each reason, how often it was met, and the entries that it was met in."""
    good = entries_of("ok-safari-memory-cache")[:4]
    dateless = [{**good[0], "startedDateTime": text} for text in ("yesterday", "")]
    statusless = {**good[0], "response": {**good[0]["response"], "status": "none"}}
    elsewhere = {"request": {"method": "GET", "url": "https://www.example.test/", "headers": 7}}
    odd: list[Any] = [None, 7, [], {}, {"request": {}}, {"request": {"method": "GET", "url": 1}}]

    result = judged(recording(tmp_path, [*good, *dateless, statusless, elsewhere, *odd]))

    assert result.requests == 4
    assert result.notes[0] == (
        "7 of 14 entries were calls to the control plane (4 judged); 9 could not be read: "
        "2 × startedDateTime is no ISO 8601 date and time (entries 4, 5); "
        "1 × response.status is no HTTP status (entry 6); "
        "4 × there is no request (entries 8, 9, 10, 11); "
        "1 × request.method is no text (entry 12); "
        "1 × request.url is no text (entry 13)"
    )


def test_entries_beyond_ten_are_counted_only(tmp_path: Path) -> None:
    """A recording of many odd entries does not fill the report with their numbers."""
    result = judged(recording(tmp_path, [None] * 50))

    (note,) = result.notes
    assert "50 × there is no request (entries 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …)" in note


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([], id="no-entries"),
        pytest.param([{"request": {"method": "GET", "url": "https://x.test/"}}], id="other-calls"),
        pytest.param(entries_of("ok-safari-memory-cache")[4:], id="cache-only"),
        pytest.param([{**entries_of("bad-no-zone")[0], "startedDateTime": "?"}], id="unreadable"),
    ],
)
def test_nothing_to_judge_ends_with_4(
    tmp_path: Path, run_suite: Callable[..., Any], entries: list[Any]
) -> None:
    """A recording of which nothing could be judged conforms to nothing: the exit code is 4."""
    done = run_suite("--traffic", recording(tmp_path, entries))

    assert done.code == 4, done.output
    assert done.conformance()["verdict"] == "incomplete"
    assert "nothing could be judged: " in done.conformance()["reason"]


def test_requirement_that_is_not_shown_ends_with_4(run_suite: Callable[..., Any]) -> None:
    """The requirements that were asked for decide, not what else the recording shows."""
    path = FOLDER / "bad-no-zone.har"

    assert run_suite("--traffic", path, "--requirement", "CONV", report="a").code == 4
    assert run_suite("--traffic", path, "--requirement", "DEL-STATUS", report="b").code == 0


def test_junit_has_a_case_for_each_requirement(
    tmp_path: Path, run_suite: Callable[..., Any]
) -> None:
    """--junitxml shows breaches as failures and what is unverified as skipped."""
    path = tmp_path / "junit.xml"

    done = run_suite("--traffic", FOLDER / "bad-no-zone.har", f"--junitxml={path}")

    root: Any = parse(path).getroot()
    cases = {case.get("name"): case for case in root.iter("testcase")}
    verdicts = done.verdicts()
    assert cases.keys() == verdicts.keys()
    for name, case in cases.items():
        properties = {one.get("name"): one.get("value") for one in case.iter("property")}
        assert (properties["requirement"], properties["verdict"]) == (name, verdicts[name])
        assert (case.find("failure") is not None) == (verdicts[name] == "breached")
        assert (case.find("skipped") is not None) == (verdicts[name] == "unverified")
    failures = [one.get("message") for one in cases["KEY-ONE-OPERATION"].iter("failure")]
    assert ["KEY-ONE-OPERATION" in str(one) for one in failures] == [True]


def test_the_check_line_names_the_recording(tmp_path: Path, run_suite: Callable[..., Any]) -> None:
    """The line that repeats a finding judges the recording again, for that requirement."""
    path = tmp_path / "with space.har"
    path.write_bytes((FOLDER / "bad-no-zone.har").read_bytes())

    done = run_suite("--traffic", path)

    assert f"check:    pytest --traffic '{path}' --requirement KEY-REPLAY\n" in done.output
    assert "contract: recording with space.har" in done.output
    assert "--seed" not in done.output


@pytest.mark.parametrize(
    "response",
    [
        pytest.param({"content": {"size": 0, "text": ""}, "bodySize": 191}, id="size-on-the-wire"),
        pytest.param({"content": {"size": -1, "text": ""}}, id="size-not-known"),
        pytest.param({"content": {"size": 0, "text": ""}, "httpVersion": "HTTP/2.0"}, id="http-2"),
        pytest.param({"content": None}, id="null-content"),
        pytest.param({"content": {"text": {"statusUrl": 1}}}, id="object-as-text"),
        pytest.param({"content": {"text": "%%%", "encoding": "base64"}}, id="no-base64"),
        pytest.param({"content": {"text": "H4sI", "encoding": "gzip"}}, id="unknown-encoding"),
        pytest.param({"content": {"text": "{" + " " * 5_000_000}}, id="very-long"),
        pytest.param({"content": {"text": '{"st'}, "_error": "net::ERR_FAILED"}, id="failed"),
    ],
)
def test_body_that_was_not_recorded_is_unknown(tmp_path: Path, response: dict[str, Any]) -> None:
    """A body that the recording does not have whole is not judged."""
    (entry, _) = entries_of("bad-no-zone")
    entry["response"] = {**entry["response"], "bodySize": 0, **response}

    result = judged(recording(tmp_path, [entry]))

    assert not having(result, "breached", "warned")
    assert "DEL-202-HEADERS" in having(result, "passed")
    assert {"DEL-202-BODY", "HTTP-JSON"} <= having(result, "unverified")


#: Parts of an entry that a program may not have recorded.
LEFT_OUT = [
    ("response",),
    ("response", "content"),
    ("response", "content", "text"),
    ("response", "headers"),
    ("response", "status"),
    ("time",),
    ("timings",),
    ("startedDateTime",),
    ("request",),
    ("request", "headers"),
]


@pytest.mark.parametrize(
    "name",
    [
        "ok-conditional-delete-412",
        "ok-conditional-poll-304",
        "ok-mitmproxy-sdk",
        "ok-mitmproxy-streamed",
        "ok-no-zone-clock-set-back",
        "ok-timings-tell-the-end",
    ],
)
def test_parts_that_are_left_out_are_no_breach(tmp_path: Path, name: str) -> None:
    """Missing parts in a recording of a conformant endpoint are no breach."""
    random = Random(name)
    for _ in range(12):
        entries = entries_of(name)
        for _ in range(4):
            part, *path = (random.choice(entries), *random.choice(LEFT_OUT))
            for step in path[:-1]:
                part = part.get(step, {})
            part.pop(path[-1], None)

        assert not having(judged(recording(tmp_path, entries)), "breached", "warned")


NOON = 1_795_176_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-20T12:00:00Z", 0.0),
        ("2026-11-20T12:00:00.250Z", 0.25),
        ("2026-11-20T12:00:00,250Z", 0.25),
        ("2026-11-20t12:00:00z", 0.0),
        ("2026-11-20 12:00:00Z", 0.0),
        ("2026-11-20T12:00Z", 0.0),
        ("20261120T120000Z", 0.0),
        ("2026-W47-5T12:00:00Z", 0.0),
        ("2026-11-20T13:00:00+0100", 0.0),
        ("2026-11-20T13:00:00+01", 0.0),
        ("2026-11-20T13:30:00+01:30", 0.0),
        ("2026-11-20T04:00:00−08:00", 0.0),
        ("2026-11-20T12:00:00.1234567890Z", 0.123456789),
        ("2026-11-20T11:59:60Z", -1.0),
        (" 2026-11-20T12:00:00Z ", 0.0),
    ],
)
def test_date_with_a_zone(text: str, seconds: float) -> None:
    """Every form that ISO 8601 has for a date with time and zone is read."""
    start = parse_start(text)

    assert start is not None
    assert start.zoned
    assert start.seconds == pytest.approx(NOON + seconds)


@pytest.mark.parametrize(
    "text", ["2026-11-20T12:00:00", "2026-11-20T12:00:00.000", "20261120T120000"]
)
def test_date_without_a_zone(text: str) -> None:
    """A date without a zone is read, and known to be on an unknown clock."""
    assert parse_start(text) == Start(NOON, zoned=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1795176000",
        "Fri, 20 Nov 2026 12:00:00 GMT",
        "9999-12-31T23:59:59.9999999Z",
    ],
)
def test_no_date(text: str) -> None:
    """Anything else is no date."""
    assert parse_start(text) is None


def test_order_of_the_file_without_zones() -> None:
    """Without a zone no entry comes before one that stands ahead of it in the file."""
    timeline = Timeline()

    placed = [timeline.place(Start(at, zoned=False)) for at in (100.0, 90.0, 110.0)]

    assert placed == [100.0, 100.0, 110.0]


def test_clock_that_was_set_back() -> None:
    """A local clock that goes back an hour goes on where it was."""
    timeline = Timeline()

    placed = [timeline.place(Start(at, zoned=False)) for at in (7190.0, 3600.0, 3605.0)]

    assert placed == [7190.0, 7200.0, 7205.0]


def test_entries_with_and_without_zones() -> None:
    """Beside entries with a zone those without stand where the file has them."""
    timeline = Timeline()

    placed = [timeline.place(Start(at, zoned)) for at, zoned in ((50.0, True), (7250.0, False))]

    assert placed == [50.0, 50.0]


@pytest.mark.parametrize(
    ("entry", "seconds"),
    [
        ({"time": 40}, 0.04),
        ({"time": 40, "timings": {"wait": 9000}}, 9.0),
        ({"time": -1, "timings": {"blocked": -1, "send": 1, "wait": 2, "receive": 3}}, 0.006),
        ({"time": None, "timings": {"wait": 5.5}}, 0.0055),
        ({"time": -1, "timings": {"connect": 10, "ssl": 10}}, 0.01),
        ({"time": 0, "timings": {"send": 0, "wait": 0, "receive": 0}}, None),
        ({"time": "40"}, None),
        ({"time": True, "timings": [1]}, None),
        ({"time": 1e300}, None),
        ({}, None),
    ],
)
def test_duration(entry: dict[str, Any], seconds: float | None) -> None:
    """`time` or the phases tell how long an exchange took; nothing takes no time."""
    assert duration_of(entry) == (None if seconds is None else pytest.approx(seconds))


def test_accounts_are_told_apart_by_context(tmp_path: Path) -> None:
    """One key under two X-Pre-Auth-Context headers belongs to two accounts."""
    entries = entries_of("bad-no-zone")
    for entry, account in zip(entries, "ab", strict=True):
        entry["request"]["headers"].append({"name": "X-Pre-Auth-Context", "value": account})

    assert not having(judged(recording(tmp_path, entries)), "breached")
