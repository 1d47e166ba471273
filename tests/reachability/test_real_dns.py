"""Broken DNS on real servers: BIND and Knot as primaries, secondaries and signers, BIND as a resolver that validates.

One small Internet for the module, all of it on loopback, behind documentation addresses of the Dialer's map. Each case
has a zone of its own, so that nothing is undone between cases. `test_dns_table` plays what real servers do not do.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dns.dnssec
import dns.name
import dns.rdatatype
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bevel_tui.reachability.answers import Server
from bevel_tui.reachability.catalogue import BY_ID
from bevel_tui.reachability.checks import check_cluster
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.dynamic import Key, Updater
from bevel_tui.reachability.gate import gate
from bevel_tui.reachability.names.judge import behind_times
from bevel_tui.reachability.resolver import Resolver
from bevel_tui.reachability.wanted import records
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.steps import Endpoint
from tests.reachability.realdns import RealDns, RealServer, free_port, program, until

GATEWAY = "203.0.113.10"
MANY = tuple(f"198.51.100.{number}" for number in range(1, 91))
TLD, ONE, TWO, NEAR, INSIDE = (f"192.0.2.{number}" for number in (1, 2, 3, 250, 251))
BOTH = "@ IN NS a.servers.test.\n@ IN NS b.servers.test.\n"


def zone(body: str, *, servers: str = BOTH, serial: int = 1, minimum: int = 60) -> str:
    return (
        f"$TTL 300\n@ IN SOA a.servers.test. admin.servers.test. {serial} 7200 900 1209600 {minimum}\n{servers}{body}"
    )


GOOD = f"*.east IN A {GATEWAY}\neast IN A {GATEWAY}\n"
#: zones that BIND and Knot both hold, alike
ALIKE = {
    "well.test": zone(GOOD),
    "none.test": zone(""),
    "blocked.test": zone(f'{GOOD}_acme-challenge.rpc.east IN TXT "acme"\n'),
    "mail.test": zone(f'{GOOD}org1.east IN TXT "mail"\n'),
    "dangling.test": zone("*.east IN CNAME lb-gone.well.test.\n"),
    "loop.test": zone("rpc.east IN CNAME other.east\nother.east IN CNAME rpc.east\n"),
    "alias.test": zone("*.east IN CNAME rpc.east.well.test.\n"),
    "big.test": zone("".join(f"*.east IN A {address}\n" for address in MANY)),
    "wrong.test": zone("*.east IN A 203.0.113.99\n"),
    "above.test": zone("* IN A 203.0.113.200\n"),
    "split.test": zone(GOOD),
    "anchor.test": zone(GOOD),
    "parent.test": zone(GOOD, servers="@ IN NS a.servers.test.\n@ IN NS c.servers.test.\n"),
    "servers.test": zone(f"a IN A {ONE}\nb IN A {TWO}\nc IN A {ONE}\n"),
    "long.test": zone("", minimum=600),
    "soon.test": zone("", minimum=3),
}
#: of each, BIND's and Knot's zone: None where the server has none
APART = {
    "lame.test": (zone(GOOD), None),
    "gone.test": (None, None),
    "differ.test": (zone(GOOD), zone("*.east IN A 203.0.113.99\n")),
    "older.test": (zone(GOOD, serial=2), zone("", serial=1)),
}
STATIC_KNOT = "    zonefile-load: whole\n    journal-content: none\n"


@dataclass
class Internet:
    """The servers, and how they are reached."""

    bind: RealServer
    knot: RealServer
    tld: RealServer
    near: RealServer
    key: str
    routes: dict[str, str] = field(default_factory=dict)

    def resolver(self, *recursive: str, **routes: str) -> Resolver:
        more = {f"{address}:53": where for address, where in routes.items()}
        servers = tuple(Server(address) for address in recursive or (NEAR,))
        return Resolver(Dialer({**self.routes, **more}), recursive=servers, timeout=5.0)

    def heard(self, name: str) -> list[str]:
        """What the resolver's log says of questions for a name: the recording of a real server."""
        return [line for line in self.near.log.read_text().splitlines() if "query: " in line and f" {name} IN " in line]


