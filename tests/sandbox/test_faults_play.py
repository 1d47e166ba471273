"""Every fault is played, and diagnosis names the right root, nothing besides; then it is taken away, and nothing is left.

Many faults share one sandbox, a namespace each, so that the whole costs seconds.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from bevel_tui import api
from bevel_tui.diagnosis import ground
from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.records.findings import Diagnosis, Finding
from bevel_tui.sandbox.conductor import Conductor
from bevel_tui.sandbox.faults.catalogue import FAULTS, Fault
from bevel_tui.sandbox.faults.play import strike
from bevel_tui.sandbox.process import ClusterSpec, Running, serve

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(150)]

SPEED = 60.0
#: of names: they need a deployment, and have a test of their own
LATER = {"record-missing", "record-wrong"}
SPACES = [f for f in FAULTS if f.name not in LATER and (f.trouble is not None or f.script in {"quota", "limit_range"})]
CLUSTERS = [f for f in FAULTS if f.name not in LATER and f not in SPACES]


def test_there_are_enough_faults_and_each_has_a_code_of_the_catalogue() -> None:
    from bevel_tui.diagnosis.catalogue import BY_CODE

    assert len(FAULTS) >= 30
    assert {fault.code for fault in FAULTS} <= set(BY_CODE)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


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
    return [finding for finding in diagnosis.findings if place in {finding.namespace, finding.cluster}]


async def until(watching: Any, ready: Any, seconds: float) -> Diagnosis:
    """The first diagnosis that `ready` says yes to, or the last one."""
    last = Diagnosis()
    try:
        async with asyncio.timeout(seconds):
            async for snapshot in watching.snapshots():
                last = api.diagnose(snapshot)
                if ready(last):
                    return last
    except TimeoutError:
        pass
    return last


async def open_all(running: Running, contexts: list[str]) -> dict[str, KubeClient]:
    return {context: await KubeClient.connect(context, str(running.kubeconfig)) for context in contexts}


async def test_faults_of_objects(tmp_path: Path) -> None:
    async with serve([ClusterSpec("east")], speed=SPEED, state_dir=tmp_path / "state") as running:
        world = cast("Conductor", running.conductor).world
        servers = cast("Any", running.clusters)
        healers = {fault.name: await strike(world, servers, f"{fault.name}:{fault.name}") for fault in SPACES}
        client = (await open_all(running, ["east"]))["east"]
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "well"}})
        for fault in SPACES:
            await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": fault.name}})
        view = world.sites["east"].view
        for name, kind in (("quota", "ResourceQuota"), ("limit-range", "LimitRange")):
            if kind in {"ResourceQuota"}:
                await asyncio.wait_for(
                    view.until([kind], lambda kind=kind, name=name: view.get(kind, name, "fault")), 10
                )
            else:
                await asyncio.sleep(0.3)
        for space in ("well", *(fault.name for fault in SPACES)):
            for obj in objects(space):
                await client.create(obj)

        async with api.watch(contexts=["east"], kubeconfig=str(running.kubeconfig)) as watching:

            def told(diagnosis: Diagnosis) -> bool:
                return all(_root(diagnosis, fault) for fault in SPACES)

            diagnosis = await until(watching, told, 45)
            for fault in SPACES:
                found = by_place(diagnosis, fault.name)
                roots = {finding.code for finding in found if finding.caused_by is None}
                assert roots == {fault.code}, (fault.name, [(f.code, f.caused_by, f.cause) for f in found])
            assert by_place(diagnosis, "well") == []

            for heal in healers.values():
                await heal()
            await _mend_what_no_retry_mends(client)
            healed = await until(watching, lambda d: not [f for f in d.findings if f.severity == "error"], 45)
            assert [(f.code, f.namespace) for f in healed.findings if f.severity == "error"] == []
        await client.close()


def _root(diagnosis: Diagnosis, fault: Fault) -> bool:
    return any(
        f.code == fault.code and f.caused_by is None and f.severity != "info" for f in by_place(diagnosis, fault.name)
    )


async def _mend_what_no_retry_mends(client: KubeClient) -> None:
    """The remedies that a person applies: the quota and the LimitRange go."""
    from bevel_tui.records.steps import ObjectRef

    for kind, space in (("ResourceQuota", "quota"), ("LimitRange", "limit-range")):
        try:
            await client.delete(ObjectRef("v1", kind, "fault", space))
        except ApiError as error:
            raise AssertionError(str(error)) from None


async def test_faults_of_whole_clusters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "_WEBHOOK", 0.0)  # the minute that a webhook's pods may take to come up
    names = [fault.name for fault in CLUSTERS]
    async with serve(
        [ClusterSpec(name) for name in ("well", *names)], speed=SPEED, state_dir=tmp_path / "s"
    ) as running:
        world = cast("Conductor", running.conductor).world
        kubeconfig = str(running.kubeconfig)
        async with api.watch(contexts=["well", *names], kubeconfig=kubeconfig) as watching:
            before = await until(watching, lambda d: True, 20)
            assert before.findings == ()
            servers = cast("Any", running.clusters)
            healers = [await strike(world, servers, f"{name}:{name}") for name in names]
            for feed in watching.feeds.values():
                if feed.context in {"api-down", "expired"}:
                    feed.look_again()

            def told(diagnosis: Diagnosis) -> bool:
                return all(_root(diagnosis, fault) for fault in CLUSTERS)

            diagnosis = await until(watching, told, 45)
            for fault in CLUSTERS:
                found = by_place(diagnosis, fault.name)
                assert [f.code for f in found if f.caused_by is None] == [fault.code], (fault.name, found)
            assert by_place(diagnosis, "well") == []
            for heal in healers:
                await heal()
            healed = await until(watching, lambda d: not d.findings, 45)
            assert healed.findings == ()


@pytest.mark.parametrize(("fault", "code"), [("record-missing", "DNS-RECORD"), ("record-wrong", "DNS-WRONG")])
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
        diagnosis = api.diagnose(snapshot)
        errors = [f for f in diagnosis.roots if f.severity == "error"]
        assert [(f.code, f.kind, f.name) for f in errors] == [(code, "Domain", cluster.domain)], diagnosis.findings
        assert "127.101.1.1" in errors[0].remedy + " ".join(errors[0].evidence)
