"""The DNS gate: what it shows, how often it asks, and that it opens only when everybody agrees."""

from __future__ import annotations

import asyncio

import pytest

from bevel_tui.reachability.answers import Answer, Lookup, Server, Zone, merge
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.gate import gate
from bevel_tui.reachability.resolver import Resolver

ONE, TWO = Server("192.0.2.1", name="ns1.test"), Server("192.0.2.2", name="ns2.test")
ZONE = Zone("test", (ONE, TWO))
GATEWAY = ("203.0.113.10",)


def says(server: Server, *addresses: str, chain: tuple[str, ...] = ()) -> Answer:
    outcome = "answer" if addresses or chain else "nxdomain"
    return Answer(server, "", outcome, addresses=addresses, chain=chain, negative_ttl=None if addresses else 60)


class Script:
    """Authorities that follow a script: one list of answers a question, the last one for ever. Records times."""

    def __init__(self, *rounds: tuple[Answer, ...], zone: Zone = ZONE) -> None:
        self.rounds = list(rounds)
        self.zone = zone
        self.asked: list[tuple[float, str]] = []

    async def lookup(self, name: str) -> Lookup:
        self.asked.append((asyncio.get_running_loop().time(), name))
        answers = self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]
        return merge(name, self.zone, answers)

    async def wildcard(self, domain: str) -> tuple[Answer, ...]:
        raise AssertionError("an authority is known: nobody else may be asked")


async def states(script, hosts=("rpc.east.test",), expected=GATEWAY, **more):
    return [state async for state in gate("east.test", hosts, expected, resolver=script, **more)]


@pytest.mark.looptime
async def test_it_shows_the_records_and_every_servers_word_until_all_agree():
    script = Script(
        (says(ONE), says(TWO)),
        (says(ONE, "203.0.113.10"), says(TWO)),
        (says(ONE, "203.0.113.10"), says(TWO, "203.0.113.10")),
    )
    first, second, last = await states(script)
    assert [(r.name, r.type, r.value) for r in first.records] == [
        ("*.east.test", "A", "203.0.113.10"),
        ("east.test", "A", "203.0.113.10"),
    ]
    assert first.zone_lines[0] == "*.east.test. 300 IN A 203.0.113.10"
    assert first.servers == {
        "ns1.test (192.0.2.1)": "no such name, remembered for 60 s",
        "ns2.test (192.0.2.2)": "no such name, remembered for 60 s",
    }
    assert first.waiting_for == "somebody to create the records of east.test (rpc.east.test: no such name)"
    assert not second.ready
    assert second.servers["ns1.test (192.0.2.1)"] == "203.0.113.10"
    assert last.ready
    assert last.addresses == GATEWAY


@pytest.mark.looptime
async def test_questions_become_rarer_and_a_change_makes_them_frequent_again():
    silent = (says(ONE), says(TWO))
    half = (says(ONE, "203.0.113.10"), says(TWO))
    done = (says(ONE, "203.0.113.10"), says(TWO, "203.0.113.10"))
    script = Script(silent, silent, silent, silent, half, half, done)
    await states(script, first=2.0, longest=5.0)
    assert [time for time, _ in script.asked] == [0, 2, 5, 9.5, 14.5, 16.5, 19.5]


@pytest.mark.looptime
async def test_unchanged_rounds_are_not_told():
    silent = (says(ONE), says(TWO))
    done = (says(ONE, "203.0.113.10"), says(TWO, "203.0.113.10"))
    assert len(await states(Script(silent, silent, silent, done))) == 2


@pytest.mark.looptime
async def test_a_stale_address_beside_the_right_one_keeps_it_shut():
    both = (says(ONE, "198.51.100.1", "203.0.113.10"),)
    right = (says(ONE, "203.0.113.10"),)
    first, last = await states(Script(both, right))
    assert "198.51.100.1 203.0.113.10 instead of 203.0.113.10" in first.waiting_for
    assert last.ready


