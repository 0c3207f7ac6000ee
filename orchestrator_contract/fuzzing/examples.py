"""Generated examples, sent and judged; a breach is shrunk and sent again before it counts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import Phase, given, reject, seed
from hypothesis.errors import HypothesisException

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.fuzzing.generation import settings
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Held

#: Most requests that shrinking one finding may cost, and most findings of one kind of example.
SHRINK_REQUESTS, MOST_FINDINGS = 60, 3
PHASES = (Phase.reuse, Phase.generate, Phase.shrink)


class Breached(Exception):
    """The response to an example breaches the contract."""


class Examples:
    """Examples of one kind, named for the folder in which those that failed are kept."""

    def __init__(
        self, endpoint: Endpoint, kind: str, attempt: Callable[[Any], Exchange | None]
    ) -> None:
        """*attempt* sends and judges one example; it gives None for one that may not be sent."""
        self._endpoint = endpoint
        self._kind = kind
        self._attempt = attempt
        self._over: list[Inconclusive] = []
        self._sent: list[Exchange] = []
        self._generated = 0
        self._seen: set[Any] = set()

    def run(self, strategy: st.SearchStrategy[Any], number: int) -> list[Exchange]:
        """The responses to *number* examples; after a finding without others like it.

        Raises:
            Inconclusive: one could not be sent; none was sent after it.
        """
        known: set[str] = set()
        for _ in range(MOST_FINDINGS):
            if (left := number - self._generated) <= 0:
                break
            found = self._until_found(strategy, left, known)
            if self._over:
                raise self._over[0]
            if found is None:
                break
            known.add(self._count(*found))
        return self._sent

    def _until_found(
        self, strategy: st.SearchStrategy[Any], number: int, known: set[str]
    ) -> tuple[Any, list[Held], Exchange] | None:
        """The smallest example found to breach what is not *known*, with what is held of it."""
        smallest: list[tuple[Any, list[Held], Exchange]] = []
        failed_at = 0

        chosen = self._endpoint.random.getrandbits(32)
        # What is known would pass now, and be forgotten.
        database = None if known else self._database()

        @settings(*PHASES, seed=chosen, max_examples=number, database=database)
        @seed(chosen)  # below the settings: it takes the database from those that it finds
        @given(strategy)
        def run(value: Any) -> None:
            nonlocal failed_at
            if self._over or (failed_at and len(self._sent) - failed_at > SHRINK_REQUESTS):
                return
            if not smallest and value in self._seen:
                reject()
            self._seen.add(value)
            self._generated += not smallest
            exchange, held = self._held(value)
            if exchange is None or not any(one.requirement not in known for one in held):
                return
            failed_at = failed_at or len(self._sent)
            smallest[:] = [(value, held, exchange)]
            raise Breached

        with self._endpoint.client.steps.step(f"sending generated {self._kind}"):
            try:
                run()
            except (Breached, HypothesisException, ExceptionGroup):
                pass  # what is found is in `smallest`, also where it does not repeat
        return smallest[0] if smallest else None

    def _held(self, value: Any) -> tuple[Exchange | None, list[Held]]:
        try:
            with self._endpoint.findings.held() as held:
                exchange = self._attempt(value)
        except Inconclusive as error:
            # It must not fail the example: Hypothesis would repeat it, and take one that then
            # passes for an error.
            self._over.append(error)
            return None, []
        if exchange is not None:
            self._sent.append(exchange)
            self._endpoint.findings.count_generated(self._kind)
        return exchange, held

    def _count(self, value: Any, held: list[Held], first: Exchange) -> str:
        """Send *value* once more, which counts; a server error that does not repeat passes.

        Returns the requirement.
        """
        again, repeated = self._held(value)
        passing = first.status is None or first.status >= 500
        counted = repeated or ([] if passing else held)
        for one in counted:
            self._endpoint.findings.keep(one)
        if counted:
            shown = [again] if repeated and again is not None else [first]
            story = [f"{self._kind}: {one.outcome()}    {one.curl()}" for one in shown]
            self._endpoint.findings.story(counted[0].requirement, story)
        return held[0].requirement

    def _database(self) -> Path | None:
        folder = self._endpoint.settings.examples
        return folder and folder / target_name(self._endpoint) / self._kind.replace(" ", "-")


def target_name(endpoint: Endpoint) -> str:
    """A name for the target that its address gives, the same on every machine."""
    return hashlib.sha256(endpoint.profile.base_url.encode()).hexdigest()[:12]
