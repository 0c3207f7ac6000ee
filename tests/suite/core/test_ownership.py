"""A run may create, and change configurations that it made or was given."""

from __future__ import annotations

import pytest

from orchestrator_contract.exceptions import NotOwned
from orchestrator_contract.guard import Ownership
from orchestrator_contract.http.exchange import Call
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope

BASE = "http://x.example/v2/ControlPlane/Configurations"


@pytest.fixture
def ownership() -> Ownership:
    """One that allows an id with a slash, and a raw segment."""
    made = Ownership()
    made.allow("a/b", "%0A")
    return made


@pytest.mark.parametrize(
    ("method", "url", "operation"),
    [
        pytest.param("DELETE", f"{BASE}/a%2Fb", "delete", id="by-its-id"),
        pytest.param("PUT", f"{BASE}/a/b", "update", id="unencoded"),
        pytest.param("PATCH", f"{BASE}/%0A", "patch", id="as-a-raw-segment"),
        pytest.param("POST", BASE, "create", id="create"),
        pytest.param(
            "DELETE", "http://other.example/Configurations/a%2Fb", "delete", id="any-base"
        ),
    ],
)
def test_allowed(ownership: Ownership, method: str, url: str, operation: str) -> None:
    """Requests on what is the run's pass, and creates do."""
    ownership.check(method, url, Call(operation), 0, 0)


@pytest.mark.parametrize(
    ("method", "url", "operation", "why"),
    [
        pytest.param(
            "DELETE",
            f"{BASE}/c",
            "delete",
            "DELETE on 'c', which this run neither created nor was given",
            id="unknown",
        ),
        pytest.param(
            "PUT",
            f"{BASE}/{'c' * 100}",
            "update",
            f"PUT on '{'c' * 80}', which this run neither created nor was given",
            id="long",
        ),
        pytest.param(
            "DELETE",
            f"{BASE}/a%2Fb?x",
            "delete",
            "DELETE on 'a%2Fb?x', which this run neither created nor was given",
            id="with-a-query",
        ),
        pytest.param(
            "DELETE",
            f"{BASE}/a%2Fb#x",
            "delete",
            "DELETE on 'a%2Fb#x', which this run neither created nor was given",
            id="fragment",
        ),
        pytest.param(
            "DELETE",
            f"{BASE}/c/Configurations/a%2Fb",
            "delete",
            "DELETE on 'c/Configurations/a%2Fb', which this run neither created nor was given",
            id="nested",
        ),
        pytest.param(
            "DELETE",
            f"{BASE}/\n",
            "delete",
            "DELETE on '\\n', which this run neither created nor was given",
            id="decoded-of-a-raw-segment",
        ),
        pytest.param(
            "DELETE", BASE, "delete", f"DELETE '{BASE}' names no configuration", id="the-whole-list"
        ),
        pytest.param(
            "POST",
            BASE,
            "other",
            f"POST '{BASE}' names no configuration",
            id="post-of-something-else",
        ),
        pytest.param(
            "PUT",
            BASE,
            "create",
            f"PUT '{BASE}' names no configuration",
            id="create-by-another-method",
        ),
        pytest.param(
            "POST",
            f"{BASE}?x",
            "create",
            f"POST '{BASE}?x' names no configuration",
            id="create-with-a-query",
        ),
        pytest.param(
            "POST",
            "http://x.example/y" + "y" * 300,
            "create",
            "POST 'http://x.example/" + "y" * 183 + "' names no configuration",
            id="another-path",
        ),
        pytest.param(
            "DELETE",
            "http://Configurations/a",
            "delete",
            "DELETE 'http://Configurations/a' names no configuration",
            id="host",
        ),
    ],
)
def test_refused(ownership: Ownership, method: str, url: str, operation: str, why: str) -> None:
    """A request that would change anything else is refused, with its reason."""
    with pytest.raises(NotOwned) as caught:
        ownership.check(method, url, Call(operation), 0, 0)

    assert str(caught.value) == why