@pytest.mark.looptime
async def test_every_host_must_lead_there_not_only_the_first():
    class PerName(Script):
        async def lookup(self, name: str) -> Lookup:
            late = name == "ca.east.test" and asyncio.get_running_loop().time() < 10
            self.asked.append((0, name))
            return merge(name, ZONE, (says(ONE) if late else says(ONE, "203.0.113.10"),))

    found = await states(PerName((says(ONE),)), hosts=("rpc.east.test", "ca.east.test"))
    assert not found[0].ready
    assert "ca.east.test" in found[0].waiting_for
    assert found[-1].ready


@pytest.mark.looptime
async def test_without_hosts_a_label_below_the_wildcard_is_asked_for():
    script = Script((says(ONE, "203.0.113.10"),))
    await states(script, hosts=())
    assert script.asked == [(0, "bevel-tui-probe.east.test")]


async def test_skip_asks_nobody():
    script = Script((says(ONE),))
    (only,) = await states(script, mode="skip")
    assert only.ready
    assert script.asked == []


@pytest.mark.looptime
async def test_the_wait_names_who_is_awaited():
    done = (says(ONE, "203.0.113.10"),)
    first, *_ = await states(Script((says(ONE),), done), mode="external-dns")
    assert first.waiting_for.startswith("external-dns to create")
    first, *_ = await states(Script((says(ONE),), done), mode="rfc2136")
    assert first.waiting_for.startswith("the server to accept")


@pytest.mark.looptime
async def test_closed_port_53_is_said_and_the_wildcard_decides():
    class Blocked(Script):
        async def wildcard(self, domain: str) -> tuple[Answer, ...]:
            there = asyncio.get_running_loop().time() > 5
            return (says(Server("192.0.2.53"), "203.0.113.10") if there else says(Server("192.0.2.53")),)

    script = Blocked((), zone=Zone(None, (), "no answer from the servers of test (a.test)"))
    first, last = await states(script)
    assert first.servers["authority"] == "no answer from the servers of test (a.test)"
    assert first.servers["192.0.2.53"].startswith("*.east.test: no such name")
    assert "no authoritative server can be asked" in first.waiting_for
    assert last.ready


async def test_a_load_balancers_host_name_becomes_an_alias(name_server):
    server = await name_server()
    server.zone("cloud.test", "lb-1.elb 30 IN A 192.0.2.9\n")
    server.zone("east.test", "")
    resolver = Resolver(Dialer(), authorities=(Server.parse(server.where),))
    seen = []
    async for state in gate(
        "east.test", ("rpc.east.test",), ("lb-1.elb.cloud.test",), resolver=resolver, first=0.01, longest=0.01
    ):
        seen.append(state)
        server.zone("east.test", "* 60 IN CNAME lb-1.elb.cloud.test.\n")
    assert [(r.name, r.type, r.value) for r in seen[0].records] == [
        ("*.east.test", "CNAME", "lb-1.elb.cloud.test"),
        ("east.test", "CNAME", "lb-1.elb.cloud.test"),
    ]
    assert seen[0].zone_lines[0] == "*.east.test. 300 IN CNAME lb-1.elb.cloud.test."
    assert "ALIAS" in seen[0].zone_lines[2]
    assert seen[-1].ready
    assert seen[-1].addresses == ("192.0.2.9",)


async def test_an_alias_record_made_by_the_provider_is_right_too(name_server):
    server = await name_server()
    server.zone("cloud.test", "lb-1.elb 30 IN A 192.0.2.9\n")
    server.zone("east.test", "* 60 IN A 192.0.2.9\n")
    resolver = Resolver(Dialer(), authorities=(Server.parse(server.where),))
    (only,) = [s async for s in gate("east.test", ("a.east.test",), ("lb-1.elb.cloud.test",), resolver=resolver)]
    assert only.ready
