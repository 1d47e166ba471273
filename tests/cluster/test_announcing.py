"""Names that we put on a Service of a Helm release, or take off it, stop none of Helm's later applies.

Both on a real API server and on the sandbox's: what `managedFields` says is theirs to decide.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.engine.announcing import announce, names_on, unannounce
from bevel_tui.engine.context import Access
from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.reachability.names.externaldns import ANNOTATION
from bevel_tui.records.steps import DnsStep, ObjectRef

SPACE = "announcing"
EDGE = ObjectRef("v1", "Service", "edge", SPACE)


def service(*names: str) -> dict[str, Any]:
    notes = {"meta.helm.sh/release-name": "gateway", ANNOTATION: ",".join(names)}
    meta = {"name": EDGE.name, "namespace": EDGE.namespace, "annotations": notes}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": [{"port": 80}]}}


def step(domain: str, *, annotate: bool) -> DnsStep:
    return DnsStep(id="east/dns", cluster="east", domain=domain, mode="external-dns", annotate=annotate)


async def space(client: KubeClient) -> None:
    """A namespace of our own."""
    ref = ObjectRef("v1", "Namespace", SPACE)
    if await client.get(ref) is None:
        await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})


async def story(helm: KubeClient, ours: KubeClient) -> None:
    access = Access("east", ours.context, Path("kubeconfig"), ours)
    await space(ours)
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


# ---------------------------------------------------------------- what may external-dns do


class Registry:
    """Name servers that know what they are told."""

    def __init__(self, owner: str | None) -> None:
        self.owner = owner
        self.asked: list[str] = []

    async def texts(self, name: str) -> tuple[str, ...]:
        self.asked.append(name)
        mine = self.owner is not None and name == "a-*.e.example.com"
        return (f"heritage=external-dns,external-dns/owner={self.owner}",) if mine else ()

    async def lookup(self, name: str) -> Any:
        from bevel_tui.reachability.answers import Lookup, Zone

        addresses = ("192.0.2.1",) if self.owner is not None else ()
        return Lookup(name, Zone("example.com", ()), (), "answer" if addresses else "nxdomain", addresses=addresses)


RBAC = "rbac.authorization.k8s.io/v1"
WHO = {"kind": "ServiceAccount", "name": "external-dns", "namespace": SPACE}
RIGHTS: list[dict[str, Any]] = [
    {"apiVersion": RBAC, "kind": "ClusterRole", "metadata": {"name": "external-dns-test"},
     "rules": [{"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list", "watch"]}]},
    {"apiVersion": RBAC, "kind": "ClusterRoleBinding", "metadata": {"name": "external-dns-test"}, "subjects": [WHO],
     "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "external-dns-test"}},
]  # fmt: skip


def controller() -> dict[str, Any]:
    args = ["--source=service", "--txt-owner-id=n-east", "--domain-filter=example.com"]
    pod = {
        "serviceAccountName": "external-dns",
        "containers": [{"name": "c", "image": "r/external-dns:v1", "args": args}],
    }
    labels = {"app": "external-dns"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "external-dns", "namespace": SPACE},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }


async def examined(
    client: KubeClient, owner: str | None, owners: dict[str, tuple[str, str]] | None = None
) -> str | None:
    from bevel_tui.engine.externaldns import examine
    from bevel_tui.records.steps import AddressStep

    gateway = AddressStep(id="east/address", cluster="east", service=EDGE, ports=(80,))
    access = Access("east", client.context, Path("kubeconfig"), client)
    registry: Any = Registry(owner)
    result = await examine(access, "e.example.com", gateway, registry, {} if owners is None else owners)
    assert result.cluster == "east"
    assert result.code is None or result.remedy
    return result.code


async def becomes_ready(client: KubeClient) -> None:
    """What a kubelet would do for the controller's pod."""
    async with asyncio.timeout(60):
        async for _, pod in client.watch("v1", "Pod", SPACE, labels="app=external-dns"):
            if pod:
                ref = ObjectRef("v1", "Pod", pod["metadata"]["name"], SPACE)
                status = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
                await client.patch(ref, status, subresource="status")
                break
        async for _, deployment in client.watch("apps/v1", "Deployment", SPACE):
            if (deployment.get("status") or {}).get("readyReplicas"):
                return


async def test_each_thing_that_keeps_external_dns_from_its_work(shared_plane: Any, tmp_path: Path) -> None:
    """One after the other, each mended before the next: on a real API server, which knows the account's rights."""
    from tests.cluster.planes import write_kubeconfig

    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", [shared_plane])
    async with await KubeClient.connect(shared_plane.name, str(kubeconfig)) as client:
        await space(client)
        await client.create(service("*.other.example.com."))
        assert await examined(client, None) == "external-dns-absent"
        await client.create(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {k: WHO[k] for k in ("name", "namespace")}}
        )
        await client.create(controller())
        assert await examined(client, None) == "external-dns-not-ready"
        await becomes_ready(client)
        assert await examined(client, None) == "external-dns-rights"
        for obj in RIGHTS:
            await client.create(obj)
        assert await examined(client, None) == "external-dns-annotation"
        access = Access("east", client.context, Path("kubeconfig"), client)
        await announce(access, step("e.example.com", annotate=True), EDGE)
        assert await examined(client, None) is None
        assert await examined(client, "n-east") is None
        assert await examined(client, "somebody") == "external-dns-not-owner"
        assert await examined(client, None, {"n-east": ("west", "w.example.com")}) == "external-dns-owner-shared"
        assert await examined(client, None, {"n-east": ("west", "w.example.org")}) is None, "it looks after others"
        for obj in (*RIGHTS, controller(), service()):
            meta = obj["metadata"]
            await client.delete(ObjectRef(obj["apiVersion"], obj["kind"], meta["name"], meta.get("namespace")))
