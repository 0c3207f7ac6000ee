"""Runs of each effort beside a bare `requests` loop over lifecycles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import requests

from benchmarks.results import RequirementResult, Unmeasured
from benchmarks.servers import PROJECT
from orchestrator_contract import profile
from orchestrator_contract.effort import EFFORTS

_LONGEST_S, _LOOP_S, _PAUSE_S, _GOAL = 240, 4.0, 0.05, 0.8
_ENDED = {"COMPLETED", "FAILED"}


class Loop:
    """A script without the suite: one session, one call at a time, polls each 50 ms."""

    def __init__(self, described: profile.Profile) -> None:
        account = described.accounts[0]
        self._base = described.base_url + "/v2/ControlPlane"
        self._session = requests.Session()
        self._session.trust_env = False  # reading .netrc for each request would slow it down
        self._session.auth = (account.username, account.password)
        self._new = {
            "displayName": "oc-benchmark",
            "description": "made by a benchmark",
            "conversationGroupingType": "GROUP_BY_PROFILE",
            "memoryStoreId": described.provision.memory_store_id,
        }
        self._sent = 0

    def _call(
        self, method: str, url: str, body: dict[str, object] | None = None
    ) -> requests.Response:
        self._sent += 1
        return self._session.request(method, url, json=body, timeout=10)

    def _accepted(self, response: requests.Response) -> dict[str, dict[str, str]]:
        """The operation that *response* accepted, at its end."""
        url = response.json()["statusUrl"]
        while (operation := self._call("GET", url).json())["status"] not in _ENDED:
            time.sleep(_PAUSE_S)
        ended: dict[str, dict[str, str]] = operation
        return ended

    def _life(self) -> None:
        created = self._accepted(
            self._call("POST", f"{self._base}/Configurations", dict(self._new))
        )
        item = f"{self._base}/Configurations/{created['related']['configurationId']}"
        self._call("GET", item)
        self._accepted(self._call("DELETE", item))
        self._call("GET", item)

    def rate(self, seconds: float) -> float:
        """Requests a second, over at least *seconds* of lives."""
        sent, started = self._sent, time.perf_counter()
        while time.perf_counter() - started < seconds:
            self._life()
        return (self._sent - sent) / (time.perf_counter() - started)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def _run(target: Path, folder: Path, effort: str) -> tuple[int, float]:
    """Requests and seconds of one run, process start and reports included."""
    report = folder / f"report-{effort}"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--seed",
        "1",
        f"--effort={effort}",
    ]
    command += [f"--target={target}", f"--report={report}"]  # one word each, see runs.py
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=PROJECT, env=os.environ, capture_output=True, timeout=_LONGEST_S, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise Unmeasured(f"a {effort} run ended with {done.returncode}")
    return int(
        json.loads((report / "conformance.json").read_text("utf-8"))["counts"]["requests"]
    ), seconds


def compare(target: Path, folder: Path) -> list[RequirementResult]:
    """A row for each effort on the mock of *target*, with the loop before and after."""
    loop, rows = Loop(profile.from_file(target)), []
    for effort in EFFORTS:
        before = loop.rate(_LOOP_S)
        sent, seconds = _run(target, folder, effort)
        bare = median([before, loop.rate(_LOOP_S)])
        rows.append(
            RequirementResult(
                f"whole run, `{effort}`: requests/s",
                f"{sent / seconds:.0f} ({sent} in {seconds:.1f} s)",
                f"bare `requests` loop over lives: {bare:.0f}",
                sent / seconds / bare,
                _GOAL,
            )
        )
    loop.close()
    return rows
