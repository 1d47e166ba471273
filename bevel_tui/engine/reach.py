"""The DNS gate and the closing checks for a run: `reachability` with what this run knows of its clusters."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

from bevel_tui.engine.addresses import nodes_or_none
from bevel_tui.engine.connect import simulation_of
from bevel_tui.engine.context import Access, GateReport
from bevel_tui.engine.externaldns import examine
from bevel_tui.engine.inside import look, place_in
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.rounds import CheckRounds
from bevel_tui.engine.routes import Routes
from bevel_tui.kube.client import ApiError
from bevel_tui.network.ethereum import NODE_CHARTS
from bevel_tui.network.model import Besu, Network, Quorum
from bevel_tui.network.names import releases
from bevel_tui.reachability.agreement import agreement
from bevel_tui.reachability.checks import SOCKETS, Expected, check_cluster
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.dynamic import Done, Key, Updater
from bevel_tui.reachability.gate import PATIENCE, PROBE_LABEL, gate
from bevel_tui.reachability.inside import health, paths
from bevel_tui.reachability.inside.script import Question
from bevel_tui.reachability.mesh import mesh
from bevel_tui.reachability.resolver import Resolver
from bevel_tui.reachability.wanted import is_ip, normal, records
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.events import DnsRecord
from bevel_tui.records.steps import AddressStep, CheckStep, DnsStep

#: seconds that a name server gets to answer when a run looks at what it would have to write
FORESEE = 2.0
#: seconds between two looks from inside: resolvers there may remember a "no" from before the records were there
_AGAIN = 5.0


class LiveReach:
    """Resolvers and dialers per cluster: a simulated cluster says itself how its names and ports are reached."""

    def __init__(self, network: Network, options: RunOptions) -> None:
        self._network = network
        self._options = options
        self._sockets = asyncio.Semaphore(SOCKETS)
        self._resolvers: dict[str, Resolver] = {}
        #: every gateway's address that was read so far -> its cluster; all clusters' checks share it
        self._gateways: dict[str, str] = {}
        #: every external-dns' owner id -> its cluster and domain
        self._owners: dict[str, tuple[str, str]] = {}

    def _dialer(self, access: Access) -> Dialer:
        return Dialer(dict(access.simulation.dial)) if access.simulation is not None else Dialer()

    async def _dialer_now(self, access: Access) -> Dialer:
        """With the doors that simulated gateways have opened since this run connected."""
        if access.simulation is None:
            return Dialer()
        return Dialer(dict((await simulation_of(access.client) or access.simulation).dial))

    def _resolver(self, access: Access) -> Resolver:
        if access.name not in self._resolvers:
            self._resolvers[access.name] = Resolver.choose(
                self._dialer(access),
                authority=access.simulation.dns if access.simulation is not None else None,
                resolvers=self._network.dns.resolvers,
            )
        return self._resolvers[access.name]

    async def gate(
        self, access: Access, step: DnsStep, addresses: tuple[str, ...], *, patience: float | None = None
    ) -> AsyncGenerator[GateReport]:
        """States until the domain leads to the gateway."""
        simulated = access.simulation is not None
        async for state in gate(
            step.domain,
            step.hosts,
            addresses,
            resolver=self._resolver(access),
            mode=step.mode,
            ttl=self._network.dns.ttl,
            # A simulated person is as quick as the simulated time: ask more often.
            first=0.2 if simulated else 1.0,
            longest=1.0 if simulated else 15.0,
            patience=PATIENCE if patience is None else patience,
        ):
            yield GateReport(
                ready=state.ready,
                domain=state.domain,
                records=state.records,
                zone_lines=state.zone_lines,
                servers=state.servers,
                addresses=state.addresses,
                waiting_for=state.waiting_for,
                zone=state.zone,
                behind=state.behind,
            )

    async def publish(
        self, access: Access, step: DnsStep, addresses: tuple[str, ...], secret: str, friends: frozenset[str]
    ) -> Done:
        """Write the records; the sandbox's server takes them unsigned, so that a rehearsal needs no key."""
        updater = self._updater(access, step, secret)
        return await updater.publish(step.domain, self.records(step, addresses), self._network.name, friends)

    async def foresee(self, access: Access, step: DnsStep, addresses: tuple[str, ...], friends: frozenset[str]) -> Done:
        """What `publish` would do now; asked without the key."""
        updater = self._updater(access, step, "", timeout=FORESEE)
        return await updater.foresee(step.domain, self.records(step, addresses), self._network.name, friends)

    async def withdraw(self, access: Access, step: DnsStep, addresses: tuple[str, ...], secret: str) -> Done:
        """Remove the records."""
        return await self._updater(access, step, secret).withdraw(step.domain, self._network.name, addresses)

    async def published(self, access: Access, step: DnsStep) -> bool:
        """Whether our mark is there."""
        return await self._updater(access, step, "").marked(step.domain)

    def _updater(self, access: Access, step: DnsStep, secret: str, timeout: float = 5.0) -> Updater:
        if step.update is None:
            raise ValueError(f"{step.id} has no server that takes updates")
        if access.simulation is not None:
            return Updater(self._dialer(access), access.simulation.dns, None, timeout)
        key = Key(step.update.key_name, step.update.key_algorithm, secret)
        return Updater(self._dialer(access), step.update.server, key, timeout)

    async def leads(self, access: Access, step: DnsStep, addresses: tuple[str, ...]) -> bool | None:
        """Asked of authorities only, for a name that nobody has: the wildcard answers it."""
        resolver = self._resolver(access)
        lookup = await resolver.lookup(f"{PROBE_LABEL}.{step.domain}")
        if lookup.outcome in {"no-authority", "timeout"}:
            return None
        names = [address for address in addresses if not is_ip(address)]
        behind = await asyncio.gather(*(resolver.lookup(name) for name in names))
        there = {normal(a) for a in (*addresses, *(a for one in behind for a in one.addresses)) if is_ip(a)}
        aliases = {name.rstrip(".").lower() for name in lookup.chain}
        return bool(there & {*map(normal, lookup.addresses)} or aliases & {name.rstrip(".").lower() for name in names})

    async def makes_records(self, access: Access, step: DnsStep, gateway: AddressStep) -> CheckResult:
        """What there is to say of the external-dns that is to make a domain's records. Raises ApiError."""
        return await examine(access, step.domain, gateway, self._resolver(access), self._owners)

    def records(self, step: DnsStep, addresses: tuple[str, ...]) -> tuple[DnsRecord, ...]:
        """What the domain's zone must hold."""
        return records(step.domain, addresses, self._network.dns.ttl)

    async def check(
        self, access: Access, step: CheckStep, gateway: AddressStep | None, retry: float, *, settled: bool = False
    ) -> AsyncIterator[CheckResult]:
        """All checks of a cluster's endpoints; failing ones are asked again for `retry` seconds. Raises ApiError."""
        expected = self._expected() if settled or not self._spread() else Expected()
        async for result in self._check(access, step, gateway, retry, expected):
            yield result

    async def _check(
        self, access: Access, step: CheckStep, gateway: AddressStep | None, retry: float, expected: Expected
    ) -> AsyncIterator[CheckResult]:
        addresses, ports, service = await _gateway(access, gateway)
        if any(endpoint.node_port for endpoint in step.endpoints):
            addresses = await nodes_or_none(access.client)
        self._gateways.update(dict.fromkeys(addresses, step.cluster))
        cluster = self._network.cluster(step.cluster)
        if gateway is not None and addresses and step.domain and self._network.dns_mode(cluster) == "external-dns":
            yield await examine(access, step.domain, gateway, self._resolver(access), self._owners)
        async for result in check_cluster(
            step.cluster,
            step.endpoints,
            step.domain,
            addresses=addresses,
            service_ports=ports,
            resolver=self._resolver(access),
            dialer=await self._dialer_now(access),
            trust=await _trust(access, step),
            timeout=self._network.probe.timeout,
            retry=retry,
            service=service,
            context=access.context,
            ttl=self._network.dns.ttl,
            sockets=self._sockets,
            expected=expected,
            edge=Routes(access, self._network, step, gateway).read if gateway is not None else None,
            others=self._gateways,
        ):
            yield result

    def agreement(self, cluster: str, rounds: CheckRounds) -> list[CheckResult]:
        """Whether a cluster's nodes speak of the same ledger as all others', and whom of them they miss as peers."""
        return [*agreement(rounds.results, cluster), *mesh(rounds.results, cluster)]

    async def settled(
        self, access: Access, step: CheckStep, gateway: AddressStep | None, retry: float
    ) -> AsyncIterator[CheckResult]:
        """The words of a cluster's nodes about peers and blocks; nothing where `check` has asked them already.

        Nodes that somebody else runs may come tomorrow: they are not missed yet.
        """
        nodes = tuple(endpoint for endpoint in step.endpoints if endpoint.probe == "json-rpc")
        if nodes and self._spread():
            expected = self._expected(ours=True)
            async for result in self._check(access, replace(step, endpoints=nodes), gateway, retry, expected):
                if result.id.startswith("ledger-"):
                    yield result

    async def inside(self, access: Access, step: str, rounds: CheckRounds, retry: float) -> AsyncIterator[CheckResult]:
        """A pod of the cluster looks at every gateway; told are its row of the matrix and how it went."""
        seen = paths.seen(rounds.results)
        asked = {to: paths.questions(rounds.endpoints[to], seen.get(to, paths.Seen())) for to in rounds.endpoints}
        own = rounds.endpoints.get(access.name, ())
        others = sum(e.health is not None for each in rounds.endpoints.values() for e in each) - 1
        everything = [question for questions in asked.values() for question in questions] + health.questions(own)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + retry
        while True:
            mine = await self._look(access, everything)
            heals = paths.may_heal(mine, asked, seen) or health.may_heal(mine, own, others)
            if not heals or loop.time() + _AGAIN > deadline:
                break
            await asyncio.sleep(_AGAIN)
        for result in health.judge(mine, own, others):
            yield result
        rounds.looks[access.name] = mine
        rounds.inside.leave(step)
        await rounds.inside.wait()
        for result in paths.judge(list(rounds.looks.values()), asked, seen, only=mine.cluster):
            yield result

    async def _look(self, access: Access, questions: list[Question]) -> paths.Look:
        if not self._network.probe.pods:
            return paths.Look(access.name, skipped="the preset does not want probe pods (probe.pods)")
        place = place_in(self._network, access.name)
        if place is None:
            return paths.Look(access.name, skipped="no organization of ours is in it")
        if not questions:
            return paths.Look(
                access.name, namespace=place.namespace, skipped="no host resolves that could be asked for"
            )
        return await look(access, self._network, place, questions, patience=self._network.probe.timeout)

    def _nodes(self, *, ours: bool = False) -> list[str]:
        """The cluster of every Ethereum node of the network, or of our side of it."""
        network = self._network
        if not isinstance(network.platform, Besu | Quorum):
            return []
        known = [o for o in network.organizations if o.managed or not ours]
        return [o.cluster for o in known for r in releases(network, o) if r.chart in NODE_CHARTS]

    def _spread(self) -> bool:
        """Whether one cluster's nodes have peers in others: then only all of them together make the ledger."""
        return len(set(self._nodes())) > 1

    def _expected(self, *, ours: bool = False) -> Expected:
        """What an Ethereum node should say. GoQuorum's raft makes blocks for transactions only."""
        platform, nodes = self._network.platform, self._nodes(ours=ours)
        if not nodes or not isinstance(platform, Besu | Quorum):
            return Expected()
        period = None if platform.consensus == "raft" else float(platform.block_period)
        return Expected(len(nodes) - 1, period)

    async def elsewhere(self, near: Access, step: CheckStep) -> AsyncIterator[CheckResult]:
        """What can be asked from here of a cluster that somebody else runs. Failures are warnings. Raises ApiError."""
        async for result in check_cluster(
            step.cluster,
            [replace(endpoint, trust=None) for endpoint in step.endpoints],
            step.domain,
            addresses=(),
            service_ports=None,
            resolver=self._resolver(near),
            dialer=await self._dialer_now(near),
            trust={},
            timeout=self._network.probe.timeout,
            ttl=self._network.dns.ttl,
            sockets=self._sockets,
            foreign=True,
        ):
            yield result


