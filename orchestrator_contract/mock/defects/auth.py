"""Defects of the AUTH section: accepted credentials, disclosure, and other accounts."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    HOUR,
    CachedReads,
    SharedResponse,
    StaleReplica,
    delete_silently,
    deleted,
    failed,
)
from orchestrator_contract.mock.errors import Problem, conflict, internal_error
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.pagination import Page, PageQuery
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import Configuration

_MISSING = ("AUTH-MISSING",)
_WRONG = ("AUTH-WRONG",)
_NO_DISCLOSURE = ("AUTH-NO-DISCLOSURE",)
_OTHER_ACCOUNT = ("AUTH-OTHER-ACCOUNT",)
_READ = ("AUTH-READ",)
_READ_OTHER_ACCOUNT = ("AUTH-READ-OTHER-ACCOUNT",)


def _without_credentials(request: Request) -> bool:
    return request.header(b"authorization") is None


# -- missing and wrong credentials are accepted -----------------------------------------------


def _other_scheme(behaviour: Behaviour, request: Request) -> bool:
    line = request.header(b"authorization")
    return line is not None and not line.lower().startswith(b"basic ")


def _unknown_user(behaviour: Behaviour, request: Request) -> bool:
    pair = behaviour.credentials(request)
    return pair is not None and pair[0] not in behaviour.settings.accounts


@defect(
    "auth-accepted",
    "A delete {} is accepted",
    case(
        "missing",
        "without credentials",
        breaches=_MISSING,
        accepts=lambda behaviour, request: _without_credentials(request),
    ),
    case(
        "missing-1-in-2",
        "without credentials",
        breaches=_MISSING,
        shows="1 in 2",
        accepts=lambda behaviour, request: (
            _without_credentials(request) and behaviour.once_in(2, "missing")
        ),
    ),
    case(
        "other-scheme", "with another scheme", shows="data: another scheme", accepts=_other_scheme
    ),
    case("unknown-user", "of an unknown user", shows="data: unknown user", accepts=_unknown_user),
    breaches=_WRONG,
)
class _Accepted(Behaviour):
    accepts: Callable[[Behaviour, Request], bool]

    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        if account is None and request.route == "delete" and self.accepts(self, request):
            found = self.world.find(request.sid, request.region)
            return found.account if found is not None else None
        return account


@defect(
    "auth-accepted-rare-scheme",
    "Digest, Negotiate and ApiKey credentials are accepted unchecked",
    breaches=_WRONG,
    shows="data: another scheme",
)
class _RareScheme(Behaviour):
    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        scheme = (request.header(b"authorization") or b"").lower().partition(b" ")[0]
        return 1 if account is None and scheme in (b"digest", b"negotiate", b"apikey") else account


@defect(
    "auth-accepted-same-connection",
    "Credentials are valid for all later requests on their connection",
    breaches=_MISSING,
    shows="data: an earlier request on the connection",
)
class _SameConnection(Behaviour):
    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        if account is not None:
            self.memory["account", request.connection] = account
        return self.memory.get(("account", request.connection))


@defect(
    "auth-password",
    "A wrong password is accepted{}",
    case("any", ", whatever it is", accepts=lambda given, right: True),
    case(
        "prefix",
        " if it is a prefix of the right one",
        shows="data: a shortened password",
        accepts=lambda given, right: given != "" and right.startswith(given),
    ),
    case(
        "suffix",
        " if it begins with the right one",
        shows="data: a lengthened password",
        accepts=lambda given, right: given.startswith(right),
    ),
    case(
        "other-case",
        " if it differs in case only",
        shows="data: a password in other case",
        accepts=lambda given, right: given.lower() == right.lower(),
    ),
    case(
        "last-character",
        " if it differs in its last character only",
        shows="data: a password that ends otherwise",
        accepts=lambda given, right: len(given) == len(right) and given[:-1] == right[:-1],
    ),
    case(
        "empty",
        " if it is empty",
        shows="data: empty password",
        accepts=lambda given, right: given in ("", right),
    ),
    case(
        "second-colon",
        " if the right one and a colon precede the difference",
        shows="data: a second colon",
        accepts=lambda given, right: given.partition(":")[0] == right,
    ),
    case(
        "white-space",
        " if white space surrounds the right one",
        shows="data: white space",
        accepts=lambda given, right: given.strip() == right,
    ),
    breaches=_WRONG,
)
class _Password(Behaviour):
    accepts: Callable[[str, str], bool]

    def password_matches(self, given: str, expected: str) -> bool:
        return self.accepts(given, expected)


@defect(
    "auth-password-ignored",
    "Any password is accepted {}",
    case(
        "second-region",
        "in the second region",
        shows="data: another region",
        ignores=lambda request: request.region == 1,
    ),
    case(
        "with-key",
        "with an idempotency key",
        shows="data: a key beside wrong credentials",
        ignores=lambda request: bool(request.lines(b"idempotency-key")),
    ),
    breaches=_WRONG,
)
class _PasswordIgnored(Behaviour):
    ignores: Callable[[Request], bool]

    def account_of(self, request: Request) -> int | None:
        pair = self.credentials(request) if self.ignores(request) else None
        known = self.settings.accounts.get(pair[0]) if pair is not None else None
        return known[0] if known is not None else super().account_of(request)


@defect(
    "auth-missing-concurrent",
    "A delete without credentials gets the response to a concurrent one",
    breaches=_MISSING,
    shows="race: within 10 ms",
)
class _MissingConcurrent(SharedResponse):
    def alike(self, request: Request) -> Hashable:
        return request.path, request.key

    async def respond(self, request: Request) -> Response:
        if request.method == "DELETE" and _without_credentials(request):
            request.key = self.read_key(request)
            shared = await self.shared(request)
            if shared is not None:
                return shared
        return await super().respond(request)


# -- a refused delete has an effect -----------------------------------------------------------


@defect(
    "auth-401-deletes",
    "A delete with {}",
    case("missing", "missing credentials gets a 401 and deletes", breaches=_MISSING),
    case(
        "missing-700-ms",
        "missing credentials gets a 401 and deletes after 0.7 s",
        breaches=_MISSING,
        shows="time: 0.7 s later",
        after=0.7,
    ),
    case("wrong", "wrong credentials gets a 401 and deletes", missing=False),
    case(
        "wrong-700-ms",
        "wrong credentials gets a 401 and deletes after 0.7 s",
        shows="time: 0.7 s later",
        missing=False,
        after=0.7,
    ),
    breaches=_WRONG,
)
class _RefusedDeletes(Behaviour):
    after = 0.0
    missing = True

    def unauthenticated(self, request: Request) -> Response:
        if request.route == "delete" and _without_credentials(request) is self.missing:
            delete_silently(self, self.world.find(request.sid, request.region), self.after)
        return super().unauthenticated(request)


@defect(
    "auth-missing-cancels",
    "A delete without credentials makes the running delete fail",
    breaches=_MISSING,
    shows="data: no credentials while a delete runs",
)
class _Cancels(Behaviour):
    def unauthenticated(self, request: Request) -> Response:
        refused = request.route == "delete" and _without_credentials(request)
        found = self.world.find(request.sid) if refused else None
        running = self.pending_deletion(found) if found is not None else None
        if found is not None and running is not None:
            self.fail(running)
            found.deleted_at = None
        return super().unauthenticated(request)


# -- the response to an unauthenticated delete ------------------------------------------------


def _add(response: Response, **members: Any) -> Response:
    response.document = {**response.document, **members}
    return response


def _set(response: Response, name: str, value: str) -> Response:
    response.set(name, value)
    return response


def _name_operation(behaviour: Behaviour, found: Configuration, response: Response) -> Response:
    running = behaviour.pending_deletion(found)
    return response if running is None else _set(response, "operation-id", running.id)


@defect(
    "auth-401-discloses",
    "A 401 to a delete discloses {}",
    case(
        "configuration",
        "the configuration",
        to=lambda behaviour, found, response: _add(
            response, configuration=behaviour.configuration_document(found)
        ),
    ),
    case(
        "name",
        "the displayName",
        to=lambda behaviour, found, response: _add(
            response, message=f"Not allowed to delete {found.members['displayName']}"
        ),
    ),
    case(
        "memory-store",
        "the memoryStoreId in a header",
        to=lambda behaviour, found, response: _set(
            response, "x-conflicting-resource-id", str(found.members["memoryStoreId"])
        ),
    ),
    case(
        "operation",
        "the running operation",
        shows="data: no credentials while a delete runs",
        to=_name_operation,
    ),
    breaches=_NO_DISCLOSURE,
)
class _Discloses(Behaviour):
    to: Callable[[Behaviour, Configuration, Response], Response]

    def unauthenticated(self, request: Request) -> Response:
        response = super().unauthenticated(request)
        delete = request.route == "delete"
        found = self.world.find(request.sid, request.region) if delete else None
        return response if found is None else self.to(self, found, response)


@defect(
    "auth-401-reveals-existence",
    "The response to bad credentials is {}",
    case(
        "404-unknown",
        "a 404 if the SID is unknown",
        shows="data: an absent SID",
        to=lambda behaviour, request, response, found: (
            behaviour.not_found(request) if found is None else response
        ),
    ),
    case(
        "message",
        "another message if the SID exists",
        shows="data: an absent SID",
        to=lambda behaviour, request, response, found: (
            _add(response, message="Authenticate to delete this configuration")
            if found is not None
            else response
        ),
    ),
    case(
        "params",
        "a 401 with params if the SID exists",
        shows="data: an absent SID",
        to=lambda behaviour, request, response, found: (
            _add(response, params={"version": "1"}) if found is not None else response
        ),
    ),
    case(
        "410-deleted",
        "a 410 if the SID is deleted",
        shows="data: a SID that is gone",
        to=lambda behaviour, request, response, found: (
            behaviour.refuse(request, deleted())
            if request.route == "delete"
            and found is not None
            and behaviour.is_deleted(found, behaviour.now())
            else response
        ),
    ),
    breaches=_NO_DISCLOSURE,
)
class _RevealsExistence(Behaviour):
    to: Callable[[Behaviour, Request, Response, Configuration | None], Response]

    def unauthenticated(self, request: Request) -> Response:
        response = super().unauthenticated(request)
        return self.to(self, request, response, self.world.find(request.sid))


@defect(
    "auth-500",
    "A request with {} gets a 500",
    case("", "bad credentials"),
    case(
        "malformed",
        "a malformed Authorization header",
        shows="data: a malformed header",
        malformed=True,
    ),
    breaches=("AUTH-REFUSED-4XX",),
)
class _Unauthenticated500(Behaviour):
    malformed = False

    def unauthenticated(self, request: Request) -> Response:
        malformed = not _without_credentials(request) and self.credentials(request) is None
        if self.malformed and not malformed:
            return super().unauthenticated(request)
        return self.refuse(request, internal_error())


# -- a delete of another account's configuration ----------------------------------------------


@defect(
    "other-account-deletes",
    "A delete of another account's configuration is accepted {}",
    case("", "and carried out", shows="always"),
    case(
        "other-region",
        "by way of another region",
        shows="data: another account in another region",
        other_region=True,
    ),
    case(
        "updated",
        "if it was updated",
        shows="data: another account, after an update",
        exposed=lambda behaviour, found: found.version > 1,
    ),
    case(
        "failed",
        "if a delete failed before",
        shows="data: another account, after FAILED",
        exposed=lambda behaviour, found: failed(found, behaviour.now()),
    ),
    case(
        "new-connection",
        "on a new connection",
        shows="data: another account on a new connection",
        exposed=lambda behaviour, found: behaviour.stale,
    ),
    breaches=_OTHER_ACCOUNT,
)
class _OtherAccountDeletes(StaleReplica):
    other_region = False
    exposed: Callable[[Any, Configuration], bool] = staticmethod(lambda behaviour, found: True)

    def locate(self, request: Request, sid: str | None) -> Configuration | None:
        found = super().locate(request, sid)
        if found is not None or request.route != "delete":
            return found
        other = self.world.find(sid)
        if other is None or other.account == request.account:
            return None
        reachable = (other.region != request.region) is self.other_region
        return other if reachable and self.exposed(self, other) else None


def _in_other_account(request: Request, found: Configuration) -> bool:
    return found.account != request.account


def _in_same_region(request: Request, found: Configuration) -> bool:
    return found.account != request.account and found.region == request.region


def _in_other_partition(request: Request, found: Configuration) -> bool:
    return (found.account, found.region) != (request.account, request.region)


class _OtherAccount(Behaviour):
    """Base of defects of a delete whose SID belongs to another account."""

    place: Callable[[Request, Configuration], bool] = staticmethod(_in_other_account)

    def foreign(self, request: Request) -> Configuration | None:
        """The configuration of another account that a DELETE names, deleted or not."""
        found = self.world.find(request.sid) if request.route == "delete" else None
        return found if found is not None and self.place(request, found) else None


@defect(
    "other-account-404-deletes",
    "A delete of another account's configuration gets a 404 and deletes {}",
    case("", "at once", place=_in_same_region),
    case("700-ms", "after 0.7 s", shows="time: 0.7 s later", place=_in_same_region, after=0.7),
    case("60-hours", "after 60 hours", shows="time: 60 h later", after=60 * HOUR),
    breaches=_OTHER_ACCOUNT,
)
class _OtherAccount404Deletes(_OtherAccount):
    after = 0.0

    def not_found(self, request: Request) -> Response:
        delete_silently(self, self.foreign(request), self.after)
        return super().not_found(request)


@defect(
    "other-account-concurrent",
    "Concurrent deletes of one SID with one key get one response in all accounts",
    breaches=_OTHER_ACCOUNT,
    shows="race: two accounts within 10 ms",
)
class _OtherAccountConcurrent(SharedResponse):
    def alike(self, request: Request) -> Hashable:
        return request.region, request.path, request.key


class _OtherAccountResponse(_OtherAccount):
    """Base of defects of the response to a delete of another account's configuration."""

    #: None: deleted or not
    deleted: bool | None = None
    to: Callable[[Behaviour, Request, Configuration, Response], Response]

    def not_found(self, request: Request) -> Response:
        found, response = self.foreign(request), super().not_found(request)
        if found is None or self.deleted not in (None, self.is_deleted(found, self.now())):
            return response
        return self.to(self, request, found, response)


