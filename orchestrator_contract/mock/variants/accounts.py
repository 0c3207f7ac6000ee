"""Limits of an account: unique names, ten configurations, its own memory store."""

from __future__ import annotations

from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem, Refused
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.payload import members_of, parse
from orchestrator_contract.mock.registry import variant
from orchestrator_contract.mock.settings import store_of
from orchestrator_contract.mock.state import DAY, Configuration, Operation, Partition

FULL = "The account holds as many configurations as it may"
TAKEN = "A configuration of this name exists already"
STORE = "memoryStoreId: no such memory store"


class _Fails(Behaviour):
    """Base of variants whose refused creates are accepted and end FAILED."""

    def failing_create(self, request: Request, code: int, detail: str) -> Response:
        """The 202 of a create whose operation ends FAILED with *code* and *detail*."""
        seconds = self.settings.create_seconds
        operation = self.start_operation(request, "create", self.new_configuration_id(), seconds)
        self.fail(operation)
        if operation.error is not None:
            page = Problem(400, code, detail).more_info
            named = {"type": page, "title": "Configuration not created", "detail": detail}
            operation.error = {**operation.error, **named, "status": 400}
        return self.accepted(request, operation)


# -- names --------------------------------------------------------------------------------------


@variant(
    "names-unique",
    "A displayName is unique in its account, until a delete has ended: a second create is a 409",
)
class _NamesUnique(Behaviour):
    def namesake(self, request: Request) -> Response:
        """The response to a create whose name is taken."""
        return self.refuse(request, Problem(409, 20409, TAKEN))

    def name_taken(self, request: Request, name: object, but: str | None = None) -> bool:
        """True if a configuration other than *but* has *name*."""
        return any(
            one.members["displayName"] == name
            and one.id != but
            and not self.is_deleted(one, self.now())
            for one in self.partition(request).configurations.values()
        )

    def create(self, request: Request) -> Response:
        name = members_of(parse(request.body))["displayName"]
        return self.namesake(request) if self.name_taken(request, name) else super().create(request)

    def update(self, request: Request) -> Response:
        name = parse(request.body).get("displayName")
        if name is not None and self.name_taken(request, name, request.sid):
            return self.refuse(request, Problem(409, 20409, TAKEN))
        return super().update(request)


@variant("names-unique-400", "As names-unique, and a second create is a 400")
class _NamesUnique400(_NamesUnique):
    def namesake(self, request: Request) -> Response:
        return self.refuse(request, Problem(400, 530001, TAKEN))


@variant("namesake-fails", "As names-unique, and a second create is accepted, and FAILS")
class _NamesakeFails(_NamesUnique, _Fails):
    def namesake(self, request: Request) -> Response:
        return self.failing_create(request, 530001, TAKEN)


# -- room ---------------------------------------------------------------------------------------


@variant(
    "room-for-ten", "An account holds ten configurations; a create beyond them is refused with 409"
)
class _RoomForTen(Behaviour):
    #: Seconds after the end of a delete at which there is room for another one.
    late = 0.0

    def no_room(self, request: Request) -> Response:
        """The response to a create when the account is full."""
        return self.refuse(request, Problem(409, 530020, FULL))

    def create(self, request: Request) -> Response:
        now = self.now() - self.late
        held = [
            one
            for one in self.partition(request).configurations.values()
            if one.reserved_for is None and not self.is_deleted(one, now)
        ]
        full = len(held) >= self.settings.room
        return self.no_room(request) if full else super().create(request)


@variant("room-freed-late", "As room-for-ten, and a delete makes room 1.5 s after its end")
class _RoomFreedLate(_RoomForTen):
    late = 1.5


def _room(status: int, code: int) -> None:
    """Registers a variant that refuses a create beyond the limit with *status*."""

    class Full(_RoomForTen):
        def no_room(self, request: Request) -> Response:
            return self.refuse(request, Problem(status, code, FULL))

    text = f"As room-for-ten, and a create beyond them is refused with {status}"
    variant(f"room-full-{status}", text)(Full)


_room(400, 530020)
_room(403, 20403)
_room(429, 20429)


