"""Three themes: dark, light, high contrast. Colour only repeats what a word and a glyph say (`views.words`).

Any text has a contrast of 4.5:1 at least with what is behind it (WCAG AA), in high contrast 7:1 (AAA), and what cannot
be chosen too: a test measures it on the screens as they are drawn.

Other themes that Textual ships can be chosen by name too, in the palette or as `theme` in the settings.
"""

from __future__ import annotations

from functools import cache

from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.theme import Theme

from bevel_tui.views.words import Line, Span

DARK = Theme(
    name="dark",
    primary="#7aa2f7",
    secondary="#2f3b54",
    accent="#7dcfff",
    foreground="#d5d9e6",
    background="#12151c",
    surface="#181c25",
    panel="#232937",
    success="#7fd18b",
    warning="#f0b95c",
    error="#ff7a85",
    dark=True,
    variables={
        "text-muted": "#959eb3",
        "text-disabled": "#959eb3",
        "block-cursor-background": "#2f4a7d",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#232937",
        "footer-key-foreground": "#7aa2f7",
        "border": "#7aa2f7",
        "border-blurred": "#3b4357",
    },
)

LIGHT = Theme(
    name="light",
    primary="#1f4fbf",
    secondary="#c9d5f0",
    accent="#00637c",
    foreground="#1c2230",
    background="#f6f7fa",
    surface="#ffffff",
    panel="#e6e9f1",
    success="#1c6e2f",
    warning="#8a5300",
    error="#b3162b",
    dark=False,
    variables={
        "text-muted": "#545c6d",
        "text-disabled": "#545c6d",
        "block-cursor-background": "#1f4fbf",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#d5dbe9",
        "footer-key-foreground": "#1f4fbf",
        "border": "#1f4fbf",
        "border-blurred": "#b4bccd",
    },
)

HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#ffff00",
    secondary="#ffffff",
    accent="#00ffff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    success="#5cff5c",
    warning="#ffd000",
    error="#ff9c9c",
    dark=True,
    luminosity_spread=0.0,
    text_alpha=1.0,
    variables={
        "block-cursor-background": "#ffff00",
        "block-cursor-foreground": "#000000",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#ffffff",
        "block-cursor-blurred-foreground": "#000000",
        "input-cursor-background": "#ffff00",
        "input-selection-background": "#ffff00 40%",
        "footer-key-foreground": "#ffff00",
        "border": "#ffff00",
        "border-blurred": "#ffffff",
        "text-muted": "#ffffff",
        "text-disabled": "#d0d0d0",
        "scrollbar": "#ffffff",
        "scrollbar-background": "#000000",
    },
)

THEMES = (DARK, LIGHT, HIGH_CONTRAST)

#: styles of `views.words` -> styles of the theme
_STYLES = {
    "dim": "$text-muted",
    "green": "$success",
    "cyan": "$accent",
    "yellow": "$warning",
    "bold red": "bold $error",
    "bold": "bold",
    "title": "bold $primary",
}


def themed(style: str) -> str:
    """The theme's style for one of the names that `views.words.style` gives."""
    return _STYLES.get(style, style)


@cache
def named_colours(name: str) -> TerminalTheme | None:
    """What `red`, `green`, `yellow` and `cyan` of Rich's texts (cells of tables, labels of trees) are in one of our themes;
    None for another's. Textual asks for it with every line it draws.
    """
    theme = next((known for known in THEMES if known.name == name), None)
    if theme is None:
        return None

    def rgb(colour: str | None) -> tuple[int, int, int]:
        return Color.parse(colour or theme.primary).rgb

    text, ground = rgb(theme.foreground), rgb(theme.background)
    blue, cyan = rgb(theme.primary), rgb(theme.accent)
    eight = [ground, rgb(theme.error), rgb(theme.success), rgb(theme.warning), blue, blue, cyan, text]
    return TerminalTheme(ground, text, eight, eight)


def spans(line: Line | list[Span | str]) -> list[str | tuple[str, str]]:
    """A line as `textual.content.Content.assemble` takes it. What clusters say must be `clean` already."""
    return [piece if isinstance(piece, str) else (piece[0], themed(piece[1])) for piece in line]
