"""Defects of the DELETED section: a COMPLETED delete deletes nothing, late or for a time."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    HOUR,
    SECOND_ACCOUNT_AND_REGION,
    SECOND_REGION,
    Scoped,
    failing,
)
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import DAY, Configuration, Operation

_FETCH = ("DELETED-FETCH",)
_LIST = ("DELETED-LIST",)
_DELETE = ("DELETED-DELETE",)
_FETCH_AND_LIST = (*_FETCH, *_LIST)
_ALL = (*_FETCH, *_LIST, *_DELETE)


# -- a COMPLETED delete that deletes nothing --------------------------------------------------


@defect(
    "completed-kept",
    "A COMPLETED delete deletes nothing {}",
    case("", "at all", breaches=_ALL),
    case(
        "1-in-6",
        "one time in six",
        breaches=_ALL,
        shows="1 in 6",
        keeps=lambda mock, request, found: not failing(found) and mock.once_in(6, "kept"),
    ),
    case("second-region", "in the second region", **SECOND_REGION),
    case(
        "second-account-and-region",
        "for the second account in the second region",
        **SECOND_ACCOUNT_AND_REGION,
    ),
    case(
        "empty-description",
        "if the description is empty",
        "data: an empty description",
        keeps=lambda mock, request, found: found.members.get("description") == "",
    ),
    case(
        "bridge",
        "if there is a conversationsV1Bridge",
        "data: a bridge",
        keeps=lambda mock, request, found: bool(found.members.get("conversationsV1Bridge")),
    ),
    case(
        "intelligence",
        "if there are five intelligenceConfigurationIds",
        "data: intelligence configurations",
        keeps=lambda mock, request, found: (
            len(found.members.get("intelligenceConfigurationIds", ())) == 5
        ),
    ),
    case(
        "channels",
        "if channelSettings are not empty",
        "data: channelSettings",
        keeps=lambda mock, request, found: bool(found.members.get("channelSettings")),
    ),
    case(
        "day-old",
        "if the configuration is a day old",
        breaches=_FETCH,
        shows="time: a day after the create",
        keeps=lambda mock, request, found: mock.now() > found.created_at + 20 * HOUR,
    ),
    case(
        "after-500",
        "if the SID met a 500",
        breaches=_FETCH,
        shows="data: a SID that met a 500",
        keeps=lambda mock, request, found: ("500", request.sid) in mock.memory,
    ),
    case(
        "after-404",
        "if the key met a 404 on another SID",
        breaches=_FETCH,
        shows="data: a key that met a 404",
        keeps=lambda mock, request, found: ("404", request.key) in mock.memory,
    ),
    case(
        "after-failure",
        "if a delete failed before",
        breaches=_FETCH,
        shows="data: a second delete after FAILED",
        keeps=lambda mock, request, found: mock.after_failure,
    ),
    case(
        "patch-then-put",
        "if its last two updates were a PATCH and a PUT",
        "data: a PATCH, then a PUT, then a delete",
        breaches=_ALL,
        keeps=lambda mock, request, found: (
            mock.memory.get(("updates", found.id), [])[-2:] == ["PATCH", "PUT"]
        ),
    ),
    breaches=_FETCH_AND_LIST,
)
class _Kept(Scoped):
    keeps: Callable[[Behaviour, Request, Configuration], bool] = staticmethod(
        lambda mock, request, found: True
    )
    after_failure = False

    def update(self, request: Request) -> Response:
        response = super().update(request)
        if response.status == 202:
            self.memory.setdefault(("updates", request.sid), []).append(request.method)
        return response

    def fault_response(self, request: Request, fault: str) -> Response:
        self.memory[fault, request.sid] = True
        return super().fault_response(request, fault)

    def not_found(self, request: Request) -> Response:
        if request.key:
            self.memory["404", request.key] = True
        return super().not_found(request)

    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        self.after_failure = failing(configuration)
        operation = super().begin_delete(request, configuration, fails=fails)
        if self.in_scope(configuration) and self.keeps(self, request, configuration):
            configuration.deleted_at = None
        return operation


# -- a deleted configuration that comes back --------------------------------------------------


@defect(
    "deleted-late",
    "A configuration {} after COMPLETED",
    case("", "is deleted half a second", "time: 0.5 s"),
    case(
        "callbacks",
        "with statusCallbacks is deleted 0.15 s",
        "data: statusCallbacks, for 0.15 s",
        seconds=0.15,
        member="statusCallbacks",
    ),
    breaches=_FETCH,
)
class _Late(Behaviour):
    seconds = 0.5
    #: A member that only such configurations have.
    member = "displayName"

    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        late = self.seconds if configuration.members.get(self.member) else 0.0
        return super().is_deleted(configuration, now - late)


@defect(
    "deleted-returns",
    "A deleted configuration exists again {}",
    case("600-ms", "after 0.6 s", "time: 0.6 s after the end", after=0.6),
    case(
        "600-ms-1-in-4",
        "after 0.6 s, one in four",
        "time: 0.6 s after the end, 1 in 4",
        after=0.6,
        every=4,
    ),
    case("1-day", "after a day", "time: 24 h", after=DAY),
    breaches=_FETCH,
)
class _Returns(Behaviour):
    after: float
    every = 1

    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        deleted_at = configuration.deleted_at
        late = deleted_at is not None and now >= deleted_at + self.after
        back = late and configuration.number % self.every == 0
        return super().is_deleted(configuration, now) and not back


@defect(
    "create-restores-namesake",
    "A create restores the deleted configurations of the same displayName",
    breaches=_FETCH,
    shows="data: a second configuration of the name",
)
class _CreateRestores(Behaviour):
    def create(self, request: Request) -> Response:
        response = super().create(request)
        *others, newest = self.partition(request).configurations.values()
        name = newest.members.get("displayName")
        for one in others:
            if self.is_deleted(one, self.now()) and one.members.get("displayName") == name:
                one.deleted_at = None
        return response


@defect(
    "other-call-replay-restores",
    "The replay of {} restores its deleted configuration",
    case("create", "a create", "data: a create's key after the delete"),
    case("update", "an update", "data: an update's key after the delete", route="update"),
    breaches=("DELETED-FETCH", "EFFECT-NO-RESTORE"),
)
class _ReplayRestores(Behaviour):
    route = "create"

    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        if request.route == self.route:
            found = self.locate(request, response.document["related"]["configurationId"])
            if found is not None and self.is_deleted(found, self.now()):
                found.deleted_at = None
        return super().replay(request, entry, response)


@defect(
    "update-restores-later",
    "A refused update of a deleted configuration restores it after 0.5 s",
    breaches=("DELETED-FETCH", "EFFECT-NO-RESTORE"),
    shows="time: 0.5 s after a late update",
)
class _UpdateRestoresLater(Behaviour):
    def update(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        if found is not None and self.is_deleted(found, self.now()):
            self.memory["due", found.id] = self.now() + 0.5
        return super().update(request)

    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        due = self.memory.get(("due", configuration.id), now + 1)
        return super().is_deleted(configuration, now) and bool(now < due)


# -- a delete while the create runs -----------------------------------------------------------


@defect(
    "delete-while-creating",
    "A COMPLETED delete that was accepted while the create ran {}",
    case("kept", "deletes nothing", breaches=_ALL),
    case("listed", "leaves the configuration in the list", breaches=_LIST, listed_only=True),
    shows="race: a delete while the create is pending",
)
class _WhileCreating(Behaviour):
    listed_only = False

    def while_creating(self, configuration: Configuration) -> bool:
        """True if the delete was accepted before the end of the create."""
        deletion = configuration.deletion
        return deletion is not None and deletion.created_at < configuration.visible_from

    def delete(self, request: Request) -> Response:
        found = self.target_of_delete(request)
        creating = found is not None and self.now() < found.visible_from
        if found is None or not creating or self.pending_deletion(found) is not None:
            return super().delete(request)
        return self.accepted(request, self.begin_delete(request, found))

    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        kept = not self.listed_only and self.while_creating(configuration)
        return not kept and super().is_deleted(configuration, now)

    def listed(self, configuration: Configuration, now: float) -> bool:
        shown = self.while_creating(configuration) and now >= configuration.visible_from
        return shown or super().listed(configuration, now)
