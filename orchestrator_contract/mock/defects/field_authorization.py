"""Authorization decided on one spelling of the path, the delete carried out on another."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import defect
from orchestrator_contract.mock.routing import ITEM
from orchestrator_contract.mock.state import Configuration


class _Respelt(Behaviour):
    """Base of defects where a path that is spelled otherwise passes a check of the caller."""

    def service_path(self, path: bytes) -> bytes:
        """The path that the service behind the check reads in *path*."""
        raise NotImplementedError

    def passes(self, request: Request, target: Configuration) -> bool:
        """True if the check lets the caller pass."""
        return self.authenticate(request) is None

    async def respond(self, request: Request) -> Response:
        path = self.service_path(request.path)
        if request.method == "DELETE" and path != request.path and path.startswith(ITEM):
            target = self.world.find(self.read_sid(path[len(ITEM) :]), request.region)
            if target is not None and self.passes(request, target):
                request.path, request.sid, request.account = path, target.id, target.account
                request.route = "delete"
                return self.delete(request)
        return await super().respond(request)


_WITHOUT_CREDENTIALS = ("AUTH-MISSING", "AUTH-WRONG")


@defect(
    "auth-path-double-slash",
    "A DELETE whose path begins with two slashes needs no credentials",
    breaches=_WITHOUT_CREDENTIALS,
    shows="data: a path with two slashes",
)
class _DoubleSlash(_Respelt):
    def service_path(self, path: bytes) -> bytes:
        return re.sub(rb"^/{2,}", b"/", path)


@defect(
    "auth-path-trailing-slash",
    "A DELETE whose path ends with a slash is carried out in spite of a wrong password",
    breaches=("AUTH-WRONG",),
    shows="data: a path that ends with a slash",
)
class _TrailingSlash(_Respelt):
    def service_path(self, path: bytes) -> bytes:
        return path.rstrip(b"/")

    def passes(self, request: Request, target: Configuration) -> bool:
        return self.credentials(request) is not None and super().passes(request, target)


@defect(
    "auth-path-dot-segment",
    "A DELETE whose path has a dot segment is carried out for every account",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account, a path with a dot segment",
)
class _DotSegment(_Respelt):
    def service_path(self, path: bytes) -> bytes:
        path = re.sub(rb"/(?:\.|%2[eE])(?=/)", b"", path)
        return re.sub(rb"/(?!\.\./)[^/]+/(?:\.|%2[eE]){2}(?=/)", b"", path)

    def passes(self, request: Request, target: Configuration) -> bool:
        return self.authenticate(request) not in (None, target.account)


@defect(
    "auth-path-capitals",
    "A DELETE whose path has other letter case before the SID needs no credentials",
    breaches=_WITHOUT_CREDENTIALS,
    shows="data: a path in other letter case",
)
class _Capitals(_Respelt):
    def service_path(self, path: bytes) -> bytes:
        return ITEM + path[len(ITEM) :] if path[: len(ITEM)].lower() == ITEM.lower() else path


@defect(
    "auth-path-escaped",
    "A DELETE whose path has a letter before the SID percent-encoded is carried out for every account",
    breaches=("AUTH-OTHER-ACCOUNT",),
    shows="data: another account, an escape in the path",
)
class _Escaped(_DotSegment):
    def service_path(self, path: bytes) -> bytes:
        head, slash, sid = path.rpartition(b"/")
        return unquote_to_bytes(head) + slash + sid
