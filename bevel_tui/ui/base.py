"""What every screen is made of: header, body, the line of help, the keys; jump mode, palette and help come with it.

    class PlatformScreen(BaseScreen):
        heading = "Platform"
        BINDINGS = [Binding("ctrl+n", "next", "Next", id="wizard.next")]

        def body(self) -> ComposeResult:
            yield helped(OptionList(...), "One sentence.\\n\\nThe whole story.")

        def commands(self) -> Iterable[Command]:
            yield Command("Use Besu", "...", self.use_besu)

Every Binding has an `id`: that is its name in the settings' keymap. A screen sets `self.header.network`, `.crumbs` and
`.simulated` when it knows them. `unsaved` says in a sentence what would be lost by quitting.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from bevel_tui.ui.footer import KeyFooter
from bevel_tui.ui.header import Header
from bevel_tui.ui.help import HelpScreen, Hint, help_of
from bevel_tui.ui.jump import JumpScreen
from bevel_tui.ui.palette import Command


class BaseScreen(Screen[None]):
    """A screen with header, help line and key footer. Subclasses give `heading` and `body`."""

    heading: ClassVar[str] = ""
    #: classes by width and height, for styles: -narrow below 100 columns, -wide from 160; -low below 30 lines
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-narrow"),
        (100, "-medium"),
        (160, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="back", tooltip="Back to the screen before; nothing is lost"),
        Binding("f1", "help", "Help", id="help", tooltip="Help for the focused field, and all keys"),
        Binding("ctrl+o", "jump", "Jump", id="jump", tooltip="Show a letter on every field; the letter goes there"),
    ]

    _resumed = False

    def compose(self) -> ComposeResult:
        self._take_size()
        yield Header()
        with Vertical(id="body"):
            yield from self.body()
        yield Hint(id="hint")
        yield KeyFooter()

    def _take_size(self) -> None:
        """The classes by width and height, before anything is in here: later everything would be styled and laid out twice."""
        size = self.app.size
        for extent, steps in ((size.width, self.HORIZONTAL_BREAKPOINTS), (size.height, self.VERTICAL_BREAKPOINTS)):
            self.set_class(True, max(step for step in steps or () if step[0] <= extent)[1], update=False)

    def body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield from ()

    def commands(self) -> Iterable[Command]:
        """What the palette offers here besides the keys."""
        return ()

    def unsaved(self) -> str | None:
        """What quitting now would lose, as a sentence; None: nothing."""
        return None

    @property
    def header(self) -> Header:
        """The first line."""
        return self.query_one(Header)

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        """The first time all styles are as they must be: they were applied when the widgets were mounted."""
        if not self._resumed:
            self._resumed = True
            event.refresh_styles = False

    def _screen_resized(self, size: Size) -> None:
        """Textual tells a screen of its first size after it was laid out in it: the same once more changes nothing."""
        if size != self._compositor.size:
            super()._screen_resized(size)

    def on_mount(self) -> None:
        self.header.heading = self.heading
        self.watch(self, "focused", self._hint)

    def _hint(self, focused: Widget | None) -> None:
        self.query_one(Hint).show(help_of(focused))

    # ------------------------------------------------------------ actions

    def action_back(self) -> None:
        """To the screen before; the first one has none."""
        if self.app.screen_stack[0] is not self:
            self.app.pop_screen()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No way back from the first screen."""
        if action == "back":
            return self.app.screen_stack[0] is not self
        return super().check_action(action, parameters)

    def action_help(self) -> None:
        """Help for what has the focus."""
        rows = []
        seen: set[str] = set()
        for active in self.active_bindings.values():
            binding = active.binding
            if not binding.description or binding.action in seen:
                continue
            seen.add(binding.action)
            keys = [b.binding for b in self.active_bindings.values() if b.binding.action == binding.action]
            shown = ", ".join(self.app.get_key_display(key) for key in keys[:3])
            rows.append((shown, active.tooltip or binding.description, binding.id or ""))
        rows.sort(key=lambda row: not row[2])  # ours first, then what fields of that kind can always do
        self.app.push_screen(HelpScreen(self.heading, help_of(self.focused), rows))

    def action_jump(self) -> None:
        """Letters on every place that can be focused."""

        def chosen(widget: Widget | None) -> None:
            if widget is not None:
                self.set_focus(widget)

        self.app.push_screen(JumpScreen(self.focus_chain), chosen)
