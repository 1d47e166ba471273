"""One picture of a run for a terminal of a given size: what failed and what runs first, counters for the rest.

Pure: a `RunView`, a time and a size in; lines out, never more than `height`, never wider than `width`. The live view
draws these, snapshot tests read them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len

from bevel_tui.records.events import DnsWaiting
from bevel_tui.records.findings import Finding
from bevel_tui.views.canvas import Canvas
from bevel_tui.views.parts import BAD, ClusterView, StepView
from bevel_tui.views.state import RunView
from bevel_tui.views.words import Line, Span, clean, clock, glyph, plural, style, word

#: order in which steps are worth a row
_URGENCY = {
    "failed": 0,
    "timed-out": 0,
    "running": 1,
    "cancelled": 2,
    "ok": 3,
    "unchanged": 3,
    "planned": 4,
    "skipped": 5,
}


def frame(view: RunView, now: float, canvas: Canvas) -> list[Line]:
    """The picture. Sections give way in this order: footer, planned steps, evidence, further findings."""
    if canvas.height < 1 or canvas.width < 1:
        return []
    head = [_title(view, now, canvas), _progress(view, now, canvas)][: canvas.height]
    foot = [_footer(view, now, canvas)] if canvas.height >= 8 else []
    room = canvas.height - len(head) - len(foot)
    alarms = _alarms(view, canvas, room // 2)
    rooms = room - len(alarms)
    body = _clusters(view, now, canvas, rooms)
    return [*head, *body, *alarms, *foot][: canvas.height]


def _title(view: RunView, now: float, canvas: Canvas) -> Line:
    spans: list[Span | str] = [("bevel-tui ", "bold"), f"{view.command} ", (view.network, "bold")]
    if view.platform:
        spans.append(f" ({view.platform})")
    if view.simulated:
        spans.append(("  simulated", "yellow"))
    spans.append(f"  {clock(view.elapsed(now))}")
    left, _ = view.remaining(now)
    if view.finished is None and left >= 1:
        spans.append((f"{canvas.dot}about {clock(left)} left", "dim"))
    return canvas.fit(*spans)


def _progress(view: RunView, now: float, canvas: Canvas) -> Line:
    counts, total = view.counts(), len(view.steps)
    done = counts["ok"] + counts["unchanged"]
    cells = min(24, max(8, canvas.width // 4))
    filled = round(cells * done / total) if total else 0
    full, empty = ("█", "░") if canvas.unicode else ("#", ".")
    spans: list[Span | str] = [
        (full * filled, "green"),
        (empty * (cells - filled), "dim"),
        f" {done} of {plural(total, 'step')} done",
    ]
    for state, count in (("running", counts["running"]), ("failed", counts["failed"] + counts["timed-out"])):
        if count:
            spans += [canvas.dot, (f"{count} {word(state)}", style(state))]
    if view.interrupted:
        said = "finishing what is in flight" if view.interrupted == 1 else "leaving"
        spans += [canvas.dot, (f"interrupted: {said}", "yellow")]
    return canvas.fit(*spans)


def _footer(view: RunView, now: float, canvas: Canvas) -> Line:
    if view.finished is not None:
        return canvas.fit(("finished: ", "dim"), view.finished.outcome)
    _, path = view.remaining(now)
    if path:
        chain = canvas.arrow.join(_on_path(view, path))
        return canvas.fit(("critical path: ", "dim"), (chain, "dim"))
    return canvas.fit(("Ctrl-C stops after what is in flight", "dim"))


def _on_path(view: RunView, path: Sequence[str]) -> list[str]:
    """Labels; the cluster is named where the path enters it."""
    steps = [view.steps[name] for name in path]
    before = [None, *(step.cluster for step in steps)]
    return [
        step.label if step.cluster == last else f"{step.cluster}: {step.label}"
        for step, last in zip(steps, before, strict=False)
    ]


# ---------------------------------------------------------------- clusters and their steps


def _clusters(view: RunView, now: float, canvas: Canvas, room: int) -> list[Line]:
    clusters = sorted(view.clusters.values(), key=lambda c: not any(s.state in BAD for s in c.steps))
    clusters = clusters if len(clusters) > room else list(view.clusters.values())
    if len(clusters) > room:
        shown = max(0, room - 1)
        rest = [("  and " + plural(len(clusters) - shown, "more cluster"), "dim")]
        return [*(_cluster_title(c, canvas) for c in clusters[:shown]), canvas.fit(*rest)][:room]
    rows = {c.name: _worth_showing(c) for c in clusters}
    shares = _shares({name: len(steps) for name, steps in rows.items()}, room - len(clusters))
    lines: list[Line] = []
    for cluster in clusters:
        lines.append(_cluster_title(cluster, canvas))
        lines += [_row(step, now, canvas) for step in rows[cluster.name][: shares[cluster.name]]]
    return lines


def _shares(wanted: dict[str, int], room: int) -> dict[str, int]:
    """Rows for each: equal parts, what one does not need goes to the others."""
    given = dict.fromkeys(wanted, 0)
    while room > 0 and (hungry := [name for name in wanted if given[name] < wanted[name]]):
        for name in hungry[:room]:
            given[name] += 1
        room -= min(room, len(hungry))
    return given


def _worth_showing(cluster: ClusterView) -> list[StepView]:
    """Steps by urgency; those that are done newest first, those to come in the plan's order."""

    def key(step: StepView) -> tuple[int, float]:
        urgency = _URGENCY.get(step.state, 4)
        return urgency, -(step.finished or 0.0) if urgency == 3 else (step.started or 0.0)

    return sorted(cluster.steps, key=key)


