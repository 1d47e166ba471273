"""The kinds of check about names, with every way in which DNS can be wrong."""

from __future__ import annotations

from bevel_tui.reachability.kinds import CheckKind, Failure
from bevel_tui.reachability.names.externaldns import EXTERNAL_DNS_KIND

NAME_KINDS: tuple[CheckKind, ...] = (
    EXTERNAL_DNS_KIND,
    CheckKind(
        "dns-zone",
        "Is the zone of a host delegated, served by all of its servers, and signed as it should be?",
        "a zone, found by walking down the delegations; once for all hosts in it",
        "Each server's word with the zone's serial and for how long it lets a missing name be remembered; the parent's DS "
        "record, the zone's keys and when its signatures end. All of it asked without recursion, so that nothing is "
        "cached by asking.",
        "Nobody can find the zone's servers, none of them serves it, or its signatures are wrong. A zone that some of its "
        "servers do not serve is a warning.",
        ("lb-address",),
        (
            Failure(
                "dns-no-resolver", "no resolver of this machine answers; warning, since the wildcard may show the way"
            ),
            Failure("dns-unreachable", "no authoritative server can be asked from here (port 53 is closed); warning"),
            Failure(
                "dns-nameserver-unresolvable",
                "a name server in the delegation has no address; warning while others have",
            ),
            Failure("dns-delegation-broken", "the delegation leads away from the zone, or never ends"),
            Failure(
                "dns-lame-delegation",
                "a server that the zone is delegated to does not serve it; warning while others do",
            ),
            Failure("dns-server-silent", "a server of the zone does not answer, others do; warning"),
            Failure("dns-delegation-differs", "parent and zone name different servers; warning"),
            Failure("dns-dnssec-key", "the parent's DS record fits no key of the zone"),
            Failure("dns-dnssec-expired", "a signature of the zone has expired"),
            Failure("dns-dnssec-signature", "a signature is missing, or does not verify"),
        ),
    ),
    CheckKind(
        "dns-resolves",
        "Do the authoritative servers know the host, and do the recursive resolvers follow them?",
        "a host name",
        "Each server's answer with its TTL. Authoritative servers are asked first; recursive resolvers are asked only "
        "for names that an authority has. A resolver that still remembers an old answer is a warning.",
        "The record is missing, the authoritative servers disagree, or they cannot be asked from here.",
        ("dns-zone",),
        (
            Failure("dns-no-record", "no authority has the name"),
            Failure("dns-not-delegated", "the domain is not registered, or not delegated"),
            Failure(
                "dns-wildcard-blocked", "the wildcard is there, and another name keeps it from answering (RFC 4592)"
            ),
            Failure("dns-alias-dangling", "the name is an alias (CNAME) of one that has no address"),
            Failure("dns-alias-loop", "aliases go in a circle"),
            Failure("dns-secondary-behind", "a server still has an older version of the zone"),
            Failure("dns-servers-disagree", "servers with the same version of the zone say different things"),
            Failure("dns-tcp-blocked", "the answer does not fit into UDP, and TCP port 53 is closed"),
            Failure("dns-unreachable", "no authoritative server can be asked, and no wildcard answers"),
            Failure("dns-no-resolver", "as for the zone"),
            Failure("dns-lame-delegation", "the servers do not serve the name"),
            Failure("dns-servfail", "the servers have the zone, and cannot answer from it"),
            Failure(
                "dns-negative-cache",
                "a resolver remembers that the name was missing; says in how many seconds it ends; warning",
            ),
            Failure("dns-resolver-stale", "a resolver remembers an older answer; warning"),
            Failure(
                "dns-split-horizon", "a resolver has another zone of that name: inside and outside differ; warning"
            ),
            Failure("dns-dnssec-bogus", "a resolver validates, and finds the zone's signatures wrong; warning"),
            Failure("dns-rebind-protection", "a resolver hides private addresses; warning"),
            Failure("dns-resolver-fails", "a resolver refuses, or cannot reach the zone's servers; warning"),
        ),
    ),
    CheckKind(
        "dns-address",
        "Does the name lead to this gateway?",
        "a host name, or an address that the ledger holds",
        "The answer (or the recorded address) beside the gateway's addresses; those behind a load balancer's host name "
        "are looked up. Without a gateway the nodes' addresses stand in their place.",
        "The record leads elsewhere: to another cluster's gateway, to an old address, or to one address too many. Indy has "
        "no names: there the address that its genesis holds is compared, and it can never be changed.",
        ("lb-address", "dns-resolves"),
        (
            Failure("dns-wrong-address", "the record holds another address"),
            Failure("dns-other-cluster", "it holds the address of another cluster's gateway"),
            Failure("dns-internal-address", "it holds an address of a private network, and the gateway's is public"),
            Failure("dns-extra-address", "it holds the gateway's address and one more"),
            Failure("dns-stray-ipv6", "its AAAA record is not the gateway's"),
            Failure("dns-wildcard-elsewhere", "there is no record for the domain, and a wildcard above it answers"),
            Failure("dns-alias-elsewhere", "it is an alias of another load balancer"),
            Failure("dns-gateway-name", "the load balancer's own host name has no address"),
            Failure("dns-family-missing", "the gateway has IPv6 (or IPv4) too, the record has not; warning"),
            Failure("dns-address-missing", "one of the gateway's addresses is not in the record; warning"),
            Failure("address-stated", "the preset says an address that the cluster does not know of; warning"),
            Failure("address-recorded", "the ledger's genesis holds an address that is no longer the cluster's"),
        ),
    ),
)
