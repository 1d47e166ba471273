"""What the steps of one run share: clusters, charts, observed facts, and what earlier steps left for later ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bevel_tui.engine.bundles.inbox import Inbox
from bevel_tui.engine.bundles.telling import Rounds
from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.charts import Charts
from bevel_tui.engine.control import RunControl
from bevel_tui.engine.emitter import Emitter
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.ports import Cluster
from bevel_tui.engine.rounds import CheckRounds
from bevel_tui.engine.secrets import Secrets
from bevel_tui.engine.shared import Shared
from bevel_tui.engine.watcher import Watcher
from bevel_tui.helm.driver import HelmDriver
from bevel_tui.network.model import Network
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.events import DnsRecord
from bevel_tui.records.simulation import Simulation
from bevel_tui.records.steps import (
    AddressStep,
    CheckStep,
    DnsStep,
    HandoffStep,
    KeysStep,
    ObjectRef,
    ReleaseStep,
    SecretStep,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from bevel_tui.engine.decide import Decision
    from bevel_tui.engine.lease import Lease
    from bevel_tui.reachability.dynamic import Done


class PlanLike(Protocol):
    """What the engine needs of a plan (`plan.graph.Plan`)."""

    @property
    def network_name(self) -> str: ...

    @property
    def id(self) -> str: ...

    @property
    def steps(self) -> tuple[Step, ...]: ...

    def critical_path(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Access:
    """One cluster of the Network, connected. `kubeconfig` and `context` are what Helm is told; `unverified`: its
    certificate is not looked at, because the kubeconfig says so."""

    name: str
    context: str
    kubeconfig: Path
    client: Cluster
    simulation: Simulation | None = None
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class GateReport:
    """One state of the DNS gate, as `reachability.gate` gives it."""

    ready: bool
    domain: str
    records: tuple[DnsRecord, ...] = ()
    zone_lines: tuple[str, ...] = ()
    servers: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    waiting_for: str = ""
    zone: str | None = None
    behind: Mapping[str, str] = field(default_factory=dict)


class Reach(Protocol):
    """What the engine needs of `reachability`: the DNS gate and the closing checks."""

    def gate(
        self, access: Access, step: DnsStep, addresses: tuple[str, ...], *, patience: float | None = None
    ) -> AsyncGenerator[GateReport]:
        """States until the domain leads to the gateway (the last one is ready). `patience`: seconds that resolvers get
        to forget old answers; 0 for who only looks."""
        ...

    async def publish(
        self, access: Access, step: DnsStep, addresses: tuple[str, ...], secret: str, friends: frozenset[str]
    ) -> Done:
        """Write the domain's records by a dynamic update; `secret` is the TSIG key's, `friends` are the networks that
        share the gateway. Raises UpdateError."""
        ...

    async def foresee(self, access: Access, step: DnsStep, addresses: tuple[str, ...], friends: frozenset[str]) -> Done:
        """What `publish` would do now; nothing is changed. Raises UpdateError."""
        ...

    async def withdraw(self, access: Access, step: DnsStep, addresses: tuple[str, ...], secret: str) -> Done:
        """Remove what `publish` wrote; `addresses` are those of the gateway that goes. Raises UpdateError."""
        ...

    async def published(self, access: Access, step: DnsStep) -> bool:
        """Whether there is something to withdraw. Raises UpdateError."""
        ...

    async def leads(self, access: Access, step: DnsStep, addresses: tuple[str, ...]) -> bool | None:
        """Whether authorities still answer the domain's names with one of `addresses`; None where none can be asked."""
        ...

    async def makes_records(self, access: Access, step: DnsStep, gateway: AddressStep) -> CheckResult:
        """What there is to say of the external-dns that is to make a domain's records. Raises ApiError."""
        ...

    def records(self, step: DnsStep, addresses: tuple[str, ...]) -> tuple[DnsRecord, ...]:
        """The records that the domain's zone must hold, for a gateway with these addresses."""
        ...

    def check(
        self, access: Access, step: CheckStep, gateway: AddressStep | None, retry: float, *, settled: bool = False
    ) -> AsyncIterator[CheckResult]:
        """All checks of a cluster's endpoints, as they are answered; failing ones are repeated for `retry` seconds.

        `settled`: all of the network should be there by now, not this cluster's part alone.
        """
        ...

    def agreement(self, cluster: str, rounds: CheckRounds) -> list[CheckResult]:
        """Whether a cluster's nodes speak of the same ledger as all others'."""
        ...

    def settled(
        self, access: Access, step: CheckStep, gateway: AddressStep | None, retry: float
    ) -> AsyncIterator[CheckResult]:
        """What nodes of a cluster say of the whole ledger, where that could not be asked of the cluster alone."""
        ...

    def inside(self, access: Access, step: str, rounds: CheckRounds, retry: float) -> AsyncIterator[CheckResult]:
        """What a pod of a cluster sees of every cluster's gateway, judged beside what all others see; it looks again
        for `retry` seconds while something is wrong from there only."""
        ...

    def elsewhere(self, near: Access, step: CheckStep) -> AsyncIterator[CheckResult]:
        """What can be asked, in the way in which a cluster of ours is reached, of one that somebody else runs."""
        ...


