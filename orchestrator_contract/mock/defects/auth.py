"""Defects against AUTH."""

from __future__ import annotations

from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    HOUR,
    _ended_failed,
    _Joined,
    _KeptForAll,
    _Lagging,
    vanish,
)
from orchestrator_contract.mock.errors import (
    Problem,
    Refused,
    conflict,
    internal_error,
)
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import Page, PageQuery
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.routing import ITEM
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import Configuration, World


def sid_of(request: Request) -> str:
    """The last path segment, undecoded; at the time of a refusal no SID is set otherwise."""
    return request.path[len(ITEM) :].decode("latin-1")


class _AsOwner(Behaviour):
    """Base of defects that let a DELETE through as the owner of its SID."""

    def lets_in(self, request: Request) -> bool:
        """Whether a request that was not let in is let in after all."""
        return True

    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        if account is None and request.route == "delete" and self.lets_in(request):
            found = self.world.find(sid_of(request), request.region)
            return found.account if found is not None else None
        return account


@defect(
    "auth-none-accepted", "A DELETE without credentials is carried out", breaches=("AUTH-MISSING",)
)
class _NoneAccepted(_AsOwner):
    def lets_in(self, request: Request) -> bool:
        return request.header(b"authorization") is None


@defect(
    "auth-none-accepted-sometimes",
    "Each second DELETE without credentials is carried out",
    breaches=("AUTH-MISSING",),
    shows="1 in 2",
)
class _NoneAcceptedSometimes(_AsOwner):
    def lets_in(self, request: Request) -> bool:
        return request.header(b"authorization") is None and self.once_in(2, "none")


@defect(
    "auth-connection-remembered",
    "Good credentials count for the rest of their connection",
    breaches=("AUTH-MISSING",),
    shows="data: an earlier request on the connection",
)
class _Remembered(Behaviour):
    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.remembered: dict[int, int] = {}

    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        if account is not None:
            self.remembered[request.connection] = account
            return account
        return self.remembered.get(request.connection)


@defect(
    "auth-other-scheme",
    "Any Authorization header that is not Basic is let in",
    breaches=("AUTH-WRONG",),
    shows="data: another scheme",
)
class _OtherScheme(_AsOwner):
    def lets_in(self, request: Request) -> bool:
        line = request.header(b"authorization")
        return line is not None and not line.lower().startswith(b"basic ")


@defect(
    "auth-rare-scheme",
    "Digest, Negotiate and ApiKey are taken for the first account's, whatever follows them",
    breaches=("AUTH-WRONG",),
    shows="data: another scheme",
)
class _RareScheme(Behaviour):
    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        scheme = (request.header(b"authorization") or b"").lower().partition(b" ")[0]
        return 1 if account is None and scheme in (b"digest", b"negotiate", b"apikey") else account


@defect("auth-any-password", "The password is not looked at", breaches=("AUTH-WRONG",))
class _AnyPassword(Behaviour):
    def password_matches(self, given: str, expected: str) -> bool:
        return True


@defect(
    "auth-any-user",
    "An unknown user is let in as the owner",
    breaches=("AUTH-WRONG",),
    shows="data: unknown user",
)
class _AnyUser(_AsOwner):
    def lets_in(self, request: Request) -> bool:
        pair = self.credentials(request)
        return pair is not None and pair[0] not in self.settings.accounts


@defect(
    "auth-password-prefix",
    "The beginning of the password is enough",
    breaches=("AUTH-WRONG",),
    shows="data: a shortened password",
)
class _PasswordPrefix(Behaviour):
    def password_matches(self, given: str, expected: str) -> bool:
        return given != "" and expected.startswith(given)


@defect(
    "auth-password-tail",
    "What follows the password is not looked at",
    breaches=("AUTH-WRONG",),
    shows="data: a lengthened password",
)
class _PasswordTail(Behaviour):
    def password_matches(self, given: str, expected: str) -> bool:
        return given.startswith(expected)


@defect(
    "auth-password-folded",
    "Capitals in the password do not count",
    breaches=("AUTH-WRONG",),
    shows="data: a password in other case",
)
class _PasswordFolded(Behaviour):
    def password_matches(self, given: str, expected: str) -> bool:
        return given.lower() == expected.lower()


@defect(
    "auth-password-empty",
    "An empty password is let in",
    breaches=("AUTH-WRONG",),
    shows="data: empty password",
)
class _PasswordEmpty(Behaviour):
    def password_matches(self, given: str, expected: str) -> bool:
        return given == "" or super().password_matches(given, expected)


@defect(
    "auth-password-split",
    "What follows a second colon is not looked at",
    breaches=("AUTH-WRONG",),
    shows="data: a second colon",
)
class _PasswordSplit(Behaviour):
    def password_matches(self, given: str, expected: str) -> bool:
        return super().password_matches(given.partition(":")[0], expected)


@defect(
    "auth-password-trimmed",
    "White space around the password is dropped",
    breaches=("AUTH-WRONG",),
    shows="data: white space",
)
class _PasswordTrimmed(Behaviour):
    def password_matches(self, given: str, expected: str) -> bool:
        return super().password_matches(given.strip(), expected)


