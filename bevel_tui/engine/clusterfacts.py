"""Values that only the cluster can tell, looked up just before Helm is given them.

Bevel's charts make one StorageClass per release and name a provisioner for four clouds only; elsewhere the one of the
cluster's default class serves (facts F). Vault must be told the API server's address (facts E).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bevel_tui.engine.ports import Cluster
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import ClusterFact, ObjectRef

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


async def fill(tree: Any, client: Cluster) -> Any:
    """A copy of a values tree with every `ClusterFact` replaced.

    Raises BevelError(STEP_FAILED) when the StorageClass is not there, and ApiError.
    """
    wanted = set(_facts(tree))
    classes = {
        fact.storage_class: await _storage_class(client, fact.storage_class) for fact in wanted if fact.what != "server"
    }

    def put(node: Any) -> Any:
        if isinstance(node, ClusterFact):
            if node.what == "server":
                return client.server
            return classes[node.storage_class].get(node.what) or ({} if node.what == "parameters" else "")
        if isinstance(node, Mapping):
            return {key: put(value) for key, value in node.items()}
        if isinstance(node, list | tuple):
            return [put(value) for value in node]
        return node

    return put(tree) if wanted else tree


def _facts(tree: Any) -> list[ClusterFact]:
    if isinstance(tree, ClusterFact):
        return [tree]
    children = tree.values() if isinstance(tree, Mapping) else tree if isinstance(tree, list | tuple) else ()
    return [fact for child in children for fact in _facts(child)]


async def _storage_class(client: Cluster, name: str | None) -> Mapping[str, Any]:
    if name is not None:
        found = await client.get(ObjectRef("storage.k8s.io/v1", "StorageClass", name))
        if found is None:
            raise BevelError(
                Code.STEP_FAILED,
                f"the cluster has no StorageClass {name}, which the preset names",
                remedy="Create it, or name another one in the preset (clusters, storage.class).",
            )
        return found
    classes = await client.list("storage.k8s.io/v1", "StorageClass")
    default = [c for c in classes if ((c.get("metadata") or {}).get("annotations") or {}).get(DEFAULT_CLASS) == "true"]
    if not default:
        raise BevelError(
            Code.STEP_FAILED,
            "the cluster has no default StorageClass, and Bevel knows no provisioner for its provider",
            remedy="Name one in the preset (clusters, storage.class or storage.provisioner), or make one the default.",
        )
    # Of several the newest counts, as for a claim that names none (Kubernetes: "Storage Classes", default).
    return max(default, key=lambda c: str(c["metadata"].get("creationTimestamp") or ""))
