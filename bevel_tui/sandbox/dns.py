"""The sandbox's authoritative name server: UDP and TCP on loopback, zones that parts of the sandbox edit.

It answers as an authority does: AA, SOA with every denial, NODATA apart from NXDOMAIN, wildcards as RFC 4592 has
them, aliases followed within its zones, truncation beyond what the client can take, REFUSED outside its zones.
Every question is kept in `queries`, so that tests can say how politely a client asks.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.update

if TYPE_CHECKING:
    from collections.abc import Iterable

SERVER_NAME = "ns1.bevel-tui.sandbox."
#: seconds that a denial may be kept (RFC 2308); short, as in zones that people edit
NEGATIVE_TTL = 60
_PLAIN_UDP = 512
_MAX_CHAIN = 8


@dataclass(frozen=True, slots=True)
class Query:
    """One question as it came in. `time` is seconds on the monotonic clock."""

    time: float
    name: str
    type: str
    transport: str
    client: str


@dataclass(slots=True)
class _Zone:
    """`records` maps owner names to type -> (ttl, values)."""

    origin: dns.name.Name
    serial: int = 1
    records: dict[dns.name.Name, dict[str, tuple[int, set[str]]]] = field(default_factory=dict)

    def exists(self, name: dns.name.Name) -> bool:
        """Whether a name exists: it has records, or something below it has (an empty non-terminal)."""
        return name == self.origin or any(owner.is_subdomain(name) for owner in self.records)

    def find(self, name: dns.name.Name) -> dict[str, tuple[int, set[str]]] | None:
        """The records at a name, its wildcard's if the name does not exist; None for NXDOMAIN (RFC 4592 3.3)."""
        if self.exists(name):
            return self.records.get(name, {})
        encloser = name.parent()
        while not self.exists(encloser):
            encloser = encloser.parent()
        return self.records.get(dns.name.Name((b"*", *encloser.labels)))


