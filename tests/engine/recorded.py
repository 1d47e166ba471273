"""A shipped preset in memory: its own plan, clusters that make what the plan says, and states that can be taken again.

`Recording` runs one deployment in virtual time and keeps, for every event, what stood in the clusters at that moment:
that is what a killed process leaves behind. A `revived` world starts from there.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import looptime
import pytest

from bevel_tui.engine.clusterfacts import DEFAULT_CLASS
from bevel_tui.engine.emitter import Emitter
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.run import deploy
from bevel_tui.network.model import Network
from bevel_tui.plan.build import build
from bevel_tui.records.events import AnyEvent, StepFinished
from bevel_tui.records.steps import HandoffStep, ObjectRef, ObjectValue, ReleaseStep, SecretValue
from tests.engine.conftest import (
    MemoryCharts,
    MemoryCluster,
    MemoryPlan,
    MemoryReach,
    RecordingHelm,
    World,
    _object,
    copied,
)

#: what a node's identity looks like; the engine hands on nothing else where one is wanted
NODE_ID = "12D3KooW" + "E" * 44
IDENTITY = {"data": {"node_id": NODE_ID, "aura_addr": "5A", "grandpa_addr": "5G", "account_addr": "5C"}}
WORKLOADS = {"Job", "StatefulSet", "Deployment", "DaemonSet"}
LEASE = "coordination.k8s.io/v1", "Lease", "bevel-tui"


def _values(tree: Any, kind: type) -> list[Any]:
    if isinstance(tree, kind):
        return [tree]
    children = tree.values() if isinstance(tree, Mapping) else tree if isinstance(tree, list | tuple) else ()
    return [found for child in children for found in _values(child, kind)]


def references(network: Network) -> set[str]:
    """The environment variables that a plan's secrets are read from."""
    return {
        value.env
        for step in build(network).steps
        for value in (
            *_values(getattr(step, "values", {}), SecretValue),
            *_values(getattr(step, "data", ()), SecretValue),
            *_values(getattr(step, "password", ()), SecretValue),
        )
        if value.env
    }


def planned(network: Network) -> MemoryPlan:
    """The plan of a network that is nowhere yet."""
    built = build(network)
    return MemoryPlan(built.steps, built.network_name, built.id)


class PresetCluster(MemoryCluster):
    """Its controllers know more kinds, and its workloads write what their release is planned to produce."""

    def __init__(self, context: str) -> None:
        super().__init__(context)
        self.server = f"https://{context}.invalid"
        self.made: dict[tuple[str, str | None, str], tuple[dict[str, Any], ...]] = {}

    async def _work(self, key: tuple[str, str, str | None, str]) -> None:
        await super()._work(key)
        _, kind, namespace, name = key
        if key not in self.objects:
            return
        if kind == "Deployment":
            self.status(kind, namespace, name, replicas=1, updatedReplicas=1, availableReplicas=1, observedGeneration=1)
        elif kind == "DaemonSet":
            counts = ("desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady")
            self.status(kind, namespace, name, observedGeneration=1, **dict.fromkeys(counts, 1))
        elif kind == "PersistentVolumeClaim":
            self.status(kind, namespace, name, phase="Bound")
        for obj in self.made.get((kind, namespace, name), ()):
            if self._key(obj) not in self.objects:
                self.put(obj)

    def work_on(self) -> None:
        """Everything whose controller or pod had not come to an end yet goes on."""
        for key, obj in list(self.objects.items()):
            if not obj.get("status") and not key[3].startswith("sh.helm"):
                self._begin(key)


#: what stands in every cluster: (cluster's context -> its objects), and how often anything changed in them
State = tuple[dict[str, dict[Any, dict[str, Any]]], tuple[int, ...]]


