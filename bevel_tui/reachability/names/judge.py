"""From name servers' answers to the one thing that is wrong. Pure: answers in, a fault out; `checks` asks.

Each fault has a stable code (documented in `kinds`), a sentence and one remedy.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bevel_tui.reachability.answers import Answer, Lookup
from bevel_tui.reachability.remedies import Remedies
from bevel_tui.reachability.wanted import is_ip, leads_there, normal


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: `words` a sentence, `remedy` what to do. `heavy` faults fail the check, others only warn."""

    code: str
    words: str
    remedy: str
    heavy: bool = True


def missing(host: str, lookup: Lookup, serials: Mapping[str, int], blocker: str | None, remedies: Remedies) -> Fault:
    """Why the authorities have no address for `host`.

    `serials` are the zone's versions by server; `blocker` a name that exists and so keeps the domain's wildcard, which
    is there, from answering (RFC 4592, 2.2.1).
    """
    what = f"{host} does not resolve: {lookup.words}"
    if lookup.outcome == "disagree":
        if len(set(serials.values())) > 1:
            newest = max(serials.values())
            behind = [label for label, serial in serials.items() if serial < newest]
            words = f"{host}: {', '.join(behind)} still has an older version of the zone (serial below {newest})"
            return Fault("dns-secondary-behind", words, remedies.disagree())
        words = f"{host}: the authoritative servers disagree, though they hold the same version of the zone"
        remedy = "Mend the servers of the zone: two of them give different answers (views, or two primaries)."
        return Fault("dns-servers-disagree", words if serials else what, remedy if serials else remedies.disagree())
    cut = next(
        (a for a in lookup.answers if a.transport == "tcp" and a.outcome in ("timeout", "refused", "invalid")), None
    )
    if cut is not None and cut.detail.startswith("the answer was cut short"):
        words = f"{host}: the answer of {cut.server.label} does not fit into UDP, and it cannot be had over TCP"
        return Fault("dns-tcp-blocked", words, f"Open TCP port 53 to {cut.server.label}: DNS needs both (RFC 7766).")
    if lookup.chain and lookup.outcome in ("servfail", "invalid"):
        return Fault("dns-alias-loop", f"{host}: its aliases go in a circle or never end", remedies.create(host))
    if lookup.chain and lookup.outcome in ("nxdomain", "nodata", "answer"):
        words = f"{host} is an alias of {lookup.chain[-1]}, which has no address"
        return Fault("dns-alias-dangling", words, remedies.create(host))
    match lookup.outcome:
        case "no-authority":
            return Fault(lookup.zone.code or "dns-unreachable", what, remedies.no_authority())
        case "timeout":
            return Fault("dns-unreachable", what, remedies.no_authority())
        case "refused" | "referral":
            return Fault(
                "dns-lame-delegation", what, "Load the zone on its servers, or correct its NS records at the parent."
            )
        case "servfail" | "invalid":
            return Fault(
                "dns-servfail", what, "Read the log of the zone's server: it has the zone, and cannot answer from it."
            )
        case _:
            pass
    if blocker is not None:
        words = (
            f"{host} does not resolve, though the wildcard is there: {blocker} exists, which keeps the wildcard away"
        )
        return Fault(
            "dns-wildcard-blocked",
            words,
            f"Remove the records of {blocker}, or give {host} its own. {remedies.create(host)}",
        )
    zone = lookup.zone.name
    if zone is not None and "." not in zone:
        words = f"{host} does not resolve: the servers of .{zone} delegate nothing above it"
        remedy = "Register the domain and have it delegated, or correct clusters[].domain in the preset."
        return Fault("dns-not-delegated", words, remedy)
    return Fault("dns-no-record", what, remedies.create(host))


@dataclass(frozen=True, slots=True)
class Way:
    """Where a name should lead and does. `behind` are the addresses of the gateway's host name, if it has one.

    `others` are the gateways of other clusters: address -> cluster. `above` are the addresses of a random label beside
    the domain: a wildcard further up the tree answers it.
    """

    host: str
    answered: tuple[str, ...]
    chain: tuple[str, ...]
    expected: tuple[str, ...]
    behind: tuple[str, ...]
    ttl: int | None = None
    others: Mapping[str, str] | None = None
    above: tuple[str, ...] = ()


def astray(way: Way, remedies: Remedies) -> Fault | None:
    """Why a name does not lead to its gateway, or leads there not as well as it could; None when all is well."""
    answered = {normal(address) for address in way.answered}
    right = {normal(address) for address in (*way.expected, *way.behind) if is_ip(address)}
    named = [name for name in way.expected if not is_ip(name)]
    if leads_there(way.answered, way.chain, way.expected, way.behind):
        return _incomplete(way, answered, right, named, remedies)
    gateway = " ".join(way.expected)
    what = f"{way.host} leads to {' '.join(way.answered)}, but the gateway is {gateway}"
    fix = remedies.replace(way.host, way.answered)
    if way.ttl and way.ttl > 3600:
        fix += f" Resolvers may keep the old answer for {way.ttl} s more."
    if named and not way.behind:
        words = f"the gateway's own name {named[0]} has no address, so nothing can lead there"
        return Fault("dns-gateway-name", words, remedies.address())
    wrong = answered - right
    if wrong != answered:
        extra = " ".join(sorted(wrong))
        if all(":" in address for address in wrong):
            words = f"{way.host} has the IPv6 address {extra}, which is not the gateway's; many clients take it first"
            return Fault("dns-stray-ipv6", words, f"Remove the AAAA record {extra} of {way.host}.")
        words = f"{way.host} also leads to {extra}, which is not the gateway ({gateway}); clients take either"
        return Fault("dns-extra-address", words, f"Remove the address {extra} from the records of {way.host}.")
    others = {normal(address): name for address, name in (way.others or {}).items()}
    cluster = next((others[address] for address in sorted(wrong) if address in others), None)
    if cluster is not None:
        words = f"{way.host} leads to {' '.join(way.answered)}, the gateway of cluster {cluster}"
        return Fault("dns-other-cluster", words, fix)
    if way.above and {normal(address) for address in way.above} == answered:
        words = f"{what}: no record of its own answers, but a wildcard above its domain"
        return Fault("dns-wildcard-elsewhere", words, remedies.create(way.host))
    if way.chain and named:
        words = f"{way.host} is an alias of {way.chain[-1]}, but the gateway is {gateway}"
        return Fault("dns-alias-elsewhere", words, fix)
    if _private(wrong) and right and not _private(right):
        words = f"{what}: the record holds an address that only its own network knows"
        return Fault("dns-internal-address", words, fix)
    return Fault("dns-wrong-address", what, fix)


