"""Creating a namespace. One that is there already is used as it is and never deleted by us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bevel_tui.engine.context import RunContext
from bevel_tui.engine.executor import Result
from bevel_tui.engine.labels import ours
from bevel_tui.kube.client import ApiError
from bevel_tui.records.steps import NamespaceStep, ObjectRef


async def perform(ctx: RunContext, step: NamespaceStep) -> Result:
    """Create the namespace unless it exists. Raises ApiError."""
    client = ctx.access(step).client
    name = str(step.namespace)
    found = await client.get(ObjectRef("v1", "Namespace", name))
    if found is None:
        labels = {**dict(step.labels), **ours(ctx.plan.network_name)}
        try:
            await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            return Result("unchanged")
        return Result("ok")
    if (found.get("status") or {}).get("phase") == "Terminating":
        return Result(
            "failed",
            f"Namespace {name} is being deleted{_held(found)}.",
            f"Wait until it is gone; if it stays, see what holds it: kubectl --context {ctx.access(step).context} "
            f"get namespace {name} -o yaml",
        )
    return Result("unchanged")


def _held(namespace: Mapping[str, Any]) -> str:
    """What it waits for, in the words of its controller (conditions of NamespaceStatus)."""
    conditions = (namespace.get("status") or {}).get("conditions") or ()
    said = [str(c.get("message")).rstrip(".") for c in conditions if c.get("status") == "True" and c.get("message")]
    return f": {'; '.join(said)}" if said else ""
