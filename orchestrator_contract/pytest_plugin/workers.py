"""Workers on other hosts: xdist's `--tx ssh=…` and `--tx socket=…`.

They share the controller's budget, pace, clock lock and journal through its coordinator, which listens on loopback
alone until a worker elsewhere is configured. Then it listens on the one address by which that worker's host is
reached from here, or on the one that `--coordinator` names. A worker that can't take part says why, and that ends
the session with exit code 4 before the first test: it neither hangs nor judges the endpoint by its own lack.
"""

from __future__ import annotations

import gc
import os
import shlex
import socket
import traceback
import warnings
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import execnet
import pytest

from orchestrator_contract.coordination.coordinator import LOOPBACK, Address
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.http.loopback import is_loopback
from orchestrator_contract.pytest_plugin.run import RUN
from orchestrator_contract.pytest_plugin.usage import said, usage_error
from orchestrator_contract.report import ReportError

ENVIRONMENT = "ORCHESTRATOR_CONTRACT_COORDINATOR"
#: Restarts of crashed workers, for each that is configured; xdist itself bounds only those of `-n`.
_RESTARTS = 4
#: Options of ssh that take a value.
_SSH_VALUES = "BbcDEeFIiJLlmOopQRSWw"
_REFUSED = "orchestrator_contract_refused"
_COLLECTED = pytest.StashKey[list[str]]()


# -------------------------------------------------------------------- which workers are elsewhere


def specs(config: pytest.Config, option: str = "tx") -> list[execnet.XSpec]:
    """The workers, or with "px" the proxies, that the command line configures."""
    found = []
    for text in config.getoption(option, None) or []:
        number, star, spec = text.partition("*")
        times, spec = (int(number), spec) if star and number.isdigit() else (1, text)
        found += [execnet.XSpec(spec)] * times
    return found


def host_of(spec: execnet.XSpec, proxies: Iterable[execnet.XSpec] = ()) -> str | None:
    """The host that a worker runs on, as the command line names it; None for this one."""
    via = spec.via or spec.installvia
    if via:
        return next((host_of(proxy) for proxy in proxies if proxy.id == via), None)
    if spec.ssh or spec.vagrant_ssh:
        return _ssh_host(shlex.split(spec.ssh or spec.vagrant_ssh))
    if spec.socket:
        host = str(spec.socket).rpartition(":")[0]
        try:
            return None if is_loopback(host) else host
        except OSError:
            return host
    return None


def _ssh_host(words: list[str]) -> str:
    """The host among the words that execnet gives to ssh: the first that is neither an option nor an option's value."""
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            return word.rpartition("@")[2]
        if len(word) == 2 and word[1] in _SSH_VALUES:
            next(rest, None)
    return ""


def elsewhere(spec: execnet.XSpec) -> bool:
    """Whether a worker is no child of this process: with --coordinator it gets that address, loopback or not."""
    return bool(spec.ssh or spec.vagrant_ssh or spec.socket or spec.via)


def chosen(config: pytest.Config) -> Address | None:
    """The address that `--coordinator`, or its variable, names.

    Raises:
        pytest.UsageError: it is none that a worker could connect to.
    """
    text = config.option.coordinator or os.environ.get(ENVIRONMENT, "")
    if not text:
        return None
    host, colon, port = text.partition(":")
    if not host or (colon and not (port.isdigit() and int(port) < 65536)):
        raise usage_error(f"--coordinator: expected HOST or HOST:PORT, found {text!r}")
    if host in ("0.0.0.0", "*", "::"):  # noqa: S104  # refused, not listened on
        raise usage_error(
            "--coordinator: name one address that the workers reach; the coordinator never listens on all addresses"
        )
    return Address(host, int(port or 0))


def address_for(config: pytest.Config, spec: execnet.XSpec) -> Address:
    """Where the coordinator listens for a worker.

    Raises:
        pytest.UsageError: that can't be told.
    """
    named = chosen(config)
    if named is not None and elsewhere(spec):
        return named
    host = host_of(spec, specs(config, "px"))
    if host is None:
        return LOOPBACK
    try:
        # Connecting a datagram socket sends nothing: it asks the routing table which address of ours is used.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((host, 9))
            return Address(probe.getsockname()[0])
    except OSError as error:
        raise usage_error(
            f"--tx {spec}: can't tell at which address of this machine {host} reaches it ({error}); name it with --coordinator HOST[:PORT]"
        ) from None


