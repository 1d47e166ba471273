"""What changed from one snapshot to the next, a sentence each: the dashboard's memory of the hour.

Kept to what a person would tell another: releases, Jobs, readiness, restarts, findings that came and went, checks that
changed their answer, clusters that stopped answering.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bevel_tui.records.findings import Diagnosis
from bevel_tui.records.snapshot import ClusterSnapshot, Snapshot
from bevel_tui.views.health import Health, health

_WATCHED = ("Job", "StatefulSet", "Deployment", "DaemonSet", "PersistentVolumeClaim")


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. `time` is seconds since the epoch, `state` a word of `views.words` for how it left things."""

    time: float
    cluster: str
    state: str
    text: str


def changes(before: Snapshot, after: Snapshot, was: Diagnosis, now: Diagnosis) -> tuple[Entry, ...]:
    """The changes from `before` to `after`, in the order clusters, findings, checks."""
    found = [*_clusters(before, after), *_findings(after.taken, was, now), *_checks(before, after)]
    return tuple(Entry(after.taken, cluster, state, text) for cluster, state, text in found)


_Told = tuple[str, str, str]


def _clusters(before: Snapshot, after: Snapshot) -> Iterator[_Told]:
    for cluster in after.clusters:
        old = before.cluster(cluster.cluster)
        if old is None or old is cluster:
            continue
        if old.access.state != cluster.access.state:
            back = cluster.access.state == "ok"
            yield cluster.cluster, "ok" if back else "failed", "answers again" if back else cluster.access.message
        yield from _releases(old, cluster)
        if old.objects is not cluster.objects:
            yield from _objects(old, cluster)


def _releases(old: ClusterSnapshot, new: ClusterSnapshot) -> Iterator[_Told]:
    was = {(r.namespace, r.name): (r.status, r.revision) for r in old.releases}
    now = {(r.namespace, r.name): (r.status, r.revision) for r in new.releases}
    for key in dict.fromkeys((*was, *now)):
        if was.get(key) == now.get(key):
            continue
        name = f"release {key[0]}/{key[1]}"
        if key not in now:
            yield new.cluster, "skipped", f"{name} is gone"
        else:
            status, revision = now[key]
            state = "ok" if status == "deployed" else "failed" if status == "failed" else "waiting"
            yield new.cluster, state, f"{name}: {status}, revision {revision}"


def _objects(old: ClusterSnapshot, new: ClusterSnapshot) -> Iterator[_Told]:
    for kind in _WATCHED:
        if old.of(kind) is new.of(kind):
            continue
        was = _healths(old, kind)
        for key, state in _healths(new, kind).items():
            if key in was and was[key] != state:
                yield new.cluster, state.state, f"{kind} {key}: {state.note}"
    if old.of("Pod") is not new.of("Pod"):
        before = _restarts(old)
        for key, count in _restarts(new).items():
            if count > before.get(key, count):
                yield new.cluster, "warning", f"Pod {key} was started again ({count} x)"


def _name(obj: Mapping[str, Any]) -> str:
    meta = obj.get("metadata") or {}
    return f"{meta.get('namespace')}/{meta.get('name')}"


def _healths(cluster: ClusterSnapshot, kind: str) -> dict[str, Health]:
    return {_name(obj): health(obj) for obj in cluster.of(kind)}


def _restarts(cluster: ClusterSnapshot) -> dict[str, int]:
    return {
        _name(pod): sum(
            int(c.get("restartCount") or 0) for c in (pod.get("status") or {}).get("containerStatuses") or ()
        )
        for pod in cluster.of("Pod")
    }


def _findings(taken: float, was: Diagnosis, now: Diagnosis) -> Iterator[_Told]:
    before, after = {f.id: f for f in was.roots}, {f.id: f for f in now.roots}
    for key, finding in after.items():
        if key not in before:
            yield finding.cluster, finding.severity, f"{finding.code}: {finding.cause}"
    for key, finding in before.items():
        if key not in after:
            yield finding.cluster, "ok", f"{finding.code} of {finding.kind} {finding.name} is over"


def _checks(before: Snapshot, after: Snapshot) -> Iterator[_Told]:
    if before.checks is after.checks:
        return
    was = {(c.id, c.cluster, c.target, c.vantage): c.status for c in before.checks}
    for check in after.checks:
        old = was.get((check.id, check.cluster, check.target, check.vantage))
        if old is not None and old != check.status and "skipped" not in (old, check.status):
            yield check.cluster, check.status, f"check {check.id} of {check.target}: {check.summary}"
