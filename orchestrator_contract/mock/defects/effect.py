"""Defects against EFFECT."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import _ended_failed, vanish
from orchestrator_contract.mock.errors import Refused
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import DAY, Configuration, Operation


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


class _UpdateAfterFailed(Behaviour):
    """Base of defects where an update of what was not deleted deletes it."""

    methods: tuple[str, ...] = ("PUT", "PATCH")

    def update(self, request: Request) -> Response:
        response = super().update(request)
        found = self.locate(request, request.sid)
        if (
            response.status == 202
            and request.method in self.methods
            and found is not None
            and _ended_failed(found, self.now())
        ):
            vanish(self, found, self.settings.create_seconds)
        return response


@defect(
    "failed-patch-deletes",
    "After a delete FAILED a PATCH ends with the configuration gone",
    breaches=("EFFECT-ONLY-BY-DELETE",),
    shows="data: a PATCH after FAILED",
)
class _PatchAfterFailed(_UpdateAfterFailed):
    methods = ("PATCH",)


@defect(
    "key-misuse-deletes-next-day",
    "What a key was refused on is deleted when a day has passed",
    breaches=("EFFECT-NO-OTHER",),
    shows="time: 24 h after a refusal",
)
class _MisuseDeletes(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        if request.route == "delete":
            vanish(self, self.target_of_delete(request), DAY)
        return super().mismatch(request, entry)


@defect(
    "key-end-ends-created",
    "A configuration that was created under a key is gone when that key has ended",
    breaches=("EFFECT-ONLY-BY-DELETE",),
    shows="time: 24 h after the create",
)
class _KeyEndsCreated(Behaviour):
    def create(self, request: Request) -> Response:
        response = super().create(request)
        if request.key is not None and response.status == 202:
            vanish(self, list(self.partition(request).configurations.values())[-1], DAY)
        return response


class _TakesAnother(Behaviour):
    """Base of defects where a delete removes one more configuration."""

    every = 1
    later = 0.0

    def another(self, configuration: Configuration, other: Configuration) -> bool:
        """Whether *other* goes too."""
        return True

    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if not fails and self.once_in(self.every, "delete"):
            for other in self.partition(request).configurations.values():
                if (
                    other is not configuration
                    and other.deleted_at is None
                    and self.another(configuration, other)
                ):
                    vanish(self, other, self.settings.operation_seconds + self.later)
                    break
        return operation


@defect(
    "refused-key-deletes",
    "A delete whose key is refused as malformed deletes",
    breaches=("EFFECT-NO-OTHER",),
    shows="data: a malformed key",
)
class _RefusedKeyDeletes(Behaviour):
    def read_key(self, request: Request) -> str | None:
        try:
            return super().read_key(request)
        except Refused:
            if request.route == "delete":
                vanish(self, self.target_of_delete(request))
            raise


@defect(
    "takes-elder",
    "A delete removes the account's oldest configuration too",
    breaches=("EFFECT-NO-OTHER",),
)
class _TakesElder(_TakesAnother):
    def another(self, configuration: Configuration, other: Configuration) -> bool:
        return other.reserved_for is None


@defect(
    "takes-next",
    "A delete removes the configuration created next too",
    breaches=("EFFECT-NO-OTHER",),
)
class _TakesNext(_TakesAnother):
    def another(self, configuration: Configuration, other: Configuration) -> bool:
        return other.number > configuration.number


@defect(
    "takes-previous-sometimes",
    "Now and then a delete removes an older one too",
    breaches=("EFFECT-NO-OTHER",),
    shows="1 in 6",
)
class _TakesPreviousSometimes(_TakesAnother):
    every = 6

    def another(self, configuration: Configuration, other: Configuration) -> bool:
        return other.number < configuration.number and other.reserved_for is None


@defect(
    "takes-namesake",
    "A delete removes every other configuration of the same displayName",
    breaches=("EFFECT-NO-OTHER",),
    shows="data: equal names",
)
class _TakesNamesake(_TakesAnother):
    def another(self, configuration: Configuration, other: Configuration) -> bool:
        return bool(other.members["displayName"] == configuration.members["displayName"])


class _TakesNamesakeElsewhere(Behaviour):
    """Base of defects where a delete removes what has the same displayName in another place."""

    def alike(self, configuration: Configuration, other: Configuration) -> bool:
        """Whether *other* is where the delete reaches too far."""
        return other.account != configuration.account and other.region == configuration.region

    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        for other in self.world.every_configuration() if not fails else ():
            same = other.members["displayName"] == configuration.members["displayName"]
            if same and other is not configuration and self.alike(configuration, other):
                vanish(self, other, self.settings.operation_seconds)
        return operation


@defect(
    "takes-namesake-over-accounts",
    "A delete removes the other account's configurations of the same displayName, too",
    breaches=("EFFECT-NO-OTHER",),
    shows="data: equal names",
)
class _TakesNamesakeOverAccounts(_TakesNamesakeElsewhere):
    pass


@defect(
    "takes-namesake-over-regions",
    "A delete removes the account's configurations of the same displayName in the other region, too",
    breaches=("EFFECT-NO-OTHER",),
    shows="data: equal names",
)
class _TakesNamesakeOverRegions(_TakesNamesakeElsewhere):
    def alike(self, configuration: Configuration, other: Configuration) -> bool:
        return other.account == configuration.account and other.region != configuration.region


@defect(
    "takes-next-later",
    "A second after its end a delete removes the configuration created next",
    breaches=("EFFECT-NO-OTHER",),
    shows="time: 1 s after the end",
)
class _TakesNextLater(_TakesAnother):
    later = 1.0

    def another(self, configuration: Configuration, other: Configuration) -> bool:
        return other.number > configuration.number


@defect(
    "read-deletes",
    "Each third fetch of a configuration deletes it",
    breaches=("EFFECT-ONLY-BY-DELETE",),
    shows="1 in 3",
)
class _ReadDeletes(Behaviour):
    def fetch(self, request: Request) -> Response:
        response = super().fetch(request)
        found = self.locate(request, request.sid)
        if found is not None and response.status == 200 and self.once_in(3, "fetch"):
            vanish(self, found)
        return response


@defect(
    "read-deletes-later",
    "A fetched configuration is gone a second later",
    breaches=("EFFECT-ONLY-BY-DELETE",),
    shows="time: 1 s later",
)
class _ReadDeletesLater(Behaviour):
    def fetch(self, request: Request) -> Response:
        response = super().fetch(request)
        if response.status == 200:
            vanish(self, self.locate(request, request.sid), 1.0)
        return response


@defect(
    "list-deletes",
    "Each list deletes the last configuration it shows",
    breaches=("EFFECT-ONLY-BY-DELETE",),
    shows="1 in 2",
)
class _ListDeletes(Behaviour):
    def list_page(self, request: Request) -> Response:
        response = super().list_page(request)
        shown = response.document["configurations"]
        if shown and self.once_in(2, "list"):
            vanish(self, self.partition(request).configurations.get(shown[-1]["id"]))
        return response


@defect("update-deletes", "An update deletes", breaches=("EFFECT-ONLY-BY-DELETE",))
class _UpdateDeletes(Behaviour):
    def update(self, request: Request) -> Response:
        response = super().update(request)
        if response.status == 202:
            vanish(self, self.locate(request, request.sid), self.settings.create_seconds)
        return response


@defect(
    "patch-deletes",
    "A PATCH deletes, a PUT does not",
    breaches=("EFFECT-ONLY-BY-DELETE",),
    shows="data: PATCH only",
)
class _PatchDeletes(Behaviour):
    def update(self, request: Request) -> Response:
        response = super().update(request)
        if response.status == 202 and request.method == "PATCH":
            vanish(self, self.locate(request, request.sid), self.settings.create_seconds)
        return response


class _UpdateRevives(Behaviour):
    """Base of defects where an update brings a deleted configuration back."""

    methods: tuple[str, ...] = ("PUT", "PATCH")

    def update(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        if (
            found is not None
            and request.method in self.methods
            and self.is_deleted(found, self.now())
        ):
            found.deleted_at = found.deletion = None
        return super().update(request)


@defect(
    "update-revives",
    "PUT and PATCH bring a deleted configuration back",
    breaches=("EFFECT-NO-RESTORE",),
)
class _BothRevive(_UpdateRevives):
    pass


@defect(
    "put-revives",
    "PUT brings a deleted configuration back",
    breaches=("EFFECT-NO-RESTORE",),
    shows="data: PUT only",
)
class _PutRevives(_UpdateRevives):
    methods = ("PUT",)
