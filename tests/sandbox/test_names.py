"""Who makes DNS records in the sandbox: the person in manual mode, external-dns by annotation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bevel_tui.reachability.names.externaldns import ANNOTATION
from bevel_tui.records.steps import ObjectRef

Box = Any


async def becomes(question: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not question():
            await asyncio.sleep(0.01)


def service(name: str, **annotations: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "test", "annotations": annotations},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }


async def test_external_dns_follows_its_annotation(box: Box) -> None:
    names = box.world.names
    await box.apply("east", service("edge", **{ANNOTATION: "*.a.example.com.,b.example.com"}))
    await becomes(lambda: names.addresses("x.a.example.com") == names.addresses("b.example.com") == ["127.101.1.1"])
    ref = ObjectRef("v1", "Service", "edge", "test")
    await box.clients["east"].patch(ref, {"metadata": {"annotations": {ANNOTATION: "b.example.com"}}})
    await becomes(lambda: names.addresses("x.a.example.com") == [])
    assert names.addresses("b.example.com") == ["127.101.1.1"]
    await box.clients["east"].delete(ref)
    await becomes(lambda: names.addresses("b.example.com") == [])


async def test_services_without_the_annotation_get_no_records(box: Box) -> None:
    await box.apply("east", service("edge"))
    await box.until(
        "east",
        ("Service",),
        lambda: box.state("east", "Service", "edge").get("status", {}).get("loadBalancer", {}).get("ingress"),
    )
    assert not box.world.names._zones


async def test_the_person_types_what_a_run_waits_for_and_only_once(rehearse: Any) -> None:
    async with rehearse("fabric-two-clusters") as run:
        names = run.box.world.names
        assert names.addresses("x.east.example.test") == []
        await run.run(until="east/dns")
        assert names.addresses("x.y.east.example.test") == names.addresses("east.example.test") == ["127.101.1.1"]
        assert names.addresses("x.west.example.test") == []
        # what was taken away on purpose is not put back by an unrelated change
        names.remove("*.east.example.test")
        await run.create("bevel-east", {**service("other"), "metadata": {"name": "other", "namespace": "default"}})
        view = run.view("east")
        await view.until(
            ["Service"],
            lambda: (
                (view.get("Service", "default", "other") or {}).get("status", {}).get("loadBalancer", {}).get("ingress")
            ),
        )
        await run.box.world.clock.sleep(10)
        assert names.addresses("x.east.example.test") == []


async def test_real_control_planes_keep_their_controllers(tmp_path: Any) -> None:
    from contextlib import AsyncExitStack

    from bevel_tui.kube.client import KubeClient
    from bevel_tui.sandbox.apiserver import SimulatedCluster, write_kubeconfig
    from bevel_tui.sandbox.conductor import Conductor

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(SimulatedCluster("real"))
        path = write_kubeconfig([server], tmp_path / "kubeconfig")
        client = await KubeClient.connect("real", str(path))
        stack.push_async_callback(client.close)
        conductor = Conductor(speed=50, controllers=False)
        await conductor.start({"real": client})
        stack.push_async_callback(conductor.stop)
        spec = {"containers": [{"name": "main", "image": "x"}]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"}, "spec": spec}
        job_spec = {"template": {"spec": {**spec, "restartPolicy": "Never"}}}
        job = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "j", "namespace": "default"},
            "spec": job_spec,
        }
        await client.create(pod)
        await client.create(job)
        view = conductor.world.sites["real"].view
        await view.until(["Pod"], lambda: view.get("Pod", "default", "p"))
        await conductor.world.clock.sleep(20)
        assert [p["metadata"]["name"] for p in view.all("Pod")] == ["p"], "no Job controller"
        assert "nodeName" not in view.get("Pod", "default", "p")["spec"], "no scheduler"
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": "p"},
            "target": {"kind": "Node", "name": "real-node-2"},
        }
        await client.request("POST", "/api/v1/namespaces/default/pods/p/binding", body=binding)
        await view.until(
            ["Pod"], lambda: (view.get("Pod", "default", "p") or {}).get("status", {}).get("phase") == "Running"
        )
        leases = await client.list("coordination.k8s.io/v1", "Lease", "kube-node-lease")
        assert {lease["spec"]["holderIdentity"] for lease in leases} == {f"real-node-{n}" for n in (1, 2, 3)}
