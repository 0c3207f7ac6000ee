"""Faults of one conversation or one content: after a 429, after a 404, after an update, with rare members."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.world import Configuration, Operation, World


class _StoredSome(Behaviour):
    """Base of defects where some 429s are stored for their keys."""

    def some(self, request: Request) -> bool:
        """Whether this one is."""
        key = request.key or ""
        return key != key.lower()

    def storable(self, request: Request, response: Response) -> bool:
        return (response.status == 429 and self.some(request)) or super().storable(request, response)


@defect("key-429-stored-capitals", "A 429 is stored for keys in capitals", breaches=("ERR-429-AGAIN",), shows="data: a key in capitals")
class _StoredCapitals(_StoredSome):
    pass


@defect("key-429-stored-sometimes", "One 429 in five is stored for its key", breaches=("ERR-429-AGAIN",), shows="1 in 5")
class _StoredSometimes(_StoredSome):
    def some(self, request: Request) -> bool:
        return self.once_in(5, "stored")


class _AfterRefusal(Behaviour):
    """Base of defects that show on what was refused with 429 before."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.refused: set[str] = set()

    def fault_answer(self, request: Request, fault: str) -> Response:
        if fault == "429":
            self.refused.add(request.key or "")
        return super().fault_answer(request, fault)


@defect("retried-429-deletes-nothing", "The retry of a 429 is accepted and deletes nothing", breaches=("ERR-429-AGAIN", "GONE-FETCH"),
        shows="data: a key that met a 429")  # fmt: skip
class _RetryIdle(_AfterRefusal):
    def begin_delete(self, request: Request, configuration: Configuration, *, fails: bool = False) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if request.key in self.refused:
            configuration.gone_at = None
        return operation


@defect("retried-429-forgotten", "The answer to the retry of a 429 is not stored", breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
        shows="data: a key that met a 429")  # fmt: skip
class _RetryForgotten(_AfterRefusal):
    def storable(self, request: Request, response: Response) -> bool:
        return request.key not in self.refused and super().storable(request, response)


@defect("unknown-sid-202-again", "A delete of an unknown SID, sent again with its key, is accepted", breaches=("SID-UNKNOWN",),
        shows="data: a key that met a 404")  # fmt: skip
class _UnknownAgain(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.missed: set[tuple[str, str | None]] = set()

    def not_there(self, request: Request) -> Response:
        if request.route == "delete" and request.key is not None:
            if (request.key, request.sid) in self.missed:
                seconds = self.settings.operation_seconds
                return self.accepted(request, self.start_operation(request, "delete", request.sid or "", seconds))
            self.missed.add((request.key, request.sid))
        return super().not_there(request)


@defect("key-forgotten-once-updated", "The key of a configuration that was ever updated is forgotten", breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
        shows="data: after an update")  # fmt: skip
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

    def begin_delete(self, request: Request, configuration: Configuration, *, fails: bool = False) -> Operation:
        operation = super().begin_delete(request, configuration, fails=fails)
        if self.some(configuration.members):
            configuration.gone_at = None
        return operation


@defect("completed-kept-undescribed", "A configuration with an empty description is not deleted", breaches=("GONE-FETCH", "GONE-LIST"),
        shows="data: an empty description")  # fmt: skip
class _KeptUndescribed(_KeptSome):
    pass


@defect("completed-kept-bridged", "A configuration with a bridge to conversations v1 is not deleted", breaches=("GONE-FETCH", "GONE-LIST"),
        shows="data: a bridge")  # fmt: skip
class _KeptBridged(_KeptSome):
    def some(self, members: Mapping[str, object]) -> bool:
        return bool(members.get("conversationsV1Bridge"))


@defect("completed-kept-intelligent", "A configuration with five intelligence configurations is not deleted",
        breaches=("GONE-FETCH", "GONE-LIST"), shows="data: intelligence configurations")  # fmt: skip
class _KeptIntelligent(_KeptSome):
    def some(self, members: Mapping[str, object]) -> bool:
        ids = members.get("intelligenceConfigurationIds")
        return isinstance(ids, list) and len(ids) == 5
