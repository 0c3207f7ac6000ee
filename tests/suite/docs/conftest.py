"""The documents as text, and the pieces of them that can be checked."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")])
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced piece of a page."""

    page: str
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """One simple command of a shell block, its program without the folder."""

    page: str
    words: tuple[str, ...]

    @property
    def options(self) -> list[str]:
        """The long options in it."""
        return [word.partition("=")[0] for word in self.words if word.startswith("--")]

    def value(self, option: str) -> str | None:
        """The value behind *option*, if it is there."""
        return self.words[self.words.index(option) + 1] if option in self.words else None


def blocks(language: str) -> list[Block]:
    """All blocks of one language."""
    return [
        Block(
            path.relative_to(PROJECT).as_posix(),
            language,
            re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE),
        )
        for path in PAGES
        for found in _BLOCK.finditer(path.read_text(encoding="utf-8"))
        if found[2] == language
    ]


def _shell() -> Iterator[tuple[str, str]]:
    for block in blocks("sh"):
        yield from ((block.page, line) for line in block.text.splitlines())
    for path in PAGES:
        for code in re.findall(
            r"`((?:\.venv/bin/)?(?:pytest|python -m) [^`]+)`", path.read_text(encoding="utf-8")
        ):
            yield path.relative_to(PROJECT).as_posix(), code


def commands() -> list[Command]:
    """Every simple command of shell blocks, and of pytest and modules in the text."""
    found = []
    for page, line in _shell():
        for part in re.split(r"&&|;|&\s*$", line):
            words = shlex.split(part, comments=True)
            if words:
                found.append(Command(page, (words[0].rpartition("/")[2], *words[1:])))
    return found


@pytest.fixture(scope="session")
def project() -> Path:
    """The checkout."""
    return PROJECT
