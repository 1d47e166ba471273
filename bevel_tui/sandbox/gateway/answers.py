"""What components answer once a connection has reached them: HTTP, JSON-RPC, websockets, gRPC's first frame, silence."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, cast

from aiohttp import WSMsgType, web

from bevel_tui.sandbox.clock import timestamp
from bevel_tui.sandbox.corda import answer as corda_answer
from bevel_tui.sandbox.ledger import Ledger
from bevel_tui.sandbox.ledger import answer as rpc_answer

if TYPE_CHECKING:
    from bevel_tui.sandbox.components import Component

#: gRPC's health check, and its answer: length-prefixed, status (field 1) is SERVING
HEALTH = "/grpc.health.v1.Health/Check"
SERVING = b"\x00\x00\x00\x00\x02\x08\x01"
_IDLE = 60.0
HTTP_PROTOCOLS = {"json-rpc", "ws", "http", "fabric-operations", "fabric-ca", "doorman", "network-map"}


def alpn(component: Component) -> tuple[str, ...]:
    """The protocols that a component offers in its TLS handshake."""
    return ("h2",) if component.serves.protocol == "grpc" else ("http/1.1",)


async def http_answer(ledger: Ledger, component: Component, request: web.BaseRequest) -> web.StreamResponse:
    """A component's answer to an HTTP request."""
    protocol = component.serves.protocol
    if protocol == "ws" or (protocol == "json-rpc" and _wants_websocket(request)):
        return await _websocket(ledger, component, request)
    if protocol == "json-rpc":
        return await _json_rpc(ledger, component, request)
    if protocol == "fabric-operations":
        return _operations(request)
    if protocol == "fabric-ca":
        return _authority(component, request)
    if protocol in {"doorman", "network-map"}:
        found = corda_answer(ledger.world, component, request.method, request.path, await request.read())
        return web.Response(status=found.status, body=found.body, content_type=found.content_type)
    if request.path == "/upcheck" and component.part is not None and component.part.behaviour.container == "tessera":
        return web.Response(text="I'm up!")
    return web.json_response({"simulated": True, "pod": component.pod["metadata"]["name"], "path": request.path})


def _wants_websocket(request: web.BaseRequest) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


async def _json_rpc(ledger: Ledger, component: Component, request: web.BaseRequest) -> web.Response:
    if request.method != "POST":
        # the chart's liveness probe asks GET /
        return web.Response(status=200 if request.path in {"/", "/liveness", "/readiness"} else 405)
    try:
        body = await request.json()
    except ValueError:
        return web.json_response(
            {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "Parse error"}}, status=400
        )
    return web.json_response(rpc_answer(ledger, component, body))


async def _websocket(ledger: Ledger, component: Component, request: web.BaseRequest) -> web.StreamResponse:
    if not _wants_websocket(request):
        return web.Response(status=400, text='Can "Upgrade" only to "WebSocket".')
    socket = web.WebSocketResponse(heartbeat=30)
    await socket.prepare(request)
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            try:
                body = json.loads(message.data)
            except ValueError:
                body = None
            await socket.send_json(rpc_answer(ledger, component, body))
    return socket


def _operations(request: web.BaseRequest) -> web.Response:
    if request.path == "/healthz":
        return web.json_response({"status": "OK", "time": timestamp()})
    if request.path == "/version":
        return web.json_response({"CommitSHA": "simulated", "Version": "simulated"})
    if request.path == "/metrics":
        return web.Response(text="# simulated\n", content_type="text/plain")
    return web.Response(status=404, text="404 page not found\n")


def _authority(component: Component, request: web.BaseRequest) -> web.Response:
    if request.path not in {"/cainfo", "/api/v1/cainfo"}:
        return web.json_response(
            {
                "result": None,
                "errors": [{"code": 20, "message": "Authentication failure"}],
                "messages": [],
                "success": False,
            },
            status=401,
        )
    containers = component.pod["spec"].get("containers") or ()
    env = {e["name"]: e.get("value", "") for c in containers for e in c.get("env") or ()}
    result = {
        "CAName": env.get("FABRIC_CA_SERVER_CA_NAME", ""),
        "CAChain": base64.b64encode(component.certificate or b"").decode(),
        "Version": "simulated",
    }
    return web.json_response({"result": result, "errors": [], "messages": [], "success": True})


class Grpc(asyncio.Protocol):
    """A gRPC server that serves grpc.health.v1 and nothing else: every other call is not implemented."""

    def __init__(self) -> None:
        from h2.config import H2Configuration
        from h2.connection import H2Connection

        self._transport: asyncio.Transport | None = None
        self._connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._paths: dict[int, str] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connection.initiate_connection()
        self._transport.write(self._connection.data_to_send())
        asyncio.get_running_loop().call_later(_IDLE, transport.close)

    def data_received(self, data: bytes) -> None:
        from h2 import events
        from h2.exceptions import ProtocolError

        if self._transport is None:
            return
        try:
            for event in self._connection.receive_data(data):
                if isinstance(event, events.RequestReceived):
                    self._paths[event.stream_id or 0] = dict(event.headers or ()).get(":path", "")  # type: ignore[call-overload]
                elif isinstance(event, events.StreamEnded):
                    self._answer(event.stream_id or 0)
        except ProtocolError:
            self._transport.close()
            return
        self._transport.write(self._connection.data_to_send())

    def _answer(self, stream: int) -> None:
        head = [(":status", "200"), ("content-type", "application/grpc")]
        if self._paths.pop(stream, "") != HEALTH:
            self._connection.send_headers(stream, [*head, ("grpc-status", "12")], end_stream=True)
            return
        self._connection.send_headers(stream, head)
        self._connection.send_data(stream, SERVING)
        self._connection.send_headers(stream, [("grpc-status", "0")], end_stream=True)


class Silent(asyncio.Protocol):
    """Accepts and says nothing (devp2p waits for the other side's handshake; so do databases' proxies)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        asyncio.get_running_loop().call_later(_IDLE, transport.close)
