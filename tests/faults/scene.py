"""A network on simulated clusters in this process, whose API servers' answers can be spoiled for our user."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from bevel_tui import api
from bevel_tui.engine.cancel import Cancellation
from bevel_tui.engine.options import RunOptions
from bevel_tui.kube.client import KubeClient
from bevel_tui.network.model import Network
from bevel_tui.sandbox.apiserver import SimulatedCluster


class Scene:
    """Simulated clusters and a network for them."""

    def __init__(self, network: Network, running: Any) -> None:
        self.network = network
        self.kubeconfig = str(running.kubeconfig)
        self.servers: dict[str, SimulatedCluster] = {
            cluster.name: running.clusters[cluster.context] for cluster in network.clusters
        }
        self.names = running.conductor.world.names

    async def deploy(
        self,
        *,
        when: Callable[[Any], Awaitable[None] | None] | None = None,
        network: Network | None = None,
        cancel: Cancellation | None = None,
        **options: Any,
    ) -> list[Any]:
        """One run; `when` sees every event as it happens. All events."""
        options.setdefault("timeout", 240.0)  # generous: what a test waits for is an event, not this
        chosen = RunOptions(kubeconfig=self.kubeconfig, **options)
        events = []
        async with contextlib.aclosing(api.deploy(network or self.network, chosen, cancel=cancel)) as stream:
            async for event in stream:
                events.append(event)
                if when is not None and (waiting := when(event)) is not None:
                    await waiting
        return events

    def spoil(self, cluster: str, fault: Callable[[Any], Any]) -> None:
        """Let `fault` see the requests of our user first."""
        server = self.servers[cluster]
        token = f"Bearer {server.admin.token}"
        server.faults.append(lambda request: fault(request) if request.headers.get("Authorization") == token else None)

    def writes(self, cluster: str) -> int:
        return self.servers[cluster].counts.writes("kubernetes-admin")

    async def client(self, cluster: str) -> KubeClient:
        return await KubeClient.connect(self.network.cluster(cluster).context, self.kubeconfig)


def answer(status: int, reason: str, message: str, **headers: str) -> Any:
    from aiohttp import web

    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": status,
        "reason": reason,
        "message": message,
    }
    return web.json_response(body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


def ended(events: list[Any]) -> tuple[int, str]:
    last = events[-1]
    assert last.type == "run-finished"
    reasons = [e.reason or "" for e in events if e.type == "step-finished" and e.outcome in {"failed", "timed-out"}]
    causes = [f"{e.finding.code}: {e.finding.cause}" for e in events if e.type == "finding-raised"]
    return last.exit_code, "\n".join([last.error or "", *reasons, *causes])


def every(number: int) -> Iterator[bool]:
    count = 0
    while True:
        count += 1
        yield count % number == 0
