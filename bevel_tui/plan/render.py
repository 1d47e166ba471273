"""A plan for people and programs: text for a terminal of 80 columns, JSON, a Mermaid diagram.

Equal plans give equal bytes. Nothing here knows a secret: values come masked (`plan.plain`), and text and diagram
show no values at all.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from bevel_tui.plan import plain
from bevel_tui.plan.graph import Plan
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

WIDTH = 80
CRITICAL = "*"

#: how the DNS gate is passed, by mode
DNS_WORDS = {
    "manual": "you create the records that the run shows",
    "external-dns": "external-dns creates them from the Service's annotation",
    "rfc2136": "the run writes them to your DNS server",
    "skip": "not waited for",
}


# ---------------------------------------------------------------- JSON


def to_json(plan: Plan) -> str:
    """The plan as JSON, indented, with a final newline. Its keys are described in docs/plan.md."""
    document = {
        "network": plan.network_name,
        "id": plan.id,
        "platform": plan.platform,
        "gateway": plan.gateway,
        "notes": list(plan.notes),
        "steps": [plain.step(step) for step in plan.steps],
        "critical_path": list(plan.critical_path()),
        "critical_path_seconds": round(plan.estimate, 2),
        "endpoints": [plain.endpoint(endpoint) for endpoint in plan.endpoints],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


# ---------------------------------------------------------------- text


def text(plan: Plan) -> str:
    """The plan as plain text, at most 80 columns wide where names allow, with a final newline."""
    return "\n".join(line.rstrip() for line in _lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    releases = sum(isinstance(step, ReleaseStep) for step in plan.steps)
    yield f"Plan {plan.id} of network {plan.network_name} ({plan.platform})"
    yield ", ".join(
        (_count(len(plan.clusters), "cluster"), _count(len(plan.steps), "step"), _count(releases, "release"))
    )
    yield f"gateway: {plan.gateway}"
    for note in plan.notes:
        yield from _wrapped(note, "  note: ", "        ")
    handed: dict[str, list[str]] = {}
    for step in plan.steps:
        if isinstance(step, HandoffStep) and step.target_step and step.target_file:
            handed.setdefault(step.target_step, []).append(step.target_file)
    for cluster in plan.clusters:
        yield ""
        yield from _cluster(plan, cluster, handed)
    yield ""
    yield from _critical_path(plan)


def _cluster(plan: Plan, cluster: str, handed: Mapping[str, Sequence[str]]) -> Iterator[str]:
    critical = frozenset(plan.critical_path())
    own = [step for step in plan.steps if step.cluster == cluster]
    domain = next((step.domain for step in own if isinstance(step, DnsStep)), None)
    yield f"Cluster {cluster}" + (f", domain {domain}" if domain else "")
    stages: dict[str, list[Step]] = {}
    for step in sorted(own, key=_stage_rank):
        stages.setdefault(_stage(step), []).append(step)
    for stage, steps in stages.items():
        yield f"  {stage}"
        for step in steps:
            yield from _step(plan, step, CRITICAL if step.id in critical else " ")
            if step.id in handed:
                yield from _wrapped(", ".join(handed[step.id]), f"{' ' * 8}handed in: ", " " * 10)
    names = sorted({(e.host, e.port, e.protocol) for e in plan.endpoints if e.cluster == cluster and e.exposed})
    if names:
        yield "  Reached from outside as"
        for host, port, protocol in names:
            yield f"      {protocol:<6}{host}:{port}"


def _stage(step: Step) -> str:
    if isinstance(step, CheckStep):
        return "Check"
    if isinstance(step, HandoffStep):
        return "Handed on from here"
    owned = "" if step.managed else f" (by {step.organization}'s owner)" if step.organization else " (by its owner)"
    return f"Gateway{owned}" if step.organization is None else f"Organization {step.organization}{owned}"


def _stage_rank(step: Step) -> tuple[int, str]:
    """Gateway, organizations, handoffs, check; within each the order of the plan (sorting is stable)."""
    stage = _stage(step)
    order = {"Gateway": 0, "Organization": 1, "Handed": 2, "Check": 3}
    return order[stage.partition(" ")[0]], stage


def _step(plan: Plan, step: Step, mark: str) -> Iterator[str]:
    lead = f"    {mark} "
    rest = " " * 8
    if isinstance(step, NamespaceStep):
        yield from _wrapped(f"namespace {step.namespace}", lead, rest)
    elif isinstance(step, SecretStep):
        yield from _wrapped(f"Secret {step.name} in {step.namespace}", lead, rest)
    elif isinstance(step, KeysStep):
        yield from _wrapped(f"keys {step.name} in {step.namespace}", lead, rest)
    elif isinstance(step, ReleaseStep):
        yield from _wrapped(f"{step.release}  ({step.chart} {step.chart_version} in {step.namespace})", lead, rest)
    elif isinstance(step, HandoffStep):
        yield from _wrapped(_handoff(step) + _border(step), lead, rest)
    elif isinstance(step, AddressStep):
        ports = ", ".join(_ranges(step.ports)) or "none"
        yield from _wrapped(f"address of Service {step.service.namespace}/{step.service.name}", lead, rest)
        yield from _wrapped(ports, f"{rest}ports: ", rest)
    elif isinstance(step, DnsStep):
        name = f"*.{step.domain}" if step.domain else _count(len(step.hosts), "name")
        where = f" ({step.update.server})" if step.update is not None else ""
        yield from _wrapped(f"DNS {name} -> this gateway: {DNS_WORDS[step.mode]}{where}", lead, rest)
    elif isinstance(step, CheckStep):
        reached = sum(endpoint.exposed for endpoint in step.endpoints)
        inside = len(step.endpoints) - reached
        parts = [_count(reached, "endpoint") + " through the gateway"] if reached else []
        parts += [_count(inside, "endpoint") + " inside the cluster"] if inside else []
        yield from _wrapped("probe " + " and ".join(parts), lead, rest)
    # a namespace is needed by all that is in it: said once, by the line itself
    needs = [_short(plan, need, step.cluster) for need in step.needs if not isinstance(plan.step(need), NamespaceStep)]
    if needs:
        yield from _wrapped(", ".join(needs), f"{rest}after: ", f"{rest}  ")


def _border(step: HandoffStep) -> str:
    """How a handoff gets to an operator with another kubeconfig, or from one."""
    if step.crossing == "import":
        return " (from a bundle: handoff import)"
    return f" (handoff export --for {', '.join(step.receivers)})" if step.crossing == "export" else ""


def _handoff(step: HandoffStep) -> str:
    if step.keep_fields:
        key = f" ({step.key}: only {', '.join(field.rpartition('.')[2] for field in step.keep_fields)})"
    elif step.log is not None:
        key = f" (log of {step.log.container}: {step.key})"
    elif step.member is not None:
        key = f" ({step.key}: {step.member})"
    else:
        key = f" ({step.key})" if step.key else f" (only {', '.join(step.keep)})" if step.keep else ""
    source = f"{step.source.kind} {step.source.namespace}/{step.source.name}{key}"
    if step.target_object is not None:
        target = f"{step.target_object.kind} {step.target_object.namespace}/{step.target_object.name}"
        return f"{source} -> {target} in cluster {step.target_cluster}"
    return f"{source} -> {step.target_step}"


def _short(plan: Plan, name: str, cluster: str) -> str:
    """A need as a reader of that cluster's section understands it: the release's or Secret's name, else the id."""
    step = plan.step(name)
    if step.cluster != cluster:
        return name
    if isinstance(step, ReleaseStep):
        return step.release
    return name.removeprefix(f"{cluster}/")