async def _gateway(access: Access, gateway: AddressStep | None) -> tuple[tuple[str, ...], tuple[int, ...] | None, str]:
    """(addresses, ports or None without a Service, its name) of a cluster's gateway."""
    from bevel_tui.engine.readiness import addresses

    if gateway is None:
        return (), None, "gateway"
    name = f"{gateway.service.namespace}/{gateway.service.name}"
    found = await access.client.get(gateway.service)
    if found is None:
        return (), None, name
    ports = tuple(int(port.get("port") or 0) for port in (found.get("spec") or {}).get("ports") or ())
    return addresses(found), ports, name


async def _trust(access: Access, step: CheckStep) -> dict[str, str]:
    """CA certificates (PEM) by endpoint, from the objects that the endpoints name; what is not there is left out."""
    found: dict[str, str] = {}
    objects: dict[object, dict[str, str]] = {}
    for endpoint in step.endpoints:
        if endpoint.trust is None:
            continue
        ref, key = endpoint.trust
        if ref not in objects:
            try:
                obj = await access.client.get(ref)
            except ApiError:
                obj = None
            objects[ref] = dict((obj or {}).get("data") or {})
        value = objects[ref].get(key)
        if value is not None:
            found[endpoint.id] = base64.b64decode(value).decode() if ref.kind == "Secret" else value
    return found
