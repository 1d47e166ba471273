"""The last act of a deployment: what the clusters see of each other, and what the ledger's nodes say of each other.

A step per cluster, after every cluster's own checks, however those ended: the matrix tells what is wrong from
everywhere from what is wrong only from inside one cluster. No plan has these steps: they change nothing of the network.
Pods look only in a run that has changed something, or comes after one that had and did not get here (`owed`). A run with
nothing to do writes nothing at all, and a look needs a Job; `bevel-tui check` asks at any time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bevel_tui.engine.addresses import gateway
from bevel_tui.engine.context import RunContext
from bevel_tui.engine.executor import Result
from bevel_tui.engine.steps.check import STOPPED, verdict
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.events import CheckDone
from bevel_tui.records.steps import CheckStep, Step

#: nominal seconds of a look from inside
SECONDS = 10.0
WITHOUT = "this run changed nothing, so no pod was started; bevel-tui check asks from inside"


def closing(steps: Iterable[Step]) -> tuple[CheckStep, ...]:
    """The last steps of a deployment with these: one for every cluster of ours that is checked."""
    checks = [step for step in steps if isinstance(step, CheckStep) and step.managed]
    everyone = tuple(step.id for step in checks)
    return tuple(
        replace(step, id=f"{step.cluster}/matrix", needs=everyone, endpoints=(), domain=None, estimate=SECONDS)
        for step in checks
    )


async def perform(ctx: RunContext, step: CheckStep) -> Result:
    """Ask what can only be asked when all stands. Raises ApiError."""
    access, rounds, reach = ctx.access(step), ctx.asked, ctx.reach
    looking = ctx.options.vantage != "here" and (
        ctx.options.vantage is not None or bool(ctx.changed or ctx.going or ctx.owed)
    )
    results: list[CheckResult] = []

    def tell(result: CheckResult) -> None:
        results.append(result)
        ctx.emit(CheckDone(step=step.id, result=result))

    async def questions() -> Result:
        asked = replace(step, endpoints=rounds.endpoints.get(step.cluster, ()))
        async for result in reach.settled(access, asked, gateway(ctx.plan, step.cluster), ctx.network.probe.retry):
            rounds.answered(result)
            tell(result)
        rounds.here.leave(step.id)
        await rounds.here.wait()
        for result in reach.agreement(step.cluster, rounds):
            tell(result)
        if looking:
            async for result in reach.inside(access, step.id, rounds, ctx.network.probe.retry):
                tell(result)
        found = verdict(results)
        return found if looking or found.outcome != "ok" else Result("unchanged", WITHOUT)

    try:
        return await ctx.cancel.unless_stopped(questions()) or STOPPED
    finally:
        rounds.leave(step.id)
