"""Every error of the mock, one constructor each.

Codes are those of the error dictionary (S5); product errors are 530xxx.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MORE_INFO = "https://www.twilio.com/docs/api/errors/{code}"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error: HTTP status, code, message, and its own headers."""

    status: int
    code: int
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def more_info(self) -> str:
        """URL of the code's page."""
        return MORE_INFO.format(code=self.code)


class Refused(Exception):
    """Ends a request with *problem*."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _retry(seconds: int) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"retry-after", str(seconds).encode()),)


def unauthenticated() -> Problem:
    """Credentials are missing or wrong."""
    return Problem(
        401, 20003, "Authenticate", ((b"www-authenticate", b'Basic realm="mock control plane"'),)
    )


def unknown_configuration() -> Problem:
    """The 404 for a SID that this account and region lack; the SID is not echoed."""
    return Problem(404, 20404, "The requested configuration was not found")


def unknown_conversation() -> Problem:
    """No such conversation in this account and region."""
    return Problem(404, 20404, "The requested conversation was not found")


def unknown_operation() -> Problem:
    """No such operation, or its retention is over."""
    return Problem(404, 20404, "The requested operation was not found")


def unknown_path() -> Problem:
    """No resource at this path."""
    return Problem(404, 20404, "The requested resource was not found")


def wrong_method(allowed: str) -> Problem:
    """RFC 9110 15.5.6: a 405 lists the allowed methods."""
    return Problem(405, 20004, "Method not allowed", ((b"allow", allowed.encode()),))


def conflict(conflicting_id: str | None) -> Problem:
    """Another operation runs on the configuration."""
    headers = ((b"x-conflicting-resource-id", conflicting_id.encode()),) if conflicting_id else ()
    return Problem(409, 20409, "The configuration has an operation in progress", headers)


def key_in_use() -> Problem:
    """A request with the same key is in progress (R4)."""
    return Problem(409, 20409, "A request with this idempotency key is in progress")


def key_mismatch() -> Problem:
    """The key was first used with another request."""
    return Problem(422, 17534, "The idempotency key was used with a different payload")


def malformed_key() -> Problem:
    """The Idempotency-Key header breaks the documented pattern or is repeated."""
    return Problem(400, 530002, "The Idempotency-Key header is not a UUID")


def malformed_json() -> Problem:
    """The payload is not a JSON object."""
    return Problem(400, 530003, "The request body is not a JSON object")


def bad_clock(reason: str) -> Problem:
    """The request has no number of seconds that the clock can move by."""
    example = 'POST {"seconds": 86401} moves it a day on'
    return Problem(400, 530008, f"The clock was not moved: {reason}; {example}")


def unknown_fault(name: str, known: Iterable[str]) -> Problem:
    """The fault header names an unknown fault."""
    return Problem(400, 530007, f"X-Mock-Fault: {name} is unknown; known are {', '.join(known)}")


def bad_page() -> Problem:
    """pageSize or pageToken is invalid."""
    return Problem(400, 530004, "pageSize or pageToken is invalid")


def invalid_field(field: str, reason: str) -> Problem:
    """A member of the payload breaks its constraint."""
    return Problem(400, 530001, f"{field}: {reason}")


def uri_too_long() -> Problem:
    """A path segment longer than any id."""
    return Problem(414, 530005, "The request path is too long")


def throttled(retry_after: int) -> Problem:
    """Too many requests; the request was not processed."""
    return Problem(429, 20429, "Too many requests", _retry(retry_after))


def internal_error() -> Problem:
    """Internal error."""
    return Problem(500, 20500, "An internal server error has occurred")


def unavailable(retry_after: int) -> Problem:
    """Temporarily unavailable."""
    return Problem(503, 20503, "Service unavailable", _retry(retry_after))