class _RefusedDeletes(Behaviour):
    """Base of defects where a 401 deletes all the same."""

    later = 0.0
    without_header = True

    def unauthenticated(self, request: Request) -> Response:
        if (
            request.route == "delete"
            and (request.header(b"authorization") is None) is self.without_header
        ):
            vanish(self, self.world.find(sid_of(request), request.region), self.later)
        return super().unauthenticated(request)


@defect(
    "auth-none-401-deletes", "Without credentials: 401, and deleted", breaches=("AUTH-MISSING",)
)
class _NoneDeletes(_RefusedDeletes):
    pass


@defect(
    "auth-none-401-deletes-later",
    "Without credentials: 401, and deleted 0.7 s later",
    breaches=("AUTH-MISSING",),
    shows="time: 0.7 s later",
)
class _NoneDeletesLater(_RefusedDeletes):
    later = 0.7


@defect(
    "auth-wrong-401-deletes", "With wrong credentials: 401, and deleted", breaches=("AUTH-WRONG",)
)
class _WrongDeletes(_RefusedDeletes):
    without_header = False


@defect(
    "auth-wrong-401-deletes-later",
    "With wrong credentials: 401, and deleted 0.7 s later",
    breaches=("AUTH-WRONG",),
    shows="time: 0.7 s later",
)
class _WrongDeletesLater(_RefusedDeletes):
    without_header = False
    later = 0.7


@defect("auth-refusal-tells", "A 401 carries the configuration", breaches=("AUTH-NO-DISCLOSURE",))
class _Tells(Behaviour):
    def unauthenticated(self, request: Request) -> Response:
        response = super().unauthenticated(request)
        found = self.world.find(sid_of(request), request.region)
        if request.route == "delete" and found is not None:
            response.document = {
                **response.document,
                "configuration": self.configuration_document(found),
            }
        return response


@defect(
    "auth-refusal-tells-name",
    "A 401 mentions the displayName in its message",
    breaches=("AUTH-NO-DISCLOSURE",),
)
class _TellsName(Behaviour):
    def unauthenticated(self, request: Request) -> Response:
        response = super().unauthenticated(request)
        found = self.world.find(sid_of(request), request.region)
        if request.route == "delete" and found is not None:
            message = f"Not allowed to delete {found.members['displayName']}"
            response.document = {**response.document, "message": message}
        return response


@defect(
    "auth-refusal-tells-header",
    "A 401 names the memory store in a header",
    breaches=("AUTH-NO-DISCLOSURE",),
)
class _TellsHeader(Behaviour):
    def unauthenticated(self, request: Request) -> Response:
        response = super().unauthenticated(request)
        found = self.world.find(sid_of(request), request.region)
        if request.route == "delete" and found is not None:
            response.set("x-conflicting-resource-id", str(found.members["memoryStoreId"]))
        return response


class _ForeignAnswer(Behaviour):
    """Base of defects about SIDs of another account."""

    def foreign(self, request: Request) -> Configuration | None:
        """The configuration when another account owns it and has not deleted it."""
        found = self.world.find(request.sid, request.region)
        if found is None or found.account == request.account or self.is_deleted(found, self.now()):
            return None
        return found


@defect(
    "auth-account-deletes",
    "Another account's configuration is deleted like one's own",
    breaches=("AUTH-OTHER-ACCOUNT",),
)
class _AccountDeletes(Behaviour):
    def locate(self, request: Request, sid: str | None) -> Configuration | None:
        found = super().locate(request, sid)
        if found is None and sid and request.route == "delete":
            return self.world.find(sid, request.region)
        return found


@defect(
    "auth-account-deletes-over-regions",
    "Another account's configuration is deleted by way of another region",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account in another region",
)
class _AccountDeletesOverRegions(Behaviour):
    def locate(self, request: Request, sid: str | None) -> Configuration | None:
        found = super().locate(request, sid)
        if found is None and request.route == "delete":
            for one in self.world.every_configuration():
                if (
                    one.id == sid
                    and one.account != request.account
                    and one.region != request.region
                ):
                    return one
        return found


@defect(
    "auth-account-404-deletes",
    "Another account's SID answers 404, and is deleted",
    breaches=("AUTH-OTHER-ACCOUNT",),
)
class _AccountNotFoundDeletes(_ForeignAnswer):
    later = 0.0

    def not_found(self, request: Request) -> Response:
        if request.route == "delete":
            vanish(self, self.foreign(request), self.later)
        return super().not_found(request)


@defect(
    "auth-account-404-deletes-later",
    "Another account's SID answers 404, and is deleted 0.7 s later",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="time: 0.7 s later",
)
class _AccountNotFoundDeletesLater(_AccountNotFoundDeletes):
    later = 0.7


@defect(
    "auth-account-tells",
    "Another account's SID answers 403 and its displayName",
    breaches=("AUTH-OTHER-ACCOUNT",),
)
class _AccountTells(_ForeignAnswer):
    def not_found(self, request: Request) -> Response:
        found = self.foreign(request)
        if request.route == "delete" and found is not None:
            return self.refuse(
                request, Problem(403, 20403, f"{found.members['displayName']} is not yours")
            )
        return super().not_found(request)