@pytest.fixture(scope="module")
def net(tmp_path_factory) -> Iterator[Internet]:
    for name in ("named", "knotd", "dnssec-signzone"):
        program(name)
    servers = RealDns(tmp_path_factory.mktemp("dns"))
    try:
        yield _internet(servers)
    finally:
        servers.stop()


def _internet(servers: RealDns) -> Internet:
    tool = servers.folder / "keys"
    tool.mkdir()
    expired = _signed_by_hand(tool, "expired.test", ends="20200201000000")
    unsigned = _key(tool, "unsigned.test")
    ports = {"bind": free_port(), "knot": free_port()}
    bind = servers.bind(
        {**ALIKE, **{name: text for name, (text, _) in APART.items() if text}, "expired.test": expired,
         "unsigned.test": zone(GOOD), "from-bind.test": zone("")},
        options="recursion no; dnssec-validation no; notify no; allow-transfer { any; }; servfail-ttl 0;",
        more=f'zone "from-knot.test" {{ type secondary; primaries port {ports["knot"]} {{ 127.0.0.1; }}; '
        f'file "{servers.folder}/from-knot.zone"; allow-notify {{ 127.0.0.1; }}; }};',
        port=ports["bind"],
    )  # fmt: skip
    for name in ("rolled.test", "signed.test"):
        (servers.folder / f"{name}.zone").write_text(zone(GOOD, servers="@ IN NS b.servers.test.\n"))
    knot = servers.knot(
        {**ALIKE, **{name: text for name, (_, text) in APART.items() if text}},
        more=f"remote:\n  - id: bind\n    address: 127.0.0.1@{ports['bind']}\n"
        "  - id: nobody\n    address: 127.0.0.1@1\n",
        more_zones="".join(
            f"  - domain: {name}\n    file: {servers.folder}/{name}.zone\n    dnssec-signing: on\n"
            for name in ("signed.test", "rolled.test")
        )
        + "  - domain: from-bind.test\n    master: bind\n    acl: [notify, transfer]\n"
        + "  - domain: never.test\n    master: nobody\n"
        + f"  - domain: from-knot.test\n    file: {_write(servers.folder / 'fk.zone', zone(''))}\n    acl: [update, transfer]\n",
        port=ports["knot"],
        acls="  - id: notify\n    address: 127.0.0.1\n    action: notify\n"
        "  - id: transfer\n    address: 127.0.0.1\n    action: transfer\n",
    )
    for secondary, name in ((bind, "from-knot.test"), (knot, "from-bind.test")):
        until(lambda s=secondary, n=name: s.serial(n) is not None or s.notify(n), f"{name} was transferred")
    for name in ("signed.test", "rolled.test"):
        until(
            lambda n=name: any(r.rdtype == dns.rdatatype.RRSIG for r in knot.ask(n, "SOA").answer), f"{name} is signed"
        )
    signed = _trusted(knot, "signed.test")
    stranger = dns.dnssec.make_dnskey(
        ec.generate_private_key(ec.SECP256R1()).public_key(), dns.dnssec.Algorithm.ECDSAP256SHA256, flags=257
    )
    delegated = {
        **dict.fromkeys((*ALIKE, *APART, "never.test", "from-bind.test", "from-knot.test"), ("a", "b")),
        **dict.fromkeys(("expired.test", "unsigned.test"), ("a",)),
        **dict.fromkeys(("signed.test", "rolled.test"), ("b",)),
    }
    body = f"a.servers IN A {ONE}\nb.servers IN A {TWO}\nns1 IN A {TLD}\n"
    for name, at in delegated.items():
        body += "".join(f"{name}. IN NS {server}.servers.test.\n" for server in at)
    for name, key in (
        ("signed.test", signed), ("rolled.test", stranger), ("expired.test", _ksk(expired)), ("unsigned.test", unsigned)
    ):  # fmt: skip
        body += f"{name}. IN DS {dns.dnssec.make_ds(dns.name.from_text(name), key, 'SHA256').to_text()}\n"
    tld = servers.knot({"test": zone(body, servers="@ IN NS ns1.test.\n")})
    near = servers.bind({}, options="recursion yes; querylog yes; minimal-responses no; "
                        "dnssec-validation yes; servfail-ttl 0; max-cache-size 8m; empty-zones-enable no;",
                        more=_views(servers, bind, knot, tld, delegated, signed, _ksk(expired), stranger))  # fmt: skip
    routes = {
        f"{TLD}:53": tld.where,
        f"{ONE}:53": bind.where,
        f"{TWO}:53": knot.where,
        f"{NEAR}:53": near.where,
    }
    return Internet(bind, knot, tld, near, servers.key, routes)


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _key(folder: Path, name: str):
    """A key-signing key made by BIND's own tool."""
    argv = [program("dnssec-keygen"), "-q", "-K", str(folder), "-a", "ECDSAP256SHA256", "-f", "KSK", name]
    made = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
    return _ksk((folder / f"{made}.key").read_text())


