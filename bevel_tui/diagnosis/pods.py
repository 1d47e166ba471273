"""POD-*: what becomes of containers. Signals are container states and conditions; events only say why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bevel_tui.diagnosis.evidence import (
    age,
    condition,
    containers,
    events_about,
    finished,
    last_seen,
    name,
    namespace,
    owner,
    quote,
    status,
    waiting,
)
from bevel_tui.diagnosis.rule import Pending
from bevel_tui.diagnosis.say import kubectl, say
from bevel_tui.records.findings import Finding, Severity
from bevel_tui.records.snapshot import ClusterSnapshot, Object

#: failures after which a container is no longer one that waits for something that comes in a moment
TRIES = 3
#: seconds: how long a running pod may be unready; how old an event may be to speak of now; grace beyond the grace
UNREADY, FRESH, GONE = 180.0, 600.0, 120.0
_LINES = 3


def failing(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """POD-CRASH, POD-INIT, POD-OOM, POD-START."""
    for pod in snapshot.of("Pod"):
        if finished(pod):
            continue
        inits = {str(entry.get("name")) for entry in status(pod).get("initContainerStatuses") or ()}
        for container, entry in containers(pod):
            finding = _container(snapshot, pending, pod, container, entry, init=container in inits)
            if finding is not None:
                yield finding
                break


def _container(
    snapshot: ClusterSnapshot, pending: Pending, pod: Object, container: str, entry: Mapping[str, Any], *, init: bool
) -> Finding | None:
    state = waiting(entry)
    ended = (entry.get("state") or {}).get("terminated") or (entry.get("lastState") or {}).get("terminated") or {}
    where, called = namespace(pod), name(pod)
    logs = kubectl(where, f"logs {called} -c {container} --previous")
    restarts = int(entry.get("restartCount") or 0)
    refused = ended.get("reason") in {"StartError", "ContainerCannotRun"} and not entry.get("ready")
    if state.get("reason") in {"RunContainerError", "StartError"} or refused:
        return say(
            "POD-START", snapshot, "Pod", pod, f"Container {container} cannot be started.",
            "Correct command, image or mounts in the chart's values.", command=kubectl(where, f"describe pod {called}"),
            evidence=(state.get("message") or ended.get("message"),),
        )  # fmt: skip
    again = restarts >= TRIES and age(snapshot, ended.get("finishedAt")) < FRESH
    if ended.get("reason") == "OOMKilled" and (not entry.get("ready") or again):
        return say(
            "POD-OOM", snapshot, "Pod", pod, f"Container {container} was killed: it needs more memory than its limit.",
            "Raise its memory limit in the chart's values.", command=kubectl(where, f"describe pod {called}"),
            evidence=(f"exit code {ended.get('exitCode')}, {restarts} restarts", *_limit(pod, container)),
            severity="warning" if entry.get("ready") else None,
        )  # fmt: skip
    tries = failures(entry)
    if not ended.get("exitCode") or tries < TRIES or _killed(snapshot, pod):
        return None
    if state.get("reason") != "CrashLoopBackOff" and (entry.get("state") or {}).get("running") and entry.get("ready"):
        return None
    log = snapshot.logs.get(f"{where}/{called}/{container}", ())
    last = [quote(line) for line in log if line.strip()][-_LINES:]
    code, what = ("POD-INIT", "Init container") if init else ("POD-CRASH", "Container")
    severity: Severity | None = "info" if init and _something_comes(pending, where) else None
    return say(
        code, snapshot, "Pod", pod,
        f"{what} {container} fails again and again (exit code {ended.get('exitCode')}, {tries} times)"
        + (f": {last[-1]}" if last else "."),
        "Read its log and correct what it complains of.", command=logs, evidence=last, severity=severity,
    )  # fmt: skip


def failures(entry: Mapping[str, Any]) -> int:
    """How often a container has failed since its pod began: once more than it was started again, unless it runs now."""
    over = (entry.get("state") or {}).get("terminated") or waiting(entry).get("reason") == "CrashLoopBackOff"
    return int(entry.get("restartCount") or 0) + bool(over)


def _something_comes(pending: Pending, where: str | None) -> bool:
    """Whether keys or certificates are still to be made in the namespace: then an init container waits legally."""
    return any(ref.namespace == where and ref.kind in {"Secret", "ConfigMap"} for ref in pending)


def _limit(pod: Object, container: str) -> Iterator[str]:
    spec = pod.get("spec") or {}
    for entry in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        limit = ((entry.get("resources") or {}).get("limits") or {}).get("memory")
        if entry.get("name") == container and limit:
            yield f"limit {limit}"


def _killed(snapshot: ClusterSnapshot, pod: Object) -> bool:
    return any(
        event.get("reason") == "Killing" and "liveness probe" in str(event.get("message"))
        for event in _fresh(snapshot, pod)
    )


def _fresh(snapshot: ClusterSnapshot, pod: Object) -> Iterator[Object]:
    """Events about a pod that speak of now, newest first."""
    for event in reversed(events_about(snapshot, pod, "Pod")):
        seen = last_seen(event)
        if seen is not None and snapshot.now - seen < FRESH:
            yield event


def unready(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """POD-PROBE, POD-LIVENESS: pods that run and do not serve."""
    for pod in snapshot.of("Pod"):
        if finished(pod) or status(pod).get("phase") != "Running" or owner(pod) == ("Job", ""):
            continue
        restarted = any(int(entry.get("restartCount") or 0) for _, entry in containers(pod))
        ready = condition(pod, "Ready") or {}
        if not restarted and ready.get("status") != "False":
            continue  # nearly all pods: no need to read their events
        where, called = namespace(pod), name(pod)
        killing = next(
            (
                e
                for e in _fresh(snapshot, pod)
                if e.get("reason") == "Killing" and "liveness probe" in str(e.get("message"))
            ),
            None,
        )
        said = [str(e.get("message")) for e in _fresh(snapshot, pod) if e.get("reason") == "Unhealthy"]
        if killing is not None and restarted:
            yield say(
                "POD-LIVENESS", snapshot, "Pod", pod,
                f"Pod {called} is restarted because its liveness probe fails.",
                "Raise the CPU and memory of its container, or look at its disk.",
                command=kubectl(where, f"describe pod {called}"), evidence=(killing.get("message"), *said[:2]),
            )  # fmt: skip
            continue
        probed = [message for message in said if message.startswith(("Readiness probe", "Startup probe"))]
        if ready.get("status") != "False" or age(snapshot, ready.get("lastTransitionTime")) < UNREADY or not probed:
            continue
        yield say(
            "POD-PROBE", snapshot, "Pod", pod,
            f"Pod {called} has run without being ready for {age(snapshot, ready.get('lastTransitionTime')):.0f} s.",
            "Read its log: it does not answer its probe.", command=kubectl(where, f"logs {called} --all-containers"),
            evidence=probed[:2],
        )  # fmt: skip


def not_set_up(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """POD-SANDBOX: events FailedCreatePodSandBox of a pod that still has none."""
    for pod in snapshot.of("Pod"):
        if finished(pod) or status(pod).get("phase") != "Pending":
            continue
        ready = condition(pod, "PodReadyToStartContainers") or {}
        said = [e for e in _fresh(snapshot, pod) if e.get("reason") == "FailedCreatePodSandBox"]
        if not said or ready.get("status") == "True":
            continue
        if any(
            waiting(entry).get("reason") not in {"ContainerCreating", "PodInitializing"} for _, entry in containers(pod)
        ):
            continue
        yield say(
            "POD-SANDBOX", snapshot, "Pod", pod, f"The network of pod {name(pod)} cannot be set up.",
            "Look at the network plugin on its node.", command=kubectl(None, "-n kube-system get pods -o wide"),
            evidence=(said[0].get("message"),),
        )  # fmt: skip


def gone(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """POD-EVICT, POD-TERMINATING."""
    for pod in snapshot.of("Pod"):
        where, called = namespace(pod), name(pod)
        if status(pod).get("phase") == "Failed" and status(pod).get("reason") == "Evicted":
            yield say(
                "POD-EVICT", snapshot, "Pod", pod, f"Pod {called} was evicted from its node.",
                "Free what the node lacks, then delete the pod.", command=kubectl(where, f"delete pod {called}"),
                evidence=(status(pod).get("message"),),
            )  # fmt: skip
        deleted = (pod.get("metadata") or {}).get("deletionTimestamp")
        # deletionTimestamp is when the grace period ends [kubernetes: meta/v1, ObjectMeta]
        if deleted and age(snapshot, deleted) >= GONE:
            finalizers = (pod["metadata"].get("finalizers")) or ()
            yield say(
                "POD-TERMINATING", snapshot, "Pod", pod,
                f"Pod {called} should have been gone for {age(snapshot, deleted):.0f} s.",
                "Look at its node; if that is lost, delete the pod by force.",
                command=kubectl(where, f"delete pod {called} --force --grace-period=0"),
                evidence=(f"finalizers {', '.join(finalizers)}" if finalizers else "",),
            )  # fmt: skip
