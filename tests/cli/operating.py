"""Somebody with a preset that changes, and a look at everything that a change of it did not concern."""

from __future__ import annotations

import asyncio
import copy
import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from bevel_tui.kube.client import ApiError, KubeClient

Run = Callable[..., subprocess.CompletedProcess[str]]
CONTEXTS = ("bevel-east", "bevel-west")
KINDS = [
    ("v1", "Namespace"), ("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("v1", "Pod"),
    ("v1", "PersistentVolumeClaim"), ("apps/v1", "StatefulSet"), ("apps/v1", "Deployment"), ("batch/v1", "Job"),
    ("storage.k8s.io/v1", "StorageClass"), ("getambassador.io/v3alpha1", "Mapping"),
    ("getambassador.io/v3alpha1", "TCPMapping"),
]  # fmt: skip
#: what every change of a network writes: its own inventory
OURS = "bevel-tui"

Versions = dict[tuple[str, str, str, str], str]


async def _versions(kubeconfig: str) -> Versions:
    found = {}
    for context in CONTEXTS:
        async with await KubeClient.connect(context, kubeconfig) as client:
            for api_version, kind in KINDS:
                try:
                    listed = await client.list(api_version, kind)
                except ApiError as error:
                    assert error.status == 404
                    continue
                for obj in listed:
                    meta = obj["metadata"]
                    if meta.get("namespace") not in {"kube-system", "kube-node-lease", OURS}:
                        found[context, kind, meta.get("namespace", ""), meta["name"]] = meta["resourceVersion"]
    return found


class Operator:
    """Somebody with a preset and a terminal."""

    def __init__(self, bevel: Run, kubeconfig: str, folder: Path, document: Mapping[str, Any]) -> None:
        self.bevel = bevel
        self.kubeconfig = kubeconfig
        self.document = copy.deepcopy(dict(document))
        self.path = folder / f"{document['name']}.yaml"

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.path.write_text(yaml.safe_dump(self.document))
        return self.bevel(*arguments, "--preset", str(self.path), "--kubeconfig", self.kubeconfig)

    def diff(self, *arguments: str) -> dict[str, dict[str, Any]]:
        result = self("plan", "--exit-code", "-o", "json", *arguments)
        assert result.returncode in {0, 2, 6}, result.stderr
        rows = json.loads(result.stdout)["changes"]
        assert (result.returncode == 0) == (not rows)
        return {row["step"]: row for row in rows}

    def deploy(self, *arguments: str) -> list[dict[str, Any]]:
        result = self("--yes", "-o", "jsonl", *arguments)
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    def refused(self, *words: str) -> None:
        """Refused with exit code 2, by the plan and by the run, and nothing is changed."""
        before = versions(self.kubeconfig)
        for command in (("--yes",), ("plan", "--diff")):
            result = self(*command)
            assert result.returncode == 2, result.stdout + result.stderr
            for word in words:
                assert word in result.stdout + result.stderr, result.stdout + result.stderr
        assert versions(self.kubeconfig) == before


def versions(kubeconfig: str) -> Versions:
    return asyncio.run(_versions(kubeconfig))


def touched(before: Versions, after: Versions) -> tuple[set[str], set[str], set[str]]:
    """Objects added, changed and gone, as ``kind namespace/name``; the gateway, which gets ports, left out."""

    def words(keys: Any) -> set[str]:
        return {f"{kind} {space}/{name}" for _, kind, space, name in keys if "emissary-ingress" not in name}

    return (
        words(after.keys() - before.keys()),
        words(key for key in before.keys() & after.keys() if before[key] != after[key]),
        words(before.keys() - after.keys()),
    )


def applied(events: list[dict[str, Any]]) -> dict[str, str]:
    return {e["release"]: e["action"] for e in events if e["type"] == "release-applied"}


async def _rpc(kubeconfig: str, release: str, method: str) -> Any:
    """What a node of the founder says, asked through the gateway."""
    import aiohttp

    from bevel_tui.records.simulation import CONFIGMAP_KEY, CONFIGMAP_NAME, CONFIGMAP_NAMESPACE, Simulation
    from bevel_tui.records.steps import ObjectRef

    async with await KubeClient.connect("bevel-east", kubeconfig) as client:
        found = await client.get(ObjectRef("v1", "ConfigMap", CONFIGMAP_NAME, CONFIGMAP_NAMESPACE))
        service = await client.get(ObjectRef("v1", "Service", "emissary-ingress", "ambassador"))
    assert found is not None
    assert service is not None
    address = service["status"]["loadBalancer"]["ingress"][0]["ip"]
    simulation = Simulation.model_validate_json(found["data"][CONFIGMAP_KEY])
    target = simulation.dial[f"{address}:80"]
    async with aiohttp.ClientSession() as session:
        body = {"jsonrpc": "2.0", "method": method, "params": ["latest"], "id": 1}
        headers = {"Host": f"{release}rpc.east.example.test"}
        async with session.post(f"http://{target}/", json=body, headers=headers) as answer:
            return (await answer.json())["result"]


def validators(kubeconfig: str, node: str = "validator-1", method: str = "qbft_getValidatorsByBlockNumber") -> int:
    """How many validators a node of the founder says there are."""
    return len(asyncio.run(_rpc(kubeconfig, node, method)))
