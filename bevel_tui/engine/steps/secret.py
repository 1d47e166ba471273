"""Creating a Secret that charts need beforehand (facts 0.12). Written only when its content would differ."""

from __future__ import annotations

from bevel_tui.engine.context import RunContext
from bevel_tui.engine.executor import Result
from bevel_tui.engine.labels import is_ours, ours
from bevel_tui.kube.client import ApiError
from bevel_tui.records.events import Notice
from bevel_tui.records.steps import ObjectRef, SecretStep


async def perform(ctx: RunContext, step: SecretStep) -> Result:
    """Create or update the Secret; one that somebody else made is left as it is. Raises ApiError."""
    client = ctx.access(step).client
    data = ctx.secrets.data(step)
    found = await client.get(ObjectRef("v1", "Secret", step.name, step.namespace))
    if found is None:
        wanted = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": step.name, "namespace": step.namespace, "labels": ours(ctx.plan.network_name)},
            "type": step.secret_type,
            "data": data,
        }
        try:
            await client.create(wanted)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            return await perform(ctx, step)
        return Result("ok")
    if (found.get("data") or {}) == data:
        return Result("unchanged")
    if not is_ours(found):
        ctx.emit(
            Notice(
                level="warning",
                cluster=step.cluster,
                step=step.id,
                text=f"Secret {step.namespace}/{step.name} exists and is not ours: left as it is.",
            )
        )
        return Result("unchanged")
    found["data"] = data
    found["metadata"].pop("managedFields", None)
    await client.replace(found)
    return Result("ok")
