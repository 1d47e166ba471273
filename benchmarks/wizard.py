"""How quick the wizard is, as ratios: first paint, each step, 200 contexts.

    python benchmarks/wizard.py

The first paint is a process of its own, from its start until the first frame is drawn, beside a Textual hello-world
(median of several; the aim is 1.3). Steps are the CPU time from the key to the step's being drawn; since machines differ
they stand beside the time that an empty screen of Textual takes here, and the aim of 50 ms beside a machine on which
importing Textual takes 100 ms.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

RUNS = 7
AIM_MS, REFERENCE_IMPORT_MS = 50.0, 100.0

HELLO = """
import sys, time
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("Hello, world")
    def on_ready(self):
        self.call_after_refresh(self.exit)
Hello().run(headless=True)
"""
WIZARD = """
from bevel_tui.ui.app import BevelApp
from bevel_tui.ui.recent import Recent
from bevel_tui.ui.screens.start import StartScreen
from bevel_tui.ui.setup import Setup
BevelApp.on_ready = lambda self: self.call_after_refresh(self.exit)
StartScreen._later = lambda self: None  # what comes after the paint
BevelApp(StartScreen(Setup(recent=Recent()), clusters=True)).run(headless=True)
"""


def paint(code: str) -> float:
    """Milliseconds of a process until its first frame."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return (time.perf_counter() - started) * 1000


def first_paint() -> None:
    """Alternating, so that a machine's moods hit both."""
    pairs = [(paint(HELLO), paint(WIZARD)) for _ in range(RUNS)]
    hello, wizard = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"first paint: {wizard:.0f} ms, hello-world {hello:.0f} ms: ratio {wizard / hello:.2f} (aim 1.3)")


def textual_import() -> float:
    """Milliseconds of CPU that importing Textual takes here."""
    code = "import time; t = time.process_time(); import textual.app; print((time.process_time() - t) * 1000)"
    return statistics.median(
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
        for _ in range(3)
    )


async def steps() -> None:
    """Every step, pushed and drawn; then 200 contexts."""
    import pytest
    from textual.screen import Screen
    from textual.widgets import DataTable, Static

    from bevel_tui.ui.screens.step import screen_of
    from bevel_tui.wizard.sections import SECTIONS
    from tests.ui.snapshot import running
    from tests.ui.wizard import ready, wizard

    class Empty(Screen[None]):
        def compose(self) -> Any:
            yield Static("empty")

    slower = textual_import() / REFERENCE_IMPORT_MS
    print(f"this machine takes {slower:.1f} times as long as the one that the aims are for")
    monkeypatch = pytest.MonkeyPatch()
    with tempfile.TemporaryDirectory() as folder:
        home = Path.cwd()
        rows = [ready(f"kind-c{i:03}", storage_class="standard") for i in range(200)]
        app, setup = wizard(monkeypatch, Path(folder), rows)
        setup.draft.pick([rows[0].context, rows[1].context])
        setup.draft.set(("clusters", 0, "domain"), "c000.example.com")
        async with running(app, (120, 40)) as pilot:
            await app.workers.wait_for_complete()

            async def push(make: Any) -> float:
                times = []
                for _ in range(5):
                    screen = make()
                    started = time.process_time()
                    await app.push_screen(screen)
                    await pilot.pause()
                    times.append((time.process_time() - started) * 1000)
                    app.pop_screen()
                    await pilot.pause()
                return statistics.median(times)

            empty = await push(Empty)
            print(f"an empty screen of Textual: {empty:.0f} ms CPU here")
            for section in SECTIONS[1:]:
                took = await push(lambda s=section: screen_of(s.id, setup))
                print(
                    f"step {section.title}: {took:.0f} ms CPU here, {took / slower:.0f} ms there (aim {AIM_MS:.0f}); "
                    f"{took / empty:.1f} empty screens"
                )
            started = time.process_time()
            await app.push_screen(screen_of("clusters", setup))
            await pilot.pause()
            await app.workers.wait_for_complete()
            await pilot.pause()
            whole = (time.process_time() - started) * 1000
            table = app.screen.query_one(DataTable)
            started = time.process_time()
            for _ in range(50):
                await pilot.press("down")
            await pilot.pause()
            key = (time.process_time() - started) * 1000 / 50
            print(
                f"{table.row_count} contexts: {whole:.0f} ms CPU until all rows are filled ({whole / slower:.0f} there); "
                f"a key in the list {key:.1f} ms ({key / slower:.1f} there)"
            )
        monkeypatch.undo()
        os.chdir(home)


if __name__ == "__main__":
    first_paint()
    asyncio.run(steps())
