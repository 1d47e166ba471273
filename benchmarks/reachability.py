"""How long all checks of 10 clusters with 40 hosts each take, and what a dead address costs.

    python benchmarks/reachability.py

Servers on loopback: a name server, a gateway per cluster that answers every host's JSON-RPC after 300 ms. Printed are
the time of all checks together, the slowest single chain of checks of one host, and their ratio (the aim: at most 1.1); then
the same with one cluster whose gateway drops every packet: that one costs its own time-out, the others nothing. The
sockets that were open at the same time are counted. Asserts nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import socket
import time
from collections import defaultdict
from collections.abc import AsyncIterator

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from bevel_tui.reachability.answers import Server
from bevel_tui.reachability.checks import SOCKETS, Expected, check_cluster
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.resolver import Resolver
from bevel_tui.records.steps import Endpoint

CLUSTERS, HOSTS, THINKS, TIMEOUT = 10, 40, 0.3, 3.0


class Names(asyncio.DatagramProtocol):
    """Answers every A question with the address of the cluster in the name."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        question = query.question[0]
        if question.rdtype == dns.rdatatype.A:
            number = str(question.name).split(".")[1].removeprefix("c")
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", f"192.0.2.{number}"))
        self.transport.sendto(answer.to_wire(), addr)  # type: ignore[attr-defined]


class Gateways:
    """JSON-RPC after a while; counts connections that are open at the same time."""

    def __init__(self) -> None:
        self.open = self.most = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            method = json.loads(await reader.readexactly(length))["method"]
            await asyncio.sleep(THINKS)
            known = {"eth_getBlockByNumber": {"hash": "0xfeed"}}
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "result": known.get(method, "0x9")}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


@contextlib.asynccontextmanager
async def world() -> AsyncIterator[tuple[Dialer, str, Gateways]]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", 0))
    gateways = Gateways()
    servers = [await asyncio.start_server(gateways.serve, "127.0.0.1", 0, backlog=1024) for _ in range(CLUSTERS)]
    routes = {f"192.0.2.{n}:80": f"127.0.0.1:{s.sockets[0].getsockname()[1]}" for n, s in enumerate(servers, start=1)}
    host, port = transport.get_extra_info("sockname")
    yield Dialer(routes), f"{host}:{port}", gateways
    transport.close()
    for server in servers:
        server.close()


async def everything(
    dialer: Dialer, names: str, hosts: int = HOSTS
) -> tuple[float, dict[str, float], dict[str, float]]:
    """(seconds for all, seconds until each cluster was done, seconds of the slowest host's own checks by cluster)."""
    sockets = asyncio.Semaphore(SOCKETS)
    began = time.perf_counter()
    done: dict[str, float] = {}
    own: dict[str, float] = {}

    async def one(number: int) -> None:
        cluster = f"c{number}"
        endpoints = [
            Endpoint(
                id=f"{cluster}/{h}", cluster=cluster, organization="o", release="r", host=f"h{h}.{cluster}.test", port=80,
                protocol="http", probe="json-rpc", service="s.n:80",
            )
            for h in range(hosts)
        ]  # fmt: skip
        resolver = Resolver(dialer, authorities=(Server.parse(names),))
        spent: dict[str, float] = defaultdict(float)
        async for result in check_cluster(
            cluster, endpoints, f"{cluster}.test", addresses=(f"192.0.2.{number}",), service_ports=(80,), resolver=resolver,
            dialer=dialer, trust={}, timeout=TIMEOUT, sockets=sockets, expected=Expected(9, None),
        ):  # fmt: skip
            spent[result.target.removeprefix("http://")] += result.duration
        done[cluster], own[cluster] = time.perf_counter() - began, max(spent.values())

    await asyncio.gather(*(one(n) for n in range(1, CLUSTERS + 1)))
    return time.perf_counter() - began, done, own


async def main() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    print(f"{CLUSTERS} clusters x {HOSTS} hosts, at most {SOCKETS} sockets at a time (this machine allows {soft})")
    async with world() as (dialer, names, gateways):
        single, _, _ = await everything(dialer, names, hosts=1)
        gateways.most = 0
        whole, _, own = await everything(dialer, names)
        slowest = max(own.values())
        print(f"one host per cluster:      {single:6.2f} s")
        print(
            f"all hosts:                 {whole:6.2f} s; the slowest host's checks took {slowest:.2f} s: ratio {whole / slowest:.2f}"
        )
        print(f"connections at a time:     {gateways.most}")
        with socket.socket() as dead, contextlib.ExitStack() as fillers:
            dead.bind(("127.0.0.1", 0))
            dead.listen(0)
            for _ in range(3):
                filler = fillers.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(dead.getsockname())
            broken = Dialer({**dialer.routes, "192.0.2.1:80": f"127.0.0.1:{dead.getsockname()[1]}"})
            _, done, _ = await everything(broken, names)
        others = max(seconds for cluster, seconds in done.items() if cluster != "c1")
        print(
            f"with one dead gateway:     {done['c1']:6.2f} s for its cluster (time-out {TIMEOUT:g} s), {others:.2f} s for the others"
        )
        print(f"                           the others' ratio to before: {others / whole:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
