"""Half of what is at work goes, on real control planes: a Helm while bevel-tui lives, the way to one of two clusters.

`tests/cluster/test_kill.py` does both at random events; here it is known when, and what the run must say.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.faults.grounds import Ground, real
from tests.faults.processes import Events, follow, kill_a_helm
from tests.faults.seeds import Site
from tests.faults.soak import SMALL, TINY, helm_program

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="descendants are found through /proc"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def ground(control_plane: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Two clusters, each behind a tap."""
    with real(SMALL, 100.0, tmp_path_factory.mktemp("clusters")) as found:
        yield found


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """The temporary folder of all processes, which must leave nothing in it."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []


class When:
    """Calls each function once, in this order, when the event that it waits for has come."""

    def __init__(self, *pairs: tuple[Callable[[dict[str, Any]], bool], Callable[[], object]]) -> None:
        self.left = list(pairs)

    def __call__(self, event: dict[str, Any]) -> bool:
        if self.left and self.left[0][0](event):
            self.left.pop(0)[1]()
        return False


def started(step: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["type"] == "step-started" and event["step"] == step


def finished(step: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["type"] == "step-finished" and event["step"] == step


def changed(step: str, kind: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["type"] == "resource-changed" and (event["step"], event["kind"]) == (step, kind)


def outcomes(events: Events) -> dict[str, str]:
    return {event["step"]: event["outcome"] for event in events if event["type"] == "step-finished"}


def applied(events: Events) -> dict[str, str]:
    """What Helm has finished: how, by step."""
    return {event["step"]: event["action"] for event in events if event["type"] == "release-applied"}


@pytest.mark.parametrize(("number", "driver"), [(1, "sdk"), (2, "program")])
def test_a_helm_that_is_killed_is_told_of_and_its_release_repaired(
    ground: Ground, scratch: Path, number: int, driver: str
) -> None:
    site = Site.tagged(replace(ground, preset=TINY), scratch, number)
    before = site.dump()
    environ = {"BEVEL_TUI_HELM": "sdk" if driver == "sdk" else helm_program()}
    step = f"east/alpha{site.tag}-bes/validator-1"
    killed: list[bool] = []
    process = site.start(environ)
    try:
        events = follow(
            process,
            When(
                # with nobody who plays pods the hook of the release never ends: Helm is in the middle for certain
                (started(step), lambda: os.kill(ground.player, signal.SIGSTOP)),
                (changed(step, "Job"), lambda: killed.append(kill_a_helm(process.pid))),
            ),
            lambda: None,
        )
    finally:
        os.kill(ground.player, signal.SIGCONT)
    assert killed == [True]
    assert process.returncode == 1, events[-1]
    assert [name for name, outcome in outcomes(events).items() if outcome == "failed"] == [step]
    assert "Helm" in events[-1]["error"], events[-1]["error"]
    process = site.start(environ)
    assert applied(follow(process)) == {step: "repair"}
    assert process.returncode == 0
    site.sweep(before)


def test_while_the_way_to_one_cluster_is_cut_the_other_goes_on(ground: Ground, scratch: Path) -> None:
    site = Site(ground, ground.preset, scratch)
    tap = ground.taps["bevel-west"]
    process = site.start()
    steps = When(
        (started("east/alpha-bes/genesis"), tap.cut),
        (finished("east/alpha-bes/validator-1"), tap.mend),
    )
    events = follow(process, steps, lambda: None)
    assert steps.left == []
    ended = outcomes(events)
    assert ended["east/alpha-bes/validator-1"] == "ok"
    assert process.returncode == 0, events[-1]
    process = site.start()
    events = follow(process)
    assert process.returncode == 0, events[-1]
    assert applied(events) == {}
    assert {value["status"] for key, value in site.dump().items() if " release " in key} == {"deployed"}
