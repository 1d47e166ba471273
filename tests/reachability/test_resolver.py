"""Authority first, every silence told apart, and no recursive resolver asked before its time."""

from __future__ import annotations

import contextlib
import socket

import dns.flags
import dns.message
import dns.rcode
import pytest

from bevel_tui.reachability.answers import Answer, Server, Zone, merge
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.resolver import Resolver, system_servers

pytestmark = pytest.mark.asyncio


def given(server, **more):
    return Resolver(Dialer(), authorities=(Server.parse(server.where),), timeout=5.0, **more)


async def test_a_wildcard_answers_both_families_with_ttl(name_server):
    server = await name_server()
    server.zone("east.test", "* 120 IN A 192.0.2.7\n* 90 IN AAAA 2001:db8::7\n")
    lookup = await given(server).lookup("rpc.east.test")
    assert lookup.outcome == "answer"
    assert set(lookup.addresses) == {"192.0.2.7", "2001:db8::7"}
    assert lookup.ttl == 90
    assert lookup.answers[0].authoritative


async def test_silences_are_told_apart(name_server):
    server = await name_server()
    server.zone("east.test", "text 60 IN TXT hello\n")
    resolver = given(server)
    missing = await resolver.lookup("no.east.test")
    assert (missing.outcome, missing.negative_ttl) == ("nxdomain", 60)
    assert (await resolver.lookup("text.east.test")).outcome == "nodata"
    other = await resolver.lookup("elsewhere.invalid")
    assert other.outcome == "refused"
    assert "does not answer for this name" in other.answers[0].words

    def servfail(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.SERVFAIL)
        return response.to_wire()

    server.misbehave = servfail
    assert (await resolver.lookup("a.east.test")).outcome == "servfail"
    server.misbehave = lambda query: None
    resolver.timeout = 2.0
    assert (await resolver.lookup("b.east.test")).outcome == "timeout"
    server.misbehave = lambda query: b"\x00\x01garbage"
    assert (await resolver.lookup("c.east.test")).outcome in {"invalid", "timeout"}


async def test_a_closed_port_is_a_refused_connection():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    resolver = Resolver(Dialer(), authorities=(Server("127.0.0.1", port),), timeout=1.0)
    lookup = await resolver.lookup("a.east.test")
    assert lookup.outcome == "refused"
    assert lookup.answers[0].words == "refused (connection refused)"


async def test_a_truncated_answer_is_asked_for_again_over_tcp(name_server):
    server = await name_server(truncate=True)
    server.zone("east.test", "* 60 IN A 192.0.2.7\n")
    lookup = await given(server).lookup("rpc.east.test")
    assert lookup.addresses == ("192.0.2.7",)
    assert lookup.answers[0].transport == "tcp"
    assert {"udp", "tcp"} == {transport for *_, transport in server.asked}


async def test_an_alias_is_followed_into_another_zone_at_its_own_authority(name_server):
    server = await name_server()
    server.zone("east.test", "* 60 IN CNAME lb-1.elb.cloud.test.\n")
    server.zone("cloud.test", "lb-1.elb 30 IN A 192.0.2.9\n")
    lookup = await given(server).lookup("rpc.east.test")
    assert lookup.outcome == "answer"
    assert lookup.chain == ("lb-1.elb.cloud.test",)
    assert lookup.addresses == ("192.0.2.9",)
    assert lookup.ttl == 30


async def test_an_alias_to_nothing_is_no_answer(name_server):
    server = await name_server()
    server.zone("east.test", "* 60 IN CNAME gone.cloud.test.\n")
    server.zone("cloud.test", "")
    lookup = await given(server).lookup("rpc.east.test")
    assert lookup.outcome == "nxdomain"
    assert lookup.chain == ("gone.cloud.test",)


async def test_an_alias_loop_ends(name_server):
    server = await name_server()
    server.zone("east.test", "a 60 IN CNAME b.west.test.\n")
    server.zone("west.test", "b 60 IN CNAME a.east.test.\n")
    lookup = await given(server).lookup("a.east.test")
    assert lookup.outcome != "answer" or not lookup.addresses


