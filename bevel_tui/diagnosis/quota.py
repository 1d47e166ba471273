"""QUOTA: a controller that may not create its pods because the namespace's quota is used up."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.diagnosis.evidence import events_about, name, namespace, quote, status
from bevel_tui.diagnosis.rule import Pending
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import Object, Snapshot

_CREATORS = ("Job", "StatefulSet", "ReplicaSet", "DaemonSet")


def quota_exceeded(snapshot: Snapshot, pending: Pending) -> Iterator[Finding]:
    """Events FailedCreate with ``exceeded quota`` about a workload that still lacks pods."""
    for kind in _CREATORS:
        for obj in snapshot.of(kind):
            if not _lacks_pods(kind, obj):
                continue
            said = [
                event
                for event in events_about(snapshot, obj, kind)
                if event.get("reason") == "FailedCreate" and "exceeded quota" in str(event.get("message"))
            ]
            if not said:
                continue
            message = quote(said[-1].get("message"))
            yield Finding(
                code="QUOTA",
                cluster=snapshot.cluster,
                namespace=namespace(obj),
                kind=kind,
                name=name(obj),
                cause=f"{kind} {name(obj)} may not create its pods: the quota of namespace {namespace(obj)} is used up.",
                evidence=(message, *_quotas(snapshot, namespace(obj))),
                remedy=f"Raise or free the quota: kubectl --context CONTEXT -n {namespace(obj)} describe resourcequota",
                terminal=True,
            )


def _lacks_pods(kind: str, obj: Object) -> bool:
    now = status(obj)
    if kind == "Job":
        return not any(int(now.get(field) or 0) for field in ("active", "succeeded"))
    if kind == "DaemonSet":
        return int(now.get("currentNumberScheduled") or 0) < int(now.get("desiredNumberScheduled") or 0)
    wanted = (obj.get("spec") or {}).get("replicas")
    return int(now.get("replicas") or 0) < (1 if wanted is None else int(wanted))


def _quotas(snapshot: Snapshot, where: str | None) -> tuple[str, ...]:
    lines = []
    for quota in snapshot.of("ResourceQuota"):
        if namespace(quota) != where:
            continue
        used, hard = status(quota).get("used") or {}, status(quota).get("hard") or {}
        full = ", ".join(f"{key} {used.get(key, '0')} of {limit}" for key, limit in sorted(hard.items()))
        lines.append(f"quota {name(quota)}: {full}")
    return tuple(lines)
