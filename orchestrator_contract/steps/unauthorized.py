"""Deletes and reads without credentials, with wrong ones, or by another account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import urlencode

from orchestrator_contract.api.pagination import token_of
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.inputs.malformed_sids import USUAL_SID
from orchestrator_contract.inputs.path_spellings import path_spellings
from orchestrator_contract.inputs.wrong_credentials import (
    WrongCredentials,
    one_character_more,
    wrong_credentials,
)
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import authorization
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.step import Step, Uses

#: Times that a DELETE without credentials is sent.
_WITHOUT = 4
#: Most refusals of one SID that are compared with those of another.
_TURNS = 3


class UnauthorizedCallers(Step):
    """Sends deletes that must be refused."""

    def delete(
        self,
        credentials: str,
        configuration: Configuration,
        *,
        key: str | None = None,
        wrong: WrongCredentials | None = None,
        new_connection: bool = False,
    ) -> Exchange:
        """DELETE with "missing", "wrong" or "other account" credentials.

        Raises:
            Inconclusive: the other account may have a configuration of its own under the SID.
        """
        request = self.request(credentials, configuration, key=key, wrong=wrong)
        request = replace(request, lower=new_connection)
        return past_500(partial(self._api.send, request, new_connection=new_connection))

    def each_without_credentials(self, configuration: Configuration) -> list[Exchange]:
        """Deletes without credentials, half under a key, until one succeeds."""
        return self._until_success(
            [
                partial(self.delete, "missing", configuration, key=key)
                for key in self._keys(self._times(_WITHOUT))
            ]
        )

    def each_with_wrong_credentials(self, configuration: Configuration) -> list[Exchange]:
        """Deletes with the most telling wrong credentials, of each kind until one succeeds."""
        right, other = (self._api.authorization(Scope(account=number)) for number in (0, 1))
        wrong = wrong_credentials(right, other)
        return [
            exchange
            for one in wrong[: self._endpoint.effort.wrong_credentials]
            for exchange in self._until_success(
                [
                    partial(self.delete, "wrong", configuration, key=key, wrong=one)
                    for key in self._keys(self._times(one.times))
                ]
            )
        ]

    def by_other_paths(self, credentials: str, configuration: Configuration) -> list[Exchange]:
        """Unauthorized deletes whose path is spelled in other ways.

        Raises:
            Inconclusive: the other account may have a configuration of its own under the SID.
        """
        request = self.request(credentials, configuration)
        return [
            self._api.send(replace(request, url=url), allow_no_response=True)
            for url in path_spellings(request.url, configuration.sid)
        ]

    def request(
        self,
        credentials: str,
        configuration: Configuration,
        *,
        key: str | None = None,
        wrong: WrongCredentials | None = None,
    ) -> Request:
        """A DELETE that is not sent yet, with *credentials* as `caller` tells.

        Raises:
            Inconclusive: the other account may have a configuration of its own under the SID.
        """
        caller, headers = self.caller_of(configuration, credentials, wrong)
        call = Call("delete", configuration.sid, judge_content=False, credentials=credentials)
        return self._api.delete_request(
            configuration, key=key, caller=caller, headers=headers, call=call
        )

    def caller_of(
        self,
        configuration: Configuration,
        credentials: str,
        wrong: WrongCredentials | None = None,
    ) -> tuple[int | None, list[tuple[str, str]]]:
        """As `caller` tells, for *configuration*.

        Raises:
            Inconclusive: the other account may have a configuration of its own under the SID.
        """
        scope = configuration.scope
        caller, headers = self.caller(credentials, scope, wrong)
        if caller is not None and self.may_exist(configuration.sid, Scope(caller, scope.region)):
            raise Inconclusive(
                f"account {caller + 1} may have a configuration of its own under the SID "
                f"{configuration.sid:.60}"
            )
        return caller, headers

    def caller(
        self, credentials: str, scope: Scope, wrong: WrongCredentials | None = None
    ) -> tuple[int | None, list[tuple[str, str]]]:
        """The account whose credentials are sent, if any, and other headers.

        The other account is that of the first two which does not own *scope*; wrong are the
        owner's credentials and a character, unless *wrong* is given.

        Raises:
            Inconclusive: the other account has no credentials in the region of *scope*.
        """
        if credentials == "other account":
            other = Scope(0 if scope.account else 1, scope.region)
            if not self._endpoint.profile.has(other):
                raise Inconclusive("needs accounts and regions")
            return other.account, []
        if credentials != "wrong":
            return None, []
        wrong = wrong or one_character_more(self._api.authorization(scope))
        self._endpoint.redactor.learn(wrong.value)
        return None, [("Authorization", wrong.value)]

    def may_exist(self, sid: str, scope: Scope) -> bool:
        """True if another scope's SID may exist in *scope* and be protected.

        Ids that do not look as documented may be counted from one in each scope.
        """
        if not USUAL_SID.fullmatch(sid) and self._is_shown(sid, scope):
            return True
        self._endpoint.ownership.lend(sid, scope)
        return False

    def _is_shown(self, sid: str, scope: Scope) -> bool:
        fetch = past_500(lambda: self._api.fetch(Configuration(sid, scope=scope)))
        if fetch.status in range(400, 500):
            return False
        # The run's own configuration of another scope may be shown, which that account should not
        # see.
        names = {
            one.name
            for one in self._endpoint.inventory.left.values()
            if one.sid == sid and one.scope != scope
        }
        return fetch.status != 200 or fetch.object.get("displayName") not in names

    def _times(self, times: int) -> int:
        effort = self._endpoint.effort
        return 1 if effort.few or effort.gentle else times

    def _keys(self, number: int) -> list[str | None]:
        return [self._endpoint.key() if n % 2 else None for n in range(number)]

    @staticmethod
    def _until_success(sends: Sequence[Callable[[], Exchange]]) -> list[Exchange]:
        exchanges: list[Exchange] = []
        for send in sends:
            exchanges.append(send())
            if exchanges[-1].succeeded:
                break
        return exchanges


class Disclosure(Step):
    """Looks for what refusals and reads disclose to others than the owner."""

    _unauthorized = Uses(UnauthorizedCallers)

    def refusals_in_turns(
        self,
        credentials: str,
        existing: Configuration,
        absent: Configuration,
        first: Exchange | None = None,
    ) -> tuple[list[Exchange], list[Exchange]]:
        """Refusals of an existing and an unknown SID in turns, against lock-outs.

        The *first* one may be known. Where they differ there are more, of further unknown SIDs:
        a refusal may have an id of its own, or quote a part of the SID.
        """
        told, untold = list[Exchange](), list[Exchange]()
        for _ in range(_TURNS):
            known = first if not told else None
            told.append(known or self._unauthorized.delete(credentials, existing))
            unknown = self._endpoint.absent.one() if untold else absent
            untold.append(self._unauthorized.delete(credentials, unknown))
            if authorization.is_same_refusal(told, untold):
                break
        return told, untold

    def refused_like_unknown(self, configuration: Configuration, exchange: Exchange) -> None:
        """Check that another account's *exchange* tells nothing that an unknown SID's would not.

        409 and 410 tell something, unless every SID gets them; a 404 does by its content.
        """
        if exchange.status in (409, authorization.GONE):
            control = self._unauthorized.delete("other account", self._endpoint.absent.one())
            again = self._unauthorized.delete("other account", configuration)
            authorization.no_conflict_with_others(self._endpoint.findings, exchange, control, again)
        elif exchange.status == 404:
            told, untold = self.refusals_in_turns(
                "other account", configuration, self._endpoint.absent.one(), exchange
            )
            if all(one.status == 404 for one in (*told, *untold)):
                authorization.same_refusal(self._endpoint.findings, told, untold)

    # ---------------------------------------------------------------- reads

    def read(self, url: str, credentials: str) -> Exchange:
        """A GET with "own", "missing", "wrong" or "other account" credentials."""
        call = Call("other", judge_content=False, credentials=credentials)
        caller, headers = (
            (0, [])
            if credentials == "own"
            else self._unauthorized.caller(credentials, DEFAULT_SCOPE)
        )
        request = self._api.request(call, "GET", url, caller=caller, headers=headers)
        return past_500(partial(self._api.send, request))

    def read_after_owner(self, url: str, credentials: str) -> Exchange:
        """Like `read`, right after the owner's read, which may be cached."""
        self.read(url, "own")
        return self.read(url, credentials)

    def url_of(self, configuration: Configuration, credentials: str = "own") -> str:
        """Where a configuration is fetched.

        Raises:
            Inconclusive: the other account may have a configuration of its own under the SID.
        """
        self._unauthorized.caller_of(configuration, credentials)
        return self._api.url(f"/Configurations/{configuration.sid}")

    def first_pages(self) -> list[str]:
        """Where the first page of the list, and the one after it, are fetched."""
        token = token_of(past_500(lambda: self._api.page("pageSize=1")))
        following = [urlencode({"pageSize": 1, "pageToken": token})] if token else []
        return [self._api.url(f"/Configurations?{query}") for query in ("pageSize=1", *following)]


