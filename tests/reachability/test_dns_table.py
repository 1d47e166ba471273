"""Broken DNS, one fault at a time: each is told by its own code, on its own edge, and nothing else is blamed.

A small Internet on loopback: a resolver of this machine, a TLD, a zone on two servers, a cloud's zone; all of them on
port 53 of documentation addresses, through the Dialer's map. `test_dns_updates` makes updates at BIND and Knot.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import dns.dnssec
import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bevel_tui.reachability.answers import Server
from bevel_tui.reachability.catalogue import BY_ID
from bevel_tui.reachability.checks import check_cluster
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.resolver import Resolver
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.steps import Endpoint

DOMAIN = "east.example.test"
HOST = f"rpc.{DOMAIN}"
GATEWAY, SIX = "203.0.113.10", "2001:db8:5::10"
BALANCER = "lb-1.cloud.test"
GOOD = f"*.east 300 IN A {GATEWAY}\neast 300 IN A {GATEWAY}\n"
BOTH = ("a.example.test.", "b.example.test.")
GLUE = "a 300 IN A 192.0.2.2\nb 300 IN A 192.0.2.3\n"
DELEGATION = "example 300 IN NS a.example\nexample 300 IN NS b.example\na.example 300 IN A 192.0.2.2\nb.example 300 IN A 192.0.2.3\n"


@dataclass
class World:
    """`near` is this machine's resolver; `other` a second one, which only the preset names, where a case wants it."""

    near: object
    other: object
    tld: object
    one: object
    two: object
    expected: tuple[str, ...] = (GATEWAY,)
    host: str = HOST
    others: dict[str, str] = field(default_factory=dict)
    second: bool = False
    routes: dict[str, str] = field(default_factory=dict)

    def say(self, text: str, *, serial: int = 1, servers: tuple[str, ...] = BOTH, who=None) -> None:
        """Both servers (or `who`) and what resolvers know of them."""
        for server in (self.one, self.two) if who is None else (who,):
            server.zone("example.test", GLUE + text, serial=serial, servers=servers)
        if who is None:
            for server in (self.near, self.other):
                server.zone("example.test", GLUE + text, serial=serial, servers=servers)

    def delegate(self, text: str) -> None:
        self.tld.zone("test", f"ns1 300 IN A 192.0.2.1\n{text}")


