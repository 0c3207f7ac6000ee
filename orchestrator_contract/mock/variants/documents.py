"""Members of configurations and operations beyond those that were sent."""

from __future__ import annotations

from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.registry import variant
from orchestrator_contract.mock.state import Configuration, Operation, State

_CHANNELS = ("SMS", "VOICE", "WHATSAPP")


@variant(
    "configuration-filled-in",
    "A configuration shows members that were not sent: channelSettings, statusTimeouts,"
    " accountId …",
)
class _FilledIn(Behaviour):
    def configuration_document(self, configuration: Configuration) -> dict[str, Any]:
        return {
            "accountId": f"AC{configuration.account:032x}",
            "serviceId": f"IS{configuration.account:032x}",
            "channelSettings": {
                name: {"captureRules": [], "statusTimeouts": None} for name in _CHANNELS
            },
            "conversationsV1Bridge": None,
            "intelligenceConfigurationIds": [],
            "memoryExtractionEnabled": False,
            "statusCallbacks": [],
            "statusTimeouts": None,
            **super().configuration_document(configuration),
        }


@variant("callbacks-twenty", "A configuration shows twenty statusCallbacks where two were sent")
class _Twenty(Behaviour):
    def configuration_document(self, configuration: Configuration) -> dict[str, Any]:
        document = super().configuration_document(configuration)
        sent = document.get("statusCallbacks") or []
        inherited = [
            {"url": f"https://owner.example/hook/{number}", "method": "POST"}
            for number in range(20 - len(sent))
        ]
        return {**document, "statusCallbacks": [*sent, *inherited]}


@variant("operation-result", "A COMPLETED operation has a result with the id and its type")
class _Result(Behaviour):
    def operation_document(self, operation: Operation, now: float) -> dict[str, Any]:
        document = super().operation_document(operation, now)
        sid = (document["related"] or {}).get("configurationId")
        if sid is None or document["status"] != State.COMPLETED:
            return {**document, "result": None}
        return {**document, "result": {"id": sid, "type": "CONFIGURATION"}}
