"""The list: pages lead to an end, and a deletion shows on every one of them."""

import contextlib
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest

from orchestrator_contract.api.operation import Operation
from orchestrator_contract.api.pagination import Unlistable, small_size, token_of
from orchestrator_contract.endpoint import Suite
from orchestrator_contract.http.exchange import Exchange
from orchestrator_contract.http.retry_after import past_500
from orchestrator_contract.provision.configuration import LATE_S, Configuration
from orchestrator_contract.provision.payload import RICH
from orchestrator_contract.results.findings import Unverifiable
from orchestrator_contract.rules.responses import LARGEST_PAGE
from orchestrator_contract.scope import HOME, Place
from orchestrator_contract.steps.deletes import Scenarios

#: How often small pages are walked over while they do not show everything once.
WALKS = 4


@pytest.mark.twice
@pytest.mark.requirement("CTRL-PAGES", "CTRL-PAGE")
def test_page_requests(suite: Suite) -> None:
    """A page may have any documented size, and a nextToken is good on every connection."""
    for size in (1, LARGEST_PAGE):
        page = past_500(partial(suite.client.page, f"pageSize={size}"))
        suite.ledger.hold(
            "CTRL-PAGE",
            page.status == 200,
            expected=f"200: pageSize may be 1 to {LARGEST_PAGE}",
            seen=page.outcome(),
            exchanges=[page],
        )
    tokens_lead_on(suite)


@pytest.mark.requirement(
    "CTRL-PAGES", "CTRL-PAGE", "CTRL-VISIBLE", "GONE-LIST", "GONE-ONLY", "HTTP-JSON"
)
def test_pages(suite: Suite, scenarios: Scenarios) -> None:
    """Small pages show every configuration once; after deletes none that is gone, on no page, and all others."""
    few = suite.effort.few
    configurations = (
        suite.configurations.take(3)
        if few
        else suite.configurations.take(14, payloads=[RICH], least=3)
    )
    sids = {configuration.sid for configuration in configurations}
    stores: dict[str, Any] = {}
    # Others may create and delete meanwhile, which moves offsets: only what repeats, with nothing moved, is a finding.
    for attempt in range(WALKS):
        seen: list[str] = []
        pages: list[Exchange] = []
        try:
            before = suite.configurations.listing.sids()
            size = small_size(before)
            for item, page in suite.configurations.listing.items(size=size):
                seen.append(str(item.get("id")))
                stores[seen[-1]] = item.get("memoryStoreId")
                pages.append(page)
        except Unverifiable:
            if attempt == WALKS - 1:
                raise
            continue
        missing = sids - set(seen)
        twice = {sid for sid in sids if seen.count(sid) > 1}
        moved = bool(
            (missing or twice)
            and (before ^ suite.configurations.listing.sids()) - suite.inventory.sids(HOME)
        )
        if not missing and not twice:
            break
        suite.wait(max(one.late_s for one in configurations))
    if moved:
        suite.ledger.unverified(
            ["CTRL-PAGES"], "others changed the list during every walk over it", one_way=True
        )
        missing = twice = set()
    shown = suite.configurations.listing.sids()
    if not sids <= shown:
        suite.wait(max(one.late_s for one in configurations))
        shown |= suite.configurations.listing.sids()
    suite.ledger.hold(
        "CTRL-VISIBLE",
        sids <= shown,
        expected="every created configuration in the list",
        seen="one is missing",
        exchanges=pages[-1:],
    )
    suite.ledger.hold(
        "CTRL-PAGES",
        not missing,
        expected="every created configuration on one of the pages",
        seen=f"{len(missing)} missing, e.g. {min(missing, default='')}",
        exchanges=pages[-2:],
    )
    suite.ledger.hold(
        "CTRL-PAGES",
        not twice,
        expected="each once",
        seen=f"{min(twice, default='')} twice",
        exchanges=pages[-2:],
    )
    sizes = [len(page.object["configurations"]) for page in pages]
    suite.ledger.hold(
        "CTRL-PAGES",
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
        scenarios.each(lambda c: scenarios.accepted(c, key=suite.key()), gone), gone
    )

    for pages_of in (size, LARGEST_PAGE):
        scenarios.presence.unlisted(done, size=pages_of, kept=kept)
    store = configurations[0].payload.get("memoryStoreId")
    if not few:
        backwards(suite)
    if not few and isinstance(store, str):
        by_store(suite, store, done, {one.sid for one in kept if stores.get(one.sid) == store})
    for configuration in kept:
        if scenarios.presence.kept(
            "GONE-ONLY", configuration, [operation.accepted for operation in done][:2]
        ):
            suite.configurations.give_back(configuration)


def tokens_lead_on(suite: Suite) -> None:
    """A nextToken is good on every connection: behind a balancer the next page may be asked of another copy."""
    given: list[Exchange] = []
    refused: list[Exchange] = []
    for _ in range(WALKS):
        given.clear()
        try:
            given += suite.configurations.listing.pages(size=a_third(suite), fresh=True)
        except Unlistable as error:
            refused += (
                [error.page]
                if given and error.page is not None and error.page.status in range(400, 500)
                else []
            )
        else:
            return
    # What others do meanwhile may spoil one or two.
    if len(refused) == WALKS:
        suite.ledger.hold(
            "CTRL-PAGES",
            False,
            expected="the page that nextToken leads to",
            seen=refused[-1].outcome(),
            exchanges=[*given[-1:], refused[-1]],
        )


