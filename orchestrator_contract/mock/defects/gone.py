"""Deleted configurations that are not gone: fetched, listed, deleted again, or back later."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem, conflict
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import Configuration, Operation

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
