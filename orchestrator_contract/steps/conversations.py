"""Conversations of the profile: their delete keeps the delete's rules."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from orchestrator_contract.coordination.journal import entry_of
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.provision.given import Supply
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import deletion, idempotency, malformed_input
from orchestrator_contract.rules.malformed_input import MALFORMED_KEY_STATUSES
from orchestrator_contract.steps.step import Step

#: Conversations of the profile that are fetched before it is believed that none exists.
_TRIES = 8


class Conversations(Step):
    """Fetches and deletes conversations."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        given = endpoint.profile.conversations
        coordinator, steps = endpoint.coordinator, endpoint.client.steps
        self._supply = Supply("conversations", given.pool, given.command, coordinator, steps)

    def take(self) -> ConversationDelete:
        """The delete of a conversation that a fetch shows.

        Raises:
            Inconclusive: there is none.
        """
        sid = self._existing()
        self._endpoint.coordinator.journal([entry_of(f"conversation {sid}", "given", sid=sid)])
        self._endpoint.ownership.allow_conversation(quote(sid, safe=""))
        return ConversationDelete(self._endpoint, self, sid)

    def delete(
        self,
        sid: str,
        *,
        key: str | None = None,
        new_connection: bool = False,
        allow: frozenset[int] = frozenset(),
    ) -> Exchange:
        """DELETE one conversation."""
        call = Call("delete-conversation", sid, allow=allow)
        request = self._api.request(call, "DELETE", self._url(sid), key=key)
        return self._api.send(request, new_connection=new_connection)

    def fetch(self, sid: str) -> Exchange:
        """GET one conversation."""
        call = Call("fetch-conversation", sid)
        return self._api.send(self._api.request(call, "GET", self._url(sid)))

    def _url(self, sid: str) -> str:
        return f"{self._endpoint.profile.base_url}/v2/Conversations/{quote(sid, safe='')}"

    def _existing(self) -> str:
        """A SID of the profile that a fetch shows; the pool may be outdated."""
        self._endpoint.inventory.charge(1)
        try:
            for _ in range(_TRIES):
                sid = self._supply.take(1)[0]
                fetch = self.fetch(sid)
                if fetch.status == 200:
                    return sid
            raise NothingToDelete(
                f"a fetch of the profile's conversation {sid:.80} was answered {fetch.outcome()}"
            )
        except BaseException:
            self._endpoint.inventory.discharge(1)
            raise


class ConversationDelete:
    """The delete of one conversation, sent as often as a test wants."""

    call = "delete-conversation"
    #: It has no payload.
    others = ()
    #: The operation that `begin` started.
    operation: Operation

    def __init__(self, endpoint: Endpoint, conversations: Conversations, sid: str) -> None:
        self._endpoint = endpoint
        self._conversations = conversations
        self.sid = sid

    def begin(self, key: str) -> Operation:
        """The operation of the delete, accepted under *key*.

        Raises:
            Inconclusive: it was not accepted.
        """
        exchange = self.send(key)
        if exchange.status in (409, 500):  # documented; what it says of the conversation is open
            raise Inconclusive(f"the delete of a conversation was answered {exchange.status}")
        if not deletion.accepted(self._endpoint.findings, [exchange]):
            raise Inconclusive(
                f"the delete of an existing conversation was answered {exchange.outcome()}"
            )
        self.operation = self._endpoint.poller.accept(exchange, Configuration(self.sid))
        return self.operation

    def send(self, key: str, *, other: Any = None, new_connection: bool = False) -> Exchange:
        """Send the delete with *key*; it has no *other* payload."""
        return self._conversations.delete(self.sid, key=key, new_connection=new_connection)

    def conclude(self, operation: Operation) -> Configuration:
        """Follow the operation to its end, as that of a configuration."""
        self._endpoint.poller.finish([operation])
        return operation.configuration

    def check_deleted(self) -> None:
        """After COMPLETED a fetch and another delete return 404."""
        fetch = past_500(lambda: self._conversations.fetch(self.sid))
        deletion.deleted_by_fetch(self._endpoint.findings, self.operation, fetch)
        again = past_500(lambda: self._conversations.delete(self.sid))
        deletion.deleted_by_delete(self._endpoint.findings, self.operation, again)

    def check_malformed_key(self) -> None:
        """A key that is one digit short gets a 4xx, or is ignored."""
        key, allow = self._endpoint.key()[:-1], MALFORMED_KEY_STATUSES
        exchange = self._conversations.delete(self.sid, key=key, allow=allow)
        malformed_input.malformed_key_no_5xx(self._endpoint.findings, exchange, "one digit too few")

    def check_key_on_another(self) -> None:
        """Check that the key returns no operation for another conversation.

        Raises:
            Inconclusive: the profile gives no other.
        """
        other, allow = self._conversations.take(), MALFORMED_KEY_STATUSES
        key = self.operation.accepted.key
        exchange = self._conversations.delete(other.sid, key=key, allow=allow)
        own = idempotency.own_response(
            self._endpoint.findings, "KEY-REUSE-OTHER-SID", self.operation.accepted, exchange
        )
        if own:
            self._endpoint.follow(Configuration(other.sid), exchange)
