"""Generated examples, each sent and judged; a breach is shrunk, and sent once more to count."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import Phase, given, seed
from hypothesis.errors import HypothesisException

from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.fuzzing.generation import settings
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Held

#: Most requests that shrinking one finding may cost, and most findings of one run.
SHRINK_REQUESTS, MOST_FINDINGS = 60, 3
PHASES = (Phase.reuse, Phase.generate, Phase.shrink)


class Breached(Exception):
    """The response to an example breaches the contract."""


class Examples:
    """Examples of one sort, named for the folder in which those that failed are kept."""

    def __init__(
        self, endpoint: Endpoint, name: str, attempt: Callable[[Any], Exchange | None]
    ) -> None:
        """*attempt* sends and judges one example; it gives None for one that may not be sent."""
        self._endpoint = endpoint
        self._name = name
        self._attempt = attempt
        self._over: list[Inconclusive] = []
        self._sent: list[Exchange] = []
        self._generated = 0
        self._seen: set[Any] = set()
        #: Requirements with a finding: no more of their like is looked for.
        self._known: set[str] = set()

    def run(self, kinds: Mapping[str, st.SearchStrategy[Any]], number: int) -> list[Exchange]:
        """The responses to *number* examples, as many of each of *kinds*.

        Kinds of which an earlier run has kept a failure come first.

        Raises:
            Inconclusive: one could not be sent; none was sent after it.
        """
        names = self._endpoint.random.sample([*kinds], len(kinds))
        seeds = {kind: self._endpoint.random.getrandbits(32) for kind in names}
        names.sort(key=lambda kind: not self._has_failed(kind))
        before = -1
        while before < self._generated < number:  # a kind may have few examples
            before = self._generated
            for index, kind in enumerate(names):
                share = -(-(number - self._generated) // (len(names) - index))
                self._run(kind, kinds[kind], share, seeds[kind] + before)
        return self._sent

    def _run(self, kind: str, strategy: st.SearchStrategy[Any], number: int, chosen: int) -> None:
        """Send *number* examples of one *kind*; after a finding the rest without its like."""
        end = self._generated + number
        while (left := end - self._generated) > 0 and len(self._known) < MOST_FINDINGS:
            found = self._until_found(kind, strategy, left, chosen + len(self._known))
            if self._over:
                raise self._over[0]
            if found is None:
                return
            self._known.add(self._count(*found))

    def _until_found(
        self, kind: str, strategy: st.SearchStrategy[Any], number: int, chosen: int
    ) -> tuple[Any, list[Held], Exchange] | None:
        """The smallest example found to breach what is not known, with what is held of it."""
        smallest: list[tuple[Any, list[Held], Exchange]] = []
        failed_at, end = 0, self._generated + number

        # What is known would pass now, and be forgotten.
        database = None if self._known else self._database(kind)

        # More than are sent, as some will have been sent already: the simplest ones.
        @settings(*PHASES, seed=chosen, max_examples=2 * number + 1, database=database)
        @seed(chosen)  # below the settings: it takes the database from those that it finds
        @given(strategy)
        def run(value: Any) -> None:
            nonlocal failed_at
            if self._over or (failed_at and len(self._sent) - failed_at > SHRINK_REQUESTS):
                return
            if not smallest and (value in self._seen or self._generated == end):
                return
            self._seen.add(value)
            self._generated += not smallest
            exchange, held = self._held(value)
            new = [one for one in held if one.requirement not in self._known]
            if exchange is None or not new:
                return
            failed_at = failed_at or len(self._sent)
            smallest[:] = [(value, held, exchange)]
            raise Breached

        with self._endpoint.client.steps.step(f"sending generated {self._name}"):
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
            self._endpoint.findings.count_generated(self._name)
        return exchange, held

    def _count(self, value: Any, held: list[Held], first: Exchange) -> str:
        """Send *value* once more, which counts; a server error that does not repeat passes.

        Returns the requirement.
        """
        again, repeated = self._held(value)
        passing = first.status is None or first.status >= 500
        counted = repeated or ([] if passing else held)
        shown = again if repeated and again is not None else first
        for one in counted:
            self._endpoint.findings.keep(one)
            story = [f"{self._name}: {shown.outcome()}    {shown.curl()}"]
            self._endpoint.findings.story(one.requirement, story)
        return held[0].requirement

    def _has_failed(self, kind: str) -> bool:
        folder = self._database(kind)
        return folder is not None and folder.is_dir()

    def _database(self, kind: str) -> Path | None:
        folder = self._endpoint.settings.examples
        names = (one.replace(" ", "-") for one in (self._name, kind))
        return folder and folder.joinpath(target_name(self._endpoint), *names)


def target_name(endpoint: Endpoint) -> str:
    """A name for the target that its address gives, the same on every machine."""
    return hashlib.sha256(endpoint.profile.base_url.encode()).hexdigest()[:12]
