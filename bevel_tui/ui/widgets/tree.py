"""The outline of a run: a cursor, rows that open and close, and a cursor that follows what is urgent until it is moved."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from bevel_tui.ui.widgets.lines import Lines
from bevel_tui.views.canvas import Canvas
from bevel_tui.views.outline import Row, draw, outline, urgent
from bevel_tui.views.state import RunView
from bevel_tui.views.words import Line


class RunTree(Lines):
    """Shows a `RunView`; posts `Chosen` when the cursor is on another row."""

    help_text = (
        "The cursor follows what is urgent until you move it; f follows again.\n\n"
        "Clusters, their organizations, the steps of the plan and the objects of a step, each with its state. "
        "Up and down move, Space or Enter opens and closes a row, Left and Right close and open, f follows again. "
        "The panel beside shows all about the row; u and 1, 2, 3 choose what it shows."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="tree.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="tree.down"),
        Binding("pageup", "move(-20)", "Page up", show=False, id="tree.page-up"),
        Binding("pagedown", "move(20)", "Page down", show=False, id="tree.page-down"),
        Binding("home,g", "move(-1000000)", "First row", show=False, id="tree.first"),
        Binding("end,G", "move(1000000)", "Last row", show=False, id="tree.last"),
        Binding("space,enter", "turn", "Open or close", show=False, id="tree.toggle"),
        Binding("left,h", "shut", "Close", show=False, id="tree.close"),
        Binding("right,l", "open", "Open", show=False, id="tree.open"),
        Binding("f", "follow", "Follow", show=False, id="tree.follow", tooltip="Follow what is urgent again"),
    ]

    class Chosen(Message):
        """The cursor is on another row."""

        def __init__(self, row: Row | None) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.following = True
        self._view = RunView()
        self._now = 0.0
        self._rows: list[Row] = []
        self._shut: set[str] = set()
        self._opened: set[str] = set()
        self._cursor = 0
        self._key: str | None = None
        #: the rows in the window as they were last drawn
        self._seen: dict[int, Line] = {}

    @property
    def chosen(self) -> Row | None:
        """The row with the cursor."""
        return self._rows[self._cursor] if self._cursor < len(self._rows) else None

    def look(self, view: RunView, now: float) -> None:
        """Show the run as it is now. The cursor stays on its row, wherever that has moved to."""
        self._view, self._now = view, now
        self._build()
        if self.following and (wanted := urgent(view)) is not None:
            self._go_to(wanted)
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        canvas = Canvas(max(1, self.scrollable_content_region.width))
        seen = {n: draw(self._rows[n], now, canvas) for n in range(top, min(top + height, len(self._rows)))}
        if seen.keys() != self._seen.keys():
            self.refresh()
        else:
            for number, line in seen.items():
                if line != self._seen[number]:
                    self.refresh_line(number)
        self._seen = seen

    def _build(self) -> None:
        self._rows = outline(self._view, self._shut, self._opened)
        if self._key is not None and (self.chosen is None or self.chosen.key != self._key):
            self._cursor = next((i for i, row in enumerate(self._rows) if row.key == self._key), self._cursor)
        self._cursor = max(0, min(self._cursor, len(self._rows) - 1))
        size = Size(self.size.width, len(self._rows))
        if size != self.virtual_size:
            self.virtual_size = size
        self._chose()

    def _chose(self) -> None:
        row = self.chosen
        key = row.key if row is not None else None
        if key != self._key:
            self._key = key
            self.post_message(self.Chosen(row))

    def go_to(self, key: str) -> None:
        """Put the cursor on a row and keep it there."""
        self.following = False
        self._go_to(key)

    def _go_to(self, key: str) -> None:
        for number, row in enumerate(self._rows):
            if row.key == key:
                self._put(number)
                return

    def _put(self, number: int) -> None:
        before, self._cursor = self._cursor, max(0, min(number, len(self._rows) - 1))
        self._chose()
        window = self.scrollable_content_region.height
        # with a little of what is around it
        self.scroll_to_region(Region(0, max(0, self._cursor - 1), 1, min(3, max(1, window))), animate=False)
        self.refresh_line(before)
        self.refresh_line(self._cursor)

    def on_resize(self) -> None:
        """The row with the cursor stays in view."""
        super().on_resize()
        self.call_after_refresh(lambda: self._put(self._cursor))

    def render_line(self, y: int) -> Strip:
        """One row, the cursor's on its bar."""
        number = y + self.scroll_offset.y
        if not 0 <= number < len(self._rows):
            return self.strip(())
        canvas = Canvas(max(1, self.scrollable_content_region.width))
        line = self._seen[number] = draw(self._rows[number], self._now, canvas)
        if number != self._cursor:
            return self.strip(line)
        name = "lines--cursor" if self.has_focus else "lines--cursor-blurred"
        if name not in self._styles_known:
            self._styles_known[name] = self.get_component_rich_style(name, partial=True)
        return self.strip(line, self._styles_known[name])

    # ------------------------------------------------------------ keys and mouse

    def action_move(self, rows: int) -> None:
        """Move the cursor; from then on it follows nothing."""
        self.following = False
        self._put(self._cursor + rows)

    def action_turn(self) -> None:
        """Open or close the row."""
        row = self.chosen
        if row is not None and row.open is not None:
            self._set(row, not row.open)

    def action_open(self) -> None:
        """Open the row, or go on to what is below it."""
        row = self.chosen
        if row is not None and row.open is False:
            self._set(row, True)
        else:
            self.action_move(1)

    def action_shut(self) -> None:
        """Close the row, or go to the one it belongs to."""
        row = self.chosen
        if row is None:
            return
        if row.open:
            self._set(row, False)
            return
        self.following = False
        for number in range(self._cursor - 1, -1, -1):
            if self._rows[number].depth < row.depth:
                self._put(number)
                return

    def action_follow(self) -> None:
        """Follow what is urgent again."""
        self.following = True
        self.look(self._view, self._now)

    def _set(self, row: Row, is_open: bool) -> None:
        self.following = False
        (self._opened if is_open else self._shut).add(row.key)
        (self._shut if is_open else self._opened).discard(row.key)
        self._build()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click chooses, one on the mark or a second one opens and closes."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        number = offset.y + self.scroll_offset.y
        if not 0 <= number < len(self._rows):
            return
        self.following = False
        self._put(number)
        row = self._rows[number]
        if row.open is not None and (event.chain == 2 or 2 * row.depth <= offset.x <= 2 * row.depth + 1):
            self._set(row, not row.open)
