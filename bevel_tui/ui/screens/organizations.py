"""Screen 5: the members of the consortium as a table, the one under the cursor as a form."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import DataTable

from bevel_tui.network.problem import YamlPath
from bevel_tui.ui.help import helped
from bevel_tui.ui.screens.step import StepScreen
from bevel_tui.ui.setup import Setup
from bevel_tui.ui.widgets.form import Form
from bevel_tui.wizard import fields, sections
from bevel_tui.wizard.proposals import role_field


class OrganizationsScreen(StepScreen):
    """The table editor."""

    heading = "Organizations"
    section_id = "organizations"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a,insert", "add", "Add", id="organizations.add", tooltip="One more organization"),
        Binding("d,delete", "remove", "Remove", id="organizations.remove", tooltip="Remove the one under the cursor"),
        Binding("shift+up", "move(-1)", "Earlier", id="organizations.earlier", tooltip="The first one founds the network"),
        Binding("shift+down", "move(1)", "Later", id="organizations.later", tooltip="One place later"),
    ]  # fmt: skip

    def content(self) -> ComposeResult:
        with Vertical(id="split"):
            table: DataTable[Text] = DataTable(id="organizations", cursor_type="row", classes="panel")
            table.border_title = "Organizations"
            yield helped(
                table,
                "The members of the consortium; the first one founds the network. Enter edits the one under the "
                "cursor.\n\n"
                "A adds one, D removes one, Shift with arrows changes the order.",
            )
            yield Form(self.draft, (sections.organization(self.draft, 0),))

    async def on_mount(self) -> None:  # type: ignore[override]
        await self._fill(0)
        super().on_mount()
        focus = self._focus
        if focus is not None and len(focus) > 1 and focus[0] == "organizations":
            self.table.move_cursor(row=int(focus[1]))
            await self._edit()
            self.query_one(Form).focus_first(focus)
        else:
            self.table.focus()

    @property
    def table(self) -> DataTable[Text]:
        """The organizations."""
        return self.query_one("#organizations", DataTable)

    async def _fill(self, row: int) -> None:
        """The whole table anew: its columns are the platform's."""
        table = self.table
        with self.prevent(DataTable.RowHighlighted):
            table.clear(columns=True)
            for name in self._columns():
                table.add_column(name, key=name)
            for i in range(len(self.draft.organizations)):
                table.add_row(*self._cells(i), key=str(i))
            table.move_cursor(row=row)
        await self._edit()

    def _columns(self) -> tuple[str, ...]:
        labels = [fields.field(("organizations", 0, self._role, key)).label for key in sections.counted(self.draft)]
        return ("", "Organization", "Cluster", *labels)

    @property
    def _role(self) -> str:
        return role_field(self.draft.platform)

    def _cells(self, index: int) -> tuple[Text, ...]:
        root: YamlPath = ("organizations", index)
        found = self.draft.judge().at(root)
        mark = "✗" if any(p.severity == "error" for p in found) else "!" if found else " "
        name = str(self.draft.get((*root, "name")))
        cells = [
            Text(mark, style="bold"),
            Text(f"{name} (founder)" if index == 0 else name, style="bold"),
            Text(str(self.draft.get((*root, "cluster")) or "")),
        ]
        for key in sections.counted(self.draft):
            field = fields.field((*root, self._role, key))
            value = self.draft.get(field.path)
            cells.append(Text(field.show(field.default if value is None else value), justify="right"))
        return tuple(cells)

    async def _edit(self) -> None:
        """The form is about the row under the cursor."""
        index = min(max(self.table.cursor_row, 0), len(self.draft.organizations) - 1)
        group = sections.organization(self.draft, index)
        await self.query_one(Form).show((group,))

    async def on_data_table_row_highlighted(self, _event: DataTable.RowHighlighted) -> None:
        """Another row."""
        await self._edit()

    def on_data_table_row_selected(self, _event: DataTable.RowSelected) -> None:
        """Enter goes into the form."""
        self.query_one(Form).focus_first()

    async def answered(self, path: YamlPath) -> None:
        """The table follows the form."""
        table = self.table
        count = len(self.draft.organizations)
        if not path or table.row_count != count or len(table.columns) != len(self._columns()):
            await self._fill(min(max(table.cursor_row, 0), count - 1))
        else:
            for i in range(count):
                for name, cell in zip(self._columns(), self._cells(i), strict=True):
                    table.update_cell(str(i), name, cell, update_width=True)
            await self._edit()
        self.show_answers()

    # ------------------------------------------------------------ actions

    async def action_add(self) -> None:
        """One more, at the end."""
        index = self.draft.add_organization()
        await self._fill(index)
        self.show_answers()
        self.query_one(Form).focus_first()

    async def action_remove(self) -> None:
        """The one under the cursor goes."""
        if len(self.draft.organizations) == 1:
            self.notify("A network has one organization at least.", severity="warning")
            return
        row = self.table.cursor_row
        self.draft.remove_organization(row)
        await self._fill(min(row, len(self.draft.organizations) - 1))
        self.show_answers()

    async def action_move(self, by: int) -> None:
        """The one under the cursor goes up or down."""
        row = self.draft.move_organization(self.table.cursor_row, by)
        await self._fill(row)
        self.show_answers()

    def complaint(self) -> str | None:
        """Move to the first organization with an error, so that its field is seen."""
        words = super().complaint()
        if words:
            for problem in self.draft.judge().errors:
                if problem.path[:1] == ("organizations",) and len(problem.path) > 1:
                    self.table.move_cursor(row=int(problem.path[1]))
                    break
        return words


def screen(setup: Setup, *, editing: bool = False, focus: YamlPath | None = None) -> StepScreen:
    """The screen of this section."""
    return OrganizationsScreen(setup, editing=editing, focus=focus)
