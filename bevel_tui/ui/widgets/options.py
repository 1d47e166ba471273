"""A list to choose from whose chosen entry can be read in every theme: the cursor's bar has one colour of text."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widgets import OptionList


class Options(OptionList):
    """An OptionList. Entries have colours of their own (grey, red); below the cursor they would be on its bar, which is
    of another colour than what they were chosen for."""

    DEFAULT_CSS = """
    Options > .option-list--option-highlighted {
        color: $block-cursor-blurred-foreground;
        background: $block-cursor-blurred-background;
    }
    Options:focus > .option-list--option-highlighted {
        color: $block-cursor-foreground;
        background: $block-cursor-background;
    }
    """

    def update_node_styles(self, animate: bool = True) -> None:
        """Not before it is mounted: then all styles are applied anyway, and Textual asks for it while making one."""
        if self.is_attached:
            super().update_node_styles(animate)

    def render_line(self, y: int) -> Strip:
        """A line; the cursor's in the bar's own colour."""
        strip = super().render_line(y)
        bar = self.get_component_rich_style("option-list--option-highlighted")
        if bar.bgcolor is None or not any(s.style and s.style.bgcolor == bar.bgcolor for s in strip):
            return strip
        return Strip(Segment.apply_style(strip, post_style=Style(color=bar.color)), strip.cell_length)
