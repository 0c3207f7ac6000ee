"""Refused requests and innocent ones that delete all the same, and deletes that delete too much."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Refused
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import Configuration, Operation


def vanish(behaviour: Behaviour, configuration: Configuration | None, seconds: float = 0.0) -> None:
    """Lets *configuration* be gone in *seconds*, with no operation; reserved ones stay."""
    if (
        configuration is not None
        and configuration.reserved_for is None
        and configuration.deleted_at is None
    ):
        configuration.deleted_at = behaviour.now() + seconds


class _RefusedDeletes(Behaviour):
    """Base of defects where one refusal deletes."""

    status = 409
    later = 0.0
    every = 1

    def delete(self, request: Request) -> Response:
        found = self.target_of_delete(request)
        response = super().delete(request)
        if (
            response.status == self.status
            and found is not None
            and self.once_in(self.every, "refused")
        ):
            vanish(self, found, self.later)
        return response


@defect(
    "refused-409-deletes", "A delete answered 409 deletes at once", breaches=("ERR-409-NO-EFFECT",)
)
class _Conflict(_RefusedDeletes):
    pass


@defect(
    "refused-409-deletes-later",
    "A delete answered 409 deletes 0.7 s later",
    breaches=("ERR-409-NO-EFFECT",),
    shows="time: 0.7 s later",
)
class _ConflictLater(_RefusedDeletes):
    later = 0.7


@defect(
    "refused-429-deletes", "A delete answered 429 deletes at once", breaches=("ERR-429-NO-EFFECT",)
)
class _Throttled(_RefusedDeletes):
    status = 429


@defect(
    "refused-429-deletes-later",
    "A delete answered 429 deletes 0.7 s later",
    breaches=("ERR-429-NO-EFFECT",),
    shows="time: 0.7 s later",
)
class _ThrottledLater(_RefusedDeletes):
    status = 429
    later = 0.7


@defect(
    "refused-429-deletes-sometimes",
    "Each second delete answered 429 deletes",
    breaches=("ERR-429-NO-EFFECT",),
    shows="1 in 2",
)
class _ThrottledSometimes(_RefusedDeletes):
    status = 429
    every = 2


@defect(
    "refused-429-in-the-end",
    "A delete answered 429 is carried out by its operation later",
    shows="time: pending",
    breaches=("ERR-429-NO-EFFECT",),
)
class _Queued(Behaviour):
    def fault_response(self, request: Request, fault: str) -> Response:
        found = self.target_of_delete(request)
        if (
            fault == "429"
            and found is not None
            and found.reserved_for is None
            and not found.deletion
        ):
            self.begin_delete(request, found)
        return super().fault_response(request, fault)


@defect(
    "refused-404-deletes-newest",
    "A delete of an unknown SID takes the newest configuration instead",
    breaches=("SID-UNKNOWN-NO-EFFECT",),
)
class _NotFoundTakesNewest(Behaviour):
    def not_found(self, request: Request) -> Response:
        if request.route == "delete" and self.locate(request, request.sid) is None:
            living = [
                one
                for one in self.partition(request).configurations.values()
                if self.visible(one, self.now())
            ]
            vanish(self, living[-1] if living else None)
        return super().not_found(request)


@defect(
    "refused-404-deletes-similar",
    "A delete of an unknown SID takes a configuration whose SID begins alike",
    breaches=("SID-UNKNOWN-NO-EFFECT", "SID-MALFORMED-NO-EFFECT"),
    shows="data: an unknown SID next to a real one",
)
class _NotFoundTakesSimilar(Behaviour):
    def not_found(self, request: Request) -> Response:
        start = (request.sid or "")[:-1]
        if (
            request.route == "delete"
            and len(start) > 40
            and self.locate(request, request.sid) is None
        ):
            for one in self.partition(request).configurations.values():
                if one.id.startswith(start):
                    vanish(self, one)
        return super().not_found(request)


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


@defect(
    "refused-429-strips-callbacks",
    "A delete answered 429 takes the callbacks away",
    breaches=("ERR-429-NO-EFFECT",),
    shows="data: callbacks",
)
class _ThrottledStrips(Behaviour):
    def delete(self, request: Request) -> Response:
        found, response = self.target_of_delete(request), super().delete(request)
        if response.status == 429 and found is not None and found.members.get("statusCallbacks"):
            found.members = {**found.members, "statusCallbacks": []}
        return response


@defect(
    "failed-strips-bridge",
    "A delete that FAILED takes the bridge away",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: a bridge",
)
class _FailedStrips(Behaviour):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        if fails:
            configuration.members = {
                name: value
                for name, value in configuration.members.items()
                if name != "conversationsV1Bridge"
            }
        return super().begin_delete(request, configuration, fails=fails)
