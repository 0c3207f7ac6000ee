"""The end of a run: how to verify more, and what is left on the endpoint."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.contract import catalogue
from orchestrator_contract.profile import examples, from_file

PROJECT = Path(__file__).parents[3]
NEEDS = sorted({need for one in catalogue.load().requirements.values() for need in one.needs})
CLOCK = re.compile(r"^\[clock\]\n.*\n", re.MULTILINE)
LEAST = """\
[target]
base_url = "http://127.0.0.1:1"

"""


@pytest.mark.parametrize("need", NEEDS)
def test_lines_give_the_capability(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, need: str
) -> None:
    """The lines that a report shows for a missing capability are a profile's, and give it."""
    for name in ("VENDOR_USER", "VENDOR_PASSWORD", "OTHER_USER", "OTHER_PASSWORD"):
        monkeypatch.setenv(name, f"value of {name}")
    first = f"{examples.example('credentials')}\n" if need == "accounts" else ""
    path = tmp_path / "profile.toml"
    path.write_text(f"{LEAST}{first}{examples.example(need)}\n", "utf-8")

    assert from_file(path).lacks((need,)) == ()


@pytest.mark.parametrize("need", NEEDS)
def test_page_has_the_heading(need: str) -> None:
    """The link that stands by the lines leads to a heading of docs/profile.md."""
    page = (PROJECT / "docs" / "profile.md").read_text("utf-8")
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)

    assert examples.anchor(need) in [
        re.sub(r"[^\w -]", "", one).replace(" ", "-").lower() for one in headings
    ]
    assert (Path.cwd() / examples.page()).read_text("utf-8") == page


def test_bare_url(
    run: Callable[..., Any], start_mock: Callable[..., Any], suite_environment: dict[str, str]
) -> None:
    """Missing capabilities come with lines of a profile; the last line writes one."""
    url = start_mock("--operation-seconds", "0.03").base_url

    asked = "DEL-STATUS,ERR-429-STATUS,ERR-429-RETRY-AFTER,KEY-TTL-MIN"
    mock = suite_environment
    twilio = {"TWILIO_API_KEY": mock["MOCK_USER_1"], "TWILIO_API_SECRET": mock["MOCK_PASSWORD_1"]}

    done = run("--target", url, "--requirement", asked, env=mock | twilio)

    assert (done.code, done.conformance()["verdict"]) == (0, "incomplete"), done.output
    lines = done.output.rstrip().splitlines()
    assert lines[-1] == f"  orchestrator-contract init {url}"
    assert '    headers = { "X-Fault" = "429" }' in done.output
    assert "docs/profile.md#clock" in done.output
    page = (done.report / "conformance.html").read_text("utf-8")
    assert "[clock]" in page
    assert "docs/profile.md#clock" in page
    comment = (done.report / "conformance.md").read_text("utf-8")
    number = r"(\d+)(?:</strong>)? (?:unverified|requirements could|of 4 requirements could)"
    told = re.findall(f"Not verified: (\\d+)|{number}", done.output + page + comment)
    assert len(told) >= 8
    assert {int(one or other) for one, other in told} == {3}
    assert done.conformance()["counts"]["unverified"] == 3


def test_leftovers_are_said_last(run: Callable[..., Any], start_mock: Callable[..., Any]) -> None:
    """They are named in full, with the line that deletes them, and the run fails."""
    mock = start_mock("--operation-seconds", "0.03", "--defect", "completed-kept")

    done = run("--target", mock.profile, "--requirement", "DEL-ACCEPTED")

    assert done.code == 1, done.output
    *_, left, line = done.output.rstrip().splitlines()
    journal = next(done.report.glob("journal-*.jsonl"))
    assert line == f"this deletes it: pytest --target {mock.profile} --cleanup {journal}"
    assert f"{len(mock.names(1)) + len(mock.names(2))} configuration(s) of this run" in left
    sids = re.findall(r"conv_configuration_\w+", left)
    assert len(sids) == len(mock.names(1)) + len(mock.names(2)) > 0
    assert [note for note in done.conformance()["notes"] if all(sid in note for sid in sids)]


def test_quiet(run: Callable[..., Any], start_mock: Callable[..., Any]) -> None:
    """With -q a run still says why something is unverified, and where its report is."""
    profile = start_mock().changed("no-clock.toml", lambda text: CLOCK.sub("", text))

    done = run("--target", profile, "--requirement", "SID-UNKNOWN,KEY-TTL-MAX", "-q")

    assert done.code == 0, done.output
    assert "unverified: needs clock, which the target profile does not give\n  KEY-TTL-MAX\n" in (
        done.output
    )
    assert f"\nreport: {done.report / 'conformance.html'}\nincomplete: 1 unv" in done.output


@pytest.mark.parametrize("most", [12, 20])
def test_delete_requests(
    run: Callable[..., Any], start_mock: Callable[..., Any], most: int
) -> None:
    """No more DELETE requests are sent than the profile allows, with those that clean up."""
    mock = start_mock("--operation-seconds", "0.03")
    profile = mock.changed("few.toml", lambda text: f"{text}delete_requests = {most}\n")
    har = profile.with_name("few.har")

    done = run("--target", profile, "--har", har)

    assert (done.code, done.conformance()["verdict"]) == (0, "incomplete"), done.output
    assert "[limits] delete_requests" in done.conformance()["reason"]
    sent = [
        entry["request"]["method"] for entry in json.loads(har.read_text("utf-8"))["log"]["entries"]
    ]
    assert 6 <= sent.count("DELETE") <= most
    assert (mock.names(1), mock.names(2)) == ([], [])