class PresetWorld(World):
    """`World` for the plan of a whole preset, as it is in the beginning or as a `State` says."""

    def __init__(self, network: Network, plan: MemoryPlan | None = None, state: State | None = None) -> None:
        self.state = state
        super().__init__(plan or planned(network), network=network)

    def __post_init__(self) -> None:
        self.helm = RecordingHelm(self)
        self.charts = MemoryCharts()
        self.reach = MemoryReach()
        self.names = {cluster.context: cluster.name for cluster in self.network.clusters}
        for context in self.names:
            cluster = self.clusters[context] = PresetCluster(context)
            if self.state is None:
                self._furnish(cluster)
            else:
                cluster.objects = copied(self.state[0][context])
                versions = [int(obj["metadata"]["resourceVersion"]) for obj in cluster.objects.values()]
                cluster.version = max(versions, default=0)
        self._say_what_is_made()

    def release(self, cluster: str, namespace: str, name: str) -> ReleaseStep:
        where = self.names[cluster], namespace, name
        return next(
            step
            for step in self.plan.steps
            if isinstance(step, ReleaseStep) and (step.cluster, step.namespace, step.release) == where
        )

    def resume(self) -> None:
        """Controllers and pods go on with what they had not finished."""
        for cluster in self.clusters.values():
            assert isinstance(cluster, PresetCluster)
            cluster.work_on()

    def kept(self) -> State:
        """What stands in the clusters now."""
        return (
            {context: copied(cluster.objects) for context, cluster in self.clusters.items()},
            self.moved(),
        )

    def moved(self) -> tuple[int, ...]:
        """Different whenever anything in the clusters is."""
        return tuple(cluster.version for cluster in self.clusters.values())

    @staticmethod
    def _furnish(cluster: MemoryCluster) -> None:
        """What is in every cluster before anybody comes: a node and a way to store."""
        node = _object(ObjectRef("v1", "Node", "node-1"))
        node["status"] = {"addresses": [{"type": "InternalIP", "address": "192.0.2.10"}]}
        cluster.put(node)
        storage = _object(ObjectRef("storage.k8s.io/v1", "StorageClass", "standard"), provisioner="example.com/disk")
        storage["metadata"]["annotations"] = {DEFAULT_CLASS: "true"}
        cluster.put(storage)

    def _say_what_is_made(self) -> None:
        """Every workload of a release writes what the release is planned to produce, once."""
        contents = self._contents()
        contexts = {name: context for context, name in self.names.items()}
        for step in self.plan.steps:
            if isinstance(step, ReleaseStep):
                cluster = self.clusters[contexts[step.cluster]]
                assert isinstance(cluster, PresetCluster)
                made = tuple(
                    _object(
                        item.ref,
                        data=self._data(item.ref, contents[step.cluster, item.ref], (*item.keys, *item.awaited)),
                    )
                    for item in step.produces
                )
                for item in step.expects:
                    if item.ref.kind in WORKLOADS and "delete" not in (item.hook or ""):
                        cluster.made[item.ref.kind, item.ref.namespace, item.ref.name] = made
            elif isinstance(step, HandoffStep) and step.log is not None:
                cluster = self.clusters[contexts[step.cluster]]
                where = f"{step.source.namespace}/{step.source.name}/{step.log.container}"
                cluster.log[where] = (f"{step.key}: {NODE_ID}",)

    def _contents(self) -> dict[tuple[str, ObjectRef], dict[str, str]]:
        """What later steps read of the objects that earlier ones make: (cluster, object) -> key -> content."""
        found: dict[tuple[str, ObjectRef], dict[str, str]] = defaultdict(dict)
        for step in self.plan.steps:
            if isinstance(step, HandoffStep):
                there = found[step.cluster, step.source]
                for key in (step.key,) if step.key is not None else step.keep:
                    if step.member is not None:
                        there[key] = json.dumps({**json.loads(there.get(key, "{}")), step.member: f"public {step.id}"})
                    else:
                        there[key] = json.dumps(IDENTITY) if step.keep_fields else f"public {key} of {step.source.name}"
            elif isinstance(step, ReleaseStep):
                for wanted in _values(step.values, ObjectValue):
                    found[step.cluster, wanted.ref][wanted.key] = json.dumps(IDENTITY) if wanted.field else NODE_ID
        return found

    @staticmethod
    def _data(ref: ObjectRef, contents: Mapping[str, str], keys: tuple[str, ...]) -> dict[str, str]:
        texts = {**{key: f"{key} of {ref.name}" for key in keys}, **contents} or {"content": "public"}
        if ref.kind != "Secret":
            return texts
        return {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}


T = TypeVar("T")


def virtual(work: Coroutine[Any, Any, T]) -> T:
    """Carry it out in an event loop whose time passes at once; what it leaves behind is ended.

    Nothing is done in threads: virtual time would run ahead of them.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "to_thread", _here)
        return _virtual(work)


async def _here(function: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    return function(*arguments, **more)


def _virtual(work: Coroutine[Any, Any, T]) -> T:
    loop = looptime.new_event_loop(start=0, noop_cycles=1)  # nothing comes from outside: no cycles to wait for it
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(_end_all())
        loop.close()


async def _end_all() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


@dataclass
class Moment:
    """What a process leaves behind that is killed while the clusters are in one state."""

    state: State
    #: the events after which the clusters were like that, by their place in the run
    events: list[int] = field(default_factory=list)
    #: steps that were done by then
    done: frozenset[str] = frozenset()


@dataclass
class Recording:
    """One deployment that nobody disturbed."""

    moments: list[Moment] = field(default_factory=list)
    events: list[AnyEvent] = field(default_factory=list)

    @classmethod
    def of(cls, world: PresetWorld) -> Recording:
        """Deploy, and keep a state per event; events between which nothing changed share one."""
        recording = cls()
        tell = Emitter.__call__
        seen: tuple[int, ...] | None = None
        done: set[str] = set()

        def told(emitter: Emitter, event: AnyEvent) -> None:
            nonlocal seen
            tell(emitter, event)
            if world.moved() != seen:
                seen = world.moved()
                recording.moments.append(Moment(world.kept()))
            recording.moments[-1].events.append(len(recording.events))
            recording.events.append(event)
            if isinstance(event, StepFinished) and event.outcome in {"ok", "unchanged"}:
                done.add(event.step)
            recording.moments[-1].done = frozenset(done)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Emitter, "__call__", told)
            virtual(started(world))
        return recording


async def started(world: PresetWorld) -> list[AnyEvent]:
    """The same command again, in a process of its own; the clusters go on with what they were at."""
    world.resume()
    for cluster in world.clusters.values():
        for key, obj in cluster.objects.items():
            if key[:3] == LEASE:  # its holder was on a machine that we cannot see into, some time ago
                obj["spec"] = {
                    **obj["spec"],
                    "renewTime": "2020-01-01T00:00:00.000000Z",
                    "holderIdentity": "x@away:1:r",
                }
    stream = deploy(world.network, world.plan, RunOptions(journal=False), parts=world.parts)
    return [event async for event in stream]
