"""Generated idempotency keys, well-formed and malformed."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis.strategies as st
from hypothesis import assume

from orchestrator_contract.fuzzing.mutations import near
from orchestrator_contract.inputs.identifiers import is_well_formed_key
from orchestrator_contract.inputs.malformed_keys import MalformedKey

#: Longest key that is sent, in characters.
_LONGEST = 5000


@st.composite
def forms(draw: st.DrawFn) -> Callable[[str], str]:
    """Changes to a new key: version, variant, runs of a digit, few digits, capitals."""
    version, variant = draw(st.integers(0, 15)), draw(st.integers(0, 15))
    run = draw(st.integers(24, 32)), draw(st.integers(1, 5))
    few = draw(st.integers(4, 16))
    few_capitals = st.sets(st.integers(0, 7), min_size=1, max_size=3)
    capitals = draw(st.just(set[int]()) | few_capitals | st.just({*range(32)}))
    chosen = draw(st.integers(0, 4))

    def form(key: str) -> str:
        if chosen in (1, 4):
            key = f"{key[:14]}{version:x}{key[15:19]}{variant:x}{key[20:]}"
        if chosen in (2, 4):
            start, size = run
            key = (key[:start] + key[start] * size + key[start + size :])[:36]
        if chosen == 3:
            key = "".join(one if one == "-" else f"{int(one, 16) % few:x}" for one in key)
        letters = [place for place, one in enumerate(key) if one.isalpha()]
        upper = {place for n, place in enumerate(letters) if n in capitals}
        return "".join(one.upper() if place in upper else one for place, one in enumerate(key))

    return form


def malformed_keys(key: str) -> dict[str, st.SearchStrategy[MalformedKey]]:
    """Values that a header may carry and the pattern excludes, by their kind of change to *key*."""
    kinds = near(key, _LONGEST)
    # Any letter case is well-formed, and no hexadecimal digit is one in a case that is not ASCII.
    valid = {"recased", "other case"}
    return {name: _malformed(kind) for name, kind in kinds.items() if name not in valid}


@st.composite
def _malformed(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> MalformedKey:
    value = on_the_wire(draw(texts))
    assume(not is_well_formed_key(value))
    return MalformedKey(value, f"generated: {value[:45]!r}")


def on_the_wire(text: str) -> str:
    """*text* in UTF-8, each byte as a character, without what no header value holds (R1 5.5)."""
    value = text.encode("utf-8", "surrogateescape").decode("latin-1")[:_LONGEST]
    return "".join(one for one in value if one == "\t" or " " <= one != "\x7f").strip(" \t")
