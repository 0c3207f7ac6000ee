"""Configurations that the profile gives: a pool, or what a command prints; those that name nothing are left out."""

from __future__ import annotations

import contextlib
import time
from functools import partial

from orchestrator_contract.api.client import Client
from orchestrator_contract.exceptions import Inconclusive, NothingToDelete
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.provision.identity import Identity
from orchestrator_contract.provision.pool import Source, Supply
from orchestrator_contract.resources.configuration import READ_LAG_S, Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE

#: Between two looks for what a command has made, in seconds.
_LOOK_S = 0.5


class Given:
    """Hands out the SIDs of [provision] that name something."""

    def __init__(self, client: Client, identity: Identity) -> None:
        provision = client.profile.provision
        # A profile may hold the pool or command of another mode; what it names is not to be touched then.
        source = Source(
            "provision",
            provision.pool if provision.mode == "pool" else (),
            provision.command if provision.mode == "command" else (),
        )
        self._client = client
        self._identity = identity
        self._supply = Supply(source, client.coordinator, client.steps)
        #: Those that neither the list nor a fetch shows: nothing is asked of them.
        self.stale: list[str] = []
        self._living: set[str] = set()

    def take(self, number: int) -> list[str]:
        """*number* SIDs: a pool may be older than what has become of it.

        Raises:
            NothingToDelete: there are not as many.
        """
        living: list[str] = []
        try:
            while len(living) < number:
                for sid in self._supply.take(number - len(living)):
                    (living if self._names_something(sid) else self.stale).append(sid)
        except NothingToDelete as error:
            for sid in living:
                self._supply.give_back(sid)
            if not self.stale:
                raise
            raise type(error)(
                f"{error}; {len(self.stale)} of what it gave is not there, such as {self.stale[0]:.80}"
            ) from None
        return living

    def give_back(self, sid: str) -> None:
        """Return one at which nothing but reads was aimed."""
        self._supply.give_back(sid)

    def end(self) -> None:
        """Say what was given back: nothing more is taken."""
        self._supply.end()

    def _names_something(self, sid: str) -> bool:
        """True if the list or a fetch shows *sid*, or neither could be read."""
        self._identity.look_before(DEFAULT_SCOPE)
        # What a command has just made may take a moment; once one has not come, the others are not waited for.
        patient = self._client.profile.provision.mode == "command" and not self.stale
        deadline = time.monotonic() + (READ_LAG_S if patient else 0.0)
        if sid not in self._living and not self._identity.was_there(sid, DEFAULT_SCOPE):
            with contextlib.suppress(Inconclusive):
                while past_500(partial(self._client.fetch, Configuration(sid))).status == 404:
                    if time.monotonic() >= deadline:
                        return False
                    time.sleep(_LOOK_S)
        self._living.add(sid)
        return True
