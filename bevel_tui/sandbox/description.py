"""Keeps every simulated cluster's description of itself current: the dial map, the DNS server, the speed.

Any bevel-tui process reads it (`records.simulation`), so it is the same full map in every cluster: a name of one
organization is dialled from wherever another one's runs.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping

from bevel_tui.kube.client import ApiError
from bevel_tui.records.simulation import CONFIGMAP_KEY, CONFIGMAP_NAME, CONFIGMAP_NAMESPACE, Simulation
from bevel_tui.sandbox.world import Site, World

log = logging.getLogger(__name__)


class Descriptions:
    """Writes the ConfigMaps; `changed` says that something is new."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._wakes: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def changed(self) -> None:
        """Write soon."""
        for name in self.world.sites:
            self._wakes[name].set()

    async def run(self) -> None:
        """Write whenever something changed, for ever; a cluster that does not answer keeps no other waiting."""
        async with asyncio.TaskGroup() as group:
            for site in self.world.sites.values():
                group.create_task(self._keep(site))

    async def _keep(self, site: Site) -> None:
        wake = self._wakes[site.name]
        while True:
            await wake.wait()
            wake.clear()
            try:
                await self.write(site)
            except ApiError as error:
                log.info("the description of %s was not written: %s", site.name, error)

    async def write(self, site: Site) -> None:
        """Write one cluster's description. Raises ApiError."""
        simulation = Simulation(
            cluster=site.name,
            speed=self.world.clock.speed,
            dns=self.world.names.address,
            dial=dict(self.world.dial),
            external_dns=not self.world.troubles.unannounced(site.name),
        )
        data = {CONFIGMAP_KEY: simulation.model_dump_json(indent=1)}
        found = site.view.get("ConfigMap", CONFIGMAP_NAMESPACE, CONFIGMAP_NAME)
        if found is None and await self._create(site, data):
            return
        if (found or {}).get("data") != data:
            await site.hands.patch("ConfigMap", CONFIGMAP_NAMESPACE, CONFIGMAP_NAME, {"data": data})

    async def _create(self, site: Site, data: Mapping[str, str]) -> bool:
        made = await site.hands.create(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": CONFIGMAP_NAME, "namespace": CONFIGMAP_NAMESPACE},
                "data": dict(data),
            }
        )
        return made is not None
