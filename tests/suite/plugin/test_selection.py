"""Selected requirements, and missing capabilities: nothing is left out silently."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.profile import examples

Run = Callable[..., Any]
KNOWN = catalogue.load().requirements


@pytest.fixture(scope="module")
def mock(start_mock: Callable[..., Any]) -> Any:
    """A conformant mock for all runs of this module, one after the other."""
    return start_mock()


def without(*sections: str) -> Callable[[str], str]:
    """Takes these tables out of a profile."""

    def change(text: str) -> str:
        blocks = text.split("\n\n")
        return "\n\n".join(
            block
            for block in blocks
            if not any(block.lstrip("[").startswith(name) for name in sections)
        )

    return change


def test_requirement_selects(run: Run, mock: Any) -> None:
    """--requirement takes ids and prefixes; what was not asked for is not listed."""
    finished = run("--target", mock.profile, "--requirement", "SID-UNKNOWN,AUTH-")

    assert finished.code == 0, finished.output
    assert set(finished.verdicts()) == {"SID-UNKNOWN"} | {
        one for one in KNOWN if one.startswith("AUTH-")
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(
            ("--requirement", ""),
            "--requirement: no requirement is or begins with ''",
            id="no-requirement",
        ),
        pytest.param(
            ("--requirement", ","),
            "--requirement: no requirement is or begins with ','",
            id="comma",
        ),
        pytest.param(
            ("-n", "2", "--dist", "each"),
            "--dist each is not supported",
            id="each-worker-for-itself",
        ),
        pytest.param(
            ("--dist", "load", "--tx", "ssh=far.example"),
            "--tx ssh=far.example: workers run on this machine only; use -n N",
            id="worker-on-another-host",
        ),
    ],
)
def test_what_selects_nothing_is_refused(run: Run, options: tuple[str, ...], said: str) -> None:
    """An empty selection is a mistake, and so is one that every worker would judge again."""
    finished = run("--target", "http://127.0.0.1:9", *options)

    assert finished.code == 4, finished.output
    assert said in finished.output


def test_k_selects(run: Run, mock: Any) -> None:
    """With -k only what the selected tests judge is listed."""
    finished = run("--target", mock.profile, "-k", "test_duplicate_key_header")

    assert finished.code == 0, finished.output
    assert set(finished.verdicts()) == {"KEY-DUPLICATE-HEADER"}


@pytest.mark.parametrize(
    ("section", "need"),
    [
        pytest.param("clock", "clock", id="no-clock"),
        pytest.param("faults.429", "fault.429", id="no-429"),
        pytest.param("faults.409", "fault.409", id="no-409"),
        pytest.param("[regions", "regions", id="no-second-region"),
        pytest.param("operation_failure", "operation_failure", id="no-failing-operation"),
    ],
)
def test_missing_capability(run: Run, mock: Any, section: str, need: str) -> None:
    """A requirement is unverified, and names the capability, only where it needs that."""
    profile = mock.changed(f"no-{need}.toml", without(section.lstrip("[")))
    needing = {one.id for one in KNOWN.values() if need in one.needs}
    others = {"SID-UNKNOWN", "KEY-DUPLICATE-HEADER", "DELETED-LIST"}

    finished = run("--target", profile, "--requirement", ",".join(sorted(needing | others)))

    assert finished.code == 0, finished.output
    rows = finished.rows().items()
    assert {
        one: row["reason"]
        for one, row in rows
        if row["verdict"] == "unverified" and one not in needing
    } == {}
    assert {one for one, row in rows if row["verdict"] == "unverified"} == needing
    assert [one for one in needing if f"needs {need}" not in finished.rows()[one]["reason"]] == []
    assert all(f"    {line}\n" in finished.output for line in examples.example(need).splitlines())
    assert f"docs/profile.md#{examples.anchor(need)}):" in finished.output
    assert finished.verdicts() | dict.fromkeys(needing, "") == dict.fromkeys(
        needing, ""
    ) | dict.fromkeys(others, "passed")
    assert finished.conformance()["verdict"] == "incomplete"
    assert need in finished.conformance()["reason"]


def test_the_same_seed_again(run: Run, mock: Any) -> None:
    """A second run with the same seed has other keys than the first, whose keys still live."""
    runs = [
        run("--target", mock.profile, "-k", "test_life or test_doubled_key or test_letter_case")
        for _ in range(2)
    ]

    assert [finished.code for finished in runs] == [0, 0]
    assert [set(finished.verdicts().values()) for finished in runs] == [{"passed"}, {"passed"}]


def test_no_provision(run: Run, mock: Any) -> None:
    """Without [provision] all that needs a configuration is unverified, and the rest is judged."""
    profile = mock.changed("no-provision.toml", without("provision"))

    finished = run("--target", profile)

    assert finished.code == 0, finished.output
    unverified = {one for one, verdict in finished.verdicts().items() if verdict == "unverified"}
    needing = {one.id for one in KNOWN.values() if "provision" in one.needs}
    assert needing - {"CTRL-PAGE", "DEL-STATUS"} <= unverified  # seen in lists and 404s
    assert finished.verdicts()["SID-UNKNOWN"] == "passed"
    assert f"    {examples.example('provision').splitlines()[1]}\n" in finished.output


def test_require_verified(run: Run, mock: Any) -> None:
    """--require-verified turns an unverified documented requirement into exit code 1."""
    profile = mock.changed("no-clock-required.toml", without("clock"))

    asked = "KEY-TTL-MAX,SID-UNKNOWN"
    finished = run("--target", profile, "--requirement", asked, "--require-verified")

    assert finished.code == 1, finished.output
    assert finished.verdicts() == {"KEY-TTL-MAX": "unverified", "SID-UNKNOWN": "passed"}


WORKERS = [pytest.param([], id="one-process"), pytest.param(["-n", "2"], id="xdist")]


def conformant_in(text: str) -> bool:
    """True if *text* calls an endpoint conformant, in a word, a colour of terminals or a sign."""
    shown = re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL)  # they name a colour
    return re.search(r"(?<!non)conformant|\x1b\[32m *\w|✅", shown, re.IGNORECASE) is not None


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize(
    ("asked", "removed"),
    [
        pytest.param("KEY-TTL-MAX", "clock", id="no-clock"),
        pytest.param("KEY-REPLAY", "provision", id="nothing-to-delete"),
        pytest.param("CONV", "conversations", id="advisory-without-conversations"),
    ],
)
def test_nothing_judged(run: Run, mock: Any, workers: list[str], asked: str, removed: str) -> None:
    """A run in which all is unverified ends with 4, and nothing calls the endpoint conformant."""
    profile = mock.changed(f"nothing-judged-{removed}.toml", without(removed))

    finished = run("--target", profile, "--requirement", asked, "--color=yes", *workers)

    assert finished.code == 4, finished.output
    assert finished.conformance()["verdict"] == "incomplete"
    assert finished.conformance()["reason"]
    assert set(finished.verdicts().values()) == {"unverified"}
    written = [finished.output, *(path.read_text("utf-8") for path in finished.report.iterdir())]
    assert not any(map(conformant_in, written))


@pytest.mark.parametrize("workers", WORKERS)
def test_no_test_selected(run: Run, mock: Any, workers: list[str]) -> None:
    """With a -k that selects no test the exit code is pytest's 5, and nothing is conformant."""
    finished = run("--target", mock.profile, "-k", "no_such_test", "--color=yes", *workers)

    assert finished.code == 5, finished.output
    assert not conformant_in(finished.output)
    assert not any(conformant_in(path.read_text("utf-8")) for path in finished.report.glob("*"))


@pytest.mark.parametrize("workers", WORKERS)
def test_first_failure_ends(run: Run, start_mock: Callable[..., Any], workers: list[str]) -> None:
    """-x ends after the first test with a breach, with 1, a report, and nothing left behind."""
    mock = start_mock("--defect", "accepted-status:201")

    finished = run("--target", mock.profile, "-x", *workers)

    assert finished.code == 1, finished.output
    assert finished.verdicts()["DEL-STATUS"] == "breached"
    assert finished.conformance()["verdict"] == "nonconformant"
