"""What can be wrong with a preset, as data: the one shape that the reader, the schema and the rules report in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

#: where in the document: keys and list positions, as the YAML has them
YamlPath = tuple[str | int, ...]

_WORD = re.compile(r"[\w./-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong (`error`) or unwise (`warning`). `code` is stable; `message` is a plain sentence."""

    severity: Literal["error", "warning"]
    code: str
    path: YamlPath
    message: str


def error(code: str, path: YamlPath, message: str) -> Problem:
    """A problem that stops a deployment."""
    return Problem("error", code, path, message)


def warning(code: str, path: YamlPath, message: str) -> Problem:
    """A problem that a person should know of and may accept."""
    return Problem("warning", code, path, message)


def where(path: YamlPath) -> str:
    """A YAML path as people write it: ``organizations[0].besu.validators``; empty: ``(document)``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _WORD.fullmatch(part):
            text += f".{printable(part)}" if text else printable(part)
        else:
            text += f'["{printable(part)}"]'
    return text or "(document)"


def printable(text: str, limit: int = 60) -> str:
    """Text from a preset, safe for a terminal: cut to `limit` characters, control characters spelled out."""
    shown = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
