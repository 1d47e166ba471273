"""One step, by its kind. Errors become results: a step that fails ends itself, not the run."""

from __future__ import annotations

import asyncio
import errno

from bevel_tui.engine import between
from bevel_tui.engine.context import RunContext
from bevel_tui.engine.decide import decide
from bevel_tui.engine.executor import DONE, Hold, Result
from bevel_tui.engine.observe import Observed
from bevel_tui.engine.silence import outlast, told
from bevel_tui.engine.steps import address, awaited, check, dns, handoff, keys, namespace, release, secret
from bevel_tui.engine.summary import OWNER_RUNS
from bevel_tui.kube.client import ApiError
from bevel_tui.plan.sides import acting_in
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.events import Notice
from bevel_tui.records.steps import (
    AddressStep,
    CheckStep,
    DnsStep,
    HandoffStep,
    KeysStep,
    NamespaceStep,
    ReleaseStep,
    SecretStep,
    Step,
)

#: what this machine lacks: room, files that may be open, rights in its temporary folder
_HERE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.ENOMEM})
_ROOM = "Make room, or set TMPDIR to a folder that has it, then run the same command again: what is done is skipped."


async def carry_out(ctx: RunContext, step: Step, hold: Hold, budget: float | None, *, again: bool = False) -> Result:
    """Carry out a step; `budget` is its seconds, which Helm's hooks must fit into. `again`: it has failed before, and
    what there is to do is found out anew. Raises nothing but cancellation."""
    if not step.managed and step.id not in ctx.awaited:
        return Result("skipped", OWNER_RUNS)
    began = asyncio.get_running_loop().time()

    async def attempt(after_silence: bool) -> Result:
        if not step.managed:
            return await awaited.perform(ctx, step)
        if again or after_silence:
            observed = {name: Observed(access.client) for name, access in ctx.clusters.items()}
            decided = await decide(ctx, observed, step.id)
            if step.id in decided:
                ctx.decisions[step.id] = decided[step.id]
        left = None if budget is None else budget - (asyncio.get_running_loop().time() - began)
        return await _by_kind(ctx, step, hold, left)

    try:
        result = await outlast(ctx, step, ctx.cancel, attempt)
    except BevelError as error:
        if error.code in {Code.CHART_MISSING, Code.CHART_RENDER}:
            ctx.codes.add(error.code)
        return Result("failed", " ".join((error.message, *error.details)), error.remedy, code=str(error.code))
    except ApiError as error:
        if ctx.cancel.aborting.is_set():
            return Result("cancelled", "stopped")
        context = next((ctx.clusters[name].context for name in acting_in(step) if name in ctx.clusters), step.cluster)
        return Result(
            "failed",
            told(context, error),
            "Run the same command again when the cluster answers: what is done is skipped.",
        )
    except OSError as error:
        if error.errno not in _HERE:  # a TimeoutError above all, which is the executor's
            raise
        where = f"{error.filename}: " if error.filename else ""
        return Result("failed", f"This machine: {where}{error.strerror}", _ROOM)
    if result.outcome == "ok" and isinstance(step, NamespaceStep | SecretStep | KeysStep):
        ctx.changed.add(step.id)
        if step.id in ctx.decisions and ctx.decisions[step.id].action == "create":
            ctx.created.add(step.id)
    if step.managed and result.outcome in DONE:
        _tell(ctx, step)
    return result


def _tell(ctx: RunContext, step: Step) -> None:
    """Others wait for what is done now; a run that changes nothing has told them before."""
    for name in ctx.rounds.finished(step.id):
        if ctx.changed:
            ctx.emit(Notice(text=f"Ready for {name}: bevel-tui handoff export --for {name}"))


async def _by_kind(ctx: RunContext, step: Step, hold: Hold, budget: float | None) -> Result:
    match step:
        case NamespaceStep():
            return await namespace.perform(ctx, step)
        case SecretStep():
            return await secret.perform(ctx, step)
        case KeysStep():
            return await keys.perform(ctx, step)
        case ReleaseStep():
            return await release.perform(ctx, step, hold, budget)
        case HandoffStep():
            return await handoff.perform(ctx, step)
        case AddressStep():
            return await address.perform(ctx, step)
        case DnsStep():
            return await dns.perform(ctx, step)
        case CheckStep():
            return await (between.perform if step in ctx.closing else check.perform)(ctx, step)
    return Result("failed", f"nothing knows how to carry out a step of kind {step.kind}")
