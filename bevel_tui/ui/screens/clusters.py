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
from bevel_tui.records.survey import SurveyRow
from bevel_tui.ui.help import helped
from bevel_tui.ui.screens.step import StepScreen
from bevel_tui.ui.setup import Setup
from bevel_tui.ui.widgets.form import Form

_STATES = {
    "waiting": "· waiting",
    "asking": "… asking",
    "login": "? log in",
    "reachable": "● ready",
    "dead": "✗ no",
}
#: seconds for which answers are gathered before they are drawn
_TOGETHER = 0.05
_COLUMNS = ("Use", "Context", "State", "Version", "Run by", "Nodes", "Storage", "LB", "Rights", "There already")


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
        for name in _COLUMNS:
            table.add_column(name, key=name)
        refused = _NOTHING
        try:
            for row in api.contexts(self.setup.kubeconfig):
                known = self.setup.rows.get(row.context)
                if known is None or known.server != row.server or not known.complete:
                    self.setup.learn(row)
        except BevelError as error:
            refused = Content.assemble((error.message, "bold"), f"\n\n{error.remedy}")
        self.setup.add_unknown()
        for context in self._order():
            table.add_row(*self._cells(self.setup.rows[context]), key=context)
        super().on_mount()
        table.focus()
        if self.draft.contexts and self.draft.contexts[0] in self._order():
            table.move_cursor(row=self._order().index(self.draft.contexts[0]))
        if not table.row_count:
            self.query_one("#about", Static).update(refused)
        self.call_after_refresh(self._begin)

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
            for name, before, cell in zip(_COLUMNS, shown, self._cells(self.setup.rows[context]), strict=True):
                if cell != before:
                    table.update_cell(context, name, cell, update_width=True)
        if self.current in news:
            self._about()
        if any(self.setup.rows[context].complete and context in self.draft.contexts for context in news):
            self.call_later(self.answered, ())

    def _cells(self, row: SurveyRow) -> tuple[Text, ...]:
        used = row.context in self.draft.contexts
        grey = "dim" if row.state in ("dead", "waiting") else ""
        mark = Text("[x]" if used else "[ ]", style="bold" if used else grey)
        state = Text(_STATES[row.state], style=grey)
        if row.state == "dead":
            return (mark, Text(self._short(row.context), style=grey), state, *([Text("", style=grey)] * 7))
        found = [
            row.version.removesuffix("+simulated"),
            "simulated" if row.simulated else row.provider or "",
            "" if row.nodes is None else f"{row.ready_nodes}/{row.nodes}",
            row.storage_class or ("none" if row.storage_classes is not None else ""),
            {True: "yes", False: "no", None: "?" if row.complete else ""}[row.load_balancer],
            ""
            if row.missing_rights is None
            else "all"
            if not row.missing_rights
            else f"{len(row.missing_rights)} missing",
            _there(row),
        ]
        return (
            mark,
            Text(self._short(row.context), style="bold" if used else ""),
            state,
            *(Text(t, style=grey) for t in found),
        )

    def _short(self, context: str) -> str:
        """Long names (ARNs) keep their end, which tells them apart."""
        room = 26 if self.app.size.width < 100 else 40
        return context if len(context) <= room else f"…{context[1 - room :]}"

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

    def _index(self) -> int | None:
        current = self.current
        return self.draft.contexts.index(current) if current in self.draft.contexts else None

    def _about(self) -> None:
        row = self.setup.rows.get(self.current or "")
        if row is not None:
            self.query_one("#about", Static).update(_about(row, low=self.app.size.height < 30))

    async def answered(self, path: YamlPath) -> None:
        """Marks, details and fields follow the answers."""
        table = self.table
        for context in self._order():
            if context in table.rows:
                table.update_cell(context, "Use", self._cells(self.setup.rows[context])[0])
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


def _there(row: SurveyRow) -> str:
    words: list[str] = [gateway.kind for gateway in row.gateways or ()]
    if row.external_dns:
        words.append("external-dns")
    words += [f"network {name}" for name in row.networks]
    if row.same_as:
        words.append(f"= {row.same_as[0]}")
    return ", ".join(dict.fromkeys(words))


def _about(row: SurveyRow, *, low: bool) -> Content:
    """All that is known of a context: a line for each fact, or where there is little height one after the other."""
    lines: list[tuple[str, str]] = [("server", row.server or "none")]
    if row.state == "dead":
        lines += [("cause", row.cause), ("remedy", row.remedy)]
    elif row.state == "login":
        lines += [("log in", f"{row.cause}: press L")]
    elif row.state in ("waiting", "asking"):
        lines += [("state", "being asked")]
    else:
        took = f", answered in {row.seconds * 1000:.0f} ms" if row.seconds is not None else ""
        lines += [("version", f"{row.version}{took}")]
        if row.simulated:
            lines += [("simulated", "on this machine; no container runs")]
        if row.cpu is not None and row.memory is not None:
            lines += [
                ("nodes", f"{row.ready_nodes} of {row.nodes} ready: {row.cpu:g} cores, {row.memory / 2**30:.0f} GiB")
            ]
        if row.complete and not row.simulated:
            lines += [("run by", row.provider or "?")]
        if row.storage_classes is not None:
            lines += [("storage", row.storage_class or "no default StorageClass: name one for this cluster")]
        if row.complete:
            answer = {True: "yes", False: "no", None: "unknown"}[row.load_balancer]
            lines += [("balancer", f"{answer}: {row.load_balancer_why}")]
        if row.missing_rights is not None:
            lines += [("rights", "; ".join(row.missing_rights) or "all that a deployment needs")]
        for gateway in row.gateways or ():
            where = f" at {gateway.address}" if gateway.address else ""
            lines += [("gateway", f"{gateway.kind} {gateway.namespace}/{gateway.service}{where}")]
        if row.external_dns:
            lines += [("DNS", "external-dns is here")]
        if row.networks:
            lines += [("networks", ", ".join(row.networks))]
        if row.unread:
            lines += [("unread", "; ".join(row.unread))]
    if row.same_as:
        lines += [("same as", ", ".join(row.same_as))]
    if row.insecure:
        lines += [("TLS", "the kubeconfig switches verification off for this cluster")]
    if low:
        told = [(f"{name} ", words) for name, words in lines if name not in ("server", "version", "simulated")]
        flow = [Content.assemble((name, "$text-muted"), words) for name, words in told]
        return Content("\n").join(
            [Content.assemble((row.context, "bold"), f"  {row.server}"), Content(" · ").join(flow)]
        )
    parts = [Content.assemble((f"{name:<10}", "$text-muted"), words) for name, words in lines]
    return Content("\n").join([Content.styled(row.context, "bold"), *parts])


def screen(setup: Setup, *, editing: bool = False, focus: YamlPath | None = None) -> StepScreen:
    """The screen of this section."""
    return ClustersScreen(setup, editing=editing, focus=focus)
