"""A plan as one side of a consortium sees it: what it runs itself, what it waits for, what others wait for.

Every side plans all steps. Those of others are left to their owners, with two exceptions at the border:

- a handoff from them to us takes its content from the bundle that they export, and waits for nothing of theirs else,
- a step of theirs that ours need directly (the channel that a peer joins, a gateway's address) is *awaited*: their
  bundle says that it is done.

The mirror images on the other side are handoffs that it exports, and steps that it *owes*. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from bevel_tui.network.model import Network
from bevel_tui.records.steps import ClusterFact, HandoffStep, ReleaseStep, Step

Crossing = Literal["export", "import"]


def sided(network: Network, steps: Iterable[Step]) -> list[Step]:
    """Steps with `managed` and, for handoffs, `crossing` as this side sees them."""
    steps = list(steps)
    ours = {organization.name for organization in network.organizations if organization.managed}
    by_id = {step.id: step for step in steps}
    found: list[Step] = []
    for step in steps:
        sending = bool(owners(network, step) & ours)
        if not isinstance(step, HandoffStep):
            found.append(step if step.managed == sending else replace(step, managed=sending))
            continue
        receivers = _receivers(network, step, by_id, steps)
        receiving = bool(receivers & ours)
        crossing: Crossing | None = (
            "export" if sending and not receiving else "import" if receiving and not sending else None
        )
        found.append(
            replace(
                step,
                managed=sending or receiving,
                crossing=crossing,
                receivers=tuple(sorted(receivers)) if crossing else (),
            )
        )
    return found


def owners(network: Network, step: Step) -> frozenset[str]:
    """Whose step this is: its organization's, or for a cluster's own (gateway, DNS) of all that live in it."""
    if step.organization is not None:
        return frozenset({step.organization})
    return frozenset(o.name for o in network.organizations if o.cluster == step.cluster)


def _receivers(
    network: Network, handoff: HandoffStep, by_id: Mapping[str, Step], steps: Iterable[Step]
) -> frozenset[str]:
    target = by_id.get(handoff.target_step or "")
    if target is not None:
        return owners(network, target)
    wanted = handoff.target_object.namespace if handoff.target_object is not None else None
    for step in steps:
        if not isinstance(step, HandoffStep) and (step.cluster, step.namespace) == (handoff.target_cluster, wanted):
            return owners(network, step)
    return frozenset(o.name for o in network.organizations if o.cluster == handoff.target_cluster)


def acting_in(step: Step) -> tuple[str, ...]:
    """The clusters that this side must reach to carry a managed step out."""
    if not isinstance(step, HandoffStep):
        return (step.cluster,)
    if step.crossing == "export":
        return (step.cluster,)
    if step.crossing == "import":
        return (step.target_cluster,)
    return (step.cluster, step.target_cluster)


def _is_import(step: Step) -> bool:
    return isinstance(step, HandoffStep) and step.crossing == "import"


def _receives(step: Step, need: Step) -> bool:
    """Whether a need of a handoff that we export is the receiver's own: the namespace that it goes to."""
    if not isinstance(step, HandoffStep) or step.crossing != "export":
        return False
    if need.organization is None:
        return need.cluster == step.target_cluster
    return need.organization in step.receivers


def awaited(steps: Iterable[Step]) -> dict[str, tuple[Step, ...]]:
    """Steps of others that ours need directly, each with those of ours that do."""
    steps = tuple(steps)
    theirs = {step.id: step for step in steps if not step.managed}
    found: dict[str, list[Step]] = {}
    for step in steps:
        if step.managed and not _is_import(step):
            for need in step.needs:
                if need in theirs and not _receives(step, theirs[need]):
                    found.setdefault(need, []).append(step)
    return {name: tuple(dependants) for name, dependants in found.items()}


