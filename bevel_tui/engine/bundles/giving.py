"""Making a bundle: what of this side's part is ready, and may cross, for those who wait for it. Clusters are only read.

What is handed on must be final: static nodes are complete when the last node has entered itself. So a handoff counts
as ready when the releases that it needs are deployed and everything in them is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from bevel_tui.engine.addresses import address
from bevel_tui.engine.bundles.document import Bundle, Item, now
from bevel_tui.engine.bundles.items import declared_private, item_of
from bevel_tui.engine.connect import close, connect, unusable
from bevel_tui.engine.context import Access, PlanLike, Reach
from bevel_tui.engine.decide import objects_of
from bevel_tui.engine.observe import Observed
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.parts import Parts
from bevel_tui.engine.readiness import addresses
from bevel_tui.engine.steps.handoff import source_object
from bevel_tui.kube.client import ApiError
from bevel_tui.network.model import Network
from bevel_tui.network.past import Past, to_data
from bevel_tui.network.sides import ours
from bevel_tui.plan.sides import acting_in, facts_of, owed, owners
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import (
    AddressStep,
    ClusterFact,
    DnsStep,
    HandoffStep,
    KeysStep,
    NamespaceStep,
    ObjectRef,
    ReleaseStep,
    SecretStep,
    Step,
)


async def give(
    network: Network,
    plan: PlanLike,
    receivers: Iterable[str],
    options: RunOptions | None = None,
    *,
    agreed: str = "",
    past: Past | None = None,
    parts: Parts | None = None,
) -> Bundle:
    """All that is ready for these organizations, sealed. `agreed` is the id of the plan that both sides should have,
    `past` what the network remembers of itself: those who came to it later are told.

    Raises BevelError: USAGE for wrong names, HANDOFF_EMPTY when nothing is ready, STEP_FAILED for what may not cross,
    and what clusters do wrong.
    """
    wanted = _receivers(network, receivers)
    asked = _asked(network, plan, wanted)
    options, parts = options or RunOptions(), parts or Parts()
    clusters = await connect(network, asked.clusters, options.kubeconfig, parts.connect)
    try:
        seen = {name: Observed(access.client) for name, access in clusters.items()}
        found = await _Look(plan, clusters, parts.reach(network, options), seen).found(asked)
    except ApiError as error:
        raise unusable(next(iter(clusters.values())).client, error) from None
    finally:
        await close(clusters.values())
    if not found.items and not found.done and not found.addresses:
        raise BevelError(
            Code.HANDOFF_EMPTY,
            f"Nothing is ready for {', '.join(sorted(wanted))} yet.",
            details=tuple(f"not ready: {name}" for name in found.pending),
        )
    bundle = Bundle.model_validate(
        {
            "network": network.name,
            "platform": network.platform.type,
            "plan": agreed or plan.id,
            "from": list(ours(network)),
            "for": sorted(wanted),
            "created": now(),
            "items": [item.model_dump() for item in found.items],
            "done": found.done,
            "addresses": dict(sorted(found.addresses.items())),
            "memory": _memory(past, wanted),
            "pending": list(dict.fromkeys(found.pending)),
        }
    )
    return bundle.sealed()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What others wait for: files, each with our steps that must be done before; steps of ours; addresses of gateways.
    `clusters` are those that know."""

    exports: tuple[tuple[HandoffStep, tuple[Step, ...]], ...]
    due: Mapping[str, Step]
    facts: tuple[ClusterFact, ...]
    clusters: frozenset[str]


def _asked(network: Network, plan: PlanLike, wanted: set[str]) -> _Asked:
    """Raises BevelError(USAGE) when it is nothing."""
    by_id = {step.id: step for step in plan.steps}
    exports = tuple(
        (step, tuple(by_id[name] for name in step.needs if by_id[name].managed))
        for step in plan.steps
        if isinstance(step, HandoffStep) and step.crossing == "export" and wanted & {*step.receivers}
    )
    due = {
        name: by_id[name]
        for name, dependants in owed(plan.steps).items()
        if any(owners(network, step) & wanted for step in dependants)
    }
    homes = {o.cluster for o in network.organizations if o.managed}
    facts = tuple(facts_of((s for s in plan.steps if not s.managed and owners(network, s) & wanted), homes))
    if not exports and not due and not facts:
        raise BevelError(
            Code.USAGE,
            f"{', '.join(sorted(wanted))} needs nothing from this side.",
            remedy="`bevel-tui plan --as ORG` says who waits for what.",
        )
    acting = {c for step in (*(step for step, _ in exports), *due.values()) for c in acting_in(step)}
    before = {need.cluster for _, needs in exports for need in needs}
    return _Asked(exports, due, facts, frozenset(acting | before | {str(fact.cluster) for fact in facts}))


