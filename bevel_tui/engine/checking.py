"""Only the reachability checks of a plan: nothing is installed, and nothing stays of what looks from inside.

A cluster that cannot be read does not keep the others from being checked.
"""

from __future__ import annotations

from bevel_tui.engine.connect import unusable
from bevel_tui.engine.context import Access, Reach
from bevel_tui.engine.executor import Hold, Result, Task, execute
from bevel_tui.engine.rounds import CheckRounds
from bevel_tui.engine.runner import Run
from bevel_tui.engine.settle import settle
from bevel_tui.engine.steps.check import Asking, ask, ask_elsewhere
from bevel_tui.kube.client import ApiError
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.events import CheckDone
from bevel_tui.records.steps import CheckStep


async def check_body(run: Run) -> bool:
    """Connect, then every cluster's checks side by side, each asked once. Raises BevelError."""
    steps = await run.cancel.unless_stopped(_open(run))
    if steps is None:
        return False
    reach = run.parts.reach(run.network, run.options)
    by_id = {step.id: step for step in steps}
    asking = Asking(
        reach=reach,
        plan=run.plan,
        emit=run.emit,
        cancel=run.cancel,
        hosts=run.hosts,
        rounds=CheckRounds(step.id for step in steps if step.managed and step.cluster in run.clusters),
        retry=run.options.retry,
        together=True,
        here=run.options.vantage != "clusters",
        inside=run.options.vantage in ("clusters", "both"),
    )

    async def perform(task: Task, hold: Hold) -> Result:
        step = by_id[task.id]
        try:
            if step.managed and step.cluster in run.clusters:
                return await ask(asking, run.clusters[step.cluster], step)
            near = next(iter(run.clusters.values()))
            if not step.managed:
                return await ask_elsewhere(reach, near, step, run.emit)
            return await _unread(run, reach, near, step)
        except ApiError as error:
            asked = run.clusters.get(step.cluster) or next(iter(run.clusters.values()))
            raise unusable(asked.client, error) from None

    tasks = [Task(step.id, budget=run.options.budget("check")) for step in steps]
    await execute(tasks, perform, cancel=run.cancel, observe=run.observe())
    return True


async def _unread(run: Run, reach: Reach, near: Access, step: CheckStep) -> Result:
    """A cluster of ours that cannot be read: what is public of it is asked all the same. Raises ApiError."""
    error = run.unread[step.cluster]
    result = CheckResult(
        id="cluster-api",
        category="gateway",
        cluster=step.cluster,
        target=f"context {run.network.cluster(step.cluster).context}",
        status="failed",
        summary=error.message,
        code=f"cluster-{error.code}",
        evidence=error.details,
        remedy=error.remedy,
        command=f"kubectl --context {run.network.cluster(step.cluster).context} version",
    )
    run.emit(CheckDone(step=step.id, result=result))
    await ask_elsewhere(reach, near, step, run.emit)
    return Result("failed", error.message, error.remedy)


async def _open(run: Run) -> list[CheckStep]:
    await run.open({step.cluster for step in _checks(run) if step.managed}, some=True)
    try:
        await settle(run)
    except BevelError as error:
        # Who may only probe need not be allowed to read what we left; then the preset alone tells the addresses.
        if error.code is not Code.ACCESS_DENIED and not run.unread:
            raise
    steps = _checks(run)
    run.started(steps)
    return steps


def _checks(run: Run) -> list[CheckStep]:
    """Of our clusters, and of others' as far as they can be asked from where one of ours can."""
    steps = [step for step in run.plan.steps if isinstance(step, CheckStep)]
    return steps if any(step.managed for step in steps) else []
