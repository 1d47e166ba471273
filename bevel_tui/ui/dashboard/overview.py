"""The first screen: clusters x organizations, and below what is wrong, what was checked, what changed."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable, Static, TabbedContent, TabPane

from bevel_tui.records.checks import CheckResult
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import Snapshot
from bevel_tui.ui.dashboard.check import CheckScreen
from bevel_tui.ui.dashboard.finding import FindingScreen, told
from bevel_tui.ui.dashboard.findings import Findings
from bevel_tui.ui.dashboard.place import PlaceScreen
from bevel_tui.ui.dashboard.screen import SourceScreen
from bevel_tui.ui.dashboard.tables import Row, fill, plain, state
from bevel_tui.ui.help import helped
from bevel_tui.views.overview import ClusterRow, OrganizationRow, Overview, matrix
from bevel_tui.views.words import clean, plural, time_of_day

_TABS = ("findings", "checks", "matrix", "timeline")


class DashboardScreen(SourceScreen):
    """Everything at a glance; Enter goes deeper."""

    heading = "Dashboard"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "tab('findings')", "Findings", id="dashboard.findings", show=False),
        Binding("2", "tab('checks')", "Checks", id="dashboard.tab-checks", show=False),
        Binding("3", "tab('matrix')", "Matrix", id="dashboard.matrix", show=False),
        Binding("4", "tab('timeline')", "Timeline", id="dashboard.timeline", show=False),
    ]

    def body(self) -> ComposeResult:
        table = helped(
            DataTable[Text](id="places", cursor_type="row", zebra_stripes=True, classes="panel"),
            "Clusters and the organizations in them. Enter shows releases and objects.\n\n"
            "Health is the worst of what is known: findings first, then pods and releases. What cannot be read is unknown.",
        )
        table.border_title = "Clusters"
        yield table
        yield Static(id="about-place")
        with Vertical(id="below"), TabbedContent(id="tabs"):
            with TabPane("1 Findings", id="findings"):
                yield helped(
                    Findings(id="finding-tree"),
                    "What is wrong, roots on top; Space unfolds what follows from one. Enter shows evidence and remedy.\n\n"
                    "Findings go away by themselves when their cause does.",
                )
                with VerticalScroll(id="preview", can_focus=False):
                    yield Static(id="preview-text")
                yield Static(id="all-well")
            with TabPane("2 Checks", id="checks"):
                yield helped(
                    DataTable[Text](id="check-table", cursor_type="row"),
                    "What names, gateways and nodes answered, the worst first. Enter shows the evidence. r asks again.",
                )
            with TabPane("3 Matrix", id="matrix"):
                yield helped(
                    DataTable[Text](id="matrix-table", cursor_type="cell"),
                    "Who reaches whom: pods in the cluster of the row ask the gateway of the cluster of the column.\n\n"
                    "Made by `bevel-tui check --from clusters`, which starts a short-lived pod in each cluster.",
                )
            with TabPane("4 Timeline", id="timeline"):
                yield helped(
                    DataTable[Text](id="timeline-table", cursor_type="row"),
                    "What changed since the dashboard was opened, the newest first.",
                )

    def on_mount(self) -> None:
        self.query_one("#places", DataTable).add_columns(
            "CLUSTER / ORGANIZATION", "HEALTH", "PODS", "RELEASES", "LEDGER"
        )
        self.query_one("#check-table", DataTable).add_columns("ANSWER", "CHECK", "CLUSTER", "FROM", "ABOUT")
        self.query_one("#timeline-table", DataTable).add_columns("TIME", "CLUSTER", "STATE", "WHAT")
        self.query_one("#all-well", Static).update(Content("The clusters are being read..."))
        super().on_mount()
        self.run_worker(self.source.run(), name="source", group="source")
        self.query_one("#places").focus()

    def look(self) -> None:
        """As ever; but what keeps the dashboard from beginning takes the place of everything."""
        problem = self.source.problem
        if problem is not None and self.source.snapshot is None:
            lines = [f"{problem.message}", *problem.details, "", f"What to do: {problem.remedy}"]
            self.query_one("#all-well", Static).update(Content(clean_lines(lines)))
            self.query_one("#all-well").display = True
        super().look()

    # ------------------------------------------------------------ drawing

    def draw(self, snapshot: Snapshot) -> None:
        known = self.source.overview
        if known is None:
            return
        fill(self.query_one("#places", DataTable), _places(known))
        self._about(known)
        diagnosis = self.source.diagnosis
        tree = self.query_one("#finding-tree", Findings)
        tree.show(diagnosis)
        if tree.cursor_node is not None and tree.cursor_node.data is not None:
            self._preview(tree.cursor_node.data)
        nothing = not diagnosis.findings
        tree.display = not nothing
        self.query_one("#preview").set_class(nothing, "-empty")
        self.query_one("#all-well").display = nothing
        if nothing:
            self.query_one("#all-well", Static).update(Content(_well(snapshot, known)))
        roots = len(diagnosis.roots)
        bad = sum(check.status == "failed" for check in snapshot.checks)
        tabs = self.query_one(TabbedContent)
        tabs.get_tab("findings").label = Content(f"1 Findings ({roots})")
        tabs.get_tab("checks").label = Content(f"2 Checks ({bad} failed)" if bad else "2 Checks")
        fill(self.query_one("#check-table", DataTable), _checks(snapshot))
        self._matrix(snapshot)
        rows = [
            (
                str(number),
                (plain(time_of_day(e.time, None)), plain(e.cluster), state(e.state), plain(e.text)),
            )
            for number, e in reversed(list(enumerate(self.source.timeline)))
        ]
        fill(self.query_one("#timeline-table", DataTable), rows)

    def _matrix(self, snapshot: Snapshot) -> None:
        found = matrix(snapshot.checks)
        table = self.query_one("#matrix-table", DataTable)
        names = [cluster.cluster for cluster in snapshot.clusters]
        columns = ["FROM \\ TO", *names]
        if [str(column.label) for column in table.ordered_columns] != columns:
            table.clear(columns=True)
            table.add_columns(*(plain(column) for column in columns))
        fill(
            table,
            [
                (
                    one,
                    (
                        plain(one, "bold"),
                        *(
                            state(found[one, to].status) if (one, to) in found else plain("not asked", "dim")
                            for to in names
                        ),
                    ),
                )
                for one in names
            ],
        )

    def _about(self, known: Overview) -> None:
        """The line under the table: what has no room in it."""
        row = self._selected(known)
        self.query_one("#about-place", Static).update(Content(_facts(row) if row is not None else ""))

    def _selected(self, known: Overview) -> ClusterRow | OrganizationRow | None:
        table = self.query_one("#places", DataTable)
        rows: list[ClusterRow | OrganizationRow] = []
        for cluster in known.clusters:
            rows += [cluster, *cluster.organizations]
        return rows[table.cursor_row] if 0 <= table.cursor_row < len(rows) else None

    # ------------------------------------------------------------ going deeper

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """The line under the table follows the cursor."""
        if event.data_table.id == "places" and self.source.overview is not None:
            self._about(self.source.overview)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Enter."""
        if event.data_table.id == "places" and self.source.overview is not None:
            row = self._selected(self.source.overview)
            if isinstance(row, OrganizationRow):
                self.app.push_screen(PlaceScreen(self.source, row.place, retry=self.retry))
            elif isinstance(row, ClusterRow) and row.organizations:
                self.app.push_screen(PlaceScreen(self.source, row.organizations[-1].place, retry=self.retry))
        elif event.data_table.id == "check-table" and self.source.snapshot is not None:
            found = _sorted(self.source.snapshot)
            if 0 <= event.cursor_row < len(found):
                self.app.push_screen(CheckScreen(found[event.cursor_row]))

    def on_data_table_cell_selected(self, event: DataTable.CellSelected) -> None:
        """Enter in the matrix."""
        snapshot = self.source.snapshot
        if snapshot is None or event.data_table.id != "matrix-table":
            return
        names = [cluster.cluster for cluster in snapshot.clusters]
        row, column = event.coordinate
        check = matrix(snapshot.checks).get((names[row], names[column - 1])) if column else None
        if check is not None:
            self.app.push_screen(CheckScreen(check))

    def on_tree_node_highlighted(self, event: Findings.NodeHighlighted) -> None:  # type: ignore[type-arg]
        """Where there is room, the whole of the finding under the cursor."""
        if event.node.data is not None:
            self._preview(event.node.data)

    def _preview(self, finding: Finding) -> None:
        lines = told(finding, self.source.diagnosis)
        self.query_one("#preview-text", Static).update(Content("\n".join(lines)))

    def on_tree_node_selected(self, event: Findings.NodeSelected) -> None:  # type: ignore[type-arg]
        """Enter on a finding."""
        if event.node.data is not None:
            self.app.push_screen(FindingScreen(self.source, event.node.data, retry=self.retry))

    def action_tab(self, name: str) -> None:
        """Show a tab and go into it."""
        self.query_one(TabbedContent).active = name
        target = {"findings": "#finding-tree", "checks": "#check-table"}.get(name, f"#{name}-table")
        self.set_focus(self.query_one(target))

    def where(self) -> tuple[str, str | None] | None:
        known = self.source.overview
        row = self._selected(known) if known is not None else None
        if isinstance(row, ClusterRow):
            return row.cluster, None
        return (row.place.cluster, row.place.namespaces[0] if row.place.namespaces else None) if row else None


