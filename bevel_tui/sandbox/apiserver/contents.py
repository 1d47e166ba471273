"""What each kind must hold: the rules on which charts and people stumble."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from bevel_tui.sandbox.apiserver import selectors
from bevel_tui.sandbox.apiserver.errors import Cause
from bevel_tui.sandbox.apiserver.kinds import Kind
from bevel_tui.sandbox.apiserver.names import DNS_LABEL, LABEL_TEXT, check_labels, matched, required, unsupported, wrong
from bevel_tui.sandbox.apiserver.quantities import quantity

Object = dict[str, Any]

_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_ENV_NAME = re.compile(r"[ -<>-~]+")


def body(kind: Kind, obj: Object) -> list[Cause]:
    rule = _BODIES.get(kind.resource)
    return rule(obj) if rule else []


def _pod(obj: Object) -> list[Cause]:
    return pod_spec(obj.get("spec") or {}, "spec")


def _workload(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    template = spec.get("template") or {}
    causes = _not_negative(spec, "spec", "replicas", "minReadySeconds", "revisionHistoryLimit")
    selector = spec.get("selector")
    labels = (template.get("metadata") or {}).get("labels")
    if not selector:
        causes.append(required("spec.selector"))
    if not selector or not selectors.label_map(selector)(labels or {}):
        causes.append(wrong("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"))
    labels = labels or {}
    causes += check_labels(labels, "spec.template.labels")
    policy = (template.get("spec") or {}).get("restartPolicy", "Always")
    if policy != "Always":
        causes.append(unsupported("spec.template.spec.restartPolicy", policy, ["Always"]))
    if obj["kind"] == "StatefulSet":
        # its pods' volumes come from the claim templates, too
        claims = [{"name": (c.get("metadata") or {}).get("name", "")} for c in spec.get("volumeClaimTemplates") or ()]
        pod = template.get("spec") or {}
        named = {v.get("name") for v in pod.get("volumes") or ()}
        volumes = [*(pod.get("volumes") or ()), *(c for c in claims if c["name"] not in named)]
        return causes + pod_spec({**pod, "volumes": volumes}, "spec.template.spec")
    return causes + pod_spec(template.get("spec") or {}, "spec.template.spec")


def _job(obj: Object) -> list[Cause]:
    return _job_spec(obj.get("spec") or {}, "spec")


def _not_negative(spec: Mapping[str, Any], field: str, *names: str) -> list[Cause]:
    found = [(name, spec.get(name)) for name in names]
    return [
        wrong(f"{field}.{name}", value, "must be greater than or equal to 0")
        for name, value in found
        if isinstance(value, int) and value < 0
    ]


def _job_spec(spec: Mapping[str, Any], field: str) -> list[Cause]:
    pod = (spec.get("template") or {}).get("spec") or {}
    causes = _not_negative(spec, field, "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit")
    policy = pod.get("restartPolicy")
    if policy in {None, "Always"}:
        text = 'Required value: valid values: "OnFailure", "Never"'
        causes.append(required(f"{field}.template.spec.restartPolicy", text))
        return causes + pod_spec({**pod, "restartPolicy": None}, f"{field}.template.spec")
    return causes + pod_spec(pod, f"{field}.template.spec")


def _cron_job(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = [] if spec.get("schedule") else [required("spec.schedule")]
    return causes + _job_spec((spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec")


def pod_spec(spec: Mapping[str, Any], field: str) -> list[Cause]:
    """What is wrong with a pod's specification."""
    causes: list[Cause] = []
    if not spec.get("containers"):
        causes.append(required(f"{field}.containers"))
    volumes: set[str] = set()
    for n, volume in enumerate(spec.get("volumes") or ()):
        place, name = f"{field}.volumes[{n}].name", volume.get("name") or ""
        if not name:
            causes.append(required(place))
        elif name in volumes:
            causes.append(Cause("FieldValueDuplicate", f'Duplicate value: "{name}"', place))
        else:
            causes += matched(place, name, DNS_LABEL, 63, LABEL_TEXT)
        volumes.add(name)
        for source, key in (("configMap", "name"), ("secret", "secretName")):
            if volume.get(source) is not None and not volume[source].get(key):
                causes.append(required(f"{field}.volumes[{n}].{source}.{key}"))
    policy = spec.get("restartPolicy")
    names: set[str] = set()
    for group in ("initContainers", "containers"):
        for n, container in enumerate(spec.get(group) or ()):
            place = f"{field}.{group}[{n}]"
            name = container.get("name") or ""
            if not name:
                causes.append(required(f"{place}.name"))
            elif name in names:
                causes.append(Cause("FieldValueDuplicate", f'Duplicate value: "{name}"', f"{place}.name"))
            else:
                causes += matched(f"{place}.name", name, DNS_LABEL, 63, LABEL_TEXT)
            names.add(name)
            causes += _container(container, place, volumes)
    if policy not in {None, "Always", "OnFailure", "Never"}:
        causes.append(unsupported(f"{field}.restartPolicy", policy, ["Always", "OnFailure", "Never"]))
    return causes


