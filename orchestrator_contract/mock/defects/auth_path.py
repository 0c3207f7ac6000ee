"""Defects of the AUTH section: the caller is checked on another spelling of the path."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import case, defect
from orchestrator_contract.mock.routing import ITEM
from orchestrator_contract.mock.state import Configuration

_OTHER_ACCOUNT = ("AUTH-OTHER-ACCOUNT",)


def _unauthenticated(mock: Behaviour, request: Request, target: Configuration) -> bool:
    return mock.authenticate(request) is None


def _wrong_password(mock: Behaviour, request: Request, target: Configuration) -> bool:
    return mock.credentials(request) is not None and mock.authenticate(request) is None


def _other_account(mock: Behaviour, request: Request, target: Configuration) -> bool:
    return mock.authenticate(request) not in (None, target.account)


def _without_dot_segments(path: bytes) -> bytes:
    path = re.sub(rb"/(?:\.|%2[eE])(?=/)", b"", path)
    return re.sub(rb"/(?!\.\./)[^/]+/(?:\.|%2[eE]){2}(?=/)", b"", path)


def _lower_case(path: bytes) -> bytes:
    return ITEM + path[len(ITEM) :] if path[: len(ITEM)].lower() == ITEM.lower() else path


def _unescaped(path: bytes) -> bytes:
    head, slash, sid = path.rpartition(b"/")
    return unquote_to_bytes(head) + slash + sid


@defect(
    "auth-path",
    "A delete whose path {}",
    case(
        "double-slash",
        "begins with two slashes needs no credentials",
        "data: a path with two slashes",
        normalised=lambda path: re.sub(rb"^/{2,}", b"/", path),
    ),
    case(
        "other-case",
        "has another letter case before the SID needs no credentials",
        "data: a path in other letter case",
        normalised=_lower_case,
    ),
    case(
        "trailing-slash",
        "ends with a slash is carried out despite a wrong password",
        "data: a path that ends with a slash",
        breaches=("AUTH-WRONG",),
        normalised=lambda path: path.rstrip(b"/"),
        passes=_wrong_password,
    ),
    case(
        "dot-segment",
        "has a dot segment is carried out for every account",
        "data: another account, a path with a dot segment",
        breaches=_OTHER_ACCOUNT,
        normalised=_without_dot_segments,
        passes=_other_account,
    ),
    case(
        "escaped",
        "is percent-encoded before the SID is carried out for every account",
        "data: another account, an escape in the path",
        breaches=_OTHER_ACCOUNT,
        normalised=_unescaped,
        passes=_other_account,
    ),
    breaches=("AUTH-MISSING", "AUTH-WRONG"),
)
class _Path(Behaviour):
    #: The path that the service behind the check reads.
    normalised: Callable[[bytes], bytes]
    #: True if the check lets the caller pass.
    passes: Callable[[Behaviour, Request, Configuration], bool] = staticmethod(_unauthenticated)

    async def respond(self, request: Request) -> Response:
        path = self.normalised(request.path)
        if request.method == "DELETE" and path != request.path and path.startswith(ITEM):
            target = self.world.find(self.read_sid(path[len(ITEM) :]), request.region)
            if target is not None and self.passes(self, request, target):
                request.path, request.sid, request.account = path, target.id, target.account
                request.route = "delete"
                return self.delete(request)
        return await super().respond(request)
