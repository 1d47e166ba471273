"""Faults of whole clusters: objects changed as an administrator, a kubelet or a bad day would, and answers withheld."""

from __future__ import annotations

import fnmatch
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from bevel_tui.records.steps import ObjectRef
from bevel_tui.sandbox.clock import timestamp
from bevel_tui.sandbox.workloads.view import Object

if TYPE_CHECKING:
    from bevel_tui.sandbox.apiserver import SimulatedCluster
    from bevel_tui.sandbox.world import Site

#: undoes what a script did
Heal = Callable[[], Awaitable[None]]
_OWN = {"default", "kube-system", "kube-public", "kube-node-lease", "bevel-tui"}


async def _nothing() -> None:
    return None


def _for_namespaces(site: Site, target: str, obj: dict[str, Any]) -> None:
    """Create an object in every namespace of the pattern, those that come included."""

    def seen(change: str, _kind: str, space: Object) -> None:
        name = space["metadata"]["name"]
        if change == "ADDED" and name not in _OWN and fnmatch.fnmatch(name, target):
            site.errands.do(site.hands.create({**obj, "metadata": {"name": "fault", "namespace": name}}))

    site.view.listen(["Namespace"], seen)
    for space in site.view.all("Namespace"):
        seen("ADDED", "Namespace", space)


async def quota(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """A ResourceQuota of no pods."""
    obj = {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"pods": "0"}}}
    _for_namespaces(site, target, obj)
    return _nothing


async def limit_range(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """A LimitRange whose least is more than pods ask for."""
    limits = [{"type": "Container", "min": {"memory": "64Gi"}}]
    _for_namespaces(site, target, {"apiVersion": "v1", "kind": "LimitRange", "spec": {"limits": limits}})
    return _nothing


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
    """A webhook's configuration whose Service has gone."""
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

    async def heal() -> None:
        await site.client.delete(ObjectRef(made["apiVersion"], kind, "policy"))

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


def _withhold(server: SimulatedCluster | None, answer: Callable[[Any], None]) -> Heal:
    if server is None:
        raise ValueError("only simulated API servers can withhold answers")
    token = f"Bearer {server.admin.token}"

    def fault(request: Any) -> None:
        if request.headers.get("Authorization") == token:
            answer(request)

    server.faults.append(fault)

    async def heal() -> None:
        server.faults.remove(fault)

    return heal


SCRIPTS: dict[str, Callable[[Site, SimulatedCluster | None, str], Awaitable[Heal]]] = {
    function.__name__: function
    for function in (
        quota, limit_range, node_down, node_pressure, node_network, cordoned, webhook_down, api_down, expired,
    )
}  # fmt: skip
