"""What may not change once an object exists."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bevel_tui.sandbox.apiserver.errors import Cause
from bevel_tui.sandbox.apiserver.names import wrong

Object = dict[str, Any]


def forbidden_changes(resource: str, old: Object, new: Object) -> list[Cause]:
    """What is wrong with replacing `old` by `new`."""
    rule = _UPDATES.get(resource)
    return rule(old, new) if rule else []


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
    left, right = rest(old), rest(new)
    if "storageClassName" not in left:  # a default that came later (KEP-3333)
        right.pop("storageClassName", None)
    if left == right and (not before or before == after):
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
