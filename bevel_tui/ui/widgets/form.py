"""A form made of field declarations: label, control, and below it what is wrong, while it is being typed.

The declarations come from the Network's models (`wizard.fields`); answers go straight into the draft. Fields whose
proposals depend on other answers follow them until somebody answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from bevel_tui.network.problem import Problem, YamlPath
from bevel_tui.ui.help import helped
from bevel_tui.ui.widgets.choice import Choice
from bevel_tui.wizard.draft import Draft, Judgement
from bevel_tui.wizard.fields import Field
from bevel_tui.wizard.sections import Group

_PLACEHOLDERS = {"secret": "env:NAME or file:/path", "list": "one, two", "map": "key=value, key=value"}


class More(Widget, can_focus=True):
    """Opens and closes the settings that have good defaults."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space,left,right", "more", show=False, id="form.toggle")]

    class Toggled(Message):
        """Somebody wants to see more, or less."""

    def __init__(self, count: int, opened: bool) -> None:
        super().__init__()
        self.count, self.opened = count, opened
        helped(self, "Settings whose defaults serve nearly everybody. Enter shows or hides them (Ctrl+E anywhere).")

    def render(self) -> Content:
        """One line."""
        words = "Fewer settings" if self.opened else f"{self.count} more settings"
        style = "bold $block-cursor-foreground on $block-cursor-background" if self.has_focus else "$primary"
        return Content.styled(f"{'▾' if self.opened else '▸'} {words}", style)

    def action_more(self) -> None:
        """Tell the form."""
        self.post_message(self.Toggled())

    def on_click(self) -> None:
        """As Enter."""
        self.action_more()


class TypedField(Input):
    """An Input on one line."""

    def __init__(self, value: str, placeholder: str, id: str) -> None:
        super().__init__(value, placeholder=placeholder, compact=True, select_on_focus=False, id=id)

    def update_node_styles(self, animate: bool = True) -> None:
        """Not before it is mounted: then all styles are applied anyway, and Textual asks for it while making one."""
        if self.is_attached:
            super().update_node_styles(animate)


class FieldRow(Widget):
    """One field. The label is drawn by the row itself, and what is wrong has a widget only once there is something: a
    form has many rows, and each widget costs its styles and its place.
    """

    def __init__(self, field: Field, draft: Draft) -> None:
        super().__init__(classes="field")
        self.field = field
        self._draft = draft
        self._complaint: tuple[Problem | None, tuple[bool, str] | None] = (None, None)
        self._problem: Static | None = None
        value = self.shown()
        if field.kind in ("choice", "flag"):
            choices = field.choices if field.kind == "choice" else ("yes", "no")
            self.control: Input | Choice = Choice(
                choices, value, optional=field.default is None, id=f"field-{field.id}"
            )
        else:
            placeholder = f"such as {field.example}" if field.example else _PLACEHOLDERS.get(field.kind, "")
            self.control = TypedField(value, placeholder, f"field-{field.id}")
        helped(self, help_text(field))

    def compose(self) -> ComposeResult:
        yield self.control
        if self._problem is not None:
            yield self._problem

    def render(self) -> Content:
        """The label, left of the control."""
        if self.has_class("-wrong"):
            return Content.styled(self.field.label, "bold $error")
        return Content.styled(self.field.label, "bold $foreground" if self.has_focus_within else "$text-muted")

    def shown(self) -> str:
        """The answer, the proposal or the model's default, as text."""
        value = self._draft.get(self.field.path)
        return self.field.show(self.field.default if value is None else value)

    def follow(self) -> None:
        """Show what the draft has now, unless somebody is typing here."""
        value = self.shown()
        if isinstance(self.control, Choice):
            self.control.show(value)
        elif not self.control.has_focus and self.control.value != value:
            with self.control.prevent(Input.Changed):
                self.control.value = value

    def rebind(self, field: Field) -> None:
        """The same kind of field somewhere else (another organization's)."""
        self.field = field
        value = self.shown()
        helped(self, help_text(field))
        if isinstance(self.control, Choice):
            self.control.choices = field.choices or self.control.choices
            self.control.show(value)
        else:
            with self.control.prevent(Input.Changed):
                self.control.value = value

    def complain(self, problems: Sequence[Problem], note: tuple[bool, str] | None = None) -> None:
        """Show the first problem below the field, or a note (good or not, and words); nothing takes no line."""
        found: Problem | None = next(iter(problems), None)
        if (found, note) == self._complaint:
            return
        self._complaint = (found, note)
        if found is not None:
            error = found.severity == "error"
            self._say(f"{'✗' if error else '!'} {found.message}", "$error" if error else "$warning")
        elif note is not None:
            good, words = note
            self._say(f"{'✓' if good else '✗'} {words}", "$success" if good else "$error")
        elif self._problem is not None:
            self._problem.display = False
        self.set_class(found is not None and found.severity == "error", "-wrong", update=self.is_attached)
        self.refresh()

    def _say(self, words: str, style: str) -> None:
        content = Content.styled(words, style)
        if self._problem is None:
            self._problem = Static(content, classes="problem")
            if self.is_mounted:
                self.mount(self._problem)
            return
        self._problem.update(content)
        self._problem.display = True


