"""What stands behind a Service: the component that a ready pod simulates, and the certificate it would show."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bevel_tui.platforms.behaviour import Serves
from bevel_tui.sandbox.workloads.catalogue import Part, workload_of
from bevel_tui.sandbox.workloads.services import target_port

if TYPE_CHECKING:
    from bevel_tui.sandbox.world import Site, World


class Unreachable(Exception):  # noqa: N818 - what happened, in the words of the vocabulary
    """No component answers there; the text is what a dialer would say."""


@dataclass(frozen=True, slots=True)
class Component:
    """A container of a ready pod, answering on one port. `certificate` and `key` are PEM, None without TLS."""

    site: Site
    pod: Mapping[str, Any]
    part: Part | None
    serves: Serves
    certificate: bytes | None = None
    key: bytes | None = None

    @property
    def tls(self) -> bool:
        """Whether it terminates TLS itself."""
        return self.certificate is not None and self.key is not None

    def verify(self, host: str, trust: bytes) -> str | None:
        """What is wrong with its certificate for `host` by the PEM in `trust`, in Go's words; None if nothing."""
        from bevel_tui.sandbox.players.pki import names_of, signed_by

        if not self.tls or self.certificate is None:
            return "tls: first record does not look like a TLS handshake"
        if not signed_by(self.certificate, trust):
            return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        names = names_of(self.certificate)
        if host not in names:
            valid = ", ".join(names) or "any names"
            return f"tls: failed to verify certificate: x509: certificate is valid for {valid}, not {host}"
        return None


def endpoint_pods(site: Site, service: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The pods that the Service's EndpointSlices name as ready."""
    namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
    found: list[Mapping[str, Any]] = []
    for piece in site.view.all("EndpointSlice", namespace):
        if (piece["metadata"].get("labels") or {}).get("kubernetes.io/service-name") != name:
            continue
        for endpoint in piece.get("endpoints") or ():
            target = endpoint.get("targetRef") or {}
            if (endpoint.get("conditions") or {}).get("ready", True) and target.get("kind") == "Pod":
                pod = site.view.get("Pod", namespace, target["name"])
                if pod is not None:
                    found.append(pod)
    return found


def behind(world: World, site: Site, namespace: str, name: str, port: int | str) -> Component:
    """The component behind a Service's port. Raises Unreachable."""
    service = site.view.get("Service", namespace, name)
    if service is None:
        raise Unreachable("no such host")
    entry = next((p for p in service["spec"].get("ports") or () if port in {p["port"], p.get("name")}), None)
    if entry is None:
        raise Unreachable(
            "i/o timeout" if service["spec"].get("clusterIP") != "None" else "connect: connection refused"
        )
    for pod in endpoint_pods(site, service):
        number = target_port(entry, pod)
        found = None if number is None else of_pod(world, site, pod, number)
        if found is not None:
            return found
    raise Unreachable("connect: connection refused")


def of_pod(world: World, site: Site, pod: Mapping[str, Any], port: int) -> Component | None:
    """The component that answers on a pod's port; None when no container of it listens there."""
    kind, workload = workload_of(site.view, pod)
    known = False
    for container in pod["spec"].get("containers") or ():
        part = world.catalogue.find(kind, workload, container["name"])
        known = known or part is not None
        named = {p.get("containerPort") for p in container.get("ports") or ()}
        for serves in part.behaviour.serves if part else ():
            if part and (serves.port == port or (serves.port == 0 and port in named)):
                return _with_certificate(site, pod, part, serves)
    if known:
        return None
    # a chart that no table knows: it answers plain HTTP on the ports that it declares
    declared = {p.get("containerPort") for c in pod["spec"].get("containers") or () for p in c.get("ports") or ()}
    return Component(site, pod, None, Serves(port, "http")) if port in declared or not declared else None


def _with_certificate(site: Site, pod: Mapping[str, Any], part: Part, serves: Serves) -> Component:
    if serves.tls is None:
        return Component(site, pod, part, serves)
    name, certificate, key = serves.tls
    secret = site.view.get("Secret", pod["metadata"]["namespace"], part.fill(name))
    data = (secret or {}).get("data") or {}
    return Component(
        site,
        pod,
        part,
        serves,
        base64.b64decode(data[certificate]) if certificate in data else None,
        base64.b64decode(data[key]) if key in data else None,
    )


def split_service(host: str, namespace: str) -> tuple[str, str, str | None]:
    """An in-cluster name as service, namespace and pod (``pod.service.namespace.svc.cluster.local``)."""
    labels = host.removesuffix(".").removesuffix(".cluster.local").removesuffix(".svc").split(".")
    if len(labels) == 1:
        return labels[0], namespace, None
    if len(labels) == 2:
        return labels[0], labels[1], None
    return labels[-2], labels[-1], labels[0]


def in_cluster(world: World, site: Site, host: str, port: int, namespace: str = "default") -> Component | None:
    """What an in-cluster name leads to; None when it is no in-cluster name. Raises Unreachable."""
    local = host.removesuffix(".").endswith((".svc", ".svc.cluster.local"))
    service, where, pod = split_service(host, namespace)
    if not local and (pod is not None or site.view.get("Namespace", None, where) is None):
        return None
    if pod is None:
        return behind(world, site, where, service, port)
    found = site.view.get("Pod", where, pod)
    from bevel_tui.sandbox.workloads.jobs import ready

    component = of_pod(world, site, found, port) if found and ready(found) else None
    if component is None:
        raise Unreachable("no such host" if found is None else "connect: connection refused")
    return component
