"""How quick the dashboard is over many clusters: 20 clusters, 5,000 pods, 20,000 events. Prints, asserts nothing.

    python benchmarks/dashboard.py [--clusters 20] [--pods 5000] [--events 20000] [--changes 20]

The real application in a terminal of 120x40, over a watch that gives what `benchmarks/diagnosis.py` makes. First picture: from
the first whole snapshot, judgement included, until it is painted. After a change: from a snapshot in which one pod
differs until it is painted; a screen looks four times a second, so that up to 250 ms of it are waiting. `held up` is how
late the event loop was meanwhile: what a key would have waited.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from diagnosis import NOW, asked, peak, pod

from bevel_tui.engine.snapshots.reduce import reduce
from bevel_tui.network.model import Network
from bevel_tui.records.snapshot import ClusterSnapshot, Snapshot
from bevel_tui.ui.app import BevelApp
from bevel_tui.ui.dashboard.overview import DashboardScreen
from bevel_tui.ui.dashboard.source import Source


class Synthetic:
    """A watch whose snapshots come from a queue."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Snapshot] = asyncio.Queue()

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        while True:
            yield await self.queue.get()

    def networks(self) -> tuple[Network, ...]:
        return ()

    async def probe(self, network: str | None = None) -> None:
        pass

    async def object(self, cluster: str, kind: str, namespace: str | None, name: str) -> dict[str, Any] | None:
        return None

    async def logs(
        self, cluster: str, namespace: str, pod: str, container: str, *, previous: bool = False, tail: int = 200
    ) -> tuple[str, ...]:
        return ()

    async def follow(
        self, cluster: str, namespace: str, pod: str, container: str, *, tail: int = 50
    ) -> AsyncGenerator[str, None]:
        nothing: tuple[str, ...] = ()
        for line in nothing:
            yield line


def changed(one: ClusterSnapshot, number: int) -> ClusterSnapshot:
    """The same cluster after that pod has begun to fail."""
    pods = tuple(reduce(pod(number, broken=True)) if at == number else old for at, old in enumerate(one.of("Pod")))
    return replace(one, objects={**one.objects, "Pod": pods})


class Timed(DashboardScreen):
    """The dashboard's first screen; `paints` counts the snapshots that are on the terminal."""

    paints = 0

    def draw(self, snapshot: Snapshot) -> None:
        super().draw(snapshot)
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self.paints += 1


async def until(screen: Timed, paints: int) -> None:
    while screen.paints < paints:
        await asyncio.sleep(0.001)


async def lateness(worst: list[float]) -> None:
    """How late the event loop comes back, in seconds."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        worst.append(time.perf_counter() - began - 0.005)


async def measure(clusters: list[ClusterSnapshot], changes: int) -> None:
    """Play them to the application and print."""
    watch = Synthetic()

    @asynccontextmanager
    async def entered() -> AsyncIterator[Synthetic]:
        yield watch

    screen = Timed(Source(entered(), clock=time.time))
    app = BevelApp(screen)
    app.animation_level = "none"
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        late: list[float] = []
        ticking = asyncio.create_task(lateness(late))
        began = time.perf_counter()
        watch.queue.put_nowait(Snapshot(NOW, tuple(clusters)))
        await until(screen, 1)
        first = time.perf_counter() - began
        print(f"first picture: {first:.2f} s ({first / 2:.0%} of 2 s); loop held up {max(late) * 1000:.0f} ms at worst")
        late.clear()
        taken = []
        for round_ in range(changes):
            index = round_ % len(clusters)
            clusters[index] = changed(clusters[index], 3 + round_)
            await asyncio.sleep(0.1)
            began = time.perf_counter()
            watch.queue.put_nowait(Snapshot(NOW, tuple(clusters)))
            await until(screen, 2 + round_)
            taken.append(time.perf_counter() - began)
        ticking.cancel()
        middle = statistics.median(taken)
        print(
            f"after one pod changed: {middle * 1000:.0f} ms to the picture (looks are 250 ms apart), at worst "
            f"{max(taken) * 1000:.0f} ms; loop held up {max(late) * 1000:.0f} ms at worst"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=20)
    given, clusters = asked(parser)
    gc.collect()
    asyncio.run(measure(clusters, given.changes))
    print(f"peak memory, screens included: {peak():.0f} MiB ({peak() / 250:.0%} of 250 MB)")


if __name__ == "__main__":
    main()
