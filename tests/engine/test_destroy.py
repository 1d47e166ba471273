"""Taking a network down: the safe order, what stays, and doing it twice."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.destroy import DEFINITION_GONE, Removal, in_order, removal_needs, removal_order
from bevel_tui.helm.driver import Outcome
from bevel_tui.kube.client import ApiError
from bevel_tui.records.steps import Expected, NamespaceStep, ObjectRef, ReleaseStep

pytestmark = pytest.mark.looptime(start=0)


def verbs(world: Any, since: int) -> list[str]:
    return [name for verb, name in world.helm.verbs()[since:] if verb == "uninstall"]


async def test_releases_go_in_reverse_the_first_of_a_namespace_last_gateways_after_the_ledger(world: Any) -> None:
    await world.run()
    done = len(world.helm.operations)
    events = await world.run("destroy")
    assert events[0].command == "destroy"
    assert (events[-1].outcome, events[-1].exit_code) == ("ok", 0), events[-1].error
    gone = verbs(world, done)
    assert sorted(gone) == sorted(s.id for s in world.plan.steps if s.kind == "release")
    at = {name: index for index, name in enumerate(gone)}
    assert at["east/alpha/validator-1"] < at["east/alpha/genesis"]
    assert at["west/beta/member"] < at["west/beta/genesis"]
    assert at["east/alpha/genesis"] < at["east/gateway-ns/gateway"]


async def test_ledger_data_stays_and_hooks_that_delete_keys_do_not_run(world: Any) -> None:
    await world.run()
    east = world.clusters["east"]
    east.put(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data-validator-1-0", "namespace": "alpha"},
        }
    )
    await world.run("destroy")
    assert all(not o.keep_hooks for o in world.helm.operations if o.verb == "uninstall")
    there = {key[1:] for key in east.objects}
    assert ("PersistentVolumeClaim", "alpha", "data-validator-1-0") in there
    assert ("Secret", "alpha", "validator-keys") in there
    assert ("ConfigMap", "alpha", "besu-genesis") in there
    assert ("Namespace", None, "alpha") in there
    assert ("ConfigMap", "bevel-tui", "bevel-tui-supply") not in there
    assert ("Secret", "alpha", "roottoken") not in there
    assert ("Job", "alpha", "validator-1-hook") not in there
    assert not any(kind == "Lease" for kind, *_ in there)


async def test_purge_removes_data_and_the_namespaces_that_are_ours(world: Any) -> None:
    beta = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "beta"}}
    world.clusters["west"].put(beta)  # somebody else's
    await world.run()
    claims = ("data-validator-1-0", "data-other-0")
    for name in claims:
        world.clusters["east"].put(
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "alpha"}}
        )
    events = await world.run("destroy", purge_data=True)
    assert events[-1].exit_code == 0, events[-1].error
    assert all(o.keep_hooks for o in world.helm.operations if o.verb == "uninstall")
    east = {key[1:] for key in world.clusters["east"].objects}
    west = {key[1:] for key in world.clusters["west"].objects}
    assert ("Namespace", None, "alpha") not in east
    assert ("Namespace", None, "bevel-tui") not in east
    assert ("Namespace", None, "beta") in west


async def test_a_removal_hook_that_fails_does_not_stop_a_purge(world: Any) -> None:
    await world.run()
    run = world.helm.run

    async def broken(operation: Any, *, cancel: Any = None) -> Outcome:
        if operation.verb == "uninstall" and operation.keep_hooks and operation.release == "member":
            return Outcome(ok=False, error="hook timed out", reason="hook")
        return await run(operation, cancel=cancel)

    world.helm.run = broken
    events = await world.run("destroy", purge_data=True)
    assert events[-1].exit_code == 0
    assert any("removed without them" in e.text for e in events if e.type == "notice")


async def test_destroying_twice_or_nothing_writes_nothing(world: Any) -> None:
    await world.run("destroy")
    assert world.writes() == []
    await world.run()
    await world.run("destroy")
    writes, operations = len(world.writes()), len(world.helm.operations)
    events = await world.run("destroy")
    assert events[-1].exit_code == 0
    assert (len(world.writes()), len(world.helm.operations)) == (writes, operations)


async def test_what_fails_keeps_the_inventory_and_what_it_needs(world: Any) -> None:
    await world.run()
    world.helm.answers["member"] = Outcome(ok=False, error="forbidden", reason="api")
    done = len(world.helm.operations)
    events = await world.run("destroy")
    assert events[-1].exit_code == 1
    assert "west/beta/genesis" not in verbs(world, done)
    assert "east/alpha/validator-1" in verbs(world, done)
    assert ("v1", "ConfigMap", "bevel-tui", "bevel-tui-supply") in world.clusters["west"].objects
    world.helm.answers.clear()
    again = await world.run("destroy")
    assert again[-1].exit_code == 0


async def test_deploy_after_destroy_brings_it_back(world: Any) -> None:
    await world.run()
    await world.run("destroy")
    events = await world.run()
    assert events[-1].exit_code == 0


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_nothing_is_removed_before_what_depended_on_it(data: Any) -> None:
    count = data.draw(st.integers(1, 10))
    steps: list[Any] = []
    for index in range(count):
        cluster, namespace = data.draw(st.sampled_from("ab")), data.draw(st.sampled_from("xyz"))
        needs = data.draw(st.sets(st.sampled_from([s.id for s in steps]), max_size=3)) if steps else set()
        # As platforms promise: a namespace's first release comes before its others.
        first = next((s.id for s in steps if s.cluster == cluster and s.namespace == namespace), None)
        steps.append(
            ReleaseStep(
                id=f"r{index}",
                cluster=cluster,
                namespace=namespace,
                release=f"r{index}",
                chart="c",
                chart_version="1",
                origin=data.draw(st.sampled_from(["ledger", "ledger", "gateways", "own"])),
                needs=tuple(sorted(needs | ({first} if first else set()))),
            )
        )
    steps.append(NamespaceStep(id="ns", cluster="a", namespace="x"))
    before = removal_needs(steps)
    order = {step.id: index for index, step in enumerate(in_order(removal_order(steps), before))}
    assert set(order) == {step.id for step in steps}
    for step in steps:
        for need in step.needs:
            if next(s for s in steps if s.id == need).cluster == step.cluster:
                assert step.id in before[need]
                assert order[step.id] < order[need]
    assert set(before["ns"]) == {s.id for s in steps if s.cluster == "a" and s.namespace == "x" and s.id != "ns"}


class _Definitions:
    """An API server that has forgotten that it was about to delete a definition. It looks again when that changes, and
    deletes it `ready` seconds after the start or never."""

    def __init__(self, ready: float | None) -> None:
        self.ready = ready
        self.there = True
        self.gone = asyncio.Event()
        self.reminded = 0

    async def get(self, ref: Any) -> dict[str, Any] | None:
        held = {"name": ref.name, "deletionTimestamp": "now", "annotations": {"a": "b"}}
        return {"kind": ref.kind, "metadata": held} if self.there else None

    async def replace(self, obj: Any) -> dict[str, Any]:
        assert obj["metadata"]["annotations"].keys() == {"a", "bevel-tui.dev/reminded"}
        self.reminded += 1
        if self.reminded == 1:
            raise ApiError(409, "Conflict", "the object has been modified")
        if self.ready is not None and asyncio.get_running_loop().time() >= self.ready:
            self.there = False
            self.gone.set()
        return dict(obj)

    async def watch(self, api_version: str, kind: str, namespace: str | None, **_: Any) -> Any:
        yield "SYNCED", {}
        await self.gone.wait()
        yield "DELETED", {"metadata": {"name": "mappings.getambassador.io"}}


@pytest.mark.parametrize(("ready", "outcome"), [(30.0, None), (None, "failed")])
async def test_definitions_are_waited_for_until_they_are_gone(ready: float | None, outcome: str | None) -> None:
    ref = ObjectRef("apiextensions.k8s.io/v1", "CustomResourceDefinition", "mappings.getambassador.io")
    step = ReleaseStep(
        id="east/crds", cluster="east", release="crds", chart="crds", chart_version="1", expects=(Expected(ref),)
    )
    emitted: list[Any] = []
    removal = object.__new__(Removal)
    removal.run = SimpleNamespace(emit=emitted.append)  # type: ignore[assignment]
    removal.cancel = Cancellation()
    began = asyncio.get_running_loop().time()
    result = await removal._definitions_gone(step, SimpleNamespace(client=_Definitions(ready)))  # type: ignore[arg-type]
    assert asyncio.get_running_loop().time() - began == (30.0 if outcome is None else DEFINITION_GONE)
    assert (result.outcome if result is not None else None) == outcome
    assert emitted[0].waiting_for == ("CustomResourceDefinition mappings.getambassador.io to be gone",)
    if result is not None:
        assert "CustomResourceDefinition mappings.getambassador.io" in str(result.reason)
