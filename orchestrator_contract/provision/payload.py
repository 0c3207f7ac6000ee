"""Valid create requests."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from orchestrator_contract.api.client import Client
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope

GROUPINGS = (
    "GROUP_BY_PROFILE",
    "GROUP_BY_PARTICIPANT_ADDRESSES",
    "GROUP_BY_PARTICIPANT_ADDRESSES_AND_CHANNEL_TYPE",
)
#: Used when neither the profile nor an existing configuration names a memory store.
FALLBACK_MEMORY_STORE = "mem_store_01k1etk2y5f1y9fpe2epfdtvv2"
_MAX_NAME = 32
BRIDGE = "conversationsV1Bridge"
#: Every optional part of a configuration at once; the service of the bridge is filled in.
RICH: dict[str, Any] = {
    "description": "contract test, Prüfung <b>&amp; 设定</b>",
    "channelSettings": {"SMS": {"statusTimeouts": {"inactive": 10, "closed": 60}}},
    "memoryExtractionEnabled": True,
    "statusCallbacks": [{"url": "https://example.com/callback", "method": "POST"}],
    "intelligenceConfigurationIds": ["intelligence_configuration_1"],
    BRIDGE: {},
}
#: The members of one that is to be made now; an older one serves only where there is no room.
NEW = {"description": "contract test, made when a test asked"}


def is_rich(configuration: Configuration) -> bool:
    """True if *configuration* was created with every optional part."""
    return configuration.payload.keys() >= RICH.keys()


def replacement(configuration: Configuration, **changed: Any) -> dict[str, Any]:
    """The payload of a PUT: all members of the create, *changed*, and channelSettings.

    A PUT replaces all members and requires channelSettings.
    """
    settings = configuration.shown.get("channelSettings") or {}
    return {"channelSettings": settings, **configuration.payload, **changed}


class Payloads:
    """Makes payloads, no two with the same name."""

    def __init__(self, client: Client, run_id: str) -> None:
        self._client = client
        self._run_id = run_id
        self._numbers = count()
        #: Those of listed configurations, or the fallback.
        self._stores: dict[Scope, str] = {}
        #: A grouping type that the endpoint has taken.
        self._grouping = ""

    def new(
        self, extra: Mapping[str, Any] | None = None, scope: Scope = DEFAULT_SCOPE
    ) -> dict[str, Any]:
        """A payload for *scope* with the members of *extra*; its displayName becomes a suffix."""
        number = next(self._numbers)
        payload = {
            "displayName": f"oc-{self._run_id}-{number:x}",
            "description": f"contract test {self._run_id}",
            "conversationGroupingType": GROUPINGS[number % len(GROUPINGS)],
            "memoryStoreId": self.store(scope),
        }
        extra = dict(extra or {})
        suffix = extra.pop("displayName", None)
        if suffix is not None:
            payload["displayName"] = (payload["displayName"] + suffix)[:_MAX_NAME]
        if BRIDGE in extra:
            # A service takes one configuration (S2).
            extra[BRIDGE] = {"serviceId": f"IS{uuid5(NAMESPACE_OID, payload['displayName']).hex}"}
        return payload | extra

    def plain(self, scope: Scope = DEFAULT_SCOPE) -> dict[str, Any]:
        """A payload for *scope* without optional parts, and like one that was taken."""
        known = {"conversationGroupingType": self._grouping} if self._grouping else None
        return self.new(known, scope)

    def taken(self, payload: dict[str, Any]) -> None:
        """Note that the endpoint has taken *payload*."""
        self._grouping = payload["conversationGroupingType"]

    def store(self, scope: Scope) -> str:
        """The memory store of *scope*: its account's, the profile's, or else a listed one."""
        profile = self._client.profile
        account = profile.account(scope)
        given = (account and account.memory_store_id) or profile.provision.memory_store_id
        if given:
            return given
        if scope not in self._stores:
            self._stores[scope] = self._listed_store(scope) or FALLBACK_MEMORY_STORE
        return self._stores[scope]

    def _listed_store(self, scope: Scope) -> str:
        items = self._client.page("pageSize=1", scope=scope).object.get("configurations")
        first = items[0] if isinstance(items, list) and items else None
        known = first.get("memoryStoreId") if isinstance(first, dict) else None
        return known if isinstance(known, str) else ""
