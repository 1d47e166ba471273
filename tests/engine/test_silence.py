"""A cluster that falls silent while Helm is at work: the run waits, looks at what there is, and goes on by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest

from bevel_tui.engine import silence
from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.lease import lease_ref
from bevel_tui.kube.client import ApiError

pytestmark = pytest.mark.looptime(start=0)
STEP = "east/alpha/validator-1"


def verbs(world: Any, release: str = "validator-1") -> list[str]:
    return [o.verb for o in world.helm.operations if o.release == release]


def statuses(world: Any, release: str = "validator-1") -> set[str]:
    return {
        obj["metadata"]["labels"]["status"]
        for key, obj in world.clusters["east"].objects.items()
        if key[1] == "Secret" and (obj["metadata"].get("labels") or {}).get("name") == release
    }


def told(events: list[Any], kind: str) -> list[str]:
    mine = [e for e in events if e.type == kind and getattr(e, "step", None) == STEP]
    return [line for e in mine for line in ([e.text] if kind == "notice" else e.waiting_for)]


@pytest.mark.parametrize("left", ["", "pending-install", "failed"])
async def test_an_installation_that_met_a_silent_cluster_is_finished_by_the_same_run(world: Any, left: str) -> None:
    world.helm.lost["validator-1"] = [left]
    events = await world.run()
    assert events[-1].exit_code == 0, events[-1].error
    # what is left says how it is done again: with its hooks, as the repair table has it
    assert verbs(world) == ["install", "install"]
    assert "deployed" in statuses(world)
    assert [line for line in told(events, "step-waiting") if "cluster east to answer" in line]
    assert [line for line in told(events, "notice") if "answers again after" in line]
    assert len([e for e in events if e.type == "release-applied" and e.step == STEP]) == 1
    quiet = len(world.writes())
    assert (await world.run())[-1].exit_code == 0
    assert len(world.writes()) == quiet


@pytest.mark.parametrize("left", ["", "pending-upgrade", "failed"])
async def test_an_upgrade_too(world: Any, left: str) -> None:
    await world.run()
    step = world.release("east", "alpha", "validator-1")
    world.plan = world.plan.changed(step.id, values={**step.values, "more": True})
    world.helm.lost["validator-1"] = [left]
    events = await world.run()
    assert events[-1].exit_code == 0, events[-1].error
    assert verbs(world) == ["install", "upgrade", "upgrade"]
    assert "deployed" in statuses(world)
    assert not {s for s in statuses(world) if s.startswith("pending")}


async def test_a_removal_too(world: Any) -> None:
    await world.run()
    world.helm.lost["validator-1"] = ["uninstalling"]
    events = await world.run("destroy", purge_data=True)
    assert events[-1].exit_code == 0, events[-1].error
    assert verbs(world) == ["install", "uninstall", "uninstall"]
    assert statuses(world) == set()


async def test_silence_again_and_again_is_outlasted_a_few_times(world: Any) -> None:
    world.helm.lost["validator-1"] = ["pending-install"] * (silence.TIMES + 1)
    events = await world.run()
    assert events[-1].exit_code == 1
    assert "does not answer: Helm: Get" in events[-1].error
    assert verbs(world) == ["install"] * (silence.TIMES + 1)


async def test_a_cluster_that_stays_silent_ends_its_steps_and_no_others(world: Any) -> None:
    world.helm.lost["member"] = [""]
    world.helm.away = 1e6
    events = await world.run()
    assert events[-1].exit_code == 1
    ended = {e.step: e.outcome for e in events if e.type == "step-finished"}
    assert ended["west/beta/member"] == "failed"
    assert ended["east/check"] == "ok"
    assert silence.PATIENCE <= events[-1].duration < silence.PATIENCE + 120


async def test_where_somebody_else_works_by_then_nothing_is_done_any_more(world: Any) -> None:
    """Our line was cut for so long that our Lease was taken over."""
    world.helm.lost["validator-1"] = ["pending-install"]
    world.helm.away = 200.0
    east = world.clusters["east"]

    def taken() -> None:
        ref = lease_ref("supply")
        east.objects[ref.api_version, ref.kind, ref.namespace, ref.name]["spec"]["holderIdentity"] = "other@else:1:r"

    asyncio.get_running_loop().call_later(150, taken)
    events = await world.run()
    assert events[-1].exit_code != 0
    assert verbs(world) == ["install"]
    assert statuses(world) == {"pending-install"}


async def test_a_stop_ends_the_wait(world: Any) -> None:
    world.helm.lost["validator-1"] = ["pending-install"]
    world.helm.away = 1e6
    cancel = Cancellation()
    asyncio.get_running_loop().call_later(60, cancel.request)
    events = await world.run(cancel=cancel)
    assert events[-1].exit_code == 130
    # giving back the Lease may take a while, the wait itself ends at once
    assert events[-1].duration < 75


async def test_checks_that_met_it_are_asked_again(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ask, times = world.reach.check, iter((True, False))

    async def check(access: Any, *more: Any, **options: Any) -> Any:
        if access.name == "east" and next(times, False):
            raise ApiError(0, "Unreachable", "no answer in time")
        async for result in ask(access, *more, **options):
            yield result

    monkeypatch.setattr(world.reach, "check", check)
    events = await world.run()
    assert events[-1].exit_code == 0, events[-1].error
    assert [e.step for e in events if e.type == "notice" and "answers again" in e.text] == ["east/check"]
