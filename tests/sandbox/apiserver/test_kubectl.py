"""kubectl, the official binary, works against a simulated cluster as it would against a real one."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

pytestmark = pytest.mark.sandbox

PODS = "/api/v1/namespaces/default/pods"
MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "nginx:1.25", ports: [{containerPort: 80}], env: [{name: A, value: "1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
"""
POD = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{"name":"c","image":"x"}]}}'


async def run_pod(client: Any) -> None:
    """What a kubelet reports of a running pod."""
    container = {"name": "c", "ready": True, "restartCount": 2, "image": "x", "imageID": "", "state": {"running": {}}}
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [container]}
    await client.merge(f"{PODS}/p/status", {"status": status})


def table(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


async def test_version_and_what_there_is(tool: Any) -> None:
    assert "Server Version: v1.34.2+simulated" in (await tool("kubectl", "version")).out
    rows = table((await tool("kubectl", "api-resources", "--no-headers")).out)
    assert ["deployments", "deploy", "apps/v1", "true", "Deployment"] in rows
    assert "networking.k8s.io/v1" in (await tool("kubectl", "api-versions")).out.split()
    assert (await tool("kubectl", "get", "--raw", "/readyz")).out == "ok"


async def test_apply_is_a_three_way_merge(tool: Any, client: Any) -> None:
    manifest = MANIFEST.replace("REPLICAS", "2")
    first = await tool("kubectl", "apply", "-f", "-", stdin=manifest)
    assert first.out.splitlines() == ["deployment.apps/web created", "service/web created"]
    second = await tool("kubectl", "apply", "-f", "-", stdin=manifest)
    assert second.out.splitlines() == ["deployment.apps/web unchanged", "service/web unchanged"]
    changed = manifest.replace("replicas: 2", "replicas: 3").replace("env: [{name: A", "env: [{name: B")
    assert "deployment.apps/web configured" in (await tool("kubectl", "apply", "-f", "-", stdin=changed)).out
    live = await client.get("/apis/apps/v1/namespaces/default/deployments/web")
    assert live["spec"]["replicas"] == 3
    assert live["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "B", "value": "1"}]
    gone = await tool("kubectl", "delete", "-f", "-", stdin=manifest)
    assert 'deployment.apps "web" deleted' in gone.out


async def test_server_side_apply_reports_conflicts(tool: Any) -> None:
    manifest = MANIFEST.replace("REPLICAS", "2")
    await tool("kubectl", "apply", "--server-side", "-f", "-", stdin=manifest)
    await tool("kubectl", "scale", "deployment/web", "--replicas=5")
    refused = await tool("kubectl", "apply", "--server-side", "-f", "-", stdin=manifest, ok=False)
    assert refused.code == 1
    assert 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas' in refused.err
    forced = await tool("kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=manifest)
    assert "deployment.apps/web serverside-applied" in forced.out


async def test_tables_have_the_usual_columns(tool: Any, client: Any) -> None:
    await tool("kubectl", "apply", "-f", "-", stdin=MANIFEST.replace("REPLICAS", "2"))
    await tool("kubectl", "create", "-f", "-", stdin=POD)
    await run_pod(client)
    rows = table((await tool("kubectl", "get", "pods")).out)
    assert rows[0] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert rows[1][:4] == ["p", "1/1", "Running", "2"]
    rows = table((await tool("kubectl", "get", "deployments")).out)
    assert rows[0] == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert rows[1][:4] == ["web", "0/2", "0", "0"]
    rows = table((await tool("kubectl", "get", "svc", "web", "-o", "wide")).out)
    assert rows[0] == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"]
    assert rows[1][1] == "NodePort" and rows[1][-1] == "app=web"
    everything = (await tool("kubectl", "get", "all", "-A")).out
    assert "deployment.apps/web" in everything and "service/kubernetes" in everything
    assert (await tool("kubectl", "get", "pods", "-n", "nope")).err == "No resources found in nope namespace.\n"


async def test_describe_shows_events(tool: Any, client: Any) -> None:
    await tool("kubectl", "create", "-f", "-", stdin=POD)
    await run_pod(client)
    uid = (await client.get(f"{PODS}/p"))["metadata"]["uid"]
    event = {
        "metadata": {"name": "p.1"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default", "uid": uid},
        "type": "Warning",
        "reason": "BackOff",
        "message": "Back-off pulling image",
        "count": 3,
        "source": {"component": "kubelet"},
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }
    await client.post("/api/v1/namespaces/default/events", event)
    text = (await tool("kubectl", "describe", "pod", "p")).out
    assert "Service Account:  default" in text and "Back-off pulling image" in text
    rows = table((await tool("kubectl", "get", "events")).out)
    assert rows[0] == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert rows[1][1:4] == ["Warning", "BackOff", "pod/p"]


async def test_logs(tool: Any, client: Any) -> None:
    await tool("kubectl", "create", "-f", "-", stdin=POD)
    waiting = await tool("kubectl", "logs", "p", ok=False)
    assert 'container "c" in pod "p" is waiting to start: ContainerCreating' in waiting.err
    await run_pod(client)
    await client("POST", "/bevel-tui/logs/default/p/c", b"hello\nworld\n", media="text/plain")
    assert (await tool("kubectl", "logs", "p", "--tail=1")).out == "world\n"
    following = asyncio.create_task(tool("kubectl", "logs", "-f", "p"))
    await client("POST", "/bevel-tui/logs/default/p/c", b"end\n", media="text/plain", end="true")
    assert (await following).out == "hello\nworld\nend\n"
    refused = await tool("kubectl", "exec", "p", "--", "ls", ok=False)
    assert "this cluster is simulated" in refused.err


async def test_waiting_follows_a_watch(tool: Any, client: Any) -> None:
    await tool("kubectl", "create", "-f", "-", stdin=POD)
    waiting = asyncio.create_task(tool("kubectl", "wait", "--for=condition=Ready", "pod/p", "--timeout=20s"))
    while not client.cluster.store.collection("pods").watchers:
        await asyncio.sleep(0.01)
    await run_pod(client)
    assert "pod/p condition met" in (await waiting).out
    deleting = asyncio.create_task(tool("kubectl", "delete", "pod", "p"))
    while "deletionTimestamp" not in (await client.get(f"{PODS}/p"))["metadata"]:
        await asyncio.sleep(0.01)
    assert not deleting.done()
    await client.delete(f"{PODS}/p", {"gracePeriodSeconds": 0})
    assert 'pod "p" deleted' in (await deleting).out


async def test_a_namespace_is_waited_for(tool: Any) -> None:
    await tool("kubectl", "create", "namespace", "team")
    await tool("kubectl", "-n", "team", "create", "configmap", "c", "--from-literal=a=b")
    await tool("kubectl", "delete", "namespace", "team")
    assert "NotFound" in (await tool("kubectl", "get", "namespace", "team", ok=False)).err


@pytest.mark.parametrize(
    ("arguments", "resource"),
    [
        (("configmap", "c", "--from-literal=a=b"), "configmap/c"),
        (("secret", "generic", "s", "--from-literal=k=v"), "secret/s"),
        (("deployment", "d", "--image=nginx", "--port=80"), "deployment.apps/d"),
        (("job", "j", "--image=busybox", "--", "true"), "job.batch/j"),
        (("cronjob", "j", "--image=busybox", "--schedule=* * * * *", "--", "true"), "cronjob.batch/j"),
        (("service", "clusterip", "s", "--tcp=80:8080"), "service/s"),
        (("serviceaccount", "a"), "serviceaccount/a"),
        (("ingress", "i", "--rule=a.example.org/*=s:80"), "ingress.networking.k8s.io/i"),
        (("role", "r", "--verb=get", "--resource=pods"), "role.rbac.authorization.k8s.io/r"),
        (("rolebinding", "b", "--role=r", "--user=joe"), "rolebinding.rbac.authorization.k8s.io/b"),
        (("quota", "q", "--hard=pods=1"), "resourcequota/q"),
        (("poddisruptionbudget", "p", "--selector=a=b", "--min-available=1"), "poddisruptionbudget.policy/p"),
        (("priorityclass", "p", "--value=1"), "priorityclass.scheduling.k8s.io/p"),
    ],
)
async def test_creating_by_command(tool: Any, arguments: tuple[str, ...], resource: str) -> None:
    # most of these arrive as protobuf
    assert (await tool("kubectl", "create", *arguments)).out == f"{resource} created\n"
    kind, _, name = resource.partition("/")
    found = json.loads((await tool("kubectl", "get", kind, name, "-o", "json")).out)
    assert found["metadata"]["name"] == name


async def test_editing_by_command(tool: Any, client: Any) -> None:
    await tool("kubectl", "create", "deployment", "d", "--image=nginx")
    await tool("kubectl", "label", "deployment", "d", "a=b")
    await tool("kubectl", "annotate", "deployment", "d", "c=d")
    await tool("kubectl", "set", "image", "deployment/d", "nginx=nginx:2")
    await tool("kubectl", "set", "env", "deployment/d", "X=1")
    patch = '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","env":[{"name":"Y","value":"2"}]}]}}}}'
    await tool("kubectl", "patch", "deployment", "d", "-p", patch)
    await tool(
        "kubectl", "patch", "deployment", "d", "--type=json", "-p", '[{"op":"remove","path":"/metadata/labels/a"}]'
    )
    live = await client.get("/apis/apps/v1/namespaces/default/deployments/d")
    container = live["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "nginx:2"
    assert {e["name"]: e["value"] for e in container["env"]} == {"X": "1", "Y": "2"}
    assert live["metadata"]["labels"] == {"app": "d"} and live["metadata"]["annotations"] == {"c": "d"}
    again = await tool("kubectl", "label", "deployment", "d", "app=other", ok=False)
    assert "already has a value" in again.err


async def test_rights(tool: Any) -> None:
    assert (await tool("kubectl", "auth", "can-i", "create", "pods")).out == "yes\n"
    assert "kubernetes-admin" in (await tool("kubectl", "auth", "whoami")).out
    denied = await tool("kubectl", "auth", "can-i", "create", "pods", "--as=joe", ok=False)
    assert (denied.code, denied.out) == (1, "no\n")
    refused = await tool("kubectl", "get", "pods", "--as=joe", "--as-group=team", ok=False)
    assert 'User "joe" cannot list resource "pods"' in refused.err
    assert "*.*" in (await tool("kubectl", "auth", "can-i", "--list")).out


async def test_mistakes_are_told_as_usual(tool: Any) -> None:
    missing = await tool("kubectl", "get", "pod", "nope", ok=False)
    assert missing.err == 'Error from server (NotFound): pods "nope" not found\n'
    unknown = await tool("kubectl", "get", "things", ok=False)
    assert unknown.err == 'error: the server doesn\'t have a resource type "things"\n'
    typo = MANIFEST.replace("REPLICAS", "1").replace("replicas:", "replcas:")
    refused = await tool("kubectl", "apply", "-f", "-", stdin=typo, ok=False)
    assert 'strict decoding error: unknown field "spec.replcas"' in refused.err
    stranger = "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: x}\n"
    refused = await tool("kubectl", "apply", "-f", "-", stdin=stranger, ok=False)
    assert 'no matches for kind "Thing" in version "example.org/v1"' in refused.err


async def test_explain_knows_the_fields(tool: Any) -> None:
    text = (await tool("kubectl", "explain", "deployment.spec.strategy")).out
    assert "rollingUpdate" in text and "RollingUpdateDeployment" in text


async def test_custom_resources(tool: Any) -> None:
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "hosts.example.org"},
        "spec": {
            "group": "example.org",
            "scope": "Namespaced",
            "names": {"plural": "hosts", "kind": "Host"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                    "additionalPrinterColumns": [{"name": "Where", "type": "string", "jsonPath": ".spec.hostname"}],
                }
            ],
        },
    }
    await tool("kubectl", "apply", "-f", "-", stdin=json.dumps(definition))
    await tool("kubectl", "wait", "--for=condition=Established", "crd/hosts.example.org", "--timeout=10s")
    host = {
        "apiVersion": "example.org/v1",
        "kind": "Host",
        "metadata": {"name": "h"},
        "spec": {"hostname": "a.example.org"},
    }
    await tool("kubectl", "apply", "-f", "-", stdin=json.dumps(host))
    rows = table((await tool("kubectl", "get", "hosts")).out)
    assert rows == [["NAME", "WHERE"], ["h", "a.example.org"]]
