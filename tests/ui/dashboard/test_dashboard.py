"""The dashboard over recorded snapshots: what it shows in every state and size, where keys lead, and what it may change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Log, Static, TabbedContent, TextArea

from bevel_tui import api
from bevel_tui.records.actions import Action, ActionDone
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.snapshot import Snapshot
from bevel_tui.ui.app import BevelApp
from bevel_tui.ui.dashboard.check import CheckScreen
from bevel_tui.ui.dashboard.finding import FindingScreen
from bevel_tui.ui.dashboard.findings import Findings
from bevel_tui.ui.dashboard.overview import DashboardScreen
from bevel_tui.ui.dashboard.place import PlaceScreen
from bevel_tui.ui.dashboard.source import Source
from bevel_tui.ui.dashboard.thing import ObjectScreen, Subject
from bevel_tui.ui.dialog import Dialog
from tests.stories import T0
from tests.ui.contrast import legible
from tests.ui.dashboard.recorded import POD, Played, checked, cluster_dead, healthy, image_gone
from tests.ui.snapshot import SIZES, picture, running, settle

Compare = Callable[[Pilot[Any], str], None]


@asynccontextmanager
async def dashboard(
    played: Played, size: tuple[int, int] = (120, 40), *, readonly: bool = False, retried: list[str] | None = None
) -> AsyncIterator[tuple[Pilot[Any], Source]]:
    source = Source(played, readonly=readonly, clock=lambda: T0)
    screen = DashboardScreen(source, retry=retried.append if retried is not None else None)
    async with running(BevelApp(screen, clock=lambda: T0), size) as pilot:
        await drawn(pilot, source, 1)
        yield pilot, source


async def drawn(pilot: Pilot[Any], source: Source, revision: int) -> None:
    """Until the screen shows that many snapshots and actions."""
    while source.revision < revision and source.problem is None:
        await pilot.pause(0.02)
    look = getattr(pilot.app.screen, "look", None)
    if look is not None:
        look()
    await settle(pilot)


STATES: dict[str, Callable[[], Snapshot]] = {
    "healthy": healthy,
    "image-gone": image_gone,
    "cluster-dead": cluster_dead,
    "checks-failed": checked,
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", STATES)
async def test_the_first_screen(name: str, size: tuple[int, int], snapshot: Compare) -> None:
    async with dashboard(Played(STATES[name]()), size) as (pilot, _):
        snapshot(pilot, f"dashboard-{name}")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_from_a_finding_to_its_object_and_its_logs(size: tuple[int, int], snapshot: Compare) -> None:
    async with dashboard(Played(image_gone()), size) as (pilot, _):
        await pilot.press("1", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, FindingScreen)
        snapshot(pilot, "dashboard-finding")
        await pilot.press("o")
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, ObjectScreen)
        assert "managedFields" not in screen.query_one("#yaml-text", TextArea).text
        await pilot.press("e")
        await settle(pilot)
        assert "Failed to pull image" in screen.query_one("#events-text", TextArea).text
        await pilot.press("l")
        await settle(pilot)
        assert "ready" in list(screen.query_one("#log", Log).lines)
        assert "\\x1b[31mred?\\x1b[0m" in list(screen.query_one("#log", Log).lines)
        snapshot(pilot, "dashboard-logs")
        await pilot.press("p")
        await settle(pilot)
        assert screen.query_one("#log", Log).lines[0] == "the run before"
        await pilot.press("escape", "escape")
        await settle(pilot)
        assert isinstance(pilot.app.screen, DashboardScreen)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_inside_of_an_organization(size: tuple[int, int], snapshot: Compare) -> None:
    async with dashboard(Played(image_gone()), size) as (pilot, _):
        await pilot.press("down", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, PlaceScreen)
        snapshot(pilot, "dashboard-organization")


async def test_a_check_and_the_matrix(snapshot: Compare) -> None:
    async with dashboard(Played(checked())) as (pilot, _):
        await pilot.press("2", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, CheckScreen)
        snapshot(pilot, "dashboard-check")
        await pilot.press("escape", "3")
        await settle(pilot)
        snapshot(pilot, "dashboard-matrix")
        await pilot.press("right", "right", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, CheckScreen)
        assert pilot.app.screen.check.vantage == "east"
        assert pilot.app.screen.check.status == "failed"


async def test_every_screen_can_be_read_in_every_theme() -> None:
    played = Played(healthy())
    async with dashboard(played) as (pilot, source):
        await legible(pilot)
        played.queue.put_nowait(image_gone(checked()))
        await drawn(pilot, source, 2)
        for keys, kind in (
            ("1", DashboardScreen),
            ("2", DashboardScreen),
            ("enter", CheckScreen),
            ("escape 3", DashboardScreen),
            ("4", DashboardScreen),
            ("1 enter", FindingScreen),
            ("a", Dialog),
            ("1", Dialog),
            ("n o", ObjectScreen),
            ("e", ObjectScreen),
            ("l", ObjectScreen),
        ):
            for key in keys.split():
                await pilot.press(key)
                await settle(pilot)
            assert isinstance(pilot.app.screen, kind), keys
            await legible(pilot)
        await pilot.press("escape", "escape")
        await settle(pilot)
        pilot.app.screen.query_one("#places", DataTable).focus()
        await pilot.press("home", "down", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, PlaceScreen)
        await legible(pilot)


async def test_what_changes_is_shown_without_moving_the_cursor_and_stands_in_the_timeline(snapshot: Compare) -> None:
    played = Played(healthy())
    async with dashboard(played) as (pilot, source):
        await pilot.press("down", "down", "down", "down")
        played.queue.put_nowait(image_gone())
        await drawn(pilot, source, 2)
        assert pilot.app.screen.query_one("#places", DataTable).cursor_row == 4
        tree = pilot.app.screen.query_one("#finding-tree", Findings)
        assert tree.root.children[0].data is not None
        assert tree.root.children[0].data.code == "POD-IMG-NOTFOUND"
        played.queue.put_nowait(healthy())
        await drawn(pilot, source, 3)
        assert not tree.display
        told = [entry.text for entry in source.timeline]
        assert any("POD-IMG-NOTFOUND" in text and "is over" not in text for text in told)
        assert any("POD-IMG-NOTFOUND" in text and "is over" in text for text in told)
        assert any(text.startswith("StatefulSet supplychain-bes/besu-node-member-supplychain-1: 0/1") for text in told)


async def test_a_finding_that_is_over_says_so() -> None:
    played = Played(image_gone())
    async with dashboard(played) as (pilot, source):
        await pilot.press("1", "enter")
        await settle(pilot)
        played.queue.put_nowait(healthy())
        await drawn(pilot, source, 2)
        assert "over: it is not seen any more" in picture(pilot.app)


async def test_an_action_is_asked_with_its_command_before_it_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Action] = []

    async def act(action: Action, *, kubeconfig: str | None = None, readonly: bool = False) -> ActionDone:
        assert not readonly
        done.append(action)
        return ActionDone(ok=True, message="It was deleted.")

    monkeypatch.setattr(api, "act", act)
    async with dashboard(Played(image_gone())) as (pilot, source):
        await pilot.press("1", "enter")
        await settle(pilot)
        await pilot.press("a", "1")
        await settle(pilot)
        assert isinstance(pilot.app.screen, Dialog)
        shown = picture(pilot.app)
        assert f"Restart pod {POD}?" in shown
        assert "kubectl --context bevel-east -n supplychain-bes delete pod" in shown
        await pilot.press("n")
        await settle(pilot)
        assert done == []
        await pilot.press("a", "1", "d")
        await settle(pilot)
        while not done:
            await pilot.pause(0.02)
        await settle(pilot)
        assert [(a.kind, a.name) for a in done] == [("restart-pod", POD)]
        assert "It was deleted." in source.timeline[-1].text


async def test_a_release_is_retried_on_a_screen_of_its_own() -> None:
    retried: list[str] = []
    async with dashboard(Played(image_gone()), retried=retried) as (pilot, source):
        await pilot.press("1", "enter")
        await settle(pilot)
        assert source.snapshot is not None
        kinds = [a.kind for a in api.actions(source.snapshot, Subject("east", "Pod", "supplychain-bes", POD))]
        await pilot.press("a", str(1 + kinds.index("retry-release")), "d")
        await settle(pilot)
        assert retried == ["besu-two-clusters"]


@pytest.mark.parametrize("readonly", [False, True], ids=["may-act", "readonly"])
async def test_a_run_of_this_process_gets_more_time_and_another_is_explained(readonly: bool) -> None:
    given: list[tuple[str | None, float]] = []

    class Run:
        running = True
        network = "besu-two-clusters"
        view = SimpleNamespace(command="deploy", finished=None)
        control = SimpleNamespace(extend=lambda step, seconds: given.append((step, seconds)))

        async def close(self) -> None:
            pass

    async with dashboard(Played(image_gone()), readonly=readonly) as (pilot, _):
        screen = pilot.app.screen
        assert isinstance(screen, DashboardScreen)
        command = next(c for c in screen.commands() if c.title == "More time for a run")
        command.run()
        await settle(pilot)
        assert isinstance(pilot.app.screen, Dialog) is not readonly
        if not readonly:
            shown = picture(pilot.app)
            assert "takes orders" in shown
            assert "--timeout" in shown
            await pilot.press("escape")
            await settle(pilot)
        cast(BevelApp, pilot.app).sessions.append(cast(Any, Run()))
        command.run()
        await settle(pilot)
        if not readonly:
            assert "deploy of besu-two-clusters" in picture(pilot.app)
            await pilot.press("escape")
            await settle(pilot)
            assert given == []
            command.run()
            await settle(pilot)
            await pilot.press("1")
            await settle(pilot)
        assert given == ([] if readonly else [(None, 900.0)])


async def test_read_only_offers_nothing() -> None:
    async with dashboard(Played(image_gone()), readonly=True) as (pilot, source):
        await pilot.press("1", "enter")
        await settle(pilot)
        await pilot.press("a")
        await settle(pilot)
        assert not isinstance(pilot.app.screen, Dialog)
        assert source.snapshot is not None
        action = api.actions(source.snapshot, Subject("east", "Pod", "supplychain-bes", POD))[0]
        assert not (await source.act(action)).ok


async def test_checks_are_asked_again() -> None:
    played = Played(healthy())
    async with dashboard(played) as (pilot, _):
        await pilot.press("r")
        await pilot.pause()
        assert played.probed == [None]


async def test_what_keeps_it_from_beginning_is_said(snapshot: Compare) -> None:
    error = BevelError(Code.CONTEXT_UNKNOWN, "There is no context 'nowhere' in the kubeconfig.")
    async with dashboard(Played(refuse=error), (80, 24)) as (pilot, _):
        snapshot(pilot, "dashboard-refused")
        assert "What to do" in str(pilot.app.screen.query_one("#all-well", Static).render())


async def test_an_object_that_cannot_be_read() -> None:
    async with dashboard(Played(healthy())) as (pilot, source):
        pilot.app.push_screen(ObjectScreen(source, "east", "ConfigMap", "supplychain-bes", "gone"))
        await settle(pilot)
        screen = pilot.app.screen
        assert screen.query_one("#yaml-text", TextArea).text == "ConfigMap gone cannot be read: forbidden"
        await pilot.press("l")
        assert screen.query_one(TabbedContent).active == "yaml"
