"""What the server hands out to Services: cluster addresses (10.96.0.0/16) and node ports (30000-32767)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bevel_tui.sandbox.apiserver.errors import Cause, Refusal, invalid
from bevel_tui.sandbox.apiserver.kinds import Kind
from bevel_tui.sandbox.apiserver.names import wrong

Object = dict[str, Any]
NODE_PORTS = range(30000, 32768)


def allocate(kind: Kind, service: Object, old: Object | None, services: Iterable[Object]) -> None:
    """Give a Service its cluster address and node ports. Raises Refusal(422) for what is taken or out of range."""
    spec = service["spec"]
    others = [s for s in services if s["metadata"]["uid"] != service["metadata"]["uid"]]
    before = (old or {}).get("spec") or {}
    if spec["type"] == "ExternalName":
        for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            spec.pop(key, None)
        return
    held = before.get("clusterIP")
    if held and not spec.get("clusterIP"):
        spec["clusterIP"] = held
    if held and held != spec["clusterIP"] and before.get("type") != "ExternalName":
        raise invalid("Service", "", service["metadata"]["name"], [wrong("spec.clusterIPs[0]", [spec["clusterIP"]], "may not change once set")])  # fmt: skip
    if not spec.get("clusterIP"):
        taken = {s["spec"].get("clusterIP") for s in others}
        spec["clusterIP"] = _address(taken, service["metadata"]["uid"])
    spec["clusterIPs"] = [spec["clusterIP"]]
    _node_ports(kind, service, before, others)


def _address(taken: set[Any], uid: str) -> str:
    start = int(uid.replace("-", "")[:8], 16)
    for step in range(65000):
        number = (start + step) % 65000 + 256  # the first ones are Kubernetes' own
        address = f"10.96.{number // 256}.{number % 256}"
        if address not in taken and number % 256 not in {0, 255} and number < 65536:
            return address
    raise AssertionError("65,000 Services")


def _node_ports(kind: Kind, service: Object, before: Object, others: list[Object]) -> None:
    spec = service["spec"]
    wanted = spec["type"] == "NodePort" or (
        spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True)
    )
    if not wanted:
        if spec["type"] == "ClusterIP":
            for port in spec.get("ports") or ():
                port.pop("nodePort", None)
        return
    taken = {p.get("nodePort") for s in others for p in s["spec"].get("ports") or ()}
    earlier = {(p.get("port"), p.get("protocol")): p.get("nodePort") for p in before.get("ports") or ()}
    ports = spec.get("ports") or []
    for n, port in enumerate(ports):
        number = port.get("nodePort") or earlier.get((port.get("port"), port.get("protocol")))
        if number:
            if number not in NODE_PORTS:
                raise _out_of_range(kind, service, n, number)
            if number in taken:
                cause = Cause("FieldValueInvalid", f"Invalid value: {number}: provided port is already allocated", f"spec.ports[{n}].nodePort")  # fmt: skip
                raise invalid("Service", "", service["metadata"]["name"], [cause])
            port["nodePort"] = number
            taken.add(number)
    start = int(service["metadata"]["uid"].replace("-", "")[-8:], 16)
    for n, port in enumerate(ports):
        if not port.get("nodePort"):
            free = (NODE_PORTS[(start + n + i) % len(NODE_PORTS)] for i in range(len(NODE_PORTS)))
            port["nodePort"] = next(number for number in free if number not in taken)
            taken.add(port["nodePort"])


def _out_of_range(kind: Kind, obj: Object, n: int, port: int) -> Refusal:
    """The refusal of a node port outside 30000-32767."""
    text = "provided port is not in the valid range. The range of valid ports is 30000-32767"
    return invalid(kind.kind, kind.group, obj["metadata"]["name"], [wrong(f"spec.ports[{n}].nodePort", port, text)])
