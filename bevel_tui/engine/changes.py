"""What a deployment would change now, and why: `plan --diff`. Reads the clusters, changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.connect import close
from bevel_tui.engine.context import PlanLike, RunContext
from bevel_tui.engine.decide import Action, Decision, may_change
from bevel_tui.engine.deploy import prepare
from bevel_tui.engine.differences import Difference, differences
from bevel_tui.engine.leaving import PREFIX, harmless, names_of
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.parts import Parts
from bevel_tui.engine.runner import Run
from bevel_tui.engine.watcher import Watcher
from bevel_tui.engine.workdir import workdir
from bevel_tui.network.consequence import GENESIS
from bevel_tui.network.model import Network
from bevel_tui.records.steps import ReleaseStep, Step

Group = Literal["add", "change", "remove", "refuse"]


@dataclass(frozen=True, slots=True)
class Change:
    """One step that would do something (or that would be refused), and why.

    `differences` are the values observed and wanted where a release is changed. `needs` is what
    ``--allow-destructive`` would have to name and does not; empty: nothing more is needed.
    """

    step: str
    action: Action | Literal["remove"]
    cause: str
    group: Group = "change"
    differences: tuple[Difference, ...] = ()
    needs: str = ""


async def changes(
    network: Network,
    plan: PlanLike | None = None,
    options: RunOptions | None = None,
    *,
    parts: Parts | None = None,
) -> list[Change]:
    """Compare `plan` (None: as the clusters' own past makes it) with the clusters.

    Raises BevelError as a deployment would before it changes anything, except for what would be destroyed unnamed:
    those changes say so.
    """
    from bevel_tui.engine.run import run_of

    run = run_of("deploy", network, plan, options or RunOptions(journal=False), Cancellation(), parts)
    watcher = Watcher()
    try:
        with workdir() as work:
            ctx = await prepare(run, watcher, work, rights=False)
            found = _refused(run)
            for step in run.plan.steps:
                decision = ctx.decisions.get(step.id)
                if decision is not None and (may_change(decision) or decision.action == "refuse"):
                    found.append(await _change(ctx, step, decision))
            return found + [_removal(run, step) for step in ctx.going]
    finally:
        await watcher.close()
        await close(run.clusters.values())


async def _change(ctx: RunContext, step: Step, decision: Decision) -> Change:
    later = decision.action == "none"
    cause = "what it is made from will change" if later else decision.cause
    action = "upgrade" if later else decision.action
    group: Group = "refuse" if action == "refuse" else "add" if action in {"create", "install"} else "change"
    if isinstance(step, ReleaseStep) and step.about:
        cause = f"{cause}; {step.about}"
    seen: tuple[Difference, ...] = ()
    if isinstance(step, ReleaseStep) and group == "change" and not later:
        seen = await differences(ctx, step, decision)
    return Change(step.id, action, cause, group, seen)


def _refused(run: Run) -> list[Change]:
    """Fields of the preset that cannot change without destroying something."""
    allowed = run.options.allow_destructive
    return [
        Change(
            one.path,
            "refuse",
            one.reason,
            "refuse" if one.kind == "never" or one.name not in allowed else "change",
            (Difference(one.path, one.before, one.after),),
            "" if one.kind == "never" or one.name in allowed else one.name,
        )
        for one in run.consequences
    ]


def _removal(run: Run, step: Step) -> Change:
    allowed = {*run.options.allow_destructive}
    refound = any(one.kind == "found" for one in run.consequences)
    name = GENESIS if refound else str(step.organization or getattr(step, "release", step.id))
    needed = isinstance(step, ReleaseStep) and not harmless(step)
    named = GENESIS in allowed if refound else not names_of(step).isdisjoint(allowed)
    cause = "it will be made anew" if step in run.leaving.early else "the preset has it no more"
    if needed:
        cause += "; its volumes, keys and ledger data go with it"
    return Change(step.id.removeprefix(PREFIX), "remove", cause, "remove", (), name if needed and not named else "")
