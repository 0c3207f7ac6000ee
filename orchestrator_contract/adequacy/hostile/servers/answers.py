"""Well-formed misleading responses: endless lists, malformed ids, contradictions."""

from __future__ import annotations

from collections.abc import Callable

from ..core import new_id
from ..exchange import Exchange
from ..messages import Reply
from ..place import Place
from ..registry import hostile


def _paged(exchange: Exchange, token: object) -> None:
    meta = {"key": "configurations", "pageSize": 50, "nextToken": token}
    exchange.answer(
        exchange.reply.edited(meta=meta) if exchange.reply.status == 200 else exchange.reply
    )


@hostile("list-endless", Place.LIST, {0, 1}, "Gives lists a new nextToken for ever.", sample=True)
def list_endless(exchange: Exchange) -> None:
    """Fresh tokens and fresh entries on every page."""
    page = [
        {
            "id": new_id("conv_configuration"),
            "displayName": "filler",
            "description": "",
            "conversationGroupingType": "GROUP_BY_PROFILE",
            "memoryStoreId": "mem_store_01k1etk2y5f1y9fpe2epfdtvv2",
        }
    ] * 50
    meta = {"key": "configurations", "pageSize": 50, "nextToken": str(exchange.turn)}
    exchange.answer(Reply.of(200, {"configurations": page, "meta": meta}))


@hostile(
    "list-token-to-itself",
    Place.LIST,
    {0, 1},
    "Gives lists a nextToken that leads to the same page.",
)
def list_token_to_itself(exchange: Exchange) -> None:
    """Round and round on one page."""
    _paged(exchange, "0")


@hostile("list-token-1-mb", Place.LIST, {0, 1}, "Gives lists a nextToken of one megabyte.")
def list_token_long(exchange: Exchange) -> None:
    """No request line holds it."""
    _paged(exchange, "t" * 1_000_000)


@hostile(
    "list-token-types",
    Place.LIST,
    {0, 1},
    "Gives lists a nextToken that is a number, a list or an object.",
)
def list_token_types(exchange: Exchange) -> None:
    """Every JSON type but the right one, in turn."""
    values: tuple[object, ...] = (1, True, [], {"a": 1}, ["x", "y"], 1.5)
    _paged(exchange, values[exchange.turn % len(values)])


@hostile(
    "list-token-injection",
    Place.LIST,
    {0, 1},
    "Gives lists a nextToken with line ends, & and a host.",
)
def list_token_injection(exchange: Exchange) -> None:
    """Harmless once encoded."""
    _paged(exchange, f"x&pageSize=1000#\r\nHost: evil\r\n\r\n@{exchange.canary_url}/")


@hostile(
    "list-entries-garbage",
    Place.LIST,
    {0, 1},
    "Gives lists whose entries are anything but configurations.",
)
def list_entries_garbage(exchange: Exchange) -> None:
    """Entries without an id, or with one that cannot be hashed."""
    entries: list[object] = [
        None,
        1,
        "x",
        [],
        {},
        {"id": None},
        {"id": {}},
        {"id": []},
        {"id": "\x1b[31m"},
    ]
    exchange.answer(exchange.reply.edited(configurations=entries))


@hostile(
    "list-meta-garbage",
    Place.LIST,
    {0, 1},
    "Gives lists whose meta is a string and whose entries are an object.",
)
def list_meta_garbage(exchange: Exchange) -> None:
    """Both members of the wrong type."""
    exchange.answer(exchange.reply.edited(meta="none", configurations={"0": {"id": "x"}}))


def _operation(exchange: Exchange, **members: object) -> None:
    exchange.answer(exchange.reply.edited(**members))


@hostile(
    "operation-id-types",
    Place.POLL,
    {1},
    "Gives operations an operationId that is null, a list or a number.",
)
def operation_id_types(exchange: Exchange) -> None:
    """Every JSON type but the right one, in turn."""
    values: tuple[object, ...] = (None, ["x"], {"x": 1}, 7, True, "")
    _operation(exchange, operationId=values[exchange.turn % len(values)])


@hostile("operation-status-unknown", Place.POLL, {1}, "Gives operations the status EXPLODED.")
def operation_status_unknown(exchange: Exchange) -> None:
    """In no source."""
    _operation(exchange, status="EXPLODED")


@hostile(
    "operation-status-types",
    Place.POLL,
    {1},
    "Gives operations a status that is a list, an object or null.",
)
def operation_status_types(exchange: Exchange) -> None:
    """Values that cannot be looked up in a set."""
    values: tuple[object, ...] = (["COMPLETED"], {"COMPLETED": 1}, None, 3)
    _operation(exchange, status=values[exchange.turn % len(values)])


@hostile(
    "operation-times-garbage", Place.POLL, {1}, "Gives operations times that no calendar knows."
)
def operation_times_garbage(exchange: Exchange) -> None:
    """Beyond what datetime holds, and plain nonsense."""
    values: tuple[object, ...] = (
        "292277026596-12-04T15:30:08Z",
        "0000-00-00T00:00:00Z",
        "2026-11-23T12:00:60Z",
        "9999-12-31T23:59:59-23:59",
        "2026-11-23T12:00:00.123456789012345678901234567890+99:99",
        1e308,
        "\u0662\u0660\u0662\u0666-11-23T12:00:00Z",
        "2026-11-23",
    )
    _operation(
        exchange,
        createdAt=values[exchange.turn % len(values)],
        completedAt=values[(exchange.turn + 3) % 8],
    )


