"""Before anything is decided: what the network was, what else is in its clusters, and the plan that follows from both.

A plan given by the caller is taken as it is. One that the engine makes itself is made again here, because only the
clusters know what was made for good (`network.past`), and which other networks share their gateways.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from bevel_tui.engine.connect import connect
from bevel_tui.engine.context import PlanLike
from bevel_tui.engine.leaving import Leaving, leaving
from bevel_tui.engine.memory import recall
from bevel_tui.engine.neighbours import Planner, survey
from bevel_tui.engine.removal import cluster_of
from bevel_tui.engine.runner import Run
from bevel_tui.engine.shared import joined
from bevel_tui.network.consequence import GENESIS
from bevel_tui.network.growth import consequences
from bevel_tui.network.past import Past


async def settle(run: Run) -> None:
    """Fill `run.past`, `run.before`, `run.shared`, `run.former`, `run.leaving` and make the plan anew.

    Opens clusters that only the network as it was had. Raises BevelError.
    """
    planner = run.planner
    if planner is None:
        return
    before = await recall(run.network, run.clusters)
    run.shared = await survey(run.plan.network_name, run.clusters, planner)
    taken = run.shared.taken()
    run.before = before
    if before is None:
        run.past = Past.of(run.network, taken)
        run.adopt(_planned(run, planner))
        return
    run.consequences = consequences(before, run.network)
    allowed = set(run.options.allow_destructive)
    anew: set[str] | None = {one.name for one in run.consequences if one.kind == "move"}
    if any(one.kind == "found" for one in run.consequences):
        anew = None
    if anew is None and GENESIS in allowed:
        run.past = Past.of(run.network, taken)
    else:
        run.past = before.after(run.network, taken)
    run.adopt(_planned(run, planner))
    old = planner(before.applied, before.after(before.applied))
    run.former = tuple(old.steps)
    run.leaving = leaving(run.former, run.plan.steps, anew=anew)
    await _open_others(run, before, run.leaving)


def _planned(run: Run, planner: Planner) -> PlanLike:
    plan = planner(run.network, run.past)
    steps = joined(plan.steps, run.shared, plan.network_name)
    return plan if steps == tuple(plan.steps) else replace(cast("Any", plan), steps=steps)


async def _open_others(run: Run, before: Past, gone: Leaving) -> None:
    """Clusters that the network has left altogether are reached as it reached them."""
    missing = {cluster_of(step) for step in gone.steps} - set(run.clusters)
    if missing:
        opened = await connect(before.applied, missing, run.options.kubeconfig, run.parts.connect)
        run.clusters = {**run.clusters, **opened}
