"""Names that we put on a Service of a Helm release, or take off it, stop none of Helm's later applies.

Both on a real API server and on the sandbox's: what `managedFields` says is theirs to decide.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bevel_tui.engine.announcing import announce, names_on, unannounce
from bevel_tui.engine.context import Access
from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.reachability.names.externaldns import ANNOTATION
from bevel_tui.records.steps import DnsStep, ObjectRef

EDGE = ObjectRef("v1", "Service", "edge", "default")


def service(*names: str) -> dict[str, Any]:
    notes = {"meta.helm.sh/release-name": "gateway", ANNOTATION: ",".join(names)}
    meta = {"name": EDGE.name, "namespace": EDGE.namespace, "annotations": notes}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": [{"port": 80}]}}


def step(domain: str, *, annotate: bool) -> DnsStep:
    return DnsStep(id="east/dns", cluster="east", domain=domain, mode="external-dns", annotate=annotate)


async def story(helm: KubeClient, ours: KubeClient) -> None:
    access = Access("east", ours.context, Path("kubeconfig"), ours)
    helm.manager = "helm"
    await helm.apply(service("*.a.example.com.", "*.b.example.com."))
    assert await unannounce(access, step("a.example.com", annotate=False), EDGE)
    assert names_on(await ours.get(EDGE)) == ("*.b.example.com.",)
    await helm.apply(service("*.b.example.com.", "*.c.example.com."))
    assert await announce(access, step("d.example.com", annotate=False), EDGE)
    await helm.apply(service("*.c.example.com."))
    assert names_on(await ours.get(EDGE)) == ("*.c.example.com.",)
    # a Service that somebody else runs keeps our mark, so that its owner is told
    assert await announce(access, step("e.example.com", annotate=True), EDGE)
    try:
        await helm.apply(service("*.c.example.com."))
        raise AssertionError("no conflict: nothing is tested")
    except ApiError as error:
        assert error.status == 409
    await ours.delete(EDGE)


async def test_real(shared_plane: Any, tmp_path: Path) -> None:
    from tests.cluster.planes import write_kubeconfig

    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", [shared_plane])
    async with (
        await KubeClient.connect(shared_plane.name, str(kubeconfig)) as helm,
        await KubeClient.connect(shared_plane.name, str(kubeconfig)) as ours,
    ):
        await story(helm, ours)


@pytest.mark.sandbox
async def test_sandbox(tmp_path: Path) -> None:
    from bevel_tui.sandbox.apiserver import SimulatedCluster, write_kubeconfig

    async with SimulatedCluster("east") as cluster:
        kubeconfig = str(write_kubeconfig([cluster], tmp_path / "kubeconfig"))
        async with (
            await KubeClient.connect("east", kubeconfig) as helm,
            await KubeClient.connect("east", kubeconfig) as ours,
        ):
            await story(helm, ours)
