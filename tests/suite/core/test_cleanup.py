"""`--cleanup` of configurations known by name only, and of an unwritable journal."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator_contract import crash_cleanup
from orchestrator_contract.coordination.journal import Journal, read
from orchestrator_contract.profile import Account
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import Scope

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Clock, Said, Sent

NAME = "oc-run-0"
ALL = "GET /Configurations?pageSize=1000"


def listed(*items: dict[str, Any]) -> Said:
    """A page that shows these configurations."""
    return 200, {"configurations": [*items], "meta": {"key": "configurations", "pageSize": 1000}}


@pytest.mark.parametrize(
    ("sid", "fetched", "deleted"),
    [
        pytest.param("sid0", (200, {"id": "sid0", "displayName": NAME}), True, id="its-own"),
        pytest.param(
            "sid0", (200, {"id": "sid0", "displayName": "production"}), False, id="named-otherwise"
        ),
        pytest.param("sid0", (200, {"id": "SID0", "displayName": NAME}), False, id="another-id"),
        pytest.param("sid0", (200, {"id": "sid0"}), False, id="without-a-name"),
        pytest.param("sid0", (404, {}), False, id="not-there"),
        pytest.param("..", (200, {"id": "..", "displayName": NAME}), False, id="dots"),
        pytest.param("", (200, {"id": "", "displayName": NAME}), False, id="empty"),
        pytest.param("sid%30", (200, {"id": "sid%30", "displayName": NAME}), False, id="encoded"),
        pytest.param(
            "x/../sid0", (200, {"id": "x/../sid0", "displayName": NAME}), False, id="climbing"
        ),
        pytest.param("sid0?x", (200, {"id": "sid0?x", "displayName": NAME}), False, id="query"),
    ],
)
def test_what_is_listed_under_a_name(
    bench: Bench,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sid: str,
    fetched: Said,
    deleted: bool,
) -> None:
    """It is deleted if its id is one path segment and a fetch shows it under that name; else it is left, and counted."""
    monkeypatch.setattr(crash_cleanup, "time", clock)
    bench.script.on(ALL, listed({"id": sid, "displayName": NAME}), *[listed()] * deleted)
    bench.script.on(f"GET /Configurations/{sid}", fetched)
    bench.script.on(f"DELETE /Configurations/{sid}", (404, {}))
    said: list[str] = []

    left = crash_cleanup._Cleaning(
        bench.endpoint, Journal(tmp_path / "journal.jsonl", {}), said.append
    ).all([Configuration("", NAME)])

    assert ([line for line in bench.script.lines() if line.startswith("DELETE")] != []) is deleted
    assert left == (0 if deleted else 1)
    assert any(line.startswith("LEFT") for line in said) is not deleted


PAST = [
    {"journal": "orchestrator-contract", "run": "run", "bases": ["http://target.example"]},
    {"name": NAME, "state": "created", "sid": "sid0", "account": 0, "region": 0},
]


def written(folder: Path) -> Path:
    """A journal that knows of one configuration."""
    path = folder / "journal.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in PAST), encoding="utf-8")
    return path


@pytest.fixture
def as_bench(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench whose suite is the one that `clean` makes."""
    monkeypatch.setattr(crash_cleanup, "Endpoint", lambda *_: bench.endpoint)
    bench.script.on("GET /Configurations?pageSize=1", listed())
    bench.script.on(ALL, listed())
    bench.script.on("DELETE /Configurations/sid0", (404, {}))
    return bench


def test_an_unwritable_journal(
    as_bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found before anything is deleted, and named; even root can't write to some disks."""
    path, opened = written(tmp_path), Path.open

    def refuse(path: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        if set(mode) & set("wa+"):
            raise OSError(errno.EROFS, "Read-only file system")
        return opened(path, mode, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)

    with pytest.raises(
        crash_cleanup.CleanupError, match=rf"^{path}: can't be written: Read-only file system$"
    ):
        crash_cleanup.clean(path, as_bench.endpoint.profile, print)

    assert [line for line in as_bench.script.lines() if line.startswith("DELETE")] == []


def test_a_journal_that_can_not_be_written_any_more(
    as_bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full by then ends the cleanup with the same error."""

    def full(log: Journal, entries: list[dict[str, Any]]) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Journal, "write", full)

    with pytest.raises(
        crash_cleanup.CleanupError, match="can't be written: No space left on device"
    ):
        crash_cleanup.clean(written(tmp_path), as_bench.endpoint.profile, print)


def test_one_number_in_two_accounts(start: Callable[..., Bench], tmp_path: Path) -> None:
    """The same SID in two accounts is two configurations, each deleted in its own."""
    bench = start(accounts=tuple(Account(f"user{n}", f"password{n}", ("U", "P")) for n in (1, 2)))
    deleted: list[str] = []

    def delete(sent: Sent) -> Said:
        deleted.append(sent.user)
        return 404, {}

    bench.script.on("DELETE /Configurations/1", delete)
    bench.script.on(ALL, listed())
    journal, said = Journal(tmp_path / "journal.jsonl", {}), list[str]()

    left = crash_cleanup._Cleaning(bench.endpoint, journal, said.append).all(
        [Configuration("1", NAME), Configuration("1", "oc-run-1", Scope(1))]
    )

    assert (left, sorted(deleted), said[-1]) == (0, ["user1", "user2"], "nothing is left")
    assert said[:2] == [f"deleted  1  {NAME}", "deleted  1  oc-run-1"]


@pytest.mark.parametrize(
    ("announced", "shown"),
    [
        pytest.param(f"{NAME}+1", NAME, id="twin"),
        pytest.param(f"{NAME} a+b", f"{NAME} a+b", id="generated"),
    ],
)
def test_what_was_found_by_name_is_left_no_more(
    as_bench: Bench, tmp_path: Path, announced: str, shown: str
) -> None:
    """What the list shows for an announced name is deleted, and in the journal, too."""
    path, item = tmp_path / "journal.jsonl", {"id": "sid0", "displayName": shown}
    lines = [PAST[0], {"name": announced, "state": "creating", "account": 0, "region": 0}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    as_bench.script.on(ALL, listed(item), listed())
    as_bench.script.on("GET /Configurations/sid0", (200, item))

    assert crash_cleanup.clean(path, as_bench.endpoint.profile, print) == (1, 0)

    assert "DELETE /Configurations/sid0" in as_bench.script.lines()
    assert read(path).leftovers == ()
