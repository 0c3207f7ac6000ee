"""The deletion budget, and the configurations that a profile's pool or command gives."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.http.response import TransportFault
from orchestrator_contract.profile import Provision
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from tests.suite.core.world import ALL, left_of, page

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said


def test_the_deletion_budget(start: Callable[..., Bench]) -> None:
    """No more is handed out than may be deleted."""
    bench = start(deletes=3, provision=Provision("pool", pool=tuple("abcdef")))

    assert [one.sid for one in bench.endpoint.configurations.take(2)] == ["a", "b"]
    with pytest.raises(
        NothingToDelete, match=r"^the deletion budget \(\[limits\] deletes\) is spent$"
    ):
        bench.endpoint.configurations.take(2)
    assert bench.endpoint.configurations.one().sid == "c"
    with pytest.raises(NothingToDelete):
        bench.endpoint.configurations.one()


def test_a_pool(start: Callable[..., Bench]) -> None:
    """The pool's SIDs are handed out in order, each once, and may be changed then."""
    bench = start(provision=Provision("pool", pool=("a", "b", "c")))
    configurations = bench.endpoint.configurations

    taken = configurations.take(2)

    assert [(one.sid, one.name, one.scope, one.payload) for one in taken] == [
        ("a", "", DEFAULT_SCOPE, {}),
        ("b", "", DEFAULT_SCOPE, {}),
    ]
    assert [bench.endpoint.ownership.owns(sid) for sid in "abc"] == [True, True, False]
    with pytest.raises(NothingToDelete, match=r"^the pool \(\[provision\] pool\) is used up$"):
        configurations.take(2)
    assert left_of(bench) == 298
    assert configurations.take(1)[0].sid == "c"
    assert bench.script.lines() == [ALL]


def test_a_pool_older_than_the_endpoint(start: Callable[..., Bench]) -> None:
    """A given SID that neither list nor fetch shows is left alone, with a note."""
    bench = start(provision=Provision("pool", pool=("gone", "a", "hidden", "silent", "gone-too")))
    bench.script.on(ALL, page({"id": "a"}))
    responses: dict[str, Said] = {
        "gone": (404, {}),
        "hidden": (200, {"id": "hidden"}),
        "silent": TransportFault.TIMEOUT,
        "gone-too": (404, {}),
    }
    for sid, said in responses.items():
        bench.script.on(f"GET /Configurations/{sid}", said)
    configurations = bench.endpoint.configurations

    assert [one.sid for one in configurations.take(2)] == ["a", "hidden"]
    configurations.give_back(Configuration("a"))
    assert [one.sid for one in configurations.take(2)] == ["a", "silent"]
    with pytest.raises(
        NothingToDelete,
        match=r"^the pool \(\[provision\] pool\) is used up; 2 of what it gave is not there, such as gone$",
    ):
        configurations.one()

    assert configurations.given.stale == ["gone", "gone-too"]
    assert not bench.endpoint.ownership.owns("gone")
    assert bench.script.lines().count("GET /Configurations/hidden") == 1
    assert left_of(bench) == 300 - 2 + 1 - 2


def test_a_command_whose_creates_still_run(commanded: Callable[[str], Bench]) -> None:
    """Printed SIDs are waited for until they show, or until one never does."""
    bench = commanded("print('soon'); print('never'); print('no'); print('there')")
    absent: Said = (404, {})
    present: Said = (200, {})
    for sid, responses in {
        "soon": (absent, absent, present),
        "never": (absent,),
        "no": (absent,),
        "there": (present,),
    }.items():
        bench.script.on(f"GET /Configurations/{sid}", *responses)
    began = bench.clock.now

    assert bench.endpoint.configurations.one().sid == "soon"
    assert bench.clock.now - began == pytest.approx(1.0)
    assert bench.endpoint.configurations.one().sid == "there"
    assert bench.clock.now - began == pytest.approx(6.0)
    assert bench.endpoint.configurations.given.stale == ["never", "no"]


@pytest.mark.parametrize("scope", [(1, 0), (0, 1)])
@pytest.mark.parametrize("mode", ["pool", "command"])
def test_given_ones_are_of_the_first_place(
    start: Callable[..., Bench], mode: str, scope: tuple[int, int]
) -> None:
    """Where a given configuration is, is not known beyond the first account and region."""
    bench = start(provision=Provision(mode, pool=("a",), command=("true",)))

    with pytest.raises(
        Inconclusive,
        match=rf"^\[provision\] mode = '{mode}' gives configurations of the first account and region only$",
    ):
        bench.endpoint.configurations.take(1, scope=Scope(scope[0], scope[1]))

    assert left_of(bench) == 300


def test_no_provision(start: Callable[..., Bench]) -> None:
    """Without [provision] nothing can be had."""
    bench = start(provision=Provision())

    with pytest.raises(NothingToDelete, match=r"^the profile has no \[provision\]$"):
        bench.endpoint.configurations.one(scope=Scope(1))

    assert left_of(bench) == 300


