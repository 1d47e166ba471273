"""One cluster's simulator: its view, controllers and kubelet, started and stopped together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from typing import Any
from urllib.parse import quote

from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.sandbox.workloads.hands import Hands
from bevel_tui.sandbox.workloads.jobs import Jobs
from bevel_tui.sandbox.workloads.kubeletapi import KubeletApi
from bevel_tui.sandbox.workloads.nodes import create_nodes, keep_alive, node_addresses
from bevel_tui.sandbox.workloads.pods import Kubelet
from bevel_tui.sandbox.workloads.services import Endpoints, LoadBalancers
from bevel_tui.sandbox.workloads.stateful import StatefulSets
from bevel_tui.sandbox.workloads.stateless import DaemonSets, Deployments, ReplicaSets
from bevel_tui.sandbox.workloads.storage import Volumes
from bevel_tui.sandbox.workloads.view import View
from bevel_tui.sandbox.world import LogSink, Site, World


def log_sink(client: KubeClient) -> LogSink:
    """Sends container logs to the simulated API server, which keeps them as no real one does."""

    async def send(namespace: str, pod: str, container: str, lines: Sequence[str], *, restart: bool, end: bool) -> None:
        path = f"/bevel-tui/logs/{quote(namespace)}/{quote(pod)}/{quote(container)}"
        query = {"end": "true"} if end else None
        with contextlib.suppress(ApiError):
            await client.request(
                "PUT" if restart else "POST",
                path,
                body="\n".join(lines).encode(),
                query=query,
                content_type="text/plain",
                raw=True,
            )

    return send


class Simulator:
    """Plays one cluster. With `controllers` False a real control plane's own controllers and scheduler do theirs, and
    only the nodes, the kubelet, the provisioner and the load balancers are played."""

    def __init__(self, world: World, name: str, number: int, client: KubeClient, *, controllers: bool = True) -> None:
        client.manager = "bevel-tui-simulator"
        view = View(client)
        self.world = world
        #: where a real API server asks for logs
        self._kubelets = None if controllers else KubeletApi(view)
        sink = log_sink(client) if self._kubelets is None else self._kubelets.write
        self.site = Site(name, number, client, view, Hands(client, view), sink)
        self.controllers = controllers
        self._tasks: list[asyncio.Task[None]] = []
        self._kubelet: Kubelet | None = None

    async def start(self) -> None:
        """Returns when nodes and the StorageClass are there and everything is watched. Raises ApiError, OSError."""
        site = self.site
        await site.view.start()
        self.world.sites[site.name] = site
        version = str((await site.client.version()).get("gitVersion", ""))
        port = await self._kubelets.start(node_addresses(site.number)) if self._kubelets else 10250
        troubles = self.world.troubles
        volumes = Volumes(
            site.view,
            site.hands,
            self.world.clock,
            binder=self.controllers,
            trouble=lambda claim: troubles.at("provision", site.name, claim),
        )
        nodes = create_nodes(site.hands, site.name, site.number, version, kubelet_port=port)
        await asyncio.gather(nodes, volumes.prepare())
        balancers = LoadBalancers(
            site.view,
            site.hands,
            self.world.clock,
            site.number,
            trouble=lambda service: troubles.at("balance", site.name, service),
        )
        self._begin(volumes.queue.run(), balancers.queue.run(), site.hands.write_events())
        if self.controllers:
            jobs = Jobs(site.view, site.hands, self.world.clock)
            others = [
                kind(site.view, site.hands) for kind in (StatefulSets, Deployments, ReplicaSets, DaemonSets, Endpoints)
            ]
            self._begin(jobs.queue.run(), *(controller.queue.run() for controller in others))
        else:
            self._begin(keep_alive(site.hands))
        self._kubelet = Kubelet(self.world, site, scheduler=self.controllers)

    def _begin(self, *work: Coroutine[Any, Any, None]) -> None:
        self._tasks += [asyncio.create_task(one) for one in work]

    async def stop(self) -> None:
        """End everything; the cluster stays as it is."""
        self.world.sites.pop(self.site.name, None)
        if self._kubelet is not None:
            await self._kubelet.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._kubelets is not None:
            await self._kubelets.stop()
        await self.site.view.stop()
