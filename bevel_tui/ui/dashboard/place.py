"""Inside of an organization's part of a cluster: releases, their objects, and what is wrong there."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Tree

from bevel_tui.records.snapshot import Snapshot
from bevel_tui.ui.dashboard.acting import Retry, offer
from bevel_tui.ui.dashboard.finding import FindingScreen
from bevel_tui.ui.dashboard.findings import Findings
from bevel_tui.ui.dashboard.screen import SourceScreen
from bevel_tui.ui.dashboard.source import Source
from bevel_tui.ui.dashboard.thing import OBJECTS, ObjectScreen, Subject
from bevel_tui.ui.help import helped
from bevel_tui.views.inside import ObjectRow, ReleaseRow, releases
from bevel_tui.views.overview import Place, belongs
from bevel_tui.views.words import clean, glyph, style, word


class PlaceScreen(SourceScreen):
    """Releases and objects as a tree; Enter on an object shows it."""

    heading = "Organization"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "act", "Act", id="dashboard.act", tooltip="What can be done; asked before it happens"),
    ]

    def __init__(self, source: Source, place: Place, *, retry: Retry | None = None) -> None:
        super().__init__(source, retry=retry)
        self.place = place
        self._shown: tuple[ReleaseRow, ...] | None = None

    def body(self) -> ComposeResult:
        tree: Tree[Subject] = Tree("releases", id="releases", classes="panel")
        tree.show_root = False
        tree.border_title = "Releases and objects"
        yield helped(
            tree,
            "Releases in the order of the plan, and what came of each. Space folds, Enter shows an object.\n\n"
            "What is `not there` is expected by the plan and has not been made yet.",
        )
        findings = Findings(id="place-findings")
        findings.add_class("panel")
        findings.border_title = "Findings here"
        yield helped(findings, "What is wrong in these namespaces, with the roots elsewhere that explain it.")

    def on_mount(self) -> None:
        super().on_mount()
        self.header.crumbs = (self.place.cluster, self.place.organization or "gateway", *self.place.namespaces)
        self.query_one("#releases").focus()

    def draw(self, snapshot: Snapshot) -> None:
        diagnosis = self.source.diagnosis
        rows = releases(snapshot, diagnosis, self.place)
        if rows != self._shown:
            self._shown = rows
            self._tree(rows)
        roots = frozenset(diagnosis.chain(f)[-1].id for f in diagnosis.findings if belongs(f, self.place))
        findings = self.query_one("#place-findings", Findings)
        findings.show(diagnosis, roots)
        findings.display = bool(roots)

    def _tree(self, rows: tuple[ReleaseRow, ...]) -> None:
        tree: Tree[Subject] = self.query_one("#releases", Tree)
        folded = {node.data for node in tree.root.children if not node.is_expanded}
        known = {node.data for node in tree.root.children}
        at = tree.cursor_line
        tree.clear()
        for row in rows:
            subject = Subject(self.place.cluster, "Release", row.namespace, row.name or "")
            quiet = row.health.state == "ok"
            expand = subject not in folded if subject in known else not quiet
            node = tree.root.add(_release(row, several=len(self.place.namespaces) > 1), subject, expand=expand)
            for obj in row.objects:
                node.add_leaf(_object(obj), Subject(self.place.cluster, obj.kind, obj.namespace, obj.name))
        tree.root.expand()
        tree.cursor_line = max(0, at)

    def on_tree_node_selected(self, event: Tree.NodeSelected) -> None:  # type: ignore[type-arg]
        """Enter on an object or a finding."""
        data = event.node.data
        if event.control.id == "place-findings" and data is not None:
            self.app.push_screen(FindingScreen(self.source, data, retry=self.retry))
        elif isinstance(data, Subject) and data.kind in OBJECTS:
            self.app.push_screen(ObjectScreen(self.source, *data, retry=self.retry))

    def action_act(self) -> None:
        """What can be done about the row under the cursor."""
        node = self.query_one("#releases", Tree).cursor_node
        if self.source.snapshot is not None and node is not None and isinstance(node.data, Subject):
            offer(self, self.source, self.source.actions(node.data), self.retry)

    def where(self) -> tuple[str, str | None] | None:
        return self.place.cluster, self.place.namespaces[0] if self.place.namespaces else None


def _line(state: str, name: str, note: str, bold: bool = False) -> Text:
    return Text.assemble(
        (f"{glyph(state)} ", style(state)),
        (clean(name), "bold" if bold else ""),
        (f"  {word(state)}" + (f", {clean(note)}" if note and note != word(state) else ""), style(state)),
        no_wrap=True,
    )


def _release(row: ReleaseRow, *, several: bool) -> Text:
    name = row.name or "of no release"
    revision = f", revision {row.revision}" if row.revision > 1 else ""
    return _line(
        row.health.state, f"{row.namespace}/{name}" if several else name, row.health.note + revision, bold=True
    )


def _object(row: ObjectRow) -> Text:
    return _line(row.health.state, f"{row.kind} {row.name}", row.health.note)
