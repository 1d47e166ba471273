"""One finding: why, the evidence quoted, what it follows from and what follows from it, what to do."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from bevel_tui.records.findings import Diagnosis, Finding
from bevel_tui.records.snapshot import Snapshot
from bevel_tui.ui.dashboard.acting import Retry, offer
from bevel_tui.ui.dashboard.screen import SourceScreen
from bevel_tui.ui.dashboard.source import Source
from bevel_tui.ui.dashboard.thing import OBJECTS, ObjectScreen
from bevel_tui.ui.help import helped
from bevel_tui.views.words import clean, glyph, word


class FindingScreen(SourceScreen):
    """Follows its finding from snapshot to snapshot, and says so when it is over."""

    heading = "Finding"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "act", "Act", id="dashboard.act", tooltip="What can be done about it; asked before it happens"),
        Binding("o", "object", "Object", id="dashboard.object", tooltip="The object: YAML, events, logs"),
        Binding("u", "root", "Root", id="dashboard.root", tooltip="The finding that this one follows from"),
    ]

    def __init__(self, source: Source, finding: Finding, *, retry: Retry | None = None) -> None:
        super().__init__(source, retry=retry)
        self.finding = finding
        self.over = False

    def body(self) -> ComposeResult:
        box = VerticalScroll(id="finding", classes="panel", can_focus=True)
        box.border_title = clean(self.finding.code)
        with helped(
            box, "The evidence is quoted as the cluster gave it. a acts, o shows the object, u goes to the root."
        ):
            yield Static(id="finding-text")

    def on_mount(self) -> None:
        super().on_mount()
        self.header.crumbs = tuple(part for part in (self.finding.cluster, self.finding.namespace) if part)
        self.query_one("#finding").focus()

    def draw(self, snapshot: Snapshot) -> None:
        diagnosis = self.source.diagnosis
        current = next((f for f in diagnosis.findings if f.id == self.finding.id), None)
        self.over = current is None
        self.finding = current or self.finding
        self.query_one("#finding-text", Static).update(Content("\n".join(told(self.finding, diagnosis, self.over))))

    def action_act(self) -> None:
        """Choose among what can be done."""
        if self.source.snapshot is not None:
            offer(self, self.source, self.source.actions(self.finding), self.retry)

    def action_object(self) -> None:
        """Its object, if it has one that can be looked at."""
        finding = self.finding
        if finding.kind in OBJECTS:
            subject = (finding.cluster, finding.kind, finding.namespace, finding.name)
            self.app.push_screen(ObjectScreen(self.source, *subject, retry=self.retry))
        else:
            self.notify(f"A {clean(finding.kind)} is no object that could be shown.")

    def action_root(self) -> None:
        """Up the chain to what is to be put right first."""
        root = self.source.diagnosis.chain(self.finding)[-1]
        if root.id == self.finding.id:
            self.notify("This is the root: nothing that is known explains it.")
        else:
            self.app.push_screen(FindingScreen(self.source, root, retry=self.retry))

    def where(self) -> tuple[str, str | None] | None:
        return self.finding.cluster, self.finding.namespace


def told(finding: Finding, diagnosis: Diagnosis, over: bool = False) -> list[str]:
    """The whole finding as lines."""
    place = "/".join(part for part in (finding.cluster, finding.namespace) if part)
    lines = [
        "✓ over: it is not seen any more" if over else f"{glyph(finding.severity)} {word(finding.severity)}",
        clean(f"{finding.kind} {finding.name} in {place}"),
        "",
        clean(finding.cause),
    ]
    if finding.evidence:
        lines += ["", "Evidence", *(f"  {clean(line)}" for line in finding.evidence)]
    lines += ["", "What to do", f"  {clean(finding.remedy)}"]
    if finding.command:
        lines.append(f"  $ {clean(finding.command)}")
    chain = diagnosis.chain(finding)[1:]
    if chain:
        lines += ["", "It follows from", *(f"  {_short(other)}" for other in chain)]
    below = diagnosis.consequences(finding)
    if below:
        lines += ["", "From it follow", *(f"  {_short(other)}" for other in below)]
    lines += ["", f"More: {finding.anchor}"]
    return lines


def _short(finding: Finding) -> str:
    return clean(
        f"{finding.code} {finding.kind} {finding.name} in {finding.namespace or finding.cluster}: {finding.cause}"
    )
