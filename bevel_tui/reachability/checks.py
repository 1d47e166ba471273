"""Is a cluster's name the way to its gateway, and its gateway the way to the ledger? Edge by edge, with evidence.

Every edge (address, port, record, connection, certificate, protocol) is asked once however many endpoints share it,
and what lies behind a broken edge is skipped with the reason, so that `failed` marks the edge to mend. No cluster is
read here: the caller passes what it read. The kinds of check are in `catalogue`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bevel_tui.reachability import ethereum, handshake, probes
from bevel_tui.reachability.categories import category_of
from bevel_tui.reachability.choice import choice
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.found import Found
from bevel_tui.reachability.handshake import Trust
from bevel_tui.reachability.languages import ask
from bevel_tui.reachability.names.checks import NameChecks
from bevel_tui.reachability.objects.checks import ObjectChecks, ReadEdge, excused
from bevel_tui.reachability.remedies import Remedies
from bevel_tui.reachability.resolver import Resolver
from bevel_tui.reachability.streams import ProbeError, Target
from bevel_tui.reachability.verdict import Verdict
from bevel_tui.reachability.wanted import is_ip, normal
from bevel_tui.records.checks import CheckResult, CheckStatus
from bevel_tui.records.steps import Endpoint

#: connections that one caller's checks hold at a time unless it says otherwise
SOCKETS = 256


@dataclass(frozen=True, slots=True)
class Expected:
    """What an Ethereum node should know: `others` nodes of the network as peers, a block every `block_period` seconds
    (None: blocks are made only with transactions, so nothing can be told)."""

    others: int = 0
    block_period: float | None = None


async def check_cluster(
    cluster: str,
    endpoints: Sequence[Endpoint],
    domain: str | None,
    *,
    addresses: Sequence[str],
    service_ports: Sequence[int] | None,
    resolver: Resolver,
    dialer: Dialer,
    trust: Mapping[str, str],
    timeout: float = 5.0,  # noqa: ASYNC109 - of one attempt, part of the evidence
    retry: float = 0.0,
    service: str = "gateway",
    context: str | None = None,
    ttl: int = 300,
    sockets: asyncio.Semaphore | None = None,
    foreign: bool = False,
    expected: Expected = Expected(),
    others: Mapping[str, str] | None = None,
    edge: ReadEdge | None = None,
) -> AsyncIterator[CheckResult]:
    """All checks of one cluster, in parallel, yielded as they are answered.

    `addresses` and `service_ports` are what the gateway's Service has (`service_ports` None: there is no such
    Service), `trust` the CA certificate (PEM) by endpoint id, for endpoints that name one. A failing check is asked
    again until `retry` seconds after the start. `sockets` bounds connections over several clusters. `service`
    (``namespace/name``), `context` and `ttl` only make remedies exact. `foreign`: the cluster is somebody else's, so
    nothing is known of its gateway; names and what answers behind them are asked, and what fails is a warning.
    `expected` says what a ledger's nodes should say of themselves. `edge` reads the cluster's routes (None: they may not
    be read); an object that disagrees with the plan is then named in the place of what it breaks.
    `others` are gateways of other clusters, address -> cluster: a name that leads to one of them is told so.
    """
    remedies = Remedies(domain, tuple(addresses), ttl, service, context)
    run = _Run(
        cluster=cluster,
        domain=domain,
        addresses=tuple(addresses),
        ports=None if service_ports is None else tuple(service_ports),
        resolver=resolver,
        dialer=dialer,
        trust=trust,
        timeout=timeout,
        deadline=asyncio.get_running_loop().time() + retry,
        service=service,
        sockets=sockets or asyncio.Semaphore(SOCKETS),
        foreign=foreign,
        expected=expected,
        remedies=remedies,
        names=NameChecks(domain, tuple(addresses), resolver, remedies, {} if others is None else others),
    )
    kubectl = f"kubectl --context {context}" if context else "kubectl"
    run.objects = ObjectChecks(edge, run.edge, tuple(addresses), kubectl)
    work = asyncio.create_task(run.all(endpoints))
    try:
        while (result := await run.results.get()) is not None:
            yield result
        await work
    finally:
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


@dataclass(slots=True)
class _Run:
    cluster: str
    domain: str | None
    addresses: tuple[str, ...]
    ports: tuple[int, ...] | None
    resolver: Resolver
    dialer: Dialer
    trust: Mapping[str, str]
    timeout: float
    deadline: float
    service: str
    sockets: asyncio.Semaphore
    remedies: Remedies
    names: NameChecks
    foreign: bool = False
    expected: Expected = Expected()
    objects: ObjectChecks = field(init=False)
    results: asyncio.Queue[CheckResult | None] = field(default_factory=asyncio.Queue)
    _edges: dict[tuple[str, str], asyncio.Task[Verdict]] = field(default_factory=dict)

    async def all(self, endpoints: Sequence[Endpoint]) -> None:
        """Every endpoint's chain of edges; the queue ends with None, also when something of ours breaks."""
        try:
            async with asyncio.TaskGroup() as group:
                for endpoint in endpoints:
                    group.create_task(self._endpoint(endpoint))
        except ExceptionGroup as several:  # they are of one kind: what an endpoint needs of its cluster did not come
            raise several.exceptions[0] from None
        finally:
            for task in self._edges.values():
                task.cancel()
            self.results.put_nowait(None)

    # ------------------------------------------------------------ one endpoint, edge by edge

    async def _endpoint(self, endpoint: Endpoint) -> None:
        host, port = endpoint.host, endpoint.port
        cause: Verdict | None = None
        if not endpoint.exposed:
            await self._skip("protocol", f"{endpoint.url} ({endpoint.service})", "inside the cluster only")
            return
        if self.foreign:
            leads = await self._elsewhere(endpoint)
            broken = None if leads.passed else leads
        elif endpoint.node_port:
            leads = await self.edge("dns-address", host, lambda: self._node(endpoint))
            broken = None if leads.passed else leads
        else:
            gateway = await self.edge("lb-address", self.service, self._address)
            cause, on_service, leads = await asyncio.gather(
                self.objects.cause(endpoint),
                self.edge(
                    "port-on-service", f"{self.service}:{port}", lambda: self._port(port), gateway, self.ports is None
                ),
                self._name(endpoint, gateway),
            )
            broken = next((v for v in (on_service, leads) if not v.passed), None)
        if broken is not None:
            await self._skip("tcp-connect", f"{host}:{port}", broken.words)
            await self._behind_connection(endpoint, broken.words)
            return
        targets = self._targets(endpoint, leads.addresses)
        connecting = asyncio.gather(*(self._connects(endpoint, target) for target in targets))
        chosen = targets[0].via
        if len(targets) > 1:
            raced = await self.edge("tcp-choice", f"{host}:{port}", lambda: choice(targets))
            chosen = raced.addresses[0] if raced.addresses else ""
        opened = await connecting
        # between the race and the probe an address may have died, or come to life
        alive = [t for t, verdict in zip(targets, opened, strict=True) if verdict.passed]
        target = next((t for t in alive if t.via == chosen), alive[0] if alive else None)
        if target is None:
            await self._behind_connection(endpoint, opened[0].words)
            return
        if endpoint.protocol in ("https", "tls"):
            served = await self.edge(
                "tls-handshake", f"{host}:{port}", lambda: excused(self._tls(endpoint, target), cause)
            )
            await self.objects.served(endpoint, served)
            if not served.passed:
                await self._behind_handshake(endpoint, served.words)
                return
        if endpoint.probe != "tls":
            spoke = await self.edge(
                "protocol",
                endpoint.url,
                lambda: excused(self._probe("protocol", endpoint, ask(endpoint, target, self._trust(endpoint))), cause),
            )
            if endpoint.probe == "json-rpc":
                await self._ledger(endpoint, target, spoke)

    async def _ledger(self, endpoint: Endpoint, target: Target, spoke: Verdict) -> None:
        """What a node itself says of its peers, and whether the chain goes on."""
        where, trust, over_tls = endpoint.url, self._trust(endpoint), endpoint.protocol in ("https", "tls")

        async def has_peers() -> Verdict:
            probe = ethereum.peers(target, trust, over_tls=over_tls, others=self.expected.others)
            return await self._probe("ledger-peers", endpoint, probe)

        async def grows() -> Verdict:
            probe = ethereum.grows(target, trust, over_tls=over_tls, period=self.expected.block_period or 1.0)
            return await self._probe("ledger-grows", endpoint, probe)

        asked = [self.edge("ledger-peers", where, has_peers, spoke, not spoke.passed)] if self.expected.others else []
        if self.expected.block_period is not None:
            asked.append(self.edge("ledger-grows", where, grows, spoke, not spoke.passed))
        await asyncio.gather(*asked)

    async def _connects(self, endpoint: Endpoint, target: Target) -> Verdict:
        where = f"{target.via}:{target.port}"
        return await self.edge("tcp-connect", where, lambda: self._probe("tcp-connect", endpoint, probes.tcp(target)))

    async def _name(self, endpoint: Endpoint, gateway: Verdict) -> Verdict:
        """Does the host lead to the gateway; an address in its place needs no DNS."""
        host = endpoint.host
        if is_ip(host) or endpoint.address is not None:
            return await self.edge(
                "dns-address", host, lambda: self.names.literal(endpoint), gateway, not gateway.passed
            )
        zone = await self._zone(host) if gateway.passed else gateway
        known = await self.edge("dns-resolves", host, lambda: self.names.resolves(host), zone, not zone.passed)
        return await self.edge("dns-address", host, lambda: self.names.leads(host, known), known, not known.passed)

    async def _zone(self, host: str) -> Verdict:
        """The zone that a host is in, once for all hosts in it."""
        zone = await self.names.zone_of(host)
        if zone is None:
            return Verdict("ok", "")
        return await self.edge("dns-zone", zone.name or self.domain or host, lambda: self.names.zone(host))

    async def _elsewhere(self, endpoint: Endpoint) -> Verdict:
        """Where a host of somebody else's cluster leads: whether that is its gateway only they can tell."""
        host = endpoint.host
        if is_ip(host):
            return Verdict("ok", host, addresses=(host,))
        zone = await self._zone(host)
        return await self.edge("dns-resolves", host, lambda: self.names.resolves(host), zone, not zone.passed)

    async def _behind_connection(self, endpoint: Endpoint, reason: str) -> None:
        if endpoint.protocol in ("https", "tls"):
            await self._skip("tls-handshake", f"{endpoint.host}:{endpoint.port}", reason)
        await self._behind_handshake(endpoint, reason)

    async def _behind_handshake(self, endpoint: Endpoint, reason: str) -> None:
        if endpoint.probe != "tls":
            await self._skip("protocol", endpoint.url, reason)

    def _targets(self, endpoint: Endpoint, addresses: Sequence[str]) -> tuple[Target, ...]:
        """Every address separately; the host itself where the connection map names it."""
        mapped = f"{endpoint.host}:{endpoint.port}" in self.dialer.routes
        vias = (endpoint.host,) if mapped else tuple(addresses)
        return tuple(Target(endpoint.host, endpoint.port, via, self.dialer, self.timeout, self.sockets) for via in vias)

    # ------------------------------------------------------------ edges: once each, repeated until the deadline

    async def edge(
        self,
        check: str,
        target: str,
        attempt: Callable[[], Awaitable[Verdict]],
        before: Verdict | None = None,
        skip: bool = False,
    ) -> Verdict:
        """The verdict on an edge; whoever comes first asks, everybody gets the answer, one result is told."""
        key = (check, target)
        if key not in self._edges:
            reason = before.words if skip and before is not None else None
            self._edges[key] = asyncio.create_task(self._settle(check, target, attempt, reason))
        return await asyncio.shield(self._edges[key])

    async def _skip(self, check: str, target: str, reason: str) -> Verdict:
        return await self.edge(check, target, _never, Verdict("skipped", reason), skip=True)

    async def _settle(
        self, check: str, target: str, attempt: Callable[[], Awaitable[Verdict]], skipped: str | None
    ) -> Verdict:
        if skipped is not None:
            verdict = Verdict("skipped", skipped)
            self._tell(check, target, replace(verdict, words=f"not asked: {skipped}" if skipped else "not asked"))
            return verdict
        loop = asyncio.get_running_loop()
        began, tries, pause = loop.time(), 0, 0.5
        while True:
            tries += 1
            # connections take their turn one by one (`Target.sockets`): a check that waits for a block holds none
            async with self.sockets if check.startswith("dns-") else contextlib.nullcontext():
                started = time.perf_counter()
                verdict = await attempt()
                verdict = replace(verdict, duration=time.perf_counter() - started)
            if verdict.passed or loop.time() + pause > self.deadline:
                break
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 5.0)
        if tries > 1 and not verdict.passed:
            again = f"tried {tries} times in {loop.time() - began:.0f} s"
            verdict = replace(verdict, evidence=(*verdict.evidence, again))
        self._tell(check, target, verdict)
        return verdict

    def _tell(self, check: str, target: str, verdict: Verdict) -> None:
        if verdict.status == "ok" and not verdict.words:  # nothing to compare
            return
        self.results.put_nowait(
            CheckResult(
                id=check,
                category=category_of(check),
                cluster=self.cluster,
                target=target,
                status="warning" if self.foreign and verdict.status == "failed" else verdict.status,
                summary=verdict.words,
                evidence=verdict.evidence,
                remedy=verdict.remedy,
                code=verdict.code,
                facts=_facts(verdict),
                command=verdict.command,
                duration=round(verdict.duration, 6),
                phases={name: round(seconds, 6) for name, seconds in verdict.phases.items()},
            )
        )

    # ------------------------------------------------------------ attempts

    async def _address(self) -> Verdict:
        if self.addresses:
            return Verdict("ok", f"the gateway has {' '.join(self.addresses)}", (f"Service {self.service}",))
        words = "the gateway has no address" if self.ports is not None else "the gateway's Service does not exist"
        code = "lb-no-address" if self.ports is not None else "lb-no-service"
        return Verdict("failed", words, (f"Service {self.service}",), self.remedies.address(), code=code)

    async def _port(self, port: int) -> Verdict:
        ports = self.ports or ()
        evidence = (f"Service {self.service} has ports {', '.join(map(str, sorted(ports))) or '(none)'}",)
        if port in ports:
            return Verdict("ok", f"port {port} is on the Service", evidence)
        return Verdict(
            "failed", f"port {port} is not on the Service", evidence, self.remedies.port(port), code="port-missing"
        )

    async def _node(self, endpoint: Endpoint) -> Verdict:
        """Is an address that the ledger has written down still one of the cluster's nodes?"""
        host, evidence = endpoint.host, (f"nodes: {' '.join(self.addresses) or 'may not be read'}",)
        if normal(host) in {normal(address) for address in self.addresses}:
            return Verdict("ok", f"{host} is a node's address", evidence, addresses=(host,))
        words = f"{host} is not an address of a node ({' '.join(self.addresses)})"
        if is_ip(host) and (endpoint.address is None or not self.addresses):
            return Verdict("warning", words, evidence, self.remedies.stated(host), addresses=(host,))
        return Verdict("failed", words, evidence, self.remedies.recorded(host))

    async def _tls(self, endpoint: Endpoint, target: Target) -> Verdict:
        if endpoint.trust is not None and endpoint.id not in self.trust:
            ref, key = endpoint.trust
            words = f"the CA certificate to verify against could not be read ({ref.kind} {ref.name}, key {key})"
            remedy, command = self.remedies.probe("trust", endpoint), self.remedies.command("trust", endpoint)
            return Verdict("failed", words, (), remedy, code="tls-trust", command=command)
        alpn = ("h2",) if endpoint.probe == "fabric-grpc" else ("http/1.1",)
        return await self._probe("tls-handshake", endpoint, handshake.tls(target, self._trust(endpoint), alpn=alpn))

    def _trust(self, endpoint: Endpoint) -> Trust | None:
        pem = self.trust.get(endpoint.id)
        return None if pem is None else Trust(pem, endpoint.certificate_names)

    async def _probe(self, check: str, endpoint: Endpoint, probe: Coroutine[object, object, Found]) -> Verdict:
        try:
            found = await probe
        except ProbeError as no:
            return Verdict(
                "failed",
                no.words,
                no.evidence,
                self.remedies.probe(no.kind, endpoint),
                no.phases,
                code=f"{check.partition('-')[0]}-{no.kind}",
                command=self.remedies.command(no.kind, endpoint),
            )
        status: CheckStatus = "warning" if found.warning else "ok"
        return Verdict(status, found.words, found.evidence, None, found.phases, code=found.code, facts=found.facts)


def _facts(verdict: Verdict) -> dict[str, str]:
    return {**verdict.facts, **({"addresses": " ".join(verdict.addresses)} if verdict.addresses else {})}


async def _never() -> Verdict:
    raise AssertionError("a skipped check is not asked")
