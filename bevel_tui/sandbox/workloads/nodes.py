"""The nodes of a simulated cluster, and the scheduler that picks one for a pod."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bevel_tui.kube.client import ApiError
from bevel_tui.sandbox.clock import moment, timestamp
from bevel_tui.sandbox.workloads.hands import Hands
from bevel_tui.sandbox.workloads.jobs import conditions, phase
from bevel_tui.sandbox.workloads.needs import claims
from bevel_tui.sandbox.workloads.view import View

CAPACITY = {"cpu": "16", "memory": "64Gi", "pods": "110", "ephemeral-storage": "200Gi"}
#: real seconds between two signs of life: the control plane's clock is a real one
HEARTBEAT_SECONDS = 10.0
_SUFFIXES: dict[str, Decimal | int] = {
    "": 1, "m": Decimal("0.001"), "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip


def quantity(text: str | float) -> Decimal:
    """A Kubernetes quantity as a number (``500m``, ``2Gi``). Raises ValueError."""
    value = str(text)
    number = value.rstrip("KMGTPEimk")
    try:
        return Decimal(number) * _SUFFIXES[value[len(number) :]]
    except (KeyError, ArithmeticError) as error:
        raise ValueError(f"no quantity: {text!r}") from error


def node_addresses(site: int, count: int = 3) -> list[str]:
    """The addresses of a cluster's nodes as seen from outside."""
    return [f"127.102.{site}.{number}" for number in range(1, count + 1)]


async def create_nodes(hands: Hands, cluster: str, site: int, version: str, *, kubelet_port: int = 10250) -> None:
    """Three Ready nodes named after the cluster, whose kubelets listen on `kubelet_port`.

    From outside they are ``127.102.<site>.<n>``: loopback addresses, as those of load balancers, so that nothing can
    leave the machine; what answers at their node ports is found through the dial map.
    """
    safe = "".join(c if c.isalnum() else "-" for c in cluster.lower()).strip("-") or "cluster"
    for number, external in enumerate(node_addresses(site), start=1):
        name = f"{safe[:50]}-node-{number}"
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/zone": f"sandbox-{number}",
            "topology.kubernetes.io/region": "sandbox",
        }
        await hands.create(
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}}
        )
        status = {
            "capacity": CAPACITY,
            "allocatable": CAPACITY,
            "conditions": conditions(("Ready",), "KubeletReady", "kubelet is posting ready status", timestamp()),
            "addresses": [
                {"type": "Hostname", "address": name},
                {"type": "InternalIP", "address": f"10.0.0.{number}"},
                {"type": "ExternalIP", "address": external},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
            "nodeInfo": {
                "kubeletVersion": version,
                "osImage": "bevel-tui sandbox (simulated)",
                "containerRuntimeVersion": "simulated://1",
                "operatingSystem": "linux",
                "architecture": "amd64",
                "kernelVersion": "",
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
                "kubeProxyVersion": "",
            },
        }
        await hands.patch("Node", None, name, {"status": status}, subresource="status")


async def keep_alive(hands: Hands) -> None:
    """Renew the nodes' Leases, for ever: a real control plane takes nodes without a sign of life for dead."""
    while True:
        now = moment().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for node in hands.view.all("Node"):
            name = node["metadata"]["name"]
            spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": now}
            with contextlib.suppress(ApiError):
                if await hands.patch("Lease", "kube-node-lease", name, {"spec": spec}) is None:
                    meta = {"name": name, "namespace": "kube-node-lease"}
                    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}
                    await hands.create(lease)
        await asyncio.sleep(HEARTBEAT_SECONDS)


def requests(pod: Mapping[str, Any]) -> dict[str, Decimal]:
    """CPU and memory that a pod asks for."""
    found = {"cpu": Decimal(0), "memory": Decimal(0)}
    for container in pod["spec"].get("containers") or ():
        wanted = (container.get("resources") or {}).get("requests") or {}
        for resource in found:
            if wanted.get(resource):
                found[resource] += quantity(wanted[resource])
    return found


def place(view: View, pod: Mapping[str, Any]) -> tuple[str | None, str]:
    """The node for a pod, or None and the scheduler's words why there is none."""
    namespace = pod["metadata"]["namespace"]
    for name in claims(pod):
        claim = view.get("PersistentVolumeClaim", namespace, name)
        if claim is None:
            return None, f'persistentvolumeclaim "{name}" not found'
    nodes = view.all("Node")
    total = len(nodes)
    for name in claims(pod):
        claim = view.get("PersistentVolumeClaim", namespace, name) or {}
        if (claim.get("status") or {}).get("phase") != "Bound":
            return None, _none(total, "pod has unbound immediate PersistentVolumeClaims")
    reasons: dict[str, int] = {}
    best: tuple[int, str] | None = None
    wanted = requests(pod)
    selector = pod["spec"].get("nodeSelector") or {}
    for node in nodes:
        name = node["metadata"]["name"]
        labels = node["metadata"].get("labels") or {}
        here = [p for p in view.all("Pod") if p["spec"].get("nodeName") == name and phase(p) in {"Pending", "Running"}]
        reason = None
        if any(labels.get(k) != v for k, v in selector.items()):
            reason = "node(s) didn't match Pod's node affinity/selector"
        elif node["spec"].get("unschedulable"):
            reason = "node(s) were unschedulable"
        else:
            free = (node.get("status") or {}).get("allocatable") or CAPACITY
            for resource, amount in wanted.items():
                used = sum((requests(p)[resource] for p in here), Decimal(0)) if amount else Decimal(0)
                if amount and amount + used > quantity(free.get(resource, "0")):
                    reason = f"Insufficient {resource}"
                    break
        if reason:
            reasons[reason] = reasons.get(reason, 0) + 1
        elif best is None or len(here) < best[0]:
            best = (len(here), name)
    if best:
        return best[1], ""
    return None, _none(total, ", ".join(f"{count} {reason}" for reason, count in reasons.items()))


def _none(total: int, why: str) -> str:
    return f"0/{total} nodes are available: {why}. preemption: 0/{total} nodes are available: {total} Preemption is not helpful for scheduling."
