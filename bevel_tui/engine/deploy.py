"""A deployment: find out all that can be known, then change what has to be changed, then prove it.

Nothing is changed until clusters, rights, secrets and charts are known to be there, and what is installed already
has been read. With nothing to change no Lease is taken and nothing at all is written.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from bevel_tui.engine import inventory, memory, owed
from bevel_tui.engine.between import closing
from bevel_tui.engine.bundles.inbox import Inbox
from bevel_tui.engine.bundles.telling import Rounds
from bevel_tui.engine.carry import carry_out
from bevel_tui.engine.connect import unusable
from bevel_tui.engine.context import Access, RunContext
from bevel_tui.engine.decide import decide, may_change
from bevel_tui.engine.destroy import Removal, found_releases, is_present
from bevel_tui.engine.executor import Hold, Result, Task, execute
from bevel_tui.engine.lease import sweep
from bevel_tui.engine.leases import leases
from bevel_tui.engine.leaving import judge
from bevel_tui.engine.observe import Observed, gather_all
from bevel_tui.engine.rehearse import render_each_chart
from bevel_tui.engine.removal import cluster_of
from bevel_tui.engine.rights import review
from bevel_tui.engine.rollback import roll_back
from bevel_tui.engine.rounds import CheckRounds
from bevel_tui.engine.runner import Run
from bevel_tui.engine.secrets import Secrets, environment
from bevel_tui.engine.settle import settle
from bevel_tui.engine.vanishing import namespaces_gone
from bevel_tui.engine.watcher import Watcher
from bevel_tui.engine.workdir import workdir
from bevel_tui.kube.client import ApiError
from bevel_tui.plan.sides import acting_in, awaited, run_needs
from bevel_tui.records.events import Notice
from bevel_tui.records.steps import CheckStep, HandoffStep, ReleaseStep, Step


async def deploy_body(run: Run) -> bool:
    """The body of a deployment; False when it was stopped before anything was changed. Raises BevelError."""
    with workdir() as work:
        watcher = Watcher()
        try:
            ctx = await run.cancel.unless_stopped(prepare(run, watcher, work))
            if ctx is None:
                return False
            going = ctx.going
            changing = (_changing(ctx) or set()) | {cluster_of(step) for step in going}
            stored = await _inventories(run, ctx, leaving=bool(going)) if changing or run.leaving.steps else {}
            touched = changing | set(stored)
            calm = [access for name, access in ctx.clusters.items() if name not in touched]
            await gather_all(_sweep(access, run.plan.network_name) for access in calm)
            if not touched:
                if ctx.owed:
                    ctx.emit(Notice(text=owed.AGAIN))
                await _execute(run, ctx)
                await _closed(run, ctx, ctx.owed)
                return True
            before = {name: await inventory.read(ctx.clusters[name].client, run.plan.network_name) for name in touched}
            async with leases(run, ctx.clusters, touched) as taken_over:
                if taken_over:
                    ctx.decisions = await decide(ctx, _all_observed(run))
                await gather_all(_write(ctx.clusters[name], documents) for name, documents in stored.items())
                marked = await _owe(run, ctx, touched)
                await _carry_out(run, ctx)
                await _closed(run, ctx, marked | ctx.owed)
                if run.control is not None and run.control.rollback:
                    await roll_back(run, ctx, before)
                    await owed.settle((ctx.clusters[name] for name in marked - ctx.owed), run.plan.network_name)
            return True
        finally:
            await watcher.close()


async def _owe(run: Run, ctx: RunContext, touched: set[str]) -> frozenset[str]:
    """Say in the clusters that are changed that a look from inside is to follow; in which. Raises BevelError."""
    marked = frozenset(touched) if ctx.closing else frozenset()
    for name in sorted(marked):
        try:
            await owed.mark([ctx.clusters[name]], run.plan.network_name)
        except ApiError as error:
            raise unusable(ctx.clusters[name].client, error) from None
    return marked


async def _closed(run: Run, ctx: RunContext, marked: frozenset[str]) -> None:
    """Nothing is owed any more once each cluster's look has ended, however it did."""
    ends = [run.results.get(step.id) for step in ctx.closing]
    if marked and ends and all(end is not None and end.outcome in {"ok", "unchanged", "failed"} for end in ends):
        await owed.settle((ctx.clusters[name] for name in sorted(marked)), run.plan.network_name)


async def _carry_out(run: Run, ctx: RunContext) -> None:
    """What must make room goes first, then the plan, then what is left over; each only if all before went well."""
    going = {step.id for step in ctx.going}
    if not going:
        await _execute(run, ctx)
        return
    found = await found_releases(run, run.leaving.steps)
    removal = Removal(run, ctx.driver, found, purge=True, kept=run.leaving.kept)
    needs = {step.id: tuple(need for need in step.needs if need in going) for step in run.leaving.steps}
    early = tuple(step for step in run.leaving.early if step.id in going)
    if early:
        await removal.carry_out(early, needs)
        if not _well(run):
            return
        ctx.decisions = await decide(ctx, _all_observed(run))
    await _execute(run, ctx)
    late = tuple(step for step in run.leaving.late if step.id in going)
    if not _well(run, checks=False):
        return
    gone = {step.id for step in early}
    await removal.carry_out(late, {name: tuple(n for n in wanted if n not in gone) for name, wanted in needs.items()})
    if _well(run, checks=False):
        await gather_all(_settled(run, access) for access in run.clusters.values())


