"""POD-SCHED-*: a pod that no node takes. Terminal after the 15 s that kstatus allows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bevel_tui.diagnosis.evidence import age, condition, finished, name, namespace, quote
from bevel_tui.diagnosis.rule import Pending
from bevel_tui.diagnosis.storage import unbound_claims
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot

#: seconds for which Unschedulable is normal (kubernetes-sigs/cli-utils, kstatus: ScheduleWindow)
WINDOW = 15.0
#: seconds for which it is not even worth a word: claims are bound and nodes found a moment after the pod is made
QUIET = 5.0

_CLAIM = re.compile(r'persistentvolumeclaim "[^"]+" not found')
_CAUSES: tuple[tuple[str, re.Pattern[str], str, str], ...] = (
    (
        "POD-SCHED-CPU",
        re.compile(r"insufficient cpu", re.IGNORECASE),
        "no node has enough free CPU",
        "Add nodes or free CPU: kubectl --context CONTEXT describe nodes",
    ),
    (
        "POD-SCHED-MEM",
        re.compile(r"insufficient memory", re.IGNORECASE),
        "no node has enough free memory",
        "Add nodes or free memory: kubectl --context CONTEXT describe nodes",
    ),
    (
        "POD-SCHED-TOOMANY",
        re.compile(r"too many pods", re.IGNORECASE),
        "every node runs as many pods as it may",
        "Add nodes: kubectl --context CONTEXT get nodes",
    ),
    (
        "POD-SCHED-VOLUME",
        re.compile(r"volume node affinity|unbound immediate", re.IGNORECASE),
        "its volumes cannot be used where it could run",
        "Look at its claims: kubectl --context CONTEXT -n NAMESPACE get pvc",
    ),
    (
        "POD-SCHED-PORT",
        re.compile(r"didn't have free ports", re.IGNORECASE),
        "the host port that it wants is taken on every node",
        "Use another port, or more nodes: kubectl --context CONTEXT get nodes",
    ),
    (
        "POD-SCHED-CORDON",
        re.compile(r"were unschedulable", re.IGNORECASE),
        "the nodes are cordoned",
        "Let pods in again: kubectl --context CONTEXT uncordon NODE",
    ),
    (
        "POD-SCHED-TAINT",
        re.compile(r"taint", re.IGNORECASE),
        "every node repels it with a taint",
        "Give the preset `placement.tolerations`, or remove the taint: kubectl --context CONTEXT describe nodes",
    ),
    (
        "POD-SCHED-AFFINITY",
        re.compile(r"affinity|selector", re.IGNORECASE),
        "no node matches its selector or affinity",
        "Correct `placement.node_selector` in the preset: kubectl --context CONTEXT get nodes --show-labels",
    ),
)


def unschedulable(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """Condition PodScheduled=False, reason Unschedulable, for 15 s."""
    for pod in snapshot.of("Pod"):
        scheduled = condition(pod, "PodScheduled")
        if finished(pod) or scheduled is None:
            continue
        if scheduled.get("status") != "False" or scheduled.get("reason") != "Unschedulable":
            continue
        if unbound_claims(snapshot, pod):
            continue  # an effect; the claim has its own rule
        message = str(scheduled.get("message") or "")
        if _CLAIM.search(message):
            continue  # PVC-MISSING has it
        waited = age(snapshot, scheduled.get("lastTransitionTime"))
        if waited < QUIET:
            continue
        code, words, remedy = next(
            ((c, w, r) for c, pattern, w, r in _CAUSES if pattern.search(message)),
            ("POD-SCHED", "no node takes it", "Read the scheduler's reasons: kubectl --context CONTEXT describe nodes"),
        )
        final = waited >= WINDOW
        yield Finding(
            code=code,
            severity="error" if final else "warning",
            cluster=snapshot.cluster,
            namespace=namespace(pod),
            kind="Pod",
            name=name(pod),
            cause=f"Pod {name(pod)} is not scheduled: {words}.",
            evidence=(quote(message), f"for {waited:.0f} s"),
            remedy=remedy.replace("NAMESPACE", str(namespace(pod))),
            terminal=final,
        )
