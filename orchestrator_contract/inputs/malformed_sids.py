"""Path segments that are no SIDs: near a real one, others, generated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from urllib.parse import quote, unquote
from uuid import UUID

from orchestrator_contract.inputs.sampling import drawn


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


def malformed_sids(
    target: str, absent: str, random: Random, number: int, name: str = ""
) -> list[MalformedSid]:
    """*number* malformed SIDs near *target*, the most telling first.

    *target* exists under *name*. Written ones come first, then generated ones.

    None of them is *target* by the rules of RFC 3986: a server that finds it through one of them
    has normalised what it should have refused.
    """
    head, _, tail = target.rpartition("_")
    alike = tail.replace("0", "o").replace(
        "1", "l"
    )  # one and the same to readers of Crockford's base 32
    # In Crockford's base 32 the next after 7 are 8, 9, a to f: an id of more than 128 bits, of
    # which the real one is what is left of it.
    past = "89abcdef"["01234567".index(tail[0])] if tail[:1] in tuple("01234567") else "8"
    telling = [
        MalformedSid(f"{target}%20", "a space after a real SID"),
        MalformedSid(f"{target}+", "a plus after a real SID"),
        MalformedSid(f"{target}%09", "a tab after a real SID"),
        MalformedSid(f"{target}%0A", "a line feed after a real SID"),
        MalformedSid(f"{target}%00", "NUL after a real SID"),
        MalformedSid(f"{target}.json", "a format suffix after a real SID"),
        MalformedSid(f"{target};v=1", "a path parameter after a real SID"),
        MalformedSid(target.upper(), "a real SID in capitals"),
        MalformedSid(target.replace("_", "-"), "a real SID, its underscores hyphens"),
        MalformedSid(f"{head.upper()}_{tail}", "a real SID, its prefix in capitals"),
        MalformedSid(target[:-1], "a real SID without its last character"),
        MalformedSid(f"{target}0", "a real SID and a character"),
        MalformedSid(tail or target[3:], "a real SID without its prefix"),
        MalformedSid(f"{target[:-4]}%25", "the beginning of a real SID and a percent sign"),
        MalformedSid(f"{target[:-4]}.%2A", "the beginning of a real SID and a regular expression"),
        MalformedSid(f"{target},{absent}", "two SIDs with a comma"),
        MalformedSid(f"%22{target}%22", "a real SID in quotes"),
        MalformedSid(f"{absent}%27%20OR%20%271%27%3D%271", "an SQL condition"),
        MalformedSid(
            f"{absent}%2F..%2F{target}", "an encoded path to a real SID", outside_api=True
        ),
        MalformedSid(
            f"%25{ord(target[0]):02X}{target[1:]}", "a real SID, one character of it twice encoded"
        ),
        MalformedSid(f"{target}%3Fx=1", "an encoded question mark after a real SID"),
        MalformedSid(f"{target}%23x", "an encoded hash after a real SID"),
        MalformedSid(
            f"{quote(chr(ord(target[0]) + 0xFEE0))}{target[1:]}",
            "a real SID, one character of it fullwidth",
        ),
        MalformedSid(f"%7B{target}%7D", "a real SID in braces"),
        *(
            [MalformedSid(head + "_" + alike, "a real SID, its digits 0 and 1 written as letters")]
            if alike != tail
            else []
        ),
        *([MalformedSid(quote(name, safe=""), "the name of a configuration")] if name else []),
        MalformedSid(f"{target}%5C", "a backslash after a real SID"),
        MalformedSid(quote("<>[]^`|&=$!()@:*~", safe=""), "punctuation"),
        MalformedSid("%FF%FE", "bytes that are no UTF-8"),
        MalformedSid("latest", "the word latest"),
        MalformedSid("%7B%22%24ne%22%3Anull%7D", "a JSON condition"),
        MalformedSid("a" * 2000, "two thousand characters"),
        MalformedSid("a" * 6000, "six thousand characters", outside_api=True),
        MalformedSid(f"{head}_{tail.upper()}", "a real SID, its tail in capitals"),
        MalformedSid(
            f"{target}%", "a percent sign that begins nothing after a real SID", outside_api=True
        ),
        MalformedSid(f"{head}_{past}{tail[1:]}", "a real SID, eight added to its first digit"),
        MalformedSid(str(UUID(int=random.getrandbits(128), version=4)), "a UUID"),
        MalformedSid(f"CH{random.getrandbits(128):032x}", "an id of the older kind"),
        MalformedSid(target.replace("o", "%C3%B6", 1), "a real SID with an accent"),
        MalformedSid(f"{head}_", "a prefix alone"),
        MalformedSid("99999999999999999999", "a number past 64 bits"),
        MalformedSid(f"{target[:-4]}____", "a real SID ending in SQL wildcards"),
        MalformedSid(f"{target}.", "a dot after a real SID"),
        MalformedSid(f"{head}_{target}", "a real SID, its prefix twice"),
        MalformedSid(f"{target}%E2%80%8B", "a zero-width space after a real SID"),
        MalformedSid(f"%EF%BB%BF{target}", "a byte order mark before a real SID"),
        MalformedSid(f"mem_store_{tail}", "a real SID with the prefix of a memory store"),
        MalformedSid(f"conv_operation_{tail}", "a real SID with the prefix of an operation"),
        MalformedSid(tail[-12:], "the last twelve characters of a real SID"),
    ]
    others = [
        MalformedSid(target[1:], "a real SID without its first character"),
        MalformedSid("%00", "NUL"),
        MalformedSid("%zz", "a percent sign with no hexadecimal digits", outside_api=True),
        MalformedSid(f"%20{target}", "a space before a real SID"),
        MalformedSid(f"{target}%00.json", "NUL and a suffix after a real SID"),
        MalformedSid(target[: len(target) - 6], "a real SID without its last six characters"),
        MalformedSid(f"{target[:-4]}%2A", "the beginning of a real SID and an asterisk"),
        MalformedSid(f"{target}%27", "a quote after a real SID"),
        MalformedSid(f"%2525{absent}", "a twice encoded percent sign"),
        MalformedSid(f"{target}%2520", "a twice encoded space after a real SID"),
        MalformedSid(f"{target}%C2%A0", "a no-break space after a real SID"),
        MalformedSid(f"{target}%0D%0A", "a line break after a real SID"),
        MalformedSid(f"{target[:-5]}-{target[-5:]}", "a real SID with a hyphen in it"),
        MalformedSid("%F0%9F%92%A3", "an emoji"),
        MalformedSid("%D9%A0%D9%A1", "Unicode digits"),
        MalformedSid("%2A", "an asterisk"),
        MalformedSid("0", "a zero"),
        MalformedSid("-1", "a negative number"),
        MalformedSid(f"{target}%2F", "an encoded slash after a real SID", outside_api=True),
        MalformedSid(f"{target}:cancel", "a colon and a word after a real SID"),
        MalformedSid(f"{target}@x", "an at sign after a real SID"),
        MalformedSid(f"{target}&x=1", "an ampersand after a real SID"),
        MalformedSid(f"{target}%7C", "a bar after a real SID"),
        MalformedSid(f"{target}~", "a tilde after a real SID"),
        MalformedSid(f"{target}!", "an exclamation mark after a real SID"),
        MalformedSid(f"{target}%60", "a grave accent after a real SID"),
        MalformedSid(f"%3C{target}%3E", "a real SID in angle brackets"),
        MalformedSid(
            f"{target[:-1]}%3F", "a real SID, its last character an encoded question mark"
        ),
        MalformedSid(
            f"{target[:-1]}%5B0-9a-z%5D", "a real SID, its last character a class of them"
        ),
        MalformedSid(f"{target[:5]}%C2%AD{target[5:]}", "a real SID with a soft hyphen in it"),
        MalformedSid(target.replace("i", "%C4%B1", 1), "a real SID with a dotless i"),
        MalformedSid("None", "the word None"),
        MalformedSid("undefined", "the word undefined"),
        MalformedSid("null", "the word null"),
        MalformedSid("1.5", "a fraction"),
        MalformedSid("a" * 7500, "seven and a half thousand characters", outside_api=True),
    ]
    # Ids that look otherwise may have no prefix, no letters, or few characters to leave out.
    telling, others = (
        [odd for odd in some if odd.segment.strip(".") and unquote(odd.segment) != target]
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
            scope = random.randrange(len(target))
            text = target[:scope] + text[:3] + target[scope + 1 :]
        segment = quote(text, safe="-_~")
        if segment.strip(".") and segment != target:
            generated.append(MalformedSid(segment, f"generated: {text[:40]!r}"))
    return [*drawn(telling, others, random, number), *generated]
