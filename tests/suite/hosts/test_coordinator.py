"""The coordinator over a network: what it shares, what it never does, and what a worker hears when it is not there."""

from __future__ import annotations

import json
import pickle
import re
import signal
import socket
import subprocess
import sys
import threading
from multiprocessing.connection import Client
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import execnet
import pytest

from orchestrator_contract.coordination import clock_lock, coordinator
from orchestrator_contract.coordination.coordinator import (
    LOOPBACK,
    Address,
    Coordinator,
    Lost,
    Served,
    connect,
)
from orchestrator_contract.coordination.journal import Journal
from orchestrator_contract.pytest_plugin import workers
from orchestrator_contract.pytest_plugin.run import RUN

NETWORK = Address("127.0.0.2")
#: A coordinator in a process of its own; it prints its ticket.
SERVER = """
import json, sys
from orchestrator_contract.coordination.coordinator import Address, Coordinator, Served
print(json.dumps(Served(Coordinator(100, 0, 10, None), Address("127.0.0.2")).ticket()), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for long."""
    monkeypatch.setattr(coordinator, "CONNECT_S", 0.5)


@pytest.mark.parametrize(
    ("requests", "granted", "creates"), [(3, 0, 0), (10, 4, 1), (14, 8, 1), (4000, 3900, 32)]
)
def test_what_is_created_can_be_removed(requests: int, granted: int, creates: int) -> None:
    """Enough requests for that are kept before anything is created, and no more is created than they suffice for."""
    one = Coordinator(requests, 0, 500, None)

    assert one.take_requests(5000) == granted
    for number in range(creates):
        assert one.journal([{"name": f"oc-{number}", "state": "creating"}]) == ""
    far = connect(Served(one, NETWORK).ticket())
    assert "does not cover removing" in far.journal([{"name": "oc-more", "state": "creating"}])


def test_what_is_gone_needs_no_requests() -> None:
    """What was kept for it is there for others; so it is where more than enough requests are left."""
    one = Coordinator(10, 0, 500, None)
    one.take_requests(4)

    for number in range(3):
        assert one.journal([{"name": f"oc-{number}", "state": "creating"}]) == ""
        one.journal([{"name": f"oc-{number}", "state": "created"}])
        one.journal([{"name": f"oc-{number}", "state": "deleted"}])


def test_everything_is_shared_over_a_network(tmp_path: Path) -> None:
    """Budgets, claims, the clock and the journal are those of the one object, and values come through whole."""
    log = Journal(
        tmp_path / "journal.jsonl", {"journal": "orchestrator-contract", "run": "r", "bases": []}
    )
    one = Coordinator(20, 0.01, 3, log)
    far = connect(Served(one, NETWORK).ticket())

    assert (far.take_requests(16), one.take_requests(16), far.take_requests(16, cleaning=True)) == (
        14,
        0,
        6,
    )
    far.give_back_requests(7)
    assert (one.take_requests(5), far.take_deletes(2), one.take_deletes(2)) == (1, 2, 0)
    assert (far.claim(["a", "b"], 1), one.claim(["a", "b"], 2)) == (["a"], ["b"])
    far.closed()
    assert clock_lock.enter(far, "gw0", alone=True, closing=1)
    far.leave_clock("gw0", alone=True)
    far.advance(86_400)
    assert (far.advanced(), one.advanced()) == (86_400, 86_400)
    assert far.pace() < 1
    assert 90 < far.pace() <= 100
    far.journal([{"name": "oc-1", "sid": None, "state": "creating", "account": 0, "region": 1}])
    assert json.loads(log.path.read_text("utf-8").splitlines()[1])["sid"] is None