@dataclass(slots=True)
class _Found:
    """What of it is ready, and the names of what is not."""

    items: list[Item] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)


def _memory(past: Past | None, receivers: set[str]) -> dict[str, str]:
    """Whoever founded the network with us remembers it as we do, as long as its channels have the same members."""
    if past is None:
        return {}
    founders = {organization.name for organization in past.founding.organizations}
    return to_data(past) if past.updates or not receivers <= founders else {}


def _receivers(network: Network, names: Iterable[str]) -> set[str]:
    wanted = set(names)
    known = {organization.name: organization for organization in network.organizations}
    unknown = wanted - set(known)
    if unknown or not wanted:
        raise BevelError(
            Code.USAGE,
            f"Network {network.name} has no organization {', '.join(sorted(unknown))}.",
            remedy=f"Name one of: {', '.join(known)}.",
        )
    mine = sorted(name for name in wanted if known[name].managed)
    if mine:
        raise BevelError(
            Code.USAGE,
            f"{', '.join(mine)} is run by this side: nothing has to be handed over.",
            remedy="Say which organizations are yours with --as ORG, or set `managed: false` for the others.",
        )
    return wanted


class _Look:
    """Questions to this side's clusters."""

    def __init__(
        self, plan: PlanLike, clusters: Mapping[str, Access], reach: Reach, observed: Mapping[str, Observed]
    ) -> None:
        self.plan = plan
        self.clusters = clusters
        self.reach = reach
        self.observed = observed

    async def found(self, asked: _Asked) -> _Found:
        """What of all that is ready. Raises BevelError for what may not cross, ApiError."""
        found = _Found()
        for step, needs in asked.exports:
            if (item := await self.item(step, needs)) is not None:
                found.items.append(item)
            else:
                found.pending.append(step.id)
        for name, due in asked.due.items():
            (found.done if await self.done(due) else found.pending).append(name)
        for fact in asked.facts:
            name = str(fact.cluster)
            try:
                found.addresses[name] = await address(fact, name, self.clusters[name].client, self.plan)
            except BevelError:
                found.pending.append(f"address of cluster {name}")
        return found

    async def item(self, step: HandoffStep, needs: Iterable[Step]) -> Item | None:
        """What a handoff carries; None while what it needs is not done. Raises BevelError, ApiError."""
        for need in needs:
            if not await self.done(need):
                return None
        source = await source_object(self.clusters[step.cluster], step)
        return None if source is None else item_of(step, source, declared_private(self.plan.steps, step))

    async def done(self, step: Step) -> bool:
        """Whether a step of ours is done, as far as others may rely on it. Raises BevelError, ApiError."""
        observed = self.observed[step.cluster]
        match step:
            case ReleaseStep():
                records = await observed.records(str(step.namespace), step.release)
                if not records or records[-1].status != "deployed":
                    return False
                damage, ready = await objects_of(observed, step)
                return ready and not damage
            case NamespaceStep():
                return await observed.get(ObjectRef("v1", "Namespace", str(step.namespace))) is not None
            case SecretStep() | KeysStep():
                return await observed.get(ObjectRef("v1", "Secret", step.name, step.namespace)) is not None
            case AddressStep():
                return bool(await self._addresses(step))
            case DnsStep():
                return await self._leads(step)
        return True

    async def _addresses(self, step: AddressStep) -> tuple[str, ...]:
        service = await self.observed[step.cluster].get(step.service)
        return () if service is None else addresses(service)

    async def _leads(self, step: DnsStep) -> bool:
        gateway = next((s for s in self.plan.steps if s.id == step.address_step), None)
        known = await self._addresses(gateway) if isinstance(gateway, AddressStep) else ()
        if not known:
            return False
        async with aclosing(self.reach.gate(self.clusters[step.cluster], step, known, patience=0)) as states:
            async for state in states:
                return bool(state.ready)
        return False
