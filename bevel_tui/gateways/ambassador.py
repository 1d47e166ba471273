"""Ambassador at the edge, in two editions that serve the same ``getambassador.io`` objects (facts C.2).

Emissary-ingress is the open-source one and the default; Edge Stack is what Bevel pins. Both terminate HTTP and TLS,
route by host name, and carry raw TCP on a port per node. The CRDs come first and in a release of their own: ledger
charts need them, and removing them removes every route in the cluster.

The catch-all Host lets plain HTTP through (``insecure: Route``), as Bevel's does: JSON-RPC is served that way (facts
A2.3). Unlike Bevel's it names no TLS secret. Edge Stack makes a self-signed one for it by itself, Emissary does not,
and a Host whose secret is missing is dropped whole; a chart of ours that brought one would carry a private key.
Components with TLS bring a Host of their own, with their own certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bevel_tui.gateways import ambassador_sketches as sketches
from bevel_tui.gateways.catalogue import EDGE_STACK, EDGE_STACK_CRDS, EMISSARY, EMISSARY_CRDS, GatewayChart
from bevel_tui.gateways.common import (
    About,
    closing_steps,
    crds_id,
    existing_steps,
    finish,
    namespace_step,
    opened,
    placement,
    ports_of,
    ready_id,
    release_step,
    service_annotations,
)
from bevel_tui.network.model import Cluster, Network
from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Manifest, Serves
from bevel_tui.platforms.ids import release_id
from bevel_tui.records.steps import Endpoint, ObjectRef, ReleaseStep, Step

NAMESPACE = "ambassador"
CRDS_NAMESPACE = "emissary-system"

#: our own chart, on real clusters too: the catch-all Host, which no gateway chart can bring
DEFAULTS = GatewayChart("bevel-gateway-defaults", "1.0.0", "Apache-2.0")

#: two, so that one may go; the charts' default of three asks for 600m CPU of clusters that may be small
REPLICAS = 2

_CRDS_SOURCE = "setup/edge-stack/templates/aes-crds.yaml"

behaviours: dict[str, ChartBehaviour] = {
    EMISSARY_CRDS.name: ChartBehaviour(EMISSARY_CRDS.name, EMISSARY_CRDS.version),
    EMISSARY.name: ChartBehaviour(
        EMISSARY.name,
        EMISSARY.version,
        pods=(
            Behaviour(
                kind="Deployment",
                workload=r"emissary-ingress",
                container=r"emissary-ingress",
                seconds=1.5,
                serves=(Serves(8877, "http"),),
                source="emissary-ingress/templates/deployment.yaml",
            ),
        ),
    ),
    EDGE_STACK_CRDS.name: ChartBehaviour(
        EDGE_STACK_CRDS.name,
        EDGE_STACK_CRDS.version,
        pods=(
            Behaviour(
                kind="Deployment",
                workload=r"emissary-apiext",
                container=r"emissary-apiext",
                seconds=0.8,
                serves=(Serves(8443, "tls"),),
                source=_CRDS_SOURCE,
            ),
        ),
    ),
    EDGE_STACK.name: ChartBehaviour(
        EDGE_STACK.name,
        EDGE_STACK.version,
        pods=(
            Behaviour(
                kind="Deployment",
                workload=r"edge-stack",
                container=r"aes|emissary-ingress",
                seconds=2.0,
                serves=(Serves(8877, "http"),),
                source="edge-stack/charts/emissary-ingress/templates/deployment.yaml",
            ),
            Behaviour(
                kind="Deployment",
                workload=r"edge-stack-redis",
                container=r"redis",
                seconds=0.5,
                serves=(Serves(6379, "tcp"),),
                source="edge-stack/templates/aes-redis.yaml",
            ),
        ),
    ),
    DEFAULTS.name: ChartBehaviour(DEFAULTS.name, DEFAULTS.version),
}


def about(network: Network) -> About:
    """The edition that the network asks for, in words."""
    ports = "80 (JSON-RPC and WebSocket by host name), 443 where a component has TLS, one port per node for p2p"
    if network.gateway.edition == "edge-stack":
        return About(
            title=f"Ambassador Edge Stack 3.7.2 (chart {EDGE_STACK.version})",
            what="An API gateway on Envoy; the commercial edition, as Bevel v1.3.0 pins it.",
            ports=ports,
            licence="proprietary: free within its vendor's limits only, beyond them it needs a licence key",
            notice=(
                "Edge Stack's licence key belongs into Secret edge-stack of namespace ambassador. Its CRDs are a file "
                "of a Bevel checkout, no chart: name the checkout with --gateway-charts. Emissary-ingress (edition: "
                "emissary) serves the same routes without a licence."
            ),
        )
    return About(
        title=f"Emissary-ingress {EMISSARY.version}",
        what="An API gateway on Envoy (CNCF), the open-source edition of Ambassador.",
        ports=ports,
        licence=EMISSARY.licence,
    )


def steps(network: Network, cluster: Cluster, endpoints: Sequence[Endpoint]) -> tuple[Step, ...]:
    """Namespaces, CRDs, gateway, catch-all Host, address and DNS gate; nothing if no endpoint is exposed there."""
    exposed = opened(endpoints)
    if not exposed:
        return ()
    there = existing_steps(network, cluster, exposed)
    if there is not None:
        return there
    edge = network.gateway.edition == "edge-stack"
    namespace = namespace_step(network, cluster, NAMESPACE)
    crds_namespace = namespace if edge else namespace_step(network, cluster, CRDS_NAMESPACE)
    crds_name = "edge-stack-crds" if edge else "emissary-crds"
    crds = release_step(
        network,
        cluster,
        id=crds_id(cluster),
        namespace=str(crds_namespace.namespace),
        release=crds_name,
        chart=EDGE_STACK_CRDS if edge else EMISSARY_CRDS,
        values={} if edge else {"enableLegacyVersions": False},
        needs=(crds_namespace.id,),
    )
    gateway = release_step(
        network,
        cluster,
        id=ready_id(cluster),
        namespace=NAMESPACE,
        release="edge-stack" if edge else "emissary-ingress",
        chart=EDGE_STACK if edge else EMISSARY,
        values=_edge_stack_values(network, cluster, exposed) if edge else _emissary_values(network, cluster, exposed),
        needs=(namespace.id, crds.id),
    )
    defaults = release_step(
        network,
        cluster,
        id=release_id(cluster.name, NAMESPACE, DEFAULTS.name),
        namespace=NAMESPACE,
        release=DEFAULTS.name,
        chart=DEFAULTS,
        values={},
        needs=(namespace.id, crds.id),
        origin="own",
    )
    namespaces = (namespace,) if edge else (crds_namespace, namespace)
    releases = tuple(finish(step, manifests(step), behaviours[step.chart]) for step in (crds, gateway, defaults))
    service = ObjectRef("v1", "Service", gateway.release, NAMESPACE)
    ready = (gateway.id, defaults.id)
    return (*namespaces, *releases, *closing_steps(network, cluster, exposed, service=service, ready=ready))


# ---------------------------------------------------------------- values


def _service(network: Network, cluster: Cluster, endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The load balancer's values: a port per endpoint port; 80 and 443 lead to the chart's listeners."""
    named = {80: ("http", 8080), 443: ("https", 8443)}
    ports = []
    for port in ports_of(endpoints):
        name, target = named.get(port, (f"tcp-{port}", port))
        ports.append({"name": name, "port": port, "targetPort": target})
    return {"type": "LoadBalancer", "ports": ports, "annotations": service_annotations(network, cluster, endpoints)}


