"""The scale subresource: an autoscaling/v1 Scale as a view of a workload."""

from __future__ import annotations

from typing import Any

from bevel_tui.sandbox.apiserver.errors import bad_request
from bevel_tui.sandbox.apiserver.kinds import Kind
from bevel_tui.sandbox.apiserver.store import Object

_PATHS = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": "",
}


def of(kind: Kind, obj: Object) -> Object:
    """The Scale of a workload."""
    paths = {**_PATHS, **(kind.scale_paths or {})}
    meta = obj["metadata"]
    keys = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Object = {"replicas": _at(obj, paths["statusReplicasPath"]) or 0}
    wanted = _at(obj, paths["specReplicasPath"])
    labels = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels") if not kind.custom else None
    if labels:
        status["selector"] = ",".join(f"{k}={v}" for k, v in sorted(labels.items()))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {k: meta[k] for k in keys if k in meta},
        "spec": {"replicas": wanted} if wanted else {},
        "status": status,
    }


def replicas(scale: Any) -> int:
    """The number that a Scale asks for. Raises Refusal(400)."""
    number = (scale.get("spec") or {}).get("replicas", 0) if isinstance(scale, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise bad_request("spec.replicas must be a number that is not negative")
    return number


def set_replicas(kind: Kind, obj: Object, number: int) -> Object:
    """The workload with that many replicas; changes the object given."""
    node = obj
    path = {**_PATHS, **(kind.scale_paths or {})}["specReplicasPath"].strip(".").split(".")
    for key in path[:-1]:
        node = node.setdefault(key, {})
    node[path[-1]] = number
    return obj


def _at(obj: Object, path: str) -> Any:
    node: Any = obj
    for key in path.strip(".").split("."):
        node = node.get(key) if isinstance(node, dict) else None
    return node
