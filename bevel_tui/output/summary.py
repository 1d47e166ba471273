"""The closing words, on stdout: what stands, how to reach it, what failed and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from bevel_tui.output import matrix
from bevel_tui.output.checks import counts_in_words, problems
from bevel_tui.output.paper import Paper
from bevel_tui.records.events import RunFinished
from bevel_tui.views.matrix import cells
from bevel_tui.views.parts import BAD, StepView, refused
from bevel_tui.views.state import RunView
from bevel_tui.views.words import Span, clean, duration, glyph, plural, style, word

_DONE = {"deploy": "deployed", "destroy": "removed", "check": "checked"}


def write(paper: Paper, view: RunView, *, next_steps: Sequence[str] = ()) -> None:
    """Write the summary of a finished run. `next_steps` are commands, given by whoever knows the command line."""
    finished = view.finished
    if finished is None:
        return
    _headline(paper, view, finished)
    _failures(paper, view, finished)
    _endpoints(paper, finished)
    if view.checks:
        paper.line("")
        paper.line(("Checks", "bold"), f"  {counts_in_words(view.checks)}")
        problems(paper, view.checks)
        if any(state != "skipped" for row in cells(view.checks).values() for state in row.values()):
            paper.line("")
            matrix.write(paper, view.checks)
    _times(paper, view, finished)
    if next_steps:
        paper.line("")
        paper.line(("Next", "bold"))
        for step in next_steps:
            paper.line(f"  {step}")


def _headline(paper: Paper, view: RunView, finished: RunFinished) -> None:
    took = duration(finished.duration)
    done = _DONE.get(view.command, "done")
    what = f"Network {view.network} ({view.platform})" if view.platform else f"Network {view.network}"
    if not view.network:
        what = "The run"
    sentences: dict[str, str] = {
        "ok": f"{what} is {done}{' and reachable' if _reachable(view) else ''}, after {took}.",
        "unreachable": f"{what} is {done}, but not reachable: {counts_in_words(view.checks, ('failed',))}.",
        "failed": f"{what} is not {done}: the run failed after {took}.",
        "timed-out": f"{what} is not {done}: the time budget ran out after {took}.",
        "interrupted": f"{what} is not {done}: interrupted after {took}.",
        "unusable": f"{what} is not {done}.",
    }
    if refused(finished):
        sentences[finished.outcome] = f"Nothing was changed: {what[0].lower()}{what[1:]} could not be {done}."
    state = "ok" if finished.exit_code == 0 else "cancelled" if finished.outcome == "interrupted" else "failed"
    paper.line((f"{glyph(state, unicode=paper.unicode)} ", style(state)), (sentences[finished.outcome], "bold"))
    if view.simulated:
        paper.line(f"  simulated: {', '.join(view.simulated)}; no container ran, nothing was deployed for real")
    stand_ins = [s.label for s in view.steps.values() if s.applied is not None and s.applied.stand_in]
    if stand_ins:
        few = ", ".join(dict.fromkeys(stand_ins[:4]))
        more = f" and {len(stand_ins) - 4} more" if len(stand_ins) > 4 else ""
        paper.line(f"  stand-in charts: {plural(len(stand_ins), 'release')} ({few}{more})")


def _reachable(view: RunView) -> bool:
    return view.command == "deploy" and any(check.status == "ok" and check.id == "protocol" for check in view.checks)


def _failures(paper: Paper, view: RunView, finished: RunFinished) -> None:
    failed = [step for step in view.steps.values() if step.state in BAD]
    told = False
    for step in failed:
        told = True
        paper.line("")
        paper.line(
            _sign(paper, step),
            (f"{step.cluster}/{step.label}", "bold"),
            f"  {word(step.state)} after {duration(step.duration)}",
        )
        if step.reason:
            paper.line(f"  cause:  {step.reason}")
        for finding in step.findings:
            where = f"{finding.namespace}/" if finding.namespace else ""
            if finding.cause != step.reason:
                paper.line(f"  found:  {finding.kind} {where}{finding.name}: {finding.cause} [{finding.code}]")
            for fact in finding.evidence:
                paper.line(f"          {fact}")
        remedies = dict.fromkeys([*(f.remedy for f in step.findings), *([step.remedy] if step.remedy else [])])
        for remedy in remedies:
            paper.line(f"  remedy: {remedy}")
    if finished.error and not told:
        paper.line("")
        cause, *facts = finished.error.splitlines()
        paper.line(f"  cause:  {cause}{f' [{finished.code}]' if finished.code else ''}")
        for fact in facts:
            paper.line(f"          - {fact}")
        if finished.remedy:
            paper.line(f"  remedy: {finished.remedy}")
    still = [step for step in view.steps.values() if step.state in ("skipped", "cancelled")]
    if still and finished.exit_code != 0:
        paper.line("")
        paper.line(f"  not begun or not finished: {plural(len(still), 'step')}")


def _sign(paper: Paper, step: StepView) -> Span:
    return (f"{glyph(step.state, unicode=paper.unicode)} ", style(step.state))


def _endpoints(paper: Paper, finished: RunFinished) -> None:
    if not finished.endpoints or finished.outcome not in ("ok", "unreachable"):
        return  # what does not stand has no address worth copying
    paper.line("")
    paper.line(("Endpoints", "bold"))
    # grouped, so that a row is a name and an address and fits 80 columns
    for owner in dict.fromkeys((e.cluster, e.organization) for e in finished.endpoints):
        mine = [e for e in finished.endpoints if (e.cluster, e.organization) == owner]
        inside = "" if any(e.exposed for e in mine) else " (inside the cluster only)"
        paper.line(f"  {clean(owner[0])}, {clean(owner[1])}{inside}")
        rows = [
            (clean(_short(e.id, e.cluster)), clean(e.url), "" if e.exposed or inside else "(inside only)") for e in mine
        ]
        table(paper, [tuple(filter(None, row)) for row in rows], indent=4)


def _short(id_: str, cluster: str) -> str:
    """An endpoint's id without its cluster and namespace, which the row says or nobody misses."""
    parts = id_.removeprefix(f"{cluster}/").split("/")
    return "/".join(parts[-2:])


def table(paper: Paper, rows: Sequence[Sequence[str]], *, indent: int = 2) -> None:
    """Columns as wide as their widest cell; the last one as long as it likes: a pipe has no width."""
    from rich.cells import cell_len, set_cell_size

    if not rows:
        return
    widths = [max(cell_len(row[i]) for row in rows) for i in range(min(map(len, rows)))]
    for row in rows:
        cells = [set_cell_size(cell, width) for cell, width in zip(row[:-1], widths, strict=False)]
        paper.line(" " * indent + "  ".join([*cells, row[-1]]))


def _times(paper: Paper, view: RunView, finished: RunFinished) -> None:
    if not view.steps or not finished.duration:
        return
    paper.line("")
    path = finished.critical_path
    over = f"; the longest path through the plan {duration(path)}" if path else ""
    paper.line(("Time", "bold"), f"    {duration(finished.duration)}{over}")
    slowest = sorted((s for s in view.steps.values() if s.state == "ok"), key=lambda s: -s.duration)[:3]
    if slowest and slowest[0].duration >= 1:
        for number, step in enumerate(slowest):
            label = "longest:" if not number else ""
            paper.line(f"        {label:<8} {step.cluster}/{step.label} {duration(step.duration)}")
