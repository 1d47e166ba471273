"""How the deployment's screen fares under a flood: 20 clusters, 2,000 resources, 2,000 events a second.

    .venv/bin/python benchmarks/deploy_screen.py [SECONDS]

Prints how long a key press takes until what it did has been drawn, how often the panels are drawn, how much of the
event loop's time is left, the process's memory, and the first paint beside that of an empty Textual application.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator

from bevel_tui.records import events as ev

CLUSTERS, STEPS, RESOURCES = 20, 20, 5  # each: 20 x 20 x 5 = 2,000 resources
RATE = 2000

_HELLO = """
import time, sys; began = time.perf_counter()
from textual.app import App
from textual.widgets import Label
class Hello(App):
    def compose(self):
        yield Label("hello")
    def on_ready(self):
        print(time.perf_counter() - began, file=sys.stderr); self.exit()
Hello().run(headless=True)
"""
#: a preset is read before its deployment is shown, and the models that takes are most of what is imported
_MODELS = _HELLO.replace("class Hello", "import bevel_tui.records.events, bevel_tui.records.checks\nclass Hello")
_OURS = """
import asyncio, time, sys; began = time.perf_counter()
from bevel_tui.ui.app import BevelApp
from bevel_tui.ui.screens.deploy import DeployScreen
from bevel_tui.ui.session import Session
async def nothing_yet(control, stack):
    await control.cancel.stopping.wait()
    return
    yield
def ready(self):
    print(time.perf_counter() - began, file=sys.stderr); self.exit()
BevelApp.on_ready = ready
async def main():
    await BevelApp(DeployScreen(Session(nothing_yet, clock=time.time))).run_async(headless=True)
asyncio.run(main())
"""


def plan() -> ev.RunStarted:
    """A plan of 400 releases in 20 clusters, one after the other in each."""
    steps = []
    for c in range(CLUSTERS):
        for s in range(STEPS):
            needs = (f"c{c}/org{s // 5}/r{s - 1}",) if s % 5 else ()
            steps.append(
                ev.PlannedStep(
                    id=f"c{c}/org{s // 5}/r{s}", kind="release", cluster=f"c{c}", namespace=f"org{s // 5}",
                    organization=f"org{s // 5}", release=f"r{s}", chart="besu-node", needs=needs, estimate=30.0,
                )
            )  # fmt: skip
    names = tuple(f"c{c}" for c in range(CLUSTERS))
    return ev.RunStarted(
        time=time.time(), network="flood", plan="p", platform="besu", clusters=names, steps=tuple(steps)
    )


async def flood(control: object, stack: object) -> AsyncIterator[ev.AnyEvent]:
    """Every resource changes all the time, every tenth event is a log line."""
    start = plan()
    yield start
    for step in start.steps:
        yield ev.StepStarted(time=time.time(), step=step.id, kind="release", cluster=step.cluster, budget=900.0)
    began, sent, ids = time.perf_counter(), 0, [(s.id, s.cluster) for s in start.steps]
    while True:
        due = int((time.perf_counter() - began) * RATE)
        while sent < due:
            step, cluster = ids[sent % len(ids)]
            if (sent + sent // len(ids)) % 10 == 9:
                yield ev.LogLine(time=time.time(), step=step, cluster=cluster, source=f"ns/pod-{sent % 97}/main", text=f"block {sent} imported, 17 transactions, 0.3 s", about="output")  # fmt: skip
            else:
                yield ev.ResourceChanged(time=time.time(), step=step, cluster=cluster, namespace="ns", kind="StatefulSet", name=f"set-{(sent + sent // len(ids)) % RESOURCES}", state="progressing", message=f"{sent} of many ready")  # fmt: skip
            sent += 1
        await asyncio.sleep(0.005)


async def measure(seconds: float) -> None:
    """Press keys while the flood goes on."""
    from bevel_tui.ui.app import BevelApp
    from bevel_tui.ui.base import BaseScreen
    from bevel_tui.ui.screens.deploy import DeployScreen
    from bevel_tui.ui.session import Session
    from bevel_tui.ui.widgets.tree import RunTree

    app = BevelApp(BaseScreen())
    async with app.run_test(size=(200, 60)) as _:
        session = Session(flood, clock=time.time)
        app.sessions.append(session)
        screen = DeployScreen(session)
        await app.push_screen(screen)
        tree = screen.query_one(RunTree)
        draws = [0]
        look = tree.look

        def counted(*args: object) -> None:
            draws[0] += 1
            look(*args)  # type: ignore[arg-type]

        tree.look = counted  # type: ignore[method-assign, assignment]
        await asyncio.sleep(3)  # until all 2,000 are there
        draws[0], seen, first = 0, session.view.revision, time.perf_counter()
        taken, lags = [], []
        while time.perf_counter() - first < seconds:
            before = tree.chosen.key if tree.chosen else None
            began = time.perf_counter()
            app.simulate_key("up" if len(taken) % 40 >= 20 else "down")
            while (tree.chosen.key if tree.chosen else None) == before:
                await asyncio.sleep(0.0005)
            painted = asyncio.Event()
            screen.call_after_refresh(painted.set)
            await painted.wait()
            taken.append(time.perf_counter() - began)
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            lags.append(time.perf_counter() - began - 0.01)
        spent = time.perf_counter() - first
        events = (session.view.revision - seen) / spent
        rows = sum(len(step.resources) for step in session.view.steps.values())
        print(f"events          {events:8.0f} a second; {rows} resources in {len(session.view.clusters)} clusters")
        print(f"drawn           {draws[0] / spent:8.1f} times a second")
        taken.sort()
        print(f"key to picture  {1000 * statistics.median(taken):8.1f} ms median, {1000 * taken[int(len(taken) * 0.95)]:.1f} ms at 95 %, {1000 * taken[-1]:.1f} ms worst of {len(taken)}")  # fmt: skip
        print(f"loop held up    {1000 * statistics.median(lags):8.1f} ms median, {1000 * max(lags):.1f} ms worst")
        print(f"memory          {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB at most")


def first_paint() -> None:
    """In processes of their own, alternately, the best of five each."""
    best: dict[str, float] = {}
    for _ in range(5):
        for name, code in (("hello", _HELLO), ("models", _MODELS), ("ours", _OURS)):
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "TERM": "xterm-256color"})  # fmt: skip
            best[name] = min(best.get(name, 1e9), float(done.stderr.split()[-1]) * 1000)
    hello, models, ours = best["hello"], best["models"], best["ours"]
    print(f"first paint     {ours:8.0f} ms, {ours / hello:.2f} of an empty Textual application's {hello:.0f} ms, {ours / models:.2f} of its {models:.0f} ms with the models that a preset is read with")  # fmt: skip


if __name__ == "__main__":
    asyncio.run(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))
    first_paint()