def test_what_is_owned_and_touched(ownership: Ownership) -> None:
    """Ids are owned once they are allowed, and touched once a delete may have been carried out, in whatever spelling."""
    assert (ownership.owns("a/b", DEFAULT_SCOPE), ownership.owns("c", DEFAULT_SCOPE)) == (
        True,
        False,
    )
    assert ownership.untouched((DEFAULT_SCOPE, "a/b"))

    ownership.touch("a%2Fb", 0, 0, clear=True)
    ownership.touch("d%2Fe", 0, 0, clear=False)

    assert not ownership.untouched((DEFAULT_SCOPE, "a/b"))
    assert not ownership.untouched((DEFAULT_SCOPE, "d/e"))
    assert [ownership.doubtful((DEFAULT_SCOPE, one)) for one in ("a/b", "d/e", "c")] == [
        False,
        True,
        False,
    ]
    assert ownership.untouched((DEFAULT_SCOPE, "c"))
    assert ownership.owns("a/b", DEFAULT_SCOPE)


ELSEWHERE = [
    pytest.param(Scope(account=1), id="another-account"),
    pytest.param(Scope(region=1), id="another-region"),
]


@pytest.mark.parametrize("scope", ELSEWHERE)
def test_another_place_s_of_that_number(ownership: Ownership, scope: Scope) -> None:
    """Ids may be counted in each account and region, so what is the run's in one place is somebody's in another until it is lent."""
    ownership.allow("1")

    with pytest.raises(NotOwned, match="neither created nor was given"):
        ownership.check("DELETE", f"{BASE}/1", Call("delete"), scope.account, scope.region)

    ownership.lend("1", scope)
    ownership.check("DELETE", f"{BASE}/1", Call("delete"), scope.account, scope.region)
    assert ownership.owns("1", DEFAULT_SCOPE)


def test_requests_without_credentials(ownership: Ownership) -> None:
    """An unauthorized request may name the run's configuration of any account."""
    ownership.allow("1", scope=Scope(1, 1))

    ownership.check("DELETE", f"{BASE}/1", Call("delete"), None, 1)
    with pytest.raises(NotOwned):
        ownership.check("DELETE", f"{BASE}/1", Call("delete"), None, 0)


@pytest.mark.parametrize("scope", ELSEWHERE)
def test_touched_in_its_place(ownership: Ownership, scope: Scope) -> None:
    """Of two that are the run's under one id a delete of one says nothing of the other."""
    ownership.allow("1")
    ownership.allow("1", scope=scope)

    ownership.touch("1", scope.account, scope.region, clear=False)

    assert [ownership.untouched((one, "1")) for one in (DEFAULT_SCOPE, scope)] == [True, False]
    assert [ownership.doubtful((one, "1")) for one in (DEFAULT_SCOPE, scope)] == [False, True]


@pytest.mark.parametrize(
    "account",
    [pytest.param(1, id="as-another-account"), pytest.param(None, id="without-credentials")],
)
def test_touched_from_elsewhere(ownership: Ownership, account: int | None) -> None:
    """A delete that was carried out for who may not, or in a region that shares it, took what is the run's in whatever place."""
    ownership.allow("1")
    ownership.lend("1", Scope(1, 1))

    ownership.touch("1", account, 1, clear=False)

    assert not ownership.untouched((DEFAULT_SCOPE, "1"))
    assert ownership.doubtful((DEFAULT_SCOPE, "1"))


@pytest.mark.parametrize(
    "path",
    [
        "//v2/ControlPlane/Configurations/{}",
        "/v2/ControlPlane/Configurations/{}/",
        "/v2/ControlPlane/Configurations/./{}",
        "/V2/cONTROLpLANE/cONFIGURATIONS/{}",
        "/v2/ControlPlane/%43onfigurations/{}",
        "/v2/ControlPlane/x/../Configurations/{}",
    ],
)
def test_other_spellings_of_the_path(ownership: Ownership, path: str) -> None:
    """A path that a server may read as the run's own is let pass, and no other."""
    ownership.allow("1")
    call, url = Call("delete"), f"http://target.example{path}"

    ownership.check("DELETE", url.format("1"), call, 0, 0)
    with pytest.raises(NotOwned):
        ownership.check("DELETE", url.format("2"), call, 0, 0)
