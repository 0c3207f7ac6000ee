"""Fault injection: a header or a reserved SID makes a DELETE fail in a named way."""

from __future__ import annotations

from typing import Any

HEADER = b"x-mock-fault"
#: ``operation`` accepts the delete and lets its operation end FAILED.
FAULTS = ("429", "500", "503", "409", "operation")


def reserved_sid(fault: str) -> str:
    """The SID whose DELETE gets *fault*; it can be fetched and is never deleted."""
    return "conv_configuration_0" + f"mockfault{fault}".ljust(25, "0")


RESERVED_SIDS = {reserved_sid(fault): fault for fault in FAULTS}


def reserved_members(fault: str) -> dict[str, Any]:
    """Payload members of the reserved configuration for *fault*."""
    return {
        "displayName": f"mock fault {fault}",
        "description": f"Deleting this always ends in {fault}.",
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryStoreId": "mem_store_00000000000000000000000000",
    }
