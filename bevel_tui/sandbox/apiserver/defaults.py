"""What Kubernetes fills in: the defaults of each kind.

Only what clients see and compare: an object that is read back, or applied again, must look as a real one does.
All functions change the object that they are given; callers own it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from bevel_tui.sandbox.apiserver.kinds import Kind
from bevel_tui.sandbox.apiserver.poddefaults import pod, pod_template_spec, put, quality
from bevel_tui.sandbox.apiserver.schema import Type

Object = dict[str, Any]
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def fill(kind: Kind, obj: Object, old: Object | None) -> None:
    """Fill in defaults; `old` is the stored object on an update."""
    if kind.custom:
        _schema_defaults(obj, kind.type)
        return
    rule = _RULES.get(kind.resource)
    if rule:
        rule(obj)
    if kind.resource == "jobs.batch":
        _job_identity(obj, old)
    if old is None:
        initial = _INITIAL_STATUS.get(kind.resource)
        if initial is not None:
            obj["status"] = initial(obj)
        elif kind.has_status and kind.resource in _EMPTY_STATUS:
            obj["status"] = {}


def _schema_defaults(value: Any, type_: Type) -> None:
    """Defaults that a CRD's schema declares."""
    if isinstance(value, dict):
        for name in type_.names:
            field = type_.field(name)
            if field is None or name == "metadata":
                continue
            if name not in value and field.default is not None:
                value[name] = field.default
            if name in value:
                _schema_defaults(value[name], field)
        if type_.shape == "map":
            for item in value.values():
                _schema_defaults(item, type_.element)
    elif isinstance(value, list) and type_.shape == "list":
        for item in value:
            _schema_defaults(item, type_.element)


# ---------------------------------------------------------------- workloads


def _template(spec: Object) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    if template["metadata"].get("creationTimestamp") is None:
        template["metadata"].pop("creationTimestamp", None)
    pod_template_spec(template.setdefault("spec", {}))


