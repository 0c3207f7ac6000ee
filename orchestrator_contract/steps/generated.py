"""Input that Hypothesis and Schemathesis generate; both take long to import, so late."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from threading import Lock
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlencode

from orchestrator_contract.api.pagination import token_of
from orchestrator_contract.contract.limits import LARGEST_PAGE
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.inputs.identifiers import is_well_formed_key
from orchestrator_contract.inputs.malformed_keys import MalformedKey
from orchestrator_contract.inputs.malformed_sids import MalformedSid
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import control_plane, malformed_input
from orchestrator_contract.rules.malformed_input import (
    MALFORMED_KEY_STATUSES,
    MALFORMED_SID_STATUSES,
    OUTSIDE_API_STATUSES,
)
from orchestrator_contract.steps.list_walks import ListWalks
from orchestrator_contract.steps.malformed import MalformedRequests
from orchestrator_contract.steps.step import Step, Uses

_WELL_FORMED_SID = re.compile(r"(?:conv|cfg)_configuration_[0-7][0-9a-z]{25}", re.ASCII)
_NAME = re.compile(r"[a-zA-Z0-9_ -]{1,32}")
_STORE = re.compile(r"mem_(?:store|service)_[0-7][0-9a-z]{25}")
_PAGE_SIZE = re.compile(r"pageSize=([1-9][0-9]{0,3})|", re.ASCII)


class _Generated(Step):
    """Sends generated input; each response is judged as it comes."""

    def _run(
        self,
        name: str,
        kinds: Mapping[str, Any],
        attempt: Callable[[Any], Exchange | None],
        number: int = 0,
    ) -> list[Exchange]:
        """The responses to *number* examples, by default as many as the effort has requests."""
        from orchestrator_contract.fuzzing.examples import Examples  # noqa: PLC0415  # slow

        number = number or self._endpoint.effort.generated_requests
        return Examples(self._endpoint, name, attempt).run(kinds, number)


class GeneratedInputs(_Generated):
    """Sends deletes with generated keys and SIDs; each response is judged as it comes."""

    _malformed = Uses(MalformedRequests)

    def malformed_keys(self, used: Operation) -> list[Exchange]:
        """Repeat the delete of *used* under malformed keys near its own."""
        from orchestrator_contract.fuzzing.keys import malformed_keys  # noqa: PLC0415  # slow

        def attempt(key: MalformedKey) -> Exchange:
            again = self._malformed.key(used.configuration, key)
            malformed_input.malformed_key_not_honoured(
                self._endpoint.findings, again.succeeded, used.accepted, again, key.why
            )
            return again

        kinds = malformed_keys(str(used.accepted.key))
        number = self._endpoint.effort.generated_keys
        return self._run("malformed keys", kinds, attempt, number)

    def malformed_sids(self, near: Configuration) -> list[Exchange]:
        """Delete malformed SIDs, and a few well-formed ones, near that of *near*."""
        from orchestrator_contract.fuzzing.sids import is_near, malformed_sids  # noqa: PLC0415  # slow

        def attempt(sid: MalformedSid) -> Exchange | None:
            if not self._endpoint.absent.harmless([sid], near):
                return None
            if is_near(sid.segment, near.sid):
                return self._malformed.unknown(sid, near.scope)
            return self._malformed.sid(sid, near.scope)

        number = self._endpoint.effort.generated_sids
        kinds = malformed_sids(near.sid)
        return self._run("malformed SIDs", kinds, attempt, number)


class GeneratedRequests(_Generated):
    """Sends generated requests; each response is judged as it comes."""

    _list_walks = Uses(ListWalks)

    @property
    def _schema(self) -> ModuleType:
        """The generators of requests from the OpenAPI description."""
        from orchestrator_contract.fuzzing import schema_requests  # noqa: PLC0415  # slow

        return schema_requests

    # ---------------------------------------------------------------- deletes

    def deletes(self) -> None:
        """Deletes of generated SIDs under generated keys."""
        self._run("deletes", self._schema.segments_and_keys(), self._delete)

    def headers(self) -> None:
        """Deletes of an absent SID with a generated header."""
        absent = self._endpoint.absent.one()
        kinds = {"headers": self._schema.headers()}
        self._run("headers", kinds, partial(self._with_header, absent))

    def _delete(self, request: tuple[str, str | None]) -> Exchange | None:
        segment, key = request
        if not segment.strip(".") or segment == self._endpoint.targets.control.sid:
            return None
        if not self._endpoint.absent.is_absent(segment):
            return None
        well_formed = key is not None and is_well_formed_key(key)
        odd = key is not None and not well_formed
        malformed_sid = _WELL_FORMED_SID.fullmatch(segment) is None
        allow = MALFORMED_SID_STATUSES | OUTSIDE_API_STATUSES
        call = Call(
            "delete",
            segment,
            allow=allow | MALFORMED_KEY_STATUSES if odd else allow,
            outside_api=True,
            malformed_sid=malformed_sid,
        )

        def send() -> Exchange:
            # Generators come back to the same values: a key may have been used on another SID, and
            # have stored a 500.
            used = self._endpoint.key() if well_formed else key
            return self._api.delete(
                Configuration(segment), key=used, call=call, allow_no_response=True
            )

        exchange = past_500(send)
        if odd:
            malformed_input.malformed_key_no_5xx(self._findings, exchange, f"value {key!r:.42}")
        elif malformed_sid:
            kind = f"the generated SID {segment[:60]!r}"
            malformed_input.malformed_sid_refused(self._findings, exchange, kind)
        elif exchange.response is not None:
            malformed_input.not_found(self._findings, exchange)
        return exchange

    def _with_header(self, absent: Configuration, header: tuple[str, str]) -> Exchange:
        call = Call("delete", absent.sid, allow=MALFORMED_KEY_STATUSES, outside_api=True)
        send = partial(
            self._api.delete, absent, headers=[header], call=call, allow_no_response=True
        )
        exchange = past_500(send)
        if exchange.status not in MALFORMED_KEY_STATUSES:  # a server may refuse any header
            malformed_input.not_found(self._findings, exchange)
        return exchange

    # ---------------------------------------------------------------- other calls

    def operations(self) -> None:
        """Fetches of operations that do not exist."""
        self._run("operations", self._schema.operation_ids(), self._fetch_operation)

    def _fetch_operation(self, segment: str) -> Exchange | None:
        if not unquote(segment).strip("./") or "%2f" in segment.lower():
            return None  # it may lead elsewhere
        call = Call("operation", segment, of="other", outside_api=True)
        request = self._api.request(call, "GET", f"/Operations/{segment}")
        exchange = past_500(partial(self._api.send, request, allow_no_response=True))
        control_plane.refused(self._findings, exchange)
        return exchange

    def creates(self) -> None:
        """Creates with generated payloads; valid ones only where configurations are plenty."""
        effort = self._endpoint.effort
        kinds = self._schema.payloads(valid=not effort.few and not effort.gentle)
        self._run("creates", kinds, self._create)

    def _create(self, text: str) -> Exchange | None:
        payload = json.loads(text)
        if not payload.get("displayName") or not isinstance(payload["displayName"], str):
            return None  # what a lenient endpoint makes of it could not be told from others'
        exchange = self._create_as_own(payload)
        if exchange.status == 500:  # documented, and may pass
            exchange = self._create_as_own(payload)
        if exchange.status not in (202, 429, 503):
            control_plane.refused(self._findings, exchange)
        return exchange

    def _create_as_own(self, payload: Mapping[str, Any]) -> Exchange:
        """Create under a new name of the run's, or one that begins with it."""
        creator, sent = self._endpoint.configurations.creator, list[Exchange]()
        own = creator.payloads.plain()
        name = own["displayName"]
        wanted = payload["displayName"]
        members = {**payload, "displayName": name if _NAME.fullmatch(wanted) else name + wanted}
        if _STORE.fullmatch(str(payload.get("memoryStoreId"))):
            members["memoryStoreId"] = own["memoryStoreId"]

        def send(request: Request) -> Exchange:
            sent.append(self._api.send(request, returns=frozenset({429, 503})))
            return sent[-1]

        try:
            operation = creator.begin(members, self._endpoint.key(), send=send)
            self._endpoint.configurations.give_back(creator.conclude(operation, members))
        except NothingToDelete:
            if not sent:
                raise
        return sent[-1]

    # ---------------------------------------------------------------- the list

    def lists(self) -> None:
        """Pages of the list by generated queries."""
        self._run("lists", self._schema.queries(), self._page)

    def page_tokens(self) -> None:
        """Pages by tokens near a real one: a character less or more, then generated ones.

        Raises:
            Inconclusive: the list gives no token.
        """
        token = token_of(self._list_walks.page(1))
        if not token:
            raise Inconclusive("the list gives no nextToken")
        number = self._endpoint.effort.generated_requests
        quoted = f'{token}"\x01'
        written = (token[:-1], token[1:], token + token[-1:], token.swapcase(), token * 2, quoted)
        for near in written[:number]:
            self._by_token(near)
        self._run("page tokens", self._schema.tokens(token), self._by_token, -(-number // 2))
        lengths = self._schema.tokens_by_length(len(token))
        self._run("lengths of page tokens", lengths, self._by_token, 3 * number)

    def page_sizes(self, configurations: Sequence[Configuration]) -> None:
        """Walk over pages of sizes that split the list, as many as the effort allows.

        They hold *configurations*, and all others that the run has in the list.
        """
        listed = self._endpoint.configurations.listing.sids()
        sizes = [*range(-(-len(listed) // 2), min(len(listed), LARGEST_PAGE + 1))]
        self._endpoint.random.shuffle(sizes)
        for size in sizes[: self._endpoint.effort.generated_requests * 3 // 2]:
            self._list_walks.check_size(size, configurations, listed)

    def _by_token(self, token: str) -> Exchange:
        return self._page(urlencode({"pageToken": token.encode("utf-8", "surrogateescape")}))

    def _page(self, query: str) -> Exchange:
        page = past_500(partial(self._api.page, query))
        size = _PAGE_SIZE.fullmatch(query)
        valid = size is not None and int(size[1] or 1) <= LARGEST_PAGE
        control_plane.page_answered(self._findings, page, valid=valid)
        return page


class Histories(Step):
    """Runs the state machine."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._alone = Lock()

    def run(self, round_: int) -> None:
        """Run one round's part of the histories that do not move the endpoint's clock.

        Where few configurations may exist at once, one round waits for the other.
        """
        number, rounds = self._number - self._number_over_days, self._endpoint.effort.rounds
        with self._alone if self._endpoint.inventory.share() else nullcontext():
            self._run(number // rounds + (round_ < number % rounds), clock=False)

    def run_over_days(self) -> None:
        """Run the histories that move the endpoint's clock."""
        self._run(self._number_over_days, clock=True)

    @property
    def _number(self) -> int:
        return self._endpoint.effort.model_runs

    @property
    def _number_over_days(self) -> int:
        """Half of them; one where operations take long, as nothing can go on beside it."""
        if not self._endpoint.profile.clock_url:
            return 0
        return 1 if self._endpoint.poller.is_slow else self._number // 2

    def _run(self, number: int, *, clock: bool) -> None:
        from orchestrator_contract.fuzzing.histories import run_histories  # noqa: PLC0415  # slow
        from orchestrator_contract.fuzzing.machine import Machine  # noqa: PLC0415  # slow

        run_histories(Machine, self._endpoint, clock=clock, number=max(1, number))
