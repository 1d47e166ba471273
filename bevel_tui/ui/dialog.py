"""A question over the screen, answered with one key or click; Esc is always the answer that changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalGroup, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to answer. `key` is a letter of the label that answers at once; `danger` marks what loses something."""

    value: str
    label: str
    key: str
    danger: bool = False


class Dialog(ModalScreen[str | None]):
    """Asks `text`; dismissed with the value of the answer, None for Esc. The first answer has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "refuse", "Back", id="dialog.back"),
        Binding("left,up", "app.focus_previous", show=False, id="dialog.previous"),
        Binding("right,down", "app.focus_next", show=False, id="dialog.next"),
        Binding("pageup", "page(-1)", show=False, id="dialog.page-up"),
        Binding("pagedown", "page(1)", show=False, id="dialog.page-down"),
    ]

    def __init__(self, title: str, text: str, answers: Sequence[Answer]) -> None:
        super().__init__()
        self._heading, self._text, self._answers = title, text, tuple(answers)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            with VerticalScroll(classes="told", can_focus=False):
                yield Static(Content(self._text))
            for answer in self._answers:
                with HorizontalGroup(classes="answer"):
                    yield Button(
                        Content.assemble((f" {answer.key} ", "reverse"), f" {answer.label}"),
                        id=f"answer-{answer.value}",
                        compact=True,
                        classes="danger" if answer.danger else "",
                    )

    def on_mount(self) -> None:
        box = self.query_one(".dialog")
        box.border_title = self._heading
        box.border_subtitle = "Esc goes back"
        self.call_after_refresh(self._mention_more)

    def _mention_more(self) -> None:
        """Long texts (what an import leaves out) begin at their beginning, and the answers stay where they are seen."""
        if self.query_one(".told").max_scroll_y:
            self.query_one(".dialog").border_subtitle = "Page Down reads on, Esc goes back"

    def action_page(self, by: int) -> None:
        """Read on, or back."""
        told = self.query_one(".told")
        told.scroll_relative(y=by * max(1, told.size.height - 1), animate=False)

    def on_key(self, event: events.Key) -> None:
        """A letter answers; the screen below, which is there again by then, must not have it too."""
        for answer in self._answers:
            if event.character and event.character.lower() == answer.key.lower():
                event.stop()
                self.dismiss(answer.value)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """So does a click, or Enter."""
        self.dismiss((event.button.id or "").removeprefix("answer-"))

    def action_refuse(self) -> None:
        """Nothing is changed."""
        self.dismiss(None)


def more_time(text: str) -> Dialog:
    """Asks how many minutes a run, or a step of it, may take longer; the answer is their number."""
    return Dialog(
        "More time", text, tuple(Answer(str(m), f"{m} minutes", k) for m, k in ((5, "5"), (15, "1"), (60, "6")))
    )
