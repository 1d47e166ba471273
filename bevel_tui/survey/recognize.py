"""Who runs a cluster, whether it gives out load balancers, and which gateways are there: pure rules over what it says.

Sources: gitVersion suffixes and node labels as EKS, AKS, GKE, DOKS, OpenShift, kind, minikube and k3s set them
themselves; a providerID tells the machine's owner only where nothing more is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from bevel_tui.records.survey import FoundGateway, Provider

Object = Mapping[str, Any]

_LABELS: tuple[tuple[str, Provider], ...] = (
    ("node.openshift.io/os_id", "OpenShift"),
    ("eks.amazonaws.com/nodegroup", "EKS"),
    ("eks.amazonaws.com/compute-type", "EKS"),
    ("kubernetes.azure.com/cluster", "AKS"),
    ("cloud.google.com/gke-nodepool", "GKE"),
    ("doks.digitalocean.com/node-pool", "DOKS"),
    ("minikube.k8s.io/name", "minikube"),
    ("io.x-k8s.kind.role", "kind"),
)
_HOSTS: tuple[tuple[str, Provider], ...] = (
    (".eks.amazonaws.com", "EKS"),
    (".azmk8s.io", "AKS"),
    (".k8s.ondigitalocean.com", "DOKS"),
)
_VERSIONS: tuple[tuple[str, Provider], ...] = (("-eks-", "EKS"), ("-gke.", "GKE"), ("+k3s", "k3s"))
_PROVIDER_IDS: tuple[tuple[str, Provider], ...] = (("kind://", "kind"), ("k3s://", "k3s"), ("digitalocean://", "DOKS"))

#: providers whose clusters give every Service of type LoadBalancer an address
_CLOUDS: Mapping[Provider, str] = {
    "EKS": "AWS gives Services a load balancer",
    "AKS": "Azure gives Services an address",
    "GKE": "Google gives Services an address",
    "DOKS": "DigitalOcean gives Services a load balancer",
    "k3s": "k3s brings ServiceLB, unless it was switched off",
}
_WITHOUT: Mapping[Provider, str] = {
    "kind": "kind gives Services no address: install cloud-provider-kind or MetalLB",
    "minikube": "minikube gives Services an address only while `minikube tunnel` runs",
}
_GATEWAY_NAMES: Mapping[str, str] = {
    "haproxy-ingress": "haproxy",
    "kubernetes-ingress": "haproxy",
    "emissary-ingress": "ambassador",
    "edge-stack": "ambassador",
    "ambassador": "ambassador",
    "istio-ingressgateway": "istio",
    "istio-gateway": "istio",
}


def provider(version: str, server: str, nodes: Sequence[Object], groups: Iterable[str]) -> Provider:
    """Who runs the cluster; `plain` when nothing says so."""
    if "config.openshift.io" in set(groups):
        return "OpenShift"
    labels = {key for node in nodes for key in (node["metadata"].get("labels") or {})}
    ids = [str((node.get("spec") or {}).get("providerID") or "") for node in nodes]
    host = urlsplit(server).hostname or ""
    found = (
        next((name for label, name in _LABELS if label in labels), None)
        or next((name for part, name in _VERSIONS if part in version), None)
        or next((name for end, name in _HOSTS if host.endswith(end)), None)
        or next((name for start, name in _PROVIDER_IDS if any(i.startswith(start) for i in ids)), None)
    )
    return found or "plain"


def load_balancer(
    kind: Provider | None, services: Sequence[Object] | None, groups: Iterable[str], *, simulated: bool = False
) -> tuple[bool | None, str]:
    """Whether a Service of type LoadBalancer gets an address here, and how that is known. None: nobody can tell."""
    wanting = [s for s in services or () if (s.get("spec") or {}).get("type") == "LoadBalancer"]
    for service in wanting:
        if address(service):
            return True, f"Service {_name(service)} has {address(service)}"
    known = set(groups)
    if simulated:
        return True, "the sandbox gives Services an address on loopback"
    if "metallb.io" in known:
        return True, "MetalLB is installed"
    if kind is not None and kind in _CLOUDS:
        return True, _CLOUDS[kind]
    if kind is not None and kind in _WITHOUT:
        return False, _WITHOUT[kind]
    if wanting:
        return False, f"Service {_name(wanting[0])} waits for an address"
    return None, "no Service of type LoadBalancer has been tried here"


def gateways(services: Sequence[Object]) -> tuple[FoundGateway, ...]:
    """Gateways that are there already, by the labels of their charts: Services that something outside can reach."""
    found = []
    for service in services:
        meta, spec = service["metadata"], service.get("spec") or {}
        labels = meta.get("labels") or {}
        if spec.get("type") not in ("LoadBalancer", "NodePort") and not spec.get("externalIPs"):
            continue
        names = (labels.get("app.kubernetes.io/name"), labels.get("istio"), labels.get("app"), meta["name"])
        words = ["istio-ingressgateway" if n == "ingressgateway" else str(n) for n in names]
        kind = next((_GATEWAY_NAMES[n] for n in words if n in _GATEWAY_NAMES), None)
        if kind and not str(meta["name"]).endswith(("-admin", "-agent", "-stats", "-metrics")):
            found.append(FoundGateway(kind, meta.get("namespace", ""), meta["name"], address(service)))  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda g: (not g.address, g.namespace, g.service)))


def address(service: Object) -> str:
    """The address or name under which a Service is reached from outside; empty without."""
    entries = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    for entry in entries:
        if entry.get("ip") or entry.get("hostname"):
            return str(entry.get("ip") or entry.get("hostname"))
    outside = (service.get("spec") or {}).get("externalIPs") or ()
    return str(outside[0]) if outside else ""


def default_class(classes: Sequence[Object]) -> str | None:
    """The default StorageClass; of several the newest, as Kubernetes takes it."""
    key = "storageclass.kubernetes.io/is-default-class"
    default = [c for c in classes if (c["metadata"].get("annotations") or {}).get(key) == "true"]
    newest = max(default, key=lambda c: str(c["metadata"].get("creationTimestamp") or ""), default=None)
    return str(newest["metadata"]["name"]) if newest else None


def is_external_dns(deployment: Object) -> bool:
    """Whether a Deployment is external-dns, by its chart's label or its name."""
    meta = deployment["metadata"]
    names = {(meta.get("labels") or {}).get("app.kubernetes.io/name"), meta["name"]}
    return "external-dns" in names


def capacity(nodes: Sequence[Object]) -> tuple[float, int]:
    """What all nodes offer to pods: cores and bytes."""
    offers = [(node.get("status") or {}).get("allocatable") or {} for node in nodes]
    return sum(_quantity(o.get("cpu")) for o in offers), int(sum(_quantity(o.get("memory")) for o in offers))


def ready(node: Object) -> bool:
    """Whether a node takes pods."""
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


_UNITS = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def _quantity(text: object) -> float:
    """A Kubernetes quantity as a number; 0 for what is none."""
    words = str(text or "0")
    for unit in sorted(_UNITS, key=len, reverse=True):
        if words.endswith(unit):
            words, factor = words.removesuffix(unit), _UNITS[unit]
            break
    else:
        factor = 1.0
    try:
        return float(words) * factor
    except ValueError:
        return 0.0


def _name(service: Object) -> str:
    return f"{service['metadata'].get('namespace', '')}/{service['metadata']['name']}"
