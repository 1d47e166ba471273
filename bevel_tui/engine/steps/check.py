"""Probing what was deployed, from this machine. A failing check is repeated for a while: a ledger needs its time."""

from __future__ import annotations

import asyncio

from bevel_tui.engine.context import RunContext
from bevel_tui.engine.executor import Result
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.events import CheckDone, StepWaiting
from bevel_tui.records.steps import CheckStep

#: seconds between two rounds
_PAUSE = 1.0


async def perform(ctx: RunContext, step: CheckStep) -> Result:
    """Rounds of checks until none fails or the Network's patience is over; only the last round is reported."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + ctx.network.probe.retry
    told: tuple[str, ...] = ()
    while True:
        addresses = next((a for s, a in ctx.addresses.items() if ctx.steps[s].cluster == step.cluster), ())
        results = [result async for result in ctx.reach.check(ctx.access(step), step, addresses)]
        failed = [result for result in results if result.status == "failed"]
        if not failed or loop.time() >= deadline or ctx.cancel.stopping.is_set():
            break
        waiting = tuple(f"{result.target}: {result.summary}" for result in failed)
        if waiting != told:
            told = waiting
            ctx.emit(StepWaiting(step=step.id, cluster=step.cluster, waiting_for=waiting))
        await ctx.stopped_or(min(_PAUSE, max(0.0, deadline - loop.time())))
    for result in results:
        ctx.checks.append(result)
        ctx.emit(CheckDone(step=step.id, result=result))
    return _verdict(results, failed)


def _verdict(results: list[CheckResult], failed: list[CheckResult]) -> Result:
    if not failed:
        return Result("ok")
    first = failed[0]
    more = f" (and {len(failed) - 1} more of {len(results)} checks)" if len(failed) > 1 else ""
    return Result("failed", f"{first.target}: {first.summary}{more}", first.remedy)
