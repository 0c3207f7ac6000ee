"""Reading the list of configurations page by page, with an end in sight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from orchestrator_contract.client import Client
from orchestrator_contract.exchange import Exchange
from orchestrator_contract.verdict import Unverifiable

MAX_PAGES = 400
_MAX_TOKEN = 8192


class Unlistable(Unverifiable):
    """The list can't be read to its end."""


class Listing:
    """The list of one target."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def pages(self, *, size: int | None = None, account: int = 0, region: int = 0, store: str | None = None) -> Iterator[Exchange]:
        """Every page in order.

        Raises:
            Unlistable: a page is not readable, or there are more than `MAX_PAGES`.
        """
        token: str | None = None
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            query = {"pageSize": size, "pageToken": token, "memoryStoreId": store}
            page = self.client.page(
                urlencode({name: value for name, value in query.items() if value is not None}), account=account, region=region
            )
            if page.status != 200 or not isinstance(page.object.get("configurations"), list):  # noqa: PLR2004  # HTTP
                raise Unlistable(f"the list can't be read: {page.outcome()}")
            yield page
            meta = page.object.get("meta")
            token = meta.get("nextToken") if isinstance(meta, dict) else None
            if not isinstance(token, str) or not token:
                return
            again = token in seen
            self.client.ledger.hold("CTRL-PAGES", not again and len(token) <= _MAX_TOKEN, expected="a nextToken that leads on",
                                    seen=f"{'one seen before' if again else 'one too long to send'}: {token:.60}", exchanges=[page])
            if again or len(token) > _MAX_TOKEN:
                raise Unlistable("the list has no end")
            seen.add(token)
        raise Unlistable(f"the list has more than {MAX_PAGES} pages")

    def items(self, **options: Any) -> Iterator[tuple[dict[str, Any], Exchange]]:
        """Every configuration with the page that holds it."""
        for page in self.pages(**options):
            for item in page.object["configurations"]:
                if isinstance(item, dict):
                    yield item, page

    def find(self, wanted: Callable[[dict[str, Any]], bool], *, account: int = 0, region: int = 0) -> str | None:
        """The id of the first configuration that is wanted; None when there is none or the list can't be read."""
        try:
            for item, _ in self.items(size=1000, account=account, region=region):
                if wanted(item) and isinstance(item.get("id"), str):
                    return str(item["id"])
        except Unverifiable:
            return None
        return None
