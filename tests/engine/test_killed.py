"""Killed at every event of every shipped preset, the next start ends where an undisturbed one does.

Everything is in memory and time is virtual. What a dead process leaves behind is what stands in the clusters: each state
that a recorded deployment went through is taken once, for all events that were told while the clusters were like that.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.engine import inventory
from bevel_tui.engine.repair import TABLE, Record, hooks_of, situation
from bevel_tui.network.load import load
from bevel_tui.records.events import AnyEvent
from bevel_tui.records.steps import CheckStep, ReleaseStep
from tests.engine.recorded import Moment, PresetWorld, Recording, planned, references, started, virtual

PRESETS = sorted(path.stem for path in (Path(__file__).parents[2] / "presets").glob("*.yaml"))
#: what differs between two deployments that are the same, in metadata and in the labels of Helm's records
_TIMES = {"uid", "creationTimestamp", "resourceVersion", "generation"}
_COUNTS = {"modifiedAt", "version"}


def dump(world: PresetWorld) -> dict[Any, Any]:
    """What stands in the clusters, without ids and times; of Helm's records those that count."""
    found = {}
    for context, cluster in world.clusters.items():
        for key, obj in cluster.objects.items():
            meta = {name: value for name, value in obj["metadata"].items() if name not in _TIMES}
            if key[3].startswith("sh.helm.release"):
                labels = {name: value for name, value in meta["labels"].items() if name not in _COUNTS}
                if labels["status"] != "superseded":
                    assert (context, "release", key[2], labels["name"]) not in found, "one record counts"
                    found[context, "release", key[2], labels["name"]] = labels
                continue
            body = {name: value for name, value in obj.items() if name not in {"metadata", "data"}}
            # what was made up (keys) differs in every deployment; that it is all there does not
            body["data"] = sorted(obj.get("data") or ()) if key[1] == "Secret" else obj.get("data")
            found[(context, *key)] = {**body, "metadata": meta}
    return found


def standing(world: PresetWorld, step: ReleaseStep) -> tuple[Record, ...]:
    """What Helm has recorded of a release."""
    context = next(context for context, name in world.names.items() if name == step.cluster)
    labels = [
        obj["metadata"]["labels"]
        for key, obj in world.clusters[context].objects.items()
        if key[3].startswith(f"sh.helm.release.v1.{step.release}.v") and key[2] == step.namespace
    ]
    return tuple(
        Record(int(found["version"]), found["status"], "", "d", "n")
        for found in labels
        if found["name"] == step.release
    )


def closed(world: PresetWorld) -> bool:
    """Whether a run has got to its end here: an inventory, and nothing owed by it."""
    found = [
        (obj["metadata"].get("annotations") or {})
        for cluster in world.clusters.values()
        for obj in cluster.objects.values()
        if inventory.NETWORK_KEY in (obj.get("data") or {})
    ]
    return bool(found) and not any(inventory.OWED in annotations for annotations in found)


def survives(world: PresetWorld, moment: Moment, wanted: dict[Any, Any]) -> None:
    """Start again after `moment`, and again once it is done."""
    releases = {step.id: step for step in world.plan.steps if isinstance(step, ReleaseStep)}
    before = {name: standing(world, step) for name, step in releases.items()}
    secrets = {
        key: obj["data"]
        for cluster in world.clusters.values()
        for key, obj in copy.deepcopy(cluster.objects).items()
        if key[1] == "Secret" and obj.get("data") and not key[3].startswith("sh.helm")
    }
    where = f"killed after event {moment.events[-1]}"
    was_closed = closed(world)
    events = virtual(started(world))
    assert events[-1].exit_code == 0, (where, events[-1].error)  # type: ignore[union-attr]
    _nothing_twice(world, moment, events, before, where, was_closed=was_closed)
    assert closed(world)
    for key, data in secrets.items():
        assert any(cluster.objects.get(key, {}).get("data") == data for cluster in world.clusters.values()), (
            where,
            key,
        )
    found = dump(world)
    assert found == wanted, (where, [key for key in {*found, *wanted} if found.get(key) != wanted.get(key)])


def _nothing_twice(
    world: PresetWorld,
    moment: Moment,
    events: list[AnyEvent],
    before: dict[str, tuple[Record, ...]],
    where: str,
    *,
    was_closed: bool,
) -> None:
    """Helm does to each release what the repair table says of what was found, once; what was done is not done again."""
    verbs = [
        (operation.verb, operation.context, operation.namespace, operation.release)
        for operation in world.helm.operations
    ]
    assert len(verbs) == len(set(verbs)), (where, verbs)
    for step in world.plan.steps:
        if not isinstance(step, ReleaseStep):
            continue
        done = [o.verb for o in world.helm.operations if world.release(o.context, o.namespace, o.release) is step]
        found = situation(before[step.id], digest="d", network="n", now=0.0)
        repair = TABLE[found, hooks_of(step.expects)]
        expected = [repair.verb] if repair.verb is not None else []
        assert done == expected, (where, step.id, found, done)
    again = {e.step: e.outcome for e in events if e.type == "step-finished"}
    closing = {f"{step.cluster}/matrix" for step in world.plan.steps if isinstance(step, CheckStep)}
    looked = {step.id for step in world.plan.steps if isinstance(step, CheckStep) or step.kind in {"address", "dns"}}
    looked |= closing
    files = {step.id for step in world.plan.steps if step.kind == "handoff" and getattr(step, "target_file", None)}
    for name in moment.done - looked - files:
        assert again[name] == "unchanged", (where, name, again[name])
    # who starts again expects the answer that the dead run did not give
    asked = {again[name] for name in closing}
    assert asked <= ({"unchanged"} if was_closed else {"ok"}), (where, asked)


@pytest.mark.parametrize("preset", PRESETS)
def test_killed_at_every_event_the_next_start_ends_in_the_same_state(
    preset: str, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    network = load(preset)
    for name in references(network):
        monkeypatch.setenv(name, f"canary-{name}")
    plan = planned(network)
    undisturbed = PresetWorld(network, plan)
    recording = Recording.of(undisturbed)
    assert recording.events[-1].exit_code == 0, recording.events[-1].error  # type: ignore[union-attr]
    assert [index for moment in recording.moments for index in moment.events] == list(range(len(recording.events)))
    wanted = dump(undisturbed)
    assert not any(key[2] == "Lease" for key in wanted), "it is given back"
    for moment in recording.moments:
        survives(PresetWorld(network, plan, moment.state), moment, wanted)
    quiet = len(undisturbed.writes())
    assert virtual(started(undisturbed))[-1].exit_code == 0  # type: ignore[union-attr]
    assert len(undisturbed.writes()) == quiet, "a second run writes nothing"
    record_property("killed", preset)
    record_property("events", len(recording.events))
    record_property("states", len(recording.moments))
