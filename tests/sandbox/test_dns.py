"""The name server over real sockets, asked with dnspython."""

from __future__ import annotations

from collections.abc import AsyncIterator

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import pytest

from bevel_tui.sandbox.dns import NameServer


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    names = NameServer()
    await names.start()
    names.add_zone("east.example.com")
    yield names
    await names.stop()


async def ask(
    server: NameServer, name: str, rdtype: str = "A", *, tcp: bool = False, edns: int = 0
) -> dns.message.Message:
    query = dns.message.make_query(name, rdtype, use_edns=edns if edns >= 0 else False, payload=1232)
    host, _, port = server.address.rpartition(":")
    send = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    return await send(query, host, port=int(port), timeout=2)


def values(message: dns.message.Message) -> set[str]:
    return {str(item) for rrset in message.answer for item in rrset}


async def test_denials_carry_the_soa(server: NameServer) -> None:
    reply = await ask(server, "nothing.east.example.com")
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert reply.flags & dns.flags.AA
    assert [r.rdtype.name for r in reply.authority] == ["SOA"]
    apex = await ask(server, "east.example.com")
    assert apex.rcode() == dns.rcode.NOERROR and not apex.answer
    assert [r.rdtype.name for r in apex.authority] == ["SOA"]


async def test_outside_its_zones_it_refuses(server: NameServer) -> None:
    assert (await ask(server, "example.org")).rcode() == dns.rcode.REFUSED


async def test_soa_and_ns_of_the_apex(server: NameServer) -> None:
    assert "ns1.bevel-tui.sandbox." in values(await ask(server, "east.example.com", "NS"))
    assert (await ask(server, "east.example.com", "SOA")).answer


async def test_wildcards_as_rfc_4592(server: NameServer) -> None:
    server.add("*.east.example.com", "A", "127.101.1.1")
    server.add("host.sub.east.example.com", "A", "127.101.1.9")
    assert values(await ask(server, "a.b.c.east.example.com")) == {"127.101.1.1"}
    assert values(await ask(server, "Ca.Org-Net.east.example.com")) == {"127.101.1.1"}
    # an existing name, even an empty one, hides the wildcard; the wildcard does not reach below it
    empty = await ask(server, "sub.east.example.com")
    assert empty.rcode() == dns.rcode.NOERROR and not empty.answer
    assert (await ask(server, "other.sub.east.example.com")).rcode() == dns.rcode.NXDOMAIN
    # the wildcard exists, but holds no such type
    assert (await ask(server, "x.east.example.com", "AAAA")).rcode() == dns.rcode.NOERROR


async def test_aliases_are_followed(server: NameServer) -> None:
    server.add("*.east.example.com", "CNAME", "lb.cloud.example.net.")
    server.add("lb.cloud.example.net", "A", "127.101.1.1")
    assert values(await ask(server, "x.east.example.com")) == {"lb.cloud.example.net.", "127.101.1.1"}
    assert server.addresses("x.east.example.com") == ["127.101.1.1"]


async def test_removal_is_seen_at_once(server: NameServer) -> None:
    server.add("east.example.com", "A", "127.101.1.1")
    assert server.addresses("east.example.com") == ["127.101.1.1"]
    server.set("east.example.com", "A", ["127.101.1.2"])
    assert values(await ask(server, "east.example.com")) == {"127.101.1.2"}
    server.remove("east.example.com")
    assert not (await ask(server, "east.example.com")).answer


async def test_long_answers_are_truncated_and_whole_over_tcp(server: NameServer) -> None:
    for number in range(1, 120):
        server.add("many.east.example.com", "A", f"127.101.1.{number}")
    plain = await ask(server, "many.east.example.com", edns=-1)
    assert plain.flags & dns.flags.TC and not plain.answer
    assert len(values(await ask(server, "many.east.example.com", tcp=True))) == 119


async def test_questions_are_kept(server: NameServer) -> None:
    await ask(server, "x.east.example.com", tcp=True)
    assert [(q.name, q.type, q.transport) for q in server.queries] == [("x.east.example.com.", "A", "tcp")]


async def test_dynamic_updates_are_taken_as_real_servers_take_them():
    """The updater of the product, whose every prerequisite BIND and Knot have checked."""
    from bevel_tui.reachability.dialer import Dialer
    from bevel_tui.reachability.dynamic import UpdateError, Updater
    from bevel_tui.reachability.wanted import records

    server = NameServer()
    await server.start()
    try:
        server.add_zone("east.test")
        updater = Updater(Dialer(), server.address, None)
        first, second = (records("east.test", [address], 60) for address in ("203.0.113.1", "203.0.113.2"))
        assert (await updater.publish("east.test", first, "n1")).outcome == "created"
        assert server.addresses("rpc.east.test") == ["203.0.113.1"]
        assert (await updater.publish("east.test", second, "n1")).outcome == "replaced"
        with pytest.raises(UpdateError, match="belongs to network n1"):
            await updater.publish("east.test", first, "n2")
        assert (await updater.withdraw("east.test", "n1")).outcome == "removed"
        assert server.addresses("rpc.east.test") == []
        with pytest.raises(UpdateError) as elsewhere:
            await updater.publish("west.test", second, "n1")
        assert elsewhere.value.code == "update-not-authoritative"
    finally:
        await server.stop()
