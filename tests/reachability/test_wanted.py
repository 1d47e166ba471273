"""The records to create, and which answers are right."""

from __future__ import annotations

import ipaddress

import dns.zone
from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.reachability.wanted import is_ip, leads_there, records, zone_lines

ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)


def test_both_families():
    made = records("east.test", ("192.0.2.1", "2001:DB8::1"), 60)
    assert [(r.name, r.type, r.value, r.ttl) for r in made] == [
        ("*.east.test", "A", "192.0.2.1", 60),
        ("*.east.test", "AAAA", "2001:db8::1", 60),
        ("east.test", "A", "192.0.2.1", 60),
        ("east.test", "AAAA", "2001:db8::1", 60),
    ]


@given(st.lists(ADDRESSES, min_size=1, max_size=4, unique_by=ipaddress.ip_address))
def test_zone_lines_are_a_zone_that_leads_there(addresses):
    text = "\n".join(
        ["@ 60 IN SOA ns admin 1 2 3 4 5", "@ 60 IN NS ns", *zone_lines(records("east.test", addresses, 60))]
    )
    zone = dns.zone.from_text(text, origin="east.test", check_origin=False)
    answered = [str(item) for kind in ("A", "AAAA") for rr in [zone.get_rdataset("*", kind)] if rr for item in rr]
    assert leads_there(answered, (), addresses, ())


@given(st.lists(ADDRESSES, min_size=1, max_size=3), ADDRESSES)
def test_one_foreign_address_is_wrong(expected, foreign):
    right = {ipaddress.ip_address(address) for address in expected}
    assert leads_there((*expected, foreign), (), expected, ()) == (ipaddress.ip_address(foreign) in right)


def test_no_answer_leads_nowhere():
    assert not leads_there((), (), ("192.0.2.1",), ())
    assert leads_there(("198.51.100.1",), ("lb.cloud.test",), ("LB.cloud.test.",), ())
    assert not is_ip("lb.cloud.test")
