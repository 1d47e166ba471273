"""Helm, 4 and 3, by its official binaries and by the SDK, works against a simulated cluster as against a real one."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.sandbox

TEMPLATES = {
    "workload.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, labels: {app: demo}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: demo}}
  template:
    metadata: {labels: {app: demo}}
    spec:
      containers: [{name: c, image: "x:{{ .Values.tag }}"}]
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: demo}, ports: [{port: 80, name: http}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {tag: {{ .Values.tag | quote }}}
{{- if .Values.extra }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-extra}
{{- end }}
""",
    "hook.yaml": """
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-init
  annotations: {helm.sh/hook: pre-install, helm.sh/hook-delete-policy: "before-hook-creation,hook-succeeded"}
spec:
  template: {spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}
""",
    "test.yaml": """
apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}-test, annotations: {helm.sh/hook: test}}
spec: {restartPolicy: Never, containers: [{name: c, image: x}]}
""",
}
CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: hosts.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: hosts, kind: Host}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    root = tmp_path / "demo"
    (root / "templates").mkdir(parents=True)
    (root / "Chart.yaml").write_text("apiVersion: v2\nname: demo\nversion: 1.0.0\n")
    (root / "values.yaml").write_text("replicas: 1\ntag: one\nextra: true\n")
    for name, text in TEMPLATES.items():
        (root / "templates" / name).write_text(text)
    return root


@pytest.fixture
async def finishing(client: Any) -> AsyncIterator[Any]:
    """Ends every Job and test pod as soon as it appears and reports Deployments as rolled out, as controllers do."""

    async def roll_out(deployment: dict[str, Any]) -> None:
        """Helm 3 looks for the ReplicaSet of the present template."""
        meta = deployment["metadata"]
        path = f"/apis/apps/v1/namespaces/{meta['namespace']}/replicasets"
        name = f"{meta['name']}-{meta['generation']}"
        owner = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": meta["name"],
            "uid": meta["uid"],
            "controller": True,
        }
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        keys = ("replicas", "selector", "template")
        spec = {key: deployment["spec"][key] for key in keys}
        await client.post(
            path, {"metadata": {"name": name, "labels": labels, "ownerReferences": [owner]}, "spec": spec}
        )
        number = deployment["spec"]["replicas"]
        status = {"replicas": number, "readyReplicas": number, "observedGeneration": 1}
        await client.merge(f"{path}/{name}/status", {"status": status})

    async def work() -> None:
        seen: set[tuple[str, str]] = set()
        while True:
            for obj in list(client.cluster.store.collection("jobs.batch").all(None)):
                key = ("job", obj["metadata"]["uid"])
                if key not in seen:
                    seen.add(key)
                    condition = [{"type": "Complete", "status": "True"}]
                    status = {"succeeded": 1, "conditions": condition}
                    await client.merge(_path("/apis/batch/v1", "jobs", obj), {"status": status})
            for obj in list(client.cluster.store.collection("pods").all(None)):
                key = ("pod", obj["metadata"]["uid"])
                if key not in seen:
                    seen.add(key)
                    where = f"{obj['metadata']['namespace']}/{obj['metadata']['name']}/c"
                    await client("POST", f"/bevel-tui/logs/{where}", b"tested\n", media="text/plain")
                    await client.merge(_path("/api/v1", "pods", obj), {"status": {"phase": "Succeeded"}})
            for obj in list(client.cluster.store.collection("deployments.apps").all(None)):
                meta, replicas = obj["metadata"], obj["spec"]["replicas"]
                key = (meta["uid"], str(meta["generation"]))
                if key not in seen:
                    seen.add(key)
                    counts = dict.fromkeys(
                        ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), replicas
                    )
                    conditions = [
                        {"type": "Available", "status": "True"},
                        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
                    ]
                    status = {"observedGeneration": meta["generation"], "conditions": conditions, **counts}
                    await client.merge(_path("/apis/apps/v1", "deployments", obj), {"status": status})
                    await roll_out(obj)
            await asyncio.sleep(0.02)

    task = asyncio.create_task(work())
    yield client
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _path(prefix: str, plural: str, obj: dict[str, Any]) -> str:
    meta = obj["metadata"]
    return f"{prefix}/namespaces/{meta['namespace']}/{plural}/{meta['name']}/status"


