"""Keys that remember a refusal, or forget what was accepted under them, because of what came in between."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.idempotency import HEADER, Entry, Perform
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import Configuration, Operation, World


class _Remembers(Behaviour):
    """Base of defects that go by what a key met before."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.met: dict[str, int] = {}


@defect(
    "key-errored-forgotten",
    "A key that met 404, 409, 500 or 503 and is accepted later is not remembered",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: a key that met an error",
)
class _ErroredForgotten(_Remembers):
    def storable(self, request: Request, response: Response) -> bool:
        if request.route == "delete" and response.status in (404, 409, 500, 503):
            self.met[request.key or ""] = response.status
        return request.key not in self.met and super().storable(request, response)


@defect(
    "key-refused-401-stored",
    "A request without good credentials stores its 401 under the key",
    breaches=("DEL-ACCEPTED",),
    shows="data: a key that met a 401",
)
class _RefusalStored(_Remembers):
    def unauthenticated(self, request: Request) -> Response:
        if request.route == "delete":
            self.met[(request.header(HEADER) or b"").decode("latin-1")] = 401
        return super().unauthenticated(request)

    async def once(self, request: Request, perform: Perform) -> Response:
        key = self.read_key(request)
        return (
            self.unauthenticated(request)
            if key in self.met
            else await super().once(request, perform)
        )


@defect(
    "key-429-drops-answer",
    "A used key that meets a 429 loses its stored answer",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: a used key that meets a 429",
)
class _ThrottledDrops(Behaviour):
    async def once(self, request: Request, perform: Perform) -> Response:
        key = self.read_key(request)
        if (
            key is not None
            and request.route == "delete"
            and self.requested_fault(request, None) == "429"
        ):
            self.entries.pop(self.key_scope(request, key), None)
            return self.fault_response(request, "429")
        return await super().once(request, perform)


@defect(
    "key-429-stored-second",
    "The second 429 to one key is stored",
    breaches=("ERR-429-RETRY-PROCESSED",),
    shows="data: two 429s to a key",
)
class _SecondStored(_Remembers):
    def storable(self, request: Request, response: Response) -> bool:
        key = request.key or ""
        if response.status == 429:
            self.met[key] = self.met.get(key, 0) + 1
        return (response.status == 429 and self.met[key] > 1) or super().storable(request, response)


@defect(
    "key-late-update-drops",
    "An update of what is gone is refused and drops the key that deleted it",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: a key after a late update",
)
class _LateUpdateDrops(Behaviour):
    def update(self, request: Request) -> Response:
        response = super().update(request)
        if response.status == 404:
            for scope, entry in list(self.entries.items()):
                stored = entry.response
                if (
                    stored is not None
                    and (stored.document.get("related") or {}).get("configurationId") == request.sid
                ):
                    del self.entries[scope]
        return response


@defect(
    "key-replay-of-latest",
    "A replay shows the latest operation of its SID",
    breaches=("KEY-REPLAY-FAILED", "KEY-ONE-OPERATION"),
    shows="data: a delete after a FAILED one",
)
class _Latest(Behaviour):
    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        found = self.locate(request, request.sid)
        if request.route == "delete" and found is not None and found.deletion is not None:
            return self.accepted(request, found.deletion)
        return super().replay(request, entry, response)


