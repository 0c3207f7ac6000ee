"""Every refusal the mock can give: one constructor each, so that codes are written once.

Codes are the error dictionary's (S5); product errors sit in 530xxx.
"""

from __future__ import annotations

from dataclasses import dataclass

MORE_INFO = "https://www.twilio.com/docs/api/errors/{code}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal: HTTP status, error code, text, and headers that go with it."""

    status: int
    code: int
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def more_info(self) -> str:
        """Where the code is explained; carries the code's number."""
        return MORE_INFO.format(code=self.code)


class Refused(Exception):
    """A request ends early with *problem*."""

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
    """No such configuration for this account in this region. The SID is not echoed: it may be hostile."""
    return Problem(404, 20404, "The requested configuration was not found")


def unknown_conversation() -> Problem:
    """No such conversation for this account in this region."""
    return Problem(404, 20404, "The requested conversation was not found")


def unknown_operation() -> Problem:
    """No such operation, or its seven days are over."""
    return Problem(404, 20404, "The requested operation was not found")


def unknown_path() -> Problem:
    """No resource lives at this path."""
    return Problem(404, 20404, "The requested resource was not found")


def wrong_method(allowed: str) -> Problem:
    """RFC 9110 15.5.6: a 405 names the methods that would have done."""
    return Problem(405, 20004, "Method not allowed", ((b"allow", allowed.encode()),))


def conflict(conflicting_id: str | None) -> Problem:
    """Another operation holds the configuration."""
    headers = ((b"x-conflicting-resource-id", conflicting_id.encode()),) if conflicting_id else ()
    return Problem(409, 20409, "The configuration has an operation in progress", headers)


def key_in_use() -> Problem:
    """The same key is being processed right now (R4)."""
    return Problem(409, 20409, "A request with this idempotency key is in progress")


def key_mismatch() -> Problem:
    """The key was first used with another request."""
    return Problem(422, 17534, "The idempotency key was used with a different payload")


def malformed_key() -> Problem:
    """The Idempotency-Key header does not match the documented pattern, or came more than once."""
    return Problem(400, 530002, "The Idempotency-Key header is not a UUID")


def malformed_json() -> Problem:
    """The payload is not a JSON object."""
    return Problem(400, 530003, "The request body is not a JSON object")


def bad_page() -> Problem:
    """pageSize or pageToken cannot be used."""
    return Problem(400, 530004, "pageSize or pageToken is invalid")


def invalid_field(field: str, reason: str) -> Problem:
    """A member of the payload breaks its constraint."""
    return Problem(400, 530001, f"{field}: {reason}")


def uri_too_long() -> Problem:
    """A path segment longer than any id could be."""
    return Problem(414, 530005, "The request path is too long")


def payload_too_large() -> Problem:
    """A payload beyond one megabyte."""
    return Problem(413, 530006, "The request body is too large")


def throttled(retry_after: int) -> Problem:
    """Too many requests; nothing was processed."""
    return Problem(429, 20429, "Too many requests", _retry(retry_after))


def internal_error() -> Problem:
    """Something broke inside."""
    return Problem(500, 20500, "An internal server error has occurred")


def unavailable(retry_after: int) -> Problem:
    """The service cannot answer for now."""
    return Problem(503, 20503, "Service unavailable", _retry(retry_after))
