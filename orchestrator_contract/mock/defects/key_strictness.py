"""Malformed keys that are honoured for lack of strictness, and well-formed ones that are refused for too much of it."""

from __future__ import annotations

import re

from orchestrator_contract.mock.behaviour import Behaviour
from orchestrator_contract.mock.errors import Refused, malformed_key
from orchestrator_contract.mock.idempotency import HEADER, PATTERN
from orchestrator_contract.mock.messages import Request
from orchestrator_contract.mock.registry import defect


class _Tolerant(Behaviour):
    """Base of defects where a malformed key counts as the well-formed one that :meth:`mend` makes of it."""

    def mend(self, value: str) -> str:
        """The key that *value* is taken for."""
        return value.replace(".", "-")

    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        mended = (
            self.mend(lines[0].decode("latin-1")).encode("latin-1", "replace")
            if len(lines) == 1
            else b""
        )
        return mended.decode() if PATTERN.fullmatch(mended) else super().read_key(request)


@defect(
    "key-with-dots",
    "Dots do for a key's hyphens",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a malformed key",
)
class _Dots(_Tolerant):
    pass


@defect(
    "key-in-single-quotes",
    "Single quotes around a key are ignored",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a malformed key",
)
class _SingleQuotes(_Tolerant):
    def mend(self, value: str) -> str:
        return value.strip("'")


@defect(
    "key-with-unicode-hyphens",
    "Any Unicode hyphen does for a key's hyphens",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a malformed key",
)
class _UnicodeHyphens(_Tolerant):
    def mend(self, value: str) -> str:
        return re.sub("[\u2010-\u2015]", "-", value.encode("latin-1").decode("utf-8", "replace"))


@defect(
    "key-with-blanks",
    "Blanks within a key are left out",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a malformed key",
)
class _Blanks(_Tolerant):
    def mend(self, value: str) -> str:
        return re.sub(r"[ \t]", "", value)


@defect(
    "key-of-any-hyphens",
    "Keys are honoured wherever their hyphens are",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a malformed key",
)
class _AnyHyphens(Behaviour):
    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        if len(lines) == 1 and re.fullmatch(rb"[0-9a-fA-F-]{36}", lines[0]):
            return lines[0].decode("ascii")
        return super().read_key(request)


@defect(
    "key-of-any-length",
    "Keys of more than 100 characters are honoured",
    breaches=("KEY-MALFORMED-NOT-HONOURED",),
    shows="data: a malformed key",
)
class _AnyLength(Behaviour):
    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        if len(lines) == 1 and 100 < len(lines[0]) < 1000 and lines[0].isalnum():
            return lines[0].decode("ascii")
        return super().read_key(request)


class _NoSuchKey(Behaviour):
    """Base of defects where some well-formed keys are refused."""

    refused = re.compile(rb".{14}[09a-fA-F].*")

    def read_key(self, request: Request) -> str | None:
        lines = request.lines(HEADER)
        if (
            len(lines) == 1
            and self.refused.fullmatch(lines[0])
            and lines[0].strip(b"0-")
            and lines[0].lower().strip(b"f-")
        ):
            raise Refused(malformed_key())
        return super().read_key(request)


@defect(
    "key-no-rare-version",
    "Keys of versions that no RFC defines are refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: a key of a rare version",
)
class _NoRareVersion(_NoSuchKey):
    pass


@defect(
    "key-no-v6",
    "Keys of version 6 are refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: a version 6 key",
)
class _NoVersionSix(_NoSuchKey):
    refused = re.compile(rb".{14}6.*")


@defect(
    "key-no-digits-only",
    "Keys without a letter are refused",
    breaches=("KEY-FORMAT-ACCEPTED",),
    shows="data: a key of digits",
)
class _NoDigitsOnly(_NoSuchKey):
    refused = re.compile(rb"[0-9-]+")
