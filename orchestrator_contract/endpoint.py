"""One run against one target, wired together: what the contract tests get to work with."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from random import Random
from uuid import NAMESPACE_OID, UUID, uuid5

from orchestrator_contract.api.client import Client
from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.poller import Poller
from orchestrator_contract.contract import catalogue, schemas
from orchestrator_contract.coordination.coordinator import Coordinator
from orchestrator_contract.effort import Effort
from orchestrator_contract.exceptions import BudgetExhausted, Inconclusive, NothingToDelete
from orchestrator_contract.guard import Ownership
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.inputs.malformed_sids import USUAL_SID, MalformedSid
from orchestrator_contract.profile import Profile
from orchestrator_contract.provision.inventory import Inventory
from orchestrator_contract.provision.payload import RICH
from orchestrator_contract.provision.provisioner import Provisioner
from orchestrator_contract.provision.read_lag import Visibility
from orchestrator_contract.redaction.redactor import Redactor
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.rules.listing import DeletedListRule
from orchestrator_contract.rules.responses import Judge
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.rechecks import Rechecks
from orchestrator_contract.steps.server_error_rate import Crashes

_SID_TAIL = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Settings:
    """What one process of a run needs to know."""

    profile: Profile
    effort: Effort
    seed: int
    #: Names what this run creates; the same in all its processes.
    run_id: str
    #: Tells the processes of one run apart; empty without xdist.
    worker: str = ""


class Endpoint:
    """The run as one process sees it."""

    def __init__(self, settings: Settings, coordinator: Coordinator) -> None:
        self.settings = settings
        self.profile = settings.profile
        self.effort = settings.effort
        self.random = Random(f"{settings.seed}")  # repeatable on purpose
        self.coordinator = coordinator
        self._key_salt = uuid5(NAMESPACE_OID, settings.run_id).int
        self.redactor = Redactor.of(self.profile)
        self.findings = Findings(catalogue.load(), self.redactor)
        self.judge = Judge(self.findings, self.profile.tolerated)
        self.ownership = Ownership()
        self.client = Client(
            self.profile, coordinator, self.findings, self.judge, self.redactor, self.ownership
        )
        self.client.longest_s = self.effort.longest_s
        self.poller = Poller(self.client)
        self.poller.early_every = self.effort.early_every
        run = (
            f"{settings.run_id}{settings.worker.removeprefix('gw')}"
            if settings.worker
            else settings.run_id
        )
        self.inventory = Inventory(coordinator, self.ownership)
        list_watch = DeletedListRule(self.findings, self.inventory.owner)
        self.poller.polled = list_watch.polled
        self.client.recorders.append(list_watch)
        self.crashes = Crashes(self.well_formed_key)
        self.client.recorders.append(self.crashes)
        self.configurations = Provisioner(self.client, self.poller, self.inventory, run)
        self.configurations.ahead = self.effort.ahead
        creator = self.configurations.creator
        creator.settle = Visibility(
            self.client, self.configurations.listing, creator.identity.seen
        ).wait
        self.rechecks = Rechecks(self)
        self.configurations.needed = lambda one: one is self._bystander or self.rechecks.keeps(one)
        self.configurations.release = self.rechecks.release
        self._bystander: Configuration | None = None
        self._bystanders: list[Configuration] = []
        self._absent: dict[Scope, str] = {}

    def reseed(self, test: str, to_come: float = inf) -> None:
        """Start one test: its random numbers are the same for the same seed, whatever ran before; so many are *to_come* after it."""
        self.random.seed(f"{self.settings.seed}/{test}")
        self.configurations.begin(to_come)

    # ---------------------------------------------------------------- generated values

    def key(self, version: int = 4, variant: int | None = None) -> str:
        """A fresh idempotency key; a UUID of *version*, and of RFC 9562's variant unless *variant* gives another digit for it.

        The run's id is mixed in: another run with the same seed, within the life of its keys, must not meet them.
        """
        number = self.random.getrandbits(128) ^ self._key_salt
        places = 0xF << 76 | (0x3 << 62 if variant is None else 0xF << 60)
        return str(
            UUID(
                int=number & ~places
                | version << 76
                | (0x2 << 62 if variant is None else variant << 60)
            )
        )

    @staticmethod
    def well_formed_key(key: str) -> bool:
        """Whether *key* matches the documented pattern."""
        return schemas.matches("idempotency-key.json", key)

    def unknown_sid(self) -> str:
        """A well-formed SID that no configuration has, by all likelihood."""
        tail = "".join(self.random.choice(_SID_TAIL) for _ in range(25))
        return f"conv_configuration_{self.random.randrange(8)}{tail}"

    def absent_sid(self, scope: Scope = DEFAULT_SCOPE) -> str:
        """A well-formed SID shown to be absent in *scope*, so that a DELETE may be sent to it there; in a quick run always the same.

        Raises:
            Inconclusive: the endpoint says that it exists.
        """
        if scope not in self._absent or not self.effort.few:
            sid = self.unknown_sid()
            self.show_absent(sid, scope)
            self._absent[scope] = sid
        return self._absent[scope]

    def show_absent(self, segment: str, scope: Scope = DEFAULT_SCOPE) -> None:
        """Let a DELETE be sent to *segment* in *scope* after a fetch has shown that nothing is there.

        Raises:
            Inconclusive: something may be there.
        """
        exchange = self.client.fetch(Configuration(segment, scope=scope))
        if exchange.succeeded:
            raise Inconclusive(
                f"a fetch of the made-up SID {segment[:60]!r} answers {exchange.status}, so a configuration may have it"
            )
        self.ownership.allow(segment, scope=scope)

    def is_echo(self, exchange: Exchange) -> bool:
        """Whether a 404 or 409 may come of an earlier delete of the SID that was answered 500 or 503: nothing is promised of those."""
        doubtful = any(
            status in (500, 503) for status in exchange.before
        ) or self.ownership.doubtful((exchange.scope, exchange.call.subject))
        return exchange.status in (404, 409) and doubtful

    def harmless(self, odds: Iterable[MalformedSid], target: Configuration) -> list[MalformedSid]:
        """Those of *odds*, which lie near *target*, that a DELETE may name.

        Of ids that look as documented no two are near each other. Of others any may be somebody's, or another spelling
        of *target*, so a fetch must show that it is not.
        """
        found = [
            odd
            for odd in odds
            if USUAL_SID.fullmatch(target.sid) or self._is_absent(odd.segment, target.scope)
        ]
        self.ownership.allow(*(odd.segment for odd in found), scope=target.scope)
        return found

    def _is_absent(self, segment: str, scope: Scope) -> bool:
        try:
            self.show_absent(segment, scope)
        except BudgetExhausted:
            raise
        except Inconclusive:
            return False
        return True

    # ---------------------------------------------------------------- what nothing may delete

    @property
    def control_configuration(self) -> Configuration:
        """A configuration that nothing in the run may delete: refused requests are aimed at it."""
        if self._bystander is None or self.is_lost(self._bystander):
            self._bystander = self.configurations.one()
            self._bystanders.append(self._bystander)
        return self._bystander

    def is_lost(self, configuration: Configuration) -> bool:
        """Whether this was the bystander until a request that named it was accepted, or left without an answer."""
        return configuration in self._bystanders and not self.ownership.untouched(
            configuration.resource_key
        )

    def targets(self, number: int) -> list[Configuration]:
        """Configurations with all their parts to aim refused requests at, one each to tell causes apart; in a quick run, or for want, the bystander.

        Raises:
            NothingToDelete: not even that can be had.
        """
        with contextlib.suppress(NothingToDelete):
            if not self.effort.few:
                return self.configurations.take(number, payloads=[RICH] * number)
        return [self.control_configuration] * number

    def is_control_configuration(self, configuration: Configuration) -> bool:
        """Whether *configuration* is the bystander."""
        return configuration is self._bystander

    def forget_control_configuration(self) -> None:
        """Forget the bystander after a breach took it away."""
        self._bystander = None

    # ---------------------------------------------------------------- waiting

    def until(self, condition: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
        """Whether *condition* comes to hold within *seconds*."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(pause)
        return True

    def wait(self, seconds: float) -> None:
        """Let *seconds* pass; none where they are over already.

        Contract tests wait here and in `until` only, so that a made-up clock in this module's place is theirs as well.
        """
        time.sleep(max(seconds, 0.0))

    def close(self) -> list[Configuration]:
        """Take the last second looks and clean up; what could not be deleted is returned."""
        self.configurations.discard(keep=self.rechecks.keeps)
        self.rechecks.settle()
        left = self.configurations.clean_up()
        self.client.settle()
        return left

    def requirements_lacking(self, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Those of *ids* that this target can't verify, with the capabilities that are missing."""
        known = self.findings.catalogue.requirements
        return {one: lacking for one in ids if (lacking := self.profile.lacks(known[one].needs))}


def exists(exchange: Exchange) -> bool | None:
    """Whether a fetch shows the configuration; None when it says neither yes nor no."""
    return {200: True, 404: False}.get(exchange.status or 0)
