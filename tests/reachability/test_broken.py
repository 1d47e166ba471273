"""One thing is broken at a time, for real, between a gateway and its ledger: it is diagnosed as that one thing.

Servers on loopback stand for gateway and components; the objects of the cluster are data. Every case says what it
breaks, the check and code that must fail (or warn) alone, and words of its evidence. What lies behind is skipped.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import socket
import ssl
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bevel_tui.reachability.answers import Server
from bevel_tui.reachability.catalogue import BY_ID
from bevel_tui.reachability.checks import Expected, check_cluster
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.objects.observed import AMBASSADOR, Edge
from bevel_tui.reachability.resolver import Resolver
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.steps import Endpoint, ObjectRef

GATEWAY, SECOND = "192.0.2.10", "192.0.2.11"
SPACE = "carrier-net"
CA_SECRET = (ObjectRef("v1", "Secret", "ca", SPACE), "cacert")


def endpoint(id: str, host: str, port: int, protocol: str, probe: str, backend: int) -> Endpoint:
    tls = protocol in ("https", "tls")
    return Endpoint(
        id=id, cluster="east", organization="carrier", release=id, host=host, port=port, protocol=protocol,  # type: ignore[arg-type]
        probe=probe, service=f"{id}.{SPACE}:{backend}", trust=CA_SECRET if tls else None,  # type: ignore[arg-type]
    )  # fmt: skip


RPC = endpoint("rpc", "noderpc.east.test", 80, "http", "json-rpc", 8545)
WS = endpoint("ws", "nodews.east.test", 80, "ws", "ws", 8546)
P2P = endpoint("p2p", "node.east.test", 15010, "tcp", "tcp", 30303)
CA = endpoint("ca", "ca.east.test", 443, "tls", "fabric-ca", 7054)
PEER = endpoint("peer", "peer0.east.test", 443, "tls", "fabric-grpc", 7051)
OPS = endpoint("ops", "peer0-ops.east.test", 80, "http", "fabric-operations", 9443)
NMS = endpoint("nms", "nms.east.test", 443, "https", "network-map", 8080)
DOORMAN = endpoint("doorman", "doorman.east.test", 443, "https", "doorman", 8080)
TESSERA = endpoint("tessera", "tessera.east.test", 443, "https", "tessera", 443)
NODE = endpoint("node", "node.corda.east.test", 443, "https", "tls", 10002)
FABRIC, ETHEREUM, CORDA = (CA, PEER, OPS), (RPC, WS, P2P), (NMS, DOORMAN, TESSERA, NODE)


class Node:
    """A node behind RPC: its methods' results, and a block more every other question."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {
            "eth_chainId": "0x539", "net_peerCount": "0x3", "eth_getBlockByNumber": {"hash": "0xfeed"},
        }  # fmt: skip
        self.block = 10
        self.makes = 1

    def __call__(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        asked = json.loads(body)["method"]
        self.block += self.makes
        result = hex(self.block) if asked == "eth_blockNumber" else self.known.get(asked)
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "result": result}
        if result is None:
            answer = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "Method not found"}}
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()


def says(status: int, body: bytes = b"", **headers: str) -> Callable[..., tuple[int, dict[str, str], bytes]]:
    return lambda *_: (status, headers, body)


UPGRADE = says(101, Upgrade="websocket", Connection="Upgrade")
CAINFO = says(200, json.dumps({"result": {"CAName": "ca", "Version": "1.5"}, "success": True}).encode())


