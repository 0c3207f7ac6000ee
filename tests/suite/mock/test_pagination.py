"""The list: pages, tokens and filters."""

from __future__ import annotations

from typing import Any

import pytest

COLLECTION = "/v2/ControlPlane/Configurations"
STORE = "memoryStoreId=mem_store_01k1etk2y5f1y9fpe2epfdtvv2"


def walk(mock: Any, size: int, side: str = "nextToken", token: str = "") -> list[list[str]]:
    """Ids of all pages from *token* on, following *side*."""
    pages = []
    while True:
        page = mock.call(
            "GET",
            f"{COLLECTION}?{STORE}&pageSize={size}" + (f"&pageToken={token}" if token else ""),
        ).document
        pages.append([one["id"] for one in page["configurations"]])
        if side not in page["meta"]:
            return pages
        token = page["meta"][side]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 1000])
def test_walk(mock: Any, size: int) -> None:
    """Following nextToken shows every item once, in creation order."""
    sids = [mock.create() for _ in range(7)]

    pages = walk(mock, size)

    assert [sid for page in pages for sid in page] == sids
    assert all(len(page) == size for page in pages[:-1])


def test_walk_back(mock: Any) -> None:
    """previousToken leads back to the first page, which has none."""
    sids = [mock.create() for _ in range(5)]
    first = mock.call("GET", f"{COLLECTION}?{STORE}&pageSize=2").document
    assert "previousToken" not in first["meta"]
    second = mock.call(
        "GET", f"{COLLECTION}?{STORE}&pageSize=2&pageToken={first['meta']['nextToken']}"
    ).document

    back = walk(mock, 2, "previousToken", second["meta"]["previousToken"])

    assert back == [sids[:2]]


def test_walk_while_items_go(mock: Any) -> None:
    """A token stays good when the items before it are deleted."""
    sids = [mock.create() for _ in range(4)]
    token = mock.call("GET", f"{COLLECTION}?{STORE}&pageSize=2").document["meta"]["nextToken"]
    for sid in sids[:2]:
        mock.delete(sid)
    mock.settle()

    assert walk(mock, 2, token=token) == [sids[2:]]


def test_defaults(mock: Any) -> None:
    """Without parameters a page has 50 items, named by key and pageSize."""
    for _ in range(51):
        mock.create()

    page = mock.call("GET", COLLECTION).document

    assert len(page["configurations"]) == 50
    assert (page["meta"]["key"], page["meta"]["pageSize"]) == ("configurations", 50)


def test_filter(mock: Any) -> None:
    """memoryStoreId keeps its own configurations only."""
    mock.create()

    assert mock.call("GET", f"{COLLECTION}?memoryStoreId=other").document["configurations"] == []


@pytest.mark.parametrize(
    "query",
    [
        "pageSize=0",
        "pageSize=1001",
        "pageSize=x",
        "pageSize=",
        "pageSize=%C2%B2",
        "pageToken=x",
        "pageToken=",
        "pageToken=%ff",
    ],
)
def test_bad_query(mock: Any, query: str) -> None:
    """A page size or token that cannot be used is refused."""
    assert mock.call("GET", f"{COLLECTION}?{query}").document["code"] == 530004
