"""Real HAProxy, Envoy, Traefik and anvil on loopback: what they answer is what the checks say of them.

Components are TLS and HTTP servers of our own; the gateways between are the real programs, set up as the ingress
controllers set them up (passthrough by SNI, a default certificate of their own, routes by Host header).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.reachability.agreement import agreement
from bevel_tui.reachability.answers import Server
from bevel_tui.reachability.checks import Expected, check_cluster
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.resolver import Resolver
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.steps import Endpoint, ObjectRef
from tests.tools.edges import INSTALL, Program, find, free_ports, running

GATEWAY = "192.0.2.10"
TRUST = (ObjectRef("v1", "Secret", "ca", "net"), "cacert")


def needs(program: Program) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find(program) is None, reason=f"{program} is not installed: {INSTALL[program]}")


def endpoint(id: str, port: int, protocol: str, probe: str, host: str | None = None) -> Endpoint:
    return Endpoint(
        id=id, cluster="east", organization="o", release=id, host=host or f"{id}.east.test", port=port,
        protocol=protocol, probe=probe, service=f"{id}.net:1", trust=TRUST if protocol in ("tls", "https") else None,  # type: ignore[arg-type]
    )  # fmt: skip


PEER = endpoint("peer", 443, "tls", "fabric-grpc")
CA = endpoint("ca", 443, "tls", "fabric-ca")
UNKNOWN = endpoint("unknown", 443, "tls", "fabric-grpc")
DEAD = endpoint("dead", 443, "tls", "fabric-grpc")
OPS = endpoint("ops", 80, "http", "fabric-operations")
NOBODY = endpoint("nobody", 80, "http", "fabric-operations")
LOST = endpoint("lost", 80, "http", "fabric-operations")
WS = endpoint("ws", 80, "ws", "ws")
P2P = endpoint("p2p", 15010, "tcp", "tcp")
P2P_DEAD = endpoint("p2p-dead", 15011, "tcp", "tcp")


@dataclass
class Behind:
    """Components: a gRPC server and a CA with certificates of the organization, an operations service, a raw port."""

    ports: dict[str, int] = field(default_factory=dict)
    pem: str = ""
    folder: Path = Path()


async def _http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"PRI"):
            writer.write(bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))
        elif b"pgrade: websocket" in head:
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        else:
            ca = b"/cainfo" in head
            body = b'{"result":{"CAName":"ca","Version":"1"},"success":true}' if ca else b'{"status":"OK"}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
    writer.close()


async def _keeps(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        await reader.read()
    writer.close()


@pytest.fixture
async def behind(organization_ca, gateway_ca, tmp_path: Path) -> AsyncIterator[Behind]:
    made = Behind(pem=organization_ca.cert_pem.bytes().decode(), folder=tmp_path)
    async with contextlib.AsyncExitStack() as stack:

        async def serve(name: str, handler: Any, tls: ssl.SSLContext | None = None) -> None:
            server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=tls)
            stack.callback(server.close)
            made.ports[name] = server.sockets[0].getsockname()[1]

        for name, alpn in (("peer", "h2"), ("ca", "http/1.1")):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            organization_ca.issue_cert(f"{name}.east.test").configure_cert(context)
            context.set_alpn_protocols([alpn])
            await serve(name, _http, context)
        await serve("ops", _http)
        await serve("p2p", _keeps)
        made.ports["closed"] = free_ports(1)[0]
        default = gateway_ca.issue_cert("ingress.local", organization_name="Ingress Controller Fake Certificate")
        (tmp_path / "chain.pem").write_bytes(default.cert_chain_pems[0].bytes())
        (tmp_path / "key.pem").write_bytes(default.private_key_pem.bytes())
        (tmp_path / "default.pem").write_bytes(default.private_key_and_cert_chain_pem.bytes())
        yield made


async def ask(
    name_server: Any, behind: Behind, routes: dict[int, int], *endpoints: Endpoint, **more: Any
) -> dict[str, CheckResult]:
    """The first thing that is wrong with each endpoint's host, else its last answer, by endpoint id."""
    dns = await name_server()
    dns.zone("east.test", f"* 120 IN A {GATEWAY}\n")
    dialer = Dialer({f"{GATEWAY}:{port}": f"127.0.0.1:{real}" for port, real in routes.items()})
    results = [
        result
        async for result in check_cluster(
            "east", endpoints, "east.test", addresses=(GATEWAY,), service_ports=(80, 443, 15010, 15011),
            resolver=Resolver(dialer, authorities=(Server.parse(dns.where),)), dialer=dialer,
            trust={e.id: behind.pem for e in endpoints if e.trust}, timeout=15.0, **more,
        )
    ]  # fmt: skip
    found: dict[str, CheckResult] = {}
    for one in endpoints:
        mine = [
            r for r in results if r.target.partition("://")[2].startswith(one.host) or r.target.startswith(one.host)
        ]
        mine = [r for r in mine if r.status != "skipped"]
        found[one.id] = next((r for r in mine if r.status == "failed"), mine[-1])
    return found