@dataclass(slots=True, kw_only=True)
class RunContext:
    """One run. Steps read it and leave facts in it; only the event loop's thread touches it."""

    network: Network
    plan: PlanLike
    options: RunOptions
    clusters: Mapping[str, Access]
    driver: HelmDriver
    charts: Charts
    reach: Reach
    secrets: Secrets
    emit: Emitter
    watcher: Watcher
    work: Path
    cancel: Cancellation
    steps: dict[str, Step] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    #: chart files handed in by this run: (release step, chart path) -> content
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    #: addresses of each cluster's gateway, by address step
    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: log lines fetched once per failed container, by cluster, then ``namespace/pod/container``
    logs: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    logs_fetched: set[tuple[str, str, int]] = field(default_factory=set)
    finished: set[str] = field(default_factory=set)
    #: the Leases that this run holds, by cluster
    held: Mapping[str, Lease] = field(default_factory=dict)
    #: steps that this run changed something in
    changed: set[str] = field(default_factory=set)
    #: of those, the ones that were not there before, for rolling back
    created: set[str] = field(default_factory=set)
    #: releases that found their data there, from a life before: rolling back leaves it
    inherited: set[str] = field(default_factory=set)
    #: what a person may order; None: nobody is there
    control: RunControl | None = None
    #: codes of errors that decide the exit code (a chart that does not render)
    codes: set[str] = field(default_factory=set)
    #: where each endpoint was found to be, by its id
    hosts: dict[str, str] = field(default_factory=dict)
    #: what the checks of this run have answered so far
    asked: CheckRounds = field(default_factory=lambda: CheckRounds(()))
    #: the steps that close a deployment (`between`); no plan has them
    closing: tuple[CheckStep, ...] = ()
    #: clusters that a former run has left without the look from inside that it owed (`owed`)
    owed: frozenset[str] = frozenset()
    #: the other networks in these clusters
    shared: Shared = field(default_factory=Shared)
    #: steps of a former plan that are to be removed and are there
    going: tuple[Step, ...] = ()
    #: what other operators have handed over
    inbox: Inbox = field(default_factory=Inbox)
    #: what others wait for
    rounds: Rounds = field(default_factory=lambda: Rounds({}))
    #: steps of others that ours need directly, each with those of ours that do
    awaited: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    _handoffs: dict[str, tuple[HandoffStep, ...]] | None = None
    _pending: dict[str, tuple[frozenset[str], frozenset[ObjectRef]]] = field(default_factory=dict)

    def access(self, step: Step) -> Access:
        """The cluster that a step acts in."""
        return self.clusters[step.cluster]

    def handoffs_into(self, release: str) -> tuple[HandoffStep, ...]:
        """The handoffs that fill chart files of a release."""
        if self._handoffs is None:
            table: dict[str, list[HandoffStep]] = {}
            for step in self.plan.steps:
                if isinstance(step, HandoffStep) and step.target_step is not None:
                    table.setdefault(step.target_step, []).append(step)
            self._handoffs = {target: tuple(steps) for target, steps in table.items()}
        return self._handoffs.get(release, ())

    def producer(self, source: ObjectRef, cluster: str) -> ReleaseStep | None:
        """The release that makes an object, by what the plan says."""
        for step in self.plan.steps:
            if not isinstance(step, ReleaseStep) or step.cluster != cluster:
                continue
            if any(made.ref == source for made in step.produces) or any(item.ref == source for item in step.expects):
                return step
        return None

    def private_keys(self, source: ObjectRef, cluster: str) -> tuple[str, ...]:
        """Data keys of an object that its maker declares private."""
        return tuple(
            key
            for step in self.plan.steps
            if isinstance(step, ReleaseStep) and step.cluster == cluster
            for made in step.produces
            if made.ref == source
            for key in made.private
        )

    def pending(self, cluster: str) -> frozenset[ObjectRef]:
        """Objects that unfinished steps have still to make in a cluster."""
        known = self._pending.get(cluster)
        if known is not None and known[0] == self.finished:
            return known[1]
        refs: set[ObjectRef] = set()
        for step in self.plan.steps:
            if step.id in self.finished:
                continue
            if isinstance(step, HandoffStep) and step.target_object is not None and step.target_cluster == cluster:
                refs.add(step.target_object)
            if step.cluster != cluster:
                continue
            if isinstance(step, ReleaseStep):
                refs.update(made.ref for made in step.produces)
                refs.update(item.ref for item in step.expects)
            elif isinstance(step, SecretStep | KeysStep):
                refs.add(ObjectRef("v1", "Secret", step.name, step.namespace))
        self._pending[cluster] = (frozenset(self.finished), frozenset(refs))
        return self._pending[cluster][1]
