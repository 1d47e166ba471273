"""Gateways over real sockets: each edge broken alone shows as exactly that break."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import Any

import aiohttp
import pytest

from bevel_tui.reachability.dialer import Dialer
from bevel_tui.records.simulation import Simulation
from bevel_tui.sandbox.workloads.view import ref

EAST = "east"


async def simulation(run: Any, cluster: str = EAST) -> Simulation:
    """The sandbox's description, as any bevel-tui process reads it."""
    found = await run.box.get(run.contexts[cluster], "ConfigMap", "bevel-tui-sandbox", "kube-system")
    return Simulation.model_validate_json(found["data"]["description.json"])


async def address(run: Any, host: str) -> str:
    return str(run.box.world.names.addresses(host)[0])


async def http(
    run: Any, host: str, port: int = 80, *, path: str = "/", body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    """One request to a host through its gateway; status and text."""
    dialer = Dialer((await simulation(run)).dial)
    where, mapped = dialer.route(await address(run, host), port)
    async with aiohttp.ClientSession() as session:
        method = "GET" if body is None else "POST"
        url = f"http://{where}:{mapped}{path}"
        async with session.request(method, url, json=body, headers={"Host": host, **(headers or {})}) as reply:
            return reply.status, await reply.text()


async def handshake(
    run: Any, host: str, port: int = 443, *, trust: str | None = None, alpn: tuple[str, ...] = ()
) -> ssl.SSLObject:
    """A TLS handshake through the gateway, verified by the PEM in `trust` unless it is None."""
    dialer = Dialer((await simulation(run)).dial)
    context = ssl.create_default_context(cadata=trust)
    if trust is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    _, writer = await dialer.open(await address(run, host), port, tls=context, server_name=host)
    found: ssl.SSLObject = writer.get_extra_info("ssl_object")
    writer.close()
    return found


async def rpc(run: Any, host: str, method: str) -> Any:
    status, text = await http(run, host, body={"jsonrpc": "2.0", "id": 1, "method": method, "params": []})
    assert status == 200, text
    return json.loads(text)["result"]


async def test_besu_through_ambassador(rehearse: Any, fault: Any) -> None:
    async with rehearse("besu-two-clusters") as run:
        await run.run()
        host, ws, p2p = (f"validator-1{kind}.east.example.test" for kind in ("rpc", "ws", ""))
        assert int(await rpc(run, host, "eth_chainId"), 16) == 1337
        assert int(await rpc(run, "member-carrier-1rpc.west.example.test", "net_peerCount"), 16) == 5
        # the map is one for all clusters
        assert (await simulation(run, "east")).dial == (await simulation(run, "west")).dial

        # websockets
        dialer = Dialer((await simulation(run)).dial)
        where, port = dialer.route(await address(run, ws), 80)
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://{where}:{port}/", headers={"Host": ws}) as socket,
        ):
            await socket.send_json({"jsonrpc": "2.0", "id": 7, "method": "eth_chainId"})
            assert (await socket.receive_json())["result"] == "0x539"

        # devp2p: raw TCP, accepted and silent
        _, writer = await dialer.open(await address(run, p2p), 15010)
        writer.close()

        client = run.box.clients[run.contexts[EAST]]
        view = run.view(EAST)
        ns = "supplychain-bes"

        # unknown host
        assert (await http(run, "unknown.east.example.test"))[0] == 404
        # the route
        mapping = view.get("Mapping", ns, "besu-node-validator-1-json-rpc")
        await client.delete(ref("Mapping", ns, "besu-node-validator-1-json-rpc"))
        await view.until(["Mapping"], lambda: view.get("Mapping", ns, "besu-node-validator-1-json-rpc") is None)
        assert (await http(run, host))[0] == 404
        assert int(await rpc(run, "validator-2rpc.east.example.test", "eth_chainId"), 16) == 1337
        mapping["metadata"] = {"name": mapping["metadata"]["name"], "namespace": ns}
        await client.create(mapping)
        await view.until(["Mapping"], lambda: view.get("Mapping", ns, "besu-node-validator-1-json-rpc"))
        # the backend
        await client.patch(ref("StatefulSet", ns, "besu-node-validator-1"), {"spec": {"replicas": 0}})
        await view.until(
            ["EndpointSlice"],
            lambda: not (view.get("EndpointSlice", ns, "besu-node-validator-1-sim") or {}).get("endpoints"),
        )
        assert await http(run, host) == (503, "no healthy upstream")
        reader, writer = await dialer.open(await address(run, p2p), 15010)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        await client.patch(ref("StatefulSet", ns, "besu-node-validator-1"), {"spec": {"replicas": 1}})
        await view.until(
            ["EndpointSlice"],
            lambda: any(
                e["conditions"]["ready"]
                for e in (view.get("EndpointSlice", ns, "besu-node-validator-1-sim") or {}).get("endpoints") or ()
            ),
        )
        assert (await http(run, host, body={}))[0] == 200
        # the port on the Service
        edge = next(s for s in view.all("Service") if s["spec"]["type"] == "LoadBalancer")
        meta = edge["metadata"]
        ports = [p for p in edge["spec"]["ports"] if p["port"] != 15011]
        await client.patch(ref("Service", meta["namespace"], meta["name"]), {"spec": {"ports": ports}})
        lb = await address(run, p2p)
        while f"{lb}:15011" in (await simulation(run)).dial:
            await asyncio.sleep(0.01)
        assert f"{lb}:15010" in (await simulation(run)).dial
        # the record
        run.box.world.names.remove("*.east.example.test")
        assert run.box.world.names.addresses(host) == []
        # the controller
        await client.patch(ref("Deployment", meta["namespace"], meta["name"]), {"spec": {"replicas": 0}})
        while any(key.startswith(f"{lb}:") for key in (await simulation(run)).dial):
            await asyncio.sleep(0.01)


