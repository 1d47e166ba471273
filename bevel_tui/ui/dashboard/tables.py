"""Tables that change under the cursor without moving it; cells that no text of a cluster can style.

Columns are as wide as what is in them from the moment it is put there. A table that finds widths out by itself does so
when it is idle, keeps the lines that it painted until then, and shows them again.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.widgets import DataTable

from bevel_tui.views.words import clean, glyph, style, word

Row = tuple[str, tuple[Text, ...]]

#: states of places that `views.words` has no word for
_OTHER = {"unknown": ("?", "unknown", "yellow"), "absent": ("·", "not there", "dim")}


def plain(text: object, kind: str = "") -> Text:
    """A cell of plain text."""
    return Text(clean(str(text)), kind, no_wrap=True)


def state(name: str) -> Text:
    """Glyph and word of a state."""
    sign, said, kind = _OTHER.get(name) or (glyph(name), word(name), style(name))
    return Text(f"{sign} {said}", kind, no_wrap=True)


def fill(table: DataTable[Text], rows: Sequence[Row]) -> None:
    """Make the table show these rows, by their keys; the cursor stays with the row that it is on."""
    for number, column in enumerate(table.ordered_columns):
        column.auto_width = False
        column.width = max(column.label.cell_len, *(cells[number].cell_len for _, cells in rows), 0)
    keys = [row.key.value for row in table.ordered_rows]
    if keys == [key for key, _ in rows]:
        for number, (key, cells) in enumerate(rows):
            for column, cell, old in zip(table.ordered_columns, cells, table.get_row_at(number), strict=True):
                if cell != old:
                    table.update_cell(key, column.key, cell)
        return
    at = table.cursor_row
    current = keys[at] if 0 <= at < len(keys) else None
    place = table.scroll_offset
    table.clear()
    for key, cells in rows:
        table.add_row(*cells, key=key)
    names = [key for key, _ in rows]
    if current in names:
        table.move_cursor(row=names.index(current), scroll=False)
    elif names:
        table.move_cursor(row=min(at, len(names) - 1), scroll=False)
    table.scroll_to(place.x, place.y, animate=False)
