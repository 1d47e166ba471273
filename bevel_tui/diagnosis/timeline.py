"""What changed from one snapshot to the next, in words: the raw material of the dashboard's timeline. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bevel_tui.diagnosis.evidence import condition, containers, name, namespace, quote, status
from bevel_tui.records.findings import Diagnosis
from bevel_tui.records.snapshot import ClusterSnapshot, Object, Snapshot

#: kinds whose coming, going and changing is worth a line
_KINDS = ("Pod", "Job", "StatefulSet", "Deployment", "DaemonSet", "PersistentVolumeClaim", "Service", "Node")


@dataclass(frozen=True, slots=True)
class Moment:
    """One change. `time` is seconds since the epoch on this machine's clock."""

    time: float
    cluster: str
    namespace: str | None
    kind: str
    name: str
    what: Literal["came", "went", "changed", "problem", "solved"]
    text: str


def between(before: Snapshot, after: Snapshot, then: Diagnosis, now: Diagnosis) -> tuple[Moment, ...]:
    """What happened between two snapshots of one watch: access, releases, objects' states, problems that came and went.

    A cluster that is the same object in both is not looked at.
    """
    known = {cluster.cluster: cluster for cluster in before.clusters}
    found: list[Moment] = []
    for cluster in after.clusters:
        old = known.get(cluster.cluster)
        if old is not None and old is not cluster:
            found += _cluster(after.taken, old, cluster)
    earlier, later = ({f.id: f for f in d.findings if f.severity != "info"} for d in (then, now))
    for key in later.keys() - earlier.keys():
        one = later[key]
        found.append(
            Moment(after.taken, one.cluster, one.namespace, one.kind, one.name, "problem", f"{one.code}: {one.cause}")
        )
    for key in earlier.keys() - later.keys():
        one = earlier[key]
        found.append(Moment(after.taken, one.cluster, one.namespace, one.kind, one.name, "solved", one.code))
    return tuple(
        sorted(found, key=lambda m: (m.what == "solved", m.cluster, m.namespace or "", m.kind, m.name, m.text))
    )


def _cluster(time: float, old: ClusterSnapshot, new: ClusterSnapshot) -> Iterator[Moment]:
    here = new.cluster
    if old.access.state != new.access.state:
        yield Moment(time, here, None, "Cluster", here, "changed", f"API: {old.access.state} -> {new.access.state}")
    if "ok" not in {old.access.state} or new.access.state != "ok":
        return  # what was not seen did not come or go
    releases = {(r.namespace, r.name): r for r in old.releases}
    for release in new.releases:
        was = releases.get((release.namespace, release.name))
        if was is None or (was.revision, was.status) != (release.revision, release.status):
            text = f"revision {release.revision} {release.status}"
            yield Moment(
                time, here, release.namespace, "Release", release.name, "came" if was is None else "changed", text
            )
    for kind in _KINDS:
        if old.of(kind) is new.of(kind) or not (old.knows(kind) and new.knows(kind)):
            continue
        first = {(namespace(o), name(o)): o for o in old.of(kind)}
        second = {(namespace(o), name(o)): o for o in new.of(kind)}
        for key in second.keys() - first.keys():
            yield Moment(time, here, key[0], kind, key[1], "came", state(kind, second[key]))
        for key in first.keys() - second.keys():
            yield Moment(time, here, key[0], kind, key[1], "went", "")
        for key in second.keys() & first.keys():
            if first[key] is not second[key]:
                was_, is_ = state(kind, first[key]), state(kind, second[key])
                if was_ != is_:
                    yield Moment(time, here, key[0], kind, key[1], "changed", f"{was_} -> {is_}")


def state(kind: str, obj: Object) -> str:
    """The state of an object in a word or two, as lists show it."""
    if kind == "Pod":
        for _, entry in containers(obj):
            reason = ((entry.get("state") or {}).get("waiting") or {}).get("reason")
            if reason and reason not in {"ContainerCreating", "PodInitializing"}:
                return quote(reason)
        ready = (condition(obj, "Ready") or {}).get("status") == "True"
        return f"{status(obj).get('phase') or 'Pending'}{', ready' if ready else ''}"
    if kind == "Job":
        ended = [c["type"] for c in status(obj).get("conditions") or () if c.get("status") == "True"]
        return "failed" if "Failed" in ended else "complete" if "Complete" in ended else "running"
    if kind in {"StatefulSet", "Deployment", "DaemonSet"}:
        wanted = (obj.get("spec") or {}).get("replicas")
        ready = int(status(obj).get("readyReplicas") or status(obj).get("numberReady") or 0)
        return f"{ready} of {1 if wanted is None else wanted} ready" if kind != "DaemonSet" else f"{ready} ready"
    if kind == "Service":
        entries = (status(obj).get("loadBalancer") or {}).get("ingress") or ()
        return " ".join(str(e.get("ip") or e.get("hostname")) for e in entries) or "no address"
    if kind == "Node":
        return "ready" if (condition(obj, "Ready") or {}).get("status") == "True" else "not ready"
    return str(status(obj).get("phase") or "")
