"""The commands that the documentation shows, as data: where each stands and what a shell would make of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
#: made from the program, or not ours
_GENERATED = {"commands.md"}
_FENCE = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<kind>sh|console|bash)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
_INDENTED = re.compile(r"^    ((?:\S*/)?(?:bevel-tui|kubectl bevel) .*)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of shell. `mark` is the HTML comment before it: ``run``, ``background``, ``later: why``..."""

    page: Path
    line: int
    mark: str
    body: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """The page's shell blocks, in order."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        yield Block(page, text.count("\n", 0, match.start()) + 1, match["mark"] or "", match["body"])


def calls(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Every call of ours on the page, as ``page:line`` and the arguments after the program's name."""
    if page.name in _GENERATED:
        return
    text = page.read_text(encoding="utf-8")
    shell = [(block.line + 1, block.body) for block in blocks(page)]
    shell += [(text.count("\n", 0, m.start()) + 1, m[1]) for m in _INDENTED.finditer(text)]
    for first, body in shell:
        for number, line in enumerate(body.replace("\\\n", "  ").splitlines()):
            for part in re.split(r"\s*(?:&&|\|\||[|;])\s+", line.strip().removeprefix("$ ")):
                words = _words(part)
                if words[:2] == ["kubectl", "bevel"]:
                    words = words[1:]
                elif not words or Path(words[0]).name != "bevel-tui":
                    continue
                yield f"{page.relative_to(ROOT)}:{first + number}", words[1:]


def _words(part: str) -> list[str]:
    lexer = shlex.shlex(part, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words = []
    for word in lexer:
        if re.fullmatch(r"\d?>{1,2}|<|&", word):
            break
        if not re.fullmatch(r"[A-Z_]+=\S*", word) or words:
            words.append(word)
    return words
