"""The HTTP side of kubelets on real control planes: the API server asks here for container logs.

A simulated API server keeps the logs itself; a real one knows only where a node's kubelet listens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bevel_tui.sandbox.apiserver.logs import Logs, render, select
from bevel_tui.sandbox.tls import Authority
from bevel_tui.sandbox.workloads.view import Object, View

if TYPE_CHECKING:
    from aiohttp import web


class KubeletApi:
    """Serves the logs of one cluster's containers on the addresses of all its nodes."""

    def __init__(self, view: View) -> None:
        self.logs = Logs()
        self._view = view
        self._runner: web.AppRunner | None = None
        view.listen(["Pod"], self._pod)

    async def start(self, addresses: Sequence[str]) -> int:
        """Listen on these loopback addresses; the port, which is the same on all. Raises OSError."""
        from aiohttp import web

        app = web.Application()
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._log)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        context = Authority("bevel-tui simulated kubelets").server_context(list(addresses))
        port = 0
        for address in addresses:
            await web.TCPSite(self._runner, address, port, ssl_context=context).start()
            port = port or self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """End all answers and close the ports."""
        self.logs.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def write(
        self, namespace: str, pod: str, container: str, lines: Sequence[str], *, restart: bool, end: bool
    ) -> None:
        """Take in what a container wrote (a `world.LogSink`)."""
        if restart:
            self.logs.restart(namespace, pod, container)
        if lines:
            self.logs.append(namespace, pod, container, "\n".join(lines))
        if end:
            self.logs.finish(namespace, pod, container)

    def _pod(self, change: str, _kind: str, pod: Object) -> None:
        if change == "DELETED":
            self.logs.forget(pod["metadata"]["namespace"], pod["metadata"]["name"])

    async def _log(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        query, place = request.query, request.match_info
        key = (place["namespace"], place["pod"], place["container"])
        previous = query.get("previous") in {"true", "1"}
        log = self.logs.get(*key, previous=previous)
        if log is None:
            words = (
                f'previous terminated container "{key[2]}" in pod "{key[1]}" not found'
                if previous
                else f'container "{key[2]}" in pod "{key[1]}" is waiting to start: ContainerCreating'
            )
            return web.Response(text=words, status=400)
        timestamps = query.get("timestamps") in {"true", "1"}
        body = b"".join(render(line, timestamps=timestamps) for line in select(list(log.lines), query))
        if query.get("follow") not in {"true", "1"} or previous:
            return web.Response(body=body, headers={"Content-Type": "text/plain"})
        seen = log.total
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(body)
        async for line in log.follow(seen):
            await response.write(render(line, timestamps=timestamps))
        await response.write_eof()
        return response