@dataclass
class World:
    """All is well, until a case breaks one thing of it."""

    gateway: Any
    dns: Any
    authority: Any
    stranger: Any
    dialer: Dialer
    stack: Any
    pem: str
    node: Node
    addresses: tuple[str, ...] = (GATEWAY,)
    ports: tuple[int, ...] | None = (80, 443, 15010)
    trust: dict[str, str] | None = None
    objects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    certificates: dict[tuple[str, str], str | None] = field(default_factory=dict)
    kind: str = "haproxy"

    def shows(self, host: str, certificate: Any) -> None:
        self.gateway.certificates[host] = certificate

    def of(self, kind: str, name: str) -> dict[str, Any]:
        return next(o for o in self.objects[kind] if o["metadata"]["name"] == name)

    def drop(self, kind: str, name: str) -> None:
        self.objects[kind].remove(self.of(kind, name))

    async def listen(self, port: int, kind: str) -> None:
        """Something else answers at a port of the gateway."""
        await self.gateway.listen(self.stack, port, kind)
        self.route(f"{GATEWAY}:{port}", self.gateway.ports[port])

    def route(self, where: str, port: int) -> None:
        self.dialer = Dialer({**self.dialer.routes, where: f"127.0.0.1:{port}"})

    def leads(self, where: str, to: str) -> None:
        self.dialer = Dialer({**self.dialer.routes, where: to})

    def closed(self) -> int:
        free = socket.socket()
        self.stack.callback(free.close)
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])

    def silent(self) -> int:
        """A port whose backlog is full: no packet is answered."""
        dead = socket.socket()
        self.stack.callback(dead.close)
        dead.bind(("127.0.0.1", 0))
        dead.listen(0)
        for _ in range(3):
            filler = socket.socket()
            self.stack.callback(filler.close)
            filler.setblocking(False)
            filler.connect_ex(dead.getsockname())
        return int(dead.getsockname()[1])

    async def check(self, endpoints: tuple[Endpoint, ...], patience: float = 5.0) -> list[CheckResult]:
        async def read() -> Edge:
            objects = {kind: tuple(items) for kind, items in self.objects.items()}
            return Edge(self.kind, objects, self.certificates)  # type: ignore[arg-type]

        resolver = Resolver(self.dialer, authorities=(Server.parse(self.dns.where),), timeout=5.0)
        trust = {e.id: self.pem for e in endpoints if e.trust} if self.trust is None else self.trust
        return [
            result
            async for result in check_cluster(
                "east", endpoints, "east.test", addresses=self.addresses, service_ports=self.ports, resolver=resolver,
                dialer=self.dialer, trust=trust, timeout=patience, service="gw/gateway", context="kind-east",
                expected=Expected(3, 0.2), edge=read,
            )
        ]  # fmt: skip


