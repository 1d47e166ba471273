"""Screen 3: which ledger. The seven, what each is for, what it needs, which gateways it allows and why not the others."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from bevel_tui.network.problem import YamlPath
from bevel_tui.ui.help import helped
from bevel_tui.ui.screens.step import StepScreen
from bevel_tui.ui.setup import Setup
from bevel_tui.ui.widgets.form import Form
from bevel_tui.ui.widgets.options import Options
from bevel_tui.wizard import platforms

_TYPE: YamlPath = ("platform", "type")


class PlatformScreen(StepScreen):
    """The list, what is said of the one under the cursor, and its settings. The cursor chooses."""

    heading = "Platform"
    section_id = "platform"

    def content(self) -> ComposeResult:
        with Horizontal(id="choose"):
            names = platforms.platform_names()
            options = Options(
                *(Option(Content(platforms.PLATFORMS[name].title), id=name) for name in names),
                id="platforms",
                classes="panel",
                compact=True,
            )
            options.highlighted = names.index(self.draft.platform)
            options.border_title = "Platform"
            yield helped(
                options,
                "The ledger that all organizations run. Arrows choose; what was set for another one is kept.",
            )
            yield Static(self._about(), id="about", classes="panel")
        yield Form(self.draft, self.section.groups(self.draft), skip=frozenset({_TYPE}))

    def on_mount(self) -> None:
        super().on_mount()
        if self._focus is not None and self._focus != _TYPE:
            self.query_one(Form).focus_first(self._focus)
        else:
            self.query_one(OptionList).focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The cursor chooses."""
        name = str(event.option_id)
        if name == self.draft.platform and self.draft.said(_TYPE) is not None:
            return
        self.draft.set(_TYPE, name)
        self.query_one("#about", Static).update(self._about())
        self.call_later(self.answered, _TYPE)

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        """Enter goes on to the settings."""
        self.query_one(Form).focus_first()

    def _about(self) -> Content:
        name = self.draft.platform
        about = platforms.PLATFORMS[name]
        refused = platforms.refusals(name, max(1, len(self.draft.clusters)))
        allowed = [gateway for gateway, reason in refused.items() if reason is None]
        lines = [
            Content(about.sentence),
            Content.assemble(("needs     ", "$text-muted"), about.needs),
            Content.assemble(("gateways  ", "$text-muted"), ", ".join(allowed)),
        ]
        for gateway, reason in refused.items():
            if reason is not None:
                words = reason.partition(": ")[2] or reason
                lines.append(Content.styled(f"not {gateway}: {words}", "$text-muted"))
        return Content("\n").join(lines)


def screen(setup: Setup, *, editing: bool = False, focus: YamlPath | None = None) -> StepScreen:
    """The screen of this section."""
    return PlatformScreen(setup, editing=editing, focus=focus)
