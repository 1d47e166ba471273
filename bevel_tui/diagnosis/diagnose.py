"""A snapshot in, a diagnosis out: every rule over every cluster, then the links that put root causes first."""

from __future__ import annotations

from shlex import quote

from bevel_tui.diagnosis.links import linked
from bevel_tui.diagnosis.pending import pending
from bevel_tui.diagnosis.rules import across, findings
from bevel_tui.records.findings import Diagnosis, Finding
from bevel_tui.records.snapshot import Snapshot


def diagnose(snapshot: Snapshot, kubeconfig: str | None = None) -> Diagnosis:
    """All findings, gravest root first, each root followed by its consequences. Their commands name `kubeconfig` where
    it is not the default one.

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
    return linked(snapshot, [_filed(finding, kubeconfig) for finding in found] if kubeconfig else found)


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


def _filed(finding: Finding, kubeconfig: str) -> Finding:
    """With the kubeconfig in its commands."""
    named = f"--kubeconfig {quote(kubeconfig)}"

    def filed(text: str) -> str:
        for tool, option in (("kubectl", "--context"), ("helm", "--kube-context")):
            text = text.replace(f"{tool} {option}", f"{tool} {named} {option}")
        return f"{text} {named}" if "bevel-tui " in text and " --preset " in text else text

    command = filed(finding.command) if finding.command else None
    remedy = finding.remedy.replace("kubectl --context", f"kubectl {named} --context")
    return finding.model_copy(update={"remedy": remedy, "command": command})
