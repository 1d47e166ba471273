"""The live deployment: every state at every size, and the keys that steer a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest
from textual.pilot import Pilot

from bevel_tui.records import events as ev
from bevel_tui.ui.app import BevelApp
from bevel_tui.ui.base import BaseScreen
from bevel_tui.ui.screens.deploy import DeployScreen
from bevel_tui.ui.screens.reach import ReachScreen
from bevel_tui.views.state import RunView
from tests.stories import T0, Story
from tests.ui.runs import Played, recording, until
from tests.ui.snapshot import SIZES, picture, running, settle

ORG = "supplychain-bes"


class Home(BaseScreen):
    heading = "Home"


def story(name: str) -> list[ev.AnyEvent]:
    return getattr(Story(), name)


def held() -> list[ev.AnyEvent]:
    events = story("failed")[:-1]
    return [*events, ev.RunHeld(time=T0 + 47, steps=(f"east/{ORG}/validator-1",))]


def rolling_back() -> list[ev.AnyEvent]:
    step = ev.PlannedStep(id="remove/east/gateway", kind="release", cluster="east", release="edge-stack", estimate=5)
    return [
        *story("healthy_start"),
        ev.Interrupted(time=T0 + 20),
        ev.RollbackStarted(time=T0 + 21, steps=(step,)),
        ev.StepStarted(time=T0 + 21, step="remove/east/gateway", kind="release", cluster="east"),
    ]


def cancelled() -> list[ev.AnyEvent]:
    events = [*story("healthy_start"), ev.Interrupted(time=T0 + 20)]
    view = RunView.of(events)
    for step in view.steps.values():
        if not step.ended:
            events.append(ev.StepFinished(time=T0 + 22, step=step.id, kind=step.kind, cluster=step.cluster, outcome="cancelled", reason="stopped before it began"))  # fmt: skip
    return [*events, ev.RunFinished(time=T0 + 22, outcome="interrupted", exit_code=130, duration=22.0, error="Interrupted.")]  # fmt: skip


def paused() -> list[ev.AnyEvent]:
    return [*until(recording("besu-two-clusters"), "release-applied", 6), ev.RunPaused()]


#: what happened until now, by the name of its snapshot
STATES: dict[str, Callable[[], list[ev.AnyEvent]]] = {
    "connecting": lambda: [ev.Notice(time=T0, text="Stand-in charts are used.")],
    "running": lambda: until(recording("besu-two-clusters"), "release-applied", 8),
    "paused": paused,
    "dns": lambda: story("healthy_start"),
    "problem": lambda: story("failing"),
    "held": held,
    "failed": lambda: story("failed"),
    "rollback": rolling_back,
    "cancelled": cancelled,
    "done": lambda: list(recording("besu-two-clusters")),
}


async def begin(events: list[ev.AnyEvent], size: tuple[int, int]) -> tuple[BevelApp, Callable[[], Any]]:
    now = max(event.time for event in events)
    app = BevelApp(Home(), clock=lambda: now)
    return app, lambda: Played(events)


class Shown:
    """An app with the deploy screen over a session."""

    def __init__(self, events: list[ev.AnyEvent], size: tuple[int, int]) -> None:
        self.events, self.size = events, size
        now = max(event.time for event in events)
        self.app = BevelApp(Home(), clock=lambda: now)

    async def __aenter__(self) -> Shown:
        self._running = running(self.app, self.size)
        self.pilot: Pilot[Any] = await self._running.__aenter__()
        self.session = Played(self.events)
        self.app.sessions.append(self.session)
        await self.session.fed.wait()
        if self.events[-1].type == "run-finished":
            await self.session.ended()
        self.screen = DeployScreen(self.session, zone=UTC)
        await self.app.push_screen(self.screen)
        await self.look()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._running.__aexit__(*error)

    async def look(self) -> None:
        await settle(self.pilot)
        if isinstance(self.app.screen, DeployScreen | ReachScreen):
            self.app.screen.look()
        await settle(self.pilot)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.look()

    async def tell(self, *events: ev.AnyEvent) -> None:
        for event in events:
            self.session.queue.put_nowait(event)
        while not self.session.queue.empty():
            await self.pilot.pause(0.01)
        await self.look()

    @property
    def text(self) -> str:
        return picture(self.app)


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("state", STATES)
async def test_every_state_at_every_size(state, size, snapshot):
    async with Shown(STATES[state](), size) as shown:
        snapshot(shown.pilot, f"deploy-{state}")
