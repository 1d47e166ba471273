"""Break each edge between a name and its ledger alone: exactly that check fails, what lies behind is skipped."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import trustme

from bevel_tui.kube.client import ApiError
from bevel_tui.reachability.answers import Server
from bevel_tui.reachability.catalogue import BY_ID, page
from bevel_tui.reachability.checks import check_cluster
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.resolver import Resolver
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.steps import ClusterFact, Endpoint, ObjectRef

GATEWAY = "192.0.2.10"
CA_SECRET = (ObjectRef("v1", "Secret", "ca", "carrier-net"), "cacert")


def endpoint(id: str, host: str, port: int, protocol: str, probe: str, **more) -> Endpoint:
    tls = protocol in ("https", "tls")
    return Endpoint(
        id=id, cluster="east", organization="carrier", release=id, host=host, port=port,
        protocol=protocol, probe=probe, service=f"{id}.carrier-net:1", trust=CA_SECRET if tls else None, **more,
    )  # fmt: skip


RPC = endpoint("rpc", "validatorrpc.east.test", 80, "http", "json-rpc")
WS = endpoint("ws", "validatorws.east.test", 80, "ws", "ws")
P2P = endpoint("p2p", "validator.east.test", 15010, "tcp", "tcp")
CA = endpoint("ca", "ca.carrier-net.east.test", 443, "https", "fabric-ca")
PEER = endpoint("peer", "peer0.carrier-net.east.test", 443, "tls", "fabric-grpc")
WEB = endpoint(
    "web", "peer0-proxy.carrier-net.east.test", 443, "tls", "tls", certificate_names=("peer0.carrier-net.east.test",)
)
OPS = endpoint("ops", "peer0-ops.carrier-net.east.test", 80, "http", "fabric-operations")
ALL = (RPC, WS, P2P, CA, PEER, WEB, OPS)


def node(method: str, path: str, body: bytes):
    genesis = {"hash": "0xfeed", "number": "0x0"}
    known = {
        "eth_chainId": "0x539", "eth_blockNumber": "0x2a", "eth_getBlockByNumber": genesis, "net_peerCount": "0x3",
        "admin_nodeInfo": {"enode": f"enode://{'ab' * 64}@10.0.0.1:30303"}, "admin_peers": [],
    }  # fmt: skip
    result = known[json.loads(body)["method"]]
    return 200, {"Content-Type": "application/json"}, json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()


def upgrade(method: str, path: str, body: bytes):
    return 101, {"Upgrade": "websocket", "Connection": "Upgrade"}, b""


def healthy(method: str, path: str, body: bytes):
    return (200, {}, b'{"status":"OK"}') if path == "/healthz" else (500, {}, b"")


def cainfo(method: str, path: str, body: bytes):
    found = {"result": {"CAName": "ca.carrier-net", "Version": "1.5.6"}, "success": True}
    return (200, {}, json.dumps(found).encode()) if path == "/cainfo" else (500, {}, b"")


@dataclass
class World:
    """Everything healthy: records, gateway, routes, certificates, backends. A test breaks one of them."""

    gateway: object
    dns: object
    pem: str
    dialer: Dialer
    addresses: tuple[str, ...] = (GATEWAY,)
    ports: tuple[int, ...] | None = (80, 443, 15010)
    trust: dict[str, str] = field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ALL

    async def check(self, *endpoints: Endpoint, **more) -> list[CheckResult]:
        chosen = endpoints or self.endpoints
        resolver = Resolver(self.dialer, authorities=(Server.parse(self.dns.where),), timeout=5.0)
        arguments = {"timeout": 1.0, **more}
        return [
            result
            async for result in check_cluster(
                "east", chosen, "east.test", addresses=self.addresses, service_ports=self.ports, resolver=resolver,
                dialer=self.dialer, trust=self.trust or {e.id: self.pem for e in chosen if e.trust},
                service="ingress-controller/haproxy-ingress", context="kind-east", **arguments,
            )
        ]  # fmt: skip


@pytest.fixture
def certificates(organization_ca, gateway_ca):
    return {
        "default": gateway_ca.issue_cert("gateway.invalid"),
        "ca.carrier-net.east.test": organization_ca.issue_cert("ca.carrier-net.east.test"),
        "peer0.carrier-net.east.test": organization_ca.issue_cert("peer0.carrier-net.east.test"),
    }


@pytest.fixture
async def make_world(name_server, stack, organization_ca, certificates, gateway_class):
    async def make(**gateway) -> World:
        dns = await name_server()
        dns.zone("east.test", f"* 120 IN A {GATEWAY}\n")
        edge = gateway_class(
            default=certificates["default"],
            sites={RPC.host: node, WS.host: upgrade, OPS.host: healthy, CA.host: cainfo},
            certificates={
                CA.host: certificates[CA.host],
                PEER.host: certificates[PEER.host],
                WEB.host: certificates[PEER.host],
            },
            **gateway,
        )
        for port, kind in ((80, "http"), (443, "tls"), (15010, "tcp")):
            await edge.listen(stack, port, kind)
        routes = {f"{GATEWAY}:{port}": f"127.0.0.1:{real}" for port, real in edge.ports.items()}
        return World(edge, dns, organization_ca.cert_pem.bytes().decode(), Dialer(routes))

    return make


@pytest.fixture
async def world(make_world):
    return await make_world()


def failed(results: list[CheckResult]) -> set[tuple[str, str]]:
    return {(r.id, r.target) for r in results if r.status == "failed"}


def of(results: list[CheckResult], check: str, target: str | None = None) -> CheckResult:
    (found,) = [r for r in results if r.id == check and (target is None or r.target == target)]
    return found


async def test_all_is_well(world):
    results = await world.check()
    assert {r.status for r in results} == {"ok"}
    one_cluster_alone = {"cluster-api", "cluster-pod", "cluster-path", "ledger-agrees", "ledger-mesh", "ledger-health"}
    asked_of_chains = {"ledger-peers", "ledger-grows", "tcp-choice"} | {
        kind for kind in BY_ID if kind.startswith("route-")
    }
    assert {r.id for r in results} == set(BY_ID) - one_cluster_alone - asked_of_chains - {"dns-zone", "external-dns"}, (
        "no delegation is looked at: the authority was given"
    )
    assert (
        of(results, "protocol", "http://validatorrpc.east.test").summary == "the node answers: block 42 of chain 1337"
    )
    assert of(results, "protocol", "https://ca.carrier-net.east.test").summary == "the CA answers as ca.carrier-net"
    assert len([r for r in results if r.id == "tcp-connect"]) == 3, "each address and port once, not once an endpoint"
    shaken = of(results, "tls-handshake", "ca.carrier-net.east.test:443")
    assert set(shaken.phases) == {"connect", "tls"}
    assert shaken.facts["certificate"] in shaken.evidence[-1]
    assert any("certificate issuer:" in line and "O=supplychain" in line for line in shaken.evidence)
    assert any(line.endswith("(connection map)") for line in shaken.evidence)
    assert of(results, "dns-resolves", RPC.host).phases.keys() == {"resolve"}
    assert set(of(results, "protocol", "ws://validatorws.east.test").phases) == {"connect", "first-byte"}


async def test_of_somebody_elses_cluster_only_what_is_public_is_asked(world):
    """Its gateway's Service is unknown here: names are asked, and what answers behind them."""
    world.addresses, world.ports = (), None
    results = await world.check(RPC, P2P, replace(WEB, trust=None), foreign=True)
    assert {r.status for r in results} == {"ok"}
    assert {r.id for r in results} == {"dns-resolves", "tcp-connect", "tls-handshake", "protocol"}


