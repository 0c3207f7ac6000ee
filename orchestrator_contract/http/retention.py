"""Bounds the responses in memory: exchanges are kept to a run's end."""

from __future__ import annotations

from collections import deque
from threading import Lock

from orchestrator_contract.http.exchange import Exchange

#: Bytes below which a response is not worth letting go of, and bytes of larger ones that are kept
#: whole.
_LIGHT, _MOST = 8 * 1024, 48 * 1024 * 1024


class Retention:
    """Drops the oldest large responses beyond a bound; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._whole: deque[tuple[Exchange, int]] = deque()
        self._total = 0

    def keep(self, exchange: Exchange) -> None:
        """Keep *exchange* whole while there is room."""
        weight = exchange.weight
        if weight < _LIGHT:
            return
        old = []
        with self._lock:
            self._whole.append((exchange, weight))
            self._total += weight
            while self._total > _MOST and len(self._whole) > 1:
                oldest, freed = self._whole.popleft()
                self._total -= freed
                old.append(oldest)
        for one in old:
            one.shed()
