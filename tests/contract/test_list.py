"""The list: pages lead to an end, and a deletion shows on every one of them."""

import contextlib
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest

from orchestrator_contract.api.configuration import READ_LAG_S, Configuration
from orchestrator_contract.api.operation import Operation
from orchestrator_contract.api.pagination import small_size, token_of
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive, ListUnreadable
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.provision.payload import RICH
from orchestrator_contract.rules.responses import LARGEST_PAGE
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.deletes import Scenarios

#: How often small pages are walked over while they do not show everything once.
WALKS = 4


@pytest.mark.twice
@pytest.mark.requirement("CTRL-PAGINATION", "CTRL-PAGE")
def test_page_requests(endpoint: Endpoint) -> None:
    """A page may have any documented size, and a nextToken is good on every connection."""
    for size in (1, LARGEST_PAGE):
        page = past_500(partial(endpoint.client.page, f"pageSize={size}"))
        endpoint.findings.check(
            "CTRL-PAGE",
            page.status == 200,
            expected=f"200: pageSize may be 1 to {LARGEST_PAGE}",
            seen=page.outcome(),
            exchanges=[page],
        )
    tokens_lead_on(endpoint)


@pytest.mark.requirement(
    "CTRL-PAGINATION",
    "CTRL-PAGE",
    "CTRL-READ-AFTER-CREATE",
    "DELETED-LIST",
    "EFFECT-NO-OTHER",
    "HTTP-JSON",
)
def test_pages(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """Small pages show every configuration once; after deletes none that is gone, on no page, and all others."""
    few = endpoint.effort.few
    configurations = (
        endpoint.configurations.take(3)
        if few
        else endpoint.configurations.take(14, payloads=[RICH], least=3)
    )
    sids = {configuration.sid for configuration in configurations}
    stores: dict[str, Any] = {}
    # Others may create and delete meanwhile, which moves offsets: only what repeats, with nothing moved, is a finding.
    for attempt in range(WALKS):
        seen: list[str] = []
        pages: list[Exchange] = []
        try:
            before = endpoint.configurations.listing.sids()
            size = small_size(before)
            for item, page in endpoint.configurations.listing.items(size=size):
                seen.append(str(item.get("id")))
                stores[seen[-1]] = item.get("memoryStoreId")
                pages.append(page)
        except Inconclusive:
            if attempt == WALKS - 1:
                raise
            continue
        missing = sids - set(seen)
        twice = {sid for sid in sids if seen.count(sid) > 1}
        moved = bool(
            (missing or twice)
            and (before ^ endpoint.configurations.listing.sids())
            - endpoint.inventory.sids(DEFAULT_SCOPE)
        )
        if not missing and not twice:
            break
        endpoint.wait(max(one.read_lag_s for one in configurations))
    if moved:
        endpoint.findings.unverified(
            ["CTRL-PAGINATION"], "others changed the list during every walk over it", one_way=True
        )
        missing = twice = set()
    shown = endpoint.configurations.listing.sids()
    if not sids <= shown:
        endpoint.wait(max(one.read_lag_s for one in configurations))
        shown |= endpoint.configurations.listing.sids()
    endpoint.findings.check(
        "CTRL-READ-AFTER-CREATE",
        sids <= shown,
        expected="every created configuration in the list",
        seen="one is missing",
        exchanges=pages[-1:],
    )
    endpoint.findings.check(
        "CTRL-PAGINATION",
        not missing,
        expected="every created configuration on one of the pages",
        seen=f"{len(missing)} missing, e.g. {min(missing, default='')}",
        exchanges=pages[-2:],
    )
    endpoint.findings.check(
        "CTRL-PAGINATION",
        not twice,
        expected="each once",
        seen=f"{min(twice, default='')} twice",
        exchanges=pages[-2:],
    )
    sizes = [len(page.object["configurations"]) for page in pages]
    endpoint.findings.check(
        "CTRL-PAGINATION",
        max(sizes, default=0) <= size,
        expected=f"at most pageSize ({size}) on a page",
        seen=str(max(sizes, default=0)),
        exchanges=pages[-1:],
    )
    # The oldest, one in the middle and the newest, so that both ends of the list lose one.
    gone = [
        configurations[0],
        *([] if few else [configurations[len(configurations) // 2]]),
        configurations[-1],
    ]
    kept = [configuration for configuration in configurations if configuration not in gone]

    done = scenarios.completed(
        scenarios.each(lambda c: scenarios.accepted(c, key=endpoint.key()), gone), gone
    )

    for pages_of in (size, LARGEST_PAGE):
        scenarios.existence.unlisted(done, size=pages_of, kept=kept)
    store = configurations[0].payload.get("memoryStoreId")
    if not few:
        backwards(endpoint)
    if not few and isinstance(store, str):
        by_store(endpoint, store, done, {one.sid for one in kept if stores.get(one.sid) == store})
    for configuration in kept:
        if scenarios.existence.kept(
            "EFFECT-NO-OTHER", configuration, [operation.accepted for operation in done][:2]
        ):
            endpoint.configurations.give_back(configuration)


def tokens_lead_on(endpoint: Endpoint) -> None:
    """A nextToken is good on every connection: behind a balancer the next page may be asked of another copy."""
    given: list[Exchange] = []
    refused: list[Exchange] = []
    for _ in range(WALKS):
        given.clear()
        try:
            given += endpoint.configurations.listing.pages(
                size=a_third(endpoint), new_connection=True
            )
        except ListUnreadable as error:
            refused += (
                [error.page]
                if given and error.page is not None and error.page.status in range(400, 500)
                else []
            )
        else:
            return
    # What others do meanwhile may spoil one or two.
    if len(refused) == WALKS:
        endpoint.findings.check(
            "CTRL-PAGINATION",
            False,
            expected="the page that nextToken leads to",
            seen=refused[-1].outcome(),
            exchanges=[*given[-1:], refused[-1]],
        )


def backwards(endpoint: Endpoint) -> None:
    """Pages that previousToken leads to, where one is given, are looked at as every answer of the list is: they hold nothing that is gone."""
    with contextlib.suppress(Inconclusive):  # what other walks have shown stands
        size = a_third(endpoint)
        page = [*endpoint.configurations.listing.pages(size=size)][-1]
        for _ in range(3):
            token = token_of(page, "previousToken")
            if not token:
                return
            page = past_500(
                partial(endpoint.client.page, urlencode({"pageSize": size, "pageToken": token}))
            )


def a_third(endpoint: Endpoint) -> int:
    """A page size that spreads the list over three pages."""
    return max(2, -(-len(endpoint.configurations.listing.sids()) // 3))


def by_store(endpoint: Endpoint, store: str, done: list[Operation], left: set[str]) -> None:
    """The list of a memory *store* holds none of what is gone, and what is *left* in it, seconds after the create or at once."""
    pages: list[Exchange] = []

    def missing() -> set[str]:
        pages[:] = endpoint.configurations.listing.pages(size=LARGEST_PAGE, store=store)
        return left - {
            str(item.get("id"))
            for page in pages
            for item in page.object["configurations"]
            if isinstance(item, dict)
        }

    lacking = missing()
    for operation in done:
        shows = [
            page
            for page in pages
            if any(
                isinstance(i, dict) and i.get("id") == operation.sid
                for i in page.object["configurations"]
            )
        ]
        endpoint.findings.check(
            "DELETED-LIST",
            not shows,
            expected=f"no {operation.sid} among those of its memory store",
            seen="it is listed",
            exchanges=[operation.accepted, *operation.polls[-1:], *shows[:1]],
        )
    if lacking:
        endpoint.until(lambda: not missing(), READ_LAG_S, 0.5)
        lacking = missing()
    endpoint.findings.check(
        "CTRL-READ-AFTER-CREATE",
        not lacking,
        expected=f"{min(lacking, default='')} among those of its memory store",
        seen="not there",
        exchanges=pages[-1:],
    )


@pytest.mark.requirement("EFFECT-NO-OTHER", "DELETED-FETCH")
def test_namesake(endpoint: Endpoint, scenarios: Scenarios) -> None:
    """A delete takes the configuration it names and leaves those of the same name; another such does not bring the first back."""
    # Alike in every part that two may share.
    configuration = (
        endpoint.configurations.one()
        if endpoint.effort.few
        else endpoint.configurations.take(1, payloads=[RICH])[0]
    )
    try:
        twin = endpoint.configurations.creator.namesake(configuration)
    except Inconclusive:
        return  # not every endpoint takes two of one name, and none has to

    twins = [twin, *namesakes_elsewhere(endpoint, configuration)]

    done = scenarios.completed(
        [scenarios.accepted(configuration, key=endpoint.key())], [configuration]
    )

    for one in twins:
        scenarios.existence.kept("EFFECT-NO-OTHER", one, [operation.accepted for operation in done])
    if not endpoint.effort.few:
        with contextlib.suppress(Inconclusive):
            again = endpoint.configurations.creator.namesake(configuration)
            there, fetch = scenarios.existence.stands(again)
            endpoint.findings.check(
                "CTRL-READ-AFTER-CREATE",
                there is not False,
                expected=f"{again.sid}, just created",
                seen="404",
                exchanges=[fetch],
            )
        scenarios.each(scenarios.existence.gone, done)


def namesakes_elsewhere(endpoint: Endpoint, configuration: Configuration) -> list[Configuration]:
    """The same once more in another account and in another region, where the target has them and takes it."""
    profile, found = endpoint.profile, []
    for scope in (Scope(1, 0), Scope(0, 1)) if not endpoint.effort.few else ():
        if scope.account < len(profile.accounts) and scope.region < len(profile.bases):
            with contextlib.suppress(Inconclusive):
                found.append(endpoint.configurations.creator.namesake(configuration, scope))
    return found


@pytest.mark.requirement("CTRL-READ-AFTER-CREATE")
def test_listed(endpoint: Endpoint) -> None:
    """A configuration is in the list seconds after its create has COMPLETED, or at once."""
    configuration = endpoint.configurations.take(1, payloads=[{}])[0]
    pages: list[Exchange] = []

    def listed() -> bool:
        pages.clear()
        for page in endpoint.configurations.listing.pages(size=LARGEST_PAGE):
            pages.append(page)
            if any(
                isinstance(item, dict) and item.get("id") == configuration.sid
                for item in page.object["configurations"]
            ):
                return True
        return False

    found = endpoint.until(listed, READ_LAG_S, 0.2)

    if not found and sum(bool(one.object["configurations"]) for one in pages) > 1:
        # Others may have changed the list under the walk, and moved it from a later page to an earlier one.
        raise Inconclusive(
            "the list does not fit on one page, and the new configuration was not seen on any"
        )
    endpoint.findings.check(
        "CTRL-READ-AFTER-CREATE",
        found,
        expected=f"{configuration.sid}, created {READ_LAG_S:g} s ago, in the list",
        seen="not there",
        exchanges=pages[-1:],
    )
    endpoint.configurations.give_back(configuration)


@pytest.mark.requirement("CTRL-READ-AFTER-CREATE")
def test_shown_each_time(endpoint: Endpoint) -> None:
    """A configuration that is there is shown by every fetch, not by most."""
    configurations = endpoint.configurations.take(1 if endpoint.effort.few else 4)
    number = max(2, endpoint.effort.refusals // 4)

    def looks() -> list[Exchange]:
        fetches = [
            endpoint.client.fetch(configurations[n % len(configurations)]) for n in range(number)
        ]
        return [fetch for fetch in fetches if fetch.status in (200, 404)]

    late, told = max(one.read_lag_s for one in configurations), looks()
    if late and any(fetch.status == 404 for fetch in told):
        endpoint.wait(late)
        told = looks()
    for fetch in told:
        endpoint.findings.check(
            "CTRL-READ-AFTER-CREATE",
            fetch.status == 200,
            expected="200",
            seen="404",
            exchanges=[fetch],
        )
    endpoint.configurations.give_back(*configurations)