@defect(
    "auth-account-202",
    "Another account's SID is accepted, though nothing is deleted",
    breaches=("AUTH-OTHER-ACCOUNT",),
)
class _AccountAccepted(_ForeignAnswer):
    def not_found(self, request: Request) -> Response:
        found = self.foreign(request)
        if request.route == "delete" and found is not None:
            return self.accepted(request, self.start_operation(request, "delete", found.id, 0.1))
        return super().not_found(request)


@defect("auth-refusal-500", "Wrong credentials are a 500", breaches=("AUTH-REFUSED-4XX",))
class _Refusal500(Behaviour):
    def unauthenticated(self, request: Request) -> Response:
        return self.refuse(request, internal_error())


@defect(
    "auth-malformed-500",
    "An Authorization header that cannot be read is a 500",
    breaches=("AUTH-REFUSED-4XX",),
    shows="data: a malformed header",
)
class _Malformed500(Behaviour):
    def unauthenticated(self, request: Request) -> Response:
        unreadable = (
            request.header(b"authorization") is not None and self.credentials(request) is None
        )
        return (
            self.refuse(request, internal_error())
            if unreadable
            else super().unauthenticated(request)
        )


@defect(
    "auth-wrong-in-second-region",
    "The second region takes any password",
    breaches=("AUTH-WRONG",),
    shows="data: another region",
)
class _AnyPasswordContexts(Behaviour):
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
    "auth-fetch-cached",
    "What a fetch was answered is given to those without credentials, too, for a moment",
    breaches=("AUTH-READ",),
    shows="time: within 0.3 s of a fetch",
)
class _FetchKept(_KeptForAll):
    routes = ("fetch",)


@defect(
    "auth-list-cached",
    "What a list was answered is given to those without credentials, too, for a moment",
    breaches=("AUTH-READ",),
    shows="time: within 0.3 s of a list",
)
class _ListKept(_KeptForAll):
    routes = ("list",)


@defect(
    "auth-page-token-public",
    "A page token opens the list to those without credentials",
    breaches=("AUTH-READ",),
    shows="data: a page token",
)
class _TokenOpens(Behaviour):
    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        return (
            1
            if account is None and request.method == "GET" and b"pageToken=" in request.query
            else account
        )


@defect(
    "auth-account-deletes-on-new-connections",
    "Another account's delete on a new connection is accepted",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account on a new connection",
)
class _AnybodysAnew(_Lagging):
    def locate(self, request: Request, sid: str | None) -> Configuration | None:
        found = super().locate(request, sid)
        return (
            self.world.find(sid, request.region)
            if found is None and sid and self._behind and request.route == "delete"
            else found
        )


@defect(
    "race-joined-over-accounts",
    "Requests under way with one key and one SID get one answer, whatever their accounts",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="race: two accounts within 10 ms",
)
class _JoinedOverAccounts(_Joined):
    def alike(self, request: Request) -> Hashable:
        return request.region, request.path, request.key


@defect(
    "race-joined-without-credentials",
    "A request without credentials gets the answer of one that is under way",
    breaches=("AUTH-MISSING",),
    shows="race: within 10 ms",
)
class _JoinedUnseen(_Joined):
    def alike(self, request: Request) -> Hashable:
        return request.path, request.key

    async def respond(self, request: Request) -> Response:
        if request.method == "DELETE" and request.header(b"authorization") is None:
            request.key = self.read_key(request)
            first = self.running.get(self.alike(request))
            if first is not None:
                return (await first).copy()
        return await super().respond(request)


@defect(
    "auth-account-deletes-days-later",
    "Another account's SID answers 404, and is deleted 60 hours later",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="time: 60 h later",
)
class _AccountDaysLater(Behaviour):
    def not_found(self, request: Request) -> Response:
        for one in self.world.every_configuration():
            if (
                request.route == "delete"
                and one.id == request.sid
                and one.account != request.account
            ):
                vanish(self, one, 60 * HOUR)
        return super().not_found(request)


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


class _Anybodys(Behaviour):
    """Base of defects where configurations with a certain history are everybody's to delete."""

    def exposed(self, configuration: Configuration) -> bool:
        """Whether the history of *configuration* is such a one."""
        return configuration.version > 1

    def locate(self, request: Request, sid: str | None) -> Configuration | None:
        found = super().locate(request, sid)
        if found is None and sid and request.route == "delete":
            found = self.world.find(sid, request.region)
            return found if found is not None and self.exposed(found) else None
        return found


@defect(
    "auth-account-deletes-updated",
    "Another account's configuration is deleted like one's own once it was updated",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account, after an update",
)
class _AnybodysUpdated(_Anybodys):
    pass


@defect(
    "auth-account-deletes-failed",
    "Another account's configuration is deleted like one's own once a delete of it FAILED",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account, after FAILED",
)
class _AnybodysFailed(_Anybodys):
    def exposed(self, configuration: Configuration) -> bool:
        return _ended_failed(configuration, self.now())
