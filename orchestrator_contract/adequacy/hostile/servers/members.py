"""JSON objects with one member of another type, each member and each type in turn."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from ..exchange import Exchange
from ..place import Place
from ..registry import hostile

#: None of them text; the containers cannot be looked up in a set, the numbers are no JSON or too
#: large for a float.
_VALUES: tuple[Any, ...] = (
    None,
    [],
    {},
    ["x"],
    {"x": 1},
    True,
    -1,
    10**400,
    float("nan"),
    "",
    "\x1b[2J\ud800",
)


def _holders(document: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key below *document*, in order."""
    pairs = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for key, value in pairs:
        yield document, key
        yield from _holders(value)


@hostile(
    "member-types-on-create",
    Place.CREATE,
    {0, 1, 4},
    "Gives each member of a create's answer another type.",
)
@hostile(
    "member-types-on-create-poll",
    Place.CREATE_POLL,
    {0, 1, 4},
    "Gives each member of a create's operation another type.",
)
@hostile(
    "member-types-on-delete",
    Place.DELETE,
    {1},
    "Gives each member of a delete's answer another type.",
)
@hostile(
    "member-types-on-poll",
    Place.POLL,
    {1},
    "Gives each member of an operation another type.",
    sample=True,
)
@hostile(
    "member-types-on-fetch",
    Place.FETCH,
    {0, 1},
    "Gives each member of a fetched configuration another type.",
)
@hostile(
    "member-types-on-list",
    Place.LIST,
    {0, 1},
    "Gives each member of a list and its entries another type.",
)
def member_types(exchange: Exchange) -> None:
    """One wrong value an answer; the rest is as it should be."""
    document = exchange.reply.document
    places = len(list(_holders(document)))
    if places:
        # Both numbers move on each turn, so that a few answers show many pairs.
        holder, key = next(itertools.islice(_holders(document), exchange.turn % places, None))
        holder[key] = _VALUES[exchange.turn % len(_VALUES)]
    exchange.answer(exchange.reply.with_body(json.dumps(document).encode()))
