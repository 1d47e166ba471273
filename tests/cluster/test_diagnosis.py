"""Diagnosis on a real API server: its own controllers, scheduler and admission refuse things, in their own words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bevel_tui import api
from bevel_tui.diagnosis import ground
from bevel_tui.kube.client import KubeClient
from bevel_tui.records.findings import Diagnosis
from tests.cluster.planes import Plane, write_kubeconfig

pytestmark = [pytest.mark.timeout(150)]

CONTAINER = {"name": "main", "image": "registry.example.com/node:1", "resources": {"requests": {"memory": "64Mi"}}}


def space(name: str, **labels: str) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def stateful_set(where: str, **pod: Any) -> dict[str, Any]:
    labels = {"app": "node"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [CONTAINER], **pod}}
    spec = {"serviceName": "node", "selector": {"matchLabels": labels}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "node", "namespace": where},
        "spec": spec,
    }


def named(kind: str, where: str, version: str = "v1", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "it", "namespace": where}, **fields}


CLAIM = {
    "storageClassName": "gone",
    "accessModes": ["ReadWriteOnce"],
    "resources": {"requests": {"storage": "1Gi"}},
}
HOOK = {
    "name": "check.example.test",
    "failurePolicy": "Fail",
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "timeoutSeconds": 1,
    "clientConfig": {"service": {"namespace": "webhook", "name": "policy"}},
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "webhook"}},
    "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
}
#: namespace -> (objects, the root that must be told)
SCENES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "quota": ([named("ResourceQuota", "quota", spec={"hard": {"pods": "0"}}), stateful_set("quota")], "QUOTA"),
    "limit": (
        [
            named("LimitRange", "limit", spec={"limits": [{"type": "Container", "min": {"memory": "64Gi"}}]}),
            stateful_set("limit"),
        ],
        "LIMIT",
    ),
    "account": ([stateful_set("account", serviceAccountName="vault-auth")], "SA-MISSING"),
    "claim": ([named("PersistentVolumeClaim", "claim", spec=CLAIM)], "PVC-NOSC"),
    "nodes": ([stateful_set("nodes")], "POD-SCHED"),
    "secured": ([stateful_set("secured", hostNetwork=True)], "POD-SECURITY"),
    "webhook": (
        [
            {
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "ValidatingWebhookConfiguration",
                "metadata": {"name": "policy"},
                "webhooks": [HOOK],
            },
            stateful_set("webhook"),
        ],
        "WL-CREATE",
    ),
}


async def test_what_real_controllers_refuse_is_told(
    start_planes: Callable[..., list[Plane]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ground, "_WEBHOOK", 0.0)
    (plane,) = start_planes("diagnosed")
    kubeconfig = str(write_kubeconfig(tmp_path / "kubeconfig", [plane]))
    async with await KubeClient.connect("diagnosed", kubeconfig) as client:
        for name in SCENES:
            labels = {"pod-security.kubernetes.io/enforce": "baseline"} if name == "secured" else {}
            await client.create(space(name, **labels))
        for objects, _ in SCENES.values():
            for obj in objects:
                await client.create(obj)

        def told(diagnosis: Diagnosis) -> bool:
            return all(
                any(f.code == code and f.namespace == name for f in diagnosis.findings)
                for name, (_, code) in SCENES.items()
            )

        async with api.watch(contexts=["diagnosed"], kubeconfig=kubeconfig) as watching:
            try:
                async with asyncio.timeout(90):
                    async for snapshot in watching.snapshots():
                        diagnosis = api.diagnose(snapshot)
                        if told(diagnosis):
                            break
            except TimeoutError:
                pass
    found = {(f.namespace, f.code) for f in diagnosis.findings if f.namespace}
    assert found == {(name, code) for name, (_, code) in SCENES.items()}, [f.model_dump() for f in diagnosis.findings]
    refused = next(f for f in diagnosis.findings if f.code == "WL-CREATE")
    assert [f.code for f in diagnosis.chain(refused)] == ["WL-CREATE", "WH-DOWN"]
    cluster = snapshot.clusters[0]
    assert all("data" not in secret for secret in cluster.of("Secret"))
    assert cluster.access.version.startswith("v1.") and cluster.access.uid and not cluster.unreadable