def _well(run: Run, *, checks: bool = True) -> bool:
    """Whether everything so far went well; a check that failed is no reason to leave something behind."""
    return all(
        result.outcome in {"ok", "unchanged", "skipped"} or (not checks and isinstance(run.steps[name], CheckStep))
        for name, result in run.results.items()
    )


async def _settled(run: Run, access: Access) -> None:
    """The inventory without what has gone; none where the network has nothing any more."""
    name = run.plan.network_name
    try:
        if all(cluster_of(step) != access.name for step in run.plan.steps):
            await inventory.remove(access.client, name)
            await memory.forget(access.client, name)
            return
        await inventory.write(access.client, _inventory(run, access.name))
    except ApiError as error:
        raise unusable(access.client, error) from None


async def prepare(run: Run, watcher: Watcher, work: Path, *, rights: bool = True) -> RunContext:
    """Everything before the first change; `rights` asks what we may do as well, and whether the user has named what
    would be destroyed. Raises BevelError."""
    Secrets.resolve([step for step in run.plan.steps if step.managed])
    steps = run.plan.steps
    await run.open({cluster for step in steps if step.managed for cluster in acting_in(step)})
    await settle(run)
    found = await found_releases(run, run.leaving.steps)
    going = tuple([step for step in run.leaving.steps if await is_present(run, step, found, purge=True)])
    if rights:
        judge(run.consequences, going, run.options.allow_destructive)
    last = closing(run.chosen())
    for step in (*going, *last):
        run.steps[step.id] = step
    secrets = Secrets.resolve([step for step in run.plan.steps if step.managed])
    run.emit.hide(secrets.values())
    driver = await run.parts.driver(run.options, environment(run.plan.steps))
    run.helm = driver.name
    run.started((*run.chosen(), *going, *last))
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
        control=run.control,
        steps=run.steps,
        finished=run.finished,
        held=run.held,
        codes=run.codes,
        hosts=run.hosts,
        shared=run.shared,
        going=going,
        asked=CheckRounds(step.id for step in last),
        closing=last,
        inbox=Inbox((access.client for access in run.clusters.values()), run.plan.network_name),
        awaited=awaited(run.plan.steps),
        rounds=Rounds.of(run.network, run.plan.steps),
    )
    await _open_inbox(ctx)
    if rights:
        await namespaces_gone(ctx)
    ctx.decisions = await decide(ctx, _all_observed(run))
    if ctx.closing:
        ctx.owed = await owed.read(run.clusters, run.plan.network_name)
    _announce(ctx)
    if rights:
        await review(ctx, ctx.decisions)
        await render_each_chart(ctx)
    return ctx


def _all_observed(run: Run) -> dict[str, Observed]:
    """What is in every cluster, read from now on."""
    return {name: Observed(access.client) for name, access in run.clusters.items()}


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


def _inventory(run: Run, cluster: str, *, owed: bool = False) -> dict[str, Any]:
    from bevel_tui.network.save import dump

    return inventory.document(run.plan.network_name, dump(run.network), run.plan.id, cluster, owed=owed)


async def _inventories(run: Run, ctx: RunContext, *, leaving: bool) -> dict[str, list[dict[str, Any]]]:
    """The inventories, and what a network remembers, that have to be written, by cluster. Raises BevelError.

    With `leaving` they also hold the Network that still had what is going: a run that is cut off must find it again.
    """
    from bevel_tui.network.save import dump

    name = run.plan.network_name
    found: dict[str, list[dict[str, Any]]] = {}
    for cluster, access in ctx.clusters.items():
        wanted = _inventory(run, cluster, owed=bool(ctx.closing))
        if leaving and run.before is not None:
            wanted["data"][memory.LEAVING_KEY] = dump(run.before.applied)
        try:
            there = await inventory.read(access.client, name)
            known = await access.client.get(memory.ref(name)) if run.past is not None else None
        except ApiError as error:
            raise unusable(access.client, error) from None
        if there != wanted["data"]:
            found.setdefault(cluster, []).append(wanted)
        if run.past is not None:
            remembered = memory.document(run.past, name)
            if known is None or known.get("data") != remembered["data"]:
                found.setdefault(cluster, []).append(remembered)
    return found


async def _sweep(access: Access, network: str) -> None:
    """A run that died when all was done leaves its Lease; nobody else would take it away."""
    with contextlib.suppress(ApiError):
        await sweep(access.client, network)


async def _write(access: Access, documents: list[dict[str, Any]]) -> None:
    try:
        for document in documents:
            if inventory.NETWORK_KEY in document["data"]:
                await inventory.write(access.client, document)
            else:
                await memory.keep(access.client, document)
    except ApiError as error:
        raise unusable(access.client, error) from None


async def _execute(run: Run, ctx: RunContext) -> None:
    options = run.options
    run.needs = {**run_needs(run.plan.steps), **{step.id: step.needs for step in ctx.closing}}
    tasks = [_task(ctx, step, run.needs[step.id]) for step in run.chosen()]
    # what is wrong from here too is told from what is wrong from inside only when the checks that failed have run
    tasks += [Task(step.id, after=step.needs, budget=options.budget("check")) for step in ctx.closing]
    capacity = {"helm": options.helm_processes}
    capacity.update({f"helm/{name}": options.helm_per_cluster for name in ctx.clusters})

    async def perform(task: Task, hold: Hold) -> Result:
        return await carry_out(ctx, run.steps[task.id], hold, task.budget, again=run.attempts[task.id] > 1)

    await execute(
        tasks,
        perform,
        capacity=capacity,
        cancel=run.cancel,
        observe=run.observe(),
        control=run.control,
        attend=run.attended,
    )


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