# -------------------------------------------------------------------- the controller


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Bound the restarts of workers that crash; xdist would go on for ever."""
    workers = len(config.getoption("tx", None) or [])
    if workers and config.getoption("maxworkerrestart", None) is None:
        config.option.maxworkerrestart = str(_RESTARTS * workers)


def prepare(config: pytest.Config) -> None:
    """Listen where this session's workers reach it, before anything is sent or created.

    Raises:
        pytest.UsageError: the workers can't take part, and what to do about it.
    """
    run = config.stash[RUN]
    distant = (
        [spec for spec in specs(config) if elsewhere(spec)]
        if config.getoption("dist", "no") != "no"
        else []
    )
    if not distant:
        return
    if run.options.profile is None and any(host_of(spec, specs(config, "px")) for spec in distant):
        raise usage_error(
            "workers on other hosts can't reach the embedded mock, which listens on loopback: name a --target"
        )
    copied = any(not spec.popen or spec.chdir for spec in distant) and not config.option.rsyncdir
    for word in config.invocation_params.args:
        if copied and Path(str(word).partition("::")[0]).exists():
            raise usage_error(
                f"{word}: with workers on other hosts xdist copies every argument that is an existing path to them; "
                "write --option=VALUE as one word and leave test paths out"
            )
    for address in {address_for(config, spec) for spec in distant}:
        try:
            run.serve(address)
        except OSError as error:
            raise usage_error(
                f"the coordinator can't listen on {address}: {error.strerror or error}; name an address of this machine with --coordinator"
            ) from None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> Generator[None, object, object]:
    """A worker that can't be started is wrong usage, and leaves nothing behind; neither does an interrupt while workers start."""
    try:
        return (yield)
    except KeyboardInterrupt:
        # pytest finishes no session that did not start, and something may have been created already.
        run = session.config.stash[RUN]
        if run.opened and run.result is None and not run.is_worker:
            run.selected = run.wanted()
            try:
                run.finish(unusable=EndpointUnusable("interrupted before the first test"))
            except ReportError as error:
                raise usage_error(f"interrupted before the first test ({error})") from None
        raise
    except (OSError, EOFError, ValueError, execnet.HostNotFound) as error:
        if not any(map(elsewhere, specs(session.config))):
            raise
        reason = f"a worker can't be started: {type(error).__name__}: {error}"
        _forget(error)
    raise _ended(session.config, reason)


def _forget(error: BaseException) -> None:
    """Drop what *error* keeps alive: execnet leaves its pipes and sockets to the garbage collector, which pytest would report."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        link: BaseException | None = error
        while link is not None:
            traceback.clear_frames(link.__traceback__)
            link = link.__cause__ or link.__context__
        gc.collect()


def _ended(config: pytest.Config, reason: str) -> pytest.UsageError:
    """Write the reports of a run that can't go on; the error that ends the session."""
    run = config.stash[RUN]
    if run.opened and run.result is None:
        run.selected = run.wanted()
        try:
            run.finish(unusable=EndpointUnusable(reason))
        except ReportError as error:
            return usage_error(f"{reason} ({error})")
    return usage_error(reason)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give an xdist worker its share of the run."""
    node.config.stash[RUN].awaited += 1
    node.workerinput["orchestrator_contract"] = node.config.stash[RUN].ticket(
        address_for(node.config, node.gateway.spec)
    )


@pytest.hookimpl(optionalhook=True)
def pytest_testnodeready(node: Any) -> None:
    """The worker has the coordinator's key; here it is needed no more."""
    node.workerinput.get("orchestrator_contract", {}).pop("ticket", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """End the session when a worker elsewhere has other tests than the first: xdist itself would run none and say nothing."""
    config = node.config
    first = config.stash.setdefault(_COLLECTED, list(ids))
    if (
        config.stash[RUN].opened
        and any(map(elsewhere, specs(config)))
        and (not ids or list(ids) != first)
    ):
        which = (
            f"finds {len(ids)} tests, others find {len(first)}"
            if len(ids) != len(first)
            else "finds other tests"
        )
        raise _ended(
            config,
            f"{_name(node)} can't take part: it {which}; check that its folder (//chdir=…) is a checkout of the same version",
        )


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """End the session when a worker could not take part from the start."""
    refused = getattr(node, "workeroutput", {}).get(_REFUSED)
    if not refused and error and not hasattr(node, "workerinfo"):
        last = (str(error).strip().splitlines() or ["it ended"])[-1]
        refused = last.partition("UsageError: ")[2] or last
    if refused and not node.config.stash[RUN].result:
        raise _ended(node.config, f"{_name(node)} can't take part: {refused}")


def _name(node: Any) -> str:
    return f"worker {node.gateway.id} on {host_of(node.gateway.spec, specs(node.config, 'px')) or 'this host'}"


# -------------------------------------------------------------------- the worker


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Let a worker take its place in the run, or tell the controller why it can't."""
    run = session.config.stash[RUN]
    if not run.is_worker:
        return
    try:
        run.join()
    except EndpointUnusable as error:
        session.config.workeroutput[_REFUSED] = str(error)  # type: ignore[attr-defined]
        pytest.exit(said(error), returncode=4)
