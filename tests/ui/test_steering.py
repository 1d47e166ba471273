"""A person steers real deployments on simulated clusters by keys: what breaks is mended, tried again, and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from bevel_tui import api
from bevel_tui.engine.options import RunOptions
from bevel_tui.kube.client import KubeClient
from bevel_tui.sandbox.conductor import Conductor
from bevel_tui.sandbox.faults.play import strike
from bevel_tui.sandbox.process import ClusterSpec, Running, serve
from bevel_tui.ui.app import BevelApp
from bevel_tui.ui.dialog import Dialog
from bevel_tui.ui.screens.deploy import DeployScreen
from bevel_tui.ui.screens.reach import ReachScreen
from bevel_tui.ui.session import Deployment, Session
from bevel_tui.ui.widgets.tree import RunTree
from bevel_tui.views.state import RunView
from tests.ui.snapshot import picture, running, settle

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

PRESETS = Path(__file__).parents[1] / "faults"
SPEED = 60.0
#: seconds that anything may take on a machine that is busy with other things
PATIENCE = 120.0


class Person:
    """Somebody at the deployment's screen: keys in, words out."""

    def __init__(self, app: BevelApp, pilot: Any) -> None:
        self.app, self.pilot = app, pilot

    async def deploys(self, preset: str, kubeconfig: Path) -> Session:
        """A new run on the screen."""
        network = api.load(str(PRESETS / preset))
        options = RunOptions(kubeconfig=str(kubeconfig), journal=False)
        await self.app.push_screen(DeployScreen(Deployment(network=network, options=options, preset=preset)))
        await settle(self.pilot)
        return self.app.sessions[-1]

    async def sees(self, *words: str) -> None:
        """Waits until all of this is shown."""

        def shown() -> bool:
            text = " ".join(picture(self.app).split())
            return all(word in text for word in words)

        await self.until(shown, words)

    async def knows(self, session: Session, fact: Callable[[RunView], Any]) -> None:
        """Waits until the run is so."""
        await self.until(lambda: fact(session.view), fact)

    async def until(self, ready: Callable[[], Any], what: object) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not ready():
                    await self.pilot.pause(0.02)
        except TimeoutError:
            raise AssertionError(f"{what} did not come:\n{picture(self.app)}") from None

    async def presses(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await settle(self.pilot)

    async def chooses(self, session: Session, step: str) -> None:
        """The cursor goes to a step, as the palette's command does."""
        screen = cast("DeployScreen", self.app.screen)
        screen._go_to(session.view.steps[step])
        await settle(self.pilot)
        chosen = screen.query_one(RunTree).chosen
        assert chosen is not None and chosen.step is session.view.steps[step]


@asynccontextmanager
async def person() -> AsyncIterator[Person]:
    from tests.ui.test_deploy import Home

    app = BevelApp(Home())
    async with running(app, (120, 40)) as pilot:
        yield Person(app, pilot)


def state(step: str) -> Callable[[RunView], str]:
    return lambda view: view.steps[step].state if step in view.steps else "planned"


async def namespaces(clusters: Running, context: str) -> set[str]:
    client = await KubeClient.connect(context, str(clusters.kubeconfig))
    try:
        found = await client.list("v1", "Namespace")
        return {str(item["metadata"]["name"]) for item in found}
    finally:
        await client.close()


async def test_what_breaks_is_mended_tried_again_and_reached(tmp_path: Path) -> None:
    contexts = [ClusterSpec("bevel-east"), ClusterSpec("bevel-west")]
    domains = ["east.example.test", "west.example.test"]
    async with serve(contexts, speed=SPEED, state_dir=tmp_path, domains=domains) as clusters, person() as ann:
        world, servers = cast("Conductor", clusters.conductor).world, cast("Any", clusters.clusters)
        pull = await strike(world, servers, "image-missing:alpha-bes")
        records = await strike(world, servers, "record-missing")
        run = await ann.deploys("small.yaml", clusters.kubeconfig)
        # paused: what runs is finished, nothing new begins
        await ann.knows(run, lambda view: view.steps)
        await ann.presses("p")
        await ann.knows(run, lambda view: view.paused and not view.counts()["running"])
        begun = {step.id for step in run.view.steps.values() if step.started is not None}
        await ann.sees("paused")
        assert run.view.counts()["planned"]
        # more time, for the whole run too
        await ann.presses("x")
        assert isinstance(ann.app.screen, Dialog)
        await ann.presses("1")
        assert not isinstance(ann.app.screen, Dialog)  # what is notified goes away by itself: no test may wait for it
        assert {step.id for step in run.view.steps.values() if step.started is not None} == begun
        await ann.presses("p")
        await ann.knows(run, lambda view: not view.paused and view.counts()["running"])
        # the cause while it still waits, then the run is held for a person
        await ann.sees("POD-IMG-NOTFOUND")
        await ann.sees("create these records")
        await records()
        await ann.knows(run, lambda view: view.held)
        (failed,) = run.view.held
        await ann.sees("needs you")
        await pull()
        await ann.chooses(run, failed)
        await ann.presses("t")
        await ann.knows(run, lambda view: view.finished)
        assert run.view.finished is not None and run.view.finished.outcome == "ok", run.view.finished
        assert run.view.steps[failed].attempt == 2
        await ann.presses("r")
        assert isinstance(ann.app.screen, ReachScreen)
        await ann.sees("deployed and reachable")


async def test_cancelling_keeps_what_is_there_or_takes_back_what_this_run_made(tmp_path: Path) -> None:
    validator = "east/alpha-bes/validator-1"
    async with serve([ClusterSpec("bevel-east")], speed=SPEED, state_dir=tmp_path) as clusters, person() as ann:
        world, servers = cast("Conductor", clusters.conductor).world, cast("Any", clusters.clusters)
        cpu = await strike(world, servers, "no-cpu:*validator-1*")
        first = await ann.deploys("tiny.yaml", clusters.kubeconfig)
        await ann.sees("POD-SCHED-CPU")
        assert state(validator)(first.view) == "running"  # the cause is told while it still waits
        await ann.chooses(first, validator)
        before = first.view.steps[validator].budget
        assert before
        await ann.presses("x", "5")
        await ann.knows(first, lambda view: view.steps[validator].budget == before + 300)
        await ann.presses("c", "k")
        await ann.knows(first, lambda view: view.finished)
        assert first.view.finished is not None and first.view.finished.outcome == "interrupted"
        await ann.sees("What is there stays; starting again goes on from")
        chosen = ann.app.screen.query_one(RunTree).chosen  # the letters answered, and did nothing else
        assert chosen is not None and chosen.step is first.view.steps[validator]
        assert "alpha-bes" in await namespaces(clusters, "bevel-east")
        # again: what stood stays, what this run made goes
        await ann.presses("escape")
        second = await ann.deploys("tiny.yaml", clusters.kubeconfig)
        await ann.knows(second, lambda view: state(validator)(view) == "running")
        assert state("east/alpha-bes/genesis")(second.view) == "unchanged"
        await ann.presses("c", "r")
        await ann.knows(second, lambda view: view.finished)
        await ann.sees("What this run had created was removed again;")
        assert second.view.finished is not None and second.view.finished.outcome == "interrupted"
        assert "alpha-bes" in await namespaces(clusters, "bevel-east")
        await cpu()
        third = await ann.deploys("tiny.yaml", clusters.kubeconfig)
        await ann.knows(third, lambda view: view.finished)
        assert third.view.finished is not None and third.view.finished.outcome == "ok", third.view.finished