def _accepted(behaviour: Behaviour, request: Request, found: Configuration, _: object) -> Response:
    operation = behaviour.start_operation(request, "delete", found.id, 0.1)
    return behaviour.accepted(request, operation)


def _conflict_with_running(
    behaviour: Behaviour, request: Request, found: Configuration, response: Response
) -> Response:
    running = behaviour.pending_deletion(found)
    return response if running is None else behaviour.refuse(request, conflict(running.id))


def _refusal(problem: Callable[[Configuration], Problem]) -> Callable[..., Response]:
    return lambda behaviour, request, found, _: behaviour.refuse(request, problem(found))


def _message(text: str) -> Callable[..., Response]:
    return lambda behaviour, request, found, response: _add(
        response, message=text.format(**found.members)
    )


def _callback(
    behaviour: Behaviour, request: Request, found: Configuration, response: Response
) -> Response:
    callbacks = found.members.get("statusCallbacks")
    return _add(response, params={"callback": callbacks[0]["url"]}) if callbacks else response


_NOT_YOURS = _refusal(
    lambda found: Problem(403, 20403, f"{found.members['displayName']} is not yours")
)
_410 = _refusal(lambda found: deleted())


_DELETED_SHOWS = "data: another account and a SID that is gone"
defect(
    "other-account-response",
    "A delete of another account's configuration gets {}",
    case("202", "a 202", shows="always", place=_in_same_region, deleted=False, to=_accepted),
    case("202-deleted", "a 202 if it is deleted", shows=_DELETED_SHOWS, deleted=True, to=_accepted),
    case(
        "403-name",
        "a 403 with its displayName",
        shows="always",
        place=_in_same_region,
        deleted=False,
        to=_NOT_YOURS,
    ),
    case(
        "404-description", "a 404 with its description", to=_message("No access to: {description}")
    ),
    case(
        "404-callback",
        "a 404 with the URL of its statusCallbacks",
        shows="data: another account, callbacks",
        to=_callback,
    ),
    case(
        "404-deleted-name",
        "a 404 with its displayName if it is deleted",
        shows=_DELETED_SHOWS,
        deleted=True,
        to=_message("{displayName} was deleted"),
    ),
    case("409", "a 409", place=_in_other_partition, to=_refusal(lambda found: conflict(None))),
    case(
        "409-pending",
        "a 409 with the operation of its running delete",
        shows="data: another account while a delete runs",
        place=_in_other_partition,
        to=_conflict_with_running,
    ),
    case("410", "a 410", deleted=False, to=_410),
    case("410-deleted", "a 410 if it is deleted", shows=_DELETED_SHOWS, deleted=True, to=_410),
    breaches=_OTHER_ACCOUNT,
    shows="data: another account",
)(_OtherAccountResponse)


