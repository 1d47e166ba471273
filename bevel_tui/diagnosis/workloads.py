"""WL-*, STS-STUCK, DEP-STUCK, JOB-SUSPENDED: what controllers cannot bring about."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.diagnosis.evidence import age, condition, labels, name, namespace, status
from bevel_tui.diagnosis.rule import Pending
from bevel_tui.diagnosis.say import kubectl, say
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Object

#: seconds for which an unready pod of a StatefulSet is no news
_STUCK = 300.0
_HELM = "app.kubernetes.io/managed-by"


def stuck(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """STS-STUCK: an ordinal that is not ready holds back the others; DEP-STUCK: the controller's own condition."""
    for workload in snapshot.of("StatefulSet"):
        wanted = _replicas(workload)
        if wanted < 2 or int(status(workload).get("readyReplicas") or 0) >= wanted:
            continue
        if (workload.get("spec") or {}).get("podManagementPolicy") == "Parallel":
            continue
        for ordinal in range(wanted):
            pod = snapshot.find("Pod", namespace(workload), f"{name(workload)}-{ordinal}")
            ready = condition(pod, "Ready") if pod is not None else None
            if pod is None or (ready or {}).get("status") == "True":
                continue
            if ready is None or age(snapshot, ready.get("lastTransitionTime")) < _STUCK:
                break
            yield say(
                "STS-STUCK", snapshot, "StatefulSet", workload,
                f"StatefulSet {name(workload)} waits for its pod {name(pod)}: none after it starts or is renewed.",
                "Mend that pod; if it runs an old template, delete it.",
                command=kubectl(namespace(workload), f"describe pod {name(pod)}"), blames=(f"Pod/{namespace(pod)}/{name(pod)}",),
                evidence=(f"{status(workload).get('readyReplicas') or 0} of {wanted} ready",),
            )  # fmt: skip
            break
    for workload in snapshot.of("Deployment"):
        progress = condition(workload, "Progressing") or {}
        if progress.get("reason") == "ProgressDeadlineExceeded" and progress.get("status") == "False":
            yield say(
                "DEP-STUCK", snapshot, "Deployment", workload,
                f"Deployment {name(workload)} made no progress in the time it allows.", "Look at its newest pods.",
                command=kubectl(namespace(workload), f"rollout status deployment {name(workload)} --timeout=1s"),
                evidence=(progress.get("message"),),
            )  # fmt: skip


def scaled_down(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """WL-ZERO, JOB-SUSPENDED: of what Helm installed, somebody has stopped a part."""
    for kind in ("StatefulSet", "Deployment"):
        for workload in snapshot.of(kind):
            if _replicas(workload) == 0 and labels(workload).get(_HELM) == "Helm":
                yield say(
                    "WL-ZERO", snapshot, kind, workload, f"{kind} {name(workload)} is scaled to nothing.",
                    "Scale it up, or deploy again.",
                    command=kubectl(namespace(workload), f"scale {kind.lower()} {name(workload)} --replicas=1"),
                )  # fmt: skip
    for job in snapshot.of("Job"):
        if (job.get("spec") or {}).get("suspend") and labels(job).get(_HELM) == "Helm":
            patch = '{"spec":{"suspend":false}}'
            yield say(
                "JOB-SUSPENDED", snapshot, "Job", job, f"Job {name(job)} is suspended: it starts no pods.",
                "Let it go on.", command=kubectl(namespace(job), f"patch job {name(job)} -p '{patch}'"),
            )  # fmt: skip


def _replicas(workload: Object) -> int:
    wanted = (workload.get("spec") or {}).get("replicas")
    return 1 if wanted is None else int(wanted)
