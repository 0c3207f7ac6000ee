"""One process of a load run: its endpoint, its limits, its findings."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any

from orchestrator_contract import profile
from orchestrator_contract.contract import catalogue
from orchestrator_contract.coordination.coordinator import Coordinator, initial_bound
from orchestrator_contract.coordination.journal import Journal, header, journal_path
from orchestrator_contract.effort import EFFORTS
from orchestrator_contract.endpoint import Endpoint, Settings
from orchestrator_contract.exceptions import EndpointUnusable
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.load.rates import Rates
from orchestrator_contract.profile import Profile, ProfileError
from orchestrator_contract.pytest_plugin.plan import distant
from orchestrator_contract.results.findings import Findings
from orchestrator_contract.results.verdict import Policy, Result, conclude

#: The requirements of every load run; findings of others are reported, too.
CORE = """
    HTTP-COMPLETE HTTP-JSON HTTP-CONTENT-TYPE
    DEL-STATUS DEL-ACCEPTED DEL-202-BODY DEL-202-HEADERS DEL-202-OPERATION-NAMED
    DEL-202-LINKS-AGREE DEL-202-RELATED DEL-202-OWN-OPERATION DEL-202-STATUS-URL-ORIGIN
    KEY-REPLAY KEY-REPLAY-ENDED KEY-ONE-OPERATION
    OP-FETCH OP-BODY OP-ID OP-STATUS-URL-ORIGIN OP-STATUS-ORDER OP-TIMESTAMPS OP-TERMINATES
    OP-COMPLETES DELETED-FETCH DELETED-DELETE SID-UNKNOWN ERR-404-BODY
""".split()  # noqa: SIM905  # one id a line takes a page
#: Where the report says a finding was made.
PLACE = "orchestrator_contract/load/locustfile.py"


@dataclass(frozen=True, slots=True)
class Share:
    """One process's part, sent to workers as plain data."""

    run_id: str
    seed: int
    #: Of how many processes this one is which, counted from 0.
    index: int = 0
    of: int = 1


def load_target(target: str, *, yes: bool) -> Profile:
    """The profile that *target*, a URL or a file, names.

    Raises:
        ProfileError: it names none, or the target is not this machine and nobody agreed.
    """
    if not target:
        raise ProfileError("load needs --target URL or profile.toml")
    found = profile.load(target)
    try:
        places = [] if yes else distant(found)
    except EndpointUnusable as error:
        raise ProfileError(str(error)) from None
    if places:
        raise ProfileError(
            f"{', '.join(places)}: not a loopback address; load creates and deletes there, so add"
            " --yes"
        )
    return found


def shared(whole: Profile, of: int) -> Profile:
    """*whole* with this process's part of limits that *of* processes keep."""
    limits, room = whole.limits, initial_bound(whole)
    delete_requests = limits.delete_requests // of
    # 0 would mean that DELETEs have no bound: a process without a share of them sends nothing.
    idle = bool(limits.delete_requests) and not delete_requests
    part = replace(
        limits,
        requests=0 if idle else limits.requests // of,
        deletes=limits.deletes // of,
        delete_requests=delete_requests,
        requests_per_second=limits.requests_per_second / of,
        configurations=max(room // of, 1) if room else None,
    )
    return replace(whole, limits=part)


class Session:
    """The suite under load in one process."""

    def __init__(
        self,
        whole: Profile,
        share: Share,
        folder: Path,
        seen: Callable[[Exchange, list[str]], None],
        late: Callable[[list[str]], None],
    ) -> None:
        part = shared(whole, share.of)
        run = f"{share.run_id}{share.index:x}" if share.of > 1 else share.run_id
        self.journal = Journal(journal_path(folder, run), header(part, run))
        coordinator = Coordinator.of(part, self.journal)
        # How long it lasts is for the load run to say.
        effort = replace(EFFORTS["quick"], ahead=8, longest_s=inf)
        self.endpoint = Endpoint(Settings(part, effort, share.seed, run), coordinator)
        self.endpoint.begin(f"load {share.index}")
        self.endpoint.findings.test = PLACE
        self.rates = Rates()
        self._seen = seen
        # What was found before an exchange belongs to no single response.
        self.endpoint.client.observers.insert(
            0, lambda _: late(found) if (found := self.breaches()) else None
        )
        self.endpoint.client.observers.append(self._record)

    def _record(self, exchange: Exchange) -> None:
        self.rates.count(exchange.at.timestamp() + exchange.elapsed, exchange.status)
        self._seen(exchange, self.breaches())

    def breaches(self) -> list[str]:
        """Requirements breached since the last call, once for each problem."""
        found = self.endpoint.findings.end()
        self.endpoint.findings.test = PLACE
        return [one.requirement for one in found]

    def close(self) -> dict[str, Any]:
        """Clean up; the findings, as plain data that a message can carry."""
        left, profile = self.endpoint.close(), self.endpoint.profile
        leftovers = []
        if left:
            sids, target = ", ".join(one.sid for one in left), profile.source or profile.base_url
            command = ["orchestrator-contract", "--target", target, "--cleanup"]
            leftovers = [
                f"{len(left)} configuration(s) of this run could not be deleted: {sids}",
                f"this deletes it: {shlex.join([*command, str(self.journal.path)])}",
            ]
        else:
            self.journal.discard()
        return {
            "findings": self.endpoint.findings.dump(),
            "rates": self.rates.dump(),
            "leftovers": leftovers,
        }


@dataclass(slots=True)
class LoadFindings:
    """The merged findings of all processes."""

    profile: Profile
    findings: Findings = field(init=False)
    rates: Rates = field(default_factory=Rates)
    notes: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)
    reports: int = 0
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.findings = Findings(catalogue.load(), self.profile.redactor())

    def merge(self, found: dict[str, Any]) -> None:
        """Take over the findings of one process."""
        self.reports += 1
        if "unusable" in found:
            self.unusable.append(found["unusable"])
            return
        self.findings.merge(found["findings"])
        self.rates.merge(found["rates"])
        self.leftovers += found["leftovers"]

    def conclude(self, seed: int, policy: Policy) -> Result:
        """The result of the load run, for the same writers as any other."""
        records = self.findings.records.items()
        seen = {name for name, record in records if record.checks or record.breaches}
        none_began = self.unusable and len(self.unusable) == self.reports
        return conclude(
            self.findings,
            self.profile,
            seen.union(CORE),
            policy=policy,
            seed=seed,
            effort="quick",
            started=self.started,
            finished=datetime.now(UTC),
            unusable=EndpointUnusable(self.unusable[0]) if none_began else None,
            leftovers=self.leftovers,
            notes=[*self.notes, *self.rates.notes()],
        )
