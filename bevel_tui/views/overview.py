"""Clusters x organizations at a glance: what the dashboard's first screen shows of a snapshot and its findings.

Pure: a snapshot and a diagnosis in, rows out. Health is the worst of what is known, in the words of `views.words`;
what cannot be read is ``unknown``, never ``ok``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from bevel_tui.records.checks import CheckResult
from bevel_tui.records.findings import Diagnosis, Finding
from bevel_tui.records.snapshot import ClusterSnapshot, LedgerFigures, Object, Snapshot
from bevel_tui.views import health

State = Literal["ok", "waiting", "warning", "failed", "unknown", "absent"]

#: the worst first
_ORDER: tuple[State, ...] = ("failed", "unknown", "warning", "waiting", "absent", "ok")


@dataclass(frozen=True, slots=True)
class Place:
    """An organization's part in a cluster; `organization` None: what belongs to the cluster itself (its gateway)."""

    cluster: str
    network: str
    organization: str | None
    namespaces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrganizationRow:
    """`pods` and `releases` are (well, all). `height` is the greatest a node of it told, `peers` the fewest."""

    place: Place
    state: State
    pods: tuple[int, int]
    releases: tuple[int, int]
    height: int | None
    peers: int | None
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """`nodes` are (ready, all); `dns`, `reach` and `matrix` are (well, all) of the checks that were asked."""

    cluster: str
    context: str
    state: State
    note: str
    version: str
    simulated: bool
    nodes: tuple[int, int]
    addresses: tuple[str, ...]
    dns: tuple[int, int]
    reach: tuple[int, int]
    matrix: tuple[int, int]
    organizations: tuple[OrganizationRow, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the first screen but the findings themselves."""

    networks: tuple[str, ...]
    platforms: tuple[str, ...]
    clusters: tuple[ClusterRow, ...]
    simulated: bool

    @property
    def state(self) -> State:
        """The worst of all."""
        return worst(row.state for row in self.clusters)


def worst(states: Iterable[State]) -> State:
    """The one to worry about most; ``ok`` for none."""
    found = set(states)
    return next((state for state in _ORDER if state in found), "ok")


def overview(snapshot: Snapshot, diagnosis: Diagnosis) -> Overview:
    """The rows of a snapshot; clusters in the order of the snapshot, organizations in that of their plan."""
    rows = tuple(_cluster(snapshot, cluster, diagnosis) for cluster in snapshot.clusters)
    rows += tuple(_unseen(name, context) for name, context in snapshot.unseen.items())
    return Overview(
        tuple(network.name for network in snapshot.networks),
        tuple(network.platform for network in snapshot.networks),
        rows,
        any(cluster.simulated for cluster in snapshot.clusters),
    )


def _unseen(name: str, context: str) -> ClusterRow:
    """A cluster that belongs to a network and that nobody gave us a way to."""
    none = (0, 0)
    note = f"not looked at: the kubeconfig has no context {context}"
    return ClusterRow(name, context, "unknown", note, "", False, none, (), none, none, none, ())


def places(snapshot: Snapshot, cluster: str) -> tuple[Place, ...]:
    """The organizations that live in a cluster, the cluster's own part last. Without a plan: a place per namespace."""
    found: list[Place] = []
    for network in snapshot.networks:
        namespaces: dict[str | None, dict[str, None]] = {}
        for step in network.steps:
            if step.cluster == cluster and step.namespace:
                namespaces.setdefault(step.organization, {})[step.namespace] = None
        for organization, home in network.organizations.items():
            if home == cluster:
                found.append(Place(cluster, network.name, organization, tuple(namespaces.get(organization, ()))))
        taken = {name for place in found for name in place.namespaces}
        rest = tuple(name for name in network.namespaces.get(cluster, ()) if name not in taken)
        if rest:
            found.append(Place(cluster, network.name, None, rest))
    return tuple(found)


def belongs(finding: Finding, place: Place) -> bool:
    """Whether a finding is about this place: about one of its namespaces, or for the cluster's own part any other."""
    return finding.cluster == place.cluster and finding.namespace in place.namespaces


def _cluster(snapshot: Snapshot, cluster: ClusterSnapshot, diagnosis: Diagnosis) -> ClusterRow:
    mine = [finding for finding in diagnosis.findings if finding.cluster == cluster.cluster]
    rows = tuple(_organization(snapshot, cluster, place, mine) for place in places(snapshot, cluster.cluster))
    named = {name for row in rows for name in row.place.namespaces}
    own = [finding for finding in mine if finding.namespace not in named]
    checks = [c for c in snapshot.checks if c.cluster == cluster.cluster]
    nodes = cluster.of("Node")
    reachable = cluster.access.state == "ok"
    state: State = worst((*(row.state for row in rows), _of_findings(own))) if reachable else "failed"
    return ClusterRow(
        cluster.cluster,
        cluster.context,
        state,
        "" if reachable else cluster.access.message or cluster.access.state,
        cluster.access.version,
        cluster.simulated,
        (sum(map(health.ready, nodes)), len(nodes)),
        _addresses(snapshot, cluster),
        _counted(checks, {"dns"}),
        _counted(checks, {"gateway", "connection", "tls", "ledger", "objects"}),
        _counted(checks, {"clusters"}),
        rows,
    )


def _organization(
    snapshot: Snapshot, cluster: ClusterSnapshot, place: Place, findings: Iterable[Finding]
) -> OrganizationRow:
    about = [finding for finding in findings if belongs(finding, place)]
    pods = [pod for pod in cluster.of("Pod") if _in(pod, place) and _counts(pod)]
    well = sum(map(health.ready, pods))
    wanted = {
        (step.namespace, step.release)
        for network in snapshot.networks
        if network.name == place.network
        for step in network.steps
        if step.release and step.cluster == place.cluster and step.namespace in place.namespaces
    }
    there = {(r.namespace, r.name): r.status for r in cluster.releases if r.namespace in place.namespaces}
    deployed = sum(there.get(key) == "deployed" for key in wanted or there)
    total = len(wanted or there)
    figures = [f for f in snapshot.ledgers if f.cluster == place.cluster and f.organization == place.organization]
    return OrganizationRow(
        place,
        _state(cluster, about, (well, len(pods)), (deployed, total), bool(there)),
        (well, len(pods)),
        (deployed, total),
        _most(figures),
        min((f.peers for f in figures if f.peers is not None), default=None),
        sum(f.severity == "error" for f in about),
        sum(f.severity == "warning" for f in about),
    )


def _state(
    cluster: ClusterSnapshot,
    about: Iterable[Finding],
    pods: tuple[int, int],
    releases: tuple[int, int],
    begun: bool,
) -> State:
    if cluster.access.state != "ok" or not cluster.knows("Pod"):
        return "unknown"
    found = _of_findings(about)
    if found != "ok":
        return found
    if not begun and releases[1]:
        return "absent"
    return "ok" if pods[0] == pods[1] and releases[0] == releases[1] else "waiting"


def _of_findings(findings: Iterable[Finding]) -> State:
    found = {finding.severity for finding in findings}
    return "failed" if "error" in found else "warning" if "warning" in found else "ok"


def _in(obj: Object, place: Place) -> bool:
    return (obj.get("metadata") or {}).get("namespace") in place.namespaces


def _counts(pod: Object) -> bool:
    """Whether a pod ought to run: those of Jobs come and go."""
    owners = (pod.get("metadata") or {}).get("ownerReferences") or ()
    return not any(owner.get("kind") == "Job" for owner in owners)


def _most(figures: Iterable[LedgerFigures]) -> int | None:
    return max((f.height for f in figures if f.height is not None), default=None)


def _addresses(snapshot: Snapshot, cluster: ClusterSnapshot) -> tuple[str, ...]:
    """Of the gateways that the plans name in this cluster."""
    names = dict.fromkeys(
        endpoint.gateway
        for network in snapshot.networks
        for endpoint in network.endpoints
        if endpoint.cluster == cluster.cluster and endpoint.gateway
    )
    found: list[str] = []
    for name in names:
        namespace, _, service = name.partition("/")
        obj = cluster.find("Service", namespace, service)
        if obj is not None:
            found += health.addresses(obj.get("status") or {})
    return tuple(found)


def _counted(checks: Iterable[CheckResult], categories: set[str]) -> tuple[int, int]:
    asked = [check for check in checks if check.category in categories and check.status != "skipped"]
    return sum(check.status != "failed" for check in asked), len(asked)


def matrix(checks: Iterable[CheckResult]) -> Mapping[tuple[str, str], CheckResult]:
    """(from, to) -> the worst answer of the checks that pods in ``from`` asked about ``to``."""
    order = {"failed": 0, "warning": 1, "skipped": 2, "ok": 3}
    found: dict[tuple[str, str], CheckResult] = {}
    for check in checks:
        if check.vantage == "here":
            continue
        key = (check.vantage, check.cluster)
        if key not in found or order[check.status] < order[found[key].status]:
            found[key] = check
    return found
