"""Path segments that are no SIDs: near a real one, of other kinds, and generated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from urllib.parse import quote, unquote
from uuid import UUID

from orchestrator_contract.inputs.sampling import drawn


@dataclass(frozen=True, slots=True)
class OddSid:
    """A path segment that is no SID."""

    #: As it stands in the URL.
    segment: str
    why: str
    #: It reads as another path to some routers, so the API itself may never see it.
    outside: bool = False

    @property
    def plain(self) -> bool:
        """Whether it is one segment of unreserved characters, which only the API can refuse."""
        return (
            not self.outside
            and len(self.segment) <= 200
            and all(c.isascii() and (c.isalnum() or c in "-_~") for c in self.segment)
        )


#: What ids look like (S1, S2); the prefix is open (OBS-SID-PREFIX).
USUAL_SID = re.compile(r"[a-z]+(?:_[a-z]+)*_[0-7][0-9a-z]{25}")


def odd_sids(victim: str, absent: str, random: Random, number: int, name: str = "") -> list[OddSid]:
    """*number* odd SIDs near *victim*, which exists under *name*, and others: the most telling written ones first, then others, then generated ones.

    None of them is *victim* by the rules of RFC 3986: a server that finds it through one of them has
    normalised what it should have refused.
    """
    head, _, tail = victim.rpartition("_")
    alike = tail.replace("0", "o").replace(
        "1", "l"
    )  # one and the same to readers of Crockford's base 32
    # In Crockford's base 32 the next after 7 are 8, 9, a to f: an id of more than 128 bits, of which the real one is what is left of it.
    past = "89abcdef"["01234567".index(tail[0])] if tail[:1] in tuple("01234567") else "8"
    telling = [
        OddSid(f"{victim}%20", "a space after a real SID"),
        OddSid(f"{victim}+", "a plus after a real SID"),
        OddSid(f"{victim}%09", "a tab after a real SID"),
        OddSid(f"{victim}%0A", "a line feed after a real SID"),
        OddSid(f"{victim}%00", "NUL after a real SID"),
        OddSid(f"{victim}.json", "a format suffix after a real SID"),
        OddSid(f"{victim};v=1", "a path parameter after a real SID"),
        OddSid(victim.upper(), "a real SID in capitals"),
        OddSid(victim.replace("_", "-"), "a real SID, its underscores hyphens"),
        OddSid(f"{head.upper()}_{tail}", "a real SID, its prefix in capitals"),
        OddSid(victim[:-1], "a real SID without its last character"),
        OddSid(f"{victim}0", "a real SID and a character"),
        OddSid(tail or victim[3:], "a real SID without its prefix"),
        OddSid(f"{victim[:-4]}%25", "the beginning of a real SID and a percent sign"),
        OddSid(f"{victim[:-4]}.%2A", "the beginning of a real SID and a regular expression"),
        OddSid(f"{victim},{absent}", "two SIDs with a comma"),
        OddSid(f"%22{victim}%22", "a real SID in quotes"),
        OddSid(f"{absent}%27%20OR%20%271%27%3D%271", "an SQL condition"),
        OddSid(f"{absent}%2F..%2F{victim}", "an encoded path to a real SID", outside=True),
        OddSid(
            f"%25{ord(victim[0]):02X}{victim[1:]}", "a real SID, one character of it twice encoded"
        ),
        OddSid(f"{victim}%3Fx=1", "an encoded question mark after a real SID"),
        OddSid(f"{victim}%23x", "an encoded hash after a real SID"),
        OddSid(
            f"{quote(chr(ord(victim[0]) + 0xFEE0))}{victim[1:]}",
            "a real SID, one character of it fullwidth",
        ),
        OddSid(f"%7B{victim}%7D", "a real SID in braces"),
        *(
            [OddSid(head + "_" + alike, "a real SID, its digits 0 and 1 written as letters")]
            if alike != tail
            else []
        ),
        *([OddSid(quote(name, safe=""), "the name of a configuration")] if name else []),
        OddSid(f"{victim}%5C", "a backslash after a real SID"),
        OddSid(quote("<>[]^`|&=$!()@:*~", safe=""), "punctuation"),
        OddSid("%FF%FE", "bytes that are no UTF-8"),
        OddSid("latest", "the word latest"),
        OddSid("%7B%22%24ne%22%3Anull%7D", "a JSON condition"),
        OddSid("a" * 2000, "two thousand characters"),
        OddSid("a" * 6000, "six thousand characters", outside=True),
        OddSid(f"{head}_{tail.upper()}", "a real SID, its tail in capitals"),
        OddSid(f"{victim}%", "a percent sign that begins nothing after a real SID", outside=True),
        OddSid(f"{head}_{past}{tail[1:]}", "a real SID, eight added to its first digit"),
        OddSid(str(UUID(int=random.getrandbits(128), version=4)), "a UUID"),
        OddSid(f"CH{random.getrandbits(128):032x}", "an id of the older kind"),
        OddSid(victim.replace("o", "%C3%B6", 1), "a real SID with an accent"),
        OddSid(f"{head}_", "a prefix alone"),
        OddSid("99999999999999999999", "a number past 64 bits"),
        OddSid(f"{victim[:-4]}____", "a real SID ending in SQL wildcards"),
        OddSid(f"{victim}.", "a dot after a real SID"),
        OddSid(f"{head}_{victim}", "a real SID, its prefix twice"),
        OddSid(f"{victim}%E2%80%8B", "a zero-width space after a real SID"),
        OddSid(f"%EF%BB%BF{victim}", "a byte order mark before a real SID"),
        OddSid(f"mem_store_{tail}", "a real SID with the prefix of a memory store"),
        OddSid(f"conv_operation_{tail}", "a real SID with the prefix of an operation"),
        OddSid(tail[-12:], "the last twelve characters of a real SID"),
    ]
    others = [
        OddSid(victim[1:], "a real SID without its first character"),
        OddSid("%00", "NUL"),
        OddSid("%zz", "a percent sign with no hexadecimal digits", outside=True),
        OddSid(f"%20{victim}", "a space before a real SID"),
        OddSid(f"{victim}%00.json", "NUL and a suffix after a real SID"),
        OddSid(victim[: len(victim) - 6], "a real SID without its last six characters"),
        OddSid(f"{victim[:-4]}%2A", "the beginning of a real SID and an asterisk"),
        OddSid(f"{victim}%27", "a quote after a real SID"),
        OddSid(f"%2525{absent}", "a twice encoded percent sign"),
        OddSid(f"{victim}%2520", "a twice encoded space after a real SID"),
        OddSid(f"{victim}%C2%A0", "a no-break space after a real SID"),
        OddSid(f"{victim}%0D%0A", "a line break after a real SID"),
        OddSid(f"{victim[:-5]}-{victim[-5:]}", "a real SID with a hyphen in it"),
        OddSid("%F0%9F%92%A3", "an emoji"),
        OddSid("%D9%A0%D9%A1", "Unicode digits"),
        OddSid("%2A", "an asterisk"),
        OddSid("0", "a zero"),
        OddSid("-1", "a negative number"),
        OddSid(f"{victim}%2F", "an encoded slash after a real SID", outside=True),
        OddSid(f"{victim}:cancel", "a colon and a word after a real SID"),
        OddSid(f"{victim}@x", "an at sign after a real SID"),
        OddSid(f"{victim}&x=1", "an ampersand after a real SID"),
        OddSid(f"{victim}%7C", "a bar after a real SID"),
        OddSid(f"{victim}~", "a tilde after a real SID"),
        OddSid(f"{victim}!", "an exclamation mark after a real SID"),
        OddSid(f"{victim}%60", "a grave accent after a real SID"),
        OddSid(f"%3C{victim}%3E", "a real SID in angle brackets"),
        OddSid(f"{victim[:-1]}%3F", "a real SID, its last character an encoded question mark"),
        OddSid(f"{victim[:-1]}%5B0-9a-z%5D", "a real SID, its last character a class of them"),
        OddSid(f"{victim[:5]}%C2%AD{victim[5:]}", "a real SID with a soft hyphen in it"),
        OddSid(victim.replace("i", "%C4%B1", 1), "a real SID with a dotless i"),
        OddSid("None", "the word None"),
        OddSid("undefined", "the word undefined"),
        OddSid("null", "the word null"),
        OddSid("1.5", "a fraction"),
        OddSid("a" * 7500, "seven and a half thousand characters", outside=True),
    ]
    # Ids that look otherwise may have no prefix, no letters, or few characters to leave out.
    telling, others = (
        [odd for odd in some if odd.segment.strip(".") and unquote(odd.segment) != victim]
        for some in (telling, others)
    )
    alphabets = (
        "0123456789abcdefghijklmnopqrstuvwxyz",
        "ABCDEFxyz_-.~",
        " !\"#$&'()*+,:;<=>?@[\\]^`{|}",
        "äßé日本\u202e\u200b\U0001f600",
        "".join(map(chr, range(1, 32))) + "\x7f",
    )
    generated = []
    for place_in_turn in range(number - len(telling) - len(others)):
        alphabet = alphabets[place_in_turn % len(alphabets)]
        size = random.choice((1, 2, 5, 25, 44, 45, 64, 200))
        text = "".join(random.choice(alphabet) for _ in range(size))
        if place_in_turn % 3 == 0:
            place = random.randrange(len(victim))
            text = victim[:place] + text[:3] + victim[place + 1 :]
        segment = quote(text, safe="-_~")
        if segment.strip(".") and segment != victim:
            generated.append(OddSid(segment, f"generated: {text[:40]!r}"))
    return [*drawn(telling, others, random, number), *generated]
