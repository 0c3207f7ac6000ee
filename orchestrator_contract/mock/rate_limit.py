"""The request rate of an account: a token bucket that fills by the real clock."""

from __future__ import annotations

import time

from orchestrator_contract.mock.context import Context
from orchestrator_contract.mock.messages import Request
from orchestrator_contract.mock.settings import Settings
from orchestrator_contract.mock.state import World


class RateLimit(Context):
    """Overridable steps of rate limiting."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._buckets: dict[int, tuple[float, float]] = {}

    def throttles(self, request: Request) -> bool:
        """True if the account is over its rate."""
        rate = self.settings.rate_limit
        return rate is not None and self.bucket_empty(request, rate)

    def bucket_empty(self, request: Request, rate: float) -> bool:
        """True if the account's bucket is empty; it fills by the real clock."""
        now = time.monotonic()
        most = max(rate, 1.0)
        tokens, since = self._buckets.get(request.account, (most, now))
        tokens = min(most, tokens + (now - since) * rate)
        self._buckets[request.account] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens < 1
