"""A deployment: find out all that can be known, then change what has to be changed, then prove it.

Nothing is changed until clusters, rights, secrets and charts are known to be there, and what is installed already
has been read. With nothing to change no Lease is taken and nothing at all is written.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

from bevel_tui.engine import inventory
from bevel_tui.engine.bundles.inbox import Inbox
from bevel_tui.engine.carry import carry_out
from bevel_tui.engine.connect import unusable
from bevel_tui.engine.context import Access, RunContext
from bevel_tui.engine.decide import decide, may_change
from bevel_tui.engine.executor import Hold, Result, Task, execute
from bevel_tui.engine.lease import Lease, sweep
from bevel_tui.engine.observe import Observed, gather_all
from bevel_tui.engine.rehearse import render_each_chart
from bevel_tui.engine.rights import review
from bevel_tui.engine.runner import Run
from bevel_tui.engine.secrets import Secrets, environment
from bevel_tui.engine.watcher import Watcher
from bevel_tui.engine.workdir import workdir
from bevel_tui.kube.client import ApiError
from bevel_tui.plan.sides import acting_in, awaited, run_needs
from bevel_tui.records.errors import Code
from bevel_tui.records.events import Notice
from bevel_tui.records.steps import HandoffStep, ReleaseStep, Step


async def deploy_body(run: Run) -> bool:
    """The body of a deployment; False when it was stopped before anything was changed. Raises BevelError."""
    with workdir() as work:
        watcher = Watcher()
        try:
            ctx = await run.unless_stopped(prepare(run, watcher, work))
            if ctx is None:
                return False
            changing = _changing(ctx)
            stored = await _inventories(run, ctx) if changing is not None else {}
            touched = (changing or set()) | set(stored)
            calm = [access for name, access in ctx.clusters.items() if name not in touched]
            await gather_all(_sweep(access, run.plan.network_name) for access in calm)
            if not touched:
                await _execute(run, ctx)
                return True
            async with leases(run, ctx.clusters, touched):
                await gather_all(_write(ctx.clusters[name], document) for name, document in stored.items())
                await _execute(run, ctx)
            return True
        finally:
            await watcher.close()


async def prepare(run: Run, watcher: Watcher, work: Path, *, rights: bool = True) -> RunContext:
    """Everything before the first change; `rights` asks what we may do as well. Raises BevelError."""
    steps = [step for step in run.plan.steps if step.managed]
    secrets = Secrets.resolve(steps)
    run.emit.hide(secrets.values())
    await run.open({cluster for step in steps for cluster in acting_in(step)})
    driver = await run.parts.driver(run.options, environment(run.plan.steps))
    run.helm = driver.name
    run.started(run.chosen())
    charts = run.parts.charts(run.network, run.options, run.clusters)
    ctx = RunContext(
        network=run.network,
        plan=run.plan,
        options=run.options,
        clusters=run.clusters,
        driver=driver,
        charts=charts,
        reach=run.parts.reach(run.network, run.options),
        secrets=secrets,
        emit=run.emit,
        watcher=watcher,
        work=work,
        cancel=run.cancel,
        steps=run.steps,
        finished=run.finished,
        codes=run.codes,
        hosts=run.hosts,
        inbox=Inbox((access.client for access in run.clusters.values()), run.plan.network_name),
        awaited=awaited(run.plan.steps),
    )
    await _open_inbox(ctx)
    observed = {name: Observed(access.client) for name, access in run.clusters.items()}
    ctx.decisions = await decide(ctx, observed)
    _announce(ctx)
    if rights:
        await review(ctx, ctx.decisions)
        await render_each_chart(ctx)
    return ctx


async def _open_inbox(ctx: RunContext) -> None:
    """What others have handed over; not asked where nobody hands anything over. Raises BevelError."""
    if ctx.awaited or any(isinstance(step, HandoffStep) and step.crossing == "import" for step in ctx.plan.steps):
        try:
            await ctx.inbox.read()
        except ApiError as error:
            raise unusable(next(iter(ctx.clusters.values())).client, error) from None


def _announce(ctx: RunContext) -> None:
    """What a user should know before it begins: stand-ins, and what is left alone."""
    stand_ins = sorted(
        {
            ctx.steps[name].chart  # type: ignore[attr-defined]
            for name, decision in ctx.decisions.items()
            if decision.located is not None and decision.located.stand_in
        }
    )
    if stand_ins:
        ctx.emit(Notice(text=f"Stand-in charts are used for: {', '.join(stand_ins)}."))


def _changing(ctx: RunContext) -> set[str] | None:
    """The clusters in which something is to be changed; None when there is nothing at all to do."""
    found = set()
    for name, decision in ctx.decisions.items():
        step = ctx.steps[name]
        if may_change(decision):
            found.add(step.target_cluster if isinstance(step, HandoffStep) else step.cluster)
    return found or None


async def _inventories(run: Run, ctx: RunContext) -> dict[str, dict[str, Any]]:
    """The inventories that have to be written, by cluster. Raises BevelError."""
    from bevel_tui.network.save import dump

    text = dump(run.network)
    name = run.plan.network_name
    found = {}
    for cluster, access in ctx.clusters.items():
        wanted = inventory.document(name, text, run.plan.id, cluster)
        try:
            there = await inventory.read(access.client, name)
        except ApiError as error:
            raise unusable(access.client, error) from None
        if there != wanted["data"]:
            found[cluster] = wanted
    return found


async def _sweep(access: Access, network: str) -> None:
    """A run that died when all was done leaves its Lease; nobody else would take it away."""
    with contextlib.suppress(ApiError):
        await sweep(access.client, network)


async def _write(access: Access, document: dict[str, Any]) -> None:
    try:
        await inventory.write(access.client, document)
    except ApiError as error:
        raise unusable(access.client, error) from None


@contextlib.asynccontextmanager
async def leases(run: Run, clusters: Mapping[str, Access], names: Iterable[str]) -> AsyncIterator[None]:
    """Hold the Lease in every cluster that will change. Raises BevelError(LEASE_HELD)."""

    def lost(why: str) -> None:
        run.codes.add(Code.LEASE_HELD)
        run.emit(Notice(level="warning", text=f"{why} This run stops."))
        run.cancel.request()

    leases = [
        Lease(clusters[name].client, name, run.plan.network_name, run.id, lost=lost) for name in sorted(set(names))
    ]

    async def take(lease: Lease, access: Access) -> None:
        try:
            before = await lease.acquire()
        except ApiError as error:
            raise unusable(access.client, error) from None
        if before:
            run.emit(
                Notice(level="warning", cluster=access.name, text=f"Took over the Lease of {before}, which is dead.")
            )

    try:
        await gather_all(take(lease, clusters[name]) for lease, name in zip(leases, sorted(set(names)), strict=True))
        yield
    finally:
        await asyncio.gather(*(lease.release() for lease in leases))


async def _execute(run: Run, ctx: RunContext) -> None:
    options = run.options
    run.needs = run_needs(run.plan.steps)
    tasks = [_task(ctx, step, run.needs[step.id]) for step in run.chosen()]
    capacity = {"helm": options.helm_processes}
    capacity.update({f"helm/{name}": options.helm_per_cluster for name in ctx.clusters})

    async def perform(task: Task, hold: Hold) -> Result:
        return await carry_out(ctx, run.steps[task.id], hold, task.budget)

    await execute(tasks, perform, capacity=capacity, cancel=run.cancel, observe=run.observe())


def _task(ctx: RunContext, step: Step, needs: tuple[str, ...]) -> Task:
    slots: tuple[str, ...] = ()
    if isinstance(step, ReleaseStep):
        decision = ctx.decisions.get(step.id)
        if decision is not None and may_change(decision):
            slots = ("helm", f"helm/{step.cluster}")
            if step.lane:
                slots = (*slots, f"lane/{step.cluster}/{step.lane}")
    # another operator takes the time that they take: like DNS, only the budget of the whole run ends that wait
    elsewhere = not step.managed or (isinstance(step, HandoffStep) and step.crossing == "import")
    return Task(step.id, needs, slots, None if elsewhere else ctx.options.budget(step.kind))