class DisturbedDeletes(Step):
    """Deletes that unauthorized callers name before and while they run."""

    _unauthorized = Uses(UnauthorizedCallers)
    _deletes = Uses(Deletes)

    def disturb(self, credentials: str) -> tuple[Operation, Exchange]:
        """A delete that runs, and an unauthorized one that came meanwhile."""
        configuration, key = self._endpoint.configurations.one(), self._endpoint.key()
        operation = self._deletes.accept(configuration, key=key)
        exchange = self._unauthorized.delete(credentials, configuration, key=self._endpoint.key())
        return operation, exchange

    def judge(self, operation: Operation, credentials: str) -> list[Operation]:
        """Check that the disturbed delete completes, or a second one does.

        A first one may fail for other reasons.

        Raises:
            Inconclusive: the last was not seen to end.
        """
        tries = [operation]
        self._endpoint.poller.finish(tries)
        if operation.done and operation.status != "COMPLETED":
            tries.append(self.disturb(credentials)[0])
            self._endpoint.poller.finish(tries)
        last = tries[-1]
        if not last.done:
            raise Inconclusive("the disturbed delete was not seen to end")
        completed = last.status == "COMPLETED"
        steps = [step for one in tries for step in one.steps]
        authorization.completes_regardless(self._endpoint.findings, completed, last.status, steps)
        return self._deletes.complete([last]) if completed else []
