"""Recorded responses that a cache or the browser gave in the endpoint's place."""

from __future__ import annotations

from typing import Any

#: Safari's `_fetchType`; any value but this one names what answered in the network's place.
_NETWORK = "network load"
_FETCH_TYPES = {
    "memory cache": "a browser's cache",
    "disk cache": "a browser's cache",
    "service worker": "a service worker",
    "inspector override": "an override in the browser",
}
#: Members of an entry or its response that are true where the network was not asked.
_MARKS = {
    "_fromCache": "a browser's cache",  # Chrome: "memory" or "disk"
    "_fromMemoryCache": "a browser's cache",
    "_fromDiskCache": "a browser's cache",
    "fromDiskCache": "a browser's cache",
    "_fromPrefetchCache": "a browser's cache",
    "_fetchedViaServiceWorker": "a service worker",  # Chrome
    "_fromServiceWorker": "a service worker",
    "fromServiceWorker": "a service worker",
    "_wasFulfilled": "a test's route",  # Playwright
}
#: Reason phrases that Chrome gives to responses of its own.
_OWN_PHRASES = {
    "Internal Redirect": "the browser",
    "Service Worker Fallback Required": "a service worker",
}


def answered_by(entry: dict[str, Any]) -> str:
    """The responder in the endpoint's place; empty for a network response, or none."""
    response = entry.get("response")
    if not response or not isinstance(response, dict):
        return ""
    fetched = str(entry.get("_fetchType", _NETWORK)).strip().lower()
    marked = (
        source
        for part in (entry, response)
        for mark, source in _MARKS.items()
        if part.get(mark) not in (None, False, "", 0)
    )
    return (
        _FETCH_TYPES.get(fetched, "")
        or next(marked, "")
        or _OWN_PHRASES.get(str(response.get("statusText")), "")
        or ("a browser's cache or override" if _weak_marks(entry, response) > 1 else "")
    )


def _weak_marks(entry: dict[str, Any], response: dict[str, Any]) -> int:
    """Count weak signs; one alone says little, as programs leave them empty."""
    cache, size = entry.get("cache"), response.get("bodySize")
    received = isinstance(size, (int, float)) and size > 0
    return (
        (entry.get("serverIPAddress") == "")
        + (response.get("_transferSize") == 0 and not received)
        + (isinstance(cache, dict) and isinstance(cache.get("beforeRequest"), dict))
        + (str(entry.get("_fetchType", _NETWORK)).strip().lower() != _NETWORK)
    )