@pytest.fixture
def commanded(start: Callable[..., Bench]) -> Callable[[str], Bench]:
    """A bench whose configurations come from a Python program."""
    return lambda program: start(
        provision=Provision(
            "command", pool=("of-no-use",), command=(sys.executable, "-S", "-c", program)
        )
    )


def test_a_command(commanded: Callable[[str], Bench], tmp_path: Path) -> None:
    """It is run until it has given enough; what it gives too much is kept, what it gives again is given once."""
    bench = commanded(
        f"import os; n = len(os.listdir({str(tmp_path)!r})); open(f'{tmp_path}/{{n}}', 'w'); print(f' a{{n}} \\n\\na0\\nb{{n}}\\nb{{n}}')"
    )
    configurations = bench.endpoint.configurations
    for sid in ("a0", "b0", "a1", "b1", "a2", "b2", "back"):
        bench.script.on(f"GET /Configurations/{sid}", (200, {"id": sid}))

    assert [one.sid for one in configurations.take(3)] == ["a0", "b0", "a1"]
    assert len(list(tmp_path.iterdir())) == 2
    assert [one.sid for one in configurations.take(1)] == ["b1"]
    assert len(list(tmp_path.iterdir())) == 2
    assert [one.sid for one in configurations.take(1)] == ["a2"]
    configurations.give_back(Configuration("back"))
    assert [one.sid for one in configurations.take(2)] == ["back", "b2"]
    assert all(bench.endpoint.ownership.owns(sid) for sid in ("a0", "b1", "a2"))
    assert left_of(bench) == 300 - 3 - 1 - 1 - 2 + 1


@pytest.mark.parametrize(
    ("program", "why"),
    [
        pytest.param(
            "print('a'); raise SystemExit(3)", "failed: it ended with exit code 3", id="fails"
        ),
        pytest.param("print(' ')", "gave no new SID", id="prints-nothing"),
        pytest.param("print('a')", "gave no new SID", id="prints-the-same"),
        pytest.param(
            "print('a'); print('../b')",
            "failed: it printed '../b', which is no SID",
            id="prints-a-path",
        ),
        pytest.param("print('..')", "failed: it printed '..', which is no SID", id="prints-dots"),
        pytest.param(
            "print('created a')",
            "failed: it printed 'created a', which is no SID",
            id="prints-a-sentence",
        ),
        pytest.param(
            "print('a?b')", "failed: it printed 'a.b', which is no SID", id="prints-a-query"
        ),
        pytest.param(
            "print('a' * 201)",
            "failed: it printed 'a{80}', which is no SID",
            id="prints-no-end-of-it",
        ),
    ],
)
def test_a_command_that_gives_nothing(
    commanded: Callable[[str], Bench], program: str, why: str
) -> None:
    """A command that fails or gives nothing new ends it."""
    bench = commanded(program)

    with pytest.raises(NothingToDelete, match=rf"^\[provision\] command {why}$"):
        bench.endpoint.configurations.take(2)

    assert left_of(bench) == 300


@pytest.mark.parametrize(
    ("program", "times"),
    [
        pytest.param("raise SystemExit(1)", 3, id="fails"),
        pytest.param("while True: print('y' * 9999)", 1, id="prints-without-end"),
    ],
)
def test_a_command_that_keeps_failing(
    commanded: Callable[[str], Bench], tmp_path: Path, program: str, times: int
) -> None:
    """It is not run for each test again: what takes its time, or fails each time, would take the run's."""
    bench = commanded(f"import time; open(f'{tmp_path}/{{time.time_ns()}}', 'w')\n{program}")

    for _ in range(5):
        with pytest.raises(NothingToDelete, match="command failed"):
            bench.endpoint.configurations.one()

    assert len(list(tmp_path.iterdir())) == times


def test_a_command_that_is_not_there(start: Callable[..., Bench]) -> None:
    """A program that can't be started is named by the system."""
    bench = start(provision=Provision("command", command=("/nonexistent/program",)))

    with pytest.raises(NothingToDelete, match=r"^\[provision\] command failed: .*No such file"):
        bench.endpoint.configurations.one()


def test_a_pool_that_is_not_the_mode(start: Callable[..., Bench], tmp_path: Path) -> None:
    """A profile's entries for another mode are neither deleted nor run."""
    touch = (sys.executable, "-S", "-c", f"open({str(tmp_path / 'ran')!r}, 'w'); print('c')")
    bench = start(provision=Provision("pool", pool=("a",), command=touch))

    assert bench.endpoint.configurations.one().sid == "a"
    with pytest.raises(NothingToDelete, match=r"^the pool \(\[provision\] pool\) is used up$"):
        bench.endpoint.configurations.one()

    assert list(tmp_path.iterdir()) == []
