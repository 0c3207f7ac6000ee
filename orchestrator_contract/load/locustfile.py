"""Locust's entry, alone or with --master and --worker (docs/load.md)."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]
from locust import User, constant, events, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner

from orchestrator_contract import preflight, report
from orchestrator_contract.check import Check
from orchestrator_contract.exceptions import (
    BudgetExhausted,
    EndpointUnusable,
    Inconclusive,
    NothingToDelete,
)
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.load.session import LoadFindings, Session, Share, load_target
from orchestrator_contract.profile import ProfileError
from orchestrator_contract.results.exit_code import exit_code
from orchestrator_contract.results.verdict import Policy
from orchestrator_contract.rules import malformed_input
from orchestrator_contract.steps.deletes import Deletes

SHARE, STOP, FOUND = "contract-share", "contract-stop", "contract-found"
#: How long the master waits for its workers to clean up and report, in seconds.
PATIENCE_S = 120.0


class Load:
    """The run as this process sees it: master, worker, or both in one."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.share: Share | None = None
        self.session: Session | None = None
        self.findings: LoadFindings | None = None
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
            runner.register_message(FOUND, lambda msg, **_: self.found(msg.data))

    @property
    def options(self) -> Any:
        """The command line; a worker has the master's once the test starts."""
        return self.environment.parsed_options

    def end(self) -> None:
        """End Locust, from a greenlet of its own."""
        if self.environment.runner is not None:
            gevent.spawn(self.environment.runner.quit)

    # ---------------------------------------------------------------- master

    def lead(self) -> None:
        """Find the target, and tell each worker its share.

        Raises:
            ProfileError: --target is no good.
        """
        profile = load_target(self.options.target, yes=self.options.yes)
        self.findings = self.findings or LoadFindings(profile)
        self.seed = self.options.seed if self.options.seed is not None else random.randrange(2**31)
        run_id, runner = secrets.token_hex(4), self.environment.runner
        if not isinstance(runner, MasterRunner):
            self.share, self.expected = Share(run_id, self.seed), self.expected + 1
            return
        workers = [client.id for client in runner.clients.all]
        self.expected += len(workers)
        for index, worker in enumerate(workers):
            data = {"run_id": run_id, "seed": self.seed, "index": index, "of": len(workers)}
            runner.send_message(SHARE, data, client_id=worker)

    def found(self, data: dict[str, Any]) -> None:
        """Take over a process's findings; end the run if none could begin."""
        if self.findings is not None:
            self.findings.merge(data)
            if len(self.findings.unusable) >= self.expected:
                self.end()

    def collect(self) -> None:
        """Have workers clean up and report, while messages still come through."""
        findings, runner = self.findings, self.environment.runner
        if findings is None or not isinstance(runner, MasterRunner):
            return
        if findings.reports < self.expected:
            runner.send_message(STOP)
        with gevent.Timeout(PATIENCE_S, False):  # gevent's way to say: end quietly
            while findings.reports < self.expected:
                gevent.sleep(0.05)

    def conclude(self) -> None:
        """Draw the result from all reports, write files, set the exit code."""
        if self.environment.runner is not None:
            self.environment.runner.stop()
        if self.findings is None:
            return
        if missing := self.expected - self.findings.reports:
            self.findings.notes.append(
                f"{missing} worker(s) did not report; their findings are lost"
            )
        policy, folder = Policy(strict=self.options.strict), self.options.report
        result = self.findings.conclude(self.seed, policy)
        report.write_all(result, Path(folder))
        self.environment.process_exit_code = exit_code(result, policy)
        print(f"contract: {result.overall} ({result.requests} requests); report: {folder}")
        left = len(result.leftovers)  # they are said last
        for line in (*result.notes[left:], *result.leftovers):
            print(f"  {line}")

    # ---------------------------------------------------------------- worker

    def _take_share(self, environment: Environment, msg: Any) -> None:
        self.share = Share(**msg.data)

    def open(self) -> None:
        """Open this process's session, before the first user."""
        if self.share is None:
            return  # joined after the start: the master does not count on this worker
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
        """Clean up and report, after the last user."""
        session, self.session = self.session, None
        if session is not None:
            found = session.close()
            self.late(session.breaches())
            self.tell(found)

    def tell(self, data: dict[str, Any]) -> None:
        """Hand findings to the process that leads."""
        if isinstance(self.environment.runner, WorkerRunner):
            self.environment.runner.send_message(FOUND, data)
        else:
            self.found(data)

    def late(self, breaches: list[str]) -> None:
        """Show breaches of several responses in Locust's error table."""
        for name in breaches:
            self.environment.stats.log_error("BREACH", name, "more in the report")

    def seen(self, exchange: Exchange, breaches: list[str]) -> None:
        """Count one exchange in Locust's statistics, as a failure if breached."""
        # Ids only: Locust counts equal texts together, and the report has the details.
        fault = exchange.fault_text if exchange.status is None else ""
        problem = ", ".join(dict.fromkeys(breaches)) or fault
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
    # Users finish their sequence of calls, so that little is left to be cleaned up.
    environment.stop_timeout = environment.stop_timeout or 5.0
    # The loop's clock is from before the imports; a short --run-time would be over at once.
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
        load.end()


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


def _sequence(run: Callable[[Deleter], None]) -> Callable[[Deleter], None]:
    """*run* as a task of Locust's: what keeps it from going on is shown in its tables."""

    @wraps(run)
    def sequence(user: Deleter) -> None:
        if _LOADS[user.environment].session is None:
            raise StopUser  # in on_start Locust would report it as an error
        try:
            run(user)
        except (BudgetExhausted, NothingToDelete) as error:
            user.environment.stats.log_error("LIMIT", run.__name__, str(error))
            raise StopUser from None
        except Inconclusive as error:
            # Breaches are on record already; a sequence that could not go on is none.
            user.environment.stats.log_error("UNVERIFIED", run.__name__, str(error))

    return sequence


class Deleter(User):
    """One client among many, which repeats sequences of calls."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Join this process's endpoint; without one the first task ends the user."""
        session = _LOADS[self.environment].session
        if session is not None:
            self.endpoint = session.endpoint
            self.deletes = Deletes(self.endpoint)
            self.check = Check(self.endpoint)

    @task(4)
    @_sequence
    def delete(self) -> None:
        """Delete under a key, poll to the end, fetch the deleted configuration."""
        operation = self.deletes.completed()[0]
        self.check.deleted(operation)

    @task(3)
    @_sequence
    def replay(self) -> None:
        """Replay a delete before and after its end, on reused and new connections."""
        operation = self.deletes.accept_new()[0]
        for connection in ("reused", "new"):
            again = self.deletes.repeat(operation, connection=connection)
            self.check.same_response(operation, again)
        for completed in self.deletes.complete([operation]):
            self.check.same_response(completed, self.deletes.repeat(completed))

    @task(2)
    @_sequence
    def again(self) -> None:
        """Delete without a key, and delete again after the end."""
        operation = self.deletes.completed(keyed=False)[0]
        self.check.not_found_again(operation, key=self.endpoint.key())

    @task(1)
    @_sequence
    def unknown(self) -> None:
        """Delete a SID that does not exist."""
        absent = self.endpoint.absent.one()
        exchange = self.endpoint.client.delete(absent, key=self.endpoint.key())
        if exchange.status != 500:  # documented, and says nothing of the SID
            malformed_input.not_found(self.endpoint.findings, exchange)
