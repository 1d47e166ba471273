"""Real servers on loopback: name servers that hold zones and record every question, gateways, certificates."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone
import pytest
import trustme

from tests.virtual import VirtualLoop

Misbehaviour = Callable[[dns.message.Message], bytes | None]

#: modules whose servers all live in the test's own loop: there, who is silent is waited for on a clock that only waiting
#: moves, and a busy machine makes nobody silent
VIRTUAL = {"test_dns_table.py", "test_resolver.py", "test_checks.py", "test_broken.py", "test_gate.py"}


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of each test."""
    return {"virtual": VirtualLoop} if item.path.name in VIRTUAL else {"real": asyncio.new_event_loop}


@pytest.fixture(autouse=True)
async def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What asks for the time is told that of the loop."""
    if isinstance(loop := asyncio.get_running_loop(), VirtualLoop):
        monkeypatch.setattr(time, "time", loop.now)
        for name in ("monotonic", "perf_counter"):
            monkeypatch.setattr(time, name, loop.time)


def both(address: str) -> tuple[socket.socket, socket.socket]:
    """A TCP and a UDP socket with one port: what is free for the one may be taken for the other by any program."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    while True:
        tcp, udp = socket.socket(family, socket.SOCK_STREAM), socket.socket(family, socket.SOCK_DGRAM)
        try:
            tcp.bind((address, 0))
            udp.bind((address, tcp.getsockname()[1]))
        except OSError as error:
            tcp.close()
            udp.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return tcp, udp


