"""The line of keys: one widget that draws all of them. Textual's own is a widget per key, made anew whenever the focus
moves, which was the dearest part of showing a screen; and where there is no room it cuts the last key in two.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.binding import ActiveBinding
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

#: actions that give way first where not all keys have room: they are the same on every screen, and F1 lists them
_GIVE_WAY = ("jump", "back", "quit")
_PALETTE = "command_palette"


@dataclass(frozen=True, slots=True)
class _Key:
    key: str
    shown: str
    words: str
    action: str
    enabled: bool
    tooltip: str

    @property
    def width(self) -> int:
        return cell_len(self.shown) + cell_len(self.words) + 3


class KeyFooter(Widget):
    """The keys that work here, whole ones only; on the right the palette's. A click is a key press."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyFooter { dock: bottom; height: 1; color: $footer-foreground; background: $footer-background; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[_Key, ...] = ()
        self._palette: _Key | None = None
        self._under_mouse: _Key | None = None
        #: what is drawn, by column
        self._spans: list[tuple[range, _Key]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self._changed(self.screen)

    def _changed(self, screen: Screen[object]) -> None:
        """Draw them anew, if a key, its words or whether it works has changed."""
        if not self.app.app_focus or not self.is_attached:
            return
        keys: dict[str, _Key] = {}
        palette = None
        own = [binding.id for _, binding in screen._bindings]

        def place(active: ActiveBinding) -> int:
            """Keys of what has the focus, then the screen's as it declares them, then the application's."""
            if active.node is screen:
                return own.index(active.binding.id)
            return len(own) if active.node is self.app else -1

        for _, binding, enabled, tooltip in sorted(screen.active_bindings.values(), key=place):
            action = binding.action.rpartition(".")[2]
            if not binding.show and action != _PALETTE:
                continue
            shown = self.app.get_key_display(binding)
            key = _Key(binding.key, shown, binding.description, action, enabled, tooltip or binding.description)
            if action == _PALETTE:
                palette = palette or key
            else:
                keys.setdefault(action, key)
        if (found := tuple(keys.values())) != self._keys or palette != self._palette:
            self._keys, self._palette = found, palette
            self.refresh()

    def _fitting(self, room: int) -> list[_Key]:
        """The keys that have room beside each other."""
        fitting = list(self._keys)
        givers = [key for name in _GIVE_WAY for key in self._keys if key.action == name]
        while sum(key.width for key in fitting) > room and fitting:
            fitting.remove(next((key for key in givers if key in fitting), fitting[-1]))
        return fitting

    def render(self) -> Content:
        """One line."""
        right = self._palette.width if self._palette is not None else 0
        room = self.size.width - right
        parts: list[Content] = []
        self._spans = []
        column = 0
        for key in self._fitting(room):
            parts.append(self._drawn(key, " "))
            self._spans.append((range(column, column + key.width), key))
            column += key.width
        if self._palette is not None:
            parts += [Content(" " * (room - column)), self._drawn(self._palette, "▏")]
            self._spans.append((range(room, self.size.width), self._palette))
        return Content("").join(parts)

    def _drawn(self, key: _Key, before: str) -> Content:
        words = Content.assemble((key.shown, "bold $footer-key-foreground"), f" {key.words} ")
        if not key.enabled:
            words = words.stylize("dim")
        elif key == self._under_mouse:
            words = words.stylize_before("on $block-hover-background")
        return Content.assemble((before, "$foreground 20%"), words)

    # ------------------------------------------------------------ mouse

    def _at(self, column: int) -> _Key | None:
        return next((key for columns, key in self._spans if column in columns), None)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """What the key below the mouse does."""
        self._point(self._at(event.x))

    def on_leave(self) -> None:
        """The mouse went away."""
        self._point(None)

    def _point(self, key: _Key | None) -> None:
        if key != self._under_mouse:
            self._under_mouse = key
            self.tooltip = key.tooltip if key is not None else None
            self.refresh()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """As if the key were pressed."""
        key = self._at(event.x)
        if key is None:
            return
        if key.enabled:
            self.app.simulate_key(key.key)
        else:
            self.app.bell()
