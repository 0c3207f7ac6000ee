"""Defects of idempotency keys that no short list of keys shows: inputs must be generated."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Refused, internal_error, malformed_key
from orchestrator_contract.mock.idempotency import HEADER, PATTERN, Entry
from orchestrator_contract.mock.messages import Request
from orchestrator_contract.mock.registry import defect

#: Letters of other scripts that look like hexadecimal digits.
_LOOKALIKES = str.maketrans("аеcсАВЕСΑΒΕϹ", "aeccABECABEC")


class _Reads(Behaviour):
    """Base of defects that look at the one line of a key."""

    def read_as(self, value: bytes) -> str | None:
        """The key that *value* is read as; None leaves it to the conformant mock.

        Raises:
            Refused: it is refused in the wrong way.
        """
        raise NotImplementedError

    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        key = self.read_as(lines[0]) if len(lines) == 1 else None
        return key if key is not None else super().read_key(request)


def _well_formed(text: str) -> str | None:
    return text if text.isascii() and PATTERN.fullmatch(text.encode()) else None


@defect(
    "key-with-one-foreign-letter",
    "A key with one letter of another script that looks like a hexadecimal digit is honoured",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a key with one letter that looks like a to f",
)
class _ForeignLetter(_Reads):
    def read_as(self, value: bytes) -> str | None:
        text = value.decode("utf-8", "replace")
        foreign = [one for one in text if not one.isascii()]
        if len(foreign) != 1 or foreign[0].isnumeric():
            return None
        return _well_formed(unicodedata.normalize("NFKC", text).translate(_LOOKALIKES))


@defect(
    "key-with-a-run-refused",
    "A key is refused when its last group has a digit three times in a row, unless it has no other",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: a key with a digit three times in a row",
)
class _RunRefused(_Reads):
    def read_as(self, value: bytes) -> str | None:
        last = value[-12:].lower()
        if PATTERN.fullmatch(value) and len(set(last)) > 1 and re.search(rb"(.)\1\1", last):
            raise Refused(malformed_key())
        return None


@defect(
    "key-with-few-capitals-forgotten",
    "A key with one or two capitals among its small letters is not recognised",
    breaches=("KEY-REPLAY", "KEY-ONE-OPERATION"),
    shows="data: a key in mixed case",
)
class _FewCapitals(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        key = request.key or ""
        capitals = sum(one.isupper() for one in key)
        mixed = 1 <= capitals <= 2 and any(one.islower() for one in key)
        return None if mixed else super().look_up(request, scope)


@defect(
    "key-forgotten-by-digit-and-letter",
    "A key is not recognised when its last group begins with 8 or 9 and the SID ends in a letter",
    breaches=("KEY-REPLAY", "KEY-ONE-OPERATION"),
    shows="data: the first digit of the last group, and the last character of the SID",
)
class _DigitAndLetter(Behaviour):
    def look_up(self, request: Request, scope: Hashable) -> Entry | None:
        last = (request.key or "").rpartition("-")[2]
        lost = last[:1] in ("8", "9") and (request.sid or "")[-1:].isalpha()
        return None if lost else super().look_up(request, scope)


@defect(
    "key-with-a-hyphen-swapped",
    "A key with one hyphen swapped with the digit before it is honoured",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a key with a hyphen one place too early",
)
class _HyphenSwapped(_Reads):
    def read_as(self, value: bytes) -> str | None:
        text = value.decode("latin-1")
        for at in (8, 13, 18, 23):
            if text[at - 1 : at] == "-" and text[at : at + 1] != "-":
                mended = _well_formed(text[: at - 1] + text[at : at + 1] + "-" + text[at + 1 :])
                if mended is not None:
                    return mended
        return None


@defect(
    "key-with-a-stray-byte-500",
    "A key with a byte from 80 to 9F that belongs to no character of UTF-8 is a 500",
    breaches=("KEY-MALFORMED-NO-5XX",),
    shows="data: a key with a stray byte",
)
class _StrayByte(_Reads):
    def read_as(self, value: bytes) -> str | None:
        if any(0x80 <= one <= 0x9F for one in value):
            try:
                value.decode("utf-8")
            except UnicodeDecodeError:
                raise Refused(internal_error()) from None
        return None
