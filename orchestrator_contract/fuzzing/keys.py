"""Generated idempotency keys, well-formed and malformed."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis.strategies as st
from hypothesis import assume

from orchestrator_contract.fuzzing.mutations import near, unrelated
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
    capitals = draw(st.sets(st.integers(0, 35), max_size=36))
    chosen = draw(st.integers(0, 4))

    def form(key: str) -> str:
        if chosen in (1, 4):
            key = f"{key[:14]}{version:x}{key[15:19]}{variant:x}{key[20:]}"
        if chosen in (2, 4):
            start, size = run
            key = (key[:start] + key[start] * size + key[start + size :])[:36]
        if chosen == 3:
            key = "".join(one if one == "-" else f"{int(one, 16) % few:x}" for one in key)
        return "".join(one.upper() if n in capitals else one for n, one in enumerate(key))

    return form


@st.composite
def malformed_keys(draw: st.DrawFn, key: str) -> MalformedKey:
    """A malformed value near *key*, seldom an unrelated one, that a header may carry."""
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
