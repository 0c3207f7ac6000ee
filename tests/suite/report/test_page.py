"""conformance.html, read by the parser that the HTML standard describes."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import html5lib
import pytest

from orchestrator_contract.redaction.visible import visible
from orchestrator_contract.report import as_html
from orchestrator_contract.results.verdict import Result

#: Elements that load something, run something or leave the page by themselves.
_ACTIVE = {
    "iframe",
    "object",
    "embed",
    "base",
    "img",
    "audio",
    "video",
    "image",
    "use",
    "foreignObject",
    "animate",
    "set",
}


def parse(text: str) -> Element:
    """The document; what a validator would call a parse error is one here."""
    root: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    return root


def elements(root: Element) -> Iterator[tuple[str, Element]]:
    """All elements with their names, without namespaces."""
    for element in root.iter():
        if isinstance(element.tag, str):
            yield element.tag.rpartition("}")[2], element


def words(element: Element) -> str:
    """The text of an element, its pieces parted by single spaces."""
    return " ".join(" ".join(element.itertext()).split())


def test_valid_and_passive(any_result: Result) -> None:
    """The page parses without errors and holds no active part but its script."""
    root = parse(as_html(any_result))

    found = list(elements(root))

    assert [name for name, _ in found if name in _ACTIVE] == []
    assert len([name for name, _ in found if name == "script"]) == 1
    assert [
        name
        for name, element in found
        for key in element.keys()  # noqa: SIM118  # an element is no dict
        if key.startswith("on") or key in ("src", "srcset", "style")
    ] == []
    assert {element.get("href") for name, element in found if name == "link"} == {"data:,"}
    links = {element.get("href", "") for name, element in found if name == "a"}
    assert [
        link
        for link in links
        if not link.startswith(
            ("#", "https://www.rfc-editor.org/", "https://datatracker.ietf.org/")
        )
    ] == []


def test_policy_names_what_the_page_holds(any_result: Result) -> None:
    """The policy allows the page's own style and script, by their hashes."""
    root = parse(as_html(any_result))
    found = {name: element for name, element in elements(root) if name in ("style", "script")}
    policy = next(
        e.get("content", "")
        for name, e in elements(root)
        if e.get("http-equiv") == "Content-Security-Policy"
    )

    for name in ("style", "script"):
        digest = base64.b64encode(
            hashlib.sha256((found[name].text or "").encode()).digest()
        ).decode()
        assert f"{name}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_links_lead_somewhere(any_result: Result) -> None:
    """Ids are unique, and every link within the page has its target."""
    root = parse(as_html(any_result))
    ids = [element.get("id") for _, element in elements(root) if element.get("id")]

    assert len(ids) == len(set(ids))
    links = [e.get("href", "") for name, e in elements(root) if name == "a"]
    assert [link for link in links if link.startswith("#") and link[1:] not in ids] == []


def test_controls_have_names(breached: Result) -> None:
    """Inputs, buttons, drawings and regions have names; the page has landmarks."""
    root = parse(as_html(breached))
    labelled = {e.get("for") for name, e in elements(root) if name == "label"}
    inside = {id(child) for name, e in elements(root) if name == "label" for child in e.iter()}

    for name, element in elements(root):
        if name == "input":
            assert element.get("id") in labelled or id(element) in inside
        if name == "button":
            assert words(element)
        if (name == "svg" and element.get("role") == "img") or element.get("tabindex") == "0":
            assert element.get("aria-label")
    assert {"header", "nav", "main", "footer", "h1", "h2"} <= {name for name, _ in elements(root)}


def test_no_active_characters(any_result: Result) -> None:
    """No control, bidi or invisible character is in the file."""
    assert as_html(any_result).replace("\n", "").isprintable()


def test_hostile_text_is_shown(hostile: Result) -> None:
    """The endpoint's text is readable, with escapes for invisible characters."""
    root = parse(as_html(hostile))

    text = words(root)

    assert "</script><script>window.hostile=1</script>" in text
    assert visible("\x1b[31mred\x1b]0;title\x07\x9b") in text
    assert "\\u202eevil\\u2066" in text


