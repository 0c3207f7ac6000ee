"""Tell responses of the endpoint from those that the recording program made or kept."""

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


def answered_by(entry: dict[str, Any], response: dict[str, Any]) -> str:
    """What answered in the endpoint's place; empty for a response from the network."""
    return (
        _FETCH_TYPES.get(_fetch_type(entry), "")
        or _marked(entry)
        or _marked(response)
        or _OWN_PHRASES.get(str(response.get("statusText")), "")
        or ("a browser's cache or override" if _weak_marks(entry, response) > 1 else "")
    )


def _fetch_type(entry: dict[str, Any]) -> str:
    return str(entry.get("_fetchType", _NETWORK)).strip().lower()


def _marked(part: dict[str, Any]) -> str:
    return next(
        (source for mark, source in _MARKS.items() if part.get(mark) not in (None, False, "", 0)),
        "",
    )


def _weak_marks(entry: dict[str, Any], response: dict[str, Any]) -> int:
    """Count the signs of which one alone says nothing: many programs leave these members empty."""
    cache, size = entry.get("cache"), response.get("bodySize")
    received = isinstance(size, (int, float)) and size > 0
    return (
        (entry.get("serverIPAddress") == "")
        + (response.get("_transferSize") == 0 and not received)
        + (isinstance(cache, dict) and isinstance(cache.get("beforeRequest"), dict))
        + (_fetch_type(entry) != _NETWORK)
    )
