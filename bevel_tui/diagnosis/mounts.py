"""POD-MOUNT: what a pod in ContainerCreating waits for. Never terminal: the object may come at any time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bevel_tui.diagnosis.evidence import containers, events_about, finished, last_seen, name, namespace, quote, waiting
from bevel_tui.diagnosis.rule import Pending, may_come
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Object

_MISSING = re.compile(r'(?P<kind>secret|configmap) "(?P<name>[^"]+)" not found', re.IGNORECASE)
_KINDS = {"secret": "Secret", "configmap": "ConfigMap"}


def missing_volume_source(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """Events FailedMount naming a Secret or ConfigMap that is not there (facts G06, F07, F14)."""
    for pod in snapshot.of("Pod"):
        if finished(pod) or not _creating(pod):
            continue
        missing: dict[tuple[str, str], str] = {}
        for event in events_about(snapshot, pod, "Pod"):
            message = str(event.get("message") or "")
            found = _MISSING.search(message) if event.get("reason") == "FailedMount" else None
            if found is None or last_seen(event) is None:
                continue
            kind = _KINDS[found["kind"].lower()]
            if not any(name(o) == found["name"] and namespace(o) == namespace(pod) for o in snapshot.of(kind)):
                missing[kind, found["name"]] = message
        for (kind, wanted), message in missing.items():
            waits = may_come(pending, kind, wanted, namespace(pod))
            yield Finding(
                code="POD-MOUNT",
                severity="info" if waits else "warning",
                cluster=snapshot.cluster,
                namespace=namespace(pod),
                kind="Pod",
                name=name(pod),
                cause=f"Pod {name(pod)} waits for {kind} {wanted}, which does not exist" + (" yet." if waits else "."),
                evidence=(quote(message),),
                blames=(f"{kind}/{namespace(pod)}/{wanted}",),
                remedy=(
                    "Nothing to do: a step of this run makes it."
                    if waits
                    else f"Find out which release makes it: kubectl --context CONTEXT -n {namespace(pod)} get {kind.lower()}"
                ),
            )


def _creating(pod: Object) -> bool:
    states = [waiting(entry).get("reason") for _, entry in containers(pod)]
    return not states or any(reason in {"ContainerCreating", "PodInitializing"} for reason in states)