def test_breach_is_complete(breached: Result) -> None:
    """A breach shows expected, seen, level, source, steps and commands."""
    root = parse(as_html(breached))
    article = next(e for _, e in elements(root) if e.get("id") == "b-DEL-202-HEADERS")

    text = words(article)

    assert 'Expected a number Seen 202 "retry-after is missing": retry-after is missing' in text
    assert "Level: documented . Source: S2" in text
    assert (
        text.count("curl -isS --path-as-is -X DELETE") == 6
    )  # four requests, and two of them once more as one paste
    assert "All 2 requests as one paste" in text
    assert "2 more findings" in text
    assert (
        "pytest --target 'vendor profile.toml' --requirement DEL-202-HEADERS --effort quick --seed 7"
        in text
    )


def test_causes(causes: Result) -> None:
    """Breaches on the same exchanges stand inside the most direct one, folded."""
    root = parse(as_html(causes))
    section = next(e for _, e in elements(root) if e.get("id") == "breaches")

    assert [
        e.get("id") for _, e in elements(section) if "breach" in (e.get("class") or "").split()
    ] == ["b-DEL-STATUS", "b-ERR-429-RETRY-AFTER"]
    lead = next(e for _, e in elements(section) if e.get("id") == "b-DEL-STATUS")
    also = [e for name, e in elements(lead) if name == "details" and e is not lead]
    assert [(e.get("id"), e.get("open")) for e in also if e.get("id")] == [
        ("b-DELETED-DELETE", None),
        ("b-OP-RETAINED", None),
    ]
    assert 'Expected 404 Seen 410 "no such resource"' in words(also[0])


def test_statuses(breached: Result) -> None:
    """Coverage tells seen from valid, provoked from never seen, documented from not."""
    root = parse(as_html(breached))
    section = next(e for _, e in elements(root) if e.get("id") == "statuses")
    rows = {
        words(next(iter(e))).split()[0]: words(e)
        for name, e in elements(section)
        if name == "tr" and e.get("class")
    }

    assert rows["202"] == "202 Accepted 20 19 seen in the course of the tests; 1 does not conform"
    assert rows["404"] == "404 Not Found 5 3 seen in the course of the tests; 2 not judged"
    assert "never seen: the target profile has no [faults.409]" in rows["409"]
    assert "never seen in this run" in rows["429"]
    assert "not a documented status" in rows["418"]


@pytest.mark.parametrize(
    ("situation", "said"),
    [
        pytest.param("conformant", "requirements that were judged are met.", id="conformant"),
        pytest.param("nonconformant", "3 of 8 requirements are breached.", id="nonconformant"),
        pytest.param(
            "incomplete",
            "No breach was found; 1 of 2 requirements could not be verified.",
            id="incomplete",
        ),
        pytest.param("unusable", "The endpoint could not be tested.", id="unusable"),
        pytest.param("nothing-judged", "Nothing was judged: no test was selected.", id="nothing"),
    ],
)
def test_banner(
    request: pytest.FixtureRequest, situation: str, said: str, situations: dict[str, Result]
) -> None:
    """The banner says what the run ended in."""
    root = parse(as_html(situations[situation]))

    banner = next(e for name, e in elements(root) if name == "header")

    assert said in words(banner)


def test_size(huge: Result) -> None:
    """Bodies are shown in part: a page stays small enough for a browser."""
    assert len(as_html(huge)) < 15_000_000


def test_needs_no_script(breached: Result) -> None:
    """Without the script nothing is hidden but the controls that need it."""
    root = parse(as_html(breached))

    hidden = [name for name, e in elements(root) if "hidden" in e.keys()]  # noqa: SIM118

    assert set(hidden) <= {"form", "button"}
    assert re.search(r"<details[^>]* id=\"b-DEL-202-HEADERS\" open>", as_html(breached))
