"""Every defect and variant is described and changes a response of the mock.

A written and two random conversations are held with the conformant mock and with each
switched one, at a frozen clock and with repeatable ids; a switch must change a response.
"""

from __future__ import annotations

import ast
import asyncio
import random
import re
import secrets
import tomllib
from collections.abc import Awaitable, Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.mock import defects, registry
from orchestrator_contract.mock.behaviour import Behaviour, compose
from tests.suite.mock.conversation import Differs, FrozenClock, Shown, Transcript, converse
from tests.suite.mock.random_conversation import RandomConversation
from tests.suite.mock.test_scenarios import SHOWS

registry.load()
CATALOGUE = tomllib.loads(
    resources.files("orchestrator_contract.contract").joinpath("catalogue.toml").read_text("utf-8")
)
LEVELS = {one["id"]: one["level"] for one in CATALOGUE["requirement"]}
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(:[a-z0-9]+(-[a-z0-9]+)*)?")
INTERMITTENT = re.compile(r"(1 in \d+|(data|time|race): .+)")

Converse = Callable[[Any, Transcript], Awaitable[None]]
CONVERSATIONS: dict[str, Converse] = {
    "written": converse,
    "random-1": lambda driver, transcript: RandomConversation(driver, transcript, 1).run(500),
    "random-2": lambda driver, transcript: RandomConversation(driver, transcript, 2).run(500),
}
Hold = Callable[..., list[Shown]]


@pytest.fixture
def hold(drive: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Hold:
    """Holds a conversation that repeats; ends at the first unexpected response."""

    def hold(
        name: str, behaviour: type[Behaviour], expected: list[Shown] | None = None
    ) -> list[Shown]:
        monkeypatch.setattr(secrets, "token_bytes", random.Random(7).randbytes)
        transcript = Transcript(expected)
        asyncio.run(_run(CONVERSATIONS[name], drive(behaviour, FrozenClock()), transcript))
        return transcript.seen

    return hold


async def _run(converse: Converse, driver: Any, transcript: Transcript) -> None:
    await converse(driver, transcript)


@pytest.fixture(scope="module")
def conformant() -> dict[str, list[Shown]]:
    """The conformant transcripts, kept between tests."""
    return {}


@pytest.fixture
def differs(hold: Hold, conformant: dict[str, list[Shown]]) -> Callable[[type[Behaviour]], bool]:
    """True if a behaviour changes a response of a conversation."""

    def differs(behaviour: type[Behaviour]) -> bool:
        for name in CONVERSATIONS:
            if name not in conformant:
                conformant[name] = hold(name, Behaviour)
            try:
                hold(name, compose(behaviour), conformant[name])
            except Differs:
                return True
        return False

    return differs


def test_two_changes_of_responses_both_show(hold: Hold) -> None:
    """Neither of two switches of one make is lost beside the other."""
    html, no_hint = (
        registry.DEFECTS[name].behaviour for name in ("error-html:404", "accepted-no-retry-after")
    )

    alone = [len(_changed(hold, one)) for one in (html, no_hint)]

    assert min(alone) > 0
    assert len(_changed(hold, html, no_hint)) == sum(alone)


def _changed(hold: Hold, *behaviours: type[Behaviour]) -> list[Shown]:
    """The responses of the written conversation that the conformant mock does not give."""
    conformant, shown = hold("written", Behaviour), hold("written", compose(*behaviours))
    return [one for one, other in zip(shown, conformant, strict=True) if one != other]


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversation_repeats(hold: Hold, name: str) -> None:
    """The same behaviour gives the same transcript."""
    assert hold(name, Behaviour) == hold(name, Behaviour)


#: None of the conversations comes upon these; the adequacy matrix shows them.
RARE = {
    "error-404-deflated",
    "error-404-gzipped",
    "failed-delete-for-refused-key",
    "key-429-stored:1-in-5",
    "key-429-stored:upper-case",
    "key-lost-after-update",
    "key-mismatch:content-length",
    "key-scope-failed:region",
    "key-scope:all-accounts-upper-case",
    "key-ttl-some:failed-7-days",
    "keys-evicted:100",
    "other-account-deletes:failed",
    "other-account-deletes:updated",
    "other-account-reads:failed-operation",
    "other-call-replay-restores:update",
    "pagination:full-last-page",
    "refused-delete-deletes:429-after-failure",
    "refused-delete-deletes:429-second-region",
    "replay-latest-operation",
    "sid-matches-all:all",
    "sid-normalised:tail-lower-cased",
}


def cases() -> Iterator[Any]:
    """The defects that a conversation can come upon; a release tries every case of each."""
    met = set[str]()
    for name in sorted(registry.DEFECTS.keys() - RARE - SHOWS.keys()):
        defect = name.partition(":")[0]
        yield pytest.param(name, marks=pytest.mark.slow if defect in met else ())
        met.add(defect)


@pytest.mark.parametrize("name", list(cases()))
def test_defect_shows(differs: Callable[[type[Behaviour]], bool], name: str) -> None:
    """A defect changes a response of the conformant mock."""
    assert differs(registry.DEFECTS[name].behaviour)


#: These act only on what this conversation does not hold.
ELSEWHERE = {
    "head-with-body",
    "rate-150",
    "slow-deletes",
    "grouping-refused",
    "replay-locks-key",
    "key-lives-24-hours-30",
    "key-lives-23-hours-57",
    "faults-at-home",
    "regions-share",
    "bearer-only",
    "bearer-too",
    "bridged-409",
    "bridged-fails",
    "create-id-in-202",
    "grouping-fixed",
    "no-clock",
}


@pytest.mark.parametrize("name", sorted(set(registry.VARIANTS) - ELSEWHERE))
def test_variant_shows(differs: Callable[[type[Behaviour]], bool], name: str) -> None:
    """A variant changes a response of the conformant mock."""
    assert differs(registry.VARIANTS[name].behaviour)


@pytest.mark.parametrize("name", sorted(registry.DEFECTS))
def test_defect_is_described(name: str) -> None:
    """A defect has a name in words, one line of text, known requirements and a way to show."""
    defect = registry.DEFECTS[name]

    assert NAME.fullmatch(name)
    assert defect.text
    assert "\n" not in defect.text
    assert defect.breaches
    assert set(defect.breaches) <= set(LEVELS)
    assert defect.shows == "always" or INTERMITTENT.fullmatch(defect.shows)


#: section of the catalogue -> modules of its defects
MODULES = {
    "HTTP": ["http"],
    "DEL": ["delete"],
    "OP": ["operation", "operation_failed", "operation_stale"],
    "DELETED": ["deleted", "deleted_kept"],
    "EFFECT": ["effect"],
    "ERR": ["error_responses"],
    "SID": ["sid", "sid_malformed", "sid_similar"],
    "AUTH": ["auth", "auth_other_account", "auth_path", "auth_reads"],
    "KEY": ["key_format", "key_lost", "key_replay", "key_reuse", "key_scope", "key_ttl"],
    "CONC": ["concurrency"],
    "CTRL": ["other_calls", "other_calls_reads"],
    "CONV": ["conversations"],
}


def defined_in(module: str) -> set[object]:
    """Names of the defects that *module* defines."""
    tree = ast.parse(Path(defects.__path__[0], f"{module}.py").read_text("utf-8"))
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "defect"
        and isinstance(call.args[0], ast.Constant)
    }