async def test_dns_goes_through_the_dialer_map(name_server):
    server = await name_server()
    server.zone("east.test", "* 60 IN A 192.0.2.7\n")
    resolver = Resolver(Dialer({"192.0.2.53:53": server.where}), authorities=(Server("192.0.2.53"),))
    assert (await resolver.lookup("rpc.east.test")).addresses == ("192.0.2.7",)


@contextlib.asynccontextmanager
async def hierarchy(name_server):
    """A resolver of this machine, a TLD, a registered zone on two servers: all on port 53 of documentation addresses."""
    recursive = await name_server(recursive=True)
    tld, one, two = await name_server(), await name_server(), await name_server()
    recursive.zone("test", "ns1 300 IN A 192.0.2.1\n")
    recursive.zone("hosting.test", "b 300 IN A 192.0.2.3\n")
    tld.zone("test", "example 300 IN NS a.example\nexample 300 IN NS b.hosting\na.example 300 IN A 192.0.2.2\n")
    for server in (one, two):
        server.zone("example.test", "www 60 IN A 192.0.2.80\n")
    routes = {
        "192.0.2.1:53": tld.where,
        "192.0.2.2:53": one.where,
        "192.0.2.3:53": two.where,
    }
    resolver = Resolver(Dialer(routes), recursive=(Server.parse(recursive.where),), timeout=5.0)
    yield resolver, recursive, tld, one, two


async def test_the_zone_and_all_its_servers_are_found_by_walking_delegations(name_server):
    async with hierarchy(name_server) as (resolver, recursive, _, one, two):
        zone = await resolver.zone("rpc.east.example.test")
        assert zone.name == "example.test"
        assert {server.name for server in zone.servers} == {"a.example.test", "b.hosting.test"}
        lookup = await resolver.lookup("rpc.east.example.test")
        assert lookup.outcome == "nxdomain"
        assert len(lookup.answers) == 2
        assert "rpc.east.example.test" in one.names()
        assert "rpc.east.example.test" in two.names()
        # politeness: the resolver was asked for the TLD and for a name server, never for ours
        assert recursive.names() == {"test", "ns1.test", "b.hosting.test"}


async def test_no_recursive_resolver_is_asked_before_an_authority_has_the_name(name_server):
    async with hierarchy(name_server) as (resolver, recursive, _, one, two):
        lookup = await resolver.lookup("rpc.east.example.test")
        with pytest.raises(ValueError, match="no recursive resolver"):
            await resolver.here(lookup)
        assert "rpc.east.example.test" not in recursive.names()
        for server in (one, two):
            server.zone("example.test", "*.east 60 IN A 192.0.2.7\n")
        recursive.zone("example.test", "*.east 60 IN A 192.0.2.7\n")
        lookup = await resolver.lookup("rpc.east.example.test")
        assert lookup.outcome == "answer"
        (here,) = await resolver.here(lookup)
        assert here.addresses == ("192.0.2.7",)
        assert "rpc.east.example.test" in recursive.names()


async def test_a_delegation_made_later_is_noticed(name_server):
    async with hierarchy(name_server) as (resolver, _, _, one, two):
        assert (await resolver.lookup("rpc.east.example.test")).outcome == "nxdomain"
        child = await name_server()
        child.zone("east.example.test", "* 60 IN A 192.0.2.7\n")
        resolver.dialer = Dialer({**resolver.dialer.routes, "192.0.2.4:53": child.where})
        for server in (one, two):
            server.zone("example.test", "east 300 IN NS ns.east\nns.east 300 IN A 192.0.2.4\n")
        lookup = await resolver.lookup("rpc.east.example.test")
        assert (lookup.zone.name, lookup.addresses) == ("east.example.test", ("192.0.2.7",))