def _container(container: Mapping[str, Any], place: str, volumes: set[str]) -> list[Cause]:
    causes = []
    if not container.get("image"):
        causes.append(required(f"{place}.image"))
    elif container["image"] != container["image"].strip():
        causes.append(wrong(f"{place}.image", container["image"], "must not have leading or trailing whitespace"))
    for n, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            found = f'Not found: "{mount.get("name")}"'
            causes.append(Cause("FieldValueNotFound", found, f"{place}.volumeMounts[{n}].name"))
        if not mount.get("mountPath"):
            causes.append(required(f"{place}.volumeMounts[{n}].mountPath"))
    paths = [m.get("mountPath") for m in container.get("volumeMounts") or ()]
    for n, path in enumerate(paths):
        if path and path in paths[:n]:
            causes.append(wrong(f"{place}.volumeMounts[{n}].mountPath", path, "must be unique"))
    for n, port in enumerate(container.get("ports") or ()):
        number = port.get("containerPort", 0)
        if not number:
            causes.append(required(f"{place}.ports[{n}].containerPort"))
        elif not 0 < number < 65536:
            causes.append(wrong(f"{place}.ports[{n}].containerPort", number, "must be between 1 and 65535, inclusive"))
        if len(port.get("name", "")) > 15:
            causes.append(wrong(f"{place}.ports[{n}].name", port["name"], "must be no more than 15 characters"))
    for n, env in enumerate(container.get("env") or ()):
        if not env.get("name"):
            causes.append(required(f"{place}.env[{n}].name"))
        elif not _ENV_NAME.fullmatch(env["name"]):
            causes.append(wrong(f"{place}.env[{n}].name", env["name"], "a valid environment variable name must consist only of printable ASCII characters other than '='"))  # fmt: skip
        if env.get("value") and env.get("valueFrom"):
            causes.append(wrong(f"{place}.env[{n}].valueFrom", "", "may not be specified when `value` is not empty"))
    resources = container.get("resources") or {}
    for name, limit in (resources.get("limits") or {}).items():
        asked = (resources.get("requests") or {}).get(name)
        if asked is not None and quantity(asked) > quantity(limit):
            why = f"must be less than or equal to {name} limit of {limit}"
            causes.append(wrong(f"{place}.resources.requests", asked, why))
    return causes


def _keys(obj: Object) -> list[Cause]:
    causes = []
    for part in ("data", "binaryData"):
        for key in obj.get(part) or {}:
            if not _CONFIG_KEY.fullmatch(key) or len(key) > 253:
                text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                causes.append(wrong(f"{part}[{key}]", key, text))
    size = sum(len(str(v)) for part in ("data", "binaryData") for v in (obj.get(part) or {}).values())
    if size > 1024 * 1024 * (4 / 3 if obj.get("kind") == "Secret" else 1):
        causes.append(Cause("FieldValueTooLong", "Too long: may not be more than 1048576 bytes", "data"))
    return causes


_SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def _secret(obj: Object) -> list[Cause]:
    causes = _keys(obj)
    for key in _SECRET_KEYS.get(obj.get("type", ""), ()):
        if key not in (obj.get("data") or {}):
            causes.append(required(f"data[{key}]"))
    return causes


