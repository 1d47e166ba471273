"""What a person must know of an import or an export: one fact each, with the lines it is about.

No note repeats a value from a place where a secret could stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bevel_tui.network.problem import printable

#: ``refused``: cannot be brought about, and why; ``secret``: was a value, is a reference now; ``fill-in``: must be
#: corrected before a deployment; ``changed``: will be otherwise than the file says; ``doubt``: the file contradicts
#: itself; ``unknown``: a key that nobody reads; ``left-out``: has no meaning here; ``comment``: a remark that is lost
NoteKind = Literal["refused", "secret", "fill-in", "changed", "doubt", "unknown", "left-out", "comment"]

#: in this order they are told, under these headings
HEADINGS: dict[NoteKind, str] = {
    "refused": "Not supported",
    "secret": "Secrets: set these before deploying",
    "fill-in": "To fill in before deploying",
    "changed": "Otherwise than the file says",
    "doubt": "Inconsistent in the file",
    "unknown": "Unknown keys, left out",
    "left-out": "Left out, without meaning here",
    "comment": "Comments that are lost and may matter",
}


@dataclass(frozen=True, slots=True)
class Note:
    """One fact. `path` as people write it (``network.env.proxy``); `lines` count from 1, empty where none is to name."""

    kind: NoteKind
    path: str
    message: str
    lines: tuple[int, ...] = ()

    def __str__(self) -> str:
        place = f" ({_lines(self.lines)})" if self.lines else ""
        return f"{self.path}{place}: {printable(self.message, 2000)}"


_POSITION = re.compile(r"\[[0-9]+\]")
#: line numbers shown of one note
MOST_LINES = 8


def _lines(lines: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, lines[:MOST_LINES]))
    more = f" and {len(lines) - MOST_LINES} more" if len(lines) > MOST_LINES else ""
    return f"line{'s' if len(lines) > 1 else ''} {shown}{more}"


def merged(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Notes in the order of `HEADINGS` and lines; those that say the same of several places are one, with [*] in its path."""
    grouped: dict[tuple[NoteKind, str, str], list[Note]] = {}
    for note in notes:
        grouped.setdefault((note.kind, _POSITION.sub("[*]", note.path), note.message), []).append(note)
    joined = [
        Note(
            kind,
            path if len({note.path for note in same}) > 1 else same[0].path,
            message,
            tuple(sorted({line for note in same for line in note.lines})),
        )
        for (kind, path, message), same in grouped.items()
    ]
    order = list(HEADINGS)
    return tuple(sorted(joined, key=lambda n: (order.index(n.kind), n.lines[:1] or (0,), n.path)))
