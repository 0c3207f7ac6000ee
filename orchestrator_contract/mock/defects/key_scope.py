"""Keys that reach too far or not far enough: in time, over accounts, regions, SIDs and calls."""

from __future__ import annotations

from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Refused, malformed_key
from orchestrator_contract.mock.idempotency import Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect

HOUR = 3600.0


class _Lifetime(Behaviour):
    """Base of defects where a key lives too long or too short."""

    seconds = HOUR

    def key_ttl(self, entry: Entry) -> float:
        return self.seconds


@defect(
    "key-lives-two-seconds", "A key lives two seconds", breaches=("KEY-TTL-MIN",), shows="time: 2 s"
)
class _TwoSeconds(_Lifetime):
    seconds = 2.0


@defect("key-lives-an-hour", "A key lives an hour", breaches=("KEY-TTL-MIN",), shows="time: 1 h")
class _Hour(_Lifetime):
    pass


@defect("key-lives-23-hours", "A key lives 23 hours", breaches=("KEY-TTL-MIN",), shows="time: 23 h")
class _Hours23(_Lifetime):
    seconds = 23 * HOUR


@defect("key-lives-26-hours", "A key lives 26 hours", breaches=("KEY-TTL-MAX",), shows="time: 25 h")
class _Hours26(_Lifetime):
    seconds = 26 * HOUR


@defect("key-lives-a-week", "A key lives a week", breaches=("KEY-TTL-MAX",), shows="time: 25 h")
class _Week(_Lifetime):
    seconds = 7 * 24 * HOUR


@defect("key-never-expires", "A key lives for ever", breaches=("KEY-TTL-MAX",), shows="time: 25 h")
class _Endless(_Lifetime):
    seconds = float("inf")


@defect(
    "key-lifetime-slides",
    "Each use gives a key another 24 hours",
    breaches=("KEY-TTL-MAX",),
    shows="time: 25 h with a use in between",
)
class _Slides(Behaviour):
    def replay(self, request: Request, entry: Entry, response: Response) -> Response:
        entry.first_used = self.now()
        return super().replay(request, entry, response)


@defect(
    "key-expires-at-midnight",
    "All keys end at midnight UTC",
    breaches=("KEY-TTL-MIN",),
    shows="time: midnight",
)
class _Midnight(Behaviour):
    def expired(self, entry: Entry, now: float) -> bool:
        return now // 86_400 != entry.first_used // 86_400


