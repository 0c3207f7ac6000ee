"""Validates the payload of create and update (S2).

Unknown members are ignored: no source says that they are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from orchestrator_contract.mock.errors import Refused, invalid_field, malformed_json

GROUPING = (
    "GROUP_BY_PROFILE",
    "GROUP_BY_PARTICIPANT_ADDRESSES",
    "GROUP_BY_PARTICIPANT_ADDRESSES_AND_CHANNEL_TYPE",
)
REQUIRED = ("displayName", "description", "conversationGroupingType", "memoryStoreId")
_NAME = re.compile(r"[a-zA-Z0-9\-_ ]{1,32}")
_SERVICE = re.compile(r"IS[0-9a-f]{32}")


def _strings(value: object, most: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= most
        and all(isinstance(one, str) for one in value)
    )


def _bridge(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    service = value.get("serviceId", "IS" + "0" * 32)  # no source requires it
    return isinstance(service, str) and _SERVICE.fullmatch(service) is not None


#: member -> (expectation, check)
RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "displayName": (
        "1 to 32 letters, digits, spaces, '-' or '_'",
        lambda value: isinstance(value, str) and _NAME.fullmatch(value) is not None,
    ),
    "description": (
        "a string of at most 512 characters",
        lambda value: isinstance(value, str) and len(value) <= 512,
    ),
    "conversationGroupingType": (
        "one of " + ", ".join(GROUPING),
        lambda value: isinstance(value, str) and value in GROUPING,
    ),
    "memoryStoreId": (
        "the id of a memory store",
        lambda value: isinstance(value, str) and 0 < len(value) <= 128,
    ),
    "channelSettings": ("an object", lambda value: isinstance(value, dict)),
    "statusCallbacks": (
        "a list of at most 2",
        lambda value: isinstance(value, list) and len(value) <= 2,
    ),
    "intelligenceConfigurationIds": ("a list of at most 5 ids", lambda value: _strings(value, 5)),
    "memoryExtractionEnabled": ("true or false", lambda value: isinstance(value, bool)),
    "conversationsV1Bridge": (
        "an object whose serviceId, if there is one, is IS and 32 hexadecimal digits",
        _bridge,
    ),
}


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def parse(body: bytes) -> dict[str, Any]:
    """The payload as an object.

    Raises:
        Refused: not UTF-8, not JSON, nested too deeply, or not an object.
    """
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused(malformed_json()) from None
    if not isinstance(document, dict):
        raise Refused(malformed_json())
    return document


def members_of(document: dict[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """The known members of *document*, each checked; with *partial* none is required.

    Raises:
        Refused: a required member is missing, or one breaks its constraint.
    """
    members: dict[str, Any] = {}
    if not partial:
        for name in REQUIRED:
            if name not in document:
                raise Refused(invalid_field(name, "is required"))
    for name, (expectation, holds) in RULES.items():
        if name in document:
            if not holds(document[name]):
                raise Refused(invalid_field(name, f"must be {expectation}"))
            members[name] = document[name]
    return members
