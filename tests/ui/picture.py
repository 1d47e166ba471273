"""Pictures of screens for the documentation: docs/pictures/NAME.svg, written with the snapshot of that name.

Recording snapshots (`BEVEL_TUI_RECORD=1`) writes those that are listed here. Textual's own export is six times as large,
and loads a font from the network; here a run of cells in one style is one text as wide as its cells, in whatever
monospaced font is there.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from html import escape
from pathlib import Path

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
#: snapshot -> the page of docs/ that shows it
SHOWN = {
    "clusters-120x40": "wizard.md",
    "review-120x40": "wizard.md",
    "deploy-running-120x40": "screens.md",
    "deploy-problem-120x40": "screens.md",
    "reach-done-120x40": "reachability.md",
    "dashboard-finding-120x40": "dashboard.md",
}
#: pixels of a cell
WIDE, HIGH = 8.4, 17
BACK, FRONT = "#12151c", "#d5d9e6"
_THEME = TerminalTheme((18, 21, 28), (213, 217, 230), [(0, 0, 0)] * 8, None)
#: what stands for nothing when texts are compared
_BLANK = " \u00a0"


def svg(segments: Iterable[Segment], width: int, height: int, title: str) -> str:
    """An SVG of cells. `segments` are lines with their ends, `width` and `height` cells."""
    boxes, texts = [], []
    for row, line in enumerate(Segment.split_lines(Segment.filter_control(segments))):
        if row == height:
            break
        column = 0
        for segment in Segment.simplify(line):
            cells = segment.cell_length
            front, back, weight = _look(segment.style or Style.null())
            x, y = f"{column * WIDE:.4g}", row * HIGH
            span = f"{cells * WIDE:.4g}"
            if back != BACK:
                boxes.append(f'<rect x="{x}" y="{y}" width="{span}" height="{HIGH}" fill="{back}"/>')
            if segment.text.strip(_BLANK):
                look = ("" if front == FRONT else f' fill="{front}"') + weight
                texts.append(
                    f'<text x="{x}" y="{y + 13}" textLength="{span}"{look}>{escape(segment.text, quote=False)}</text>'
                )
            column += cells
    size = f"{width * WIDE:.4g} {height * HIGH}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" font-family="monospace" font-size="14" '
            f'fill="{FRONT}" xml:space="preserve" role="img"><title>{escape(title)}</title>',
            f'<rect width="100%" height="100%" fill="{BACK}"/>',
            *boxes,
            *texts,
            "</svg>\n",
        ]
    )


def _look(style: Style) -> tuple[str, str, str]:
    """Colour of the text, colour behind it, and attributes."""
    front, back = _hex(style.color, FRONT, foreground=True), _hex(style.bgcolor, BACK, foreground=False)
    if style.reverse:
        front, back = back, front
    return front, back, (' font-weight="bold"' if style.bold else "") + (' opacity="0.6"' if style.dim else "")


def _hex(color: Color | None, default: str, *, foreground: bool) -> str:
    if color is None or color.is_default:
        return default
    return color.get_truecolor(_THEME, foreground=foreground).hex


def lines(text: str) -> list[str]:
    """What an SVG of `svg` says, line by line: texts at their cells, as in the snapshot."""
    rows: dict[int, str] = {}
    for element in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}text"):
        row, column = round((float(element.attrib["y"]) - 13) / HIGH), round(float(element.attrib["x"]) / WIDE)
        rows[row] = rows.get(row, "").ljust(column) + (element.text or "")
    return [rows.get(row, "").rstrip(_BLANK) for row in range(max(rows) + 1)]


def without_blanks(line: str) -> str:
    """A line whose wide characters take two cells differs from its text by blanks only."""
    return re.sub(rf"[{_BLANK}]+", "", line)