async def test_what_fails_in_somebody_elses_cluster_is_a_warning(world):
    world.addresses, world.ports = (), None
    results = await world.check(RPC, replace(RPC, id="gone", host="gone.elsewhere.test"), foreign=True)
    assert failed(results) == set()
    assert of(results, "dns-resolves", "gone.elsewhere.test").status == "warning"
    assert of(results, "protocol", "http://gone.elsewhere.test").status == "skipped"
    assert of(results, "protocol", "http://validatorrpc.east.test").status == "ok"


async def test_no_address(world):
    world.addresses = ()
    results = await world.check()
    assert failed(results) == {("lb-address", "ingress-controller/haproxy-ingress")}
    remedy = of(results, "lb-address").remedy
    assert "kubectl --context kind-east describe -n ingress-controller service haproxy-ingress" in remedy
    assert world.dns.asked == [], "no record can be right: nobody is asked"
    assert of(results, "tcp-connect", f"{RPC.host}:80").summary == "not asked: the gateway has no address"


async def test_no_service(world):
    world.addresses, world.ports = (), None
    results = await world.check(RPC)
    assert failed(results) == {("lb-address", "ingress-controller/haproxy-ingress")}
    assert of(results, "lb-address").summary == "the gateway's Service does not exist"


async def test_port_missing_on_the_service(world):
    world.ports = (80, 443)
    results = await world.check()
    assert failed(results) == {("port-on-service", "ingress-controller/haproxy-ingress:15010")}
    assert of(results, "protocol", "tcp://validator.east.test:15010").status == "skipped"
    assert of(results, "protocol", "http://validatorrpc.east.test").status == "ok"


