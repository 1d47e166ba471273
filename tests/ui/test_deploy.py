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
from bevel_tui.ui.dialog import Dialog
from bevel_tui.ui.screens.deploy import DeployScreen
from bevel_tui.ui.screens.reach import ReachScreen
from bevel_tui.ui.widgets.copying import CopyDialog
from bevel_tui.ui.widgets.lines import Lines
from bevel_tui.ui.widgets.tree import RunTree
from bevel_tui.views.state import RunView
from tests.stories import T0, Story
from tests.ui.contrast import legible
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


def several() -> list[ev.AnyEvent]:
    """A problem, and records to create: neither may hide the other."""
    asked = next(event for event in story("healthy_start") if isinstance(event, ev.DnsWaiting))
    there = {"time": T0 + 45, "step": "west/dns", "cluster": "west"}
    started = ev.StepStarted(kind="dns", **there)
    return [*story("failing"), started, asked.model_copy(update={**there, "domain": "west.example.test"})]


def paused() -> list[ev.AnyEvent]:
    return [*until(recording("besu-two-clusters"), "release-applied", 6), ev.RunPaused()]


#: what happened until now, by the name of its snapshot
STATES: dict[str, Callable[[], list[ev.AnyEvent]]] = {
    "connecting": lambda: [ev.Notice(time=T0, text="Stand-in charts are used.")],
    "running": lambda: until(recording("besu-two-clusters"), "release-applied", 8),
    "paused": paused,
    "dns": lambda: story("healthy_start"),
    "problem": lambda: story("failing"),
    "several": several,
    "held": held,
    "failed": lambda: story("failed"),
    "rollback": rolling_back,
    "cancelled": cancelled,
    "done": lambda: list(recording("besu-two-clusters")),
}


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
        if size == (120, 40):
            await legible(shown.pilot)
        assert not any(lines.too_wide for lines in shown.app.screen.query(Lines) if lines.region.area)


# ---------------------------------------------------------------- the keys


async def test_pause_retry_and_time_reach_the_run():
    async with Shown(held(), (120, 40)) as shown:
        await shown.press("t")
        orders = [(order.what, order.step) for order in await ordered(shown)]
        assert orders == [("retry", f"east/{ORG}/validator-1")]
        await shown.tell(ev.StepRequeued(time=T0 + 50, step=f"east/{ORG}/validator-1", cluster="east"), ev.RunHeld(time=T0 + 50))  # fmt: skip
        assert "needs you" not in shown.text
        assert not shown.screen.check_action("retry", ())
        await shown.press("p")
        await shown.press("p")
        assert [order.what for order in await ordered(shown)] == ["retry", "pause", "resume"]
        await shown.press("x", "5")
        order = (await ordered(shown))[-1]
        assert (order.what, order.step, order.seconds) == (
            "extend",
            "west/gateway",
            300,
        )  # the cursor went on to what runs


async def ordered(shown: Shown) -> list[Any]:
    for _ in range(3):
        await shown.pilot.pause(0.01)
    return shown.session.orders


async def test_a_running_step_with_a_limit_is_what_gets_more_time():
    async with Shown(STATES["running"](), (120, 40)) as shown:
        step = shown.screen.query_one(RunTree).chosen.step
        assert step.state == "running" and step.budget
        await shown.press("x")
        assert f"More time for step {step.label}" in shown.text
        await shown.press("1")
        order = (await ordered(shown))[-1]
        assert (order.step, order.seconds) == (step.id, 900)


@pytest.mark.parametrize(
    ("key", "stage", "rollback", "size"),
    [("k", 1, False, (80, 24)), ("r", 1, True, (120, 40)), ("n", 2, False, (200, 60)), ("escape", 0, False, (80, 24))],
)
async def test_cancelling_asks_what_shall_become_of_it(key, stage, rollback, size, snapshot):
    async with Shown(STATES["running"](), size) as shown:
        await shown.press("c")
        assert isinstance(shown.app.screen, Dialog)
        snapshot(shown.pilot, "deploy-cancel")
        if key == "k":
            await legible(shown.pilot)
        await shown.press(key)
        assert (shown.session.control.cancel.stage, shown.session.control.rollback) == (stage, rollback)


async def test_leaving_and_coming_back_loses_nothing():
    events = list(recording("besu-two-clusters"))
    async with Shown(events[:120], (120, 40)) as shown:
        await shown.press("escape")
        assert isinstance(shown.app.screen, Home)
        await shown.tell(*events[120:])
        await shown.session.ended()
        shown.app.show_run(shown.session)
        await shown.look()
        assert "finished: ok" in shown.text
        assert shown.app.screen.session.view == RunView.of(events)


