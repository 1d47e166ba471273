"""Endpoints for Services, and addresses for those of type LoadBalancer (ours or not)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bevel_tui.sandbox.clock import Clock
from bevel_tui.sandbox.faults.troubles import Trouble
from bevel_tui.sandbox.workloads.hands import Hands, owner_reference
from bevel_tui.sandbox.workloads.jobs import phase, ready
from bevel_tui.sandbox.workloads.queue import Key, Queue
from bevel_tui.sandbox.workloads.view import Object, View

LB_SECONDS = 1.5
#: between two attempts of a provider that refuses
RETRY_SECONDS = 10.0
Troubled = Callable[[Object], Trouble | None]


def selected(view: View, service: Mapping[str, Any]) -> list[Object]:
    """The pods that a Service selects (none without a selector)."""
    selector = service["spec"].get("selector")
    if not selector:
        return []
    return [
        pod
        for pod in view.all("Pod", service["metadata"]["namespace"])
        if all((pod["metadata"].get("labels") or {}).get(k) == v for k, v in selector.items())
    ]


def target_port(port: Mapping[str, Any], pod: Mapping[str, Any]) -> int | None:
    """The container port behind a Service port; None when the pod has no port of that name."""
    wanted = port.get("targetPort") or port["port"]
    if isinstance(wanted, int):
        return wanted
    if str(wanted).isdigit():
        return int(wanted)
    for container in pod["spec"].get("containers") or ():
        for offered in container.get("ports") or ():
            if offered.get("name") == wanted:
                return int(offered["containerPort"])
    return None


class Endpoints:
    """The endpoint controllers: one EndpointSlice, and the older Endpoints, per Service with a selector."""

    def __init__(self, view: View, hands: Hands) -> None:
        self.view = view
        self.hands = hands
        self.queue = Queue("endpoints", self.reconcile)
        self._known: dict[Key, Any] = {}
        view.listen(["Service"], lambda _change, _kind, obj: self._add(obj))
        view.listen(["Pod"], self._pod)

    def _add(self, obj: Mapping[str, Any]) -> None:
        self.queue.add((obj["metadata"]["namespace"], obj["metadata"]["name"]))

    def _pod(self, _change: str, _kind: str, pod: Object) -> None:
        labels = pod["metadata"].get("labels") or {}
        for service in self.view.all("Service", pod["metadata"]["namespace"]):
            selector = service["spec"].get("selector")
            if selector and all(labels.get(k) == v for k, v in selector.items()):
                self._add(service)

    async def reconcile(self, key: Key) -> None:
        """Write the endpoints of one Service."""
        service = self.view.get("Service", *key)
        if service is None or not service["spec"].get("selector"):
            self._known.pop(key, None)
            return
        pods = [
            pod
            for pod in selected(self.view, service)
            if (pod.get("status") or {}).get("podIP")
            and phase(pod) == "Running"
            and not pod["metadata"].get("deletionTimestamp")
        ]
        pods.sort(key=lambda p: str(p["metadata"]["name"]))
        ports = [
            {"name": p.get("name", ""), "port": port, "protocol": p.get("protocol", "TCP")}
            for p in service["spec"].get("ports") or ()
            for port in [target_port(p, pods[0]) if pods else None]
            if port is not None
        ]
        state = (service["metadata"]["uid"], ports, [(p["metadata"]["uid"], ready(p)) for p in pods])
        if self._known.get(key) == state:
            return
        await self._write_slice(service, pods, ports)
        await self._write_endpoints(service, pods, ports)
        self._known[key] = state

    async def _write_slice(self, service: Object, pods: list[Object], ports: list[dict[str, Any]]) -> None:
        namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
        always = bool(service["spec"].get("publishNotReadyAddresses"))
        endpoints = [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {
                    "ready": ready(pod) or always,
                    "serving": ready(pod),
                    "terminating": bool(pod["metadata"].get("deletionTimestamp")),
                },
                "nodeName": pod["spec"].get("nodeName"),
                "targetRef": _target(pod),
            }
            for pod in pods
        ]
        body = {"endpoints": endpoints, "ports": ports}
        slice_name = f"{name}-sim"
        if self.view.get("EndpointSlice", namespace, slice_name) is None:
            labels = {
                "kubernetes.io/service-name": name,
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            }
            made = await self.hands.create(
                {
                    "apiVersion": "discovery.k8s.io/v1",
                    "kind": "EndpointSlice",
                    "metadata": {
                        "name": slice_name,
                        "namespace": namespace,
                        "labels": labels,
                        "ownerReferences": [owner_reference(service)],
                    },
                    "addressType": "IPv4",
                    **body,
                }
            )
            if made:
                return
        await self.hands.patch("EndpointSlice", namespace, slice_name, body)

    async def _write_endpoints(self, service: Object, pods: list[Object], ports: list[dict[str, Any]]) -> None:
        namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
        always = bool(service["spec"].get("publishNotReadyAddresses"))
        lists: dict[str, list[dict[str, Any]]] = {"addresses": [], "notReadyAddresses": []}
        for pod in pods:
            entry = {
                "ip": pod["status"]["podIP"],
                "nodeName": pod["spec"].get("nodeName"),
                "targetRef": _target(pod),
            }
            lists["addresses" if ready(pod) or always else "notReadyAddresses"].append(entry)
        subset = {key: value for key, value in lists.items() if value}
        subsets = [{**subset, "ports": ports}] if subset and ports else []
        if await self.hands.patch("Endpoints", namespace, name, {"subsets": subsets}) is None:
            await self.hands.create(
                {
                    "apiVersion": "v1",
                    "kind": "Endpoints",
                    "metadata": {
                        "name": name,
                        "namespace": namespace,
                        "ownerReferences": [owner_reference(service)],
                    },
                    "subsets": subsets,
                }
            )


def _target(pod: Mapping[str, Any]) -> dict[str, Any]:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


class LoadBalancers:
    """A cloud's load balancer controller: every Service of that type gets ``127.101.<cluster>.<n>`` after a while.

    The addresses are loopback ones, so that nothing can ever leave the machine; what answers there is found
    through the dial map.
    """

    def __init__(self, view: View, hands: Hands, clock: Clock, number: int, *, trouble: Troubled | None = None) -> None:
        self.view = view
        self.hands = hands
        self.clock = clock
        self.number = number
        self._trouble = trouble
        self.queue = Queue("service", self.reconcile)
        self._due: dict[str, float] = {}
        view.listen(["Service"], self._changed)

    def _changed(self, change: str, _kind: str, service: Object) -> None:
        if change != "DELETED" and service["spec"].get("type") == "LoadBalancer":
            self.queue.add((service["metadata"]["namespace"], service["metadata"]["name"]))

    async def reconcile(self, key: Key) -> None:
        """Give one Service its address when its time has come."""
        service = self.view.get("Service", *key)
        if service is None or service["spec"].get("type") != "LoadBalancer" or addresses(service):
            return
        uid = service["metadata"]["uid"]
        if uid not in self._due:
            self._due[uid] = self.clock.now() + LB_SECONDS
            self.hands.event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer", "service-controller")
        wait = self._due[uid] - self.clock.now()
        if wait > 0:
            self.queue.add_later(key, wait / self.clock.speed + 0.005)
            return
        trouble = self._trouble(service) if self._trouble else None
        if trouble is not None:
            self.hands.event(service, "Warning", trouble.reason, trouble.words(service), "service-controller")
            self.queue.add_later(key, RETRY_SECONDS / self.clock.speed)
            return
        address = self._free()
        ingress = {"ip": address, "ipMode": "VIP"}
        await self.hands.patch(
            "Service", *key, {"status": {"loadBalancer": {"ingress": [ingress]}}}, subresource="status"
        )
        self.hands.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer", "service-controller")

    def _free(self) -> str:
        taken = {a for s in self.view.all("Service") for a in addresses(s)}
        for number in range(1, 255):
            address = f"127.101.{self.number}.{number}"
            if address not in taken:
                return address
        raise RuntimeError("no load balancer address is left")


def addresses(service: Mapping[str, Any]) -> list[str]:
    """The addresses of a Service's load balancer."""
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [str(i.get("ip") or i.get("hostname")) for i in ingress]
