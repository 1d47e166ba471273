"""Probing what was deployed, from this machine. A failing check is asked again for a while: a ledger needs its time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bevel_tui.engine.addresses import located
from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.context import Access, PlanLike, Reach, RunContext
from bevel_tui.engine.emitter import Emitter
from bevel_tui.engine.executor import Result
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.events import CheckDone
from bevel_tui.records.steps import AddressStep, CheckStep


async def perform(ctx: RunContext, step: CheckStep) -> Result:
    """Ask with the Network's patience. Raises ApiError."""
    retry = ctx.network.probe.retry
    return await ask(ctx.reach, ctx.access(step), step, ctx.plan, ctx.emit, ctx.cancel, retry=retry, hosts=ctx.hosts)


async def ask(
    reach: Reach,
    access: Access,
    step: CheckStep,
    plan: PlanLike,
    emit: Emitter,
    cancel: Cancellation,
    *,
    retry: float,
    hosts: dict[str, str],
) -> Result:
    """Ask every check, report each answer as it comes. Ends early when the run is to stop. Raises ApiError.

    Addresses that nobody knew when planning are found out first, and put into `hosts` by endpoint.
    """
    step = replace(step, endpoints=await located(step.endpoints, access.client, plan))
    hosts.update({endpoint.id: endpoint.host for endpoint in step.endpoints})
    gateway = next((s for s in plan.steps if isinstance(s, AddressStep) and s.cluster == step.cluster), None)
    results: list[CheckResult] = []

    async def questions() -> None:
        async for result in reach.check(access, step, gateway, retry):
            results.append(result)
            emit(CheckDone(step=step.id, result=result))

    asking = asyncio.create_task(questions())
    stopping = asyncio.create_task(cancel.stopping.wait())
    try:
        await asyncio.wait({asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            return Result("cancelled", "stopped while checking")
        asking.result()
    finally:
        for task in (asking, stopping):
            task.cancel()
        await asyncio.gather(asking, stopping, return_exceptions=True)
    return _verdict(results)


async def ask_elsewhere(reach: Reach, near: Access, step: CheckStep, emit: Emitter) -> Result:
    """Ask what can be asked from here of somebody else's cluster: names, and what answers behind them. Raises ApiError.

    Addresses that only its owner can look up are left out.
    """
    known = replace(step, endpoints=tuple(e for e in step.endpoints if e.address is None and not e.node_port))
    async for result in reach.elsewhere(near, known):
        emit(CheckDone(step=step.id, result=result))
    return Result("ok")


def _verdict(results: list[CheckResult]) -> Result:
    failed = [result for result in results if result.status == "failed"]
    if not failed:
        return Result("ok")
    first = failed[0]
    more = f" (and {len(failed) - 1} more of {len(results)} checks)" if len(failed) > 1 else ""
    return Result("failed", f"{first.target}: {first.summary}{more}", first.remedy)
