"""Jobs that meet on one name or id, run twice, or see one page only."""

from __future__ import annotations

from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import DEFAULT_SIZE, Page, PageQuery
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import Configuration, Operation

# -- more configurations than a default page ------------------------------------------------


class _FirstPage(Behaviour):
    """Base of defects where the account's first page stands for all it has."""

    def beyond(self, request: Request, configuration: Configuration | None) -> bool:
        """True if *configuration* stands behind the first page."""
        if configuration is None:
            return False
        before = sum(
            one.number < configuration.number and self.listed(one, self.now())
            for one in self.partition(request).configurations.values()
        )
        return before >= DEFAULT_SIZE


@defect(
    "page-two-not-deleted",
    "A DELETE finds a configuration on the first page only, of fifty",
    breaches=("DEL-ACCEPTED",),
    shows="data: more than 50 configurations",
)
class _NotDeleted(_FirstPage):
    def target_of_delete(self, request: Request) -> Configuration | None:
        found = super().target_of_delete(request)
        return None if self.beyond(request, found) else found


@defect(
    "page-two-not-fetched",
    "A fetch finds a configuration on the first page only, of fifty",
    breaches=("CTRL-READ-AFTER-CREATE",),
    shows="data: more than 50 configurations",
)
class _NotFetched(_FirstPage):
    def fetch(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        return self.not_found(request) if self.beyond(request, found) else super().fetch(request)


@defect(
    "page-largest-fifty",
    "A page of more than fifty ends at the fiftieth and has no nextToken",
    breaches=("CTRL-PAGINATION", "CTRL-READ-AFTER-CREATE"),
    shows="data: more than 50 configurations, a larger page",
)
class _LargestFifty(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        page = super().cut_page(items, query)
        if len(page.items) <= DEFAULT_SIZE:
            return page
        return Page(page.items[:DEFAULT_SIZE], page.size, page.previous_token, None)


# -- work that meets on one name or id --------------------------------------------------------


def _place(configuration: Configuration) -> tuple[object, ...]:
    """The same for configurations of one name in one account and region."""
    return configuration.account, configuration.region, configuration.members["displayName"]


@defect(
    "delete-takes-next-of-its-name",
    "A configuration that is created while one of its name is being deleted goes with that one",
    breaches=("EFFECT-NO-OTHER", "EFFECT-ONLY-BY-DELETE", "CTRL-READ-AFTER-CREATE"),
    shows="data: a create with the name of a configuration that is being deleted",
)
class _NextOfItsName(Behaviour):
    def create(self, request: Request) -> Response:
        response = super().create(request)
        made = list(self.partition(request).configurations.values())
        for one in made[:-1]:
            if _place(one) == _place(made[-1]) and self.pending_deletion(one) is not None:
                made[-1].deleted_at = one.deleted_at
        return response


@defect(
    "delete-runs-twice",
    "A delete runs a second time, by name, 0.4 s after its end",
    breaches=("EFFECT-NO-OTHER", "EFFECT-ONLY-BY-DELETE"),
    shows="data: a create with the name of a configuration that was deleted just now",
)
class _RunsTwice(Behaviour):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if not fails:
            self.memory.setdefault(_place(configuration), []).append(operation.ends_at + 0.4)
        return operation

    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        runs = self.memory.get(_place(configuration), ())
        again = any(configuration.created_at < instant <= now for instant in runs)
        return super().is_deleted(configuration, now) or again


@defect(
    "operation-overwritten-by-namesake",
    "The operation of a delete is overwritten by the next delete of a configuration of its name",
    breaches=("OP-STATUS-ORDER", "OP-RELATED", "OP-TIMESTAMPS"),
    shows="data: deletes of two configurations of one name",
)
class _Overwritten(Behaviour):
    def begin_delete(
        self, request: Request, configuration: Configuration, *, fails: bool = False
    ) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        at = _place(configuration)
        earlier = self.memory.get(at)
        if earlier is not None:
            self.memory["overwritten", earlier.id] = operation
        self.memory[at] = operation
        return operation

    def operation_document(self, operation: Operation, now: float) -> dict[str, Any]:
        later = self.memory.get(("overwritten", operation.id), operation)
        shown = super().operation_document(later, now)
        return {**shown, "operationId": operation.id, "statusUrl": operation.status_url}


# -- a delete while the create runs -----------------------------------------------------------


class _Unfinished(Behaviour):
    """Base of defects where a delete of what is still being created is accepted and lost."""

    def kept(self, configuration: Configuration) -> bool:
        """True if the configuration was deleted before its create had ended."""
        started = configuration.deletion
        return started is not None and started.created_at < configuration.visible_from

    def delete(self, request: Request) -> Response:
        found = self.target_of_delete(request)
        unfinished = found is not None and self.now() < found.visible_from
        if found is None or not unfinished or self.pending_deletion(found) is not None:
            return super().delete(request)
        return self.accepted(request, self.begin_delete(request, found))


@defect(
    "delete-during-create-lost",
    "A delete before the end of the create COMPLETES, and the create brings the configuration in",
    breaches=("DELETED-FETCH", "DELETED-LIST", "DELETED-DELETE"),
    shows="race: a delete while the create is pending",
)
class _Lost(_Unfinished):
    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        return not self.kept(configuration) and super().is_deleted(configuration, now)


@defect(
    "delete-during-create-listed",
    "A delete before the end of the create COMPLETES, and the list holds the configuration",
    breaches=("DELETED-LIST",),
    shows="race: a delete while the create is pending",
)
class _Listed(_Unfinished):
    def listed(self, configuration: Configuration, now: float) -> bool:
        shown = self.kept(configuration) and now >= configuration.visible_from
        return shown or super().listed(configuration, now)
