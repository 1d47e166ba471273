"""The look from inside on a real control plane: real Pod Security, quota, Job and TTL controllers; kubelets are played."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.engine.context import Access
from bevel_tui.engine.inside import Place, look
from bevel_tui.kube.client import KubeClient
from bevel_tui.network.load import load
from bevel_tui.reachability.inside.job import job
from bevel_tui.reachability.inside.script import Question
from bevel_tui.records.steps import ObjectRef
from tests.cluster.planes import Plane, write_kubeconfig

ASKED = (Question("192.0.2.1", (("tcp", 443),)), Question("nobody.east.test"))
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def namespace(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


async def prepared(client: KubeClient, name: str) -> Place:
    await client.create(namespace(name, **RESTRICTED))
    while await client.get(ObjectRef("v1", "ServiceAccount", "default", name)) is None:
        await asyncio.sleep(0.1)
    return Place(name)


async def left(client: KubeClient, name: str) -> list[str]:
    kinds = (("batch/v1", "Job"), ("v1", "Pod"))
    return [o["metadata"]["name"] for version, kind in kinds for o in await client.list(version, kind, name)]


@pytest.mark.timeout(300)
async def test_pods_look_where_pod_security_is_restricted_and_nothing_stays(
    start_planes: Callable[..., list[Plane]], play: Callable[..., Any], tmp_path: Path
) -> None:
    planes: Sequence[Plane] = start_planes("east")
    play(planes, domains=("east.test",), speed=20.0)
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", list(planes), user="admin")
    network = load("besu-one-cluster")
    async with await KubeClient.connect(planes[0].name, str(kubeconfig)) as client:
        access = Access("east", planes[0].name, kubeconfig, client)
        while not (nodes := await client.list("v1", "Node")) or any(n["spec"].get("taints") for n in nodes):
            await asyncio.sleep(0.1)  # the node controller has still to see that they are ready

        # allowed: it runs to its end, and is taken away
        place = await prepared(client, "open")
        seen = await look(access, network, place, ASKED, patience=1.0)
        assert seen.sight is not None, seen.skipped
        assert dict(seen.sight.names) == {"192.0.2.1": ("192.0.2.1",), "nobody.east.test": ()}
        assert dict(seen.sight.tcp) == {("192.0.2.1", 443, "192.0.2.1"): "timeout"}
        while await left(client, "open"):
            await asyncio.sleep(0.1)

        # a quota forbids it: said in its words, at once
        place = await prepared(client, "full")
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": "full"}}
        await client.create({**quota, "spec": {"hard": {"count/pods": "0"}}})
        ref = ObjectRef("v1", "ResourceQuota", "none", "full")
        while not ((await client.get(ref) or {}).get("status") or {}).get("hard"):
            await asyncio.sleep(0.1)
        refused = await look(access, network, place, ASKED, patience=1.0)
        assert refused.sight is None
        assert "exceeded quota: none" in refused.skipped

        # nobody comes back for it: the cluster's own TTL controller removes it
        place = await prepared(client, "killed")
        body = job("left-behind", "killed", {}, network.probe.image, ASKED, timeout=1.0)
        body["spec"]["ttlSecondsAfterFinished"] = 1
        await client.create(body)
        assert await left(client, "killed")
        while await left(client, "killed"):
            await asyncio.sleep(0.2)