def _service(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    kind = spec.get("type", "ClusterIP")
    causes = []
    if kind not in {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"}:
        causes.append(unsupported("spec.type", kind, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]))
    ports = spec.get("ports") or []
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
        causes.append(required("spec.ports"))
    names: set[str] = set()
    numbers: set[tuple[Any, Any]] = set()
    for n, port in enumerate(ports):
        place = f"spec.ports[{n}]"
        if not 0 < port.get("port", 0) < 65536:
            causes.append(wrong(f"{place}.port", port.get("port", 0), "must be between 1 and 65535, inclusive"))
        target = port.get("targetPort")
        if isinstance(target, int) and not 0 < target < 65536:
            causes.append(wrong(f"{place}.targetPort", target, "must be between 1 and 65535, inclusive"))
        name = port.get("name", "")
        if len(ports) > 1 and not name:
            causes.append(required(f"{place}.name"))
        elif name and name in names:
            causes.append(Cause("FieldValueDuplicate", f'Duplicate value: "{name}"', f"{place}.name"))
        names.add(name)
        number = (port.get("port"), port.get("protocol", "TCP"))
        if number in numbers:
            shown = json.dumps({"port": number[0], "protocol": number[1]}, separators=(",", ":"))
            causes.append(Cause("FieldValueDuplicate", f"Duplicate value: {shown}", place))
        numbers.add(number)
    if kind == "ExternalName" and not spec.get("externalName"):
        causes.append(required("spec.externalName"))
    return causes


def _ingress(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    if not spec.get("rules") and not spec.get("defaultBackend"):
        causes.append(wrong("spec", [], "either `defaultBackend` or `rules` must be specified"))
    for n, rule in enumerate(spec.get("rules") or ()):
        for m, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            place = f"spec.rules[{n}].http.paths[{m}]"
            if not path.get("pathType"):
                causes.append(required(f"{place}.pathType", "Required value: pathType must be specified"))
                continue
            if path["pathType"] != "ImplementationSpecific" and not str(path.get("path", "")).startswith("/"):
                causes.append(wrong(f"{place}.path", path.get("path", ""), "must be an absolute path"))
            if not (path.get("backend") or {}).get("service") and not (path.get("backend") or {}).get("resource"):
                causes.append(
                    required(f"{place}.backend", "Required value: either `service` or `resource` must be set")
                )
    return causes


def _claim(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    if not spec.get("accessModes"):
        causes.append(required("spec.accessModes", "Required value: at least 1 access mode is required"))
    if not ((spec.get("resources") or {}).get("requests") or {}).get("storage"):
        causes.append(required("spec.resources[storage]"))
    return causes


def _storage_class(obj: Object) -> list[Cause]:
    return [] if obj.get("provisioner") else [required("provisioner")]


def _role_binding(obj: Object) -> list[Cause]:
    ref = obj.get("roleRef") or {}
    return [] if ref.get("name") else [required("roleRef.name")]


def _definition(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    wanted = f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}"
    causes = []
    if obj["metadata"].get("name") != wanted:
        causes.append(wrong("metadata.name", obj["metadata"].get("name"), 'must be spec.names.plural+"."+spec.group'))
    if sum(1 for v in spec.get("versions") or () if v.get("storage")) != 1:
        causes.append(wrong("spec.versions", "", "must have exactly one version marked as storage version"))
    for n, version in enumerate(spec.get("versions") or ()):
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            causes.append(
                required(f"spec.versions[{n}].schema.openAPIV3Schema", "Required value: schemas are required")
            )
    return causes


_BODIES: dict[str, Callable[[Object], list[Cause]]] = {
    "pods": _pod,
    "services": _service,
    "configmaps": _keys,
    "secrets": _secret,
    "persistentvolumeclaims": _claim,
    "deployments.apps": _workload,
    "statefulsets.apps": _workload,
    "daemonsets.apps": _workload,
    "replicasets.apps": _workload,
    "jobs.batch": _job,
    "cronjobs.batch": _cron_job,
    "ingresses.networking.k8s.io": _ingress,
    "storageclasses.storage.k8s.io": _storage_class,
    "rolebindings.rbac.authorization.k8s.io": _role_binding,
    "clusterrolebindings.rbac.authorization.k8s.io": _role_binding,
    "customresourcedefinitions.apiextensions.k8s.io": _definition,
}
