"""Credentials that expire while a real API server is watched: the plugin is called once more, not once per request."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable
from pathlib import Path

from bevel_tui.kube.client import KubeClient
from bevel_tui.records.steps import ObjectRef
from tests.cluster.planes import Plane, write_kubeconfig

PLUGIN = """#!/bin/sh
echo x >> "{calls}"
printf '{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"token":"%s"}}}}' "$(cat "{token}")"
"""
KINDS = (("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("apps/v1", "StatefulSet"), ("batch/v1", "Job"))


async def test_rotated_credentials(start_planes: Callable[..., list[Plane]], tmp_path: Path) -> None:
    (plane,) = start_planes("rotating")
    calls, token, plugin = tmp_path / "calls", tmp_path / "token", tmp_path / "plugin"
    plugin.write_text(PLUGIN.format(calls=calls, token=token))
    plugin.chmod(0o700)
    token.write_text(plane.tokens["admin"])
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", [plane])
    document = json.loads(kubeconfig.read_text())
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}
    document["users"][0]["user"] = {"exec": command}
    kubeconfig.write_text(json.dumps(document))
    before = kubeconfig.stat()

    async with await KubeClient.connect("rotating", str(kubeconfig)) as client:
        synced = 0
        seen: set[str] = set()

        async def follow(api_version: str, kind: str) -> None:
            nonlocal synced
            async for change, obj in client.watch(api_version, kind, "default"):
                if change == "SYNCED":
                    synced += 1
                elif obj["metadata"]["name"] == "after":
                    seen.add(kind)

        watches = [asyncio.create_task(follow(*kind)) for kind in KINDS]
        while synced < len(KINDS):
            await asyncio.sleep(0.05)
        rotate(plane)
        token.write_text(plane.tokens["admin"])
        plane.stop("kube-apiserver")
        plane.spawn_apiserver()
        await asyncio.to_thread(plane.wait_ready)
        found = await asyncio.gather(*(client.get(ObjectRef("v1", "Namespace", "default")) for _ in range(20)))
        assert all(found)
        await client.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "after", "namespace": "default"}}
        )
        async with asyncio.timeout(60):
            while "ConfigMap" not in seen:
                await asyncio.sleep(0.05)
        assert not any(watch.done() for watch in watches)
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
    assert calls.read_text().count("x") == 2
    assert kubeconfig.stat().st_mtime_ns == before.st_mtime_ns


def rotate(plane: Plane) -> None:
    """The administrator's token is another one from the next start of the API server on."""
    path = plane.folder / "tokens.csv"
    rows = list(csv.reader(path.read_text().splitlines()))
    plane.tokens["admin"] = plane.tokens["admin"][::-1]
    for row in rows:
        if row[1] == "admin":
            row[0] = plane.tokens["admin"]
    with path.open("w", newline="") as out:
        csv.writer(out).writerows(rows)