async def test_fabric_through_haproxy(rehearse: Any, fault: Any) -> None:
    async with rehearse("fabric-two-clusters") as run:
        await run.run()
        ns = "supplychain-net"
        zone = f"{ns}.east.example.test"
        found = await run.box.get(run.contexts[EAST], "ConfigMap", "orderer-tls-cacert", ns)
        ca = found["data"]["cacert"]
        peer = await handshake(run, f"peer0.{zone}", trust=ca, alpn=("h2",))
        assert peer.selected_alpn_protocol() == "h2"
        assert ("DNS", f"peer0.{zone}") in peer.getpeercert()["subjectAltName"]
        await handshake(run, f"orderer3.{zone}", trust=ca)
        await handshake(run, f"ca.{zone}", trust=ca)
        # grpc-web shows its component's own certificate (facts A1.5)
        proxy = await handshake(run, f"peer0-proxy.{zone}")
        assert proxy.getpeercert(binary_form=True) == peer.getpeercert(binary_form=True)
        # operations
        status, text = await http(run, f"peer0-ops.{zone}", path="/healthz")
        assert status == 200
        assert json.loads(text)["status"] == "OK"
        assert (await http(run, f"ca-ops.{zone}", path="/healthz"))[0] == 200
        # the other organization's certificate is not this one's
        with pytest.raises(ssl.SSLCertVerificationError):
            await handshake(run, "peer0.carrier-net.west.example.test", trust=ca)

        # unknown names: HAProxy's own certificate, its default backend
        own = await handshake(run, f"unknown.{zone}")
        assert own.getpeercert(binary_form=True) != peer.getpeercert(binary_form=True)
        assert await http(run, f"unknown.{zone}") == (404, "default backend - 404")
        # the route
        async with fault(run, EAST, "Ingress", "peer0", ns):
            with pytest.raises(ssl.SSLCertVerificationError):
                await handshake(run, f"peer0.{zone}", trust=ca)
            assert (await http(run, f"peer0-ops.{zone}", path="/healthz"))[0] == 200
        # the certificate
        async with fault(run, EAST, "Secret", "peer0-tls", ns):
            with pytest.raises((ConnectionError, ssl.SSLError)):
                await handshake(run, f"peer0.{zone}", trust=ca)
            assert (await http(run, f"peer0-ops.{zone}", path="/healthz"))[0] == 200
        # the backend
        async with fault(run, EAST, "Service", "peer0", ns):
            with pytest.raises((ConnectionError, ssl.SSLError)):
                await handshake(run, f"peer0.{zone}", trust=ca)
            assert (await http(run, f"peer0-ops.{zone}", path="/healthz"))[0] == 503
        # plain HTTP on the TLS port
        dialer = Dialer((await simulation(run)).dial)
        reader, writer = await dialer.open(await address(run, f"peer0.{zone}"), 443)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
