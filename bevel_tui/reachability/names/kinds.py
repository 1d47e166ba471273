"""The kinds of check about names, with every way in which DNS can be wrong."""

from __future__ import annotations

from bevel_tui.reachability.kinds import CheckKind

NAME_KINDS: tuple[CheckKind, ...] = (
    CheckKind(
        "dns-resolves",
        "Do the authoritative servers know the host, and does this machine's resolver?",
        "a host name",
        "Each server's answer with its TTL. Authoritative servers are asked first; recursive resolvers are asked only "
        "for names that an authority has. A resolver that still remembers an old answer is a warning.",
        "The record is missing, the authoritative servers disagree, or they cannot be asked from here.",
        ("lb-address",),
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
    ),
)
