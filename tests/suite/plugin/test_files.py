"""Files that a user names: a wrong one is refused with one message."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator_contract import files, profile
from orchestrator_contract.contract import catalogue
from orchestrator_contract.coordination import journal
from orchestrator_contract.har.reader import Damaged, NotHar, entries
from orchestrator_contract.har.writer import HarError, HarWriter
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.profile import Profile, ProfileError
from orchestrator_contract.results import baseline, waivers
from orchestrator_contract.steps.key_age_file import KeyAgeFile, KeyAgeFileError

READERS: dict[str, Callable[[Path], object]] = {
    "profile": profile.from_file,
    "waivers": lambda path: waivers.load(path, catalogue.load()),
    "baseline": baseline.load,
    "journal": journal.read,
    "ledger": lambda path: KeyAgeFile(path, Profile("x", "http://127.0.0.1")),
}
ERRORS = (
    ProfileError,
    waivers.WaiverError,
    baseline.BaselineError,
    journal.JournalError,
    KeyAgeFileError,
)
HEAD = {"journal": "orchestrator-contract", "run": "r", "bases": ["http://127.0.0.1"]}
ENTRY = {"name": "oc-r-0", "sid": "sid0", "state": "created", "account": 0, "region": 0}


@pytest.mark.parametrize("reader", READERS)
def test_only_regular_files_are_read(tmp_path: Path, reader: str) -> None:
    """A pipe without a writer, a device without an end, a folder and a huge file are refused."""
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(100 * 1024 * 1024)

    for path, said in (
        (tmp_path / "pipe", "no regular file"),
        (Path("/dev/zero"), "no regular file"),
        (tmp_path, "no regular file"),
        (tmp_path / "huge", "is larger than"),
    ):
        with pytest.raises(ERRORS, match=said):
            READERS[reader](path)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "content",
    [
        b"x = " + b"[" * 100_000,
        b"[" * 100_000,
        b"x = " + b"9" * 5000,
        b"\xff\xfe",
        b"\0" * 1000,
        b"[a" + b".a" * 50_000 + b"]\n",
        b"[a" + b".a" * 900 + b"]\n",
    ],
)
def test_garbage_is_one_message(tmp_path: Path, reader: str, content: bytes) -> None:
    """However deep, long or strange."""
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(ERRORS) as caught:
        READERS[reader](path)

    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("nan", "limits.requests: expected a number, found nan"),
        ("inf", "found inf"),
        ("1e300", "below 10"),
    ],
)
def test_numbers_that_are_none(tmp_path: Path, value: str, said: str) -> None:
    """TOML has them, and no comparison finds them wrong."""
    path = tmp_path / "profile.toml"
    path.write_text(
        f"[target]\nbase_url = 'http://127.0.0.1'\n[limits]\nrequests = {value}\n", "utf-8"
    )

    with pytest.raises(files.Unreadable, match=said):
        files.read_toml(path)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "production"},
        {"name": ["oc-r-0"]},
        {"sid": "../x"},
        {"sid": 7},
        {"account": -1},
        {"region": "0"},
        {"account": 10**30},
        {"region": 1.5},
        {"account": True},
    ],
)
def test_a_journal_that_no_run_wrote(tmp_path: Path, change: dict[str, object]) -> None:
    """A journal can't make the suite delete what no run created."""
    path = tmp_path / "journal.jsonl"
    path.write_text(f"{json.dumps(HEAD)}\n{json.dumps(ENTRY | change)}\n", encoding="utf-8")

    with pytest.raises(journal.JournalError, match="line 2 names nothing that a run creates"):
        journal.read(path)


@pytest.mark.parametrize("head", [{"bases": 5}, {"bases": [5]}, {"accounts": [[]]}])
def test_a_journal_with_another_head(tmp_path: Path, head: dict[str, object]) -> None:
    """Its first line is looked at, too."""
    path = tmp_path / "journal.jsonl"
    path.write_text(f"{json.dumps(HEAD | head)}\n{json.dumps(ENTRY)}\n", encoding="utf-8")

    with pytest.raises(journal.JournalError):
        journal.read(path)


@pytest.mark.parametrize("change", [{"sid": ".."}, {"key": "x\r\ny"}, {"original": {}}])
def test_a_ledger_that_no_run_wrote(tmp_path: Path, change: dict[str, object]) -> None:
    """Its ids and keys go into requests."""
    path = tmp_path / "ledger.json"
    entry = {
        "key": "aaaaaaaa-2222-4333-8444-555555555555",
        "sid": "sid0",
        "at": "2026-11-27T00:00:00Z",
        "original": {"status": 202},
    }
    whole = {
        "ttl_ledger": "orchestrator-contract",
        "base_url": "http://127.0.0.1",
        "account": "none",
    }
    path.write_text(json.dumps(whole | {"keys": [entry]}), encoding="utf-8")
    assert len(KeyAgeFile(path, Profile("x", "http://127.0.0.1")).keys) == 1
    path.write_text(json.dumps(whole | {"keys": [entry | change]}), encoding="utf-8")

    with pytest.raises(KeyAgeFileError, match="no run writes"):
        KeyAgeFile(path, Profile("x", "http://127.0.0.1"))