def test_what_comes_over_a_network_is_not_unpickled(tmp_path: Path) -> None:
    """Who knows the key, and sends a pickle all the same, has nothing executed; within the machine managers stay as they are."""
    ticket = Served(Coordinator(1, 0, 1, None), NETWORK).ticket()
    assert (ticket["serializer"], Served(Coordinator(1, 0, 1, None)).ticket()["serializer"]) == (
        "xmlrpclib",
        "pickle",
    )
    trace = tmp_path / "executed"

    class Program:
        def __reduce__(self) -> Any:
            return Path.touch, (trace,)

    with Client((ticket["host"], ticket["port"]), authkey=bytes.fromhex(ticket["key"])) as peer:
        peer.send_bytes(pickle.dumps(Program()))
        assert b"#TRACEBACK" in peer.recv_bytes()

    assert not trace.exists()


def test_stranger_is_refused_and_harms_nobody() -> None:
    """Another key is refused; one who is silent keeps nobody from connecting."""
    served = Served(Coordinator(10, 0, 1, None), NETWORK)
    ticket = served.ticket()

    with socket.create_connection((ticket["host"], ticket["port"])):
        with pytest.raises(Lost, match=r"can't reach the coordinator at 127\.0\.0\.2:\d+"):
            connect({**ticket, "key": "00" * 32})
        assert connect(ticket).take_requests(4) == 4


def test_each_listens_on_its_own_address_only() -> None:
    """Nothing listens on all addresses: that of one is closed at another."""
    port = Served(Coordinator(1, 0, 1, None), NETWORK).ticket()["port"]

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK.host, port), timeout=2)


@pytest.mark.parametrize("silent", [False, True], ids=["nobody-there", "somebody-silent"])
def test_unreachable_coordinator_is_named_soon(silent: bool) -> None:
    """A port where nobody listens, or somebody says nothing, is an error that names host, address and option."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if not silent:
            listener.close()
        ticket = {"host": "127.0.0.1", "port": port, "key": "00" * 32, "serializer": "xmlrpclib"}

        with pytest.raises(Lost) as caught:
            connect(ticket)

    assert re.search(
        rf"{re.escape(socket.gethostname())} can't reach the coordinator at 127\.0\.0\.1:{port}: .*--coordinator",
        str(caught.value),
    )
    assert "00" * 32 not in str(caught.value)


def test_lost_coordinator_ends_what_needs_it() -> None:
    """When the controller goes away each call says so, from every thread, and none hangs."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        far = connect(json.loads(process.stdout.readline()))
        assert far.take_requests(7) == 7
        process.kill()
    said: list[str] = []

    def call() -> None:
        try:
            far.take_requests(1)
        except Lost as error:
            said.append(str(error))

    for thread in [threading.Thread(target=call) for _ in range(3)]:
        thread.start()
        thread.join(20)
    call()

    assert len(said) == 4
    assert all("does not answer any more" in text for text in said)


