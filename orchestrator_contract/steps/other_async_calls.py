"""Create, update and patch, taken through the rules of the delete.

A rule is written once, for the delete; the catalogue says which requirement it lands on for another
call.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from typing import Any

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import (
    accepted,
    control_plane,
    deletion,
    idempotency,
    malformed_input,
)
from orchestrator_contract.steps.conversations import ConversationDelete, Conversations
from orchestrator_contract.steps.delete_and_update import DeleteAndUpdate
from orchestrator_contract.steps.step import Step, Uses
from orchestrator_contract.steps.updates import Updates

#: Optional members of the create under test, the last one flat: only a body that is read to its end
#: tells those apart.
_MEMBERS: dict[str, Any] = {
    "displayName": "-Key",
    "channelSettings": {"SMS": {"statusTimeouts": {"inactive": 10, "closed": 60}}},
    "memoryExtractionEnabled": True,
}
#: Replays before and after the end of an operation.
_REPLAYS = 2


class Create:
    """The create of one configuration."""

    call = "create"
    #: The operation that `begin` started.
    _first: Operation

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._creator = endpoint.configurations.creator
        self._payload = self._creator.payloads.new(_MEMBERS)

    @property
    def others(self) -> list[dict[str, Any]]:
        """Payloads with one change each: nested, case, last, a character."""
        payload = self._payload
        name, text = payload["displayName"], payload["description"]
        other_digit = "0" if text[-1] != "0" else "1"
        changes: tuple[dict[str, Any], ...] = (
            {"channelSettings": {"SMS": {"statusTimeouts": {"inactive": 10, "closed": 61}}}},
            {"displayName": f"{name[:-3]}{name[-3:].swapcase()}"},
            {"memoryExtractionEnabled": False},
            {"description": f"{text[:-1]}{other_digit}"},
        )
        return [payload | change for change in changes if payload | change != payload]

    def begin(self, key: str) -> Operation:
        """A create accepted under *key* or, without optional members, another."""
        try:
            self._first = self._creator.begin(self._payload, key)
        except NothingToDelete:
            # Optional members may be refused, and it is open whether that is stored for the key.
            self._payload = self._creator.payloads.new({"displayName": _MEMBERS["displayName"]})
            self._first = self._creator.begin(self._payload, self._endpoint.key())
        return self._first

    def send(self, key: str, *, other: Any = None, new_connection: bool = False) -> Exchange:
        """Send the create with *key*, or its *other* payload."""
        return self._creator.create_again(
            other or self._payload, key, self._first.accepted, new_connection=new_connection
        )

    def conclude(self, operation: Operation) -> Configuration:
        """The configuration that the create has made."""
        return self._creator.conclude(operation, self._payload)


class Update:
    """The PUT or PATCH of one configuration."""

    #: Its other payloads, as descriptions.
    others = ("changed",)

    def __init__(self, endpoint: Endpoint, updates: Updates, method: str) -> None:
        self.call = "update" if method == "PUT" else "patch"
        self._endpoint = endpoint
        self._updates = updates
        self._method = method
        self._configuration = endpoint.configurations.one()

    def begin(self, key: str) -> Operation:
        """The operation of the update, accepted under *key*."""
        return self._updates.update(self._configuration, self._method, "key", key=key)

    def send(self, key: str, *, other: Any = None, new_connection: bool = False) -> Exchange:
        """Send the update with *key*, or one with an *other* description."""
        text = other or "key"
        request = self._updates.request(self._configuration, self._method, text, key=key)
        return self._endpoint.client.send(request, new_connection=new_connection)

    def conclude(self, operation: Operation) -> Configuration:
        """Follow the operation to its end."""
        self._endpoint.poller.finish([operation], early=False)
        return self._configuration


#: One asynchronous call, sent as often as a test wants.
AsyncCall = Create | Update | ConversationDelete


@dataclass(eq=False)
class LedCall:
    """An asynchronous call that was led to its end."""

    call: AsyncCall
    operation: Operation
    configuration: Configuration
    #: True if its key still stands for it: not if it was taken for another payload.
    key_kept: bool = True

    @property
    def key(self) -> str:
        """Its key."""
        return str(self.operation.accepted.key)


class OtherAsyncCalls(Step):
    """Leads asynchronous calls through the rules."""

    _delete_and_update = Uses(DeleteAndUpdate)

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        updates = endpoint.step(Updates)
        self._makers: dict[str, Callable[[], AsyncCall]] = {
            "create": partial(Create, endpoint),
            "update": partial(Update, endpoint, updates, "PUT"),
            "patch": partial(Update, endpoint, updates, "PATCH"),
            "delete-conversation": endpoint.step(Conversations).take,
        }
        self._led: dict[str, LedCall] = {}
        #: Calls that come to their end beside the tests.
        self._ending: dict[str, Future[None] | None] = {}

    def lead_beside(
        self,
        name: str,
        then: Callable[[LedCall], object] = lambda _: None,
        *,
        replays: int = _REPLAYS,
    ) -> None:
        """Lead a call whose key is used again while it runs and, beside later tests, at its end.

        *then* is called with it.
        """
        few = self._endpoint.effort.few
        begun = self._begin(name, 0 if few else replays)

        def end() -> None:
            led = self._end(name, *begun, min(replays, 1) if few else replays)
            if replays and not few:
                self._endpoint.poller.poll_other_link(led.operation)
            then(led)

        self._ending[name] = self._endpoint.beside.judge(end, begun[1].configuration)

    def use_beside(self, led: LedCall, use: Callable[[LedCall], object]) -> None:
        """*use* a call beside later tests; those that want it wait for that."""
        self._ending[led.call.call] = self._endpoint.beside.judge(
            partial(use, led), led.configuration
        )

    def _begin(self, name: str, replays: int) -> tuple[AsyncCall, Operation]:
        call = self._makers[name]()
        operation = call.begin(self._endpoint.key())
        self._replay(call, operation, replays)
        return call, operation

    def _end(self, name: str, call: AsyncCall, operation: Operation, replays: int) -> LedCall:
        led = LedCall(call, operation, call.conclude(operation))
        self._share(name, led)
        self._judge_end(led)
        self._replay(call, operation, replays)
        return led

    def _share(self, name: str, led: LedCall) -> None:
        """Keep the configuration of *led* for other tests, in place of the last one."""
        if (known := self._led.get(name)) is not None:
            self._endpoint.configurations.kept.let_go(known.configuration)
        self._led[name] = led
        self._endpoint.configurations.kept.keep(led.configuration)

    def led(self, name: str) -> LedCall:
        """The newest call of this name that was led, or a new one.

        Raises:
            Inconclusive: it did not end well; another conversation of the user's is not deleted.
        """
        if (ending := self._ending.pop(name, None)) is not None:
            wait([ending])
        led, configurations = self._led.get(name), self._endpoint.configurations
        if name == ConversationDelete.call:
            if led is None:
                raise Inconclusive("the delete of the conversation was not seen to its end")
        elif led is None or not configurations.kept.holds(led.configuration):
            led = self._end(name, *self._begin(name, 0), 0)
        self._endpoint.inventory.use(led.configuration)
        return led

    def _replay(self, call: AsyncCall, operation: Operation, times: int) -> None:
        key = str(operation.accepted.key)
        for number in range(times):
            again = _again(call, key, new_connection=number % 2 == 1)
            requirement = idempotency.replay_requirement(operation.status)
            idempotency.same_response(self._findings, operation.accepted, again, requirement)

    def _judge_end(self, led: LedCall) -> None:
        operation = led.operation
        if not operation.done:
            raise Inconclusive(f"the operation of the {led.call.call} was not seen to end")
        deletion.completes(self._findings, [operation])
        for exchange in (operation.accepted, *operation.polls[-1:]):
            accepted.judge_related(
                self._findings,
                exchange,
                "DEL-202-RELATED",
                led.configuration.sid,
                [operation.accepted, exchange],
            )

    # ---------------------------------------------------------------- keys

    def check_other_payloads(self, led: LedCall) -> None:
        """Check that the key with another payload returns no earlier response."""
        before = [led.operation.accepted]
        for other in led.call.others[: 2 if self._endpoint.effort.few else None]:
            again = led.call.send(led.key, other=other)
            own = control_plane.other_payload_refused(self._findings, before, again)
            led.key_kept &= not own or again.status in range(400, 500)
            if own and again.status == 202:
                before.append(again)
                self._follow_update(led, again)

    def check_malformed_key(self, led: LedCall) -> None:
        """Check that a key one digit short gets a 4xx or is ignored."""
        exchange = led.call.send(self._endpoint.key()[:-1])
        self._follow_update(led, exchange)
        malformed_input.malformed_key_no_5xx(self._findings, exchange, "one digit too few")

    def delete_under_key(self, led: LedCall) -> list[Operation]:
        """The configuration's delete under the call's key, if taken for new."""
        exchange = self._delete_and_update.under_its_key(led.operation, led.configuration)
        if exchange is None:
            return []
        led.key_kept = False
        return [self._endpoint.poller.accept(exchange, led.configuration)]

    def check_after_delete(self, led: LedCall, deleted: Operation) -> None:
        """Check that call and delete keep their own keys after the delete."""
        again = _again(led.call, led.key)
        if led.key_kept and led.call.call == "create":
            # Without its key it would make another; of an update of a deleted configuration nothing
            # is said.
            requirement = idempotency.replay_requirement(led.operation.status)
            idempotency.same_response(self._findings, led.operation.accepted, again, requirement)
        response = led.call.send(str(deleted.accepted.key))
        idempotency.own_response(self._findings, "KEY-REUSE-OTHER-CALL", deleted.accepted, response)

    def _follow_update(self, led: LedCall, exchange: Exchange) -> None:
        if led.call.call != "create":  # what a create made is followed by the creator
            self._endpoint.follow(led.configuration, exchange)


def _again(call: AsyncCall, key: str, *, new_connection: bool = False) -> Exchange:
    return past_500(lambda: call.send(key, new_connection=new_connection))
