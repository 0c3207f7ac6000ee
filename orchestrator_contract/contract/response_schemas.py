"""Response schemas by call, status and part.

Those of DELETE are bound by their names: `schemas/responses/<status>.<part>.json`. The documented
statuses of DELETE are read off that folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal

from orchestrator_contract.contract import schemas

Part = Literal["body", "headers"]

_FOLDER = "responses"


def _bound_by_name() -> dict[int, dict[Part, str]]:
    bound: dict[int, dict[Part, str]] = {}
    for path in sorted((schemas.schema_root() / _FOLDER).glob("*.json")):
        status, part, _ = path.name.split(".")
        bound.setdefault(int(status), {})["headers" if part == "headers" else "body"] = (
            f"{_FOLDER}/{path.name}"
        )
    return bound


_DELETE = _bound_by_name()
_ACCEPTED = {202: _DELETE[202]}

#: The documented statuses of DELETE.
DELETE_STATUSES = frozenset(_DELETE)

#: The schemas of the documented responses to each call; an empty mapping: JSON of any shape.
SCHEMAS: Mapping[str, Mapping[int, Mapping[Part, str]]] = {
    "delete": _DELETE,
    "operation": {200: {"body": "operation.json"}},
    "fetch": {200: {"body": "configuration.json"}},
    "list": {200: {"body": "configuration-page.json"}},
    "create": _ACCEPTED,
    "update": _ACCEPTED,
    "patch": _ACCEPTED,
    "delete-conversation": {**{status: {} for status in (*DELETE_STATUSES, 400)}, **_ACCEPTED},
    "fetch-conversation": {200: {}},
}

#: Decides what a refusal says of itself where the sources leave its status open.
UNDOCUMENTED_REFUSAL = "undocumented-refusal.json"


def delete_schemas() -> Iterator[tuple[int, Part, str]]:
    """Status, part and name of each schema that is bound to DELETE."""
    for status, parts in sorted(_DELETE.items()):
        for part, name in parts.items():
            yield status, part, name


@cache
def decided_by(part: Part) -> frozenset[str]:
    """The requirements that schemas of this part of a response decide."""
    names = {parts[part] for call in SCHEMAS.values() for parts in call.values() if part in parts}
    names |= {UNDOCUMENTED_REFUSAL} if part == "body" else set()
    return frozenset(one for name in names for one in schemas.requirements(name))
