"""What a run may change: what it made or was given, and creates."""

from __future__ import annotations

import pytest

from orchestrator_contract.exchange import Call
from orchestrator_contract.ownership import NotOwned, Ownership

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
        pytest.param("DELETE", f"{BASE}/a%2Fb", "delete", id="by-its-id"), pytest.param("PUT", f"{BASE}/a/b", "update", id="unencoded"),
        pytest.param("PATCH", f"{BASE}/%0A", "patch", id="as-a-raw-segment"), pytest.param("POST", BASE, "create", id="create"),
        pytest.param("DELETE", "http://other.example/Configurations/a%2Fb", "delete", id="any-base"),
    ],
)
def test_allowed(ownership: Ownership, method: str, url: str, operation: str) -> None:
    """Requests on what is the run's pass, and creates do."""
    ownership.check(method, url, Call(operation))


@pytest.mark.parametrize(
    ("method", "url", "operation", "why"),
    [
        pytest.param("DELETE", f"{BASE}/c", "delete", "DELETE on 'c', which this run neither created nor was given", id="unknown"),
        pytest.param("PUT", f"{BASE}/{'c' * 100}", "update", f"PUT on '{'c' * 80}', which this run neither created nor was given", id="long"),
        pytest.param("DELETE", f"{BASE}/a%2Fb?x", "delete", "DELETE on 'a%2Fb?x', which this run neither created nor was given", id="with-a-query"),
        pytest.param("DELETE", f"{BASE}/a%2Fb#x", "delete", "DELETE on 'a%2Fb#x', which this run neither created nor was given", id="fragment"),
        pytest.param("DELETE", f"{BASE}/c/Configurations/a%2Fb", "delete",
                     "DELETE on 'c/Configurations/a%2Fb', which this run neither created nor was given", id="nested"),
        pytest.param("DELETE", f"{BASE}/\n", "delete", "DELETE on '\\n', which this run neither created nor was given", id="decoded-of-a-raw-segment"),
        pytest.param("DELETE", BASE, "delete", f"DELETE '{BASE}' names no configuration", id="the-whole-list"),
        pytest.param("POST", BASE, "other", f"POST '{BASE}' names no configuration", id="post-of-something-else"),
        pytest.param("PUT", BASE, "create", f"PUT '{BASE}' names no configuration", id="create-by-another-method"),
        pytest.param("POST", f"{BASE}?x", "create", f"POST '{BASE}?x' names no configuration", id="create-with-a-query"),
        pytest.param("POST", "http://x.example/y" + "y" * 300, "create",
                     "POST 'http://x.example/" + "y" * 183 + "' names no configuration", id="another-path"),
        pytest.param("DELETE", "http://Configurations/a", "delete", "DELETE 'http://Configurations/a' names no configuration", id="host"),
    ],
)
def test_refused(ownership: Ownership, method: str, url: str, operation: str, why: str) -> None:
    """Whatever else a request would change is refused, with its reason."""
    with pytest.raises(NotOwned) as caught:
        ownership.check(method, url, Call(operation))

    assert str(caught.value) == why


def test_what_is_owned_and_touched(ownership: Ownership) -> None:
    """Ids are owned once they are allowed, and touched once a delete may have been carried out, in whatever spelling."""
    assert (ownership.owns("a/b"), ownership.owns("c")) == (True, False)
    assert ownership.untouched("a/b")

    ownership.touch("a%2Fb", clear=True)
    ownership.touch("d%2Fe", clear=False)

    assert not ownership.untouched("a/b")
    assert not ownership.untouched("d/e")
    assert [ownership.doubtful(one) for one in ("a/b", "d/e", "c")] == [False, True, False]
    assert ownership.untouched("c")
    assert ownership.owns("a/b")
