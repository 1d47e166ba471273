"""Values that only the cluster can tell, looked up just before Helm is given them.

Bevel's charts make one StorageClass per release and name a provisioner for four clouds only; elsewhere the one of the
cluster's default class serves (facts F). Vault must be told the API server's address (facts E). Indy writes the addresses of
all gateways into its genesis (facts A4.3).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bevel_tui.engine.ports import Cluster
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import ClusterFact, ObjectRef

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


ADDRESSES = frozenset({"gateway-address", "node-address"})
#: tells the address that a fact asks for, in whatever cluster
AddressOf = Callable[[ClusterFact], Awaitable[str]]


async def fill(tree: Any, client: Cluster, address_of: AddressOf | None = None) -> Any:
    """A copy of a values tree with every `ClusterFact` replaced.

    Raises BevelError(STEP_FAILED) when the StorageClass or an address is not there, and ApiError.
    """
    # in the order in which they stand, each once: which of several errors is told must not depend on hashes
    wanted = dict.fromkeys(_facts(tree))
    addresses = {fact: await address_of(fact) for fact in wanted if fact.what in ADDRESSES and address_of is not None}
    classes = {
        fact.storage_class: await _storage_class(client, fact.storage_class)
        for fact in wanted
        if fact.what in ("provisioner", "parameters")
    }

    def put(node: Any) -> Any:
        if isinstance(node, ClusterFact):
            if node.what == "server":
                return client.server
            if node.what in ADDRESSES:
                return addresses[node]
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
