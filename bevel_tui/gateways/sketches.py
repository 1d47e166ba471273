"""Builders for what gateway charts render and ledger charts do not: load balancers, daemons, cluster roles, CRDs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bevel_tui.platforms.sketch import Json, meta

RBAC = "rbac.authorization.k8s.io/v1"

#: group, plural, kind of the CRDs that both editions bring [emissary-crds-chart/templates; facts C.2]
EMISSARY_KINDS = (
    ("authservices", "AuthService"),
    ("consulresolvers", "ConsulResolver"),
    ("devportals", "DevPortal"),
    ("hosts", "Host"),
    ("kubernetesendpointresolvers", "KubernetesEndpointResolver"),
    ("kubernetesserviceresolvers", "KubernetesServiceResolver"),
    ("listeners", "Listener"),
    ("logservices", "LogService"),
    ("mappings", "Mapping"),
    ("modules", "Module"),
    ("ratelimitservices", "RateLimitService"),
    ("tcpmappings", "TCPMapping"),
    ("tlscontexts", "TLSContext"),
    ("tracingservices", "TracingService"),
)
#: and those of Edge Stack alone [setup/edge-stack/templates/aes-crds.yaml]
EDGE_STACK_KINDS = (
    ("filterpolicies", "FilterPolicy", "getambassador.io"),
    ("filters", "Filter", "getambassador.io"),
    ("ratelimits", "RateLimit", "getambassador.io"),
    ("webapplicationfirewallpolicies", "WebApplicationFirewallPolicy", "gateway.getambassador.io"),
    ("webapplicationfirewalls", "WebApplicationFirewall", "gateway.getambassador.io"),
)
#: the one version of ``gateway.getambassador.io`` differs from the rest
VERSIONS = {"getambassador.io": "v3alpha1", "gateway.getambassador.io": "v1alpha1"}
#: kinds whose CRD has a status subresource [emissary-crds-chart/templates]
WITH_STATUS = frozenset({"Host", "Mapping"})


def load_balancer(
    name: str,
    namespace: str,
    *,
    labels: Mapping[str, str],
    selector: Mapping[str, str],
    ports: Sequence[tuple[str, int, int | str]],
    annotations: Mapping[str, str],
    traffic_policy: str | None = None,
) -> Json:
    """A Service of type LoadBalancer; `ports` are (name, port, target)."""
    metadata = meta(name, namespace, labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {
            "type": "LoadBalancer",
            **({"externalTrafficPolicy": traffic_policy} if traffic_policy else {}),
            "selector": dict(selector),
            "ports": [
                {"name": key, "port": port, "targetPort": target, "protocol": "TCP"} for key, port, target in ports
            ],
        },
    }


def daemon_set(name: str, namespace: str, template: Json) -> Json:
    """A DaemonSet, selected by all labels of its pods."""
    selected = template["metadata"]["labels"]
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": meta(name, namespace, selected),
        "spec": {"selector": {"matchLabels": dict(selected)}, "template": template},
    }


def place(template: Json, values: Mapping[str, Any]) -> Json:
    """Give a pod template the ``nodeSelector`` and ``tolerations`` of chart values, in place."""
    for key in ("nodeSelector", "tolerations"):
        if values.get(key):
            template["spec"][key] = values[key]
    return template


def rule(groups: Sequence[str], resources: Sequence[str], *verbs: str) -> Json:
    """One rule of a Role or ClusterRole."""
    return {"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs)}


def cluster_role(name: str, rules: Sequence[Json], labels: Mapping[str, str] | None = None) -> Json:
    """A ClusterRole."""
    return {"apiVersion": RBAC, "kind": "ClusterRole", "metadata": meta(name, None, labels), "rules": list(rules)}


def aggregate_role(name: str, label: str) -> Json:
    """A ClusterRole that the API server fills with the rules of all roles that carry `label` with value `name`."""
    return {
        "apiVersion": RBAC,
        "kind": "ClusterRole",
        "metadata": meta(name),
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {label: name}}]},
        "rules": [],
    }


def ingress_class(name: str, controller: str) -> Json:
    """An IngressClass that is not the default."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": meta(name),
        "spec": {"controller": controller},
    }


def crd(plural: str, kind: str, group: str = "getambassador.io") -> Json:
    """A CRD that accepts any `spec` and `status`: the sketch of a real one, whose schema runs to hundreds of lines."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": meta(f"{plural}.{group}", None, {"app.kubernetes.io/part-of": "emissary-ingress"}),
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {
                "plural": plural,
                "singular": kind.lower(),
                "kind": kind,
                "listKind": f"{kind}List",
                "categories": ["ambassador-crds"],
            },
            "versions": [
                {
                    "name": VERSIONS[group],
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {"spec": dict(anything), "status": dict(anything)},
                        }
                    },
                    **({"subresources": {"status": {}}} if kind in WITH_STATUS else {}),
                }
            ],
        },
    }
