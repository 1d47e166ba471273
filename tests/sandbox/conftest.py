"""Sandboxes inside the test's own event loop, at a speed at which waiting is short."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from bevel_tui.kube.client import KubeClient
from bevel_tui.records.steps import ObjectRef
from bevel_tui.sandbox.apiserver import SimulatedCluster
from bevel_tui.sandbox.conductor import Conductor
from bevel_tui.sandbox.process import ClusterSpec, serve

SPEED = 50.0


class Box:
    """A running sandbox with an administrator's client per cluster."""

    def __init__(
        self,
        conductor: Conductor,
        clients: dict[str, KubeClient],
        servers: dict[str, SimulatedCluster],
        kubeconfig: Path,
    ) -> None:
        self.conductor = conductor
        self.world = conductor.world
        self.clients = clients
        self.servers = servers
        self.kubeconfig = kubeconfig

    async def apply(self, cluster: str, *objects: dict[str, Any]) -> None:
        """Create objects."""
        for obj in objects:
            await self.clients[cluster].create(obj)

    async def get(self, cluster: str, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        """An object as the API server has it."""
        from bevel_tui.sandbox.workloads.view import API_VERSIONS

        return await self.clients[cluster].get(ObjectRef(API_VERSIONS[kind], kind, name, namespace))

    async def until(
        self, cluster: str, kinds: tuple[str, ...], question: Callable[[], Any], *, seconds: float = 15.0
    ) -> Any:
        """The first true answer, asked again after changes of those kinds."""
        return await asyncio.wait_for(self.world.sites[cluster].view.until(kinds, question), seconds)

    def events(self, cluster: str, name: str) -> list[tuple[str, str]]:
        """Reasons and messages of the Events about objects whose name starts with `name`."""
        found = self.servers[cluster].store.collection("events").all(None)
        return [(e["reason"], e["message"]) for e in found if e["involvedObject"]["name"].startswith(name)]

    async def event(self, cluster: str, name: str, text: str, *, seconds: float = 10.0) -> str:
        """Wait for an Event whose message holds `text`; its reason."""

        async def look() -> str:
            while True:
                for reason, message in self.events(cluster, name):
                    if text in message:
                        return reason
                await asyncio.sleep(0.02)

        try:
            return await asyncio.wait_for(look(), seconds)
        except TimeoutError:
            raise AssertionError(f"no event with {text!r}: {self.events(cluster, name)}") from None

    def state(self, cluster: str, kind: str, name: str, namespace: str = "test") -> dict[str, Any]:
        """An object from the simulator's view ({} when it is not there)."""
        return self.world.sites[cluster].view.get(kind, namespace, name) or {}


@contextlib.asynccontextmanager
async def running(tmp_path: Path, *names: str, speed: float = SPEED) -> AsyncIterator[Box]:
    """A sandbox of these clusters, each with namespace `test`."""
    async with contextlib.AsyncExitStack() as stack:
        run = await stack.enter_async_context(
            serve([ClusterSpec(name) for name in names], speed=speed, state_dir=tmp_path / "state")
        )
        clients = {}
        for name in names:
            clients[name] = await KubeClient.connect(name, str(run.kubeconfig))
            stack.push_async_callback(clients[name].close)
            await clients[name].create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "test"}})
        yield Box(
            cast("Conductor", run.conductor),
            clients,
            cast("dict[str, SimulatedCluster]", run.clusters),
            run.kubeconfig,
        )


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    """One cluster, `east`."""
    async with running(tmp_path, "east") as found:
        yield found