def _critical_path(plan: Plan) -> Iterator[str]:
    yield f"Critical path, marked {CRITICAL}: {plan.estimate:.1f} s at the sandbox's pace"
    yield from _wrapped(" -> ".join(plan.critical_path()), "  ", "  ")


def _ranges(ports: Sequence[int]) -> list[str]:
    """Ascending ports with runs of three and more drawn together: ``80``, ``15010-15014``."""
    runs: list[list[int]] = []
    for port in ports:
        if runs and port == runs[-1][-1] + 1:
            runs[-1].append(port)
        else:
            runs.append([port])
    found: list[str] = []
    for run in runs:
        found += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(port) for port in run]
    return found


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _wrapped(words: str, first: str, rest: str) -> Iterable[str]:
    return textwrap.wrap(
        words,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


# ---------------------------------------------------------------- Mermaid


def mermaid(plan: Plan) -> str:
    """The plan as a Mermaid flowchart: a subgraph per cluster, the critical path drawn thick."""
    names = {step.id: f"s{index}" for index, step in enumerate(plan.steps)}
    critical = plan.critical_path()
    lines = ["flowchart LR"]
    for index, cluster in enumerate(plan.clusters):
        lines.append(f'  subgraph c{index}["{_quoted(cluster)}"]')
        lines += [f"    {names[s.id]}{_shape(s)}" for s in plan.steps if s.cluster == cluster]
        lines.append("  end")
    along = set(pairwise(critical))
    for step in plan.steps:
        for need in sorted(set(step.needs)):
            arrow = "==>" if (need, step.id) in along else "-->"
            lines.append(f"  {names[need]} {arrow} {names[step.id]}")
    if critical:
        lines.append("  classDef critical stroke-width:3px")
        lines.append(f"  class {','.join(names[name] for name in critical)} critical")
    return "\n".join(lines) + "\n"


def _shape(step: Step) -> str:
    if isinstance(step, ReleaseStep):
        return f'["{_quoted(step.release)}<br/>{_quoted(step.chart)}"]'
    if isinstance(step, HandoffStep):
        return f'[/"{_quoted(step.source.name)}"/]'
    if isinstance(step, CheckStep | DnsStep | AddressStep):
        return f'{{{{"{step.kind}"}}}}'
    name = step.name if isinstance(step, SecretStep | KeysStep) else step.namespace or step.id
    return f'("{step.kind} {_quoted(name)}")'


def _quoted(words: str) -> str:
    return words.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
