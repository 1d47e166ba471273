"""How long diagnosis takes over many clusters: 20 clusters, 5,000 pods, 20,000 events. Prints, asserts nothing.

    python benchmarks/diagnosis.py [--clusters 20] [--pods 5000] [--events 20000]

Objects are made as an API server gives them (with scripts in the arguments, as Bevel's charts have them), go through the
reduction of `engine.snapshots` and are judged: all of them once, then again after one pod has changed, as often as a
watch would. Memory is the process's peak over what it was before, garbage of the making included.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bevel_tui.diagnosis.diagnose import diagnose
from bevel_tui.engine.snapshots.reduce import reduce
from bevel_tui.records.snapshot import ClusterSnapshot, Snapshot

NOW = time.time()
SCRIPT = "#!/bin/sh\n" + "echo waiting for the ledger to come up; sleep 1\n" * 60


def at(ago: float) -> str:
    return datetime.fromtimestamp(NOW - ago, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def meta(name: str, namespace: str, **more: Any) -> dict[str, Any]:
    managed = [{"manager": "kube-controller-manager", "operation": "Update", "fieldsV1": {"f:metadata": {}}}] * 2
    return {
        "name": name,
        "namespace": namespace,
        "uid": f"{namespace}-{name}",
        "resourceVersion": "1",
        "creationTimestamp": at(3000),
        "managedFields": managed,
        **more,
    }


def pod(number: int, *, broken: bool = False) -> dict[str, Any]:
    """One pod of a StatefulSet; a broken one fails in its init container."""
    space, name = f"org-{number % 5}", f"node-{number}-0"
    labels = {"app": f"node-{number}", "statefulset.kubernetes.io/pod-name": name}
    container = {
        "image": "ghcr.io/hyperledger/besu:24.3",
        "args": [SCRIPT],
        "env": [{"name": f"VARIABLE_{i}", "value": "x" * 20} for i in range(15)],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": at(10)}
    back = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container=init"}}
    init = {"name": "init", "ready": not broken, "restartCount": 6 if broken else 0}
    init["state"] = back if broken else {"terminated": {"exitCode": 0, "reason": "Completed"}}
    if broken:
        init["lastState"] = {"terminated": ended}
    main = {"name": "main", "ready": not broken, "restartCount": 0, "state": {"running": {"startedAt": at(2000)}}}
    if broken:
        main["state"] = {"waiting": {"reason": "PodInitializing"}}
    state = "False" if broken else "True"
    owner = {"kind": "StatefulSet", "name": f"node-{number}", "controller": True}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(name, space, labels=labels, ownerReferences=[owner]),
        "spec": {
            "nodeName": "n1",
            "serviceAccountName": "vault-auth",
            "initContainers": [{"name": "init", **container}],
            "containers": [{"name": "main", **container}],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": f"data-{name}"}}],
        },
        "status": {
            "phase": "Pending" if broken else "Running",
            "conditions": [
                {"type": kind, "status": state, "lastTransitionTime": at(2000)}
                for kind in ("Initialized", "Ready", "ContainersReady")
            ]
            + [{"type": "PodScheduled", "status": "True", "lastTransitionTime": at(2100)}],
            "initContainerStatuses": [init],
            "containerStatuses": [main],
        },
    }


def around(number: int) -> list[dict[str, Any]]:
    """What belongs to a pod: its StatefulSet, Service, endpoints and claim."""
    space, name = f"org-{number % 5}", f"node-{number}"
    selector = {"app": name}
    kinds: list[tuple[str, str, dict[str, Any]]] = [
        ("StatefulSet", name, {"spec": {"replicas": 1, "selector": {"matchLabels": selector}}, "status": {"readyReplicas": 1, "replicas": 1}}),
        ("Service", name, {"spec": {"selector": selector, "type": "ClusterIP"}}),
        ("EndpointSlice", f"{name}-x", {"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}]}),
        ("PersistentVolumeClaim", f"data-{name}-0", {"spec": {"storageClassName": "fast"}, "status": {"phase": "Bound"}}),
    ]  # fmt: skip
    found = []
    for kind, called, body in kinds:
        labels = {"kubernetes.io/service-name": name} if kind == "EndpointSlice" else {}
        found.append({"kind": kind, "metadata": meta(called, space, labels=labels), **body})
    return found


def event(number: int, pods: int) -> dict[str, Any]:
    about = number % pods
    space, name = f"org-{about % 5}", f"node-{about}-0"
    return {
        "kind": "Event",
        "metadata": meta(f"{name}.{number}", space),
        "involvedObject": {"kind": "Pod", "namespace": space, "name": name, "uid": f"{space}-{name}"},
        "reason": ("Pulled", "Created", "Started", "Scheduled")[number % 4],
        "message": f"Container image number {number} already present on machine",
        "type": "Normal",
        "count": 1,
        "lastTimestamp": at(2000),
    }


def cluster(index: int, pods: int, events: int, broken: int) -> ClusterSnapshot:
    """One cluster, made from JSON text as it comes from the wire, a page at a time."""
    objects: dict[str, list[Any]] = {}
    for number in range(pods):
        for obj in (pod(number, broken=number < broken), *around(number)):
            found = reduce(json.loads(json.dumps(obj)))
            objects.setdefault(found["kind"], []).append(found)
    objects["Event"] = [reduce(json.loads(json.dumps(event(number, pods)))) for number in range(events)]
    objects["StorageClass"] = [{"metadata": {"name": "fast"}}]
    name = f"cluster-{index}"
    return ClusterSnapshot(name, NOW, {kind: tuple(found) for kind, found in objects.items()}, context=name)


def peak() -> float:
    """The process's peak memory so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def asked(parser: argparse.ArgumentParser) -> tuple[argparse.Namespace, list[ClusterSnapshot]]:
    """The options of a benchmark over many clusters, and the clusters that they want."""
    parser.add_argument("--clusters", type=int, default=20)
    parser.add_argument("--pods", type=int, default=5000)
    parser.add_argument("--events", type=int, default=20000)
    given = parser.parse_args()
    before = peak()
    each = given.pods // given.clusters
    clusters = [cluster(i, each, given.events // given.clusters, broken=3) for i in range(given.clusters)]
    print(f"{given.clusters} clusters, {given.pods} pods, {given.events} events; before anything: {before:.0f} MiB")
    return given, clusters


def main() -> None:
    given, clusters = asked(argparse.ArgumentParser(description=__doc__))

    began = time.perf_counter()
    diagnosis = diagnose(Snapshot(NOW, tuple(clusters)))
    first = time.perf_counter() - began
    print(f"first diagnosis of everything: {first:.3f} s ({len(diagnosis.findings)} findings, {first / 2:.0%} of 2 s)")

    changes = []
    for round_ in range(20):
        index = round_ % given.clusters
        began = time.perf_counter()
        changed = clusters[index]
        pods = tuple(
            reduce(pod(number, broken=number < 4 + round_)) if number == 3 + round_ else old
            for number, old in enumerate(changed.of("Pod"))
        )
        clusters[index] = replace(changed, objects={**changed.objects, "Pod": pods})
        diagnose(Snapshot(NOW, tuple(clusters)))
        changes.append(time.perf_counter() - began)
    middle, worst = statistics.median(changes), max(changes)
    print(
        f"after one pod changed: {middle * 1000:.1f} ms ({middle / 0.05:.0%} of 50 ms), at worst {worst * 1000:.1f} ms"
    )
    print(f"peak memory: {peak():.0f} MiB ({peak() / 250:.0%} of 250 MB)")


if __name__ == "__main__":
    main()