def test_interrupted_call_does_not_answer_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is stopped while it waits hears its own answers afterwards."""
    one = Coordinator(20, 0, 3, None)
    far = connect(Served(one).ticket())
    one.enter_clock("gw1", alone=True, seconds=0)
    monkeypatch.setattr(clock_lock, "_TURN_S", 3)
    heeded = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background job ignores it
    threading.Timer(
        0.5, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]
    ).start()

    try:
        with pytest.raises(KeyboardInterrupt):
            clock_lock.enter(far, "gw0", alone=False)
    finally:
        signal.signal(signal.SIGINT, heeded)

    assert far.take_requests(2) == 2
    assert far.claim(["a"], 1) == ["a"]


def test_clock_of_a_worker_that_is_gone_is_taken_back() -> None:
    """What a worker held when it died keeps nobody waiting."""
    one = Coordinator(20, 0, 3, None)
    one.enter_clock("gw0", alone=True, seconds=0)
    assert not one.enter_clock("gw1", alone=False, seconds=0)

    one.forsake_clock("gw0")

    assert one.enter_clock("gw1", alone=False, seconds=0)
    assert not one.enter_clock("gw2", alone=True, seconds=0)
    one.forsake_clock("gw1")
    assert one.enter_clock("gw2", alone=True, seconds=0)


def test_no_closing_test_is_waited_for_after_a_crash() -> None:
    """One of them may have died with its worker; a worker that ends as it should changes nothing."""
    one = Coordinator(20, 0, 3, None)
    one.forsake_clock("gw0")
    assert not one.enter_clock("gw1", alone=True, closing=1, seconds=0)

    one.forsake_clock("gw0", crashed=True)

    assert one.enter_clock("gw1", alone=True, closing=1, seconds=0)


def test_the_tests_of_the_run_are_known_from_its_workers() -> None:
    """Each finds the same, here and elsewhere; before the first has said so there are none."""
    one = Coordinator(20, 0, 3, None)
    far = connect(Served(one).ticket())
    assert one.selected() == {}

    far.select({"tests/a.py::test[x]": ["DEL-STATUS", "OP-BODY"]})
    far.select({"tests/a.py::test[x]": ["DEL-STATUS", "OP-BODY"]})

    assert one.selected() == {"tests/a.py::test[x]": ["DEL-STATUS", "OP-BODY"]}


@pytest.mark.parametrize(
    ("spec", "host"),
    [
        ("popen", None),
        ("popen//python=python3", None),
        ("socket=127.0.0.1:8888", None),
        ("socket=localhost:8888", None),
        ("socket=192.0.2.7:8888//chdir=x", "192.0.2.7"),
        ("ssh=user@far.example//python=python3", "far.example"),
        ("ssh=-p 2222 -i key user@far.example", "far.example"),
        ("ssh=far.example -p 2222", "far.example"),
        ("ssh=-C far.example", "far.example"),
        ("popen//via=proxy", "192.0.2.9"),
        ("popen//via=other", None),
    ],
)
def test_host_of_a_worker(spec: str, host: str | None) -> None:
    """Where a worker runs follows from its specification; loopback and children are this machine."""
    proxies = [execnet.XSpec("id=proxy//socket=192.0.2.9:8888"), execnet.XSpec("id=other//popen")]

    assert workers.host_of(execnet.XSpec(spec), proxies) == host


def config(**options: Any) -> Any:
    """As much of a pytest configuration as an address needs."""
    option = SimpleNamespace(**({"coordinator": None, "px": []} | options))
    return SimpleNamespace(
        option=option, getoption=lambda name, default=None: getattr(option, name, default)
    )


def test_address_follows_from_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback for workers of this machine; for others what the option says, or the variable; never for children."""
    monkeypatch.delenv(workers.ENVIRONMENT, raising=False)
    far, child = execnet.XSpec("socket=192.0.2.7:1"), execnet.XSpec("popen")
    assert workers.address_for(config(), execnet.XSpec("socket=127.0.0.1:8888")) == LOOPBACK
    assert workers.address_for(config(coordinator="192.0.2.1:7000"), far) == Address(
        "192.0.2.1", 7000
    )
    assert workers.address_for(config(coordinator="192.0.2.1:7000"), child) == LOOPBACK
    monkeypatch.setenv(workers.ENVIRONMENT, "192.0.2.2")
    assert workers.address_for(config(), far) == Address("192.0.2.2")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param("UsageError: --target is missing\n", "--target is missing", id="usage"),
        pytest.param(
            "first line\nImportError: no module\n", "ImportError: no module", id="traceback"
        ),
        pytest.param(EOFError(), "it ended", id="without-a-text"),
    ],
)
def test_what_a_worker_that_never_started_says(
    monkeypatch: pytest.MonkeyPatch, error: object, reason: str
) -> None:
    """The last line of what ended it, if there is one."""
    monkeypatch.setattr(workers, "_ended", lambda _config, reason: pytest.UsageError(reason))
    spec = execnet.XSpec("socket=192.0.2.7:1")
    node = SimpleNamespace(
        gateway=SimpleNamespace(id="gw0", spec=spec),
        config=SimpleNamespace(**vars(config()), stash={RUN: SimpleNamespace(result=None)}),
    )

    with pytest.raises(
        pytest.UsageError, match=rf"^worker gw0 on 192\.0\.2\.7 can't take part: {reason}$"
    ):
        workers.pytest_testnodedown(node, error)
