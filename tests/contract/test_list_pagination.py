"""The list: pages end, and hold each configuration until its deletion."""

from __future__ import annotations

import pytest

from orchestrator_contract.check import Check
from orchestrator_contract.contract.limits import DEFAULT_PAGE
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.rules import control_plane
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.list_walks import ListedConfigurations, ListWalks


@pytest.mark.extended
@pytest.mark.requirement("CTRL-PAGE")
@pytest.mark.parametrize("size", [1, 1000])
def test_page_may_have_any_documented_size(list_walks: ListWalks, check: Check, size: int) -> None:
    """The smallest and the largest documented page size are accepted."""
    page = list_walks.page(size)

    control_plane.page_answered(check.findings, page)


@pytest.mark.extended
@pytest.mark.requirement("CTRL-PAGINATION")
def test_next_token_is_accepted_on_every_connection(list_walks: ListWalks) -> None:
    """A nextToken leads on over a new connection."""
    list_walks.tokens_on_new_connections()


@pytest.mark.requirement("CTRL-PAGINATION", "CTRL-PAGE", "HTTP-JSON")
def test_small_pages_hold_each_configuration_once(
    list_walks: ListWalks, listed: ListedConfigurations
) -> None:
    """Following nextToken visits every configuration, none twice."""
    walk = list_walks.small_pages(listed.remaining)

    list_walks.check_pages(walk)


@pytest.mark.beside
@pytest.mark.extended
@pytest.mark.requirement("CTRL-PAGINATION")
def test_full_last_page_lacks_nothing(list_walks: ListWalks, listed: ListedConfigurations) -> None:
    """Pages of a size that divides the list's length hold each configuration once."""
    list_walks.full_last_page(listed.remaining)


@pytest.mark.requirement("CTRL-READ-AFTER-CREATE")
def test_list_holds_what_was_created(
    list_walks: ListWalks, listed: ListedConfigurations, newest: Configuration
) -> None:
    """The list holds every created configuration, the newest too."""
    list_walks.check_listed([*listed.remaining, newest])


@pytest.mark.requirement("CTRL-READ-AFTER-CREATE")
def test_every_fetch_shows_an_existing_configuration(
    list_walks: ListWalks, existing: list[Configuration]
) -> None:
    """Each of many fetches shows the configuration."""
    list_walks.fetch_each_time(existing)


@pytest.mark.extended
@pytest.mark.requirement("DEL-ACCEPTED", "CTRL-READ-AFTER-CREATE", "CTRL-PAGINATION")
def test_configurations_beyond_a_default_page(
    list_walks: ListWalks, more_than_a_page: list[Configuration], deletes: Deletes, check: Check
) -> None:
    """What stands behind the first default page is listed, fetched and deleted."""
    list_walks.check_pages(list_walks.small_pages(more_than_a_page, DEFAULT_PAGE))
    list_walks.check_listed(more_than_a_page)

    for configuration in more_than_a_page[-2:]:
        check.exists(configuration)
    deletes.later(deletes.accept(more_than_a_page[-1]))


@pytest.mark.requirement("DELETED-LIST", "EFFECT-NO-OTHER")
@pytest.mark.parametrize(
    "size", [pytest.param(6, id="small-pages"), pytest.param(1000, id="one-page")]
)
def test_deleted_configuration_is_on_no_page(
    listed: ListedConfigurations, check: Check, size: int
) -> None:
    """The list loses the deleted configurations, and no other."""
    deleted = listed.delete_some()

    check.not_listed(deleted, size=size, exist=listed.remaining)


@pytest.mark.extended
@pytest.mark.requirement("DELETED-LIST")
def test_pages_backwards_hold_nothing_deleted(
    list_walks: ListWalks, listed: ListedConfigurations, check: Check
) -> None:
    """Pages that previousToken leads to do not hold a deleted configuration."""
    deleted = listed.delete_some()

    for page in list_walks.backwards():
        check.page_holds_none(deleted, page)


@pytest.mark.extended
@pytest.mark.requirement("DELETED-LIST", "CTRL-READ-AFTER-CREATE")
def test_list_of_a_memory_store_holds_what_remains(
    list_walks: ListWalks, listed: ListedConfigurations, check: Check
) -> None:
    """The list of a memory store holds the remaining configurations only."""
    deleted = listed.delete_some()

    for page in list_walks.check_listed(listed.remaining, listed.store):
        check.page_holds_none(deleted, page)


@pytest.mark.requirement("EFFECT-NO-OTHER")
def test_delete_leaves_the_others(listed: ListedConfigurations, check: Check) -> None:
    """Configurations beside a deleted one exist, unchanged."""
    deleted = listed.delete_some()

    for configuration in listed.remaining[::2]:
        check.unchanged(configuration, after=deleted[0].accepted, requirement="EFFECT-NO-OTHER")
