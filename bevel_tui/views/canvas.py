"""How much room there is: pieces of text made to fit a number of cells, in what the terminal can show."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from bevel_tui.views.words import Line, Span, clean


@dataclass(frozen=True, slots=True)
class Canvas:
    """How much room there is and what it can show."""

    width: int
    height: int = 1_000_000
    unicode: bool = True

    def fit(self, *spans: Span | str) -> Line:
        """Spans as one line of at most `width` cells; what is too long ends in an ellipsis."""
        given = [(clean(s), "") if isinstance(s, str) else (clean(s[0]), s[1]) for s in spans]
        if sum(cell_len(text) for text, _ in given) <= self.width:
            return tuple(span for span in given if span[0])
        room, fitted = self.width - 1, []
        for text, kind in given:
            cells = cell_len(text)
            if cells > room:
                fitted.append((set_cell_size(text, room) + ("…" if self.unicode else "~"), kind))
                break
            fitted.append((text, kind))
            room -= cells
        return tuple(span for span in fitted if span[0])

    def column(self, text: str, width: int) -> str:
        """A text in exactly `width` cells."""
        text = clean(text)
        if cell_len(text) <= width:
            return set_cell_size(text, width)
        return set_cell_size(text, width - 1) + ("…" if self.unicode else "~")

    @property
    def dot(self) -> str:
        """What separates facts on one line."""
        return " · " if self.unicode else " | "

    @property
    def arrow(self) -> str:
        """What leads from step to step."""
        return " → " if self.unicode else " -> "
