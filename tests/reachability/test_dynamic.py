"""Dynamic updates against real primaries: BIND and Knot. Nobody's record is overwritten, and what was made goes again."""

from __future__ import annotations

import pytest

from bevel_tui.reachability.answers import Server
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.dynamic import Key, Mark, UpdateError, Updater
from bevel_tui.reachability.wanted import records
from bevel_tui.reachability.wire import Wire

ZONE = """$TTL 300
@ IN SOA ns1 admin 1 7200 900 1209600 60
@ IN NS ns1
ns1 IN A 127.0.0.1
www IN A 192.0.2.80
"""
DOMAIN = "east.example.test"
FIRST, SECOND = records(DOMAIN, ["203.0.113.10", "2001:db8::10"], 300), records(DOMAIN, ["203.0.113.20"], 300)
ALIAS = records(DOMAIN, ["lb-1.cloud.test"], 300)


@pytest.fixture(params=["bind", "knot"])
def server(request, real_dns):
    return getattr(real_dns, request.param)({"example.test": ZONE})


@pytest.fixture
def updater(server, real_dns):
    return Updater(
        Dialer({"ns1.example.test:53": server.where}), "ns1.example.test", Key("updater", "hmac-sha256", real_dns.key)
    )


async def answers(server, name: str) -> set[str]:
    answer = await Wire(Dialer(), 2.0).ask(Server("127.0.0.1", server.port), name)
    return {*answer.addresses, *answer.chain}


async def test_the_life_of_a_domain(server, updater):
    foreseen = await updater.foresee(DOMAIN, FIRST, "n1")
    assert (foreseen.outcome, foreseen.words) == (
        "created",
        f"*.{DOMAIN}: A 203.0.113.10 AAAA 2001:db8::10 in zone example.test",
    )
    assert not await updater.marked(DOMAIN), "a look changes nothing"
    done = await updater.publish(DOMAIN, FIRST, "n1")
    assert (done.outcome, done.zone) == ("created", "example.test")
    assert (await updater.foresee(DOMAIN, FIRST, "n1")).outcome == "unchanged"
    foreseen = await updater.foresee(DOMAIN, SECOND, "n1")
    assert foreseen.outcome == "replaced"
    assert "A 203.0.113.10 AAAA 2001:db8::10 -> A 203.0.113.20" in foreseen.words
    with pytest.raises(UpdateError) as refused:
        await updater.foresee(DOMAIN, SECOND, "ours")
    assert refused.value.code == "update-record-taken"
    for name in (f"rpc.{DOMAIN}", f"peer0.org1.{DOMAIN}", DOMAIN):
        assert await answers(server, name) == {"203.0.113.10", "2001:db8::10"}
    assert (await updater.publish(DOMAIN, FIRST, "n1")).outcome == "unchanged"
    assert await updater.marked(DOMAIN)
    # the gateway got another address
    assert (await updater.publish(DOMAIN, SECOND, "n1")).outcome == "replaced"
    assert await answers(server, f"rpc.{DOMAIN}") == {"203.0.113.20"}
    # and became a load balancer with a name
    assert (await updater.publish(DOMAIN, ALIAS, "n1")).outcome == "replaced"
    assert await answers(server, f"rpc.{DOMAIN}") == {"lb-1.cloud.test"}
    assert (await updater.withdraw(DOMAIN, "n1")).outcome == "removed"
    assert await answers(server, f"rpc.{DOMAIN}") == set()
    assert await answers(server, DOMAIN) == set()
    assert await answers(server, "www.example.test") == {"192.0.2.80"}
    assert not await updater.marked(DOMAIN)
    assert (await updater.withdraw(DOMAIN, "n1")).outcome == "left"


async def test_what_others_made_is_never_overwritten(server, updater, real_dns):
    await updater.publish(DOMAIN, FIRST, "theirs")
    with pytest.raises(UpdateError) as refused:
        await updater.publish(DOMAIN, SECOND, "ours")
    assert refused.value.code == "update-record-taken"
    assert "network theirs" in refused.value.words
    assert (await updater.publish(DOMAIN, FIRST, "ours")).outcome == "found", "right already, whoever made it"
    assert (await updater.withdraw(DOMAIN, "ours")).outcome == "left"
    # networks that share the gateway may follow its address, and the last one takes the records along
    assert (await updater.publish(DOMAIN, SECOND, "ours", friends=("theirs",))).outcome == "replaced"
    assert (await updater.withdraw(DOMAIN, "ours", ("203.0.113.20",))).outcome == "removed"
    assert await answers(server, f"rpc.{DOMAIN}") == set()


