"""Plays external-dns: names on LoadBalancer Services become A records, each with its owner's TXT record beside it.

A cluster in which external-dns was or will be installed is served by that: by its arguments, while it has a ready pod. In every
other one somebody else's is thought to be there, since Bevel itself only sets the annotation (facts C.4). As the real
one, it works in rounds, touches no record that the registry does not call its own, and takes away what is on no
Service any more (policy sync): what another controller with the same owner id made, too. The real one is held against
the same expectations in `tests/gateways/external_dns`.
"""

from __future__ import annotations

import asyncio

from bevel_tui.gateways.externaldns import wanted as installs
from bevel_tui.reachability.names.externaldns import ANNOTATION, Controller, controllers, owner_of
from bevel_tui.sandbox.person import networks_in
from bevel_tui.sandbox.workloads.services import addresses
from bevel_tui.sandbox.workloads.view import Object
from bevel_tui.sandbox.world import Site, World

TTL_ANNOTATION = "external-dns.alpha.kubernetes.io/ttl"
#: external-dns works in rounds; this is how long one takes to come by
ROUND_SECONDS = 2.0


class ExternalDns:
    """The controllers of all clusters."""

    def __init__(self, world: World) -> None:
        self.world = world
        #: owner id -> the names that it has made
        self._made: dict[str, set[str]] = {}
        #: clusters in which external-dns was installed
        self._installed: set[str] = set()
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()

    def watch(self, site: Site) -> None:
        """Act on a cluster's Services, and as its external-dns is told to."""
        site.view.listen(["Service"], lambda _change, _kind, _service: self._soon(site))
        site.view.listen(["Deployment"], lambda _change, _kind, deployment: self._deployment(site, deployment))

    def changed(self) -> None:
        """Look at every cluster again soon."""
        for site in self.world.sites.values():
            self._soon(site)

    def _deployment(self, site: Site, deployment: Object) -> None:
        if controllers([deployment]):
            self._installed.add(site.name)
            self._soon(site)

    def _soon(self, site: Site) -> None:
        if site.name in self._rounds and not self._rounds[site.name].done():
            self._again.add(site.name)
            return
        self._rounds[site.name] = asyncio.create_task(self._work(site), name="external-dns")

    async def _work(self, site: Site) -> None:
        while True:
            self._again.discard(site.name)
            await self.world.clock.sleep(ROUND_SECONDS)
            if not self._round(site) and site.name not in self._again:
                return

    def _round(self, site: Site) -> bool:
        """One round of a cluster's controllers; whether another one has to follow without a change."""
        held = False
        for one in self._controllers(site):
            wanted = {
                name: service
                for service in site.view.all("Service")
                for name in _names(service)
                if one.looks_after(name.removeprefix("*.")) and not one.overlooks(_where(service))
            }
            made = self._made.setdefault(one.owner, set())
            removes = "sync" in (one.option("policy") or ("sync",)) and not one.blind
            for name in sorted(made - wanted.keys()) if removes else ():
                self.world.names.remove(name, "A")
                self.world.names.remove(_registry(one, name), "TXT")
                made.discard(name)
            for name, service in wanted.items():
                held = self._write(one, name, service) or held
        return held

    def _controllers(self, site: Site) -> list[Controller]:
        if site.name in self._installed or _has_its_own(site):
            found = controllers(site.view.all("Deployment"))
            return [one for one in found if one.ready]
        if self.world.troubles.unannounced(site.name):
            return []
        return [Controller("", "external-dns", True, ("--source=service", f"--txt-owner-id=sandbox-{site.name}"), "")]

    def _write(self, one: Controller, name: str, service: Object) -> bool:
        """Make a name lead to a Service, if it is nobody else's; whether something keeps it from that for now."""
        names, made = self.world.names, self._made[one.owner]
        registry = _registry(one, name)
        owners = {owner_of(text) for text in names.values(registry, "TXT")}
        if (names.values(name, "A") and name not in made) or owners - {one.owner, None}:
            return False
        ttl = _ttl(service)
        trouble = self.world.troubles.typing(name.removeprefix("*."))
        if trouble is not None:
            if trouble.address:
                names.set(name, "A", (trouble.address,), ttl=ttl)
                made.add(name)
            return True
        resource = f"service/{_where(service)}"
        text = f'"heritage=external-dns,external-dns/owner={one.owner},external-dns/resource={resource}"'
        wanted = tuple(addresses(service))
        if names.values(name, "A") != set(wanted):
            names.set(name, "A", wanted, ttl=ttl)
        if names.values(registry, "TXT") != {text}:
            names.set(registry, "TXT", (text,), ttl=ttl)
        made.add(name)
        return False


def _has_its_own(site: Site) -> bool:
    """Whether a network of the cluster installs external-dns there, perhaps a little later than its gateway."""
    return any(installs(network, cluster) is not None for network, cluster in networks_in(site))


def _where(service: Object) -> str:
    return f"{service['metadata']['namespace']}/{service['metadata']['name']}"


def _registry(one: Controller, name: str) -> str:
    return one.registry_names(name, ("a",))[0]


def _names(service: Object) -> list[str]:
    text = (service["metadata"].get("annotations") or {}).get(ANNOTATION, "")
    if service["spec"].get("type") != "LoadBalancer" or not addresses(service):
        return []
    return [name.strip().rstrip(".") for name in text.split(",") if name.strip()]


def _ttl(service: Object) -> int:
    text = str((service["metadata"].get("annotations") or {}).get(TTL_ANNOTATION, ""))
    return int(text) if text.isdigit() else 300
