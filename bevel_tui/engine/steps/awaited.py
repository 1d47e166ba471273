"""A step of somebody else's that ours need: it is done when its owner's bundle says so. Nothing is touched here."""

from __future__ import annotations

from bevel_tui.engine.bundles.inbox import until
from bevel_tui.engine.context import RunContext
from bevel_tui.engine.executor import Result
from bevel_tui.plan.sides import senders
from bevel_tui.records.steps import Step


async def perform(ctx: RunContext, step: Step) -> Result:
    """Wait for the word of the step's owner, unless all that needs it stands already. Raises ApiError."""
    decisions = [ctx.decisions.get(dependant.id) for dependant in ctx.awaited[step.id]]
    if all(decision is not None and decision.action == "none" and decision.ready for decision in decisions):
        return Result("unchanged")
    if step.id in ctx.inbox.received.done:
        return Result("unchanged")
    if await until(ctx, step, lambda received: step.id in received.done):
        return Result("ok")
    return Result("cancelled", f"stopped while waiting for the bundle of {' or '.join(senders(ctx.network, step))}")
