"""A snapshot in, a diagnosis out: every rule over every cluster, then the links that put root causes first."""

from __future__ import annotations

from bevel_tui.diagnosis.links import linked
from bevel_tui.diagnosis.pending import pending
from bevel_tui.diagnosis.rules import across, findings
from bevel_tui.records.findings import Diagnosis, Finding
from bevel_tui.records.snapshot import Snapshot


def diagnose(snapshot: Snapshot) -> Diagnosis:
    """All findings, gravest root first, each root followed by its consequences.

    What a cluster's rules say is kept with its snapshot: of a stream of snapshots only the clusters that changed are
    looked at again.
    """
    found: list[Finding] = []
    for cluster in snapshot.clusters:
        waits = pending(snapshot, cluster)
        key = ("findings", waits)
        if key not in cluster.memo:
            said = findings(cluster, waits)
            context = cluster.context or cluster.cluster
            cluster.memo[key] = tuple(_named(finding, context) for finding in said)
        found += cluster.memo[key]
    contexts = {cluster.cluster: cluster.context or cluster.cluster for cluster in snapshot.clusters}
    found += (_named(finding, contexts.get(finding.cluster, finding.cluster)) for finding in across(snapshot))
    return linked(snapshot, found)


def _named(finding: Finding, context: str) -> Finding:
    """With the real context in its commands."""
    if "CONTEXT" not in finding.remedy and "CONTEXT" not in (finding.command or ""):
        return finding
    return finding.model_copy(
        update={
            "remedy": finding.remedy.replace("context CONTEXT", f"context {context}"),
            "command": finding.command.replace("context CONTEXT", f"context {context}") if finding.command else None,
        }
    )
