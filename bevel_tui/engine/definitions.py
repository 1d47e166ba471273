"""CustomResourceDefinitions that are being deleted: they go only when the API server has cleared their objects away.

The API server can forget that it was about to. Where its storage for a kind is not up yet ("storage is
(re)initializing", usual on a busy machine for kinds that nobody has used), the first try fails; the second reads a copy
from before that failure was noted, meets a conflict and counts on being called again, which a change of the condition
alone does not bring about. Then nothing happens until it looks at all definitions anew, every five minutes
[kubernetes: apiextensions-apiserver/pkg/controller/finalizer/crd_finalizer.go, seen with 1.34]. Any other change makes
it look at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from bevel_tui.engine.labels import REMINDED
from bevel_tui.engine.observe import gather_all, until_gone
from bevel_tui.engine.ports import Cluster
from bevel_tui.engine.readiness import doomed
from bevel_tui.kube.client import ApiError
from bevel_tui.records.steps import ObjectRef, ReleaseStep

#: seconds that an API server gets before it is reminded, and between two reminders
PATIENCE = 5.0


async def going(client: Cluster, step: ReleaseStep) -> tuple[ObjectRef, ...]:
    """The definitions of a release that are being deleted. Raises ApiError."""
    refs = [item.ref for item in step.expects if item.ref.kind == "CustomResourceDefinition"]
    found = await gather_all(client.get(ref) for ref in refs)
    return tuple(ref for ref, obj in zip(refs, found, strict=True) if doomed(obj))


async def gone(client: Cluster, refs: Iterable[ObjectRef]) -> Literal[True]:
    """Return when definitions that are being deleted are gone; the API server is reminded of them. Raises ApiError."""
    await gather_all(_one_gone(client, ref) for ref in refs)
    return True


async def _one_gone(client: Cluster, ref: ObjectRef) -> None:
    reminding = asyncio.create_task(_remind(client, ref), name=f"remind {ref.name}")
    try:
        await until_gone(client, ref)
    finally:
        reminding.cancel()
        await asyncio.gather(reminding, return_exceptions=True)


async def _remind(client: Cluster, ref: ObjectRef) -> None:
    """Change an annotation from time to time. Who may not, or comes too late, waits all the same."""
    while True:
        await asyncio.sleep(PATIENCE)
        with contextlib.suppress(ApiError):
            found = await client.get(ref)
            if found is None or not found["metadata"].get("deletionTimestamp"):
                return
            annotations = {**(found["metadata"].get("annotations") or {}), REMINDED: datetime.now(UTC).isoformat()}
            await client.replace({**found, "metadata": {**found["metadata"], "annotations": annotations}})
