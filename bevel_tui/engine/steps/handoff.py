"""Carrying public material from one release to another, across clusters. What is private stays where it is."""

from __future__ import annotations

import re
from typing import Any

from bevel_tui.engine.bundles.inbox import until
from bevel_tui.engine.context import Access, RunContext
from bevel_tui.engine.executor import Result
from bevel_tui.engine.labels import ours
from bevel_tui.engine.material import Material, extract, recoded
from bevel_tui.kube.client import ApiError
from bevel_tui.plan.sides import senders
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.events import HandoffMoved
from bevel_tui.records.steps import ContainerLog, HandoffStep, ObjectRef, ReleaseStep

#: how far back a log is read for a word that is handed on
_LOG_LINES = 500


async def perform(ctx: RunContext, step: HandoffStep) -> Result:
    """Hand over. Raises ApiError, or BevelError(STEP_FAILED) when the source is missing or looks private."""
    if step.target_step is not None and _settled(ctx, step):
        return Result("unchanged")
    if step.target_object is not None and not _changed_source(ctx, step):
        decision = ctx.decisions.get(step.id)
        if decision is not None and decision.action == "none":
            return Result("unchanged")
    if step.crossing == "export":
        # Its other end is not ours: from now on `handoff export` finds it.
        return Result("unchanged", f"ready for {', '.join(step.receivers)}: bevel-tui handoff export")
    found = await _material(ctx, step)
    if found is None:
        return Result("cancelled", f"stopped while waiting for the bundle of {' or '.join(senders(ctx.network, step))}")
    material, where = found
    if step.target_step is not None and step.target_file is not None:
        ctx.files[step.target_step, step.target_file] = material.content
        _tell(ctx, step, material, f"{step.target_step}:{step.target_file}", where)
        return Result("ok")
    if step.target_object is not None:
        written = await _apply(ctx, step, step.target_object, material)
        if written:
            ctx.changed.add(step.id)
            if step.id in ctx.decisions and ctx.decisions[step.id].action == "create":
                ctx.created.add(step.id)
            target = step.target_object
            _tell(ctx, step, material, f"{step.target_cluster}/{target.namespace}/{target.kind} {target.name}", where)
        return Result("ok" if written else "unchanged")
    return Result("failed", f"{step.id} names no target")


def _settled(ctx: RunContext, step: HandoffStep) -> bool:
    """Whether the target release needs nothing from us: it is as planned, and its source did not change."""
    decision = ctx.decisions.get(str(step.target_step))
    if decision is None or decision.action != "none":
        return False
    return step.policy == "frozen" or not _changed_source(ctx, step)


def _changed_source(ctx: RunContext, step: HandoffStep) -> bool:
    source = ctx.producer(step.source, step.cluster)
    return source is not None and source.id in ctx.changed


async def _material(ctx: RunContext, step: HandoffStep) -> tuple[Material, str] | None:
    """What is handed over, and where it is from; None when the run is to stop before somebody else's bundle comes."""
    private = ctx.private_keys(step.source, step.cluster)
    if step.policy == "frozen" and step.target_step is not None:
        own = await _own_copy(ctx, step)
        if own is not None:
            return extract(step, own, private), "the copy that is already there"
    if step.crossing == "import":
        return await _imported(ctx, step, private)
    if step.log is not None:
        return await _from_log(ctx, step, step.log)
    source = await ctx.access(step).client.get(step.source)
    where = f"{step.cluster}/{step.source.namespace}/{step.source.kind} {step.source.name}"
    if source is None:
        raise BevelError(
            Code.STEP_FAILED,
            f"{step.source.kind} {step.source.namespace}/{step.source.name} does not exist in cluster {step.cluster}, "
            f"though the release that makes it is ready.",
            remedy=f"Look at the Job that makes it: kubectl --context {ctx.access(step).context} "
            f"-n {step.source.namespace} get jobs,pods",
        )
    return extract(step, source, private), where