def _cluster_title(cluster: ClusterView, canvas: Canvas) -> Line:
    counts = cluster.counts()
    spans: list[Span | str] = [(cluster.name, "bold")]
    if cluster.addresses:
        spans.append(f"  gateway {' '.join(cluster.addresses)}")
    totals = (
        ("failed", counts["failed"] + counts["timed-out"]),
        ("running", counts["running"]),
        ("ok", counts["ok"] + counts["unchanged"]),
        ("planned", counts["planned"]),
    )
    shown = [(f"{count} {word(state)}", style(state)) for state, count in totals if count]
    for index, span in enumerate(shown):
        spans += [canvas.dot if index else "  ", span]
    checks = [check.status for check in cluster.checks.values()]
    if checks:
        spans.append(f"{canvas.dot}{checks.count('ok')} of {plural(len(checks), 'check')} ok")
    return canvas.fit(*spans)


def _row(step: StepView, now: float, canvas: Canvas) -> Line:
    name = max(12, min(30, canvas.width // 3))
    spans: list[Span | str] = [
        (f"  {glyph(step.state, unicode=canvas.unicode)} {word(step.state):<9} ", style(step.state)),
        f"{canvas.column(step.label, name)} ",
    ]
    if step.state == "planned":
        return canvas.fit(*spans)
    if step.state == "skipped":
        return canvas.fit(*spans, " " * 7, _detail(step))
    elapsed = step.elapsed(now)
    spans.append((f"{clock(elapsed):>5}  ", "dim"))
    return canvas.fit(*spans, _detail(step))


def _detail(step: StepView) -> Span:
    """What a step has to say: its failure, its wait, or how many of its objects are ready."""
    if step.state in BAD:
        cause = step.findings[-1].cause if step.findings else None
        return (step.reason or cause or "", style(step.state))
    if step.ended:
        return (step.reason or "", "dim")
    ready = sum(resource.state == "ready" for resource in step.resources.values())
    objects = f"{ready}/{len(step.resources)} ready" if step.resources else ""
    alarm = next((finding.cause for finding in step.findings), None)
    if alarm:
        return (alarm, style("warning"))
    waits = ", ".join(step.waiting_for)
    return (f"{objects}: {waits}" if objects and waits else waits or objects, "")


# ---------------------------------------------------------------- what a person has to act on


def _alarms(view: RunView, canvas: Canvas, room: int) -> list[Line]:
    """Records to create, then findings with their remedies, in at most `room` lines."""
    waiting = [d.waiting for c in view.clusters.values() for d in c.domains.values() if d.waiting and d.ready is None]
    findings = view.open_findings
    share = max(0, room - 3) if findings else room
    lines = [line for event in waiting for line in _records(event, canvas)]
    if len(lines) > share:
        lines = [_record(event, canvas) for event in waiting]
    if len(lines) > share:
        hidden = len(lines) - max(0, share - 1)
        lines = [
            *lines[: max(0, share - 1)],
            canvas.fit((f"DNS: and {plural(hidden, 'more domain')}", style("waiting"))),
        ]
    lines = lines[:share]
    for _, finding in findings:
        block = _finding(finding, canvas)
        if len(lines) + len(block) > room:
            break
        lines += block
    return lines[: max(0, room)]


def _zone_lines(event: DnsWaiting) -> list[str]:
    lines = event.zone_lines or tuple(f"{r.name}. {r.ttl} IN {r.type} {r.value}" for r in event.records)
    return [line for line in lines if not line.startswith(";")]


def _records(event: DnsWaiting, canvas: Canvas) -> list[Line]:
    """A domain's records, and what every server answers."""
    title = f"DNS: create these records, so that {event.domain} leads to its gateway"
    return [
        canvas.fit((title, style("waiting"))),
        *(canvas.fit(f"    {line}") for line in _zone_lines(event)),
        *(canvas.fit((f"    {server}: {answer}", "dim")) for server, answer in event.servers.items()),
    ]


def _record(event: DnsWaiting, canvas: Canvas) -> Line:
    """The one record that matters, where many domains wait."""
    record = next(iter(_zone_lines(event)), event.domain)
    return canvas.fit(("DNS: create ", style("waiting")), record)


def _finding(finding: Finding, canvas: Canvas) -> list[Line]:
    """What is wrong, in at most two lines, and what to do."""
    where = f"{finding.cluster}/{finding.namespace}" if finding.namespace else finding.cluster
    sign = f"{glyph(finding.severity, unicode=canvas.unicode)} {word(finding.severity)}  "
    said = clean(f"{where} {finding.kind} {finding.name}: {finding.cause}")
    first, *more = textwrap.wrap(said, max(20, canvas.width - cell_len(sign))) or [""]
    lines = [canvas.fit((sign, style(finding.severity)), first)]
    if more:
        lines.append(canvas.fit(f"    {' '.join(more)}"))
    lines.append(canvas.fit(("    remedy: ", "dim"), finding.remedy))
    return lines


def plain(lines: Sequence[Line]) -> str:
    """The picture without styles."""
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)
