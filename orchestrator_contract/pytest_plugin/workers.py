"""xdist's workers: children of this process that take part in its run."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator_contract.pytest_plugin.options import usage_error
from orchestrator_contract.pytest_plugin.run import RUN
from orchestrator_contract.pytest_plugin.selection import judges_contract

#: The name of a run's data in what xdist passes between its processes.
_DATA = "orchestrator_contract"


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Refuse workers that can't share one run."""
    if config.getoption("dist", "no") == "each":
        raise usage_error(
            "--dist each is not supported: every worker would run the whole contract;"
            " use -n N to spread the tests"
        )
    others = [one for one in config.getoption("tx", None) or [] if "popen" not in one]
    if others:
        raise usage_error(f"--tx {others[0]}: workers run on this machine only; use -n N")


def has_workers(config: pytest.Config) -> bool:
    """True in a process that has its tests run by workers."""
    return config.pluginmanager.has_plugin("dsession")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a worker what it needs to take part."""
    if judges_contract(node.config):
        node.workerinput[_DATA] = node.config.stash[RUN].ticket()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodeready(node: Any) -> None:
    """Forget the coordinator's key, which the worker has now."""
    node.workerinput.get(_DATA, {}).pop("coordinator", None)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a worker found."""
    if judges_contract(node.config):
        found = getattr(node, "workeroutput", {}).get(_DATA)
        node.config.stash[RUN].merge(node.gateway.id, found, error)


def hand_over(config: pytest.Config) -> None:
    """Give the controller what this worker found."""
    output: dict[str, Any] = config.workeroutput  # type: ignore[attr-defined]  # xdist's
    output[_DATA] = config.stash[RUN].hand_over()