def clean_lines(lines: list[str]) -> str:
    """Lines of text from anywhere, harmless."""
    return "\n".join(clean(line) for line in lines)


def _share(pair: tuple[int, int], what: str = "") -> str:
    return f"{pair[0]}/{pair[1]}{what}" if pair[1] else "-"


def _places(known: Overview) -> list[Row]:
    rows: list[Row] = []
    for cluster in known.clusters:
        rows.append(
            (
                cluster.cluster,
                (
                    plain(cluster.cluster, "bold"),
                    state(cluster.state),
                    plain(_share(cluster.nodes, " nodes")),
                    plain(cluster.version.split("+")[0]),
                    plain(_reach(cluster)),
                ),
            )
        )
        for org in cluster.organizations:
            place = org.place
            rows.append(
                (
                    f"{cluster.cluster}/{place.network}/{place.organization}",
                    (
                        plain(f"  {place.organization or 'gateway'}"),
                        state(org.state),
                        plain(_share(org.pods)),
                        plain(_share(org.releases)),
                        plain(_ledger(org)),
                    ),
                )
            )
    return rows


def _reach(cluster: ClusterRow) -> str:
    """Short: the line under the table has the numbers."""
    told = []
    for pair, trouble in (
        (cluster.dns, "names wrong"),
        (cluster.reach, "not reached"),
        (cluster.matrix, "unseen inside"),
    ):
        if pair[0] < pair[1]:
            told.append(f"{pair[1] - pair[0]} {trouble}")
    return ", ".join(told) or ("names, reach ok" if cluster.reach[1] else "")


