"""Faults that show only after something else happened, or away from the first account and region."""

from __future__ import annotations

from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.side_effects import vanish
from orchestrator_contract.mock.errors import Problem, Refused, conflict
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.state import DAY, Configuration

_REPLAY = ("KEY-REPLAY-ENDED", "KEY-REPLAY")


class _Elsewhere(Behaviour):
    """Base of defects of one account or region: what they spoil is right at home."""

    account = 2
    region = 0

    def away(self, one: Configuration | Request) -> bool:
        """Whether this is where the defect shows."""
        return one.account == self.account if self.account else one.region == self.region


@defect(
    "gone-listed-second-account",
    "The second account's list holds what it deleted",
    breaches=("DELETED-LIST",),
    shows="data: another account",
)
class _ListedAway(_Elsewhere):
    def listed(self, configuration: Configuration, now: float) -> bool:
        return (self.away(configuration) and now >= configuration.visible_from) or super().listed(
            configuration, now
        )


@defect(
    "gone-delete-202-second-account",
    "The second account deletes again what is gone",
    breaches=("DELETED-DELETE",),
    shows="data: another account",
)
class _AgainAway(_Elsewhere):
    def target_of_delete(self, request: Request) -> Configuration | None:
        return (
            self.locate(request, request.sid)
            if self.away(request)
            else super().target_of_delete(request)
        )


@defect(
    "completed-kept-second-region",
    "In the second region COMPLETED deletes nothing",
    breaches=("DELETED-FETCH", "DELETED-LIST"),
    shows="data: another region",
)
class _KeptAway(_Elsewhere):
    account, region = 0, 1

    def is_deleted(self, configuration: Configuration, now: float) -> bool:
        return not self.away(configuration) and super().is_deleted(configuration, now)


@defect(
    "key-forgotten-second-region",
    "In the second region keys end with their operation",
    breaches=("KEY-REPLAY-ENDED", "KEY-TTL-MIN"),
    shows="data: another region",
)
class _ForgottenAway(_Elsewhere):
    account, region = 0, 1

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        ended = (
            found is not None and self.now() > found.first_used + self.settings.operation_seconds
        )
        return None if ended and self.away(request) else found


class _LivesAway(_Elsewhere):
    """Base of defects where another place's keys live too long or too short."""

    seconds = 3600.0

    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = self.entries.get(scope)
        if found is not None and self.away(request):
            return found if self.now() - found.first_used < self.seconds else None
        return super().look_up(request, scope)


@defect(
    "key-lives-an-hour-second-account",
    "The second account's keys live an hour",
    breaches=("KEY-TTL-MIN",),
    shows="time: 1 h, on another account",
)
class _HourAway(_LivesAway):
    pass


@defect(
    "key-lives-a-week-second-region",
    "In the second region keys live a week",
    breaches=("KEY-TTL-MAX",),
    shows="time: 25 h, in another region",
)
class _WeekAway(_LivesAway):
    account, region = 0, 1
    seconds = 7 * DAY


