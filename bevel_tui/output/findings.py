"""A diagnosis as text and as JSON: roots first, what follows from them folded under."""

from __future__ import annotations

import json
from typing import Any

from bevel_tui.output.paper import Paper
from bevel_tui.records.findings import Diagnosis, Finding

_STYLE = {"error": "bold red", "warning": "yellow", "info": "dim"}
_GLYPH = {"error": "✗", "warning": "!", "info": "·"}
#: consequences of one finding that are shown; the rest is counted
_SHOWN = 8


def to_json(diagnosis: Diagnosis, *, clusters: list[dict[str, Any]]) -> str:
    """One document: the clusters that were looked at, and every finding with its id, cause and documentation."""
    findings = [
        {"id": finding.id, "doc": finding.anchor, **finding.model_dump(mode="json")} for finding in diagnosis.findings
    ]
    roots = [finding.id for finding in diagnosis.roots]
    return json.dumps({"clusters": clusters, "roots": roots, "findings": findings}, indent=1, ensure_ascii=False)


def text(paper: Paper, diagnosis: Diagnosis, *, looked_at: str) -> None:
    """For people: every root with evidence and remedy, its consequences in one line each."""
    if not diagnosis.findings:
        paper.line(("Nothing is wrong.", "green"), f" {looked_at}")
        return
    for number, root in enumerate(diagnosis.roots, start=1):
        _root(paper, number, root)
        _under(paper, diagnosis, root, 1)
        paper.line("")
    errors = sum(1 for finding in diagnosis.roots if finding.severity == "error")
    warnings = len(diagnosis.roots) - errors
    folded = len(diagnosis.findings) - len(diagnosis.roots)
    paper.line(
        f"{errors} {_plural('root problem', errors)}, {warnings} {_plural('warning', warnings)}, "
        f"{folded} {_plural('consequence', folded)}. {looked_at}"
    )


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _root(paper: Paper, number: int, finding: Finding) -> None:
    glyph = _GLYPH[finding.severity] if paper.unicode else "x"
    paper.line(
        f"{number}. ",
        (f"{glyph} {finding.severity}", _STYLE[finding.severity]),
        " ",
        (finding.code, "bold"),
        f"  {place(finding)}",
    )
    paper.line(f"   {finding.cause}")
    for line in finding.evidence:
        paper.line((f"   | {line}", "dim"))
    paper.line(f"   remedy: {finding.remedy}")
    if finding.command:
        paper.line((f"     $ {finding.command}", "cyan"))
    paper.line((f"   more: {finding.anchor}", "dim"))


def _under(paper: Paper, diagnosis: Diagnosis, finding: Finding, depth: int) -> None:
    following = diagnosis.consequences(finding)
    arrow = "└" if paper.unicode else "-"
    for other in following[:_SHOWN]:
        paper.line(f"   {'  ' * (depth - 1)}{arrow} {other.code} {place(other)}: {other.cause}")
        _under(paper, diagnosis, other, depth + 1)
    if len(following) > _SHOWN:
        paper.line(f"   {'  ' * (depth - 1)}{arrow} and {len(following) - _SHOWN} more")


def place(finding: Finding) -> str:
    """Where a finding stands: cluster, namespace, object."""
    where = f"{finding.cluster}/{finding.namespace}" if finding.namespace else finding.cluster
    return f"{where} {finding.kind} {finding.name}"