def _ledger(row: OrganizationRow) -> str:
    height = f"block {row.height}" if row.height is not None else ""
    peers = plural(row.peers, "peer") if row.peers is not None else ""
    return ", ".join(part for part in (height, peers) if part) or "-"


def _facts(row: ClusterRow | OrganizationRow) -> str:
    if isinstance(row, OrganizationRow):
        place = row.place
        told = [
            f"network {place.network}",
            f"namespace {', '.join(place.namespaces) or '-'}",
            *([plural(row.errors, "error")] if row.errors else []),
            *([plural(row.warnings, "warning")] if row.warnings else []),
        ]
    else:
        told = [
            f"context {row.context}",
            *([row.note] if row.note else []),
            *([f"gateway {', '.join(row.addresses)}"] if row.addresses else []),
            *([f"names {_share(row.dns)}"] if row.dns[1] else []),
            *([f"reached {_share(row.reach)}"] if row.reach[1] else []),
            *([f"matrix {_share(row.matrix)}"] if row.matrix[1] else []),
        ]
    return " " + clean(" · ".join(told))


def _well(snapshot: Snapshot, known: Overview) -> str:
    if not known.networks:
        return "No network of bevel-tui was found here. What is in the clusters is looked at all the same."
    waiting = sum(org.state == "waiting" for cluster in known.clusters for org in cluster.organizations)
    if waiting:
        return f"Nothing is wrong; {plural(waiting, 'organization')} still waiting for something."
    checked = f" {plural(len(snapshot.checks), 'check')} answered." if snapshot.checks else ""
    unseen = f" Not looked at: {', '.join(snapshot.unseen)}." if snapshot.unseen else ""
    return f"Nothing is wrong.{checked}{unseen}"


def _sorted(snapshot: Snapshot) -> list[CheckResult]:
    order = {"failed": 0, "warning": 1, "ok": 2, "skipped": 3}
    return sorted(snapshot.checks, key=lambda c: (order[c.status], c.cluster, c.id, c.target, c.vantage))


def _checks(snapshot: Snapshot) -> list[Row]:
    rows: dict[str, tuple[Text, ...]] = {}
    for c in _sorted(snapshot):
        key = f"{c.id}/{c.cluster}/{c.target}/{c.vantage}"
        while key in rows:  # one question, several addresses
            key += "+"
        about = c.summary if c.target in c.summary else f"{c.target}: {c.summary}"
        rows[key] = (state(c.status), plain(c.id), plain(c.cluster), plain(c.vantage), plain(about))
    return list(rows.items())
