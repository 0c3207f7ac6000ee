"""The calls around the delete: creates, updates, reads and pages.

Source: S2 (create, fetch, list, PUT, PATCH); contract.md "Requests".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from orchestrator_contract.contract.limits import LARGEST_PAGE
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.results.findings import Findings

#: Longest page token that is sent, in characters.
LONGEST_TOKEN = 8192
#: Empty pages in a row that lead on, from which the list counts as endless: some servers filter
#: after cutting pages.
MOST_EMPTY_PAGES = 60


def accepted(findings: Findings, exchange: Exchange) -> bool:
    """A create or update that succeeds is accepted with 202."""
    return findings.status("CTRL-ACCEPTED", [exchange], 202)


def refused(findings: Findings, exchange: Exchange) -> bool:
    """A create or fetch that can't be served is refused."""
    status = exchange.status
    return findings.check(
        "CTRL-REFUSED",
        status is not None and 300 <= status < 500,
        expected="a 4xx",
        seen=exchange.outcome(),
        exchanges=[exchange],
    )


def same_configuration(findings: Findings, sid: str, fetch: Exchange) -> bool:
    """A fetch shows the configuration that it names.

    The prefix of ids is open (OBS-SID-PREFIX).
    """
    named = fetch.object.get("id") if fetch.status == 200 else None
    if not isinstance(named, str):
        return True
    return findings.check(
        "CTRL-CONFIGURATION",
        named.rpartition("_")[2] == sid.rpartition("_")[2],
        expected=f"id {sid}",
        seen=f"{named:.120}",
        exchanges=[fetch],
        where="$.id",
    )


def shown(findings: Findings, fetch: Exchange, expected: str = "200") -> bool:
    """A fetch shows a configuration that was created and not deleted."""
    return findings.check(
        "CTRL-READ-AFTER-CREATE",
        fetch.status != 404,
        expected=expected,
        exchanges=[fetch],
    )


def listed(findings: Findings, missing: Collection[str], pages: Sequence[Exchange]) -> bool:
    """The list shows every configuration that was created and not deleted."""
    return findings.check(
        "CTRL-READ-AFTER-CREATE",
        not missing,
        expected=f"{min(missing, default='every created configuration')} in the list",
        seen=f"{len(missing)} missing",
        exchanges=pages[-1:],
    )


def other_payload_refused(findings: Findings, before: Sequence[Exchange], again: Exchange) -> bool:
    """A key with another payload does not return the earlier response."""
    same = [
        one for one in before if again.status == 202 and again.operation_names & one.operation_names
    ]
    return findings.check(
        "CTRL-KEY-PAYLOAD",
        not same,
        expected="a refusal (17534), not the response to another payload",
        seen=f"that payload's operation: {again.outcome()}",
        exchanges=[*same[:1], again],
    )


# ------------------------------------------------------------------ pages


def page_answered(findings: Findings, page: Exchange, *, valid: bool = True) -> bool:
    """A page may have any documented size; another query gets a page or a refusal."""
    refusals = () if valid else range(400, 500)
    expected = f"200: pageSize may be 1 to {LARGEST_PAGE}" if valid else "200 or a 4xx"
    return findings.status("CTRL-PAGE", [page], 200, *refusals, expected=expected)


def token_leads_on(
    findings: Findings, page: Exchange, token: str, *, seen_before: bool, empty_pages: int
) -> bool:
    """A nextToken leads to a further page, and the list has an end."""
    check = partial(findings.check, "CTRL-PAGINATION", exchanges=[page])
    ends = check(
        empty_pages < MOST_EMPTY_PAGES,
        expected="an end to the list",
        seen=f"{empty_pages} empty pages in a row that lead on",
    )
    leads_on = check(
        not seen_before and len(token) <= LONGEST_TOKEN,
        expected="a nextToken that leads on",
        seen=f"one {'seen before' if seen_before else 'too long to send'}: {token:.60}",
    )
    return ends and leads_on


def token_accepted(findings: Findings, given: Sequence[Exchange], refused: Exchange) -> bool:
    """A nextToken is accepted on every connection: this one is refused."""
    return findings.check(
        "CTRL-PAGINATION",
        False,
        expected="the page that nextToken leads to",
        exchanges=[*given[-1:], refused],
    )


def page_holds_each_once(findings: Findings, page: Exchange, items: Sequence[Any]) -> bool:
    """A page holds each configuration once, and no more than may be asked for."""
    ids = [item.get("id") for item in items if isinstance(item, dict)]
    times = Counter(sid for sid in ids if isinstance(sid, str))
    twice = next((sid for sid, number in times.items() if number > 1), None)
    check = partial(findings.check, "CTRL-PAGINATION", exchanges=[page])
    once = check(
        twice is None, expected="each configuration once on a page", seen=f"{twice!s:.80} twice"
    )
    if len(items) <= LARGEST_PAGE:
        return once
    expected = f"at most {LARGEST_PAGE} configurations on a page"
    return check(False, expected=expected, seen=str(len(items)))


def pages_hold_each_once(
    findings: Findings,
    missing: Collection[str],
    repeated: Collection[str],
    pages: Sequence[Exchange],
    size: int,
) -> bool:
    """Following nextToken visits each configuration once; pages keep the size."""
    largest = max((len(page.object["configurations"]) for page in pages), default=0)
    check = partial(findings.check, "CTRL-PAGINATION", exchanges=pages[-2:])
    results = [
        check(
            not missing,
            expected="every created configuration on one of the pages",
            seen=f"{len(missing)} missing, e.g. {min(missing, default='')}",
        ),
        check(not repeated, expected="each once", seen=f"{min(repeated, default='')} twice"),
        check(largest <= size, expected=f"at most pageSize ({size}) on a page", seen=str(largest)),
    ]
    return all(results)