async def test_record_missing(world):
    world.dns.zone("east.test", "")
    results = await world.check(RPC)
    assert failed(results) == {("dns-resolves", RPC.host)}
    broken = of(results, "dns-resolves")
    assert broken.remedy == f"Create: *.east.test. 300 IN A {GATEWAY}"
    assert broken.summary == "validatorrpc.east.test does not resolve: no such name"
    assert of(results, "dns-address").status == "skipped"
    assert of(results, "protocol").summary.startswith("not asked: validatorrpc.east.test does not resolve")


async def test_record_leads_elsewhere(world):
    world.dns.zone("east.test", "* 120 IN A 192.0.2.66\n")
    results = await world.check(RPC)
    assert failed(results) == {("dns-address", RPC.host)}
    broken = of(results, "dns-address")
    assert broken.summary == f"{RPC.host} leads to 192.0.2.66, but the gateway is {GATEWAY}"
    assert broken.remedy == f"Replace the record that answers 192.0.2.66 with: *.east.test. 300 IN A {GATEWAY}"


async def test_a_load_balancers_host_name(world):
    world.addresses = ("lb-1.cloud.test",)
    world.dns.zone("east.test", "* 120 IN CNAME lb-1.cloud.test.\n")
    world.dns.zone("cloud.test", f"lb-1 30 IN A {GATEWAY}\n")
    assert failed(await world.check()) == set()
    world.dns.zone("east.test", "* 120 IN A 192.0.2.66\n")
    results = await world.check(RPC)
    assert failed(results) == {("dns-address", RPC.host)}
    assert f"behind its name: {GATEWAY}" in of(results, "dns-address").evidence


async def test_nothing_listens(world):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
        world.dialer = Dialer({**world.dialer.routes, f"{GATEWAY}:443": f"127.0.0.1:{closed}"})
        results = await world.check()
    assert failed(results) == {("tcp-connect", f"{GATEWAY}:443")}
    assert of(results, "tls-handshake", f"{PEER.host}:443").status == "skipped"
    assert of(results, "protocol", "http://validatorrpc.east.test").status == "ok"


