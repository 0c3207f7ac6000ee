"""Malformed SIDs: near a real one, and unrelated ones, encoded in every way."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

import hypothesis.strategies as st
from hypothesis import assume

from orchestrator_contract.fuzzing.mutations import near
from orchestrator_contract.inputs.malformed_sids import USUAL_SID, MalformedSid

#: Longest text that is encoded, in characters, and longest segment that reaches the API in all
#: likelihood.
_LONGEST, _LONG = 2000, 4000
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_SUB_DELIMITERS = "!$&'()*+,;=:@"
_HALF_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")


def malformed_sids(target: str) -> dict[str, st.SearchStrategy[MalformedSid]]:
    """Segments that are not *target* by the rules of RFC 3986, by their kind of change to it."""
    kinds = near(target, _LONGEST)
    return {name: _malformed(target, kind) for name, kind in kinds.items()}


@st.composite
def _malformed(draw: st.DrawFn, target: str, texts: st.SearchStrategy[str]) -> MalformedSid:
    text = draw(texts)
    segment = _encoded(draw, text)
    assume(_may_be_sent(segment, target))
    outside = (
        len(segment) > _LONG
        or "%2f" in segment.lower()
        or _HALF_ENCODED.search(segment) is not None
        or not unquote(segment).strip(".")
    )
    return MalformedSid(segment, f"generated: {text[:40]!r}", outside_api=outside)


def _may_be_sent(segment: str, target: str) -> bool:
    """True if it is neither *target* nor another well-formed SID that is not near and plain."""
    plain = unquote(segment)
    if not segment.strip(".") or plain == target:
        return False
    return USUAL_SID.fullmatch(plain) is None or is_near(segment, target)


def is_near(segment: str, target: str) -> bool:
    """True if *segment* is a well-formed SID with the prefix of *target*."""
    prefix = target.rpartition("_")[0]
    return USUAL_SID.fullmatch(segment) is not None and segment.rpartition("_")[0] == prefix


def _encoded(draw: st.DrawFn, text: str) -> str:
    """*text* as a segment, with some needless escapes in upper or lower case."""
    lower = draw(st.booleans())
    needless = _needless(draw, text)
    delimiters = draw(st.booleans())
    segment = "".join(
        one
        if n not in needless and (_UNRESERVED.match(one) or (delimiters and one in _SUB_DELIMITERS))
        else _percent(one, lower=lower)
        for n, one in enumerate(text)
    )
    # A percent sign that is not encoded begins something else, or nothing.
    return segment.replace("%25", "%") if draw(st.integers(0, 7)) == 7 else segment


def _needless(draw: st.DrawFn, text: str) -> set[int]:
    """Places of *text* that are encoded though they need not be."""
    return {draw(st.integers(0, max(0, len(text) - 1))) for _ in range(draw(st.integers(0, 2)))}


def _percent(one: str, *, lower: bool) -> str:
    encoded = (
        quote(one.encode("utf-8", "surrogateescape"), safe="")
        if not _UNRESERVED.match(one)
        else f"%{ord(one):02X}"
    )
    return encoded.lower() if lower else encoded