def _deployment(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    put(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    put(spec["strategy"], type="RollingUpdate")
    if spec["strategy"]["type"] == "RollingUpdate":
        put(spec["strategy"], rollingUpdate={})
        put(spec["strategy"]["rollingUpdate"], maxSurge="25%", maxUnavailable="25%")
    _template(spec)


def _stateful_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    put(spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady", updateStrategy={})
    put(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        put(spec["updateStrategy"], rollingUpdate={})
        put(spec["updateStrategy"]["rollingUpdate"], partition=0)
    put(spec, persistentVolumeClaimRetentionPolicy={}, serviceName="")
    put(spec["persistentVolumeClaimRetentionPolicy"], whenDeleted="Retain", whenScaled="Retain")
    for claim in spec.get("volumeClaimTemplates") or ():
        put(claim, apiVersion="v1", kind="PersistentVolumeClaim", status={"phase": "Pending"})
        put(claim.setdefault("spec", {}), volumeMode="Filesystem")
    _template(spec)


def _daemon_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    put(spec, revisionHistoryLimit=10, updateStrategy={})
    put(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        put(spec["updateStrategy"], rollingUpdate={})
        put(spec["updateStrategy"]["rollingUpdate"], maxSurge=0, maxUnavailable=1)
    _template(spec)


def _replica_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    put(spec, replicas=1)
    _template(spec)


def _job_spec(spec: Object) -> None:
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    put(
        spec,
        parallelism=1,
        backoffLimit=6,
        completionMode="NonIndexed",
        suspend=False,
        manualSelector=False,
        podReplacementPolicy="TerminatingOrFailed",
    )
    _template_keeping_policy(spec)


def _template_keeping_policy(spec: Object) -> None:
    """A Job's template has no default restart policy: leaving it out is an error that must stay visible."""
    pod = spec.setdefault("template", {}).setdefault("spec", {})
    given = pod.get("restartPolicy")
    _template(spec)
    if given is None:
        pod.pop("restartPolicy", None)


def _job(obj: Object) -> None:
    _job_spec(obj.setdefault("spec", {}))


def _job_identity(obj: Object, old: Object | None) -> None:
    """The selector and the pod labels that tie a Job's pods to it, generated from its uid."""
    spec = obj["spec"]
    if old is not None:
        # an apply without what the server generated must not read as its removal
        template = old["spec"].get("template", {}).get("metadata", {}).get("labels") or {}
        generated = {k: v for k, v in template.items() if k.endswith(("controller-uid", "job-name"))}
        spec["template"]["metadata"].setdefault("labels", {})
        for key, value in generated.items():
            spec["template"]["metadata"]["labels"].setdefault(key, value)
        put(spec, selector=old["spec"].get("selector"))
        return
    if spec.get("manualSelector"):
        return
    uid, name = obj["metadata"]["uid"], obj["metadata"]["name"]
    labels = spec["template"]["metadata"].setdefault("labels", {})
    labels |= {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    put(spec, selector={"matchLabels": {"batch.kubernetes.io/controller-uid": uid}})


def _cron_job(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    put(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    inner = spec.setdefault("jobTemplate", {}).setdefault("spec", {})
    _template_keeping_policy(inner)


# ---------------------------------------------------------------- others


def _service(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    put(spec, type="ClusterIP", sessionAffinity="None")
    if spec["sessionAffinity"] == "ClientIP":
        put(spec, sessionAffinityConfig={"clientIP": {"timeoutSeconds": 10800}})
    for port in spec.get("ports") or ():
        put(port, protocol="TCP", targetPort=port.get("port"))
    if spec["type"] == "ExternalName":
        return
    put(spec, internalTrafficPolicy="Cluster", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    if spec["type"] in {"NodePort", "LoadBalancer"}:
        put(spec, externalTrafficPolicy="Cluster")
    else:
        spec.pop("externalTrafficPolicy", None)
    if spec["type"] == "LoadBalancer":
        put(spec, allocateLoadBalancerNodePorts=True)
    else:
        spec.pop("allocateLoadBalancerNodePorts", None)


def _secret(obj: Object) -> None:
    put(obj, type="Opaque")
    for key, value in (obj.pop("stringData", None) or {}).items():
        obj.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()


def _namespace(obj: Object) -> None:
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"].get("name", "")
    put(obj.setdefault("spec", {}), finalizers=["kubernetes"])


def _claim(obj: Object) -> None:
    put(obj.setdefault("spec", {}), volumeMode="Filesystem")


def _volume(obj: Object) -> None:
    put(obj.setdefault("spec", {}), volumeMode="Filesystem", persistentVolumeReclaimPolicy="Retain")


def _storage_class(obj: Object) -> None:
    put(obj, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def _bindings(obj: Object) -> None:
    put(obj.setdefault("roleRef", {}), apiGroup="rbac.authorization.k8s.io")
    for subject in obj.get("subjects") or ():
        group = "" if subject.get("kind") == "ServiceAccount" else "rbac.authorization.k8s.io"
        if group:
            put(subject, apiGroup=group)


def _autoscaler(obj: Object) -> None:
    put(obj.setdefault("spec", {}), minReplicas=1)


def _network_policy(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    put(spec, policyTypes=["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])


def _definition(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    names = spec.setdefault("names", {})
    put(names, singular=str(names.get("kind", "")).lower(), listKind=f"{names.get('kind', '')}List")
    put(spec, conversion={"strategy": "None"})


def _limit_range(obj: Object) -> None:
    """A bound for containers is what they get when they say nothing [kubernetes: pkg/apis/core/v1/defaults.go]."""
    for limit in (obj.get("spec") or {}).get("limits") or ():
        if limit.get("type") != "Container":
            continue
        most = {**(limit.get("max") or {}), **(limit.get("default") or {})}
        asked = {**(limit.get("min") or {}), **most, **(limit.get("defaultRequest") or {})}
        limit.update({name: values for name, values in (("default", most), ("defaultRequest", asked)) if values})


_RULES: dict[str, Callable[[Object], None]] = {
    "pods": pod,
    "deployments.apps": _deployment,
    "statefulsets.apps": _stateful_set,
    "daemonsets.apps": _daemon_set,
    "replicasets.apps": _replica_set,
    "jobs.batch": _job,
    "cronjobs.batch": _cron_job,
    "services": _service,
    "secrets": _secret,
    "namespaces": _namespace,
    "limitranges": _limit_range,
    "persistentvolumeclaims": _claim,
    "persistentvolumes": _volume,
    "storageclasses.storage.k8s.io": _storage_class,
    "rolebindings.rbac.authorization.k8s.io": _bindings,
    "clusterrolebindings.rbac.authorization.k8s.io": _bindings,
    "horizontalpodautoscalers.autoscaling": _autoscaler,
    "networkpolicies.networking.k8s.io": _network_policy,
    "customresourcedefinitions.apiextensions.k8s.io": _definition,
}
_INITIAL_STATUS: dict[str, Callable[[Object], Object]] = {
    "pods": lambda obj: {"phase": "Pending", "qosClass": quality(obj)},
    "namespaces": lambda _: {"phase": "Active"},
    # null, not absent: clients that go through the conditions must know
    "customresourcedefinitions.apiextensions.k8s.io": lambda obj: {
        "acceptedNames": {"kind": "", "plural": ""},
        "conditions": None,
        "storedVersions": [v["name"] for v in obj["spec"].get("versions") or () if v.get("storage")],
    },
    "persistentvolumeclaims": lambda _: {"phase": "Pending"},
    "persistentvolumes": lambda _: {"phase": "Pending"},
    "services": lambda _: {"loadBalancer": {}},
    "ingresses.networking.k8s.io": lambda _: {"loadBalancer": {}},
    "deployments.apps": lambda _: {},
    "statefulsets.apps": lambda _: {"availableReplicas": 0, "replicas": 0},
    "daemonsets.apps": lambda _: {
        "currentNumberScheduled": 0,
        "desiredNumberScheduled": 0,
        "numberMisscheduled": 0,
        "numberReady": 0,
    },
    "replicasets.apps": lambda _: {"replicas": 0},
}
_EMPTY_STATUS = {"jobs.batch", "cronjobs.batch", "resourcequotas"}