def test_a_ledger_that_can_not_be_written(tmp_path: Path) -> None:
    """A file that became a folder during the run leaves requirements unverified."""
    findings = KeyAgeFile(tmp_path / "ledger.json", Profile("x", "http://127.0.0.1"))
    (tmp_path / "ledger.json" / "x").mkdir(parents=True)

    with pytest.raises(KeyAgeFileError, match="can't be written"):
        findings.replace([], [])


@pytest.mark.parametrize("name", ["pipe", "/dev/zero"])
def test_a_recording_without_end(tmp_path: Path, name: str) -> None:
    """A pipe or a device is refused before it is read."""
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(NotHar, match="is no regular file"):
        list(entries(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        pytest.param("pipe", "no regular file", id="pipe"),
        pytest.param("/dev/full", "no regular file", id="device"),
        pytest.param(".", "no regular file", id="folder"),
        pytest.param("file/x.har", "File exists", id="below-a-file"),
    ],
)
def test_a_recording_that_can_not_be_made(tmp_path: Path, name: str, why: str) -> None:
    """A pipe as the file of --har is refused at the start."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("")

    with pytest.raises(HarError, match=rf"^--har: {tmp_path / name} can't be written: .*{why}"):
        HarWriter(tmp_path / name, lambda: 0)


def test_a_recording_on_a_disk_that_fills(tmp_path: Path) -> None:
    """It ends with the last exchange that fits, as a whole file, and says so."""
    path = tmp_path / "own.har"
    writer = HarWriter(path, lambda: 0)
    exchange = Exchange(
        call=Call("fetch"),
        method="GET",
        url="http://127.0.0.1/x",
        request_headers=(),
        request_body=b"x" * 1000,
        at=datetime(2026, 11, 27, tzinfo=UTC),
        sent=0.0,
    )
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        for _ in range(9):
            writer(exchange)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    writer.close()

    assert 1 < len(list(entries(path))) < 5
    assert (
        writer.failure
        == f"--har: {path} can't be written: File too large; the recording ends early"
    )


def recorded(value: str) -> str:
    """A HAR with one entry that has *value* as a member."""
    return f'{{"log": {{"version": 1, "entries": [{{"a": {value}}}]}}}}'


@pytest.mark.parametrize(
    "value",
    [
        "[" * 20_000 + "]" * 20_000,
        '{"a": ' * 600 + "1" + "}" * 600,
        '"' + "x" * 300_000 + '[", ' + '"]"' + ', "b": ' + "[" * 501 + "]" * 501,
    ],
)
def test_a_deep_recording(tmp_path: Path, value: str) -> None:
    """It ends where it is too deep."""
    path = tmp_path / "deep.har"
    path.write_text(recorded(value), encoding="utf-8")

    with pytest.raises((Damaged, NotHar), match="nested deeper than 500"):
        list(entries(path))


@pytest.mark.parametrize("value", ["9" * 5000, "9" * 4301])
def test_a_recording_with_a_number_without_end(tmp_path: Path, value: str) -> None:
    """It ends there; the parser itself would fall over, and the process with it."""
    path = tmp_path / "number.har"
    path.write_text(
        recorded(value).replace('"version": 1', f'"version": {value}'), encoding="utf-8"
    )

    with pytest.raises((Damaged, NotHar)):
        list(entries(path))


@pytest.mark.parametrize("before", [0, 1, 5, 6, 7, 11, 12])
@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("\\ud83d\\ude00", "\U0001f600"),
        ("\\ud83d", "\ufffd"),
        ("\\ude00x", "\ufffdx"),
        ("\\\\ud83d", "\\ud83d"),
        ("\\ud83d\\ud83d\\ude00", "\ufffd\U0001f600"),
        ("[[[", "[[["),
        ('\\"[', '"['),
    ],
)
def test_texts_of_a_recording(tmp_path: Path, before: int, text: str, read: str) -> None:
    """Brackets in texts don't count, and surrogate pairs stay whole where a block ends."""
    path = tmp_path / "text.har"
    head = '{"log": {"entries": [{"a": "'
    filler = "x" * (256 * 1024 - len(head) - before)
    path.write_text(f'{head}{filler}{text}"}}]}}}}', encoding="utf-8")

    assert [entry["a"].lstrip("x") for entry in entries(path)] == [read]