def _signed_by_hand(folder: Path, name: str, *, ends: str) -> str:
    """A zone that BIND's signer signed once, and nobody since: its signatures have ended."""
    _key(folder, name)
    keygen = [program("dnssec-keygen"), "-q", "-K", str(folder), "-a", "ECDSAP256SHA256", name]
    subprocess.run(keygen, check=True, capture_output=True)
    source = _write(folder / f"{name}.zone", zone(GOOD, servers="@ IN NS a.servers.test.\n"))
    argv = [program("dnssec-signzone"), "-q", "-P", "-S", "-K", str(folder), "-o", name, "-s", "20200101000000",
            "-e", ends, "-f", str(folder / "signed"), str(source)]  # fmt: skip
    subprocess.run(argv, check=True, capture_output=True, cwd=folder)
    return (folder / "signed").read_text()


def _ksk(text: str):
    """The key-signing key in a zone file, or in a .key file."""
    import dns.rdata

    words = " ".join(line.partition(";")[0] for line in text.splitlines()).replace("(", " ").replace(")", " ").split()
    at = next(i for i, word in enumerate(words) if word == "DNSKEY" and words[i + 1] == "257")
    data = []
    for word in words[at + 4 :]:
        data.append(word)
        if word.endswith("=") or sum(map(len, data)) >= 88:
            break
    return dns.rdata.from_text("IN", "DNSKEY", " ".join((*words[at + 1 : at + 4], "".join(data))))


def _trusted(server: RealServer, name: str):
    """The key-signing key that a server signs with."""
    keys = next(r for r in server.ask(name, "DNSKEY").answer if r.rdtype == dns.rdatatype.DNSKEY)
    return next(key for key in keys if key.flags == 257)


def _views(servers: RealDns, bind, knot, tld, delegated, signed, expired, stranger) -> str:
    """Two views of one resolver, by the address that asks: outside, and inside with a zone of its own."""
    of = {"a": bind, "b": knot}

    def forward(name: str, *ports: int) -> str:
        where = " ".join(f"127.0.0.1 port {port};" for port in ports)
        return f'zone "{name}" {{ type forward; forward only; forwarders {{ {where} }}; }};\n'

    inner = _write(servers.folder / "inner.zone", zone("*.east IN A 10.1.2.3\n"))
    zones = forward("test", tld.port)
    zones += "".join(
        forward(name, *(of[one].port for one in at)) for name, at in delegated.items() if name != "split.test"
    )
    keys = "".join(
        f'{name} static-key {key.flags} {key.protocol} {int(key.algorithm)} "{key.to_text().split(maxsplit=3)[3]}";\n'
        for name, key in (("signed.test", signed), ("expired.test", expired), ("anchor.test", stranger))
    )
    anchors = f"trust-anchors {{ {keys} }};\n"
    outside = forward("split.test", bind.port)
    return (
        f'view "inside" {{ match-clients {{ 127.0.0.2; }}; {anchors} {zones}'
        f'zone "split.test" {{ type primary; file "{inner}"; }}; }};\n'
        f'view "outside" {{ match-clients {{ any; }}; {anchors} {zones}{outside} }};\n'
    )


