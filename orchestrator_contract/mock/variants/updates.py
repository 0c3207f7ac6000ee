"""Refused updates: PATCH is not supported, or PUT requires more."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Problem, Refused, invalid_field, unknown_path
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.payload import parse
from orchestrator_contract.mock.registry import variant
from orchestrator_contract.mock.routing import Route


@variant("patch-405", "PATCH is not supported: 405, and Allow does not name it")
class _Patch405(Behaviour):
    def routes_of(self, request: Request, resource: str) -> Mapping[str, Route]:
        known = super().routes_of(request, resource)
        return {method: row for method, row in known.items() if method != "PATCH"}


def _patch(name: str, text: str, problem: Problem) -> None:
    """Registers a variant that answers every PATCH with *problem*."""

    class Patch(_Patch405):
        def method_not_allowed(self, request: Request, methods: Mapping[str, object]) -> Response:
            if request.method == "PATCH":
                return self.refuse(request, problem)
            return super().method_not_allowed(request, methods)

    variant(name, text)(Patch)


_patch("patch-404", "PATCH is not supported: 404", unknown_path())
_patch("patch-501", "PATCH is not supported: 501", Problem(501, 20501, "Not implemented"))


@variant("put-needs-channel-settings", "A PUT without channelSettings is refused with 400")
class _PutWhole(Behaviour):
    def update(self, request: Request) -> Response:
        if request.method == "PUT" and "channelSettings" not in parse(request.body):
            raise Refused(invalid_field("channelSettings", "is required"))
        return super().update(request)


class _Grouping(Behaviour):
    """Base of variants that refuse some grouping types of an update."""

    def grouping_refused(self, sent: object, present: object) -> bool:
        """True if the grouping type *sent* may not follow the *present* one."""
        return sent != present

    def update(self, request: Request) -> Response:
        found, member = self.locate(request, request.sid), "conversationGroupingType"
        sent = parse(request.body).get(member)
        if (
            found is not None
            and self.visible(found, self.now())
            and sent is not None
            and self.grouping_refused(sent, found.members[member])
        ):
            raise Refused(invalid_field(member, "can't be changed"))
        return super().update(request)


@variant("grouping-fixed", "An update to another grouping type is refused with 400")
class _GroupingFixed(_Grouping):
    pass


@variant("put-grouping-400", "A PUT is refused with 400 because it has a grouping type at all")
class _PutGrouping(_Grouping):
    def grouping_refused(self, sent: object, present: object) -> bool:
        return True
