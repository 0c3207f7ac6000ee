"""Steps that many tests share: an accepted delete, a replay against its original, what is still there."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from orchestrator_contract.client.retry import past_500
from orchestrator_contract.exchange import Call, Exchange
from orchestrator_contract.follow.operation import Operation, operation_names
from orchestrator_contract.given import NothingToDelete
from orchestrator_contract.profile import Trigger
from orchestrator_contract.provision.configuration import Configuration
from orchestrator_contract.suite import Suite, exists
from orchestrator_contract.verdict import Unverifiable

#: The code of a key that was used for another request (S5).
KEY_USED = 17534
#: The keys that are not random.
_EVERYBODYS = frozenset({"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"})
#: Pauses before a delete that met 409 or 500 is tried again, in seconds.
_PAUSES_S = (0.2, 0.5, 1.0)


class Scenarios:
    """The shared steps of contract tests, on one suite."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.client = suite.client
        self.hold = suite.ledger.hold
        #: The newest operation that COMPLETED under a plain key, and how far the clock had been moved.
        self._ended: tuple[Operation, int] | None = None

    # ---------------------------------------------------------------- deleting

    def accepted(
        self, configuration: Configuration, *, key: str | None = None, trigger: Trigger | None = None, forms: bool = False
    ) -> Operation:
        """Have the delete of an idle configuration accepted; its operation, not yet followed.

        409 and 500 are documented answers whose cause may pass: the delete is tried again, with a new key
        because whether they are stored is open. With *forms* the key itself is under test (KEY-FORMS).

        Raises:
            Unverifiable: it was not accepted; where that is a breach it is on record.
        """
        steps: list[Exchange] = []
        for pause in (*_PAUSES_S, None):
            call = Call("delete", configuration.sid, allow=frozenset({400, 422}) if forms else frozenset())
            exchange = self.client.delete(
                configuration.sid, key=key, account=configuration.account, region=configuration.region, trigger=trigger,
                call=call, rekey=self.suite.key if key is not None else None,
            )
            steps.append(exchange)
            if exchange.status == 202:  # HTTP
                self.hold("DEL-ACCEPT", True)
                if key is not None:
                    self.hold("KEY-FORMS", True)
                return self.suite.follower.accept(exchange, configuration.sid)
            if key is not None and exchange.object.get("code") == KEY_USED and not exchange.before and key not in _EVERYBODYS:
                self.hold("KEY-FORMS", False, expected="202: the key is new", seen=f"{exchange.outcome()}: it was used", exchanges=steps)
                raise Unverifiable(f"the new key {key} was taken for a used one")
            # After a 500 or 503 the earlier try may have been carried out: then 409 is its echo.
            doubtful = any(status in (500, 503) for e in steps for status in (*e.before, *([e.status] if e is not exchange else ())))
            if exchange.status not in (409, 500) or (exchange.status == 409 and doubtful):
                break
            if pause is None:
                break
            time.sleep(pause)
            # Whether an error is stored for its key is open, so the next try has a plain new one.
            key, forms = (self.suite.key() if key is not None else None), False
        earlier = [status for e in steps for status in (*e.before, e.status)][:-1]
        if any(status in (500, 503) for status in earlier) and exchange.status in (404, 409):
            raise Unverifiable(f"after {earlier[0]} the delete was answered {exchange.status}: it may have been carried out")
        if forms and exchange.status in (400, 422):
            # Some keys are not random (nil, max): another run may have used one for another SID.
            if exchange.object.get("code") != KEY_USED:
                self.hold("KEY-FORMS", False, expected="202", seen=exchange.outcome(), exchanges=steps)
            raise Unverifiable(f"the key {key} was refused with {exchange.status}")
        self.hold("DEL-ACCEPT", False, expected="202", seen=exchange.outcome(), exchanges=steps)
        raise Unverifiable(f"the delete of an existing configuration was answered {exchange.outcome()}")

    def deleted(
        self, number: int = 1, *, keyed: bool = True, keys: Sequence[str] = (), payloads: Sequence[dict[str, Any]] = (),
        place: tuple[int, int] = (0, 0),
    ) -> list[Operation]:
        """Operations of *number* deletes, by account and region of *place*, followed to COMPLETED; the first ones under *keys*.

        Raises:
            Unverifiable: not one could be had.
        """
        configurations = self.suite.configurations.take(number, payloads=payloads, account=place[0], region=place[1])
        forms = [*keys, *(self.suite.key() if keyed else None for _ in range(number - len(keys)))]
        operations = self.each(lambda pair: self.accepted(pair[0], key=pair[1]), list(zip(configurations, forms, strict=True)))
        return self.completed(operations, configurations)

    def ended(self, number: int = 1) -> list[Operation]:
        """Operations of *number* deletes under keys that replay, COMPLETED: a quick run is content with one of an earlier test.

        Raises:
            Unverifiable: not one could be had.
        """
        if self.suite.effort.few and self._ended and self._ended[1] == self.suite.coordinator.advanced():
            return [self._ended[0]]
        return self.deleted(1 if self.suite.effort.few else number)

    def completed(self, operations: Sequence[Operation], configurations: Sequence[Configuration] = ()) -> list[Operation]:
        """Follow these to their end; those that COMPLETED.

        Raises:
            Unverifiable: none did.
        """
        ended = self.suite.follower.finish(operations)
        done = []
        for operation in ended:
            steps = [operation.accepted, *operation.polls[-1:]]
            # Of a 500 or 503 nothing is promised: beside a delete that it started in secret this one may rightly fail.
            if operation.status != "COMPLETED" and self.client.ownership.doubtful(operation.sid):
                continue
            if self.hold("OP-SUCCEEDS", operation.status == "COMPLETED", expected="COMPLETED", seen=operation.status, exchanges=steps):
                done.append(operation)
        by_sid = {operation.sid for operation in done}
        self.suite.inventory.gone(*(c for c in configurations if c.sid in by_sid))
        self.suite.watch.ended(done)
        if not done:
            raise Unverifiable("no delete was seen to end COMPLETED")
        first = done[0].accepted
        if first.key and first.key == first.key.lower() and self.suite.well_formed_key(first.key) and not (first.account or first.region):
            self._ended = done[0], self.suite.coordinator.advanced()
        return done

    def each(self, function: Callable[[Any], Any], items: Sequence[Any], width: int = 8) -> list[Any]:
        """Results of *function* over *items* in parallel, without those that proved unverifiable.

        Raises:
            Unverifiable: all of them were; the first one's reason.
        """
        def attempt(item: Any) -> Any:
            try:
                return function(item)
            except Unverifiable as error:
                return error

        results = self.client.parallel(attempt, list(items), width)
        good = [result for result in results if not isinstance(result, Unverifiable)]
        if results and not good:
            raise results[0]
        return good

    def must_happen(self, requirement: str, accepted: Sequence[tuple[Exchange, Configuration]]) -> None:
        """Each accepted delete, given with what it names, is carried out or ends FAILED."""
        operations: list[Operation | None] = []
        for exchange, configuration in accepted:
            try:
                operations.append(self.suite.follower.accept(exchange, configuration.sid))
            except Unverifiable:
                operations.append(None)
        with contextlib.suppress(Unverifiable):
            self.suite.follower.finish([operation for operation in operations if operation], early=False)
        for (exchange, configuration), operation in zip(accepted, operations, strict=True):
            there, fetch = self.is_there(configuration)
            if operation is not None and operation.status in ("FAILED", "CANCELLED"):
                continue
            self.hold(requirement, there is not True, expected=f"{configuration.sid} deleted by its own request", seen="still there",
                      exchanges=[exchange, *(operation.polls[-1:] if operation else ()), fetch])
            if there is False:
                self.suite.inventory.gone(configuration)

    # ---------------------------------------------------------------- keys

    def replay(
        self, operation: Operation, *, requirement: str = "KEY-REPLAY", fresh: bool = False, trigger: Trigger | None = None
    ) -> Exchange:
        """Send the delete again with its key, and the *trigger* that it came with, and hold the answer against the original."""
        original = operation.accepted
        exchange = self._again(original, fresh=fresh, trigger=trigger)
        self.judge_replay(original, exchange, requirement)
        return exchange

    def _again(self, original: Exchange, *, fresh: bool = False, trigger: Trigger | None = None) -> Exchange:
        sid = original.call.subject
        return past_500(lambda: self.client.delete(
            sid, key=original.key, account=original.account, region=original.region, trigger=trigger, fresh=fresh
        ))

    def judge_replay(self, original: Exchange, again: Exchange, requirement: str) -> bool:
        """Whether *again* is the original response; breaches go to *requirement*."""
        steps = [original, again]
        differences = [
            f"{what} {now!r:.100} instead of {then!r:.100}"
            for what, then, now in (
                ("status", original.status, again.status),
                ("statusUrl", original.object.get("statusUrl"), again.object.get("statusUrl")),
                ("related", original.object.get("related"), again.object.get("related")),
                ("Operation-Id", original.headers.get("operation-id"), again.headers.get("operation-id")),
                ("Location", original.headers.get("location"), again.headers.get("location")),
            )
            if then != now
        ]
        hold = self.suite.ledger.on(original.call)
        hold(requirement, not differences, expected="the original response", seen="; ".join(differences), exchanges=steps)
        if again.status == 202 and original.status == 202:  # HTTP
            first, second = operation_names(original), operation_names(again)
            same = not first or not second or bool(first & second)
            hold("KEY-ONE-OPERATION", same, expected=f"operation {', '.join(sorted(first))}",
                 seen=f"operation {', '.join(sorted(second))}", exchanges=steps)
            if not differences and original.call.operation in ("delete", "delete-conversation"):
                hold("KEY-REPLAY-WHOLE", original.json.value == again.json.value, expected="the same body",
                     seen=again.text[:120], exchanges=steps)
        return not differences

    # ---------------------------------------------------------------- what is there

    def is_there(self, configuration: Configuration) -> tuple[bool | None, Exchange]:
        """Whether a fetch shows the configuration, with the fetch."""
        for _ in range(3):
            exchange = self.client.fetch(configuration.sid, account=configuration.account, region=configuration.region)
            if exists(exchange) is not None:
                break
            time.sleep(0.1)
        self.shows(configuration, exchange)
        return exists(exchange), exchange

    def shows(self, configuration: Configuration, fetch: Exchange) -> None:
        """What a fetch shows is the configuration that it asked for; of the id the prefix is open (contract: Contradictions)."""
        named = fetch.object.get("id") if fetch.status == 200 else None  # HTTP
        if isinstance(named, str):
            same = named.rpartition("_")[2] == configuration.sid.rpartition("_")[2]
            self.hold("CTRL-CONFIGURATION", same, expected=f"id {configuration.sid}", seen=f"{named:.120}", exchanges=[fetch], where="$.id")

    def elsewhere(self, account: int, region: int, instead: list[Configuration]) -> list[Configuration]:
        """As many configurations of another account or region as are given; those themselves where the target has none to give."""
        if account >= len(self.suite.profile.accounts) or region >= len(self.suite.profile.bases):
            return instead
        try:
            found = self.suite.configurations.take(len(instead), account=account, region=region)
        except NothingToDelete:
            return instead
        self.suite.configurations.give_back(*instead)
        return found

    def must_be_shown(self, configuration: Configuration) -> None:
        """Make sure that this endpoint shows what exists, or nothing can be said of what was deleted.

        Raises:
            Unverifiable: it does not.
        """
        there, exchange = self.is_there(configuration)
        if not there:
            raise Unverifiable(f"a fetch does not show the existing configuration ({exchange.outcome()})")

    def kept(self, requirement: str, configuration: Configuration, steps: Sequence[Exchange]) -> bool:
        """The configuration is still there after *steps*; a breach of *requirement* when it is not."""
        there, exchange = self.is_there(configuration)
        if there is None:
            raise Unverifiable(f"whether the configuration is still there can't be seen ({exchange.outcome()})")
        self.hold(requirement, there, expected=f"{configuration.sid} still there", seen="gone", exchanges=[*steps, exchange])
        if not there:
            self.suite.inventory.gone(configuration)
            if self.suite.has_bystander(configuration):
                self.suite.new_bystander()
        return there

    def gone(self, operation: Operation) -> None:
        """After COMPLETED the configuration can't be fetched (GONE-FETCH)."""
        account, region = operation.accepted.account or 0, operation.accepted.region
        exchange = past_500(lambda: self.client.fetch(operation.sid, account=account, region=region))
        self.hold("GONE-FETCH", exchange.status == 404, expected="404", seen=exchange.outcome(),
                  exchanges=[operation.accepted, *operation.polls[-1:], exchange])

    def not_again(self, operation: Operation, *, keyed: bool = False) -> None:
        """After COMPLETED another delete answers 404 (GONE-DELETE)."""
        account, region = operation.accepted.account or 0, operation.accepted.region
        exchange = past_500(
            lambda: self.client.delete(operation.sid, key=self.suite.key() if keyed else None, account=account, region=region)
        )
        self.hold("GONE-DELETE", exchange.status == 404, expected="404", seen=exchange.outcome(),
                  exchanges=[operation.accepted, *operation.polls[-1:], exchange])

    def unlisted(self, operations: Sequence[Operation], *, size: int | None = 1000, kept: Sequence[Configuration] = ()) -> None:
        """After COMPLETED no page holds these (GONE-LIST), and the list holds what was *kept* (GONE-ONLY).

        All of them are of one account and region.

        Raises:
            Unverifiable: the list can't be read to its end.
        """
        by_sid = {operation.sid: operation for operation in operations}
        seen: set[str] = set()
        pages: list[Exchange] = []
        single = True
        first = operations[0].accepted if operations else None
        account, region = (first.account or 0, first.region) if first else (0, 0)
        for item, page in self.suite.configurations.listing.items(size=size, account=account, region=region):
            single = single and (not pages or pages[-1] is page)
            pages = [page]
            sid = item.get("id")
            if not isinstance(sid, str):
                continue
            seen.add(sid)
            if sid in by_sid:
                operation = by_sid.pop(sid)
                self.hold("GONE-LIST", False, expected=f"no {sid}", seen="it is listed",
                          exchanges=[operation.accepted, *operation.polls[-1:], page])
        if by_sid:
            self.hold("GONE-LIST", True)
        for configuration in kept:
            if configuration.sid not in seen:
                # The list may have shifted under the walk: the fetch decides.
                if self.kept("GONE-ONLY", configuration, pages) and single and pages:
                    # Nothing shifts on a single page.
                    self.hold("CTRL-VISIBLE", False, expected=f"{configuration.sid} in the list", seen="not there", exchanges=pages)
            else:
                self.hold("GONE-ONLY", True)
