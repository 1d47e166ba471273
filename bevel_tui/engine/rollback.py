"""Taking back what a run has created, and only that: the order and the means of a removal, the extent of a run.

A release that found volumes or key Secrets of an earlier life goes without its removal hooks, and they stay. What was
upgraded or repaired stays as it is now: what it was before cannot be had back safely (charts of ledgers cannot go
back a version).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import replace

from bevel_tui.engine import inventory, memory
from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.context import RunContext
from bevel_tui.engine.destroy import Removal, forget_home, found_releases
from bevel_tui.engine.leaving import PREFIX
from bevel_tui.engine.observe import gather_all
from bevel_tui.engine.removal import removal_needs, removal_order
from bevel_tui.engine.runner import Run
from bevel_tui.engine.summary import planned
from bevel_tui.kube.client import ApiError
from bevel_tui.records.errors import BevelError
from bevel_tui.records.events import Notice, RollbackStarted


async def roll_back(run: Run, ctx: RunContext, before: Mapping[str, Mapping[str, str] | None]) -> None:
    """Remove what `ctx.created` names. `before` is the inventory of each cluster before the run. A stop that insists
    ends this too; what is left then, the next run finds. Raises BevelError for clusters that do not answer."""
    run.rolled_back = True
    mine = [step for step in run.plan.steps if step.id in ctx.created]
    order = removal_order(mine)
    needs = removal_needs(run.plan.steps)
    there = {step.id for step in order}
    renamed = tuple(replace(step, id=PREFIX + step.id) for step in order)
    wanted = {
        PREFIX + step.id: tuple(PREFIX + need for need in needs.get(step.id, ()) if need in there) for step in order
    }
    for step in renamed:
        run.steps[step.id] = step
    run.emit(RollbackStarted(steps=tuple(planned(replace(s, needs=wanted[s.id])) for s in renamed)))
    if not renamed:
        run.emit(Notice(text="This run has created nothing; nothing is removed."))
    cancel = Cancellation()
    insists = asyncio.create_task(_insists(run.cancel, cancel))
    try:
        found = await found_releases(run, order)
        spared = frozenset(PREFIX + name for name in ctx.inherited)
        removal = Removal(run, ctx.driver, found, purge=True, spared=spared, cancel=cancel)
        await removal.carry_out(renamed, wanted)
    finally:
        insists.cancel()
        await asyncio.gather(insists, return_exceptions=True)
    if all(run.results[step.id].outcome in {"ok", "unchanged"} for step in renamed):
        await gather_all(_as_before(ctx, name, data) for name, data in before.items())


async def _insists(asked: Cancellation, cancel: Cancellation) -> None:
    await asked.aborting.wait()
    cancel.request()
    cancel.request()


async def _as_before(ctx: RunContext, cluster: str, data: Mapping[str, str] | None) -> None:
    """The inventory as it was; none where there was none."""
    client, network = ctx.clusters[cluster].client, ctx.plan.network_name
    with contextlib.suppress(ApiError, BevelError):
        if data is not None:
            await inventory.write(client, {**inventory.document(network, "", "", cluster), "data": dict(data)})
            return
        await inventory.remove(client, network)
        await memory.forget(client, network)
        await forget_home(client)
