"""Findings as a tree: roots on top, what follows from each folded under it."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from bevel_tui.records.findings import Diagnosis, Finding
from bevel_tui.views.words import clean, glyph, style, word


class Findings(Tree[Finding]):
    """`show` takes a diagnosis; what was unfolded and where the cursor was stays."""

    def __init__(self, *, id: str) -> None:
        super().__init__("findings", id=id)
        self.show_root = False
        self.auto_expand = False
        self._shown: tuple[Finding, ...] | None = None

    def show(self, diagnosis: Diagnosis, among: frozenset[str] | None = None) -> None:
        """Show the findings, or with `among` the trees of those roots (by id) only."""
        roots = tuple(f for f in diagnosis.roots if among is None or f.id in among)
        wanted = tuple(f for f in diagnosis.findings if among is None or diagnosis.chain(f)[-1].id in among)
        if wanted == self._shown:
            return
        self._shown = wanted
        unfolded = {node.data.id for node in self._every_node() if node.is_expanded and node.data is not None}
        current = (
            self.cursor_node.data.id if self.cursor_node is not None and self.cursor_node.data is not None else None
        )
        self.clear()
        for finding in roots:
            self._add(self.root, diagnosis, finding, unfolded)
        self.root.expand()
        found = next((node for node in self._every_node() if node.data is not None and node.data.id == current), None)
        self.move_cursor(found or (self.root.children[0] if self.root.children else None))

    def _add(self, parent: TreeNode[Finding], diagnosis: Diagnosis, finding: Finding, unfolded: set[str]) -> None:
        below = diagnosis.consequences(finding)
        label = told(finding, _count(diagnosis, finding))
        if not below:
            parent.add_leaf(label, finding)
            return
        node = parent.add(label, finding, expand=finding.id in unfolded)
        for other in below:
            self._add(node, diagnosis, other, unfolded)

    def _every_node(self) -> list[TreeNode[Finding]]:
        found, todo = [], [self.root]
        while todo:
            node = todo.pop()
            todo.extend(reversed(node.children))
            if node is not self.root:
                found.append(node)
        return found


def told(finding: Finding, below: int = 0) -> Text:
    """One line: severity, code, why; where it is comes last, because the line may be cut."""
    where = "/".join(part for part in (finding.cluster, finding.namespace) if part)
    more = f"  (+{below} that follow)" if below else ""
    return Text.assemble(
        (f"{glyph(finding.severity)} {word(finding.severity)} ", style(finding.severity)),
        (f"{finding.code} ", "bold"),
        (more.strip() + " " if more else "", "dim"),
        clean(finding.cause),
        (clean(f"  {where} {finding.kind} {finding.name}"), "dim"),
        no_wrap=True,
        overflow="ellipsis",
    )


def _count(diagnosis: Diagnosis, finding: Finding) -> int:
    below = diagnosis.consequences(finding)
    return len(below) + sum(_count(diagnosis, other) for other in below)
