"""Path segments that are no SIDs: near a real one, and of other kinds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from urllib.parse import quote, unquote
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MalformedSid:
    """A path segment that is no SID."""

    #: As it stands in the URL.
    segment: str
    why: str
    #: It reads as another path to some routers, so the API itself may never see it.
    outside_api: bool = False

    @property
    def plain(self) -> bool:
        """True for one segment of unreserved characters, which reaches the API."""
        return (
            not self.outside_api
            and len(self.segment) <= 200
            and all(c.isascii() and (c.isalnum() or c in "-_~") for c in self.segment)
        )


#: The form of ids (S1, S2); the prefix is open (OBS-SID-PREFIX).
USUAL_SID = re.compile(r"[a-z]+(?:_[a-z]+)*_[0-7][0-9a-z]{25}")


#: What functions of common languages trim from the ends of a text, beside NUL.
TRIMMED = {
    " ": "a space",
    "\t": "a tab",
    "\n": "a line feed",
    "\v": "a vertical tab",
    "\f": "a form feed",
    "\r": "a carriage return",
    "\x1f": "a unit separator",
    "\x85": "a next-line control",
    "\xa0": "a no-break space",
    "\u3000": "an ideographic space",
    "\ufeff": "a byte order mark",
}

#: Segments that may name every configuration: never sent where some are not the run's own.
WILDCARDS = tuple(
    MalformedSid(one, "a lone wildcard, or nothing", outside_api=not one)
    for one in ("*", "%25", "%2A", "_", "all", "%20", "")
)


def malformed_sids(
    target: str, absent: str, random: Random, number: int, name: str = ""
) -> list[MalformedSid]:
    """*number* malformed SIDs near *target*, which exists under *name*, and others.

    fuzzing/sids.py generates others. None is *target* by the rules of RFC 3986: a server that finds
    it through one of them has normalised what it should have refused.
    """
    head, _, tail = target.rpartition("_")
    # In Crockford's base 32 the next after 7 are 8, 9, a to f: an id of more than 128 bits, of
    # which the real one is what is left of it.
    past = "89abcdef"["01234567".index(tail[0])] if tail[:1] in tuple("01234567") else "8"
    written = [
        MalformedSid(f"{target}%5C", "a backslash after a real SID"),
        MalformedSid(f"{target}%2B", "a plus after a real SID"),
        MalformedSid(f"{target[:-5]}-{target[-5:]}", "a real SID with a hyphen in it"),
        MalformedSid(f"{target}%00", "NUL after a real SID"),
        MalformedSid(f"%22{target}%22", "a real SID in quotes"),
        MalformedSid(f"{target}.json", "a format suffix after a real SID"),
        MalformedSid(f"{target};v=1", "a path parameter after a real SID"),
        MalformedSid(target.upper(), "a real SID in capitals"),
        MalformedSid(f"{head}_{tail.upper()}", "a real SID in capitals after its prefix"),
        MalformedSid(target.replace("_", "-"), "a real SID, its underscores hyphens"),
        MalformedSid(tail or target[3:], "a real SID without its prefix"),
        MalformedSid(f"{target[:-2]}%4", "a real SID with half an escape", outside_api=True),
        MalformedSid(f"{target[:-4]}%25", "the beginning of a real SID and a percent sign"),
        MalformedSid(f"{target[:-4]}%2A", "the beginning of a real SID and an asterisk"),
        MalformedSid(f"{target},{absent}", "two SIDs with a comma"),
        MalformedSid(f"{absent}%27%20OR%20%271%27%3D%271", "an SQL condition"),
        MalformedSid(
            f"{absent}%2F..%2F{target}", "an encoded path to a real SID", outside_api=True
        ),
        MalformedSid(f"{target}%3Fx=1", "an encoded question mark after a real SID"),
        *(
            MalformedSid(target + quote(one), f"{name} after a real SID")
            for one, name in TRIMMED.items()
        ),
        *([MalformedSid(quote(name, safe=""), "the name of a configuration")] if name else []),
        MalformedSid("latest", "the word latest"),
        MalformedSid(f"{head}_{past}{tail[1:]}", "a real SID, eight added to its first digit"),
        MalformedSid(str(UUID(int=random.getrandbits(128), version=4)), "a UUID"),
        MalformedSid(f"{head}_", "a prefix alone"),
        MalformedSid(f"{target[:-4]}____", "a real SID ending in SQL wildcards"),
        MalformedSid(f"{head}_{target}", "a real SID, its prefix twice"),
        MalformedSid(f"mem_store_{tail}", "a real SID with the prefix of a memory store"),
        MalformedSid(f"conv_operation_{tail}", "a real SID with the prefix of an operation"),
        MalformedSid(tail[-12:], "the last twelve characters of a real SID"),
    ]
    # Ids that look otherwise may have no prefix, no letters, or few characters to leave out.
    found = [one for one in written if one.segment.strip(".") and unquote(one.segment) != target]
    return random.sample(found, number) if number < len(found) else found