async def test_a_second_dead_address_fails_alone(world):
    world.addresses = (GATEWAY, "192.0.2.11")
    world.dns.zone("east.test", f"* 120 IN A {GATEWAY}\n* 120 IN A 192.0.2.11\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        world.dialer = Dialer({**world.dialer.routes, "192.0.2.11:80": f"127.0.0.1:{free.getsockname()[1]}"})
        results = await world.check(RPC)
    assert failed(results) == {("tcp-connect", "192.0.2.11:80")}
    assert of(results, "protocol").status == "ok"
    choice = of(results, "tcp-choice")
    assert choice.summary.startswith(f"a client uses {GATEWAY}, ")
    assert any(f"{GATEWAY}: tried at" in line and "connected at" in line for line in choice.evidence)


async def test_a_dead_first_family_costs_a_client_no_more_than_its_refusal(world):
    """Really raced (RFC 8305): IPv6 goes first, is refused, and IPv4 follows at once."""
    world.addresses = (GATEWAY, "2001:db8::1")
    world.dns.zone("east.test", f"* 120 IN A {GATEWAY}\n* 120 IN AAAA 2001:db8::1\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        world.dialer = Dialer({**world.dialer.routes, "2001:db8::1:80": f"127.0.0.1:{free.getsockname()[1]}"})
        results = await world.check(RPC)
    assert failed(results) == {("tcp-connect", "2001:db8::1:80")}
    assert of(results, "protocol").status == "ok"
    choice = of(results, "tcp-choice")
    assert choice.summary.startswith(f"a client uses {GATEWAY}, ")
    six, four = choice.evidence
    assert six.startswith("1. 2001:db8::1: tried at 0 ms, ") and "connected" not in six
    assert four.startswith(f"2. {GATEWAY}: tried at ") and ", connected at " in four
    assert set(choice.phases) == {"connect"}


async def test_no_route_for_a_host(world):
    del world.gateway.sites[RPC.host]
    results = await world.check()
    assert failed(results) == {("protocol", "http://validatorrpc.east.test")}
    broken = of(results, "protocol", "http://validatorrpc.east.test")
    assert broken.summary == "the gateway has no route for validatorrpc.east.test (HTTP 404)"
    assert "server: envoy" in broken.evidence
    assert "get ingress,mapping,tcpmapping -A" in broken.remedy


async def test_no_passthrough_route_brings_the_default_certificate(world):
    del world.gateway.certificates[PEER.host]
    results = await world.check(PEER, CA)
    assert failed(results) == {("tls-handshake", f"{PEER.host}:443")}
    broken = of(results, "tls-handshake", f"{PEER.host}:443")
    assert broken.summary == f"the gateway's default certificate came: no route matches {PEER.host}"
    assert "get ingress,mapping,tcpmapping -A" in broken.remedy
    assert any("certificate names: gateway.invalid" in line for line in broken.evidence)
    assert of(results, "protocol", f"{PEER.host}:443").status == "skipped"


async def test_a_gateways_default_certificate_is_known_by_its_subject(world):
    # as haproxy-ingress and ingress-nginx make it; here only for this name, so that comparing cannot tell
    fake = trustme.CA(organization_name="Kubernetes Ingress Controller Fake Certificate")
    world.gateway.certificates[PEER.host] = fake.issue_cert(
        "ingress.local", organization_name="Kubernetes Ingress Controller Fake Certificate"
    )
    results = await world.check(PEER)
    assert of(results, "tls-handshake").summary.startswith("the gateway's default certificate came")


async def test_a_certificate_of_another_ca(world, gateway_ca):
    world.gateway.certificates[PEER.host] = gateway_ca.issue_cert(PEER.host)
    results = await world.check(PEER, CA)
    assert failed(results) == {("tls-handshake", f"{PEER.host}:443")}
    broken = of(results, "tls-handshake", f"{PEER.host}:443")
    assert broken.summary.startswith("the certificate was not issued by the organization's CA (")
    assert "kubectl --context kind-east -n carrier-net get secret ca" in broken.remedy


async def test_a_certificate_for_another_name(world, organization_ca):
    world.gateway.certificates[PEER.host] = organization_ca.issue_cert("other.east.test")
    results = await world.check(PEER)
    assert failed(results) == {("tls-handshake", f"{PEER.host}:443")}
    assert of(results, "tls-handshake").summary == f"the certificate is not for {PEER.host}: it names other.east.test"


async def test_a_certificate_that_may_carry_another_name_may_not_carry_any(world, organization_ca):
    assert failed(await world.check(WEB)) == set()
    world.gateway.certificates[WEB.host] = organization_ca.issue_cert("other.east.test")
    assert failed(await world.check(WEB)) == {("tls-handshake", f"{WEB.host}:443")}


async def test_an_expired_certificate(world, organization_ca):
    from datetime import UTC, datetime

    world.gateway.certificates[PEER.host] = organization_ca.issue_cert(
        PEER.host, not_after=datetime(2020, 1, 1, tzinfo=UTC)
    )
    results = await world.check(PEER)
    assert of(results, "tls-handshake").summary == "the certificate expired on 2020-01-01"


async def test_a_certificate_that_expires_soon_is_a_warning(world, organization_ca):
    from datetime import UTC, datetime, timedelta

    soon = datetime.now(UTC) + timedelta(days=10, hours=1)
    world.gateway.certificates[PEER.host] = organization_ca.issue_cert(PEER.host, not_after=soon)
    results = await world.check(PEER)
    assert of(results, "tls-handshake").status == "warning"
    assert "expires in 10 days" in of(results, "tls-handshake").summary
    assert of(results, "protocol").status == "ok", "a warning does not stop what lies behind"


async def test_a_ca_that_could_not_be_read_is_no_reason_to_trust(world):
    world.trust = {"ca": world.pem}
    results = await world.check(PEER)
    assert failed(results) == {("tls-handshake", f"{PEER.host}:443")}
    assert "could not be read (Secret ca, key cacert)" in of(results, "tls-handshake").summary
    world.trust = {"peer": "no certificate"}
    assert "not a PEM certificate" in of(await world.check(PEER), "tls-handshake").summary


async def test_a_route_without_a_backend(world):
    world.gateway.sites[OPS.host] = None
    results = await world.check()
    assert failed(results) == {("protocol", "http://peer0-ops.carrier-net.east.test")}
    broken = of(results, "protocol", "http://peer0-ops.carrier-net.east.test")
    assert "nobody answers behind it (HTTP 503)" in broken.summary
    assert broken.remedy.endswith("kubectl --context kind-east -n carrier-net get endpoints ops.")


async def test_a_passthrough_without_a_backend(make_world):
    world = await make_world(closes_handshake=True)
    results = await world.check(PEER)
    assert failed(results) == {("tls-handshake", f"{PEER.host}:443")}
    assert of(results, "tls-handshake").summary == "the connection was closed during the TLS handshake"


async def test_raw_tcp_without_a_backend(make_world):
    world = await make_world(hangs_up=True)
    results = await world.check(P2P, RPC)
    assert failed(results) == {("protocol", "tcp://validator.east.test:15010")}
    assert "hangs up at once" in of(results, "protocol", "tcp://validator.east.test:15010").summary


async def test_a_component_that_says_it_is_ill(world):
    world.gateway.sites[OPS.host] = lambda *_: (
        503,
        {},
        b'{"status":"Service Unavailable","failed_checks":[{"component":"couchdb","reason":"refused"}]}',
    )
    results = await world.check(OPS)
    assert of(results, "protocol").summary == "the component is not healthy: Service Unavailable"
    assert "couchdb: refused" in of(results, "protocol").evidence


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {}, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not enabled"}}'), "Method not"),
        ((403, {}, b'{"message":"Host not authorized."}'), "refuses the host name"),
        ((200, {}, b"<html>login</html>"), "no JSON-RPC result"),
        ((200, {}, b'{"result":"soon"}'), "which is no number"),
        ((200, {}, b"[" * 10000), "no JSON-RPC result"),
    ],
)
async def test_json_rpc_answers_that_are_none(world, answer, words):
    world.gateway.sites[RPC.host] = lambda *_: answer
    results = await world.check(RPC)
    assert failed(results) == {("protocol", "http://validatorrpc.east.test")}
    assert words in of(results, "protocol").summary


