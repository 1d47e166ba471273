"""Watching clusters: a dead one beside a living one, few rights, kinds that come later, what is kept of objects."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from bevel_tui import api
from bevel_tui.diagnosis.rules import findings
from bevel_tui.engine import inventory
from bevel_tui.engine.snapshots import feed
from bevel_tui.engine.snapshots.reduce import reduce
from bevel_tui.engine.snapshots.watch import Wanted, once
from bevel_tui.kube.client import KubeClient
from bevel_tui.network.save import dump
from bevel_tui.network.sides import seen_by
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.snapshot import Snapshot
from bevel_tui.sandbox.apiserver import SimulatedCluster, write_kubeconfig
from bevel_tui.sandbox.process import ClusterSpec, Running, serve

pytestmark = [pytest.mark.timeout(90)]

SPACE = "supplychain-bes"


@pytest.fixture
async def east(tmp_path: Path) -> AsyncIterator[Running]:
    """One simulated cluster under the context that the preset besu-one-cluster names."""
    context = api.load("besu-one-cluster").clusters[0].context
    async with serve([ClusterSpec(context)], speed=50, state_dir=tmp_path / "state") as running:
        yield running


def context_of(running: Running) -> str:
    return next(iter(running.clusters))


async def create(running: Running, *objects: dict[str, Any]) -> None:
    async with await KubeClient.connect(context_of(running), str(running.kubeconfig)) as client:
        for obj in objects:
            await client.create(obj)


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def config_map(name: str, space: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": space},
        "data": {"k": "value"},
    }


@pytest.mark.sandbox
async def test_a_dead_cluster_keeps_no_other_waiting(east: Running, tmp_path: Path) -> None:
    config = yaml.safe_load(east.kubeconfig.read_text())
    dead = json.loads(json.dumps(config["clusters"][0]))
    dead["name"], dead["cluster"]["server"] = "dead", "https://127.0.0.1:1"
    config["clusters"].append(dead)
    config["contexts"].append({"name": "dead", "context": {"cluster": "dead", "user": config["users"][0]["name"]}})
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    alive = context_of(east)
    async with api.watch(contexts=[alive, "dead"], kubeconfig=str(path)) as watching:
        async with asyncio.timeout(60):
            async for snapshot in watching.snapshots():
                found = {cluster.cluster: cluster for cluster in snapshot.clusters}
                if found["dead"].access.state == "unreachable":
                    break
    assert found[alive].access.state == "ok" and found[alive].of("Node")
    diagnosis = api.diagnose(snapshot)
    assert [(f.code, f.cluster) for f in diagnosis.findings] == [("API-DOWN", "dead")]


async def test_a_cluster_that_swallows_connections_is_called_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(context: str, kubeconfig: str | None) -> KubeClient:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(feed, "_PATIENCE", 0.2)
    path = tmp_path / "kubeconfig"
    cluster = {"name": "far", "cluster": {"server": "https://192.0.2.1:6443"}}
    context = {"name": "far", "context": {"cluster": "far", "user": "u"}}
    config = {"clusters": [cluster], "contexts": [context], "users": [{"name": "u", "user": {"token": "t"}}]}
    path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **config}))
    snapshot = await once(Wanted(contexts=("far",), kubeconfig=str(path), connect=never))
    (finding,) = api.diagnose(snapshot).findings
    assert finding.code == "API-DOWN" and "no answer" in finding.evidence[0]


@pytest.mark.sandbox
async def test_a_context_that_is_not_there_is_said_at_once(east: Running) -> None:
    with pytest.raises(BevelError) as wrong:
        await api.snapshot(contexts=["nowhere"], kubeconfig=str(east.kubeconfig))
    assert wrong.value.code is Code.CONTEXT_UNKNOWN
    with pytest.raises(BevelError) as nothing:
        await api.snapshot(kubeconfig=str(east.kubeconfig))
    assert nothing.value.code is Code.USAGE and "No network" in nothing.value.message


@pytest.mark.sandbox
async def test_who_may_read_one_namespace_sees_that_and_is_told_what_is_missing(east: Running, tmp_path: Path) -> None:
    server = cast("SimulatedCluster", east.clusters[context_of(east)])
    user = server.add_user("guest")
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]
    subject = {"kind": "User", "name": "guest", "apiGroup": "rbac.authorization.k8s.io"}
    group = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    meta = {"name": "reader", "namespace": SPACE}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    await create(
        east,
        namespace(SPACE),
        namespace("foreign"),
        config_map("ours", SPACE),
        config_map("theirs", "foreign"),
        {**group, "kind": "Role", "metadata": meta, "rules": rules},
        {**group, "kind": "RoleBinding", "metadata": meta, "subjects": [subject], "roleRef": role},
    )
    path = write_kubeconfig([server.entry_for(user)], tmp_path / "guest")
    network = api.load("besu-one-cluster")
    assert SPACE in {step.namespace for step in api.plan(network).steps}
    snapshot = await api.snapshot([network], kubeconfig=str(path))
    cluster = snapshot.clusters[0]
    assert cluster.access.state == "ok"
    # what may be listed in its namespace only is seen there; the absence of the rest means nothing
    assert "ours" in [found["metadata"]["name"] for found in cluster.of("ConfigMap")]
    assert {"Node", "Pod"} <= set(cluster.unreadable) and not cluster.knows("Pod") and cluster.knows("ConfigMap")
    codes = {finding.code for finding in api.diagnose(snapshot).findings}
    assert "RBAC-READ" in codes and "API-DOWN" not in codes
    with pytest.raises(BevelError) as unknown:
        await api.snapshot(kubeconfig=str(path))
    assert "may not be read" in unknown.value.details[0]


@pytest.mark.sandbox
async def test_clusters_of_others_need_no_context(east: Running) -> None:
    network = api.load("besu-two-clusters")
    contexts = (context_of(east), "nowhere")
    clusters = [c.model_copy(update={"context": at}) for c, at in zip(network.clusters, contexts, strict=True)]
    network = network.model_copy(update={"clusters": tuple(clusters)})
    for mine, states, unseen in (((), ["ok", "no-context"], {}), (("supplychain",), ["ok"], {"west": "nowhere"})):
        seen = await api.snapshot([seen_by(network, mine)], kubeconfig=str(east.kubeconfig))
        assert [cluster.access.state for cluster in seen.clusters] == states
        assert seen.unseen == unseen


@pytest.mark.sandbox
async def test_foreign_namespaces_are_not_kept_and_kinds_may_come_later(east: Running) -> None:
    await create(
        east, namespace(SPACE), namespace("foreign"), config_map("ours", SPACE), config_map("theirs", "foreign")
    )
    old = {"selector": {"app": "nobody"}, "ports": [{"port": 80}]}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "lonely", "namespace": "foreign"},
        "spec": old,
    }
    await create(east, service)
    network = api.load("besu-one-cluster")
    async with api.watch([network], kubeconfig=str(east.kubeconfig)) as watching:
        stream = watching.snapshots()
        cluster = (await anext(stream)).clusters[0]
        kept = [found["metadata"]["name"] for found in cluster.of("ConfigMap")]
        assert "ours" in kept and "theirs" not in kept
        # a webhook could lead to it, so it is seen; whether it is well is not ours to say
        assert cluster.find("Service", "foreign", "lonely") is not None
        later = replace(cluster, now=cluster.now + 3600)
        assert not [f for f in findings(later) if f.namespace == "foreign"]
        assert [f.code for f in findings(replace(later, namespaces=())) if f.namespace == "foreign"]
        assert all("data" not in m for m in cluster.of("ConfigMap"))
        assert not cluster.knows("Mapping")
        spec = {
            "group": "getambassador.io",
            "names": {"kind": "Mapping", "plural": "mappings", "singular": "mapping"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v3alpha1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                }
            ],
        }
        definition = {
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "mappings.getambassador.io"},
            "spec": spec,
        }
        await create(east, {"apiVersion": "apiextensions.k8s.io/v1", **definition})
        async with asyncio.timeout(60):
            async for snapshot in stream:
                if snapshot.clusters[0].knows("Mapping"):
                    break
        with pytest.raises(BevelError):
            await watching.object("nowhere", "ConfigMap", SPACE, "ours")
        whole = await watching.object(cluster.cluster, "ConfigMap", SPACE, "ours")
        assert whole is not None and whole["data"] == {"k": "value"}


@pytest.mark.sandbox
async def test_who_names_a_namespace_sees_the_networks_that_live_there_as_their_member(east: Running) -> None:
    """`-n` without a preset: the inventory tells of the network, and its other organizations are others' business."""
    network = api.load("besu-two-clusters")
    homes = ("supplychain-bes", "carrier-bes")
    async with await KubeClient.connect(context_of(east), str(east.kubeconfig)) as client:
        await inventory.write(client, inventory.document(network.name, dump(network), "plan", "east"))
    await create(east, *map(namespace, homes), *(config_map("here", home) for home in homes))

    async def seen(*wanted: str) -> Snapshot:
        return await api.snapshot((), [context_of(east)], kubeconfig=str(east.kubeconfig), namespaces=wanted)

    snapshot = await seen("supplychain-bes")
    releases = [step for step in snapshot.networks[0].steps if step.kind == "release" and step.organization]
    assert {step.organization for step in releases if step.managed} == {"supplychain"}
    found = {obj["metadata"]["namespace"] for obj in snapshot.clusters[0].of("ConfigMap")}
    assert "supplychain-bes" in found and "carrier-bes" not in found
    alone = await seen("elsewhere-bes")
    assert alone.networks == () and not alone.clusters[0].of("ConfigMap")
    with pytest.raises(BevelError, match="elsewhere-bes"):
        await api.snapshot(kubeconfig=str(east.kubeconfig), namespaces=["elsewhere-bes"])


