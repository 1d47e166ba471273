"""One release of every chart is rendered before anything is changed: a chart that cannot be is the user's to mend.

Only the first of each, and only of real charts: rendering costs a Helm process, and stand-ins are made of the very
values they are given. What is only known once the gateways stand (their addresses) leaves a release out.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

from bevel_tui.engine.clusterfacts import fill
from bevel_tui.engine.context import RunContext
from bevel_tui.engine.decide import may_change
from bevel_tui.engine.observe import gather_all
from bevel_tui.helm.driver import Operation
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import ClusterFact, ReleaseStep


async def render_each_chart(ctx: RunContext) -> None:
    """Raises BevelError(CHART_RENDER) with Helm's words, and whatever preparing a chart raises."""
    first: dict[str, ReleaseStep] = {}
    for step in ctx.plan.steps:
        decision = ctx.decisions.get(step.id)
        if (
            isinstance(step, ReleaseStep)
            and decision is not None
            and decision.located is not None
            and not decision.located.stand_in
            and may_change(decision)
        ):
            first.setdefault(decision.located.digest, step)
    bound = asyncio.Semaphore(ctx.options.helm_processes)

    async def one(step: ReleaseStep) -> None:
        access = ctx.access(step)
        try:
            values = ctx.secrets.fill(await fill(step.values, access.client, _not_yet))
        except BevelError as error:
            if error.code is not Code.STEP_FAILED:
                raise
            return
        async with bound:
            folder = ctx.work / "rehearsal" / step.id.replace("/", "_")
            folder.mkdir(mode=0o700, parents=True)
            chart = await ctx.charts.prepare(step, folder, {})
            await ctx.driver.render(
                Operation(
                    verb="install",
                    release=step.release,
                    namespace=str(step.namespace),
                    kubeconfig=access.kubeconfig,
                    context=access.context,
                    chart=chart,
                    values=values,
                )
            )

    await gather_all(one(step) for step in first.values())


async def _not_yet(fact: ClusterFact) -> NoReturn:
    raise BevelError(Code.STEP_FAILED, f"{fact.what} is not known yet")
