"""Screen 2: every context at once, each row filling in by itself; pick any number, name them, give each its domain."""

from __future__ import annotations

from contextlib import aclosing
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.coordinate import Coordinate
from textual.widgets import DataTable, Static

from bevel_tui import api
from bevel_tui.network.problem import YamlPath
from bevel_tui.records.errors import BevelError
from bevel_tui.ui.contexts import about, cells, widths
from bevel_tui.ui.help import helped
from bevel_tui.ui.screens.step import StepScreen
from bevel_tui.ui.setup import Setup
from bevel_tui.ui.widgets.form import Form

#: seconds for which answers are gathered before they are drawn
_TOGETHER = 0.05
#: as in wizard.tcss: from this width on the details stand beside the table, and take so much of it
_WIDE, _SIDE = 160, 64


class ClustersScreen(StepScreen):
    """The contexts, and the form of the one under the cursor."""

    heading = "Clusters"
    section_id = "clusters"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "use", "Use it", id="clusters.use", tooltip="Use the cluster under the cursor, or not"),
        Binding("l", "login", "Log in", id="clusters.login", tooltip="Give the credential plugin the terminal"),
        Binding("ctrl+l", "again", "Look again", id="clusters.again", tooltip="Ask all clusters once more"),
    ]

    def __init__(self, setup: Setup, *, editing: bool = False, focus: YamlPath | None = None) -> None:
        super().__init__(setup, editing=editing, focus=focus)
        self._news: set[str] = set()
        #: the columns that have room, and how wide each may be
        self._widths: dict[str, int] = {}

    def content(self) -> ComposeResult:
        with Vertical(id="split"):
            table: DataTable[Text] = DataTable(id="contexts", cursor_type="row", classes="panel")
            table.border_title = "Contexts of your kubeconfig"
            yield helped(
                table,
                "Space uses a cluster or not. Use as many as the network shall span; members' clusters differ.\n\n"
                "Every context of the merged kubeconfig is asked at once: nothing is changed, and kubeconfig files are "
                "never written. Two contexts of one cluster are the same cluster.",
            )
            with Vertical(id="side"):
                yield Static("", id="about", classes="panel")
                yield Form(self.draft)

    def on_mount(self) -> None:
        table = self.table
        refused = _NOTHING
        try:
            for row in api.contexts(self.setup.kubeconfig):
                known = self.setup.rows.get(row.context)
                if known is None or known.server != row.server or not known.complete:
                    self.setup.learn(row)
        except BevelError as error:
            refused = Content.assemble((error.message, "bold"), f"\n\n{error.remedy}")
        self.setup.add_unknown()
        self._fill(widths(self._room()))
        super().on_mount()
        table.focus()
        if self.draft.contexts and self.draft.contexts[0] in self._order():
            table.move_cursor(row=self._order().index(self.draft.contexts[0]))
        if not table.row_count:
            self.query_one("#about", Static).update(refused)
        self.call_after_refresh(self._begin)

    def _fill(self, columns: dict[str, int]) -> None:
        """The whole table, with these columns."""
        table = self.table
        self._widths = columns
        with self.prevent(DataTable.RowHighlighted):
            row = table.cursor_row
            table.clear(columns=True)
            for name in columns:
                table.add_column(name, key=name)
            for context in self._order():
                table.add_row(*self._cells(context), key=context)
            table.move_cursor(row=row)

    def _room(self) -> int:
        """Columns of the terminal that the table has for its own, beside its frame and scrollbar."""
        width = self.app.size.width
        return (width if width < _WIDE else width - _SIDE) - 6

    def on_resize(self) -> None:
        """Other columns may have room."""
        columns = widths(self._room())
        if columns != self._widths:
            self._fill(columns)
        self._about()

    def _begin(self) -> None:
        if any(not row.complete for row in self.setup.rows.values()):
            self.survey()

    def _order(self) -> list[str]:
        return list(self.setup.rows)

    @property
    def table(self) -> DataTable[Text]:
        """The contexts."""
        return self.query_one("#contexts", DataTable)

    # ------------------------------------------------------------ the survey

    @work(exclusive=True, group="survey")
    async def survey(self, *names: str) -> None:
        """Ask, and show each answer as it comes."""
        try:
            async with aclosing(api.look(self.setup.kubeconfig, names or None)) as rows:
                async for row in rows:
                    self.setup.learn(row)
                    if not self._news:
                        self.set_timer(_TOGETHER, self._show)
                    self._news.add(row.context)
        except BevelError as error:
            self.notify(error.message, severity="error")
        self._show()

    def _show(self) -> None:
        """What came since the last time, drawn at once: hundreds of rows fill in without lag."""
        news, self._news = self._news, set()
        table = self.table
        for context in news & {str(key.value) for key in table.rows}:
            shown = table.get_row(context)
            for name, before, cell in zip(self._widths, shown, self._cells(context), strict=True):
                if cell != before:
                    table.update_cell(context, name, cell, update_width=True)
        if self.current in news:
            self._about()
        if any(self.setup.rows[context].complete and context in self.draft.contexts for context in news):
            self.call_later(self.answered, ())

    def _cells(self, context: str) -> tuple[Text, ...]:
        return cells(self.setup.rows[context], self._widths, used=context in self.draft.contexts)

    # ------------------------------------------------------------ the row under the cursor

    @property
    def current(self) -> str | None:
        """The context under the cursor."""
        table = self.table
        if not table.row_count:
            return None
        key = table.coordinate_to_cell_key(Coordinate(table.cursor_row, 0)).row_key.value
        return str(key)

    async def on_data_table_row_highlighted(self, _event: DataTable.RowHighlighted) -> None:
        """Show all that is known of it, and its fields when it is used."""
        await self._details()

    async def _details(self) -> None:
        self._about()
        index = self._index()
        groups = self.section.groups(self.draft)
        form = self.query_one(Form)
        await form.show(groups[index : index + 1] if index is not None else ())
        form.display = index is not None
        self.query_one("#about").set_class(index is None, "-alone")  # without fields below it has their room

    def _index(self) -> int | None:
        current = self.current
        return self.draft.contexts.index(current) if current in self.draft.contexts else None

    def _about(self) -> None:
        row = self.setup.rows.get(self.current or "")
        if row is not None:
            self.query_one("#about", Static).update(about(row, low=self.app.size.height < 30))

    async def answered(self, path: YamlPath) -> None:
        """Marks, details and fields follow the answers."""
        table = self.table
        for context in self._order():
            if context in table.rows:
                table.update_cell(context, "Use", self._cells(context)[0])
        await self._details()
        self.show_answers()

    def show_answers(self) -> None:
        """How many are used is said below the table."""
        super().show_answers()
        if self.table.row_count:
            self.table.border_subtitle = f"{len(self.draft.contexts)} of {self.table.row_count} used"

    # ------------------------------------------------------------ actions

    async def action_use(self) -> None:
        """Use the cluster or not."""
        current = self.current
        if current is None:
            return
        row = self.setup.rows[current]
        picked = list(self.draft.contexts)
        if current in picked:
            picked.remove(current)
        else:
            twin = next((name for name in row.same_as if name in picked), None)
            if twin is not None:
                self.notify(f"{current} is the same cluster as {twin}.", severity="warning")
                return
            if row.state == "dead":
                self.notify(f"{row.cause}. It is used all the same; a deployment will need it.", severity="warning")
            picked.append(current)
        self.draft.pick(picked)
        await self.answered(())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Log in only where somebody must; use only from the table."""
        if action == "login":
            row = self.setup.rows.get(self.current or "") if self.is_mounted and self.query("#contexts") else None
            return row is not None and (row.state == "login" or "plugin" in row.cause)
        return super().check_action(action, parameters)

    async def action_login(self) -> None:
        """Give the terminal to the credential plugin, then ask the cluster."""
        current = self.current
        if current is None:
            return
        try:
            with self.app.suspend():
                await api.log_in(current, self.setup.kubeconfig)
        except SuspendNotSupported:
            self.notify("There is no terminal to give away here: log in with kubectl elsewhere.", severity="error")
            return
        except BevelError as error:
            self.notify(" ".join((error.message, *error.details)), severity="error", timeout=10)
            return
        self.survey(current)

    def action_again(self) -> None:
        """Ask all once more."""
        self.survey()

    def complaint(self) -> str | None:
        """At least one cluster, and what is said of those used must be right."""
        if not self.draft.clusters:
            return "Use at least one cluster: Space on its line." if self.table.row_count else _PLAIN_NOTHING
        words = super().complaint()
        if words:
            self._show_wrong()
        return words

    def _show_wrong(self) -> None:
        """Move to the first cluster with an error, so that its field is seen."""
        for problem in self.draft.judge().errors:
            if problem.path[:1] == ("clusters",) and len(problem.path) > 1 and problem.code != "domain-missing":
                context = self.draft.contexts[int(problem.path[1])]
                if context != self.current and context in self._order():
                    self.table.move_cursor(row=self._order().index(context))
                    return


_PLAIN_NOTHING = "There is no context: set KUBECONFIG to your kubeconfig files, or go back and try the sandbox."
_NOTHING = Content.assemble(
    ("No context was found.\n\n", "bold"),
    "KUBECONFIG names kubeconfig files, colons between them; without it ~/.kube/config is read. "
    "Esc goes back to the start, where the sandbox needs no cluster.",
)


def screen(setup: Setup, *, editing: bool = False, focus: YamlPath | None = None) -> StepScreen:
    """The screen of this section."""
    return ClustersScreen(setup, editing=editing, focus=focus)
