"""What we left in a cluster, written in the cluster itself: one ConfigMap per network in namespace ``bevel-tui``.

It holds the applied Network (its secrets are references), so that a network can be removed, adopted or looked at
without the preset it came from. It is written before anything else is changed, and only when it would differ.
"""

from __future__ import annotations

from typing import Any

import bevel_tui
from bevel_tui.engine.labels import HOME, NETWORK, object_name, ours
from bevel_tui.engine.ports import Cluster
from bevel_tui.kube.client import ApiError
from bevel_tui.records.steps import ObjectRef

NETWORK_KEY = "network.yaml"
#: annotation of an inventory whose network's last look from inside is still to come (`owed`)
OWED = "bevel-tui.dev/owed"


def ref(network: str) -> ObjectRef:
    """The inventory of a network."""
    return ObjectRef("v1", "ConfigMap", object_name(network), HOME)


def document(network: str, text: str, plan: str, cluster: str, *, owed: bool = False) -> dict[str, Any]:
    """The inventory as an object. `text` is the Network as YAML, `plan` the plan's id; `owed` puts a mark on it."""
    meta: dict[str, Any] = {"name": object_name(network), "namespace": HOME, "labels": ours(network)}
    if owed:
        meta["annotations"] = {OWED: "matrix"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta,
        "data": {"cluster": cluster, NETWORK_KEY: text, "plan": plan, "version": bevel_tui.__version__},
    }


async def write(client: Cluster, wanted: dict[str, Any]) -> bool:
    """Store an inventory; False when it was there already. Raises ApiError."""
    found = await client.get(ObjectRef("v1", "ConfigMap", wanted["metadata"]["name"], HOME))
    if found is None:
        await ensure_home(client)
        try:
            await client.create(wanted)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            return await write(client, wanted)
        return True
    if found.get("data") == wanted["data"]:
        return False
    found["data"] = wanted["data"]
    for kind in ("labels", "annotations"):
        if kind in wanted["metadata"]:
            found["metadata"][kind] = {**(found["metadata"].get(kind) or {}), **wanted["metadata"][kind]}
    found["metadata"].pop("managedFields", None)
    await client.replace(found)
    return True


async def read(client: Cluster, network: str) -> dict[str, str] | None:
    """An inventory's data, or None. Raises ApiError."""
    found = await client.get(ref(network))
    return None if found is None else dict(found.get("data") or {})


async def networks(client: Cluster) -> dict[str, str]:
    """Every network with an inventory in a cluster: name -> Network as YAML. Raises ApiError."""
    found = await client.list("v1", "ConfigMap", HOME, labels=NETWORK)
    return {
        obj["metadata"]["labels"][NETWORK]: obj["data"][NETWORK_KEY]
        for obj in found
        if NETWORK_KEY in (obj.get("data") or {})
    }


async def remove(client: Cluster, network: str) -> bool:
    """Delete an inventory; False when there was none. Raises ApiError."""
    return await client.delete(ref(network))


async def ensure_home(client: Cluster) -> None:
    """Our namespace. Raises ApiError."""
    home = ObjectRef("v1", "Namespace", HOME)
    if await client.get(home) is None:
        labels = {key: value for key, value in ours("").items() if value}
        try:
            await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME, "labels": labels}})
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
