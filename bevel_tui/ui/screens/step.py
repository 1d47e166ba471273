"""What the wizard's steps share: where we are, Next and Back, save, straight to the review; no answer lives here."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from bevel_tui.network.problem import YamlPath
from bevel_tui.ui.base import BaseScreen
from bevel_tui.ui.palette import Command
from bevel_tui.ui.setup import Setup
from bevel_tui.ui.widgets.form import Form
from bevel_tui.wizard import sections
from bevel_tui.wizard.draft import Draft


class Steps(Widget):
    """One line: all steps, and at which one we are. Where there is no room the others are numbers."""

    def __init__(self, section_id: str) -> None:
        super().__init__(id="steps")
        self._here = section_id

    def render(self) -> Content:
        """The names if they fit."""
        whole = self._line(True)
        return whole if whole.cell_length <= self.size.width else self._line(False)

    def _line(self, names: bool) -> Content:
        parts: list[tuple[str, str] | str] = []
        for number, section in enumerate(sections.SECTIONS, start=1):
            here = section.id == self._here
            name = f" {section.title}" if names or here else ""
            parts += ["─"] if number > 1 else []
            parts += [(f" {number}{name} ", "bold reverse" if here else "$text-muted")]
        return Content.assemble(*parts)


class StepScreen(BaseScreen):
    """One section. `editing`: it was opened from the review and goes back there. `focus` is the field to begin with."""

    section_id: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "next", "Next", id="wizard.next", tooltip="To the next step"),
        # before fields have it, for which it would be the end of the line; End is that too
        Binding(
            "ctrl+e",
            "more",
            "More",
            id="wizard.more",
            tooltip="Show or hide settings that have good defaults",
            priority=True,
        ),
        Binding("ctrl+r", "review", "Review", id="wizard.review", tooltip="Straight to the review"),
        Binding("ctrl+s", "save", "Save", id="wizard.save", tooltip="Save the answers as a preset"),
    ]

    def __init__(self, setup: Setup, *, editing: bool = False, focus: YamlPath | None = None) -> None:
        super().__init__()
        self.setup = setup
        self.editing = editing
        self._focus = focus
        self._shown_before = False

    # ------------------------------------------------------------ what a step has

    @property
    def draft(self) -> Draft:
        """The answers."""
        return self.setup.draft

    @property
    def section(self) -> sections.Section:
        """The step's questions."""
        return next(s for s in sections.SECTIONS if s.id == self.section_id)

    def body(self) -> ComposeResult:
        yield Steps(self.section_id)
        yield from self.content()

    def content(self) -> ComposeResult:
        """The step's own widgets."""
        yield from ()

    def on_mount(self) -> None:
        super().on_mount()
        self.show_answers()

    def show_answers(self) -> None:
        """What the screen shows besides its forms follows the answers."""
        self.header.network = str(self.draft.get(("name",))) if self.draft.clusters else ""
        self.header.simulated = self.setup.is_simulated

    def on_form_changed(self, event: Form.Changed) -> None:
        """An answer changed: others may follow it."""
        event.stop()
        self.call_later(self.answered, event.path)

    async def answered(self, path: YamlPath) -> None:
        """What a step does when one of its answers changed; at least shows what others make of it."""
        for form in self.query(Form):
            await form.show(self.section.groups(self.draft))
        self.show_answers()

    def unsaved(self) -> str | None:
        """Answers that no file has."""
        return self.setup.unsaved()

    def commands(self) -> Iterable[Command]:
        """Every step from the palette."""
        for section in sections.SECTIONS:
            if section.id != self.section_id:
                yield Command(f"Go to {section.title}", section.sentence, partial(self.go, section.id))

    # ------------------------------------------------------------ going

    def complaint(self) -> str | None:
        """Why this step cannot be left forwards: in words, or empty when the field that gets the focus says it."""
        forms = list(self.query(Form))
        for form in forms:
            form.strict = True
            form.judge()
        own = sections.errors_of(self.section, self.draft, self.draft.judge())
        if not own:
            return None
        for form in forms:
            row = form.wrong()
            if row is not None:
                row.control.focus()
                row.scroll_visible(animate=False)
                return ""
        return own[0].message

    def action_next(self) -> None:
        """On, if nothing is wrong here; from the review: back there."""
        words = self.complaint()
        if words:
            self.notify(words, title="Not yet", severity="error", timeout=6)
        if words is not None:
            return
        if self.editing:
            self.dismiss()
            return
        ids = [section.id for section in sections.SECTIONS]
        self.go(ids[ids.index(self.section_id) + 1])

    def go(self, section_id: str) -> None:
        """To another step: back if it lies behind us, else on top."""
        for depth, screen in enumerate(reversed(self.app.screen_stack)):
            if isinstance(screen, StepScreen) and screen.section_id == section_id and not screen.editing:
                for _ in range(depth):
                    self.app.pop_screen()
                return
        self.app.push_screen(screen_of(section_id, self.setup))

    def on_screen_resume(self) -> None:
        """Answers may have changed on another step; the first time they are shown anyway."""
        if self._shown_before:
            self.call_later(self.answered, ())
        self._shown_before = True

    def action_back(self) -> None:
        """To the step before."""
        if self.editing:
            self.dismiss()
        else:
            super().action_back()

    async def action_more(self) -> None:
        """Settings that have good defaults."""
        for form in self.query(Form):
            await form.toggle()

    def action_review(self) -> None:
        """Straight to the end: what is wrong is shown there, with the way back to it."""
        if self.editing:
            self.dismiss()
        else:
            self.go("review")

    def action_save(self) -> None:
        """Save the preset."""
        self.save()

    def save(self, after: object = None) -> None:
        """Ask where to, and save; `after` is called when that was done."""
        from bevel_tui.ui.screens.files import FileDialog

        errors = self.draft.judge().errors
        if errors:
            self.notify(f"{errors[0].message}", title="A preset must be right to be saved", severity="error")
            return

        def chosen(path: Path | None) -> None:
            if path is None:
                return
            try:
                self.setup.save(path)
            except OSError as error:
                self.notify(f"{path}: {error.strerror}", title="Not saved", severity="error")
                return
            self.notify(str(path), title="Saved")
            self.show_answers()
            if callable(after):
                after()

        self.app.push_screen(FileDialog("Save the preset", str(self.setup.default_path()), saving=True), chosen)


def screen_of(section_id: str, setup: Setup, *, editing: bool = False, focus: YamlPath | None = None) -> StepScreen:
    """The screen of a section, made now."""
    from importlib import import_module

    module = import_module(f"bevel_tui.ui.screens.{section_id}")
    made: StepScreen = module.screen(setup, editing=editing, focus=focus)
    return made
