"""Shares, targets and merged findings, without Locust."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract import preflight, profile
from orchestrator_contract.coordination.journal import account_label, read
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.load.session import (
    CORE,
    LoadFindings,
    Session,
    Share,
    load_target,
    shared,
)
from orchestrator_contract.profile import Account, Limits, ProfileError
from orchestrator_contract.results.verdict import Overall, Policy

TARGET = replace(
    profile.from_url("http://127.0.0.1:9"),
    limits=Limits(
        requests=100, requests_per_second=50, deletes=11, poll_timeout_s=5, delete_requests=20
    ),
)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that a plain URL takes its account from."""
    monkeypatch.setenv("TWILIO_API_KEY", "SK1")
    monkeypatch.setenv("TWILIO_API_SECRET", "not-a-secret")


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_shares_stay_within_the_limits(of: int) -> None:
    """All processes together send and delete no more than the profile allows."""
    part = shared(TARGET, of).limits

    assert part.requests * of <= 100
    assert part.deletes * of <= 11
    assert 0 < part.delete_requests * of <= 20
    assert part.requests_per_second * of == pytest.approx(50)


def test_a_process_without_deletes_sends_nothing(tmp_path: Path) -> None:
    """Where there are fewer DELETEs than processes, none is sent: 0 means no bound."""
    share = Share("abc", 1, index=3, of=21)
    session = Session(TARGET, share, tmp_path, lambda *_: None, lambda *_: None)

    with pytest.raises(EndpointUnusable, match="budget"):
        preflight.ready(session.endpoint)

    assert session.close()["findings"]["requests"] == 0


@pytest.mark.parametrize(
    ("url", "given", "of", "room"),
    [
        pytest.param("http://127.0.0.1:9", None, 2, 0, id="loopback"),
        pytest.param("http://192.0.2.1:9", None, 2, 4, id="elsewhere"),
        pytest.param("http://127.0.0.1:9", 6, 2, 3, id="given"),
        pytest.param("http://192.0.2.1:9", 1, 3, 1, id="fewer-than-processes"),
    ],
)
def test_room_is_shared(tmp_path: Path, url: str, given: int | None, of: int, room: int) -> None:
    """All processes together create no more at once than the profile allows, one each at least."""
    target = replace(profile.from_url(url), limits=Limits(configurations=given))

    session = Session(target, Share("abc", 1, of=of), tmp_path, lambda *_: None, lambda *_: None)

    assert session.endpoint.inventory.bound() == room
    session.close()


def test_distant_target_needs_consent() -> None:
    """An endpoint elsewhere is refused without --yes and taken with it."""
    with pytest.raises(ProfileError, match="--yes"):
        load_target("http://192.0.2.1:9", yes=False)

    assert load_target("http://192.0.2.1:9", yes=True).base_url == "http://192.0.2.1:9"
    assert load_target("http://127.0.0.1:9", yes=False).base_url == "http://127.0.0.1:9"


def test_target_is_required() -> None:
    """Without --target the message says what is missing."""
    with pytest.raises(ProfileError, match="--target"):
        load_target("", yes=False)


def test_a_load_run_is_not_cut_short_and_its_journal_names_the_account(tmp_path: Path) -> None:
    """How long it lasts is the caller's to say; what is left is found again with the same credentials alone."""
    account = Account("SK1", "not-a-secret", ("U", "P"))
    session = Session(
        replace(TARGET, accounts=(account,)),
        Share("abc", 1),
        tmp_path,
        lambda *_: None,
        lambda *_: None,
    )
    session.journal.write([])

    assert session.endpoint.client.longest_s == inf
    assert read(session.journal.path).accounts == (account_label(account),)
    session.close()


def ran(folder: Path, breach: bool) -> dict[str, Any]:
    """The findings of a process that checked one requirement and sent nothing."""
    session = Session(TARGET, Share("abc", 1), folder, lambda *_: None, lambda *_: None)
    session.endpoint.findings.check("KEY-REPLAY", not breach, expected="one", seen="another")
    return session.close()


@pytest.mark.parametrize(
    "breaches", [(False, True), (True, False)], ids=["second-finds", "first-finds"]
)
def test_one_workers_breach_decides(tmp_path: Path, breaches: tuple[bool, bool]) -> None:
    """The result is drawn from all workers: what one of them found counts for all."""
    load_findings = LoadFindings(TARGET)

    for breach in breaches:
        load_findings.merge(ran(tmp_path, breach))

    result = load_findings.conclude(1, Policy())
    assert result.overall is Overall.NONCONFORMANT
    (row,) = [row for row in result.rows if row.requirement.id == "KEY-REPLAY"]
    assert "1 of 2 checks" in row.reason


def test_what_was_not_seen_is_unverified(tmp_path: Path) -> None:
    """A load run that met nothing is incomplete, never conformant."""
    load_findings = LoadFindings(TARGET)
    load_findings.merge(ran(tmp_path, breach=False))

    result = load_findings.conclude(1, Policy())

    assert result.overall is Overall.INCOMPLETE
    assert {row.requirement.id for row in result.rows} >= set(CORE)


def test_unusable_only_when_all_say_so(tmp_path: Path) -> None:
    """One worker that cannot reach the endpoint does not undo what another has seen."""
    load_findings = LoadFindings(TARGET)
    load_findings.merge({"unusable": "can't be reached"})
    assert load_findings.conclude(1, Policy()).unusable

    load_findings.merge(ran(tmp_path, breach=False))

    assert not load_findings.conclude(1, Policy()).unusable


def test_core_is_in_the_catalogue() -> None:
    """Every requirement that load is said to be about exists."""
    assert set(CORE) <= set(LoadFindings(TARGET).findings.catalogue.requirements)
