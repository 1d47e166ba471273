"""Real servers on loopback: name servers that hold zones and record every question, gateways, certificates."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
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

Misbehaviour = Callable[[dns.message.Message], bytes | None]


@dataclass
class NameServer:
    """Serves zones authoritatively over UDP and TCP; `asked` records (name, type, recursion desired, transport).

    `misbehave` may answer instead (None: silence). `resolve` makes it a recursive resolver for what it has no
    zone of. `truncate` answers every UDP question with TC.
    """

    zones: dict[str, dns.zone.Zone] = field(default_factory=dict)
    address: str = "127.0.0.1"
    port: int = 0
    asked: list[tuple[str, str, bool, str]] = field(default_factory=list)
    misbehave: Misbehaviour | None = None
    resolve: NameServer | None = None
    truncate: bool = False
    recursive: bool = False

    @property
    def where(self) -> str:
        return f"{self.address}:{self.port}"

    def names(self) -> set[str]:
        return {name for name, *_ in self.asked}

    def zone(self, origin: str, text: str) -> None:
        body = f"@ 300 IN SOA ns1.{origin}. admin.{origin}. 1 7200 900 1209600 60\n@ 300 IN NS ns1.{origin}.\n"
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
        self._fill(response, question.name, question.rdtype)
        return response.to_wire()

    def _fill(self, response: dns.message.Message, name: dns.name.Name, rdtype: int) -> None:
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
            if cut is not None and not self.recursive:
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

        server = await asyncio.start_server(tcp, self.address, 0)
        self.port = server.sockets[0].getsockname()[1]
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            Udp, local_addr=(self.address, self.port)
        )
        stack.callback(transport.close)
        stack.callback(server.close)
        return self


Start = Callable[..., Awaitable[NameServer]]


@pytest.fixture
async def name_server() -> AsyncIterator[Start]:
    """A factory of running name servers."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(**arguments: object) -> NameServer:
            return await NameServer(**arguments).serve(stack)  # type: ignore[arg-type]

        yield start
