"""SVC-*, GW-*, ING-*, DNS-NOEXT: the way from a gateway to a pod, by the objects that describe it."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.diagnosis.evidence import age, condition, events_about, labels, name, namespace, selects, status
from bevel_tui.diagnosis.ground import ready_addresses
from bevel_tui.diagnosis.rule import Pending, may_come
from bevel_tui.diagnosis.say import kubectl, say
from bevel_tui.diagnosis.things import HOSTNAME, backends
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Object

#: seconds: a load balancer may take this long without a word, or with an error that is tried again; endpoints; routes
_BALANCER, _REFUSED, _ENDPOINTS, _ROUTE = 120.0, 10.0, 180.0, 60.0
#: and for how long nothing need be there that a Service selects
_UNSELECTED = 60.0
_GATEWAYS = {
    "edge-stack",
    "emissary-ingress",
    "haproxy-ingress",
    "kubernetes-ingress",
    "istiod",
    "istio-ingressgateway",
}


def balancers(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """SVC-LBPEND: no address, and either the controller says why or nobody has said anything for two minutes."""
    for service in snapshot.of("Service"):
        if (service.get("spec") or {}).get("type") != "LoadBalancer":
            continue
        if (status(service).get("loadBalancer") or {}).get("ingress"):
            continue
        old = age(snapshot, service["metadata"].get("creationTimestamp"))
        said = [
            e.get("message")
            for e in events_about(snapshot, service, "Service")
            if e.get("type") == "Warning" and "LoadBalancer" in str(e.get("reason"))
        ]
        if old < (_REFUSED if said else _BALANCER):
            continue
        yield say(
            "SVC-LBPEND", snapshot, "Service", service,
            f"Service {name(service)} has had no load balancer address for {old:.0f} s.",
            "Install a load balancer controller (MetalLB, minikube tunnel), or correct what the provider refuses.",
            command=kubectl(namespace(service), f"describe service {name(service)}"), evidence=said[-3:],
        )  # fmt: skip


def endpoints(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """SVC-NOEP, SVC-SELECTOR: a Service that nobody answers behind, for longer than a start takes."""
    if not snapshot.knows("EndpointSlice") or not snapshot.knows("Pod"):
        return
    for service in snapshot.of("Service"):
        selector = (service.get("spec") or {}).get("selector")
        where, called = namespace(service) or "", name(service)
        if not selector or where == "kube-system":
            continue
        old = age(snapshot, service["metadata"].get("creationTimestamp"))
        if old < _UNSELECTED:
            continue
        if ready_addresses(snapshot, where, called):
            continue
        pods = [p for p in snapshot.of("Pod") if namespace(p) == where and selects(selector, labels(p))]
        if not pods and not _workload(snapshot, where, selector):
            wanted = ", ".join(f"{k}={v}" for k, v in sorted(selector.items()))
            yield say(
                "SVC-SELECTOR", snapshot, "Service", service, f"Service {called} selects no pod ({wanted}).",
                "Install the release that makes its pods, or correct labels.",
                command=kubectl(where, "get pods --show-labels"),
            )  # fmt: skip
            continue
        if old < _ENDPOINTS:
            continue
        since = [age(snapshot, (condition(p, "Ready") or {}).get("lastTransitionTime")) for p in pods]
        if pods and min(since) < _ENDPOINTS:
            continue
        states = [f"pod {name(p)} is {status(p).get('phase')}, not ready" for p in pods]
        yield say(
            "SVC-NOEP", snapshot, "Service", service, f"Service {called} has no ready endpoint.",
            "Mend its pods.", command=kubectl(where, f"get endpointslices -l kubernetes.io/service-name={called}"),
            evidence=states[:3] or ("there is no pod",), blames=[f"Pod/{where}/{name(p)}" for p in pods],
        )  # fmt: skip


def _workload(snapshot: ClusterSnapshot, where: str, selector: dict[str, str]) -> bool:
    """Whether some workload's pods would be selected."""
    for kind in ("StatefulSet", "Deployment", "DaemonSet", "ReplicaSet"):
        for obj in snapshot.of(kind):
            wanted = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
            if namespace(obj) == where and (selects(selector, wanted) or selects(wanted, selector)):
                return True
    return not all(snapshot.knows(kind) for kind in ("StatefulSet", "Deployment"))