# -- reads ------------------------------------------------------------------------------------


def _owner_of_operation(behaviour: Behaviour, request: Request) -> int | None:
    partitions = behaviour.world.partitions.items()
    owners = (account for (account, _), one in partitions if request.sid in one.operations)
    return next(owners, None)


def _owner_of_configuration(behaviour: Behaviour, request: Request) -> int | None:
    found = behaviour.world.find(request.sid)
    return found.account if found is not None else None


@defect(
    "auth-read-missing",
    "{} without credentials",
    case("fetch", "A configuration can be fetched", owner=_owner_of_configuration),
    case("list", "Configurations can be listed", route="list", owner=lambda behaviour, request: 1),
    case(
        "operation",
        "An operation can be fetched",
        breaches=_READ_OTHER_ACCOUNT,
        route="operation",
        owner=_owner_of_operation,
    ),
    breaches=_READ,
)
class _ReadMissing(Behaviour):
    owner: Callable[[Behaviour, Request], int | None]
    route = "fetch"

    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        return (
            self.owner(self, request)
            if account is None and request.route == self.route
            else account
        )


@defect(
    "auth-read-page-token",
    "Configurations can be listed with a page token and without credentials",
    breaches=_READ,
    shows="data: a page token",
)
class _ReadPageToken(Behaviour):
    def authenticate(self, request: Request) -> int | None:
        account = super().authenticate(request)
        token = request.method == "GET" and b"pageToken=" in request.query
        return 1 if account is None and token else account


