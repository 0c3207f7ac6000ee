"""Deletes and reads by another account, beside those of the owner."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from orchestrator_contract.api.pagination import token_of
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.inputs.wrong_credentials import one_character_more
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.rules import authorization
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.unauthorized import UnauthorizedCallers


class Disclosure:
    """Looks for what refusals and reads disclose to others than the owner."""

    def __init__(self, endpoint: Endpoint, unauthorized: UnauthorizedCallers) -> None:
        self._endpoint = endpoint
        self._api = endpoint.client
        self._unauthorized = unauthorized

    def refusals_in_turns(
        self, credentials: str, existing: Configuration, absent: Configuration
    ) -> tuple[list[Exchange], list[Exchange]]:
        """Refusals of an existing and an unknown SID in turns, against lock-outs."""
        told, untold = [], []
        for _ in range(1 if self._endpoint.effort.gentle else 2):
            told.append(self._unauthorized.as_unauthorized(credentials, existing))
            untold.append(self._unauthorized.as_unauthorized(credentials, absent))
        return told, untold

    def no_conflict(self, configuration: Configuration, exchange: Exchange) -> None:
        """Check that a SID is no conflict and not deleted to another account.

        Unless every SID is.
        """
        if exchange.status in (409, authorization.GONE):
            control = self._unauthorized.other_account(self._endpoint.absent.one())
            again = self._unauthorized.other_account(configuration)
            authorization.no_conflict_with_others(self._endpoint.findings, exchange, control, again)

    # ---------------------------------------------------------------- reads

    def read(self, url: str, credentials: str) -> Exchange:
        """A GET with "own", "missing", "wrong" or "other account" credentials."""
        call = Call("other", judge_content=False, credentials=credentials)
        headers: list[tuple[str, str]] = []
        caller = {"own": 0, "other account": 1}.get(credentials)
        if credentials == "wrong":
            wrong = one_character_more(self._api.authorization())
            self._endpoint.redactor.learn(wrong.value)
            headers = [("Authorization", wrong.value)]
        request = self._api.request(call, "GET", url, caller=caller, headers=headers)
        return past_500(partial(self._api.send, request))

    def read_after_owner(self, url: str, credentials: str) -> Exchange:
        """Like `read`, right after the owner's read, which may be cached."""
        self.read(url, "own")
        return self.read(url, credentials)

    def url_of(self, configuration: Configuration) -> str:
        """Where a configuration is fetched."""
        return self._api.url(f"/Configurations/{configuration.sid}")

    def first_pages(self) -> list[str]:
        """Where the first page of the list, and the one after it, are fetched."""
        token = token_of(past_500(lambda: self._api.page("pageSize=1")))
        following = [urlencode({"pageSize": 1, "pageToken": token})] if token else []
        return [self._api.url(f"/Configurations?{query}") for query in ("pageSize=1", *following)]


class DisturbedDeletes:
    """Deletes that unauthorized callers name before and while they run."""

    def __init__(
        self, endpoint: Endpoint, unauthorized: UnauthorizedCallers, deletes: Deletes
    ) -> None:
        self._endpoint = endpoint
        self._unauthorized = unauthorized
        self._deletes = deletes

    def disturb(self, credentials: str) -> tuple[Operation, Exchange]:
        """A delete to its end, and an unauthorized one while it ran."""
        configuration, key = self._endpoint.configurations.one(), self._endpoint.key()
        operation = self._deletes.accept(configuration, key=key)
        exchange = self._unauthorized.as_unauthorized(
            credentials, configuration, key=self._endpoint.key()
        )
        self._endpoint.poller.finish([operation])
        return operation, exchange

    def judge(self, operation: Operation, credentials: str) -> list[Operation]:
        """Check that the disturbed delete completes, or a second one does.

        A first one may fail for other reasons.
        """
        tries = [operation]
        if operation.done and operation.status != "COMPLETED":
            tries.append(self.disturb(credentials)[0])
        last = tries[-1]
        completed = not last.done or last.status == "COMPLETED"
        steps = [step for one in tries for step in one.steps]
        authorization.completes_regardless(self._endpoint.findings, completed, last.status, steps)
        return self._deletes.complete([last]) if completed else []
