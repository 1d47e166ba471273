"""Plays the person who creates DNS records: sees a gateway's address, opens the provider's console, types.

What is wanted is read from the inventory that a run leaves in each cluster (ConfigMap ``bevel-tui-<network>`` in
namespace ``bevel-tui``, key ``network.yaml``: the applied Network). Only domains in manual mode are typed in;
external-dns and dynamic updates do their own. Records follow the address when it changes; a record that was
taken away on purpose is not put back.
"""

from __future__ import annotations

import asyncio
import logging

import yaml
from pydantic import ValidationError

from bevel_tui.network.model import Cluster, Network
from bevel_tui.sandbox.gateway.routes import gateway_services
from bevel_tui.sandbox.workloads.services import addresses
from bevel_tui.sandbox.workloads.view import Object
from bevel_tui.sandbox.world import Site, World

log = logging.getLogger(__name__)

INVENTORY_NAMESPACE = "bevel-tui"
INVENTORY_PREFIX = "bevel-tui-"
INVENTORY_KEY = "network.yaml"
#: seconds from seeing an address to the records' being there
TYPING_SECONDS = 3.0


def networks_in(site: Site) -> list[tuple[Network, Cluster]]:
    """The networks that name this cluster, and what they call it."""
    found = []
    for obj in site.view.all("ConfigMap", INVENTORY_NAMESPACE):
        text = (obj.get("data") or {}).get(INVENTORY_KEY)
        if not text or not obj["metadata"]["name"].startswith(INVENTORY_PREFIX):
            continue
        try:
            network = Network.model_validate(yaml.safe_load(text))
        except (yaml.YAMLError, ValidationError) as error:
            log.warning("%s: the inventory cannot be read: %s", obj["metadata"]["name"], error)
            continue
        found += [(network, cluster) for cluster in network.clusters if cluster.context == site.name]
    return found


class Person:
    """One person for the whole sandbox."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._typed: dict[tuple[str, str], tuple[str, ...]] = {}
        self._typing: dict[tuple[str, str], asyncio.Task[None]] = {}

    def watch(self, site: Site) -> None:
        """Look after a cluster's domain."""
        site.view.listen(["ConfigMap"], lambda change, _kind, obj: self._inventory(change, site, obj))
        site.view.listen(["Service", "EndpointSlice"], lambda _change, _kind, _obj: self.look(site))

    def _inventory(self, change: str, site: Site, obj: Object) -> None:
        meta = obj["metadata"]
        if meta.get("namespace") == INVENTORY_NAMESPACE and meta["name"].startswith(INVENTORY_PREFIX):
            for network, cluster in networks_in(site):
                if cluster.domain and network.gateway.type != "none":
                    self.world.names.add_zone(cluster.domain)
            if change != "DELETED":
                self.look(site)

    def look(self, site: Site) -> None:
        """See whether there is something to type for a cluster."""
        for network, cluster in networks_in(site):
            if not cluster.domain or network.gateway.type == "none" or network.dns_mode(cluster) != "manual":
                continue
            found = self._addresses(site, cluster)
            key = (site.name, cluster.domain)
            if found and self._typed.get(key) != found:
                self._typed[key] = found
                task = asyncio.create_task(self._type(cluster.domain, found, network.dns.ttl), name="person")
                self._typing[key] = task

    def _addresses(self, site: Site, cluster: Cluster) -> tuple[str, ...]:
        if cluster.existing_gateway:
            gateway = cluster.existing_gateway
            service = site.view.get("Service", gateway.namespace, gateway.service)
            services = [service] if service else []
        else:
            services = gateway_services(site)
        return tuple(address for service in services for address in addresses(service))

    async def _type(self, domain: str, found: tuple[str, ...], ttl: int) -> None:
        await self.world.clock.sleep(TYPING_SECONDS)
        while (trouble := self.world.troubles.typing(domain)) is not None:
            for name in (domain, f"*.{domain}") if trouble.address else ():
                self.world.names.set(name, "A", (trouble.address,), ttl=ttl)
            await self.world.clock.sleep(TYPING_SECONDS)
        for name in (domain, f"*.{domain}"):
            self.world.names.set(name, "A", found, ttl=ttl)
