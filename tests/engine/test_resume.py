"""Killed at every event, a second start reaches the same end: nothing twice, nothing lost, no hook forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

import looptime
import pytest

from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.run import deploy

pytestmark = pytest.mark.looptime(start=0)


def dump(world: Any) -> dict[Any, Any]:
    """What stands in the clusters, without ids, versions and times; release records by status only."""
    found = {}
    for name, cluster in world.clusters.items():
        for key, obj in cluster.objects.items():
            if key[3].startswith("sh.helm.release"):
                labels = obj["metadata"]["labels"]
                if labels["status"] != "superseded":
                    found[name, "release", key[2], labels["name"]] = labels["status"]
                continue
            found[(name, *key)] = {k: v for k, v in obj.items() if k not in {"metadata", "status"}}
    return found


async def _cut(world: Any, index: int) -> int:
    """Run until event `index`, then kill the process: its tasks and Helm's are gone, clusters go on. -> events seen."""
    stream = deploy(world.network, world.plan, RunOptions(journal=False), parts=world.parts)
    seen = 0
    async for _event in stream:
        seen += 1
        if seen > index:
            break
    else:
        return seen
    keep = {task for cluster in world.clusters.values() for task in cluster._tasks} | {asyncio.current_task()}
    dying = [task for task in asyncio.all_tasks() if task not in keep]
    for task in dying:
        # A killed process says nothing more: no clean-up may reach the clusters.
        task.cancel()
    for cluster in world.clusters.values():
        cluster.down = True
    await asyncio.gather(*dying, return_exceptions=True)
    await stream.aclose()
    for cluster in world.clusters.values():
        cluster.down = False
        # Its Lease: the process is dead, on a machine that we cannot see into.
        lease = cluster.objects.get(("coordination.k8s.io/v1", "Lease", "bevel-tui", "bevel-tui-supply"))
        if lease is not None:
            lease["spec"]["renewTime"] = "2020-01-01T00:00:00.000000Z"
    return seen


def test_killed_at_every_event_the_next_start_finishes(world: Any) -> None:
    def fresh() -> Any:
        return type(world)(type(world.plan)(world.plan.steps))

    async def whole() -> tuple[dict[Any, Any], int]:
        target = fresh()
        events = await target.run()
        assert events[-1].exit_code == 0
        return dump(target), len(events)

    def virtual(coroutine: Any) -> Any:
        loop = looptime.new_event_loop(start=0)
        try:
            return loop.run_until_complete(coroutine)
        finally:
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()

    wanted, count = virtual(whole())

    async def once(index: int) -> None:
        target = fresh()
        await _cut(target, index)
        installed = {name for _, name in target.helm.verbs() if _status(target, name) == "deployed"}
        done = len(target.helm.operations)
        events = await target.run()
        assert events[-1].exit_code == 0, (index, events[-1].error)
        assert dump(target) == wanted, index
        again = {name for _, name in target.helm.verbs()[done:]}
        assert not again & installed, (index, again & installed)
        # A hook that was cut off has run in the end.
        assert ("v1", "Secret", "alpha", "validator-keys") in target.clusters["east"].objects
        quiet = len(target.writes())
        assert (await target.run())[-1].exit_code == 0
        assert len(target.writes()) == quiet, index

    for index in range(count):
        virtual(once(index))


def _status(world: Any, release: str) -> str | None:
    cluster, namespace, name = release.split("/")
    found = [
        obj["metadata"]["labels"]
        for key, obj in world.clusters[cluster].objects.items()
        if key[1] == "Secret" and key[2] == namespace and obj["metadata"].get("labels", {}).get("name") == name
    ]
    return max(found, key=lambda labels: int(labels["version"]))["status"] if found else None
