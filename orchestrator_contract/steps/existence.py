"""What is still there and what is gone: seen by a fetch, by the list, and by another delete."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.endpoint import Endpoint, exists
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.http.retry_after import CONFLICT_PAUSES_S, past_500
from orchestrator_contract.rules.responses import LARGEST_PAGE
from orchestrator_contract.scope import ResourceKey, Scope

#: Pause between looks at what must be there, in seconds.
_LOOK_AGAIN_S = 1.0
#: What the owner of a configuration wrote; a delete that is not carried out leaves it so.
_WRITTEN = ("displayName", "description", "conversationGroupingType", "memoryStoreId")
#: Optional members, compared where they were set; nested ones by the one member that the suite writes, as the endpoint may change others.
_OPTIONAL = {
    "statusCallbacks": "url",
    "conversationsV1Bridge": "serviceId",
    "intelligenceConfigurationIds": "",
    "memoryExtractionEnabled": "",
    "channelSettings": "SMS",
}


class Existence:
    """Looks at the configurations of one suite, and judges what it sees."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.client = endpoint.client
        self.check = endpoint.findings.check
        #: Pauses after a conflict about what is gone; none once they were all in vain.
        self._pauses_s: tuple[float, ...] = CONFLICT_PAUSES_S
        #: What a fetch showed of a configuration before something was aimed at it.
        self.shown: dict[ResourceKey, dict[str, Any]] = {}

    def is_there(self, configuration: Configuration) -> tuple[bool | None, Exchange]:
        """Whether a fetch shows the configuration, with the fetch."""
        for _ in range(3):
            exchange = self.client.fetch(configuration)
            if exists(exchange) is not None:
                break
            time.sleep(0.1)
        self.shows(configuration, exchange)
        return exists(exchange), exchange

    def shows(self, configuration: Configuration, fetch: Exchange) -> None:
        """What a fetch shows is the configuration that it asked for; of the id the prefix is open (OBS-SID-PREFIX)."""
        named = fetch.object.get("id") if fetch.status == 200 else None
        if isinstance(named, str):
            same = named.rpartition("_")[2] == configuration.sid.rpartition("_")[2]
            self.check(
                "CTRL-CONFIGURATION",
                same,
                expected=f"id {configuration.sid}",
                seen=f"{named:.120}",
                exchanges=[fetch],
                where="$.id",
            )

    def stands(self, configuration: Configuration) -> tuple[bool | None, Exchange]:
        """Whether a fetch shows what must be there: one that misses what was created just now is made again until it may miss it no more."""
        there, exchange = self.is_there(configuration)
        while there is False and (late := configuration.read_lag_s):
            time.sleep(min(late, _LOOK_AGAIN_S))
            there, exchange = self.is_there(configuration)
        return there, exchange

    def must_be_shown(self, configuration: Configuration) -> None:
        """Make sure that this endpoint shows what exists, or nothing can be said of what was deleted.

        Raises:
            Inconclusive: it does not.
        """
        there, exchange = self.stands(configuration)
        if not there:
            raise Inconclusive(
                f"a fetch does not show the existing configuration ({exchange.outcome()})"
            )
        self.shown[configuration.resource_key] = exchange.object

    def kept(
        self, requirement: str, configuration: Configuration, steps: Sequence[Exchange]
    ) -> bool:
        """The configuration is still there after *steps*, as it was shown before; a breach of *requirement* when it is not."""
        there, exchange = self.stands(configuration)
        if there is None:
            raise Inconclusive(
                f"whether the configuration is still there can't be seen ({exchange.outcome()})"
            )
        changed = self._changed(configuration, exchange) if there else ""
        self.check(
            requirement,
            there and not changed,
            expected=f"{configuration.sid} still there{', as it was' if changed else ''}",
            seen=changed or "gone",
            exchanges=[*steps, exchange],
        )
        if not there:
            self.endpoint.inventory.gone(configuration)
            if self.endpoint.is_control_configuration(configuration):
                self.endpoint.forget_control_configuration()
        return there

    def _changed(self, configuration: Configuration, fetch: Exchange) -> str:
        """What a fetch shows otherwise than the one before something was aimed at the configuration; empty for nothing."""
        before, after = self.shown.get(configuration.resource_key, {}), fetch.object
        if before.get("id") != after.get("id"):
            return ""  # what is missing, or another configuration's, is for the schemas and CTRL-CONFIGURATION to say
        changed = [
            name
            for name in _WRITTEN
            if isinstance(after.get(name), str) and name in before and after[name] != before[name]
        ]
        changed += [
            name
            for name, part in _OPTIONAL.items()
            if before.get(name) and _said(after.get(name), part) != _said(before[name], part)
        ]
        return ", ".join(
            f"{name} {after.get(name)!r:.60} instead of {before[name]!r:.60}" for name in changed
        )

    def gone(self, operation: Operation) -> None:
        """After COMPLETED the configuration can't be fetched (DELETED-FETCH)."""
        exchange = past_500(lambda: self.client.fetch(operation.configuration))
        self.check(
            "DELETED-FETCH",
            exchange.status == 404,
            expected="404",
            seen=exchange.outcome(),
            exchanges=[operation.accepted, *operation.polls[-1:], exchange],
        )

    def gone_at_once(self, operation: Operation, number: int) -> None:
        """After COMPLETED none of *number* fetches at one moment shows the configuration (DELETED-FETCH)."""
        account, region = operation.accepted.account or 0, operation.accepted.region
        out = self.client.request(
            Call("fetch", operation.sid),
            "GET",
            f"/Configurations/{operation.sid}",
            scope=Scope(account, region),
        )
        for exchange in self.client.send_together([out] * number):
            self.check(
                "DELETED-FETCH",
                exchange.status != 200,
                expected="404",
                seen=exchange.outcome(),
                exchanges=[operation.accepted, *operation.polls[-1:], exchange],
            )

    def not_again(
        self, operation: Operation, *, keyed: bool = False, key: str | None = None
    ) -> None:
        """After COMPLETED another delete, under *key* or *keyed* under a new one, answers 404 (DELETED-DELETE)."""
        own = key or (self.endpoint.key() if keyed else None)
        exchange = past_500(lambda: self.client.delete(operation.configuration, key=own))
        for pause in self._pauses_s if exchange.status == 409 else ():
            # A conflict with what else runs on the account, which may be looked at first, passes; whether it is stored is open.
            time.sleep(pause)
            exchange = self.client.delete(
                operation.configuration,
                key=self.endpoint.key() if own else None,
            )
            if exchange.status != 409:
                break
        else:
            if exchange.status == 409:
                self._pauses_s = ()
        self.check(
            "DELETED-DELETE",
            exchange.status == 404,
            expected="404",
            seen=exchange.outcome(),
            exchanges=[operation.accepted, *operation.polls[-1:], exchange],
        )

    def unlisted(
        self,
        operations: Sequence[Operation],
        *,
        size: int | None = LARGEST_PAGE,
        kept: Sequence[Configuration] = (),
    ) -> None:
        """After COMPLETED no page holds these (DELETED-LIST), and the list holds what was *kept* (EFFECT-NO-OTHER).

        All of them are of one account and region.

        Raises:
            Inconclusive: the list can't be read to its end.
        """
        by_sid = {operation.sid: operation for operation in operations}
        seen: set[str] = set()
        pages: list[Exchange] = []
        single = True
        first = operations[0].accepted if operations else None
        account, region = (first.account or 0, first.region) if first else (0, 0)
        for item, page in self.endpoint.configurations.listing.items(
            size=size, scope=Scope(account, region)
        ):
            single = single and (not pages or pages[-1] is page)
            pages = [page]
            sid = item.get("id")
            if not isinstance(sid, str):
                continue
            seen.add(sid)
            if sid in by_sid:
                operation = by_sid.pop(sid)
                self.check(
                    "DELETED-LIST",
                    False,
                    expected=f"no {sid}",
                    seen="it is listed",
                    exchanges=[operation.accepted, *operation.polls[-1:], page],
                )
        if by_sid:
            self.check("DELETED-LIST", True)
        for configuration in kept:
            if configuration.sid not in seen:
                # The list may have shifted under the walk: the fetch decides.
                if (
                    self.kept("EFFECT-NO-OTHER", configuration, pages)
                    and single
                    and pages
                    and not configuration.read_lag_s
                ):
                    # Nothing shifts on a single page.
                    self.check(
                        "CTRL-READ-AFTER-CREATE",
                        False,
                        expected=f"{configuration.sid} in the list",
                        seen="not there",
                        exchanges=pages,
                    )
            else:
                self.check("EFFECT-NO-OTHER", True)


def _said(value: Any, part: str) -> Any:
    """What *value* says of *part*; of a list what all of it says, in any order."""
    if isinstance(value, list):
        return sorted(repr(_said(item, part)) for item in value)
    return value.get(part) if isinstance(value, dict) else value
