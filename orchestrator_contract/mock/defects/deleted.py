"""Defects against DELETED."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    _Elsewhere,
    _failed,
    _Lagging,
    _Remembers,
    cornered,
)
from orchestrator_contract.mock.errors import (
    Problem,
    conflict,
)
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import read_query
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import DAY, Configuration, Operation, World


class _KeptSome(Behaviour):
    """Base of defects where the deletion of configurations with certain content deletes nothing."""

    def some(self, members: Mapping[str, object]) -> bool:
        """Whether this is such content."""
        return members.get("description") == ""

    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if self.some(configuration.members):
            configuration.deleted_at = None
        return operation


@defect(
    "completed-kept-undescribed",
    "A configuration with an empty description is not deleted",
    breaches=("DELETED-FETCH", "DELETED-LIST"),
    shows="data: an empty description",
)
class _KeptUndescribed(_KeptSome):
    pass


@defect(
    "completed-kept-bridged",
    "A configuration with a bridge to conversations v1 is not deleted",
    breaches=("DELETED-FETCH", "DELETED-LIST"),
    shows="data: a bridge",
)
class _KeptBridged(_KeptSome):
    def some(self, members: Mapping[str, object]) -> bool:
        return bool(members.get("conversationsV1Bridge"))


@defect(
    "completed-kept-intelligent",
    "A configuration with five intelligence configurations is not deleted",
    breaches=("DELETED-FETCH", "DELETED-LIST"),
    shows="data: intelligence configurations",
)
class _KeptIntelligent(_KeptSome):
    def some(self, members: Mapping[str, object]) -> bool:
        ids = members.get("intelligenceConfigurationIds")
        return isinstance(ids, list) and len(ids) == 5


@defect(
    "completed-kept-channels",
    "A configuration with settings of a channel is not deleted",
    breaches=("DELETED-FETCH", "DELETED-LIST"),
    shows="data: channelSettings that hold something",
)
class _KeptChannels(_KeptSome):
    def some(self, members: Mapping[str, object]) -> bool:
        return bool(members.get("channelSettings"))


@defect(
    "errored-500-deletes-nothing",
    "After a 500 a delete is accepted, COMPLETED and deletes nothing",
    breaches=("DELETED-FETCH",),
    shows="data: a SID that met a 500",
)
class _ErroredIdle(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.errored: set[str | None] = set()

    def fault_response(self, request: Request, fault: str) -> Response:
        if fault == "500":
            self.errored.add(request.sid)
        return super().fault_response(request, fault)

    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if request.sid in self.errored:
            configuration.deleted_at = None
        return operation


@defect(
    "missed-404-deletes-nothing",
    "A key that met a 404 is accepted for another SID and deletes nothing",
    breaches=("DELETED-FETCH",),
    shows="data: a key that met a 404",
)
class _MissedIdle(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.missed: set[str] = set()

    def not_found(self, request: Request) -> Response:
        if request.key:
            self.missed.add(request.key)
        return super().not_found(request)

    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if request.key in self.missed:
            configuration.deleted_at = None
        return operation


@defect(
    "completed-kept-day-old",
    "A configuration that is a day old is not deleted",
    breaches=("DELETED-FETCH",),
    shows="time: a day after the create",
)
class _KeptOld(Behaviour):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if self.now() > configuration.created_at + 20 * 3600:
            configuration.deleted_at = None
        return operation


@defect(
    "gone-listed-by-store",
    "The list of one memory store holds what is gone",
    breaches=("DELETED-LIST",),
    shows="data: memoryStoreId",
)
class _ListedByStore(Behaviour):
    by_store = False

    def list_page(self, request: Request) -> Response:
        self.by_store = b"memoryStoreId" in request.query
        return super().list_page(request)

    def listed(self, configuration: Configuration, now: float) -> bool:
        return super().listed(configuration, now) or (
            self.by_store and now >= configuration.visible_from
        )


@defect(
    "update-revives-later",
    "An update of what is gone is refused and brings it back half a second later",
    breaches=("DELETED-FETCH", "EFFECT-NO-RESTORE"),
    shows="time: 0.5 s after a late update",
)
class _RevivesLater(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.due: dict[str, float] = {}

    def update(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        if found is not None and self.is_deleted(found, self.now()):
            self.due[found.id] = self.now() + 0.5
        return super().update(request)

    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        return super().is_deleted(configuration, now) and now < self.due.get(
            configuration.id, now + 1
        )


@defect(
    "gone-listed-second-account",
    "The second account's list holds what it deleted",
    breaches=("DELETED-LIST",),
    shows="data: another account",
)
class _ListedAway(_Elsewhere):
    def listed(self, configuration: Configuration, now: float) -> bool:
        return (self.away(configuration) and now >= configuration.visible_from) or super().listed(
            configuration, now
        )


@defect(
    "gone-delete-202-second-account",
    "The second account deletes again what is gone",
    breaches=("DELETED-DELETE",),
    shows="data: another account",
)
class _AgainAway(_Elsewhere):
    def target_of_delete(self, request: Request) -> Configuration | None:
        return (
            self.locate(request, request.sid)
            if self.away(request)
            else super().target_of_delete(request)
        )


@defect(
    "completed-kept-second-region",
    "In the second region COMPLETED deletes nothing",
    breaches=("DELETED-FETCH", "DELETED-LIST"),
    shows="data: another region",
)
class _KeptAway(_Elsewhere):
    account, region = 0, 1

    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        return not self.away(configuration) and super().is_deleted(configuration, now)


@defect(
    "failed-then-nothing",
    "After a delete FAILED the next one completes and deletes nothing",
    breaches=("DELETED-FETCH",),
    shows="data: a second delete after FAILED",
)
class _FailedThenNothing(Behaviour):
    def delete(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        before = _failed(found)
        response = super().delete(request)
        if before and found is not None and response.status == 202:
            found.deleted_at = None
        return response


@defect(
    "gone-delete-409-later",
    "Two seconds after the end a second delete is 409",
    breaches=("DELETED-DELETE",),
    shows="time: 2 s after the end",
)
class _ConflictLater(Behaviour):
    def not_found(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        if (
            request.route == "delete"
            and found is not None
            and found.deleted_at is not None
            and self.now() > found.deleted_at + 2
        ):
            return self.refuse(request, conflict(None))
        return super().not_found(request)


@defect(
    "gone-listed-after-a-day",
    "A day later deleted configurations are listed again",
    breaches=("DELETED-LIST",),
    shows="time: a day after the end",
)
class _ListedNextDay(Behaviour):
    def listed(self, configuration: Configuration, now: float) -> bool:
        old = configuration.deleted_at is not None and now > configuration.deleted_at + DAY
        return old or super().listed(configuration, now)


@defect(
    "gone-namesake-returns",
    "A create brings a deleted configuration of that name back, too",
    breaches=("DELETED-FETCH",),
    shows="data: a second configuration of the name",
)
class _NamesakeReturns(Behaviour):
    def create(self, request: Request) -> Response:
        response = super().create(request)
        partition = list(self.partition(request).configurations.values())
        for one in partition[:-1]:
            if self.is_deleted(one, self.now()) and one.members.get("displayName") == partition[
                -1
            ].members.get("displayName"):
                one.deleted_at = None
        return response


@defect(
    "gone-listed-unpaged",
    "Without a page size deleted configurations are listed",
    breaches=("DELETED-LIST",),
    shows="data: no pageSize",
)
class _ListedUnpaged(Behaviour):
    asked: Request | None = None

    def list_page(self, request: Request) -> Response:
        self.asked = request
        return super().list_page(request)

    def listed(self, configuration: Configuration, now: float) -> bool:
        sized = self.asked is None or b"pageSize" in self.asked.query
        return super().listed(configuration, now) or (
            not sized and now >= configuration.visible_from
        )


@defect(
    "gone-fetched-on-new-connections",
    "For a moment a deleted configuration is shown to new connections",
    breaches=("DELETED-FETCH",),
    shows="data: a new connection",
)
class _FetchedAnew(_Lagging):
    def fetch(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        return (
            Response.of(200, self.configuration_document(found))
            if found and self.still_there(found)
            else super().fetch(request)
        )


@defect(
    "gone-delete-202-on-new-connections",
    "For a moment new connections may delete what is gone",
    breaches=("DELETED-DELETE",),
    shows="data: a new connection",
)
class _DeletedAnew(_Lagging):
    def not_found(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        if request.route == "delete" and found and self.still_there(found):
            return self.accepted(
                request,
                self.start_operation(request, "delete", found.id, self.settings.operation_seconds),
            )
        return super().not_found(request)


@defect(
    "gone-fetched-at-once",
    "Of fetches that overlap all but the first show what is gone",
    breaches=("DELETED-FETCH",),
    shows="race: fetches of one SID",
)
class _FetchedAtOnce(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._under_way: Counter[str] = Counter()

    async def finish(self, request: Request, response: Response) -> Response:
        response = await super().finish(request, response)
        found = (
            self.locate(request, request.sid)
            if request.route == "fetch" and response.status == 404
            else None
        )
        if found is None:
            return response
        self._under_way[found.id] += 1
        alone = self._under_way[found.id] == 1
        await asyncio.sleep(0.02)
        self._under_way[found.id] -= 1
        return response if alone else Response.of(200, self.configuration_document(found))


@defect(
    "gone-listed-backwards",
    "Pages that previousToken leads to hold what is gone",
    breaches=("DELETED-LIST",),
    shows="data: previousToken",
)
class _ListedBackwards(Behaviour):
    def list_page(self, request: Request) -> Response:
        query = read_query(request.query)
        self._backwards = query.before is not None
        return super().list_page(request)

    def listed(self, configuration: Configuration, now: float) -> bool:
        return super().listed(configuration, now) or (
            self._backwards and now >= configuration.visible_from
        )


@defect(
    "completed-kept-corner",
    "For the second account in the second region COMPLETED deletes nothing",
    breaches=("DELETED-FETCH", "DELETED-LIST"),
    shows="data: another account in another region",
)
class _KeptInTheCorner(Behaviour):
    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        return not cornered(configuration) and super().is_deleted(configuration, now)


@defect(
    "gone-delete-409-next-day",
    "A day after it was deleted, deleting it again answers 409",
    breaches=("DELETED-DELETE",),
    shows="time: a day after the end",
)
class _ConflictNextDay(Behaviour):
    def not_found(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        late = (
            found is not None
            and found.deleted_at is not None
            and self.now() - found.deleted_at > DAY
        )
        return (
            self.fault_response(request, "409")
            if late and request.route == "delete"
            else super().not_found(request)
        )


_EVERYWHERE = ("DELETED-FETCH", "DELETED-LIST", "DELETED-DELETE")


@defect("gone-never", "COMPLETED, but nothing was deleted", breaches=_EVERYWHERE)
class _Never(Behaviour):
    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        return False


@defect(
    "gone-sometimes-not",
    "Now and then COMPLETED deletes nothing",
    breaches=_EVERYWHERE,
    shows="1 in 6",
)
class _SometimesNot(Behaviour):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if not fails and self.once_in(6, "delete"):
            configuration.deleted_at = None
        return operation


@defect(
    "gone-late",
    "Deleted half a second after COMPLETED",
    breaches=("DELETED-FETCH",),
    shows="time: 0.5 s",
)
class _Late(Behaviour):
    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        return super().is_deleted(configuration, now - 0.5)


class _Returns(Behaviour):
    """Base of defects where a deleted configuration comes back."""

    after = 1.0

    def returns(self, configuration: Configuration) -> bool:
        """Whether this one comes back."""
        return True

    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        deleted_at = configuration.deleted_at
        back = (
            deleted_at is not None
            and now >= deleted_at + self.after
            and self.returns(configuration)
        )
        return super().is_deleted(configuration, now) and not back


@defect(
    "gone-returns",
    "Back 0.6 s after COMPLETED",
    breaches=("DELETED-FETCH",),
    shows="time: 0.6 s after the end",
)
class _ReturnsSoon(_Returns):
    after = 0.6


@defect(
    "gone-returns-sometimes",
    "Every fourth one is back 0.6 s later",
    breaches=("DELETED-FETCH",),
    shows="time: 0.6 s after the end, 1 in 4",
)
class _ReturnsSometimes(_Returns):
    after = 0.6

    def returns(self, configuration: Configuration) -> bool:
        return configuration.number % 4 == 0


@defect(
    "gone-returns-after-a-day",
    "Back when a day has passed",
    breaches=("DELETED-FETCH",),
    shows="time: 24 h",
)
class _ReturnsAfterDay(_Returns):
    after = 86_400.0


class _StillFetched(Behaviour):
    """Base of defects where a fetch still shows a deleted configuration."""

    def kept(self, configuration: Configuration, now: float) -> bool:
        """Whether a fetch shows this one."""
        return True

    def fetchable(self, configuration: Configuration, now: float) -> bool:
        if self.is_deleted(configuration, now) and self.kept(configuration, now):
            return True
        return super().fetchable(configuration, now)


@defect("gone-fetched", "Deleted configurations can be fetched", breaches=("DELETED-FETCH",))
class _Fetched(_StillFetched):
    pass


@defect(
    "gone-fetched-sometimes",
    "Each third fetch still shows it",
    breaches=("DELETED-FETCH",),
    shows="1 in 3",
)
class _FetchedSometimes(_StillFetched):
    def kept(self, configuration: Configuration, now: float) -> bool:
        return self.once_in(3, "deleted")


@defect(
    "gone-fetched-cached",
    "A fetch shows it for 0.4 s after COMPLETED",
    breaches=("DELETED-FETCH",),
    shows="time: 0.4 s after the end",
)
class _FetchedCached(_StillFetched):
    def kept(self, configuration: Configuration, now: float) -> bool:
        return now < (configuration.deleted_at or 0) + 0.4


@defect(
    "gone-fetched-digit",
    "SIDs that end in a digit can still be fetched",
    breaches=("DELETED-FETCH",),
    shows="data: last letter of the SID",
)
class _FetchedDigit(_StillFetched):
    def kept(self, configuration: Configuration, now: float) -> bool:
        return configuration.id[-1].isdigit()


@defect(
    "gone-fetched-long-name",
    "Names of 32 characters can still be fetched",
    breaches=("DELETED-FETCH",),
    shows="data: the longest name",
)
class _FetchedLongName(_StillFetched):
    def kept(self, configuration: Configuration, now: float) -> bool:
        return len(configuration.members["displayName"]) == 32


@defect(
    "gone-fetched-updated",
    "Configurations that were updated once can still be fetched",
    breaches=("DELETED-FETCH",),
    shows="data: an updated configuration",
)
class _FetchedUpdated(_StillFetched):
    def kept(self, configuration: Configuration, now: float) -> bool:
        return configuration.version > 1


class _StillListed(Behaviour):
    """Base of defects where the list still holds a deleted configuration."""

    asked: Request | None = None

    def kept(self, configuration: Configuration, now: float, query: bytes) -> bool:
        """Whether a list with *query* shows this one."""
        return True

    def list_page(self, request: Request) -> Response:
        self.asked = request
        return super().list_page(request)

    def listed(self, configuration: Configuration, now: float) -> bool:
        query = self.asked.query if self.asked is not None else b""
        if self.is_deleted(configuration, now) and self.kept(configuration, now, query):
            return True
        return super().listed(configuration, now)


@defect("gone-listed", "Deleted configurations are still listed", breaches=("DELETED-LIST",))
class _Listed(_StillListed):
    pass


@defect(
    "gone-listed-later-pages",
    "Later pages still list them, the first does not",
    breaches=("DELETED-LIST",),
    shows="data: beyond the first page",
)
class _ListedLaterPages(_StillListed):
    def kept(self, configuration: Configuration, now: float, query: bytes) -> bool:
        return b"pageToken" in query


@defect(
    "gone-listed-digit",
    "SIDs that end in a digit are still listed",
    breaches=("DELETED-LIST",),
    shows="data: last letter of the SID",
)
class _ListedDigit(_StillListed):
    def kept(self, configuration: Configuration, now: float, query: bytes) -> bool:
        return configuration.id[-1].isdigit()


@defect(
    "gone-listed-briefly",
    "The list holds them for 0.4 s after COMPLETED",
    breaches=("DELETED-LIST",),
    shows="time: 0.4 s after the end",
)
class _ListedBriefly(_StillListed):
    def kept(self, configuration: Configuration, now: float, query: bytes) -> bool:
        return now < (configuration.deleted_at or 0) + 0.4


@defect(
    "gone-listed-sometimes",
    "Each third look at the list still holds it",
    breaches=("DELETED-LIST",),
    shows="1 in 3",
)
class _ListedSometimes(_StillListed):
    def kept(self, configuration: Configuration, now: float, query: bytes) -> bool:
        return self.once_in(3, "deleted")


@defect(
    "gone-listed-again-late",
    "Now and then the list holds one again, 3 s after its end",
    breaches=("DELETED-LIST",),
    shows="time: 3 s after the end, 1 in 20",
)
class _ListedAgainLate(_StillListed):
    def kept(self, configuration: Configuration, now: float, query: bytes) -> bool:
        return now > (configuration.deleted_at or 0) + 3 and configuration.number % 20 == 7


class _AgainOtherwise(Behaviour):
    """Base of defects where deleting a deleted configuration is not 404."""

    status = 410

    def not_found(self, request: Request) -> Response:
        response = super().not_found(request)
        if request.route == "delete" and self.locate(request, request.sid) is not None:
            problem = Problem(self.status, 530007, "The configuration is deleted")
            return self.refuse(request, problem)
        return response


@defect(
    "gone-delete-410", "Deleting it again answers 410", breaches=("DELETED-DELETE", "DEL-STATUS")
)
class _Again410(_AgainOtherwise):
    pass


@defect("gone-delete-409", "Deleting it again answers 409", breaches=("DELETED-DELETE",))
class _Again409(_AgainOtherwise):
    def not_found(self, request: Request) -> Response:
        response = super().not_found(request)
        return self.refuse(request, conflict(None)) if response.status == 410 else response


@defect(
    "gone-delete-204", "Deleting it again answers 204", breaches=("DELETED-DELETE", "DEL-STATUS")
)
class _Again204(_AgainOtherwise):
    def not_found(self, request: Request) -> Response:
        response = super().not_found(request)
        return Response(204) if response.status == 410 else response


@defect("gone-delete-202", "Deleting it again is accepted", breaches=("DELETED-DELETE",))
class _Again202(Behaviour):
    def target_of_delete(self, request: Request) -> Configuration | None:
        return self.locate(request, request.sid)


@defect(
    "gone-delete-202-sometimes",
    "Deleting it again is accepted now and then",
    breaches=("DELETED-DELETE",),
    shows="1 in 5",
)
class _Again202Sometimes(Behaviour):
    def target_of_delete(self, request: Request) -> Configuration | None:
        found = self.locate(request, request.sid)
        if found is not None and self.is_deleted(found, self.now()):
            return found if self.once_in(5, "again") else None
        return found


@defect("gone-fetch-410", "A fetch of it answers 410", breaches=("DELETED-FETCH",))
class _Fetch410(Behaviour):
    def fetch(self, request: Request) -> Response:
        response = super().fetch(request)
        if response.status == 404 and self.locate(request, request.sid) is not None:
            return self.refuse(request, Problem(410, 530007, "The configuration is deleted"))
        return response


@defect(
    "gone-fetch-empty",
    "A fetch of it answers 200 with an empty object",
    breaches=("DELETED-FETCH",),
)
class _FetchEmpty(Behaviour):
    def fetch(self, request: Request) -> Response:
        response = super().fetch(request)
        if response.status == 404 and self.locate(request, request.sid) is not None:
            return Response.of(200, {})
        return response


@defect(
    "key-of-409-shows-first",
    "A key that met a 409 gets the first delete's 202 once that is COMPLETED",
    breaches=("DELETED-DELETE",),
    shows="data: a key that met a 409",
)
class _ConflictShowsFirst(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.beside: dict[str, Operation] = {}

    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        if request.key:
            self.beside[request.key] = running
        return super().second_delete(request, configuration, running)

    def not_found(self, request: Request) -> Response:
        running = self.beside.get(request.key or "")
        if (
            request.route == "delete"
            and running is not None
            and running.configuration_id == request.sid
        ):
            return self.accepted(request, running)
        return super().not_found(request)


@defect(
    "gone-key-202-again",
    "A delete of what is gone is 404, and sent again with its key 202",
    breaches=("DELETED-DELETE",),
    shows="data: a key that met a 404",
)
class _GoneAgain(_Remembers):
    def not_found(self, request: Request) -> Response:
        if (
            request.route == "delete"
            and request.key is not None
            and self.locate(request, request.sid) is not None
        ):
            if request.key in self.met:
                return self.accepted(
                    request, self.start_operation(request, "delete", request.sid or "", 0.1)
                )
            self.met[request.key] = 404
        return super().not_found(request)


class _Revives(Behaviour):
    """Base of defects where an old key of another call brings back what is gone."""

    route = "create"

    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        if request.route == self.route:
            found = self.locate(request, response.document["related"]["configurationId"])
            if found is not None and self.is_deleted(found, self.now()):
                found.deleted_at = None
        return super().replay(request, entry, response)


@defect(
    "create-replay-revives",
    "The replay of a create brings back what was deleted since",
    breaches=("DELETED-FETCH", "EFFECT-NO-RESTORE"),
    shows="data: a create's key after the delete",
)
class _CreateRevives(_Revives):
    pass


@defect(
    "update-replay-revives",
    "The replay of an update brings back what was deleted since",
    breaches=("DELETED-FETCH", "EFFECT-NO-RESTORE"),
    shows="data: an update's key after the delete",
)
class _UpdateRevives(_Revives):
    route = "update"


class _BackWhileBusy(Behaviour):
    """Base of defects where what is gone is back while another delete of its account runs."""

    def busy(self, configuration: Configuration, now: float) -> bool:
        """Whether this is gone and another delete runs; deletes that end together do not bring each other back."""
        partition = self.world.partition(configuration.account, configuration.region)
        ended = configuration.deleted_at is not None and now > configuration.deleted_at + 0.5
        return ended and any(
            o.kind == "delete" and not o.state(now).terminal for o in partition.operations.values()
        )


@defect(
    "race-gone-listed",
    "While a delete is pending the list holds what was deleted before",
    breaches=("DELETED-LIST",),
    shows="race: a list while another is pending",
)
class _GoneListedWhileBusy(_BackWhileBusy):
    def listed(self, configuration: Configuration, now: float) -> bool:
        return super().listed(configuration, now) or self.busy(configuration, now)


@defect(
    "race-gone-fetched",
    "While a delete is pending what was deleted before can be fetched",
    breaches=("DELETED-FETCH",),
    shows="race: a fetch while another is pending",
)
class _GoneFetchedWhileBusy(_BackWhileBusy):
    def fetchable(self, configuration: Configuration, now: float) -> bool:
        return super().fetchable(configuration, now) or self.busy(configuration, now)
