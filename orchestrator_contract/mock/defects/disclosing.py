"""Refusals that tell strangers what exists."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem, Refused, conflict
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import Page, PageQuery
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import Configuration


class _TellsStrangers(Behaviour):
    """Base of defects where the answer to bad credentials depends on the SID."""


@defect(
    "auth-refusal-404-absent",
    "Bad credentials are refused with 401 where the SID exists, else with 404",
    breaches=("AUTH-NO-DISCLOSURE",),
    shows="data: an absent SID",
)
class _TellsByStatus(_TellsStrangers):
    def unauthenticated(self, request: Request) -> Response:
        return (
            super().unauthenticated(request)
            if self.world.find(request.sid)
            else self.not_found(request)
        )


@defect(
    "auth-refusal-words-differ",
    "What is said to bad credentials depends on whether the SID exists",
    breaches=("AUTH-NO-DISCLOSURE",),
    shows="data: an absent SID",
)
class _TellsByWords(_TellsStrangers):
    def unauthenticated(self, request: Request) -> Response:
        response = super().unauthenticated(request)
        if self.world.find(request.sid):
            response.document = {
                **response.document,
                "message": "Authenticate to delete this configuration",
            }
        return response


@defect(
    "auth-account-conflict",
    "Another account's configuration is a conflict",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account",
)
class _ConflictsAway(_TellsStrangers):
    def not_found(self, request: Request) -> Response:
        if (
            request.route == "delete"
            and self.world.find(request.sid)
            and self.locate(request, request.sid) is None
        ):
            raise Refused(conflict(None))
        return super().not_found(request)


@defect(
    "auth-operation-public",
    "Operations are shown without credentials",
    breaches=("AUTH-READ-OTHER-ACCOUNT",),
)
class _PublicOperations(Behaviour):
    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        if account is None and request.route == "operation":
            return next(
                (
                    account
                    for (account, _), s in self.world.partitions.items()
                    if request.sid in s.operations
                ),
                None,
            )
        return account


@defect(
    "auth-fetch-public", "Configurations are shown without credentials", breaches=("AUTH-READ",)
)
class _PublicConfigurations(_TellsStrangers):
    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        if account is None and request.route == "fetch":
            found = self.world.find(request.sid)
            return found.account if found is not None else None
        return account


@defect(
    "auth-operation-any-account",
    "Operations are shown to every account",
    breaches=("AUTH-READ-OTHER-ACCOUNT",),
    shows="data: another account",
)
class _AnybodysOperations(Behaviour):
    def poll(self, request: Request) -> Response:
        owners = [
            account
            for (account, _), s in self.world.partitions.items()
            if request.sid in s.operations
        ]
        request.account = owners[0] if owners else request.account
        return super().poll(request)


@defect(
    "auth-list-any-account",
    "The list holds every account's configurations",
    breaches=("AUTH-READ-OTHER-ACCOUNT",),
    shows="data: another account",
)
class _AnybodysList(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        everybodys = [
            one
            for partition in self.world.partitions.values()
            for one in partition.configurations.values()
            if self.listed(one, self.now())
        ]
        return super().cut_page(sorted(everybodys, key=lambda one: one.number), query)


@defect(
    "auth-list-public",
    "Without credentials the list shows the first account's configurations",
    breaches=("AUTH-READ",),
)
class _PublicList(Behaviour):
    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        return 1 if account is None and request.route == "list" else account


@defect(
    "auth-fetch-any-account",
    "Configurations are shown to every account",
    breaches=("AUTH-READ-OTHER-ACCOUNT",),
    shows="data: another account",
)
class _AnybodysConfigurations(_TellsStrangers):
    def fetch(self, request: Request) -> Response:
        found = self.world.find(request.sid)
        request.account = found.account if found is not None else request.account
        return super().fetch(request)


@defect(
    "auth-password-last-letter",
    "The last character of the password does not count",
    breaches=("AUTH-WRONG",),
    shows="data: a password that ends otherwise",
)
class _LastLetter(Behaviour):
    def password_matches(self, given: str, expected: str) -> bool:
        return len(given) == len(expected) and super().password_matches(given[:-1], expected[:-1])


@defect(
    "auth-account-tells-description",
    "A 404 tells another account the description",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account",
)
class _TellsDescription(_TellsStrangers):
    def not_found(self, request: Request) -> Response:
        found, response = self.world.find(request.sid), super().not_found(request)
        if request.route == "delete" and found is not None and found.account != request.account:
            response.document = {
                **response.document,
                "message": f"No access to: {found.members['description']}",
            }
        return response


@defect(
    "auth-account-tells-callback",
    "A 404 tells another account where callbacks go",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account, callbacks",
)
class _TellsCallback(_TellsStrangers):
    def not_found(self, request: Request) -> Response:
        found, response = self.world.find(request.sid), super().not_found(request)
        callbacks = (
            found.members.get("statusCallbacks")
            if found is not None and found.account != request.account
            else None
        )
        if request.route == "delete" and callbacks:
            response.document = {**response.document, "params": {"callback": callbacks[0]["url"]}}
        return response


@defect(
    "auth-refusal-params-differ",
    "What params say to bad credentials depends on whether the SID exists",
    breaches=("AUTH-NO-DISCLOSURE",),
    shows="data: an absent SID",
)
class _TellsByParams(_TellsStrangers):
    def unauthenticated(self, request: Request) -> Response:
        response = super().unauthenticated(request)
        if self.world.find(request.sid):
            response.document = {**response.document, "params": {"version": "1"}}
        return response


@defect(
    "auth-account-gone-202",
    "Another account's delete of what is gone is accepted",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account and a SID that is gone",
)
class _AcceptsGone(_TellsStrangers):
    def not_found(self, request: Request) -> Response:
        found = self.world.find(request.sid)
        if (
            request.route == "delete"
            and found is not None
            and found.account != request.account
            and self.is_deleted(found, self.now())
        ):
            return self.accepted(request, self.start_operation(request, "delete", found.id, 0.1))
        return super().not_found(request)


@defect(
    "auth-account-conflict-pending",
    "To another account a SID whose delete runs is a conflict with its operation",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account while a delete runs",
)
class _ConflictsWhilePending(_TellsStrangers):
    def not_found(self, request: Request) -> Response:
        found = self.world.find(request.sid)
        running = self.pending_deletion(found) if found is not None else None
        if request.route == "delete" and running is not None:
            raise Refused(conflict(running.id))
        return super().not_found(request)


@defect(
    "auth-missing-cancels",
    "A delete without credentials makes the one that runs fail",
    breaches=("AUTH-MISSING",),
    shows="data: no credentials while a delete runs",
)
class _Cancels(_TellsStrangers):
    def unauthenticated(self, request: Request) -> Response:
        found = self.world.find(request.sid)
        running = self.pending_deletion(found) if found is not None else None
        if (
            request.route == "delete"
            and found is not None
            and running is not None
            and request.header(b"authorization") is None
        ):
            self.fail(running)
            found.deleted_at = None
        return super().unauthenticated(request)


#: Says of a SID that it was somebody's.
_GONE = Problem(410, 530007, "The configuration is deleted")


@defect(
    "auth-account-gone-410",
    "Another account's delete of what is gone answers 410",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account and a SID that is gone",
)
class _GoneAway(_TellsStrangers):
    def not_found(self, request: Request) -> Response:
        found = self.world.find(request.sid)
        if (
            request.route == "delete"
            and found is not None
            and found.account != request.account
            and self.is_deleted(found, self.now())
        ):
            return self.refuse(request, _GONE)
        return super().not_found(request)


@defect(
    "auth-account-live-410",
    "Another account's delete of what is there answers 410",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account",
)
class _GoneThoughThere(_TellsStrangers):
    def not_found(self, request: Request) -> Response:
        found = self.world.find(request.sid)
        if (
            request.route == "delete"
            and found is not None
            and found.account != request.account
            and not self.is_deleted(found, self.now())
        ):
            return self.refuse(request, _GONE)
        return super().not_found(request)


@defect(
    "auth-missing-gone-410",
    "Without credentials a delete of what is gone answers 410",
    breaches=("AUTH-NO-DISCLOSURE",),
    shows="data: a SID that is gone",
)
class _GoneToNobody(_TellsStrangers):
    def unauthenticated(self, request: Request) -> Response:
        found = self.world.find(request.sid)
        if request.route == "delete" and found is not None and self.is_deleted(found, self.now()):
            return self.refuse(request, _GONE)
        return super().unauthenticated(request)


@defect(
    "auth-account-tells-gone-name",
    "A 404 tells another account what a deleted configuration was called",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account and a SID that is gone",
)
class _TellsGoneName(_TellsStrangers):
    def not_found(self, request: Request) -> Response:
        found, response = self.world.find(request.sid), super().not_found(request)
        if (
            request.route == "delete"
            and found is not None
            and found.account != request.account
            and self.is_deleted(found, self.now())
        ):
            response.document = {
                **response.document,
                "message": f"{found.members['displayName']} was deleted",
            }
        return response


@defect(
    "auth-missing-tells-operation",
    "A 401 names the operation of the delete that runs",
    breaches=("AUTH-NO-DISCLOSURE",),
    shows="data: no credentials while a delete runs",
)
class _TellsOperation(_TellsStrangers):
    def unauthenticated(self, request: Request) -> Response:
        found, response = self.world.find(request.sid), super().unauthenticated(request)
        running = self.pending_deletion(found) if found is not None else None
        if request.route == "delete" and running is not None:
            response.set("operation-id", running.id)
        return response