async def test_the_cursor_follows_until_it_is_moved():
    events = list(recording("besu-two-clusters"))
    async with Shown(until(events, "release-applied", 6), (120, 40)) as shown:
        tree = shown.screen.query_one(RunTree)
        first = tree.chosen.key
        assert tree.chosen.step.state == "running"
        await shown.press("home")
        assert tree.chosen.key == "c/east"
        await shown.press("space")
        assert f"{ORG}" not in shown.text
        await shown.press("right", "f")
        assert tree.chosen.key == first


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
async def test_what_happened_and_logs_of_a_job_whose_pod_is_gone(size, snapshot):
    async with Shown(list(recording("besu-two-clusters")), size) as shown:
        step = next(s for s in shown.session.view.steps.values() if s.release == "genesis" and s.logs)
        shown.screen._go_to(step)
        await shown.press("2")
        assert "install by Helm: besu-genesis" in shown.text
        snapshot(shown.pilot, "deploy-events")
        await shown.press("3")
        snapshot(shown.pilot, "deploy-logs")
        assert step.logs[-1].text[:30] in shown.text
        assert shown.session.control.watched == step.id
        await shown.press("1")
        assert shown.session.control.watched is None


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
async def test_records_are_copied_in_every_form(size, snapshot, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with Shown(story("healthy_start"), size) as shown:
        await shown.press("y")
        assert isinstance(shown.app.screen, CopyDialog)
        snapshot(shown.pilot, "deploy-copy")
        if size == (80, 24):
            await legible(shown.pilot)
        await shown.press("enter")
        assert "203.0.113.10" in shown.app.clipboard
        await shown.press("y", "down", "s")
        await shown.look()
        assert "203.0.113.10" in next(tmp_path.iterdir()).read_text()


async def test_the_mouse_chooses_and_opens():
    async with Shown(STATES["running"](), (120, 40)) as shown:
        tree = shown.screen.query_one(RunTree)
        assert await shown.pilot.click(RunTree, offset=(3, 1))
        await shown.look()
        assert tree.chosen.key == "c/east"
        assert ORG not in shown.text


async def test_a_terminal_that_grows_and_shrinks_shows_all_of_it():
    async with Shown(story("failing"), (80, 24)) as shown:
        for size in ((200, 60), (100, 30), (80, 24), (120, 40), (80, 24)):
            await shown.pilot.resize_terminal(*size)
            await shown.look()
            lines = shown.text.splitlines()
            assert len(lines) <= size[1]
            assert "Set platform.version to a tag" in shown.text
            assert "Commands" in lines[-1]
            for widget in shown.app.screen.query(".panel"):
                if widget.region.area:
                    assert widget.region in shown.app.screen.region, (size, widget.id)


async def test_text_from_clusters_cannot_draw():
    events = story("failing")
    evil = ev.LogLine(
        time=T0 + 45, step=f"east/{ORG}/validator-1", cluster="east", source="a/b/c", text="\x1b[2J[red]boo[/]"
    )
    async with Shown([*events, evil], (120, 40)) as shown:
        await shown.press("3")
        assert "\\x1b[2J[red]boo[/]" in shown.text


# ---------------------------------------------------------------- reachability


def unreachable() -> list[ev.AnyEvent]:
    events = story("done")
    checks = [ev.CheckDone(time=T0 + 70, result=result) for result in Story.checks]
    end = events[-1].model_copy(
        update={"outcome": "unreachable", "exit_code": 5, "error": "east/check: 1 check failed"}
    )
    return [*events[:-1], *checks, *matrix(), end]


def matrix() -> list[ev.AnyEvent]:
    from bevel_tui.records.checks import CheckResult

    states = {("east", "east"): "ok", ("east", "west"): "failed", ("west", "east"): "ok", ("west", "west"): "ok"}
    results = []
    for (there, to), state in states.items():
        said, remedy = ("refused", "Open port 443.") if state == "failed" else ("answers", None)
        seen = {"cluster": to, "vantage": there, "target": f"{to}:443", "summary": f"{to}:443 {said}"}
        results.append(CheckResult(id="cluster-path", category="clusters", status=state, remedy=remedy, **seen))
    return [ev.CheckDone(time=T0 + 71, result=result) for result in results]


REACHED: dict[str, Callable[[], list[ev.AnyEvent]]] = {
    "done": lambda: list(recording("besu-two-clusters")),
    "unreachable": unreachable,
    "live": lambda: until(recording("besu-two-clusters"), "check-done", 10),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("state", REACHED)
async def test_reachability_at_every_size(state, size, snapshot):
    async with Shown(REACHED[state](), size) as shown:
        await shown.press("r")
        assert isinstance(shown.app.screen, ReachScreen)
        snapshot(shown.pilot, f"reach-{state}")
        if size == (80, 24):
            await legible(shown.pilot)
        assert not any(lines.too_wide for lines in shown.app.screen.query(Lines) if lines.region.area)


async def test_many_answers_that_are_alike_take_one_line():
    async with Shown(list(recording("besu-two-clusters")), (120, 40)) as shown:
        await shown.press("r")
        assert " times" in shown.text
        await shown.press("a")
        assert " times" not in shown.text


async def test_only_problems_and_what_may_be_copied():
    async with Shown(unreachable(), (120, 40)) as shown:
        await shown.press("r")
        assert "tls-handshake" in shown.text and "lb-address" in shown.text
        await shown.press("a", "a")
        await shown.press("o")
        assert "lb-address" not in shown.text
        assert "Open port 443." in shown.text
        await shown.press("y", "down", "enter")
        assert "eth_blockNumber" in shown.app.clipboard
        await shown.press("escape")
        assert isinstance(shown.app.screen, DeployScreen)