def refuse(rcode: int) -> Callable[[dns.message.Message], bytes]:
    def answer(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        return response.to_wire()

    return answer


def refer(zone: str, server: str) -> Callable[[dns.message.Message], bytes]:
    def answer(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.authority.append(dns.rrset.from_text(zone, 300, "IN", "NS", server))
        return response.to_wire()

    return answer


def only_for_host(server, answer: Callable[[dns.message.Message], bytes | None]):
    """`server` as it is, except for questions about hosts."""

    def choose(query: dns.message.Message) -> bytes | None:
        if query.question[0].name.to_text().startswith(("rpc.", "bevel-tui")):
            return answer(query)
        server.misbehave = None
        try:
            return server.answer(query.to_wire(), "udp")
        finally:
            server.misbehave = choose

    server.misbehave = choose


# ---------------------------------------------------------------- one fault each


def no_record(w: World) -> None:
    w.say("")


def not_delegated(w: World) -> None:
    w.delegate("")


def blocked_by_other_type(w: World) -> None:
    w.say(GOOD + 'rpc.east 300 IN TXT "acme"\n')


def blocked_by_name_below(w: World) -> None:
    w.say(GOOD + '_acme-challenge.rpc.east 300 IN TXT "acme"\n')


def blocked_by_name_above(w: World) -> None:
    w.host = f"peer0.org1.{DOMAIN}"
    w.say(GOOD + 'org1.east 300 IN TXT "mail"\n')


def alias_dangling(w: World) -> None:
    w.say("*.east 300 IN CNAME lb-gone.cloud.test.\n")


def alias_loop(w: World) -> None:
    w.say("rpc.east 300 IN CNAME other.east\nother.east 300 IN CNAME rpc.east\n")


def alias_loop_over_zones(w: World) -> None:
    w.say("*.east 300 IN CNAME round.cloud.test.\n")
    w.tld.zone("cloud.test", f"round 300 IN CNAME {HOST}.\n")


def secondary_behind(w: World) -> None:
    w.say(GOOD, serial=2)
    w.say("", serial=1, who=w.two)


def servers_disagree(w: World) -> None:
    w.say(GOOD)
    w.say("*.east 300 IN A 203.0.113.99\n", who=w.two)


def tcp_blocked(w: World) -> None:
    def cut(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.TC
        return response.to_wire()

    for server in (w.one, w.two):
        only_for_host(server, cut)


def lame_refused(w: World) -> None:
    w.two.misbehave = refuse(dns.rcode.REFUSED)


def lame_servfail(w: World) -> None:
    w.two.misbehave = refuse(dns.rcode.SERVFAIL)


def lame_not_authoritative(w: World) -> None:
    w.two.recursive = True


def lame_upward_referral(w: World) -> None:
    w.two.misbehave = refer("test.", "ns1.test.")


def lame_all(w: World) -> None:
    w.one.misbehave = w.two.misbehave = refuse(dns.rcode.REFUSED)


def silent_one(w: World) -> None:
    w.two.misbehave = lambda _: None


def silent_all(w: World) -> None:
    w.one.misbehave = w.two.misbehave = lambda _: None
    w.near.zones.pop("example.test")


def nameservers_without_address(w: World) -> None:
    w.delegate("example 300 IN NS ns.gone.test.\n")


def one_nameserver_without_address(w: World) -> None:
    names = ("a.example.test.", "ns.gone.test.")
    w.delegate("example 300 IN NS a.example\nexample 300 IN NS ns.gone.test.\na.example 300 IN A 192.0.2.2\n")
    w.say(GOOD, servers=names)


def delegation_differs(w: World) -> None:
    w.say(GOOD, servers=("a.example.test.", "c.example.test."))


def delegation_sideways(w: World) -> None:
    w.tld.misbehave = refer("elsewhere.test.", "ns1.elsewhere.test.")


def no_resolver(w: World) -> None:
    w.near.misbehave = lambda _: None


def zone_cannot_answer(w: World) -> None:
    for server in (w.one, w.two):
        only_for_host(server, refuse(dns.rcode.SERVFAIL))


def negative_cache(w: World) -> None:
    w.second = True
    w.other.zone("example.test", "")


def stale(w: World) -> None:
    w.second = True
    w.other.zone("example.test", "*.east 42 IN A 203.0.113.77\n")


def split_horizon_own_zone(w: World) -> None:
    w.second, w.other.recursive = True, False
    w.other.zone("example.test", "*.east 300 IN A 203.0.113.77\n")


def split_horizon_own_empty_zone(w: World) -> None:
    w.second, w.other.recursive = True, False
    w.other.zone("example.test", "")


def split_horizon_private(w: World) -> None:
    w.second = True
    w.other.zone("example.test", "*.east 300 IN A 10.1.2.3\n")


def bogus(w: World) -> None:
    w.second = True

    def validate(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        if query.flags & dns.flags.CD:
            response.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", GATEWAY))
        else:
            response.set_rcode(dns.rcode.SERVFAIL)
            why = dns.edns.EDEOption(dns.edns.EDECode.SIGNATURE_EXPIRED, "signature of example.test expired")
            response.use_edns(0, options=[why])
        return response.to_wire()

    w.other.misbehave = validate


def rebind(w: World) -> None:
    w.expected = ("192.168.49.2",)
    w.say("*.east 300 IN A 192.168.49.2\n")
    w.second = True
    only_for_host(w.other, refuse(dns.rcode.NOERROR))


def resolver_refuses(w: World) -> None:
    w.second = True
    w.other.misbehave = refuse(dns.rcode.REFUSED)


def resolver_silent(w: World) -> None:
    w.second = True
    w.other.misbehave = lambda _: None


def wrong_address(w: World) -> None:
    w.say("*.east 300 IN A 203.0.113.99\n")


def other_cluster(w: World) -> None:
    w.others = {"203.0.113.99": "west"}
    wrong_address(w)


def internal_address(w: World) -> None:
    w.say("*.east 300 IN A 10.0.0.7\n")


def extra_address(w: World) -> None:
    w.say(GOOD + "*.east 300 IN A 203.0.113.99\n")


def stray_ipv6(w: World) -> None:
    w.say(GOOD + "*.east 300 IN AAAA 2001:db8:bad::1\n")


def wildcard_elsewhere(w: World) -> None:
    w.say("* 300 IN A 203.0.113.200\n")


def alias_elsewhere(w: World) -> None:
    w.expected = (BALANCER,)
    w.say("*.east 300 IN CNAME lb-2.cloud.test.\n")


def gateway_name(w: World) -> None:
    w.expected = ("lb-gone.cloud.test",)


def family_missing(w: World) -> None:
    w.expected = (GATEWAY, SIX)


def address_missing(w: World) -> None:
    w.expected = (GATEWAY, "203.0.113.11")


def _signed(w: World, *, ends: float, key_at_parent: bool = True, sign: bool = True) -> None:
    """The zone with a key, a DS at its parent, and signatures that end at `ends`."""
    private = ec.generate_private_key(ec.SECP256R1())
    key = dns.dnssec.make_dnskey(private.public_key(), dns.dnssec.Algorithm.ECDSAP256SHA256, flags=257)
    zone = dns.name.from_text("example.test")
    stranger = dns.dnssec.make_dnskey(
        ec.generate_private_key(ec.SECP256R1()).public_key(), dns.dnssec.Algorithm.ECDSAP256SHA256, flags=257
    )
    ds = dns.dnssec.make_ds(zone, key if key_at_parent else stranger, "SHA256")
    w.delegate(f"{DELEGATION}example 300 IN DS {ds.to_text()}\n")
    w.say(f"{GOOD}@ 300 IN DNSKEY {key.to_text()}\n")
    if not sign:
        return
    for server in (w.one, w.two):
        held = server.zones["example.test"]
        for kind in ("DNSKEY", "SOA"):
            rrset = dns.rrset.from_rdata_list(
                zone, 300, [server._absolute(item, zone) for item in held.get_rdataset("@", kind)]
            )
            signature = dns.dnssec.sign(
                rrset, private, zone, key, inception=int(ends) - 86400, expiration=int(ends), verify=False
            )
            held.find_rdataset("@", "RRSIG", kind, create=True).add(signature, 300)


def signed_well(w: World) -> None:
    _signed(w, ends=time.time() + 3600)


def signature_expired(w: World) -> None:
    _signed(w, ends=time.time() - 3600)


def key_gone(w: World) -> None:
    _signed(w, ends=time.time() + 3600, key_at_parent=False)


def no_key(w: World) -> None:
    ds = "12345 13 2 " + "ab" * 32
    w.delegate(f"{DELEGATION}example 300 IN DS {ds}\n")


def not_signed(w: World) -> None:
    _signed(w, ends=0, sign=False)


def well(w: World) -> None:
    pass


def well_by_alias(w: World) -> None:
    w.expected = (BALANCER,)
    w.say(f"*.east 300 IN CNAME {BALANCER}.\n")


def well_flattened(w: World) -> None:
    """ALIAS: the provider answers the load balancer's address in its place."""
    w.expected = (BALANCER,)


def well_on_both_families(w: World) -> None:
    w.expected = (GATEWAY, SIX)
    w.say(GOOD + f"*.east 300 IN AAAA {SIX}\n")


def well_over_tcp(w: World) -> None:
    w.one.truncate = True


#: what is broken -> (check, code, status, a part of what is said)
CASES = [
    (no_record, "dns-resolves", "dns-no-record", "failed", "no such name"),
    (not_delegated, "dns-resolves", "dns-not-delegated", "failed", "the servers of .test delegate nothing"),
    (blocked_by_other_type, "dns-resolves", "dns-wildcard-blocked", "failed", f"{HOST} exists"),
    (blocked_by_name_below, "dns-resolves", "dns-wildcard-blocked", "failed", f"{HOST} exists"),
    (blocked_by_name_above, "dns-resolves", "dns-wildcard-blocked", "failed", f"org1.{DOMAIN} exists"),
    (alias_dangling, "dns-resolves", "dns-alias-dangling", "failed", "an alias of lb-gone.cloud.test"),
    (alias_loop, "dns-resolves", "dns-alias-loop", "failed", "circle"),
    (alias_loop_over_zones, "dns-resolves", "dns-alias-loop", "failed", "circle"),
    (secondary_behind, "dns-resolves", "dns-secondary-behind", "failed", "b.example.test (192.0.2.3) still has an older"),
    (servers_disagree, "dns-resolves", "dns-servers-disagree", "failed", "the same version"),
    (tcp_blocked, "dns-resolves", "dns-tcp-blocked", "failed", "cannot be had over TCP"),
    (lame_refused, "dns-zone", "dns-lame-delegation", "warning", "b.example.test (192.0.2.3)"),
    (lame_servfail, "dns-zone", "dns-lame-delegation", "warning", "b.example.test (192.0.2.3)"),
    (lame_not_authoritative, "dns-zone", "dns-lame-delegation", "warning", "b.example.test (192.0.2.3)"),
    (lame_upward_referral, "dns-zone", "dns-lame-delegation", "warning", "b.example.test (192.0.2.3)"),
    (lame_all, "dns-zone", "dns-lame-delegation", "failed", "no server of example.test serves it"),
    (silent_one, "dns-zone", "dns-server-silent", "warning", "1 of 2 servers of example.test do not answer"),
    (silent_all, "dns-resolves", "dns-unreachable", "failed", "does not resolve"),
    (nameservers_without_address, "dns-zone", "dns-nameserver-unresolvable", "failed", "ns.gone.test"),
    (one_nameserver_without_address, "dns-zone", "dns-nameserver-unresolvable", "warning", "ns.gone.test"),
    (delegation_differs, "dns-zone", "dns-delegation-differs", "warning", "c.example.test"),
    (delegation_sideways, "dns-zone", "dns-delegation-broken", "failed", "which leads nowhere"),
    (no_resolver, "dns-resolves", "dns-no-resolver", "failed", "no resolver names the servers of .test"),
    (zone_cannot_answer, "dns-resolves", "dns-servfail", "failed", "server failure"),
    (no_key, "dns-zone", "dns-dnssec-key", "failed", "the zone has no key"),
    (key_gone, "dns-zone", "dns-dnssec-key", "failed", "fits none of the zone's keys"),
    (signature_expired, "dns-zone", "dns-dnssec-expired", "failed", "expired on"),
    (not_signed, "dns-zone", "dns-dnssec-signature", "failed", "is not signed"),
    (negative_cache, "dns-resolves", "dns-negative-cache", "warning", "it ends in 60 s"),
    (stale, "dns-resolves", "dns-resolver-stale", "warning", "for 42 s more"),
    (split_horizon_own_zone, "dns-resolves", "dns-split-horizon", "warning", "a zone of its own"),
    (split_horizon_own_empty_zone, "dns-resolves", "dns-split-horizon", "warning", "a zone of its own"),
    (split_horizon_private, "dns-resolves", "dns-split-horizon", "warning", "10.1.2.3"),
    (bogus, "dns-resolves", "dns-dnssec-bogus", "warning", "signature of example.test expired"),
    (rebind, "dns-resolves", "dns-rebind-protection", "warning", "hides the private address"),
    (resolver_refuses, "dns-resolves", "dns-resolver-fails", "warning", "refused"),
    (resolver_silent, "dns-resolves", "dns-resolver-fails", "warning", "no answer in time"),
    (wrong_address, "dns-address", "dns-wrong-address", "failed", "leads to 203.0.113.99, but the gateway is"),
    (other_cluster, "dns-address", "dns-other-cluster", "failed", "the gateway of cluster west"),
    (internal_address, "dns-address", "dns-internal-address", "failed", "only its own network knows"),
    (extra_address, "dns-address", "dns-extra-address", "failed", "also leads to 203.0.113.99"),
    (stray_ipv6, "dns-address", "dns-stray-ipv6", "failed", "2001:db8:bad::1"),
    (wildcard_elsewhere, "dns-address", "dns-wildcard-elsewhere", "failed", "a wildcard above its domain"),
    (alias_elsewhere, "dns-address", "dns-alias-elsewhere", "failed", "an alias of lb-2.cloud.test"),
    (gateway_name, "dns-address", "dns-gateway-name", "failed", "lb-gone.cloud.test has no address"),
    (family_missing, "dns-address", "dns-family-missing", "warning", "no IPv6 client gets there"),
    (address_missing, "dns-address", "dns-address-missing", "warning", "does not lead to 203.0.113.11"),
    *((case, "", "", "ok", "") for case in (well, well_by_alias, well_flattened, well_on_both_families, well_over_tcp)),
    (signed_well, "", "", "ok", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("broken", "check", "code", "status", "words"), CASES, ids=[case[0].__name__ for case in CASES]
)
async def test_each_is_told_as_the_one_thing_that_is_wrong(name_server, broken, check, code, status, words):
    w = World(
        near=await name_server(recursive=True),
        other=await name_server(recursive=True),
        tld=await name_server(),
        one=await name_server(tcp=broken is not tcp_blocked),
        two=await name_server(tcp=broken is not tcp_blocked),
    )
    for server in (w.near, w.other):
        server.zone("test", "ns1 300 IN A 192.0.2.1\n")
    w.tld.zone("test", f"ns1 300 IN A 192.0.2.1\n{DELEGATION}")
    w.tld.zone("cloud.test", f"lb-1 60 IN A {GATEWAY}\nlb-2 60 IN A 203.0.113.22\n")
    w.say(GOOD)
    broken(w)
    results = await _check(w)
    told = {(r.id, r.code) for r in results if r.code is not None}
    if not check:
        assert told == set()
        assert {r.status for r in results} == {"ok"}
        return
    # a zone that nobody can be asked about is told as a warning too, by the same word
    assert told - {("dns-zone", code)} | {(check, code)} == {(check, code)}, results
    (found,) = [r for r in results if (r.id, r.code) == (check, code)]
    assert found.status == status, found
    assert words in found.summary
    assert found.evidence or code in {"dns-delegation-broken", "dns-nameserver-unresolvable"}
    assert found.remedy
    assert code in {failure.code for failure in BY_ID[check].failures}
    others = {r.status for r in results if r is not found}
    assert (
        others <= {"ok", "skipped", "warning"} if code in {"dns-unreachable", "dns-no-resolver"} else {"ok", "skipped"}
    )
    # the politeness rule: no recursive resolver hears of a host that no authority has
    if found.id == "dns-resolves" and found.status == "failed":
        asked = {name for server in (w.near, w.other) for name, _, recursion, _ in server.asked if recursion}
        assert w.host not in asked


async def _check(w: World) -> list[CheckResult]:
    """The checks of one host, as far as they are about names: what lies behind is a server that accepts."""
    async with contextlib.AsyncExitStack() as stack:
        listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        stack.callback(listener.close)
        where = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        routes = {
            "192.0.2.250:53": w.near.where,
            "192.0.2.251:53": w.other.where,
            "192.0.2.1:53": w.tld.where,
            "192.0.2.2:53": w.one.where,
            "192.0.2.3:53": w.two.where,
            f"{w.host}:80": where,
        }
        recursive = (Server("192.0.2.250"), *((Server("192.0.2.251"),) if w.second else ()))
        resolver = Resolver(Dialer(routes), recursive=recursive, timeout=5.0)
        endpoint = Endpoint(
            id="rpc", cluster="east", organization="o", release="r", host=w.host, port=80, protocol="tcp", probe="tls",
            service="rpc.ns:80",
        )  # fmt: skip
        return [
            result
            async for result in check_cluster(
                "east", (endpoint,), DOMAIN, addresses=w.expected, service_ports=(80,), resolver=resolver,
                dialer=Dialer(routes), trust={}, timeout=5.0, others=w.others,
            )
        ]  # fmt: skip
