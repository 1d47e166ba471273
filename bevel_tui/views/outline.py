"""A run as an outline: cluster > organization > step > resources, with state and what each waits for. Pure.

`outline` gives the rows that are open, as light tuples; `draw` makes the line of one. With two thousand resources only
the rows on the screen are ever drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from bevel_tui.views.canvas import Canvas
from bevel_tui.views.parts import BAD, ClusterView, OrganizationView, ResourceView, StepView
from bevel_tui.views.state import RunView
from bevel_tui.views.words import OF_OBJECTS, Line, Span, clock, glyph, style, word

Kind = Literal["cluster", "organization", "step", "resource"]

#: order in which one state speaks for many: the most urgent first
_LOUDEST = ("failed", "timed-out", "running", "planned", "cancelled", "skipped", "ok", "unchanged")


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `key` is stable over the run; `open` is None for what has nothing below it."""

    key: str
    kind: Kind
    depth: int
    open: bool | None
    cluster: ClusterView
    organization: OrganizationView | None = None
    step: StepView | None = None
    resource: ResourceView | None = None


def outline(view: RunView, shut: Collection[str], opened: Collection[str]) -> list[Row]:
    """The rows in the plan's order. `shut` and `opened` are keys that somebody closed or opened; without a word
    clusters and organizations are open, and a step is while it runs or when it has failed."""
    return list(_rows(view, shut, opened))


def _rows(view: RunView, shut: Collection[str], opened: Collection[str]) -> Iterator[Row]:
    for cluster in view.clusters.values():
        key = f"c/{cluster.name}"
        is_open = key not in shut
        yield Row(key, "cluster", 0, is_open if cluster.organizations else None, cluster)
        if not is_open:
            continue
        for organization in cluster.organizations.values():
            depth = 1
            if organization.name is not None:
                key = f"o/{cluster.name}/{organization.name}"
                is_open = key not in shut
                yield Row(key, "organization", 1, is_open, cluster, organization)
                if not is_open:
                    continue
                depth = 2
            for step in organization.steps.values():
                key = f"s/{step.id}"
                below = bool(step.resources)
                is_open = below and (
                    key in opened or (key not in shut and (step.state == "running" or step.state in BAD))
                )
                yield Row(key, "step", depth, is_open if below else None, cluster, organization, step)
                if is_open:
                    for resource in step.resources.values():
                        name = f"r/{step.id}/{resource.kind}/{resource.namespace}/{resource.name}"
                        yield Row(name, "resource", depth + 1, None, cluster, organization, step, resource)


def urgent(view: RunView) -> str | None:
    """The key of the row that somebody would want to see now: what failed, else what the longest path waits for."""
    for name in view.held:
        return f"s/{name}"
    bad = [step for step in view.steps.values() if step.state in BAD]
    if bad:
        return f"s/{bad[-1].id}"
    troubled = [step for step in view.steps.values() if step.state == "running" and step.findings]
    if troubled:
        return f"s/{troubled[-1].id}"
    _, path = view.remaining()
    for name in path:
        if view.steps[name].state == "running":
            return f"s/{name}"
    running = [step for step in view.steps.values() if step.state == "running"]
    return f"s/{running[-1].id}" if running else None


def draw(row: Row, now: float, canvas: Canvas) -> Line:
    """One row in the canvas's width."""
    mark = " " if row.open is None else ("▾" if row.open else "▸") if canvas.unicode else ("-" if row.open else "+")
    lead: list[Span | str] = [" " * (2 * row.depth), (f"{mark} ", "dim")]
    if row.resource is not None:
        return _resource(row.resource, lead, canvas)
    if row.kind == "step" and row.step is not None:
        return _step(row.step, 2 * row.depth + 2, lead, now, canvas)
    steps = list(row.cluster.steps if row.organization is None else row.organization.steps.values())
    state = _state_of(steps)
    done = sum(step.state in ("ok", "unchanged") for step in steps)
    name = row.cluster.name if row.organization is None else str(row.organization.name)
    spans: list[Span | str] = [*lead, (f"{glyph(state, unicode=canvas.unicode)} ", style(state)), (name, "bold")]
    spans += [f"  {done}/{len(steps)}", (f" {word(state)}", style(state))]
    if row.organization is None:
        if row.cluster.simulated:
            spans.append(("  simulated", "yellow"))
        if row.cluster.addresses:
            spans.append((f"  gateway {' '.join(row.cluster.addresses)}", "dim"))
    return canvas.fit(*spans)


def _state_of(steps: list[StepView]) -> str:
    there = {step.state for step in steps}
    if "planned" in there and there & {"ok", "unchanged"} and not there & {"failed", "timed-out", "running"}:
        return "waiting"
    return next((state for state in _LOUDEST if state in there), "planned")


def _step(step: StepView, indent: int, lead: list[Span | str], now: float, canvas: Canvas) -> Line:
    troubled = step.state == "running" and bool(step.findings)
    state = "warning" if troubled else step.state
    name = max(10, min(36 - indent, canvas.width - indent - 28))
    spans: list[Span | str] = [
        *lead,
        (f"{glyph(state, unicode=canvas.unicode)} ", style(state)),
        f"{canvas.column(step.label, name)} ",
        (f"{word(state):<9}", style(state)),
    ]
    if step.state in ("planned", "skipped"):
        return canvas.fit(*spans)
    spans.append((f" {clock(step.elapsed(now)):>5}", "dim"))
    return canvas.fit(*spans, "  ", _detail(step))


def _detail(step: StepView) -> Span:
    if step.state in BAD:
        return (step.reason or "", style(step.state))
    if step.ended:
        return (step.reason or "", "dim")
    if step.findings:
        return (step.findings[0].cause, style("warning"))
    ready = sum(resource.state == "ready" for resource in step.resources.values())
    objects = f"{ready}/{len(step.resources)} ready" if step.resources else ""
    waits = ", ".join(step.waiting_for)
    return (f"{objects}: {waits}" if objects and waits else waits or objects, "")


def _resource(resource: ResourceView, lead: list[Span | str], canvas: Canvas) -> Line:
    state = OF_OBJECTS.get(resource.state, "planned")
    said = f"  {resource.message}" if resource.message else ""
    return canvas.fit(
        *lead,
        (f"{glyph(state, unicode=canvas.unicode)} ", style(state)),
        (f"{resource.kind} ", "dim"),
        f"{resource.name} ",
        (resource.state, style(state)),
        (said, "dim"),
    )
