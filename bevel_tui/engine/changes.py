"""What a deployment would change now, and why: `plan --diff`. Reads the clusters, changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.connect import close
from bevel_tui.engine.context import PlanLike
from bevel_tui.engine.decide import Action, may_change
from bevel_tui.engine.deploy import prepare
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.parts import Parts
from bevel_tui.engine.runner import Run
from bevel_tui.engine.watcher import Watcher
from bevel_tui.engine.workdir import workdir
from bevel_tui.network.model import Network


@dataclass(frozen=True, slots=True)
class Change:
    """One step that would do something (or that would be refused), and why."""

    step: str
    action: Action
    cause: str


async def changes(
    network: Network, plan: PlanLike, options: RunOptions | None = None, *, parts: Parts | None = None
) -> list[Change]:
    """Compare `plan` with the clusters. Raises BevelError as a deployment would before it changes anything."""
    run = Run("deploy", network, plan, options or RunOptions(journal=False), Cancellation(), parts or Parts())
    watcher = Watcher()
    try:
        with workdir() as work:
            ctx = await prepare(run, watcher, work, rights=False)
            found = []
            for step in plan.steps:
                decision = ctx.decisions.get(step.id)
                if decision is None or not (may_change(decision) or decision.action == "refuse"):
                    continue
                later = decision.action == "none"
                cause = "what it is made from will change" if later else decision.cause
                found.append(Change(step.id, "upgrade" if later else decision.action, cause))
            return found
    finally:
        await watcher.close()
        await close(run.clusters.values())
