"""Deletes by callers that may not delete: without credentials, with wrong ones, or by another account."""

from __future__ import annotations

import base64

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.inputs.malformed_sids import USUAL_SID
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import Scope


def basic(user: str, password: str) -> str:
    """The value of an Authorization header (S2: HTTP Basic)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class UnauthorizedCallers:
    """Sends deletes that must be refused."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._api = endpoint.client

    def without_credentials(
        self, configuration: Configuration, *, key: str | None = None
    ) -> Exchange:
        """The response to a DELETE without credentials."""
        return self._delete(configuration, "missing", key, caller=None)

    def with_authorization(
        self, configuration: Configuration, value: str, *, key: str | None = None
    ) -> Exchange:
        """The response to a DELETE with a wrong Authorization header."""
        self._endpoint.redactor.learn(value)
        return self._delete(configuration, "wrong", key, value, caller=None)

    def with_wrong_password(
        self, configuration: Configuration, *, key: str | None = None
    ) -> Exchange:
        """The response to a DELETE with the owner's user name and one character too many in the password."""
        value = self.wrong_password(configuration.scope.account)
        return self.with_authorization(configuration, value, key=key)

    def wrong_password(self, index: int = 0) -> str:
        """The Authorization of an account with one character too many in the password."""
        account = self._endpoint.profile.accounts[index]
        return basic(account.username, account.password + "x")

    def other_account(
        self,
        configuration: Configuration,
        *,
        account: int = 1,
        key: str | None = None,
        new_connection: bool = False,
    ) -> Exchange:
        """The response to a DELETE of another account's configuration.

        Raises:
            CheckInconclusive: that account may have a configuration of its own under the SID.
        """
        scope = Scope(account, configuration.scope.region)
        if self.may_exist(configuration.sid, scope):
            raise CheckInconclusive(
                f"account {account + 1} may have a configuration of its own under the SID {configuration.sid:.60}"
            )
        return self._delete(
            configuration, "other account", key, caller=account, new_connection=new_connection
        )

    def may_exist(self, sid: str, scope: Scope) -> bool:
        """Whether the SID of another scope may name a configuration of somebody's in *scope*; where not, a DELETE may name it.

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
        # The run's own configuration of another scope may be shown, which that account should not see.
        names = {
            one.name
            for one in self._endpoint.inventory.left.values()
            if one.sid == sid and one.scope != scope
        }
        return fetch.status != 200 or fetch.object.get("displayName") not in names

    def _delete(
        self,
        configuration: Configuration,
        credentials: str,
        key: str | None,
        authorization: str = "",
        *,
        caller: int | None,
        new_connection: bool = False,
    ) -> Exchange:
        call = Call("delete", configuration.sid, silent=True, credentials=credentials)
        headers = [("Authorization", authorization)] if authorization else []
        return past_500(
            lambda: self._api.delete(
                configuration,
                key=key,
                caller=caller,
                headers=headers,
                call=call,
                new_connection=new_connection,
            )
        )