async def test_no_upgrade_to_websocket(world):
    world.gateway.sites[WS.host] = lambda *_: (426, {}, b"")
    results = await world.check(WS)
    assert of(results, "protocol").summary == "no upgrade to WebSocket: HTTP 426 Whatever"


async def test_grpc_needs_http2(make_world):
    world = await make_world(alpn=("http/1.1",))
    results = await world.check(PEER)
    assert failed(results) == {("protocol", f"{PEER.host}:443")}


@pytest.mark.parametrize(
    ("frame", "words"), [(b"HTTP/1.1 400 Bad", "does not speak HTTP/2"), (b"", "hung up after the handshake")]
)
async def test_grpc_needs_an_http2_server_behind_the_handshake(world, frame, words):
    world.gateway.frame = frame
    results = await world.check(PEER)
    assert failed(results) == {("protocol", f"{PEER.host}:443")}
    assert words in of(results, "protocol").summary


async def test_inside_the_cluster_only(world):
    (result,) = await world.check(replace(RPC, exposed=False))
    assert (result.id, result.status) == ("protocol", "skipped")
    assert "inside the cluster only" in result.summary
    assert world.dns.asked == []


async def test_an_address_in_place_of_a_name(world):
    literal = replace(P2P, host=GATEWAY)
    results = await world.check(literal)
    assert {r.id for r in results} == {"lb-address", "port-on-service", "dns-address", "tcp-connect", "protocol"}
    assert failed(results) == set()
    # nobody knew it when planning: the ledger holds it for good, and nodes will go there (facts A4.3, I03)
    moved = replace(P2P, host="192.0.2.99", address=ClusterFact("gateway-address"))
    results = await world.check(moved)
    assert failed(results) == {("dns-address", "192.0.2.99")}
    assert "genesis names 192.0.2.99 for good" in str(of(results, "dns-address").remedy)
    # the preset says it: an address translation may lead there, so the connection decides
    results = await world.check(replace(P2P, host="192.0.2.99"))
    assert of(results, "dns-address").status == "warning"
    assert failed(results) == {("tcp-connect", "192.0.2.99:15010")}


