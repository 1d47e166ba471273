"""API-*, AUTH-*, CTX-*, RBAC-READ: how a cluster answers us. Everything else is judged only of clusters that do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bevel_tui.diagnosis.rule import Pending
from bevel_tui.diagnosis.say import say
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Snapshot

#: seconds: an answer of a few bytes that takes longer is slow; clocks may differ by this much
SLOW, SKEW = 2.0, 30.0
#: the oldest minor version that Bevel v1.3.0's documentation names (docs: prerequisites, Kubernetes 1.28)
OLDEST = (1, 28)

_STATES: dict[str, tuple[str, str, str]] = {
    "unreachable": (
        "API-DOWN",
        "The API server of cluster {name} does not answer.",
        "Check VPN, network and the context's server address.",
    ),
    "untrusted": (
        "API-CERT",
        "The certificate of cluster {name}'s API server is not trusted.",
        "Fetch the kubeconfig from the provider again.",
    ),
    "expired": (
        "AUTH-EXPIRED",
        "Cluster {name} does not accept the credentials of its context any more.",
        "Log in again with the provider's tool.",
    ),
    "denied": (
        "AUTH-DENIED",
        "The user of cluster {name}'s context may not use it.",
        "Ask the cluster's owner for rights.",
    ),
    "plugin-missing": (
        "AUTH-PLUGIN",
        "The credential plugin of cluster {name}'s context is not installed.",
        "Install it and make sure that it is on PATH.",
    ),
    "plugin-failed": (
        "AUTH-EXEC",
        "The credential plugin of cluster {name}'s context fails.",
        "Log in again with its tool, then run it by hand.",
    ),
    "no-context": (
        "CTX-MISSING",
        "The kubeconfig has no context for cluster {name}.",
        "Name the kubeconfig that has it (--kubeconfig), or correct the preset.",
    ),
    "broken": (
        "CTX-BROKEN",
        "The kubeconfig's entry of cluster {name} cannot be used.",
        "Fetch the kubeconfig from the provider again.",
    ),
}


def answers(cluster: ClusterSnapshot) -> bool:
    """Whether a cluster gives what its snapshot says now."""
    return cluster.access.state == "ok"


def no_access(cluster: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """The state of the API and of the credentials."""
    known = _STATES.get(cluster.access.state)
    if known is not None:
        code, cause, remedy = known
        yield say(
            code,
            cluster,
            "Cluster",
            cluster.cluster,
            cause.format(name=cluster.cluster),
            remedy,
            command="kubectl --context CONTEXT version",
            evidence=(cluster.access.message, f"server {cluster.access.server}" if cluster.access.server else ""),
        )


def poor_access(cluster: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """A cluster that answers, but slowly, with another clock, in an old version, or not about everything."""
    access = cluster.access
    if access.latency is not None and access.latency > SLOW:
        yield say(
            "API-SLOW",
            cluster,
            "Cluster",
            cluster.cluster,
            f"The API server of cluster {cluster.cluster} took {access.latency:.1f} s for a small answer.",
            "Look at the control plane's load and at the way to it.",
            command="kubectl --context CONTEXT get --raw /readyz?verbose",
        )
    if access.skew is not None and abs(access.skew) > SKEW:
        yield say(
            "API-SKEW",
            cluster,
            "Cluster",
            cluster.cluster,
            f"The clock of cluster {cluster.cluster} is {abs(access.skew):.0f} s "
            f"{'ahead of' if access.skew > 0 else 'behind'} this machine's.",
            "Run NTP on both: certificates made now may not be valid there yet.",
        )
    version = re.match(r"v?(\d+)\.(\d+)", access.version)
    if version and (int(version[1]), int(version[2])) < OLDEST:
        yield say(
            "API-VERSION",
            cluster,
            "Cluster",
            cluster.cluster,
            f"Cluster {cluster.cluster} runs Kubernetes {access.version}; Bevel's charts expect 1.28 or newer.",
            "Upgrade the cluster.",
        )
    if cluster.unreadable:
        nowhere = sorted(kind for kind in cluster.unreadable if kind not in cluster.objects)
        partly = sorted(kind for kind in cluster.unreadable if kind in cluster.objects)
        said = [f"these kinds may not be read: {', '.join(nowhere)}"] if nowhere else []
        said += [f"these not in every namespace: {', '.join(partly)}"] if partly else []
        yield say(
            "RBAC-READ",
            cluster,
            "Cluster",
            cluster.cluster,
            f"Of cluster {cluster.cluster} {'; '.join(said)}.",
            "Ask its owner for get, list and watch on them"
            + ("." if cluster.namespaces else ", or name the namespaces that you may read (-n)."),
            command="kubectl --context CONTEXT auth can-i --list",
            evidence=sorted(cluster.unreadable.values())[:3],
        )


def same_cluster(snapshot: Snapshot) -> Iterator[Finding]:
    """CTX-SAME: two contexts whose kube-system has one uid."""
    first: dict[str, str] = {}
    for cluster in snapshot.clusters:
        uid = cluster.access.uid
        if uid and uid in first:
            yield say(
                "CTX-SAME",
                cluster,
                "Cluster",
                cluster.cluster,
                f"Clusters {first[uid]} and {cluster.cluster} are one and the same.",
                "Use the contexts of two clusters, or name the one once.",
                evidence=(f"uid of namespace kube-system: {uid}",),
            )
        elif uid:
            first[uid] = cluster.cluster


def shared_domain(snapshot: Snapshot) -> Iterator[Finding]:
    """DNS-SHARED: two clusters of a network, or of two, with one domain."""
    first: dict[str, tuple[str, str]] = {}
    for network in snapshot.networks:
        for name, domain in network.domains.items():
            context = network.clusters.get(name, name)
            if domain in first and first[domain][1] != context:
                yield say(
                    "DNS-SHARED",
                    name,
                    "Domain",
                    domain,
                    f"Clusters {first[domain][0]} and {name} share the domain {domain}.",
                    "Give each cluster a domain of its own in the preset (clusters[].domain).",
                )
            first.setdefault(domain, (name, context))
