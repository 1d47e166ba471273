"""The last thing between what clusters say and the terminal: no cell of any screen holds a control character.

Widgets clean what they show where they know that it is foreign. Textual writes every other character as it is, so one
forgotten place would let a cluster clear the screen, set a title or turn text round.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

#: C0 and C1 controls, and what turns the direction of text. All of them are no cell wide, so nothing moves without them.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Harmless(LineFilter):
    """What other filters make of a line that is about to be drawn, without control characters.

    One filter instead of several in a row: Textual makes a new line after each of them, and there are many lines.
    """

    def __init__(self, others: Sequence[LineFilter]) -> None:
        super().__init__()
        self.others = tuple(others)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The line as it may be drawn."""
        for other in self.others:
            segments = other.apply(segments, background)
        if _CONTROLS.search("".join([segment.text for segment in segments])) is None:
            return segments
        return [
            segment if segment.control else Segment(_CONTROLS.sub("", segment.text), segment.style)
            for segment in segments
        ]
