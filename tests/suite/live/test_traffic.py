"""Recorded traffic: what is found in it, what a recording can't show, and files of any size and damage."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from haralyzer import HarParser  # type: ignore[import-untyped]  # it ships no types

from orchestrator_contract.har.judge import RecordingJudge
from orchestrator_contract.har.reader import NotHar
from orchestrator_contract.results.verdict import Policy, Result
from orchestrator_contract.results.waivers import Waivers

BASE = "https://conversations.example/v2/ControlPlane"
SID, OTHER = (f"conv_configuration_0{letter * 25}" for letter in "ab")
KEY = "11111111-2222-4333-8444-555555555555"
SECRET = "very-secret-password"
AUTH = "Basic " + base64.b64encode(f"SKuser:{SECRET}".encode()).decode()
START = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = 3600.0

Entry = dict[str, Any]


def entry(
    at: float,
    method: str,
    path: str,
    status: int,
    body: Any = None,
    *,
    key: str | None = None,
    auth: str = AUTH,
    headers: dict[str, str] | None = None,
    spent: float = 100.0,
) -> Entry:
    """One HAR entry, *at* seconds after the start of the recording."""
    sent = [
        {"name": "authorization", "value": auth},
        *([{"name": "idempotency-key", "value": key}] if key else []),
    ]
    received = {"Content-Type": "application/json"} | (headers or {})
    text = json.dumps(body)
    return {
        "startedDateTime": (START + timedelta(seconds=at)).isoformat(),
        "time": spent,
        "request": {"method": method, "url": BASE + path, "headers": sent},
        "response": {
            "status": status,
            "headers": [{"name": n, "value": v} for n, v in received.items()],
            "content": {"size": len(text), "mimeType": "application/json", "text": text},
        },
    }


def accepted(at: float, operation: str = "op_1", sid: str = SID, **options: Any) -> Entry:
    """A DELETE that is answered 202."""
    headers = {"Operation-Id": operation, "Retry-After": "1"}
    body = {"statusUrl": f"{BASE}/Operations/{operation}", "related": {"configurationId": sid}}
    return entry(at, "DELETE", f"/Configurations/{sid}", 202, body, headers=headers, **options)


def refused(at: float, status: int, sid: str = SID, **options: Any) -> Entry:
    """A DELETE that is answered with an error."""
    code = 20000 + status
    body = {
        "code": code,
        "message": "no",
        "more_info": f"https://docs.example/errors/{code}",
        "status": status,
    }
    return entry(at, "DELETE", f"/Configurations/{sid}", status, body, **options)


def poll(at: float, status: str, operation: str = "op_1", **members: Any) -> Entry:
    """A GET of the operation."""
    done = START.isoformat().replace("+00:00", "Z") if status in ("COMPLETED", "FAILED") else None
    body = {
        "operationId": operation,
        "status": status,
        "createdAt": "2026-11-23T00:00:00Z",
        "completedAt": done,
        "statusUrl": f"{BASE}/Operations/{operation}",
        "related": {"configurationId": SID},
        "error": None,
    }
    return entry(at, "GET", f"/Operations/{operation}", 200, body | members)


def fetched(at: float, status: int) -> Entry:
    """A GET of the configuration."""
    found = {
        "id": SID,
        "displayName": "a",
        "description": "b",
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryStoreId": "m",
    }
    return entry(
        at, "GET", f"/Configurations/{SID}", status, found if status == 200 else {"code": 20404}
    )


def changed(at: float, method: str, *, operation: str = "op_1") -> Entry:
    """An update that is answered 202; its statusUrl is that of op_1."""
    headers, body = (
        {"Operation-Id": operation, "Retry-After": "1"},
        {"statusUrl": f"{BASE}/Operations/op_1"},
    )
    return entry(at, method, f"/Configurations/{SID}", 202, body, headers=headers)


def conversation(at: float, operation: str = "op_1", related: Any = None) -> Entry:
    """A keyed DELETE of a conversation that is answered 202."""
    body = {"statusUrl": f"{BASE}/Operations/{operation}", "related": related}
    found = entry(
        at,
        "DELETE",
        "",
        202,
        body,
        key=KEY,
        headers={"Operation-Id": operation, "Retry-After": "1"},
    )
    found["request"]["url"] = "https://conversations.example/v2/Conversations/conv_conversation_1"
    return found


DONE = [accepted(0), poll(1, "PENDING"), poll(2, "COMPLETED")]
DONE_WITH_KEY = [accepted(0, key=KEY), *DONE[1:]]


def judged(folder: Path, entries: list[Any]) -> Result:
    """The result of judging these entries."""
    path = folder / "t.har"
    path.write_text(
        json.dumps({"log": {"version": "1.2", "creator": {}, "entries": entries}}), encoding="utf-8"
    )
    return result_of(path)


def result_of(path: Path) -> Result:
    """The result of judging a file."""
    traffic = RecordingJudge(path)
    traffic.judge(Waivers())
    wanted = frozenset(traffic.findings.catalogue.requirements)
    return traffic.result(wanted, Policy(), "quick", 0, START, Waivers())


def breached(result: Result) -> set[str]:
    """The requirements that a result says are breached."""
    return {row.requirement.id for row in result.rows if row.verdict in ("breached", "warned")}


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        pytest.param(
            [accepted(0, key=KEY), accepted(5, "op_2", key=KEY)],
            {"KEY-REPLAY", "KEY-ONE-OPERATION"},
            id="second-operation",
        ),
        pytest.param(
            [accepted(0, key=KEY), refused(5, 404, key=KEY)], {"KEY-REPLAY"}, id="replay-forgotten"
        ),
        pytest.param(
            [accepted(0, key=KEY), poll(1, "FAILED"), accepted(5, "op_2", key=KEY)],
            {"KEY-REPLAY-FAILED", "KEY-ONE-OPERATION"},
            id="second-operation-after-failed",
        ),
        pytest.param(
            [*DONE_WITH_KEY, accepted(5, "op_2", key=KEY)],
            {"KEY-REPLAY-ENDED", "KEY-ONE-OPERATION"},
            id="second-operation-after-completed",
        ),
        pytest.param(
            [accepted(0, key=KEY), accepted(5, key=KEY, sid=OTHER)],
            {"KEY-REUSE-OTHER-SID"},
            id="first-operation-for-another-sid",
        ),
        pytest.param(
            [accepted(0, key=KEY), accepted(26 * HOUR, key=KEY)],
            {"KEY-TTL-MAX"},
            id="key-outlives-its-day",
        ),
        pytest.param(
            [accepted(0, key=KEY), refused(23 * HOUR, 404, key=KEY)],
            {"KEY-REPLAY", "KEY-TTL-MIN"},
            id="key-dies-early",
        ),
        pytest.param(
            [*DONE, poll(3, "PENDING", completedAt=None)],
            {"OP-STATUS-ORDER", "OP-TIMESTAMPS"},
            id="operation-reopens",
        ),
        pytest.param(
            [accepted(0), poll(1, "PENDING", operationId="op_9")],
            {"OP-ID"},
            id="operation-of-another",
        ),
        pytest.param(
            [accepted(0), poll(1, "PENDING", related={"configurationId": OTHER})],
            {"OP-RELATED"},
            id="related-other",
        ),
        pytest.param(
            [accepted(0), poll(1, "PENDING"), poll(2, "PENDING", createdAt="2026-11-22T00:00:00Z")],
            {"OP-TIMESTAMPS"},
            id="created-moves",
        ),
        pytest.param([*DONE, fetched(3, 200)], {"DELETED-FETCH"}, id="fetched-after-its-end"),
        pytest.param([*DONE, accepted(3, "op_2")], {"DELETED-DELETE"}, id="deleted-twice"),
        pytest.param(
            [
                refused(0, 429, key=KEY, headers={"Retry-After": "1", "Twilio-Request-Id": "RQ1"}),
                refused(5, 429, key=KEY, headers={"Retry-After": "1", "Twilio-Request-Id": "RQ1"}),
            ],
            {"ERR-429-RETRY-PROCESSED"},
            id="429-stored",
        ),
        pytest.param(
            [entry(0, "DELETE", f"/Configurations/{SID}", 200, {})],
            {"DEL-STATUS"},
            id="undocumented-status",
        ),
        pytest.param([changed(0, "PUT", operation="op_9")], {"CTRL-202"}, id="update-of-another"),
        pytest.param(
            [conversation(0), conversation(5, "op_2")],
            {"CONV-KEY"},
            id="conversation-second-operation",
        ),
        pytest.param(
            [conversation(0, related={"conversationId": OTHER})],
            {"CONV-202"},
            id="conversation-related-other",
        ),
        pytest.param(
            [conversation(0), poll(1, "WAITING", related=None)],
            {"CONV-OPERATION"},
            id="conversation-operation-word",
        ),
    ],
)
def test_breach_across_exchanges(tmp_path: Path, entries: list[Entry], found: set[str]) -> None:
    """A recording of a breach is judged as that breach and no other."""
    assert breached(judged(tmp_path, entries)) == found


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([*DONE, fetched(3, 404), refused(4, 404)], id="a-whole-life"),
        pytest.param(
            [accepted(0, key=KEY), accepted(5, key=KEY), refused(26 * HOUR, 404, key=KEY)],
            id="a-key-through-its-day",
        ),
        pytest.param(
            [accepted(0, key=KEY), refused(24.5 * HOUR, 404, key=KEY)], id="between-both-limits"
        ),
        pytest.param(
            [refused(0, 429, key=KEY, headers={"Retry-After": "1"}), accepted(3, key=KEY)],
            id="429-then-202",
        ),
        pytest.param(
            [accepted(0, key=KEY, spent=9000), refused(1, 409, key=KEY)],
            id="409-while-the-first-is-under-way",
        ),
        pytest.param(
            [accepted(0, key=KEY), refused(5, 404, key=KEY, auth="Basic b3RoZXI6b3RoZXI=")],
            id="the-key-of-another-account",
        ),
        pytest.param(
            [accepted(0, key=KEY, auth=""), refused(5, 404, key=KEY, auth="")],
            id="credentials-were-stripped",
        ),
        pytest.param([*DONE, fetched(2.05, 200)], id="a-fetch-while-the-last-poll-is-under-way"),
        pytest.param([accepted(5, key=KEY), accepted(0, key=KEY)], id="entries-out-of-order"),
        pytest.param([accepted(0, key=KEY.replace("1", "x"))], id="a-malformed-key"),
        pytest.param(
            [conversation(0), conversation(5), poll(6, "COMPLETED"), conversation(7)],
            id="conversation-replayed",
        ),
        pytest.param([changed(0, "PUT"), changed(1, "PATCH", operation="op_1")], id="updates"),
    ],
)
def test_conformant_traffic(tmp_path: Path, entries: list[Entry]) -> None:
    """Traffic that a conformant endpoint can lead to is accused of nothing."""
    assert breached(judged(tmp_path, entries)) == set()


def test_what_is_not_shown_is_unverified(tmp_path: Path) -> None:
    """A requirement that no entry speaks of is unverified, and a recording says nothing of HTTP's framing."""
    rows = {row.requirement.id: row for row in judged(tmp_path, DONE).rows}

    assert rows["DEL-202-BODY"].verdict == "passed"
    for name in ("KEY-REPLAY", "HTTP-COMPLETE", "AUTH-MISSING"):
        assert (rows[name].verdict, rows[name].reason) == ("unverified", "the recording shows none")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_cut_file(tmp_path: Path, share: float) -> None:
    """Of a file that was cut off all whole entries are judged, and a note says where it ends."""
    path = tmp_path / "cut.har"
    entries = [accepted(n, f"op_{n}", sid=f"conv_configuration_0{n:025}") for n in range(50)]
    text = json.dumps(
        {"log": {"entries": [entry(0, "DELETE", f"/Configurations/{SID}", 200, {}), *entries]}}
    )
    path.write_text(text[: int(len(text) * share)], encoding="utf-8")

    result = result_of(path)

    assert 0 < result.requests < 50
    assert breached(result) == {"DEL-STATUS"}
    assert any("damaged after entry" in note for note in result.notes)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[1, 2", b'{"log": {"entries": 7}}', b"\x00\xff" * 99, b"[" * 9999]
)
def test_no_har(tmp_path: Path, data: bytes) -> None:
    """A file without entries is refused."""
    path = tmp_path / "x.har"
    path.write_bytes(data)

    with pytest.raises(NotHar):
        result_of(path)


def test_unreadable_file_ends_with_4(tmp_path: Path, run_suite: Callable[..., Any]) -> None:
    """A missing file is one clear message and exit code 4."""
    done = run_suite("--traffic", tmp_path / "none.har")

    assert done.code == 4
    assert "none.har: can't be read" in done.output
    assert "Traceback" not in done.output


def test_as_a_run(tmp_path: Path, run_suite: Callable[..., Any]) -> None:
    """A recording gets verdict, reports and exit code as a run does, and its credentials show nowhere."""
    path = tmp_path / "t.har"
    body = {"code": 20404, "message": f"{SECRET} and {AUTH}", "status": 200}
    bad = entry(0, "DELETE", f"/Configurations/{SID}", 404, body)
    bad["request"]["headers"].append({"name": "X-Api-Key", "value": "another-secret"})
    path.write_text(json.dumps({"log": {"entries": [*DONE, bad]}}), encoding="utf-8")

    done = run_suite("--traffic", path)

    assert done.code == 1, done.output
    assert done.verdicts()["ERR-STATUS-MATCHES"] == "breached"
    texts = [done.output, *(file.read_text(encoding="utf-8") for file in done.report.iterdir())]
    for text in texts:
        assert not any(secret in text for secret in (SECRET, AUTH.split()[1], "another-secret"))
    assert any(
        "entry 3" in piece["problem"]
        for row in done.conformance()["requirements"]
        for piece in row["evidence"]
    )


def test_known_breach_that_is_waived_in_part(tmp_path: Path, run_suite: Callable[..., Any]) -> None:
    """With --fail-on new its case passes as the run does, though a waiver covers one problem."""
    path, waivers = tmp_path / "t.har", tmp_path / "waivers.toml"
    bad = [
        entry(at, "DELETE", f"/Configurations/{SID}", 404, {"code": 20404, "status": 200 + at})
        for at in (0, 1)
    ]
    path.write_text(json.dumps({"log": {"entries": bad}}), encoding="utf-8")
    waivers.write_text(
        '[[waivers]]\nrequirement = "ERR-STATUS-MATCHES"\nreason = "Moves."\n'
        'accepted_by = "A. Reviewer"\nexpires = 2999-01-01\npattern = "saw 200"\n',
        encoding="utf-8",
    )
    chosen = ("--traffic", path, "--requirement", "ERR-STATUS-MATCHES")
    first = run_suite(*chosen, report="first")
    known = ("--baseline", first.report / "conformance.json", "--fail-on", "new")

    done = run_suite(*chosen, *known, "--waivers", waivers, report="known")

    assert done.verdicts() == {"ERR-STATUS-MATCHES": "breached"}
    assert done.code == 0, done.output
    assert "1 xfailed" in done.output, done.output


def test_own_traffic_is_judged_again(tmp_path: Path, run_suite: Callable[..., Any]) -> None:
    """The file of --har has no secret, opens in other readers, and is conformant."""
    path = tmp_path / "own.har"
    ran = run_suite(
        "--effort",
        "quick",
        "--har",
        path,
        "--requirement",
        "KEY,OP,DELETED,EFFECT,ERR",
        report="run",
    )

    again = run_suite("--traffic", path, report="again")

    text = path.read_text(encoding="utf-8")
    assert "mock-secret" not in text
    assert (
        len(HarParser(json.loads(text)).har_data["entries"])
        == ran.conformance()["counts"]["requests"]
    )
    assert again.code == 0, again.output
    assert again.verdicts()["KEY-REPLAY"] == again.verdicts()["DELETED-FETCH"] == "passed"


def big(path: Path, size: int) -> None:
    """Write a valid HAR of about *size* bytes: keyed deletes, polls, and now and then a body of 12 megabytes."""

    def parts() -> Iterator[str]:
        number, at = 0, 0
        while True:
            sid = f"conv_configuration_0{number:025}"
            key = f"00000000-0000-4000-8000-{number:012x}"
            for one in (
                accepted(at, f"op_{number}", sid=sid, key=key),
                poll(at + 1, "PENDING", f"op_{number}", related=None),
            ):
                yield json.dumps(one)
            if number % 5_000 == 0:
                yield json.dumps(
                    entry(at + 2, "GET", "/Configurations", 200, {"x": '\\"y' * 1_500_000})
                )
            number, at = number + 1, at + 3

    with path.open("w", encoding="utf-8") as file:
        written = file.write('{"log": {"version": "1.2", "creator": {}, "entries": [\n')
        for index, part in enumerate(parts()):
            written += file.write((",\n" if index else "") + part)
            if written > size:
                break
        file.write("]}}")


@pytest.mark.parametrize(
    "megabytes",
    [pytest.param(100, id="100-MB"), pytest.param(1000, id="1-GB", marks=pytest.mark.slow)],
)
def test_memory_is_bounded(tmp_path: Path, megabytes: int) -> None:
    """A recording of any size is judged in under 200 MB, bodies of many megabytes in it or not."""
    path = tmp_path / "big.har"
    big(path, megabytes * 1_000_000)
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from orchestrator_contract.har.judge import RecordingJudge; from orchestrator_contract.results.waivers import Waivers\n"
        "traffic = RecordingJudge(Path(sys.argv[1])); traffic.judge(Waivers())\n"
        "print(traffic.findings.requests, int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) // 1024)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        timeout=900,
        check=True,
    )

    requests, peak = map(int, done.stdout.split())
    print(f"{requests} exchanges, peak {peak} MB")
    assert requests > megabytes * 100
    assert peak < 200


