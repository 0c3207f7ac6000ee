"""Faults of one conversation or one content: after a 429, after a 404, after an update, with rare members."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.side_effects import vanish
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import Configuration, Operation, World


class _StoredSome(Behaviour):
    """Base of defects where some 429s are stored for their keys."""

    def some(self, request: Request) -> bool:
        """Whether this one is."""
        key = request.key or ""
        return key != key.lower()

    def storable(self, request: Request, response: Response) -> bool:
        return (response.status == 429 and self.some(request)) or super().storable(
            request, response
        )


@defect(
    "key-429-stored-capitals",
    "A 429 is stored for keys in capitals",
    breaches=("ERR-429-RETRY-PROCESSED",),
    shows="data: a key in capitals",
)
class _StoredCapitals(_StoredSome):
    pass


@defect(
    "key-429-stored-sometimes",
    "One 429 in five is stored for its key",
    breaches=("ERR-429-RETRY-PROCESSED",),
    shows="1 in 5",
)
class _StoredSometimes(_StoredSome):
    def some(self, request: Request) -> bool:
        return self.once_in(5, "stored")


class _AfterRefusal(Behaviour):
    """Base of defects that show on what was refused with 429 before."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.refused: set[str] = set()

    def fault_response(self, request: Request, fault: str) -> Response:
        if fault == "429":
            self.refused.add(request.key or "")
        return super().fault_response(request, fault)


@defect(
    "retried-429-deletes-nothing",
    "The retry of a 429 is accepted and deletes nothing",
    breaches=("ERR-429-RETRY-PROCESSED", "DELETED-FETCH"),
    shows="data: a key that met a 429",
)
class _RetryIdle(_AfterRefusal):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if request.key in self.refused:
            configuration.deleted_at = None
        return operation


@defect(
    "retried-429-forgotten",
    "The answer to the retry of a 429 is not stored",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: a key that met a 429",
)
class _RetryForgotten(_AfterRefusal):
    def storable(self, request: Request, response: Response) -> bool:
        return request.key not in self.refused and super().storable(request, response)


@defect(
    "unknown-sid-202-again",
    "A delete of an unknown SID, sent again with its key, is accepted",
    breaches=("SID-UNKNOWN",),
    shows="data: a key that met a 404",
)
class _UnknownAgain(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.missed: set[tuple[str, str | None]] = set()

    def not_found(self, request: Request) -> Response:
        if request.route == "delete" and request.key is not None:
            if (request.key, request.sid) in self.missed:
                seconds = self.settings.operation_seconds
                return self.accepted(
                    request, self.start_operation(request, "delete", request.sid or "", seconds)
                )
            self.missed.add((request.key, request.sid))
        return super().not_found(request)


@defect(
    "key-forgotten-once-updated",
    "The key of a configuration that was ever updated is forgotten",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: after an update",
)
class _ForgottenUpdated(Behaviour):
    def storable(self, request: Request, response: Response) -> bool:
        found = self.locate(request, request.sid)
        updated = request.route == "delete" and found is not None and found.version > 1
        return not updated and super().storable(request, response)


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
    "fetch-shows-another",
    "Now and then a fetch shows the oldest configuration",
    breaches=("CTRL-CONFIGURATION",),
    shows="1 in 20",
)
class _ShowsAnother(Behaviour):
    def fetch(self, request: Request) -> Response:
        response = super().fetch(request)
        if response.status == 200 and self.once_in(20, "fetch"):
            return Response.of(
                200,
                self.configuration_document(
                    next(iter(self.partition(request).configurations.values()))
                ),
            )
        return response


@defect(
    "takes-same-bridge",
    "A delete removes another configuration with the same bridge",
    breaches=("EFFECT-NO-OTHER", "CTRL-READ-AFTER-CREATE"),
    shows="data: two with one bridge",
)
class _TakesBridged(Behaviour):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        bridge = configuration.members.get("conversationsV1Bridge")
        for other in self.partition(request).configurations.values():
            if (
                bridge
                and other is not configuration
                and other.members.get("conversationsV1Bridge") == bridge
                and other.deleted_at is None
            ):
                other.deleted_at = operation.ends_at
        return operation


@defect(
    "failed-unlisted",
    "What an operation FAILED to delete is not listed any more",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: after FAILED",
)
class _FailedUnlisted(Behaviour):
    def listed(self, configuration: Configuration, now: float) -> bool:
        running = configuration.deletion
        failed = running is not None and running.outcome is State.FAILED and now >= running.ends_at
        return not failed and super().listed(configuration, now)


@defect(
    "list-hides-bridged",
    "Configurations with a bridge are not listed",
    breaches=("CTRL-PAGINATION", "CTRL-READ-AFTER-CREATE"),
    shows="data: a bridge",
)
class _HidesBridged(Behaviour):
    def listed(self, configuration: Configuration, now: float) -> bool:
        return not configuration.members.get("conversationsV1Bridge") and super().listed(
            configuration, now
        )


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


class _UpdatedVanishes(Behaviour):
    """Base of defects where an update deletes, a while later."""

    def update(self, request: Request) -> Response:
        response, found = super().update(request), self.locate(request, request.sid)
        if response.status == 202 and found is not None:
            vanish(self, found, 1.0)
        return response


@defect(
    "update-deletes-later",
    "An updated configuration is gone a second later",
    breaches=("EFFECT-ONLY-BY-DELETE",),
    shows="time: 1 s later",
)
class _UpdateDeletesLater(_UpdatedVanishes):
    pass


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
    "race-list-thinned",
    "While a delete runs the list leaves out the one created before",
    breaches=("CONC-LINEARIZABLE",),
    shows="race: a list beside a delete",
)
class _ListThinned(Behaviour):
    def listed(self, configuration: Configuration, now: float) -> bool:
        partition = self.world.partitions[
            configuration.account, configuration.region
        ].configurations.values()
        beside = any(
            o.number == configuration.number + 1 and self.pending_deletion(o) for o in partition
        )
        return not beside and super().listed(configuration, now)
