"""How well what is shown can be read: contrasts of text as it is really drawn, in every theme (WCAG 2.2, 1.4.3, 1.4.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.pilot import Pilot
from textual.screen import ModalScreen

from tests.ui.snapshot import settle

#: theme -> the least contrast of any text
LEAST = {"dark": 4.5, "light": 4.5, "high-contrast": 7.0}


def luminance(color: Color) -> float:
    """Relative luminance of a colour, 0 to 1 (WCAG's definition, for sRGB)."""
    parts = [part / 255 for part in (color.r, color.g, color.b)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, other: Color) -> float:
    """1 (the same) to 21 (black on white)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def texts(app: App[Any]) -> Iterator[tuple[str, Style]]:
    """Every piece of text on the terminal with its colours; of a dialog not what it lies over, which is faded."""
    screen = app.screen
    places = [screen.region]
    if isinstance(screen, ModalScreen):
        places = [widget.region for widget in screen.query(".dialog, .jump, .palette, CommandPalette > *")]
    lines = screen._compositor.render_strips(app.size)
    for place in places:
        for number in range(max(0, place.y), min(place.bottom, len(lines))):
            for text, style, _ in lines[number].crop(place.x, place.right):
                if any(character.isalnum() for character in text):
                    yield f"line {number + 1}: {text.strip()!r}", style or Style()


def hard_to_read(app: App[Any], least: float) -> list[str]:
    """What is below the least contrast, in words."""
    found = []
    for text, style in texts(app):
        assert style.color is not None and style.bgcolor is not None, text
        front, back = (Color.from_rich_color(c) for c in (style.color, style.bgcolor))
        ratio = contrast(front, back)
        if ratio < least or style.dim:
            found.append(f"{text} {front.hex} on {back.hex}: {ratio:.1f}:1{' and dim' if style.dim else ''}")
    return found


async def legible(pilot: Pilot[Any]) -> None:
    """Raises AssertionError for text that is hard to read in any of our themes."""
    app, was = pilot.app, pilot.app.theme
    for theme, least in LEAST.items():
        app.theme = theme
        await settle(pilot)
        found = hard_to_read(app, least)
        assert not found, f"{theme}:\n" + "\n".join(dict.fromkeys(found))
    app.theme = was
    await settle(pilot)
