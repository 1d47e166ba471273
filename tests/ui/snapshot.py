"""Screens as plain text, compared to files; and as pictures, to look at.

    async def test_start(snapshot):
        async with running(BevelApp(StartScreen(), clock=lambda: T0), (80, 24)) as pilot:
            await pilot.press("down")
            snapshot(pilot, "start")                  # tests/ui/snapshots/start-80x24.txt

`BEVEL_TUI_RECORD=1` writes the files anew (the diff is what you review), and with them the pictures in the documentation.
`BEVEL_TUI_PICTURES=DIR` writes an SVG of each beside, for `rsvg-convert -o x.png x.svg`. Text and not SVG is compared: a
diff of it can be read, and a release of Textual that draws a border otherwise changes nothing in it.
"""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from textual.app import App
from textual.pilot import Pilot

from tests.ui import picture as pictures

SIZES = ((80, 24), (120, 40), (200, 60))
FOLDER = Path(__file__).parent / "snapshots"


@asynccontextmanager
async def running(app: App[Any], size: tuple[int, int]) -> AsyncIterator[Pilot[Any]]:
    """The app in a terminal of that size, without animations."""
    app.animation_level = "none"
    async with app.run_test(size=size, notifications=True) as pilot:
        await settle(pilot)
        yield pilot


async def settle(pilot: Pilot[Any]) -> None:
    """Until every message, refresh and layout that is due has been worked off, however slow the machine.

    A pause of the pilot ends when this process gets no processor for a moment, which is the rule beside busy neighbours;
    so it is asked of the widgets themselves whether they have anything left to do.
    """
    for _ in range(3):
        await pilot.pause()
        await pilot.app.animator.wait_until_complete()
    quiet = 0
    while quiet < 3:  # what is being worked on when it is asked shows in the next round
        await pilot._wait_for_screen()
        quiet = 0 if _busy(pilot.app) else quiet + 1
        pilot.app.screen._on_timer_update()


def _busy(app: App[Any]) -> bool:
    """Whether a node of the screen on top has messages, callbacks or drawing left."""
    if not app.is_running or app._exception is not None:
        return False
    screen = app.screen
    pumps = [app, *screen.walk_children(with_self=True)]
    if any(not pump._message_queue.empty() or pump._next_callbacks for pump in pumps):
        return True
    return bool(screen._callbacks or screen._dirty_widgets or screen._layout_required)


def picture(app: App[Any]) -> str:
    """What the terminal shows, as lines without trailing blanks, screens below dialogs included."""
    lines = _printed(app).export_text(styles=False).splitlines()
    return "\n".join(line.rstrip() for line in lines[: app.size.height]) + "\n"


def _printed(app: App[Any]) -> Console:
    """A console that was shown what the terminal shows."""
    width, height = app.size
    console = Console(
        width=width, height=height, file=io.StringIO(), force_terminal=True, record=True, legacy_windows=False
    )
    console.print(app.screen._compositor.render_update(full=True, screen_stack=app._background_screens))
    return console


def compare(pilot: Pilot[Any], name: str) -> None:
    """Hold what is shown against `snapshots/NAME-WIDTHxHEIGHT.txt`. Raises AssertionError with a diff."""
    app = pilot.app
    width, height = app.size
    path = FOLDER / f"{name}-{width}x{height}.txt"
    shown = picture(app)
    if folder := os.environ.get("BEVEL_TUI_PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{path.stem}.svg").write_text(app.export_screenshot())
    if os.environ.get("BEVEL_TUI_RECORD"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(shown)
        if path.stem in pictures.SHOWN:
            title = app.screen.title or name
            made = pictures.svg(_printed(app)._record_buffer, width, height, title)
            pictures.FOLDER.mkdir(exist_ok=True)
            (pictures.FOLDER / f"{path.stem}.svg").write_text(made)
        return
    assert path.exists(), f"{path.name} is not recorded: BEVEL_TUI_RECORD=1"
    wanted = path.read_text()
    if shown != wanted:
        diff = difflib.unified_diff(wanted.splitlines(), shown.splitlines(), "recorded", "shown", lineterm="")
        raise AssertionError("\n".join((f"{path.name} differs (BEVEL_TUI_RECORD=1 records anew):", *diff)))
