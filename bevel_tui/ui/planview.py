"""A plan for the review: by cluster and stage what happens beside each other, what it needs, how long it takes.

A stage is how many steps must have gone before: everything in one stage can run at the same time.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from textual.content import Content

from bevel_tui.records.steps import (
    AddressStep,
    CheckStep,
    DnsStep,
    HandoffStep,
    KeysStep,
    NamespaceStep,
    ReleaseStep,
    SecretStep,
    Step,
)

if TYPE_CHECKING:
    from bevel_tui.plan.footprint import Footprint
    from bevel_tui.plan.graph import Plan
    from bevel_tui.records.survey import SurveyRow


def graph(plan: Plan, width: int) -> Content:
    """Clusters, in each the stages from top to bottom; what decides how long all takes is marked. `width` is in cells."""
    depth: dict[str, int] = {}
    for step in plan.steps:
        depth[step.id] = 1 + max((depth[need] for need in step.needs), default=0)
    critical = frozenset(plan.critical_path())
    lines = [Content.styled("What is on one line runs at the same time; ◆ decides how long all takes.", "$text-muted")]
    for cluster in plan.clusters:
        domain = next((s.domain for s in plan.steps if isinstance(s, DnsStep) and s.cluster == cluster), None)
        lines += [Content(""), Content.assemble((cluster, "bold"), (f"  {domain}" if domain else "", "$text-muted"))]
        stages: dict[int, list[Step]] = {}
        for step in plan.steps:
            if step.cluster == cluster:
                stages.setdefault(depth[step.id], []).append(step)
        for number, (_, steps) in enumerate(sorted(stages.items())):
            lead = "  ┌─ " if number == 0 else "  └─ " if number == len(stages) - 1 else "  ├─ "
            rest = "     " if number == len(stages) - 1 else "  │  "
            parts: list[tuple[str, str] | str] = [(lead, "$text-muted")]
            column = len(lead)
            for i, step in enumerate(steps):
                words = f"◆ {_words(step)}" if step.id in critical else _words(step)
                if i and column + len(words) + 3 > width:
                    lines.append(Content.assemble(*parts, " ·"))
                    parts, column = [(rest, "$text-muted")], len(rest)
                elif i:
                    parts.append(" · ")
                    column += 3
                parts.append((words, "bold" if step.id in critical else ""))
                column += len(words)
            lines.append(Content.assemble(*parts))
    return Content("\n").join(lines)


def _words(step: Step) -> str:
    if isinstance(step, ReleaseStep):
        return step.release
    if isinstance(step, NamespaceStep):
        return f"namespace {step.namespace}"
    if isinstance(step, SecretStep | KeysStep):
        return f"Secret {step.name}"
    if isinstance(step, HandoffStep):
        if step.target_cluster != step.cluster:
            return f"{step.source.name} → {step.target_cluster}"
        return f"{step.source.name} → {(step.target_step or '').rpartition('/')[2] or step.namespace}"
    if isinstance(step, AddressStep):
        return "address of the gateway"
    if isinstance(step, DnsStep):
        return f"DNS ({step.mode})"
    if isinstance(step, CheckStep):
        return "checks"
    return step.id


def needs(
    plan: Plan, wanted: Mapping[str, Footprint], rows: Mapping[str, SurveyRow | None], *, simulated: bool
) -> Content:
    """What each cluster must offer, beside what it has; how long it takes."""
    lines = []
    for cluster, own in wanted.items():
        lines.append(Content.styled(cluster, "bold"))
        storage = f", {own.gibibytes} GiB" if own.storage else ""
        facts = [
            ("pods", f"{own.pods} that stay, {own.jobs} Jobs that end"),
            ("requests", _requests(own)),
            ("volumes", f"{own.volumes}{storage}"),
            ("gateway", f"{own.balancers} Service of type LoadBalancer" if own.balancers else "none installed"),
            ("releases", str(own.releases)),
        ]
        row = rows.get(cluster)
        if row is not None and row.cpu is not None and row.memory is not None:
            facts.append(("has", f"{row.ready_nodes} nodes ready: {row.cpu:g} cores, {row.memory / 2**30:.0f} GiB"))
        lines += [Content.assemble((f"  {name:<9}", "$text-muted"), words) for name, words in facts]
        lines += [Content.styled(f"  ! {words}", "$warning") for words in _doubts(own, row)]
        lines.append(Content(""))
    if len(wanted) > 1:
        total = functools.reduce(operator.add, wanted.values())
        facts = [
            ("pods", f"{total.pods} that stay"),
            ("requests", _requests(total)),
            ("storage", f"{total.gibibytes} GiB"),
        ]
        lines.append(Content.styled("All clusters", "bold"))
        lines += [Content.assemble((f"  {name:<9}", "$text-muted"), words) for name, words in facts]
        lines.append(Content(""))
    lines.append(Content.assemble(("duration  ", "$text-muted"), duration(plan, simulated=simulated)))
    return Content("\n").join(lines)


def _requests(own: Footprint) -> str:
    """What the pods ask the scheduler for."""
    silent = f"{own.silent} of {own.pods} pods request nothing" if own.silent else ""
    if not own.memory:
        return silent or "nothing"
    count = own.millicores / 1000
    cores = f"{count:g} {'core' if count == 1 else 'cores'}, " if count else ""
    return f"{cores}{own.memory / 2**30:.1f} GiB of memory" + (f"; {silent}" if silent else "")


def _doubts(own: Footprint, row: SurveyRow | None) -> Iterator[str]:
    if row is None or row.state != "reachable":
        yield "this cluster has not answered: nothing is known of it"
        return
    if own.volumes and row.storage_classes is not None and row.storage_class is None:
        yield "it has no default StorageClass for these volumes"
    if own.balancers and row.load_balancer is False:
        yield f"its gateway may get no address: {row.load_balancer_why}"
    if row.missing_rights:
        yield f"rights are missing: {'; '.join(row.missing_rights[:3])}"
    if row.cpu is not None and own.millicores > 1000 * row.cpu:
        yield f"its nodes have {row.cpu:g} cores for the {own.millicores / 1000:g} that are requested"
    if row.memory is not None and own.memory > row.memory:
        yield f"its nodes have {row.memory / 2**30:.1f} GiB of memory for the {own.memory / 2**30:.1f} that are requested"
    if row.ready_nodes is not None and own.pods + own.jobs > 110 * row.ready_nodes:
        yield f"{own.pods} pods are more than {row.ready_nodes} nodes usually take (110 each)"


def duration(plan: Plan, *, simulated: bool) -> str:
    """How long the longest path takes, in words."""
    seconds = plan.estimate
    if simulated:
        return f"about {seconds:.0f} s on simulated clusters"
    return (
        f"{len(plan.critical_path())} steps one after the other; usually 5 to 20 minutes: pulling images and the DNS "
        f"records decide, the steps themselves take {seconds:.0f} s where everything is there"
    )
