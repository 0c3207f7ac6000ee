"""The contract's words for tests: fetch, and let the rules judge."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import partial

from orchestrator_contract.api.pagination import Pagination, ids_of
from orchestrator_contract.check_keys import KeyChecks
from orchestrator_contract.contract.limits import LARGEST_PAGE
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.retry_after import CONFLICT_PAUSES_S, past_500
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import (
    authorization,
    control_plane,
    deletion,
    malformed_input,
    transport,
)
from orchestrator_contract.steps.fault_injection import InjectedFault

#: Statuses of refusals that pass.
_PASSING = frozenset({None, 429, 500, 502, 503, 504})
#: Members that tell a configuration from others, and the length above which no refusal holds them
#: by chance.
_TELLING, _BY_CHANCE = ("displayName", "description", "memoryStoreId"), 15


class Check(KeyChecks):
    """Checks of one run. Each word returns whether the contract held."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._list: Pagination = endpoint.configurations.listing
        #: Emptied once a conflict with other work outlasted them.
        self._conflict_pauses_s: tuple[float, ...] = CONFLICT_PAUSES_S

    # ---------------------------------------------------------------- unknown and malformed SIDs

    def not_found(self, *exchanges: Exchange) -> bool:
        """Check that an unknown SID returns 404; a 500 may pass and is left out."""
        told = [one for one in exchanges if one.status != 500]
        results = [malformed_input.not_found(self.findings, one) for one in told]
        return all(results)

    def method_not_allowed(self, response: Exchange) -> bool:
        """Check that an unsupported method returns 405 with Allow."""
        return malformed_input.method_not_allowed(self.findings, response)

    def decodes(self, response: Exchange) -> bool:
        """Check that the response decodes by an offered coding."""
        return transport.decodes(self.findings, response)

    # ---------------------------------------------------------------- deleted

    def deleted(self, operation: Operation) -> bool:
        """Check that a fetch returns 404 after COMPLETED."""
        fetch = past_500(partial(self._api.fetch, operation.configuration))
        return deletion.deleted_by_fetch(self.findings, operation, fetch)

    def deleted_if_completed(self, operation: Operation) -> None:
        """Check that a delete that COMPLETED has deleted its configuration."""
        if operation.status == "COMPLETED":
            self._inventory.gone(operation.configuration)
            self.deleted(operation)

    def unchanged_by_failed(self, operations: Sequence[Operation]) -> None:
        """Check that deletes that FAILED leave their configurations."""
        for operation in (one for one in operations if one.status == "FAILED"):
            self.unchanged(operation.configuration, after=operation.steps)

    def deleted_at_once(self, operation: Operation, number: int) -> None:
        """Check that no simultaneous fetch shows a deleted configuration."""
        request = self._api.fetch_request(operation.configuration)
        for fetch in self._api.send_together([request] * number):
            if fetch.status in (200, 404):
                deletion.deleted_by_fetch(self.findings, operation, fetch)

    def not_found_again(self, operation: Operation, *, key: str | None = None) -> bool:
        """Check that another delete returns 404, under a new *key* or none."""
        send = partial(self._api.delete, operation.configuration)
        again = past_500(partial(send, key=key))
        for pause in self._conflict_pauses_s if again.status == 409 else ():
            # A conflict with other work on the account passes; it is open whether it is stored for
            # a key.
            time.sleep(pause)
            again = send(key=self._endpoint.key() if key else None)
            if again.status != 409:
                break
        else:
            if again.status == 409:
                self._conflict_pauses_s = ()
        return deletion.deleted_by_delete(self.findings, operation, again)

    def not_listed(
        self,
        operations: Sequence[Operation],
        *,
        size: int | None = LARGEST_PAGE,
        exist: Sequence[Configuration] = (),
    ) -> None:
        """Check that no page holds the deleted, and pages hold those that *exist*.

        All are of one scope.

        Raises:
            Inconclusive: the list can't be read to its end.
        """
        deleted = {one.sid: one for one in operations}
        if not operations and not exist:
            return
        scope = operations[0].accepted.scope if operations else exist[0].scope
        listed: set[str] = set()
        pages: list[Exchange] = []
        for page in self._list.pages(size=size, scope=scope):
            ids = ids_of(page)
            listed.update(ids)
            pages += [page] if ids else []
            for operation in [deleted.pop(sid) for sid in ids if sid in deleted]:
                deletion.not_listed(self.findings, operation.steps, operation.sid, page)
        if deleted:
            deletion.none_listed(self.findings)
        for configuration in exist:
            self._listed_or_fetched(configuration, configuration.sid in listed, pages)

    def page_holds_none(self, operations: Sequence[Operation], page: Exchange) -> None:
        """Check that a page of the list holds no deleted configuration."""
        listed = ids_of(page)
        deletion.none_listed(self.findings)
        for operation in operations:
            if operation.sid in listed:
                deletion.not_listed(self.findings, operation.steps, operation.sid, page)

    def _listed_or_fetched(
        self, configuration: Configuration, listed: bool, pages: Sequence[Exchange]
    ) -> None:
        """Check a configuration that must exist by the list, else by a fetch.

        A list may shift under a walk over several pages.
        """
        if listed:
            deletion.exists_in_list(self.findings)
        elif (
            self.unchanged(configuration, after=pages[-1:], requirement="EFFECT-NO-OTHER")
            and len(pages) == 1
            and not configuration.read_lag_s
        ):
            control_plane.listed(self.findings, [configuration.sid], pages)

    def stays_deleted(self, operations: Sequence[Operation]) -> None:
        """Check that COMPLETED operations are unchanged long after their end.

        Their configurations, the list and another delete are checked, too.

        Raises:
            Inconclusive: the list can't be read to its end.
        """
        for operation in operations:
            self._endpoint.poller.poll(operation)
            self.deleted(operation)
        self.not_found_again(operations[0], key=self._endpoint.key())
        self.not_listed(operations)

    def stays_failed(self, operation: Operation) -> None:
        """Check that operation and configuration are unchanged long after FAILED.

        Raises:
            Inconclusive: a fetch does not tell.
        """
        self._endpoint.poller.poll(operation)
        self.unchanged(operation.configuration, after=operation.steps)

    # ---------------------------------------------------------------- unchanged

    def unchanged(
        self,
        configuration: Configuration,
        *,
        after: Sequence[Exchange] | Exchange = (),
        requirement: str = "",
        recheck: bool = False,
    ) -> bool:
        """Check that the configuration exists as it was shown.

        The requests in *after* decide the requirement.

        With *recheck* it is looked at again later in the run.

        Raises:
            Inconclusive: a fetch does not tell.
        """
        steps = [after] if isinstance(after, Exchange) else list(after)
        requirement = requirement or deletion.no_effect_requirement(steps)
        exists, fetch = self.look_for(configuration)
        if exists is None:
            raise Inconclusive(f"a fetch does not tell whether it exists ({fetch.outcome()})")
        if not exists and self._inventory.is_leaving(configuration):
            raise Inconclusive("the run deleted it to make room in the account")
        ok = deletion.exists(self.findings, requirement, configuration, steps, fetch)
        if not exists:
            self._endpoint.targets.lost(configuration)
        elif recheck:
            self._endpoint.rechecks.unchanged(requirement, configuration, steps)
        return exists and ok

    def unchanged_while_deleting(
        self, configuration: Configuration, responses: Sequence[Exchange]
    ) -> bool:
        """Check that the configuration exists after deletes in *responses*.

        Accepted ones get time to delete it first.
        """
        accepted = [one for one in responses if one.succeeded]
        deleted = bool(accepted) and self._endpoint.until(
            lambda: self.look(configuration)[0] is False, self._endpoint.effort.watch_s, 0.2
        )
        after = (accepted or list(responses))[-4:]
        return self.unchanged(configuration, after=after, recheck=not deleted)

    def unchanged_by(self, fault: InjectedFault) -> bool:
        """Check that the target of refused deletes exists, now and later."""
        assert fault.target is not None  # what `reject` returns names one
        return self.unchanged(fault.target, after=fault.on_target[-2:], recheck=True)

    def exists(self, configuration: Configuration) -> bool:
        """Check that a created configuration is shown to its owner."""
        _, fetch = self.look_for(configuration)
        return control_plane.shown(self.findings, fetch)

    def seen(self, configuration: Configuration) -> None:
        """Like `shown`, unless a fetch has shown it after its create in this test."""
        if not configuration.shown or not self._inventory.is_unused(configuration):
            self.shown(configuration)

    def shown(self, configuration: Configuration) -> None:
        """Remember how a fetch shows the configuration, for comparison.

        Raises:
            Inconclusive: a fetch does not show it.
        """
        exists, fetch = self.look_for(configuration)
        if not exists:
            raise Inconclusive(
                f"a fetch does not show the existing configuration ({fetch.outcome()})"
            )
        configuration.shown = fetch.object

    # ---------------------------------------------------------------- unauthorized callers

    def refused(
        self,
        *exchanges: Exchange,
        secrets: Iterable[str] = (),
        evidence: Sequence[Exchange] = (),
    ) -> bool:
        """Check that unauthorized deletes are refused and disclose nothing.

        No refusal may hold a name of the run's or one of *secrets*.
        """
        hidden = [f"oc-{self._endpoint.settings.run_id}", *secrets]
        results = []
        for exchange in exchanges:
            told = authorization.no_disclosure(self.findings, exchange, hidden, evidence)
            refused = authorization.refused(self.findings, exchange)
            results.append(told and refused)
        return all(results)

    def same_refusal(
        self,
        existing: Sequence[Exchange],
        unknown: Sequence[Exchange],
    ) -> bool:
        """Check that an existing SID is refused like an unknown one.

        Passing refusals, such as a lock-out, are left out.
        """
        if any(one.status in _PASSING for one in (*existing, *unknown)):
            raise Inconclusive("a refusal that passes says nothing of the SID")
        return authorization.same_refusal(self.findings, existing, unknown)

    def not_shown(self, requirement: str, exchange: Exchange, secret: str) -> bool:
        """Check that a read without the owner's credentials shows nothing."""
        return authorization.not_shown(self.findings, requirement, exchange, secret)


def secrets_of(configuration: Configuration) -> list[str]:
    """Content of a shown configuration that only its owner knows."""
    shown = configuration.shown
    callbacks, bridge = shown.get("statusCallbacks"), shown.get("conversationsV1Bridge")
    values = [shown.get(name) for name in _TELLING]
    values += [one.get("url") for one in _objects(callbacks)]
    values += [one.get("serviceId") for one in _objects([bridge])]
    long = [one for one in values if isinstance(one, str) and len(one) > _BY_CHANCE]
    return [*long, *([configuration.name] if len(configuration.name) > 5 else [])]


def _objects(value: object) -> list[dict[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