@hostile(
    "operation-flips", Place.POLL, {1}, "Turns a COMPLETED operation PENDING again, back and forth."
)
def operation_flips(exchange: Exchange) -> None:
    """Nothing it says stays true."""
    if exchange.turn % 2:
        exchange.answer(exchange.reply)
    else:
        _operation(exchange, status="PENDING", completedAt=None)


@hostile(
    "operation-of-another",
    Place.POLL,
    {1},
    "Answers every poll with an operation about another configuration.",
)
def operation_of_another(exchange: Exchange) -> None:
    """Another id, another configuration, and an error although it is COMPLETED."""
    other = next(iter(exchange.core.foreign), "conv_configuration_x")
    _operation(
        exchange,
        operationId=new_id("conv_operation"),
        related={"configurationId": other},
        error=[1],
    )


@hostile(
    "operation-fails-oddly",
    Place.POLL,
    {1},
    "Fails operations with an error that is a string, a list, a number.",
)
def operation_fails_oddly(exchange: Exchange) -> None:
    """FAILED, although the configuration is gone, and no problem details."""
    values: tuple[object, ...] = ("no", ["no"], 5, {"status": [], "title": {}}, True)
    _operation(exchange, status="FAILED", error=values[exchange.turn % len(values)])


@hostile("operation-404", Place.POLL, {1}, "Answers every poll with 404.")
def operation_404(exchange: Exchange) -> None:
    """The operation that was promised does not exist."""
    more_info = "https://www.twilio.com/docs/errors/20404"
    exchange.answer(
        Reply.of(404, {"code": 20404, "message": "no", "more_info": more_info, "status": 404})
    )


@hostile("operation-401", Place.POLL, {1}, "Answers every poll with 401.")
def operation_401(exchange: Exchange) -> None:
    """The credentials that started it are not good enough to look at it."""
    more_info = "https://www.twilio.com/docs/errors/20003"
    exchange.answer(
        Reply.of(401, {"code": 20003, "message": "no", "more_info": more_info, "status": 401})
    )


@hostile(
    "related-garbage", Place.DELETE, {1}, "Gives related as a list, a number or a deep object."
)
def related_garbage(exchange: Exchange) -> None:
    """Not a map of strings."""
    values: tuple[object, ...] = (
        [],
        5,
        "x",
        {"configurationId": {"configurationId": []}},
        {"configurationId": None},
    )
    if exchange.accepted:
        exchange.answer(exchange.reply.edited(related=values[exchange.turn % len(values)]))
    else:
        exchange.answer(exchange.reply)


def _related(**more: object) -> Callable[[Exchange], None]:
    def act(exchange: Exchange) -> None:
        if exchange.accepted:
            related = exchange.reply.document["related"]
            exchange.answer(exchange.reply.edited(related={**related, **more}))
        else:
            exchange.answer(exchange.reply)

    return act


hostile(
    "related-3-mb",
    Place.DELETE,
    {0},
    "Conforms; related has a text of three megabytes, the same in each replay.",
)(_related(note="x" * 3_000_000))
hostile(
    "related-100000-members",
    Place.DELETE,
    {0},
    "Conforms; related has 100,000 members, the same in each replay.",
)(_related(**{f"k{number}": "v" for number in range(100_000)}))


def _created(exchange: Exchange, value: object) -> None:
    if exchange.accepted:
        exchange.answer(exchange.reply.edited(related={"configurationId": value}))
    else:
        exchange.answer(exchange.reply)


@hostile(
    "create-id-types",
    Place.CREATE | Place.CREATE_POLL,
    {0, 1, 4},
    "Names created ids null, numbers and lists.",
)
def create_id_types(exchange: Exchange) -> None:
    """Nothing that can be deleted."""
    values: tuple[object, ...] = (None, 1, [], {}, True, "")
    value = values[exchange.turn % len(values)]
    if exchange.place is Place.CREATE_POLL:
        exchange.answer(exchange.reply.edited(related={"configurationId": value}))
    else:
        _created(exchange, value)


@hostile(
    "create-id-traversal",
    Place.CREATE,
    {0, 1, 4},
    "Names created ids that climb, split lines and add queries.",
)
def create_id_traversal(exchange: Exchange) -> None:
    """Ids that must stay one path segment, whatever is in them."""
    foreign = next(iter(exchange.core.foreign))
    values = (
        f"../Configurations/{foreign}",
        "..",
        "?x=1",
        "#x",
        "a\r\nX-Evil: 1",
        f"{foreign}/",
        "%2e%2e",
        "\0",
        "",
    )
    _created(exchange, values[exchange.turn % len(values)])


@hostile("create-id-1-mb", Place.CREATE, {0, 1, 4}, "Names created ids of one megabyte.")
def create_id_long(exchange: Exchange) -> None:
    """No request line holds it."""
    _created(exchange, "conv_configuration_" + "0" * 1_000_000)


@hostile(
    "create-id-always-the-same", Place.CREATE, {0, 1, 4}, "Names the same created id every time."
)
def create_id_same(exchange: Exchange) -> None:
    """A suite that trusts it deletes one configuration many times."""
    _created(exchange, "conv_configuration_00000000000000000000000000")


@hostile(
    "create-names-foreign",
    Place.CREATE | Place.CREATE_POLL,
    {0, 1, 4},
    "Names somebody else's ids as just created.",
)
def create_names_foreign(exchange: Exchange) -> None:
    """A suite may delete only its own creations, which a fetch shows by displayName."""
    foreign = sorted(exchange.core.foreign)
    value = foreign[exchange.turn % len(foreign)]
    if exchange.place is Place.CREATE_POLL:
        exchange.answer(exchange.reply.edited(related={"configurationId": value}))
    else:
        _created(exchange, value)
