"""Defects of the EFFECT section: deletes of other configurations, and by other requests."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    delete_silently,
    failed,
    failing,
    scope_and_name,
)
from orchestrator_contract.mock.errors import Refused
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import DAY, Configuration, Operation

_NO_OTHER = ("EFFECT-NO-OTHER",)
_ONLY_BY_DELETE = ("EFFECT-ONLY-BY-DELETE",)
_NO_RESTORE = ("EFFECT-NO-RESTORE",)

Pair = Callable[[Configuration, Configuration], bool]


def _name(configuration: Configuration) -> object:
    return configuration.members["displayName"]


# -- a delete deletes another configuration ---------------------------------------------------


@defect(
    "delete-deletes-other",
    "A delete also deletes {}",
    case("oldest", "the oldest configuration", selects=lambda named, one: one.reserved_for is None),
    case("next", "the next configuration", selects=lambda named, one: one.number > named.number),
    case(
        "next-1-s",
        "the next configuration a second after its end",
        "time: 1 s after the end",
        selects=lambda named, one: one.number > named.number,
        after=1.0,
    ),
    case(
        "older-1-in-6",
        "an older configuration",
        selects=lambda named, one: one.number < named.number and one.reserved_for is None,
        every=6,
    ),
    case(
        "namesake",
        "a configuration of the same displayName",
        "data: equal names",
        selects=lambda named, one: _name(named) == _name(one),
    ),
    breaches=_NO_OTHER,
)
class _DeletesOther(Behaviour):
    selects: Pair
    after = 0.0
    every = 1

    def delete_started(
        self, request: Request, configuration: Configuration, operation: Operation
    ) -> None:
        if failing(configuration) or not self.once_in(self.every, "delete"):
            return
        for other in self.partition(request).configurations.values():
            alive = other is not configuration and other.deleted_at is None
            if alive and self.selects(configuration, other):
                delete_silently(self, other, self.settings.operation_seconds + self.after)
                break


@defect(
    "delete-deletes-namesake",
    "A delete also deletes configurations of the same displayName in another {}",
    case(
        "account",
        elsewhere=lambda named, one: one.account != named.account and one.region == named.region,
    ),
    case(
        "region",
        elsewhere=lambda named, one: one.account == named.account and one.region != named.region,
    ),
    breaches=_NO_OTHER,
    shows="data: equal names",
)
class _DeletesNamesake(Behaviour):
    elsewhere: Pair

    def delete_started(
        self, request: Request, configuration: Configuration, operation: Operation
    ) -> None:
        for other in self.world.every_configuration() if not failing(configuration) else ():
            if _name(other) == _name(configuration) and self.elsewhere(configuration, other):
                delete_silently(self, other, self.settings.operation_seconds)


@defect(
    "delete-deletes-same-bridge",
    "A delete also deletes the configurations of the same conversationsV1Bridge",
    breaches=("EFFECT-NO-OTHER", "CTRL-READ-AFTER-CREATE"),
    shows="data: two with one bridge",
)
class _DeletesSameBridge(Behaviour):
    def delete_started(
        self, request: Request, configuration: Configuration, operation: Operation
    ) -> None:
        bridge = configuration.members.get("conversationsV1Bridge")
        for other in self.partition(request).configurations.values() if bridge else ():
            same = other.members.get("conversationsV1Bridge") == bridge
            if same and other is not configuration and other.deleted_at is None:
                other.deleted_at = operation.ends_at


@defect(
    "404-deletes-namesake",
    "A delete of a deleted SID deletes the configuration that has its displayName now",
    breaches=("EFFECT-NO-OTHER", "SID-UNKNOWN-NO-EFFECT"),
    shows="data: a deleted SID whose name is in use again",
)
class _NotFoundDeletesNamesake(Behaviour):
    def not_found(self, request: Request) -> Response:
        configurations = self.partition(request).configurations
        gone = configurations.get(request.sid or "")
        if request.route == "delete" and gone is not None:
            for one in configurations.values():
                if scope_and_name(one) == scope_and_name(gone):
                    delete_silently(self, one)
        return super().not_found(request)


@defect(
    "delete-deletes-next-namesake",
    "A delete also deletes a configuration of the same displayName that is created meanwhile",
    breaches=("EFFECT-NO-OTHER", "EFFECT-ONLY-BY-DELETE", "CTRL-READ-AFTER-CREATE"),
    shows="data: a create with the name of a configuration that is being deleted",
)
class _DeletesNextNamesake(Behaviour):
    def create(self, request: Request) -> Response:
        response = super().create(request)
        *others, newest = self.partition(request).configurations.values()
        for one in others:
            same = scope_and_name(one) == scope_and_name(newest)
            if same and self.pending_deletion(one) is not None:
                newest.deleted_at = one.deleted_at
        return response


@defect(
    "delete-repeated",
    "A delete is repeated, by displayName, 0.4 s after its end",
    breaches=("EFFECT-NO-OTHER", "EFFECT-ONLY-BY-DELETE"),
    shows="data: a create with the name of a configuration that was deleted just now",
)
class _Repeated(Behaviour):
    def delete_started(
        self, request: Request, configuration: Configuration, operation: Operation
    ) -> None:
        if not failing(configuration):
            runs = self.memory.setdefault(scope_and_name(configuration), [])
            runs.append(operation.ends_at + 0.4)

    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        runs = self.memory.get(scope_and_name(configuration), ())
        again = any(configuration.created_at < instant <= now for instant in runs)
        return super().is_deleted(configuration, now) or again


# -- a refused delete deletes -----------------------------------------------------------------


@defect(
    "malformed-key-deletes",
    "A delete that is refused for its malformed key deletes",
    breaches=_NO_OTHER,
    shows="data: a malformed key",
)
class _MalformedKeyDeletes(Behaviour):
    def read_key(self, request: Request) -> str | None:
        try:
            return super().read_key(request)
        except Refused:
            if request.route == "delete":
                delete_silently(self, self.target_of_delete(request))
            raise


@defect(
    "mismatch-deletes-1-day",
    "A delete that is refused for a key mismatch deletes after a day",
    breaches=_NO_OTHER,
    shows="time: 24 h after a mismatch",
)
class _MismatchDeletes(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        if request.route == "delete":
            delete_silently(self, self.target_of_delete(request), DAY)
        return super().mismatch(request, entry)


# -- another call deletes or restores ---------------------------------------------------------


@defect(
    "fetch-deletes",
    "A fetch deletes {}",
    case("1-in-3", "one time in three", every=3),
    case("1-s", "a second later", "time: 1 s later", after=1.0),
    breaches=_ONLY_BY_DELETE,
)
class _FetchDeletes(Behaviour):
    every = 1
    after = 0.0

    def fetch(self, request: Request) -> Response:
        response = super().fetch(request)
        if response.status == 200 and self.once_in(self.every, "fetch"):
            delete_silently(self, self.locate(request, request.sid), self.after)
        return response


@defect(
    "list-deletes",
    "A list deletes its last configuration",
    breaches=_ONLY_BY_DELETE,
    shows="1 in 2",
)
class _ListDeletes(Behaviour):
    def list_page(self, request: Request) -> Response:
        response = super().list_page(request)
        shown = response.document["configurations"]
        if shown and self.once_in(2, "list"):
            delete_silently(self, self.locate(request, shown[-1]["id"]))
        return response


@defect(
    "update-deletes",
    "{}",
    case("", "An update deletes"),
    case("1-s", "An update deletes after a second", "time: 1 s later", after=1.0),
    case("patch", "A PATCH deletes", "data: PATCH only", methods=("PATCH",)),
    case(
        "patch-after-failure",
        "A PATCH deletes if a delete failed before",
        "data: a PATCH after FAILED",
        methods=("PATCH",),
        after_failure=True,
    ),
    breaches=_ONLY_BY_DELETE,
)
class _UpdateDeletes(Behaviour):
    methods: tuple[str, ...] = ("PUT", "PATCH")
    after: float | None = None
    after_failure = False

    def update(self, request: Request) -> Response:
        response, found = super().update(request), self.locate(request, request.sid)
        applies = not self.after_failure or failed(found, self.now())
        if response.status == 202 and request.method in self.methods and applies:
            after = self.settings.create_seconds if self.after is None else self.after
            delete_silently(self, found, after)
        return response


@defect(
    "create-key-expiry-deletes",
    "A configuration that was created with a key is deleted when the key expires",
    breaches=_ONLY_BY_DELETE,
    shows="time: 24 h after the create",
)
class _KeyExpiryDeletes(Behaviour):
    def create(self, request: Request) -> Response:
        response = super().create(request)
        if request.key is not None and response.status == 202:
            delete_silently(self, list(self.partition(request).configurations.values())[-1], DAY)
        return response


@defect(
    "update-restores",
    "{} restores a deleted configuration",
    case("", "An update"),
    case("put", "A PUT", "data: PUT only", methods=("PUT",)),
    breaches=_NO_RESTORE,
)
class _UpdateRestores(Behaviour):
    methods: tuple[str, ...] = ("PUT", "PATCH")

    def update(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        deleted = found is not None and self.is_deleted(found, self.now())
        if found is not None and deleted and request.method in self.methods:
            found.deleted_at = found.deletion = None
        return super().update(request)