#: twilio 9.13.0 against the mock, through mitmproxy 11 as a reverse proxy that writes a HAR.
MITMPROXY = Path(__file__).parent / "recordings" / "ok-mitmproxy-sdk.har"


def test_recording_of_a_real_tool() -> None:
    """A recording of mitmproxy is judged: lifecycles, replays, a 429 and its retry."""
    result = result_of(MITMPROXY)

    passed = {row.requirement.id for row in result.rows if row.verdict == "passed"}
    assert not breached(result)
    assert {
        "DEL-202-BODY",
        "OP-STATUS-ORDER",
        "DELETED-FETCH",
        "DELETED-DELETE",
        "ERR-429-BODY",
        "ERR-429-RETRY-PROCESSED",
        "KEY-REPLAY",
        "KEY-REPLAY-ENDED",
    } <= passed


def test_breach_in_a_recording_of_a_real_tool(tmp_path: Path) -> None:
    """A replay with another operation is found in it."""
    entries = json.loads(MITMPROXY.read_text("utf-8"))["log"]["entries"]
    replay = [
        one
        for one in entries
        if one["request"]["method"] == "DELETE" and one["response"]["status"] == 202
    ][1]
    text = json.dumps(replay["response"])
    replay["response"] = json.loads(text.replace("conv_operation_5", "conv_operation_6"))

    assert breached(judged(tmp_path, entries)) == {"KEY-REPLAY", "KEY-ONE-OPERATION"}
