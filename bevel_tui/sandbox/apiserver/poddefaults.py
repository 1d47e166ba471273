"""What Kubernetes fills into pods and their templates, and the class that it puts a pod in."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def put(target: Object, **values: Any) -> None:
    """Set what has no value yet."""
    for key, value in values.items():
        if target.get(key) is None:
            target[key] = value


def _probe(probe: Object | None) -> None:
    if probe is not None:
        put(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
        _http(probe)


def _http(handler: Object | None) -> None:
    if handler and handler.get("httpGet") is not None:
        put(handler["httpGet"], scheme="HTTP", path="/")
    if handler and handler.get("grpc") is not None:
        put(handler["grpc"], service="")


def _container(container: Object) -> None:
    image = str(container.get("image", ""))
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    latest = "@" not in image and tag in {"", "latest"}
    put(
        container,
        imagePullPolicy="Always" if latest else "IfNotPresent",
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        resources={},
    )
    for port in container.get("ports") or ():
        put(port, protocol="TCP")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        _probe(container.get(name))
    for handler in (container.get("lifecycle") or {}).values():
        if isinstance(handler, dict):
            _http(handler)
    for env in container.get("env") or ():
        field = (env.get("valueFrom") or {}).get("fieldRef")
        if field is not None:
            put(field, apiVersion="v1")


_SOURCES_WITH_MODE = ("secret", "configMap", "projected", "downwardAPI")


def pod_template_spec(spec: Object) -> None:
    """Defaults of a pod specification, in a pod or in a template."""
    put(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        schedulerName="default-scheduler",
        securityContext={},
    )
    if spec.get("serviceAccountName"):
        put(spec, serviceAccount=spec["serviceAccountName"])
    elif spec.get("serviceAccount"):
        put(spec, serviceAccountName=spec["serviceAccount"])
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        _container(container)
    for volume in spec.get("volumes") or ():
        if len(volume) <= 1:
            volume["emptyDir"] = {}
        for name in _SOURCES_WITH_MODE:
            if volume.get(name) is not None:
                put(volume[name], defaultMode=420)
        if volume.get("hostPath") is not None:
            put(volume["hostPath"], type="")
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get("serviceAccountToken") is not None:
                put(source["serviceAccountToken"], expirationSeconds=3600)


def pod(obj: Object) -> None:
    """Defaults of a pod."""
    spec = obj.setdefault("spec", {})
    pod_template_spec(spec)
    # a limit is a request where none is made: in pods, not in templates
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        resources = container["resources"]
        for name, limit in (resources.get("limits") or {}).items():
            resources.setdefault("requests", {}).setdefault(name, limit)
    put(
        spec, serviceAccountName="default", enableServiceLinks=True, preemptionPolicy="PreemptLowerPriority", priority=0
    )
    put(spec, serviceAccount=spec["serviceAccountName"])
    if spec.get("tolerations") is None:
        spec["tolerations"] = [
            {"key": f"node.kubernetes.io/{why}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            for why in ("not-ready", "unreachable")
        ]


def quality(obj: Object) -> str:
    """A pod's quality of service class."""
    containers = obj["spec"].get("containers") or ()
    asked = [c.get("resources") or {} for c in containers]
    if not any(r.get("requests") or r.get("limits") for r in asked):
        return "BestEffort"
    full = all(
        {"cpu", "memory"} <= (r.get("limits") or {}).keys() and r.get("requests") == r.get("limits") for r in asked
    )
    return "Guaranteed" if full else "Burstable"