@pytest.mark.parametrize("section", MODULES)
def test_defects_are_sorted_by_section(section: str) -> None:
    """A defect is defined in the module of the first requirement that it breaches."""
    expected = set().union(*(defined_in(module) for module in MODULES[section]))

    found = {
        name.partition(":")[0]
        for name, one in registry.DEFECTS.items()
        if one.breaches[0].partition("-")[0] == section
    }

    assert found == expected


def declared(behaviour: type[Behaviour]) -> set[str]:
    """Attributes that the bases of *behaviour* declare and the mock itself does not use."""
    bases = behaviour.__mro__[1:]
    names = {
        name for base in bases for name in [*vars(base), *vars(base).get("__annotations__", ())]
    }
    return names - set(dir(Behaviour))


def test_a_case_sets_declared_attributes() -> None:
    """A case sets only attributes that its behaviour declares."""
    wrong = {
        (name, attribute)
        for name, one in registry.DEFECTS.items()
        for attribute in set(vars(one.behaviour)) - {"__module__", "__doc__"}
        if attribute not in declared(one.behaviour)
    }

    assert wrong == set()


def test_variants_warn_of_advisory_requirements_only() -> None:
    """A variant breaches advisory requirements at most."""
    assert {LEVELS[one] for variant in registry.VARIANTS.values() for one in variant.warns} == {
        "advisory"
    }


def test_enough_of_each() -> None:
    """There are plenty of defects, many of them hard to see, and plenty of variants."""
    hidden = [one for one in registry.DEFECTS.values() if one.shows != "always"]

    assert len(registry.DEFECTS) >= 130
    assert len(hidden) >= 45
    assert len(registry.VARIANTS) >= 40


def test_requirements_without_a_defect() -> None:
    """Every requirement is breached by at least one defect."""
    breached = {one for defect in registry.DEFECTS.values() for one in defect.breaches}

    assert set(LEVELS) - breached == set()


@pytest.mark.parametrize("register", [registry.defect, registry.variant], ids=["defect", "variant"])
def test_names_are_unique(register: Any) -> None:
    """A second entry of a name is refused."""
    name = next(iter(registry.DEFECTS if register is registry.defect else registry.VARIANTS))
    options = {"breaches": ("HTTP-JSON",)} if register is registry.defect else {}

    with pytest.raises(ValueError, match=name):
        register(name, "again", **options)(Behaviour)
