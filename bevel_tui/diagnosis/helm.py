"""HELM-*, FLUX-NOTREADY: what Helm's own records say, and what of a network's plan is not there."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.diagnosis.evidence import age, condition, name, namespace
from bevel_tui.diagnosis.pending import at_work, released
from bevel_tui.diagnosis.rule import Pending
from bevel_tui.diagnosis.say import kubectl, ours, say
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Snapshot

#: seconds after which a pending operation is nobody's any more (as the engine's repair table has it: ten minutes)
_DEAD = 600.0
_PENDING = {"pending-install", "pending-upgrade", "pending-rollback", "uninstalling"}


def releases(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """HELM-PENDING, HELM-FAILED."""
    for release in snapshot.releases:
        helm = f"helm --kube-context CONTEXT -n {release.namespace}"
        since = None if release.modified is None else snapshot.now - release.modified
        if release.status in _PENDING and since is not None and since >= _DEAD:
            yield say(
                "HELM-PENDING", snapshot, "Release", release.name,
                f"Release {release.name} has been {release.status} for {since / 60:.0f} minutes.",
                "Deploy again: it is repaired.", where=release.namespace, command=f"{helm} history {release.name}",
                evidence=(f"revision {release.revision}",),
            )  # fmt: skip
        elif release.status == "failed":
            yield say(
                "HELM-FAILED", snapshot, "Release", release.name,
                f"Release {release.name} has failed" + (f": {release.description}" if release.description else "."),
                "Correct the cause, then deploy again: the release is repaired.", where=release.namespace,
                command=f"{helm} status {release.name}", evidence=(f"revision {release.revision}", release.description),
            )  # fmt: skip


def flux(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """FLUX-NOTREADY: Ready=False with a reason that is no progress."""
    for release in snapshot.of("HelmRelease"):
        ready = condition(release, "Ready") or {}
        if ready.get("status") != "False" or ready.get("reason") in {"Progressing", "ProgressingWithRetry", None}:
            continue
        yield say(
            "FLUX-NOTREADY", snapshot, "HelmRelease", release, f"HelmRelease {name(release)} is not ready.",
            "Correct the cause, then reconcile it.",
            command=kubectl(namespace(release), f"describe helmrelease {name(release)}"),
            evidence=(f"{ready.get('reason')}: {ready.get('message')}",),
        )  # fmt: skip


def unfinished(snapshot: Snapshot) -> Iterator[Finding]:
    """HELM-MISSING: releases of a plan that are not there while nobody is at work; said once per cluster."""
    for network in snapshot.networks:
        if at_work(snapshot, network.name) or not released(snapshot, network):
            continue
        for cluster in snapshot.clusters:
            if cluster.access.state != "ok" or not cluster.knows("Secret"):
                continue
            planned = [s for s in network.steps if s.release and s.managed and s.cluster == cluster.cluster]
            there = {(r.namespace, r.name) for r in cluster.releases}
            missing = [s for s in planned if (s.namespace, s.release) not in there]
            if not missing:
                continue
            shown = ", ".join(str(s.release) for s in missing[:5]) + (" ..." if len(missing) > 5 else "")
            first = missing[0]
            yield say(
                "HELM-MISSING", cluster, "Release", str(first.release),
                f"{len(missing)} of {len(planned)} releases of network {network.name} are not installed in cluster "
                f"{cluster.cluster}, and no deployment is at work.",
                "Deploy again: it continues where it stopped.", where=first.namespace,
                command=ours(network.name), evidence=(shown,),
            )  # fmt: skip


def deleted(snapshot: Snapshot) -> Iterator[Finding]:
    """HELM-GONE: what a deployed release rendered is not there. A Job may go when it is done; said once per release."""
    for network in snapshot.networks:
        if at_work(snapshot, network.name):
            continue
        for cluster in snapshot.clusters:
            there = {(r.namespace, r.name) for r in cluster.releases if r.status == "deployed"}
            for step in network.steps:
                if step.cluster != cluster.cluster or not step.managed or (step.namespace, step.release) not in there:
                    continue
                gone = [key.split("/", 2) for key in step.renders if _gone(cluster, *key.split("/", 2))]
                if not gone:
                    continue
                kind, where, called = gone[0]
                others = [f"{kind} {called}" for kind, _, called in gone[1:]]
                yield say(
                    "HELM-GONE", cluster, kind, called,
                    f"{kind} {called} is not there, though release {step.release}, which made it, is installed."
                    + (f" {len(others)} more of its objects are gone too." if others else ""),
                    "Deploy again: what was deleted by hand is put back.", where=where or None,
                    command=ours(network.name), evidence=(", ".join(others[:8]) + (" ..." if len(others) > 8 else ""),),
                )  # fmt: skip


def _gone(cluster: ClusterSnapshot, kind: str, where: str, called: str) -> bool:
    known = kind != "Job" and cluster.knows(kind) and cluster.covers(where or None)
    return known and cluster.find(kind, where or None, called) is None


#: seconds after its Jobs for which a release's result may not have been seen yet
_RESULT = 60.0


def without_result(snapshot: Snapshot) -> Iterator[Finding]:
    """JOB-NO-RESULT: all Jobs of a release are complete, and what they should have written is not there (facts F03)."""
    for network in snapshot.networks:
        for cluster in snapshot.clusters:
            there = {(r.namespace, r.name) for r in cluster.releases if r.status == "deployed"}
            for step in network.steps:
                if step.cluster != cluster.cluster or (step.namespace, step.release) not in there:
                    continue
                jobs = [
                    job
                    for key in step.renders
                    if key.startswith("Job/") and (job := cluster.find("Job", step.namespace, key.split("/", 2)[2]))
                ]
                ends = [condition(job, "Complete") or {} for job in jobs]
                if not jobs or any(age(cluster, end.get("lastTransitionTime")) < _RESULT for end in ends):
                    continue
                for key in step.produces:
                    kind, where, called = key.split("/", 2)
                    if not cluster.knows(kind) or cluster.find(kind, where or None, called) is not None:
                        continue
                    yield say(
                        "JOB-NO-RESULT", cluster, "Job", jobs[-1],
                        f"Job {name(jobs[-1])} is complete, but {kind} {called}, which release {step.release} should have "
                        "made, is not there.",
                        "Read the Job's log and run it again.",
                        command=kubectl(where, f"logs job/{name(jobs[-1])} --all-containers"), evidence=(f"{kind} {called} is missing",),
                    )  # fmt: skip
                    break
