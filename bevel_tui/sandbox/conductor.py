"""Puts a sandbox together in one event loop: simulators of all clusters, name server, gateways, person, external-dns.

It is given clients of API servers and does not care whose they are: simulated ones (`sandbox.process`) or real
control planes in tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bevel_tui.kube.client import KubeClient
from bevel_tui.sandbox.clock import Clock
from bevel_tui.sandbox.description import Descriptions
from bevel_tui.sandbox.dns import NameServer
from bevel_tui.sandbox.externaldns import ExternalDns
from bevel_tui.sandbox.gateway.listeners import Gateways
from bevel_tui.sandbox.ledger import Ledger
from bevel_tui.sandbox.person import Person
from bevel_tui.sandbox.workloads.catalogue import Catalogue, shipped
from bevel_tui.sandbox.workloads.simulator import Simulator
from bevel_tui.sandbox.world import World


class Conductor:
    """All simulated parts but the API servers. `start`, then `stop`."""

    def __init__(self, *, speed: float = 1.0, catalogue: Catalogue | None = None, controllers: bool = True) -> None:
        self.world = World(Clock(speed), NameServer(), catalogue or shipped())
        self.controllers = controllers
        self.ledger = Ledger(self.world)
        self.descriptions = Descriptions(self.world)
        self.gateways = Gateways(self.world, self.ledger, self.descriptions.changed)
        self.person = Person(self.world)
        self.external_dns = ExternalDns(self.world)
        self.world.troubles.listeners += [self.descriptions.changed, self.external_dns.changed]
        self._simulators: list[Simulator] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, clients: Mapping[str, KubeClient], *, domains: tuple[str, ...] = ()) -> None:
        """Play the clusters of these clients (by context name); `domains` are zones to serve from the start.

        Returns when nodes and descriptions are there. Raises ApiError and OSError.
        """
        await self.world.names.start()
        for domain in domains:
            self.world.names.add_zone(domain)
        for number, (name, client) in enumerate(clients.items(), start=1):
            self._simulators.append(Simulator(self.world, name, number, client, controllers=self.controllers))
        await asyncio.gather(*(simulator.start() for simulator in self._simulators))
        for simulator in self._simulators:
            for part in (self.gateways, self.person, self.external_dns, self.ledger):
                part.watch(simulator.site)
        await asyncio.gather(*(self.descriptions.write(s.site) for s in self._simulators))
        self._tasks = [asyncio.create_task(self.gateways.run()), asyncio.create_task(self.descriptions.run())]

    async def stop(self) -> None:
        """Stop playing; the clusters' objects stay as they are."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(simulator.stop() for simulator in self._simulators), return_exceptions=True)
        await self.world.names.stop()
