"""Deletes that credentials do not allow, and refusals that tell too much."""

from __future__ import annotations

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.defects.side_effects import vanish
from orchestrator_contract.mock.errors import Problem, internal_error
from orchestrator_contract.mock.messages import Request, Response
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
