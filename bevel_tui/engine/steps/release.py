"""Installing one release and waiting until it is ready.

Helm only applies; what happens is seen in the cluster. While Helm runs its hooks the same eyes are open, so a hook
that cannot succeed ends the step early instead of at Helm's timeout.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bevel_tui.engine import immutable, objectvalues, sums
from bevel_tui.engine.addresses import in_plan
from bevel_tui.engine.cancel import GRACE
from bevel_tui.engine.clusterfacts import fill
from bevel_tui.engine.context import RunContext
from bevel_tui.engine.decide import Decision
from bevel_tui.engine.digest import release_digest
from bevel_tui.engine.executor import Hold, Result
from bevel_tui.engine.inherited import has_past
from bevel_tui.engine.labels import DIGEST, NETWORK
from bevel_tui.engine.manifests import installed_objects
from bevel_tui.engine.observe import release_records
from bevel_tui.engine.repair import TABLE, Record, Repair, hooks_of, situation, to_forget
from bevel_tui.engine.silence import heard
from bevel_tui.engine.vanishing import objects_gone
from bevel_tui.engine.waiting import Waiting, awaited
from bevel_tui.helm.driver import Operation, Outcome
from bevel_tui.helm.releases import objects as objects_in
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.events import LogLine, Notice, ReleaseApplied
from bevel_tui.records.findings import Finding
from bevel_tui.records.steps import ObjectRef, ReleaseStep

#: seconds kept back from the step's budget when Helm is told how long hooks may take
_MARGIN = 10.0
#: seconds that Helm is told besides when somebody may extend the budget: then the step's own deadline ends it
_EXTENDABLE = 86400.0


async def perform(ctx: RunContext, step: ReleaseStep, hold: Hold, budget: float | None) -> Result:
    """Do what was decided, then wait. Raises ApiError or BevelError."""
    began = asyncio.get_running_loop().time()
    decision = _with_files(ctx, step, ctx.decisions[step.id])
    if decision.action == "refuse":
        return _refused(ctx, step, decision)
    if decision.action == "none" and decision.ready:
        return Result("unchanged")
    waiting = Waiting.of(ctx, step)
    await waiting.follow()
    if decision.action != "none" and decision.repair is not None:
        left = None if budget is None else budget - (asyncio.get_running_loop().time() - began) - _MARGIN
        ctx.changed.add(step.id)
        await objects_gone(ctx, step, waiting, repaired=decision.action == "repair")
        if decision.action == "install":
            ctx.created.add(step.id)
            if await has_past(ctx.access(step).client, step):
                ctx.inherited.add(step.id)
        if ctx.control is not None and left is not None:
            left += _EXTENDABLE
        failed = await _apply(ctx, step, decision, decision.repair, waiting, left)
        if failed is not None:
            return failed
    hold.release()
    verdict = await waiting.until()
    if verdict.cause is not None:
        return _because(waiting.named(verdict.cause))
    if not verdict.ready:
        return Result("cancelled", "stopped while its objects became ready; Helm was done with it")
    return Result("unchanged" if decision.action == "none" else "ok")


def _with_files(ctx: RunContext, step: ReleaseStep, decision: Decision) -> Decision:
    """The decision again where followed files have changed in this run."""
    if decision.action != "none" or decision.digest is not None or decision.located is None:
        return decision
    digest = release_digest(step, decision.located.digest, _followed(ctx, step))
    found = situation(
        decision.records, digest=digest, network=ctx.shared.owner(step, ctx.plan.network_name), now=time.time()
    )
    repair = TABLE[found, hooks_of(step.expects)]
    action = "none" if repair.word == "unchanged" else repair.word
    return Decision(action, repair.cause, False, repair, decision.records, decision.located, digest)


def _followed(ctx: RunContext, step: ReleaseStep) -> dict[str, bytes]:
    """The handed-off files of a release that it is upgraded for when they change."""
    return {
        str(handoff.target_file): ctx.files[step.id, handoff.target_file]
        for handoff in ctx.handoffs_into(step.id)
        if handoff.policy == "follow"
        and handoff.target_file is not None
        and (step.id, handoff.target_file) in ctx.files
    }


async def _apply(
    ctx: RunContext,
    step: ReleaseStep,
    decision: Decision,
    repair: Repair,
    waiting: Waiting,
    left: float | None,
    *,
    again: bool = False,
) -> Result | None:
    """Helm's part; None when it went well. `again`: it did, but Helm's record does not say so."""
    if decision.located is None or repair.verb is None:
        return Result("failed", f"nothing can be done with release {step.release}: {repair.cause}")
    if repair.word in {"repair", "adopt"}:
        ctx.emit(
            Notice(
                level="warning" if repair.word == "adopt" else "info",
                cluster=step.cluster,
                step=step.id,
                text=f"Release {step.namespace}/{step.release} is taken over: {decision.cause}."
                if repair.word == "adopt"
                else f"Release {step.namespace}/{step.release} is repaired: {decision.cause}.",
            )
        )
    files = {path: content for (target, path), content in ctx.files.items() if target == step.id}
    digest = release_digest(step, decision.located.digest, _followed(ctx, step))
    access = ctx.access(step)
    known = await fill(step.values, access.client, in_plan(ctx, step.cluster))
    known = await objectvalues.fill(known, access.client)
    # A stand-in's manifests are made of the values, so it must know what the cluster told; secrets never go in.
    chart = await ctx.charts.prepare(replace(step, values=known), _folder(ctx, step), files)
    operation = Operation(
        verb=repair.verb,
        release=step.release,
        namespace=str(step.namespace),
        kubeconfig=access.kubeconfig,
        context=access.context,
        chart=chart,
        values=ctx.secrets.fill(known),
        labels={DIGEST: digest, NETWORK: ctx.shared.owner(step, ctx.plan.network_name)},
        hook_timeout=max(10, int(left)) if left is not None else 900,
    )
    if repair.verb == "upgrade" or repair.forget != "none" or repair.uninstall:
        await _clear_the_way(ctx, step, operation, decision.records, repair)
    waiting.remember()
    outcome, finding = await _watched(ctx, operation, waiting)
    for warning in outcome.warnings:
        ctx.emit(LogLine(step=step.id, cluster=step.cluster, source="helm", text=warning))
    if not outcome.ok:
        if finding is None:
            heard(outcome)
        return _failure(ctx, step, outcome, finding)
    if (left_pending := await _unrecorded(ctx, step, outcome.revision)) is not None:
        if again:
            return Result("failed", _UNRECORDED, "See that the cluster is reached and takes changes, then run again.")
        found = situation(left_pending, digest=digest, network=operation.labels[NETWORK], now=time.time())
        repair = TABLE[found, hooks_of(step.expects)]
        once_more = replace(decision, cause=_UNRECORDED, repair=repair, records=left_pending)
        return await _apply(ctx, step, once_more, repair, waiting, left, again=True)
    ctx.emit(
        ReleaseApplied(
            step=step.id,
            cluster=step.cluster,
            namespace=str(step.namespace),
            release=step.release,
            action="repair" if repair.word == "repair" else "adopt" if repair.word == "adopt" else repair.verb,
            chart=step.chart,
            chart_version=decision.located.version,
            chart_source=decision.located.source,
            chart_digest=decision.located.digest,
            stand_in=decision.located.stand_in,
            driver=ctx.driver.name,
            revision=outcome.revision,
        )
    )
    await _targets_from_release(ctx, step, waiting, outcome.revision)
    return None


async def _watched(ctx: RunContext, operation: Operation, waiting: Waiting) -> tuple[Outcome, Finding | None]:
    """Run Helm with open eyes: a terminal finding about its hooks, or the end of the run, ends it cleanly."""
    stop = asyncio.Event()
    done = asyncio.Event()
    helm = asyncio.create_task(ctx.driver.run(operation, cancel=stop), name=f"helm {operation.release}")
    helm.add_done_callback(lambda _: done.set())
    eyes = asyncio.create_task(waiting.until(done=done))
    finding: Finding | None = None
    try:
        await asyncio.wait({helm, eyes}, return_when=asyncio.FIRST_COMPLETED)
        if eyes.done() and not helm.done():
            finding = waiting.named(cause) if (cause := eyes.result().cause) is not None else None
            stop.set()
        outcome = await asyncio.shield(helm)
        if finding is None:
            verdict = await eyes
            if not outcome.ok and verdict.cause is not None:
                finding = waiting.named(verdict.cause)
        return outcome, finding
    except BaseException:
        # We are to leave, or the watches broke: Helm ends cleanly first, so that nothing is applied after us.
        stop.set()
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(GRACE * 0.8):
                await asyncio.shield(helm)
        raise
    finally:
        for task in (helm, eyes):
            if not task.done():
                task.cancel()
        await asyncio.gather(helm, eyes, return_exceptions=True)


async def _clear_the_way(
    ctx: RunContext, step: ReleaseStep, operation: Operation, records: tuple[Record, ...], repair: Repair
) -> None:
    """Everything that must be gone before Helm can work: dead records, a half-done removal, Jobs that cannot change."""
    client = ctx.access(step).client
    if repair.uninstall:
        removal = Operation(
            verb="uninstall",
            release=step.release,
            namespace=str(step.namespace),
            kubeconfig=operation.kubeconfig,
            context=operation.context,
            keep_hooks=False,
            hook_timeout=operation.hook_timeout,
        )
        heard(await ctx.driver.run(removal))
        return
    live = {
        kind: [obj for ref in _plain(step, kind) if (obj := await client.get(ref)) is not None]
        for kind in ("Job", "StatefulSet")
    }
    if records and (live["StatefulSet"] or not all(_failed(job) for job in live["Job"])):
        before = await installed_objects(client, str(step.namespace), _standing(records).secret)
        after = objects_in(await ctx.driver.render(operation))
    else:
        before, after = (), ()
    if repair.verb == "upgrade":
        names = [str(obj["metadata"]["name"]) for obj in live["StatefulSet"]]
        _refuse_fixed(step, operation.context, names, before, after)
    for name, why in immutable.in_the_way(live["Job"], immutable.jobs(before), immutable.jobs(after)).items():
        ctx.emit(Notice(cluster=step.cluster, step=step.id, text=f"Job {step.namespace}/{name} is made anew: {why}."))
        await client.delete(ObjectRef("batch/v1", "Job", name, step.namespace))
    await sums.release_rules(client, step)
    for record in to_forget(records, repair.forget):
        await client.delete(ObjectRef("v1", "Secret", record.secret, step.namespace))


async def _unrecorded(ctx: RunContext, step: ReleaseStep, revision: int | None) -> tuple[Record, ...] | None:
    """The records of a release whose operation went well and is pending all the same; None otherwise.

    Helm calls it a success when it cannot write the last change of its record, because the cluster was cut off just
    then [helm: pkg/action/install.go, "a tricky case"]. Then no Helm can work on the release, and the next run would
    take it for cut off.
    """
    client = ctx.access(step).client
    name = f"sh.helm.release.v1.{step.release}.v{revision or 1}"
    secret = await client.get(ObjectRef("v1", "Secret", name, step.namespace))
    status = str(((secret or {}).get("metadata", {}).get("labels") or {}).get("status") or "")
    if not status.startswith("pending-"):
        return None
    return (await release_records(client, str(step.namespace))).get(step.release)


def _plain(step: ReleaseStep, kind: str) -> list[ObjectRef]:
    """Ordinary objects of a kind, no hooks."""
    return [item.ref for item in step.expects if item.ref.kind == kind and not item.hook]


def _standing(records: tuple[Record, ...]) -> Record:
    """The revision whose objects stand in the cluster, as far as can be known: a failed one may have changed none."""
    for status in ("deployed", "superseded"):
        found = [record for record in records if record.status == status]
        if found:
            return found[-1]
    return records[-1]


def _refuse_fixed(
    step: ReleaseStep,
    context: str,
    names: list[str],
    before: Iterable[Mapping[str, Any]],
    after: Iterable[Mapping[str, Any]],
) -> None:
    """Raises BevelError(FIXED_FIELD): Helm would fail half-way, after it has changed other objects."""
    found = immutable.fixed(names, immutable.stateful_sets(before), immutable.stateful_sets(after))
    for name, what in found.items():
        raise BevelError(
            Code.FIXED_FIELD,
            f"StatefulSet {step.namespace}/{name} would change in what Kubernetes fixes when it is made: {what}.",
            remedy="Put it back in the preset (storage class and size above all). To change it all the same, keeping pods "
            f"and volumes as they are: kubectl --context {context} -n {step.namespace} delete statefulset {name} "
            "--cascade=orphan, then run again; volumes that exist keep their size and class.",
        )


def _failed(job: dict[str, Any]) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == "Failed" and c.get("status") == "True" for c in conditions)


async def _targets_from_release(ctx: RunContext, step: ReleaseStep, waiting: Waiting, revision: int | None) -> None:
    """Wait for what the chart really rendered: another version of it may hold other objects than the plan knows."""
    secret = f"sh.helm.release.v1.{step.release}.v{revision or 1}"
    objects = await installed_objects(ctx.access(step).client, str(step.namespace), secret)
    if not objects:
        return
    found = []
    for obj in objects:
        meta = obj.get("metadata") or {}
        if "helm.sh/hook" in (meta.get("annotations") or {}):
            continue
        planned = [ref for ref in waiting.targets if (ref.kind, ref.name) == (obj.get("kind"), meta.get("name"))]
        # The manifest does not say whether a kind has namespaces; the plan does, and our own kinds are known.
        wide = obj.get("kind") in {"CustomResourceDefinition", "StorageClass", "Namespace", "ClusterRole"}
        namespace = None if wide else meta.get("namespace") or step.namespace
        found.append(
            planned[0]
            if planned
            else ObjectRef(str(obj.get("apiVersion")), str(obj.get("kind")), str(meta.get("name")), namespace)
        )
    # Only this namespace is watched; what a chart puts elsewhere is applied, not waited for.
    waiting.targets = awaited(step, (ref for ref in found if ref.namespace in {None, step.namespace}))
    await waiting.follow()


def _folder(ctx: RunContext, step: ReleaseStep) -> Path:
    folder = ctx.work / step.id.replace("/", "_")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _because(finding: Finding) -> Result:
    return Result("failed", finding.cause, finding.remedy)


def _refused(ctx: RunContext, step: ReleaseStep, decision: Decision) -> Result:
    context = ctx.access(step).context
    return Result(
        "failed",
        f"Release {step.namespace}/{step.release} is left alone: {decision.cause}.",
        f"See what it is: helm --kube-context {context} -n {step.namespace} status {step.release}; "
        "a pending operation counts as dead after ten minutes.",
    )


def _failure(ctx: RunContext, step: ReleaseStep, outcome: Outcome, finding: Finding | None) -> Result:
    if outcome.reason in {"cancelled", "killed"} and finding is None and ctx.cancel.stopping.is_set():
        return Result("cancelled", "stopped while Helm was at work; the next start repairs the release")
    if finding is not None:
        return _because(finding)
    message = outcome.error or "Helm gave no reason"
    if outcome.reason == "render":
        ctx.codes.add(Code.CHART_RENDER)
        return Result(
            "failed", f"Chart {step.chart} cannot be rendered: {message}", _RENDER, code=str(Code.CHART_RENDER)
        )
    if outcome.reason == "pending":
        return Result("failed", message, "Another Helm operation holds the release: wait for it, then run again.")
    return Result("failed", f"Helm: {message}", None)


_UNRECORDED = "Helm was done with it, but could not write that down: the cluster was cut off just then"
_RENDER = "Check that --charts names Bevel v1.3.0; read Helm's message for the template that fails."
