"""What of an object diagnosis reads; the rest is dropped, in place, before it is kept.

Bevel's pods carry whole shell scripts in their arguments: five thousand of them would fill the memory with text that
no rule looks at. The full object is read again when somebody wants to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from sys import intern
from typing import Any

Json = dict[str, Any]

_META = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "labels",
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "finalizers",
)
_EVENT = ("involvedObject", "reason", "message", "type", "count", "lastTimestamp", "eventTime", "series")
_ABOUT = ("kind", "name", "namespace", "uid", "fieldPath")
#: environment variables that are no secret and say where a pod looks for something
_ENV = frozenset({"VAULT_ADDR", "vault_address"})

#: what external-dns is told of the records that are its own
_TOLD = frozenset({"--txt-owner-id", "--domain-filter"})


def reduce(obj: Json) -> Json:
    """Drop, in place, what nobody reads of an object of a snapshot; values of Secrets and ConfigMaps never stay."""
    kind = str(obj.get("kind") or "")
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    _keep(obj.get("metadata") or {}, _META, owners=True)
    shrink = _SHRINK.get(kind)
    if shrink is not None:
        shrink(obj, annotations)
    return obj


def forget(obj: Json) -> Json:
    """Nothing but the identity, in place: the watch needs it, diagnosis does not."""
    _keep(obj.get("metadata") or {}, ("name", "namespace", "resourceVersion"))
    _keep(obj, ("apiVersion", "kind", "metadata"))
    return obj


def _keep(tree: Json, fields: tuple[str, ...], *, owners: bool = False) -> None:
    """Only these fields, in place, under names that all objects share, in a table that is no larger than they need."""
    if owners and tree.get("ownerReferences"):
        tree["ownerReferences"] = [
            {field: one.get(field) for field in ("kind", "name", "controller")} for one in tree["ownerReferences"]
        ]
        fields = (*fields, "ownerReferences")
    kept = {field: tree[field] for field in fields if field in tree}
    tree.clear()
    tree.update(kept)


def _pod(obj: Json, _: Mapping[str, str]) -> None:
    spec = obj.get("spec") or {}
    _keep(
        spec,
        ("nodeName", "serviceAccountName", "volumes", "containers", "initContainers", "restartPolicy", "nodeSelector"),
    )
    for field in ("containers", "initContainers"):
        for container in spec.get(field) or ():
            environment = [e for e in container.get("env") or () if e.get("name") in _ENV and "value" in e]
            _keep(container, ("name", "image", "resources", "ports"))
            if environment:
                container["env"] = environment
    spec["volumes"] = [
        volume
        for volume in spec.get("volumes") or ()
        if {"persistentVolumeClaim", "secret", "configMap", "hostPath"} & volume.keys()
    ]
    status = obj.get("status") or {}
    _keep(
        status,
        ("phase", "conditions", "containerStatuses", "initContainerStatuses", "reason", "message", "startTime"),
    )
    for field in ("containerStatuses", "initContainerStatuses"):
        for entry in status.get(field) or ():
            _keep(entry, ("name", "image", "state", "lastState", "ready", "started", "restartCount"))
    for condition in status.get("conditions") or ():
        _keep(condition, ("type", "status", "reason", "message", "lastTransitionTime"))
        condition["type"] = intern(str(condition.get("type")))


def _event(obj: Json, _: Mapping[str, str]) -> None:
    _keep(obj, ("apiVersion", "kind", "metadata", *_EVENT))
    _keep(obj["metadata"], ("name", "namespace", "resourceVersion"))
    _keep(obj.get("involvedObject") or {}, _ABOUT)
    for field in ("kind", "namespace"):
        if field in (about := obj.get("involvedObject") or {}):
            about[field] = intern(str(about[field]))
    for field in ("reason", "type"):
        if obj.get(field):
            obj[field] = intern(str(obj[field]))


def _template(obj: Json, _: Mapping[str, str]) -> None:
    """Of a workload: its numbers, selector, claim templates and which ServiceAccount it names."""
    spec = obj.get("spec") or {}
    pod = ((spec.get("template") or {}).get("spec")) or {}
    _keep(
        spec,
        (
            "replicas", "selector", "serviceName", "volumeClaimTemplates", "updateStrategy", "backoffLimit",
            "activeDeadlineSeconds", "suspend", "completions", "podManagementPolicy", "progressDeadlineSeconds", "paused",
        ),
    )  # fmt: skip
    spec["serviceAccountName"] = pod.get("serviceAccountName")
    told = _told(pod)
    if told:
        spec["told"] = told


def _told(pod: Json) -> dict[str, str]:
    """Whose a gateway's routes and external-dns' records are: what their containers are told of it."""
    found: dict[str, str] = {}
    for container in pod.get("containers") or ():
        for entry in container.get("env") or ():
            if entry.get("name") == "AMBASSADOR_ID" and entry.get("value"):
                found["AMBASSADOR_ID"] = str(entry["value"])
        for arg in (*(container.get("command") or ()), *(container.get("args") or ())):
            name, equals, value = str(arg).partition("=")
            if equals and name in _TOLD:
                found[name] = ",".join(part for part in (found.get(name), value) if part)
    return found


def _class(obj: Json, annotations: Mapping[str, str]) -> None:
    key = "storageclass.kubernetes.io/is-default-class"
    if key in annotations:
        obj["metadata"]["annotations"] = {key: annotations[key]}


def _named(obj: Json, annotations: Mapping[str, str]) -> None:
    """Services and routes: who gives them names is said in an annotation."""
    kept = {k: v for k, v in annotations.items() if k.startswith(("external-dns.", "kubernetes.io/ingress.class"))}
    if kept:
        obj["metadata"]["annotations"] = kept


def _definition(obj: Json, _: Mapping[str, str]) -> None:
    spec = obj.get("spec") or {}
    conversion = (spec.get("conversion") or {}).get("strategy")
    versions = [{"name": v.get("name"), "served": v.get("served")} for v in spec.get("versions") or ()]
    webhook = ((spec.get("conversion") or {}).get("webhook") or {}).get("clientConfig", {}).get("service")
    obj["spec"] = {"group": spec.get("group"), "names": spec.get("names"), "versions": versions}
    if conversion:
        obj["spec"]["conversion"] = {"strategy": conversion, "service": webhook}


def _webhooks(obj: Json, _: Mapping[str, str]) -> None:
    for hook in obj.get("webhooks") or ():
        service = (hook.get("clientConfig") or {}).get("service")
        _keep(hook, ("name", "failurePolicy", "rules", "namespaceSelector", "objectSelector"))
        hook["service"] = service


def _values(obj: Json, _: Mapping[str, str]) -> None:
    for field in ("data", "binaryData", "stringData"):
        obj.pop(field, None)


_SHRINK: dict[str, Callable[[Json, Mapping[str, str]], None]] = {
    "Pod": _pod,
    "Event": _event,
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet"), _template),
    "StorageClass": _class,
    "Service": _named,
    "Ingress": _named,
    "Host": _named,
    "Mapping": _named,
    "CustomResourceDefinition": _definition,
    "ValidatingWebhookConfiguration": _webhooks,
    "MutatingWebhookConfiguration": _webhooks,
    "Secret": _values,
    "ConfigMap": _values,
}
