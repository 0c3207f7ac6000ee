"""Requests with a malformed SID or key, each judged as it is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.response import NO_ANSWER
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.inputs.malformed_keys import MalformedKey
from orchestrator_contract.inputs.malformed_sids import WILDCARDS, MalformedSid
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.rules import malformed_input, transport
from orchestrator_contract.rules.malformed_input import (
    MALFORMED_KEY_STATUSES,
    MALFORMED_SID_STATUSES,
    OUTSIDE_API_STATUSES,
)
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope


class MalformedRequests:
    """Deletes with malformed input."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._api = endpoint.client
        self._findings = endpoint.findings

    def key(self, configuration: Configuration, key: MalformedKey) -> Exchange:
        """Delete under a malformed key: it gets a 4xx or is ignored."""
        call = Call("delete", configuration.sid, allow=MALFORMED_KEY_STATUSES)
        exchange = self._answered(
            lambda: self._api.delete(
                configuration, key=key.value, call=call, allow_no_response=True
            )
        )
        malformed_input.malformed_key_no_5xx(self._findings, exchange, key.why)
        return exchange

    def sid(self, sid: MalformedSid, scope: Scope = DEFAULT_SCOPE) -> Exchange:
        """Delete a SID that does not look like one: it is refused."""
        outside = OUTSIDE_API_STATUSES if sid.outside_api else frozenset[int]()
        call = Call(
            "delete",
            sid.segment,
            allow=MALFORMED_SID_STATUSES | outside,
            judge_content=not sid.outside_api,
            outside_api=not sid.plain,
            malformed_sid=True,
        )
        configuration = Configuration(sid.segment, scope=scope)
        exchange = self._answered(
            lambda: self._api.delete(configuration, call=call, allow_no_response=True)
        )
        malformed_input.malformed_sid_refused(self._findings, exchange, sid.why)
        return exchange

    def _answered(self, send: Callable[[], Exchange]) -> Exchange:
        """The exchange, repeated without an answer: a lost one says nothing of the input."""
        exchange = past_500(send)
        if exchange.fault not in NO_ANSWER:
            return exchange
        again = past_500(send)
        if again.fault not in NO_ANSWER:
            transport.no_answer(self._findings, exchange)
        return again

    def wildcards(self, scope: Scope = DEFAULT_SCOPE) -> list[Exchange]:
        """Delete what some query languages read as every SID.

        Raises:
            CheckInconclusive: the account holds configurations that are not the run's.
            Inconclusive: the list can't be read.
        """
        own = f"oc-{self._endpoint.settings.run_id}"
        for item, _ in self._endpoint.configurations.listing.items(scope=scope):
            if not str(item.get("displayName")).startswith(own):
                raise CheckInconclusive("the account holds configurations that are not the run's")
        self._endpoint.ownership.allow(*WILDCARDS, scope=scope)
        return [self.sid(MalformedSid(one, "a lone wildcard"), scope) for one in WILDCARDS]

    def unknown(self, sid: MalformedSid, scope: Scope) -> Exchange:
        """Delete a SID that only looks like one: it is not found."""
        exchange = past_500(lambda: self._api.delete(Configuration(sid.segment, scope=scope)))
        if exchange.status != 500:
            malformed_input.not_found(self._findings, exchange)
        return exchange

    def sids(self, sids: Sequence[MalformedSid], scope: Scope = DEFAULT_SCOPE) -> list[Exchange]:
        """The responses to deletes of *sids*, some at a time."""
        return self._endpoint.each(lambda one: self.sid(one, scope), sids, width=4)
