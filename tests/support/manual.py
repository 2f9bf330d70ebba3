"""The manual as its tests see it: pages, fenced blocks, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers import TESTS

ROOT = TESTS.parent
DOCS = ROOT / "docs"
PAGES = (DOCS / "index.md", *sorted((DOCS / "manual").glob("*.md")))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_BENCHMARK = ("python", "-m")


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, the line that it begins on, its language and its text."""

    page: str
    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Line:
    """A line of a `sh` block, continued ones joined; `commands` are the parts between pipes."""

    page: str
    text: str
    commands: tuple[tuple[str, ...], ...]

    @property
    def srgan_edge(self) -> list[list[str]]:
        """The arguments of each `srgan-edge` in it."""
        return [[*rest] for first, *rest in self.commands if first == "srgan-edge"]

    @property
    def benchmarks(self) -> list[list[str]]:
        """Module and arguments of each `python -m benchmarks.MODULE` in it."""
        found = [command[2:] for command in self.commands if command[:2] == _BENCHMARK]
        return [[*command] for command in found if command[0].startswith("benchmarks.")]


def blocks(*languages: str) -> Iterator[Block]:
    """All fenced blocks, or those of some languages, page after page."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in _BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            if not languages or found[1] in languages:
                yield Block(page.stem, line, found[1], found[2])


def lines() -> list[Line]:
    """Every line of every `sh` block."""
    return [
        Line(block.page, text, tuple(_commands(text)))
        for block in blocks("sh")
        for text in block.text.replace("\\\n", " ").splitlines()
    ]


def _commands(text: str) -> Iterator[tuple[str, ...]]:
    words = shlex.shlex(text, posix=True, punctuation_chars="|")
    words.whitespace_split = True
    command: list[str] = []
    for word in words:
        if word == "|":
            yield tuple(command)
            command = []
        else:
            command.append(word)
    yield tuple(command)


def inline_code(page: Path) -> list[str]:
    """What stands between backticks in the running text of a page."""
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    return [" ".join(found.split()) for found in _CODE.findall(text)]
