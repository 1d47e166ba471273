"""What Kubernetes refuses with 422: names, labels, missing fields, and changes to what may not change.

Not the whole of it: the rules that charts and people run into. Messages are the real server's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bevel_tui.sandbox.apiserver import selectors
from bevel_tui.sandbox.apiserver.errors import Cause, Refusal, invalid
from bevel_tui.sandbox.apiserver.kinds import Kind

Object = dict[str, Any]

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_LABEL = re.compile(_LABEL)
_DNS_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_ENV_NAME = re.compile(r"[ -<>-~]+")

_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_LABEL_KEY_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
#: resources whose names are path segments only (RBAC names hold colons)
_PATH_NAMES = {"roles", "rolebindings", "clusterroles", "clusterrolebindings"}


def required(field: str, text: str = "Required value") -> Cause:
    return Cause("FieldValueRequired", text, field)


def wrong(field: str, value: Any, why: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {_go(value)}: {why}", field)


def unsupported(field: str, value: Any, allowed: Iterable[str]) -> Cause:
    listed = ", ".join(f'"{a}"' for a in sorted(allowed))
    return Cause("FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {listed}', field)


def _go(value: Any) -> str:
    return (
        json.dumps(value) if isinstance(value, str | int | float | bool) else json.dumps(value, separators=(",", ":"))
    )


def check_create(kind: Kind, obj: Object) -> None:
    """Raises Refusal(422) with all causes at once."""
    causes = [*_metadata(kind, obj["metadata"]), *_body(kind, obj)]
    _refuse(kind, obj, causes)


def check_update(kind: Kind, old: Object, new: Object) -> None:
    """Raises Refusal(422) for an invalid object or a forbidden change."""
    causes = [*_metadata(kind, new["metadata"]), *_body(kind, new)]
    rule = _UPDATES.get(kind.resource)
    if rule:
        causes += rule(old, new)
    _refuse(kind, new, causes)


def _refuse(kind: Kind, obj: Object, causes: list[Cause]) -> None:
    if causes:
        raise invalid(kind.kind, kind.group, obj["metadata"].get("name", ""), causes)


# ---------------------------------------------------------------- metadata


def _metadata(kind: Kind, meta: Mapping[str, Any]) -> list[Cause]:
    causes = []
    name = meta.get("name") or ""
    if not name:
        causes.append(required("metadata.name", "Required value: name or generateName is required"))
    elif kind.plural in _PATH_NAMES:
        if name in {".", ".."} or "/" in name or "%" in name:
            causes.append(wrong("metadata.name", name, "may not contain '/' or '%', or be '.' or '..'"))
    elif kind.resource == "services":
        causes += _matched("metadata.name", name, _DNS_1035, 63, _1035_TEXT)
    elif kind.resource == "namespaces":
        causes += _matched("metadata.name", name, _DNS_LABEL, 63, _LABEL_TEXT)
    else:
        causes += _matched("metadata.name", name, _DNS_SUBDOMAIN, 253, _SUBDOMAIN_TEXT)
    causes += check_labels(meta.get("labels") or {}, "metadata.labels")
    for key in meta.get("annotations") or {}:
        causes += _qualified(key.lower(), "metadata.annotations", shown=key)
    size = sum(len(k) + len(v) for k, v in (meta.get("annotations") or {}).items())
    if size > 256 * 1024:
        causes.append(Cause("FieldValueTooLong", "Too long: may not be more than 262144 bytes", "metadata.annotations"))
    for n, ref in enumerate(meta.get("ownerReferences") or ()):
        for key in ("apiVersion", "kind", "name", "uid"):
            if not ref.get(key):
                causes.append(wrong(f"metadata.ownerReferences[{n}].{key}", "", f"{key} must not be empty"))
    return causes


def check_labels(labels: Mapping[str, str], field: str) -> list[Cause]:
    """What is wrong with a map of labels."""
    causes = []
    for key, value in labels.items():
        causes += _qualified(key, field)
        if len(value) > 63:
            causes.append(wrong(field, value, "must be no more than 63 characters"))
        elif not _LABEL_VALUE.fullmatch(value):
            causes.append(wrong(field, value, _LABEL_VALUE_TEXT))
    return causes


def _qualified(key: str, field: str, shown: str | None = None) -> list[Cause]:
    prefix, slash, name = key.rpartition("/")
    shown = shown or key
    if slash and (not prefix or not _DNS_SUBDOMAIN.fullmatch(prefix)):
        return [wrong(field, shown, f"prefix part {_SUBDOMAIN_TEXT}")]
    if len(name) > 63:
        return [wrong(field, shown, "name part must be no more than 63 characters")]
    return [] if _QUALIFIED.fullmatch(name) else [wrong(field, shown, _LABEL_KEY_TEXT)]


def _matched(field: str, value: str, pattern: re.Pattern[str], limit: int, text: str) -> list[Cause]:
    causes = []
    if len(value) > limit:
        causes.append(wrong(field, value, f"must be no more than {limit} characters"))
    if not pattern.fullmatch(value):
        causes.append(wrong(field, value, text))
    return causes


# ---------------------------------------------------------------- bodies


def _body(kind: Kind, obj: Object) -> list[Cause]:
    rule = _BODIES.get(kind.resource)
    return rule(obj) if rule else []


def _pod(obj: Object) -> list[Cause]:
    return pod_spec(obj.get("spec") or {}, "spec")


def _workload(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    template = spec.get("template") or {}
    causes = []
    selector = spec.get("selector")
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not selector:
        causes.append(required("spec.selector"))
    elif not selectors.label_map(selector)(labels):
        causes.append(wrong("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"))
    causes += check_labels(labels, "spec.template.labels")
    policy = (template.get("spec") or {}).get("restartPolicy", "Always")
    if policy != "Always":
        causes.append(unsupported("spec.template.spec.restartPolicy", policy, ["Always"]))
    return causes + pod_spec(template.get("spec") or {}, "spec.template.spec")


def _job(obj: Object) -> list[Cause]:
    return _job_spec(obj.get("spec") or {}, "spec")


def _job_spec(spec: Mapping[str, Any], field: str) -> list[Cause]:
    pod = (spec.get("template") or {}).get("spec") or {}
    causes = pod_spec(pod, f"{field}.template.spec")
    policy = pod.get("restartPolicy")
    if policy not in {"OnFailure", "Never"}:
        causes.insert(0, required(f"{field}.template.spec.restartPolicy", 'Required value: valid values: "OnFailure", "Never"')
                      if policy in {None, "Always"} and policy is None
                      else unsupported(f"{field}.template.spec.restartPolicy", policy, ["OnFailure", "Never"]))  # fmt: skip
    return causes


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
            causes += _matched(place, name, _DNS_LABEL, 63, _LABEL_TEXT)
        volumes.add(name)
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
                causes += _matched(f"{place}.name", name, _DNS_LABEL, 63, _LABEL_TEXT)
            names.add(name)
            causes += _container(container, place, volumes)
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
        if not 0 < number < 65536:
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
            elif path["pathType"] != "ImplementationSpecific" and not str(path.get("path", "")).startswith("/"):
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

# ---------------------------------------------------------------- changes


def _fixed(field: str, old: Object, new: Object) -> list[Cause]:
    def at(obj: Any) -> Any:
        for key in field.split("."):
            obj = (obj or {}).get(key)
        return obj

    value = at(new)
    return [] if at(old) == value else [wrong(field, value, "field is immutable")]


def _selector_fixed(old: Object, new: Object) -> list[Cause]:
    return _fixed("spec.selector", old, new)


def _job_change(old: Object, new: Object) -> list[Cause]:
    return [
        cause
        for field in ("spec.selector", "spec.template", "spec.completionMode", "spec.completions")
        for cause in _fixed(field, old, new)
    ]


_STATEFUL = "replicas, ordinals, template, updateStrategy, revisionHistoryLimit, persistentVolumeClaimRetentionPolicy and minReadySeconds"  # fmt: skip


def _stateful_set_change(old: Object, new: Object) -> list[Cause]:
    allowed = set(_STATEFUL.replace(" and ", ", ").split(", "))

    def rest(obj: Object) -> dict[str, Any]:
        return {k: v for k, v in (obj.get("spec") or {}).items() if k not in allowed}

    if rest(old) == rest(new):
        return []
    text = f"Forbidden: updates to statefulset spec for fields other than '{_STATEFUL.replace(', ', chr(39) + ', ' + chr(39)).replace(' and ', chr(39) + ' and ' + chr(39))}' are forbidden"
    return [Cause("FieldValueForbidden", text, "spec")]


def _data_change(old: Object, new: Object) -> list[Cause]:
    causes = []
    if old.get("kind") == "Secret":
        causes += _fixed("type", old, new)
    if old.get("immutable"):
        for part in ("data", "binaryData"):
            if old.get(part) != new.get(part):
                causes.append(
                    Cause("FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set", part)
                )
        if not new.get("immutable"):
            causes.append(
                Cause("FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set", "immutable")
            )
    return causes


def _claim_change(old: Object, new: Object) -> list[Cause]:
    def rest(obj: Object) -> dict[str, Any]:
        return {
            k: v
            for k, v in (obj.get("spec") or {}).items()
            if k not in {"resources", "volumeName", "volumeAttributesClassName"}
        }

    before, after = (old.get("spec") or {}).get("volumeName"), (new.get("spec") or {}).get("volumeName")
    if rest(old) == rest(new) and (not before or before == after):
        return []
    text = "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
    return [Cause("FieldValueForbidden", text, "spec")]


def _storage_class_change(old: Object, new: Object) -> list[Cause]:
    causes = []
    for field in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
        if old.get(field) != new.get(field):
            causes.append(Cause("FieldValueForbidden", f"Forbidden: updates to {field} are forbidden.", field))
    return causes


def _role_ref_fixed(old: Object, new: Object) -> list[Cause]:
    return (
        []
        if old.get("roleRef") == new.get("roleRef")
        else [wrong("roleRef", new.get("roleRef"), "cannot change roleRef")]
    )


def _pod_change(old: Object, new: Object) -> list[Cause]:
    def rest(obj: Object) -> Any:
        spec = json.loads(json.dumps(obj.get("spec") or {}))
        for group in ("containers", "initContainers"):
            for container in spec.get(group) or ():
                container.pop("image", None)
        for key in ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName"):
            spec.pop(key, None)
        return spec

    if rest(old) == rest(new):
        return []
    text = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
    return [Cause("FieldValueForbidden", text, "spec")]


_UPDATES: dict[str, Callable[[Object, Object], list[Cause]]] = {
    "pods": _pod_change,
    "configmaps": _data_change,
    "secrets": _data_change,
    "persistentvolumeclaims": _claim_change,
    "deployments.apps": _selector_fixed,
    "daemonsets.apps": _selector_fixed,
    "replicasets.apps": _selector_fixed,
    "statefulsets.apps": _stateful_set_change,
    "jobs.batch": _job_change,
    "storageclasses.storage.k8s.io": _storage_class_change,
    "rolebindings.rbac.authorization.k8s.io": _role_ref_fixed,
    "clusterrolebindings.rbac.authorization.k8s.io": _role_ref_fixed,
}


def port_out_of_range(kind: Kind, obj: Object, n: int, port: int) -> Refusal:
    """A node port outside 30000-32767."""
    text = "provided port is not in the valid range. The range of valid ports is 30000-32767"
    return invalid(kind.kind, kind.group, obj["metadata"]["name"], [wrong(f"spec.ports[{n}].nodePort", port, text)])
