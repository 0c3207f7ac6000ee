"""Members of creates that a delete may depend on: names, optional parts."""

from __future__ import annotations

from typing import Any

#: One for each configuration of a batch, in turns; no divisor in common with the number of key
#: forms.
PAYLOADS: tuple[dict[str, Any], ...] = (
    {"displayName": "-" + "x" * 32},
    {"description": "d" * 512},
    {"description": "Überprüfung 设定 إعداد 🗑"},
    {"displayName": " _ Z"},
    {"memoryExtractionEnabled": True},
    {"description": "<b>&amp;\"'\\ %00 \t"},
    {"statusCallbacks": [{"url": "https://example.com/callback", "method": "POST"}]},
    {"memoryExtractionEnabled": False, "displayName": "0"},
    {
        "channelSettings": {"SMS": {"statusTimeouts": {"inactive": 10, "closed": 60}}},
        "description": ".",
    },
    {"description": ""},
    {"statusCallbacks": [{"url": f"https://example.com/{n}", "method": "POST"} for n in (1, 2)]},
    {"intelligenceConfigurationIds": [f"intelligence_configuration_{n}" for n in range(1, 6)]},
    {"conversationsV1Bridge": {}},
    {},
)
#: Those without ids of other resources, so that every endpoint takes them.
COMMON_PAYLOADS = tuple(
    one
    for one in PAYLOADS
    if one.keys().isdisjoint({"intelligenceConfigurationIds", "conversationsV1Bridge"})
)
