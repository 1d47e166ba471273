"""Where the API serves each kind: ``(apiVersion, kind)`` -> plural and scope, for the kinds that we use.

A table saves every run the discovery round trips; kinds that are not in it are looked up once per client.
"""

from __future__ import annotations

from typing import NamedTuple


class Resource(NamedTuple):
    """`plural` as in the URL; `namespaced` False for cluster-scoped kinds."""

    plural: str
    namespaced: bool = True


_CORE = {
    "Namespace": Resource("namespaces", False),
    "Node": Resource("nodes", False),
    "PersistentVolume": Resource("persistentvolumes", False),
    "Pod": Resource("pods"),
    "Service": Resource("services"),
    "ConfigMap": Resource("configmaps"),
    "Secret": Resource("secrets"),
    "ServiceAccount": Resource("serviceaccounts"),
    "PersistentVolumeClaim": Resource("persistentvolumeclaims"),
    "Event": Resource("events"),
    "Endpoints": Resource("endpoints"),
    "ResourceQuota": Resource("resourcequotas"),
    "LimitRange": Resource("limitranges"),
}

_GROUPS: dict[str, dict[str, Resource]] = {
    "v1": _CORE,
    "apps/v1": {
        "Deployment": Resource("deployments"),
        "StatefulSet": Resource("statefulsets"),
        "DaemonSet": Resource("daemonsets"),
        "ReplicaSet": Resource("replicasets"),
        "ControllerRevision": Resource("controllerrevisions"),
    },
    "batch/v1": {"Job": Resource("jobs"), "CronJob": Resource("cronjobs")},
    "networking.k8s.io/v1": {
        "Ingress": Resource("ingresses"),
        "IngressClass": Resource("ingressclasses", False),
        "NetworkPolicy": Resource("networkpolicies"),
    },
    "storage.k8s.io/v1": {"StorageClass": Resource("storageclasses", False)},
    "rbac.authorization.k8s.io/v1": {
        "Role": Resource("roles"),
        "RoleBinding": Resource("rolebindings"),
        "ClusterRole": Resource("clusterroles", False),
        "ClusterRoleBinding": Resource("clusterrolebindings", False),
    },
    "apiextensions.k8s.io/v1": {"CustomResourceDefinition": Resource("customresourcedefinitions", False)},
    "admissionregistration.k8s.io/v1": {
        "ValidatingWebhookConfiguration": Resource("validatingwebhookconfigurations", False),
        "MutatingWebhookConfiguration": Resource("mutatingwebhookconfigurations", False),
    },
    "helm.toolkit.fluxcd.io/v2": {"HelmRelease": Resource("helmreleases")},
    "coordination.k8s.io/v1": {"Lease": Resource("leases")},
    "discovery.k8s.io/v1": {"EndpointSlice": Resource("endpointslices")},
    "authorization.k8s.io/v1": {
        "SelfSubjectAccessReview": Resource("selfsubjectaccessreviews", False),
        "SelfSubjectRulesReview": Resource("selfsubjectrulesreviews", False),
    },
    "getambassador.io/v3alpha1": {
        "Mapping": Resource("mappings"),
        "TCPMapping": Resource("tcpmappings"),
        "Listener": Resource("listeners"),
        "Host": Resource("hosts"),
        "TLSContext": Resource("tlscontexts"),
        "Module": Resource("modules"),
    },
}


def known(api_version: str, kind: str) -> Resource | None:
    """The resource of a kind, or None when it has to be discovered."""
    return _GROUPS.get(api_version, {}).get(kind)


def prefix(api_version: str) -> str:
    """URL prefix of a group version: ``/api/v1`` or ``/apis/<group>/<version>``."""
    return f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