# ---------------------------------------------------------------- one fault each


def host(name: str, label: str = "rpc.east") -> str:
    return f"{label}.{name}.test"


#: zone, label of the host -> (check, code, status, a part of what is said); gateway
CASES = [
    ("well", "rpc.east", "", "", "ok", "", GATEWAY),
    ("well", "peer0.org1.east", "", "", "ok", "", GATEWAY),
    ("alias", "rpc.east", "", "", "ok", "", GATEWAY),
    ("signed", "rpc.east", "", "", "ok", "", GATEWAY),
    ("big", "rpc.east", "", "", "ok", "", MANY),
    ("none", "rpc.east", "dns-resolves", "dns-no-record", "failed", "no such name", GATEWAY),
    ("nowhere", "rpc.east", "dns-resolves", "dns-not-delegated", "failed", "the servers of .test delegate nothing", GATEWAY),
    ("blocked", "rpc.east", "dns-resolves", "dns-wildcard-blocked", "failed", "rpc.east.blocked.test exists", GATEWAY),
    ("mail", "peer0.org1.east", "dns-resolves", "dns-wildcard-blocked", "failed", "org1.east.mail.test exists", GATEWAY),
    ("dangling", "rpc.east", "dns-resolves", "dns-alias-dangling", "failed", "an alias of lb-gone.well.test", GATEWAY),
    ("loop", "rpc.east", "dns-resolves", "dns-alias-loop", "failed", "circle", GATEWAY),
    ("lame", "rpc.east", "dns-zone", "dns-lame-delegation", "warning", f"b.servers.test ({TWO})", GATEWAY),
    ("gone", "rpc.east", "dns-zone", "dns-lame-delegation", "failed", "no server of gone.test serves it", GATEWAY),
    ("never", "rpc.east", "dns-zone", "dns-lame-delegation", "failed", "no server of never.test serves it", GATEWAY),
    ("differ", "rpc.east", "dns-resolves", "dns-servers-disagree", "failed", "the same version", GATEWAY),
    ("older", "rpc.east", "dns-resolves", "dns-secondary-behind", "failed", f"b.servers.test ({TWO}) still has an older", GATEWAY),
    ("parent", "rpc.east", "dns-zone", "dns-delegation-differs", "warning", "c.servers.test", GATEWAY),
    ("expired", "rpc.east", "dns-zone", "dns-dnssec-expired", "failed", "expired on 2020-02-01", GATEWAY),
    ("rolled", "rpc.east", "dns-zone", "dns-dnssec-key", "failed", "fits none of the zone's keys", GATEWAY),
    ("unsigned", "rpc.east", "dns-zone", "dns-dnssec-key", "failed", "the zone has no key", GATEWAY),
    ("anchor", "rpc.east", "dns-resolves", "dns-dnssec-bogus", "warning", f"resolver {NEAR} refuses", GATEWAY),
    ("wrong", "rpc.east", "dns-address", "dns-wrong-address", "failed", "leads to 203.0.113.99", GATEWAY),
    ("above", "rpc.east", "dns-address", "dns-wildcard-elsewhere", "failed", "a wildcard above its domain", GATEWAY),
]  # fmt: skip


