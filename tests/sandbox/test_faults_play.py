"""Every fault is played, and diagnosis names the right root in time and nothing besides; then its remedy is applied, and
nothing is left.

The sandbox runs at its own pace on a clock that only waiting moves (`tests.virtual`): what is measured is what a person
would wait, however busy the machine is. Many faults share one sandbox, a namespace or a cluster each.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest

from bevel_tui import api
from bevel_tui.diagnosis.pods import FRESH
from bevel_tui.kube.client import KubeClient
from bevel_tui.records.findings import Diagnosis, Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Snapshot
from bevel_tui.records.steps import ObjectRef
from bevel_tui.sandbox.conductor import Conductor
from bevel_tui.sandbox.faults.catalogue import FAULTS, Fault
from bevel_tui.sandbox.faults.play import strike
from bevel_tui.sandbox.faults.scripts import SCRIPTS
from bevel_tui.sandbox.faults.spaces import SPACES
from bevel_tui.sandbox.process import ClusterSpec, Running, serve
from tests.virtual import play

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(250)]

#: seconds from the first symptom to the root; a whole second more, which time stamps of the API leave out
BOUND, STAMP = 15.0, 1.0
#: seconds between two looks: judging seventy namespaces at every change would cost more than all the rest
LOOK = 0.8
#: seconds until nothing is told after remedies: back-offs end, and what was killed three times is spoken of for ten minutes
MENDED = 400.0 + FRESH
#: what is legal at first and a problem only when it lasts: seconds until then (docs/diagnosis.md)
LASTING = {
    "NS-TERMINATING": 60.0,
    "CRD-CONVERSION": 60.0,
    "ING-CLASS": 60.0,
    "ING-BACKEND": 60.0,
    "SVC-SELECTOR": 60.0,
    "WL-CREATE": 30.0,
}
#: of names: they need a deployment, and have a test of their own
LATER = {"record-missing", "record-wrong", "external-dns-missing"}
PLACED = [f for f in FAULTS if f.name not in LATER and f.script not in SCRIPTS]
CLUSTERS = [f for f in FAULTS if f.script in SCRIPTS]
#: a sandbox each: those that last are waited for together, and the fewer namespaces, the quicker each look
_QUICK = [f for f in PLACED if f.code not in LASTING]
GROUPS = [[f for f in PLACED if f.code in LASTING], *(_QUICK[n::3] for n in range(3))]
#: of whole clusters, and seen only by whoever wants something there
WITH_WORK = {"webhook-down", "no-storage-class"}
#: takes what a watch saw of faults while they struck (True) and when all was mended (tests/diagnosis/record.py)
Keep = Callable[[Snapshot, list[Fault], bool], None]
#: those that only whoever comes later meets: a watch that runs goes on when its right is taken away
AT_FIRST = {"rights"}


def test_there_are_enough_faults_and_each_has_a_code_of_the_catalogue() -> None:
    from bevel_tui.diagnosis.catalogue import BY_CODE

    assert len(FAULTS) >= 80
    assert {fault.code for fault in FAULTS} <= set(BY_CODE)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert sorted(f.name for group in GROUPS for f in group) == sorted(f.name for f in PLACED)
    assert {fault.script for fault in FAULTS if fault.script} == {*SPACES, *SCRIPTS}


def objects(space: str) -> list[dict[str, Any]]:
    """A StatefulSet with an init container, a claim and a Service of type LoadBalancer: what most faults can strike."""
    container = {"image": "registry.example.com/node:1", "resources": {"requests": {"memory": "64Mi"}}}
    pod = {
        "initContainers": [{"name": "init", **container, "command": ["true"]}],
        "containers": [{"name": "main", **container, "ports": [{"containerPort": 8545}]}],
    }
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    labels = {"app": "node"}
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "node", "namespace": space},
            "spec": {
                "replicas": 1,
                "serviceName": "node",
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "node", "namespace": space},
            "spec": {"type": "LoadBalancer", "selector": labels, "ports": [{"port": 8545}]},
        },
    ]


def by_place(diagnosis: Diagnosis, place: str) -> list[Finding]:
    return [finding for finding in diagnosis.findings if place in {finding.namespace, finding.cluster, finding.name}]


def roots(diagnosis: Diagnosis, fault: Fault) -> set[str]:
    """The codes of what is told as a root where a fault is played."""
    return {f.code for f in by_place(diagnosis, fault.name) if f.caused_by is None and f.severity != "info"}


# ---------------------------------------------------------------- the first symptom


def symptoms(cluster: ClusterSnapshot, fault: Fault, place: str | None) -> Iterator[float]:
    """When objects say for themselves that something is not as it should be: seconds since the epoch, whole ones.

    A pod that waits for its volume says so too: with a fault that strikes later in a pod's life that is no symptom.
    """
    at = fault.trouble.at if fault.trouble is not None else ""
    for event in cluster.of("Event"):
        about = event.get("involvedObject") or {}
        legal = at == "run" or (event.get("reason") == "FailedScheduling" and at != "schedule")
        if event.get("type") == "Warning" and not legal and place in {None, about.get("namespace"), about.get("name")}:
            yield _seconds(event.get("eventTime") or event.get("lastTimestamp"))
    for kind in ("Pod", "Node", "Namespace", "Deployment", "CustomResourceDefinition", "PersistentVolumeClaim"):
        for obj in cluster.of(kind):
            meta, status = obj["metadata"], obj.get("status") or {}
            if place not in {None, meta.get("namespace"), meta["name"]}:
                continue
            for entry in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
                for state in ("state", "lastState"):
                    ended = (entry.get(state) or {}).get("terminated") or {}
                    if ended.get("exitCode"):
                        yield _seconds(ended["finishedAt"])
            for condition in status.get("conditions") or ():
                bad = _BAD.get((kind, str(condition.get("type")))) if at in {"", "schedule"} else None
                if bad is not None and condition.get("status") in bad:
                    yield _seconds(condition.get("lastTransitionTime"))


_BAD = {
    ("Node", "Ready"): {"False", "Unknown"},
    ("Node", "MemoryPressure"): {"True"},
    ("Node", "NetworkUnavailable"): {"True"},
    ("Namespace", "NamespaceFinalizersRemaining"): {"True"},
    ("Deployment", "Available"): {"False"},
    ("CustomResourceDefinition", "NamesAccepted"): {"False"},
}


def _seconds(stamp: Any) -> float:
    return datetime.fromisoformat(str(stamp).replace("Z", "+00:00")).timestamp()


class Watched:
    """What a watch shows of faults: when each was met, by its own time stamps, and when its root was told."""

    def __init__(self, faults: list[Fault], began: dict[str, float]) -> None:
        self.faults = faults
        self.began = began  # for what no object says: the moment at which the fault was there
        self.met: dict[str, float] = {}
        self.told: dict[str, float] = {}
        self.snapshot = Snapshot(taken=0.0)

    def mended(self, snapshot: Snapshot, diagnosis: Diagnosis) -> bool:
        """Take a snapshot in after the remedies; whether nothing is told any more."""
        self.snapshot = snapshot
        return not diagnosis.findings

    def see(self, snapshot: Snapshot, diagnosis: Diagnosis) -> bool:
        """Take a snapshot in; whether every root was told by now."""
        self.snapshot = snapshot
        for fault in self.faults:
            for cluster in snapshot.clusters:
                place = None if cluster.cluster == fault.name else fault.name
                if place is None or len(snapshot.clusters) == 1:
                    for when in symptoms(cluster, fault, place):
                        self.met[fault.name] = min(when, self.met.get(fault.name, when))
            if fault.code in roots(diagnosis, fault):
                self.told.setdefault(fault.name, snapshot.taken)
        return len(self.told) == len(self.faults)

    def late(self) -> dict[str, float]:
        """Those that took longer than they may, with how long."""
        took = {
            f.name: self.told[f.name] - self.met.get(f.name, self.began[f.name]) - LASTING.get(f.code, 0.0)
            for f in self.faults
        }
        return {name: seconds for name, seconds in took.items() if seconds > BOUND + STAMP}


async def follow(
    watching: Any, done: Callable[[Snapshot, Diagnosis], bool], seconds: float = 100.0, look: float = LOOK
) -> Diagnosis:
    """The first diagnosis of which `done` says so; the last one when it never does."""
    diagnosis = Diagnosis()
    try:
        async with asyncio.timeout(seconds):
            last = 0.0
            async for snapshot in watching.snapshots():
                if snapshot.taken - last < look:
                    continue  # a change comes again: the watch gives a snapshot every second in any case
                last = snapshot.taken
                diagnosis = api.diagnose(snapshot)
                if done(snapshot, diagnosis):
                    return diagnosis
    except TimeoutError:
        pass
    return diagnosis


@asynccontextmanager
async def sandbox(tmp_path: Path, *names: str) -> AsyncIterator[tuple[Running, dict[str, KubeClient]]]:
    async with serve([ClusterSpec(name) for name in names], state_dir=tmp_path / "state") as running:
        clients = {name: await KubeClient.connect(name, str(running.kubeconfig)) for name in names}
        yield running, clients
        for client in clients.values():
            await client.close()


def space(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


# ---------------------------------------------------------------- remedies: what a person does, as the finding says


async def _raise_quota(client: KubeClient, where: str) -> None:
    await client.patch(ObjectRef("v1", "ResourceQuota", "fault", where), {"spec": {"hard": {"pods": "20"}}})


async def _lower_limits(client: KubeClient, where: str) -> None:
    limits = [{"type": "Container", "defaultRequest": {"memory": "1Mi"}}]
    await client.patch(ObjectRef("v1", "LimitRange", "fault", where), {"spec": {"limits": limits}})


async def _let_go(client: KubeClient, where: str) -> None:
    await client.patch(ObjectRef("v1", "ConfigMap", "fault", where), {"metadata": {"finalizers": None}})


async def _resume(client: KubeClient, where: str) -> None:
    await client.patch(ObjectRef("batch/v1", "Job", "fault", where), {"spec": {"suspend": False}})


async def _scale_up(client: KubeClient, where: str) -> None:
    await client.patch(ObjectRef("apps/v1", "Deployment", "fault", where), {"spec": {"replicas": 1}})


async def _make_class(client: KubeClient, where: str) -> None:
    kind, version = "IngressClass", "networking.k8s.io/v1"
    await client.create({"apiVersion": version, "kind": kind, "metadata": {"name": "traefik"}, "spec": {"controller": "traefik.io/ingress-controller"}})  # fmt: skip


async def _correct_backend(client: KubeClient, where: str) -> None:
    rules = [{"host": "node.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "node", "port": {"number": 8545}}}}]}}]  # fmt: skip
    await client.patch(ObjectRef("networking.k8s.io/v1", "Ingress", "fault", where), {"spec": {"rules": rules}})


async def _make_claim_anew(client: KubeClient, where: str) -> None:
    await client.delete(ObjectRef("v1", "PersistentVolumeClaim", "data-node-0", where))
    await client.delete(ObjectRef("v1", "Pod", "node-0", where))


async def _uncordon(client: KubeClient, where: str) -> None:
    async for change, node in client.watch("v1", "Node"):
        if change == "SYNCED":
            return
        await client.patch(ObjectRef("v1", "Node", node["metadata"]["name"]), {"spec": {"unschedulable": None}})


async def _delete_webhook(client: KubeClient, where: str) -> None:
    await client.delete(ObjectRef("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "policy"))


async def _delete_definition(client: KubeClient, where: str) -> None:
    await client.delete(ObjectRef("apiextensions.k8s.io/v1", "CustomResourceDefinition", "meshes.example.test"))


async def _restart(client: KubeClient, where: str) -> None:
    await client.delete(ObjectRef("v1", "Pod", "node-0", where))


#: what is done in the cluster; with all others the world outside is put right (the registry has the image, Vault is
#: unsealed, the disk is larger, Helm's record is repaired by a deployment), which is `heal`
REMEDIES: dict[str, Callable[[KubeClient, str], Awaitable[None]]] = {
    "quota": _raise_quota,
    "limit-range": _lower_limits,
    "namespace-stuck": _let_go,
    "job-suspended": _resume,
    "scaled-down": _scale_up,
    "ingress-class": _make_class,
    "ingress-backend": _correct_backend,
    "volume-lost": _make_claim_anew,
    "cordoned": _uncordon,
    "webhook-down": _delete_webhook,
    "definition-clash": _delete_definition,
    "conversion-down": _delete_definition,
}


async def mend(healers: dict[str, Callable[[], Awaitable[None]]], clients: dict[str, KubeClient]) -> None:
    """Apply every remedy. A trouble is over by itself afterwards, however long its back-off lasts."""
    for name, heal in healers.items():
        remedy = REMEDIES.get(name)
        if remedy is None or name == "volume-lost":
            await heal()
        if remedy is not None:
            await remedy(clients.get(name) or clients["east"], name)


# ---------------------------------------------------------------- the plays


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_faults_of_objects(tmp_path: Path, group: int) -> None:
    play(play_objects(tmp_path, GROUPS[group]))


async def play_objects(tmp_path: Path, placed: list[Fault], keep: Keep = lambda *_: None) -> None:
    """Play faults of objects, a namespace each."""
    async with sandbox(tmp_path, "east") as (running, clients):
        client = clients["east"]
        world = cast("Conductor", running.conductor).world
        servers = cast("Any", running.clusters)
        healers = {fault.name: await strike(world, servers, f"{fault.name}:{fault.name}") for fault in placed}
        spaces = ("well", *(fault.name for fault in placed))
        for name in spaces:
            await client.create(space(name))
        await asyncio.sleep(1)  # what is put into new namespaces is there before the workloads
        for name in spaces:
            for obj in objects(name) if name != "namespace-stuck" else ():
                await client.create(obj)
        began = time.time()
        watched = Watched(placed, dict.fromkeys((f.name for f in placed), began))
        async with api.watch(contexts=["east"], kubeconfig=str(running.kubeconfig)) as watching:
            diagnosis = await follow(watching, watched.see)
            assert {f.name for f in placed} - watched.told.keys() == set()
            assert watched.late() == {}
            for fault in placed:
                found = by_place(diagnosis, fault.name)
                assert roots(diagnosis, fault) == {fault.code}, (
                    fault.name,
                    [(f.code, f.caused_by, f.cause) for f in found],
                )
            assert by_place(diagnosis, "well") == []
            keep(watched.snapshot, placed, True)
            await mend(healers, clients)
            healed = await follow(watching, watched.mended, MENDED, look=5.0)
            assert [(f.code, f.namespace, f.cause) for f in healed.findings] == []
            keep(watched.snapshot, placed, False)


def test_faults_of_whole_clusters(tmp_path: Path) -> None:
    play(play_clusters(tmp_path))


async def play_clusters(tmp_path: Path, keep: Keep = lambda *_: None) -> None:
    """Play faults of whole clusters, a cluster each."""
    names = [fault.name for fault in CLUSTERS]
    async with sandbox(tmp_path, "well", *names) as (running, clients):
        world = cast("Conductor", running.conductor).world
        kubeconfig = str(running.kubeconfig)
        servers = cast("Any", running.clusters)
        healers = {name: await strike(world, servers, f"{name}:{name}") for name in sorted(AT_FIRST)}
        async with api.watch(contexts=["well", *names], kubeconfig=kubeconfig) as watching:
            before = await follow(watching, lambda *_: True)
            assert {f.cluster for f in before.findings} == AT_FIRST
            for name in names:
                if name not in AT_FIRST:
                    healers[name] = await strike(world, servers, f"{name}:{name}")
            for name in WITH_WORK:
                await clients[name].create(space("work"))
                for obj in objects("work"):
                    await clients[name].create(obj)
            watched = Watched(CLUSTERS, dict.fromkeys(names, time.time()))
            diagnosis = await follow(watching, watched.see)
            assert set(names) - watched.told.keys() == set()
            assert watched.late() == {}
            for fault in CLUSTERS:
                assert roots(diagnosis, fault) == {fault.code}, (fault.name, by_place(diagnosis, fault.name))
            assert by_place(diagnosis, "well") == []
            keep(watched.snapshot, CLUSTERS, True)
            await mend(healers, clients)
            healed = await follow(watching, watched.mended, MENDED, look=5.0)
            assert [(f.code, f.cluster, f.cause) for f in healed.findings] == []
            keep(watched.snapshot, CLUSTERS, False)


@pytest.mark.parametrize(
    ("fault", "code"),
    [("record-missing", "DNS-RECORD"), ("record-wrong", "DNS-WRONG"), ("external-dns-missing", "DNS-NOEXT")],
)
async def test_faults_of_names(tmp_path: Path, fault: str, code: str) -> None:
    """A deployment stops at its gate of names; whoever looks then is told the record, once for the domain."""
    from bevel_tui.engine.cancel import Cancellation
    from bevel_tui.engine.options import RunOptions

    network = api.load("fabric-one-cluster")
    (cluster,) = network.clusters
    specs = [ClusterSpec(cluster.context)]
    domains = [cluster.domain] if cluster.domain else []
    async with serve(specs, speed=40, state_dir=tmp_path / "s", domains=domains, faults=[fault]) as running:
        cancel = Cancellation()
        options = RunOptions(kubeconfig=str(running.kubeconfig), journal=False)
        async for event in api.deploy(network, options, cancel=cancel):
            if event.type == "dns-waiting":
                cancel.request()
        snapshot = await api.snapshot([network], kubeconfig=str(running.kubeconfig), probe=True)
        # a controller that is installed late is no fault yet
        later = tuple(replace(one, now=one.now + 120.0) for one in snapshot.clusters)
        diagnosis = api.diagnose(replace(snapshot, clusters=later))
        errors = [f for f in diagnosis.roots if f.severity == "error"]
        if code == "DNS-NOEXT":
            assert [(f.code, f.kind) for f in errors] == [(code, "Service")], diagnosis.findings
            assert f"*.{cluster.domain}." in errors[0].evidence[0]
            return
        assert [(f.code, f.kind, f.name) for f in errors] == [(code, "Domain", cluster.domain)], diagnosis.findings
        assert "127.101.1.1" in errors[0].remedy + " ".join(errors[0].evidence)
