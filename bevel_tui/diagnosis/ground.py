"""NODE-*, NS-*, WH-*, CRD-*, CLUSTER-DNS: what a cluster itself lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from bevel_tui.diagnosis.evidence import age, condition, labels, name, namespace, status
from bevel_tui.diagnosis.rule import Pending
from bevel_tui.diagnosis.say import kubectl, say
from bevel_tui.records.findings import Finding, Severity
from bevel_tui.records.snapshot import ClusterSnapshot, Object

#: seconds that something may take that is legal at first
_NODE, _TERMINATING, _DEFINED, _WEBHOOK, _DNS = 10.0, 60.0, 20.0, 60.0, 60.0
_PRESSURE = {"MemoryPressure": "memory", "DiskPressure": "disk space", "PIDPressure": "process ids"}


def nodes(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """Conditions of nodes, and all of them cordoned."""
    found = snapshot.of("Node")
    for node in found:
        for condition_ in status(node).get("conditions") or ():
            kind, state = str(condition_.get("type")), condition_.get("status")
            said = (f"{condition_.get('reason')}: {condition_.get('message')}",)
            command = kubectl(None, f"describe node {name(node)}")
            if kind == "Ready" and state != "True" and age(snapshot, condition_.get("lastTransitionTime")) >= _NODE:
                yield say(
                    "NODE-NOTREADY", snapshot, "Node", node, f"Node {name(node)} is not ready.",
                    "Look at the machine and its kubelet.", command=command, evidence=said,
                )  # fmt: skip
            elif kind in _PRESSURE and state == "True":
                yield say(
                    "NODE-PRESSURE", snapshot, "Node", node, f"Node {name(node)} is short of {_PRESSURE[kind]}.",
                    "Free it, or add nodes.", command=command, evidence=said,
                )  # fmt: skip
            elif kind == "NetworkUnavailable" and state == "True":
                yield say(
                    "NODE-NETWORK", snapshot, "Node", node, f"Node {name(node)} has no pod network.",
                    "Look at the network plugin's DaemonSet in kube-system.", command=command, evidence=said,
                )  # fmt: skip
    if found and all((node.get("spec") or {}).get("unschedulable") for node in found):
        yield say(
            "NODE-CORDONED", snapshot, "Cluster", snapshot.cluster,
            f"All {len(found)} nodes of cluster {snapshot.cluster} are cordoned.", "Let pods in again.",
            command=kubectl(None, f"uncordon {' '.join(map(name, found))}"),
        )  # fmt: skip


def namespaces(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """NS-TERMINATING: the namespace controller's own conditions say what is left."""
    for space in snapshot.of("Namespace"):
        deleted = (space.get("metadata") or {}).get("deletionTimestamp")
        if not deleted or age(snapshot, deleted) < _TERMINATING:
            continue
        said = [
            f"{c.get('type')}: {c.get('message')}"
            for c in status(space).get("conditions") or ()
            if c.get("status") == "True"
        ]
        if said:
            yield say(
                "NS-TERMINATING", snapshot, "Namespace", space,
                f"Namespace {name(space)} has been terminating for {age(snapshot, deleted):.0f} s.",
                "Bring back what answers the finalizers, or remove them from what is left.",
                command=kubectl(None, f"get namespace {name(space)} -o jsonpath={{.status.conditions}}"), evidence=said,
            )  # fmt: skip