@defect(
    "key-of-409-shows-first",
    "A key that met a 409 gets the first delete's 202 once that is COMPLETED",
    breaches=("DELETED-DELETE",),
    shows="data: a key that met a 409",
)
class _ConflictShowsFirst(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.beside: dict[str, Operation] = {}

    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        if request.key:
            self.beside[request.key] = running
        return super().second_delete(request, configuration, running)

    def not_found(self, request: Request) -> Response:
        running = self.beside.get(request.key or "")
        if (
            request.route == "delete"
            and running is not None
            and running.configuration_id == request.sid
        ):
            return self.accepted(request, running)
        return super().not_found(request)


@defect(
    "gone-key-202-again",
    "A delete of what is gone is 404, and sent again with its key 202",
    breaches=("DELETED-DELETE",),
    shows="data: a key that met a 404",
)
class _GoneAgain(_Remembers):
    def not_found(self, request: Request) -> Response:
        if (
            request.route == "delete"
            and request.key is not None
            and self.locate(request, request.sid) is not None
        ):
            if request.key in self.met:
                return self.accepted(
                    request, self.start_operation(request, "delete", request.sid or "", 0.1)
                )
            self.met[request.key] = 404
        return super().not_found(request)


class _Revives(Behaviour):
    """Base of defects where an old key of another call brings back what is gone."""

    route = "create"

    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        if request.route == self.route:
            found = self.locate(request, response.document["related"]["configurationId"])
            if found is not None and self.is_deleted(found, self.now()):
                found.deleted_at = None
        return super().replay(request, entry, response)


@defect(
    "create-replay-revives",
    "The replay of a create brings back what was deleted since",
    breaches=("DELETED-FETCH", "EFFECT-NO-RESTORE"),
    shows="data: a create's key after the delete",
)
class _CreateRevives(_Revives):
    pass


@defect(
    "update-replay-revives",
    "The replay of an update brings back what was deleted since",
    breaches=("DELETED-FETCH", "EFFECT-NO-RESTORE"),
    shows="data: an update's key after the delete",
)
class _UpdateRevives(_Revives):
    route = "update"


@defect(
    "create-replay-remakes",
    "The replay of a create whose configuration is gone makes another",
    breaches=("CTRL-KEY",),
    shows="data: a create's key after the delete",
)
class _Remakes(Behaviour):
    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        found = self.locate(request, (response.document["related"] or {}).get("configurationId"))
        if request.route == "create" and found is not None and self.is_deleted(found, self.now()):
            request.replayed = False
            return self.create(request)
        return super().replay(request, entry, response)


class _CreateLives(Behaviour):
    """Base of defects where a key that was used for a create lives too long or too short."""

    hours = 2.0

    def key_ttl(self, entry: Entry) -> float:
        create = isinstance(entry.fingerprint, tuple) and entry.fingerprint[0] == "POST"
        return self.hours * 3600 if create else super().key_ttl(entry)


@defect(
    "create-key-lives-two-hours",
    "A create's key lives two hours",
    breaches=("CTRL-KEY",),
    shows="time: 2 h",
)
class _CreateTwoHours(_CreateLives):
    pass


@defect(
    "create-key-lives-two-days",
    "A create's key lives two days",
    breaches=("CTRL-KEY",),
    shows="time: 25 h",
)
class _CreateTwoDays(_CreateLives):
    hours = 48.0


@defect(
    "key-delete-answers-update",
    "A key from a delete answers a create and an update",
    breaches=("KEY-REUSE-OTHER-CALL",),
    shows="data: a delete's key on another call",
)
class _DeleteAnswers(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        first = entry.fingerprint[0] if isinstance(entry.fingerprint, tuple) else ""
        if request.method != "DELETE" and first == "DELETE" and entry.response is not None:
            return entry.response.copy()
        return super().mismatch(request, entry)


@defect(
    "key-409-replaces-answer",
    "A delete refused while another is pending puts its 409 in place of the other's stored answer",
    breaches=("KEY-REPLAY",),
    shows="data: a used key whose SID meets a 409",
)
class _ConflictReplaces(Behaviour):
    def second_delete(
        self, request: Request, configuration: Configuration, running: Operation
    ) -> Response:
        refusal = super().second_delete(request, configuration, running)
        for entry in self.entries.values() if request.key is not None else ():
            stored = entry.response
            if stored is not None and stored.get("operation-id") == running.id:
                entry.response = refusal.copy()
        return refusal


@defect(
    "key-404-over-regions",
    "A 404 is stored for its key and SID whatever the region",
    breaches=("KEY-SCOPE-REGION",),
    shows="data: a key that met a 404 in another region",
)
class _NotFoundOverRegions(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.missed: set[tuple[int, str | None, str | None]] = set()

    def not_found(self, request: Request) -> Response:
        if request.route == "delete" and request.key is not None:
            self.missed.add((request.account, request.key, request.sid))
        return super().not_found(request)

    def delete(self, request: Request) -> Response:
        missed = (request.account, request.key, request.sid) in self.missed
        return self.not_found(request) if missed else super().delete(request)