WRONG = {
    "unknown": ("tls-handshake", "tls-default-certificate"),
    "dead": ("tls-handshake", "tls-closed"),
    "nobody": ("protocol", "protocol-backend"),
    "lost": ("protocol", "protocol-route"),
    "p2p-dead": ("protocol", "protocol-backend"),
}
ALL = (PEER, CA, OPS, P2P, UNKNOWN, DEAD, NOBODY, LOST, P2P_DEAD)


def said(found: dict[str, CheckResult]) -> dict[str, tuple[str, str | None]]:
    return {id: (r.id, r.code) for id, r in found.items() if r.status == "failed"}


@needs("haproxy")
async def test_haproxy(name_server, behind: Behind) -> None:
    http, https, p2p, dead, inner = free_ports(5)
    config = behind.folder / "haproxy.cfg"
    config.write_text(f"""
global
  maxconn 200
defaults
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout tunnel 60s
frontend tls
  mode tcp
  bind 127.0.0.1:{https}
  tcp-request inspect-delay 5s
  tcp-request content accept if {{ req_ssl_hello_type 1 }}
  use_backend peer if {{ req_ssl_sni -i peer.east.test }}
  use_backend ca if {{ req_ssl_sni -i ca.east.test }}
  use_backend closed if {{ req_ssl_sni -i dead.east.test }}
  default_backend terminating
frontend inner
  mode http
  bind 127.0.0.1:{inner} ssl crt {behind.folder}/default.pem
  http-request deny deny_status 404
frontend plain
  mode http
  bind 127.0.0.1:{http}
  use_backend ops if {{ hdr(host),field(1,:) -i ops.east.test }}
  use_backend nobody if {{ hdr(host),field(1,:) -i nobody.east.test }}
  default_backend lost
backend lost
  mode http
  http-request deny deny_status 404
listen raw
  mode tcp
  bind 127.0.0.1:{p2p}
  server it 127.0.0.1:{behind.ports["p2p"]}
listen raw-dead
  mode tcp
  bind 127.0.0.1:{dead}
backend peer
  mode tcp
  server it 127.0.0.1:{behind.ports["peer"]}
backend ca
  mode tcp
  server it 127.0.0.1:{behind.ports["ca"]}
backend closed
  mode tcp
  server it 127.0.0.1:{behind.ports["closed"]}
backend terminating
  mode tcp
  server it 127.0.0.1:{inner}
backend ops
  mode http
  server it 127.0.0.1:{behind.ports["ops"]}
backend nobody
  mode http
""")
    program = find("haproxy")
    assert program is not None
    async with running([program, "-db", "-f", config], http, https, p2p, dead, inner):
        found = await ask(name_server, behind, {80: http, 443: https, 15010: p2p, 15011: dead}, *ALL)
    assert said(found) == WRONG
    assert found["peer"].summary == "the component answers gRPC (HTTP/2)"
    assert found["ca"].summary == "the CA answers as ca"
    assert any("Fake Certificate" in line for line in found["unknown"].evidence)
    assert "HTTP 503" in found["nobody"].summary


def _cluster(name: str, port: int) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    return {
        "name": name, "type": "STATIC", "connect_timeout": "2s",
        "load_assignment": {"cluster_name": name, "endpoints": endpoints},
    }  # fmt: skip


