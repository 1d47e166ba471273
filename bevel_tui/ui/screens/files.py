"""Asks for a file's path; Tab completes it as a shell does. Replacing another file is asked twice."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class FileDialog(ModalScreen[Path | None]):
    """Dismissed with the path, None for Esc. Opening takes an existing file, or the name of a shipped preset."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="file.back"),
        Binding("tab", "complete", "Complete", id="file.complete", priority=True),
    ]

    def __init__(self, title: str, path: str, *, saving: bool, names: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._heading, self._path, self._saving, self._names = title, path, saving, names
        self._asked: str | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", can_focus=False):
            # what is proposed for reading is replaced by typing; where to save is mostly changed a little
            yield Input(
                self._path, select_on_focus=not self._saving, id="path", compact=True, placeholder="path of a file"
            )
            yield Static("", id="said")
            if self._names:
                yield Static(
                    Content.assemble(("Presets that come with bevel-tui\n", "bold"), ", ".join(self._names)),
                    classes="prose",
                )

    def on_mount(self) -> None:
        box = self.query_one(".dialog")
        box.border_title = self._heading
        box.border_subtitle = "Enter takes it, Tab completes, Esc goes back"
        entry = self.query_one(Input)
        entry.focus()
        if self._saving:
            entry.cursor_position = len(self._path)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it, if it makes sense."""
        text = event.value.strip()
        path = Path(text).expanduser()
        if not text:
            self._say("Type a path.")
        elif path.is_dir():
            self._say(f"{path} is a folder.")
        elif self._saving and path.exists() and self._asked != text:
            self._asked = text
            self._say(f"{path.name} is there already: Enter again replaces it.")
        elif not self._saving and not path.is_file() and text not in self._names:
            self._say(f"There is no file {path}.")
        else:
            self.dismiss(path if self._saving or path.is_file() else Path(text))

    def _say(self, words: str) -> None:
        self.query_one("#said", Static).update(Content.styled(f"! {words}", "$warning"))

    def action_complete(self) -> None:
        """Complete as far as there is one way to go."""
        entry = self.query_one(Input)
        typed = Path(entry.value).expanduser()
        folder, start = (typed, "") if entry.value.endswith(os.sep) else (typed.parent, typed.name)
        try:
            found = sorted(p for p in folder.iterdir() if p.name.startswith(start))
        except OSError:
            found = []
        names = [p.name for p in found] or [name for name in self._names if name.startswith(entry.value)]
        if not names:
            return
        common = os.path.commonprefix(names)  # noqa: RUF071 - letter by letter, as shells complete
        stem = entry.value[: len(entry.value) - len(start)] if found else ""
        end = os.sep if len(found) == 1 and found[0].is_dir() else ""
        entry.value = f"{stem}{common}{end}"
        entry.cursor_position = len(entry.value)
        if len(names) > 1:
            shown = ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")
            self.query_one("#said", Static).update(Content.styled(shown, "$text-muted"))
