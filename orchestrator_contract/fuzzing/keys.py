"""Idempotency keys: those that match the pattern, in all versions and cases, and those that do not."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import assume

from orchestrator_contract.contract import schemas
from orchestrator_contract.fuzzing.mutations import near, unrelated
from orchestrator_contract.inputs.identifiers import is_well_formed_key
from orchestrator_contract.inputs.malformed_keys import MalformedKey

#: Longest key that is sent, in characters.
_LONGEST = 5000


def well_formed_keys() -> st.SearchStrategy[str]:
    """Keys that match the pattern (S1): any version, variant and letter case."""
    pattern = schemas.documents()["idempotency-key.json"]["pattern"]
    return st.from_regex(pattern.replace("(?!\\n)$", "\\Z"), fullmatch=True)


@st.composite
def malformed_keys(draw: st.DrawFn, key: str) -> MalformedKey:
    """A value near *key*, seldom an unrelated one, that a header may carry and the pattern excludes."""
    change = (
        unrelated(draw, _LONGEST) if draw(st.integers(0, 9)) == 9 else near(draw, key, _LONGEST)
    )
    value = on_the_wire(change)
    assume(not is_well_formed_key(value))
    return MalformedKey(value, f"generated: {value[:45]!r}")


def on_the_wire(text: str) -> str:
    """*text* in UTF-8, each byte as a character, without what no header value holds (R1 5.5)."""
    value = text.encode("utf-8", "surrogateescape").decode("latin-1")[:_LONGEST]
    return "".join(one for one in value if one == "\t" or " " <= one != "\x7f").strip(" \t")
