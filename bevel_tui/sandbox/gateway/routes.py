"""Where a gateway sends what: read from Ingress and Ambassador objects as they stand in the cluster, pure.

HAProxy Ingress: rules of its class, passthrough by SNI where the annotation asks for it, HTTP by Host header.
Ambassador (Emissary-ingress, Edge Stack): Listeners open ports, Hosts choose certificates and treat plain HTTP,
Mappings route by Host header and prefix, TCPMappings by port. Node ports need no gateway: every node of a cluster has
them open (Indy without a gateway).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bevel_tui.sandbox.components import endpoint_pods
from bevel_tui.sandbox.workloads.services import addresses, selected, target_port
from bevel_tui.sandbox.workloads.view import Object, View
from bevel_tui.sandbox.world import Site

Kind = Literal["haproxy", "ambassador"]
DoorKind = Literal["haproxy", "ambassador", "node"]
PASSTHROUGH = ("ingress.kubernetes.io/ssl-passthrough", "haproxy-ingress.github.io/ssl-passthrough")
_WORDS: tuple[tuple[str, Kind], ...] = (
    ("haproxy", "haproxy"),
    ("emissary", "ambassador"),
    ("edge-stack", "ambassador"),
    ("ambassador", "ambassador"),
    ("datawire/aes", "ambassador"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A backend: a Service's port. `tls` whether the gateway speaks TLS to it; `upgrade` whether websockets pass."""

    namespace: str
    service: str
    port: int | str
    tls: bool = False
    upgrade: bool = True


@dataclass(frozen=True, slots=True)
class Door:
    """A port of a load balancer that leads to a gateway controller, or of a node that leads to a Service.

    `target` is the controller's port, or the node port itself."""

    address: str
    port: int
    kind: DoorKind
    target: int
    ingress_class: str = "haproxy"


def controller_kind(pod: Mapping[str, Any]) -> Kind | None:
    """Which gateway a pod runs, by its image and labels; None for any other pod."""
    words = " ".join(
        [
            *(str(c.get("image", "")) for c in pod["spec"].get("containers") or ()),
            str((pod["metadata"].get("labels") or {}).get("app.kubernetes.io/name", "")),
        ]
    )
    return next((kind for word, kind in _WORDS if word in words), None)


def doors(site: Site) -> list[Door]:
    """All open doors: LoadBalancer Services with an address, in front of a controller that is Ready; node ports."""
    found = node_doors(site)
    for service in site.view.all("Service"):
        if service["spec"].get("type") != "LoadBalancer" or service["metadata"].get("deletionTimestamp"):
            continue
        pods = [(pod, kind) for pod in endpoint_pods(site, service) if (kind := controller_kind(pod))]
        if not pods:
            continue
        pod, kind = pods[0]
        for address in addresses(service):
            for entry in service["spec"].get("ports") or ():
                target = target_port(entry, pod)
                if entry.get("protocol", "TCP") == "TCP" and target is not None and _listens(site.view, kind, target):
                    found.append(Door(address, entry["port"], kind, target, _ingress_class(pod)))
    return found


def node_doors(site: Site) -> list[Door]:
    """The ports of Services of type NodePort with a ready pod, on every node that has an outer address."""
    ports = [
        int(entry["nodePort"])
        for service in site.view.all("Service")
        if service["spec"].get("type") == "NodePort" and not service["metadata"].get("deletionTimestamp")
        if endpoint_pods(site, service)
        for entry in service["spec"].get("ports") or ()
        if entry.get("nodePort") and entry.get("protocol", "TCP") == "TCP"
    ]
    outer = [
        str(entry["address"])
        for node in (site.view.all("Node") if ports else ())
        for entry in (node.get("status") or {}).get("addresses") or ()
        if entry.get("type") == "ExternalIP"
    ]
    return [Door(address, port, "node", port) for address in outer for port in ports]


def node_target(view: View, port: int) -> Target | None:
    """The Service that a node port leads to."""
    for service in view.all("Service"):
        for entry in service["spec"].get("ports") or ():
            if service["spec"].get("type") == "NodePort" and entry.get("nodePort") == port:
                return Target(service["metadata"]["namespace"], service["metadata"]["name"], int(entry["port"]))
    return None


def gateway_services(site: Site) -> list[Object]:
    """The LoadBalancer Services in front of gateways, Ready or not: where a person looks for the address."""
    return [
        service
        for service in site.view.all("Service")
        if service["spec"].get("type") == "LoadBalancer"
        and any(controller_kind(pod) for pod in selected(site.view, service))
    ]


def _listens(view: View, kind: Kind, port: int) -> bool:
    return port in {80, 443} if kind == "haproxy" else listener(view, port) is not None


def _ingress_class(pod: Mapping[str, Any]) -> str:
    for container in pod["spec"].get("containers") or ():
        for argument in [*(container.get("command") or ()), *(container.get("args") or ())]:
            if argument.startswith("--ingress-class="):
                return str(argument.partition("=")[2])
    return "haproxy"


# ---------------------------------------------------------------- HAProxy Ingress


def _ingresses(view: View, ingress_class: str) -> list[Object]:
    return [
        ingress
        for ingress in view.all("Ingress")
        if (
            ingress["spec"].get("ingressClassName")
            or (ingress["metadata"].get("annotations") or {}).get("kubernetes.io/ingress.class")
        )
        == ingress_class
    ]


def _passes_through(ingress: Mapping[str, Any]) -> bool:
    annotations = ingress["metadata"].get("annotations") or {}
    return any(annotations.get(key) == "true" for key in PASSTHROUGH)