@defect(
    "key-mismatch-forgets",
    "A refused reuse on another SID makes the key forget its first request",
    breaches=_REPLAY,
    shows="data: a key that was tried on another SID",
)
class _MismatchForgets(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        self.entries.pop(self.key_scope(request, request.key or ""), None)
        return super().mismatch(request, entry)


@defect(
    "key-over-gone-sids",
    "A used key gives its answer for SIDs that name nothing",
    breaches=("KEY-REUSE-OTHER-SID",),
    shows="data: a used key on a SID that is gone",
)
class _OverGone(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        found = self.locate(request, request.sid)
        if entry.response is not None and found is not None and self.is_deleted(found, self.now()):
            return entry.response.copy()
        return super().mismatch(request, entry)


@defect(
    "key-scope-overwritten",
    "A key used by a second account is lost to the first",
    breaches=_REPLAY,
    shows="data: a key that two accounts used",
)
class _Overwritten(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = super().look_up(request, scope)
        if found is None and request.account == 2:
            self.entries.pop((1, request.region, request.key), None)
        return found


@defect(
    "key-lost-to-bad-credentials",
    "A request with a wrong password makes the key it carries forgotten",
    breaches=_REPLAY,
    shows="data: a used key with bad credentials",
)
class _LostToStrangers(Behaviour):
    def unauthenticated(self, request: Request) -> Response:
        for key in (line.decode("latin-1") for line in request.lines(b"idempotency-key")):
            self.entries.pop((1, request.region, key), None)
        return super().unauthenticated(request)


@defect(
    "keys-newest-hundred",
    "Only the 100 newest keys are kept",
    breaches=("KEY-REPLAY-ENDED",),
    shows="data: after 100 other keys",
)
class _Hundred(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        while len(self.entries) > 100:
            del self.entries[next(iter(self.entries))]
        return super().look_up(request, scope)


@defect(
    "keys-alike-ending",
    "Keys are told apart by their last 16 digits only",
    breaches=("KEY-FORMAT-ACCEPTED", "KEY-REUSE-OTHER-SID"),
    shows="data: keys that end alike",
)
class _AlikeEnding(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, request.region, key.replace("-", "")[16:]


@defect(
    "keys-alike-beginning",
    "Keys are told apart by their first 16 digits only",
    breaches=("KEY-FORMAT-ACCEPTED", "KEY-REUSE-OTHER-SID"),
    shows="data: keys that begin alike",
)
class _AlikeBeginning(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, request.region, key.replace("-", "")[:16]


@defect(
    "keys-without-version",
    "Keys that differ in their version only are one key",
    breaches=("KEY-FORMAT-ACCEPTED", "KEY-REUSE-OTHER-SID"),
    shows="data: keys that differ in one digit",
)
class _WithoutVersion(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, request.region, key[:14] + key[15:]


def _failed(configuration: Configuration | None) -> bool:
    return (
        configuration is not None
        and configuration.deletion is not None
        and configuration.deletion.outcome is State.FAILED
    )


@defect(
    "failed-then-404",
    "After a delete FAILED the next one is 404",
    breaches=("OP-FAILED-NO-EFFECT",),
    shows="data: a second delete after FAILED",
)
class _FailedThenMissing(Behaviour):
    def target_of_delete(self, request: Request) -> Configuration | None:
        found = super().target_of_delete(request)
        return (
            None if _failed(found) and found is not None and found.reserved_for is None else found
        )


@defect(
    "failed-then-nothing",
    "After a delete FAILED the next one completes and deletes nothing",
    breaches=("DELETED-FETCH",),
    shows="data: a second delete after FAILED",
)
class _FailedThenNothing(Behaviour):
    def delete(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        before = _failed(found)
        response = super().delete(request)
        if before and found is not None and response.status == 202:
            found.deleted_at = None
        return response


@defect(
    "accept-anything-406",
    "Accept: */* is answered 406",
    breaches=("DEL-STATUS", "SID-UNKNOWN", "DEL-ACCEPTED"),
    shows="data: an Accept of */*",
)
class _NotAcceptable(Behaviour):
    def not_found(self, request: Request) -> Response:
        if request.header(b"accept") == b"*/*":
            raise Refused(Problem(406, 20006, "Not acceptable"))
        return super().not_found(request)


@defect(
    "gone-delete-409-later",
    "Two seconds after the end a second delete is 409",
    breaches=("DELETED-DELETE",),
    shows="time: 2 s after the end",
)
class _ConflictLater(Behaviour):
    def not_found(self, request: Request) -> Response:
        found = self.locate(request, request.sid)
        if (
            request.route == "delete"
            and found is not None
            and found.deleted_at is not None
            and self.now() > found.deleted_at + 2
        ):
            return self.refuse(request, conflict(None))
        return super().not_found(request)


@defect(
    "gone-listed-after-a-day",
    "A day later deleted configurations are listed again",
    breaches=("DELETED-LIST",),
    shows="time: a day after the end",
)
class _ListedNextDay(Behaviour):
    def listed(self, configuration: Configuration, now: float) -> bool:
        old = configuration.deleted_at is not None and now > configuration.deleted_at + DAY
        return old or super().listed(configuration, now)


@defect(
    "auth-wrong-in-second-region",
    "The second region takes any password",
    breaches=("AUTH-WRONG",),
    shows="data: another region",
)
class _AnyPassword(Behaviour):
    def account_of(self, request: Request) -> int | None:
        pair = self.credentials(request)
        known = (
            self.settings.accounts.get(pair[0])
            if pair is not None and request.region == 1
            else None
        )
        return known[0] if known is not None else super().account_of(request)


@defect(
    "auth-wrong-with-a-key",
    "Wrong passwords are not noticed where there is a key",
    breaches=("AUTH-WRONG",),
    shows="data: a key beside wrong credentials",
)
class _AnyPasswordKeyed(Behaviour):
    def account_of(self, request: Request) -> int | None:
        pair = self.credentials(request)
        known = (
            self.settings.accounts.get(pair[0])
            if pair is not None and request.lines(b"idempotency-key")
            else None
        )
        return known[0] if known is not None else super().account_of(request)


@defect(
    "sid-is-name",
    "A display name does for a SID",
    breaches=("SID-MALFORMED", "SID-MALFORMED-NO-EFFECT"),
    shows="data: a name as SID",
)
class _ByName(Behaviour):
    def target_of_delete(self, request: Request) -> Configuration | None:
        for one in self.partition(request).configurations.values():
            if one.members.get("displayName") == request.sid and self.visible(one, self.now()):
                return one
        return super().target_of_delete(request)


@defect(
    "gone-namesake-returns",
    "A create brings a deleted configuration of that name back, too",
    breaches=("DELETED-FETCH",),
    shows="data: a second configuration of the name",
)
class _NamesakeReturns(Behaviour):
    def create(self, request: Request) -> Response:
        response = super().create(request)
        partition = list(self.partition(request).configurations.values())
        for one in partition[:-1]:
            if self.is_deleted(one, self.now()) and one.members.get("displayName") == partition[
                -1
            ].members.get("displayName"):
                one.deleted_at = None
        return response


@defect(
    "gone-listed-unpaged",
    "Without a page size deleted configurations are listed",
    breaches=("DELETED-LIST",),
    shows="data: no pageSize",
)
class _ListedUnpaged(Behaviour):
    asked: Request | None = None

    def list_page(self, request: Request) -> Response:
        self.asked = request
        return super().list_page(request)

    def listed(self, configuration: Configuration, now: float) -> bool:
        sized = self.asked is None or b"pageSize" in self.asked.query
        return super().listed(configuration, now) or (
            not sized and now >= configuration.visible_from
        )


@defect(
    "refused-409-deletes-second-account",
    "A second after it was answered 409 the second account's delete is carried out",
    breaches=("ERR-409-NO-EFFECT",),
    shows="time: 1 s later, for another account",
)
class _ConflictDeletesAway(_Elsewhere):
    status = 409

    def delete(self, request: Request) -> Response:
        found, response = self.target_of_delete(request), super().delete(request)
        if response.status == self.status and self.away(request):
            vanish(self, found, 1.0)
        return response


@defect(
    "refused-429-deletes-second-region",
    "A second after it was answered 429 a delete in the second region is carried out",
    breaches=("ERR-429-NO-EFFECT",),
    shows="time: 1 s later, in another region",
)
class _ThrottledDeletesAway(_ConflictDeletesAway):
    account, region, status = 0, 1, 429