@variant("room-full-fails", "As room-for-ten, and a create beyond them is accepted, and FAILS")
class _RoomFullFails(_RoomForTen, _Fails):
    def no_room(self, request: Request) -> Response:
        return self.failing_create(request, 530020, FULL)


@variant("creates-fail-sometimes", "Every 5th create is accepted, and FAILS with an error of 500")
class _CreatesFailSometimes(Behaviour):
    def create(self, request: Request) -> Response:
        if not self.once_in(5, "creates-fail-sometimes"):
            return super().create(request)
        seconds = self.settings.create_seconds
        operation = self.start_operation(request, "create", self.new_configuration_id(), seconds)
        self.fail(operation)
        return self.accepted(request, operation)


@variant("owned-configurations", "An account holds configurations of its owner from the start")
class _Owned(Behaviour):
    def furnish(self, partition: Partition) -> None:
        super().furnish(partition)
        for number in range(self.settings.owned):
            one = self.world.add_configuration(
                partition,
                self.new_configuration_id(),
                owned_members(number, store_of(partition.account, partition.region)),
                visible_from=self.now() - 90 * DAY,
            )
            one.created_at = one.visible_from
            one.updated_at = one.created_at + number * DAY
            one.version = number + 1


def owned_members(number: int, store: str) -> dict[str, Any]:
    """Members of an owner's configuration; the first has twenty callbacks."""
    hook = {"url": "https://owner.example/hook", "method": "POST"}
    return {
        "displayName": f"Support {number + 1}",
        "description": "In use, and not to be touched",
        "conversationGroupingType": "GROUP_BY_PROFILE",
        "memoryStoreId": store,
        "channelSettings": {"SMS": {"statusTimeouts": {"inactive": 10, "closed": 60}}},
        "statusCallbacks": [hook] * (1 if number else 20),
    }


# -- memory stores --------------------------------------------------------------------------------


@variant(
    "stores-own",
    "A create or update with a memory store of another account or region is refused with 400",
)
class _StoresOwn(Behaviour):
    def provides(self) -> frozenset[str]:
        return super().provides() | {"stores"}

    def foreign_store(self, request: Request) -> Response:
        """The response to a create with another account's or region's memory store."""
        return self.refuse(request, Problem(400, 530001, STORE))

    def _foreign(self, request: Request, members: dict[str, Any]) -> bool:
        own = store_of(request.account, request.region)
        return bool(members.get("memoryStoreId", own) != own)

    def create(self, request: Request) -> Response:
        if self._foreign(request, members_of(parse(request.body))):
            return self.foreign_store(request)
        return super().create(request)

    def update(self, request: Request) -> Response:
        if self._foreign(request, parse(request.body)):
            raise Refused(Problem(400, 530001, STORE))
        return super().update(request)


@variant("stores-own-404", "As stores-own, and a create is refused with 404")
class _StoresOwn404(_StoresOwn):
    def foreign_store(self, request: Request) -> Response:
        return self.refuse(request, Problem(404, 20404, STORE))


@variant("stores-own-fails", "As stores-own, and a create is accepted, and FAILS")
class _StoresOwnFails(_StoresOwn, _Fails):
    def foreign_store(self, request: Request) -> Response:
        return self.failing_create(request, 530001, STORE)


# -- bridged services ------------------------------------------------------------------------------


class _Bridged(Behaviour):
    """Base of variants that do not delete a configuration which a service is bridged to."""

    def bridged(self, configuration: Configuration | None) -> bool:
        """True if a service of the older API is bridged to *configuration*."""
        members = configuration.members if configuration is not None else {}
        return bool((members.get("conversationsV1Bridge") or {}).get("serviceId"))


@variant("bridged-409", "A configuration that a service is bridged to can't be deleted: 409")
class _Bridged409(_Bridged):
    def delete(self, request: Request) -> Response:
        found = self.target_of_delete(request)
        if self.bridged(found) and self.requested_fault(request, found) is None:
            return self.refuse(request, Problem(409, 530021, "A service is bridged to it"))
        return super().delete(request)


@variant("bridged-fails", "A delete of a configuration that a service is bridged to ends FAILED")
class _BridgedFails(_Bridged):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        fails = fails or self.bridged(configuration)
        return super().begin_delete(request, configuration, fails=fails)
