"""The DNS gate: what it shows, how often it asks, and that it opens only when everybody agrees."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bevel_tui.reachability.answers import Answer, Lookup, Server, Zone, merge
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.gate import gate
from bevel_tui.reachability.resolver import Resolver

ONE, TWO = Server("192.0.2.1", name="ns1.test"), Server("192.0.2.2", name="ns2.test")
ZONE = Zone("test", (ONE, TWO))
NEAR, FAR = Server("127.0.0.53"), Server("10.0.0.2", name="corp")
GATEWAY = ("203.0.113.10",)
RIGHT = "203.0.113.10"


def says(server: Server, *addresses: str, chain: tuple[str, ...] = ()) -> Answer:
    outcome = "answer" if addresses or chain else "nxdomain"
    return Answer(server, "", outcome, addresses=addresses, chain=chain, negative_ttl=None if addresses else 60)


class Script:
    """Authorities that follow a script: one list of answers a question, the last one for ever. Records times."""

    def __init__(
        self,
        *rounds: tuple[Answer, ...],
        zone: Zone = ZONE,
        resolvers: Callable[[str], tuple[Answer, ...]] | None = None,
    ) -> None:
        self.rounds = list(rounds)
        self.zone = zone
        self.resolvers = resolvers
        self.recursive = (NEAR, FAR) if resolvers is not None else ()
        self.followed: list[tuple[float, str]] = []
        self.asked: list[tuple[float, str]] = []

    async def lookup(self, name: str) -> Lookup:
        self.asked.append((asyncio.get_running_loop().time(), name))
        answers = self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]
        return merge(name, self.zone, answers)

    async def here(self, lookup: Lookup) -> tuple[Answer, ...]:
        assert lookup.outcome == "answer", "no resolver may be asked for what an authority does not have"
        if self.resolvers is None:
            return ()
        self.followed.append((asyncio.get_running_loop().time(), lookup.name))
        return self.resolvers(lookup.name)

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


# ---------------------------------------------------------------- recursive resolvers, once the authorities agree


def denies(server: Server, seconds: int | None) -> Answer:
    return Answer(server, "", "nxdomain", negative_ttl=seconds)


def now() -> float:
    return asyncio.get_running_loop().time()


AGREED = (says(ONE, RIGHT), says(TWO, RIGHT))


@pytest.mark.looptime
async def test_resolvers_are_asked_and_shown_only_after_the_authorities_agree():
    silent, half = (says(ONE), says(TWO)), (says(ONE, RIGHT), says(TWO))
    script = Script(silent, half, AGREED, resolvers=lambda _: (says(NEAR, RIGHT), says(FAR, RIGHT)))
    found = await states(script)
    assert [list(state.servers) for state in found[:2]] == [["ns1.test (192.0.2.1)", "ns2.test (192.0.2.2)"]] * 2
    assert found[2].waiting_for == "the recursive resolvers to answer"
    assert list(found[3].servers) == [
        "ns1.test (192.0.2.1)", "ns2.test (192.0.2.2)", "resolver 127.0.0.53", "resolver corp (10.0.0.2)",
    ]  # fmt: skip
    assert set(found[3].servers.values()) == {RIGHT}
    assert found[3].ready
    assert found[3].behind == {}
    assert len(script.followed) == 1


@pytest.mark.looptime
async def test_a_resolver_that_will_forget_is_waited_for_and_its_seconds_run_down():
    def resolvers(_: str) -> tuple[Answer, ...]:
        left = int(40 - now())
        return says(NEAR, RIGHT), says(FAR, RIGHT) if left <= 0 else denies(FAR, left)

    script = Script(AGREED, resolvers=resolvers)
    found = await states(script, hosts=("rpc.east.test", "ca.east.test"))
    assert [state.ready for state in found] == [False] * (len(found) - 1) + [True]
    assert found[0].waiting_for == "resolver corp (10.0.0.2) to forget its old answer for rpc.east.test, in 40 s"
    assert found[0].servers["resolver corp (10.0.0.2)"] == "rpc.east.test: no such name, for 40 s more"
    assert found[1].servers["resolver corp (10.0.0.2)"] == "rpc.east.test: no such name, for 25 s more"
    assert found[-1].servers["resolver corp (10.0.0.2)"] == RIGHT
    assert now() == 40, "it asks again when the time is over, not every second"


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (denies(FAR, 3600), "no such name"),
        (Answer(FAR, "", "answer", addresses=("198.51.100.1",), ttl=86400), "198.51.100.1"),
        (Answer(FAR, "", "answer", addresses=("10.1.2.3",), ttl=5), "10.1.2.3"),
        (Answer(FAR, "", "nxdomain", negative_ttl=5, authoritative=True), "no such name"),
        (Answer(FAR, "", "servfail", extended=("dnssec bogus",)), "server failure"),
        (Answer(FAR, "", "refused"), "refused"),
        (Answer(FAR, "", "timeout"), "no answer in time"),
    ],
)
async def test_what_does_not_end_soon_by_itself_is_shown_and_holds_nobody_up(answer, words):
    (only,) = await states(Script(AGREED, resolvers=lambda _: (says(NEAR, RIGHT), answer)))
    assert only.ready
    assert only.servers["resolver 127.0.0.53"] == RIGHT
    assert only.behind.keys() == {"resolver corp (10.0.0.2)"}
    assert words in only.behind["resolver corp (10.0.0.2)"]


@pytest.mark.looptime
async def test_resolvers_get_a_bounded_time_and_who_only_looks_waits_for_none():
    endless = Script(AGREED, resolvers=lambda _: (denies(FAR, 30),))
    found = await states(endless, patience=100.0)
    assert found[-1].ready
    assert "no such name" in found[-1].behind["resolver corp (10.0.0.2)"]
    assert 70 < now() <= 100
    looking = Script(AGREED, resolvers=lambda _: (denies(FAR, 30),))
    (only,) = await states(looking, patience=0)
    assert only.ready
    assert only.behind


@pytest.mark.looptime
async def test_a_name_that_resolvers_have_right_is_not_asked_again():
    def resolvers(name: str) -> tuple[Answer, ...]:
        return (denies(NEAR, 10),) if name.startswith("ca.") and now() < 10 else (says(NEAR, RIGHT),)

    script = Script(AGREED, resolvers=resolvers)
    await states(script, hosts=("rpc.east.test", "ca.east.test"))
    assert [name for _, name in script.followed] == ["rpc.east.test", "ca.east.test", "ca.east.test"]


async def test_the_gate_asks_no_resolver_before_the_authority_has_every_name(name_server):
    """The politeness rule of the whole gate, on name servers that record their questions."""
    authority, near = await name_server(), await name_server(recursive=True)
    tld = await name_server()
    tld.zone("test", "ns1 300 IN A 192.0.2.1\neast 300 IN NS a.east\na.east 300 IN A 192.0.2.2\n")
    authority.zone("east.test", "a 300 IN A 192.0.2.2\n", servers=("a.east.test.",))
    near.zone("test", "ns1 300 IN A 192.0.2.1\n")
    near.zone("east.test", "* 300 IN A 203.0.113.10\n")
    routes = {"192.0.2.250:53": near.where, "192.0.2.1:53": tld.where, "192.0.2.2:53": authority.where}
    resolver = Resolver(Dialer(routes), recursive=(Server("192.0.2.250"),), timeout=5.0)
    hosts, rounds = ("rpc.east.test", "ca.east.test"), 0
    async for state in gate("east.test", hosts, GATEWAY, resolver=resolver, first=0.01, longest=0.01):
        rounds += 1
        if not state.ready and state.waiting_for != "the recursive resolvers to answer":
            assert not {name for name, *_ in near.asked} & set(hosts)
            one = "rpc 300 IN A 203.0.113.10\n" if rounds == 1 else "* 300 IN A 203.0.113.10\n"
            authority.zone("east.test", f"a 300 IN A 192.0.2.2\n{one}", servers=("a.east.test.",))
    assert rounds == 4, "without the record, with one of two, with all, and ready"
    assert {name for name, *_ in near.asked} >= set(hosts)
    assert state.servers["resolver 192.0.2.250"] == RIGHT
