"""The Kubernetes clients for Python, unmodified, and our own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.records.steps import ObjectRef
from bevel_tui.sandbox.apiserver import SimulatedCluster

pytestmark = pytest.mark.sandbox


def config(name: str, **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default", "labels": {"of": "tests"}},
        "data": data,
    }


async def test_the_official_asynchronous_dynamic_client(kubeconfig: Path) -> None:
    from kubernetes.aio import config as loading
    from kubernetes.aio.dynamic import DynamicClient

    api = await loading.new_client_from_config(str(kubeconfig), context="here")
    async with api:
        client = await DynamicClient(api)
        maps = await client.resources.get(api_version="v1", kind="ConfigMap")
        made = await maps.create(body=config("a", x="1"), namespace="default")
        assert made.metadata.name == "a"
        await maps.patch(
            body={"data": {"x": "2"}}, name="a", namespace="default", content_type="application/merge-patch+json"
        )
        listed = await maps.get(namespace="default", label_selector="of=tests")
        assert [m.data.x for m in listed.items] == ["2"]
        await maps.delete(name="a", namespace="default")


async def test_the_official_synchronous_client(kubeconfig: Path) -> None:
    def work() -> list[str]:
        from kubernetes import client, config, watch

        api = config.new_client_from_config(str(kubeconfig), context="here")
        core = client.CoreV1Api(api)
        spec = {"containers": [{"name": "c", "image": "x"}]}
        core.create_namespaced_pod("default", {"metadata": {"name": "p"}, "spec": spec})
        names = [p.metadata.name for p in core.list_namespaced_pod("default").items]
        for event in watch.Watch().stream(core.list_namespaced_pod, "default", timeout_seconds=1):
            names.append(f"{event['type']} {event['object'].metadata.name}")
        apps = client.AppsV1Api(api)
        names.append(str(len(apps.list_deployment_for_all_namespaces().items)))
        names.append(client.VersionApi(api).get_code().git_version)
        return names

    assert await asyncio.to_thread(work) == ["p", "ADDED p", "0", "v1.34.2+simulated"]


async def test_our_own_client(kubeconfig: Path, cluster: SimulatedCluster) -> None:
    ref = ObjectRef("v1", "ConfigMap", "a", "default")
    async with await KubeClient.connect("here", str(kubeconfig)) as client:
        assert await client.get(ref) is None
        await client.create(config("a", x="1"))
        with pytest.raises(ApiError) as caught:
            await client.create(config("a"))
        assert (caught.value.status, caught.value.reason) == (409, "AlreadyExists")
        seen = []
        async with asyncio.timeout(60):
            async for change, obj in client.watch("v1", "ConfigMap", "default", labels="of=tests"):
                seen.append((change, obj.get("data")))
                match len(seen):
                    case 2:
                        await client.patch(ref, {"data": {"x": "2"}})
                    case 3:  # the server forgets everything and ends its watches: a reader never notices
                        cluster.store.compact()
                        cluster.store.close_watches()
                        await client.patch(ref, {"data": {"x": "3"}})
                    case 4:
                        await client.delete(ref)
                    case 5:
                        break
        assert seen == [
            ("ADDED", {"x": "1"}),
            ("SYNCED", None),
            ("MODIFIED", {"x": "2"}),
            ("MODIFIED", {"x": "3"}),
            ("DELETED", {"x": "3"}),
        ]
