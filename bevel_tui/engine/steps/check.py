"""Probing what was deployed. A failing check is asked again for a while: a ledger needs its time.

From this machine always; the answers of all clusters are compared, and where it is wanted a pod of each cluster looks at
every gateway too (`inside`): `check` does it in the same step, a deployment in steps of its own (`between`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bevel_tui.engine.addresses import gateway, located
from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.context import Access, PlanLike, Reach, RunContext
from bevel_tui.engine.emitter import Emitter
from bevel_tui.engine.executor import Result
from bevel_tui.engine.rounds import CheckRounds
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.events import CheckDone
from bevel_tui.records.steps import CheckStep

STOPPED = Result("cancelled", "stopped while checking")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a run asks. `retry` is seconds for which a failing check is repeated, `hosts` gets the addresses found by
    endpoint, `rounds` the answers. `together`: this step waits for all others, and compares; `here`: what this machine
    sees is told, `inside`: pods look too."""

    reach: Reach
    plan: PlanLike
    emit: Emitter
    cancel: Cancellation
    hosts: dict[str, str]
    rounds: CheckRounds
    retry: float = 0.0
    together: bool = False
    here: bool = True
    inside: bool = False


async def perform(ctx: RunContext, step: CheckStep) -> Result:
    """Ask with the Network's patience. Raises ApiError."""
    asking = Asking(
        reach=ctx.reach,
        plan=ctx.plan,
        emit=ctx.emit,
        cancel=ctx.cancel,
        hosts=ctx.hosts,
        rounds=ctx.asked,
        retry=ctx.network.probe.retry,
    )
    return await ask(asking, ctx.access(step), step)


async def ask(asking: Asking, access: Access, step: CheckStep) -> Result:
    """Ask every check, report each answer as it comes. Ends early when the run is to stop. Raises ApiError.

    Addresses that nobody knew when planning are found out first.
    """
    step = replace(step, endpoints=await located(step.endpoints, access.client, asking.plan))
    asking.hosts.update({endpoint.id: endpoint.host for endpoint in step.endpoints})
    results: list[CheckResult] = []

    def tell(result: CheckResult) -> None:
        results.append(result)
        asking.emit(CheckDone(step=step.id, result=result))

    async def questions() -> Result:
        asking.rounds.forget(step.cluster)
        asking.rounds.endpoints[step.cluster] = step.endpoints
        address = gateway(asking.plan, step.cluster)
        async for result in asking.reach.check(access, step, address, asking.retry, settled=asking.together):
            asking.rounds.answered(result)
            if asking.here:
                tell(result)
        if not asking.together:
            return verdict(results)
        asking.rounds.here.leave(step.id)
        await asking.rounds.here.wait()
        if asking.here:
            for result in asking.reach.agreement(step.cluster, asking.rounds):
                tell(result)
        if asking.inside:
            async for result in asking.reach.inside(access, step.id, asking.rounds, asking.retry):
                tell(result)
        return verdict(results)

    try:
        return await asking.cancel.unless_stopped(questions()) or STOPPED
    finally:
        if asking.together:
            asking.rounds.leave(step.id)


async def ask_elsewhere(reach: Reach, near: Access, step: CheckStep, emit: Emitter) -> Result:
    """Ask what can be asked from here of somebody else's cluster: names, and what answers behind them. Raises ApiError.

    Addresses that only its owner can look up are left out.
    """
    known = replace(step, endpoints=tuple(e for e in step.endpoints if e.address is None and not e.node_port))
    async for result in reach.elsewhere(near, known):
        emit(CheckDone(step=step.id, result=result))
    return Result("ok")


def verdict(results: list[CheckResult]) -> Result:
    """How a step with these answers has ended."""
    failed = [result for result in results if result.status == "failed"]
    if not failed:
        return Result("ok")
    first = failed[0]
    more = f" (and {len(failed) - 1} more of {len(results)} checks)" if len(failed) > 1 else ""
    return Result("failed", f"{first.target}: {first.summary}{more}", first.remedy)
