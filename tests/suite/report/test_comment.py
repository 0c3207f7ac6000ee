"""conformance.md, read by a CommonMark parser with GitHub's extensions."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from orchestrator_contract.report import as_markdown
from orchestrator_contract.report.markdown import code, fence
from orchestrator_contract.results.verdict import Result

PARSER = MarkdownIt("gfm-like", {"linkify": False})
#: The only HTML that the writer itself uses.
OWN_HTML = re.compile(r"\s*(<details><summary>[A-Za-z0-9 :,]+</summary>|</details>)\s*")


def tokens(text: str) -> Iterator[Token]:
    """All tokens, inline ones too."""
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def test_size(any_result: Result) -> None:
    """The file fits into a GitHub comment; one that was cut says so."""
    text = as_markdown(any_result)

    assert len(text.encode()) < 65_536
    full = len(any_result.rows) < 20 or not any_result.rows[0].record.shown
    assert ("left out here to fit" in text) is not full


def test_all_breaches_are_named_when_cut(huge: Result) -> None:
    """A shortened comment still names every breached requirement."""
    text = as_markdown(huge)

    assert [row.requirement.id for row in huge.rows if f"`{row.requirement.id}`" not in text] == []


def test_only_own_html(any_result: Result) -> None:
    """No text of the endpoint becomes HTML, a link, an image or a mention."""
    found = list(tokens(as_markdown(any_result)))

    assert [
        t.content
        for t in found
        if t.type in ("html_block", "html_inline") and not OWN_HTML.fullmatch(t.content)
    ] == []
    assert [t.type for t in found if t.type in ("link_open", "image")] == []
    assert [
        t.content for t in found if t.type == "text" and ("@" in t.content or "evil" in t.content)
    ] == []


def test_details_are_balanced(any_result: Result) -> None:
    """Each folded part is closed, cut or not."""
    blocks = "".join(t.content for t in tokens(as_markdown(any_result)) if t.type == "html_block")

    assert blocks.count("<details>") == blocks.count("</details>")


def test_no_active_characters(any_result: Result) -> None:
    """Printed into a job's log, the file moves no cursor and commands no runner."""
    text = as_markdown(any_result)

    assert [char for char in text if not char.isprintable() and char not in "\n\ufe0f"] == []
    assert re.findall(r"^\s*::|##\w*\[", text, re.MULTILINE) == []


def test_breaches_first(breached: Result) -> None:
    """Breaches stand before unverified requirements, with commands to repeat them."""
    text = as_markdown(breached)

    assert (
        text.index("### Breaches")
        < text.index("DEL-202-HEADERS")
        < text.index("ERR-429-RETRY-AFTER")
        < text.index("Not verified")
    )
    assert (
        "- Expected: `retry-after: a number`\n"
        '- Seen: `202 "retry-after is missing": retry-after is missing`' in text
    )
    assert "curl -isS" in text
    assert "documented, S2" in text
    assert (
        "pytest --target 'vendor profile.toml' --requirement DEL-202-HEADERS --effort quick --seed 7"
        in text
    )


def test_causes(causes: Result) -> None:
    """Breaches on the same exchanges are one block, with a line for each of the others."""
    text = as_markdown(causes)

    assert re.findall(r"^\*\*\w+ `([\w-]+)`", text, re.MULTILINE) == [
        "DEL-STATUS",
        "ERR-429-RETRY-AFTER",
    ]
    assert (
        '- Also `DELETED-DELETE` (derived): `expected 404; seen 410 "no such resource"`\n'
        '- Also `OP-RETAINED` (advisory, warned): `expected 404; seen 410 "no such resource"`'
    ) in text


def test_counts_what_is_left_out(breached: Result) -> None:
    """Sightings, ids, notes and statuses past the bounds are counted."""
    seen = [{"what": f"word {number}", "count": 40 - number} for number in range(9)]
    breached.observations[0]["seen"] = seen
    breached.notes = [f"note {number}" for number in range(13)]
    breached.statuses = {
        str(code): {"seen": 1, "judged": 0, "valid": 0} for code in range(420, 460)
    }

    text = as_markdown(breached)

    assert "35 × `word 5`, and 3 more (99 ×)" in text
    assert "- and 3 more notes" in text
    assert "Rows left out: 15" in text


def test_says_how_many_observations_are_left_out(huge: Result) -> None:
    """Where they don't fit the observations go first, and their number is told."""
    seen = [{"what": f"{number} {'€' * 200}", "count": 1} for number in range(9)]
    huge.observations = [
        {"id": "OBS-STATUS-WORDS", "title": f"Title {number}", "source": "S2", "seen": seen}
        for number in range(40)
    ]

    text = as_markdown(huge)

    assert ", 40 observations among them; `conformance.html` has everything._" in text
    assert "The whole run again:" in text
    assert len(text.encode()) < 65_536


def test_calm(calm: Result) -> None:
    """A conformant run is a short comment without a list of breaches."""
    text = as_markdown(calm)

    assert "Conformant" in text
    assert "### Breaches" not in text
    assert len(text) < 4000


@given(st.text("`~ ab\n|<@\\*", max_size=30))
def test_nothing_breaks_out(text: str) -> None:
    """A span or fence stays one, whatever backticks it holds."""
    span = [t for t in tokens(f"x {code(text)} y") if t.type in ("code_inline", "em_open")]
    block = [t for t in PARSER.parse(fence(text)) if t.level == 0]

    assert len(span) == 1
    assert [t.type for t in block] == ["fence"]


@pytest.mark.parametrize("text", ["a|b", "`", "``` `", " ` "])
def test_span_content(text: str) -> None:
    """A code span shows its text unchanged."""
    span = next(t for t in tokens(f"x {code(text)} y") if t.type == "code_inline")

    assert span.content.strip() == text.strip()