def test_of_objects_only_what_is_judged_stays() -> None:
    container = {
        "name": "c",
        "image": "i",
        "args": ["secret script"],
        "env": [{"name": "PASSWORD", "value": "hunter2"}],
    }
    pod = {
        "kind": "Pod",
        "metadata": {"name": "p", "managedFields": [{}], "annotations": {"a": "b"}},
        "spec": {"containers": [container]},
        "status": {"phase": "Running", "podIPs": []},
    }
    assert "hunter2" not in json.dumps(reduce(pod)) and "script" not in json.dumps(pod)
    secret = {
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"k": "aHVudGVyMg=="},
        "stringData": {"k": "hunter2"},
    }
    assert reduce(secret) == {"kind": "Secret", "metadata": {"name": "s"}}


def test_of_an_event_what_it_says_and_about_what_is_kept() -> None:
    about = {"kind": "Pod", "name": "a-0", "namespace": "ns", "uid": "u", "fieldPath": "spec.containers{a}"}
    said = {"reason": "Failed", "message": "no", "type": "Warning", "count": 3}
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "a-0.1", "namespace": "ns", "resourceVersion": "7", "uid": "e", "managedFields": [{}]},
        "involvedObject": {**about, "apiVersion": "v1", "resourceVersion": "6"},
        "source": {"component": "kubelet", "host": "node-1"},
        **said,
    }
    assert reduce(event) == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "a-0.1", "namespace": "ns", "resourceVersion": "7"},
        "involvedObject": about,
        **said,
    }
