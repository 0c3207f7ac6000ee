"""Locust's entry: ``locust -f`` this file, alone or with ``--master`` and ``--worker``. See docs/load.md."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]
from locust import User, constant, events, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner

from orchestrator_contract import preflight, report
from orchestrator_contract.exceptions import (
    BudgetExhausted,
    EndpointUnusable,
    Inconclusive,
    NothingToDelete,
)
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.load.session import LoadFindings, Session, Share, load_target
from orchestrator_contract.load.steps import Steps
from orchestrator_contract.profile import ProfileError
from orchestrator_contract.results.exit_code import exit_code
from orchestrator_contract.results.verdict import Policy

SHARE, STOP, FOUND = "contract-share", "contract-stop", "contract-found"
#: How long the master waits for its workers to clean up and report, in seconds.
PATIENCE_S = 120.0


class Load:
    """The run as this process sees it: master, worker, or both in one."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.share: Share | None = None
        self.session: Session | None = None
        self.load_findings: LoadFindings | None = None
        #: Reports that the master waits for.
        self.expected = 0
        self.seed = 0
        runner = environment.runner
        self.leads = not isinstance(runner, WorkerRunner)
        self.drives = not isinstance(runner, MasterRunner)
        if isinstance(runner, WorkerRunner):
            runner.register_message(SHARE, self._take_share)
            runner.register_message(STOP, lambda **_: runner.stop())
        if isinstance(runner, MasterRunner):
            runner.register_message(FOUND, self._take_findings)

    @property
    def options(self) -> Any:
        """The command line; a worker has the master's once the test starts."""
        return self.environment.parsed_options

    # ---------------------------------------------------------------- master

    def lead(self) -> None:
        """At the start: find the target, and tell each worker its share.

        Raises:
            ProfileError: --target is no good.
        """
        profile = load_target(self.options.target, yes=self.options.yes)
        if self.load_findings is None:
            self.load_findings = LoadFindings(profile)
        self.seed = self.options.seed if self.options.seed is not None else random.randrange(2**31)
        whole = Share.alone(self.seed)
        runner = self.environment.runner
        if not isinstance(runner, MasterRunner):
            self.share, self.expected = whole, self.expected + 1
            return
        workers = [client.id for client in runner.clients.all]
        self.expected += len(workers)
        for index, worker in enumerate(workers):
            data = {"run_id": whole.run_id, "seed": whole.seed, "index": index, "of": len(workers)}
            runner.send_message(SHARE, data, client_id=worker)

    def _take_findings(self, environment: Environment, msg: Any) -> None:
        self.found(msg.data)

    def found(self, data: dict[str, Any]) -> None:
        """Take over what a process found; end the run when not one of them could begin."""
        if self.load_findings is None:
            return
        self.load_findings.merge(data)
        if (
            len(self.load_findings.unusable) >= self.expected
            and self.environment.runner is not None
        ):
            gevent.spawn(self.environment.runner.quit)

    def collect(self) -> None:
        """When the users have stopped: have every worker clean up and report, while messages still come through."""
        if self.load_findings is None or not isinstance(self.environment.runner, MasterRunner):
            return
        if self.load_findings.reports < self.expected:
            self.environment.runner.send_message(STOP)
        with gevent.Timeout(PATIENCE_S, False):  # gevent's way to say: end quietly
            while self.load_findings.reports < self.expected:
                gevent.sleep(0.05)

    def conclude(self) -> None:
        """At the end: draw the result from all reports, write the files, set the exit code."""
        if self.environment.runner is not None:
            self.environment.runner.stop()
        if self.load_findings is None:
            return
        missing = self.expected - self.load_findings.reports
        if missing:
            self.load_findings.notes.append(
                f"{missing} worker(s) did not report; their findings are lost"
            )
        policy = Policy(strict=self.options.strict)
        result = self.load_findings.conclude(self.seed, policy)
        report.write_all(result, Path(self.options.report))
        self.environment.process_exit_code = exit_code(result, policy)
        print(
            f"contract: {result.overall} ({result.requests} requests); report: {self.options.report}"
        )
        for line in result.notes:
            print(f"  {line}")

    # ---------------------------------------------------------------- worker

    def _take_share(self, environment: Environment, msg: Any) -> None:
        self.share = Share(**msg.data)

    def open(self) -> None:
        """Before the first user: a suite of this process's own."""
        if self.share is None:
            return  # joined after the start: nobody has counted on this worker
        share, self.share = self.share, None
        profile = load_target(self.options.target, yes=True)  # the master has asked
        session = Session(profile, share, Path(self.options.report), self.seen, self.late)
        try:
            preflight.ready(session.endpoint)
        except EndpointUnusable as error:
            session.close()
            self.tell({"unusable": session.endpoint.redactor.text(str(error))})
            return
        self.session = session

    def close(self) -> None:
        """After the last user: clean up and report."""
        session, self.session = self.session, None
        if session is not None:
            found = session.close()
            self.late(session.breaches())
            self.tell(found)

    def tell(self, data: dict[str, Any]) -> None:
        """Hand findings to whoever leads."""
        if isinstance(self.environment.runner, WorkerRunner):
            self.environment.runner.send_message(FOUND, data)
        else:
            self.found(data)

    def late(self, breaches: list[str]) -> None:
        """Show breaches that no single answer shows, such as a replay that differs, in Locust's error table."""
        for name in breaches:
            self.environment.stats.log_error("BREACH", name, "more in the report")

    def seen(self, exchange: Exchange, breaches: list[str]) -> None:
        """Count one exchange in Locust's statistics; a breach makes it a failure there."""
        # Ids only: Locust counts equal texts together, and the report has the details.
        problem = ", ".join(dict.fromkeys(breaches)) or (
            exchange.fault_text if exchange.status is None else ""
        )
        hooks: Any = self.environment.events
        hooks.request.fire(
            request_type=exchange.method,
            name=exchange.call.operation,
            response_time=exchange.elapsed * 1000,
            response_length=len(exchange.response.body) if exchange.response else 0,
            exception=RuntimeError(problem[:300]) if problem else None,
            context={},
        )


