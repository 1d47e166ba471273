"""The listeners: one loopback port per open door of a cluster's gateway, and the dial map that leads to it.

Doors follow the cluster: they open when a controller's pod is Ready behind a LoadBalancer Service with an address,
and close with it. For every connection the routes are read anew, so that each edge (record, address, port, route,
certificate, backend) breaks alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from bevel_tui.sandbox.components import Component, Unreachable, behind
from bevel_tui.sandbox.gateway import routes
from bevel_tui.sandbox.gateway.answers import HTTP_PROTOCOLS, Grpc, Silent, alpn, http_answer
from bevel_tui.sandbox.gateway.hello import is_tls, peek, server_name
from bevel_tui.sandbox.gateway.routes import Door, Target
from bevel_tui.sandbox.gateway.tls import Contexts, default_pair
from bevel_tui.sandbox.ledger import Ledger
from bevel_tui.sandbox.world import Site, World

log = logging.getLogger(__name__)

_KINDS = ("Service", "EndpointSlice", "Pod", "Listener")
_DEFAULT_NAMES = {"haproxy": "Kubernetes Ingress Controller Fake Certificate", "ambassador": "ambassador-self-signed"}
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Gateways:
    """All doors of all clusters. `changed` is called whenever the dial map changed."""

    def __init__(self, world: World, ledger: Ledger, changed: Callable[[], None]) -> None:
        self.world = world
        self.ledger = ledger
        self._changed = changed
        self._open: dict[tuple[str, Door], tuple[socket.socket, asyncio.Task[None]]] = {}
        self._wake = asyncio.Event()
        self._contexts = Contexts()
        self._connections: set[asyncio.Task[None]] = set()
        world.tcp_route = self.tcp_component

    def watch(self, site: Site) -> None:
        """Follow a cluster's gateways."""
        site.view.listen(_KINDS, lambda _change, _kind, _obj: self._wake.set())

    async def run(self) -> None:
        """Keep the doors as the clusters have them, for ever."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                self._sync()
        finally:
            for listening, task in self._open.values():
                task.cancel()
                listening.close()
            for connection in list(self._connections):
                connection.cancel()

    def _sync(self) -> None:
        wanted = {(site.name, door) for site in self.world.sites.values() for door in routes.doors(site)}
        if wanted == set(self._open):
            return
        for key in set(self._open) - wanted:
            listening, task = self._open.pop(key)
            task.cancel()
            listening.close()
        for name, door in wanted - set(self._open):
            listening = socket.create_server(("127.0.0.1", 0), backlog=128)
            listening.setblocking(False)
            accepting = self._accept(self.world.sites[name], door, listening)
            self._open[name, door] = (listening, asyncio.create_task(accepting, name=f"door {door}"))
        self.world.dial.clear()
        for (_, door), (listening, _) in sorted(
            self._open.items(), key=lambda item: (item[0][1].address, item[0][1].port)
        ):
            self.world.dial[f"{door.address}:{door.port}"] = f"127.0.0.1:{listening.getsockname()[1]}"
        self._changed()

    async def _accept(self, site: Site, door: Door, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listening)
            connection.setblocking(False)
            task = asyncio.create_task(self._serve(site, door, connection))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _serve(self, site: Site, door: Door, connection: socket.socket) -> None:
        """One connection, from its first bytes to the protocol that answers."""
        try:
            if door.kind == "node":
                await self._raw(site, routes.node_target(site.view, door.target), connection)
            elif door.kind == "haproxy":
                await self._haproxy(site, door, connection)
            else:
                await self._ambassador(site, door, connection)
        except (OSError, ValueError, Unreachable) as error:
            log.debug("%s: %s", door, error)
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise
        except Exception:
            log.exception("%s", door)
            connection.close()

    # ------------------------------------------------------------ HAProxy Ingress

    async def _haproxy(self, site: Site, door: Door, connection: socket.socket) -> None:
        handler = partial(self._haproxy_http, site, door)
        if door.target == 80:
            await self._http(connection, handler)
            return
        first = await peek(connection)
        if not is_tls(first):
            connection.close()
            return
        name = server_name(first) or ""
        target = routes.ingress_target(site.view, door.ingress_class, name, "/", passthrough=True) if name else None
        if target is not None:
            await self._component(connection, self._behind(site, target))
            return
        pair = routes.ingress_certificate(site.view, door.ingress_class, name)
        await self._http(connection, handler, self._server_context(pair, door))

    async def _haproxy_http(self, site: Site, door: Door, request: web.BaseRequest) -> web.StreamResponse:
        host = request.host.partition(":")[0]
        target = routes.ingress_target(site.view, door.ingress_class, host, request.path, passthrough=False)
        if target is None:
            return web.Response(status=404, text="default backend - 404")
        try:
            component = self._behind(site, target)
        except Unreachable:
            return web.Response(
                status=503,
                text="<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n",
                content_type="text/html",
            )
        return await self._through(component, target, request)

    # ------------------------------------------------------------ Ambassador

    async def _ambassador(self, site: Site, door: Door, connection: socket.socket) -> None:
        found = routes.listener(site.view, door.target)
        if found is None:
            connection.close()
            return
        protocol = routes.listener_protocol(found)
        if protocol in {"TCP", "TLS"}:
            await self._raw(site, routes.tcp_target(site.view, door.target), connection)
            return
        first = b"" if protocol == "HTTP" else await peek(connection)
        if not is_tls(first):
            await self._http(connection, partial(self._ambassador_http, site, False))
            return
        name = server_name(first) or ""
        context = self._server_context(routes.host_certificate(site.view, name), door)
        await self._http(connection, partial(self._ambassador_http, site, True), context)

    async def _ambassador_http(self, site: Site, secure: bool, request: web.BaseRequest) -> web.StreamResponse:
        host = request.host.partition(":")[0]
        action = routes.insecure_action(routes.best_host(site.view, host))
        if not secure and action == "Redirect":
            return web.Response(status=301, headers={"Location": f"https://{host}{request.path_qs}"})
        target = routes.mapping_target(site.view, host, request.path)
        if target is None or (not secure and action == "Reject"):
            return web.Response(status=404)
        try:
            component = self._behind(site, target)
        except Unreachable:
            return web.Response(status=503, text="no healthy upstream")
        return await self._through(component, target, request)

    # ------------------------------------------------------------ all

    async def _raw(self, site: Site, target: Target | None, connection: socket.socket) -> None:
        """A connection that is handed through byte by byte."""
        if target is None:
            connection.close()
            return
        await self._component(connection, self._behind(site, target))

    def _behind(self, site: Site, target: Target) -> Component:
        return behind(self.world, site, target.namespace, target.service, target.port)

    async def _through(self, component: Component, target: Target, request: web.BaseRequest) -> web.StreamResponse:
        """A request that a gateway passes on to a component."""
        if "upgrade" in request.headers.get("Connection", "").lower() and not target.upgrade:
            return web.Response(status=403)
        if target.tls != component.tls:
            return web.Response(
                status=503,
                text="upstream connect error or disconnect/reset before headers. reset reason: connection termination",
            )
        return await http_answer(self.ledger, component, request)

    def _server_context(self, pair: tuple[bytes, bytes] | None, door: Door) -> ssl.SSLContext:
        certificate, key = pair or default_pair(_DEFAULT_NAMES[door.kind])
        try:
            return self._contexts.get(certificate, key, ("http/1.1",))
        except (ssl.SSLError, ValueError):
            return self._contexts.get(*default_pair(_DEFAULT_NAMES[door.kind]), ("http/1.1",))

    async def _component(self, connection: socket.socket, component: Component) -> None:
        """Hand a whole connection to a component (passthrough, raw TCP)."""
        context = None
        if component.serves.tls is not None:
            if component.certificate is None or component.key is None:
                raise Unreachable("the component has no certificate")
            context = self._contexts.get(component.certificate, component.key, alpn(component))
        protocol = component.serves.protocol
        if protocol in HTTP_PROTOCOLS:
            await self._http(connection, partial(http_answer, self.ledger, component), context)
            return
        factory = Grpc if protocol == "grpc" else Silent
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(
            factory, connection, ssl=context, ssl_handshake_timeout=10 if context else None
        )

    async def _http(self, connection: socket.socket, handler: Handler, context: ssl.SSLContext | None = None) -> None:
        loop = asyncio.get_running_loop()
        server = web.Server(handler, access_log=None)
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            await loop.connect_accepted_socket(
                server, connection, ssl=context, ssl_handshake_timeout=10 if context else None
            )

    def tcp_component(self, address: str, port: int) -> Component | None:
        """What a raw TCP connection to a load balancer's (or a node's) address and port leads to."""
        for name, door in self._open:
            if (door.address, door.port) == (address, port) and door.kind != "haproxy":
                site = self.world.sites[name]
                find = routes.node_target if door.kind == "node" else routes.tcp_target
                target = find(site.view, door.target)
                with contextlib.suppress(Unreachable):
                    return self._behind(site, target) if target else None
        return None
