"""Findings from recordings: nothing is checked that an exchange does not show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

from orchestrator_contract.contract.response_schemas import decided_by
from orchestrator_contract.har.recorded import Recorded
from orchestrator_contract.http.exchange import Call, Exchange
from orchestrator_contract.results.findings import Check, Findings

#: A recording has neither framing nor coding.
_OF_WIRE = frozenset({"HTTP-COMPLETE", "HTTP-CONTENT-ENCODING"})
#: Decided by the body, beside what the schemas of bodies decide.
_OF_BODY = frozenset(
    {"HTTP-JSON", "HTTP-CONTENT-TYPE", "CTRL-PAGINATION"}
    | {"ERR-STATUS-MATCHES", "ERR-CODE-MATCHES", "ERR-MORE-INFO", "OBS-ERROR-SHAPE"}
    | {"DEL-202-RELATED", "OBS-STATUS-URL", "OBS-SID-PREFIX"}
)
#: Decided by a header, beside what the schemas of headers decide.
_OF_HEADERS = frozenset({"HTTP-CONTENT-TYPE", "OBS-STATUS-URL"})
#: Compares the links of a 202: takes two.
_OF_LINKS = frozenset({"DEL-202-LINKS-AGREE"})


class RecordedFindings(Findings):
    """Drops checks and observations of what the exchange at hand does not show."""

    _unseen: frozenset[str] = _OF_WIRE
    _partial = False
    _breaches_before = 0

    @contextmanager
    def limited_to(self, seen: Recorded) -> Iterator[None]:
        """Record only what *seen* shows, until the block ends."""
        self._breaches_before, self._partial = self.breach_count(), not seen.whole
        self._unseen = _OF_WIRE
        if not seen.body:
            self._unseen |= _OF_BODY | self._by_schema["body"]
        if not seen.headers:
            self._unseen |= _OF_HEADERS | self._by_schema["headers"]
        if not seen.whole and _links(seen) < 2:
            self._unseen |= _OF_LINKS
        try:
            yield
        finally:
            self._unseen = _OF_WIRE

    def on(self, call: Call) -> Check:
        """The check for what *call* has led to."""
        inner = super().on(call)

        def check(requirement: str, ok: bool, **steps: object) -> bool:
            return requirement in self._unseen or inner(requirement, ok, **steps)  # type: ignore[arg-type]  # as it came

        return check

    def check(  # noqa: D102  # as Findings has it
        self,
        requirement: str,
        ok: bool,
        *,
        expected: str = "",
        seen: str = "",
        exchanges: Sequence[Exchange] = (),
        where: str = "",
    ) -> bool:
        if requirement in self._unseen:
            return True
        return super().check(
            requirement, ok, expected=expected, seen=seen, exchanges=exchanges, where=where
        )

    def observe(self, observation: str, what: str, count: int = 1) -> None:
        """Count one sighting, unless it is of something that was not recorded."""
        if observation not in self._unseen:
            super().observe(observation, what, count)

    def tally(self, status: int, *, valid: bool) -> None:
        """Count one DELETE response; what was not recorded does not make it invalid."""
        unbroken = self.breach_count() == self._breaches_before
        super().tally(status, valid=valid or (self._partial and unbroken))

    @cached_property
    def _by_schema(self) -> dict[str, frozenset[str]]:
        """The requirements that a schema decides, by the part of the response that it is of."""
        return {"body": decided_by("body"), "headers": decided_by("headers")}


def _links(seen: Recorded) -> int:
    """How many links to its operation a 202 shows."""
    exchange = seen.exchange
    links = (
        exchange.object.get("statusUrl"),
        exchange.headers.get("location"),
        exchange.headers.get("operation-id"),
    )
    return sum(bool(link) for link in links)