#: Locust's hooks have no types.
HOOKS: Any = events
_LOADS: dict[Environment, Load] = {}


def _options(parser: Any) -> None:
    group = parser.add_argument_group("contract")
    group.add_argument(
        "--target", default="", env_var="ORCHESTRATOR_CONTRACT_TARGET", help="URL or target profile"
    )
    group.add_argument("--report", default="conformance-report", help="folder for the reports")
    group.add_argument("--seed", type=int, help="repeat a run's generated inputs")
    group.add_argument("--strict", action="store_true", help="advisory breaches fail too")
    group.add_argument(
        "--yes", action="store_true", help="agree that a target that is not loopback is changed"
    )


def _init(environment: Environment, **_: Any) -> None:
    _LOADS[environment] = Load(environment)
    # Users finish their story, so that little is left to be cleaned up.
    environment.stop_timeout = environment.stop_timeout or 5.0
    # The event loop's idea of now is from before the imports; a short --run-time would be over at once.
    gevent.get_hub().loop.update_now()


def _start(environment: Environment, **_: Any) -> None:
    load = _LOADS[environment]
    try:
        if load.leads:
            load.lead()
        if load.drives:
            load.open()
    except ProfileError as error:
        print(error)
        environment.process_exit_code = 4
        if environment.runner is not None:
            gevent.spawn(environment.runner.quit)


def _stop(environment: Environment, **_: Any) -> None:
    _LOADS[environment].close()
    _LOADS[environment].collect()


def _quitting(environment: Environment, **_: Any) -> None:
    if _LOADS[environment].leads:
        _LOADS[environment].conclude()


HOOKS.init_command_line_parser.add_listener(_options)
HOOKS.init.add_listener(_init)
HOOKS.test_start.add_listener(_start)
HOOKS.test_stop.add_listener(_stop)
HOOKS.quitting.add_listener(_quitting)


class Deleter(User):
    """One client among many."""

    wait_time = constant(0)
    steps: Steps | None = None

    def on_start(self) -> None:
        """Work on this process's suite; without one there is nothing to do and the first task ends the user."""
        session = _LOADS[self.environment].session
        self.steps = Steps(session.endpoint) if session is not None else None

    def _do(self, story: str) -> None:
        if self.steps is None:
            raise StopUser
        try:
            getattr(self.steps, story)()
        except (BudgetExhausted, NothingToDelete) as error:
            self.environment.stats.log_error("LIMIT", story, str(error))
            raise StopUser from None
        except Inconclusive as error:
            # Breaches are on record already; what could not be looked at shows in Locust's error table.
            self.environment.stats.log_error("UNVERIFIED", story, str(error))

    @task(4)
    def delete(self) -> None:
        """See `Steps.delete`."""
        self._do("delete")

    @task(3)
    def replay(self) -> None:
        """See `Steps.replay`."""
        self._do("replay")

    @task(2)
    def again(self) -> None:
        """See `Steps.again`."""
        self._do("again")

    @task(1)
    def unknown(self) -> None:
        """See `Steps.unknown`."""
        self._do("unknown")
