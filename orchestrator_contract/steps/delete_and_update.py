"""A delete beside reads, updates and creates: concurrent, or during it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator_contract.check import Check
from orchestrator_contract.contract.limits import LARGEST_PAGE
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.provision.identity import named_by
from orchestrator_contract.provision.payload import NEW
from orchestrator_contract.provision.single import SingleCreator
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import concurrency, control_plane, deletion, idempotency
from orchestrator_contract.rules.errors import CONFLICT
from orchestrator_contract.rules.idempotency import MISMATCH
from orchestrator_contract.scope import DEFAULT_SCOPE
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.step import Step, Uses
from orchestrator_contract.steps.updates import Updates


@dataclass(eq=False)
class Mix:
    """Responses to a concurrent delete, reads and updates of one SID."""

    target: Configuration
    delete: Exchange
    fetches: list[Exchange]
    pages: list[Exchange]
    #: The configurations beside the deleted one in the list, with fetches during its delete.
    neighbours: list[tuple[Configuration, Exchange]]
    updates: list[Exchange] = field(default_factory=list)


class DeleteAndUpdate(Step):
    """Sends a delete beside other calls."""

    _deletes = Uses(Deletes)
    _updates = Uses(Updates)
    _check = Uses(Check)

    # ---------------------------------------------------------------- at one moment

    def adjacent(self) -> list[Configuration]:
        """Three configurations, made at one moment unless that would take long.

        Raises:
            NothingToDelete: there are not as many.
        """
        payloads = [] if self._endpoint.poller.is_slow else [NEW] * 3
        return self._endpoint.configurations.take(3, payloads=payloads)

    def mix(self) -> Mix:
        """A delete concurrent with fetches, a list and updates."""
        target = self._endpoint.configurations.one()
        return self._mix(target, updates=self._update_requests(target))

    def settled_mix(self, trio: Sequence[Configuration]) -> Mix:
        """A delete of the middle one in the list, beside reads that must show the others by now."""
        self._endpoint.wait(max(one.read_lag_s for one in trio))
        listed = _whole_list(self._api.page(f"pageSize={LARGEST_PAGE}")) or []
        if all(one.sid in listed for one in trio):
            trio = sorted(trio, key=lambda one: listed.index(one.sid))
        before, target, after = trio
        return self._mix(target, neighbours=(before, after))

    def _mix(
        self,
        target: Configuration,
        neighbours: Sequence[Configuration] = (),
        updates: Sequence[Request] = (),
    ) -> Mix:
        fetch = self._api.fetch_request(target)
        page = self._api.page_request(f"pageSize={LARGEST_PAGE}")
        delete = self._api.delete_request(target, key=self._endpoint.key())
        responses = self._api.send_together([fetch, delete, page, fetch, *updates])
        first, deleted, listed, second, *updated = responses
        mix = Mix(target, deleted, [first, second], [listed], [], updated)
        for one in neighbours:  # while the delete runs
            mix.neighbours.append((one, self._api.fetch(one)))
            mix.pages.append(self._api.send(page))
        return mix

    def _update_requests(self, target: Configuration) -> list[Request]:
        if not target.payload:
            return []  # the content of the profile's configurations is not the run's to change
        text = "beside a delete"
        return [self._updates.request(target, method, text) for method in ("PUT", "PATCH")]

    def judge_reads(self, mix: Mix) -> None:
        """Check that fetches show their configuration, and reads its neighbours."""
        for fetch in mix.fetches:
            control_plane.same_configuration(self._findings, mix.target.sid, fetch)
        for neighbour, beside in mix.neighbours:
            missed = self._missed(neighbour, beside, mix.pages)
            expected = f"{neighbour.sid} seen beside a delete"
            steps = [mix.delete, *missed[:1]]
            concurrency.linearizable(self._findings, not missed, expected, "not there", steps)

    def judge_deleted_before(self, mix: Mix) -> None:
        """Check that an old deletion stays while another delete runs."""
        oldest = self._endpoint.rechecks.oldest_keys()
        for operation in [one for one in oldest if one.accepted.scope == DEFAULT_SCOPE][:1]:
            self._check.deleted(operation)
            later = self._api.page(f"pageSize={LARGEST_PAGE}")
            for page in (*mix.pages, later):
                self._check.page_holds_none([operation], page)

    def judge_end(self, mix: Mix) -> list[Operation]:
        """Check that the delete, or one after the updates, has deleted it.

        Raises:
            Inconclusive: no delete of it completed.
        """
        self._endpoint.follow(mix.target, *mix.updates)
        deletes = self._endpoint.follow(mix.target, mix.delete)
        # Beside an update it may rightly have failed.
        if not deletes or (deletes[0].done and deletes[0].status != "COMPLETED"):
            deletes = [self._deletes.accept(mix.target, key=self._endpoint.key())]
        done = self._deletes.complete(deletes)
        for completed in done:
            self._check.completed_delete_was_carried_out(
                "CONC-LINEARIZABLE", completed, mix.delete, *mix.pages, *mix.updates
            )
        return done

    def update_after_202(self, mix: Mix) -> None:
        """One more update, after the delete's 202."""
        if mix.delete.status == 202 and mix.target.payload:
            request = self._updates.request(mix.target, "PATCH", "after the 202")
            mix.updates.append(self._api.send(request))

    def _missed(
        self, configuration: Configuration, fetch: Exchange, pages: Sequence[Exchange]
    ) -> list[Exchange]:
        """Reads that miss an existing configuration: its fetch, or the whole list."""
        if fetch.status == 404:
            return [fetch]
        whole = [(page, ids) for page in pages if (ids := _whole_list(page)) is not None]
        return [page for page, ids in whole if configuration.sid not in ids]

    # ---------------------------------------------------------------- while an update runs

    def delete_while_updating(
        self, configuration: Configuration, method: str, *, under_its_key: bool
    ) -> tuple[Operation, Exchange]:
        """An accepted update, and the response to a delete while it ran, under its key first.

        Raises:
            Inconclusive: the endpoint refuses the update.
        """
        update = self._updates.update(configuration, method, key=self._endpoint.key())
        delete = self.under_its_key(update, configuration) if under_its_key else None
        if delete is None:
            key = self._endpoint.key()
            delete = self._api.delete(configuration, key=key, new_connection=True)
        return update, delete

    def under_its_key(self, other: Operation, configuration: Configuration) -> Exchange | None:
        """The 202 of a delete under another call's key, if taken for new."""
        call = Call("delete", configuration.sid, allow=MISMATCH)
        # On a new connection: a kept one is watched for a moment first, and a running call would be
        # over.
        exchange = self._api.delete(
            configuration, key=other.accepted.key, call=call, new_connection=True
        )
        own = idempotency.own_response(
            self._findings, "KEY-REUSE-OTHER-CALL", other.accepted, exchange
        )
        return exchange if own and exchange.status == 202 else None

    def judge_delete_while_updating(
        self, configuration: Configuration, update: Operation, delete: Exchange
    ) -> None:
        """Check that the delete was refused without effect, or COMPLETED."""
        self._endpoint.finish([update])
        operations = self._endpoint.follow(configuration, delete)
        steps = [update.accepted, delete, *update.polls[-1:]]
        if any(one.status == "COMPLETED" for one in operations):
            self._endpoint.rechecks.completed(operations, "deleted while an update ran")
            self._check.completed_delete_was_carried_out("CONC-LINEARIZABLE", operations[0], *steps)
        elif delete.status in (404, 409) and not self._endpoint.is_echo(delete):
            concurrency.linearizable(
                self._findings, delete.status == 409, "409, or 202", delete.outcome(), steps
            )
            self._check.unchanged(
                configuration, after=steps, requirement="CONC-LINEARIZABLE", recheck=True
            )
            if delete.status == CONFLICT:
                self._check.unchanged(configuration, after=delete)

    # ---------------------------------------------------------------- after the end

    def late_updates(self, operation: Operation) -> list[Exchange]:
        """Late updates of a deleted configuration, accepted ones to their end.

        Raises:
            Inconclusive: its content is not the run's to change.
        """
        configuration = operation.configuration
        requests = [
            self._updates.request(configuration, method, "late") for method in ("PUT", "PATCH")
        ]
        exchanges = [self._api.send(one) for one in requests]
        self._endpoint.follow(configuration, *exchanges)
        self._endpoint.rechecks.completed([operation], "deleted before an update")
        return exchanges

    def judge_not_restored(self, operation: Operation, updates: Sequence[Exchange]) -> None:
        """After COMPLETED no update restores the configuration."""
        _, fetch = self._check.look(operation.configuration)
        steps = [*operation.steps, *updates, fetch]
        deletion.not_restored(self._findings, fetch.status == 200, steps)

    # ---------------------------------------------------------------- beside a create

    def _creator(self) -> tuple[SingleCreator, dict[str, Any]]:
        if self._endpoint.profile.provision.mode != "create":
            raise Inconclusive("configurations are given here, not created")
        creator = self._endpoint.configurations.creator
        return creator, creator.payloads.plain()

    def delete_beside_create(
        self, configuration: Configuration, *, at_once: bool
    ) -> tuple[Operation, Exchange]:
        """A create, and a delete concurrent with it or right after.

        Raises:
            Inconclusive: nothing can be created here.
        """
        creator, payload = self._creator()
        delete = self._api.delete_request(configuration, key=self._endpoint.key())
        deleted: list[Exchange] = []

        def together(create: Request) -> Exchange:
            created, response = self._api.send_together([create, delete])
            deleted.append(response)
            return created

        created = creator.begin(payload, self._endpoint.key(), send=together if at_once else None)
        response = deleted[0] if deleted else self._api.send(delete, new_connection=True)
        with contextlib.suppress(Inconclusive):  # what it made is removed at the end
            creator.conclude(created, payload)
        return created, response

    def delete_while_creating(self) -> list[Operation]:
        """A COMPLETED delete that was accepted while the create ran, which COMPLETED, too.

        Raises:
            Inconclusive: nothing can be created here, or its 202 names no SID.
        """
        creator, payload = self._creator()
        created = creator.begin(payload, self._endpoint.key())
        deleted: list[Operation] = []
        if sid := named_by(created):
            configuration = Configuration(sid, payload["displayName"], payload=payload)
            self._endpoint.ownership.allow(sid)
            exchange = self._api.delete(configuration, allow_no_response=True)
            self._endpoint.poller.finish([created], early=False)
            deleted = self._endpoint.follow(configuration, exchange)
        if any(one.status == "COMPLETED" for one in deleted):
            self._endpoint.inventory.add(configuration)
            return deleted if created.status == "COMPLETED" else []
        creator.conclude(created, payload)
        if not sid:
            raise Inconclusive("the 202 of a create names no SID")
        return []

    def delete_under_key_of_create(self, configuration: Configuration) -> list[Operation]:
        """A delete under a running create's key, if taken for a new request.

        Raises:
            Inconclusive: nothing can be created here.
        """
        creator, payload = self._creator()
        created = creator.begin(payload, self._endpoint.key())
        exchange = self.under_its_key(created, configuration)
        with contextlib.suppress(Inconclusive):  # what it made is removed at the end
            creator.conclude(created, payload)
        return [self._endpoint.poller.accept(exchange, configuration)] if exchange else []

    def judge_beside_create(
        self, created: Operation, delete: Exchange, configuration: Configuration
    ) -> list[Operation]:
        """Check that delete and create each got their own response."""
        if delete.status != 202:
            return []
        own = concurrency.own_response_beside_create(
            self._findings, created.accepted, delete, configuration.sid
        )
        return [self._endpoint.poller.accept(delete, configuration)] if own else []


def _whole_list(page: Exchange) -> list[Any] | None:
    """The ids of a list that fits on one page; None for any other."""
    items, meta = page.object.get("configurations"), page.object.get("meta")
    more = isinstance(meta, dict) and bool(meta.get("nextToken"))
    if page.status != 200 or not isinstance(items, list) or more:
        return None
    return [item.get("id") for item in items if isinstance(item, dict)]
