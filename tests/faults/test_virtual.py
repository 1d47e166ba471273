"""Faults that take long, in virtual time: everything is in memory, nobody waits."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bevel_tui.network.load import load
from tests.engine.conftest import MemoryCluster
from tests.engine.recorded import PresetWorld, references, started, virtual
from tests.faults.catalogue import fault

#: seconds that each answer takes, and each Helm operation at such a server
ANSWER, HELM = 2.0, 90.0


class Slow:
    """A cluster whose API server takes its time for every answer."""

    def __init__(self, cluster: MemoryCluster) -> None:
        self._cluster = cluster
        self.answers = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._cluster, name)
        if not inspect.iscoroutinefunction(method) or name == "close":
            return method

        async def later(*arguments: Any, **more: Any) -> Any:
            self.answers += 1
            await asyncio.sleep(ANSWER)
            return await method(*arguments, **more)

        return later

    async def watch(self, *arguments: Any, **more: Any) -> AsyncIterator[Any]:
        self.answers += 1
        await asyncio.sleep(ANSWER)
        async for change in self._cluster.watch(*arguments, **more):
            yield change


class SlowWorld(PresetWorld):
    async def _connect(self, context: str, kubeconfig: str | None) -> Any:
        return self.slow.setdefault(context, Slow(self.clusters[context]))

    def __post_init__(self) -> None:
        super().__post_init__()
        self.slow: dict[str, Slow] = {}
        self.helm.seconds = HELM


@fault(
    "slow API",
    "at 2 s per request (virtual time) a network deploys within the budgets, and a second run changes nothing",
)
@pytest.mark.parametrize(
    "preset", ["besu-two-clusters", "fabric-two-clusters", "indy-two-clusters", "corda-two-clusters"]
)
def test_an_api_server_that_takes_two_seconds_per_request(preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = load(preset)
    for name in references(network):
        monkeypatch.setenv(name, f"canary-{name}")
    world = SlowWorld(network)
    events = virtual(started(world))
    assert events[-1].exit_code == 0, events[-1].error  # type: ignore[union-attr]
    assert all(slow.answers > 30 for slow in world.slow.values()), "nobody was asked"
    quiet = len(world.writes())
    assert virtual(started(world))[-1].exit_code == 0  # type: ignore[union-attr]
    assert len(world.writes()) == quiet
