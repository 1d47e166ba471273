"""All clusters together: a stream of snapshots over every cluster of the networks that were asked for.

Networks are named by a preset, or found by the inventories that they left in the contexts that were named; a network
brings its other clusters along. A snapshot comes whenever something changed, changes that come together once, and
without any change now and then, because some problems are a matter of time.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import Any

from bevel_tui.diagnosis.pending import at_work
from bevel_tui.engine.snapshots.answers import Answers
from bevel_tui.engine.snapshots.feed import Connect, Feed
from bevel_tui.engine.snapshots.kinds import API_VERSION
from bevel_tui.engine.snapshots.planned import facts
from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.network.load import parse
from bevel_tui.network.model import Network
from bevel_tui.network.save import dump
from bevel_tui.network.sides import living_in, seen_by
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.snapshot import LedgerFigures, NetworkFacts, Snapshot
from bevel_tui.records.steps import ObjectRef

#: seconds: changes that come together; a snapshot without a change; how old a cluster's picture may get
DEBOUNCE = 0.1
TICK = 1.0
AGED = 3.0
#: seconds that slow clusters get before the first snapshot comes without them
PATIENCE = 4.0


async def connect(context: str, kubeconfig: str | None) -> KubeClient:
    return await KubeClient.connect(context, kubeconfig)


@dataclass(slots=True, kw_only=True)
class Wanted:
    """What to look at. Without networks and contexts: every context of the kubeconfig in which a network is found.

    `probe` is seconds between two rounds of reachability checks; None: none are made. With `namespaces` only networks
    with an organization that lives in one of them count, seen as the operator of these organizations sees them; and
    of what organizations have in their namespaces only what is in these.
    """

    networks: tuple[Network, ...] = ()
    contexts: tuple[str, ...] = ()
    kubeconfig: str | None = None
    probe: float | None = None
    namespaces: frozenset[str] = frozenset()
    connect: Connect = field(default=connect)


class Watching:
    """A watch over clusters: `async with` it, then read `snapshots`."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.feeds: dict[str, Feed] = {}
        self.checks = Answers()
        self.ledgers: dict[str, tuple[LedgerFigures, ...]] = {}
        self._named = bool(wanted.networks or wanted.contexts)
        self._documents: dict[str, Network] = {network.name: network for network in wanted.networks}
        self._facts: dict[str, NetworkFacts] = {}
        self._told: dict[str, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._prober: asyncio.Task[None] | None = None
        self._kubeconfigs: dict[str, str | None] = {}

    async def __aenter__(self) -> Watching:
        from bevel_tui.kube.contexts import read

        merged = read(self.wanted.kubeconfig)
        for context in self.wanted.contexts:
            merged.context(context)  # a wrong name is said at once
        if not self._named and not merged.contexts:
            raise BevelError(
                Code.USAGE,
                "There is no context in the kubeconfig.",
                remedy="Name a kubeconfig with --kubeconfig or $KUBECONFIG; `bevel-tui doctor` says what is read.",
            )
        for network in self.wanted.networks:
            self._learn(network, dump(network))
        for context in self.wanted.contexts or (() if self._named else tuple(c.name for c in merged.contexts)):
            self._add(context, self.wanted.kubeconfig)
        if self.wanted.probe is not None:
            from bevel_tui.engine.snapshots.probing import probe_for_ever

            self._prober = asyncio.create_task(probe_for_ever(self, self.wanted.probe))
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [*self._tasks.values(), *([self._prober] if self._prober else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def networks(self) -> tuple[Network, ...]:
        """The networks that are known now."""
        return tuple(self._documents.values())

    def touch(self) -> None:
        """Something outside the clusters changed (a check was answered)."""
        self._changed.set()

    async def settled(self, within: float) -> bool:
        """Wait until every cluster was read, or `within` seconds; whether all were."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while True:
                    feeds = tuple(self.feeds.values())
                    await asyncio.gather(*(feed.settled.wait() for feed in feeds))
                    if len(feeds) == len(self.feeds):
                        return True
        return False

    async def snapshots(self) -> AsyncGenerator[Snapshot, None]:
        """Snapshots for ever, the first when the clusters were read (slow ones get some seconds)."""
        await self.settled(PATIENCE)
        last: Snapshot | None = None
        while True:
            self._changed.clear()
            snapshot = self.now()
            if last is None or _differs(last, snapshot):
                last = snapshot
                yield snapshot
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    await self._changed.wait()
                    await asyncio.sleep(DEBOUNCE)

    def now(self) -> Snapshot:
        """Everything that is known at this moment."""
        found = []
        for feed in self.feeds.values():
            used = self._named or any(feed.context in facts.clusters.values() for facts in self._facts.values())
            if used:
                found.append(feed.snapshot(aged=AGED))
        ledgers = tuple(figures for some in self.ledgers.values() for figures in some)
        seen = Snapshot(time.time(), tuple(found), tuple(self._facts.values()), (), ledgers)
        for network in seen.networks:
            if at_work(seen, network.name):
                self.checks.at_work(network.name)
        return replace(seen, checks=self.checks.all())

    async def probe(self, network: str | None = None) -> None:
        """Ask the reachability checks of a network (of all) once more now."""
        from bevel_tui.engine.snapshots.probing import probe_once

        wanted = [found for found in self._documents.values() if network in {None, found.name}]
        await asyncio.gather(*(probe_once(self, found) for found in wanted))

    async def object(self, cluster: str, kind: str, namespace: str | None, name: str) -> dict[str, Any] | None:
        """An object as its cluster has it now, whole, but for the values of a Secret; None when it is not there.

        Raises ApiError's words as BevelError(cluster-unreachable) when the cluster does not give it.
        """
        client = self._client(cluster)
        try:
            found = await client.get(ObjectRef(API_VERSION.get(kind, "v1"), kind, name, namespace))
        except ApiError as error:
            raise BevelError(Code.CLUSTER_UNREACHABLE, f"{kind} {name} cannot be read: {error.message}") from None
        if found is not None and kind == "Secret":
            for values in ("data", "stringData"):
                if found.get(values):
                    found[values] = dict.fromkeys(found[values], "(hidden)")
            found["metadata"].get("annotations", {}).pop("kubectl.kubernetes.io/last-applied-configuration", None)
        return found

    async def logs(
        self, cluster: str, namespace: str, pod: str, container: str, *, previous: bool = False, tail: int = 200
    ) -> tuple[str, ...]:
        """The last lines of a container. Raises BevelError(cluster-unreachable)."""
        try:
            return await self._client(cluster).logs(namespace, pod, container, previous=previous, tail=tail)
        except ApiError as error:
            raise BevelError(Code.CLUSTER_UNREACHABLE, f"The log of {pod} cannot be read: {error.message}") from None

    async def follow(
        self, cluster: str, namespace: str, pod: str, container: str, *, tail: int = 50
    ) -> AsyncGenerator[str, None]:
        """Lines of a container as it writes them; ends with the container. Raises BevelError(cluster-unreachable)."""
        try:
            async for line in self._client(cluster).follow_logs(namespace, pod, container, tail=tail):
                yield line
        except ApiError as error:
            raise BevelError(Code.CLUSTER_UNREACHABLE, f"The log of {pod} cannot be read: {error.message}") from None

    def _client(self, cluster: str) -> KubeClient:
        for feed in self.feeds.values():
            if cluster in {feed.name, feed.context} and feed.client is not None:
                return feed.client
        raise BevelError(Code.CLUSTER_UNREACHABLE, f"Cluster {cluster} does not answer.")

    # ------------------------------------------------------------ clusters and networks

    def _add(self, context: str, kubeconfig: str | None) -> Feed:
        if context not in self.feeds:
            feed = Feed(
                context,
                kubeconfig,
                self.wanted.connect,
                changed=self._changed.set,
                inventory=self._found,
            )
            self.feeds[context] = feed
            self._name(feed)
            self._tasks[context] = asyncio.create_task(feed.run(), name=f"feed {context}")
        return self.feeds[context]

    def _found(self, inventories: dict[str, str]) -> None:
        """A cluster told of networks."""
        for name, document in inventories.items():
            if any(network.name == name for network in self.wanted.networks):
                continue  # what the user says goes before what a cluster remembers
            if self._told.get(name) == document:
                continue
            self._told[name] = document
            try:
                network = parse(document, source=f"the inventory of network {name}")
            except BevelError:
                continue  # written by another version: its objects are looked at all the same
            if not self.wanted.namespaces:
                self._learn(network, document)
            elif ours := living_in(network, self.wanted.namespaces, strict=False):
                seen = seen_by(network, ours)
                self._learn(seen, dump(seen))

    def _learn(self, network: Network, document: str) -> None:
        from bevel_tui.kube.contexts import read

        self._documents[network.name] = network
        self._facts[network.name] = facts(network, document)
        for cluster in network.clusters:
            kubeconfig = cluster.kubeconfig or self.wanted.kubeconfig
            with contextlib.suppress(BevelError):
                read(kubeconfig).context(cluster.context)
                self._add(cluster.context, kubeconfig)
                continue
            ours = any(org.managed and org.cluster == cluster.name for org in network.organizations)
            if ours and network in self.wanted.networks:
                self._add(cluster.context, kubeconfig)  # it will be said that there is no such context
        for feed in self.feeds.values():
            self._name(feed)
        self._changed.set()

    def _name(self, feed: Feed) -> None:
        """The cluster's name in its networks, and the namespaces that count there."""
        names = {
            name
            for facts in self._facts.values()
            for name, context in facts.clusters.items()
            if context == feed.context
        }
        taken = {other.name for other in self.feeds.values() if other is not feed}
        feed.name = names.pop() if len(names) == 1 and not names & taken else feed.context
        places = {
            place
            for facts in self._facts.values()
            for name, context in facts.clusters.items()
            if context == feed.context
            for place in facts.namespaces.get(name, ())
            if not self.wanted.namespaces or place in self.wanted.namespaces or place not in _homes(facts)
        }
        feed.keep(frozenset(places) or self.wanted.namespaces or None)


def _homes(facts: NetworkFacts) -> frozenset[str | None]:
    """The namespaces in which organizations live; all others are the gateways'."""
    return frozenset(step.namespace for step in facts.steps if step.organization and step.kind == "namespace")


def _differs(one: Snapshot, other: Snapshot) -> bool:
    return (
        len(one.clusters) != len(other.clusters)
        or any(a is not b for a, b in zip(one.clusters, other.clusters, strict=True))
        or one.checks != other.checks
        or one.ledgers != other.ledgers
        or one.networks != other.networks
    )


def _of(namespaces: frozenset[str]) -> str:
    return f" with an organization in namespace {', '.join(sorted(namespaces))}" if namespaces else ""


async def once(wanted: Wanted, *, within: float = 15.0, probe: bool = False) -> Snapshot:
    """One snapshot, complete: every cluster was read or does not answer, logs of failing containers included.

    Raises BevelError: context-unknown, kubeconfig-unreadable, or usage when nothing is found to look at.
    """
    async with Watching(wanted) as watching:
        await watching.settled(within)
        if probe:
            from bevel_tui.engine.snapshots.probing import probe_once

            await asyncio.gather(*(probe_once(watching, network) for network in watching.networks()))
        for feed in watching.feeds.values():
            await feed.looked_closer(5.0)
        snapshot = watching.now()
    if not snapshot.clusters:
        raise BevelError(
            Code.USAGE,
            f"No network was found in the contexts of the kubeconfig{_of(wanted.namespaces)}.",
            remedy="Name a preset (--preset) or contexts (--context); bevel-tui finds networks that it deployed.",
            details=tuple(f"{feed.context}: {feed.access.message or feed.silent}" for feed in watching.feeds.values()),
        )
    return snapshot
