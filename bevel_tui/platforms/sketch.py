"""Builders for reduced manifests: what a chart would render, cut down to what counts.

"What counts" is what Kubernetes checks (a strict API server accepts every one of these), what the players of the
sandbox read (environment, arguments, mounts) and what gateways route by. Objects are plain JSON; names, labels,
ports, mounts and inputs are those of the real charts, their scripts are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bevel_tui.platforms.behaviour import ChartFile

Json = dict[str, Any]

#: images are never pulled where these sketches are used; named so that a reader sees what stands for what
READ_WRITE_ONCE = ["ReadWriteOnce"]
AMBASSADOR = "getambassador.io/v3alpha1"


def labels(release: str, namespace: str, *, name: str, component: str, part_of: str, app: str | None = None) -> Json:
    """The labels that all of Bevel's charts set; selectors use them whole."""
    return {
        **({"app": app} if app else {}),
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/part-of": part_of,
        "app.kubernetes.io/namespace": namespace,
        "app.kubernetes.io/release": release,
    }


def meta(name: str, namespace: str | None = None, labels: Mapping[str, str] | None = None) -> Json:
    """Object metadata."""
    return {
        "name": name,
        **({"namespace": namespace} if namespace else {}),
        **({"labels": dict(labels)} if labels else {}),
    }


def hook(manifest: Json, hook: str, *, weight: int = 0, delete: str = "before-hook-creation") -> Json:
    """Make a manifest a Helm hook, in place."""
    annotations = manifest["metadata"].setdefault("annotations", {})
    annotations["helm.sh/hook"] = hook
    annotations["helm.sh/hook-weight"] = str(weight)
    annotations["helm.sh/hook-delete-policy"] = delete
    return manifest


# ---------------------------------------------------------------- plain objects


def config_map(name: str, namespace: str, data: Mapping[str, str | ChartFile]) -> Json:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(name, namespace), "data": dict(data)}


def service_account(name: str, namespace: str, *, pull_secret: str | None = None) -> Json:
    """A ServiceAccount; its pods get `pull_secret` unless they name one themselves."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": meta(name, namespace),
        **({"imagePullSecrets": [{"name": pull_secret}]} if pull_secret else {}),
    }


def role(name: str, namespace: str, rules: Sequence[Json]) -> Json:
    """A Role."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": meta(name, namespace),
        "rules": list(rules),
    }


def role_binding(name: str, namespace: str, *, role: str, account: str) -> Json:
    """Binds a Role to a ServiceAccount of the same namespace."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": meta(name, namespace),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
        "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": account}],
    }


def cluster_role_binding(name: str, *, role: str, account: str, namespace: str) -> Json:
    """Binds a ClusterRole to a ServiceAccount."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": meta(name),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": account}],
    }


def storage_class(name: str, *, provisioner: str, parameters: Mapping[str, str], binding: str) -> Json:
    """A StorageClass."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": meta(name),
        "provisioner": provisioner,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": binding,
        **({"parameters": dict(parameters)} if parameters else {}),
    }


def claim(name: str, *, storage_class: str, size: str, namespace: str | None = None) -> Json:
    """A PersistentVolumeClaim: an object with `namespace`, a volumeClaimTemplate without."""
    body = {
        "metadata": meta(name, namespace),
        "spec": {
            "accessModes": READ_WRITE_ONCE,
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": size}},
        },
    }
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **body} if namespace else body


def service(
    name: str,
    namespace: str,
    *,
    selector: Mapping[str, str],
    ports: Sequence[tuple[str, int] | tuple[str, int, str]],
    headless: bool = False,
) -> Json:
    """A Service; `ports` are (name, port[, protocol])."""
    listed = [
        {"name": port[0], "port": port[1], "targetPort": port[1], "protocol": port[2] if len(port) > 2 else "TCP"}
        for port in ports
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(name, namespace, {"app.kubernetes.io/name": name}),
        "spec": {
            "type": "ClusterIP",
            **({"clusterIP": "None"} if headless else {}),
            "selector": dict(selector),
            "ports": listed,
        },
    }


# ---------------------------------------------------------------- pods


def env(values: Mapping[str, str]) -> list[Json]:
    """Environment from plain strings."""
    return [{"name": name, "value": value} for name, value in values.items()]


def secret_env(name: str, secret: str, key: str) -> Json:
    """An environment variable from a Secret's key."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def container(
    name: str,
    image: str,
    *,
    script: Iterable[str] = (),
    env: Sequence[Json] = (),
    env_from: str | None = None,
    mounts: Mapping[str, str] | None = None,
    ports: Mapping[str, int] | None = None,
) -> Json:
    """A container. `script` are the lines of its one argument, `env_from` a ConfigMap.

    `mounts` are volume name -> path; ``path/file#file`` mounts one file of the volume, as charts do by subPath.
    """
    text = "\n".join(script)
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        **({"command": ["sh", "-c"], "args": [text]} if text else {}),
        **({"env": list(env)} if env else {}),
        **({"envFrom": [{"configMapRef": {"name": env_from}}]} if env_from else {}),
        **(
            {"ports": [{"name": key, "containerPort": port, "protocol": "TCP"} for key, port in ports.items()]}
            if ports
            else {}
        ),
        **({"volumeMounts": [_mount(volume, path) for volume, path in mounts.items()]} if mounts else {}),
    }


