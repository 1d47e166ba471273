"""What may be copied, seen before it is: a list on the left, the text itself on the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from bevel_tui.ui.help import helped
from bevel_tui.ui.widgets.options import Options


class CopyDialog(ModalScreen[None]):
    """Copies by the terminal's own clipboard (OSC 52: over SSH too, where the terminal allows it)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", id="copy.close"),
        Binding("s", "save", "Save to a file", id="copy.save"),
    ]

    def __init__(self, found: Sequence[tuple[str, str, str]]) -> None:
        """`found`: title, help and text."""
        super().__init__()
        self._found = list(found)

    def compose(self) -> ComposeResult:
        with Vertical(id="copying", classes="dialog"):
            options = (Option(title, id=str(number)) for number, (title, _, _) in enumerate(self._found))
            yield helped(Options(*options, id="copy-what"), "Enter copies what is shown.")
            with VerticalScroll(id="copy-box", can_focus=False):
                yield Static(id="copy-text")

    def on_mount(self) -> None:
        box = self.query_one("#copying")
        box.border_title = "Copy"
        box.border_subtitle = "Enter copies, s saves to a file, Esc closes"
        self.query_one(OptionList).focus()
        self.query_one(OptionList).highlighted = 0

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show it."""
        self.query_one("#copy-text", Static).update(Content(self._found[event.option_index][2]))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Copy it."""
        title, _, text = self._found[event.option_index]
        self.app.copy_to_clipboard(text)
        self.dismiss()
        self.app.notify(f"{title}: copied, if your terminal lets programs do that; s saves to a file instead.")

    def action_save(self) -> None:
        """Write it where the user is: a terminal that refuses OSC 52 must not be the end of it."""
        import re
        from pathlib import Path

        number = self.query_one(OptionList).highlighted or 0
        title, _, text = self._found[number]
        path = Path(f"{re.sub(r'[^A-Za-z0-9.-]+', '-', title).strip('-')}.txt")
        try:
            path.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            self.app.notify(f"{path} cannot be written: {error.strerror}", severity="error")
            return
        self.dismiss()
        self.app.notify(f"Saved to {path.resolve()}")