async def check(
    net: Internet, name: str, domain: str, resolver: Resolver, expected: tuple[str, ...]
) -> list[CheckResult]:
    async with contextlib.AsyncExitStack() as stack:
        listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        stack.callback(listener.close)
        routes = {f"{name}:80": f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"}
        endpoint = Endpoint(
            id="rpc", cluster="east", organization="o", release="r", host=name, port=80, protocol="tcp", probe="tls",
            service="rpc.ns:80",
        )  # fmt: skip
        return [
            result
            async for result in check_cluster(
                "east", (endpoint,), domain, addresses=expected, service_ports=(80,), resolver=resolver,
                dialer=Dialer(routes), trust={}, timeout=5.0,
            )
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "label", "check_id", "code", "status", "words", "gateway"),
    CASES,
    ids=[f"{case[0]}-{case[3] or 'well'}" for case in CASES],
)
async def test_each_is_told_as_the_one_thing_that_is_wrong(net, zone, label, check_id, code, status, words, gateway):
    name = host(zone, label)
    expected = gateway if isinstance(gateway, tuple) else (gateway,)
    results = await check(net, name, f"east.{zone}.test", net.resolver(), expected)
    told = [r for r in results if r.code is not None]
    if not code:
        assert told == []
        assert {r.status for r in results} == {"ok"}
        return
    assert {(r.id, r.code) for r in told} == {(check_id, code)}, results
    (found,) = told
    assert found.status == status
    assert words in found.summary
    assert found.evidence
    assert found.remedy
    assert code in {failure.code for failure in BY_ID[check_id].failures}
    # the politeness rule, by the resolver's own log
    if status == "failed" and check_id != "dns-address":
        assert net.heard(name) == []


async def test_what_does_not_fit_is_asked_for_again_over_tcp(net):
    lookup = await net.resolver().lookup(host("big"))
    assert [(answer.transport, len(answer.addresses)) for answer in lookup.answers] == [("tcp", 90), ("tcp", 90)]


class Relay(asyncio.DatagramProtocol):
    """UDP to a server of which TCP cannot be had: what a firewall leaves of it. `source` is who asks, to the server."""

    def __init__(self, server: RealServer, source: str = "127.0.0.1") -> None:
        self.upstream = ("127.0.0.1", server.port)
        self.source = source
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as out:
            out.bind((self.source, 0))
            out.settimeout(5)
            out.sendto(data, self.upstream)
            answer = out.recv(65535)
        self.transport.sendto(answer, addr)


@contextlib.asynccontextmanager
async def relayed(*relays: Relay) -> AsyncIterator[tuple[str, ...]]:
    """Where they listen."""
    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        where = []
        for relay in relays:
            transport, _ = await loop.create_datagram_endpoint(lambda r=relay: r, local_addr=("127.0.0.1", 0))
            stack.callback(transport.close)
            where.append("127.0.0.1:{}".format(transport.get_extra_info("sockname")[1]))
        yield tuple(where)


async def test_split_horizon_by_views(net):
    """One resolver, two views: who asks from inside gets a zone of its own."""
    async with relayed(Relay(net.near, "127.0.0.2")) as (inside,):
        resolver = net.resolver(NEAR, INSIDE, **{INSIDE: inside})
        results = await check(net, host("split"), "east.split.test", resolver, (GATEWAY,))
    (found,) = [r for r in results if r.code is not None]
    assert (found.id, found.code, found.status) == ("dns-resolves", "dns-split-horizon", "warning")
    assert f"resolver {INSIDE} holds a zone of its own and says 10.1.2.3" in found.summary
    assert any(fact.startswith(f"resolver {NEAR}: {GATEWAY}") for fact in found.evidence), "the view outside follows"


async def test_a_firewall_that_knows_udp_only(net):
    async with relayed(Relay(net.bind), Relay(net.knot)) as (one, two):
        results = await check(net, host("big"), "east.big.test", net.resolver(**{ONE: one, TWO: two}), MANY)
    (found,) = [r for r in results if r.code is not None]
    assert (found.id, found.code) == ("dns-resolves", "dns-tcp-blocked")


