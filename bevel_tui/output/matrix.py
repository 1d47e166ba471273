"""The matrix: what each cluster sees of every other one's gateway, on a screen and as JSON.

Its cells are the results of check ``cluster-path``: `vantage` is the row, `cluster` the column. The row ``here`` sums
up what this machine sees.
"""

from __future__ import annotations

from collections.abc import Sequence

from bevel_tui.output.paper import Paper
from bevel_tui.records.checks import CheckResult
from bevel_tui.views.matrix import cells
from bevel_tui.views.words import Span, glyph, style, word


def write(paper: Paper, results: Sequence[CheckResult]) -> None:
    """A table: from (rows) to (columns); nothing without a look from inside. Names of columns are numbers where the names
    would not fit."""
    found = cells(results)
    if not found:
        return
    columns = list(dict.fromkeys(cluster for row in found.values() for cluster in row))
    first = max(len(name) for name in (*found, "from \\ to"))
    width = max(7, *(len(name) for name in columns)) + 4
    numbered = first + 2 + (width + 2) * len(columns) > 100
    heads = [f"[{number}]" for number in range(1, len(columns) + 1)] if numbered else columns
    width = 11 if numbered else width
    paper.line(("Between the clusters", "bold"))
    if numbered:
        paper.line("  " + "  ".join(f"{head} {name}" for head, name in zip(heads, columns, strict=True)))
    paper.line(f"  {'from / to':<{first}}  " + "".join(f"{head:<{width}}" for head in heads).rstrip())
    for row, seen in found.items():
        spans: list[Span | str] = [f"  {row:<{first}}  "]
        for column in columns:
            state = seen.get(column)
            sign = "" if state is None else f"{glyph(state, unicode=paper.unicode)} {word(state)}"
            padded = sign if column == columns[-1] else f"{sign:<{width}}"
            spans.append((padded, style(state) if state else ""))
        paper.line(*spans)
