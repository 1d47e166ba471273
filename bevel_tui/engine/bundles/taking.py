"""Taking a bundle in: every line of it must be something that this side's plan waits for. Otherwise nothing is kept.

The allow-list is the plan itself: which object, which data keys, which members and fields, as `HandoffStep` says. Each
item goes through the same filter as a handoff between one's own clusters, and must come out unchanged.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from bevel_tui.engine.bundles import received
from bevel_tui.engine.bundles.document import Bundle, checked, refused
from bevel_tui.engine.bundles.items import declared_private, fits
from bevel_tui.engine.connect import close, connect, unusable
from bevel_tui.engine.context import PlanLike
from bevel_tui.engine.observe import gather_all
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.parts import Parts
from bevel_tui.kube.client import ApiError
from bevel_tui.network.model import Network
from bevel_tui.network.sides import ours
from bevel_tui.plan.sides import acting_in, awaited, facts_of, owners
from bevel_tui.records.steps import HandoffStep, Step


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of an import: `stored` are the clusters that now hold it, `changed` those of them that did not."""

    stored: tuple[str, ...]
    changed: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """A bundle that this side's plan waits for: `clusters` need it."""

    clusters: tuple[str, ...]
    notes: tuple[str, ...] = ()


def judged(network: Network, plan: PlanLike, bundle: Bundle, agreed: str | None = None) -> Fit:
    """Hold a bundle against the plan. `agreed` is the id of the plan that both sides should have.

    Raises BevelError(HANDOFF_REFUSED) with every reason.
    """
    checked(bundle)
    mine = set(ours(network))
    names = {organization.name for organization in network.organizations}
    reasons: list[str] = []
    if bundle.network != network.name:
        reasons.append(f"it is of network {bundle.network}, not of {network.name}")
    if bundle.platform != network.platform.type:
        reasons.append(f"it is of a {bundle.platform} network, not of a {network.platform.type} one")
    if not mine & set(bundle.receivers):
        side = f"you are {', '.join(sorted(mine))}" if mine else "this side runs none"
        reasons.append(f"it is for {', '.join(bundle.receivers)}; {side} (see --as)")
    for name in bundle.senders:
        if name in mine:
            reasons.append(f"it comes from {name}, which this side runs itself (see --as)")
        elif name not in names:
            reasons.append(f"it comes from {name}, which is no organization of the network")
    if reasons:
        raise refused("The bundle is not for this side", *reasons)
    clusters = _allowed(network, plan, bundle, reasons)
    if reasons:
        raise refused("The bundle holds what this side's plan does not wait for", *reasons)
    if not clusters:
        raise refused("The bundle brings nothing that this side waits for", remedy="Ask the sender for a later one.")
    notes = []
    if agreed is not None and bundle.plan != agreed:
        notes.append(
            f"The sender's preset says something else than yours (plan {bundle.plan}, yours {agreed}): compare them."
        )
    return Fit(tuple(sorted(clusters)), tuple(notes))


def _allowed(network: Network, plan: PlanLike, bundle: Bundle, reasons: list[str]) -> set[str]:
    """The clusters that need what the bundle holds; appends to `reasons` what may not be taken."""
    by_id: dict[str, Step] = {step.id: step for step in plan.steps}
    senders = set(bundle.senders)
    clusters: set[str] = set()
    seen: set[str] = set()
    for item in bundle.items:
        step = by_id.get(item.handoff)
        if not isinstance(step, HandoffStep) or step.crossing != "import":
            reasons.append(f"{item.handoff}: the plan takes nothing of that name from others")
        elif item.handoff in seen:
            reasons.append(f"{item.handoff}: it is there twice")
        elif not owners(network, step) & senders:
            reasons.append(f"{item.handoff}: it is not {', '.join(bundle.senders)} who hands it over")
        else:
            why = fits(step, item, declared_private(plan.steps, step))
            if why:
                reasons.append(f"{item.handoff}: {why}")
            clusters.update(acting_in(step))
        seen.add(item.handoff)
    waiting = awaited(plan.steps)
    for name in bundle.done:
        if name not in waiting or not owners(network, by_id[name]) & senders:
            reasons.append(f"{name}: no step of this side waits for it")
        else:
            clusters.update(cluster for step in waiting[name] for cluster in acting_in(step))
    homes = {o.cluster for o in network.organizations if o.name in senders}
    asked = facts_of((step for step in plan.steps if step.managed), homes)
    for cluster, address in bundle.addresses.items():
        askers = [step for fact, steps in asked.items() if fact.cluster == cluster for step in steps]
        if not askers or not _is_ipv4(address):
            reasons.append(f"address of cluster {cluster}: nothing of this side needs it, or it is none")
        clusters.update(step.cluster for step in askers)
    return clusters


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


async def take_in(
    network: Network,
    plan: PlanLike,
    bundle: Bundle,
    options: RunOptions | None = None,
    *,
    agreed: str | None = None,
    parts: Parts | None = None,
) -> Taken:
    """Check a bundle and keep it in every cluster of this side that needs it. A run that waits for it goes on.

    No Lease is taken: such a run holds it. Raises BevelError; when it does not come from a cluster nothing was kept.
    """
    fit = judged(network, plan, bundle, agreed)
    options, parts = options or RunOptions(), parts or Parts()
    clusters = await connect(network, fit.clusters, options.kubeconfig, parts.connect)

    async def one(name: str) -> bool:
        client = clusters[name].client
        try:
            return await received.write(client, network.name, bundle)
        except ApiError as error:
            raise unusable(client, error) from None

    try:
        changed = await gather_all(one(name) for name in fit.clusters)
    finally:
        await close(clusters.values())
    named = tuple(name for name, new in zip(fit.clusters, changed, strict=True) if new)
    return Taken(fit.clusters, named, fit.notes)
