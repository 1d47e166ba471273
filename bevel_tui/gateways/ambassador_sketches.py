"""What the charts of both Ambassador editions render, reduced to what Kubernetes and the routes need.

Read from emissary-crds-chart and emissary-ingress 4.1.0, from edge-stack 8.7.2 with its sub-chart emissary-ingress
8.7.2, and from Bevel's ``setup/edge-stack/templates/aes-crds.yaml``. Names, labels, ports and kinds are the charts'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bevel_tui.gateways.sketches import (
    EDGE_STACK_KINDS,
    EMISSARY_KINDS,
    aggregate_role,
    cluster_role,
    crd,
    ingress_class,
    load_balancer,
    place,
    rule,
)
from bevel_tui.platforms.sketch import (
    Json,
    ambassador,
    cluster_role_binding,
    container,
    deployment,
    from_secret,
    meta,
    pod,
    role,
    role_binding,
    service,
    service_account,
)
from bevel_tui.records.steps import ReleaseStep

route = ambassador

APIEXT = "emissary-apiext"
APIEXT_NAMESPACE = "emissary-system"
GROUP_LABEL = "rbac.getambassador.io/role-group"


def emissary_crds(step: ReleaseStep) -> list[Json]:
    """The 14 CRDs, without the conversion webhook that only v1 and v2 objects need."""
    return [crd(plural, kind) for plural, kind in EMISSARY_KINDS]


def emissary(step: ReleaseStep) -> list[Json]:
    """Emissary-ingress: Deployment, load balancer, listeners, class, rights."""
    name, namespace, values = step.release, str(step.namespace), step.values
    labels = _labels(name)
    template = _gateway_pod(name, labels, "emissary-ingress", "ghcr.io/emissary-ingress/emissary:4.1.0", values)
    return _gateway(name, namespace, labels, template, values, "emissary-ingress")


def edge_stack_crds(step: ReleaseStep) -> list[Json]:
    """The 19 CRDs with their conversion webhook, which lives in a namespace of its own."""
    labels = {"app.kubernetes.io/name": APIEXT, "app.kubernetes.io/instance": APIEXT}
    image = "docker.io/datawire/aes:3.7.2"
    ports = {"http": 8080, "https": 8443}
    template = pod(labels, APIEXT, [{**container(APIEXT, image, ports=ports), "args": [APIEXT]}])
    return [
        *(crd(*names) for names in EDGE_STACK_KINDS),
        *(crd(*names) for names in EMISSARY_KINDS),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": meta(APIEXT_NAMESPACE)},
        service_account(APIEXT, APIEXT_NAMESPACE),
        cluster_role(
            APIEXT, [rule(["apiextensions.k8s.io"], ["customresourcedefinitions"], "list", "watch", "update")]
        ),
        cluster_role_binding(APIEXT, role=APIEXT, account=APIEXT, namespace=APIEXT_NAMESPACE),
        role(APIEXT, APIEXT_NAMESPACE, [rule([""], ["secrets"], "create", "get", "update")]),
        role_binding(APIEXT, APIEXT_NAMESPACE, role=APIEXT, account=APIEXT),
        service(APIEXT, APIEXT_NAMESPACE, selector=labels, ports=[("https", 443)]),
        _replicas(deployment(APIEXT, APIEXT_NAMESPACE, template), 3),
    ]


def edge_stack(step: ReleaseStep) -> list[Json]:
    """Edge Stack: what Emissary has, plus its licence Secret, Redis, authentication and rate limits."""
    name, namespace = step.release, str(step.namespace)
    values: Mapping[str, Any] = step.values["emissary-ingress"]
    labels = _labels(name)
    template = _gateway_pod(name, labels, "emissary-ingress", "docker.io/datawire/aes:3.7.2", values)
    template["spec"]["volumes"] = [from_secret(f"{name}-secrets", name)]
    redis = f"{name}-redis"
    redis_labels = {"app.kubernetes.io/name": redis, "app.kubernetes.io/instance": name}
    tag = step.values["redis"]["image"]["tag"]
    return [
        *_gateway(name, namespace, labels, template, values, name),
        cluster_role(
            f"{name}-aes",
            [rule([""], ["secrets"], "get", "list", "watch", "create", "update")],
            {GROUP_LABEL: name},
        ),
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": meta(name, namespace),
            "type": "Opaque",
            # empty: the licence key is the user's to put in
            "data": {"license-key": ""},
        },
        service(redis, namespace, selector=redis_labels, ports=[("redis", 6379)]),
        deployment(redis, namespace, pod(redis_labels, "default", [container("redis", f"redis:{tag}")])),
        ambassador(
            "AuthService",
            f"{name}-auth",
            namespace,
            {"auth_service": "127.0.0.1:8500", "proto": "grpc", "protocol_version": "v3"},
        ),
        ambassador(
            "RateLimitService", f"{name}-ratelimit", namespace, {"service": "127.0.0.1:8500", "protocol_version": "v3"}
        ),
    ]


# ---------------------------------------------------------------- shared


def _labels(release: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": release, "app.kubernetes.io/instance": release}


def _gateway_pod(name: str, labels: Mapping[str, str], what: str, image: str, values: Mapping[str, Any]) -> Json:
    ports = {port["name"]: port["targetPort"] for port in values["service"]["ports"]}
    gateway = {
        **container(what, image, ports={**ports, "admin": 8877}),
        "readinessProbe": {
            "httpGet": {"path": "/ambassador/v0/check_ready", "port": "admin"},
            "initialDelaySeconds": 30,
            "periodSeconds": 3,
        },
    }
    return place(pod({**labels, "profile": "main"}, name, [gateway]), values)


def _replicas(manifest: Json, count: int) -> Json:
    manifest["spec"]["replicas"] = count
    return manifest


def _gateway(
    name: str,
    namespace: str,
    labels: Mapping[str, str],
    template: Json,
    values: Mapping[str, Any],
    listeners: str,
) -> list[Json]:
    """What both editions have in common: emissary-ingress's own templates."""
    selector = {**labels, "profile": "main"}
    watched = ["namespaces", "services", "secrets", "configmaps", "endpoints"]
    ports = [(port["name"], port["port"], port["targetPort"]) for port in values["service"]["ports"]]
    return [
        service_account(name, namespace),
        aggregate_role(name, GROUP_LABEL),
        cluster_role_binding(name, role=name, account=name, namespace=namespace),
        cluster_role(
            f"{name}-crd",
            [rule(["apiextensions.k8s.io"], ["customresourcedefinitions"], "get", "list", "watch")],
            {GROUP_LABEL: name},
        ),
        cluster_role(
            f"{name}-watch",
            [
                rule([""], watched, "get", "list", "watch"),
                rule(["getambassador.io"], ["*"], "get", "list", "watch", "update", "patch", "create", "delete"),
                rule(["networking.k8s.io"], ["ingresses", "ingressclasses"], "get", "list", "watch"),
            ],
            {GROUP_LABEL: name},
        ),
        ingress_class("ambassador", "getambassador.io/ingress-controller"),
        load_balancer(
            name,
            namespace,
            labels={**labels, "app.kubernetes.io/component": "ambassador-service"},
            selector=selector,
            ports=ports,
            annotations=values["service"]["annotations"],
        ),
        service(
            f"{name}-admin",
            namespace,
            selector=labels,
            ports=[("ambassador-admin", 8877), ("ambassador-snapshot", 8005)],
        ),
        _replicas(deployment(name, namespace, template), values["replicaCount"]),
        *_listeners(listeners, namespace),
        ambassador("Module", "ambassador", namespace, {"config": {"diagnostics": {"enabled": False}}}),
    ]


def _listeners(name: str, namespace: str) -> Sequence[Json]:
    wanted = (("https", 8443, "HTTPS"), ("http", 8080, "HTTP"))
    return [
        ambassador(
            "Listener",
            f"{name}-{what}-listener",
            namespace,
            {
                "port": port,
                "protocol": protocol,
                "securityModel": "XFP",
                "hostBinding": {"namespace": {"from": "ALL"}},
            },
        )
        for what, port, protocol in wanted
    ]
