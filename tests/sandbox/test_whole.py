"""Every shipped preset, carried out with plain API calls: players, DNS, gateways and handoffs fit together, and a watch
over its clusters finds nothing wrong at any moment, neither meanwhile nor in the minutes after.

The clock is one that only waiting moves (`tests.virtual`), so that all of it goes at the pace of real clusters.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bevel_tui import api
from bevel_tui.records.steps import ObjectRef
from tests.sandbox.conftest import Rehearsal, rehearsal
from tests.virtual import play

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(250)]

PRESETS = sorted(path.stem for path in (Path(__file__).parents[2] / "presets").glob("*.yaml"))
#: seconds between two looks while something happens, and afterwards; how long it is looked on afterwards
BUSY, QUIET, AFTER = 0.5, 10.0, 240.0


@pytest.mark.parametrize("preset", PRESETS)
def test_presets(tmp_path: Path, preset: str) -> None:
    play(_preset(tmp_path, preset))


async def _preset(tmp_path: Path, preset: str) -> None:
    async with rehearsal(tmp_path, preset, speed=1.0) as run:
        watched = Watched(run)
        async with watched:
            await run.run(seconds=3600.0)
            assert run.done == {step.id for step in run.plan.steps}
        assert watched.looks > 10
        assert watched.wrong == set()


class Watched:
    """A watch over the clusters of a rehearsal, from its beginning until some minutes after its end.

    While it is entered the network's Lease is held, as by a deployment.
    """

    def __init__(self, run: Rehearsal) -> None:
        self.run = run
        self.wrong: set[tuple[str, str, str, str]] = set()
        self.looks = 0
        self.name = f"bevel-tui-{run.network.name}"
        self._between = BUSY

    async def __aenter__(self) -> None:
        await self._lease(create=True)
        self._tasks = [asyncio.create_task(self._renew()), asyncio.create_task(self._look())]

    async def __aexit__(self, *error: object) -> None:
        renewing, looking = self._tasks
        renewing.cancel()
        for client in self.run.box.clients.values():
            await client.delete(ObjectRef("coordination.k8s.io/v1", "Lease", self.name, "bevel-tui"))
        self._between = QUIET
        if error[0] is None:
            await asyncio.wait([looking], timeout=AFTER)
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking

    async def _look(self) -> None:
        last = 0.0
        async with api.watch([self.run.network], kubeconfig=str(self.run.box.kubeconfig)) as watching:
            async for snapshot in watching.snapshots():
                if snapshot.taken - last < self._between:
                    continue
                last = snapshot.taken
                self.looks += 1
                assert snapshot.networks
                self.wrong |= {(f.code, f.cluster, f.name, f.cause) for f in api.diagnose(snapshot).findings}

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(20.0)
            await self._lease()

    async def _lease(self, *, create: bool = False) -> None:
        import time

        now = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec: dict[str, Any] = {"holderIdentity": "a deployment", "leaseDurationSeconds": 60, "renewTime": now}
        for client in self.run.box.clients.values():
            if create:
                meta = {"name": self.name, "namespace": "bevel-tui"}
                await client.create(
                    {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}
                )
            else:
                ref = ObjectRef("coordination.k8s.io/v1", "Lease", self.name, "bevel-tui")
                await client.patch(ref, {"spec": spec})