def backwards(suite: Suite) -> None:
    """Pages that previousToken leads to, where one is given, are looked at as every answer of the list is: they hold nothing that is gone."""
    with contextlib.suppress(Unverifiable):  # what other walks have shown stands
        size = a_third(suite)
        page = [*suite.configurations.listing.pages(size=size)][-1]
        for _ in range(3):
            token = token_of(page, "previousToken")
            if not token:
                return
            page = past_500(
                partial(suite.client.page, urlencode({"pageSize": size, "pageToken": token}))
            )


def a_third(suite: Suite) -> int:
    """A page size that spreads the list over three pages."""
    return max(2, -(-len(suite.configurations.listing.sids()) // 3))


def by_store(suite: Suite, store: str, done: list[Operation], left: set[str]) -> None:
    """The list of a memory *store* holds none of what is gone, and what is *left* in it, seconds after the create or at once."""
    pages: list[Exchange] = []

    def missing() -> set[str]:
        pages[:] = suite.configurations.listing.pages(size=LARGEST_PAGE, store=store)
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
        suite.ledger.hold(
            "GONE-LIST",
            not shows,
            expected=f"no {operation.sid} among those of its memory store",
            seen="it is listed",
            exchanges=[operation.accepted, *operation.polls[-1:], *shows[:1]],
        )
    if lacking:
        suite.until(lambda: not missing(), LATE_S, 0.5)
        lacking = missing()
    suite.ledger.hold(
        "CTRL-VISIBLE",
        not lacking,
        expected=f"{min(lacking, default='')} among those of its memory store",
        seen="not there",
        exchanges=pages[-1:],
    )


@pytest.mark.requirement("GONE-ONLY", "GONE-FETCH")
def test_namesake(suite: Suite, scenarios: Scenarios) -> None:
    """A delete takes the configuration it names and leaves those of the same name; another such does not bring the first back."""
    # Alike in every part that two may share.
    configuration = (
        suite.configurations.one()
        if suite.effort.few
        else suite.configurations.take(1, payloads=[RICH])[0]
    )
    try:
        twin = suite.configurations.creator.namesake(configuration)
    except Unverifiable:
        return  # not every endpoint takes two of one name, and none has to

    twins = [twin, *namesakes_elsewhere(suite, configuration)]

    done = scenarios.completed(
        [scenarios.accepted(configuration, key=suite.key())], [configuration]
    )

    for one in twins:
        scenarios.presence.kept("GONE-ONLY", one, [operation.accepted for operation in done])
    if not suite.effort.few:
        with contextlib.suppress(Unverifiable):
            again = suite.configurations.creator.namesake(configuration)
            there, fetch = scenarios.presence.stands(again)
            suite.ledger.hold(
                "CTRL-VISIBLE",
                there is not False,
                expected=f"{again.sid}, just created",
                seen="404",
                exchanges=[fetch],
            )
        scenarios.each(scenarios.presence.gone, done)


def namesakes_elsewhere(suite: Suite, configuration: Configuration) -> list[Configuration]:
    """The same once more in another account and in another region, where the target has them and takes it."""
    profile, found = suite.profile, []
    for place in (Place(1, 0), Place(0, 1)) if not suite.effort.few else ():
        if place.account < len(profile.accounts) and place.region < len(profile.bases):
            with contextlib.suppress(Unverifiable):
                found.append(suite.configurations.creator.namesake(configuration, place))
    return found


@pytest.mark.requirement("CTRL-VISIBLE")
def test_listed(suite: Suite) -> None:
    """A configuration is in the list seconds after its create has COMPLETED, or at once."""
    configuration = suite.configurations.take(1, payloads=[{}])[0]
    pages: list[Exchange] = []

    def listed() -> bool:
        pages.clear()
        for page in suite.configurations.listing.pages(size=LARGEST_PAGE):
            pages.append(page)
            if any(
                isinstance(item, dict) and item.get("id") == configuration.sid
                for item in page.object["configurations"]
            ):
                return True
        return False

    found = suite.until(listed, LATE_S, 0.2)

    if not found and sum(bool(one.object["configurations"]) for one in pages) > 1:
        # Others may have changed the list under the walk, and moved it from a later page to an earlier one.
        raise Unverifiable(
            "the list does not fit on one page, and the new configuration was not seen on any"
        )
    suite.ledger.hold(
        "CTRL-VISIBLE",
        found,
        expected=f"{configuration.sid}, created {LATE_S:g} s ago, in the list",
        seen="not there",
        exchanges=pages[-1:],
    )
    suite.configurations.give_back(configuration)


@pytest.mark.requirement("CTRL-VISIBLE")
def test_shown_each_time(suite: Suite) -> None:
    """A configuration that is there is shown by every fetch, not by most."""
    configurations = suite.configurations.take(1 if suite.effort.few else 4)
    number = max(2, suite.effort.refusals // 4)

    def looks() -> list[Exchange]:
        fetches = [
            suite.client.fetch(configurations[n % len(configurations)].sid) for n in range(number)
        ]
        return [fetch for fetch in fetches if fetch.status in (200, 404)]

    late, told = max(one.late_s for one in configurations), looks()
    if late and any(fetch.status == 404 for fetch in told):
        suite.wait(late)
        told = looks()
    for fetch in told:
        suite.ledger.hold(
            "CTRL-VISIBLE", fetch.status == 200, expected="200", seen="404", exchanges=[fetch]
        )
    suite.configurations.give_back(*configurations)