def help_text(field: Field) -> str:
    """Help of a field: its description, and how it is typed."""
    words = [field.help or field.label]
    if field.kind == "secret":
        words.append(
            "A preset never holds a secret: type env:NAME for an environment variable or file:/path for a file. "
            "It is read when the deployment needs it; Ctrl+T tries now whether it is there."
        )
    elif field.kind == "list":
        words.append("Several are typed with commas between them.")
    elif field.kind == "map":
        words.append("Typed as key=value, several with commas between them.")
    if field.default not in (None, "", False):
        words.append(f"Default: {field.show(field.default)}.")
    if field.path[0] != "~":
        dotted = ".".join(str(part) for part in field.path)
        words.append(f"In the preset: {dotted}")
    return "\n\n".join(words)


class Form(VerticalScroll, can_focus=False):
    """Groups of fields over a draft. `skip` are paths that the screen asks for in another way."""

    class Changed(Message):
        """An answer changed."""

        def __init__(self, path: YamlPath) -> None:
            super().__init__()
            self.path = path

    def __init__(
        self, draft: Draft, groups: Sequence[Group] = (), *, skip: frozenset[YamlPath] = frozenset(), id: str = "form"
    ) -> None:
        super().__init__(id=id)
        self._draft = draft
        self._skip = skip
        self._groups = tuple(groups)
        self._opened = False
        self._shown: Any = None
        self._showing = asyncio.Lock()
        #: fields that somebody has answered or left: only they complain before Next was tried
        self._touched: set[YamlPath] = set()
        self._notes: dict[YamlPath, tuple[bool, str]] = {}
        self.strict = False

    # ------------------------------------------------------------ building

    def compose(self) -> ComposeResult:
        """The first groups come with the screen: mounting them later would lay it out twice."""
        self._shown = self._shape()
        yield from self._widgets()

    def on_mount(self) -> None:
        """What is wrong already."""
        self.judge()

    async def show(self, groups: Sequence[Group]) -> None:
        """Show these groups: in place when they have the same shape as before, else anew."""
        async with self._showing:
            self._groups = tuple(groups)
            shape = self._shape()
            if shape == self._shown:
                rows, titles = iter(self.query(FieldRow)), iter(self.query(".group").results(Static))
                for group in self._groups:
                    fields = self._visible(group)
                    if fields and group.title:
                        next(titles).update(self._title(group))
                    for field in fields:
                        next(rows).rebind(field)
            else:
                await self._rebuild()
        self.judge()

    async def _rebuild(self) -> None:
        self._shown = self._shape()
        focused = self.screen.focused.id if self.screen.focused is not None and self.is_ancestor_of_focus() else None
        with self.app.batch_update():
            await self.remove_children()
            await self.mount_all(self._widgets())
        if focused:
            for widget in self.query(f"#{focused}"):
                widget.focus()

    def is_ancestor_of_focus(self) -> bool:
        """Whether the focus is in here."""
        focused = self.screen.focused
        return focused is not None and self in focused.ancestors

    def _widgets(self) -> list[Widget]:
        made: list[Widget] = []
        for group in self._groups:
            fields = self._visible(group)
            if group.title and fields:
                made.append(Static(self._title(group), classes="group"))
            made += [FieldRow(field, self._draft) for field in fields]
        hidden = [f for group in self._groups for f in group.fields if f.advanced and f.path not in self._skip]
        if hidden:
            made.append(More(len(hidden), self._opened))
        return made

    def _title(self, group: Group) -> Content:
        note = f"  {group.note}" if group.note else ""
        return Content.assemble((group.title, "bold"), (note, "$text-muted"))

    def _visible(self, group: Group) -> list[Field]:
        return [
            f for f in group.fields if f.path not in self._skip and (self._opened or not f.advanced or self._said(f))
        ]

    def _said(self, field: Field) -> bool:
        return self._draft.said(field.path) is not None

    def _shape(self) -> Any:
        """What decides which widgets there are."""
        rows = [[(f.kind, f.label) for f in self._visible(group)] for group in self._groups]
        return [(bool(group.title), fields) for group, fields in zip(self._groups, rows, strict=True) if fields]

    async def toggle(self) -> None:
        """Show or hide the settings with good defaults."""
        async with self._showing:
            asked_there = isinstance(self.screen.focused, More)
            self._opened = not self._opened
            await self._rebuild()
        self.judge()
        if asked_there:  # by its key the focus stays in its field
            for more in self.query(More):
                more.focus()

    async def on_more_toggled(self, event: More.Toggled) -> None:
        """The line below the fields was chosen."""
        event.stop()
        await self.toggle()

    # ------------------------------------------------------------ answering

    def on_input_changed(self, event: Input.Changed) -> None:
        """Typed."""
        event.stop()
        row = self._row(event.input)
        if event.value != row.shown():  # an Input tells of its first value too
            self._answer(row, event.value)

    def on_choice_changed(self, event: Choice.Changed) -> None:
        """Chosen."""
        event.stop()
        self._answer(self._row(event.choice), event.value or "")

    def _answer(self, row: FieldRow, text: str) -> None:
        self._draft.set(row.field.path, row.field.read(text))
        self._touched.add(row.field.path)
        self._notes.pop(row.field.path, None)
        self.post_message(self.Changed(row.field.path))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next field."""
        event.stop()
        self.screen.focus_next()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Who leaves a field has answered it; one left empty shows the proposal again."""
        row = next((node for node in event.widget.ancestors if isinstance(node, FieldRow)), None)
        if row is not None:
            if row.field.path not in self._touched and self._draft.said(row.field.path) is None:
                return
            row.follow()
            self.judge()

    @staticmethod
    def _row(control: Widget) -> FieldRow:
        return next(node for node in control.ancestors if isinstance(node, FieldRow))

    # ------------------------------------------------------------ judging

    def judge(self) -> None:
        """Every field shows what the draft has and what is wrong with it."""
        judgement = self._draft.judge()
        for row in self.query(FieldRow):
            row.follow()
            path = row.field.path
            row.complain(self._problems(judgement, path), self._notes.get(path))

    def _problems(self, judgement: Judgement, path: YamlPath) -> list[Problem]:
        found = sorted(judgement.at(path), key=lambda p: p.severity != "error")
        if self.strict or path in self._touched or self._draft.said(path) is not None:
            return found
        return [p for p in found if p.code != "missing" and "missing" not in p.code]

    def note(self, path: YamlPath, good: bool, words: str) -> None:
        """Say something below a field until it is answered otherwise."""
        self._notes[path] = (good, words)

    def wrong(self) -> FieldRow | None:
        """The first field with an error."""
        return next(iter(row for row in self.query(FieldRow) if row.has_class("-wrong")), None)

    def focus_first(self, path: YamlPath | None = None) -> None:
        """The focus goes to a field, or to the first one."""
        for row in self.query(FieldRow):
            if path is None or row.field.path == path:
                row.control.focus()
                return