async def test_authorities_that_disagree_say_so(name_server):
    async with hierarchy(name_server) as (resolver, _, _, one, _two):
        one.zone("example.test", "*.east 60 IN A 192.0.2.7\n")
        lookup = await resolver.lookup("rpc.east.example.test")
        assert lookup.outcome == "disagree"
        assert {answer.outcome for answer in lookup.answers} == {"answer", "nxdomain"}


async def test_a_dead_authority_does_not_hide_the_living_one(name_server):
    async with hierarchy(name_server) as (resolver, _, _, one, two):
        resolver.timeout = 2.0
        one.zone("example.test", "*.east 60 IN A 192.0.2.7\n")
        two.misbehave = lambda query: None
        lookup = await resolver.lookup("rpc.east.example.test")
        assert (lookup.outcome, lookup.addresses) == ("answer", ("192.0.2.7",))
        assert {answer.outcome for answer in lookup.answers} == {"answer", "timeout"}


async def test_a_company_resolver_that_holds_the_zone_is_its_authority(name_server):
    company = await name_server()
    company.zone("corp.internal", "*.east 60 IN A 192.0.2.7\n")
    resolver = Resolver(Dialer(), recursive=(Server.parse(company.where),), timeout=5.0)
    lookup = await resolver.lookup("rpc.east.corp.internal")
    assert (lookup.zone.name, lookup.addresses) == ("corp.internal", ("192.0.2.7",))
    assert not any(recursion for name, _, recursion, _ in company.asked if name.endswith("corp.internal"))


async def test_without_an_authority_only_random_labels_reach_the_resolver(name_server):
    recursive = await name_server(recursive=True)
    recursive.zone("example.test", "*.east 60 IN A 192.0.2.7\n")
    resolver = Resolver(Dialer(), recursive=(Server.parse(recursive.where),), timeout=5.0)
    lookup = await resolver.lookup("rpc.east.example.test")
    assert lookup.outcome == "no-authority"
    assert "no resolver names the servers of .test" in lookup.words
    (one,) = await resolver.wildcard("east.example.test")
    (two,) = await resolver.wildcard("east.example.test")
    assert one.addresses == ("192.0.2.7",)
    assert one.name != two.name
    assert not any(name == "rpc.east.example.test" and recursion for name, _, recursion, _ in recursive.asked)


async def test_servers_are_written_with_and_without_port():
    assert Server.parse("192.0.2.1") == Server("192.0.2.1", 53)
    assert Server.parse("127.0.0.1:5353").label == "127.0.0.1:5353"
    assert Server.parse("[2001:db8::1]:54").label == "[2001:db8::1]:54"
    assert Server.parse("2001:db8::1") == Server("2001:db8::1", 53)
    for wrong in ("localhost", "192.0.2.1:0", "192.0.2.1:http", ""):
        with pytest.raises(ValueError, match=r".*"):
            Server.parse(wrong)


async def test_servers_that_are_silent_do_not_count_against_those_that_speak():
    one, two = Server("192.0.2.1"), Server("192.0.2.2")
    answers = (Answer(one, "a.test", "timeout"), Answer(two, "a.test", "nxdomain", negative_ttl=60))
    assert merge("a.test", Zone("test", (one, two)), answers).outcome == "nxdomain"
    assert merge("a.test", Zone("test", ()), ()).outcome == "no-authority"


async def test_the_system_has_resolvers_or_none():
    assert all(server.port == 53 for server in system_servers())


async def test_choose_lists_each_resolver_once(monkeypatch):
    monkeypatch.setattr("bevel_tui.reachability.resolver.system_servers", lambda: (Server("192.0.2.1"),))
    chosen = Resolver.choose(Dialer(), resolvers=("192.0.2.1", "192.0.2.2:5353"))
    assert [server.label for server in chosen.recursive] == ["192.0.2.1", "192.0.2.2:5353"]
    assert Resolver.choose(Dialer(), authority="127.0.0.1:5353").authorities == (Server("127.0.0.1", 5353),)