def ingress_target(view: View, ingress_class: str, host: str, path: str, *, passthrough: bool) -> Target | None:
    """The backend of a host (and path) among the Ingresses that do, or do not, pass TLS through."""
    best: tuple[int, Target] | None = None
    for ingress in _ingresses(view, ingress_class):
        if _passes_through(ingress) != passthrough:
            continue
        for rule in ingress["spec"].get("rules") or ():
            if not matches(rule.get("host") or "*", host):
                continue
            for entry in (rule.get("http") or {}).get("paths") or ():
                prefix = entry.get("path") or "/"
                service = (entry.get("backend") or {}).get("service")
                fits = path == prefix if entry.get("pathType") == "Exact" else path.startswith(prefix)
                if service and (passthrough or fits) and (best is None or len(prefix) > best[0]):
                    port = service["port"].get("number") or service["port"].get("name")
                    best = (len(prefix), Target(ingress["metadata"]["namespace"], service["name"], port))
    return best[1] if best else None


def ingress_certificate(view: View, ingress_class: str, host: str) -> tuple[bytes, bytes] | None:
    """Certificate and key for a host from an Ingress' tls section."""
    for ingress in _ingresses(view, ingress_class):
        for entry in ingress["spec"].get("tls") or ():
            if any(matches(name, host) for name in entry.get("hosts") or ()) and entry.get("secretName"):
                return secret_pair(view, ingress["metadata"]["namespace"], entry["secretName"])
    return None


# ---------------------------------------------------------------- Ambassador


def listener(view: View, port: int) -> Object | None:
    """The Listener that opens a port of the gateway's pods."""
    return next((item for item in view.all("Listener") if item["spec"].get("port") == port), None)


def listener_protocol(found: Mapping[str, Any]) -> str:
    """HTTP, HTTPS or TCP."""
    spec = found["spec"]
    stack = spec.get("protocolStack")
    if stack:
        return "TCP" if "HTTP" not in stack else "HTTPS" if "TLS" in stack else "HTTP"
    return str(spec.get("protocol", "HTTPS"))


def best_host(view: View, name: str) -> Object | None:
    """The Host that a name falls under: the exact one, else the longest wildcard."""
    fitting = [h for h in view.all("Host") if matches(h["spec"].get("hostname", "*"), name)]
    return max(fitting, key=lambda h: _rank(h["spec"].get("hostname", "*")), default=None)


def insecure_action(host: Mapping[str, Any] | None) -> str:
    """What happens to plain HTTP under a Host: Route, Redirect or Reject."""
    if host is None:
        return "Reject"
    policy = ((host["spec"].get("requestPolicy") or {}).get("insecure") or {}).get("action")
    return str(policy or "Redirect")


def host_certificate(view: View, name: str) -> tuple[bytes, bytes] | None:
    """Certificate and key of the Host that a name falls under; None when it has none (or its Secret is missing)."""
    host = best_host(view, name)
    if host is None:
        return None
    secret = host["spec"].get("tlsSecret") or {}
    if not secret.get("name"):
        return None
    return secret_pair(view, secret.get("namespace") or host["metadata"]["namespace"], secret["name"])


def mapping_target(view: View, host: str, path: str) -> Target | None:
    """The backend of a Host header and path, by the most precise Mapping."""
    best: tuple[tuple[int, int], Object] | None = None
    for mapping in view.all("Mapping"):
        spec = mapping["spec"]
        pattern = spec.get("hostname") or spec.get("host") or ""
        prefix = spec.get("prefix", "/")
        if pattern and matches(pattern, host) and path.startswith(prefix):
            rank = (_rank(pattern), len(prefix))
            if best is None or rank > best[0]:
                best = (rank, mapping)
    if best is None:
        return None
    spec = best[1]["spec"]
    upgrade = "websocket" in (spec.get("allow_upgrade") or ())
    secure = bool(spec.get("tls"))
    return service_target(spec.get("service", ""), best[1]["metadata"]["namespace"], secure=secure, upgrade=upgrade)


def tcp_target(view: View, port: int) -> Target | None:
    """The backend of a TCPMapping's port."""
    for mapping in view.all("TCPMapping"):
        if mapping["spec"].get("port") == port:
            return service_target(mapping["spec"].get("service", ""), mapping["metadata"]["namespace"])
    return None


def service_target(text: str, namespace: str, *, secure: bool = False, upgrade: bool = True) -> Target:
    """``[http[s]://]service[.namespace[.svc...]][:port]`` as Ambassador reads it."""
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "", text
    secure = secure or scheme == "https"
    host, _, port = rest.partition(":")
    labels = host.split(".")
    where = labels[1] if len(labels) > 1 else namespace
    return Target(where, labels[0], int(port) if port.isdigit() else 443 if secure else 80, secure, upgrade)


# ---------------------------------------------------------------- both


def secret_pair(view: View, namespace: str, name: str) -> tuple[bytes, bytes] | None:
    """Certificate and key of a kubernetes.io/tls Secret; None when it is not there or not whole."""
    data = (view.get("Secret", namespace, name) or {}).get("data") or {}
    if "tls.crt" not in data or "tls.key" not in data:
        return None
    return base64.b64decode(data["tls.crt"]), base64.b64decode(data["tls.key"])


def matches(pattern: str, host: str) -> bool:
    """Whether a host falls under a name or a ``*.`` wildcard (of any depth, as Envoy and HAProxy take it)."""
    pattern, host = pattern.lower(), host.lower()
    if pattern == "*":
        return True
    if pattern.startswith("*"):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return pattern == host


def _rank(pattern: str) -> int:
    return 10_000 if "*" not in pattern else len(pattern)