def webhooks(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """WH-DOWN: failure policy Fail, and a Service without a ready endpoint."""
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for config in snapshot.of(kind):
            young = age(snapshot, config["metadata"].get("creationTimestamp")) < _WEBHOOK
            for hook in config.get("webhooks") or ():
                if young and not _refused_by(snapshot, str(hook.get("name"))):
                    continue  # nobody has met it, and its pods may still be on their way
                service = hook.get("service") or (hook.get("clientConfig") or {}).get("service")
                if not service or hook.get("failurePolicy", "Fail") != "Fail":
                    continue
                if not _dead(snapshot, service):
                    continue
                where, called = str(service.get("namespace")), str(service.get("name"))
                yield say(
                    "WH-DOWN", snapshot, kind, config,
                    f"Webhook {hook.get('name')} has nobody behind it: Service {where}/{called} has no ready endpoint.",
                    "Bring its pods up, or delete the configuration if its software is gone.",
                    command=kubectl(where, "get pods,endpointslices"), blames=(f"Service/{where}/{called}",),
                    severity=None if _matters(_groups(hook)) else "warning",
                )  # fmt: skip
                break


#: API groups, besides Kubernetes' own, of what networks and their gateways are made of
_GROUPS = ("getambassador.io", "istio.io", "haproxy.org", "fluxcd.io")


def _matters(groups: Iterable[str]) -> bool:
    """Whether a network creates objects of one of these API groups. What other software of the cluster cannot create is
    worth a warning."""
    return any("." not in group or group.endswith((".k8s.io", *_GROUPS)) for group in groups)


def _groups(hook: Object) -> Iterable[str]:
    """The API groups that a webhook judges; every one where it does not say."""
    return [str(group) for rule in hook.get("rules") or () for group in rule.get("apiGroups") or ()] or ["*"]


def _refused_by(snapshot: ClusterSnapshot, hook: str) -> bool:
    """Whether something could not be created because a webhook does not answer [apiserver: NewCallWebhookError]."""
    words = f'failed calling webhook "{hook}"'
    return any(words in str(e.get("message")) for e in snapshot.of("Event") if e.get("reason") == "FailedCreate")


def definitions(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """CRD-NOTREADY, CRD-CONVERSION."""
    for definition in snapshot.of("CustomResourceDefinition"):
        old = age(snapshot, definition["metadata"].get("creationTimestamp"))
        spec = definition.get("spec") or {}
        severity: Severity | None = None if _matters([str(spec.get("group") or "")]) else "warning"
        bad = next(
            (
                c
                for c in status(definition).get("conditions") or ()
                if c.get("type") in {"NamesAccepted", "Established"} and c.get("status") == "False"
            ),
            None,
        )
        # names that clash never come right by themselves; the other condition follows within seconds
        if bad is not None and (old >= _DEFINED or bad.get("type") == "NamesAccepted"):
            yield say(
                "CRD-NOTREADY", snapshot, "CustomResourceDefinition", definition,
                f"{name(definition)} is not established.", "Remove the definition that clashes with it.",
                command=kubectl(None, f"describe crd {name(definition)}"),
                evidence=(f"{bad.get('reason')}: {bad.get('message')}",), terminal=bad.get("type") == "NamesAccepted" and severity is None,
                severity=severity,
            )  # fmt: skip
        conversion = spec.get("conversion") or {}
        service = conversion.get("service")
        if conversion.get("strategy") == "Webhook" and service and old >= _WEBHOOK and _dead(snapshot, service):
            where, called = str(service.get("namespace")), str(service.get("name"))
            yield say(
                "CRD-CONVERSION", snapshot, "CustomResourceDefinition", definition,
                f"Objects of {name(definition)} cannot be converted: Service {where}/{called} has no ready endpoint.",
                "Bring the conversion webhook's Deployment up.", command=kubectl(where, "get deployments,pods"),
                blames=(f"Service/{where}/{called}",), severity=severity,
            )  # fmt: skip


def _dead(snapshot: ClusterSnapshot, service: Object) -> bool:
    """Whether a Service is known to have no ready endpoint; what cannot be read is taken for well."""
    if not snapshot.knows("EndpointSlice") or not snapshot.knows("Service"):
        return False
    where, called = str(service.get("namespace")), str(service.get("name"))
    return snapshot.find("Service", where, called) is None or not ready_addresses(snapshot, where, called)


def ready_addresses(snapshot: ClusterSnapshot, where: str, called: str) -> int:
    """How many ready endpoints a Service has."""
    if "ready" not in snapshot.memo:
        counts: Counter[tuple[str | None, str | None]] = Counter()
        for piece in snapshot.of("EndpointSlice"):
            key = namespace(piece), labels(piece).get("kubernetes.io/service-name")
            for endpoint in piece.get("endpoints") or ():
                # nil means ready [kubernetes: discovery/v1, EndpointConditions]
                counts[key] += bool((endpoint.get("conditions") or {}).get("ready", True))
        snapshot.memo["ready"] = counts
    found: int = snapshot.memo["ready"][where, called]
    return found


def name_service(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """CLUSTER-DNS: Deployments of kube-system that carry k8s-app=kube-dns and have no available pod."""
    for deployment in snapshot.of("Deployment"):
        if namespace(deployment) != "kube-system" or labels(deployment).get("k8s-app") != "kube-dns":
            continue
        available = condition(deployment, "Available") or {}
        nothing = (deployment.get("spec") or {}).get("replicas") == 0  # then it calls itself available
        down = available.get("status") == "False" and age(snapshot, available.get("lastTransitionTime")) >= _DNS
        if nothing or down:
            yield say(
                "CLUSTER-DNS", snapshot, "Deployment", deployment,
                f"The name service of cluster {snapshot.cluster} does not run.", "Look at its pods.",
                command=kubectl("kube-system", "get pods -l k8s-app=kube-dns"),
                evidence=("replicas: 0",) if nothing else (f"{available.get('reason')}: {available.get('message')}",),
            )  # fmt: skip
