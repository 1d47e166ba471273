"""The records of a domain in every form: what is written is what that DNS takes, and never more than the records."""

from __future__ import annotations

import json
import shlex

import dns.rdatatype
import dns.zone
import pytest

from bevel_tui.cli.dns import FORMS as CLI_FORMS
from bevel_tui.reachability.recipes import FORMS, Recipe, render
from bevel_tui.reachability.wanted import records

DOMAIN = "east.example.com"
BALANCER = "a1b2.elb.eu-west-1.amazonaws.com"


def recipe(*addresses: str, zone: str | None = "example.com", **more: str) -> Recipe:
    return Recipe(DOMAIN, records(DOMAIN, addresses, 120), zone=zone, **more)


BOTH = recipe("203.0.113.10", "2001:db8::10")
ALIAS = recipe(BALANCER)


def test_the_command_line_offers_every_form():
    assert CLI_FORMS == FORMS


def test_the_table_is_aligned_and_complete():
    head, *rows = render(BOTH, "table").splitlines()
    assert head.split() == ["NAME", "TYPE", "TTL", "VALUE"]
    assert [row.split() for row in rows] == [
        ["*.east.example.com", "A", "120", "203.0.113.10"],
        ["*.east.example.com", "AAAA", "120", "2001:db8::10"],
        ["east.example.com", "A", "120", "203.0.113.10"],
        ["east.example.com", "AAAA", "120", "2001:db8::10"],
    ]
    assert len({line.index(word) for line, word in zip(rows, ["203", "2001", "203", "2001"], strict=True)}) == 1


@pytest.mark.parametrize("one", [BOTH, ALIAS], ids=["addresses", "alias"])
def test_a_zone_file_takes_the_lines(one: Recipe):
    soa = "@ 300 IN SOA ns1 admin 1 7200 900 1209600 60\n@ 300 IN NS ns1\nns1 300 IN A 192.0.2.1\n"
    zone = dns.zone.from_text(soa + render(one, "zone"), origin="example.com", relativize=False)
    found = {
        (str(name).rstrip("."), dns.rdatatype.to_text(data.rdtype), str(data).rstrip("."))
        for name, _, data in zone.iterate_rdatas()
        if str(name).endswith("east.example.com.")
    }
    assert found == {(r.name, r.type, r.value) for r in one.records}


def test_route53_gets_one_change_per_record_set():
    batch = json.loads(render(recipe("203.0.113.10", "203.0.113.11"), "route53"))
    assert [change["ResourceRecordSet"] for change in batch["Changes"]] == [
        {
            "Name": f"{name}.",
            "Type": "A",
            "TTL": 120,
            "ResourceRecords": [{"Value": "203.0.113.10"}, {"Value": "203.0.113.11"}],
        }
        for name in ("*.east.example.com", "east.example.com")
    ]


@pytest.mark.parametrize(
    ("form", "one", "wanted"),
    [
        (
            "azure",
            BOTH,
            [
                "az network dns record-set a create --resource-group $RESOURCE_GROUP --zone-name example.com --name *.east --ttl 120",
                "az network dns record-set a add-record --resource-group $RESOURCE_GROUP --zone-name example.com --record-set-name *.east --ipv4-address 203.0.113.10",
                "az network dns record-set aaaa create --resource-group $RESOURCE_GROUP --zone-name example.com --name *.east --ttl 120",
                "az network dns record-set aaaa add-record --resource-group $RESOURCE_GROUP --zone-name example.com --record-set-name *.east --ipv6-address 2001:db8::10",
            ],
        ),
        (
            "azure",
            ALIAS,
            [
                "az network dns record-set cname create --resource-group $RESOURCE_GROUP --zone-name example.com --name *.east --ttl 120",
                f"az network dns record-set cname set-record --resource-group $RESOURCE_GROUP --zone-name example.com --record-set-name *.east --cname {BALANCER}",
            ],
        ),
        (
            "gcp",
            BOTH,
            [
                "gcloud dns record-sets create *.east.example.com. --zone=$MANAGED_ZONE --type=A --ttl=120 --rrdatas=203.0.113.10",
                "gcloud dns record-sets create *.east.example.com. --zone=$MANAGED_ZONE --type=AAAA --ttl=120 --rrdatas=2001:db8::10",
            ],
        ),
        (
            "digitalocean",
            ALIAS,
            [
                f"doctl compute domain records create example.com --record-type CNAME --record-name *.east --record-data {BALANCER}. --record-ttl 120",
                f"doctl compute domain records create example.com --record-type CNAME --record-name east --record-data {BALANCER}. --record-ttl 120",
            ],
        ),
        (
            "external-dns",
            recipe("203.0.113.10", service="ambassador/emissary", context="kind east"),
            [
                "kubectl --context kind east -n ambassador annotate service emissary --overwrite "
                "external-dns.alpha.kubernetes.io/hostname=*.east.example.com.,east.example.com."
            ],
        ),
    ],
    ids=["azure", "azure alias", "gcp", "digitalocean alias", "external-dns"],
)
def test_commands_say_each_record_once(form, one, wanted):
    said = [shlex.split(line) for line in render(one, form).splitlines()]
    # a blank inside a word is a quoted one: the shell must see it as one word
    assert [" ".join(words) for words in said[: len(wanted)]] == wanted
    assert not any("*" in word and word not in shlex.split(shlex.quote(word)) for words in said for word in words)


def test_nsupdate_overwrites_nobodys_record():
    one = Recipe(DOMAIN, BOTH.records, zone="example.com", server="ns1.example.com:5353")
    lines = render(one, "nsupdate").splitlines()
    assert lines[:4] == [
        "server ns1.example.com 5353",
        "zone example.com.",
        "prereq nxrrset *.east.example.com. A",
        "update add *.east.example.com. 120 A 203.0.113.10",
    ]
    assert lines[-1] == "send"


@pytest.mark.parametrize("form", [form for form in FORMS if form not in ("table", "zone")])
def test_a_zone_gets_no_alias_at_its_own_name(form):
    text = render(recipe(BALANCER, zone=DOMAIN), form)
    assert text.count(BALANCER) == (0 if form == "external-dns" else 1)
    if form in ("azure", "digitalocean"):
        assert "'*'" in text, "names are relative to the zone that holds them"


def test_without_a_known_zone_the_parent_is_taken():
    assert recipe("203.0.113.10", zone=None).origin == "example.com"
    assert Recipe("example.com", (), zone=None).origin == "example.com"
