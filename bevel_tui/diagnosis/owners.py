"""GW-RIVALS, DNS-OWNER: two programs of one kind that both take a thing for theirs, as their own settings say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from bevel_tui.diagnosis.evidence import labels, name, namespace, status
from bevel_tui.diagnosis.rule import Pending
from bevel_tui.diagnosis.say import kubectl, say
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Object, Snapshot

_ROUTERS = {"edge-stack", "emissary-ingress", "ambassador"}
#: what each takes for its id when none is given [emissary: python/ambassador/config; external-dns: --txt-owner-id]
_DEFAULT = "default"


def rivals(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """GW-RIVALS: two running Deployments of Emissary or the Edge Stack with one ambassador_id."""
    first: dict[str, Object] = {}
    for one in sorted(snapshot.of("Deployment"), key=lambda o: (namespace(o) or "", name(o))):
        called = labels(one).get("app.kubernetes.io/name", name(one))
        # the Edge Stack's own companions (redis, the agent, apiext) carry other names
        if called not in _ROUTERS or not int(status(one).get("readyReplicas") or 0):
            continue
        known = _told(one).get("AMBASSADOR_ID") or _DEFAULT
        other = first.setdefault(known, one)
        if other is one:
            continue
        yield say(
            "GW-RIVALS", snapshot, "Deployment", one,
            f"Deployments {namespace(other)}/{name(other)} and {namespace(one)}/{name(one)} both serve the routes of "
            f"ambassador_id {known}.",
            "Remove the one that the network does not use, or give it an AMBASSADOR_ID of its own.",
            command=kubectl(None, "get deployments -A -l app.kubernetes.io/name=" + called),
            evidence=(f"AMBASSADOR_ID {known}",),
        )  # fmt: skip


def shared_owners(snapshot: Snapshot) -> Iterator[Finding]:
    """DNS-OWNER: external-dns in two clusters with one owner id, and nothing that keeps their domains apart."""
    makers = [
        (cluster, one)
        for cluster in snapshot.clusters
        for one in cluster.of("Deployment")
        if "external-dns" in {name(one), labels(one).get("app.kubernetes.io/name")}
        and "told" in (one.get("spec") or {})
    ]
    seen: set[str] = set()
    for (here, one), (there, other) in combinations(makers, 2):
        owner = _told(one).get("--txt-owner-id") or _DEFAULT
        mine, theirs = (_told(o).get("--domain-filter", "") for o in (one, other))
        same = owner == (_told(other).get("--txt-owner-id") or _DEFAULT)
        if here.cluster == there.cluster or not same or not _overlap(mine, theirs) or there.cluster in seen:
            continue
        seen.add(there.cluster)
        yield say(
            "DNS-OWNER", there, "Deployment", other,
            f"external-dns in clusters {here.cluster} and {there.cluster} have one owner id, {owner}: each takes away the "
            "records that the other makes.",
            "Give each its own --txt-owner-id, then let them make their records again.",
            command=kubectl(namespace(other), f"get deployment {name(other)} -o yaml"),
            evidence=(f"--txt-owner-id={owner}", f"--domain-filter={theirs or '(all)'}"),
        )  # fmt: skip


def _told(workload: Object) -> dict[str, str]:
    """What a workload's containers are told of whose they are (`engine.snapshots.reduce` keeps it)."""
    found: dict[str, str] = (workload.get("spec") or {}).get("told") or {}
    return found


def _overlap(one: str, other: str) -> bool:
    """Whether two lists of domain filters let one domain through; an empty list lets all."""
    if not one or not other:
        return True
    pairs = ((a.strip("."), b.strip(".")) for a in one.split(",") for b in other.split(","))
    return any(f".{a}".endswith(f".{b}") or f".{b}".endswith(f".{a}") for a, b in pairs)
