"""Keys that are mixed up only where their form, their operation's end or another key's end has a part in it."""

from __future__ import annotations

from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.idempotency import HEADER, Entry
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.operation_states import State
from orchestrator_contract.mock.registry import defect


@defect(
    "key-header-lower-case",
    "A key whose header name is written in lower case counts as none",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
    shows="data: header names in lower case",
)
class _OneSpelling(Behaviour):
    def read_key(self, request: Request) -> str | None:
        return None if HEADER in request.written else super().read_key(request)


@defect(
    "key-v2-ignored",
    "A version 2 key counts as none",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
    shows="data: a version 2 key",
)
class _VersionTwoIgnored(Behaviour):
    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if key is not None and key[14] == "2" else key


@defect(
    "key-rare-variant-ignored",
    "A key of a variant that is Microsoft's or reserved counts as none",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
    shows="data: a key of a rare variant",
)
class _RareVariantIgnored(Behaviour):
    def read_key(self, request: Request) -> str | None:
        key = super().read_key(request)
        return None if key is not None and key[19] in "cdefCDEF" else key


@defect(
    "key-per-user-agent",
    "A key of one User-Agent is a mismatch for another",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
    shows="data: another User-Agent",
)
class _PerUserAgent(Behaviour):
    def fingerprint(self, request: Request) -> Hashable:
        return super().fingerprint(request), request.header(b"user-agent")


@defect(
    "key-per-accept-encoding",
    "A key sent with one Accept-Encoding is a mismatch with another",
    breaches=("KEY-REPLAY", "KEY-REPLAY-ENDED"),
    shows="data: another Accept-Encoding",
)
class _PerCoding(Behaviour):
    def fingerprint(self, request: Request) -> Hashable:
        return super().fingerprint(request), request.header(b"accept-encoding")


@defect(
    "keys-without-first-digit",
    "Keys that differ in their first digit only are one key",
    breaches=("KEY-FORMAT-ACCEPTED", "KEY-REUSE-OTHER-SID"),
    shows="data: keys that differ in one digit",
)
class _WithoutFirst(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, request.region, key[1:]


@defect(
    "keys-without-variant",
    "Keys that differ in their variant bits only are one key",
    breaches=("KEY-FORMAT-ACCEPTED", "KEY-REUSE-OTHER-SID"),
    shows="data: keys that differ in one digit",
)
class _WithoutVariant(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return request.account, request.region, key[:19], int(key[19], 16) & 3, key[20:]


@defect(
    "key-over-accounts-capitals",
    "A key in capitals that one account used is a mismatch on another",
    breaches=("KEY-SCOPE-ACCOUNT",),
    shows="data: a key in capitals",
)
class _CapitalsOverAccounts(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return (request.region, key) if key != key.lower() else super().key_scope(request, key)


@defect(
    "key-over-regions-v1",
    "A version 1 key used in one region is a mismatch in another",
    breaches=("KEY-SCOPE-REGION",),
    shows="data: a version 1 key",
)
class _VersionOneOverRegions(Behaviour):
    def key_scope(self, request: Request, key: str) -> Hashable:
        return (request.account, key) if key[14] == "1" else super().key_scope(request, key)


@defect(
    "key-mismatch-forgets-and-accepts",
    "A refused reuse makes a key new: the next reuse is accepted and takes it over",
    breaches=("KEY-REPLAY-ENDED", "KEY-REPLAY"),
    shows="data: a key that was tried on two other SIDs",
)
class _MismatchOpens(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        scope = self.key_scope(request, request.key or "")
        if self.entries.get(scope) is entry:
            del self.entries[scope]
        return super().mismatch(request, entry)


@defect(
    "key-over-sids-failed",
    "The key of a FAILED operation gives its answer for other SIDs",
    breaches=("KEY-REUSE-OTHER-SID",),
    shows="data: a key whose operation FAILED",
)
class _OverSidsFailed(Behaviour):
    def mismatch(self, request: Request, entry: Entry) -> Response | None:
        stored = entry.response
        sid = stored.document["related"]["configurationId"] if stored is not None else None
        found = self.locate(request, sid)
        running = found.deletion if found is not None else None
        if stored is not None and running is not None and running.outcome is State.FAILED:
            return stored.copy()
        return super().mismatch(request, entry)


@defect(
    "keys-end-together",
    "When a key that has ended is used again, all keys end",
    breaches=("KEY-TTL-MIN",),
    shows="time: a young key after an old one's end",
)
class _EndTogether(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        found = self.entries.get(scope)
        if found is not None and self.expired(found, self.now()):
            self.entries.clear()
        return super().look_up(request, scope)