@pytest.mark.parametrize("helm", ["helm", "helm3"])
async def test_the_life_of_a_release(tool: Any, chart: Path, finishing: Any, helm: str) -> None:
    client = finishing

    async def run(*arguments: str, ok: bool = True) -> Any:
        return await tool(helm, *arguments, "-n", "team", ok=ok)

    await run("install", "demo", str(chart), "--create-namespace", "--wait", "--timeout", "30s")
    live = await client.get("/apis/apps/v1/namespaces/team/deployments/demo")
    assert live["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"
    assert (await client("GET", "/apis/batch/v1/namespaces/team/jobs/demo-init"))[0] == 404  # hook-succeeded
    listed = json.loads((await run("list", "-o", "json")).out)
    assert [(r["name"], r["revision"], r["status"]) for r in listed] == [("demo", "1", "deployed")]

    await run("upgrade", "demo", str(chart), "--set", "replicas=2,tag=two,extra=false", "--wait", "--timeout", "30s")
    live = await client.get("/apis/apps/v1/namespaces/team/deployments/demo")
    assert live["spec"]["replicas"] == 2
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "x:two"
    assert (await client("GET", "/api/v1/namespaces/team/configmaps/demo-extra"))[0] == 404

    await run("rollback", "demo", "1", "--wait", "--timeout", "30s")
    live = await client.get("/apis/apps/v1/namespaces/team/deployments/demo")
    assert (live["spec"]["replicas"], live["spec"]["template"]["spec"]["containers"][0]["image"]) == (1, "x:one")
    history = json.loads((await run("history", "demo", "-o", "json")).out)
    assert [r["status"] for r in history] == ["superseded", "superseded", "deployed"]

    tested = await run("test", "demo", "--logs")
    assert "Phase:          Succeeded" in tested.out and "tested" in tested.out
    status = json.loads((await run("status", "demo", "-o", "json")).out)
    assert status["info"]["status"] == "deployed"

    await run("uninstall", "demo", "--wait", "--timeout", "30s")
    assert (await client.get("/apis/apps/v1/namespaces/team/deployments"))["items"] == []
    assert (await client.get("/api/v1/namespaces/team/secrets"))["items"] == []


async def test_an_upgrade_without_changes_moves_no_object(tool: Any, chart: Path, finishing: Any) -> None:
    client = finishing
    await tool("helm", "install", "demo", str(chart), "--wait", "--timeout", "30s")
    paths = (
        "/apis/apps/v1/namespaces/default/deployments/demo",
        "/api/v1/namespaces/default/services/demo",
        "/api/v1/namespaces/default/configmaps/demo",
    )
    before = [(await client.get(path))["metadata"]["resourceVersion"] for path in paths]
    await tool("helm", "upgrade", "demo", str(chart))
    assert [(await client.get(path))["metadata"]["resourceVersion"] for path in paths] == before


async def test_a_changed_field_is_a_conflict_of_owners(tool: Any, chart: Path, finishing: Any) -> None:
    await tool("helm", "install", "demo", str(chart))
    await tool("kubectl", "patch", "configmap", "demo", "-p", '{"data":{"tag":"theirs"}}')
    refused = await tool("helm", "upgrade", "demo", str(chart), "--set", "tag=ours", ok=False)
    assert 'conflict with "kubectl-patch" using v1: .data.tag' in refused.err


async def test_a_release_fails_when_its_hook_does(tool: Any, chart: Path, client: Any) -> None:
    installing = asyncio.create_task(tool("helm", "install", "demo", str(chart), "--timeout", "30s", ok=False))
    path = "/apis/batch/v1/namespaces/default/jobs/demo-init"
    async with asyncio.timeout(60):
        while (await client("GET", path))[0] != 200:
            await asyncio.sleep(0.02)
    condition = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}
    await client.merge(f"{path}/status", {"status": {"failed": 1, "conditions": [condition]}})
    failed = await installing
    assert failed.code == 1 and "failed pre-install" in failed.err
    (release,) = json.loads((await tool("helm", "list", "--failed", "-o", "json")).out)
    assert release["status"] == "failed"
    # the release was recorded before the hook ran: another install is refused, an uninstall clears it
    assert (await tool("helm", "install", "demo", str(chart), ok=False)).code == 1
    await tool("helm", "uninstall", "demo", "--no-hooks")


async def test_charts_bring_their_own_kinds(tool: Any, chart: Path, finishing: Any) -> None:
    (chart / "crds").mkdir()
    (chart / "crds" / "hosts.yaml").write_text(CRD)
    host = "apiVersion: example.org/v1\nkind: Host\nmetadata: {name: h}\nspec: {hostname: a.example.org}\n"
    (chart / "templates" / "host.yaml").write_text(host)
    await tool("helm", "install", "demo", str(chart))
    found = await finishing.get("/apis/example.org/v1/namespaces/default/hosts/h")
    assert found["spec"] == {"hostname": "a.example.org"}


async def test_an_unknown_kind_is_named(tool: Any, chart: Path) -> None:
    (chart / "templates" / "host.yaml").write_text("apiVersion: example.org/v1\nkind: Host\nmetadata: {name: h}\n")
    refused = await tool("helm", "install", "demo", str(chart), ok=False)
    assert 'no matches for kind "Host" in version "example.org/v1"' in refused.err


async def test_dry_runs_leave_nothing(tool: Any, chart: Path, client: Any) -> None:
    before = client.cluster.store.version
    await tool("helm", "install", "demo", str(chart), "--dry-run=server")
    assert client.cluster.store.version == before


SDK_PROGRAM = """
import json, sys
import helm_python

config = helm_python.Config(kubeconfig_path=sys.argv[1], kube_context="here", namespace="default")
chart = helm_python.Chart.load(sys.argv[2])
states = []
for action in (config.install, config.upgrade):
    states.append(action(chart, "demo", wait="watcher", timeout=30)["status"])
config.uninstall("demo")
print(json.dumps([*states, len(config.list())]))
"""


async def test_the_sdk_installs_and_uninstalls(kubeconfig: Path, chart: Path, finishing: Any, tmp_path: Path) -> None:
    pytest.importorskip("helm_python")
    program = tmp_path / "sdk.py"
    program.write_text(SDK_PROGRAM)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        str(kubeconfig),
        str(chart),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, out.decode()
    assert json.loads(out.decode().splitlines()[-1]) == ["deployed", "deployed", 0]
