"""What was read of a cluster's routes, and how the gateways read it. Pure.

HAProxy Ingress: rules of its class, passthrough by an annotation. Ambassador: Mappings by host, TCPMappings and
Listeners by port, Hosts for certificates. Their documents: haproxy-ingress (configuration keys), Emissary-ingress 4
(getambassador.io/v3alpha1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Object = Mapping[str, Any]
GatewayKind = Literal["haproxy", "ambassador"]

AMBASSADOR = "getambassador.io/v3alpha1"
#: what is read for each gateway, by kind
KINDS: Mapping[GatewayKind, tuple[tuple[str, str], ...]] = {
    "haproxy": (("networking.k8s.io/v1", "Ingress"),),
    "ambassador": ((AMBASSADOR, "Mapping"), (AMBASSADOR, "TCPMapping"), (AMBASSADOR, "Listener"), (AMBASSADOR, "Host")),
}
BACKENDS = (("v1", "Service"), ("discovery.k8s.io/v1", "EndpointSlice"))

_PASSTHROUGH = ("ingress.kubernetes.io/ssl-passthrough", "haproxy-ingress.github.io/ssl-passthrough")


@dataclass(frozen=True, slots=True)
class Edge:
    """The objects of one cluster by kind, over the namespaces that matter; a kind that may not be read is not in it.

    `certificates` are PEM by (namespace, Secret) of what Hosts and Ingresses name; None: no such Secret, or no
    certificate in it. `ingress_class` is the one that the gateway serves.
    """

    gateway: GatewayKind
    objects: Mapping[str, tuple[Object, ...]] = field(default_factory=dict)
    certificates: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    ingress_class: str = "haproxy"

    def of(self, kind: str) -> tuple[Object, ...] | None:
        """All objects of a kind; None when they may not be read."""
        return self.objects.get(kind)

    def find(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object by its name."""
        return next((o for o in self.objects.get(kind, ()) if _key(o) == (namespace, name)), None)


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service's port as a route names it; `port` is a number or a name."""

    namespace: str
    service: str
    port: int | str

    @classmethod
    def planned(cls, text: str) -> Backend:
        """From an endpoint's ``name.namespace:port``."""
        name, _, rest = text.partition(".")
        namespace, _, port = rest.partition(":")
        return cls(namespace, name, int(port))

    def __str__(self) -> str:
        return f"{self.service}.{self.namespace}:{self.port}"


@dataclass(frozen=True, slots=True)
class Route:
    """An object that routes a host or port, in words (``Ingress ns/name``), and where to (None: nowhere readable)."""

    words: str
    object: Object
    backend: Backend | None
    passthrough: bool = False


def _key(obj: Object) -> tuple[str, str]:
    meta = obj.get("metadata") or {}
    return str(meta.get("namespace") or ""), str(meta.get("name") or "")


def named(obj: Object) -> str:
    """``Ingress namespace/name``."""
    return f"{obj.get('kind')} {'/'.join(_key(obj))}"


def class_of(ingress: Object) -> str | None:
    """An Ingress' class, by its field or by the old annotation."""
    annotations = (ingress.get("metadata") or {}).get("annotations") or {}
    found = (ingress.get("spec") or {}).get("ingressClassName") or annotations.get("kubernetes.io/ingress.class")
    return None if found is None else str(found)


def ingress_routes(edge: Edge, host: str) -> Iterator[Route]:
    """Every Ingress rule for a host, of whatever class."""
    for ingress in edge.of("Ingress") or ():
        annotations = (ingress.get("metadata") or {}).get("annotations") or {}
        through = any(annotations.get(key) == "true" for key in _PASSTHROUGH)
        namespace = _key(ingress)[0]
        for rule in (ingress.get("spec") or {}).get("rules") or ():
            if not covers(str(rule.get("host") or "*"), host):
                continue
            for path in (rule.get("http") or {}).get("paths") or ():
                service = (path.get("backend") or {}).get("service") or {}
                port = service.get("port") or {}
                backend = Backend(namespace, str(service.get("name")), port.get("number") or port.get("name") or 0)
                yield Route(named(ingress), ingress, backend, through)


def mapping_routes(edge: Edge, host: str) -> Iterator[Route]:
    """Every Mapping for a host."""
    for mapping in edge.of("Mapping") or ():
        spec = mapping.get("spec") or {}
        pattern = str(spec.get("hostname") or spec.get("host") or "")
        if pattern and covers(pattern, host):
            yield Route(named(mapping), mapping, _service(str(spec.get("service") or ""), _key(mapping)[0], spec))


def tcp_routes(edge: Edge, port: int) -> Iterator[Route]:
    """Every TCPMapping for a port of the gateway."""
    for mapping in edge.of("TCPMapping") or ():
        spec = mapping.get("spec") or {}
        if spec.get("port") == port:
            yield Route(named(mapping), mapping, _service(str(spec.get("service") or ""), _key(mapping)[0], spec))


def listeners(edge: Edge, port: int) -> Iterator[Object]:
    """Every Listener that opens a port."""
    for listener in edge.of("Listener") or ():
        if (listener.get("spec") or {}).get("port") == port:
            yield listener


def host_of(edge: Edge, host: str) -> Object | None:
    """The Host that a name falls under: the exact one, else the longest wildcard."""

    def rank(found: Object) -> tuple[bool, int]:
        pattern = str((found.get("spec") or {}).get("hostname") or "*")
        return "*" not in pattern, len(pattern)

    fitting = [h for h in edge.of("Host") or () if covers(str((h.get("spec") or {}).get("hostname") or "*"), host)]
    return max(fitting, key=rank, default=None)


def secret_of(host: Object) -> tuple[str, str] | None:
    """(namespace, name) of a Host's certificate."""
    secret = (host.get("spec") or {}).get("tlsSecret") or {}
    name = secret.get("name")
    return None if not name else (str(secret.get("namespace") or _key(host)[0]), str(name))


def covers(pattern: str, host: str) -> bool:
    """Whether a host falls under a name or a wildcard, as both gateways take it."""
    pattern, host = pattern.lower(), host.lower()
    if pattern == "*":
        return True
    if pattern.startswith("*"):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return pattern == host


def _service(text: str, namespace: str, spec: Object) -> Backend | None:
    """``[http[s]://]service[.namespace[.svc...]][:port]`` as Ambassador reads it."""
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "", text
    secure = scheme == "https" or bool(spec.get("tls"))
    host, _, port = rest.partition(":")
    if not host:
        return None
    labels = host.split(".")
    where = labels[1] if len(labels) > 1 else namespace
    return Backend(where, labels[0], int(port) if port.isdigit() else 443 if secure else 80)
