"""The calls beside the delete: judged where the profile allows, and never gating."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from orchestrator_contract.coordination import journal
from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.coordination.journal import Journal
from orchestrator_contract.coordination.progress import Steps
from orchestrator_contract.exceptions import NothingToDelete, NotOwned
from orchestrator_contract.guard import Ownership
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.mock.conversations import SIDS
from orchestrator_contract.profile import ProfileError, from_file
from orchestrator_contract.provision.given import Supply

CONV = ("CONV-202", "CONV-OPERATION", "CONV-KEY", "CONV-DELETED")
SECTION = re.compile(r"\[conversations\]\npool = \[\n.*?\n\]\n", re.DOTALL)


def living(mock: Any) -> set[str]:
    """The conversations of the mock's first account that a fetch shows."""
    auth = ("SKmeta00000000000000000000000000001", "m3ta/secret+one=&%41")
    with requests.Session() as session:
        session.trust_env, session.auth = False, auth
        return {
            sid
            for sid in SIDS
            if session.get(f"{mock.base_url}/v2/Conversations/{sid}", timeout=10).status_code == 200
        }


def test_without_conversations_nothing_is_sent_to_them(
    start_mock: Callable[..., Any], run: Callable[..., Any]
) -> None:
    """A profile without conversations is conformant; their requirements are unverified."""
    mock = start_mock()

    done = run("--target", mock.changed("without.toml", lambda text: SECTION.sub("", text)))

    assert (done.code, done.conformance()["verdict"]) == (0, "conformant")
    assert {one for one, verdict in done.verdicts().items() if verdict != "passed"} == set(CONV)
    assert all("conversations" in done.rows()[one]["reason"] for one in CONV)
    assert living(mock) == set(SIDS)


def test_only_given_conversations_are_deleted_each_once(
    start_mock: Callable[..., Any], run: Callable[..., Any]
) -> None:
    """Two worker processes share one list; a later run finds it used up and judges nothing."""
    mock = start_mock()
    given = mock.changed(
        "three.toml",
        lambda text: SECTION.sub(f"[conversations]\npool = {list(SIDS[:3])}\n", text).replace(
            "'", '"'
        ),
    )
    chosen = ("--target", given, "--requirement", "CONV", "--effort", "standard")

    first = run(*chosen, "-n", "2")
    assert (first.code, set(first.verdicts().values())) == (0, {"passed"})
    left = living(mock)
    assert set(SIDS[3:]) <= left < set(SIDS)
    for _ in range(3):
        again = run(*chosen)

    assert (again.code, again.conformance()["verdict"], set(again.verdicts().values())) == (
        4,
        "incomplete",
        {"unverified"},
    )
    assert (
        "used up" in again.rows()["CONV-202"]["reason"]
        or "404" in again.rows()["CONV-202"]["reason"]
    )
    assert set(SIDS[3:]) <= living(mock)


def test_conversations_from_a_command(
    tmp_path: Path, start_mock: Callable[..., Any], run: Callable[..., Any]
) -> None:
    """A command that prints ids serves as well as a list."""
    mock = start_mock()
    program = tmp_path / "give.py"
    program.write_text(f"print('{SIDS[5]}', '{SIDS[6]}', sep='\\n')", encoding="utf-8")
    given = mock.changed(
        "command.toml",
        lambda text: SECTION.sub(
            f'[conversations]\ncommand = ["{sys.executable}", "{program}"]\n', text
        ),
    )

    done = run("--target", given, "--requirement", "CONV")

    assert (done.code, set(done.verdicts().values())) == (0, {"passed"})
    assert set(SIDS) - living(mock) <= set(SIDS[5:7])


def test_wrong_conversations_warn(start_mock: Callable[..., Any], run: Callable[..., Any]) -> None:
    """A wrong delete of a conversation is a warning that names the rule; --strict fails."""
    mock = start_mock("--defect", "conversation-accepted:related-other")
    chosen = ("--target", mock.profile, "--requirement", "CONV-202")

    done, strict = run(*chosen), run(*chosen, "--strict")

    assert (done.code, done.verdicts(), strict.code) == (0, {"CONV-202": "warned"}, 1)
    assert "DEL-202-RELATED" in done.rows()["CONV-202"]["reason"]


def test_plan_says_what_is_deleted(start_mock: Callable[..., Any], run: Callable[..., Any]) -> None:
    """--plan names the conversations that may go, and sends nothing."""
    mock = start_mock()

    done = run("--target", mock.profile, "--plan")

    assert f"conversations  taken from the pool of {len(SIDS)}, each deleted" in done.output
    assert living(mock) == set(SIDS)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("", "conversations: expected at least 1 key"),
        ("pool = []", "conversations.pool: expected at least 1 item"),
        ("pool = ['a']\ncommand = ['b']", "conversations: expected at most 1 key"),
        ("mode = 'pool'", "unknown key conversations.mode"),
    ],
)
def test_bad_section(tmp_path: Path, section: str, said: str) -> None:
    """A section that gives no conversations, or in two ways, is one clear message."""
    path = tmp_path / "bad.toml"
    path.write_text(
        f"[target]\nbase_url = 'http://127.0.0.1:9'\n[conversations]\n{section}\n", encoding="utf-8"
    )

    with pytest.raises(ProfileError, match=re.escape(said)):
        from_file(path)


def test_guard_lets_only_given_conversations_through() -> None:
    """The guard lets DELETEs of the given conversations through, and nothing else."""
    guard, call = Ownership(), Call("delete-conversation", "a")
    guard.allow("conv_configuration_x")
    guard.allow_conversation("a")

    guard.check("DELETE", "http://h/v2/Conversations/a", call, 0, 0)
    for method, path in (
        ("DELETE", "/v2/Conversations/b"),
        ("DELETE", "/v2/Conversations/conv_configuration_x"),
        ("PUT", "/v2/Conversations/a"),
        ("DELETE", "/v2/Conversations/a/Participants"),
        ("DELETE", "/v2/ControlPlane/Configurations/a"),
    ):
        with pytest.raises(NotOwned):
            guard.check(method, f"http://h{path}", call, 0, 0)
    with pytest.raises(NotOwned):
        guard.check(
            "DELETE", "http://h/v2/ControlPlane/Configurations/a", Call("delete", "a"), 0, 0
        )


def test_given_sids_are_handed_out_once_in_all_processes() -> None:
    """Two processes never get the same SID; one that is given back stays its own."""
    coordinator = Coordinator(10, 0, 10, None)
    pool = ["a", "b", "c", "a"]
    one, other = (Supply("provision", pool, (), coordinator, Steps()) for _ in range(2))

    assert (one.take(1), other.take(1)) == (["a"], ["b"])
    one.give_back("a")
    with pytest.raises(NothingToDelete, match=r"\[provision\] pool\) is used up"):
        other.take(2)
    assert (one.take(1), other.take(1)) == (["a"], ["c"])


def test_journal_of_given_conversations_is_nothing_to_clean(tmp_path: Path) -> None:
    """A given conversation is noted before it is deleted, and is no leftover."""
    log = Journal(
        tmp_path / "journal.jsonl",
        {"journal": "orchestrator-contract", "run": "r", "bases": ["http://h"]},
    )

    log.write([{"name": "conversation a", "sid": "a", "state": "given", "account": 0, "region": 0}])

    assert journal.read(log.path).leftovers == ()
