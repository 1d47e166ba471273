"""SA-MISSING, MOUNT-FAIL, POD-ATTACH, PVC-MISSING: what pods and controllers ask for and do not get."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bevel_tui.diagnosis.evidence import age, condition, events_about, finished, last_seen, name, namespace, status
from bevel_tui.diagnosis.rule import Pending, may_come
from bevel_tui.diagnosis.say import kubectl, say
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Object

# plugin/pkg/admission/serviceaccount/admission.go
_ACCOUNT = re.compile(r'error looking up service account \S+: serviceaccount "(?P<name>[^"]+)" not found')
#: an object that is missing altogether is POD-MOUNT's
_OBJECT = re.compile(r'(secret|configmap) "[^"]+" not found', re.IGNORECASE)
_CLAIM = re.compile(r'persistentvolumeclaim "(?P<name>[^"]+)" not found')
#: seconds: events that speak of now; what a kubelet may need to get over a race; the scheduler's first look
FRESH, RACE, QUIET = 600.0, 10.0, 10.0


def accounts(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """SA-MISSING, at the workload whose pods are refused; gone as soon as the account is there."""
    for kind in ("Job", "StatefulSet", "ReplicaSet", "DaemonSet"):
        for obj in snapshot.of(kind):
            for event in reversed(events_about(snapshot, obj, kind)):
                match = _ACCOUNT.search(str(event.get("message"))) if event.get("reason") == "FailedCreate" else None
                if match is None:
                    continue
                wanted, where = match["name"], namespace(obj)
                if not snapshot.knows("ServiceAccount") and _has_pods(obj):
                    break
                if snapshot.find("ServiceAccount", where, wanted) is not None:
                    break
                waits = may_come(pending, "ServiceAccount", wanted, where)
                yield say(
                    "SA-MISSING", snapshot, kind, obj,
                    f"{kind} {name(obj)} may not create pods: ServiceAccount {wanted} does not exist.",
                    "Install the first release of the namespace again: it makes the account.",
                    command=kubectl(where, "get serviceaccounts"), evidence=(event.get("message"),),
                    blames=(f"ServiceAccount/{where}/{wanted}",), severity="info" if waits else None,
                )  # fmt: skip
                break


def _has_pods(obj: Object) -> bool:
    return any(int(status(obj).get(field) or 0) for field in ("active", "succeeded", "replicas"))


def volumes(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """MOUNT-FAIL, POD-ATTACH: fresh events about a pod that still waits for its containers."""
    for pod in snapshot.of("Pod"):
        if finished(pod) or status(pod).get("phase") != "Pending":
            continue
        if (condition(pod, "PodReadyToStartContainers") or {}).get("status") == "True":
            continue
        if age(snapshot, (condition(pod, "PodScheduled") or {}).get("lastTransitionTime")) < RACE:
            continue
        where, called = namespace(pod), name(pod)
        for event in reversed(events_about(snapshot, pod, "Pod")):
            seen, message = last_seen(event), str(event.get("message") or "")
            if seen is None or snapshot.now - seen > FRESH:
                break
            if event.get("reason") == "FailedAttachVolume":
                yield say(
                    "POD-ATTACH", snapshot, "Pod", pod, f"A volume of pod {called} cannot be attached to its node.",
                    "If another node holds it and is dead, delete that node's pod by force.",
                    command=kubectl(None, "get volumeattachments"), evidence=(message,),
                )  # fmt: skip
                break
            if event.get("reason") == "FailedMount" and not _OBJECT.search(message):
                yield say(
                    "MOUNT-FAIL", snapshot, "Pod", pod, f"A volume of pod {called} cannot be mounted.",
                    "Correct what the kubelet names.", command=kubectl(where, f"describe pod {called}"),
                    evidence=(message,),
                )  # fmt: skip
                break


def claims(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """PVC-MISSING: the scheduler's words about a claim, and no such claim."""
    for pod in snapshot.of("Pod"):
        scheduled = condition(pod, "PodScheduled") or {}
        match = _CLAIM.search(str(scheduled.get("message") or "")) if scheduled.get("status") == "False" else None
        if match is None or finished(pod) or age(snapshot, scheduled.get("lastTransitionTime")) < QUIET:
            continue
        where = namespace(pod)
        if snapshot.find("PersistentVolumeClaim", where, match["name"]) is not None:
            continue
        waits = may_come(pending, "PersistentVolumeClaim", match["name"], where)
        yield say(
            "PVC-MISSING", snapshot, "Pod", pod, f"Pod {name(pod)} uses the claim {match['name']}, which does not exist.",
            "Install the release that makes it again.", command=kubectl(where, "get pvc"),
            evidence=(scheduled.get("message"),), blames=(f"PersistentVolumeClaim/{where}/{match['name']}",),
            severity="info" if waits else None,
        )  # fmt: skip
