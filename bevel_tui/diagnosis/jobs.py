"""JOB-BACKOFF: a Job that has failed for good, with the last words of its pods."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bevel_tui.diagnosis.evidence import condition, name, namespace, owner, quote
from bevel_tui.diagnosis.rule import Pending
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Object

_LINES = 10


def job_failed(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """Condition Failed of a Job: BackoffLimitExceeded, DeadlineExceeded, PodFailurePolicy (facts G04, G36)."""
    for job in snapshot.of("Job"):
        failed = condition(job, "Failed")
        if failed is None or failed.get("status") != "True":
            continue
        reason = str(failed.get("reason") or "Failed")
        words = {
            "BackoffLimitExceeded": "its pods failed as often as it allows",
            "DeadlineExceeded": "it ran longer than it allows",
        }.get(reason, reason)
        message = quote(failed.get("message"))
        log = last_words(snapshot, job)
        yield Finding(
            code="JOB-BACKOFF",
            cluster=snapshot.cluster,
            namespace=namespace(job),
            kind="Job",
            name=name(job),
            cause=f"Job {name(job)} failed: {words}." + (f" Its last words: {log[-1]}" if log else ""),
            evidence=((f"{reason}: {message}" if message else reason), *log),
            remedy=(
                "Correct what the log complains of and run the same command again; more: "
                f"kubectl --context CONTEXT -n {namespace(job)} logs job/{name(job)} --all-containers"
            ),
            terminal=True,
        )


def last_words(snapshot: ClusterSnapshot, job: Object) -> tuple[str, ...]:
    """The last log lines of a Job: of its newest pod of which there are any, else of one that is gone already
    (a Job that gives up deletes the pod that it kept restarting)."""
    pods = [pod for pod in snapshot.of("Pod") if owner(pod) == ("Job", name(job))]
    newest = sorted(pods, key=lambda p: str((p.get("metadata") or {}).get("creationTimestamp")), reverse=True)
    for pod in newest:
        for key, lines in snapshot.logs.items():
            if key.startswith(f"{namespace(pod)}/{name(pod)}/") and lines:
                return _last(lines)
    gone = re.compile(rf"{re.escape(f'{namespace(job)}/{name(job)}')}-[a-z0-9]{{5}}/.+")
    for key, lines in reversed(tuple(snapshot.logs.items())):
        if gone.fullmatch(key) and lines:
            return _last(lines)
    return ()


def _last(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(quote(line) for line in lines if line.strip())[-_LINES:]
