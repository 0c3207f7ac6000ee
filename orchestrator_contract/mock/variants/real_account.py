"""The preset ``--like-twilio``, and variants without the aids of a test double."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Refused, unknown_path
from orchestrator_contract.mock.messages import Request, Response
from orchestrator_contract.mock.registry import variant
from orchestrator_contract.mock.state import Configuration
from orchestrator_contract.mock.variants.elsewhere import _Nowhere

#: One variant for each fact known of an account; the first wraps the rest.
LIKE_TWILIO = (
    "cloudfront-headers",
    "twilio-headers",
    "edge-html-403",
    "closes-after-401",
    "connections-100",
    "responses-30-80-ms",
    "in-flight-limited",
    "credentials-by-region",
    "bearer-too",
    "stores-own",
    "names-unique",
    "room-for-ten",
    "owned-configurations",
    "create-id-nowhere",
    "creates-2-6-s",
    "deletes-1-5-s",
    "patch-405",
    "put-needs-channel-settings",
    "grouping-fixed",
    "configuration-filled-in",
    "conflict-code-400",
    "no-faults",
    "no-clock",
    "no-conversations",
)


@variant(
    "no-faults", "Nothing provokes an error or a failure: no header is heeded, no SID is reserved"
)
class _NoFaults(Behaviour):
    def provides(self) -> frozenset[str]:
        return super().provides() - {"faults"}

    def reserved_faults(self) -> Iterable[str]:
        return ()

    def requested_fault(self, request: Request, configuration: Configuration | None) -> str | None:
        return None


@variant("no-conversations", "There are no conversations, and the profile names none")
class _NoConversations(_Nowhere):
    def provides(self) -> frozenset[str]:
        return super().provides() - {"conversations"}


@variant("no-clock", "Nothing moves the clock")
class _NoClock(Behaviour):
    def provides(self) -> frozenset[str]:
        return super().provides() - {"clock"}

    def move_clock(self, request: Request) -> Response:
        raise Refused(unknown_path())