async def test_an_address_that_is_not_known_yet_is_asked_for_no_name(world):
    unknown = replace(P2P, host="<gateway of east>", address=ClusterFact("gateway-address"))
    assert failed(await world.check(unknown)) == {("dns-address", "<gateway of east>")}


async def test_a_port_of_the_nodes_needs_no_gateway(world):
    port = replace(P2P, host=GATEWAY, node_port=True)
    results = await world.check(port)
    assert {r.id for r in results} == {"dns-address", "tcp-connect", "protocol"}
    assert failed(results) == set()
    gone = replace(port, host="192.0.2.99", address=ClusterFact("node-address"))
    assert failed(await world.check(gone)) == {("dns-address", "192.0.2.99")}


async def test_the_connection_map_may_name_the_host(world):
    world.dialer = Dialer({f"{RPC.host}:80": world.dialer.routes[f"{GATEWAY}:80"]})
    results = await world.check(RPC)
    assert failed(results) == set()
    assert of(results, "tcp-connect").target == f"{RPC.host}:80"


async def test_a_failing_check_is_repeated_until_it_heals(world):
    answers = iter([(503, {}, b""), (503, {}, b"")])
    world.gateway.sites[RPC.host] = lambda *a: next(answers, None) or node(*a)
    results = await world.check(RPC, retry=5.0)
    assert failed(results) == set()
    assert len([r for r in results if r.id == "protocol"]) == 1, "only the last word is told"


async def test_a_failing_check_says_how_often_it_was_tried(world):
    world.gateway.sites[RPC.host] = None
    results = await world.check(RPC, retry=1.4)
    assert of(results, "protocol").evidence[-1] == "tried 3 times in 1 s"


async def test_a_dead_address_costs_its_own_timeout_only(world, stack):
    silent = socket.socket()
    stack.callback(silent.close)
    silent.bind(("127.0.0.1", 0))
    silent.listen(0)
    fill = [socket.socket() for _ in range(3)]
    for one in fill:
        one.setblocking(False)
        one.connect_ex(silent.getsockname())  # the backlog is full: further connections get no answer
        stack.callback(one.close)
    world.dialer = Dialer({**world.dialer.routes, f"{GATEWAY}:443": f"127.0.0.1:{silent.getsockname()[1]}"})
    started, when = time.perf_counter(), {}
    resolver = Resolver(world.dialer, authorities=(Server.parse(world.dns.where),))
    async for result in check_cluster(
        "east", ALL, "east.test", addresses=world.addresses, service_ports=world.ports, resolver=resolver,
        dialer=world.dialer, trust={}, timeout=1.5,
    ):  # fmt: skip
        when[(result.id, result.target)] = (time.perf_counter() - started, result)
    dead = when[("tcp-connect", f"{GATEWAY}:443")]
    assert dead[1].status == "failed"
    assert "no answer" in dead[1].summary
    assert when[("protocol", "http://validatorrpc.east.test")][0] < dead[0], "it keeps nobody waiting"
    assert dead[0] >= 1.4


