"""How a watched object is, in a word of ours and a few of Kubernetes': what dashboards show beside its name.

Only what the object itself says; why it is so is for diagnosis.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from bevel_tui.records.snapshot import Object

#: words of `views.words`
State = Literal["ok", "waiting", "warning", "failed", "skipped"]


class Health(NamedTuple):
    """`state` is one of our words, `note` what the object says of itself."""

    state: State
    note: str = ""


def health(obj: Object) -> Health:
    """The state of an object of a snapshot, by its kind; kinds without a state are ``ok`` by being there."""
    kind = str(obj.get("kind") or "")
    if (obj.get("metadata") or {}).get("deletionTimestamp"):
        return Health("waiting", "being deleted")
    judge = _BY_KIND.get(kind)
    return judge(obj.get("spec") or {}, obj.get("status") or {}) if judge is not None else Health("ok")


def _pod(spec: Any, status: Any) -> Health:
    phase = str(status.get("phase") or "Pending")
    entries = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    restarts = sum(int(entry.get("restartCount") or 0) for entry in entries)
    again = f", restarted {restarts} x" if restarts else ""
    if phase == "Succeeded":
        return Health("ok", "completed")
    if phase == "Failed":
        return Health("failed", str(status.get("reason") or "failed") + again)
    for entry in entries:
        waiting = (entry.get("state") or {}).get("waiting") or {}
        reason = str(waiting.get("reason") or "")
        if reason and reason not in ("ContainerCreating", "PodInitializing"):
            return Health(
                "failed" if restarts or "Err" in reason or "BackOff" in reason else "waiting", f"{reason}{again}"
            )
    if _condition(status, "Ready") == "True":
        return Health("ok", f"ready{again}")
    started = [e for e in status.get("initContainerStatuses") or () if "running" in (e.get("state") or {})]
    if started:
        return Health("waiting", f"init container {started[0].get('name')}{again}")
    return Health("waiting", ("not ready" if phase == "Running" else phase.lower()) + again)


def _job(spec: Any, status: Any) -> Health:
    if _condition(status, "Complete") == "True":
        return Health("ok", "complete")
    if _condition(status, "Failed") == "True":
        return Health("failed", "failed")
    tries = int(status.get("failed") or 0)
    return Health(
        "waiting", f"running, {tries} tries failed" if tries else "running" if status.get("active") else "not begun"
    )


def _replicas(spec: Any, status: Any) -> Health:
    said = (spec.get("replicas"), status.get("desiredNumberScheduled"), 1)
    wanted = int(next(number for number in said if number is not None))
    ready = int(status.get("readyReplicas") or status.get("numberReady") or 0)
    return Health("ok" if ready >= wanted else "waiting", f"{ready}/{wanted} ready")


def _claim(spec: Any, status: Any) -> Health:
    phase = str(status.get("phase") or "Pending")
    return Health("ok" if phase == "Bound" else "failed" if phase == "Lost" else "waiting", phase.lower())


def _service(spec: Any, status: Any) -> Health:
    if spec.get("type") != "LoadBalancer":
        return Health("ok", str(spec.get("type") or "ClusterIP"))
    found = addresses(status)
    return Health("ok", ", ".join(found)) if found else Health("waiting", "no address yet")


def addresses(status: Any) -> tuple[str, ...]:
    """Addresses or host names of a load balancer, out of a Service's status."""
    entries = ((status.get("loadBalancer") or {}).get("ingress")) or ()
    return tuple(
        str(entry.get("ip") or entry.get("hostname")) for entry in entries if entry.get("ip") or entry.get("hostname")
    )


def _condition(status: Any, kind: str) -> str:
    return next((str(c.get("status")) for c in status.get("conditions") or () if c.get("type") == kind), "")


def ready(obj: Object) -> bool:
    """Whether a pod or a node has its condition Ready."""
    return _condition(obj.get("status") or {}, "Ready") == "True"


_BY_KIND: dict[str, Any] = {
    "Pod": _pod,
    "Job": _job,
    "StatefulSet": _replicas,
    "Deployment": _replicas,
    "DaemonSet": _replicas,
    "PersistentVolumeClaim": _claim,
    "Service": _service,
}
