"""The columns of `kubectl get` for each kind, and how their cells are worded."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, NamedTuple

from bevel_tui.sandbox.apiserver.store import Object

#: a cell: the column's value for an object
Cell = Callable[[Object], Any]


class Column(NamedTuple):
    """`wide` columns show with -o wide only."""

    name: str
    cell: Cell
    type: str = "string"
    wide: bool = False
    description: str = ""


def at(*keys: str, default: Any = None) -> Cell:
    """A member by its path."""

    def cell(obj: Object) -> Any:
        node: Any = obj
        for key in keys:
            node = node.get(key) if isinstance(node, dict) else None
        return default if node is None else node

    return cell


def ago(timestamp: Any) -> str:
    """A moment as kubectl shows ages: ``5s``, ``3m10s``, ``4h``, ``2d``."""
    if not timestamp:
        return "<unknown>"
    then = datetime.datetime.fromisoformat(str(timestamp))
    return span(int((datetime.datetime.now(datetime.UTC) - then).total_seconds()))


def span(seconds: int) -> str:
    """A duration in seconds as kubectl shows it."""
    seconds = max(seconds, 0)
    if seconds < 120:
        return f"{seconds}s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 10:
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 8:
        return f"{hours}h{minutes}m" if minutes else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours}h" if days < 8 and hours else f"{days}d"


def since(cell: Cell) -> Cell:
    return lambda obj: ago(cell(obj))


def _count(*keys: str) -> Cell:
    cell = at(*keys)
    return lambda obj: len(cell(obj) or ())


def _ratio(have: Cell, want: Cell) -> Cell:
    return lambda obj: f"{have(obj)}/{want(obj)}"


def _names(*keys: str) -> Cell:
    cell = at(*keys)
    return lambda obj: ",".join(c["name"] for c in cell(obj) or ())


def _images(*keys: str) -> Cell:
    cell = at(*keys)
    return lambda obj: ",".join(c.get("image", "") for c in cell(obj) or ())


def _labels(*keys: str) -> Cell:
    cell = at(*keys)
    return lambda obj: ",".join(f"{k}={v}" for k, v in sorted((cell(obj) or {}).items()))


def _pod_status(obj: Object) -> str:
    """The STATUS column: the phase, or the reason that says more."""
    status = obj.get("status") or {}
    reason = status.get("reason") or status.get("phase", "")
    initializing = False
    inits = status.get("initContainerStatuses") or ()
    for n, container in enumerate(inits):
        state = container.get("state") or {}
        ended, waits = state.get("terminated"), state.get("waiting")
        if ended is not None and ended.get("exitCode", 0) == 0:
            continue
        if ended is not None:
            reason = "Init:" + (ended.get("reason") or f"ExitCode:{ended.get('exitCode')}")
        elif waits and waits.get("reason") and waits["reason"] != "PodInitializing":
            reason = "Init:" + waits["reason"]
        else:
            reason = f"Init:{n}/{len(obj['spec'].get('initContainers') or ())}"
        initializing = True
        break
    if not initializing:
        running = False
        for container in reversed(status.get("containerStatuses") or ()):
            state = container.get("state") or {}
            if (state.get("waiting") or {}).get("reason"):
                reason = state["waiting"]["reason"]
            elif state.get("terminated") is not None:
                reason = state["terminated"].get("reason") or f"ExitCode:{state['terminated'].get('exitCode')}"
            elif container.get("ready") and state.get("running") is not None:
                running = True
        if reason == "Completed" and running:
            reason = "Running"
    if obj["metadata"].get("deletionTimestamp"):
        reason = "Terminating"
    return str(reason)


def _pod_ready(obj: Object) -> str:
    ready = sum(1 for c in (obj.get("status") or {}).get("containerStatuses") or () if c.get("ready"))
    return f"{ready}/{len(obj['spec'].get('containers') or ())}"


def _restarts(obj: Object) -> str:
    statuses = (obj.get("status") or {}).get("containerStatuses") or ()
    number = sum(c.get("restartCount", 0) for c in statuses)
    last = (
        max(((c.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or "" for c in statuses)
        if statuses
        else ""
    )
    return f"{number} ({ago(last)} ago)" if number and last else str(number)


def _external(obj: Object) -> str:
    spec = obj["spec"]
    if spec.get("type") == "LoadBalancer":
        found = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
        return ",".join(i.get("ip") or i.get("hostname", "") for i in found) or "<pending>"
    return spec.get("externalName") or ",".join(spec.get("externalIPs") or ())


def _ports(obj: Object) -> str:
    shown = []
    for port in obj["spec"].get("ports") or ():
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        shown.append(f"{port['port']}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(shown)


def _node_status(obj: Object) -> str:
    ready = next((c for c in (obj.get("status") or {}).get("conditions") or () if c.get("type") == "Ready"), None)
    text = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    return text + (",SchedulingDisabled" if (obj.get("spec") or {}).get("unschedulable") else "")


def _node_roles(obj: Object) -> str:
    mark = "node-role.kubernetes.io/"
    return ",".join(sorted(k[len(mark) :] for k in obj["metadata"].get("labels") or {} if k.startswith(mark)))


def _node_address(kind: str) -> Cell:
    return lambda obj: next(
        (a["address"] for a in (obj.get("status") or {}).get("addresses") or () if a["type"] == kind), "<none>"
    )


def _hosts(obj: Object) -> str:
    return ",".join(r["host"] for r in obj["spec"].get("rules") or () if r.get("host")) or "*"


def _addresses(obj: Object) -> str:
    found = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(i.get("ip") or i.get("hostname", "") for i in found)


def _job_status(obj: Object) -> str:
    conditions = {c["type"]: c for c in (obj.get("status") or {}).get("conditions") or () if c.get("status") == "True"}
    for kind, text in (
        ("Complete", "Complete"),
        ("Failed", "Failed"),
        ("Suspended", "Suspended"),
        ("FailureTarget", "FailureTarget"),
    ):
        if kind in conditions:
            return text
    return "Terminating" if obj["metadata"].get("deletionTimestamp") else "Running"


def _job_duration(obj: Object) -> str:
    status = obj.get("status") or {}
    if not status.get("startTime"):
        return ""
    start = datetime.datetime.fromisoformat(status["startTime"])
    end = (
        datetime.datetime.fromisoformat(status["completionTime"])
        if status.get("completionTime")
        else datetime.datetime.now(datetime.UTC)
    )
    return span(int((end - start).total_seconds()))


def _event_last(obj: Object) -> str:
    return ago(obj.get("lastTimestamp") or obj.get("eventTime") or obj["metadata"].get("creationTimestamp"))


def storage_class(obj: Object) -> str:
    default = (obj["metadata"].get("annotations") or {}).get("storageclass.kubernetes.io/is-default-class") == "true"
    return f"{obj['metadata']['name']}{' (default)' if default else ''}"


def _modes(obj: Object) -> str:
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
    return ",".join(short.get(m, m) for m in obj["spec"].get("accessModes") or ())


def _budget(obj: Object, *, limits: bool) -> str:
    hard, used = obj["status"]["hard"], obj["status"].get("used") or {}
    names = [n for n in sorted(hard) if n.startswith("limits.") == limits]
    return ", ".join(f"{n}: {used.get(n, 0)}/{hard[n]}" for n in names) or " "


def _endpoints(obj: Object) -> str:
    found = []
    for subset in obj.get("subsets") or ():
        for address in subset.get("addresses") or ():
            found += [f"{address['ip']}:{port['port']}" for port in subset.get("ports") or ()]
    return ",".join(found)


NAME = Column("Name", at("metadata", "name"))
AGE = Column("Age", lambda obj: ago(obj["metadata"].get("creationTimestamp")))
_TEMPLATE = (
    Column("Containers", _names("spec", "template", "spec", "containers"), wide=True),
    Column("Images", _images("spec", "template", "spec", "containers"), wide=True),
    Column("Selector", _labels("spec", "selector", "matchLabels"), wide=True),
)
_REFERENCE = Column("Role", lambda obj: f"{obj['roleRef'].get('kind')}/{obj['roleRef'].get('name')}")

COLUMNS: dict[str, list[Column]] = {
    "pods": [
        Column("Ready", _pod_ready),
        Column("Status", _pod_status),
        Column("Restarts", _restarts),
        AGE,
        Column("IP", at("status", "podIP"), wide=True),
        Column("Node", at("spec", "nodeName"), wide=True),
        Column("Nominated Node", at("status", "nominatedNodeName"), wide=True),
        Column("Readiness Gates", lambda obj: None, wide=True),
    ],
    "services": [
        Column("Type", at("spec", "type")),
        Column("Cluster-IP", at("spec", "clusterIP")),
        Column("External-IP", _external),
        Column("Port(s)", _ports),
        AGE,
        Column("Selector", _labels("spec", "selector"), wide=True),
    ],
    "namespaces": [Column("Status", at("status", "phase")), AGE],
    "resourcequotas": [
        Column("Request", lambda o: _budget(o, limits=False)),
        Column("Limit", lambda o: _budget(o, limits=True)),
        AGE,
    ],
    "nodes": [
        Column("Status", _node_status),
        Column("Roles", _node_roles),
        AGE,
        Column("Version", at("status", "nodeInfo", "kubeletVersion")),
        Column("Internal-IP", _node_address("InternalIP"), wide=True),
        Column("External-IP", _node_address("ExternalIP"), wide=True),
        Column("OS-Image", at("status", "nodeInfo", "osImage"), wide=True),
        Column("Kernel-Version", at("status", "nodeInfo", "kernelVersion"), wide=True),
        Column("Container-Runtime", at("status", "nodeInfo", "containerRuntimeVersion"), wide=True),
    ],
    "configmaps": [
        Column("Data", lambda o: len(o.get("data") or ()) + len(o.get("binaryData") or ()), "integer"),
        AGE,
    ],
    "secrets": [Column("Type", at("type")), Column("Data", lambda o: len(o.get("data") or ()), "integer"), AGE],
    "serviceaccounts": [Column("Secrets", _count("secrets"), "integer"), AGE],
    "persistentvolumeclaims": [
        Column("Status", at("status", "phase")),
        Column("Volume", at("spec", "volumeName", default=" ")),
        Column("Capacity", at("status", "capacity", "storage", default=" ")),
        Column("Access Modes", lambda o: _modes(o) or " "),
        Column("StorageClass", at("spec", "storageClassName", default=" ")),
        Column("VolumeAttributesClass", at("spec", "volumeAttributesClassName", default="<unset>")),
        AGE,
        Column("VolumeMode", at("spec", "volumeMode"), wide=True),
    ],
    "persistentvolumes": [
        Column("Capacity", at("spec", "capacity", "storage")),
        Column("Access Modes", lambda o: _modes(o) or "<none>"),
        Column("Reclaim Policy", at("spec", "persistentVolumeReclaimPolicy")),
        Column("Status", at("status", "phase")),
        Column("Claim", lambda o: f"{o['spec']['claimRef']['namespace']}/{o['spec']['claimRef']['name']}"),
        Column("StorageClass", at("spec", "storageClassName")),
        Column("Reason", at("status", "reason")),
        AGE,
    ],
    "events": [
        Column("Last Seen", _event_last),
        Column("Type", at("type")),
        Column("Reason", at("reason")),
        Column("Object", lambda o: f"{o['involvedObject']['kind'].lower()}/{o['involvedObject'].get('name')}"),
        Column("Message", lambda o: o.get("message", "").strip()),
    ],
    "endpoints": [Column("Endpoints", lambda o: _endpoints(o) or "<none>"), AGE],
    "deployments.apps": [
        Column("Ready", _ratio(at("status", "readyReplicas", default=0), at("spec", "replicas", default=0))),
        Column("Up-to-date", at("status", "updatedReplicas", default=0), "integer"),
        Column("Available", at("status", "availableReplicas", default=0), "integer"),
        AGE,
        *_TEMPLATE,
    ],
    "statefulsets.apps": [
        Column("Ready", _ratio(at("status", "readyReplicas", default=0), at("spec", "replicas", default=0))),
        AGE,
        *_TEMPLATE[:2],
    ],
    "daemonsets.apps": [
        Column("Desired", at("status", "desiredNumberScheduled", default=0), "integer"),
        Column("Current", at("status", "currentNumberScheduled", default=0), "integer"),
        Column("Ready", at("status", "numberReady", default=0), "integer"),
        Column("Up-to-date", at("status", "updatedNumberScheduled", default=0), "integer"),
        Column("Available", at("status", "numberAvailable", default=0), "integer"),
        Column("Node Selector", _labels("spec", "template", "spec", "nodeSelector")),
        AGE,
        *_TEMPLATE,
    ],
    "replicasets.apps": [
        Column("Desired", at("spec", "replicas", default=0), "integer"),
        Column("Current", at("status", "replicas", default=0), "integer"),
        Column("Ready", at("status", "readyReplicas", default=0), "integer"),
        AGE,
        *_TEMPLATE,
    ],
    "jobs.batch": [
        Column("Status", _job_status),
        Column("Completions", _ratio(at("status", "succeeded", default=0), at("spec", "completions", default=1))),
        Column("Duration", _job_duration),
        AGE,
        *_TEMPLATE,
    ],
    "cronjobs.batch": [
        Column("Schedule", at("spec", "schedule")),
        Column("Timezone", at("spec", "timeZone")),
        Column("Suspend", lambda o: str(bool(o["spec"].get("suspend")))),
        Column("Active", _count("status", "active"), "integer"),
        Column("Last Schedule", lambda o: ago(o["status"]["lastScheduleTime"])),
        AGE,
    ],
    "ingresses.networking.k8s.io": [
        Column("Class", at("spec", "ingressClassName")),
        Column("Hosts", _hosts),
        Column("Address", lambda o: _addresses(o) or " "),
        Column("Ports", lambda o: "80, 443" if o["spec"].get("tls") else "80"),
        AGE,
    ],
    "ingressclasses.networking.k8s.io": [
        Column("Controller", at("spec", "controller")),
        Column("Parameters", at("spec", "parameters", "name")),
        AGE,
    ],
    "storageclasses.storage.k8s.io": [
        Column("Provisioner", at("provisioner")),
        Column("ReclaimPolicy", at("reclaimPolicy")),
        Column("VolumeBindingMode", at("volumeBindingMode")),
        Column("AllowVolumeExpansion", lambda o: str(bool(o.get("allowVolumeExpansion"))).lower()),
        AGE,
    ],
    "roles.rbac.authorization.k8s.io": [Column("Created At", at("metadata", "creationTimestamp"))],
    "clusterroles.rbac.authorization.k8s.io": [Column("Created At", at("metadata", "creationTimestamp"))],
    "rolebindings.rbac.authorization.k8s.io": [_REFERENCE, AGE],
    "clusterrolebindings.rbac.authorization.k8s.io": [_REFERENCE, AGE],
    "customresourcedefinitions.apiextensions.k8s.io": [Column("Created At", at("metadata", "creationTimestamp"))],
    "leases.coordination.k8s.io": [Column("Holder", at("spec", "holderIdentity")), AGE],
    "horizontalpodautoscalers.autoscaling": [
        Column("Reference", lambda o: f"{o['spec']['scaleTargetRef']['kind']}/{o['spec']['scaleTargetRef']['name']}"),
        Column("MinPods", at("spec", "minReplicas")),
        Column("MaxPods", at("spec", "maxReplicas")),
        Column("Replicas", at("status", "currentReplicas", default=0)),
        AGE,
    ],
}
