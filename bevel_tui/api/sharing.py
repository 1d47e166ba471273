"""Members who run their own clusters: bundles from one to another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bevel_tui.api.documents import plan

if TYPE_CHECKING:
    from bevel_tui.engine.bundles.document import Bundle
    from bevel_tui.engine.bundles.taking import Taken
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.network.model import Network
    from bevel_tui.network.past import Past
    from bevel_tui.plan.graph import Plan


async def hand_over(network: Network, receivers: Iterable[str], options: RunOptions | None = None) -> Bundle:
    """What is ready of this side's part for organizations that others run, as a bundle. Clusters are only read.

    Raises BevelError: handoff-empty when nothing is ready yet, step-failed for what may not cross.
    """
    from bevel_tui.engine.bundles.giving import give
    from bevel_tui.engine.memory import remembered
    from bevel_tui.engine.options import RunOptions

    before = await remembered(network, options or RunOptions())
    past = None if before is None else before.after(network)
    return await give(network, _after(network, past), receivers, options, agreed=_agreed(network), past=past)


def open_bundle(path: Path, network: Network | None = None) -> Bundle:
    """A bundle from a file, its digests checked and nothing private in it; with a Network also whether it is for it.

    Raises BevelError(handoff-refused).
    """
    from bevel_tui.engine.bundles.document import load as read
    from bevel_tui.engine.bundles.taking import judged
    from bevel_tui.engine.memory import told_by

    bundle = read(path)
    if network is not None:
        judged(network, _after(network, told_by(bundle.memory, network)), bundle)
    return bundle


def _after(network: Network, past: Past | None) -> Plan:
    """The plan of a network that may have a past."""
    from bevel_tui.plan.build import build

    return plan(network) if past is None else build(network, past.after(network))


async def take_over(network: Network, bundle: Bundle, options: RunOptions | None = None) -> Taken:
    """Keep what a bundle brings in the clusters of this side that need it; a deployment that waits goes on by itself.

    Raises BevelError(handoff-refused) for anything that the plan does not wait for, and what clusters do wrong.
    """
    from bevel_tui.engine.bundles.taking import take_in
    from bevel_tui.engine.memory import remembered, told_by
    from bevel_tui.engine.options import RunOptions

    own = await remembered(network, options or RunOptions())
    past = own or told_by(bundle.memory, network)
    taken = await take_in(network, _after(network, past), bundle, options, agreed=_agreed(network))
    if own is None and past is not None:
        note = "The network was there before this side came: start the deployment now (a run that began before, again)."
        return replace(taken, notes=(*taken.notes, note))
    return taken


def _agreed(network: Network) -> str:
    """The id of the plan that all sides have, whoever runs which part."""
    from bevel_tui.network.sides import seen_by_all

    return plan(seen_by_all(network)).id
