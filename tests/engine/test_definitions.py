"""A deployment that finds definitions of an earlier life half deleted: nothing is applied to what vanishes."""

from __future__ import annotations

import asyncio
from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest

from bevel_tui.records.steps import Expected, ObjectRef

MAPPINGS = ObjectRef("apiextensions.k8s.io/v1", "CustomResourceDefinition", "mappings.getambassador.io")


@pytest.mark.looptime(start=0)
async def test_a_release_waits_until_definitions_that_are_being_deleted_are_gone(world: Any) -> None:
    step = world.release("east", "alpha", "validator-1")
    world.plan = world.plan.changed(step.id, expects=(*step.expects, Expected(MAPPINGS)))
    east = world.clusters["east"]
    dying = {"name": MAPPINGS.name, "deletionTimestamp": "2026-01-01T00:00:00Z"}
    east.put({"apiVersion": MAPPINGS.api_version, "kind": MAPPINGS.kind, "metadata": dying})
    loop = asyncio.get_running_loop()
    key = (MAPPINGS.api_version, MAPPINGS.kind, None, MAPPINGS.name)

    async def server() -> None:
        """Deletes it when it is reminded, and takes the one that comes after."""
        while "annotations" not in east.objects[key]["metadata"]:
            await asyncio.sleep(0.1)
        east.remove(*key)
        server.went = loop.time()  # type: ignore[attr-defined]
        while key not in east.objects:
            await asyncio.sleep(0.1)
        east.status(MAPPINGS.kind, None, MAPPINGS.name, conditions=[{"type": "Established", "status": "True"}])

    served = asyncio.create_task(server())
    events = await world.run()
    await served
    assert events[-1].exit_code == 0, events[-1].error
    waits = [e.waiting_for for e in events if e.type == "step-waiting" and e.step == step.id]
    assert waits[0] == ("CustomResourceDefinition mappings.getambassador.io to be gone",)
    (began,) = [start for name, start, _ in world.helm.spans if name == "east/alpha/validator-1"]
    assert began >= server.went  # type: ignore[attr-defined]
