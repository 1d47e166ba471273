"""What is inside of a place: its releases, and under each the objects that came of it.

A release's objects are those that its plan says it renders or its pods write, those that carry its label, and what
those own. What belongs to no release stands under none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bevel_tui.records.findings import Diagnosis
from bevel_tui.records.snapshot import ClusterSnapshot, Object, Snapshot
from bevel_tui.views.health import Health, health
from bevel_tui.views.overview import Place

#: kinds that are shown, in this order
KINDS = (
    "Job", "StatefulSet", "Deployment", "DaemonSet", "Pod", "Service", "PersistentVolumeClaim", "Ingress", "Mapping",
    "TCPMapping", "Listener", "Host", "ConfigMap", "Secret",
)  # fmt: skip
_OWN = ("ConfigMap", "Secret")  # shown only where a plan or a label says whose they are


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object; `missing` where the plan expects it, something waits for it and it is not there."""

    kind: str
    namespace: str
    name: str
    health: Health
    missing: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A release of a namespace; `name` None: objects of no release. `status` is Helm's word, empty if it is not there."""

    namespace: str
    name: str | None
    status: str
    revision: int
    health: Health
    objects: tuple[ObjectRow, ...]


def releases(snapshot: Snapshot, diagnosis: Diagnosis, place: Place) -> tuple[ReleaseRow, ...]:
    """Releases of a place in the order of its plan, then others that are there, then objects of none."""
    cluster = snapshot.cluster(place.cluster)
    if cluster is None:
        return ()
    planned = {
        (step.namespace or "", step.release): (*step.renders, *step.produces)
        for network in snapshot.networks
        if network.name == place.network
        for step in network.steps
        if step.release and step.cluster == place.cluster and step.namespace in place.namespaces
    }
    there = {(r.namespace, r.name): r for r in cluster.releases if r.namespace in place.namespaces}
    troubled = {
        (f.kind, f.namespace or "", f.name): f.severity for f in diagnosis.findings if f.cluster == place.cluster
    }
    # what pods write may be taken away again by those it was for: only what somebody misses is missing
    missed = {key for f in diagnosis.findings if f.cluster == place.cluster for key in f.blames}
    owners = _Owners(cluster, place, planned)
    rows = []
    for namespace, name in dict.fromkeys((*planned, *there)):
        state = there.get((namespace, str(name)))
        expected = [key for key in planned.get((namespace, str(name)), ()) if key in missed]
        objects = _rows(owners.objects(namespace, str(name)), expected, namespace)
        status = state.status if state is not None else ""
        rows.append(
            ReleaseRow(
                namespace,
                name,
                status,
                state.revision if state is not None else 0,
                _release(status, objects, troubled.get(("Release", namespace, str(name)))),
                objects,
            )
        )
    for namespace in place.namespaces:
        rest = _rows(owners.objects(namespace, None), (), namespace)
        if rest:
            rows.append(ReleaseRow(namespace, None, "", 0, _worst(rest), rest))
    return tuple(rows)


def _release(status: str, objects: Iterable[ObjectRow], trouble: str | None) -> Health:
    if not status:
        return Health("skipped", "not installed")
    if trouble == "error" or status in ("failed", "superseded"):
        return Health("failed", status)
    if status != "deployed":
        return Health("waiting", status)
    return Health(_worst(objects).state, status)


def _worst(objects: Iterable[ObjectRow]) -> Health:
    order = ("failed", "warning", "waiting")
    found = {row.health.state for row in objects}
    state = next((state for state in order if state in found), "ok")
    return Health(state)  # type: ignore[arg-type]


class _Owners:
    """Which release each object of a place belongs to."""

    def __init__(self, cluster: ClusterSnapshot, place: Place, planned: dict[tuple[str, str], tuple[str, ...]]) -> None:
        named = {key: release for (_, release), keys in planned.items() for key in keys}
        names = {release for _, release in planned} | {release.name for release in cluster.releases}
        self._by_release: dict[tuple[str, str | None], list[Object]] = {}
        owner_of: dict[tuple[str, str, str], str | None] = {}
        for kind in (*KINDS[:4], "ReplicaSet", *KINDS[4:]):
            for obj in cluster.of(kind):
                meta = obj.get("metadata") or {}
                namespace, name = str(meta.get("namespace") or ""), str(meta.get("name"))
                if namespace not in place.namespaces:
                    continue
                labels = meta.get("labels") or {}
                release = named.get(f"{kind}/{namespace}/{name}")
                for owner in meta.get("ownerReferences") or ():
                    release = release or owner_of.get((str(owner.get("kind")), namespace, str(owner.get("name"))))
                for label in ("app.kubernetes.io/instance", "app.kubernetes.io/release", "release"):
                    release = release or (labels.get(label) if labels.get(label) in names else None)
                owner_of[kind, namespace, name] = release
                if kind == "ReplicaSet" or (kind in _OWN and release is None):
                    continue
                self._by_release.setdefault((namespace, release), []).append(obj)

    def objects(self, namespace: str, release: str | None) -> list[Object]:
        return self._by_release.get((namespace, release), [])


def _rows(objects: Iterable[Object], expected: Iterable[str], namespace: str) -> tuple[ObjectRow, ...]:
    rows = [
        ObjectRow(
            str(obj.get("kind")),
            str((obj.get("metadata") or {}).get("namespace") or ""),
            str((obj.get("metadata") or {}).get("name")),
            health(obj),
        )
        for obj in objects
    ]
    seen = {(row.kind, row.namespace, row.name) for row in rows}
    for key in expected:
        kind, where, name = key.split("/", 2)
        if kind in KINDS and where == namespace and (kind, where, name) not in seen:
            rows.append(ObjectRow(kind, where, name, Health("waiting", "not there"), missing=True))
    return tuple(sorted(rows, key=lambda row: (KINDS.index(row.kind), row.name)))
