"""A run's report as plain data, the same as its JSON form. Pure: the same events give the same report."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bevel_tui import __version__
from bevel_tui.records.checks import CATEGORIES
from bevel_tui.views.parts import BAD, StepView
from bevel_tui.views.state import RunView

#: raised when a field is renamed or its meaning changes
FORMAT = 1


def of(view: RunView) -> dict[str, Any]:
    """The report of a run, finished or not. Times are ISO 8601 in UTC, durations seconds."""
    finished = view.finished
    begun = view.started or 0.0
    path = set(critical_path(view))
    return {
        "format": FORMAT,
        "bevel_tui": __version__,
        "run": view.run,
        "command": view.command,
        "network": view.network,
        "platform": view.platform,
        "plan": view.plan,
        "simulated": list(view.simulated),
        "helm": view.helm,
        "started": _time(begun),
        "finished": _time(finished.time) if finished else None,
        "duration": _seconds(view.elapsed()),
        "outcome": finished.outcome if finished else "unfinished",
        "exit_code": finished.exit_code if finished else None,
        "error": finished.error if finished else None,
        "remedy": finished.remedy if finished else None,
        "counts": {state: count for state, count in sorted(view.counts().items()) if count},
        "clusters": [_cluster(view, name) for name in view.clusters if name],
        "timeline": [_step(step, begun, critical=step.id in path) for step in _in_order(view)],
        "critical_path": [
            {"step": step.id, "seconds": _seconds(step.duration)}
            for step in map(view.steps.__getitem__, critical_path(view))
        ],
        "endpoints": [endpoint.model_dump(mode="json") for endpoint in view.endpoints],
        "checks": [
            check.model_dump(mode="json")
            for check in sorted(view.checks, key=lambda c: (c.cluster, CATEGORIES.index(c.category), c.id, c.target))
        ],
        "findings": [
            {"step": step, "open": (step, finding) in view.open_findings, **finding.model_dump(mode="json")}
            for step, finding in view.findings
        ],
        "failures": [
            {"step": s.id, "state": s.state, "reason": s.reason, "remedy": s.remedy}
            for s in _in_order(view)
            if s.state in BAD
        ],
        "skipped": [{"step": s.id, "reason": s.reason} for s in _in_order(view) if s.state in ("skipped", "cancelled")],
        "handoffs": [
            {"step": h.step, "source": h.source, "target": h.target, "bytes": h.bytes, "held_back": list(h.stripped)}
            for h in view.handoffs
        ],
        "charts": _charts(view),
        "notices": [{"level": notice.level, "step": notice.step, "text": notice.text} for notice in view.notices],
    }


def critical_path(view: RunView) -> tuple[str, ...]:
    """Which steps really held the run up: from the one that ended last back to the need that ended last, and so on."""
    done = [step for step in view.steps.values() if step.finished is not None and step.started is not None]
    if not done:
        return ()
    step: StepView | None = max(done, key=lambda s: (s.finished or 0.0, s.id))
    found: list[str] = []
    while step is not None and step.id not in found:
        found.append(step.id)
        before = [view.steps[need] for need in step.needs if need in view.steps]
        ended = [other for other in before if other.finished is not None and other.started is not None]
        step = max(ended, key=lambda s: (s.finished or 0.0, s.id), default=None)
    return tuple(reversed(found))


def _in_order(view: RunView) -> list[StepView]:
    """Steps as they began; those that never did at the end, as planned."""
    order = {name: i for i, name in enumerate(view.steps)}
    return sorted(view.steps.values(), key=lambda s: (s.started is None, s.started or 0.0, order[s.id]))


def _step(step: StepView, begun: float, *, critical: bool) -> dict[str, Any]:
    return {
        "step": step.id,
        "label": step.label,
        "kind": step.kind,
        "cluster": step.cluster,
        "namespace": step.namespace,
        "organization": step.organization,
        "state": step.state,
        "begin": _seconds(max(0.0, step.started - begun)) if step.started is not None else None,
        "seconds": _seconds(step.duration),
        "attempts": step.attempt,
        "critical": critical,
        "needs": list(step.needs),
    }


def _cluster(view: RunView, name: str) -> dict[str, Any]:
    cluster = view.clusters[name]
    return {
        "name": name,
        "simulated": cluster.simulated,
        "gateway": cluster.service,
        "addresses": list(cluster.addresses),
        "domains": [
            {"domain": domain, "ready": list(dns.ready) if dns.ready is not None else None}
            for domain, dns in cluster.domains.items()
        ],
        "organizations": [
            {
                "name": organization.name,
                "releases": [
                    {"name": step.label, "namespace": step.namespace, "chart": step.chart, "state": step.state}
                    for step in organization.steps.values()
                    if step.kind == "release"
                ],
            }
            for organization in cluster.organizations.values()
            if any(step.kind == "release" for step in organization.steps.values())
        ],
    }


def _charts(view: RunView) -> list[dict[str, Any]]:
    """Every chart that Helm was given in this run, once."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for step in view.steps.values():
        applied = step.applied
        if applied is None:
            continue
        key = (applied.chart, applied.chart_version, applied.chart_digest)
        entry = found.setdefault(
            key,
            {
                "chart": applied.chart,
                "version": applied.chart_version,
                "source": applied.chart_source,
                "digest": applied.chart_digest,
                "stand_in": applied.stand_in,
                "releases": [],
            },
        )
        entry["releases"].append(step.id)
    return [found[key] for key in sorted(found)]


def _seconds(value: float) -> float:
    return round(value, 2)


def _time(seconds: float) -> str | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None
    except (ValueError, OverflowError, OSError):
        return None
