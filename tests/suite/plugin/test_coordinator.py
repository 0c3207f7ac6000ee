"""The coordinator, shared by the processes of a run: one budget, one clock, one journal."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orchestrator_contract.coordination import clock_lock
from orchestrator_contract.coordination.coordinator import Coordinator, Lost
from orchestrator_contract.coordination.journal import Journal
from orchestrator_contract.coordination.remote import Server, connect

#: A coordinator in a process of its own; it prints its ticket.
SERVER = """
import json, sys
from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.coordination.remote import Server
print(json.dumps(Server(Coordinator(100, 0, 10, None)).ticket), flush=True)
sys.stdin.read()
"""


def remote(coordinator: Coordinator) -> Coordinator:
    """The coordinator as a worker calls it."""
    return connect(Server(coordinator).ticket)


@pytest.mark.parametrize(
    ("requests", "granted", "creates"), [(3, 0, 0), (10, 4, 1), (14, 8, 1), (4000, 3900, 32)]
)
def test_created_configurations_can_be_removed(requests: int, granted: int, creates: int) -> None:
    """Requests for that are kept, and nothing is created that they don't suffice for."""
    one = Coordinator(requests, 0, 500, None)

    assert one.take_requests(5000) == granted
    for number in range(creates):
        assert one.journal([{"name": f"oc-{number}", "state": "creating"}]) == ""
    refusal = remote(one).journal([{"name": "oc-more", "state": "creating"}])
    assert "does not cover removing" in refusal


def test_deleted_configurations_need_no_requests() -> None:
    """Requests that were kept for them serve others."""
    one = Coordinator(10, 0, 500, None)
    one.take_requests(4)

    for number in range(3):
        assert one.journal([{"name": f"oc-{number}", "state": "creating"}]) == ""
        one.journal([{"name": f"oc-{number}", "state": "created"}])
        one.journal([{"name": f"oc-{number}", "state": "deleted"}])


def test_everything_is_shared(tmp_path: Path) -> None:
    """Budgets, claims, clock and journal are those of one object, for every process."""
    log = Journal(
        tmp_path / "journal.jsonl", {"journal": "orchestrator-contract", "run": "r", "bases": []}
    )
    one = Coordinator(20, 0.01, 3, log)
    far = remote(one)

    assert (far.take_requests(16), one.take_requests(16)) == (14, 0)
    assert far.take_requests(16, cleaning=True) == 6
    far.give_back_requests(7)
    assert (one.take_requests(5), far.take_deletes(2), one.take_deletes(2)) == (1, 2, 0)
    assert (far.claim(["a", "b"], 1), one.claim(["a", "b"], 2)) == (["a"], ["b"])
    far.clock.last_ended()
    assert clock_lock.enter(far.clock, "gw0", alone=True, after_last=1)
    far.clock.leave("gw0", alone=True)
    far.advance(86_400)
    assert (far.advanced(), one.advanced()) == (86_400, 86_400)
    assert far.pace() < 1
    assert 90 < far.pace() <= 100
    far.journal([{"name": "oc-1", "sid": None, "state": "creating", "account": 0, "region": 1}])
    assert json.loads(log.path.read_text("utf-8").splitlines()[1])["sid"] is None


def test_stranger_is_refused() -> None:
    """Another key is refused, and a silent peer does not block others."""
    ticket = Server(Coordinator(10, 0, 1, None)).ticket

    with socket.create_connection(("127.0.0.1", ticket["port"])):
        with pytest.raises(Lost, match="does not respond"):
            connect({**ticket, "key": "00" * 32}).take_requests(1)
        assert connect(ticket).take_requests(4) == 4


def test_only_this_machine_can_connect() -> None:
    """Nothing listens on any other address."""
    port = Server(Coordinator(1, 0, 1, None)).ticket["port"]

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=2)


def test_lost_controller() -> None:
    """Each call to a controller that has died raises, in every thread, and none hangs."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        far = connect(json.loads(process.stdout.readline()))
        assert far.take_requests(7) == 7
        process.kill()
    raised: list[str] = []

    def call() -> None:
        try:
            far.take_requests(1)
        except Lost as error:
            raised.append(str(error))

    for thread in [threading.Thread(target=call) for _ in range(3)]:
        thread.start()
        thread.join(20)
    call()

    assert len(raised) == 4
    assert all("does not respond any more" in text for text in raised)


def test_interrupted_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is interrupted leaves no response behind for the next one."""
    one = Coordinator(20, 0, 3, None)
    far = remote(one)
    one.clock.enter("gw1", alone=True, seconds=0)
    monkeypatch.setattr(clock_lock, "_TURN_S", 3)
    # A shell's background job ignores it.
    heeded = signal.signal(signal.SIGINT, signal.default_int_handler)
    main = threading.main_thread().ident
    threading.Timer(0.5, signal.pthread_kill, [main, signal.SIGINT]).start()

    try:
        with pytest.raises(KeyboardInterrupt):
            clock_lock.enter(far.clock, "gw0", alone=False)
    finally:
        signal.signal(signal.SIGINT, heeded)

    assert far.take_requests(2) == 2
    assert far.claim(["a"], 1) == ["a"]


def test_clock_of_a_dead_worker_is_released() -> None:
    """A lock that a worker held when it died is released."""
    one = Coordinator(20, 0, 3, None)
    one.clock.enter("gw0", alone=True, seconds=0)
    assert not one.clock.enter("gw1", alone=False, seconds=0)

    one.clock.release("gw0")

    assert one.clock.enter("gw1", alone=False, seconds=0)
    assert not one.clock.enter("gw2", alone=True, seconds=0)
    one.clock.release("gw1")
    assert one.clock.enter("gw2", alone=True, seconds=0)


def test_last_tests_are_not_waited_for_after_a_crash() -> None:
    """One of them may have died with its worker; a worker that ends normally changes nothing."""
    one = Coordinator(20, 0, 3, None)
    one.clock.release("gw0")
    assert not one.clock.enter("gw1", alone=True, after_last=1, seconds=0)

    one.clock.release("gw0", crashed=True)

    assert one.clock.enter("gw1", alone=True, after_last=1, seconds=0)


def test_tests_of_the_run() -> None:
    """They are known once a worker has collected them; each collects the same."""
    one = Coordinator(20, 0, 3, None)
    far = remote(one)
    assert one.selected() == {}

    far.select({"tests/a.py::test[x]": ["DEL-STATUS", "OP-BODY"]})
    far.select({"tests/a.py::test[x]": ["DEL-STATUS", "OP-BODY"]})

    assert one.selected() == {"tests/a.py::test[x]": ["DEL-STATUS", "OP-BODY"]}
