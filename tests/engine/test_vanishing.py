"""A run that finds what is still being deleted: it is no state to plan with, and nothing is applied to what vanishes."""

from __future__ import annotations

import asyncio
from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest

from bevel_tui.engine import vanishing
from bevel_tui.records.steps import Expected, ObjectRef
from tests.engine.conftest import _object

pytestmark = pytest.mark.looptime(start=0)
STEP = "east/alpha/validator-1"
NOW = "2026-01-01T00:00:00Z"
ALPHA = ("v1", "Namespace", None, "alpha")


def doom(cluster: Any, key: tuple[str, str, str | None, str], **more: Any) -> None:
    """Somebody has deleted it, and something still holds it."""
    obj = cluster.objects[key]
    cluster.put({**obj, **more, "metadata": {**obj["metadata"], "deletionTimestamp": NOW}})


@pytest.mark.parametrize("kind", [("apps/v1", "StatefulSet"), ("v1", "ServiceAccount")])
async def test_an_object_that_is_being_deleted_is_waited_for_and_made_anew(world: Any, kind: tuple[str, str]) -> None:
    step = world.release("east", "alpha", "validator-1")
    account = ObjectRef("v1", "ServiceAccount", "validator-1", "alpha")
    world.plan = world.plan.changed(step.id, expects=(*step.expects, Expected(account)))
    assert (await world.run())[-1].exit_code == 0
    east, key = world.clusters["east"], (*kind, "alpha", "validator-1")
    doom(east, key)
    asyncio.get_running_loop().call_later(20, lambda: east.remove(*key))
    events = await world.run()
    assert events[-1].exit_code == 0, events[-1].error
    waits = [e.waiting_for for e in events if e.type == "step-waiting" and e.step == STEP]
    assert waits[0] == (f"{kind[1]} validator-1 to be gone",)
    assert world.helm.verbs().count(("upgrade", STEP)) == 1
    assert "deletionTimestamp" not in east.objects[key]["metadata"]
    quiet = len(world.writes())
    assert (await world.run())[-1].exit_code == 0
    assert len(world.writes()) == quiet


async def test_what_is_in_a_namespace_that_goes_is_not_taken_for_installed(world: Any) -> None:
    assert (await world.run())[-1].exit_code == 0
    before = world.helm.verbs()
    east = world.clusters["east"]
    doom(east, ALPHA, status={"phase": "Terminating"})

    def end() -> None:
        for key in [key for key in east.objects if key[2] == "alpha"]:
            east.remove(*key)
        east.remove(*ALPHA)

    asyncio.get_running_loop().call_later(20, end)
    events = await world.run()
    assert events[-1].exit_code == 0, events[-1].error
    assert any("alpha is still being deleted" in e.text for e in events if e.type == "notice")
    here = [
        [entry for entry in verbs if "east/alpha/" in entry[1]] for verbs in (before, world.helm.verbs()[len(before) :])
    ]
    assert sorted(here[0]) == sorted(here[1])


async def test_a_namespace_that_somebody_holds_is_not_waited_for(world: Any) -> None:
    east = world.clusters["east"]
    east.put(_object(ObjectRef(*ALPHA[:2], "alpha")))
    words = "Some content in the namespace has finalizers remaining: example.test/never in 1 resource instances"
    condition = {"type": "NamespaceFinalizersRemaining", "status": "True", "message": words}
    doom(east, ALPHA, status={"phase": "Terminating", "conditions": [condition]})
    events = await world.run()
    assert events[-1].exit_code == 1
    assert "Namespace alpha is being deleted" in events[-1].error
    ended = {e.step: e for e in events if e.type == "step-finished"}
    assert "example.test/never" in ended["east/alpha"].reason
    assert not any("still being deleted" in e.text for e in events if e.type == "notice")


@pytest.mark.parametrize(
    ("names", "held"),
    [
        ("kubernetes.io/pvc-protection in 2 resource instances", False),
        ("service.kubernetes.io/load-balancer-cleanup in 1 resource instances, foregroundDeletion in 3 resource instances", False),
        ("kubernetes.io/pvc-protection in 2 resource instances, example.test/x in 1 resource instances", True),
    ],
)  # fmt: skip
def test_finalizers_of_kubernetes_itself_go_by_themselves(names: str, held: bool) -> None:
    words = f"Some content in the namespace has finalizers remaining: {names}"
    condition = {"type": "NamespaceFinalizersRemaining", "status": "True", "message": words}
    assert vanishing.held({"status": {"conditions": [condition]}}) is held
