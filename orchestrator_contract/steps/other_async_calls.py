"""The asynchronous calls beside the delete: one shape for all, so that one test leads each of them through the contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from orchestrator_contract.api.operation import Operation
from orchestrator_contract.exceptions import CheckInconclusive, Inconclusive, NothingToDelete
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.provision.pool import Source, Supply

if TYPE_CHECKING:
    from orchestrator_contract.api.configuration import Configuration
    from orchestrator_contract.endpoint import Endpoint

#: What a key may be refused with: used for another request (S5 17534), or malformed.
REFUSALS = frozenset(range(400, 500))
#: Conversations of the profile that are looked at before it is believed that it has no living one.
_TRIES = 8


class Send(Protocol):
    """How a sister is sent."""

    def __call__(self, key: str, *, changed: int = 0, new_connection: bool = False) -> Exchange:
        """Send it with *key*: *changed* wants another payload, counted from 1, *new_connection* a new connection, each where the call has a choice."""


@dataclass(eq=False)
class OtherAsyncCall:
    """One asynchronous call of the run's own, sent as often as a test wants."""

    #: Its name in the catalogue's `calls`.
    call: str
    #: The SID that it is about; of a create the displayName.
    subject: str
    #: Send it with a key.
    send: Send
    #: Have it accepted under a key; raises Unverifiable when it is not.
    begin: Callable[[str], Operation]
    #: What is known once its operation has COMPLETED; None for a conversation.
    conclude: Callable[[Operation], Configuration | None]
    #: How many other payloads it has, those first that show most.
    payloads: int = 0


#: Optional members of the create under test, the last one flat: to tell payloads apart by those takes reading them to their end.
_MEMBERS: dict[str, Any] = {
    "displayName": "-Key",
    "channelSettings": {"SMS": {"statusTimeouts": {"inactive": 10, "closed": 60}}},
    "memoryExtractionEnabled": True,
}


