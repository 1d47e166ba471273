"""What a thing of a snapshot needs to be well: the edges along which causes are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bevel_tui.diagnosis.evidence import labels, name, namespace, owner, selects, volumes, workload
from bevel_tui.records.snapshot import ClusterSnapshot, NetworkFacts, Object, PlannedStep, Snapshot

#: annotation of a Service: the names that external-dns is to make, joined by commas
HOSTNAME = "external-dns.alpha.kubernetes.io/hostname"
WORKLOADS = ("Job", "StatefulSet", "Deployment", "DaemonSet", "ReplicaSet")


class Thing(NamedTuple):
    """An object, or what has a name but is none: ``Release``, ``Host``, ``Vault``, ``Cluster``. `namespace` is empty
    where there is none."""

    cluster: str
    kind: str
    namespace: str
    name: str


def split(cluster: str, key: str) -> Thing:
    """A thing as findings and plans write it, ``Kind/namespace/name``; ``@cluster/`` before it names another cluster."""
    if key.startswith("@"):
        cluster, _, key = key[1:].partition("/")
    kind, _, rest = key.partition("/")
    where, _, called = rest.partition("/")
    return Thing(cluster, kind, where, called)


class Needs:
    """The edges of one snapshot, found when they are asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._clusters = {cluster.cluster: cluster for cluster in snapshot.clusters}
        self._makers: dict[tuple[str, str], list[tuple[NetworkFacts, PlannedStep]]] | None = None
        self._steps: dict[str, tuple[NetworkFacts, PlannedStep]] = {}
        self._releases: dict[tuple[str, str, str], tuple[NetworkFacts, PlannedStep]] = {}
        self._pods: dict[tuple[str, str, str, str], list[Object]] | None = None

    def of(self, thing: Thing) -> Iterator[Thing]:
        """What `thing` needs, nearest first."""
        cluster = self._clusters.get(thing.cluster)
        if thing.kind == "Host":
            yield from self._host(thing)
        elif thing.kind == "Release":
            yield from self._release(thing)
        elif cluster is not None and thing.kind == "Domain":
            yield from self._domain(cluster, thing)
        elif cluster is not None and thing.kind not in {"Cluster", "Vault", "Domain", "Ledger"}:
            yield from self._object(cluster, thing)
        elif thing.kind == "Ledger":
            yield from self._ledger(thing)
        if thing.kind != "Cluster":
            yield Thing(thing.cluster, "Cluster", "", thing.cluster)

    # ------------------------------------------------------------ objects

    def _object(self, cluster: ClusterSnapshot, thing: Thing) -> Iterator[Thing]:
        obj = cluster.find(thing.kind, thing.namespace or None, thing.name)
        if obj is None:
            yield from self._made(thing)
        elif thing.kind == "Pod":
            yield from self._pod(cluster, obj)
        elif thing.kind in WORKLOADS:
            account = (obj.get("spec") or {}).get("serviceAccountName")
            if account and cluster.find("ServiceAccount", thing.namespace, str(account)) is None:
                yield thing._replace(kind="ServiceAccount", name=str(account))
            yield from self._pods_of(cluster, thing)
        elif thing.kind == "Service":
            selector = (obj.get("spec") or {}).get("selector") or {}
            for pod in cluster.of("Pod") if selector else ():
                if namespace(pod) == thing.namespace and selects(selector, labels(pod)):
                    yield thing._replace(kind="Pod", name=name(pod))
            if selector:
                yield from self._workloads_behind(cluster, thing, selector)
                yield from self._workloads_gone(cluster, thing)
        elif thing.kind == "PersistentVolumeClaim":
            wanted = (obj.get("spec") or {}).get("storageClassName")
            if wanted:
                yield Thing(thing.cluster, "StorageClass", "", str(wanted))
        elif thing.kind in {"Ingress", "Mapping", "TCPMapping"}:
            for service in backends(obj, thing.kind):
                where, _, called = service.partition("/")
                yield thing._replace(kind="Service", namespace=where, name=called)
        if thing.namespace:
            yield Thing(thing.cluster, "Namespace", "", thing.namespace)

    def _pod(self, cluster: ClusterSnapshot, pod: Object) -> Iterator[Thing]:
        here = Thing(cluster.cluster, "", namespace(pod) or "", "")
        for kind, called in volumes(pod):
            if kind == "PersistentVolumeClaim" or (
                cluster.knows(kind) and cluster.find(kind, here.namespace, called) is None
            ):
                yield here._replace(kind=kind, name=called)
        account = str((pod.get("spec") or {}).get("serviceAccountName") or "")
        if (
            account
            and cluster.knows("ServiceAccount")
            and cluster.find("ServiceAccount", here.namespace, account) is None
        ):
            yield here._replace(kind="ServiceAccount", name=account)
        yield from self._own(cluster, here, pod)
        node = (pod.get("spec") or {}).get("nodeName")
        if node:
            yield Thing(cluster.cluster, "Node", "", str(node))

    def _own(self, cluster: ClusterSnapshot, here: Thing, pod: Object) -> Iterator[Thing]:
        """What the Jobs of a pod's release should have written for it and did not: Bevel's init containers wait for it
        without mounting it. A Job's own pod is who writes."""
        kind, called = workload(cluster, pod, "Pod")
        if kind == "Job":
            return
        for _, step in self._plan().get((here.cluster, f"{kind}/{here.namespace}/{called}"), ()):
            for key in step.produces:
                made = split(here.cluster, key)
                if cluster.knows(made.kind) and cluster.find(made.kind, made.namespace or None, made.name) is None:
                    yield made

    def _pods_of(self, cluster: ClusterSnapshot, thing: Thing) -> Iterator[Thing]:
        if self._pods is None:
            self._pods = {}
            for one in self.snapshot.clusters:
                for kind in ("Pod", "ReplicaSet"):
                    for obj in one.of(kind):
                        above = owner(obj)
                        if above is not None:
                            key = (one.cluster, above[0], namespace(obj) or "", above[1])
                            self._pods.setdefault(key, []).append(obj)
        for obj in self._pods.get((thing.cluster, thing.kind, thing.namespace, thing.name), ()):
            kind = "Pod" if "containers" in (obj.get("spec") or {}) else "ReplicaSet"
            yield thing._replace(kind=kind, name=name(obj))

    def _workloads_behind(self, cluster: ClusterSnapshot, thing: Thing, selector: object) -> Iterator[Thing]:
        """Workloads whose pods a Service wants, also when there is no pod at all."""
        for kind in ("StatefulSet", "Deployment", "DaemonSet"):
            for obj in cluster.of(kind):
                wanted = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
                if namespace(obj) == thing.namespace and isinstance(selector, dict) and selects(selector, wanted):
                    yield thing._replace(kind=kind, name=name(obj))

    def _workloads_gone(self, cluster: ClusterSnapshot, thing: Thing) -> Iterator[Thing]:
        """Workloads that came with a Service, by the plan, and are not there."""
        for _, step in self._plan().get((thing.cluster, f"Service/{thing.namespace}/{thing.name}"), ()):
            for key in step.renders:
                made = split(thing.cluster, key)
                if made.kind in WORKLOADS and cluster.find(made.kind, made.namespace, made.name) is None:
                    yield made

    # ------------------------------------------------------------ plans

    def _plan(self) -> dict[tuple[str, str], list[tuple[NetworkFacts, PlannedStep]]]:
        if self._makers is None:
            self._makers = {}
            for network in self.snapshot.networks:
                for step in network.steps:
                    self._steps[f"{network.name}:{step.id}"] = (network, step)
                    if step.release:
                        self._releases[step.cluster, step.namespace or "", step.release] = (network, step)
                    for key in (*step.renders, *step.produces):
                        self._makers.setdefault((step.cluster, key), []).append((network, step))
        return self._makers

    def _made(self, thing: Thing) -> Iterator[Thing]:
        """Who should have made an object that is not there. An installed release has made what it renders: somebody
        took it away since."""
        key = f"{thing.kind}/{thing.namespace}/{thing.name}"
        for network, step in self._plan().get((thing.cluster, key), ()):
            if thing.kind == "Job" or key not in step.renders or not self._installed(step):
                yield from self._step(network, step)

    def _installed(self, step: PlannedStep) -> bool:
        cluster = self._clusters.get(step.cluster)
        return cluster is not None and any(
            (r.namespace, r.name, r.status) == (step.namespace, step.release, "deployed") for r in cluster.releases
        )

    def _step(self, network: NetworkFacts, step: PlannedStep) -> Iterator[Thing]:
        if step.release:
            for key in step.renders:
                if key.partition("/")[0] in WORKLOADS:
                    yield split(step.cluster, key)
            yield Thing(step.cluster, "Release", step.namespace or "", step.release)
        else:
            yield from self._before(network, step)

    def _before(self, network: NetworkFacts, step: PlannedStep) -> Iterator[Thing]:
        """The releases that a step of the plan comes after."""
        seen: set[str] = set()
        waiting = list(step.needs)
        while waiting:
            need = waiting.pop(0)
            if need in seen:
                continue
            seen.add(need)
            known = self._steps.get(f"{network.name}:{need}")
            if known is None:
                continue
            if known[1].release:
                yield Thing(known[1].cluster, "Release", known[1].namespace or "", known[1].release)
            else:
                waiting += known[1].needs

    def _release(self, thing: Thing) -> Iterator[Thing]:
        self._plan()
        known = self._releases.get((thing.cluster, thing.namespace, thing.name))
        if known is None:
            return
        network, step = known
        for key in step.renders:
            if key.partition("/")[0] in {*WORKLOADS, "PersistentVolumeClaim", "Service"}:
                yield split(step.cluster, key)
        if not self._installed(step):
            yield from self._not_begun(network, step)
            yield from self._before(network, step)

    def _not_begun(self, network: NetworkFacts, step: PlannedStep) -> Iterator[Thing]:
        """Where HELM-MISSING speaks of a release that is not there: at the first one of its cluster that is not."""
        cluster = self._clusters.get(step.cluster)
        there = {(r.namespace, r.name) for r in cluster.releases} if cluster is not None else set()
        if (step.namespace, step.release) in there:
            return
        for other in network.steps:
            here = other.release and other.managed and other.cluster == step.cluster
            if here and (other.namespace, other.release) not in there:
                yield Thing(other.cluster, "Release", other.namespace or "", str(other.release))
                return

    # ------------------------------------------------------------ addresses

    def _host(self, thing: Thing) -> Iterator[Thing]:
        """What stands behind a name of the ledger: the gateway's Service, then the component's."""
        self._plan()
        for network in self.snapshot.networks:
            for endpoint in network.endpoints:
                there = thing.cluster == endpoint.cluster and is_address(thing.name.partition(":")[0])
                if not (
                    thing.name in {endpoint.host, endpoint.id, f"{endpoint.host}:{endpoint.port}"}
                    or (there and thing.name.endswith(f":{endpoint.port}"))
                ):
                    continue
                if not there and (endpoint.cluster, endpoint.host) != (thing.cluster, thing.name):
                    yield Thing(endpoint.cluster, "Host", "", endpoint.host)
                domain = network.domains.get(endpoint.cluster)
                if domain:
                    yield Thing(endpoint.cluster, "Domain", "", domain)
                if endpoint.gateway:
                    where, _, called = endpoint.gateway.partition("/")
                    yield Thing(endpoint.cluster, "Service", where, called)
                inside = endpoint.service.partition(":")[0]
                called, _, where = inside.partition(".")
                yield Thing(endpoint.cluster, "Service", where, called)
                for (cluster, where, release), (_, step) in self._releases.items():
                    if (cluster, release) == (endpoint.cluster, endpoint.release):
                        yield Thing(cluster, "Release", where, release)
                        yield from self._step(network, step)

    def _domain(self, cluster: ClusterSnapshot, thing: Thing) -> Iterator[Thing]:
        """The Services from which external-dns is to make its records."""
        for service in cluster.of("Service"):
            text = str((service["metadata"].get("annotations") or {}).get(HOSTNAME, ""))
            if any(f".{each.strip().strip('.')}".endswith(f".{thing.name}") for each in text.split(",")):
                yield Thing(thing.cluster, "Service", namespace(service) or "", name(service))

    def _ledger(self, thing: Thing) -> Iterator[Thing]:
        """A node's ledger: its own endpoints, then everybody else's of its network."""
        for network in self.snapshot.networks:
            own = [e for e in network.endpoints if e.cluster == thing.cluster and e.release == thing.name]
            if not own:
                continue
            for endpoint in (*own, *(e for e in network.endpoints if e not in own)):
                yield Thing(endpoint.cluster, "Host", "", endpoint.host)


def is_address(host: str) -> bool:
    """Whether a host is an IPv4 address."""
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() for part in parts)


def backends(route: Object, kind: str) -> Iterable[str]:
    """Services (``namespace/name``) that a route leads to."""
    spec = route.get("spec") or {}
    here = namespace(route) or "default"
    if kind == "Ingress":
        entries = [spec.get("defaultBackend") or {}]
        for rule in spec.get("rules") or ():
            entries += [path.get("backend") or {} for path in (rule.get("http") or {}).get("paths") or ()]
        return tuple(
            dict.fromkeys(f"{here}/{entry['service'].get('name')}" for entry in entries if entry.get("service"))
        )
    target = str(spec.get("service") or "")
    host = target.partition("://")[2] or target
    parts = host.partition(":")[0].split(".")
    if not parts[0]:
        return (f"{here}/",) if target else ()
    return (f"{parts[1] if len(parts) > 1 else here}/{parts[0]}",)