defect(
    "auth-read-cached",
    "For 0.3 s the response to {} is given without credentials too",
    case("fetch", "a fetch", shows="time: within 0.3 s of a fetch"),
    case("list", "a list", shows="time: within 0.3 s of a list", cached="list"),
    breaches=_READ,
)(CachedReads)


@defect(
    "other-account-reads",
    "Another account can {}",
    case("fetch", "fetch a configuration", owner=_owner_of_configuration),
    case("operation", "fetch an operation", owner=_owner_of_operation),
    breaches=_READ_OTHER_ACCOUNT,
    shows="data: another account",
)
class _OtherAccountReads(Behaviour):
    owner: Callable[[Behaviour, Request], int | None]

    def fetch(self, request: Request) -> Response:
        request.account = self.owner(self, request) or request.account
        return super().fetch(request)

    def poll(self, request: Request) -> Response:
        request.account = self.owner(self, request) or request.account
        return super().poll(request)


@defect(
    "other-account-lists",
    "The list holds the configurations of all accounts",
    breaches=_READ_OTHER_ACCOUNT,
    shows="data: another account",
)
class _OtherAccountLists(Behaviour):
    def cut_page(self, items: list[Configuration], query: PageQuery) -> Page:
        listed = [one for one in self.world.every_configuration() if self.listed(one, self.now())]
        return super().cut_page(sorted(listed, key=lambda one: one.number), query)