def _incomplete(
    way: Way, answered: Collection[str], right: Collection[str], named: Sequence[str], remedies: Remedies
) -> Fault | None:
    if named:
        return None  # an alias, or what its provider made of one: addresses change as the load balancer likes
    absent = sorted(set(right) - set(answered))
    if not absent:
        return None
    families = {":" in address for address in answered}
    words = f"{way.host} does not lead to {' '.join(absent)}, which the gateway has too"
    fix = f"Add what is missing: {remedies.records(way.host, absent)}"
    if all((":" in address) not in families for address in absent):
        family = "IPv6" if ":" in absent[0] else "IPv4"
        return Fault("dns-family-missing", f"{words}: no {family} client gets there", fix, heavy=False)
    return Fault("dns-address-missing", words, fix, heavy=False)


def behind_times(answer: Answer, lookup: Lookup, *, unchecked: bool = False) -> Fault | None:
    """What a recursive resolver says instead of what the authorities have; None when it follows them.

    `unchecked`: it fails, but answers when it is told not to validate.
    """
    wanted = {normal(address) for address in lookup.addresses}
    if set(answer.chain) & set(lookup.chain):
        return None
    answered = {normal(address) for address in answer.addresses}
    if answered and answered <= wanted:
        return None
    who = f"resolver {answer.server.label}"
    if answer.outcome not in ("answer", "nxdomain", "nodata"):
        return _fails(answer, lookup, who, unchecked)
    if answer.authoritative:
        words = f"{who} holds a zone of its own and says {answer.words}, the public servers say {lookup.words}"
        return Fault("dns-split-horizon", words, _HORIZON, heavy=False)
    if answer.outcome == "answer":
        if _private(answered) != _private(wanted):
            words = f"{who} says {answer.words}, the public servers say {lookup.words}: inside and outside differ"
            return Fault("dns-split-horizon", words, _HORIZON, heavy=False)
        ends = f", for {answer.ttl} s more" if answer.ttl is not None else ""
        words = f"{lookup.name} is {lookup.words}, but {who} does not say so yet: it remembers {answer.words}{ends}"
        return Fault("dns-resolver-stale", words, _wait(answer.ttl), heavy=False)
    if answer.negative_ttl is None and _private(wanted) and answer.outcome == "nodata":
        words = f"{who} hides the private address of {lookup.name} (protection against DNS rebinding)"
        remedy = "Except the domain from the resolver's rebinding protection (rebind-domain-ok, private-domain)."
        return Fault("dns-rebind-protection", words, remedy, heavy=False)
    ends = f"; it ends in {answer.negative_ttl} s" if answer.negative_ttl is not None else ""
    words = f"{lookup.name} is {lookup.words}, but {who} does not say so yet: it remembers that there was none{ends}"
    return Fault("dns-negative-cache", words, _wait(answer.negative_ttl), heavy=False)


def _fails(answer: Answer, lookup: Lookup, who: str, unchecked: bool) -> Fault:
    told = "; ".join(answer.extended)
    said = f" ({told})" if told else ""
    if unchecked or any("dnssec" in text or "signature" in text for text in answer.extended):
        words = f"{who} refuses {lookup.name}: it validates, and the zone's signatures are wrong{said}"
        remedy = "Sign the zone again, or remove its DS record at the registrar until it is mended."
        return Fault("dns-dnssec-bogus", words, remedy, heavy=False)
    words = f"{who} cannot tell {lookup.name}: {answer.words}{said}"
    remedy = f"Ask who runs {answer.server.label} whether it may reach the zone's servers, or use another resolver."
    return Fault("dns-resolver-fails", words, remedy, heavy=False)


_HORIZON = (
    "Put the same record into the inner zone, if whoever uses that resolver (pods too) has to get there; else leave it."
)


def _wait(seconds: int | None) -> str:
    when = f" ({seconds} s)" if seconds is not None else ""
    return f"Wait until that resolver forgets its old answer{when}, or flush its cache."


def _private(addresses: Collection[str]) -> bool:
    return bool(addresses) and all(_internal(ipaddress.ip_address(address)) for address in addresses)


#: the ranges that RFC 1918, 4193, 6598 and the link-local ones keep off the Internet; documentation ranges are not
_INTERNAL = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)


def _internal(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in network for network in _INTERNAL if network.version == address.version)
