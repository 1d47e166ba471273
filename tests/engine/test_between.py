"""The closing steps of a deployment: after every check, however it ended; pods look only where something was changed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest

from bevel_tui.engine.between import closing
from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.context import Access
from bevel_tui.engine.executor import Result, Task, execute
from bevel_tui.engine.inside import Place, look
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.owed import AGAIN
from bevel_tui.engine.reach import LiveReach
from bevel_tui.engine.rounds import CheckRounds
from bevel_tui.reachability.inside.paths import Look
from bevel_tui.reachability.inside.script import Question, Sight
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.steps import Endpoint
from tests.engine.conftest import MemoryPlan

pytestmark = pytest.mark.looptime(start=0)


def finished(events: list[Any]) -> dict[str, Any]:
    return {event.step: event for event in events if event.type == "step-finished"}


def paths(events: list[Any]) -> dict[str, str]:
    return {
        e.result.target: e.result.status for e in events if e.type == "check-done" and e.result.id == "cluster-path"
    }


async def test_pods_look_after_a_change_and_not_when_there_was_nothing_to_do(world: Any) -> None:
    events = await world.run()
    assert paths(events) == {"east -> east": "ok"}
    assert world.reach.looks == ["east"]
    assert finished(events)["east/matrix"].outcome == "ok"
    before = world.versions()
    events = await world.run()
    assert paths(events) == {} and world.reach.looks == ["east"]
    assert finished(events)["east/matrix"].outcome == "unchanged"
    assert "bevel-tui check asks from inside" in finished(events)["east/matrix"].reason
    assert world.versions() == before
    # asked for, or not wanted
    assert paths(await world.run(vantage="both")) == {"east -> east": "ok"}


async def test_what_a_stopped_run_owes_the_next_one_asks_although_nothing_is_left_to_do(world: Any) -> None:
    stopped = Cancellation()
    later = asyncio.get_running_loop().call_later
    # somebody presses Ctrl-C while a pod looks, and all else is done
    world.reach.before_look = lambda: later(60.0, stopped.request)
    events = await world.run(cancel=stopped)
    assert events[-1].exit_code == 130
    assert paths(events) == {}
    world.reach.before_look = None
    before = world.versions()
    events = await world.run()
    assert paths(events) == {"east -> east": "ok"}
    assert AGAIN in [event.text for event in events if event.type == "notice"]
    changed = {key[1:] for key, version in world.versions().items() if before.get(key) != version}
    assert changed == {("v1", "ConfigMap", "bevel-tui", "bevel-tui-supply")}, "nothing but the mark was written"
    # paid: now a run with nothing to do writes nothing again
    before = world.versions()
    events = await world.run()
    assert paths(events) == {} and world.versions() == before


async def test_a_path_that_is_barred_from_inside_is_exit_5_and_names_itself(world: Any) -> None:
    world.reach.barred.add(("east", "east"))
    events = await world.run()
    assert (events[-1].outcome, events[-1].exit_code) == ("unreachable", 5)
    assert events[-1].error == "east/matrix: east -> east: refused"
    assert finished(events)["east/check"].outcome == "ok"


async def test_what_is_broken_from_here_is_looked_at_from_inside_all_the_same(world: Any) -> None:
    world.reach.failing.add("rpc")
    events = await world.run()
    assert finished(events)["east/check"].outcome == "failed"
    assert paths(events) == {"east -> east": "ok"}
    assert events[-1].exit_code == 5


async def test_nothing_closes_a_deployment_that_has_failed(world: Any) -> None:
    world.clusters["east"].failing.add("genesis-init")
    events = await world.run()
    assert finished(events)["east/matrix"].outcome == "skipped"
    assert world.reach.looks == []


async def test_that_no_pod_may_look_is_told_before_and_fails_nothing(world: Any) -> None:
    few = [replace(step, needs=()) for step in world.plan.steps if step.id in ("east/alpha", "east/check")]
    world.plan = MemoryPlan(tuple(few))
    world.clusters["east"].denied = {("create", "jobs"), ("list", "events")}
    events = await world.run()
    assert events[-1].exit_code == 0
    (text,) = [e.text for e in events if e.type == "notice"]
    assert "From inside cluster east nothing will be checked" in text
    assert "create jobs.batch" in text and "list events" in text
    # and the look itself says the same, without trying
    access = Access("east", "east", Path("kubeconfig"), world.clusters["east"])
    writes = world.writes()
    seen = await look(access, world.network, Place("alpha"), (Question("192.0.2.1"),), patience=1.0)
    assert seen.sight is None
    assert "create jobs.batch" in seen.skipped and "--from here" in str(seen.remedy)
    assert world.writes() == writes


def test_every_cluster_of_ours_is_closed(world: Any) -> None:
    (step,) = closing(world.plan.steps)
    assert (step.id, step.kind, step.needs, step.endpoints) == ("east/matrix", "check", ("east/check",), ())
    assert closing(world.plan.changed("east/check", managed=False).steps) == ()


async def test_a_task_after_others_waits_for_their_end_and_is_skipped_with_those_that_never_ran() -> None:
    ends: list[str] = []

    async def perform(task: Task, hold: Any) -> Result:
        ends.append(task.id)
        return Result("failed" if task.id in ("bad", "worse") else "ok")

    tasks = [Task("bad"), Task("fine"), Task("last", ("fine",), after=("bad",))]
    results = await execute(tasks, perform)
    assert ends == ["bad", "fine", "last"] and results["last"].outcome == "ok"
    tasks = [Task("worse"), Task("never", ("worse",)), Task("last", after=("never",))]
    results = await execute(tasks, perform)
    assert (results["last"].outcome, results["last"].reason) == ("skipped", "needs worse")


HOST, ADDRESS, NODE = "rpc.east.example.com", "192.0.2.1", "node-0.alpha.svc.cluster.local"


def sight(word: str = "open", peers: int = 1) -> Sight:
    told = f'{{"result":{{"peers":{peers},"isSyncing":false}}}}'
    return Sight({HOST: (ADDRESS,)}, {(HOST, 80, ADDRESS): word}, {}, True, {(NODE, 9933, "10.0.0.1"): told})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("sights", "retry", "at", "codes"),
    [
        ([sight()], 60.0, [0.0], {None}),
        ([sight("timeout"), sight("timeout"), sight()], 60.0, [0.0, 5.0, 10.0], {None}),
        ([sight(peers=0), sight()], 60.0, [0.0, 5.0], {None}),
        # the time is up: what was seen last is told
        ([sight("refused"), sight("refused"), sight("refused")], 12.0, [0.0, 5.0, 10.0], {None, "path-hairpin"}),
        ([sight("refused")], 0.0, [0.0], {None, "path-hairpin"}),
        ([sight(peers=0)], 0.0, [0.0], {None, "ledger-no-peers"}),
    ],
)
async def test_a_look_that_found_something_wrong_is_repeated_for_as_long_as_one_waits(
    world: Any,
    monkeypatch: pytest.MonkeyPatch,
    sights: list[Sight],
    retry: float,
    at: list[float],
    codes: set[str | None],
) -> None:
    """`check --wait`, and the end of a deployment: a resolver may remember a "no", a node may look for its peers."""
    loop, left, looked = asyncio.get_running_loop(), list(sights), []

    async def looks(access: Access, *_: Any, patience: float) -> Look:
        looked.append(loop.time())
        return Look(access.name, left.pop(0), namespace="alpha")

    monkeypatch.setattr("bevel_tui.engine.reach.look", looks)
    rounds = CheckRounds(["east/check"])
    node = Endpoint(
        id="rpc", cluster="east", organization="alpha", release="node", host=HOST, port=80, protocol="tcp", probe="tcp",
        service="node-0.alpha:80", health="node-0.alpha:9933",
    )  # fmt: skip
    rounds.endpoints |= {"east": (node,), "west": (replace(node, cluster="west", exposed=False),)}
    for id, target in (("dns-address", HOST), ("tcp-connect", f"{ADDRESS}:80")):
        facts = {"addresses": ADDRESS}
        rounds.answered(CheckResult(id=id, cluster="east", target=target, status="ok", summary="", facts=facts))
    access = Access("east", "east", Path("kubeconfig"), world.clusters["east"])
    reach = LiveReach(world.network, RunOptions())
    results = [r async for r in reach.inside(access, "east/check", rounds, retry)]
    assert looked == pytest.approx(at) and not left
    assert {r.code for r in results} == codes
    assert sorted({r.id for r in results}) == ["cluster-path", "cluster-pod", "ledger-health"]
