"""What a new cluster holds before anyone uses it, and what its controllers put into every namespace."""

from __future__ import annotations

import asyncio
from typing import Any

from bevel_tui.sandbox.apiserver.api import Api, Write
from bevel_tui.sandbox.apiserver.errors import Refusal
from bevel_tui.sandbox.apiserver.store import Event, Object

_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_ROOT_CA = "kube-root-ca.crt"
_ALL: list[Object] = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
]
_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]
#: group -> resources that the roles view, edit and admin cover
_NAMESPACED = {
    "": "configmaps endpoints events limitranges persistentvolumeclaims pods pods/log pods/status replicationcontrollers "
    "resourcequotas serviceaccounts services services/status namespaces",
    "apps": "controllerrevisions daemonsets deployments deployments/scale replicasets replicasets/scale statefulsets "
    "statefulsets/scale",
    "autoscaling": "horizontalpodautoscalers",
    "batch": "cronjobs jobs jobs/status",
    "discovery.k8s.io": "endpointslices",
    "networking.k8s.io": "ingresses networkpolicies",
    "policy": "poddisruptionbudgets",
}


def _rules(verbs: list[str], *, secrets: bool) -> list[Object]:
    rules: list[Object] = [
        {"apiGroups": [group], "resources": names.split(), "verbs": verbs} for group, names in _NAMESPACED.items()
    ]
    if secrets:
        rules.append({"apiGroups": [""], "resources": ["secrets"], "verbs": verbs})
        rules.append({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": verbs})
    return rules


class Bootstrap:
    """Fills a cluster, and keeps default ServiceAccounts and root certificates in its namespaces."""

    def __init__(self, api: Api, authority_pem: str) -> None:
        self._api = api
        self._authority = authority_pem
        self._write = Write(manager="kube-controller-manager")
        api.store.listeners.append(self._changed)

    def run(self) -> None:
        """Create what is missing."""
        for name in _NAMESPACES:
            self._create("namespaces", None, name, {})
        spec = {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 6443}]}
        self._create("services", "default", "kubernetes", {"spec": spec})
        rbac = "clusterroles.rbac.authorization.k8s.io"
        manage = _rules([*_READ, *_WRITE], secrets=True)
        roles = {
            "cluster-admin": _ALL,
            "admin": [
                *manage,
                {
                    "apiGroups": ["rbac.authorization.k8s.io"],
                    "resources": ["roles", "rolebindings"],
                    "verbs": [*_READ, *_WRITE],
                },
            ],
            "edit": manage,
            "view": _rules(_READ, secrets=False),
        }
        for name, rules in roles.items():
            self._create(rbac, None, name, {"rules": rules})
        binding = {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "Group", "name": "system:masters"}],
        }
        self._create("clusterrolebindings.rbac.authorization.k8s.io", None, "cluster-admin", binding)
        for group, versions in self._api.kinds.group_versions().items():
            for version in versions:
                body = {
                    "spec": {"group": group, "version": version, "groupPriorityMinimum": 17000, "versionPriority": 15}
                }
                self._create("apiservices.apiregistration.k8s.io", None, f"{version}.{group}", body, local=True)

    def _create(self, resource: str, namespace: str | None, name: str, body: Object, *, local: bool = False) -> None:
        kind = self._api.kinds.storage(resource)
        if kind is None or self._api.store.get(resource, namespace, name):
            return
        meta: Object = {"name": name}
        if namespace:
            meta["namespace"] = namespace
        obj: Any = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": meta, **body}
        try:
            made = self._api.create(kind, namespace, obj, self._write)
        except Refusal:
            return  # the namespace is going
        if local:
            conditions = [
                {
                    "type": "Available",
                    "status": "True",
                    "reason": "Local",
                    "message": "Local APIServices are always available",
                    "lastTransitionTime": made["metadata"]["creationTimestamp"],
                }
            ]
            self._api.store.put(resource, {**made, "status": {"conditions": conditions}})

    def _changed(self, resource: str, event: Event) -> None:
        meta = event.obj["metadata"]
        if resource == "namespaces" and event.change == "ADDED":
            asyncio.get_running_loop().call_soon(self._furnish, meta["name"])
        elif event.change == "DELETED" and (resource, meta["name"]) in {
            ("serviceaccounts", "default"),
            ("configmaps", _ROOT_CA),
        }:
            asyncio.get_running_loop().call_soon(self._furnish, meta["namespace"])

    def _furnish(self, namespace: str) -> None:
        space = self._api.store.get("namespaces", None, namespace)
        if space is None or space["metadata"].get("deletionTimestamp"):
            return
        self._create("serviceaccounts", namespace, "default", {})
        self._create("configmaps", namespace, _ROOT_CA, {"data": {"ca.crt": self._authority}})
