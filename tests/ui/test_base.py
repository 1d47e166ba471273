"""What every screen has: header, help, jump, palette, keymap, quitting."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import itertools
import os
import pkgutil
import signal
import subprocess
import sys

import pytest
from textual.app import ComposeResult
from textual.binding import Binding
from textual.dom import DOMNode
from textual.widgets import Button, Input

from bevel_tui.keys import DEFAULTS, collide
from bevel_tui.records.events import RunFinished, RunStarted
from bevel_tui.ui import hangup
from bevel_tui.ui.app import BevelApp
from bevel_tui.ui.base import BaseScreen
from bevel_tui.ui.dialog import Dialog
from bevel_tui.ui.footer import KeyFooter
from bevel_tui.ui.help import HelpScreen, helped
from bevel_tui.ui.jump import JumpScreen, letters
from bevel_tui.ui.palette import Command
from bevel_tui.ui.session import Session
from tests.stories import T0
from tests.ui.contrast import legible
from tests.ui.snapshot import SIZES, picture, running, settle


class Sample(BaseScreen):
    heading = "Sample"
    BINDINGS = (Binding("ctrl+n", "next", "Next", id="sample.next"),)

    def __init__(self, lost: str | None = None) -> None:
        super().__init__()
        self.lost = lost
        self.went: list[str] = []

    def body(self) -> ComposeResult:
        yield helped(Input(id="name"), "The name of the network.\n\nLowercase letters, at most 30 of them.")
        yield helped(Button("Go", id="go"), "Goes on.")

    def on_mount(self) -> None:
        super().on_mount()
        self.header.network = "supplychain"
        self.header.crumbs = ("east", "supplychain-bes")
        self.header.simulated = True

    def commands(self):
        yield Command("Do the special thing", "Nobody knows what", lambda: self.went.append("special"))

    def unsaved(self) -> str | None:
        return self.lost

    def action_next(self) -> None:
        self.went.append("next")


@pytest.mark.parametrize("size", SIZES)
async def test_a_screen_at_every_size(size, snapshot):
    async with running(BevelApp(Sample()), size) as pilot:
        snapshot(pilot, "sample")


@pytest.mark.parametrize("size", SIZES)
async def test_help_is_about_what_has_the_focus(size, snapshot):
    async with running(BevelApp(Sample()), size) as pilot:
        await pilot.press("f1")
        await settle(pilot)
        assert isinstance(pilot.app.screen, HelpScreen)
        snapshot(pilot, "help")
        if size == (80, 24):
            await legible(pilot)
        await pilot.press("escape", "tab")
        await settle(pilot)
        assert "Goes on." in picture(pilot.app)
        assert "Lowercase" not in picture(pilot.app)


@pytest.mark.parametrize("size", SIZES)
async def test_jump_goes_to_the_field_of_the_letter(size, snapshot):
    async with running(BevelApp(Sample()), size) as pilot:
        await pilot.press("ctrl+o")
        await settle(pilot)
        assert isinstance(pilot.app.screen, JumpScreen)
        snapshot(pilot, "jump")
        if size == (80, 24):
            await legible(pilot)
        await pilot.press("s")
        await settle(pilot)
        assert pilot.app.focused is not None and pilot.app.focused.id == "go"
        await pilot.press("ctrl+o", "escape")
        await settle(pilot)
        assert pilot.app.focused.id == "go"


def test_letters_are_different_and_of_one_length():
    for count in (1, 26, 27, 60):
        found = letters(count)
        assert len(set(found)) == count
        assert len({len(name) for name in found}) == 1


async def test_the_palette_offers_the_screens_commands_and_its_keys():
    screen = Sample()
    async with running(BevelApp(screen), (80, 24)) as pilot:
        for words in ("special", "Next"):
            await pilot.press("ctrl+p")
            await settle(pilot)
            await pilot.press(*words)
            await pilot.app.workers.wait_for_complete()
            await settle(pilot)
            await pilot.press("enter")
            await settle(pilot)
        assert screen.went == ["special", "next"]


async def test_a_click_on_a_key_presses_it_and_only_whole_keys_are_shown():
    screen = Sample()
    async with running(BevelApp(screen), (80, 24)) as pilot:
        line = picture(pilot.app).splitlines()[-1]
        await pilot.click(KeyFooter, offset=(line.index("Next"), 0))
        await settle(pilot)
        assert screen.went == ["next"]
        await pilot.resize_terminal(40, 24)
        await settle(pilot)
        assert picture(pilot.app).splitlines()[-1] == " f1 Help  ^n Next  ^q Quit ▏^p Commands"


@pytest.mark.parametrize("size", SIZES)
async def test_the_palette_lists_what_there_is_in_one_order(size, snapshot):
    async with running(BevelApp(Sample()), size) as pilot:
        await pilot.press("ctrl+p")
        await settle(pilot)
        await pilot.app.workers.wait_for_complete()
        await settle(pilot)
        snapshot(pilot, "palette")


async def test_keys_are_what_the_keymap_says():
    screen = Sample()
    async with running(BevelApp(screen, keymap={"sample.next": "f8, f9"}), (80, 24)) as pilot:
        await pilot.press("ctrl+n")
        assert screen.went == []
        await pilot.press("f9")
        assert screen.went == ["next"]


def test_the_names_of_all_bindings_are_what_a_keymap_may_say():
    """And no two of those that a keymap may not give one key have one."""
    import bevel_tui.ui

    found = {}
    for module in pkgutil.walk_packages(bevel_tui.ui.__path__, "bevel_tui.ui."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(kind, DOMNode) and kind.__module__.startswith("bevel_tui.ui"):
                own = [b for b in kind.__dict__.get("BINDINGS", ()) if not b.system]
                assert all(binding.id for binding in own), kind
                for binding in own:
                    found.setdefault(binding.id, set()).update(binding.key.split(","))
    assert found == {name: set(keys.split(",")) for name, keys in DEFAULTS.items()}
    for one, other in itertools.combinations(sorted(found), 2):
        assert not (found[one] & found[other] and collide(one, other)), (one, other)


async def test_an_unknown_theme_is_said_and_harmless():
    async with running(BevelApp(Sample(), theme="sepia"), (80, 24)) as pilot:
        assert "sepia" in picture(pilot.app)
        assert pilot.app.theme == "dark"


@pytest.mark.parametrize("theme", ["dark", "light", "high-contrast"])
async def test_themes_say_the_same(theme):
    async with running(BevelApp(Sample(), theme=theme), (80, 24)) as pilot:
        assert "simulated" in picture(pilot.app)


async def test_quitting_asks_before_answers_are_lost():
    async with running(BevelApp(Sample("The answers are not saved.")), (80, 24)) as pilot:
        await pilot.press("ctrl+q")
        await settle(pilot)
        assert isinstance(pilot.app.screen, Dialog)
        assert "not saved" in picture(pilot.app)
        await pilot.press("escape")
        await settle(pilot)
        assert pilot.app.is_running and not isinstance(pilot.app.screen, Dialog)
        await pilot.press("ctrl+c")
        await settle(pilot)
        await pilot.press("l")
    assert pilot.app.return_value == 0


async def test_quitting_asks_while_a_run_goes_on():
    stopped = []

    async def events(control, stack):
        yield RunStarted(time=T0, network="supplychain", plan="x", platform="besu", clusters=("east",))
        await control.cancel.stopping.wait()
        stopped.append(control.cancel.stage)
        yield RunFinished(time=T0 + 1, outcome="interrupted", exit_code=130, duration=1.0)

    app = BevelApp(Sample(), clock=lambda: T0)
    async with running(app, (80, 24)) as pilot:
        session = Session(events, clock=app.clock)
        app.sessions.append(session)
        await asyncio.sleep(0)
        await pilot.press("ctrl+q")
        await settle(pilot)
        assert "Still running: deploy of supplychain" in picture(app)
        await pilot.press("k")
        await settle(pilot)
        assert session.running
        await pilot.press("ctrl+q")
        await settle(pilot)
        await pilot.press("f")
        await session.ended()
        await settle(pilot)
    assert stopped == [1]
    assert app.return_value == 130


@pytest.mark.skipif(sys.platform == "win32", reason="signals of terminals")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM"])
async def test_a_run_leaves_cleanly_when_its_terminal_is_closed(name, monkeypatch):
    forgotten = []
    monkeypatch.setattr(hangup, "_forget_terminal", lambda: forgotten.append(name))
    number = signal.Signals[name]
    before = signal.signal(number, signal.SIG_DFL)
    stopped = []

    async def events(control, stack):
        yield RunStarted(time=T0, network="supplychain", plan="x", platform="besu", clusters=("east",))
        await control.cancel.stopping.wait()
        stopped.append(control.cancel.stage)
        yield RunFinished(time=T0 + 1, outcome="interrupted", exit_code=130, duration=1.0)

    try:
        app = BevelApp(Sample(), clock=lambda: T0)
        async with running(app, (80, 24)):
            assert signal.getsignal(number) != signal.SIG_DFL
            session = Session(events, clock=app.clock)
            app.sessions.append(session)
            await asyncio.sleep(0)
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)  # the kernel says it, and the shell says it again
            for _ in range(10):
                await asyncio.sleep(0)  # the loop has looked for signals since
            assert app.return_value == 130
        assert not session.running
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)
    assert stopped == [2]
    assert forgotten == (["SIGHUP"] if name == "SIGHUP" else [])


async def test_a_session_always_has_a_last_word():
    async def breaks(control, stack):
        yield RunStarted(time=T0, network="n", plan="x", platform="besu", clusters=())
        raise ValueError("odd")

    session = Session(breaks, clock=lambda: T0)
    await session.ended()
    assert session.view.finished is not None
    assert "ValueError: odd" in (session.view.finished.error or "")


def test_headless_paths_never_import_textual():
    code = (
        "import sys, bevel_tui.cli, bevel_tui.cli.headless, bevel_tui.output.console, bevel_tui.output.lines, "
        "bevel_tui.output.live, bevel_tui.output.summary, bevel_tui.views.state, bevel_tui.api\n"
        "import bevel_tui.engine.run\n"
        "sys.exit(1 if 'textual' in sys.modules else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_key_of_the_deployments_screens_is_documented_under_its_name():
    from pathlib import Path

    from bevel_tui.ui.screens.deploy import DeployScreen
    from bevel_tui.ui.screens.reach import ReachScreen
    from bevel_tui.ui.widgets.tree import RunTree

    said = (Path(__file__).parents[2] / "docs" / "screens.md").read_text()
    for kind in (BevelApp, BaseScreen, DeployScreen, ReachScreen, RunTree):
        for binding in kind.BINDINGS:
            assert binding.system or (binding.id and f"`{binding.id}`" in said), (kind.__name__, binding)