def _mount(volume: str, path: str) -> Json:
    place, _, file = path.partition("#")
    return {"name": volume, "mountPath": place, **({"subPath": file} if file else {})}


def from_config_map(volume: str, name: str, *keys: str, optional: bool = False) -> Json:
    """A volume of a ConfigMap, all keys or those named."""
    source: Json = {"name": name}
    if keys:
        source["items"] = [{"key": key, "path": key} for key in keys]
    if optional:
        source["optional"] = True
    return {"name": volume, "configMap": source}


def from_secret(volume: str, name: str) -> Json:
    """A volume of a Secret."""
    return {"name": volume, "secret": {"secretName": name}}


def empty(volume: str) -> Json:
    """A volume in memory."""
    return {"name": volume, "emptyDir": {"medium": "Memory"}}


def pod(
    labels: Mapping[str, str],
    account: str,
    containers: Sequence[Json],
    *,
    init: Sequence[Json] = (),
    volumes: Sequence[Json] = (),
    restart: str | None = None,
    pull_secret: str | None = None,
) -> Json:
    """A pod template."""
    return {
        "metadata": {"labels": dict(labels)},
        "spec": {
            "serviceAccountName": account,
            **({"restartPolicy": restart} if restart else {}),
            **({"imagePullSecrets": [{"name": pull_secret}]} if pull_secret else {}),
            **({"initContainers": list(init)} if init else {}),
            "containers": list(containers),
            **({"volumes": list(volumes)} if volumes else {}),
        },
    }


def job(name: str, namespace: str, template: Json, *, backoff: int, labels: Mapping[str, str] | None = None) -> Json:
    """A Job."""
    template["spec"].setdefault("restartPolicy", "OnFailure")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta(name, namespace, labels or template["metadata"]["labels"]),
        "spec": {"backoffLimit": backoff, "template": template},
    }


def stateful_set(name: str, namespace: str, template: Json, *, service: str, claims: Sequence[Json]) -> Json:
    """A StatefulSet of one replica, selected by all labels of its pods."""
    selected = template["metadata"]["labels"]
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": meta(name, namespace, selected),
        "spec": {
            "replicas": 1,
            "serviceName": service,
            "selector": {"matchLabels": dict(selected)},
            "template": template,
            "volumeClaimTemplates": list(claims),
        },
    }


def deployment(name: str, namespace: str, template: Json) -> Json:
    """A Deployment of one replica, selected by all labels of its pods."""
    selected = template["metadata"]["labels"]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(name, namespace, selected),
        "spec": {"replicas": 1, "selector": {"matchLabels": dict(selected)}, "template": template},
    }


# ---------------------------------------------------------------- routes


def ingress(
    name: str, namespace: str, rules: Sequence[tuple[str, str, int]], *, passthrough: bool, ingress_class: str
) -> Json:
    """An Ingress for HAProxy; `rules` are (host, Service, port). Passthrough hands TLS on untouched, by SNI."""
    manifest: Json = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": meta(name, namespace),
        "spec": {
            "ingressClassName": ingress_class,
            "rules": [
                {
                    "host": host,
                    "http": {
                        "paths": [
                            {
                                "path": "/",
                                "pathType": "Prefix",
                                "backend": {"service": {"name": backend, "port": {"number": port}}},
                            }
                        ]
                    },
                }
                for host, backend, port in rules
            ],
        },
    }
    if passthrough:
        manifest["metadata"]["annotations"] = {"ingress.kubernetes.io/ssl-passthrough": "true"}
    return manifest


def ambassador(kind: str, name: str, namespace: str, spec: Mapping[str, Any]) -> Json:
    """A route of Emissary-ingress or Edge Stack."""
    return {"apiVersion": AMBASSADOR, "kind": kind, "metadata": meta(name, namespace), "spec": dict(spec)}


def tcp_listener(name: str, namespace: str, port: int) -> Json:
    """A port of Ambassador's that carries raw TCP to the mappings of its own namespace (facts A2.3, A4.3)."""
    spec = {
        "port": port,
        "protocol": "TCP",
        "securityModel": "XFP",
        "hostBinding": {"namespace": {"from": "SELF"}},
    }
    return ambassador("Listener", name, namespace, spec)
