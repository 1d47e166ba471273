"""A list to choose from whose chosen entry can be read in every theme: the cursor's bar has one colour of text."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual
from textual.widgets import OptionList


class Entry(Visual):
    """A line, and below it what is said of it, a little to the right however often it must be broken."""

    def __init__(self, title: Content, words: Content, indent: int = 2) -> None:
        self._title, self._words, self._indent = title, words, indent

    def _whole(self, width: int) -> Content:
        margin = Content(" " * self._indent)
        below = [margin + line for line in self._words.wrap(max(1, width - self._indent))]
        return Content("\n").join([self._title, *below])

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        """Drawn in that width."""
        return self._whole(width).render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """Cells that both have room in."""
        longest = max(self._title.cell_length, self._words.cell_length + self._indent)
        return min(container_width, longest)

    def get_height(self, rules: RulesMap, width: int) -> int:
        """Lines in that width."""
        return self._whole(width).get_height(rules, width)


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
        return Strip(Segment.apply_style(strip, post_style=RichStyle(color=bar.color)), strip.cell_length)
