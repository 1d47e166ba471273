"""The pages of the documentation, and the blocks of shell and the commands in them, as data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<kind>sh|console|bash)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
_ANY_FENCE = re.compile(r"^```(?P<kind>\w*)\n.*?^```$", re.MULTILINE | re.DOTALL)
#: a line of an indented block that is a command, and not a table of words
_INDENTED = re.compile(r"^ {4}((?:bevel-tui|kubectl|helm|git|python|\.venv/bin/\S+)(?: .*)?)$", re.MULTILINE)
#: a step of a CI job
_STEP = re.compile(r"^\s+(?:- )?run: (.+)$", re.MULTILINE)
_SPAN = re.compile(r"`((?:bevel-tui|kubectl bevel)(?: [^`]*)?)`")


@dataclass(frozen=True)
class Block:
    """A fenced block of shell. `mark` is the HTML comment before it: ``run``, ``background``, ``test``..."""

    page: Path
    line: int
    mark: str
    body: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True)
class Command:
    """One command as it stands in a page, without the comment behind it. `mark` is its block's."""

    page: Path
    line: int
    text: str
    mark: str = ""

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}: {self.text}"


def blocks(page: Path) -> Iterator[Block]:
    """The page's shell blocks, in order."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        yield Block(page, text.count("\n", 0, match.start()) + 1, match["mark"] or "", match["body"])


def commands(page: Path) -> list[Command]:
    """Every command of the page, in order: lines of shell blocks, of indented blocks, and steps of CI jobs."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        body = re.sub(r"\\\n\s*", "", match["body"])
        first = text.count("\n", 0, match.start("body")) + 1
        mark = match["mark"] or ""
        found += [Command(page, first + n, bare(line), mark) for n, line in enumerate(body.splitlines()) if bare(line)]
    for match in _ANY_FENCE.finditer(text):
        if match["kind"] == "yaml":
            for step in _STEP.finditer(match[0]):
                line = text.count("\n", 0, match.start() + step.start()) + 1
                found.append(Command(page, line, bare(step[1])))
    plain = _ANY_FENCE.sub(lambda fence: re.sub(r"[^\n]", "", fence[0]), text)
    for match in _INDENTED.finditer(plain):
        # columns: what stands behind two blanks is an explanation, unless it is an option
        shown = re.split(r"\s{2,}(?![\s-])", match[1])[0]
        found.append(Command(page, plain.count("\n", 0, match.start()) + 1, bare(re.sub(r"\s+", " ", shown))))
    return sorted(found, key=lambda command: command.line)


def mentions(page: Path) -> list[Command]:
    """Commands inside sentences, in backticks."""
    text = _ANY_FENCE.sub(lambda fence: re.sub(r"[^\n]", "", fence[0]), page.read_text(encoding="utf-8"))
    return [Command(page, text.count("\n", 0, m.start()) + 1, " ".join(m[1].split())) for m in _SPAN.finditer(text)]


def bare(line: str) -> str:
    """A line of shell without its comment."""
    return re.sub(r"(^|\s+)#.*$", "", line).strip()
