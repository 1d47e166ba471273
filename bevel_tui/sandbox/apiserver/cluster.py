"""One simulated cluster: its state, its users and its server on a loopback port.

Several run in one process, each with a port, an authority and tokens of its own.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from bevel_tui.sandbox.apiserver.access import AUTHENTICATED, MASTERS, Access, User
from bevel_tui.sandbox.apiserver.api import Api
from bevel_tui.sandbox.apiserver.bootstrap import Bootstrap
from bevel_tui.sandbox.apiserver.crds import Definitions
from bevel_tui.sandbox.apiserver.http import Counts, Fault, Handler
from bevel_tui.sandbox.apiserver.kinds import KindTable
from bevel_tui.sandbox.apiserver.lifecycle import Lifecycle
from bevel_tui.sandbox.apiserver.logs import Logs
from bevel_tui.sandbox.apiserver.quota import QuotaController
from bevel_tui.sandbox.apiserver.store import Event, Store
from bevel_tui.sandbox.kubeconfig import KubeconfigEntry
from bevel_tui.sandbox.tls import Authority

if TYPE_CHECKING:
    from aiohttp import web


class SimulatedCluster:
    """A cluster named as its kubeconfig context. Start it with `start` or as an async context manager.

    `history` bounds the changes kept for each resource (older watches get 410), `bookmark_interval` is in seconds.
    Two users exist: ``kubernetes-admin``, whom the kubeconfig names, and ``bevel-tui-simulator`` for the workload
    simulator, so that requests can be told apart; add others with `add_user`. Functions in `faults` see each request
    first and may answer it.
    """

    def __init__(self, name: str, *, history: int = 1000, bookmark_interval: float = 60.0) -> None:
        self.name = name
        self.bookmark_interval = bookmark_interval
        self.store = Store(history)
        self.kinds = KindTable()
        self.api = Api(self.store, self.kinds)
        self.lifecycle = Lifecycle(self.api)
        self.access = Access(self.store)
        self.logs = Logs()
        self.counts = Counts()
        self.faults: list[Fault] = []
        self.authority = Authority(f"bevel-tui simulated cluster {name}")
        self.admin = self.access.add(User("kubernetes-admin", (MASTERS, AUTHENTICATED)))
        self.simulator = self.access.add(User("bevel-tui-simulator", (MASTERS, AUTHENTICATED)))
        self.host = ""
        self.port = 0
        #: by which clients may call it, whatever the port: a tunnel has one of its own
        self.names: frozenset[str] = frozenset()
        self._runner: web.ServerRunner | None = None
        self._definitions = Definitions(self.store, self.kinds)
        self._bootstrap = Bootstrap(self.api, self.authority.pem.decode())
        self._quotas = QuotaController(self.store, self.kinds)
        self.store.listeners.append(self._pod_gone)

    @property
    def address(self) -> str:
        """``host:port`` on which the server listens."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"https://{self.address}"

    @property
    def kubeconfig_entry(self) -> KubeconfigEntry:
        """How the administrator reaches this cluster."""
        return self.entry_for(self.admin)

    def entry_for(self, user: User, *, context: str | None = None, namespace: str | None = None) -> KubeconfigEntry:
        """How a user reaches this cluster, under the cluster's context name or another one."""
        return KubeconfigEntry(context or self.name, self.url, self.authority.pem, user.token, namespace)

    def add_user(self, name: str, *groups: str) -> User:
        """A further user, with the rights that RBAC objects in the cluster give."""
        return self.access.add(User(name, (*groups, AUTHENTICATED)))

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Listen on a loopback address (port 0: any free one). Raises OSError.

        A stopped cluster can be started again, with all its objects, as an API server over its etcd.
        """
        from aiohttp import web

        if self._runner is not None:
            raise RuntimeError(f"the simulated cluster {self.name} is running")
        handler: Any = Handler(self)
        self._runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=1.0)
        await self._runner.setup()
        context = self.authority.server_context([host, "localhost", "kubernetes", "kubernetes.default.svc"])
        site = web.TCPSite(self._runner, host, port or self.port, ssl_context=context)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            self._runner = None
            raise
        self.host, self.port = host, self._runner.addresses[0][1]
        self.names = frozenset({host, "localhost"})
        self._bootstrap.run()
        await asyncio.sleep(0)  # the controllers furnish the namespaces
        return self

    async def stop(self) -> None:
        """End all watches and close the port; the objects stay."""
        self.store.close_watches()
        self.logs.close()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.start() if self._runner is None else self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _pod_gone(self, resource: str, event: Event) -> None:
        if resource != "pods":
            return
        meta = event.obj["metadata"]
        if event.change == "DELETED":
            self.logs.forget(meta["namespace"], meta["name"])
        elif (event.obj.get("status") or {}).get("phase") in {"Succeeded", "Failed"}:
            self.logs.finish(meta["namespace"], meta["name"])
