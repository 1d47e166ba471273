"""Only the reachability checks of a plan: nothing is installed, nothing is changed."""

from __future__ import annotations

from bevel_tui.engine.connect import unusable
from bevel_tui.engine.executor import Hold, Result, Task, execute
from bevel_tui.engine.runner import Run
from bevel_tui.engine.settle import settle
from bevel_tui.engine.steps.check import ask, ask_elsewhere
from bevel_tui.kube.client import ApiError
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import CheckStep


async def check_body(run: Run) -> bool:
    """Connect, then every cluster's checks side by side, each asked once. Raises BevelError."""
    steps = await run.unless_stopped(_open(run))
    if steps is None:
        return False
    reach = run.parts.reach(run.network, run.options)
    by_id = {step.id: step for step in steps}

    async def perform(task: Task, hold: Hold) -> Result:
        step = by_id[task.id]
        try:
            if not step.managed:
                return await ask_elsewhere(reach, next(iter(run.clusters.values())), step, run.emit)
            access = run.clusters[step.cluster]
            return await ask(
                reach, access, step, run.plan, run.emit, run.cancel, retry=run.options.retry, hosts=run.hosts
            )
        except ApiError as error:
            asked = run.clusters.get(step.cluster) or next(iter(run.clusters.values()))
            raise unusable(asked.client, error) from None

    tasks = [Task(step.id, budget=run.options.budget("check")) for step in steps]
    await execute(tasks, perform, cancel=run.cancel, observe=run.observe())
    return True


async def _open(run: Run) -> list[CheckStep]:
    await run.open({step.cluster for step in _checks(run) if step.managed})
    try:
        await settle(run)
    except BevelError as error:
        # Who may only probe need not be allowed to read what we left; then the preset alone tells the addresses.
        if error.code is not Code.ACCESS_DENIED:
            raise
    steps = _checks(run)
    run.started(steps)
    return steps


def _checks(run: Run) -> list[CheckStep]:
    """Of our clusters, and of others' as far as they can be asked from where one of ours can."""
    steps = [step for step in run.plan.steps if isinstance(step, CheckStep)]
    return steps if any(step.managed for step in steps) else []
