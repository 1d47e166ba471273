"""Reading and keeping what a network remembers of itself (`network.past`), in the clusters themselves.

Beside the inventory stands ConfigMap ``bevel-tui-<network>.founding``. Unlike the inventory it stays when the network
is removed without its data: volumes, keys and genesis stay too, and belong to it. It counts only while there is a
genesis: until then the preset may still change in every way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from bevel_tui.engine import inventory
from bevel_tui.engine.bundles import received
from bevel_tui.engine.bundles.document import refused
from bevel_tui.engine.connect import Connect, close, connect, kube, unusable
from bevel_tui.engine.context import Access
from bevel_tui.engine.labels import HOME, MANAGED_BY, PART_OF, US, object_name
from bevel_tui.engine.observe import gather_all
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.ports import Cluster
from bevel_tui.kube.client import ApiError
from bevel_tui.network.fabric import channels
from bevel_tui.network.load import parse
from bevel_tui.network.model import Network
from bevel_tui.network.names import releases
from bevel_tui.network.naming import founder, namespace_of
from bevel_tui.network.past import Past, of_data, to_data
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import ObjectRef

#: key of an inventory while releases are being removed that its Network no longer has: the Network that had them
LEAVING_KEY = "leaving.yaml"


def ref(network: str) -> ObjectRef:
    """Where a network's memory is."""
    return ObjectRef("v1", "ConfigMap", f"{object_name(network)}.founding", HOME)


async def recall(network: Network, clusters: Mapping[str, Access]) -> Past | None:
    """The past of a network, from whichever clusters have it; None for one that is not founded yet.

    Raises BevelError when a cluster does not answer or holds something that cannot be read.
    """
    stored = await gather_all(_stored(access, network.name) for access in clusters.values())
    memories = [memory for _, memory in stored if memory]
    inventories = [found for found, _ in stored if found]
    applied = _applied(network.name, inventories)
    if memories:
        try:
            # Written to all clusters together, before anything is changed. Where that was cut off they differ, but
            # what an older one lacks is made up again in the same way.
            past = of_data(memories[0], applied)
        except (ValueError, KeyError, TypeError, AttributeError, BevelError) as error:
            raise _unreadable(network.name, error) from None
    elif applied is not None:
        past = Past.of(applied)
    else:
        told = await _told(network, clusters)
        if told is None:
            return None
        past = told
    return past if await _has_genesis(past.founding, clusters) else None


async def _told(network: Network, clusters: Mapping[str, Access]) -> Past | None:
    """What the others' bundles say of a network that this side comes to. Raises BevelError."""
    try:
        inbox = await received.read((access.client for access in clusters.values()), network.name)
    except ApiError as error:
        raise unusable(next(iter(clusters.values())).client, error) from None
    return told_by(inbox.memory[1], network)


def told_by(memory: Mapping[str, str], network: Network) -> Past | None:
    """A past as a newcomer takes it over: organizations are whose the newcomer's own preset says. None if nothing was
    told. Raises BevelError for what cannot be read, or is of another network."""
    if not memory:
        return None
    try:
        past = of_data(memory, network)
    except (ValueError, KeyError, TypeError, AttributeError, BevelError) as error:
        raise refused("What the bundle says of the network's past cannot be read", str(error)) from None
    founding = past.founding
    if (founding.name, founding.platform.type) != (network.name, network.platform.type):
        raise refused(f"The bundle tells the past of another network, {founding.name}")
    mine = {organization.name for organization in network.organizations if organization.managed}
    seen = tuple(o.model_copy(update={"managed": o.name in mine}) for o in founding.organizations)
    return replace(past, founding=founding.model_copy(update={"organizations": seen}))


async def remembered(network: Network, options: RunOptions, open_cluster: Connect = kube) -> Past | None:
    """The past of a network from the clusters of this side, opened for that. Raises BevelError."""
    names = {organization.cluster for organization in network.organizations if organization.managed}
    clusters = await connect(network, names, options.kubeconfig, open_cluster)
    try:
        return await recall(network, clusters)
    finally:
        await close(clusters.values())


def _applied(name: str, inventories: Iterable[Mapping[str, str]]) -> Network | None:
    """The Network as last applied. Where a removal was cut off, the one that still had what was to go."""
    texts = [found.get(LEAVING_KEY) or found.get(inventory.NETWORK_KEY, "") for found in inventories]
    leaving = [found[LEAVING_KEY] for found in inventories if LEAVING_KEY in found]
    for text in [*leaving, *sorted(texts, key=lambda one: (-texts.count(one), one))]:
        if text:
            try:
                return parse(text, source=f"the inventory of {name}")
            except BevelError as error:
                raise _unreadable(name, error) from None
    return None


def _unreadable(name: str, error: Exception) -> BevelError:
    details = error.details if isinstance(error, BevelError) else ()
    return BevelError(
        Code.STEP_FAILED,
        f"What network {name} has left in its clusters cannot be read: {error}",
        details=details,
        remedy=f"Was it made by a newer version? See: kubectl -n {HOME} get configmap {object_name(name)} "
        f"{ref(name).name} -o yaml",
    )


async def _stored(access: Access, network: str) -> tuple[dict[str, str], dict[str, str]]:
    try:
        found = await inventory.read(access.client, network)
        memory = await access.client.get(ref(network))
    except ApiError as error:
        raise unusable(access.client, error) from None
    return found or {}, dict((memory or {}).get("data") or {})


async def _has_genesis(founding: Network, clusters: Mapping[str, Access]) -> bool:
    """Whether the ledger was founded: its genesis release is there, or what a removed one has left.

    Platforms without a genesis are founded with their first release.
    """
    first = founder(founding)
    access = clusters.get(first.cluster)
    if access is None:
        return True
    names = releases(founding, first)
    wanted = [r.name for r in names if r.role == "genesis"] or [r.name for r in names[:1]]
    namespace = namespace_of(founding, first)
    try:
        records = await access.client.list("v1", "Secret", namespace, labels="owner=helm")
        for secret in records:
            labels = secret["metadata"].get("labels") or {}
            if labels.get("name") in wanted and labels.get("status") in {"deployed", "superseded"}:
                return True
        left = [f"{founding.platform.type}-genesis", *(f"{c.name}-genesis" for c in channels(founding)), "ptg"]
        found = await gather_all(access.client.get(ObjectRef("v1", "ConfigMap", name, namespace)) for name in left)
        return any(one is not None for one in found)
    except ApiError as error:
        raise unusable(access.client, error) from None


def document(past: Past, network: str) -> dict[str, Any]:
    """The memory as an object. Its label names no network: `inventory.networks` would take it for one."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": ref(network).name, "namespace": HOME, "labels": {MANAGED_BY: US, PART_OF: network}},
        "data": to_data(past),
    }


async def keep(client: Cluster, wanted: dict[str, Any]) -> bool:
    """Store a memory; False when it was there already. Raises ApiError."""
    target = ObjectRef("v1", "ConfigMap", wanted["metadata"]["name"], HOME)
    found = await client.get(target)
    if found is None:
        await inventory.ensure_home(client)
        try:
            await client.create(wanted)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            return await keep(client, wanted)
        return True
    if found.get("data") == wanted["data"]:
        return False
    found["data"] = wanted["data"]
    found["metadata"].pop("managedFields", None)
    await client.replace(found)
    return True


async def forget(client: Cluster, network: str) -> bool:
    """Delete a memory, with the data it belongs to. Raises ApiError."""
    return await client.delete(ref(network))