@dataclass
class NameServer:
    """Serves zones authoritatively over UDP and TCP; `asked` records (name, type, recursion desired, transport).

    `misbehave` may answer instead (None: silence). `resolve` makes it a recursive resolver for what it has no
    zone of. `truncate` answers every UDP question with TC; without `tcp` nothing listens there.
    """

    zones: dict[str, dns.zone.Zone] = field(default_factory=dict)
    address: str = "127.0.0.1"
    port: int = 0
    asked: list[tuple[str, str, bool, str]] = field(default_factory=list)
    misbehave: Misbehaviour | None = None
    resolve: NameServer | None = None
    truncate: bool = False
    recursive: bool = False
    tcp: bool = True

    @property
    def where(self) -> str:
        return f"{self.address}:{self.port}"

    def names(self) -> set[str]:
        return {name for name, *_ in self.asked}

    def zone(self, origin: str, text: str, *, serial: int = 1, servers: tuple[str, ...] = ("ns1",)) -> None:
        body = f"@ 300 IN SOA ns1.{origin}. admin.{origin}. {serial} 7200 900 1209600 60\n"
        body += "".join(f"@ 300 IN NS {name}\n" for name in servers)
        self.zones[origin] = dns.zone.from_text(body + text, origin=origin, check_origin=False)

    def answer(self, wire: bytes, transport: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text().rstrip(".").lower()
        self.asked.append((name, dns.rdatatype.to_text(question.rdtype), bool(query.flags & dns.flags.RD), transport))
        if self.misbehave is not None:
            return self.misbehave(query)
        response = dns.message.make_response(query, recursion_available=self.recursive)
        if self.truncate and transport == "udp":
            response.flags |= dns.flags.TC
            return response.to_wire()
        self._fill(response, question.name, question.rdtype, signed=bool(query.ednsflags & dns.flags.DO))
        return response.to_wire()

    def _fill(self, response: dns.message.Message, name: dns.name.Name, rdtype: int, signed: bool) -> None:
        held = [o for o in self.zones if name.is_subdomain(dns.name.from_text(o))]
        if not held:
            response.set_rcode(dns.rcode.REFUSED)
            return
        origin = max(held, key=len)
        zone, apex = self.zones[origin], dns.name.from_text(origin)
        if not self.recursive:
            response.flags |= dns.flags.AA
        for _ in range(8):
            relative = name.relativize(apex)
            cut = next(
                (n for n in zone if n != dns.name.empty and relative.is_subdomain(n) and zone.get_rdataset(n, "NS")),
                None,
            )
            if cut is not None and not self.recursive and not (rdtype == dns.rdatatype.DS and cut == relative):
                response.flags &= ~dns.flags.AA
                delegation = zone.get_rrset(cut, "NS")
                full = dns.rrset.from_rdata_list(
                    cut.derelativize(apex), 300, [r.replace(target=r.target.derelativize(apex)) for r in delegation]
                )
                response.authority.append(full)
                for item in full:
                    if item.target.is_subdomain(apex) and zone.get_rdataset(item.target.relativize(apex), "A"):
                        glue = zone.get_rdataset(item.target.relativize(apex), "A")
                        response.additional.append(dns.rrset.from_rdata_list(item.target, 300, list(glue)))
                return
            node = zone.get_node(relative)
            if node is None and not any(n.is_subdomain(relative) for n in zone):
                encloser = relative
                while node is None and encloser != dns.name.empty:
                    encloser = encloser.parent()
                    node = zone.get_node(dns.name.Name(("*", *encloser.labels)))
                    if zone.get_node(encloser) is not None or any(n.is_subdomain(encloser) for n in zone):
                        break
                if node is None:
                    response.set_rcode(dns.rcode.NXDOMAIN)
                    self._soa(response, zone, apex)
                    return
            found = node.get_rdataset(dns.rdataclass.IN, rdtype) if node else None
            if found is not None:
                items = [self._absolute(item, apex) for item in found]
                response.answer.append(dns.rrset.from_rdata_list(name, found.ttl, items))
                signatures = node.get_rdataset(dns.rdataclass.IN, dns.rdatatype.RRSIG, rdtype) if signed else None
                if signatures is not None:
                    items = [item.replace(signer=item.signer.derelativize(apex)) for item in signatures]
                    response.answer.append(dns.rrset.from_rdata_list(name, found.ttl, items))
                return
            alias = node.get_rdataset(dns.rdataclass.IN, dns.rdatatype.CNAME) if node else None
            if alias is None:
                self._soa(response, zone, apex)
                return
            target = alias[0].target.derelativize(apex)
            response.answer.append(dns.rrset.from_rdata(name, alias.ttl, alias[0].replace(target=target)))
            name = target
            if not name.is_subdomain(apex):
                return

    @staticmethod
    def _absolute(item: object, apex: dns.name.Name) -> object:
        changes = {
            key: getattr(item, key).derelativize(apex) for key in ("target", "mname", "rname") if hasattr(item, key)
        }
        return item.replace(**changes) if changes else item  # type: ignore[attr-defined]

    def _soa(self, response: dns.message.Message, zone: dns.zone.Zone, apex: dns.name.Name) -> None:
        soa = zone.get_rdataset(dns.name.empty, "SOA")
        response.authority.append(dns.rrset.from_rdata_list(apex, soa.ttl, [self._absolute(soa[0], apex)]))

    async def serve(self, stack: contextlib.AsyncExitStack) -> NameServer:
        """Bind UDP and TCP to one free port."""
        outer = self

        class Udp(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
                self.transport = transport

            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                reply = outer.answer(data, "udp")
                if reply is not None:
                    self.transport.sendto(reply, addr)

        async def tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                reply = outer.answer(await reader.readexactly(length), "tcp")
                if reply is not None:
                    writer.write(struct.pack("!H", len(reply)) + reply)
                    await writer.drain()
            writer.close()

        listening, datagrams = both(self.address)
        server = await asyncio.start_server(tcp, sock=listening)
        self.port = datagrams.getsockname()[1]
        if not self.tcp:
            server.close()
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Udp, sock=datagrams)
        stack.callback(transport.close)
        stack.callback(server.close)
        return self


Start = Callable[..., Awaitable[NameServer]]


@pytest.fixture
async def stack() -> AsyncIterator[contextlib.AsyncExitStack]:
    """Closed at the end of the test."""
    async with contextlib.AsyncExitStack() as exits:
        yield exits


@pytest.fixture
async def name_server() -> AsyncIterator[Start]:
    """A factory of running name servers."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(**arguments: object) -> NameServer:
            return await NameServer(**arguments).serve(stack)  # type: ignore[arg-type]

        yield start


# ---------------------------------------------------------------- a gateway


Handler = Callable[[str, str, bytes], tuple[int, dict[str, str], bytes]]


@dataclass
class Gateway:
    """A gateway on loopback: HTTP by Host header, TLS by SNI, raw TCP. Every edge can be broken.

    `sites` maps a host to what answers behind it (method, path, body -> status, headers, body), or None for a route
    without a backend. `certificates` maps a host to the certificate its backend shows; a host that is in `sites` but
    whose SNI has no certificate gets the default one. `deaf` hosts are hung up on during the handshake.
    """

    default: trustme.LeafCert
    sites: dict[str, Handler | None] = field(default_factory=dict)
    certificates: dict[str, trustme.LeafCert] = field(default_factory=dict)
    frame: bytes = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
    hangs_up: bool = False
    closes_handshake: bool = False
    alpn: tuple[str, ...] = ("h2", "http/1.1")
    seen: list[tuple[str | None, str]] = field(default_factory=list)
    ports: dict[int, int] = field(default_factory=dict)

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.split("\r\n")
            method, path, _ = lines[0].split(" ")
            if method == "PRI":  # HTTP/2's preface: SETTINGS is the answer, or whatever a test wants
                writer.write(self.frame)
                await writer.drain()
                writer.close()
                return
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            host = headers["host"].partition(":")[0]
            self.seen.append((host, path))
            if host not in self.sites:
                status, more, answer = 404, {"Server": "envoy"}, b"default backend - 404\n"
            elif (site := self.sites[host]) is None:
                status, more, answer = 503, {"Server": "envoy"}, b"no healthy upstream"
            else:
                status, more, answer = site(method, path, body)
            more = {"Content-Length": str(len(answer)), **more} if status != 101 else more
            lines = [f"HTTP/1.1 {status} Whatever", *(f"{k}: {v}" for k, v in more.items()), "", ""]
            writer.write("\r\n".join(lines).encode() + answer)
            await writer.drain()
        writer.close()

    async def _raw(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            if not self.hangs_up:
                await reader.read()
        writer.close()

    async def _handshake(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read(1024)
        writer.close()

    def _context(self, certificate: trustme.LeafCert) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        if self.alpn:
            context.set_alpn_protocols(list(self.alpn))
        return context

    async def listen(self, stack: contextlib.AsyncExitStack, port: int, kind: str) -> None:
        """Listen for `port`, on a free one."""

        def choose(tls: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            if name in self.certificates:
                tls.context = self._context(self.certificates[name])

        if kind == "tls" and not self.closes_handshake:
            context = self._context(self.default)
            context.sni_callback = choose
            server = await asyncio.start_server(self._http, "127.0.0.1", 0, ssl=context)
        else:
            handler = {"http": self._http, "tcp": self._raw, "tls": self._handshake}[kind]
            server = await asyncio.start_server(handler, "127.0.0.1", 0)
        stack.callback(server.close)
        self.ports[port] = server.sockets[0].getsockname()[1]


@pytest.fixture(scope="session")
def organization_ca() -> trustme.CA:
    """The organization's own CA."""
    return trustme.CA(organization_name="supplychain")


@pytest.fixture(scope="session")
def gateway_ca() -> trustme.CA:
    """Whoever made the gateway's default certificate."""
    return trustme.CA(organization_name="Acme Co")


@pytest.fixture(scope="session")
def gateway_class() -> type[Gateway]:
    """`Gateway`, for tests: folders of tests are no packages."""
    return Gateway


@pytest.fixture
def real_dns(tmp_path) -> Iterator[object]:
    """A factory of real BIND and Knot servers (`realdns.RealDns`); ended with the test."""
    from tests.reachability.realdns import RealDns

    servers = RealDns(tmp_path)
    try:
        yield servers
    finally:
        servers.stop()
