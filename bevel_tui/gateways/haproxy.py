"""HAProxy Ingress at the edge: TLS is passed through by server name, plain HTTP routed by host (facts C.1).

Fabric's gateway: every component keeps its own certificate. The chart, its release, namespace and values are those
of Bevel's role ``setup/haproxy-ingress``, so that a cluster prepared by Bevel and one prepared here are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bevel_tui.gateways.catalogue import HAPROXY
from bevel_tui.gateways.common import (
    About,
    closing_steps,
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
from bevel_tui.gateways.sketches import cluster_role, daemon_set, ingress_class, load_balancer, place, rule
from bevel_tui.network.model import Cluster, Network
from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Manifest, Serves
from bevel_tui.platforms.sketch import (
    Json,
    cluster_role_binding,
    config_map,
    container,
    pod,
    role,
    role_binding,
    service_account,
)
from bevel_tui.records.steps import Endpoint, ObjectRef, ReleaseStep, Step

NAMESPACE, RELEASE = "ingress-controller", "haproxy"
#: fullnameOverride of Bevel's values: without it all objects would be called haproxy-haproxy-ingress
NAME = "haproxy-ingress"
SERVICE = ObjectRef("v1", "Service", NAME, NAMESPACE)

behaviours: dict[str, ChartBehaviour] = {
    HAPROXY.name: ChartBehaviour(
        name=HAPROXY.name,
        version=HAPROXY.version,
        pods=(
            Behaviour(
                kind="DaemonSet",
                workload=NAME,
                container=r"haproxy-ingress",
                seconds=1.0,
                serves=(Serves(10253, "http"),),
                source="haproxy-ingress/templates/controller-daemonset.yaml, _podtemplate.yaml",
            ),
        ),
    )
}


def about(network: Network) -> About:
    """HAProxy Ingress in words."""
    return About(
        title=f"HAProxy Ingress {HAPROXY.version}",
        what="An ingress controller that hands TLS connections on, untouched, by the server name they ask for.",
        ports="443 (TLS passed through) and 80 (operations, plain HTTP)",
        licence=HAPROXY.licence,
    )


def steps(network: Network, cluster: Cluster, endpoints: Sequence[Endpoint]) -> tuple[Step, ...]:
    """Namespace, release, address and DNS gate of one cluster; nothing if no endpoint is exposed there.

    Raises ValueError for a port other than 80 and 443: HAProxy routes by name only (`network.rules` prevents it).
    """
    exposed = opened(endpoints)
    if not exposed:
        return ()
    ports = ports_of(exposed)
    if not set(ports) <= {80, 443}:
        raise ValueError(f"haproxy routes by name on ports 80 and 443 only, asked for {ports}")
    there = existing_steps(network, cluster, exposed)
    if there is not None:
        return there
    namespace = namespace_step(network, cluster, NAMESPACE)
    release = release_step(
        network,
        cluster,
        id=ready_id(cluster),
        namespace=NAMESPACE,
        release=RELEASE,
        chart=HAPROXY,
        values=_values(network, cluster, exposed),
        needs=(namespace.id,),
    )
    release = finish(release, manifests(release), behaviours[HAPROXY.name])
    return (namespace, release, *closing_steps(network, cluster, exposed, service=SERVICE, ready=(release.id,)))


def _values(network: Network, cluster: Cluster, endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    ports = ports_of(endpoints)
    return {
        "fullnameOverride": NAME,
        "rbac": {"create": True, "security": {"enable": False}},
        "controller": {
            "kind": "DaemonSet",
            "ingressClass": "haproxy",
            "ingressClassResource": {"enabled": True, "default": False},
            "service": {
                "type": "LoadBalancer",
                # a DaemonSet has a pod wherever traffic may arrive, so that clients' addresses can be kept
                "externalTrafficPolicy": "Local",
                "httpPorts": [{"port": 80, "targetPort": "http"}] if 80 in ports else [],
                "httpsPorts": [{"port": 443, "targetPort": "https"}] if 443 in ports else [],
                "annotations": service_annotations(network, cluster, endpoints),
            },
            **placement(network),
        },
    }


# ---------------------------------------------------------------- what the chart renders


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The chart's objects, reduced [haproxy-ingress-0.14.6/templates]. Raises KeyError for another chart."""
    if step.chart != HAPROXY.name:
        raise KeyError(step.chart)
    controller, namespace = step.values["controller"], str(step.namespace)
    service = controller["service"]
    labels = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": step.release}
    ports = [(f"http-{p['port']}", p["port"], p["targetPort"]) for p in service["httpPorts"]]
    ports += [(f"https-{p['port']}", p["port"], p["targetPort"]) for p in service["httpsPorts"]]
    objects: list[Json] = [
        service_account(NAME, namespace),
        config_map(NAME, namespace, {"healthz-port": "10253", "stats-port": "1936"}),
        cluster_role(
            NAME,
            [
                rule([""], ["configmaps", "endpoints", "nodes", "pods", "secrets", "services"], "list", "watch"),
                rule(["networking.k8s.io"], ["ingresses", "ingressclasses"], "get", "list", "watch"),
                rule(["networking.k8s.io"], ["ingresses/status"], "update"),
                rule([""], ["events"], "create", "patch"),
            ],
        ),
        cluster_role_binding(NAME, role=NAME, account=NAME, namespace=namespace),
        role(NAME, namespace, [rule([""], ["configmaps", "endpoints"], "get", "create", "update")]),
        role_binding(NAME, namespace, role=NAME, account=NAME),
        ingress_class(controller["ingressClass"], "haproxy-ingress.github.io/controller"),
        load_balancer(
            NAME,
            namespace,
            labels=labels,
            selector=labels,
            ports=ports,
            annotations=service["annotations"],
            traffic_policy=service["externalTrafficPolicy"],
        ),
        daemon_set(NAME, namespace, place(_pod(labels, namespace, controller), controller)),
    ]
    return tuple(objects)


def _pod(labels: dict[str, str], namespace: str, controller: dict[str, Any]) -> Json:
    return pod(
        labels,
        NAME,
        [
            {
                **container(
                    "haproxy-ingress",
                    "quay.io/jcmoraisjr/haproxy-ingress:v0.14.6",
                    ports={"http": 80, "https": 443, "stats": 1936, "healthz": 10253},
                ),
                "args": [
                    f"--configmap={namespace}/{NAME}",
                    f"--ingress-class={controller['ingressClass']}",
                    "--sort-backends",
                ],
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": 10253}, "initialDelaySeconds": 10},
            }
        ],
    )
