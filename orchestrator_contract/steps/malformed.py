"""Malformed SIDs and keys, and methods that the path lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator_contract.contract.limits import LARGEST_PAGE
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import KEY_HEADER
from orchestrator_contract.http.response import NO_ANSWER
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.inputs.malformed_keys import MalformedKey, malformed_keys
from orchestrator_contract.inputs.malformed_sids import WILDCARDS, MalformedSid, malformed_sids
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import malformed_input, transport
from orchestrator_contract.rules.malformed_input import (
    MALFORMED_KEY_STATUSES,
    MALFORMED_SID_STATUSES,
    OUTSIDE_API_STATUSES,
)
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.step import Step, Uses

#: Malformed keys at once where each needs a configuration, and how many ignored ones are enough.
_WIDTH, _MOST_IGNORED = 4, 12
#: Seconds that a create takes from which on one configuration after the other is used.
_LONG_CREATE_S = 1
#: Malformed SIDs between two looks at the configuration.
_GROUP = 8
_READS = 3


class MalformedRequests(Step):
    """Deletes with malformed input."""

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
            Inconclusive: the account holds configurations that are not the run's.
            Inconclusive: the list can't be read.
        """
        own = f"oc-{self._endpoint.settings.run_id}"
        for item, _ in self._endpoint.configurations.listing.items(scope=scope):
            if not str(item.get("displayName")).startswith(own):
                raise Inconclusive("the account holds configurations that are not the run's")
        self._endpoint.ownership.allow(*(one.segment for one in WILDCARDS), scope=scope)
        return self.sids(WILDCARDS, scope)

    def unknown(self, sid: MalformedSid, scope: Scope) -> Exchange:
        """Delete a SID that only looks like one: it is not found."""
        exchange = past_500(lambda: self._api.delete(Configuration(sid.segment, scope=scope)))
        if exchange.status != 500:
            malformed_input.not_found(self._findings, exchange)
        return exchange

    def near(self, configuration: Configuration, number: int) -> list[MalformedSid]:
        """*number* malformed SIDs near that of *configuration*, which a DELETE may name."""
        endpoint = self._endpoint
        near = malformed_sids(
            configuration.sid,
            endpoint.identifiers.sid(),
            endpoint.random,
            number,
            configuration.name,
        )
        return endpoint.absent.harmless(near, configuration)

    def groups_near(self, configuration: Configuration) -> list[list[MalformedSid]]:
        """As many as the effort asks for, in groups."""
        near = self.near(configuration, self._endpoint.effort.malformed_sids)
        return [near[start : start + _GROUP] for start in range(0, len(near), _GROUP)]

    def sids(self, sids: Sequence[MalformedSid], scope: Scope = DEFAULT_SCOPE) -> list[Exchange]:
        """The responses to deletes of *sids*, some at a time."""
        return self._endpoint.each(lambda one: self.sid(one, scope), sids)


@dataclass(eq=False, slots=True)
class MalformedKeyUse:
    """A malformed key in a delete, used again if it was ignored."""

    key: MalformedKey
    configuration: Configuration
    first: Exchange
    #: The same request after its operation's end; None where the first one was refused.
    again: Exchange | None = None
    #: The key with another configuration, and that one.
    other: tuple[Exchange, Configuration] | None = None

    @property
    def ignored(self) -> bool:
        """True if the delete was accepted as if it had no key."""
        return self.first.status == 202


class MalformedKeys(Step):
    """Sends deletes under malformed keys."""

    _deletes = Uses(Deletes)
    _malformed = Uses(MalformedRequests)

    def send_near(
        self, used: Operation, most: int | None = None
    ) -> list[tuple[MalformedKey, Exchange]]:
        """The delete of *used* under malformed keys near its own, *most* of them."""
        number = self._endpoint.effort.malformed_keys
        keys = malformed_keys(str(used.accepted.key), self._endpoint.random, number)

        def send(key: MalformedKey) -> tuple[MalformedKey, Exchange]:
            return key, self._malformed.key(used.configuration, key)

        return self._endpoint.each(send, keys[:most])

    def use(self, keys: Sequence[MalformedKey]) -> list[MalformedKeyUse]:
        """Delete under each of *keys*; use ignored ones again.

        Raises:
            Inconclusive: there is nothing to delete.
        """
        uses: list[MalformedKeyUse] = []
        left, idle = [*keys], list[Configuration]()
        create_s = self._endpoint.poller.usual_s("create")
        width = _WIDTH if len(keys) > _WIDTH and create_s < _LONG_CREATE_S else 1
        while left and sum(one.ignored for one in uses) < _MOST_IGNORED:
            if (missing := min(width, len(left)) - len(idle)) > 0:
                idle += self._endpoint.configurations.take(missing, least=0 if idle else 1)
            group = [*zip(left, idle, strict=False)]
            left = left[len(group) :]
            sent = self._endpoint.each(self._use_once, group)
            idle = [one.configuration for one in sent if not one.ignored]
            uses += sent
        self._use_again([one for one in uses if one.ignored])
        return uses

    def _use_once(self, what: tuple[MalformedKey, Configuration]) -> MalformedKeyUse:
        key, configuration = what
        use = MalformedKeyUse(key, configuration, self._malformed.key(configuration, key))
        malformed_input.malformed_key_treatment(self._endpoint.findings, use.first, key.why)
        return use

    def last_refused(self, uses: Sequence[MalformedKeyUse]) -> MalformedKeyUse:
        """The last of *uses*, which was refused.

        Raises:
            Inconclusive: it was ignored, or an earlier one on its configuration may have been.
        """
        last = uses[-1]
        untouched = self._endpoint.ownership.untouched(last.configuration.resource_key)
        if last.ignored or not untouched:
            raise Inconclusive(f"a malformed key was answered {last.first.outcome()}")
        return last

    def _use_again(self, ignored: Sequence[MalformedKeyUse]) -> None:
        if not ignored:
            return
        accept = self._endpoint.poller.accept
        self._deletes.complete([accept(one.first, one.configuration) for one in ignored])
        others = self._endpoint.configurations.take(len(ignored), least=1)
        for use, other in zip(ignored, others, strict=False):
            use.again = self._malformed.key(use.configuration, use.key)
            use.other = self._malformed.key(other, use.key), other

    def send_two_lines(self, operation: Operation, first: str, second: str) -> Exchange:
        """Repeat the delete of *operation* with two key lines, in this order."""
        return self._endpoint.client.delete(
            operation.configuration,
            headers=[(KEY_HEADER, first), (KEY_HEADER, second)],
            call=Call("delete", operation.sid, allow=MALFORMED_KEY_STATUSES),
            allow_no_response=True,
        )


class OtherMethods(Step):
    """Sends requests that read, or that the path does not support."""

    def send(self, method: str, configuration: Configuration) -> Exchange:
        """The response to *method* on the configuration's path."""
        payload: dict[str, str] | None = {} if method == "POST" else None
        request = self._api.request(
            Call("other", judge_content=False),
            method,
            f"/Configurations/{configuration.sid}",
            scope=configuration.scope,
            payload=payload,
        )
        return self._api.send(request, allow_no_response=True)

    def send_all(self, configuration: Configuration) -> list[Exchange]:
        """The responses to every method but DELETE, PUT and PATCH."""
        return [self.send(method, configuration) for method in ("POST", "HEAD", "OPTIONS", "GET")]

    def read_list(self) -> list[Exchange]:
        """The first page of the list, several times."""
        return [self._api.page(f"pageSize={LARGEST_PAGE}") for _ in range(_READS)]
