"""Those who bring a key at the very moment at which it is used first: on another SID, for another account, without credentials."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.request import Request
from orchestrator_contract.rules.key_reuse import MISMATCH, not_the_first
from orchestrator_contract.steps.deletes import Scenarios
from orchestrator_contract.steps.unauthorized import may_be_theirs


@dataclass
class Rivals:
    """Requests that come with a key at the moment at which it is used first, and are none of its replays."""

    endpoint: Endpoint | None = None
    #: What the key may be used for instead.
    other: Configuration | None = None
    batch: list[Request] = field(default_factory=list)

    @classmethod
    def of(cls, endpoint: Endpoint, sid: str, key: str) -> Rivals:
        """The same key on another SID, without credentials, and by another account, where it has none of its own under that SID."""
        request, other = endpoint.client.request, endpoint.configurations.one()
        strange = partial(
            request, Call("delete", sid, silent=True), "DELETE", f"/Configurations/{sid}", key=key
        )
        batch = [
            request(
                Call("delete", other.sid, allow=MISMATCH),
                "DELETE",
                f"/Configurations/{other.sid}",
                key=key,
            ),
            strange(caller=None),
        ]
        if len(endpoint.profile.accounts) > 1 and not may_be_theirs(endpoint, sid, 1):
            batch.append(strange(caller=1))
        return cls(endpoint, other, batch)

    def judge(
        self, scenarios: Scenarios, operation: Operation | None, responses: list[Exchange]
    ) -> bool:
        """Hold *responses* against what each may get; whether the key may be the other SID's."""
        if self.endpoint is None or self.other is None:
            return False
        again, *strange = responses
        for exchange, requirement in zip(
            strange, ("AUTH-MISSING", "AUTH-OTHER-ACCOUNT"), strict=False
        ):
            self.endpoint.findings.check(
                requirement,
                not exchange.succeeded,
                expected="a refusal",
                seen=exchange.outcome(),
                exchanges=[*([operation.accepted] if operation else ()), exchange],
            )
        if operation is not None:
            not_the_first(self.endpoint, "KEY-REUSE-OTHER-SID", operation, again, self.other.sid)
        if again.status == 202:
            scenarios.must_happen("KEY-REUSE-OTHER-SID", [(again, self.other)])
        elif again.status in (*MISMATCH, 409):
            self.endpoint.configurations.give_back(self.other)
        return again.status == 202
