"""What a person may do to a run, in virtual time: pause, try again, give more time, stop and take back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest

from bevel_tui.engine.control import RunControl
from bevel_tui.engine.executor import Hold, Result, Task, execute
from bevel_tui.engine.run import deploy
from bevel_tui.engine.waiting import overlap
from bevel_tui.helm.driver import Outcome
from bevel_tui.records.events import AnyEvent
from bevel_tui.views.state import RunView

pytestmark = pytest.mark.looptime(start=0)


class Told:
    """An Attendance that remembers."""

    def __init__(self) -> None:
        self.log: list[Any] = []

    def paused(self, paused: bool) -> None:
        self.log.append(("paused", paused))

    def held(self, failed: tuple[str, ...]) -> None:
        self.log.append(("held", failed))

    def requeued(self, task: Task) -> None:
        self.log.append(("requeued", task.id))

    def extended(self, task: Task | None, seconds: float, budget: float | None) -> None:
        self.log.append(("extended", task and task.id, seconds, budget))


def chain(*names: str) -> list[Task]:
    return [Task(name, names[i - 1 : i] if i else ()) for i, name in enumerate(names)]


async def test_a_paused_run_finishes_what_runs_and_starts_nothing() -> None:
    control, told, starts = RunControl(), Told(), []

    async def perform(task: Task, hold: Hold) -> Result:
        starts.append((task.id, asyncio.get_running_loop().time()))
        await asyncio.sleep(10)
        return Result("ok")

    loop = asyncio.get_running_loop()
    loop.call_later(5, control.pause)
    loop.call_later(6, control.pause)  # twice is once
    loop.call_later(100, control.resume)
    results = await execute(chain("a", "b"), perform, control=control, attend=told)
    assert starts == [("a", 0), ("b", 100)]
    assert {r.outcome for r in results.values()} == {"ok"}
    assert told.log == [("paused", True), ("paused", False)]


async def test_a_paused_run_is_held_only_when_nothing_is_left_to_begin() -> None:
    control, told = RunControl(), Told()

    async def perform(task: Task, hold: Hold) -> Result:
        await asyncio.sleep(10)
        return Result("failed" if task.id == "x" else "ok")

    loop = asyncio.get_running_loop()
    loop.call_later(5, control.pause)
    loop.call_later(100, lambda: told.log.append("resumed"))
    loop.call_later(100, control.resume)
    loop.call_later(200, control.finish)
    results = await execute([*chain("a", "b"), Task("x", ())], perform, control=control, attend=told)
    assert told.log[:4] == [("paused", True), "resumed", ("paused", False), ("held", ("x",))]
    assert {name: result.outcome for name, result in results.items()} == {"a": "ok", "b": "ok", "x": "failed"}


async def test_a_stop_ends_a_paused_and_a_held_run() -> None:
    async def fails(task: Task, hold: Hold) -> Result:
        return Result("failed", "told to")

    for act in ("pause", "hold"):
        control = RunControl()
        if act == "pause":
            control.pause()
        asyncio.get_running_loop().call_later(50, control.stop)
        results = await execute(chain("a", "b"), fails, control=control, cancel=control.cancel)
        assert [r.outcome for r in results.values()] == (
            ["cancelled", "cancelled"] if act == "pause" else ["failed", "skipped"]
        )


async def test_a_failed_step_is_tried_again_and_what_it_held_up_follows() -> None:
    control, told, tries = RunControl(), Told(), []

    async def perform(task: Task, hold: Hold) -> Result:
        tries.append(task.id)
        await asyncio.sleep(1)
        bad = (task.id == "b" and tries.count("b") < 3) or (task.id == "x" and tries.count("x") < 2)
        return Result("failed", "not yet") if bad else Result("ok")

    tasks = [*chain("a", "b", "c", "d"), Task("x"), Task("y", ("x", "c"))]
    loop = asyncio.get_running_loop()
    loop.call_later(10, control.retry, "b")
    loop.call_later(20, control.retry, "nobody")
    loop.call_later(30, control.retry, "b")
    loop.call_later(40, control.retry, "x")
    results = await execute(tasks, perform, control=control, attend=told)
    assert {r.outcome for r in results.values()} == {"ok"}
    assert tries == ["a", "x", "b", "b", "b", "c", "d", "x", "y"]
    assert loop.time() == 42  # x, then y
    # y stays skipped while x has failed
    assert told.log.count(("requeued", "y")) == 1
    assert ("requeued", "c") in told.log
    assert told.log[0] == ("held", ("b", "x"))
    assert told.log[-1] == ("held", ()) or told.log[-1][0] == "requeued"


async def test_nobody_to_ask_ends_at_once_and_giving_up_ends_what_is_held() -> None:
    async def perform(task: Task, hold: Hold) -> Result:
        return Result("failed", "no")

    loop = asyncio.get_running_loop()
    await execute(chain("a"), perform)
    assert loop.time() == 0
    control = RunControl()
    loop.call_later(7, control.finish)
    results = await execute(chain("a"), perform, control=control)
    assert (loop.time(), results["a"].outcome) == (7, "failed")


async def test_a_running_step_gets_more_time_once_and_again() -> None:
    control, told = RunControl(), Told()

    async def perform(task: Task, hold: Hold) -> Result:
        await asyncio.sleep(1000)
        return Result("ok")

    loop = asyncio.get_running_loop()
    loop.call_later(5, control.extend, "a", 20)
    loop.call_later(25, control.extend, "a", 30)
    loop.call_later(26, control.extend, "b", 30)  # does not run
    loop.call_later(70, control.finish)
    results = await execute([Task("a", budget=10), Task("b", ("a",))], perform, control=control, attend=told)
    assert results["a"].outcome == "timed-out"
    assert results["a"].reason == "not done within 60 s"
    assert results["a"].finished == 60
    assert [t for t in told.log if t[0] == "extended"] == [("extended", "a", 20, 30), ("extended", "a", 30, 60)]
    with pytest.raises(ValueError, match="more than 0"):
        control.extend("a", 0)


# ---------------------------------------------------------------- whole runs


async def attended(world: Any, act: Callable[[RunControl, AnyEvent], None]) -> list[AnyEvent]:
    """A deployment during which `act` sees every event and may give orders."""
    control = RunControl()
    events = []
    async for event in deploy(world.network, world.plan, parts=world.parts, control=control):
        events.append(event)
        act(control, event)
    return events


def of(events: list[AnyEvent], kind: str) -> list[Any]:
    return [event for event in events if event.type == kind]


async def test_a_failed_release_is_repaired_by_a_retry_and_the_run_ends_well(world: Any) -> None:
    world.helm.answers["member"] = Outcome(ok=False, error="the server is busy", reason="api")

    def act(control: RunControl, event: AnyEvent) -> None:
        if event.type == "run-held" and event.steps:
            assert event.steps == ("west/beta/member",)
            world.helm.answers.clear()
            asyncio.get_running_loop().call_later(5000, control.retry, "west/beta/member")

    events = await attended(world, act)
    last = events[-1]
    assert (last.outcome, last.exit_code) == ("ok", 0)  # the hour of the whole budget stood still meanwhile
    starts = [e for e in of(events, "step-started") if e.step == "west/beta/member"]
    assert [e.attempt for e in starts] == [1, 2]
    view = RunView.of(events)
    assert view.held == ()
    assert view.steps["west/beta/member"].state == "ok"
    assert view.steps["west/beta/member"].findings == []


async def test_rolling_back_removes_what_the_run_created_and_nothing_else(world: Any) -> None:
    before = {name: set(cluster.objects) for name, cluster in world.clusters.items()}

    def act(control: RunControl, event: AnyEvent) -> None:
        if event.type == "release-applied" and event.step == "west/beta/genesis":
            control.stop(rollback=True)

    events = await attended(world, act)
    assert (events[-1].outcome, events[-1].exit_code) == ("interrupted", 130)
    removed = of(events, "rollback-started")[0].steps
    assert {step.id for step in removed} >= {"remove/west/beta/genesis", "remove/east/alpha/genesis"}
    for name, cluster in world.clusters.items():
        assert set(cluster.objects) == before[name], name
    view = RunView.of(events)
    assert all(view.steps[step.id].state in ("ok", "unchanged") for step in removed)


async def test_rolling_back_a_change_leaves_the_network_that_was_there(world: Any) -> None:
    await world.run()
    before = {name: set(cluster.objects) for name, cluster in world.clusters.items()}
    inventories = {name: c.objects["v1", "ConfigMap", "bevel-tui", "bevel-tui-supply"]["data"] for name, c in world.clusters.items()}  # fmt: skip
    world.plan = world.plan.changed("west/beta/member", values={"size": "2Gi"})

    def act(control: RunControl, event: AnyEvent) -> None:
        if event.type == "release-applied":
            control.stop(rollback=True)

    events = await attended(world, act)
    assert of(events, "rollback-started")[0].steps == ()
    for name, cluster in world.clusters.items():
        gone = before[name] - set(cluster.objects)
        assert not {key for key in gone if "sh.helm" not in key[3]}, name
        there = cluster.objects["v1", "ConfigMap", "bevel-tui", "bevel-tui-supply"]["data"]
        assert there == inventories[name]


async def test_data_of_an_earlier_life_survives_a_rollback(world: Any) -> None:
    await world.run()
    await world.run("destroy")
    kept = {name: {k for k in c.objects if k[1] in ("ConfigMap", "Secret", "PersistentVolumeClaim")} for name, c in world.clusters.items()}  # fmt: skip

    def act(control: RunControl, event: AnyEvent) -> None:
        if event.type == "release-applied" and event.step == "west/beta/genesis":
            control.stop(rollback=True)

    await attended(world, act)
    for name, cluster in world.clusters.items():
        assert kept[name] <= set(cluster.objects), kept[name] - set(cluster.objects)


def test_only_the_new_end_of_a_log_is_told() -> None:
    assert overlap((), ("a", "b")) == 0
    assert overlap(("a", "b"), ("a", "b", "c")) == 2
    assert overlap(("a", "b", "c"), ("b", "c", "d")) == 2
    assert overlap(("a",), ("b",)) == 0