async def test_a_resolver_that_validates_tells_what_the_zone_did(net):
    """The zone's own check comes first; this is what resolvers of users see of it."""
    resolver = net.resolver()
    lookup = await resolver.lookup(host("expired"))
    assert lookup.addresses == (GATEWAY,), "authorities answer all the same"
    (answer,) = await resolver.here(lookup)
    assert answer.outcome == "servfail"
    unchecked = await resolver.wire.query(answer.server, answer.name, "A", recursion=True, unchecked=True)
    assert unchecked.message is not None
    assert unchecked.message.answer
    fault = behind_times(answer, lookup, unchecked=True)
    assert fault is not None
    assert fault.code == "dns-dnssec-bogus"


# ---------------------------------------------------------------- time


@pytest.mark.parametrize("primary", ["bind", "knot"])
async def test_the_gate_follows_a_change_from_the_primary_to_the_secondary(net, primary):
    """The product's own update at one kind of server, the other kind catches up later: each state is shown."""
    first, second = (net.bind, net.knot) if primary == "bind" else (net.knot, net.bind)
    name = f"from-{primary}.test"
    domain = f"east.{name}"
    labels = {net.bind: f"a.servers.test ({ONE})", net.knot: f"b.servers.test ({TWO})"}
    key = Key("updater", "hmac-sha256", net.key)
    resolver = net.resolver()
    seen = []
    async for state in gate(domain, (f"rpc.{domain}",), (GATEWAY,), resolver=resolver, first=0.05, longest=0.05):
        seen.append(state)
        if len(seen) == 1:
            done = await Updater(Dialer(), first.where, key).publish(domain, records(domain, [GATEWAY], 300), "n1")
            assert done.outcome == "created"
        elif len(seen) == 2:
            (found,) = [r for r in await check(net, f"rpc.{domain}", domain, resolver, (GATEWAY,)) if r.code]
            assert (found.id, found.code) == ("dns-resolves", "dns-secondary-behind")
            assert labels[second] in found.summary
            assert net.heard(f"rpc.{domain}") == [], "no resolver before all authorities have it"
            second.notify(name)
    assert seen[0].servers.keys() == set(labels.values())
    assert all("no such name" in words for words in seen[0].servers.values())
    assert seen[1].servers[labels[first]] == GATEWAY
    assert "no such name" in seen[1].servers[labels[second]]
    assert "disagree" in seen[1].waiting_for
    assert seen[-1].ready
    assert seen[-1].servers[f"resolver {NEAR}"] == GATEWAY
    assert net.heard(f"rpc.{domain}")


async def publish(net: Internet, domain: str) -> None:
    """The domain's records at both servers."""
    for server in (net.bind, net.knot):
        updater = Updater(Dialer(), server.where, Key("updater", "hmac-sha256", net.key))
        await updater.publish(domain, records(domain, [GATEWAY], 300), "n1")


async def test_a_negative_answer_says_for_how_long(net):
    name = host("long")
    assert not net.near.ask(name, "A", recursion=True).answer, "what an impatient user's dig has done"
    await publish(net, "east.long.test")
    (found,) = [r for r in await check(net, name, "east.long.test", net.resolver(), (GATEWAY,)) if r.code]
    assert (found.id, found.code, found.status) == ("dns-resolves", "dns-negative-cache", "warning")
    assert "it ends in" in found.summary
    seconds = int(found.summary.rpartition("it ends in ")[2].removesuffix(" s"))
    assert 0 < seconds <= 600
    assert any(f"resolver {NEAR}: no such name" in fact for fact in found.evidence)


async def test_the_gate_opens_when_a_negative_answer_has_run_out(net):
    name = host("soon")
    assert not net.near.ask(name, "A", recursion=True).answer
    await publish(net, "east.soon.test")
    seen = [state async for state in gate("east.soon.test", (name,), (GATEWAY,), resolver=net.resolver(), first=0.05)]
    assert seen[-1].ready
    assert seen[-1].servers[f"resolver {NEAR}"] == GATEWAY
    assert seen[-1].behind == {}
    for state in seen[:-1]:
        assert state.waiting_for.startswith(f"resolver {NEAR} to forget its old answer for {name}, in ")
