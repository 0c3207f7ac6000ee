"""Defects of the AUTH section: a delete with missing or wrong credentials."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.bases import (
    SharedResponse,
    delete_silently,
    deleted,
    with_members,
)
from orchestrator_contract.mock.errors import internal_error
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.state import Configuration

_MISSING = ("AUTH-MISSING",)
_WRONG = ("AUTH-WRONG",)
_NO_DISCLOSURE = ("AUTH-NO-DISCLOSURE",)


def _without_credentials(request: Request) -> bool:
    return request.header(b"authorization") is None


# -- missing and wrong credentials are accepted -----------------------------------------------


def _other_scheme(mock: Behaviour, request: Request) -> bool:
    line = request.header(b"authorization")
    return line is not None and not line.lower().startswith(b"basic ")


def _unknown_user(mock: Behaviour, request: Request) -> bool:
    pair = mock.credentials(request)
    return pair is not None and pair[0] not in mock.settings.accounts


@defect(
    "auth-accepted",
    "A delete {} is accepted",
    case(
        "missing",
        "without credentials",
        breaches=_MISSING,
        accepts=lambda mock, request: _without_credentials(request),
    ),
    case(
        "missing-1-in-2",
        "without credentials",
        breaches=_MISSING,
        shows="1 in 2",
        accepts=lambda mock, request: _without_credentials(request) and mock.once_in(2, "missing"),
    ),
    case("other-scheme", "with another scheme", "data: another scheme", accepts=_other_scheme),
    case("unknown-user", "of an unknown user", "data: unknown user", accepts=_unknown_user),
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
        "data: a prefix of the password",
        accepts=lambda given, right: given != "" and right.startswith(given),
    ),
    case(
        "suffix",
        " if it begins with the right one",
        "data: the password and more",
        accepts=lambda given, right: given.startswith(right),
    ),
    case(
        "other-case",
        " if it differs in case only",
        "data: a password in other case",
        accepts=lambda given, right: given.lower() == right.lower(),
    ),
    case(
        "last-character",
        " if it differs in its last character only",
        "data: a password with another last character",
        accepts=lambda given, right: len(given) == len(right) and given[:-1] == right[:-1],
    ),
    case(
        "empty",
        " if it is empty",
        "data: empty password",
        accepts=lambda given, right: given in ("", right),
    ),
    case(
        "second-colon",
        " if the right one and a colon precede the difference",
        "data: a second colon",
        accepts=lambda given, right: given.partition(":")[0] == right,
    ),
    case(
        "white-space",
        " if white space surrounds the right one",
        "data: white space",
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
        "data: another region",
        ignores=lambda request: request.region == 1,
    ),
    case(
        "with-key",
        "with an idempotency key",
        "data: a key beside wrong credentials",
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
    def group(self, request: Request) -> Hashable:
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
        "time: 0.7 s later",
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


def _set(response: Response, name: str, value: str) -> Response:
    response.set(name, value)
    return response


def _name_operation(mock: Behaviour, found: Configuration, response: Response) -> Response:
    running = mock.pending_deletion(found)
    return response if running is None else _set(response, "operation-id", running.id)


@defect(
    "auth-401-discloses",
    "A 401 to a delete discloses {}",
    case(
        "configuration",
        "the configuration",
        to=lambda mock, found, response: with_members(
            response, configuration=mock.configuration_document(found)
        ),
    ),
    case(
        "name",
        "the displayName",
        to=lambda mock, found, response: with_members(
            response, message=f"Not allowed to delete {found.members['displayName']}"
        ),
    ),
    case(
        "memory-store",
        "the memoryStoreId in a header",
        to=lambda mock, found, response: _set(
            response, "x-conflicting-resource-id", str(found.members["memoryStoreId"])
        ),
    ),
    case(
        "operation",
        "the running operation",
        "data: no credentials while a delete runs",
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
        "data: an unknown SID",
        to=lambda mock, request, response, found: (
            mock.not_found(request) if found is None else response
        ),
    ),
    case(
        "message",
        "another message if the SID exists",
        "data: an unknown SID",
        to=lambda mock, request, response, found: (
            with_members(response, message="Authenticate to delete this configuration")
            if found is not None
            else response
        ),
    ),
    case(
        "params",
        "a 401 with params if the SID exists",
        "data: an unknown SID",
        to=lambda mock, request, response, found: (
            with_members(response, params={"version": "1"}) if found is not None else response
        ),
    ),
    case(
        "410-deleted",
        "a 410 if the SID is deleted",
        "data: a deleted SID",
        to=lambda mock, request, response, found: (
            mock.refuse(request, deleted())
            if request.route == "delete"
            and found is not None
            and mock.is_deleted(found, mock.now())
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
        "malformed", "a malformed Authorization header", "data: a malformed header", malformed=True
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