def other_payloads(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Payloads that differ from a create's in one way each: in a nested member, in case, in the last member, in one character."""
    name, text = payload["displayName"], payload["description"]
    return [
        payload | members
        for members in (
            {"channelSettings": {"SMS": {"statusTimeouts": {"inactive": 10, "closed": 61}}}},
            {"displayName": f"{name[:-3]}{name[-3:].swapcase()}"},
            {"memoryExtractionEnabled": False},
            {"description": f"{text[:-1]}{'0' if text[-1] != '0' else '1'}"},
        )
        if payload | members != payload
    ]


class OtherAsyncCalls:
    """Makes sisters for one suite."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        given = endpoint.profile.conversations
        self._conversations = Supply(
            Source("conversations", given.pool, given.command),
            endpoint.coordinator,
            endpoint.client.steps,
        )

    def sister(self, call: str) -> OtherAsyncCall:
        """A call of that name on a subject of its own.

        Raises:
            Inconclusive: there is nothing to call it on.
        """
        makers = {
            "create": self._create,
            "update": self._update,
            "patch": self._update,
            "delete-conversation": self._conversation,
        }
        return makers[call](call)

    # ---------------------------------------------------------------- configurations

    def _create(self, call: str) -> OtherAsyncCall:
        creator = self._endpoint.configurations.creator
        payload = creator.payloads.new(_MEMBERS)
        first: list[Operation] = []

        def begin(key: str) -> Operation:
            try:
                first[:] = [creator.begin(payload, key)]
            except NothingToDelete:
                # Optional members may be refused, and whether that is stored for the key is open.
                payload.clear()
                payload.update(creator.payloads.new({"displayName": _MEMBERS["displayName"]}))
                first[:] = [creator.begin(payload, self._endpoint.key())]
            return first[0]

        def send(key: str, *, changed: int = 0, new_connection: bool = False) -> Exchange:
            return creator.create_again(
                other_payloads(payload)[changed - 1] if changed else payload, key, first[0].accepted
            )

        return OtherAsyncCall(
            call,
            payload["displayName"],
            send,
            begin,
            lambda operation: creator.conclude(operation, payload),
            payloads=len(other_payloads(payload)),
        )

    def _update(self, call: str) -> OtherAsyncCall:
        endpoint = self._endpoint
        configuration = endpoint.configurations.one()
        if not configuration.payload:
            raise Inconclusive("the content of a configuration that the profile gives is not known")
        method = "PUT" if call == "update" else "PATCH"

        def send(key: str, *, changed: int = 0, new_connection: bool = False) -> Exchange:
            members = {"description": "changed" if changed else "key"}
            payload: Any = {**configuration.payload, **members} if method == "PUT" else members
            return endpoint.client.update(
                configuration, payload, method=method, key=key, new_connection=new_connection
            )

        def begin(key: str) -> Operation:
            exchange = send(key)
            if exchange.succeeded:
                endpoint.findings.check(
                    "CTRL-ACCEPTED",
                    exchange.status == 202,
                    expected="202",
                    seen=exchange.outcome(),
                    exchanges=[exchange],
                )
            if exchange.status != 202:
                raise CheckInconclusive(f"the {call} was answered {exchange.outcome()}")
            return endpoint.poller.accept(exchange, configuration.sid)

        def conclude(operation: Operation) -> Configuration:
            endpoint.poller.finish([operation], early=False)
            return configuration

        return OtherAsyncCall(call, configuration.sid, send, begin, conclude, payloads=1)

    # ---------------------------------------------------------------- conversations

    def _conversation(self, call: str) -> OtherAsyncCall:
        endpoint, sid = self._endpoint, self._take_conversation()

        def send(key: str, *, changed: int = 0, new_connection: bool = False) -> Exchange:
            return self.delete(sid, key=key, new_connection=new_connection)

        def begin(key: str) -> Operation:
            exchange = self.delete(sid, key=key)
            if exchange.status in (
                409,
                500,
            ):  # documented, and what it says of the conversation can't be known here
                raise Inconclusive(f"the delete of a conversation was answered {exchange.status}")
            accepted = endpoint.findings.on(exchange.call)(
                "DEL-ACCEPTED",
                exchange.status == 202,
                expected="202",
                seen=exchange.outcome(),
                exchanges=[exchange],
            )
            if not accepted:
                raise Inconclusive(
                    f"the delete of an existing conversation was answered {exchange.outcome()}"
                )
            return endpoint.poller.accept(exchange, sid)

        def conclude(operation: Operation) -> None:
            endpoint.poller.finish([operation])

        return OtherAsyncCall(call, sid, send, begin, conclude)

    def _take_conversation(self) -> str:
        """One that a fetch shows: a list in a profile may be older than what it lists, so some are tried.

        Raises:
            Inconclusive: there is none.
        """
        endpoint = self._endpoint
        if not endpoint.coordinator.take_deletes(1):
            raise NothingToDelete("the deletion budget ([limits] deletes) is spent")
        try:
            for _ in range(_TRIES):
                sid = self._conversations.take(1)[0]
                shown = self.fetch(sid)
                if shown.status == 200:
                    break
            else:
                raise NothingToDelete(
                    f"a fetch of the conversation {sid:.80}, which the profile gives, was answered {shown.outcome()}"
                )
        except BaseException:
            endpoint.coordinator.give_back_deletes(1)
            raise
        endpoint.coordinator.journal(
            [
                {
                    "name": f"conversation {sid}",
                    "sid": sid,
                    "state": "given",
                    "account": 0,
                    "region": 0,
                }
            ]
        )
        endpoint.ownership.allow_conversation(quote(sid, safe=""))
        return sid

    def delete(
        self,
        sid: str,
        *,
        key: str | None = None,
        new_connection: bool = False,
        allow: frozenset[int] = frozenset(),
    ) -> Exchange:
        """DELETE one conversation."""
        out = self._endpoint.client.request(
            Call("delete-conversation", sid, allow=allow), "DELETE", self._url(sid), key=key
        )
        return self._endpoint.client.send(out, new_connection=new_connection)

    def fetch(self, sid: str) -> Exchange:
        """GET one conversation."""
        return self._endpoint.client.send(
            self._endpoint.client.request(Call("fetch-conversation", sid), "GET", self._url(sid))
        )

    def _url(self, sid: str) -> str:
        return f"{self._endpoint.profile.base_url}/v2/Conversations/{quote(sid, safe='')}"
