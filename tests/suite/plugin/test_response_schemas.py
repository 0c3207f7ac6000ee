"""The contract test over the response schemas: each file fails alone, and misses alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator_contract.contract.response_schemas import delete_schemas

TEST = ("-k", "test_response_matches_its_schema", "-v")
FILES = {f"{status}-{part}" for status, part, _ in delete_schemas()}


def ended(output: str, outcome: str) -> set[str]:
    """The parameters of the test that ended with *outcome*."""
    return set(re.findall(rf"::test_response_matches_its_schema\[(\S*)\] {outcome}", output))


@pytest.mark.parametrize(
    ("defect", "file", "requirement"),
    [
        ("accepted-status-url:number", "202-body", "DEL-202-BODY"),
        ("accepted-no-retry-after", "202-headers", "DEL-202-HEADERS"),
        ("error-list:404", "404-body", "ERR-404-BODY"),
        ("error-code:409", "409-body", "ERR-CODE-MATCHES"),
        ("error-409-conflicting-id-empty", "409-headers", "ERR-409-HEADERS"),
        ("error-html:500", "500-body", "HTTP-JSON"),
        ("error-status:503", "503-body", "ERR-STATUS-MATCHES"),
    ],
)
def test_a_defect_fails_the_file_that_it_breaks(
    run: Callable[..., Any],
    start_mock: Callable[..., Any],
    defect: str,
    file: str,
    requirement: str,
) -> None:
    """A wrong response fails the test of its status and part, and none of another status."""
    mock = start_mock("--defect", defect)

    finished = run("--target", mock.profile, *TEST)

    failed = ended(finished.output, "FAILED")
    assert file in failed, finished.output
    assert {one.partition("-")[0] for one in failed} == {file.partition("-")[0]}
    assert ended(finished.output, "PASSED") == FILES - failed
    assert finished.verdicts()[requirement] == "breached"


def test_what_can_not_be_provoked_is_inconclusive_alone(
    run: Callable[..., Any], start_mock: Callable[..., Any]
) -> None:
    """Without faults 429, 500 and 503 are left open; a second delete gives a 409."""
    mock = start_mock()
    bare = mock.changed(
        "bare.toml", lambda text: re.sub(r"(?ms)^\[faults\..*?(?=^\[[^f]|\Z)", "", text)
    )

    finished = run("--target", bare, *TEST)

    assert ended(finished.output, "PASSED") == {
        "202-body",
        "202-headers",
        "404-body",
        "409-body",
        "409-headers",
    }
    unverified = {one for one, verdict in finished.verdicts().items() if verdict == "unverified"}
    assert unverified == {
        "ERR-429-BODY",
        "ERR-429-RETRY-AFTER",
        "ERR-500-BODY",
        "ERR-503-BODY",
        "ERR-503-RETRY-AFTER",
    }
