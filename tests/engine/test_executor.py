"""Scheduling, in virtual time: order, failure domains, slots, budgets and both stages of a stop."""

from __future__ import annotations

import asyncio

import looptime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.executor import DONE, Hold, Result, Task, execute


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Task], dict[str, float], set[str]]:
    """Random acyclic graphs in a legal order, a duration per task (whole seconds) and a set that fails."""
    count = draw(st.integers(1, 14))
    tasks, durations = [], {}
    for index in range(count):
        needs = draw(st.sets(st.integers(0, index - 1), max_size=4)) if index else set()
        tasks.append(Task(f"t{index}", tuple(f"t{n}" for n in sorted(needs))))
        durations[f"t{index}"] = float(draw(st.integers(0, 20)))
    failing = draw(st.sets(st.sampled_from([t.id for t in tasks]), max_size=3))
    return tasks, durations, failing


def virtual(coroutine) -> None:  # type: ignore[no-untyped-def]
    """Run a coroutine in an event loop whose time passes at once."""
    loop = looptime.new_event_loop(start=0)
    try:
        loop.run_until_complete(coroutine)
    finally:
        loop.close()


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_no_task_before_its_needs_failures_skip_exactly_dependants_and_time_is_the_critical_path(graph) -> None:  # type: ignore[no-untyped-def]
    tasks, durations, failing = graph
    starts: dict[str, float] = {}
    ends: dict[str, float] = {}

    async def perform(task: Task, hold: Hold) -> Result:
        now = asyncio.get_running_loop().time
        starts[task.id] = now()
        await asyncio.sleep(durations[task.id])
        ends[task.id] = now()
        return Result("failed", "told to") if task.id in failing else Result("ok")

    async def check() -> None:
        results = await execute(tasks, perform)
        by_id = {task.id: task for task in tasks}

        def doomed(task: Task) -> bool:
            return any(need in failing or doomed(by_id[need]) for need in task.needs)

        earliest: dict[str, float] = {}
        for task in tasks:
            if doomed(task):
                assert results[task.id].outcome == "skipped"
                assert task.id not in starts
                assert (results[task.id].reason or "").removeprefix("needs ") in failing
                continue
            assert results[task.id].outcome == ("failed" if task.id in failing else "ok")
            assert all(ends[need] <= starts[task.id] for need in task.needs)
            begin = max((earliest[need] for need in task.needs), default=0.0)
            assert starts[task.id] == begin
            earliest[task.id] = begin + durations[task.id]
        assert asyncio.get_running_loop().time() == max(earliest.values(), default=0.0)

    virtual(check())


@settings(max_examples=80, deadline=None)
@given(graphs(), st.integers(1, 3))
def test_slots_are_never_overbooked_and_nothing_is_lost(graph, limit: int) -> None:  # type: ignore[no-untyped-def]
    tasks, durations, _ = graph
    tasks = [Task(task.id, task.needs, slots=("helm",)) for task in tasks]
    inside = 0

    async def perform(task: Task, hold: Hold) -> Result:
        nonlocal inside
        inside += 1
        assert inside <= limit
        await asyncio.sleep(durations[task.id])
        inside -= 1
        return Result("ok")

    async def check() -> None:
        results = await execute(tasks, perform, capacity={"helm": limit})
        assert {r.outcome for r in results.values()} == {"ok"}

    virtual(check())


@settings(max_examples=80, deadline=None)
@given(graphs(), st.integers(0, 40))
def test_a_stop_at_any_moment_starts_nothing_more_and_every_task_has_one_ending(graph, moment: int) -> None:  # type: ignore[no-untyped-def]
    tasks, durations, failing = graph
    endings: list[str] = []
    starts: dict[str, float] = {}

    async def perform(task: Task, hold: Hold) -> Result:
        starts[task.id] = asyncio.get_running_loop().time()
        await asyncio.sleep(durations[task.id])
        return Result("failed") if task.id in failing else Result("ok")

    async def check() -> None:
        cancel = Cancellation()
        asyncio.get_running_loop().call_later(moment + 0.5, cancel.request)
        results = await execute(
            tasks, perform, cancel=cancel, observe=lambda t, r: endings.append(t.id) if r is not None else None
        )
        assert sorted(endings) == sorted(results) == sorted(t.id for t in tasks)
        assert all(start <= moment + 0.5 for start in starts.values())
        for task_id in starts:
            assert results[task_id].outcome in {"ok", "failed"}  # what was in flight was finished

    virtual(check())


@pytest.mark.looptime(start=0)
async def test_slots_given_back_early_let_the_next_one_start() -> None:
    log: list[tuple[str, float]] = []

    async def perform(task: Task, hold: Hold) -> Result:
        log.append((task.id, asyncio.get_running_loop().time()))
        await asyncio.sleep(2)
        hold.release()
        hold.release()
        await asyncio.sleep(10)
        return Result("ok")

    await execute([Task(x, slots=("lane",)) for x in "abc"], perform)
    assert log == [("a", 0), ("b", 2), ("c", 4)]
    assert asyncio.get_running_loop().time() == 16


@pytest.mark.looptime(start=0)
async def test_a_budget_ends_one_task_and_a_raised_error_fails_one() -> None:
    async def perform(task: Task, hold: Hold) -> Result:
        if task.id == "raises":
            raise RuntimeError("no")
        if task.id == "own-timeout":
            raise TimeoutError
        await asyncio.sleep(100)
        return Result("ok")

    results = await execute(
        [
            Task("slow", budget=5),
            Task("after", ("slow",)),
            Task("raises"),
            Task("own-timeout", budget=50),
            Task("fine"),
        ],
        perform,
    )
    assert {k: v.outcome for k, v in results.items()} == {
        "slow": "timed-out",
        "after": "skipped",
        "raises": "failed",
        "own-timeout": "failed",
        "fine": "ok",
    }
    assert results["slow"].finished == 5
    assert results["raises"].reason == "RuntimeError: no"


@pytest.mark.looptime(start=0)
async def test_the_second_request_leaves_within_two_seconds_even_with_a_deaf_task() -> None:
    async def perform(task: Task, hold: Hold) -> Result:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            if task.id == "deaf":
                await asyncio.sleep(100)
            raise
        return Result("ok")

    cancel = Cancellation()
    loop = asyncio.get_running_loop()
    loop.call_later(1, cancel.request)
    loop.call_later(3, cancel.request)
    results = await execute([Task("deaf"), Task("polite"), Task("never", ("deaf",))], perform, cancel=cancel)
    assert loop.time() <= 5
    assert {r.outcome for r in results.values()} == {"cancelled"}
    assert results["never"].started is None


@pytest.mark.looptime(start=0)
async def test_the_total_budget_times_out_what_runs_and_skips_the_rest() -> None:
    async def perform(task: Task, hold: Hold) -> Result:
        await asyncio.sleep(10)
        return Result("ok")

    results = await execute([Task("a"), Task("b", ("a",)), Task("c", ("b",))], perform, timeout=15)
    assert [results[x].outcome for x in "abc"] == ["ok", "timed-out", "skipped"]
    assert results["c"].outcome not in DONE


async def test_a_need_that_does_not_come_before_is_refused() -> None:
    async def perform(task: Task, hold: Hold) -> Result:
        return Result("ok")

    with pytest.raises(ValueError, match="a needs b"):
        await execute([Task("a", ("b",)), Task("b")], perform)
