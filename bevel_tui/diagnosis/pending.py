"""What is not there yet and may still come: waiting for it is no problem while somebody is at work.

A deployment holds a Lease in every cluster that it changes. While one is held, everything that its network's plan
makes may come. Without one, what a Job that still runs would write may come.
"""

from __future__ import annotations

from bevel_tui.diagnosis.evidence import age, condition, seconds
from bevel_tui.diagnosis.rule import Pending
from bevel_tui.records.snapshot import ClusterSnapshot, NetworkFacts, PlannedStep, Snapshot
from bevel_tui.records.steps import ObjectRef

#: seconds after the last renewal for which a Lease is held (engine.lease: 60)
_LEASE = 60.0
#: seconds for which the maker of an object may be done and the object not seen yet
_LAG = 15.0


def at_work(snapshot: Snapshot, network: str) -> bool:
    """Whether a run of a network holds its Lease anywhere."""
    for cluster in snapshot.clusters:
        for lease in cluster.of("Lease"):
            spec = lease.get("spec") or {}
            if (lease.get("metadata") or {}).get("name") != f"bevel-tui-{network}" or not spec.get("holderIdentity"):
                continue
            renewed = seconds(spec.get("renewTime"))
            if renewed is not None and cluster.now - renewed < _LEASE:
                return True
    return False


def released(snapshot: Snapshot, network: NetworkFacts) -> bool:
    """Whether Helm has installed anything of a network, or might have where its releases cannot be read. Another
    network's gateway is nothing of it."""
    clusters = {cluster.cluster: cluster for cluster in snapshot.clusters}
    homes = {step.cluster for step in network.steps if step.release and step.managed}
    planned = {(step.cluster, step.namespace, step.release) for step in network.steps}
    for name in homes:
        cluster = clusters.get(name)
        if cluster is None or cluster.access.state != "ok" or not cluster.knows("Secret"):
            return True
        for release in cluster.releases:
            own = release.network in {None, network.name}
            if own and (name, release.namespace, release.name) in planned:
                return True
    return not homes


def begun(snapshot: Snapshot, network: NetworkFacts) -> bool:
    """Whether anything of a network is there, or might be: what a network that nobody has deployed yet does not answer
    is no problem. Argo CD installs without Helm's releases, so an organization's objects count as well."""
    clusters = {cluster.cluster: cluster for cluster in snapshot.clusters}
    return released(snapshot, network) or any(
        step.organization
        and step.cluster in clusters
        and clusters[step.cluster].find(kind, where or None, called) is not None
        for step in network.steps
        for kind, where, called in (key.split("/", 2) for key in step.renders)
    )


def pending(snapshot: Snapshot, cluster: ClusterSnapshot) -> Pending:
    """Objects of the networks' plans that this cluster lacks and that may still come."""
    refs = []
    for network in snapshot.networks:
        working = at_work(snapshot, network.name)
        key = ("planned", id(network))
        if key not in snapshot.memo:
            snapshot.memo[key] = _by_cluster(network)
        for step, kind, namespace, name in snapshot.memo[key].get(cluster.cluster, ()):
            if cluster.knows(kind) and cluster.find(kind, namespace, name) is not None:
                continue
            if working or _may_be_written(cluster, step):
                refs.append(ObjectRef("", kind, name, namespace))
    return frozenset(refs)


def _by_cluster(network: NetworkFacts) -> dict[str, list[tuple[PlannedStep, str, str | None, str]]]:
    found: dict[str, list[tuple[PlannedStep, str, str | None, str]]] = {}
    for step in network.steps:
        for key in (*step.renders, *step.produces):
            kind, namespace, name = key.split("/", 2)
            found.setdefault(step.cluster, []).append((step, kind, namespace or None, name))
    return found


def _may_be_written(cluster: ClusterSnapshot, step: PlannedStep) -> bool:
    """Whether a workload of the step that could write it is still at it."""
    for key in step.renders:
        kind, namespace, name = key.split("/", 2)
        obj = cluster.find(kind, namespace or None, name)
        if obj is None:
            continue
        if kind == "Job":
            failed = condition(obj, "Failed")
            complete = condition(obj, "Complete")
            if failed is not None and failed.get("status") == "True":
                continue
            if complete is None or age(cluster, complete.get("lastTransitionTime")) < _LAG:
                return True
    return False