@defect(
    "key-over-accounts",
    "A key used on one account is a mismatch on another",
    breaches=("KEY-SCOPE-ACCOUNT",),
)
class _OverAccounts(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.region, key


@defect(
    "key-over-accounts-replays",
    "A key used on one account shows its answer to another",
    breaches=("KEY-SCOPE-ACCOUNT",),
)
class _OverAccountsReplays(_OverAccounts):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        stored = entry.response
        path = stored.document["related"].get("configurationId") if stored is not None else None
        foreign = path not in self.partition(request).configurations
        return stored.copy() if stored is not None and foreign else super().mismatch(request, entry)


@defect(
    "key-over-regions",
    "A key used in one region is a mismatch in another",
    breaches=("KEY-SCOPE-REGION",),
)
class _OverRegions(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, key


@defect(
    "key-over-regions-replays",
    "A key used in one region shows its answer in another",
    breaches=("KEY-SCOPE-REGION",),
)
class _OverRegionsReplays(_OverRegions):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        stored = entry.response
        path = stored.document["related"].get("configurationId") if stored is not None else None
        foreign = path not in self.partition(request).configurations
        return stored.copy() if stored is not None and foreign else super().mismatch(request, entry)


@defect(
    "key-over-regions-same-sid",
    "A key and SID of one region show their answer in another",
    breaches=("KEY-SCOPE-REGION",),
    shows="data: the same SID in another region",
)
class _OverRegionsSameSid(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, key, request.path


@defect(
    "key-per-connection",
    "Each connection has keys of its own",
    breaches=("KEY-REPLAY",),
    shows="data: another connection",
)
class _PerConnection(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.connection, super().key_scope(request, key)


@defect(
    "key-over-sids",
    "A key used on one SID gives its answer for another",
    breaches=("KEY-REUSE-OTHER-SID",),
)
class _OverSids(Behaviour):
    def fingerprint(self, request: Request) -> Hashable:
        return request.method, request.body


@defect(
    "key-over-sids-ended",
    "After its operation ended a key answers for other SIDs",
    breaches=("KEY-REUSE-OTHER-SID",),
    shows="time: after the end",
)
class _OverSidsEnded(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        stored = entry.response
        if stored is not None and self.now() > entry.first_used + self.settings.operation_seconds:
            return stored.copy()
        return super().mismatch(request, entry)


@defect(
    "key-over-sids-deletes",
    "A key reused on another SID is refused, and deletes that SID",
    breaches=("KEY-REUSE-OTHER-SID", "EFFECT-ONLY-BY-DELETE", "EFFECT-NO-OTHER"),
)
class _OverSidsDeletes(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        found = self.locate(request, request.sid)
        if request.route == "delete" and found is not None and found.deleted_at is None:
            found.deleted_at = self.now()
        return super().mismatch(request, entry)


@defect(
    "key-over-calls",
    "A key from a create or update answers a delete",
    breaches=("KEY-REUSE-OTHER-CALL",),
)
class _OverCalls(Behaviour):
    def fingerprint(self, request: Request) -> Hashable:
        return ""


@defect(
    "key-create-answers-delete",
    "A key from a create answers a delete",
    breaches=("KEY-REUSE-OTHER-CALL",),
)
class _CreateAnswersDelete(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        first = entry.fingerprint[0] if isinstance(entry.fingerprint, tuple) else ""
        if request.method == "DELETE" and first == "POST" and entry.response is not None:
            return entry.response.copy()
        return super().mismatch(request, entry)


class _WhilePending(Behaviour):
    """Base of defects where a key answers a delete as long as the operation that it was first used for runs."""

    method = "PATCH"

    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        first = entry.fingerprint[0] if isinstance(entry.fingerprint, tuple) else ""
        pending = self.now() < entry.first_used + self.settings.create_seconds
        if (
            request.method == "DELETE"
            and first == self.method
            and entry.response is not None
            and pending
        ):
            return entry.response.copy()
        return super().mismatch(request, entry)


@defect(
    "key-pending-patch-answers-delete",
    "While a PATCH is pending its key answers a delete",
    breaches=("KEY-REUSE-OTHER-CALL",),
    shows="race: while the PATCH is pending",
)
class _PendingPatch(_WhilePending):
    pass


@defect(
    "key-pending-create-answers-delete",
    "While a create is pending its key answers a delete",
    breaches=("KEY-REUSE-OTHER-CALL",),
    shows="race: while the create is pending",
)
class _PendingCreate(_WhilePending):
    method = "POST"


class _Picky(Behaviour):
    """Base of defects that refuse some well-formed keys."""

    def takes(self, key: str) -> bool:
        """Whether the key is accepted."""
        return True

    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        if key is not None and request.route == "delete" and not self.takes(key):
            raise Refused(malformed_key())
        return key


@defect(
    "key-v4-only",
    "Only version 4 UUIDs are accepted",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: UUID version",
)
class _Version4(_Picky):
    def takes(self, key: str) -> bool:
        return key[14] == "4"


@defect(
    "key-no-v7",
    "Version 7 UUIDs are refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: UUID version 7",
)
class _NoVersion7(_Picky):
    def takes(self, key: str) -> bool:
        return key[14] != "7"


@defect(
    "key-no-nil",
    "The nil UUID is refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: the nil UUID",
)
class _NoNil(_Picky):
    def takes(self, key: str) -> bool:
        return key.strip("0-") != ""


@defect(
    "key-no-max",
    "The max UUID is refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: the max UUID",
)
class _NoMax(_Picky):
    def takes(self, key: str) -> bool:
        return key.lower().strip("f-") != ""


@defect(
    "key-no-capitals",
    "Capital letters are refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: capitals",
)
class _NoCapitals(_Picky):
    def takes(self, key: str) -> bool:
        return key == key.lower()


@defect(
    "key-variant-checked",
    "The UUID variant has to be RFC 9562's",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: UUID variant",
)
class _VariantChecked(_Picky):
    def takes(self, key: str) -> bool:
        return key[19] in "89abAB"


@defect(
    "key-nil-ignored",
    "The nil UUID counts as no key",
    breaches=("KEY-REPLAY", "KEY-FORMAT-ACCEPTED"),
    shows="data: the nil UUID",
)
class _NilIgnored(Behaviour):
    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if key is not None and key.strip("0-") == "" else key


@defect(
    "key-capitals-ignored",
    "Keys with capital letters count as no key",
    breaches=("KEY-REPLAY", "KEY-FORMAT-ACCEPTED"),
    shows="data: capitals",
)
class _CapitalsIgnored(Behaviour):
    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if key is not None and key != key.lower() else key