class NameServer:
    """All zones, and the two sockets that answer for them. `address` is ``ip:port`` once started."""

    def __init__(self) -> None:
        self.address = ""
        self.queries: deque[Query] = deque(maxlen=10_000)
        self._zones: dict[dns.name.Name, _Zone] = {}
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None

    # ------------------------------------------------------------ zones

    def add_zone(self, domain: str) -> None:
        """Become the authority for a domain (nothing happens if it, or a parent, is there already)."""
        origin = _absolute(domain)
        if self._zone(origin) is None:
            self._zones[origin] = _Zone(origin)

    def add(self, name: str, rdtype: str, value: str, *, ttl: int = 300) -> None:
        """Add a record, with a zone of its own if there is none for it (a wildcard's is its parent)."""
        owner = _absolute(name)
        zone = self._zone(owner)
        if zone is None:
            self.add_zone(str(owner.parent() if owner.is_wild() else owner))
            zone = self._zones[owner.parent() if owner.is_wild() else owner]
        _, values = zone.records.setdefault(owner, {}).setdefault(rdtype, (ttl, set()))
        values.add(value)
        zone.records[owner][rdtype] = (ttl, values)
        zone.serial += 1

    def remove(self, name: str, rdtype: str | None = None) -> None:
        """Remove the records of a name (of one type when it is given)."""
        owner = _absolute(name)
        zone = self._zone(owner)
        if zone is None or owner not in zone.records:
            return
        if rdtype is None:
            del zone.records[owner]
        else:
            zone.records[owner].pop(rdtype, None)
            if not zone.records[owner]:
                del zone.records[owner]
        zone.serial += 1

    def set(self, name: str, rdtype: str, values: Iterable[str], *, ttl: int = 300) -> None:
        """Make these the only records of that name and type."""
        self.remove(name, rdtype)
        for value in values:
            self.add(name, rdtype, value, ttl=ttl)

    def values(self, name: str, rdtype: str) -> frozenset[str]:
        """What stands at exactly this name; what a wildcard would answer does not."""
        owner = _absolute(name)
        zone = self._zone(owner)
        held = zone.records.get(owner, {}) if zone is not None else {}
        return frozenset(held[rdtype][1] if rdtype in held else ())

    def addresses(self, name: str) -> list[str]:
        """The IPv4 addresses of a name, as a resolver inside the sandbox finds them (no packet is sent)."""
        query = dns.message.make_query(_absolute(name), "A")
        response = self.respond(query)
        return [str(item) for rrset in response.answer if rrset.rdtype == dns.rdatatype.A for item in rrset]

    def _zone(self, name: dns.name.Name) -> _Zone | None:
        while True:
            if name in self._zones:
                return self._zones[name]
            if name == dns.name.root:
                return None
            name = name.parent()

    # ------------------------------------------------------------ answers

    def respond(self, query: dns.message.Message) -> dns.message.Message:
        """The answer to a parsed query, complete (truncation is the transport's)."""
        response = dns.message.make_response(query, recursion_available=False)
        if isinstance(query, dns.update.UpdateMessage):
            response.set_rcode(self._update(query))
            return response
        if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
            response.set_rcode(dns.rcode.NOTIMP)
            return response
        question = query.question[0]
        zone = self._zone(question.name)
        if zone is None or question.rdclass != dns.rdataclass.IN:
            response.set_rcode(dns.rcode.REFUSED)
            return response
        response.flags |= dns.flags.AA
        name = question.name
        wanted = dns.rdatatype.to_text(question.rdtype)
        for _ in range(_MAX_CHAIN):
            records = zone.find(name)
            if records is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
                response.authority.append(self._soa(zone, NEGATIVE_TTL))
                return response
            if name == zone.origin and wanted in {"SOA", "NS"}:
                response.answer.append(self._soa(zone, 300) if wanted == "SOA" else self._ns(zone))
                return response
            if wanted in records:
                ttl, values = records[wanted]
                response.answer.append(dns.rrset.from_text(name, ttl, "IN", wanted, *sorted(values)))
                return response
            if "CNAME" not in records:
                response.authority.append(self._soa(zone, NEGATIVE_TTL))
                return response
            ttl, values = records["CNAME"]
            alias = dns.rrset.from_text(name, ttl, "IN", "CNAME", *sorted(values))
            response.answer.append(alias)
            name = alias[0].target
            following = self._zone(name)
            if following is None:
                return response
            zone = following
        response.set_rcode(dns.rcode.SERVFAIL)
        return response

    # ------------------------------------------------------------ dynamic updates (RFC 2136)

    def _update(self, update: dns.update.UpdateMessage) -> dns.rcode.Rcode:
        """Prerequisites first, then all changes or none. Unsigned: nobody but this machine can ask."""
        zone = self._zones.get(update.zone[0].name)
        if zone is None:
            return dns.rcode.NOTAUTH
        wanted: dict[tuple[dns.name.Name, str], set[str]] = {}
        for item in update.prerequisite:
            kind, held = dns.rdatatype.to_text(item.rdtype), zone.records.get(item.name, {})
            present = bool(held) if kind == "ANY" else kind in held
            if item.deleting is None:
                wanted.setdefault((item.name, kind), set()).update(_values(item))
            elif (item.deleting == dns.rdataclass.ANY) != present:
                if kind == "ANY":
                    return dns.rcode.YXDOMAIN if present else dns.rcode.NXDOMAIN
                return dns.rcode.YXRRSET if present else dns.rcode.NXRRSET
        for (name, kind), values in wanted.items():
            if zone.records.get(name, {}).get(kind, (0, set()))[1] != values:
                return dns.rcode.NXRRSET
        for item in update.update:
            kind = dns.rdatatype.to_text(item.rdtype)
            if item.deleting == dns.rdataclass.ANY:
                self.remove(str(item.name), None if kind == "ANY" else kind)
            elif item.deleting is None:
                for value in _values(item):
                    self.add(str(item.name), kind, value, ttl=item.ttl)
        return dns.rcode.NOERROR

    def _soa(self, zone: _Zone, ttl: int) -> dns.rrset.RRset:
        text = f"{SERVER_NAME} hostmaster.bevel-tui.sandbox. {zone.serial} 3600 600 86400 {NEGATIVE_TTL}"
        return dns.rrset.from_text(zone.origin, ttl, "IN", "SOA", text)

    def _ns(self, zone: _Zone) -> dns.rrset.RRset:
        return dns.rrset.from_text(zone.origin, 300, "IN", "NS", SERVER_NAME)

    def answer(self, wire: bytes, transport: str, client: str) -> bytes | None:
        """The wire answer to a wire query; None for what deserves none."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if query.flags & dns.flags.QR:
            return None
        for question in query.question:
            kind = dns.rdatatype.to_text(question.rdtype)
            self.queries.append(Query(time.monotonic(), str(question.name), kind, transport, client))
        response = self.respond(query)
        if transport == "tcp":
            return response.to_wire(max_size=65535)
        limit = max(query.payload if query.edns >= 0 else _PLAIN_UDP, _PLAIN_UDP)
        try:
            return response.to_wire(max_size=limit)
        except dns.exception.TooBig:
            short = dns.message.make_response(query)
            short.flags = response.flags | dns.flags.TC
            short.set_rcode(response.rcode())
            return short.to_wire()

    # ------------------------------------------------------------ sockets

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on UDP and TCP on one port. Raises OSError."""
        loop = asyncio.get_running_loop()
        for _ in range(20):
            self._tcp = await asyncio.start_server(self._serve_tcp, host, port)
            chosen = self._tcp.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self), local_addr=(host, chosen))
            except OSError:
                # the port that TCP was given is taken on UDP: take another
                self._tcp.close()
                if port:
                    raise
                continue
            self.address = f"{host}:{chosen}"
            return
        raise OSError("no port is free on both UDP and TCP")

    async def stop(self) -> None:
        """Close both sockets."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = str((writer.get_extra_info("peername") or ("?",))[0])
        try:
            while True:
                (size,) = struct.unpack("!H", await asyncio.wait_for(reader.readexactly(2), 10))
                response = self.answer(await asyncio.wait_for(reader.readexactly(size), 10), "tcp", client)
                if response is None:
                    break
                writer.write(struct.pack("!H", len(response)) + response)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError, TimeoutError):
            pass
        finally:
            writer.close()


def _values(rrset: dns.rrset.RRset) -> set[str]:
    return {str(item) for item in rrset}


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        response = self._server.answer(data, "udp", addr[0])
        if response is not None and self._transport is not None:
            self._transport.sendto(response, addr)


def _absolute(name: str | dns.name.Name) -> dns.name.Name:
    text = str(name)
    return dns.name.from_text(text.lower() if text.endswith(".") else f"{text.lower()}.")
