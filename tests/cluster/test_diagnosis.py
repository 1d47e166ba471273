"""Diagnosis on a real API server: its own controllers, scheduler and admission refuse things, in their own words.

With BEVEL_TUI_RECORD=1 what they said is written down anew, as fixtures of the codes (tests/diagnosis/record.py).
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bevel_tui import api
from bevel_tui.diagnosis import ground
from bevel_tui.kube.client import KubeClient
from bevel_tui.records.findings import Diagnosis
from bevel_tui.records.snapshot import Snapshot
from bevel_tui.records.steps import ObjectRef
from tests.cluster import binary
from tests.cluster.planes import Plane, write_kubeconfig
from tests.diagnosis import record

pytestmark = [pytest.mark.timeout(150)]

RECORD = os.environ.get("BEVEL_TUI_RECORD") == "1"

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
#: what a controller that has gone holds; its namespace is deleted
HELD = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "it", "namespace": "held", "finalizers": ["example.com/cleanup"]},
}


def definition(plural: str) -> dict[str, Any]:
    """A custom resource of kind Mesh: a second one clashes with the first."""
    schema = {"openAPIV3Schema": {"type": "object"}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.test"},
        "spec": {
            "group": "example.test",
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": "Mesh"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
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
    "held": ([HELD], "NS-TERMINATING"),
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


#: what is told of the cluster as a whole; of two definitions that clash, of the one that came later to the controller
ELSEWHERE = {("policy", "WH-DOWN"), *((f"{plural}.example.test", "CRD-NOTREADY") for plural in ("meshes", "nets"))}


async def test_what_real_controllers_refuse_is_told(
    start_planes: Callable[..., list[Plane]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not RECORD:  # whoever records waits as long as these are legal
        monkeypatch.setattr(ground, "_WEBHOOK", 0.0)
        monkeypatch.setattr(ground, "_TERMINATING", 0.0)
    (plane,) = start_planes("diagnosed")
    kubeconfig = str(write_kubeconfig(tmp_path / "kubeconfig", [plane]))
    async with await KubeClient.connect("diagnosed", kubeconfig) as client:
        for name in SCENES:
            labels = {"pod-security.kubernetes.io/enforce": "baseline"} if name == "secured" else {}
            await client.create(space(name, **labels))
        for objects, _ in SCENES.values():
            for obj in objects:
                await client.create(obj)
        await client.delete(ObjectRef("v1", "Namespace", "held"))
        for plural in ("meshes", "nets"):
            await client.create(definition(plural))

        def told(diagnosis: Diagnosis) -> bool:
            return {code for _, code in ELSEWHERE} <= {f.code for f in diagnosis.findings} and all(
                any(f.code == code and name in {f.namespace, f.name} for f in diagnosis.findings)
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
    found = {(f.namespace or f.name, f.code) for f in diagnosis.findings}
    assert found - ELSEWHERE == {(name, code) for name, (_, code) in SCENES.items()}, [
        f.model_dump() for f in diagnosis.findings
    ]
    refused = next(f for f in diagnosis.findings if f.code == "WL-CREATE")
    assert [f.code for f in diagnosis.chain(refused)] == ["WL-CREATE", "WH-DOWN"]
    cluster = snapshot.clusters[0]
    assert all("data" not in secret for secret in cluster.of("Secret"))
    assert cluster.access.version.startswith("v1.") and cluster.access.uid and not cluster.unreadable
    if RECORD:
        write(snapshot)


def write(snapshot: Snapshot) -> None:
    """A fixture of each scene; of what concerns the cluster as a whole, of the namespace that suffers from it."""
    who = f"the API server, controllers and scheduler of Kubernetes v{binary.version()}"
    source = f"recorded from {who} by tests/cluster/test_diagnosis.py"
    crds, hooks = "CustomResourceDefinition", "ValidatingWebhookConfiguration"
    scenes = {name: code for name, (_, code) in SCENES.items() if name != "webhook"}
    for name, code in {**scenes, "webhook": "WH-DOWN", "default": "CRD-NOTREADY"}.items():
        cut = record.cut(snapshot, "diagnosed", name)
        (cluster,) = cut.clusters
        # what stands in the whole cluster belongs to one scene only
        left_out = {*({crds} if code != "CRD-NOTREADY" else ()), *({hooks} if code != "WH-DOWN" else ())}
        objects = {kind: () if kind in left_out else held for kind, held in cluster.objects.items()}
        cut = dataclasses.replace(cut, clusters=(dataclasses.replace(cluster, objects=objects),))
        assert record.write(cut, code, "recorded", source, struck=True) is None