async def test_leaving_early_leaves_nothing_running(world):
    before = len(asyncio.all_tasks())
    resolver = Resolver(world.dialer, authorities=(Server.parse(world.dns.where),))
    checks = check_cluster(
        "east", ALL, "east.test", addresses=world.addresses, service_ports=world.ports, resolver=resolver,
        dialer=world.dialer, trust={},
    )  # fmt: skip
    await anext(checks)
    await checks.aclose()
    await asyncio.sleep(0)
    serving = {t for t in asyncio.all_tasks() if "start_server" in repr(t) or "_http" in repr(t) or "_raw" in repr(t)}
    assert len(asyncio.all_tasks() - serving) <= before


async def test_a_cluster_that_falls_silent_meanwhile_is_told_as_such(world):
    async def edge(*_):
        raise ApiError(0, "Unreachable", "no answer in time")

    resolver = Resolver(world.dialer, authorities=(Server.parse(world.dns.where),))
    with pytest.raises(ApiError, match="no answer in time"):
        async for _ in check_cluster(
            "east", ALL, "east.test", addresses=world.addresses, service_ports=world.ports, resolver=resolver,
            dialer=world.dialer, trust={}, edge=edge,
        ):  # fmt: skip
            pass


async def test_old_answers_of_resolvers_are_a_warning(world, name_server):
    recursive = await name_server(recursive=True)
    recursive.zone("test", "")  # it remembers: no such name
    recursive.zones["test"].get_rdataset("@", "NS")
    resolver = Resolver(
        world.dialer, authorities=(Server.parse(world.dns.where),), recursive=(Server.parse(recursive.where),)
    )
    results = [
        result
        async for result in check_cluster(
            "east", (RPC,), "east.test", addresses=world.addresses, service_ports=world.ports, resolver=resolver,
            dialer=world.dialer, trust={},
        )
    ]  # fmt: skip
    stale = of(results, "dns-resolves")
    assert stale.status == "warning"
    assert f"but resolver {recursive.where} does not say so yet" in stale.summary
    assert any("remembered for 60 s" in line for line in stale.evidence)
    assert of(results, "protocol").status == "ok"


async def test_the_recursive_resolver_is_not_asked_for_a_missing_name(world, name_server):
    world.dns.zone("east.test", "")
    recursive = await name_server(recursive=True)
    resolver = Resolver(
        world.dialer, authorities=(Server.parse(world.dns.where),), recursive=(Server.parse(recursive.where),)
    )
    async for _ in check_cluster(
        "east", ALL, "east.test", addresses=world.addresses, service_ports=world.ports, resolver=resolver,
        dialer=world.dialer, trust={},
    ):  # fmt: skip
        pass
    assert recursive.asked == []


def test_every_check_is_documented():
    text = (Path(__file__).parents[2] / "docs" / "checks.md").read_text()
    assert text == page() + "\n"
    for kind in BY_ID:
        assert f"## {kind}\n" in text


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ({}, "http://validatorrpc.east.test"),
        ({"port": 8545}, "http://validatorrpc.east.test:8545"),
        ({"protocol": "tls", "port": 443}, "validatorrpc.east.test:443"),
        ({"protocol": "https", "port": 443, "host": "2001:db8::1"}, "https://[2001:db8::1]"),
    ],
)
def test_endpoints_as_people_write_them(change, written):
    assert replace(RPC, **change).url == written


NMS = endpoint("nms", "ca.carrier-net.east.test", 443, "https", "network-map")


@pytest.mark.parametrize(
    ("status", "outcome", "words"),
    [
        (200, "ok", "the network map answers"),
        (401, "ok", "the network map answers"),
        (404, "failed", "no route"),
        (503, "failed", "nobody answers behind it"),
        (500, "failed", "not answered as a network map does"),
    ],
)
async def test_a_network_map_is_asked_for_its_list(make_world, status, outcome, words):
    """facts A5: it is given out, or only to members; anything else is none."""
    world = await make_world()
    world.gateway.sites[CA.host] = lambda _, path, __: (status if path == "/network-map" else 500, {}, b"")
    found = of(await world.check(NMS), "protocol")
    assert found.status == outcome
    assert words in found.summary
