"""Jump mode: every place that can be focused gets a letter; the letter goes there. For hands that stay on the keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

#: near to hand first; no letter that reads like another
LETTERS = "asdfghjklqwertyuiopzxcvbnm"


def letters(count: int) -> list[str]:
    """That many labels of one letter, or of two where one is not enough for all."""
    if count <= len(LETTERS):
        return list(LETTERS[:count])
    return [first + second for first in LETTERS for second in LETTERS][:count]


class JumpScreen(ModalScreen[Widget | None]):
    """Shows the letters; dismissed with the widget chosen, None when the key is no letter shown."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Stay", id="jump.stay")]

    def __init__(self, targets: Iterable[Widget]) -> None:
        super().__init__()
        placed = [(widget, widget.region) for widget in targets]
        shown = [(widget, region) for widget, region in placed if region.area]
        names = letters(len(shown))
        self._targets = {name: widget for name, (widget, _) in zip(names, shown, strict=True)}
        self._places = {name: Offset(r.x, r.y) for name, (_, r) in zip(names, shown, strict=True)}
        self._typed = ""

    def compose(self) -> ComposeResult:
        for name, place in self._places.items():
            label = Static(f" {name} ", classes="jump")
            label.styles.offset = (place.x, place.y)
            yield label

    def on_key(self, event: events.Key) -> None:
        """Follow the letters typed so far."""
        if event.key == "escape":
            return
        event.stop()
        self._typed += event.character or ""
        if self._typed in self._targets:
            self.dismiss(self._targets[self._typed])
        elif not any(name.startswith(self._typed) for name in self._targets):
            self.dismiss(None)