def _emissary_values(network: Network, cluster: Cluster, endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    return {
        "replicaCount": REPLICAS,
        "service": _service(network, cluster, endpoints),
        # HTTP on 8080 and HTTPS on 8443, for Hosts of all namespaces
        "createDefaultListeners": True,
        **placement(network),
    }


def _edge_stack_values(network: Network, cluster: Cluster, endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    return {
        "nameOverride": "edge-stack",
        "emissary-ingress": {
            **_emissary_values(network, cluster, endpoints),
            # reports to the vendor's cloud
            "agent": {"enabled": False},
        },
        # its routes have host "*": they would answer on every name of the ledger
        "createDevPortalMappings": False,
        "licenseKey": {"createSecret": True},
        "redis": {"image": {"tag": "7.2.4"}},
    }


# ---------------------------------------------------------------- what the charts render


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The objects of a chart, reduced; complete for our own. Raises KeyError for a chart of another gateway."""
    renderers: dict[str, Callable[[ReleaseStep], Sequence[Manifest]]] = {
        EMISSARY_CRDS.name: sketches.emissary_crds,
        EMISSARY.name: sketches.emissary,
        EDGE_STACK_CRDS.name: sketches.edge_stack_crds,
        EDGE_STACK.name: sketches.edge_stack,
        DEFAULTS.name: _defaults,
    }
    return tuple(renderers[step.chart](step))


def _defaults(step: ReleaseStep) -> list[Manifest]:
    return [
        sketches.route(
            "Host",
            "bevel-catch-all",
            str(step.namespace),
            {
                "hostname": "*",
                "acmeProvider": {"authority": "none"},
                "requestPolicy": {"insecure": {"action": "Route"}},
            },
        )
    ]
