"""Generated idempotency keys, well-formed and malformed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import hypothesis.strategies as st
from hypothesis import assume

from orchestrator_contract.fuzzing.mutations import near
from orchestrator_contract.inputs.identifiers import is_well_formed_key
from orchestrator_contract.inputs.malformed_keys import MalformedKey

#: Longest key that is sent, in characters.
_LONGEST = 5000


#: Forms of keys that histories use: one number each, which Hypothesis shrinks in few steps.
_FORMS = 1024


def forms() -> st.SearchStrategy[Callable[[int], str]]:
    """Makes keys from numbers: any digits, version, runs of a digit, few digits, capitals.

    The number changes the first group, so that a key which is sent again when Hypothesis shrinks is
    a new one and yet like the first.
    """
    return st.integers(0, _FORMS - 1).map(_form)


def _form(which: int) -> Callable[[int], str]:
    random = Random(which)
    digits, tail, change = random.getrandbits(32), f"{random.getrandbits(92):023x}", which % 5
    version, variant = random.randrange(16), random.randrange(16)
    start, size, few = random.randint(24, 32), random.randint(1, 5), random.randint(4, 16)
    # Up to so many letters of those behind the first group, or all, are capitals.
    capitals = random.choice([0, random.randint(1, 3), random.randint(1, 3), 36])
    order = random.sample(range(9, 36), 27)

    def form(number: int) -> str:
        first, fourth = (digits + number) % 2**32, "89ab"[int(tail[0], 16) % 4]
        key = f"{first:08x}-{tail[1:5]}-4{tail[5:8]}-{fourth}{tail[8:11]}-{tail[11:]}"
        if change in (1, 4):
            key = f"{key[:14]}{version:x}{key[15:19]}{variant:x}{key[20:]}"
        if change in (2, 4):
            key = (key[:start] + key[start] * size + key[start + size :])[:36]
        if change == 3:
            key = "".join(one if one == "-" else f"{int(one, 16) % few:x}" for one in key)
        upper = [n for n in order if key[n].isalpha()][:capitals]
        whole = capitals == len(key)
        return "".join(one.upper() if whole or n in upper else one for n, one in enumerate(key))

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