def gateways(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """GW-DOWN: a gateway's workload without one available pod."""
    for kind in ("Deployment", "DaemonSet"):
        for workload in snapshot.of(kind):
            known = {name(workload), labels(workload).get("app.kubernetes.io/name", "")}
            if not known & _GATEWAYS:
                continue
            available = condition(workload, "Available") or {}
            down = available.get("status") == "False" or (
                kind == "DaemonSet"
                and int(status(workload).get("desiredNumberScheduled") or 0)
                and not int(status(workload).get("numberAvailable") or 0)
            )
            since = available.get("lastTransitionTime") or workload["metadata"].get("creationTimestamp")
            if down and age(snapshot, since) >= _ENDPOINTS:
                yield say(
                    "GW-DOWN", snapshot, kind, workload, f"The gateway {name(workload)} has no available pod.",
                    "Look at its pods.", command=kubectl(namespace(workload), "get pods"),
                    evidence=(available.get("message"),),
                )  # fmt: skip


def ingresses(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """ING-CLASS, ING-BACKEND."""
    classes = {name(entry) for entry in snapshot.of("IngressClass")}
    for route in snapshot.of("Ingress"):
        if age(snapshot, route["metadata"].get("creationTimestamp")) < _ROUTE:
            continue
        wanted = (route.get("spec") or {}).get("ingressClassName")
        if wanted and snapshot.knows("IngressClass") and wanted not in classes:
            yield say(
                "ING-CLASS", snapshot, "Ingress", route,
                f"Ingress {name(route)} names the class {wanted}, which does not exist.",
                "Install the gateway, or correct the class.", command=kubectl(None, "get ingressclass"),
                evidence=(f"classes: {', '.join(sorted(classes)) or 'none'}",),
            )  # fmt: skip
        yield from _backends(snapshot, pending, route, "Ingress", "ING-BACKEND")


def mappings(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """GW-BACKEND, GW-CONFLICT."""
    taken: dict[tuple[str, str], Object] = {}
    for kind in ("Mapping", "TCPMapping"):
        for route in snapshot.of(kind):
            if age(snapshot, route["metadata"].get("creationTimestamp")) >= _ROUTE:
                yield from _backends(snapshot, pending, route, kind, "GW-BACKEND")
            spec = route.get("spec") or {}
            if kind != "TCPMapping" or not spec.get("port"):
                continue
            key = (str(spec.get("port")), str(spec.get("host") or ""))
            other = taken.setdefault(key, route)
            if other is not route and spec.get("service") != (other.get("spec") or {}).get("service"):
                yield say(
                    "GW-CONFLICT", snapshot, kind, route,
                    f"TCPMappings {namespace(other)}/{name(other)} and {namespace(route)}/{name(route)} want the same port {key[0]}.",
                    "Give each release a port of its own in the preset.", command=kubectl(None, "get tcpmappings -A"),
                    evidence=(f"host {key[1] or '(any)'}",),
                )  # fmt: skip


def _backends(snapshot: ClusterSnapshot, pending: Pending, route: Object, kind: str, code: str) -> Iterator[Finding]:
    for target in backends(route, kind):
        where, _, called = target.partition("/")
        known = not where or (snapshot.knows("Service") and _seen(snapshot, where))
        if not known or (called and snapshot.find("Service", where, called) is not None):
            continue
        if may_come(pending, "Service", called, where):
            continue
        yield say(
            code, snapshot, kind, route,
            f"{kind} {name(route)} leads to Service {called or '(no name)'} in namespace {where or '(none)'}, which does not exist.",
            "Install the release that makes it, or correct the chart's values.", command=kubectl(where, "get services"),
            blames=(f"Service/{where}/{called}",),
        )  # fmt: skip
        return


def _seen(snapshot: ClusterSnapshot, where: str) -> bool:
    """Whether a namespace's objects are in the snapshot, or the namespace is known not to exist."""
    if any(namespace(o) == where for kind in ("Pod", "Service", "ServiceAccount") for o in snapshot.of(kind)):
        return True
    return snapshot.knows("Namespace") and snapshot.find("Namespace", None, where) is None


def nobody_makes_records(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """DNS-NOEXT: the annotation without the program. Every namespace must be readable for that to be known."""
    asking = [
        service
        for service in snapshot.of("Service")
        if HOSTNAME in ((service["metadata"].get("annotations")) or {})
        and age(snapshot, service["metadata"].get("creationTimestamp")) >= _ROUTE
    ]
    # a wait of the engine sees one namespace, and external-dns lives in another
    if not asking or not snapshot.knows("Deployment") or not snapshot.knows("Namespace"):
        return
    if snapshot.external_dns:
        return  # the sandbox plays it from outside of its clusters, unless its fault external-dns-missing is on
    for kind in ("Deployment", "StatefulSet"):
        for workload in snapshot.of(kind):
            if "external-dns" in {name(workload), labels(workload).get("app.kubernetes.io/name")}:
                return
    service = asking[0]
    yield say(
        "DNS-NOEXT", snapshot, "Service", service,
        f"Service {name(service)} asks external-dns for records, but none runs in cluster {snapshot.cluster}.",
        "Install external-dns, or create the record yourself (dns.mode: manual).",
        command=kubectl(None, "get deployments -A -l app.kubernetes.io/name=external-dns"),
        evidence=(service["metadata"]["annotations"][HOSTNAME],),
    )  # fmt: skip
