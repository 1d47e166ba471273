"""Styled lines that scroll, drawn only where they can be seen: what keeps two thousand rows as quick as twenty.

A line is a tuple of (text, style) as `views` make them; styles are those of `views.words`, coloured by the theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from bevel_tui.views.words import Line

#: styles of `views.words` -> component class
_CLASSES = {
    "": "lines--plain",
    "dim": "lines--dim",
    "green": "lines--good",
    "cyan": "lines--busy",
    "yellow": "lines--warn",
    "bold red": "lines--bad",
    "bold": "lines--bold",
}


class Lines(ScrollView, can_focus=True):
    """Lines that were made for the width of this widget (`room`); it scrolls up and down only."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*_CLASSES.values(), "lines--cursor", "lines--cursor-blurred"}
    DEFAULT_CSS = """
    Lines { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    Lines .lines--plain { color: $foreground; }
    Lines .lines--dim { color: $text-muted; }
    Lines .lines--good { color: $success; }
    Lines .lines--busy { color: $accent; }
    Lines .lines--warn { color: $warning; }
    Lines .lines--bad { color: $error; text-style: bold; }
    Lines .lines--bold { text-style: bold; }
    Lines .lines--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    Lines .lines--cursor-blurred { background: $block-cursor-blurred-background; color: $foreground; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: Sequence[Line] = ()
        self._about: object = None
        self._styles_known: dict[str, Style] = {}

    @property
    def room(self) -> int:
        """Cells that a line may take; the scrollbar has its own, whether it is there or not."""
        return max(1, self.content_region.width - 1)

    @property
    def too_wide(self) -> list[Line]:
        """Lines that are cut; there should be none."""
        room = self.scrollable_content_region.width
        return [line for line in self._shown if sum(cell_len(text) for text, _ in line) > room]

    def show(self, lines: Sequence[Line], about: object = None, *, tail: bool = False) -> None:
        """Show these; nothing is drawn again that has not changed. Another `about` begins at the top, or with `tail`
        at the end, and stays there while new lines come unless somebody has scrolled up."""
        new, self._about = about != self._about, about
        if lines == self._shown and not new:
            return
        at_end = tail and (new or self.scroll_offset.y >= self.max_scroll_y - 1)
        if new and not tail:
            self.scroll_home(animate=False)
        self._shown = lines
        size = Size(self.size.width, len(lines))
        if size != self.virtual_size:
            self.virtual_size = size
        if at_end:
            self.call_after_refresh(self.scroll_end, animate=False)
        self.refresh()

    def notify_style_update(self) -> None:
        """The theme has changed."""
        self._styles_known.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        number = y + self.scroll_offset.y
        line = self._shown[number] if 0 <= number < len(self._shown) else ()
        return self.strip(line)

    def strip(self, line: Line, over: Style | None = None) -> Strip:
        """A line with the theme's colours, as wide as the widget; `over` lies over all of it."""
        width = self.scrollable_content_region.width
        base = self._base()
        segments = [
            Segment(text, base + self.style_of(kind) + over if over else base + self.style_of(kind))
            for text, kind in line
        ]
        return Strip(segments).adjust_cell_length(width, base + over if over else base)

    def _base(self) -> Style:
        if "base" not in self._styles_known:  # it is looked up through all ancestors: dear, if done for each line
            self._styles_known["base"] = self.rich_style
        return self._styles_known["base"]

    def style_of(self, kind: str) -> Style:
        """The theme's style for one of `views.words`."""
        if kind not in self._styles_known:
            found = self.get_component_rich_style(_CLASSES.get(kind, "lines--plain"), partial=True)
            self._styles_known[kind] = self._muted() if kind == "dim" else found
        return self._styles_known[kind]

    def _muted(self) -> Style:
        """The theme's muted text as a colour of its own: most themes say it as a shade of what is behind it."""
        known = self.app.theme_variables
        muted = known.get("text-muted", "auto")
        if muted.startswith("auto"):
            foreground, background = Color.parse(known["foreground"]), Color.parse(known["background"])
            return Style(color=foreground.blend(background, 0.35).rich_color)
        return Style(color=Color.parse(muted).rich_color)

    class Resized(Message):
        """There is another width now, for which lines must be made anew."""

    def on_resize(self) -> None:
        """The lines are as wide as we are."""
        self.post_message(self.Resized())
        self.virtual_size = Size(self.size.width, len(self._shown))
