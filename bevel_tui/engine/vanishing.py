"""What is still being deleted when a run comes: it looks as if it were there, and everything in it or made of it goes.

Right after a removal namespaces end their pods, and gateways' Services wait for the provider to take their load balancer
away. What is applied to such an object vanishes with it, so it is waited for. Definitions need more than patience
(`definitions`).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bevel_tui.engine import definitions
from bevel_tui.engine.context import RunContext
from bevel_tui.engine.observe import Observed, gather_all, until_gone
from bevel_tui.engine.readiness import doomed, understood
from bevel_tui.engine.waiting import Waiting
from bevel_tui.kube.client import ApiError
from bevel_tui.records.events import Notice, StepWaiting
from bevel_tui.records.steps import NamespaceStep, ObjectRef, ReleaseStep

#: seconds that a namespace gets to be gone before a run looks at what is in it; its pods may take 30 to end
PATIENCE = 60.0
#: finalizers of Kubernetes' own controllers, which take themselves away (``foo.example.com/bar in 1 resource instances``)
_OWN = re.compile(r"^(?:kubernetes\.io/|[a-z]+\.kubernetes\.io/|foregroundDeletion|orphan)")


def held(namespace: Mapping[str, Any]) -> bool:
    """Whether a namespace that is being deleted waits for somebody who need not come: then nobody waits with it."""
    for condition in (namespace.get("status") or {}).get("conditions") or ():
        if condition.get("status") != "True":
            continue
        if condition.get("type") in {
            "NamespaceDeletionDiscoveryFailure",
            "NamespaceDeletionGroupVersionParsingFailure",
        }:
            return True
        if condition.get("type") == "NamespaceFinalizersRemaining":
            _, _, names = str(condition.get("message") or "").partition("finalizers remaining: ")
            if not all(_OWN.match(name.strip()) for name in names.split(",")):
                return True
    return False


async def namespaces_gone(ctx: RunContext) -> None:
    """Wait until the plan's namespaces that are being deleted are gone, those that can be expected to go soon: what is in
    them is no state to plan with. Raises BevelError."""
    await gather_all(
        _namespace_gone(ctx, step)
        for step in ctx.plan.steps
        if isinstance(step, NamespaceStep) and step.managed and step.cluster in ctx.clusters
    )


async def _namespace_gone(ctx: RunContext, step: NamespaceStep) -> None:
    client = ctx.access(step).client
    ref = ObjectRef("v1", "Namespace", str(step.namespace))
    found = await Observed(client).get(ref)
    if found is None or not doomed(found) or held(found):
        return
    text = f"Namespace {step.namespace} is still being deleted: the run begins when it is gone."
    ctx.emit(Notice(cluster=step.cluster, step=step.id, text=text))
    with contextlib.suppress(ApiError):  # who may not watch namespaces does not wait for them
        await ctx.cancel.unless_stopped(until_gone(client, ref, held), PATIENCE)


async def objects_gone(ctx: RunContext, step: ReleaseStep, waiting: Waiting, *, repaired: bool) -> None:
    """Wait until what is being deleted of a release's objects is gone. `repaired`: some may be of kinds that nobody watches.
    Raises ApiError."""
    client = ctx.access(step).client
    going = await definitions.going(client, step)
    known = [ref for ref in _plain(step) if ref.kind != "CustomResourceDefinition"]
    seen = [ref for ref in known if understood(ref.kind) and doomed(waiting.board.get(ref.kind, ref.name))]
    unseen = [ref for ref in known if repaired and not understood(ref.kind)]
    found = await gather_all(client.get(ref) for ref in unseen)
    others = (*seen, *(ref for ref, obj in zip(unseen, found, strict=True) if doomed(obj)))
    if not going and not others:
        return
    told = tuple(f"{ref.kind} {ref.name} to be gone" for ref in (*going, *others))
    ctx.emit(StepWaiting(step=step.id, cluster=step.cluster, waiting_for=told))
    await gather_all([definitions.gone(client, going), *(until_gone(client, ref) for ref in others)])


def _plain(step: ReleaseStep) -> Iterable[ObjectRef]:
    return (item.ref for item in step.expects if not item.hook)