def manifest(version: str, kind: str, name: str, spec: dict[str, Any], **meta: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": SPACE, **meta}, "spec": spec}


def objects_of(endpoints: tuple[Endpoint, ...]) -> dict[str, list[dict[str, Any]]]:
    """What a cluster has for these endpoints, as Bevel's charts make it."""
    made: dict[str, list[dict[str, Any]]] = {
        kind: [] for kind in ("Ingress", "Mapping", "TCPMapping", "Listener", "Host", "Service", "EndpointSlice")
    }
    for one in endpoints:
        port = int(one.service.rpartition(":")[2])
        made["Service"].append(manifest("v1", "Service", one.id, {"ports": [{"name": "it", "port": port}]}))
        piece = manifest("discovery.k8s.io/v1", "EndpointSlice", one.id, {})
        piece["metadata"]["labels"] = {"kubernetes.io/service-name": one.id}
        piece["ports"] = [{"name": "it", "port": port}]
        piece["endpoints"] = [
            {"addresses": ["10.1.1.1"], "conditions": {"ready": True}, "targetRef": {"name": f"{one.id}-0"}}
        ]
        made["EndpointSlice"].append(piece)
        backend = {"service": {"name": one.id, "port": {"number": port}}}
        rule = {"host": one.host, "http": {"paths": [{"path": "/", "backend": backend}]}}
        notes = {"ingress.kubernetes.io/ssl-passthrough": "true"} if one.protocol == "tls" else {}
        ingress = {"ingressClassName": "haproxy", "rules": [rule]}
        if one.protocol == "tcp":
            mapping = {"port": one.port, "service": one.service}
            made["TCPMapping"].append(manifest(AMBASSADOR, "TCPMapping", one.id, mapping))
            made["Listener"].append(manifest(AMBASSADOR, "Listener", one.id, {"port": one.port, "protocol": "TCP"}))
            continue
        made["Ingress"].append(manifest("networking.k8s.io/v1", "Ingress", one.id, ingress, annotations=notes))
        upgrade = {"allow_upgrade": ["websocket"]} if one.probe == "ws" else {}
        spec = {"host": one.host, "prefix": "/", "service": f"http://{one.service}", **upgrade}
        made["Mapping"].append(manifest(AMBASSADOR, "Mapping", one.id, spec))
        if one.protocol == "https":
            host = {"hostname": one.host, "tlsSecret": {"name": f"{one.id}-tls", "namespace": SPACE}}
            made["Host"].append(manifest(AMBASSADOR, "Host", one.id, host))
    made["Host"].append(manifest(AMBASSADOR, "Host", "catch-all", {"hostname": "*"}))
    return made


OBJECTS = objects_of((*FABRIC, *ETHEREUM, *CORDA))


@pytest.fixture(scope="session")
def leaves(organization_ca, gateway_ca):
    made = {e.host: organization_ca.issue_cert(e.host) for e in (CA, PEER, *CORDA)}
    return {"default": gateway_ca.issue_cert("gateway.invalid"), **made}


@pytest.fixture
async def world(name_server, stack, organization_ca, gateway_ca, gateway_class, leaves):
    dns = await name_server()
    dns.zone("east.test", f"* 120 IN A {GATEWAY}\n")
    node = Node()
    sites = {
        RPC.host: node, WS.host: UPGRADE, OPS.host: says(200, b'{"status":"OK"}'), CA.host: CAINFO,
        NMS.host: says(200, b"[]"), DOORMAN.host: says(200, b"here"), TESSERA.host: says(200, b"I'm up!"),
    }  # fmt: skip
    certificates = {host: leaf for host, leaf in leaves.items() if host != "default"}
    gateway = gateway_class(default=leaves["default"], sites=sites, certificates=certificates)
    made = World(
        gateway, dns, organization_ca, gateway_ca, Dialer(), stack, organization_ca.cert_pem.bytes().decode(), node,
        objects=copy.deepcopy(OBJECTS),
        certificates={(SPACE, f"{e.id}-tls"): leaves[e.host].cert_chain_pems[0].bytes().decode() for e in CORDA},
    )  # fmt: skip
    for port, kind in ((80, "http"), (443, "tls"), (15010, "tcp")):
        await made.listen(port, kind)
    return made


Break = Callable[[World], Any]


@dataclass(frozen=True)
class Case:
    broke: Break
    endpoints: tuple[Endpoint, ...]
    check: str
    code: str
    words: str
    #: how many results say so (an edge that several endpoints share is one)
    many: int = 1
    kind: str = ""
    #: seconds for one answer; short only where none is to come
    patience: float = 5.0


def case(check: str, code: str, words: str, endpoints: tuple[Endpoint, ...], broke: Break, **more: Any) -> Case:
    return Case(broke, endpoints, check, code, words, **more)


def setting(**fields: Any) -> Break:
    return lambda world: [setattr(world, name, value) for name, value in fields.items()]


def site(host: str, answer: Any) -> Break:
    return lambda world: world.gateway.sites.__setitem__(host, answer)


def no_site(host: str) -> Break:
    return lambda world: world.gateway.sites.pop(host)


def gateway(**fields: Any) -> Break:
    return lambda world: [setattr(world.gateway, name, value) for name, value in fields.items()]


def certificate(host: str, issue: Callable[[World], Any]) -> Break:
    return lambda world: world.shows(host, issue(world))


def dropped(kind: str, name: str, *then: Break) -> Break:
    return lambda world: [world.drop(kind, name), *(one(world) for one in then)]


def changed(kind: str, name: str, change: Callable[[dict[str, Any]], Any], *then: Break) -> Break:
    return lambda world: [change(world.of(kind, name)), *(one(world) for one in then)]


def spec(**fields: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda obj: obj["spec"].update(fields)


def no_certificate(host: str) -> Break:
    return lambda world: world.gateway.certificates.pop(host)


def another_port(where: str, port: Callable[[World], int]) -> Break:
    return lambda world: world.route(where, port(world))


def fake(world: World) -> Any:
    words = "Kubernetes Ingress Controller Fake Certificate"
    return world.stranger.issue_cert("ingress.local", organization_name=words)


def old(world: World) -> Any:
    return world.authority.issue_cert(PEER.host, not_after=datetime(2020, 1, 1, tzinfo=UTC))


def soon(world: World) -> Any:
    return world.authority.issue_cert(PEER.host, not_after=datetime.now(UTC) + timedelta(days=9, hours=1))


def second_address(world: World) -> None:
    world.addresses = (GATEWAY, SECOND)
    world.dns.zone("east.test", f"* 120 IN A {GATEWAY}\n* 120 IN A {SECOND}\n")
    world.route(f"{SECOND}:80", world.closed())


async def plain_http(world: World) -> None:
    async def complain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(complain, "127.0.0.1", 0)
    world.stack.callback(server.close)
    world.route(f"{GATEWAY}:443", server.sockets[0].getsockname()[1])


def backend_of(ingress: dict[str, Any]) -> dict[str, Any]:
    return ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]


def twice(world: World) -> None:
    other = copy.deepcopy(world.of("TCPMapping", "p2p"))
    other["metadata"]["name"] = "left-over"
    other["spec"]["service"] = f"gone.{SPACE}:30303"
    world.objects["TCPMapping"].append(other)


def held(issue: Callable[[World], Any]) -> Break:
    """The Secret of the network map's Host holds this certificate, and the gateway serves it."""

    def broke(world: World) -> None:
        leaf = issue(world)
        pem = leaf.cert_chain_pems[0].bytes().decode() if leaf is not None else None
        world.certificates[SPACE, "nms-tls"] = pem
        if leaf is None:
            world.gateway.certificates.pop(NMS.host)
        else:
            world.shows(NMS.host, leaf)

    return broke


def not_taken_up(world: World) -> None:
    world.shows(NMS.host, world.authority.issue_cert(NMS.host))


def ambassador(*cases: Case) -> list[Case]:
    return [replace(one, kind="ambassador") for one in cases]


def old_tls(world: World) -> None:
    """A server of the last decade, in a thread: asyncio's would hang up without the alert that others send."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    world.authority.issue_cert(PEER.host).configure_cert(context)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):  # closed at the end of the test
            while True:
                plain, _ = listening.accept()
                with plain, contextlib.suppress(OSError):
                    context.wrap_socket(plain, server_side=True).close()

    def end() -> None:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()

    thread = threading.Thread(target=serve)
    thread.start()
    world.stack.callback(end)
    world.route(f"{GATEWAY}:443", listening.getsockname()[1])


CASES: dict[str, Case] = {
    # ------------------------------------------------------------ the gateway
    "no Service": case(
        "lb-address", "lb-no-service", "does not exist", FABRIC, setting(addresses=(), ports=None)),
    "no address": case("lb-address", "lb-no-address", "has no address", FABRIC, setting(addresses=())),
    "a port is missing": case("port-on-service", "port-missing", "has ports 80, 443", ETHEREUM, setting(ports=(80, 443))),
    # ------------------------------------------------------------ connections
    "nothing listens": case(
        "tcp-connect", "tcp-refused", "refuses", FABRIC, another_port(f"{GATEWAY}:443", World.closed)),
    "packets are dropped": case(
        "tcp-connect", "tcp-timeout", "within 0.7 s", FABRIC, another_port(f"{GATEWAY}:443", World.silent), patience=0.7),
    "one of two addresses is dead": case("tcp-connect", "tcp-refused", SECOND, (RPC,), second_address),
    # ------------------------------------------------------------ certificates
    "no route for an SNI": case(
        "tls-handshake", "tls-default-certificate", "no route matches peer0", FABRIC, no_certificate(PEER.host)),
    "a default certificate known by its subject": case(
        "tls-handshake", "tls-default-certificate", "Fake Certificate", FABRIC, certificate(PEER.host, fake)),
    "another CA": case(
        "tls-handshake", "tls-other-ca", "Acme Co", FABRIC,
        certificate(PEER.host, lambda w: w.stranger.issue_cert(PEER.host))),
    "another name": case(
        "tls-handshake", "tls-wrong-name", "peer9.east.test", FABRIC,
        certificate(PEER.host, lambda w: w.authority.issue_cert("peer9.east.test"))),
    "expired": case("tls-handshake", "tls-expired", "2020-01-01", FABRIC, certificate(PEER.host, old)),
    "expires soon": case("tls-handshake", "tls-expires-soon", "in 9 days", FABRIC, certificate(PEER.host, soon)),
    "the CA cannot be read": case(
        "tls-handshake", "tls-trust", "Secret ca, key cacert", FABRIC, setting(trust={}), many=2),
    "the CA is no certificate": case(
        "tls-handshake", "tls-trust", "not a PEM", FABRIC, setting(trust={"ca": "x", "peer": "x"}), many=2),
    "nobody behind the passthrough": case(
        "tls-handshake", "tls-closed", "during the TLS handshake", (PEER,),
        lambda w: [setattr(w.gateway, "closes_handshake", True), w.listen(443, "tls")][1]),
    "the handshake is never answered": case(
        "tls-handshake", "tls-timeout", "no TLS handshake", (PEER,), lambda w: w.listen(443, "tcp"), patience=0.7),
    "plain HTTP where TLS should be": case(
        "tls-handshake", "tls-tls", "does not speak TLS", (PEER,), plain_http),
    # ------------------------------------------------------------ protocols
    "no route for a host": case("protocol", "protocol-route", "server: envoy", ETHEREUM, no_site(WS.host)),
    "nobody behind the route": case("protocol", "protocol-backend", "HTTP 503", FABRIC, site(OPS.host, None)),
    "an API that is not enabled": case(
        "protocol", "protocol-answer", "Method not found", ETHEREUM, lambda w: w.node.known.pop("eth_chainId")),
    "a node that refuses the host name": case(
        "protocol", "protocol-answer", "refuses the host name", ETHEREUM, site(RPC.host, says(403))),
    "a login page in a node's place": case(
        "protocol", "protocol-answer", "body: <html>", ETHEREUM, site(RPC.host, says(200, b"<html>login</html>"))),
    "no upgrade to WebSocket": case("protocol", "protocol-answer", "HTTP 426", ETHEREUM, site(WS.host, says(426))),
    "a component that says it is ill": case(
        "protocol", "protocol-answer", "couchdb: refused", FABRIC,
        site(OPS.host, says(503, b'{"status":"Bad","failed_checks":[{"component":"couchdb","reason":"refused"}]}'))),
    "not a CA": case("protocol", "protocol-answer", "/cainfo", FABRIC, site(CA.host, says(200, b"hello"))),
    "a server without HTTP/2": case(
        "protocol", "protocol-answer", "ALPN none", (PEER,), gateway(alpn=("http/1.1",))),
    "HTTP/1 where gRPC should be": case(
        "protocol", "protocol-answer", "HTTP/1.1 400", FABRIC, gateway(frame=b"HTTP/1.1 400 Bad")),
    "gRPC hangs up": case("protocol", "protocol-closed", "hung up", FABRIC, gateway(frame=b"")),
    "nobody behind a raw port": case("protocol", "protocol-backend", "hangs up at once", ETHEREUM, gateway(hangs_up=True)),
    "no network map": case(
        "protocol", "protocol-answer", "HTTP 500", CORDA, site(NMS.host, says(500)), kind="ambassador"),
    "no doorman": case(
        "protocol", "protocol-answer", "HTTP 500", CORDA, site(DOORMAN.host, says(500)), kind="ambassador"),
    "no transaction manager": case(
        "protocol", "protocol-answer", "/upcheck", CORDA, site(TESSERA.host, says(200, b"welcome")), kind="ambassador"),
    "another CA's certificate for a Corda node": case(
        "tls-handshake", "tls-other-ca", "Acme Co", (NMS, NODE),
        certificate(NODE.host, lambda w: w.stranger.issue_cert(NODE.host)), kind="ambassador"),
    "only old TLS": case(
        "tls-handshake", "tls-old-protocol", "no TLS version from 1.2 on", (PEER,), old_tls),
    # connecting to the limited broadcast address by TCP is refused by the kernel: there is no route for it
    "no route to the address": case(
        "tcp-connect", "tcp-unreachable", "cannot be reached: Network is unreachable", (RPC,),
        lambda w: w.leads(f"{GATEWAY}:80", "255.255.255.255:80")),
    # ------------------------------------------------------------ what the ledger says of itself
    "a node that is alone": case(
        "ledger-peers", "ledger-no-peers", "net_peerCount 0", (RPC,), lambda w: w.node.known.update(net_peerCount="0x0")),
    "a node with too few peers": case(
        "ledger-peers", "ledger-few-peers", "2 of 3", (RPC,), lambda w: w.node.known.update(net_peerCount="0x2")),
    "a node that does not tell of peers": case(
        "ledger-peers", "ledger-answer", "Method not found", (RPC,), lambda w: w.node.known.pop("net_peerCount")),
    "no block is made": case(
        "ledger-grows", "ledger-halted", "stands at block 10", (RPC,), lambda w: setattr(w.node, "makes", 0)),
    # ------------------------------------------------------------ objects, HAProxy
    "the Ingress is gone": case(
        "route-object", "route-missing", "no Ingress names peer0", FABRIC,
        dropped("Ingress", "peer", no_certificate(PEER.host))),
    "the Ingress is of another class": case(
        "route-object", "route-class", "of class nginx", FABRIC,
        changed("Ingress", "peer", spec(ingressClassName="nginx"), no_certificate(PEER.host))),
    "the Ingress does not pass TLS through": case(
        "route-object", "route-passthrough", "does not pass TLS through", FABRIC,
        changed("Ingress", "peer", lambda o: o["metadata"]["annotations"].clear(), no_certificate(PEER.host))),
    "the Ingress leads to another Service": case(
        "route-object", "route-elsewhere", f"leads to orderer.{SPACE}:7051", FABRIC,
        changed("Ingress", "peer", lambda o: backend_of(o).update(name="orderer"), gateway(frame=b"x" * 9))),
    "the Ingress leads to another port": case(
        "route-object", "route-elsewhere", f"the plan says ca.{SPACE}:7054", FABRIC,
        changed("Ingress", "ca", lambda o: backend_of(o).update(port={"number": 7055}), site(CA.host, None))),
    "the Service is gone": case(
        "route-backend", "route-no-service", f"Service {SPACE}/ops", FABRIC, dropped("Service", "ops", site(OPS.host, None))),
    "the Service has another port": case(
        "route-backend", "route-no-port", "its ports: 9444", FABRIC,
        changed("Service", "ops", spec(ports=[{"name": "it", "port": 9444}]), site(OPS.host, None))),
    "no pod is ready": case(
        "route-backend", "route-nobody-ready", "not ready: ops-0", FABRIC,
        changed("EndpointSlice", "ops", lambda o: o["endpoints"][0]["conditions"].update(ready=False), site(OPS.host, None))),
    "the Service selects nothing": case(
        "route-backend", "route-nobody-ready", "no pod that it selects", FABRIC, dropped("EndpointSlice", "ops", site(OPS.host, None))),
    "an Ingress with an old address": case(
        "route-address", "route-other-address", "192.0.2.99", FABRIC,
        changed("Ingress", "ops", lambda o: o.update(status={"loadBalancer": {"ingress": [{"ip": "192.0.2.99"}]}}))),
    # ------------------------------------------------------------ objects, Ambassador
    **dict(zip(
        (
            "the Mapping is gone", "the Mapping leads elsewhere", "the Mapping allows no upgrade", "the TCPMapping is gone",
            "no Listener for the port", "a port is claimed twice", "no Host for the name", "the Host names no Secret",
            "the Secret is gone", "the Secret's certificate is for another name", "the Secret's certificate has expired",
            "the gateway serves an old certificate", "the TCPMapping leads elsewhere",
        ),
        ambassador(
            case("route-object", "route-missing", "no Mapping names noderpc", ETHEREUM,
                 dropped("Mapping", "rpc", no_site(RPC.host))),
            case("route-object", "route-elsewhere", f"leads to other.{SPACE}:8545", ETHEREUM,
                 changed("Mapping", "rpc", spec(service=f"other.{SPACE}:8545"), site(RPC.host, None))),
            case("route-object", "route-no-upgrade", "allow_upgrade", ETHEREUM,
                 changed("Mapping", "ws", spec(allow_upgrade=[]), site(WS.host, says(403)))),
            case("route-object", "route-missing", "no TCPMapping is for port 15010", ETHEREUM,
                 dropped("TCPMapping", "p2p", gateway(hangs_up=True))),
            case("route-object", "route-no-listener", "no Listener opens port 15010", ETHEREUM,
                 dropped("Listener", "p2p", gateway(hangs_up=True))),
            case("route-object", "route-twice", f"TCPMapping {SPACE}/left-over", ETHEREUM, twice),
            case("route-certificate", "route-no-host", "the catch-all Host", CORDA,
                 dropped("Host", "nms", no_certificate(NMS.host))),
            case("route-certificate", "route-no-secret", "names no certificate", CORDA,
                 changed("Host", "nms", lambda o: o["spec"].pop("tlsSecret"), no_certificate(NMS.host))),
            case("route-certificate", "route-no-secret", "holds no certificate", CORDA, held(lambda w: None)),
            case("route-certificate", "route-wrong-name", "it names other.test", CORDA,
                 held(lambda w: w.authority.issue_cert("other.test"))),
            case("route-certificate", "route-expired", "expired on 2020-01-01", CORDA,
                 held(lambda w: w.authority.issue_cert(NMS.host, not_after=datetime(2020, 1, 1, tzinfo=UTC)))),
            case("route-certificate", "route-stale-certificate", "served SHA-256", CORDA, not_taken_up),
            case("route-object", "route-elsewhere", f"leads to rpc.{SPACE}:8545", ETHEREUM,
                 changed("TCPMapping", "p2p", spec(service=f"rpc.{SPACE}:8545"), gateway(hangs_up=True))),
        ),
        strict=True,
    )),
}  # fmt: skip


def gateway_of(one: Case) -> str:
    if one.kind:
        return one.kind
    return "ambassador" if any(e.protocol == "tcp" for e in one.endpoints) or one.endpoints == (RPC,) else "haproxy"


@pytest.mark.parametrize("name", CASES)
async def test_it_is_diagnosed_as_the_one_thing_that_is_wrong(world: World, name: str) -> None:
    one = CASES[name]
    world.kind = gateway_of(one)
    doing = one.broke(world)
    if hasattr(doing, "__await__"):
        await doing
    results = await world.check(one.endpoints, one.patience)
    bad = [r for r in results if r.status in ("failed", "warning")]
    assert {(r.id, r.code) for r in bad} == {(one.check, one.code)}, [(r.id, r.target, r.summary) for r in bad]
    assert len(bad) == one.many
    assert one.words in " ".join((bad[0].summary, *bad[0].evidence))
    assert bad[0].remedy or bad[0].code in {"tls-expires-soon", "ledger-few-peers"}
    assert one.code in {failure.code for failure in BY_ID[one.check].failures} | {"ledger-answer"}
    assert {r.id for r in results} <= set(BY_ID)


@pytest.mark.parametrize(("kind", "endpoints"), [("haproxy", FABRIC), ("ambassador", ETHEREUM), ("ambassador", CORDA)])
async def test_nothing_is_wrong_where_nothing_is_broken(
    world: World, kind: str, endpoints: tuple[Endpoint, ...]
) -> None:
    world.kind = kind
    results = await world.check(endpoints)
    assert {r.status for r in results} == {"ok"}, [(r.id, r.target, r.summary) for r in results if r.status != "ok"]
    assert {"route-object", "route-backend"} <= {r.id for r in results}


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 60


async def test_what_fails_behind_a_wrong_object_is_told_as_its_consequence(world: World) -> None:
    CASES["the Ingress is gone"].broke(world)
    results = await world.check(FABRIC)
    (shaken,) = [r for r in results if r.id == "tls-handshake" and r.status == "skipped"]
    assert "default certificate came" in shaken.summary
    assert "because no Ingress names peer0.east.test" in shaken.summary
    assert any("certificate subject" in line for line in shaken.evidence), "the proof stays"


async def test_kinds_that_may_not_be_read_are_not_judged(world: World) -> None:
    world.objects = {"Service": world.objects["Service"]}
    results = await world.check(FABRIC)
    assert {r.status for r in results} == {"ok"}
    assert not any(r.id.startswith("route-") for r in results)
