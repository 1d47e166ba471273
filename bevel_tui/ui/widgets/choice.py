"""A choice on one line: all of what may be chosen beside each other, the chosen one marked by more than its colour.

Where there is no room for all of them the chosen one is shown between arrows; Enter opens the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from bevel_tui.ui.widgets.options import Options


class Choice(Widget, can_focus=True):
    """One of `choices`; `value` may be none of them (nothing chosen, or something a preset said that is wrong)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Previous", show=False, id="choice.previous"),
        Binding("right,space", "step(1)", "Next choice", show=False, id="choice.next"),
        Binding("enter", "open", "List", show=False, id="choice.open"),
        Binding("backspace,delete", "clear", "Nothing", show=False, id="choice.clear"),
    ]

    class Changed(Message):
        """Somebody chose; None takes the choice back."""

        def __init__(self, choice: Choice, value: str | None) -> None:
            super().__init__()
            self.choice = choice
            self.value = value

        @property
        def control(self) -> Choice:
            """The widget."""
            return self.choice

    def __init__(self, choices: Sequence[str], value: str, *, optional: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.choices = tuple(choices)
        self.value = value
        self._optional = optional
        self._spans: list[tuple[int, int, str]] = []

    def show(self, value: str) -> None:
        """Show another value; nobody is told."""
        if value != self.value:
            self.value = value
            self.refresh()

    def render(self) -> Content:
        """All choices, or the chosen one."""
        here = self.has_focus
        self._spans = []
        parts: list[tuple[str, str] | str] = []
        column = 0
        for choice in self.choices:
            chosen = choice == self.value
            text = f"{'●' if chosen else '○'} {choice}"
            style = ("bold $block-cursor-foreground on $block-cursor-background" if here else "bold") if chosen else ""
            self._spans.append((column, column + cell_len(text), choice))
            parts += [(text, style or "$text-muted"), "  "]
            column += cell_len(text) + 2
        if column - 2 <= self.size.width:
            return Content.assemble(*parts)
        self._spans = []
        where = f"{self.choices.index(self.value) + 1} of " if self.value in self.choices else ""
        shown = f"‹ {self.value or 'choose'} ›"
        style = "bold $block-cursor-foreground on $block-cursor-background" if here else "bold"
        return Content.assemble((shown, style), (f"  {where}{len(self.choices)}; Enter lists them", "$text-muted"))

    def on_click(self, event: events.Click) -> None:
        """A click chooses."""
        for start, end, choice in self._spans:
            if start <= event.x < end:
                self._choose(choice)
                return
        if not self._spans:
            self.action_open()

    def action_step(self, by: int) -> None:
        """The one before or after; round at the ends."""
        at = self.choices.index(self.value) + by if self.value in self.choices else 0
        if self.choices:
            self._choose(self.choices[at % len(self.choices)])

    def action_open(self) -> None:
        """The list, where not all are seen; else on to the next field."""
        if self._spans:
            self.screen.focus_next()
            return

        def chosen(value: str | None) -> None:
            if value is not None:
                self._choose(value)

        self.app.push_screen(ChoiceList(self.choices, self.value), chosen)

    def action_clear(self) -> None:
        """Back to what holds when nothing is said."""
        if self._optional and self.value:
            self.value = ""
            self.refresh()
            self.post_message(self.Changed(self, None))

    def _choose(self, value: str) -> None:
        if value != self.value:
            self.value = value
            self.refresh()
            self.post_message(self.Changed(self, value))


class ChoiceList(ModalScreen[str | None]):
    """The whole list; dismissed with the choice, None for Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back", id="choice.back")]

    def __init__(self, choices: Sequence[str], value: str) -> None:
        super().__init__()
        self._choices, self._value = tuple(choices), value

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Options(*(Option(Content(choice)) for choice in self._choices), compact=True)

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = self._choices.index(self._value) if self._value in self._choices else 0
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter or a click."""
        self.dismiss(self._choices[event.option_index])
