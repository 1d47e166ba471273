"""Faults of whole clusters: objects changed as an administrator, a kubelet or a bad day would, and answers withheld."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from bevel_tui.records.steps import ObjectRef
from bevel_tui.sandbox.clock import timestamp
from bevel_tui.sandbox.faults.spaces import Heal

if TYPE_CHECKING:
    from bevel_tui.sandbox.apiserver import SimulatedCluster
    from bevel_tui.sandbox.world import Site


async def node_down(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """What the node lifecycle controller writes when a kubelet is silent."""
    return await _condition(site, "Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")


async def node_pressure(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """What the kubelet writes when memory is short."""
    words = "kubelet has insufficient memory available"
    return await _condition(site, "MemoryPressure", "True", "KubeletHasInsufficientMemory", words)


async def node_network(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """What the route controller writes."""
    words = "RouteController failed to create a route"
    return await _condition(site, "NetworkUnavailable", "True", "NoRouteCreated", words)


async def _condition(site: Site, kind: str, state: str, reason: str, message: str) -> Heal:
    node = site.view.all("Node")[0]
    name = node["metadata"]["name"]
    before = list((node.get("status") or {}).get("conditions") or ())
    entry = {"type": kind, "status": state, "reason": reason, "message": message, "lastTransitionTime": timestamp()}
    wanted = [*(c for c in before if c["type"] != kind), entry]
    await site.hands.patch("Node", None, name, {"status": {"conditions": wanted}}, subresource="status")

    async def heal() -> None:
        await site.hands.patch("Node", None, name, {"status": {"conditions": before}}, subresource="status")

    return heal


async def cordoned(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """kubectl cordon, on every node."""
    names = [node["metadata"]["name"] for node in site.view.all("Node")]
    for name in names:
        await site.hands.patch("Node", None, name, {"spec": {"unschedulable": True}})

    async def heal() -> None:
        for name in names:
            await site.hands.patch("Node", None, name, {"spec": {"unschedulable": None}})

    return heal


async def webhook_down(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """A webhook's configuration whose Service has gone: the API server refuses pods in the webhook's stead.

    [kubernetes: apiserver admission/plugin/webhook/validating/dispatcher.go, NewCallWebhookError]
    """
    kind = "ValidatingWebhookConfiguration"
    service = {"namespace": "policies", "name": "policy"}
    hook = {
        "name": "check.example.test",
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": service},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
    }
    made: dict[str, Any] = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "policy"},
    }
    await site.client.create({**made, "webhooks": [hook]})
    words = (
        'Internal error occurred: failed calling webhook "check.example.test": failed to call webhook: Post '
        '"https://policy.policies.svc:443/?timeout=10s": service "policy" not found'
    )

    from bevel_tui.sandbox.apiserver.errors import Refusal

    def fault(request: Any) -> None:
        # as long as the configuration is there, however it goes
        wants_pod = request.method == "POST" and request.path.endswith("/pods")
        if wants_pod and server is not None and server.store.get(_HOOKS, None, "policy"):
            raise Refusal(500, words, reason="InternalError")

    if server is not None:
        server.faults.append(fault)

    async def heal() -> None:
        await site.client.delete(ObjectRef(made["apiVersion"], kind, "policy"))

    return heal


async def no_storage_class(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """No StorageClass is the default any more."""
    key = "storageclass.kubernetes.io/is-default-class"
    names = [
        found["metadata"]["name"]
        for found in site.view.all("StorageClass")
        if (found["metadata"].get("annotations") or {}).get(key) == "true"
    ]

    async def mark(value: str) -> None:
        for name in names:
            await site.hands.patch("StorageClass", None, name, {"metadata": {"annotations": {key: value}}})

    await mark("false")

    async def heal() -> None:
        await mark("true")

    return heal


async def cluster_dns(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """Somebody has scaled CoreDNS to nothing."""
    labels = {"k8s-app": "kube-dns"}
    pod = {"containers": [{"name": "coredns", "image": "registry.k8s.io/coredns/coredns:v1.12.1"}]}
    made = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "coredns", "namespace": "kube-system", "labels": labels},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    await site.client.create(made)

    async def heal() -> None:
        await site.hands.patch("Deployment", "kube-system", "coredns", {"spec": {"replicas": 1}})

    return heal


async def crd_clash(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """A definition whose names another one has [kubernetes: apiextensions-apiserver naming_controller.go]."""
    words = '"meshes" is already in use'
    entry = {"type": "NamesAccepted", "status": "False", "reason": "PluralConflict", "message": words}
    return await _definition(site, {**entry, "lastTransitionTime": timestamp()})


async def conversion_down(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """A definition whose conversion webhook has nobody behind it."""
    service = {"namespace": "emissary-system", "name": "emissary-apiext", "path": "/webhooks/crd-convert"}
    webhook = {"clientConfig": {"service": service}, "conversionReviewVersions": ["v1"]}
    return await _definition(site, None, {"strategy": "Webhook", "webhook": webhook})


async def _definition(site: Site, entry: dict[str, Any] | None, conversion: dict[str, Any] | None = None) -> Heal:
    name = "meshes.example.test"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    spec = {
        "group": "example.test",
        "scope": "Namespaced",
        "names": {"plural": "meshes", "singular": "mesh", "kind": "Mesh", "listKind": "MeshList"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        **({"conversion": conversion} if conversion else {}),
    }
    version, kind = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
    await site.client.create({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec})
    if entry is not None:
        await site.client.patch(
            ObjectRef(version, kind, name), {"status": {"conditions": [entry]}}, subresource="status"
        )

    async def heal() -> None:
        await site.client.delete(ObjectRef(version, kind, name))

    return heal


async def api_down(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """Connections of users break off without an answer; the simulator goes on."""

    def break_off(request: Any) -> None:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError

    return _withhold(server, break_off)


async def expired(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """401, as of a token that has expired."""
    from bevel_tui.sandbox.apiserver.errors import Refusal

    def refuse(request: Any) -> None:
        raise Refusal(401, "Unauthorized", reason="Unauthorized")

    return _withhold(server, refuse)


async def denied(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """403 to everything: the user has no rights in this cluster."""
    from bevel_tui.sandbox.apiserver.errors import Refusal

    def refuse(request: Any) -> None:
        raise Refusal(403, f'User "admin" cannot get path "{request.path}"', reason="Forbidden")

    return _withhold(server, refuse)


async def rights(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """The user may not list Services."""
    from bevel_tui.sandbox.apiserver.errors import Refusal

    words = 'services is forbidden: User "admin" cannot list resource "services" in API group "" at the cluster scope'

    def refuse(request: Any) -> None:
        if request.path.endswith("/services"):
            raise Refusal(403, words, reason="Forbidden")

    return _withhold(server, refuse)


async def api_slow(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """Every small request takes three seconds."""

    async def later(request: Any) -> None:
        if request.path == "/version":
            await asyncio.sleep(3.0)

    return _withhold(server, later)


async def clock(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """The cluster's clock is ten minutes ahead: its Date header says so."""

    def ahead(request: Any) -> Any:
        from aiohttp import web

        if request.path != "/version":
            return None
        date = formatdate(time.time() + 600.0, usegmt=True)
        return web.json_response({"gitVersion": "v1.34.1"}, headers={"Date": date})

    return _withhold(server, ahead)


def _withhold(server: SimulatedCluster | None, answer: Callable[[Any], Any]) -> Heal:
    """Answer the user instead of the server; None lets the server answer."""
    if server is None:
        raise ValueError("only simulated API servers can withhold answers")
    token = f"Bearer {server.admin.token}"

    def fault(request: Any) -> Any:
        return answer(request) if request.headers.get("Authorization") == token else None

    server.faults.append(fault)

    async def heal() -> None:
        server.faults.remove(fault)

    return heal


_HOOKS = "validatingwebhookconfigurations.admissionregistration.k8s.io"

SCRIPTS: dict[str, Callable[[Site, SimulatedCluster | None, str], Awaitable[Heal]]] = {
    function.__name__: function
    for function in (
        node_down, node_pressure, node_network, cordoned, webhook_down, no_storage_class, cluster_dns, crd_clash,
        conversion_down, api_down, expired, denied, rights, api_slow, clock,
    )
}  # fmt: skip
