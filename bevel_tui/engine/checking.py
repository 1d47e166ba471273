"""Only the reachability checks of a plan: nothing is installed, nothing is changed."""

from __future__ import annotations

from bevel_tui.engine.connect import unusable
from bevel_tui.engine.executor import Hold, Result, Task, execute
from bevel_tui.engine.runner import Run
from bevel_tui.engine.steps.check import ask
from bevel_tui.kube.client import ApiError
from bevel_tui.records.steps import CheckStep


async def check_body(run: Run) -> bool:
    """Connect, then every cluster's checks side by side, each asked once. Raises BevelError."""
    steps = [step for step in run.plan.steps if isinstance(step, CheckStep) and step.managed]
    if await run.unless_stopped(_open(run, steps)) is None:
        return False
    reach = run.parts.reach(run.network, run.options)
    by_id = {step.id: step for step in steps}

    async def perform(task: Task, hold: Hold) -> Result:
        step = by_id[task.id]
        access = run.clusters[step.cluster]
        try:
            return await ask(reach, access, step, run.plan, run.emit, run.cancel, retry=0.0, hosts=run.hosts)
        except ApiError as error:
            raise unusable(access.client, error) from None

    tasks = [Task(step.id, budget=run.options.budget("check")) for step in steps]
    await execute(tasks, perform, cancel=run.cancel, observe=run.observe())
    return True


async def _open(run: Run, steps: list[CheckStep]) -> bool:
    await run.open({step.cluster for step in steps})
    run.started(steps)
    return True