def owed(steps: Iterable[Step]) -> dict[str, tuple[Step, ...]]:
    """Steps of ours that others need directly, each with those of theirs that do."""
    steps = tuple(steps)
    ours = {step.id for step in steps if step.managed and not isinstance(step, HandoffStep)}
    found: dict[str, list[Step]] = {}
    for step in steps:
        if not step.managed:
            for need in step.needs:
                if need in ours:
                    found.setdefault(need, []).append(step)
    return {name: tuple(dependants) for name, dependants in found.items()}


def run_needs(steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """What every step waits for in a run of this side: steps of ours and awaited ones, seen through those of others.

    So an import is waited for only once that is done without which its sender could not begin.
    """
    steps = tuple(steps)
    waiting = awaited(steps)
    by_id = {step.id: step for step in steps}
    here = {step.id for step in steps if step.managed or step.id in waiting}
    nearest: dict[str, dict[str, None]] = {}
    found: dict[str, tuple[str, ...]] = {}
    for step in steps:
        needs: dict[str, None] = {}
        for need in step.needs:
            if need in here:
                needs[need] = None
            elif not _receives(step, by_id[need]):
                needs.update(nearest.get(need, {}))
        nearest[step.id] = needs
        found[step.id] = tuple(needs) if step.id in here else ()
    return found


def senders(network: Network, step: Step) -> tuple[str, ...]:
    """The organizations, not ours, whose bundle an import or an awaited step waits for."""
    ours = {organization.name for organization in network.organizations if organization.managed}
    return tuple(sorted(owners(network, step) - ours))


def facts_of(steps: Iterable[Step], clusters: Iterable[str]) -> dict[ClusterFact, list[Step]]:
    """Addresses in `clusters` that the values of releases ask for, each with those releases."""
    wanted = set(clusters)
    found: dict[ClusterFact, list[Step]] = {}
    for step in steps:
        if isinstance(step, ReleaseStep):
            for fact in _facts(step.values):
                if (fact.cluster or step.cluster) in wanted and fact.what in ("gateway-address", "node-address"):
                    found.setdefault(replace(fact, cluster=fact.cluster or step.cluster), []).append(step)
    return found


def _facts(tree: Any) -> Iterable[ClusterFact]:
    if isinstance(tree, ClusterFact):
        yield tree
    elif isinstance(tree, Mapping):
        for value in tree.values():
            yield from _facts(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _facts(value)


def notes(network: Network, steps: Iterable[Step]) -> tuple[str, ...]:
    """What a reader of the plan should know of the border: which bundles come in, which go out, and with what."""
    steps = tuple(steps)
    coming: dict[str, dict[str, None]] = {}
    going: dict[str, dict[str, None]] = {}
    for step in steps:
        if isinstance(step, HandoffStep) and step.crossing == "import":
            for name in senders(network, step):
                coming.setdefault(name, {})[_what(step)] = None
        if isinstance(step, HandoffStep) and step.crossing == "export":
            for name in step.receivers:
                going.setdefault(name, {})[_what(step)] = None
    by_id = {step.id: step for step in steps}
    for step_id in awaited(steps):
        for name in senders(network, by_id[step_id]):
            coming.setdefault(name, {})[f"that {step_id} is done"] = None
    for step_id, dependants in owed(steps).items():
        for dependant in dependants:
            for name in senders(network, dependant):
                going.setdefault(name, {})[f"that {step_id} is done"] = None
    return (
        *(
            f"This side waits for a bundle from {name} ({listed(what)}): bevel-tui handoff import FILE"
            for name, what in coming.items()
        ),
        *(
            f"{name} waits for a bundle from this side ({listed(what)}): bevel-tui handoff export --for {name}"
            for name, what in going.items()
        ),
    )


def listed(words: Iterable[str], most: int = 4) -> str:
    """Words joined by commas, of many only the first ones."""
    words = tuple(words)
    more = len(words) - most
    return ", ".join(words) if more <= 0 else f"{', '.join(words[:most])} and {more} more"


def _what(step: HandoffStep) -> str:
    """What a handoff carries, as its id says it: ``handoff/<what>/<from>-><to>``."""
    return step.id.split("/")[1] if step.id.count("/") >= 2 else step.id
