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

#: an HTTP/2 SETTINGS frame without settings: what every server sends first (RFC 9113 3.4)
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
SETTINGS_ACK = b"\x00\x00\x00\x04\x01\x00\x00\x00\x00"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
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
    """The opening of an HTTP/2 connection, enough to tell that a gRPC server is there; requests stay unanswered."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._seen = b""
        self._answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(SETTINGS)
        asyncio.get_running_loop().call_later(_IDLE, transport.close)

    def data_received(self, data: bytes) -> None:
        if self._answered or self._transport is None:
            return
        self._seen += data
        if self._seen.startswith(PREFACE):
            self._answered = True
            self._transport.write(SETTINGS_ACK)
        elif not PREFACE.startswith(self._seen):
            self._transport.close()


class Silent(asyncio.Protocol):
    """Accepts and says nothing (devp2p waits for the other side's handshake; so do databases' proxies)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        asyncio.get_running_loop().call_later(_IDLE, transport.close)
