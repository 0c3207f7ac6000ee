"""Faults of the furthest corner and of later days: the second account in the second region, and what a day changes."""

from __future__ import annotations

from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Headers, Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import DAY, Configuration, Operation

HOUR = 3600.0
CORNER = (2, 1)


def cornered(one: Configuration | Request) -> bool:
    """Whether this is of the second account in the second region."""
    return (one.account, one.region) == CORNER


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
    "key-ignored-corner",
    "For the second account in the second region keys end with their operation",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: another account in another region",
)
class _DeafInTheCorner(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        return (
            None
            if found is not None
            and cornered(request)
            and self.now() > found.first_used + self.settings.operation_seconds
            else found
        )


@defect(
    "key-on-another-sid-corner",
    "For the second account in the second region a key on another SID shows the first one's response",
    breaches=("KEY-REUSE-OTHER-SID",),
    shows="data: another account in another region",
)
class _ShowsInTheCorner(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        return (
            entry.response.copy()
            if cornered(request) and entry.response is not None
            else super().mismatch(request, entry)
        )


@defect(
    "key-over-regions-second-account",
    "A key of the second account counts in both regions",
    breaches=("KEY-SCOPE-REGION",),
    shows="data: another account",
)
class _OneForBothRegions(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return (
            (request.account, key)
            if request.account == CORNER[0]
            else super().key_scope(request, key)
        )


@defect(
    "key-of-one-accept",
    "A key counts for requests with one Accept header only",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
    shows="data: another Accept header",
)
class _OneAccept(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return super().key_scope(request, key), request.header(b"accept")


@defect(
    "odd-202-second-account",
    "The second account's deletes of odd SIDs are accepted",
    breaches=("SID-MALFORMED",),
    shows="data: another account",
)
class _AcceptsOddAway(Behaviour):
    def not_found(self, request: Request) -> Response:
        response = super().not_found(request)
        if (
            request.route == "delete"
            and request.account == CORNER[0]
            and len(request.sid or "") != len("conv_configuration_") + 26
        ):
            return Response.of(
                202,
                {"related": {}, "statusUrl": request.origin + "/v2/ControlPlane/Operations/none"},
                [(b"retry-after", b"1")],
            )
        return response


@defect(
    "key-lost-from-2-to-4-hours",
    "From two to four hours after its first use a key is not known",
    breaches=("KEY-TTL-MIN",),
    shows="time: 2 h to 4 h",
)
class _LostForTwoHours(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        return (
            None
            if found is not None and 2 * HOUR < self.now() - found.first_used < 4 * HOUR
            else found
        )


@defect(
    "unknown-204-second-day",
    "From the second day on an unknown SID answers 204",
    breaches=("SID-UNKNOWN", "DEL-STATUS"),
    shows="time: a day after the start",
)
class _UnknownNextDay(Behaviour):
    begun: float | None = None

    def not_found(self, request: Request) -> Response:
        self.begun = self.now() if self.begun is None else self.begun
        late = (
            request.route == "delete"
            and self.locate(request, request.sid) is None
            and self.now() - self.begun > DAY
        )
        return Response(204) if late else super().not_found(request)


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


@defect(
    "refused-404-deletes-neighbouring",
    "A delete of an unknown well-formed SID takes one that begins alike",
    breaches=("SID-UNKNOWN-NO-EFFECT",),
    shows="data: an unknown SID next to a real one",
)
class _TakesNeighbour(Behaviour):
    def not_found(self, request: Request) -> Response:
        sid = request.sid or ""
        if request.route == "delete" and self.locate(request, sid) is None:
            for one in self.partition(request).configurations.values():
                if (
                    one.deleted_at is None
                    and one.reserved_for is None
                    and len(one.id) == len(sid)
                    and one.id[:-1] == sid[:-1]
                ):
                    one.deleted_at = self.now()
        return super().not_found(request)


@defect(
    "refused-429-renames",
    "A delete answered 429 changes the displayName",
    breaches=("ERR-429-NO-EFFECT",),
)
class _Renames(Behaviour):
    def fault_response(self, request: Request, fault: str) -> Response:
        found = self.target_of_delete(request)
        if fault == "429" and found is not None:
            self.change(found)
        return super().fault_response(request, fault)

    def change(self, configuration: Configuration) -> None:
        """What a refused delete does to *configuration*."""
        configuration.members = {**configuration.members, "displayName": "deleting"}


@defect(
    "refused-429-makes-versions",
    "Each delete answered 429 makes a new version",
    breaches=("ERR-429-NO-EFFECT",),
)
class _MakesVersions(_Renames):
    def change(self, configuration: Configuration) -> None:
        configuration.version += 1


@defect(
    "operation-failed-empties",
    "After FAILED the configuration has no description any more",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: failed operations",
)
class _Empties(Behaviour):
    def fail(self, operation: Operation) -> None:
        super().fail(operation)
        for partition in self.world.partitions.values():
            found = partition.configurations.get(operation.configuration_id)
            if found is not None:
                found.members = {**found.members, "description": ""}


@defect(
    "key-back-over-accounts",
    "A key that the second account used is a mismatch on the first",
    breaches=("KEY-SCOPE-ACCOUNT",),
    shows="data: another account, first",
)
class _BackOverAccounts(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        return (
            found
            if found or request.account == CORNER[0]
            else self.entries.get((CORNER[0], request.region, request.key))
        )


@defect(
    "key-back-over-regions",
    "A key that was used in the second region is a mismatch in the first",
    breaches=("KEY-SCOPE-REGION",),
    shows="data: another region, first",
)
class _BackOverRegions(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        return (
            found
            if found or request.region == CORNER[1]
            else self.entries.get((request.account, CORNER[1], request.key))
        )


@defect(
    "accepted-location-dead-corner",
    "For the second account in the second region Location leads to nothing",
    breaches=("DEL-202-LINKS-AGREE",),
    shows="data: another account in another region",
)
class _DeadInTheCorner(Behaviour):
    def accepted_headers(self, request: Request, operation: Operation) -> Headers:
        dead = f"{request.origin}/v2/Operations/{operation.id}".encode()
        there = request.route == "delete" and cornered(request)
        return [
            (name, dead if there and name == b"location" else value)
            for name, value in super().accepted_headers(request, operation)
        ]