async def _imported(ctx: RunContext, step: HandoffStep, private: tuple[str, ...]) -> tuple[Material, str] | None:
    """From a bundle that its owner exported; waits for one."""
    if not await until(ctx, step, lambda received: received.source(step) is not None):
        return None
    received = ctx.inbox.received
    source = received.source(step) or {}
    return extract(
        step, source, private
    ), f"bundle of {' or '.join(senders(ctx.network, step))}, made {received.when(step.id)}"


async def source_object(access: Access, step: HandoffStep) -> dict[str, Any] | None:
    """The object that a handoff takes from, as it is now; None when it, or the word in a log, is not there. Raises ApiError."""
    if step.log is None:
        return await access.client.get(step.source)
    lines = await access.client.logs(str(step.source.namespace), step.source.name, step.log.container, tail=_LOG_LINES)
    found = _word(lines, step.log)
    return None if found is None else {"apiVersion": "v1", "kind": "Pod", "data": {str(step.key): found}}


def _word(lines: tuple[str, ...], log: ContainerLog) -> str | None:
    return next((match[1] for line in reversed(lines) if (match := re.fullmatch(log.pattern, line.strip()))), None)


async def _from_log(ctx: RunContext, step: HandoffStep, log: ContainerLog) -> tuple[Material, str]:
    """The word that a container wrote into its log. It passes the same second look as everything that is handed on."""
    access, namespace, pod = ctx.access(step), str(step.source.namespace), step.source.name
    lines = await access.client.logs(namespace, pod, log.container, tail=_LOG_LINES)
    found = _word(lines, log)
    if found is None:
        raise BevelError(
            Code.STEP_FAILED,
            f"Container {log.container} of pod {namespace}/{pod} has not written what {step.id} hands over"
            + ("." if lines else ": its log is empty or gone."),
            remedy=f"Look at what it says: kubectl --context {access.context} -n {namespace} logs {pod} "
            f"-c {log.container}. Deleting the pod makes it write again.",
        )
    source = {"apiVersion": "v1", "kind": "Pod", "data": {str(step.key): found}}
    return extract(step, source), f"log of {step.cluster}/{namespace}/{pod}"


async def _own_copy(ctx: RunContext, step: HandoffStep) -> dict[str, Any] | None:
    """For an upgrade of a release with frozen files: the object that came of the file in the target's namespace.

    Hooks have added to it since; handing the founder's version in again would undo that (facts A2.1).
    """
    target = ctx.steps.get(str(step.target_step))
    decision = ctx.decisions.get(str(step.target_step))
    if not isinstance(target, ReleaseStep) or decision is None or not decision.records:
        return None
    if (target.cluster, target.namespace) == (step.cluster, step.source.namespace):
        return None
    ref = ObjectRef(step.source.api_version, step.source.kind, step.source.name, target.namespace)
    if all(item.ref != ref for item in target.expects):
        return None
    found = await ctx.access(target).client.get(ref)
    return found if found is not None and step.key in (found.get("data") or {}) else None


async def _apply(ctx: RunContext, step: HandoffStep, target: ObjectRef, material: Material) -> bool:
    client = ctx.clusters[step.target_cluster].client
    data = recoded(material.data, step.source.kind, target.kind)
    found = await client.get(target)
    if found is None:
        try:
            await client.create(
                {
                    "apiVersion": target.api_version,
                    "kind": target.kind,
                    "metadata": {
                        "name": target.name,
                        "namespace": target.namespace,
                        "labels": ours(ctx.plan.network_name),
                    },
                    "data": data,
                }
            )
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            return await _apply(ctx, step, target, material)
        return True
    if step.policy == "frozen" or (found.get("data") or {}) == data:
        return False
    found["data"] = data
    found["metadata"].pop("managedFields", None)
    await client.replace(found)
    return True


def _tell(ctx: RunContext, step: HandoffStep, material: Material, target: str, where: str) -> None:
    ctx.emit(
        HandoffMoved(
            step=step.id,
            cluster=step.cluster,
            source=where,
            target=target,
            bytes=len(material.content),
            stripped=material.stripped,
        )
    )
