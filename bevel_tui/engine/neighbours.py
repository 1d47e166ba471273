"""Which other networks are in the clusters of a run, by the inventories that they have left, and what they plan there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bevel_tui.engine import inventory, memory
from bevel_tui.engine.connect import unusable
from bevel_tui.engine.context import Access, PlanLike
from bevel_tui.engine.labels import HOME, NETWORK
from bevel_tui.engine.observe import gather_all, release_records
from bevel_tui.engine.shared import EDGE, Neighbour, Shared
from bevel_tui.kube.client import ApiError
from bevel_tui.network.load import parse
from bevel_tui.network.model import Network
from bevel_tui.network.past import Past, of_data
from bevel_tui.records.errors import BevelError
from bevel_tui.records.steps import ReleaseStep

#: makes the plan of a network with its past
Planner = Callable[[Network, Past | None], PlanLike]


async def survey(network: str, clusters: Mapping[str, Access], planner: Planner) -> Shared:
    """Who else is in these clusters. Raises BevelError when one does not answer."""
    found = await gather_all(_neighbours(network, access, planner) for access in clusters.values())
    neighbours = dict(zip(clusters, found, strict=True))
    owners: dict[tuple[str, str, str], str] = {}
    for cluster, others in neighbours.items():
        spaces = {str(s.namespace) for o in others for s in o.steps if isinstance(s, ReleaseStep) and s.origin in EDGE}
        for namespace in sorted(spaces):
            try:
                releases = await release_records(clusters[cluster].client, namespace)
            except ApiError as error:
                raise unusable(clusters[cluster].client, error) from None
            for name, records in releases.items():
                if records and records[-1].network:
                    owners[cluster, namespace, name] = records[-1].network
    return Shared({name: others for name, others in neighbours.items() if others}, owners)


async def _neighbours(network: str, access: Access, planner: Planner) -> tuple[Neighbour, ...]:
    try:
        objects = await access.client.list("v1", "ConfigMap", HOME, labels=NETWORK)
        others = {
            obj["metadata"]["labels"][NETWORK]: obj.get("data") or {}
            for obj in objects
            if inventory.NETWORK_KEY in (obj.get("data") or {}) and obj["metadata"]["labels"][NETWORK] != network
        }
        memories = {name: await access.client.get(memory.ref(name)) for name in others}
    except ApiError as error:
        raise unusable(access.client, error) from None
    return tuple(
        _neighbour(name, data, (memories[name] or {}).get("data"), access.name, planner)
        for name, data in sorted(others.items())
    )


def _neighbour(
    name: str, data: Mapping[str, str], remembered: Mapping[str, str] | None, cluster: str, planner: Planner
) -> Neighbour:
    """Its steps in this cluster, which it may call otherwise. One of a newer version may be unreadable."""
    try:
        other = parse(data[inventory.NETWORK_KEY], source=f"the inventory of {name}")
        plan = planner(other, of_data(remembered, other) if remembered else None)
    except (BevelError, ValueError, KeyError, TypeError, AttributeError):
        return Neighbour(name, readable=False)
    theirs = data.get("cluster") or cluster
    return Neighbour(name, tuple(step for step in plan.steps if step.cluster == theirs))