def _typed(name: str, kind: str, **config: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": f"type.googleapis.com/envoy.extensions.{kind}", **config}}


def _tcp(cluster: str) -> list[dict[str, Any]]:
    kind = "filters.network.tcp_proxy.v3.TcpProxy"
    return [_typed("envoy.filters.network.tcp_proxy", kind, stat_prefix=cluster, cluster=cluster)]


def _web(*hosts: dict[str, Any]) -> list[dict[str, Any]]:
    router = _typed("envoy.filters.http.router", "filters.http.router.v3.Router")
    kind = "filters.network.http_connection_manager.v3.HttpConnectionManager"
    routes = {"name": "r", "virtual_hosts": list(hosts)}
    return [_typed("envoy.filters.network.http_connection_manager", kind, stat_prefix="http", http_filters=[router], route_config=routes)]  # fmt: skip


def _listener(name: str, port: int, chains: list[dict[str, Any]], *, sni: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": chains,
    }
    if sni:
        made["listener_filters"] = [
            _typed("envoy.filters.listener.tls_inspector", "filters.listener.tls_inspector.v3.TlsInspector")
        ]
    return made


@needs("envoy")
async def test_envoy(name_server, behind: Behind) -> None:
    http, https, p2p, dead = free_ports(4)

    def by_sni(name: str, cluster: str) -> dict[str, Any]:
        return {"filter_chain_match": {"server_names": [f"{name}.east.test"]}, "filters": _tcp(cluster)}

    def host(name: str, cluster: str, **more: Any) -> dict[str, Any]:
        domains = [f"{name}.east.test"]
        return {
            "name": name,
            "domains": domains,
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": cluster, **more}}],
        }

    shown = {
        "certificate_chain": {"filename": str(behind.folder / "chain.pem")},
        "private_key": {"filename": str(behind.folder / "key.pem")},
    }
    kind = "transport_sockets.tls.v3.DownstreamTlsContext"
    default = {
        "filters": _web(),
        "transport_socket": _typed(
            "envoy.transport_sockets.tls", kind, common_tls_context={"tls_certificates": [shown]}
        ),
    }
    upgrade = {"upgrade_configs": [{"upgrade_type": "websocket"}]}
    names = (("peer", "peer"), ("ca", "ca"), ("ops", "ops"), ("p2p", "p2p"), ("closed", "closed"))
    config = {
        "static_resources": {
            "listeners": [
                _listener("tls", https, [by_sni("peer", "peer"), by_sni("ca", "ca"), by_sni("dead", "closed"), default], sni=True),
                _listener(
                    "http", http, [{"filters": _web(host("ops", "ops"), host("nobody", "closed"), host("ws", "ops", **upgrade))}]
                ),
                _listener("p2p", p2p, [{"filters": _tcp("p2p")}]),
                _listener("dead", dead, [{"filters": _tcp("closed")}]),
            ],
            "clusters": [_cluster(name, behind.ports[port]) for name, port in names],
        }
    }  # fmt: skip
    path = behind.folder / "envoy.json"
    path.write_text(json.dumps(config))
    program = find("envoy")
    assert program is not None
    routes = {80: http, 443: https, 15010: p2p, 15011: dead}
    command = [program, "-c", path, "--use-dynamic-base-id", "--concurrency", "1", "-l", "warn"]
    async with running(command, *routes.values()):
        found = await ask(name_server, behind, routes, *ALL, WS)
        refused = await ask(name_server, behind, routes, replace(WS, id="plain-ws", host=OPS.host))
    assert said(found) == WRONG
    assert found["ws"].summary == "the node accepts WebSocket connections"
    assert said(refused) == {"plain-ws": ("protocol", "protocol-answer")}, "a Mapping without allow_upgrade answers so"
    assert "HTTP 403" in refused["plain-ws"].summary


@needs("traefik")
async def test_traefiks_default_certificate_is_known(name_server, behind: Behind) -> None:
    http, https = free_ports(2)
    program = find("traefik")
    assert program is not None
    dynamic = behind.folder / "dynamic.yaml"
    dynamic.write_text(json.dumps({
        "tcp": {
            "routers": {"peer": {"rule": "HostSNI(`peer.east.test`)", "service": "peer", "tls": {"passthrough": True}, "entryPoints": ["tls"]}},
            "services": {"peer": {"loadBalancer": {"servers": [{"address": f"127.0.0.1:{behind.ports['peer']}"}]}}},
        },
        "http": {
            "routers": {"any": {"rule": "Host(`terminated.east.test`)", "service": "ops", "tls": {}, "entryPoints": ["tls"]}},
            "services": {"ops": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{behind.ports['ops']}"}]}}},
        },
    }))  # fmt: skip
    command = [
        program, f"--entrypoints.web.address=127.0.0.1:{http}", f"--entrypoints.tls.address=127.0.0.1:{https}",
        f"--providers.file.filename={dynamic}", "--global.checknewversion=false", "--global.sendanonymoususage=false",
        "--log.level=ERROR",
    ]  # fmt: skip
    async with running(command, http, https):
        # it listens before it has read its routes
        await ask(name_server, behind, {80: http, 443: https}, PEER, retry=30.0)
        found = await ask(name_server, behind, {80: http, 443: https}, PEER, UNKNOWN, LOST)
    assert said(found) == {"unknown": WRONG["unknown"], "lost": WRONG["lost"]}
    assert any("TRAEFIK DEFAULT CERT" in line for line in found["unknown"].evidence)


@needs("anvil")
async def test_anvil(name_server, behind: Behind) -> None:
    """Two nodes of one genesis, one of another, one that makes no blocks, one of another chain: each told apart by its own word."""
    program = find("anvil")
    assert program is not None
    nodes = {
        "a": ("--block-time", "1"),
        "b": ("--block-time", "1"),
        "odd": ("--block-time", "1"),
        "still": ("--no-mining",),
        "strange": ("--block-time", "1", "--chain-id", "7"),
    }
    ports = dict(zip(nodes, free_ports(len(nodes)), strict=True))
    answers: list[CheckResult] = []
    async with contextlib.AsyncExitStack() as stack:
        for name, arguments in nodes.items():
            stamp = "1700000009" if name == "odd" else "1700000000"
            command = [program, "--silent", "--host", "127.0.0.1", "--port", str(ports[name]), "--timestamp", stamp]
            # the hosts' names are not its own
            await stack.enter_async_context(running([*command, *arguments, "--accounts", "1"], ports[name]))
        found = {}
        for name in nodes:
            rpc = endpoint(name, 80, "http", "json-rpc")
            expected = Expected(0, 2.0 if name != "still" else 0.5)
            results = await ask(name_server, behind, {80: ports[name]}, rpc, expected=expected)
            found |= results
            dialer = Dialer({f"{GATEWAY}:80": f"127.0.0.1:{ports[name]}"})
            answers += [r async for r in _protocol(rpc, dialer, name)]
        web = endpoint("ws", 80, "ws", "ws")
        upgraded = await ask(name_server, behind, {80: ports["a"]}, web)
        alone = await ask(
            name_server, behind, {80: ports["a"]}, endpoint("a", 80, "http", "json-rpc"), expected=Expected(3, None)
        )
    assert {id: r.code for id, r in found.items() if r.status == "failed"} == {"still": "ledger-halted"}
    assert found["a"].summary.startswith("blocks are made")
    assert upgraded["ws"].status == "ok" and "HTTP 101" in upgraded["ws"].evidence
    assert [r.facts["chain-id"] for r in answers] == ["31337"] * 4 + ["7"]
    assert alone["a"].code in {"ledger-no-peers", "ledger-answer"}, "anvil has no peers, or does not tell of them"
    verdicts = {name: agreement(answers, name)[0] for name in nodes}
    assert {name: v.code for name, v in verdicts.items() if v.status == "failed"} == {
        "odd": "ledger-other-genesis",
        "strange": "ledger-other-chain",
    }
    assert verdicts["a"].summary == "the nodes of a have the ledger that most nodes have"


async def _protocol(rpc: Endpoint, dialer: Dialer, cluster: str) -> AsyncIterator[CheckResult]:
    literal = replace(rpc, host=GATEWAY)
    async for result in check_cluster(
        cluster, (literal,), None, addresses=(GATEWAY,), service_ports=(80,), resolver=Resolver(dialer), dialer=dialer,
        trust={}, timeout=15.0,
    ):  # fmt: skip
        if result.id == "protocol":
            yield result
