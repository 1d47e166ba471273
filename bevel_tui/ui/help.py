"""Help lives with the widget that it is about: one text per field, shown in the line above the keys and under F1.

    yield helped(Input(id="domain"), "Names below this domain lead to the cluster's gateway.\\n\\nIt must ...")

The first paragraph is the line; all of it is in the help screen.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

W = TypeVar("W", bound=Widget)


def helped(widget: W, text: str) -> W:
    """The widget, with its help: plain text, paragraphs apart by an empty line."""
    widget.help_text = text  # type: ignore[attr-defined]
    return widget


def help_of(widget: Widget | None) -> str:
    """The help of the widget or of the nearest one around it; empty if there is none."""
    if widget is None:
        return ""
    for node in widget.ancestors_with_self:
        text = getattr(node, "help_text", None)
        if text:
            return str(text)
    return ""


class Hint(Static):
    """The first paragraph of the focused field's help, in the line above the keys; errors can take its place."""

    def show(self, text: str) -> None:
        """Show the first paragraph of `text`; nothing takes no line."""
        first = " ".join(text.split("\n\n", 1)[0].split())
        self.display = bool(first)
        self.update(Content(first))


class HelpScreen(ModalScreen[None]):
    """Help of what was focused, and every key that works there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,question_mark,q", "dismiss", "Close", id="help.close"),
        Binding("up,k", "scroll(-1)", show=False, id="help.up"),
        Binding("down,j", "scroll(1)", show=False, id="help.down"),
    ]

    def __init__(self, title: str, text: str, keys: list[tuple[str, str, str]]) -> None:
        """`keys` are rows of key, what it does, and the action's name for the keymap."""
        super().__init__()
        self._heading, self._text, self._keys = title, text, keys

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help", classes="dialog"):
            if self._text:
                yield Static(Content(self._text), classes="prose")
            yield Static(self._table(), id="help-keys")

    def on_mount(self) -> None:
        box = self.query_one("#help")
        box.border_title = f"Help: {self._heading}" if self._heading else "Help"
        box.border_subtitle = "Esc closes"

    def _table(self) -> Content:
        width = max((len(key) for key, _, _ in self._keys), default=0)
        rows: list[Content] = [Content.styled("Keys (the name on the right is the one in the keymap)", "bold")]
        for key, what, name in self._keys:
            named = (f"  {name}", "$text-muted") if name else ""
            rows.append(Content.assemble((f"{key:<{width}}", "bold $primary"), f"  {what}", named))
        return Content("\n").join(rows)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one("#help").scroll_relative(y=lines, animate=False)
