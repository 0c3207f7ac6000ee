"""Other spellings of a path that lenient servers read as the same (R2 6.2)."""

from __future__ import annotations


def path_spellings(url: str, sid: str) -> list[str]:
    """The absolute *url* of *sid* with its path spelled otherwise; the SID stays as it is."""
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    origin, head = f"{scheme}://{host}", path.removesuffix(f"/{sid}")
    last = head.rpartition("/")[2]
    escaped = f"{head.removesuffix(last)}%{ord(last[0]):02X}{last[1:]}"
    return [
        f"{origin}//{path}",
        f"{origin}/{path}/",
        f"{origin}/{head}/./{sid}",
        f"{origin}/{head}/{last}/../{sid}",
        f"{origin}/{head.swapcase()}/{sid}",
        f"{origin}/{escaped}/{sid}",
    ]
