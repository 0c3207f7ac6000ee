"""The catalogue as code reads it: its entries, and what a selection names."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from orchestrator_contract.contract.catalogue import (
    Catalogue,
    Level,
    Observation,
    Requirement,
    load,
)

RAW = tomllib.loads(
    (files("orchestrator_contract.contract") / "catalogue.toml").read_text(encoding="utf-8")
)


def test_every_requirement_is_read_as_it_is_written() -> None:
    """Order, ids and members of all requirements are those of the file; what is left out has no value."""
    read = [
        {
            "id": one.id,
            "level": one.level.value,
            "title": one.title,
            "source": one.source,
            "needs": list(one.needs),
            "essential": list(one.essential),
            "calls": list(one.calls),
            "repeats": list(one.repeats),
        }
        for one in load().requirements.values()
    ]
    written = [
        {"needs": [], "essential": [], "calls": [], "repeats": [], **entry}
        for entry in RAW["requirement"]
    ]

    assert read == written
    assert [load()[one.id] for one in load().requirements.values()] == list(
        load().requirements.values()
    )


def test_every_observation_is_read_as_it_is_written() -> None:
    """Order, ids and members of all observations are those of the file."""
    assert load().observations == {
        entry["id"]: Observation(**entry) for entry in RAW["observation"]
    }


def test_levels_that_gate() -> None:
    """Documented and derived breaches fail the gate, advisory ones don't."""
    assert {level: level.gates for level in Level} == {
        Level.DOCUMENTED: True,
        Level.DERIVED: True,
        Level.ADVISORY: False,
    }


def test_a_requirement_needs_nothing_unless_it_says_so() -> None:
    """Needs, essential tests and other calls are optional."""
    one = Requirement("A", Level.DERIVED, "t", "s")

    assert (one.needs, one.essential, one.calls, one.repeats) == ((), (), (), ())


def test_the_same_rule_on_another_call() -> None:
    """A rule of DELETE is judged under another id on the calls that repeat it."""
    repeating = Requirement(
        "B", Level.DERIVED, "t", "s", calls=("create", "update"), repeats=("A",)
    )
    known = Catalogue({"A": Requirement("A", Level.DERIVED, "t", "s"), "B": repeating})

    assert [known.on(call, "A") for call in ("delete", "create", "update", "patch")] == [
        "A",
        "B",
        "B",
        "A",
    ]
    assert known.on("create", "B") == "B"


SMALL = Catalogue(
    {
        name: Requirement(name, Level.DERIVED, "t", "s")
        for name in ("KEY-A", "KEY-A-LATER", "KEY-B", "OP-A")
    }
)


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        pytest.param("KEY-B", {"KEY-B"}, id="one"),
        pytest.param("KEY-A", {"KEY-A"}, id="an-id-that-others-begin-with"),
        pytest.param("KEY-", {"KEY-A", "KEY-A-LATER", "KEY-B"}, id="a-section"),
        pytest.param("KEY-A-", {"KEY-A-LATER"}, id="a-prefix"),
        pytest.param("OP-A,KEY-B", {"OP-A", "KEY-B"}, id="two"),
        pytest.param(" OP-A , KEY-B ,", {"OP-A", "KEY-B"}, id="blanks-and-a-comma-too-many"),
        pytest.param("KEY-,KEY-A", {"KEY-A", "KEY-A-LATER", "KEY-B"}, id="a-section-and-one-of-it"),
    ],
)
def test_selection(wanted: str, chosen: set[str]) -> None:
    """A name selects the requirement that has it, else all that begin with it."""
    assert SMALL.select(wanted) == chosen


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        pytest.param("KEY-C", "KEY-C", id="unknown"),
        pytest.param("EY-A", "EY-A", id="not-at-the-beginning"),
        pytest.param("key-a", "key-a", id="small-letters"),
        pytest.param("KEY-A,NO,KEY-B", "NO", id="among-known-ones"),
        pytest.param("", "", id="nothing"),
        pytest.param(" ,", " ,", id="only-commas"),
    ],
)
def test_a_name_that_selects_nothing(wanted: str, name: str) -> None:
    """An unknown name is an error that says which."""
    with pytest.raises(KeyError) as caught:
        SMALL.select(wanted)

    assert caught.value.args == (name,)
