"""Handlers of the calls on configurations and operations: what each one does to the state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orchestrator_contract.mock import faults
from orchestrator_contract.mock.bodies import Bodies
from orchestrator_contract.mock.errors import (
    Problem,
    Refused,
    conflict,
    internal_error,
    throttled,
    unavailable,
    unknown_configuration,
    unknown_fault,
    unknown_operation,
    uri_too_long,
)
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import Page, PageQuery, cut, read_query
from orchestrator_contract.mock.payload import members_of, parse
from orchestrator_contract.mock.state import (
    OPERATION_RETENTION,
    Configuration,
    Operation,
    Partition,
    State,
    new_id,
)

#: Longer than any id, shorter than any server's line limit.
LONGEST_SEGMENT = 2000


class Handlers(Bodies):
    """Overridable steps of the calls on configurations and operations."""

    def partition(self, request: Request) -> Partition:
        """The resources of the request's account in its region, reserved SIDs included."""
        partition = self.world.partitions.get((request.account, request.region))
        if partition is None:
            partition = self.world.partition(request.account, request.region)
            self.furnish(partition)
        partition.forget_old(self.now())
        return partition

    def furnish(self, partition: Partition) -> None:
        """Adds to a new *partition* what its account has from the start: the reserved SIDs."""
        for fault in self.reserved_faults():
            sid, members = faults.reserved_sid(fault), faults.reserved_members(fault)
            self.world.add_configuration(
                partition, sid, members, visible_from=self.now(), reserved_for=fault
            )

    def reserved_faults(self) -> Iterable[str]:
        """The faults that have a reserved SID."""
        return faults.FAULTS

    def new_configuration_id(self) -> str:
        """An unused SID."""
        return new_id("conv_configuration")

    def new_operation_id(self) -> str:
        """An unused operation id."""
        return new_id("conv_operation")

    # -- look-up ---------------------------------------------------------------------------

    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        """True once a delete has completed."""
        return configuration.deleted_at is not None and now >= configuration.deleted_at

    def visible(self, configuration: Configuration, now: float) -> bool:
        """True between the end of the create and the end of the delete."""
        return now >= configuration.visible_from and not self.is_deleted(configuration, now)

    def fetchable(self, configuration: Configuration, now: float) -> bool:
        """True if a fetch shows it."""
        return self.visible(configuration, now)

    def listed(self, configuration: Configuration, now: float) -> bool:
        """True if a list shows it; reserved ones, which no user made, are left out."""
        return configuration.reserved_for is None and self.visible(configuration, now)

    def locate(self, request: Request, sid: str | None) -> Configuration | None:
        """The configuration with exactly this SID, deleted or not."""
        return None if sid is None else self.partition(request).configurations.get(sid)

    def target_of_delete(self, request: Request) -> Configuration | None:
        """The configuration to delete; None for a 404."""
        found = self.locate(request, request.sid)
        return None if found is None or self.is_deleted(found, self.now()) else found

    # -- operations -----------------------------------------------------------------------

    def start_operation(self, request: Request, kind: str, sid: str, seconds: float) -> Operation:
        """Starts a PENDING operation of *kind* that ends after *seconds*."""
        now, identity = self.now(), self.new_operation_id()
        operation = Operation(
            id=identity,
            account=request.account,
            region=request.region,
            kind=kind,
            configuration_id=sid,
            status_url=self.status_url(request, identity),
            created_at=now,
            ends_at=now + seconds,
        )
        self.partition(request).operations[identity] = operation
        return operation

    def fail(self, operation: Operation) -> None:
        """Makes *operation* end FAILED."""
        operation.outcome = State.FAILED
        operation.error = self.operation_error(operation)

    def pending_deletion(self, configuration: Configuration) -> Operation | None:
        """The running delete of *configuration*, or None."""
        running = configuration.deletion
        return running if running is not None and not running.state(self.now()).terminal else None

    def poll(self, request: Request) -> Response:
        """GET …/Operations/{id}."""
        partition, now = self.partition(request), self.now()
        operation = partition.operations.get(request.sid or "")
        if operation is None or now >= operation.ends_at + OPERATION_RETENTION:
            return self.refuse(request, unknown_operation())
        if operation.kind != "delete":
            request.route = f"operation-{operation.kind}"
        return Response.of(200, self.operation_document(operation, now))

    # -- delete ---------------------------------------------------------------------------

    def requested_fault(self, request: Request, configuration: Configuration | None) -> str | None:
        """The fault that the request's header or SID selects.

        Raises:
            Refused: the header names an unknown fault.
        """
        for line in request.lines(faults.HEADER):
            value = line.decode("latin-1").strip()
            if value not in faults.FAULTS:
                raise Refused(unknown_fault(value, faults.FAULTS))
            return value
        return configuration.reserved_for if configuration is not None else None

    def fault_problem(self, request: Request, fault: str) -> Problem:
        """The error that *fault* stands for."""
        match fault:
            case "429":
                return throttled(self.settings.retry_after)
            case "500":
                return internal_error()
            case "503":
                return unavailable(self.settings.retry_after)
            case _:
                return conflict(self.new_operation_id())

    def fault_response(self, request: Request, fault: str) -> Response:
        """The response to a DELETE with *fault*; it has no effect."""
        return self.refuse(request, self.fault_problem(request, fault))

    def delete(self, request: Request) -> Response:
        """DELETE …/Configurations/{Sid}."""
        configuration = self.target_of_delete(request)
        fault = self.requested_fault(request, configuration)
        if fault in ("429", "500", "503"):
            return self.fault_response(request, fault)
        if configuration is None:
            return self.not_found(request)
        if fault == "409":
            return self.fault_response(request, fault)
        running = self.pending_deletion(configuration)
        if running is not None:
            return self.second_delete(request, configuration, running)
        if self.now() < configuration.visible_from:
            return self.refuse(request, conflict(None))
        return self.accepted(
            request, self.begin_delete(request, configuration, fails=fault == "operation")
        )

    def not_found(self, request: Request) -> Response:
        """The response to an unknown or deleted SID."""
        return self.refuse(request, unknown_configuration())

    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        """The response to a delete while *running* deletes the configuration."""
        return self.refuse(request, conflict(running.id))

    def operation_seconds(self, request: Request) -> float:
        """Seconds for which a delete stays PENDING."""
        return self.settings.operation_seconds

    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        """Starts the operation that deletes the configuration when it completes."""
        seconds = self.operation_seconds(request)
        operation = self.start_operation(request, "delete", configuration.id, seconds)
        configuration.deletion = operation
        if fails:
            self.fail(operation)
        else:
            configuration.deleted_at = operation.ends_at
            self.partition(request).recently_deleted.append(configuration)
        self.delete_started(request, configuration, operation)
        return operation

    def delete_started(
        self, request: Request, configuration: Configuration, operation: Operation
    ) -> None:
        """Runs after *operation*, which deletes *configuration* or fails, was started."""

    # -- create, fetch, list, update ------------------------------------------------------

    def create(self, request: Request) -> Response:
        """POST …/Configurations."""
        members = members_of(parse(request.body))
        sid = self.new_configuration_id()
        operation = self.start_operation(request, "create", sid, self.settings.create_seconds)
        self.world.add_configuration(
            self.partition(request), sid, members, visible_from=operation.ends_at
        )
        return self.accepted(request, operation)

    def fetch(self, request: Request) -> Response:
        """GET …/Configurations/{Sid}."""
        found = self.locate(request, request.sid)
        if found is None or not self.fetchable(found, self.now()):
            return self.not_found(request)
        return Response.of(200, self.configuration_document(found))

    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        """The page of *items* for *query*."""
        return cut(items, query)

    def list_page(self, request: Request) -> Response:
        """GET …/Configurations."""
        query, now = read_query(request.query), self.now()
        wanted = query.memory_store_id
        items = [
            one
            for one in self.partition(request).configurations.values()
            if self.listed(one, now) and (wanted is None or one.members["memoryStoreId"] == wanted)
        ]
        return Response.of(200, self.page_document(self.cut_page(items, query)))

    def update(self, request: Request) -> Response:
        """PUT (all members) and PATCH (some members) …/Configurations/{Sid}."""
        found = self.locate(request, request.sid)
        if found is None or not self.visible(found, self.now()):
            return self.not_found(request)
        patching = request.method == "PATCH"
        document = parse(request.body)
        if not patching:  # S2 does not list displayName among what a PUT requires
            document = {"displayName": found.members["displayName"], **document}
        members: dict[str, Any] = members_of(document, partial=patching)
        running = self.pending_deletion(found)
        if running is not None:
            return self.refuse(request, conflict(running.id))
        found.members = {**found.members, **members} if patching else members
        found.updated_at = self.now()
        found.version += 1
        operation = self.start_operation(request, "update", found.id, self.settings.create_seconds)
        return self.accepted(request, operation)

    # -- long segments ----------------------------------------------------------------------

    def too_long(self, segment: bytes) -> bool:
        """True if a path segment is refused for its length."""
        return len(segment) > LONGEST_SEGMENT

    def long_segment(self, request: Request) -> Response:
        """The response to a segment that is :meth:`too_long`."""
        return self.refuse(request, uri_too_long())