async def test_what_a_person_changed_is_left(server, updater, real_dns):
    import dns.asyncquery
    import dns.tsigkeyring
    import dns.update

    await updater.publish(DOMAIN, FIRST, "n1")
    by_hand = dns.update.UpdateMessage(
        "example.test", keyring=dns.tsigkeyring.from_text({"updater": real_dns.key}), keyalgorithm="hmac-sha256"
    )
    by_hand.replace(f"*.{DOMAIN}.", 60, "A", "198.51.100.1")
    assert (await dns.asyncquery.tcp(by_hand, "127.0.0.1", port=server.port, timeout=5)).rcode() == 0
    with pytest.raises(UpdateError) as refused:
        await updater.publish(DOMAIN, SECOND, "n1")
    assert refused.value.code == "update-record-changed"
    assert (await updater.withdraw(DOMAIN, "n1")).outcome == "left"
    assert "198.51.100.1" in await answers(server, f"rpc.{DOMAIN}")


async def test_a_record_without_our_mark_is_somebodys(real_dns):
    server = real_dns.bind({"example.test": ZONE + "*.east IN A 198.51.100.7\neast IN A 198.51.100.8\n"})
    updater = Updater(Dialer(), server.where, Key("updater", "hmac-sha256", real_dns.key))
    with pytest.raises(UpdateError) as refused:
        await updater.publish(DOMAIN, FIRST, "n1")
    assert refused.value.code == "update-record-taken"
    assert await answers(server, f"rpc.{DOMAIN}") == {"198.51.100.7"}


async def test_the_domains_own_name_stays_where_somebody_has_it(real_dns):
    server = real_dns.bind({"example.test": ZONE + "east IN A 198.51.100.8\n"})
    updater = Updater(Dialer(), server.where, Key("updater", "hmac-sha256", real_dns.key))
    assert (await updater.publish(DOMAIN, FIRST, "n1")).outcome == "created"
    assert await answers(server, DOMAIN) == {"198.51.100.8"}
    assert (await updater.withdraw(DOMAIN, "n1")).outcome == "removed"
    assert await answers(server, DOMAIN) == {"198.51.100.8"}


async def test_a_domain_that_is_a_zone_gets_no_alias_of_its_own(real_dns):
    server = real_dns.bind({DOMAIN: ZONE})
    updater = Updater(Dialer(), server.where, Key("updater", "hmac-sha256", real_dns.key))
    assert (await updater.publish(DOMAIN, ALIAS, "n1")).zone == DOMAIN
    assert await answers(server, f"rpc.{DOMAIN}") == {"lb-1.cloud.test"}
    assert await answers(server, DOMAIN) == set()


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (Key("stranger", "hmac-sha256", "c3RyYW5nZXI="), "update-key-unknown"),
        (Key("updater", "hmac-sha256", "b3RoZXIgc2VjcmV0"), "update-key-wrong"),
        (Key("updater", "hmac-sha256", "not base64!"), "update-key-invalid"),
        (None, "update-refused"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_keys_that_do_not_serve(real_dns, key, code):
    server = real_dns.bind({"example.test": ZONE})
    with pytest.raises(UpdateError) as refused:
        await Updater(Dialer(), server.where, key).publish(DOMAIN, FIRST, "n1")
    assert refused.value.code == code
    assert refused.value.remedy
    assert key is None or key.secret not in refused.value.words + refused.value.remedy + repr(key)


async def test_servers_that_do_not_serve(real_dns):
    key = Key("updater", "hmac-sha256", real_dns.key)
    server = real_dns.bind({"elsewhere.test": ZONE})
    for where, code in ((server.where, "update-not-authoritative"), ("127.0.0.1:1", "update-server-silent")):
        with pytest.raises(UpdateError) as refused:
            await Updater(Dialer(), where, key, timeout=0.5).publish(DOMAIN, FIRST, "n1")
        assert refused.value.code == code


def test_a_mark_reads_what_it_wrote_and_nothing_else():
    mark = Mark("n1", "0123456789abcdef", True)
    assert Mark.parse(f'"{mark.text}"') == mark
    assert Mark.parse('"heritage=external-dns,external-dns/owner=default"') is None
    assert Mark.parse('"v=spf1 -all"') is None
