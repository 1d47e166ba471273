"""When an object is ready, per kind, from the object alone. Kinds that are not understood count as ready.

The meaning follows kstatus (kubernetes-sigs/cli-utils): a status older than the spec says nothing. It differs for
Jobs, which must complete: Bevel's Jobs without hooks are plain objects that Helm does not wait for (facts 0.5).
A generic wait on custom resources would hang on those that never set conditions, so there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bevel_tui.records.snapshot import Object
from bevel_tui.records.steps import Produced

State = Literal["pending", "progressing", "ready", "failed", "gone"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """The state of one object and why, in a few words (``1 of 3 ready``)."""

    state: State
    message: str = ""


READY = Readiness("ready")
MISSING = Readiness("pending", "not there yet")


def judge(kind: str, obj: Object | None) -> Readiness:
    """The readiness of an object of a kind; `obj` None: it does not exist."""
    if obj is None:
        return MISSING
    if doomed(obj):
        return Readiness("progressing", "being deleted")
    rule = _RULES.get(kind)
    return rule(obj) if rule is not None else READY


def doomed(obj: Object | None) -> bool:
    """Whether an object is still there, but being deleted."""
    return obj is not None and bool((obj.get("metadata") or {}).get("deletionTimestamp"))


def whole(made: Produced, found: Object | None) -> bool:
    """Whether what a release produces is there, with the data keys that come later than the object itself."""
    return found is not None and not doomed(found) and set(made.awaited) <= set(found.get("data") or ())


def understood(kind: str) -> bool:
    """Whether the kind has a readiness of its own (others are applied, not waited for)."""
    return kind in _RULES


def _spec(obj: Object) -> Mapping[str, Any]:
    return obj.get("spec") or {}


def _status(obj: Object) -> Mapping[str, Any]:
    return obj.get("status") or {}


def _condition(obj: Object, kind: str) -> Mapping[str, Any]:
    for entry in _status(obj).get("conditions") or ():
        if entry.get("type") == kind:
            return dict(entry)
    return {}


def _stale(obj: Object) -> bool:
    generation = (obj.get("metadata") or {}).get("generation")
    observed = _status(obj).get("observedGeneration")
    return generation is not None and (observed is None or int(observed) < int(generation))


def _replicas(obj: Object) -> int:
    wanted = _spec(obj).get("replicas")
    return 1 if wanted is None else int(wanted)


def _count(obj: Object, field: str) -> int:
    return int(_status(obj).get(field) or 0)


def _deployment(obj: Object) -> Readiness:
    if _stale(obj):
        return Readiness("progressing", "not seen by its controller yet")
    wanted = _replicas(obj)
    progress = _condition(obj, "Progressing")
    if progress.get("reason") == "ProgressDeadlineExceeded":
        return Readiness("failed", "made no progress in the time it allows")
    if _count(obj, "updatedReplicas") < wanted:
        return Readiness("progressing", f"{_count(obj, 'updatedReplicas')} of {wanted} updated")
    if _count(obj, "replicas") > _count(obj, "updatedReplicas"):
        return Readiness("progressing", "old pods still end")
    if _count(obj, "availableReplicas") < wanted:
        return Readiness("progressing", f"{_count(obj, 'availableReplicas')} of {wanted} available")
    return Readiness("ready", f"{wanted} of {wanted} available")


def _stateful_set(obj: Object) -> Readiness:
    if _stale(obj):
        return Readiness("progressing", "not seen by its controller yet")
    wanted = _replicas(obj)
    if _count(obj, "readyReplicas") < wanted:
        return Readiness("progressing", f"{_count(obj, 'readyReplicas')} of {wanted} ready")
    strategy = _spec(obj).get("updateStrategy") or {}
    if strategy.get("type") != "OnDelete":
        partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
        if partition:
            if _count(obj, "updatedReplicas") < wanted - partition:
                return Readiness("progressing", f"{_count(obj, 'updatedReplicas')} of {wanted - partition} updated")
        elif _status(obj).get("currentRevision") != _status(obj).get("updateRevision"):
            return Readiness("progressing", f"{_count(obj, 'updatedReplicas')} of {wanted} updated")
    return Readiness("ready", f"{wanted} of {wanted} ready")


def _daemon_set(obj: Object) -> Readiness:
    if _stale(obj):
        return Readiness("progressing", "not seen by its controller yet")
    wanted = _count(obj, "desiredNumberScheduled")
    for field, word in (
        ("updatedNumberScheduled", "updated"),
        ("numberAvailable", "available"),
        ("numberReady", "ready"),
    ):
        if _count(obj, field) < wanted:
            return Readiness("progressing", f"{_count(obj, field)} of {wanted} {word}")
    return Readiness("ready", f"{wanted} of {wanted} ready")


def _job(obj: Object) -> Readiness:
    if _condition(obj, "Complete").get("status") == "True":
        return Readiness("ready", "complete")
    failed = _condition(obj, "Failed")
    if failed.get("status") == "True":
        return Readiness("failed", str(failed.get("reason") or "failed"))
    if _spec(obj).get("suspend"):
        return Readiness("progressing", "suspended")
    if _count(obj, "failed"):
        return Readiness("progressing", f"{_count(obj, 'failed')} failed so far")
    return Readiness("progressing" if _count(obj, "active") else "pending", "running" if _count(obj, "active") else "")


def _claim(obj: Object) -> Readiness:
    phase = str(_status(obj).get("phase") or "Pending")
    return Readiness("ready", "bound") if phase == "Bound" else Readiness("progressing", phase.lower())


def _service(obj: Object) -> Readiness:
    if _spec(obj).get("type") != "LoadBalancer" or addresses(obj):
        return READY
    return Readiness("progressing", "no load balancer address yet")


def addresses(service: Object) -> tuple[str, ...]:
    """Addresses (or host names) of a LoadBalancer Service, in the order the provider gave them."""
    entries = (_status(service).get("loadBalancer") or {}).get("ingress") or ()
    return tuple(
        str(entry.get("ip") or entry.get("hostname")) for entry in entries if entry.get("ip") or entry.get("hostname")
    )


def _definition(obj: Object) -> Readiness:
    if _condition(obj, "NamesAccepted").get("status") == "False":
        return Readiness("failed", str(_condition(obj, "NamesAccepted").get("message") or "names not accepted"))
    if _condition(obj, "Established").get("status") == "True":
        return Readiness("ready", "established")
    return Readiness("progressing", "not established yet")


def _pod(obj: Object) -> Readiness:
    phase = _status(obj).get("phase")
    if phase == "Succeeded":
        return Readiness("ready", "succeeded")
    if phase == "Failed":
        return Readiness("failed", str(_status(obj).get("reason") or "failed"))
    if _condition(obj, "Ready").get("status") == "True":
        return READY
    return Readiness("progressing", str(phase or "Pending").lower())


_RULES: dict[str, Callable[[Object], Readiness]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
    "Service": _service,
    "CustomResourceDefinition": _definition,
    "Pod": _pod,
}

#: apiVersion under which each understood kind is watched
API_VERSION: dict[str, str] = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
    "PersistentVolumeClaim": "v1",
    "Service": "v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "Pod": "v1",
    "Event": "v1",
    "Secret": "v1",
    "ConfigMap": "v1",
    "ResourceQuota": "v1",
    "StorageClass": "storage.k8s.io/v1",
}
